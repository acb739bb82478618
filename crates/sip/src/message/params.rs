//! What stands after the semicolons: `;tag=98asjd8`, `;lr`, `;transport=tcp`.

use std::fmt;

use super::text::{self, is_token, is_token_byte, is_unreserved, trim};

/// Parameters of a header or of a URI, in their order, unquoted and unescaped. Names are matched without case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Params(pub Vec<(String, Option<String>)>);

impl Params {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of the first parameter of this name. `None` for one without a value too: see [`Params::has`].
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_deref())
    }

    /// Whether there is one, with or without a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Gives the parameter this value, in its place if it is there, else at the end.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes all of this name away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a header's parameters: nothing, or a text that begins with its first semicolon.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = trim(text);
        if text.is_empty() {
            return Ok(Self::new());
        }
        let list = text.strip_prefix(';').ok_or("text where a parameter was expected")?;
        text::split(list, b';').map(parameter).collect::<Result<_, _>>().map(Self)
    }

    /// Reads a URI's parameters: the text between the first semicolon and the question mark.
    pub(crate) fn parse_in_uri(text: &str) -> Result<Self, &'static str> {
        let unescape = |text: &str| text::unescape(text).map(std::borrow::Cow::into_owned).ok_or("a bad escape");
        text.split(';')
            .map(|parameter| {
                let (name, value) = parameter.split_once('=').map_or((parameter, None), |(n, v)| (n, Some(v)));
                if name.is_empty() {
                    return Err("a parameter without a name");
                }
                Ok((unescape(name)?, value.map(unescape).transpose()?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Writes them into a URI.
    pub(crate) fn write_in_uri(&self, f: &mut impl fmt::Write) -> fmt::Result {
        /// RFC 3261 §25.1, `paramchar`.
        const fn allowed(byte: u8) -> bool {
            is_unreserved(byte) || matches!(byte, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$')
        }
        for (name, value) in self.iter() {
            f.write_char(';')?;
            text::write_escaped(f, name, allowed)?;
            if let Some(value) = value {
                f.write_char('=')?;
                text::write_escaped(f, value, allowed)?;
            }
        }
        Ok(())
    }
}

/// One parameter of a header (RFC 3261 §25.1, `generic-param`); a value that is neither token, host nor quoted is let pass
/// as long as it cannot be taken for something else.
fn parameter(text: &str) -> Result<(String, Option<String>), &'static str> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (trim(name), Some(trim(value))),
        None => (text, None),
    };
    if !is_token(name) {
        return Err(if name.is_empty() { "a parameter without a name" } else { "a parameter's name is no token" });
    }
    let value = match value {
        None => None,
        Some(quoted) if quoted.starts_with('"') => {
            let (content, rest) = text::read_quoted(quoted).ok_or("a quote that does not end")?;
            if !rest.is_empty() {
                return Err("text after a quoted value");
            }
            Some(content.into_owned())
        }
        Some(plain) if plain.bytes().any(|b| matches!(b, b'"' | b',' | b'<' | b'>') || b <= b' ' || b == 0x7f) => {
            return Err("a parameter's value that should be quoted");
        }
        Some(plain) => Some(plain.to_owned()),
    };
    Ok((name.to_owned(), value))
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            write!(f, ";{name}")?;
            if let Some(value) = value {
                f.write_str("=")?;
                if !value.is_empty() && value.bytes().all(|b| is_token_byte(b) || matches!(b, b'[' | b']' | b':')) {
                    f.write_str(value)?;
                } else {
                    text::write_quoted(f, value)?;
                }
            }
        }
        Ok(())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, Option<V>)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, Option<V>)>>(params: I) -> Self {
        Self(params.into_iter().map(|(name, value)| (name.into(), value.map(Into::into))).collect())
    }
}
