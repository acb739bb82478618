//! Who is meant, and where? SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966), and any other as opaque text.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use super::{
    params::Params,
    text::{self, is_unreserved},
};
use crate::flow::Transport;

/// Why a text is no URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a URI: {0}")]
pub struct UriError(pub &'static str);

/// A URI's scheme.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the scheme of its name")]
pub enum Scheme {
    Sip,
    Sips,
    /// RFC 3966.
    Tel,
    /// Any other, in small letters.
    Other(Box<str>),
}

impl Scheme {
    /// As it is written before the colon.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sip => "sip",
            Self::Sips => "sips",
            Self::Tel => "tel",
            Self::Other(name) => name,
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let first = *name.as_bytes().first()?;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        (first.is_ascii_alphabetic() && name.bytes().all(legal)).then(|| {
            [Self::Sip, Self::Sips, Self::Tel]
                .into_iter()
                .find(|scheme| scheme.as_str().eq_ignore_ascii_case(name))
                .unwrap_or_else(|| Self::Other(name.to_ascii_lowercase().into()))
        })
    }
}

/// A host: an address or a name (RFC 3261 §25.1, `host`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address; version 6 is written in brackets.
    Ip(IpAddr),
    /// A name of letters, digits, points, hyphens and, as found in the wild, underscores.
    Name(String),
}

impl Host {
    /// The address, if it is one.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Name(_) => None,
        }
    }

    /// Whether both are the same: names are compared without case.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ip(a), Self::Ip(b)) => a == b,
            (Self::Name(a), Self::Name(b)) => a.eq_ignore_ascii_case(b),
            (Self::Ip(_), Self::Name(_)) | (Self::Name(_), Self::Ip(_)) => false,
        }
    }
}

impl FromStr for Host {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if let Some(inside) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let ip = inside.parse::<Ipv6Addr>().map_err(|_| UriError("a bad IPv6 address"))?;
            return Ok(Self::Ip(ip.into()));
        }
        if let Ok(ip) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Ip(ip.into()));
        }
        if text.is_empty() {
            return Err(UriError("no host"));
        }
        if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
            return Ok(Self::Name(text.to_owned()));
        }
        Err(UriError("a bad host name"))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Host and port together, to make URIs and `Via`s from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// Where.
    pub host: Host,
    /// `None`: the transport's own.
    pub port: Option<u16>,
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self { host: Host::Ip(address.ip()), port: Some(address.port()) }
    }
}

impl From<IpAddr> for HostPort {
    fn from(ip: IpAddr) -> Self {
        Self { host: Host::Ip(ip), port: None }
    }
}

impl From<Host> for HostPort {
    fn from(host: Host) -> Self {
        Self { host, port: None }
    }
}

impl From<(Host, Option<u16>)> for HostPort {
    fn from((host, port): (Host, Option<u16>)) -> Self {
        Self { host, port }
    }
}

impl FromStr for HostPort {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let end = if text.starts_with('[') { text.find(']').map(|at| at + 1) } else { text.find(':') };
        let (host, rest) = text.split_at(end.unwrap_or(text.len()));
        let port = match rest.strip_prefix(':') {
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => {
                Some(port.parse().map_err(|_| UriError("a bad port"))?)
            }
            Some(_) => return Err(UriError("a bad port")),
            None if rest.is_empty() => None,
            None => return Err(UriError("text after the host")),
        };
        Ok(Self { host: host.parse()?, port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// A URI. `==` compares every part as it stands; [`Uri::matches`] compares as RFC 3261 §19.1.4 says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Uri {
    /// What kind.
    pub scheme: Scheme,
    /// The user, unescaped; of a tel URI the number, as it was written.
    pub user: Option<String>,
    /// The password, unescaped.
    pub password: Option<String>,
    /// The host; an empty name for tel URIs and unknown schemes.
    pub host: Host,
    /// The port, if it is written.
    pub port: Option<u16>,
    /// `;transport=tcp` and the like.
    pub params: Params,
    /// `?Replaces=…` and the like, unescaped.
    pub headers: Vec<(String, String)>,
    /// All after the colon of an unknown scheme; else empty.
    pub opaque: String,
}

impl Uri {
    /// `sip:user@host:port`.
    #[must_use]
    pub fn sip(user: Option<&str>, host: impl Into<HostPort>) -> Self {
        let HostPort { host, port } = host.into();
        Self { user: user.map(str::to_owned), host, port, ..Self::empty(Scheme::Sip) }
    }

    /// `tel:number`.
    #[must_use]
    pub fn tel(number: &str) -> Self {
        Self { user: Some(number.to_owned()), ..Self::empty(Scheme::Tel) }
    }

    const fn empty(scheme: Scheme) -> Self {
        Self {
            scheme,
            user: None,
            password: None,
            host: Host::Name(String::new()),
            port: None,
            params: Params::new(),
            headers: Vec::new(),
            opaque: String::new(),
        }
    }

    /// What stands in a request's first line where no URI could be read.
    pub(crate) fn unreadable(text: &str) -> Self {
        Self { opaque: text.to_owned(), ..Self::empty(Scheme::Other("".into())) }
    }

    /// The value of a parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }

    /// With this parameter.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Self {
        self.params.set(name, value);
        self
    }

    /// With the transport's parameter; none for UDP, which is the usual.
    #[must_use]
    pub fn with_transport(mut self, transport: Transport) -> Self {
        if transport != Transport::Udp {
            self.params.set("transport", Some(transport.uri_name()));
        }
        self
    }

    /// The transport that the URI asks for, by its parameter, else by its scheme.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        let secure = self.scheme == Scheme::Sips;
        let named = self.param("transport").and_then(Transport::from_name);
        match (named, secure) {
            (Some(Transport::Tcp) | None, true) => Some(Transport::Tls),
            (Some(Transport::Ws), true) => Some(Transport::Wss),
            (named, _) => named,
        }
    }

    /// The value of a header in the URI (`?Replaces=…`), by its name without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Host and port.
    #[must_use]
    pub fn host_port(&self) -> HostPort {
        HostPort { host: self.host.clone(), port: self.port }
    }

    /// Whether both mean the same (RFC 3261 §19.1.4): hosts and schemes without case, users with it, a missing port only like
    /// a missing port; parameters that both have must be the same, and `user`, `ttl`, `method`, `maddr` and `transport` must
    /// be in both or in neither; headers must be the same.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        let within = |a: &Params, b: &Params| {
            a.iter().all(|(name, value)| match b.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                Some((_, other)) => value.unwrap_or("").eq_ignore_ascii_case(other.unwrap_or("")),
                None => !["user", "ttl", "method", "maddr", "transport"].iter().any(|p| p.eq_ignore_ascii_case(name)),
            })
        };
        self.scheme == other.scheme
            && self.user == other.user
            && self.password == other.password
            && self.opaque == other.opaque
            && self.host.matches(&other.host)
            && self.port == other.port
            && within(&self.params, &other.params)
            && within(&other.params, &self.params)
            && self.headers.len() == other.headers.len()
            && self.headers.iter().all(|(name, value)| other.header(name) == Some(value))
    }

    fn parse_sip(scheme: Scheme, text: &str) -> Result<Self, UriError> {
        let unescape =
            |text: &str| text::unescape(text).map(std::borrow::Cow::into_owned).ok_or(UriError("a bad escape"));
        let mut uri = Self::empty(scheme);
        // Nothing after the user may hold an `@` that is not escaped, while the user may hold `;` and `?`.
        let rest = match text.split_once('@') {
            Some((user_info, rest)) => {
                let (user, password) = match user_info.split_once(':') {
                    Some((user, password)) => (user, Some(password)),
                    None => (user_info, None),
                };
                uri.user = (!user.is_empty()).then(|| unescape(user)).transpose()?;
                uri.password = password.map(unescape).transpose()?;
                rest
            }
            None => text,
        };
        let (rest, headers) = rest.split_once('?').map_or((rest, None), |(rest, headers)| (rest, Some(headers)));
        let (host_port, params) = rest.split_once(';').map_or((rest, None), |(host, params)| (host, Some(params)));
        HostPort { host: uri.host, port: uri.port } = host_port.parse()?;
        if let Some(params) = params {
            uri.params = Params::parse_in_uri(params).map_err(UriError)?;
        }
        for header in headers.into_iter().flat_map(|headers| headers.split('&')) {
            let (name, value) = header.split_once('=').ok_or(UriError("a header without a value"))?;
            uri.headers.push((unescape(name)?, unescape(value)?));
        }
        Ok(uri)
    }

    fn parse_tel(text: &str) -> Result<Self, UriError> {
        let (number, params) = text.split_once(';').map_or((text, None), |(number, params)| (number, Some(params)));
        let legal = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'+' | b'*' | b'#' | b'-' | b'.' | b'(' | b')');
        if number.is_empty() || !number.bytes().all(legal) {
            return Err(UriError("a bad telephone number"));
        }
        let params = params.map_or(Ok(Params::new()), Params::parse_in_uri).map_err(UriError)?;
        Ok(Self { params, ..Self::tel(number) })
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if text.bytes().any(|b| b <= b' ' || b == 0x7f || matches!(b, b'<' | b'>' | b'"')) {
            return Err(UriError("a character that no URI may hold"));
        }
        let (scheme, rest) = text.split_once(':').ok_or(UriError("no scheme"))?;
        match Scheme::parse(scheme).ok_or(UriError("a bad scheme"))? {
            scheme @ (Scheme::Sip | Scheme::Sips) => Self::parse_sip(scheme, rest),
            Scheme::Tel => Self::parse_tel(rest),
            other @ Scheme::Other(_) => Ok(Self { opaque: rest.to_owned(), ..Self::empty(other) }),
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// RFC 3261 §25.1, `user`.
        const fn in_user(byte: u8) -> bool {
            is_unreserved(byte) || matches!(byte, b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/')
        }
        /// RFC 3261 §25.1, `password`.
        const fn in_password(byte: u8) -> bool {
            is_unreserved(byte) || matches!(byte, b'&' | b'=' | b'+' | b'$' | b',')
        }
        /// RFC 3261 §25.1, `hname` and `hvalue`.
        const fn in_header(byte: u8) -> bool {
            is_unreserved(byte) || matches!(byte, b'[' | b']' | b'/' | b'?' | b':' | b'+' | b'$')
        }
        /// What was read cannot hold anything else; what was made by hand must not break a line.
        const fn in_number(byte: u8) -> bool {
            byte.is_ascii_graphic()
        }
        write!(f, "{}:", self.scheme.as_str())?;
        match self.scheme {
            Scheme::Sip | Scheme::Sips => {
                if self.user.is_some() || self.password.is_some() {
                    text::write_escaped(f, self.user.as_deref().unwrap_or(""), in_user)?;
                    if let Some(password) = &self.password {
                        f.write_str(":")?;
                        text::write_escaped(f, password, in_password)?;
                    }
                    f.write_str("@")?;
                }
                self.host.fmt(f)?;
                if let Some(port) = self.port {
                    write!(f, ":{port}")?;
                }
            }
            Scheme::Tel => text::write_escaped(f, self.user.as_deref().unwrap_or(""), in_number)?,
            // The same care for what was made by hand.
            Scheme::Other(_) => {
                return self.opaque.split(|c: char| c.is_ascii_control()).try_for_each(|t| f.write_str(t));
            }
        }
        self.params.write_in_uri(f)?;
        for (index, (name, value)) in self.headers.iter().enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            text::write_escaped(f, name, in_header)?;
            f.write_str("=")?;
            text::write_escaped(f, value, in_header)?;
        }
        Ok(())
    }
}
