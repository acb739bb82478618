//! What does a browser say about its way besides codecs? ICE, DTLS and bundling (RFC 8829).
//!
//! | attribute | what it says |
//! | --- | --- |
//! | `ice-ufrag`, `ice-pwd`, `ice-lite`, `ice-options` | who checks, and how (RFC 8839 §5) |
//! | `candidate`, `end-of-candidates` | where it may be reached (RFC 8839 §5.1, RFC 8838 §8.2) |
//! | `fingerprint`, `setup` | whose certificate it shows, and who begins (RFC 8122 §5, RFC 8842 §5) |
//! | `mid`, `group:BUNDLE` | which media share one way (RFC 5888, RFC 9143) |
//! | `rtcp-mux`, `rtcp-mux-only`, `rtcp-rsize` | how RTCP travels (RFC 5761, RFC 8858, RFC 5506) |
//! | `ssrc`, `msid` | which stream it is (RFC 5576, RFC 8830) |
//!
//! Header extensions (`extmap`) and feedback (`rtcp-fb`) are not needed here: what an answer does not name is off.

use std::{fmt, net::SocketAddr};

use super::{Attribute, Media, SECURE_WITH_FEEDBACK, Session};

/// The profile in which browsers send (RFC 8829 §5.1.2).
pub const PROFILE: &str = "UDP/TLS/RTP/SAVPF";

/// Names under which the same is offered: the profile itself, over TCP, without feedback, and as it was before RFC
/// 5764.
const PROFILES: [&str; 4] = [PROFILE, "TCP/DTLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", SECURE_WITH_FEEDBACK];

/// The most candidates that are looked at.
const MOST_CANDIDATES: usize = 32;
/// The most streams that are looked at.
const MOST_SSRCS: usize = 16;
/// The longest name of a media line that is taken: they are a few letters.
const LONGEST_MID: usize = 32;

/// An ICE agent's name and password (RFC 8839 §5.4). Other ones than before: ICE starts anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ice {
    /// 4 to 256 characters.
    pub ufrag: String,
    /// 22 to 256 characters.
    pub pwd: String,
}

/// The fingerprint of a certificate (RFC 8122 §5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// The hash function, in small letters: `sha-256`.
    pub hash: String,
    /// The octets in capital letters, separated by colons: `AB:CD`.
    pub octets: String,
}

/// Who begins the DTLS handshake, seen by who wrote it (RFC 4145 §4, RFC 8842 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setup {
    /// It does: it is the client.
    Active,
    /// The other end does.
    Passive,
    /// Either: an offer leaves it to the answer.
    ActPass,
    /// Nobody for now.
    HoldConn,
}

/// A stream that is announced (RFC 5576 §4.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ssrc {
    /// Its number.
    pub number: u32,
    /// The canonical name of who sends it, if it is said.
    pub cname: Option<String>,
}

impl Setup {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Active, Self::Passive, Self::ActPass, Self::HoldConn];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
            Self::HoldConn => "holdconn",
        }
    }

    /// Of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setup| setup.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

impl Fingerprint {
    /// Reads `sha-256 AB:CD…`: an SHA-256 has 32 octets; other hashes have what they have, 64 at most.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (hash, octets) = value.trim().split_once([' ', '\t'])?;
        let (hash, octets) = (hash.to_ascii_lowercase(), octets.trim().to_ascii_uppercase());
        let known = hash.len() <= 16 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let is_octet = |octet: &str| octet.len() == 2 && octet.bytes().all(|b| b.is_ascii_hexdigit());
        let count = octets.split(':').take(65).count();
        let whole = if hash == "sha-256" { count == 32 } else { count <= 64 };
        (known && whole && octets.split(':').all(is_octet)).then_some(Self { hash, octets })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.hash, self.octets)
    }
}

/// What follows `a=candidate:` for a UDP socket of ours, the `place`th of several (RFC 8445 §5.1.2.1: the kind counts
/// most, then the place, then the component, of which there is one).
#[must_use]
pub fn host_candidate(address: SocketAddr, place: u16) -> String {
    let (ip, port) = (address.ip().to_canonical(), address.port());
    let preference = u32::from(u16::MAX - place);
    let priority = (126 << 24) | (preference << 8) | 255;
    format!("{} 1 udp {priority} {ip} {port} typ host", u32::from(place) + 1)
}

impl Session {
    /// The media that share one way, by their names (RFC 9143 §7): those of the first group.
    #[must_use]
    pub fn bundle(&self) -> Option<Vec<&str>> {
        let groups = self.attributes.iter().filter(|a| a.name.eq_ignore_ascii_case("group"));
        groups.filter_map(|a| a.value.as_deref()).find_map(|value| {
            let mut words = value.split_ascii_whitespace();
            words.next().filter(|kind| kind.eq_ignore_ascii_case("BUNDLE")).map(|_| words.collect())
        })
    }

    /// Whether its writer only answers checks (RFC 8839 §5.3).
    #[must_use]
    pub fn is_ice_lite(&self) -> bool {
        self.attributes.iter().any(|a| a.name.eq_ignore_ascii_case("ice-lite"))
    }

    /// The ICE agent of these media: their own, else the session's. `None` when there is none, or one that no agent can
    /// have.
    #[must_use]
    pub fn ice(&self, media: &Media) -> Option<Ice> {
        let said = |name: &str| media.attribute(name).or_else(|| self.attribute(name)).map(str::trim);
        let (ufrag, pwd) = (said("ice-ufrag")?, said("ice-pwd")?);
        let legal = |text: &str, least: usize| {
            (least..=256).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'='))
        };
        (legal(ufrag, 4) && legal(pwd, 22)).then(|| Ice { ufrag: ufrag.to_owned(), pwd: pwd.to_owned() })
    }

    /// The fingerprint of these media's certificate, by SHA-256, which every browser offers: their own, else the
    /// session's.
    #[must_use]
    pub fn fingerprint(&self, media: &Media) -> Option<Fingerprint> {
        let of = |attributes: &[Attribute]| {
            let named = attributes.iter().filter(|a| a.name.eq_ignore_ascii_case("fingerprint"));
            let mut read = named.filter_map(|a| Fingerprint::parse(a.value.as_deref()?));
            read.find(|fingerprint| fingerprint.hash == "sha-256")
        };
        of(&media.attributes).or_else(|| of(&self.attributes))
    }

    /// Who begins the handshake: the media's word, else the session's.
    #[must_use]
    pub fn setup(&self, media: &Media) -> Option<Setup> {
        media.attribute("setup").or_else(|| self.attribute("setup")).and_then(Setup::from_name)
    }

    /// Whether its agent has this option, such as `trickle` (RFC 8840) or `ice2` (RFC 8445 §10).
    #[must_use]
    pub fn has_ice_option(&self, media: &Media, option: &str) -> bool {
        let own = media.attribute("ice-options").into_iter();
        let said = own.chain(self.attribute("ice-options"));
        said.flat_map(str::split_ascii_whitespace).any(|known| known.eq_ignore_ascii_case(option))
    }
}

impl Media {
    /// Whether it is offered as browsers do: encrypted by DTLS, found by ICE. The oldest of the names is a phone's that has its
    /// keys in the signalling, if there are such keys and no certificate.
    #[must_use]
    pub fn is_webrtc(&self) -> bool {
        let is = |profile: &str| profile.eq_ignore_ascii_case(&self.protocol);
        let by_keys = is(SECURE_WITH_FEEDBACK) && self.has("crypto") && !self.has("fingerprint");
        !by_keys && PROFILES.into_iter().any(is)
    }

    /// Its name among the media (RFC 5888 §4).
    #[must_use]
    pub fn mid(&self) -> Option<&str> {
        let token = |mid: &&str| {
            (1..=LONGEST_MID).contains(&mid.len()) && mid.bytes().all(|b| b.is_ascii_graphic() && b != b'"')
        };
        self.attribute("mid").map(str::trim).filter(token)
    }

    /// Whether RTCP shares the port of RTP (RFC 5761; RFC 8858 with `-only`).
    #[must_use]
    pub fn has_rtcp_mux(&self) -> bool {
        self.has("rtcp-mux") || self.has("rtcp-mux-only")
    }

    /// Whether RTCP may come without its full compound (RFC 5506).
    #[must_use]
    pub fn has_reduced_rtcp(&self) -> bool {
        self.has("rtcp-rsize")
    }

    /// Where it may be reached: the first 32, each as it stands after `a=candidate:`. Whether they are addresses (a
    /// browser hides its own behind names that end in `.local`) is for the agent to see.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        self.attributes_of("candidate").take(MOST_CANDIDATES)
    }

    /// Whether no more candidates follow (RFC 8838 §8.2).
    #[must_use]
    pub fn ends_candidates(&self) -> bool {
        self.has("end-of-candidates")
    }

    /// Its streams, each once, the first 16.
    #[must_use]
    pub fn ssrcs(&self) -> Vec<Ssrc> {
        let mut found: Vec<Ssrc> = Vec::new();
        for value in self.attributes_of("ssrc") {
            let (number, rest) = value.trim().split_once([' ', '\t']).unwrap_or((value.trim(), ""));
            let Ok(number) = number.parse() else { continue };
            let cname = rest.trim().strip_prefix("cname:").map(str::to_owned);
            match found.iter().position(|ssrc| ssrc.number == number) {
                Some(place) => found[place].cname = found[place].cname.take().or(cname),
                None if found.len() < MOST_SSRCS => found.push(Ssrc { number, cname }),
                None => {}
            }
        }
        found
    }

    /// Which stream and track of a page it is (RFC 8830): the first that is named.
    #[must_use]
    pub fn msid(&self) -> Option<(&str, Option<&str>)> {
        let mut words = self.attribute("msid")?.split_ascii_whitespace();
        Some((words.next()?, words.next()))
    }
}
