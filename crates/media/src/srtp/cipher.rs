//! How is one packet sealed and opened, when its index is known? (RFC 3711 §3.1, §3.4 and §4; RFC 7714 §8 and §9)

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    constant_time, hmac,
    iv::FixedLength,
};

use super::{GCM_SALT, KEY, MasterKey, SALT, Suite};
use crate::rtp;

/// The keys of one direction, derived from a master key.
#[derive(Debug)]
pub(super) struct Cipher {
    rtp: Transform,
    rtcp: Transform,
}

/// How the packets of one kind are transformed.
enum Transform {
    /// Counter mode, and a tag of so many octets.
    CounterMode { key: Box<EncryptingKey>, salt: [u8; SALT], auth: Box<hmac::Key>, tag: usize },
    /// Galois/counter mode.
    Gcm { key: LessSafeKey, salt: [u8; GCM_SALT] },
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CounterMode { .. } => "CounterMode(…)",
            Self::Gcm { .. } => "Gcm(…)",
        })
    }
}

/// What keys are derived for: labels (RFC 3711 §4.3.2).
const RTP: [u8; 3] = [0, 1, 2];
const RTCP: [u8; 3] = [3, 4, 5];
/// Octets of the first header of an SRTCP packet, of which all is sent in the clear, and of the index behind the packets.
const RTCP_HEADER: usize = 8;
const RTCP_INDEX: usize = 4;
/// Of this index: the packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;
/// Octets of the tag of GCM, and of counter mode where it does not say another length.
const GCM_TAG: usize = 16;
const RTCP_TAG: usize = 10;
/// The largest payload that is opened.
const LARGEST: usize = 2_048;

impl Cipher {
    /// Derive the keys of a direction. They are derived once (a key derivation rate of 0).
    pub fn new(suite: Suite, master: &MasterKey) -> Self {
        let derivation = counter_mode(master.key());
        let salt = master.salt();
        let transform = |[encryption, authentication, salting]: [u8; 3], tag| {
            let (mut key, mut auth, mut own) = ([0; KEY], [0; 20], [0; SALT]);
            let key = &mut key[..suite.key()];
            derive(&derivation, salt, encryption, key);
            derive(&derivation, salt, authentication, &mut auth);
            match suite {
                Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => {
                    derive(&derivation, salt, salting, &mut own);
                    Transform::counter_mode(key, own, &auth, tag)
                }
                Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => {
                    let mut own = [0; GCM_SALT];
                    derive(&derivation, salt, salting, &mut own);
                    Transform::gcm(key, own)
                }
            }
        };
        // A short tag is for RTP alone (RFC 4568 §6.2.2).
        Self { rtp: transform(RTP, suite.tag()), rtcp: transform(RTCP, RTCP_TAG) }
    }

    /// Seal the first `length` octets of `packet`, an RTP packet of this index. Gives how many octets it has now; `None`: it
    /// is no packet, or there is too little room behind it.
    pub fn seal_rtp(&self, index: u64, packet: &mut [u8], length: usize) -> Option<usize> {
        let start = rtp::header_length(packet.get(..length)?).ok()?;
        let source = source_of(packet.get(8..12)?)?;
        match &self.rtp {
            Transform::CounterMode { key, salt, auth, tag } => {
                crypt(key, counter(salt, source, index), packet.get_mut(start..length)?)?;
                let made = sign(auth, &[packet.get(..length)?, &rollover(index)]);
                packet.get_mut(length..length + tag)?.copy_from_slice(&made.as_ref()[..*tag]);
                Some(length + tag)
            }
            Transform::Gcm { key, salt } => {
                let (head, rest) = packet.split_at_mut_checked(start)?;
                seal_gcm(key, nonce(salt, source, index), head, rest, length - start)?;
                Some(length + GCM_TAG)
            }
        }
    }

    /// Open an RTP packet of this index, with a key's name of `mki` octets. Gives how many octets of it are left; `None`: it is
    /// not authentic, and was not changed.
    pub fn open_rtp(&self, index: u64, mki: usize, packet: &mut [u8]) -> Option<usize> {
        let start = rtp::header_length(packet).ok()?;
        let source = source_of(packet.get(8..12)?)?;
        let (sealed, _) = packet.split_at_checked(packet.len().checked_sub(mki)?)?;
        match &self.rtp {
            Transform::CounterMode { key, salt, auth, tag } => {
                // The name stands before the tag, and is not authenticated.
                let end = sealed.len().checked_sub(*tag).filter(|end| *end >= start)?;
                let made = sign(auth, &[&packet[..end], &rollover(index)]);
                constant_time::verify_slices_are_equal(&made.as_ref()[..*tag], packet.get(end + mki..)?).ok()?;
                crypt(key, counter(salt, source, index), &mut packet[start..end])?;
                Some(end)
            }
            Transform::Gcm { key, salt } => {
                let end = sealed.len();
                let (head, rest) = packet[..end].split_at_mut_checked(start)?;
                Some(start + open_gcm(key, nonce(salt, source, index), head, rest)?)
            }
        }
    }

    /// Seal the first `length` octets of `packets`, one datagram of RTCP of this index, below 2³¹.
    pub fn seal_rtcp(&self, index: u32, packets: &mut [u8], length: usize) -> Option<usize> {
        let source = source_of(packets.get(4..RTCP_HEADER)?)?;
        let word = (index | ENCRYPTED).to_be_bytes();
        match &self.rtcp {
            Transform::CounterMode { key, salt, auth, tag } => {
                crypt(key, counter(salt, source, index.into()), packets.get_mut(RTCP_HEADER..length)?)?;
                let end = length + RTCP_INDEX;
                packets.get_mut(length..end)?.copy_from_slice(&word);
                let made = sign(auth, &[packets.get(..end)?]);
                packets.get_mut(end..end + tag)?.copy_from_slice(&made.as_ref()[..*tag]);
                Some(end + tag)
            }
            Transform::Gcm { key, salt } => {
                let (head, rest) = packets.split_at_mut_checked(RTCP_HEADER)?;
                let known = [&*head, &word].concat();
                let length = length.checked_sub(RTCP_HEADER)?;
                seal_gcm(key, rtcp_nonce(salt, source, index), &known, rest, length)?;
                let end = length + GCM_TAG;
                rest.get_mut(end..end + RTCP_INDEX)?.copy_from_slice(&word);
                Some(RTCP_HEADER + end + RTCP_INDEX)
            }
        }
    }

    /// Open a datagram of RTCP. Gives its index, and how many octets of it are left; `None`: it is not authentic, or `is_new`
    /// does not want its index. One that is not encrypted is not taken: that would have to be agreed.
    pub fn open_rtcp(&self, mki: usize, packets: &mut [u8], is_new: impl FnOnce(u32) -> bool) -> Option<(u32, usize)> {
        let source = source_of(packets.get(4..RTCP_HEADER)?)?;
        let tag = match &self.rtcp {
            Transform::CounterMode { tag, .. } => *tag,
            Transform::Gcm { .. } => 0,
        };
        let end = packets.len().checked_sub(tag + mki + RTCP_INDEX).filter(|end| *end >= RTCP_HEADER)?;
        let word = source_of(packets.get(end..end + RTCP_INDEX)?)?;
        let index = word & !ENCRYPTED;
        if word & ENCRYPTED == 0 || !is_new(index) {
            return None;
        }
        match &self.rtcp {
            Transform::CounterMode { key, salt, auth, tag } => {
                let made = sign(auth, &[&packets[..end + RTCP_INDEX]]);
                let told = packets.get(end + RTCP_INDEX + mki..)?;
                constant_time::verify_slices_are_equal(&made.as_ref()[..*tag], told).ok()?;
                crypt(key, counter(salt, source, index.into()), &mut packets[RTCP_HEADER..end])?;
                Some((index, end))
            }
            Transform::Gcm { key, salt } => {
                let (head, rest) = packets[..end].split_at_mut(RTCP_HEADER);
                let known = [&*head, &word.to_be_bytes()].concat();
                Some((index, RTCP_HEADER + open_gcm(key, rtcp_nonce(salt, source, index), &known, rest)?))
            }
        }
    }

    /// With these session keys, as the test vectors give them.
    #[cfg(test)]
    pub fn of_gcm(key: &[u8], salt: [u8; GCM_SALT]) -> Self {
        Self { rtp: Transform::gcm(key, salt), rtcp: Transform::gcm(key, salt) }
    }
}

impl Transform {
    fn counter_mode(key: &[u8], salt: [u8; SALT], auth: &[u8], tag: usize) -> Self {
        let auth = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth);
        Self::CounterMode { key: Box::new(counter_mode(key)), salt, auth: Box::new(auth), tag }
    }

    fn gcm(key: &[u8], salt: [u8; GCM_SALT]) -> Self {
        let algorithm = if key.len() == KEY { &AES_256_GCM } else { &AES_128_GCM };
        let key = UnboundKey::new(algorithm, key).expect("a suite's keys are as long as its cipher wants them");
        Self::Gcm { key: LessSafeKey::new(key), salt }
    }
}

/// AES in counter mode. Keys of 256 bits are derived by AES-256 (RFC 7714 §11).
fn counter_mode(key: &[u8]) -> EncryptingKey {
    let algorithm = if key.len() == KEY { &AES_256 } else { &AES_128 };
    let key = UnboundCipherKey::new(algorithm, key).expect("a suite's keys are as long as its cipher wants them");
    EncryptingKey::ctr(key).expect("AES has a counter mode")
}

/// Derive a key for a purpose (RFC 3711 §4.3.1 and §4.3.3).
pub(super) fn derive(master: &EncryptingKey, salt: [u8; SALT], label: u8, key: &mut [u8]) {
    let mut counter = [0; 16];
    counter[..SALT].copy_from_slice(&salt);
    counter[7] ^= label;
    key.fill(0);
    crypt(master, counter, key).expect("a counter of 16 octets is what counter mode wants");
}

/// Encrypt or decrypt from this counter on.
fn crypt(key: &EncryptingKey, counter: [u8; 16], octets: &mut [u8]) -> Option<()> {
    key.less_safe_encrypt(octets, EncryptionContext::Iv128(FixedLength::from(counter))).ok().map(|_| ())
}

/// The counter that a packet begins with (RFC 3711 §4.1.1).
fn counter(salt: &[u8; SALT], source: u32, index: u64) -> [u8; 16] {
    let mut counter = [0; 16];
    counter[..SALT].copy_from_slice(salt);
    mix(&mut counter[4..8], &source.to_be_bytes());
    mix(&mut counter[6..14], &index.to_be_bytes());
    counter
}

/// The nonce of an RTP packet (RFC 7714 §8.1): source, rollover counter and sequence number.
fn nonce(salt: &[u8; GCM_SALT], source: u32, index: u64) -> [u8; GCM_SALT] {
    let mut nonce = *salt;
    mix(&mut nonce[2..6], &source.to_be_bytes());
    mix(&mut nonce[4..12], &index.to_be_bytes());
    nonce
}

/// The nonce of a datagram of RTCP (RFC 7714 §9.1).
fn rtcp_nonce(salt: &[u8; GCM_SALT], source: u32, index: u32) -> [u8; GCM_SALT] {
    let mut nonce = *salt;
    mix(&mut nonce[2..6], &source.to_be_bytes());
    mix(&mut nonce[8..12], &index.to_be_bytes());
    nonce
}

fn mix(octets: &mut [u8], others: &[u8]) {
    for (octet, other) in octets.iter_mut().zip(others) {
        *octet ^= other;
    }
}

/// The rollover counter of an index, as it is authenticated with a packet.
fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

fn sign(key: &hmac::Key, parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    parts.iter().for_each(|part| context.update(part));
    context.sign()
}

/// Encrypt the first `length` octets and write the tag behind them.
fn seal_gcm(key: &LessSafeKey, nonce: [u8; GCM_SALT], known: &[u8], octets: &mut [u8], length: usize) -> Option<()> {
    let (text, behind) = octets.split_at_mut_checked(length)?;
    let behind = behind.get_mut(..GCM_TAG)?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(known), text).ok()?;
    behind.copy_from_slice(tag.as_ref());
    Some(())
}

/// Decrypt what ends with its tag; gives how many octets are left. What is not authentic is not changed.
fn open_gcm(key: &LessSafeKey, nonce: [u8; GCM_SALT], known: &[u8], octets: &mut [u8]) -> Option<usize> {
    let length = octets.len().checked_sub(GCM_TAG)?;
    let mut opened = [0; LARGEST];
    let opened = opened.get_mut(..length)?;
    let (text, tag) = octets.split_at(length);
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.open_separate_gather(nonce, Aad::from(known), text, tag, opened).ok()?;
    octets[..length].copy_from_slice(opened);
    Some(length)
}

fn source_of(octets: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(octets.try_into().ok()?))
}
