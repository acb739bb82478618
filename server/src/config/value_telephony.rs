//! The types of the keys of telephony, and what each of them accepts. See [`super::value`].

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
};

use tandem_sip::digest::Algorithm;

use super::value::Setting;

/// Several addresses with ports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses(pub Vec<SocketAddr>);

impl Setting for Addresses {
    const EXPECTED: &'static str = "addresses with ports, such as 0.0.0.0:5060 or [::]:5060";
    const IS_LIST: bool = true;

    fn read(text: &str) -> Option<Self> {
        list(text).map(Self)
    }
}

/// Several addresses without ports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IpAddresses(pub Vec<IpAddr>);

impl Setting for IpAddresses {
    const EXPECTED: &'static str = "addresses of this machine, such as 192.0.2.10 or 2001:db8::10";
    const IS_LIST: bool = true;

    fn read(text: &str) -> Option<Self> {
        let addresses: Vec<IpAddr> = list(text)?;
        addresses.iter().all(|address| !address.is_unspecified()).then_some(Self(addresses))
    }
}

fn list<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.parse().ok()).collect()
}

/// Algorithms of digest authentication, the preferred first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests(pub Vec<Algorithm>);

impl Setting for Digests {
    const EXPECTED: &'static str = "MD5, SHA-256 or both";
    const IS_LIST: bool = true;

    fn read(text: &str) -> Option<Self> {
        let known = |name: &str| match name {
            "MD5" => Some(Algorithm::Md5),
            "SHA-256" => Some(Algorithm::Sha256),
            _ => None,
        };
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let algorithms: Vec<_> = words.map(known).collect::<Option<_>>()?;
        (!algorithms.is_empty()).then_some(Self(algorithms))
    }
}

/// A number of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub usize);

impl Setting for Count {
    const EXPECTED: &'static str = "a whole number from 1 to 1000000";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| (1..=1_000_000).contains(number)).map(Self)
    }
}

impl Setting for u16 {
    const EXPECTED: &'static str = "a port from 0 to 65535";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// UDP ports from the first to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortRange(pub RangeInclusive<u16>);

impl Setting for PortRange {
    const EXPECTED: &'static str = "two ports from 1024 to 65535 with at least four ports, such as 20000-29999";

    fn read(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first >= 1024 && last >= first.checked_add(3)?).then_some(Self(first..=last))
    }
}

/// A host, by name or address, with a port; SIP's own (5060) if none is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Setting for HostPort {
    const EXPECTED: &'static str = "a host and perhaps a port, such as sip.carrier.example or 192.0.2.20:5060";

    fn read(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Some(Self { host: address.ip().to_string(), port: address.port() });
        }
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Some(Self { host: address.to_string(), port: 5060 });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (text, 5060),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        (!host.is_empty() && host.len() <= 253 && host.chars().all(legal) && port > 0)
            .then(|| Self { host: host.to_owned(), port })
    }
}

/// Several hosts with ports, the preferred first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPorts(pub Vec<HostPort>);

impl Setting for HostPorts {
    const EXPECTED: &'static str = "hosts and perhaps their ports, such as sip.carrier.example or 192.0.2.20:5060";
    const IS_LIST: bool = true;

    fn read(text: &str) -> Option<Self> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(HostPort::read).collect::<Option<Vec<_>>>().map(Self)
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch(pub bool);

impl Setting for Switch {
    const EXPECTED: &'static str = "yes or no";

    fn read(text: &str) -> Option<Self> {
        match text {
            "yes" | "true" => Some(Self(true)),
            "no" | "false" => Some(Self(false)),
            _ => None,
        }
    }
}

/// How a trunk is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrunkTransport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
}

impl Setting for TrunkTransport {
    const EXPECTED: &'static str = "udp or tcp";

    fn read(text: &str) -> Option<Self> {
        match text {
            "udp" => Some(Self::Udp),
            "tcp" => Some(Self::Tcp),
            _ => None,
        }
    }
}

impl Setting for String {
    const EXPECTED: &'static str = "text";

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// Text that is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// What it is.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Setting for Secret {
    const EXPECTED: &'static str = "text";
    const IS_SECRET: bool = true;

    fn read(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_is_named_by_host_or_address() {
        let read = |text| HostPort::read(text).map(|found| found.to_string());
        assert_eq!(read("sip.carrier.example").as_deref(), Some("sip.carrier.example:5060"));
        assert_eq!(read("192.0.2.20:5070").as_deref(), Some("192.0.2.20:5070"));
        assert_eq!(read("[2001:db8::1]:5070").as_deref(), Some("2001:db8::1:5070"));
        assert_eq!(read("sip:carrier"), None);
        assert_eq!(read("carrier:port"), None);
        let several = HostPorts::read("a.carrier.example, 192.0.2.20:5070").map(|hosts| hosts.0.len());
        assert_eq!((several, HostPorts::read("a.carrier.example, b:port")), (Some(2), None));
    }

    #[test]
    fn ports_are_a_range_in_which_a_call_has_room() {
        assert_eq!(PortRange::read("20000-20003"), Some(PortRange(20000..=20003)));
        assert_eq!(PortRange::read("20000-20002"), None);
        assert_eq!(PortRange::read("80-2000"), None);
    }
}
