//! What do `WWW-Authenticate` and `Authorization` say? (RFC 7616 §3.3 and §3.4)

use std::borrow::Cow;

use super::Algorithm;
use crate::message::text::{self, trim};

/// Why a challenge or credentials cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Another scheme than Digest.
    #[error("not of the Digest scheme")]
    OtherScheme,
    /// A hash that is not known here.
    #[error("an unknown algorithm")]
    UnknownAlgorithm,
    /// Neither `auth` nor `auth-int`.
    #[error("an unknown quality of protection")]
    UnknownQop,
    /// A parameter that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Not of the form that RFC 7616 gives it.
    #[error("malformed")]
    Malformed,
}

/// What is protected (RFC 7616 §3.3, `qop`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qop {
    /// The method and the URI.
    Auth,
    /// The body too.
    AuthInt,
}

impl Qop {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Auth, Self::AuthInt].into_iter().find(|qop| qop.as_str().eq_ignore_ascii_case(name))
    }
}

/// The parameters of a Digest header.
struct AuthParams<'a>(Vec<(&'a str, &'a str)>);

impl<'a> AuthParams<'a> {
    fn parse(header: &'a str) -> Result<Self, DigestError> {
        let (scheme, list) = trim(header).split_once([' ', '\t']).ok_or(DigestError::OtherScheme)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(DigestError::OtherScheme);
        }
        let mut params: Vec<(&str, &str)> = Vec::with_capacity(12);
        for element in text::split(list, b',').filter(|element| !element.is_empty()) {
            let (name, value) = element.split_once('=').ok_or(DigestError::Malformed)?;
            let (name, value) = (trim(name), trim(value));
            // One that is there twice could be read one way here and another way elsewhere.
            if params.len() == 32 || params.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                return Err(DigestError::Malformed);
            }
            if value.starts_with('"') && text::read_quoted(value).is_none_or(|(_, rest)| !rest.is_empty()) {
                return Err(DigestError::Malformed);
            }
            params.push((name, value));
        }
        Ok(Self(params))
    }

    /// The value as it is hashed: without its quotes, with what stands between them untouched (RFC 7616 §3.4, `unq`).
    fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
    }

    /// The value as it is meant: without quotes and escapes.
    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(text::read_quoted(value).map_or(Cow::Borrowed(*value), |(content, _)| content))
    }

    fn required(&self, name: &'static str) -> Result<String, DigestError> {
        self.raw(name).map(str::to_owned).ok_or(DigestError::Missing(name))
    }

    fn required_text(&self, name: &'static str) -> Result<String, DigestError> {
        self.text(name).map(Cow::into_owned).ok_or(DigestError::Missing(name))
    }

    fn algorithm(&self) -> Result<Algorithm, DigestError> {
        self.raw("algorithm")
            .map_or(Ok(Algorithm::Md5), |name| Algorithm::from_name(name).ok_or(DigestError::UnknownAlgorithm))
    }
}

/// What a server asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Where the password is valid.
    pub realm: String,
    /// To be hashed with it.
    pub nonce: String,
    /// To be given back.
    pub opaque: Option<String>,
    /// How to hash; without being said: MD5.
    pub algorithm: Algorithm,
    /// The best that is offered of what is known; `None`: nothing is offered, as in RFC 2069.
    pub qop: Option<Qop>,
    /// The password was right and only the nonce too old: answer without asking anybody.
    pub stale: bool,
}

impl Challenge {
    /// Reads a `WWW-Authenticate` or `Proxy-Authenticate`.
    ///
    /// # Errors
    /// When it is of another scheme, of an unknown algorithm, or malformed.
    pub fn parse(header: &str) -> Result<Self, DigestError> {
        let params = AuthParams::parse(header)?;
        let qop = match params.raw("qop").filter(|offer| !trim(offer).is_empty()) {
            None => None,
            Some(offer) => {
                let known: Vec<_> = offer.split(',').filter_map(|name| Qop::from_name(trim(name))).collect();
                let best = if known.contains(&Qop::Auth) { Some(Qop::Auth) } else { known.first().copied() };
                Some(best.ok_or(DigestError::UnknownQop)?)
            }
        };
        Ok(Self {
            realm: params.required_text("realm")?,
            nonce: params.required("nonce")?,
            opaque: params.raw("opaque").map(str::to_owned),
            algorithm: params.algorithm()?,
            qop,
            stale: params.raw("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }
}

/// What a client answers. Not `Debug`: it is good for a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who.
    pub username: String,
    /// Where.
    pub realm: String,
    /// What was to be hashed.
    pub nonce: String,
    /// What was requested.
    pub uri: String,
    /// The hash.
    pub response: String,
    /// How it was hashed.
    pub algorithm: Algorithm,
    /// What is protected; `None`: as in RFC 2069.
    pub qop: Option<Qop>,
    /// The client's own addition; empty without `qop`.
    pub cnonce: String,
    /// How often the nonce was used, this time included, eight hexadecimal digits; empty without `qop`.
    pub nc: String,
    /// What the challenge wanted back.
    pub opaque: Option<String>,
}

impl Credentials {
    /// Reads an `Authorization` or `Proxy-Authorization`.
    ///
    /// # Errors
    /// When it is of another scheme, of an unknown algorithm, or malformed.
    pub fn parse(header: &str) -> Result<Self, DigestError> {
        let params = AuthParams::parse(header)?;
        let qop = match params.raw("qop") {
            None => None,
            Some(name) => Some(Qop::from_name(name).ok_or(DigestError::UnknownQop)?),
        };
        let algorithm = params.algorithm()?;
        let (cnonce, nc) = match qop {
            Some(_) => (params.required("cnonce")?, params.required("nc")?),
            None => (params.raw("cnonce").unwrap_or_default().to_owned(), String::new()),
        };
        if qop.is_some() && (nc.len() != 8 || !nc.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(DigestError::Malformed);
        }
        Ok(Self {
            username: match params.raw("username*") {
                Some(extended) => extended_value(extended).ok_or(DigestError::Malformed)?,
                None => params.required_text("username")?,
            },
            realm: params.required_text("realm")?,
            nonce: params.required("nonce")?,
            uri: params.required("uri")?,
            response: params.required("response")?,
            algorithm,
            qop,
            cnonce,
            nc,
            opaque: params.raw("opaque").map(str::to_owned),
        })
    }
}

/// `UTF-8''J%C3%A4s%C3%B8n%20Doe` (RFC 5987 §3.2.1).
fn extended_value(text: &str) -> Option<String> {
    let (charset, rest) = text.split_once('\'')?;
    let (_language, value) = rest.split_once('\'')?;
    charset.eq_ignore_ascii_case("UTF-8").then_some(())?;
    text::unescape(value).map(Cow::into_owned)
}
