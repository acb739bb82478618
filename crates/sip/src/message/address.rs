//! A name with a URI: what `From`, `To`, `Contact`, `Route` and `Refer-To` hold (RFC 3261 §20.10).

use std::{fmt, str::FromStr};

use super::{
    params::Params,
    text::{self, trim},
    uri::Uri,
};

/// Why a text is not of its header's form; the words continue "From: …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub &'static str);

/// An address: `"Alice" <sip:alice@example.com>;tag=98asjd8`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameAddr {
    /// The name to show, without quotes; never empty.
    pub display_name: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// The header's parameters, those after the `>`.
    pub params: Params,
}

impl NameAddr {
    /// An address without name and parameters.
    #[must_use]
    pub const fn new(uri: Uri) -> Self {
        Self { display_name: None, uri, params: Params::new() }
    }

    /// With this name to show; an empty one is none.
    #[must_use]
    pub fn with_display_name(mut self, name: &str) -> Self {
        self.display_name = (!name.is_empty()).then(|| name.to_owned());
        self
    }

    /// With this tag (RFC 3261 §19.3).
    #[must_use]
    pub fn with_tag(self, tag: &str) -> Self {
        self.with_param("tag", Some(tag))
    }

    /// With this parameter of the header.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Self {
        self.params.set(name, value);
        self
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag")
    }

    /// The `expires` parameter of a `Contact`, in seconds; more than fits is the most (RFC 3261 §20.10).
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        let seconds = text::number(self.params.get("expires")?)?;
        Some(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

impl From<Uri> for NameAddr {
    fn from(uri: Uri) -> Self {
        Self::new(uri)
    }
}

impl FromStr for NameAddr {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = trim(text);
        let (display_name, rest) = if text.starts_with('"') {
            let (name, rest) = text::read_quoted(text).ok_or(ValueError("a quote that does not end"))?;
            (Some(name.into_owned()), trim(rest))
        } else {
            match text.find('<') {
                Some(at) => (Some(plain_name(&text[..at])?), &text[at..]),
                None => (None, text),
            }
        };
        let (uri, params) = match (rest.strip_prefix('<'), &display_name) {
            (Some(rest), _) => rest.split_once('>').ok_or(ValueError("a < without its >"))?,
            (None, Some(_)) => return Err(ValueError("a name without an address in < >")),
            (None, None) => bare(rest)?,
        };
        Ok(Self {
            display_name: display_name.filter(|name| !name.is_empty()),
            uri: uri.parse().map_err(|_| ValueError("a malformed URI"))?,
            params: Params::parse(params).map_err(ValueError)?,
        })
    }
}

/// A name without quotes. RFC 3261 wants tokens here; phones write other characters too, which is let pass where nothing else
/// can be meant by them.
fn plain_name(text: &str) -> Result<String, ValueError> {
    let name = trim(text);
    if name.bytes().any(|b| matches!(b, b',' | b';' | b'"' | b'>' | b'\\') || b.is_ascii_control() && b != b'\t') {
        return Err(ValueError("a name that should be quoted"));
    }
    Ok(name.to_owned())
}

/// A URI without brackets: what follows its first semicolon belongs to the header (RFC 3261 §20.10), and so the URI itself may
/// hold neither comma nor question mark nor semicolon.
fn bare(text: &str) -> Result<(&str, &str), ValueError> {
    let (uri, params) = text.split_at(text.find(';').unwrap_or(text.len()));
    if uri.contains([',', '?']) {
        return Err(ValueError("a URI that should stand in < >"));
    }
    Ok((trim(uri), params))
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.display_name {
            text::write_quoted(f, name)?;
            f.write_str(" ")?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}
