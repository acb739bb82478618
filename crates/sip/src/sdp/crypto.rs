//! Which keys of SRTP does an end offer or choose? (RFC 4568: `a=crypto`)
//!
//! One key, inline, with a lifetime and a name (MKI) perhaps. What cannot be done as it is said is refused, as RFC 4568 §6.3
//! wants: several keys, a derivation rate, media that are not encrypted or not authenticated, and whatever is not known
//! unless it says that it may be ignored.

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::Media;

/// The profile of RTP that is encrypted by keys of the signalling (RFC 3711 §12).
pub const SECURE: &str = "RTP/SAVP";
/// The same with feedback (RFC 5124).
pub const SECURE_WITH_FEEDBACK: &str = "RTP/SAVPF";

/// The longest value that is read.
const LONGEST: usize = 512;
/// The most `a=crypto` of one of the media that are looked at.
const MOST: usize = 16;
/// The most octets of a key and its salt: AES-256 and 14.
const MOST_OCTETS: usize = 46;
/// Lifetimes are below this power of two, of packets (RFC 4568 §6.1).
const LONGEST_LIFE: u32 = 48;
/// The least window against replays that may be asked for (RFC 3711 §3.3.2); ours is larger.
const LEAST_WINDOW: u32 = 64;

/// Base64 (RFC 4648 §4) as it is written with or without its padding, and with bits that do not count.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A key that is offered or chosen. Its octets are in no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Crypto {
    /// By which the answer names what it chooses: 0 to 999,999,999.
    pub tag: u32,
    /// How media are encrypted: `AES_CM_128_HMAC_SHA1_80`.
    pub suite: String,
    /// The master key and its salt, one after the other: as many octets as the suite wants.
    pub key: Vec<u8>,
    /// For how many packets the key holds, if it is said. Who uses the key keeps count.
    pub lifetime: Option<u64>,
    /// Octets of the key's name in each packet (RFC 3711 §3.1), 0 to 128; mostly 0.
    pub mki: u8,
}

/// Why an `a=crypto` is none, or none that can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// It does not read `tag suite inline:key`.
    #[error("it does not read as tag, suite and inline key")]
    Malformed,
    /// More than 512 bytes.
    #[error("it is longer than 512 bytes")]
    TooLong,
    /// The key is no base64, or longer than any key.
    #[error("its key is no base64 of at most 46 octets")]
    Key,
    /// Several keys, of which names choose: they are not taken.
    #[error("it has several keys")]
    ManyKeys,
    /// The lifetime is none, or more than 2^48 packets.
    #[error("its lifetime is no number of packets up to 2^48")]
    Lifetime,
    /// The name of the key is none, or does not fit its length of 1 to 128 octets.
    #[error("the name of its key (MKI) is malformed")]
    Mki,
    /// A session parameter that is not known or not done here (RFC 4568 §6.3).
    #[error("it wants what is not done here")]
    Parameter,
}

impl Crypto {
    /// A key without lifetime and name.
    #[must_use]
    pub fn new(tag: u32, suite: &str, key: &[u8]) -> Self {
        Self { tag, suite: suite.to_owned(), key: key.to_vec(), lifetime: None, mki: 0 }
    }

    /// Reads what follows `a=crypto:`.
    ///
    /// # Errors
    /// See [`CryptoError`].
    pub fn parse(value: &str) -> Result<Self, CryptoError> {
        if value.len() > LONGEST {
            return Err(CryptoError::TooLong);
        }
        let mut words = value.split_ascii_whitespace();
        let (Some(tag), Some(suite), Some(keys)) = (words.next(), words.next(), words.next()) else {
            return Err(CryptoError::Malformed);
        };
        let is_token = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let tag = digits(tag).filter(|_| tag.len() <= 9).and_then(|tag| tag.parse().ok());
        let tag = tag.filter(|_| is_token(suite)).ok_or(CryptoError::Malformed)?;
        let (key, lifetime, mki) = read_key(keys)?;
        if !words.all(is_harmless) {
            return Err(CryptoError::Parameter);
        }
        Ok(Self { tag, suite: suite.to_owned(), key, lifetime, mki })
    }
}

/// `inline:key|lifetime|MKI:length` (RFC 4568 §6.1).
fn read_key(text: &str) -> Result<(Vec<u8>, Option<u64>, u8), CryptoError> {
    if text.contains(';') {
        return Err(CryptoError::ManyKeys);
    }
    let (method, info) = text.split_once(':').ok_or(CryptoError::Malformed)?;
    if !method.eq_ignore_ascii_case("inline") {
        return Err(CryptoError::Malformed);
    }
    let mut parts = info.split('|');
    let key = BASE64.decode(parts.next().unwrap_or_default()).map_err(|_| CryptoError::Key)?;
    if key.is_empty() || key.len() > MOST_OCTETS {
        return Err(CryptoError::Key);
    }
    let (lifetime, name) = match (parts.next(), parts.next(), parts.next()) {
        (None, _, _) => (None, None),
        // Without a lifetime the name is the first part.
        (Some(name), None, _) if name.contains(':') => (None, Some(name)),
        (Some(lifetime), name, None) => (Some(lifetime), name),
        (Some(_), _, Some(_)) => return Err(CryptoError::Malformed),
    };
    let lifetime = lifetime.map(|text| read_lifetime(text).ok_or(CryptoError::Lifetime)).transpose()?;
    let mki = name.map(|text| read_mki(text).ok_or(CryptoError::Mki)).transpose()?;
    Ok((key, lifetime, mki.unwrap_or(0)))
}

/// `2^20`, or all digits of it.
fn read_lifetime(text: &str) -> Option<u64> {
    let packets = match text.split_once('^') {
        Some(("2", power)) => 1_u64 << digits(power)?.parse::<u32>().ok().filter(|power| *power <= LONGEST_LIFE)?,
        Some(_) => return None,
        None => digits(text)?.parse().ok()?,
    };
    (1..=1 << LONGEST_LIFE).contains(&packets).then_some(packets)
}

/// `1:4`: a name, and of how many octets.
fn read_mki(text: &str) -> Option<u8> {
    let (name, length) = text.split_once(':')?;
    let length: u8 = digits(length)?.parse().ok().filter(|length| (1..=128).contains(length))?;
    let name = digits(name)?.trim_start_matches('0');
    // One octet holds more than two digits, two of them less than five.
    (name.len() <= usize::from(length) * 5 / 2 + 1).then_some(length)
}

fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// Whether a session parameter asks for nothing that is not done anyway (RFC 4568 §6.3).
fn is_harmless(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    match name {
        // A hint, and ours is larger than what is asked for mostly.
        "WSH" => digits(value).and_then(|size| size.parse::<u32>().ok()).is_some_and(|size| size >= LEAST_WINDOW),
        // What begins with a dash may be ignored (§6.3.7), and nothing else.
        _ => name.starts_with('-') && name.len() > 1,
    }
}

impl fmt::Display for Crypto {
    /// As it is written: with the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tag, suite, key, lifetime, mki } = self;
        write!(f, "{tag} {suite} inline:{}", BASE64.encode(key))?;
        if let Some(lifetime) = lifetime {
            write!(f, "|{lifetime}")?;
        }
        if *mki > 0 {
            write!(f, "|1:{mki}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tag, suite, key: _, lifetime, mki } = self;
        let mut shown = f.debug_struct("Crypto");
        shown.field("tag", tag).field("suite", suite).field("lifetime", lifetime).field("mki", mki);
        shown.finish_non_exhaustive()
    }
}

impl Media {
    /// The keys that are offered or chosen and can be taken, the preferred first.
    pub fn cryptos(&self) -> impl Iterator<Item = Crypto> {
        self.attributes_of("crypto").take(MOST).filter_map(|value| Crypto::parse(value).ok())
    }

    /// Whether it is only there encrypted, by keys of the signalling.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        let is = |profile: &str| profile.eq_ignore_ascii_case(&self.protocol);
        is(SECURE) || (is(SECURE_WITH_FEEDBACK) && !self.is_webrtc())
    }
}
