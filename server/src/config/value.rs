//! Reading one value: the types that a key may have, and what each of them accepts.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

/// A type that a configuration key can have. All sources come down to text.
pub trait Setting: Sized {
    /// What is accepted, in the words that follow "expected".
    const EXPECTED: &'static str;
    /// See [`Key::is_list`](super::Key::is_list).
    const IS_LIST: bool = false;
    /// See [`Key::is_secret`](super::Key::is_secret).
    const IS_SECRET: bool = false;

    /// The value, or nothing when the text is not one.
    fn read(text: &str) -> Option<Self>;
}

impl<T: Setting> Setting for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const IS_LIST: bool = T::IS_LIST;
    const IS_SECRET: bool = T::IS_SECRET;

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::read(text).map(Some) }
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| PathBuf::from(text))
    }
}

impl Setting for SocketAddr {
    const EXPECTED: &'static str = "an address and a port, such as 127.0.0.1:3000 or [::1]:3000";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Setting for Duration {
    const EXPECTED: &'static str = "a whole number above 0 with s, m, h or d, such as 30s, 15m or 12h; at most 36600d";

    fn read(text: &str) -> Option<Self> {
        let unit = text.chars().next_back()?;
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return None,
        };
        // A hundred years: nothing that is added to a time of day may overflow.
        let total = number.checked_mul(seconds).filter(|total| (1..=100 * 366 * 24 * 60 * 60).contains(total))?;
        Some(Duration::from_secs(total))
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object a line.
    Json,
}

impl Setting for LogFormat {
    const EXPECTED: &'static str = "text or json";

    fn read(text: &str) -> Option<Self> {
        match text {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// The least important level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLevel(pub tracing::Level);

impl Setting for LogLevel {
    const EXPECTED: &'static str = "error, warn, info, debug or trace";

    fn read(text: &str) -> Option<Self> {
        let level = match text {
            "error" => tracing::Level::ERROR,
            "warn" => tracing::Level::WARN,
            "info" => tracing::Level::INFO,
            "debug" => tracing::Level::DEBUG,
            "trace" => tracing::Level::TRACE,
            _ => return None,
        };
        Some(Self(level))
    }
}

/// A web origin: scheme, host and, where it is not the scheme's own, port. Kept as browsers write it in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
}

impl PublicUrl {
    /// As in the `Origin` header: `https://tandem.example`, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// True when people come over TLS.
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// True when the address is this machine's own, so that nobody comes from outside.
    pub fn is_loopback(&self) -> bool {
        self.origin.parse::<http::Uri>().ok().is_some_and(|uri| uri.host().is_some_and(is_loopback_host))
    }
}

/// `localhost`, 127.0.0.0/8 and ::1.
fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl Setting for PublicUrl {
    const EXPECTED: &'static str =
        "http:// or https://, a host and perhaps a port, without a path: https://tandem.example";

    fn read(text: &str) -> Option<Self> {
        let uri: http::Uri = text.parse().ok()?;
        let scheme = uri.scheme_str()?;
        let own_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return None;
        }
        // "https://tandem.example:" and a port that is no number: `port_u16` alone would not tell.
        let after_host = authority.as_str().strip_prefix(authority.host())?;
        let port = match after_host.strip_prefix(':') {
            None => None,
            Some(digits) => Some(digits.parse::<u16>().ok()?),
        };
        let host = authority.host().to_ascii_lowercase();
        let port = port.filter(|port| *port != own_port).map(|port| format!(":{port}")).unwrap_or_default();
        Some(Self { origin: format!("{scheme}://{host}{port}") })
    }
}

/// A network of addresses, such as `10.0.0.0/8`; a single address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// True when the address is in the network. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(drop)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(drop)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        if prefix <= longest { Ok(Self { address, prefix }) } else { Err(()) }
    }
}

/// Several networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<Network>);

impl Networks {
    /// True when the address is in one of the networks.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Setting for Networks {
    const EXPECTED: &'static str = "addresses or networks, such as 10.0.0.0/8 or ::1";
    const IS_LIST: bool = true;

    fn read(text: &str) -> Option<Self> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(|word| word.parse().ok()).collect::<Option<Vec<_>>>().map(Self)
    }
}

/// The address of a database. It may hold a password: neither `Debug` nor `Display` shows that.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The embedded database in a file, which is made when missing.
    pub fn embedded(file: &Path) -> Self {
        Self(format!("sqlite:{}", file.display()))
    }

    /// With the password, for the driver alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From the scheme to the last "@" there may be a password, after "?" there may be one as well.
        let without_options = self.0.split_once('?').map_or(self.0.as_str(), |(before, _)| before);
        match (without_options.split_once("://"), without_options.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => write!(formatter, "{scheme}://…@{host}"),
            (Some(_), None) | (None, Some(_)) | (None, None) => formatter.write_str(without_options),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseUrl({self})")
    }
}

impl Setting for DatabaseUrl {
    const EXPECTED: &'static str = "postgres://USER:PASSWORD@HOST/NAME or sqlite:PATH";
    const IS_SECRET: bool = true;

    fn read(text: &str) -> Option<Self> {
        let known = ["postgres://", "postgresql://", "sqlite:"].iter().find_map(|scheme| text.strip_prefix(scheme));
        known.filter(|rest| !rest.is_empty()).map(|_| Self(text.to_owned()))
    }
}
