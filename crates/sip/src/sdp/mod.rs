//! A session description: which media, where, in which codecs and directions (RFC 8866, RFC 3264).
//!
//! [`Session::parse`] takes what phones send, `Display` writes what RFC 8866 asks for. Lines that nobody here needs (`b=`,
//! `k=`, `u=` …) are not kept.

mod codec;
mod crypto;
mod parse;
pub mod webrtc;
mod write;

use std::net::IpAddr;

pub use self::{
    codec::Codec,
    crypto::{Crypto, CryptoError, SECURE, SECURE_WITH_FEEDBACK},
    parse::SdpError,
    webrtc::{Fingerprint, Ice, Setup, Ssrc},
};

/// Who made a session description (RFC 8866 §5.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// A user's name, mostly `-`.
    pub username: String,
    /// The session.
    pub id: u64,
    /// Grows with every change.
    pub version: u64,
    /// Where it was made; the unspecified address if it was a name.
    pub address: IpAddr,
}

/// A session description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who made it, and which version it is.
    pub origin: Origin,
    /// Its name, mostly `-`.
    pub name: String,
    /// Where media are received, unless they say otherwise.
    pub connection: Option<IpAddr>,
    /// Attributes that hold for all media.
    pub attributes: Vec<Attribute>,
    /// The media, in the order that an answer must keep.
    pub media: Vec<Media>,
}

/// What kind of media.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the kind of its name")]
pub enum Kind {
    Audio,
    Video,
    Text,
    Application,
    Message,
    Image,
    Other(Box<str>),
}

/// One of the media: an `m=` line and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// What kind.
    pub kind: Kind,
    /// Where it is received; 0: it is refused, or not wanted any more (RFC 3264 §6 and §8.2).
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVP`, `UDP/TLS/RTP/SAVPF` …
    pub protocol: String,
    /// Payload types, the preferred first; for other protocols whatever these name.
    pub formats: Vec<String>,
    /// Where it is received, if not where the session says.
    pub connection: Option<IpAddr>,
    /// `rtpmap`, `fmtp`, `ptime`, `sendrecv`, `crypto` …
    pub attributes: Vec<Attribute>,
}

/// An `a=` line. What is secret in it is in no `Debug`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Before the colon.
    pub name: String,
    /// After it.
    pub value: Option<String>,
}

/// In which direction media flow, seen by who wrote it (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both.
    SendRecv,
    /// To the other side only: hold.
    SendOnly,
    /// From the other side only.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// All four.
    pub const ALL: [Self; 4] = [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive];

    /// From whether it sends and whether it receives.
    #[must_use]
    pub const fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// The attribute's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Whether who wrote it sends.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether who wrote it receives.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same, seen from the other side: what an answer that agrees says (RFC 3264 §6.1).
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What both sides allow, seen by the first.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self::new(self.sends() && other.sends(), self.receives() && other.receives())
    }

    fn of(attributes: &[Attribute]) -> Option<Self> {
        attributes.iter().find_map(|a| Self::ALL.into_iter().find(|d| d.as_str().eq_ignore_ascii_case(&a.name)))
    }
}

impl std::fmt::Debug for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_secret = ["crypto", "ice-pwd"].iter().any(|secret| secret.eq_ignore_ascii_case(self.name.trim()));
        let value = if is_secret { Some("…") } else { self.value.as_deref() };
        f.debug_struct("Attribute").field("name", &self.name).field("value", &value).finish()
    }
}

impl Attribute {
    /// `a=name`.
    #[must_use]
    pub fn flag(name: &str) -> Self {
        Self { name: name.to_owned(), value: None }
    }

    /// `a=name:value`.
    #[must_use]
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Some(value.into()) }
    }
}

impl Session {
    /// A description without media yet, made at `address`, where it also receives.
    #[must_use]
    pub fn new(address: IpAddr, id: u64, version: u64) -> Self {
        Self {
            origin: Origin { username: "-".to_owned(), id, version, address },
            name: "-".to_owned(),
            connection: Some(address),
            attributes: Vec::new(),
            media: Vec::new(),
        }
    }

    /// The first audio that is not refused, and its place among the media.
    #[must_use]
    pub fn audio(&self) -> Option<(usize, &Media)> {
        self.media.iter().enumerate().find(|(_, media)| media.kind == Kind::Audio && media.port != 0)
    }

    /// Where this of our media is received: its own address, else the session's.
    #[must_use]
    pub fn address(&self, media: &Media) -> Option<IpAddr> {
        media.connection.or(self.connection)
    }

    /// The direction of this of our media: its own, else the session's, else both. An unspecified address (`0.0.0.0`) is the
    /// hold of RFC 2543: nothing is received. Not a browser's, whose address is found by ICE (RFC 8829 §5.2.1).
    #[must_use]
    pub fn direction(&self, media: &Media) -> Direction {
        let said = Direction::of(&media.attributes).or_else(|| Direction::of(&self.attributes));
        let said = said.unwrap_or(Direction::SendRecv);
        let reachable = media.is_webrtc() || self.address(media).is_none_or(|address| !address.is_unspecified());
        Direction::new(said.sends(), said.receives() && reachable)
    }

    /// The session's attribute of this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        value_of(&self.attributes, name)
    }
}

impl Media {
    /// Audio by plain RTP.
    #[must_use]
    pub fn audio(port: u16) -> Self {
        Self {
            kind: Kind::Audio,
            port,
            protocol: "RTP/AVP".to_owned(),
            formats: Vec::new(),
            connection: None,
            attributes: Vec::new(),
        }
    }

    /// The answer that refuses this (RFC 3264 §6). It keeps its name, by which browsers know it (RFC 8829 §5.3.1).
    #[must_use]
    pub fn refused(&self) -> Self {
        let name = self.mid().map(|mid| Attribute::new("mid", mid));
        Self { port: 0, connection: None, attributes: name.into_iter().collect(), ..self.clone() }
    }

    /// The value of the first attribute of this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        value_of(&self.attributes, name)
    }

    /// The values of all attributes of this name: `crypto` (RFC 4568), `candidate` …
    pub fn attributes_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes.iter().filter(move |a| a.name.eq_ignore_ascii_case(name)).filter_map(|a| a.value.as_deref())
    }

    /// Whether there is an attribute of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|a| a.name.eq_ignore_ascii_case(name))
    }

    /// Makes this its direction.
    pub fn set_direction(&mut self, direction: Direction) {
        self.attributes.retain(|a| Direction::ALL.iter().all(|d| !d.as_str().eq_ignore_ascii_case(&a.name)));
        self.attributes.push(Attribute::flag(direction.as_str()));
    }

    /// How many milliseconds of audio a packet should hold (RFC 8866 §6.4).
    #[must_use]
    pub fn ptime(&self) -> Option<u32> {
        let milliseconds: f64 = self.attribute("ptime")?.trim().parse().ok()?;
        // Checked to be in range just here.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 10,000")]
        (1.0..=10_000.0).contains(&milliseconds).then_some(milliseconds as u32)
    }

    /// Where its RTCP is received, if it says so (RFC 3605); else it is the port above.
    #[must_use]
    pub fn rtcp_port(&self) -> Option<u16> {
        self.attribute("rtcp")?.split_ascii_whitespace().next()?.parse().ok()
    }
}

fn value_of<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name)).and_then(|a| a.value.as_deref())
}
