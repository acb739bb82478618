//! A session description as it is written (RFC 8866 §5 and §9).

use std::{fmt, net::IpAddr};

use super::{Attribute, Kind, Media, Session};

/// `IN IP4 192.0.2.1`.
struct Address(IpAddr);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => write!(f, "IN IP4 {ip}"),
            IpAddr::V6(ip) => write!(f, "IN IP6 {ip}"),
        }
    }
}

/// Text that begins no line of its own, whoever made it.
struct Line<'a>(&'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.split(['\r', '\n', '\0']).try_for_each(|piece| f.write_str(piece))
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = &self.origin;
        let username = if origin.username.is_empty() { "-" } else { &origin.username };
        write!(f, "v=0\r\no={} {} {} {}\r\n", Line(username), origin.id, origin.version, Address(origin.address))?;
        write!(f, "s={}\r\n", Line(if self.name.is_empty() { "-" } else { &self.name }))?;
        write_connection(f, self.connection)?;
        f.write_str("t=0 0\r\n")?;
        write_attributes(f, &self.attributes)?;
        self.media.iter().try_for_each(|media| media.fmt(f))
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {} {}", Line(self.kind.as_str()), self.port, Line(&self.protocol))?;
        self.formats.iter().try_for_each(|format| write!(f, " {}", Line(format)))?;
        if self.formats.is_empty() {
            f.write_str(" 0")?;
        }
        f.write_str("\r\n")?;
        write_connection(f, self.connection)?;
        write_attributes(f, &self.attributes)
    }
}

fn write_connection(f: &mut fmt::Formatter<'_>, connection: Option<IpAddr>) -> fmt::Result {
    connection.map_or(Ok(()), |address| write!(f, "c={}\r\n", Address(address)))
}

fn write_attributes(f: &mut fmt::Formatter<'_>, attributes: &[Attribute]) -> fmt::Result {
    attributes.iter().try_for_each(|attribute| match &attribute.value {
        Some(value) => write!(f, "a={}:{}\r\n", Line(&attribute.name), Line(value)),
        None => write!(f, "a={}\r\n", Line(&attribute.name)),
    })
}

impl Kind {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Text => "text",
            Self::Application => "application",
            Self::Message => "message",
            Self::Image => "image",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Kind {
    fn from(name: &str) -> Self {
        [Self::Audio, Self::Video, Self::Text, Self::Application, Self::Message, Self::Image]
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .unwrap_or_else(|| Self::Other(name.into()))
    }
}
