//! Reading a session description: lenient where phones are sloppy, strict on nonsense.
//!
//! Sloppy: line ends without CR, no `s=` or `t=`, lines out of order, an origin with a host name or with numbers that do not
//! fit, spaces too many. Nonsense: no `v=0`, a line that is none, media without formats, an unreadable address or port.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{Attribute, Kind, Media, Origin, Session};

/// The largest description that is read, in bytes.
const LARGEST: usize = 32 * 1024;
/// The most media in a description.
const MOST_MEDIA: usize = 16;
/// The most formats of one of the media.
const MOST_FORMATS: usize = 64;
/// The most attributes of a description, those of its media included.
const MOST_ATTRIBUTES: usize = 512;

/// Why a body is no session description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// It does not begin with `v=0`.
    #[error("the description does not begin with v=0")]
    NotSdp,
    /// A line that is none.
    #[error("a line of the description is malformed")]
    Line,
    /// `o=`.
    #[error("the origin (o=) is missing or malformed")]
    Origin,
    /// `c=`.
    #[error("a connection (c=) is malformed")]
    Connection,
    /// `m=`.
    #[error("a media line (m=) is malformed")]
    Media,
    /// More than any phone sends.
    #[error("the description is too large")]
    TooLarge,
}

impl Session {
    /// Reads a description.
    ///
    /// # Errors
    /// When the body is no session description, or too large: more than 16 media, 64 formats of one, 512 attributes, 32 KiB.
    pub fn parse(body: &[u8]) -> Result<Self, SdpError> {
        if body.len() > LARGEST {
            return Err(SdpError::TooLarge);
        }
        let text = String::from_utf8_lossy(body);
        let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
        if lines.next().and_then(|line| line.strip_prefix("v=")).map(str::trim) != Some("0") {
            return Err(SdpError::NotSdp);
        }
        let mut reading = Reading::default();
        lines.try_for_each(|line| reading.line(line))?;
        let origin = reading.origin.ok_or(SdpError::Origin)?;
        let name = reading.name.unwrap_or_else(|| "-".to_owned());
        let Reading { connection, attributes, media, .. } = reading;
        Ok(Self { origin, name, connection, attributes, media })
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    origin: Option<Origin>,
    name: Option<String>,
    connection: Option<IpAddr>,
    attributes: Vec<Attribute>,
    media: Vec<Media>,
    attribute_count: usize,
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), SdpError> {
        let (kind, value) = line.split_once('=').ok_or(SdpError::Line)?;
        let value = value.trim_start();
        match kind {
            "o" => self.origin = Some(read_origin(value).ok_or(SdpError::Origin)?),
            "s" => self.name = Some(value.to_owned()).filter(|name| !name.is_empty()),
            "c" => {
                let address = read_address(value).ok_or(SdpError::Connection)?;
                // A second one is a further layer of a broadcast (RFC 8866 §5.7): the first counts.
                let connection = self.media.last_mut().map_or(&mut self.connection, |media| &mut media.connection);
                *connection = connection.or(address);
            }
            "m" if self.media.len() == MOST_MEDIA => return Err(SdpError::TooLarge),
            "m" => self.media.push(read_media(value)?),
            "a" => {
                self.attribute_count += 1;
                if self.attribute_count > MOST_ATTRIBUTES {
                    return Err(SdpError::TooLarge);
                }
                let (name, value) = value.split_once(':').map_or((value, None), |(n, v)| (n, Some(v.trim_start())));
                let attribute = Attribute { name: name.trim_end().to_owned(), value: value.map(str::to_owned) };
                self.media.last_mut().map_or(&mut self.attributes, |media| &mut media.attributes).push(attribute);
            }
            // i, u, e, p, b, t, r, z, k: nothing that is needed here. Unknown ones are to be ignored too (RFC 8866 §5).
            letter if letter.len() == 1 => {}
            _ => return Err(SdpError::Line),
        }
        Ok(())
    }
}

fn read_origin(value: &str) -> Option<Origin> {
    let mut words = value.split_ascii_whitespace();
    let username = words.next()?.to_owned();
    let (id, version) = (number(words.next()?)?, number(words.next()?)?);
    let ("IN", _, address) = (words.next()?, words.next()?, words.next()?) else { return None };
    let address = address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    Some(Origin { username, id, version, address })
}

/// A number of the origin. Some phones write more digits than fit: then one that is the same for the same digits.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| {
        text.parse().unwrap_or_else(|_| {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            hasher.finish()
        })
    })
}

/// `IN IP4 192.0.2.1`, with a time to live or a count behind it perhaps. A host name, which nobody looks up here, is as if
/// nothing were said: `Some(None)`.
fn read_address(value: &str) -> Option<Option<IpAddr>> {
    let mut words = value.split_ascii_whitespace();
    let (network, family, address) = (words.next()?, words.next()?, words.next()?);
    let address = address.split('/').next()?;
    if !network.eq_ignore_ascii_case("IN") || words.next().is_some() {
        return None;
    }
    let is_name = |text: &str| {
        text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
            && text.bytes().any(|b| b.is_ascii_alphabetic())
    };
    match family.to_ascii_uppercase().as_str() {
        "IP4" => match address.parse::<Ipv4Addr>() {
            Ok(ip) => Some(Some(ip.into())),
            Err(_) => is_name(address).then_some(None),
        },
        "IP6" => match address.parse::<Ipv6Addr>() {
            Ok(ip) => Some(Some(ip.into())),
            Err(_) => is_name(address).then_some(None),
        },
        _ => None,
    }
}

fn read_media(value: &str) -> Result<Media, SdpError> {
    let mut words = value.split_ascii_whitespace();
    let (Some(kind), Some(port), Some(protocol)) = (words.next(), words.next(), words.next()) else {
        return Err(SdpError::Media);
    };
    // A number of ports, as in 49170/2, belongs to layered media; the first counts.
    let port = port.split('/').next().unwrap_or(port);
    let formats: Vec<String> = words.by_ref().take(MOST_FORMATS).map(str::to_owned).collect();
    if words.next().is_some() {
        return Err(SdpError::TooLarge);
    }
    let port = port.bytes().all(|b| b.is_ascii_digit()).then(|| port.parse::<u16>().ok()).flatten();
    let port = port.ok_or(SdpError::Media)?;
    // What is refused needs no format, some phones think.
    if formats.is_empty() && port != 0 {
        return Err(SdpError::Media);
    }
    Ok(Media {
        kind: Kind::from(kind),
        port,
        protocol: protocol.to_owned(),
        formats,
        connection: None,
        attributes: Vec::new(),
    })
}
