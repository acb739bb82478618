//! SRTP (RFC 3711, RFC 7714): what a party sends is opened, what it gets is sealed, at the edge of its leg's sockets.
//!
//! Inside, packets are plain: the router relays, mixes and records what was opened, and knows nothing of keys. The
//! cryptography is aws-lc's; what is here is the packet around it:
//!
//! | module | the question it answers |
//! | --- | --- |
//! | `cipher` | how is one packet sealed and opened, when its index is known? |
//! | `window` | which packets have been here already? |
//! | `session` | which index does a packet have, and by which key? |
//!
//! A phone's keys come with the leg's [`Description`](crate::Description), from whoever agreed them (RFC 4568); a browser's are
//! what its DTLS agreed on (RFC 5764).

mod cipher;
mod session;
#[cfg(test)]
mod tests;
mod window;

pub(crate) use session::Session;

/// How media are encrypted and authenticated (RFC 4568 §6.2, RFC 7714 §14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES in counter mode, HMAC-SHA1 of 80 bits: what everybody has.
    AesCm128HmacSha1_80,
    /// The same with 32 bits for RTP (RTCP keeps 80).
    AesCm128HmacSha1_32,
    /// AES in Galois/counter mode, 128 bits.
    AeadAes128Gcm,
    /// The same with 256 bits: what browsers agree on by DTLS.
    AeadAes256Gcm,
}

impl Suite {
    /// What phones are offered by SDP and may offer themselves, in the order in which it is offered.
    pub const OFFERED: [Self; 3] = [Self::AesCm128HmacSha1_80, Self::AeadAes128Gcm, Self::AesCm128HmacSha1_32];

    /// Its name in SDP's `a=crypto`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// The suite of this name, of those that are [`Suite::OFFERED`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::OFFERED.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// How many octets a master key and its salt have together.
    #[must_use]
    pub const fn key_length(self) -> usize {
        self.key() + self.salt()
    }

    /// Octets of a key.
    pub(crate) const fn key(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 | Self::AeadAes128Gcm => 16,
            Self::AeadAes256Gcm => KEY,
        }
    }

    /// Octets of the salt of a master key.
    pub(crate) const fn salt(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => SALT,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => GCM_SALT,
        }
    }

    /// Octets of the tag of an RTP packet.
    const fn tag(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 10,
            Self::AesCm128HmacSha1_32 => 4,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }
}

/// Octets of the longest key, of a master key's salt, and of the shorter salt that GCM has.
const KEY: usize = 32;
const SALT: usize = 14;
const GCM_SALT: usize = 12;

/// A master key with its salt. Its octets are shown to nobody but who asks for them by name.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    /// Key and salt, as long as the suite wants them.
    octets: [u8; KEY + SALT],
    suite: Suite,
}

impl MasterKey {
    /// A key and its salt, as they are one after the other in `a=crypto`. `None`: not as many octets as the suite wants.
    #[must_use]
    pub fn new(suite: Suite, octets: &[u8]) -> Option<Self> {
        let mut own = [0; KEY + SALT];
        own.get_mut(..octets.len())?.copy_from_slice(octets);
        (octets.len() == suite.key_length()).then_some(Self { octets: own, suite })
    }

    /// A key that nobody knows, of a generator that is fit for that.
    #[must_use]
    pub fn random(suite: Suite, rng: &mut (impl rand::Rng + rand::CryptoRng)) -> Self {
        let mut octets = [0; KEY + SALT];
        rng.fill_bytes(&mut octets[..suite.key_length()]);
        Self { octets, suite }
    }

    /// Key and salt, to be told to the party and to nobody else.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.octets[..self.suite.key_length()]
    }

    fn key(&self) -> &[u8] {
        &self.octets[..self.suite.key()]
    }

    /// The salt; a shorter one ends in zeros (RFC 7714 §11).
    fn salt(&self) -> [u8; SALT] {
        let mut salt = [0; SALT];
        let own = &self.octets[self.suite.key()..self.suite.key_length()];
        salt[..own.len()].copy_from_slice(own);
        salt
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// What both ends agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// How.
    pub suite: Suite,
    /// By which key we seal what the party gets. To be another one whenever encryption begins anew, or one key would seal
    /// two packets of one number (RFC 3711 §9.1).
    pub ours: MasterKey,
    /// By which key the party seals.
    pub theirs: MasterKey,
    /// Octets of the name of that key in each of its packets (MKI, RFC 3711 §3.1), 0 to 128; mostly 0.
    pub mki: u8,
}
