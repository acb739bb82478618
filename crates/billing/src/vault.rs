//! The vault: how a payment system's credentials lie in the database.
//!
//! They are sealed with ChaCha20-Poly1305 (RFC 8439) under a key of the configuration, bound to the payment system that
//! they belong to, so that a row copied onto another system opens there no more than a changed one. Several keys may be
//! configured: the first seals, all of them open; so a key is changed by putting a new one in front, and the old one
//! goes once nothing is sealed with it any more ([`Vault::is_current`]).
//!
//! A sealed text is: `1`, the length of the key's name, the key's name, the nonce (12 octets), the cipher text, the tag
//! (16 octets). All that stands before the nonce, and the system's id, are authenticated with it.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use tandem_domain::ids::PaymentSystemId;
use zeroize::Zeroizing;

/// Octets of a key.
const KEY_LEN: usize = 32;
/// Characters of a key's name at most.
const NAME_MAX: usize = 32;
/// Keys at most.
const KEYS_MAX: usize = 8;
/// The only format there is.
const FORMAT: u8 = 1;
/// Octets that are sealed at most.
const PLAIN_MAX: usize = 64 * 1024;

/// What of a payment system is sealed; one cannot be put in the other's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The keys with which we ask.
    Credentials,
    /// The secrets by which webhooks are believed.
    SigningSecrets,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Credentials => b"tandem payment system: credentials: ",
            Self::SigningSecrets => b"tandem payment system: signing secrets: ",
        }
    }
}

/// Why something cannot be sealed or opened, or a key not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The configuration names no key.
    #[error("no key is configured; give one as NAME:KEY, where KEY is 32 octets in base64 or hexadecimal")]
    NoKey,
    /// A key of the configuration cannot be read.
    #[error(
        "key {0} is none: give NAME:KEY, where NAME is of letters, digits, - and _, and KEY is 32 octets in base64 or \
         hexadecimal"
    )]
    BadKey(usize),
    /// Two keys have one name, or there are too many.
    #[error("key {0} is one too many: each name may be used once, and there may be 8 keys")]
    KeyTwice(usize),
    /// What is to be sealed is too long.
    #[error("this is too long to be kept")]
    TooLong,
    /// It was sealed with a key that is not configured (any more).
    #[error(
        "these credentials were encrypted with a key that is not configured; configure it again, or enter them anew"
    )]
    UnknownKey,
    /// It is damaged, or was sealed for something else.
    #[error("these credentials cannot be decrypted; enter them anew")]
    Damaged,
}

/// The keys that seal and open.
pub struct Vault {
    /// The first one seals. Never empty.
    keys: Vec<Key>,
}

struct Key {
    name: String,
    key: LessSafeKey,
}

impl Vault {
    /// Reads the configuration: `NAME:KEY`, several of them separated by commas or white space, the newest first.
    ///
    /// # Errors
    /// [`VaultError::NoKey`], [`VaultError::BadKey`], [`VaultError::KeyTwice`]; keys are counted from 1 and never
    /// shown.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let mut keys: Vec<Key> = Vec::new();
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        for (n, word) in words.enumerate() {
            let n = n + 1;
            let (name, key) = word.split_once(':').ok_or(VaultError::BadKey(n))?;
            let is_name = (1..=NAME_MAX).contains(&name.len())
                && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
            let key = Zeroizing::new(octets(key).ok_or(VaultError::BadKey(n))?);
            if !is_name || key.len() != KEY_LEN {
                return Err(VaultError::BadKey(n));
            }
            if keys.len() == KEYS_MAX || keys.iter().any(|known| known.name == name) {
                return Err(VaultError::KeyTwice(n));
            }
            keys.push(Key::new(name, &key).ok_or(VaultError::BadKey(n))?);
        }
        if keys.is_empty() { Err(VaultError::NoKey) } else { Ok(Self { keys }) }
    }

    /// A vault with one key, such as one that was made for this installation and lies beside its database.
    #[must_use]
    pub fn with_key(name: &str, key: &[u8; KEY_LEN]) -> Self {
        let key = Key::new(name, key).expect("a key of this algorithm has 32 octets");
        Self { keys: vec![key] }
    }

    /// Seals what belongs to a payment system. `nonce` has to be random: it must never be used twice with one key.
    ///
    /// # Errors
    /// [`VaultError::TooLong`] (64 KiB).
    pub fn seal(
        &self,
        nonce: [u8; NONCE_LEN],
        system: PaymentSystemId,
        purpose: Purpose,
        plain: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let key = &self.keys[0];
        if plain.len() > PLAIN_MAX {
            return Err(VaultError::TooLong);
        }
        let mut sealed = vec![FORMAT, u8::try_from(key.name.len()).map_err(|_| VaultError::TooLong)?];
        sealed.extend_from_slice(key.name.as_bytes());
        let aad = associated(&sealed, system, purpose);
        let mut secret = Zeroizing::new(plain.to_vec());
        let tag = key
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut secret)
            .map_err(|_| VaultError::TooLong)?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&secret);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what was sealed for this payment system.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`]; [`VaultError::Damaged`], also when it was sealed for another system.
    pub fn open(
        &self,
        system: PaymentSystemId,
        purpose: Purpose,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let name = key_name(sealed).ok_or(VaultError::Damaged)?;
        let key = self.keys.iter().find(|key| key.name.as_bytes() == name).ok_or(VaultError::UnknownKey)?;
        let (head, rest) = sealed.split_at(2 + name.len());
        let (nonce, secret) = rest.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Damaged)?;
        let mut secret = Zeroizing::new(secret.to_vec());
        let aad = associated(head, system, purpose);
        let plain = key
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut secret)
            .map_err(|_| VaultError::Damaged)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }

    /// Whether this was sealed with the newest key, and needs not be sealed again.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        key_name(sealed).is_some_and(|name| self.keys[0].name.as_bytes() == name)
    }
}

impl Key {
    fn new(name: &str, key: &[u8]) -> Option<Self> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).ok()?;
        Some(Self { name: name.to_owned(), key: LessSafeKey::new(key) })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.keys.iter().map(|key| key.name.as_str()).collect();
        f.debug_struct("Vault").field("keys", &names).finish()
    }
}

/// The name of the key that sealed this, if it is anything sealed at all.
fn key_name(sealed: &[u8]) -> Option<&[u8]> {
    match sealed {
        [FORMAT, length, rest @ ..] => rest.get(..usize::from(*length)),
        _ => None,
    }
}

/// What is authenticated beside the secret: what it is, whose, and its head.
fn associated(head: &[u8], system: PaymentSystemId, purpose: Purpose) -> Aad<Vec<u8>> {
    let mut aad = purpose.label().to_vec();
    aad.extend_from_slice(system.0.as_bytes());
    aad.extend_from_slice(head);
    Aad::from(aad)
}

/// The octets of a key as it is written: hexadecimal if it is that long, else base64.
fn octets(text: &str) -> Option<Vec<u8>> {
    let encoding = if text.len() == 2 * KEY_LEN { &HEXLOWER_PERMISSIVE } else { &BASE64 };
    encoding.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const KEYS: Purpose = Purpose::Credentials;
    const OLD: &str = "2025:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "2026:ffeeddccbbaa99887766554433221100FFEEDDCCBBAA99887766554433221100";

    fn system(n: u128) -> PaymentSystemId {
        PaymentSystemId(Uuid::from_u128(n))
    }

    #[test]
    fn what_is_sealed_opens_for_its_own_system_only() {
        let vault = Vault::parse(OLD).unwrap();
        let sealed = vault.seal([7; 12], system(1), KEYS, b"sk_test_1").unwrap();
        assert_eq!(vault.open(system(1), KEYS, &sealed).unwrap().as_slice(), b"sk_test_1");
        assert_eq!(vault.open(system(2), KEYS, &sealed), Err(VaultError::Damaged));
        assert_eq!(vault.open(system(1), Purpose::SigningSecrets, &sealed), Err(VaultError::Damaged));
        assert!(!sealed.windows(7).any(|some| some == b"sk_test"));
    }

    #[test]
    fn a_key_is_changed_without_losing_what_the_old_one_sealed() {
        let old = Vault::parse(OLD).unwrap();
        let sealed = old.seal([1; 12], system(1), KEYS, b"secret").unwrap();
        let both = Vault::parse(&format!("{NEW}, {OLD}")).unwrap();
        assert_eq!(both.open(system(1), KEYS, &sealed).unwrap().as_slice(), b"secret");
        assert!(old.is_current(&sealed) && !both.is_current(&sealed));
        let again = both.seal([2; 12], system(1), KEYS, b"secret").unwrap();
        assert!(both.is_current(&again));
        assert_eq!(old.open(system(1), KEYS, &again), Err(VaultError::UnknownKey));
    }

    #[test]
    fn a_key_that_is_none_is_refused_and_not_repeated() {
        for bad in ["x", "x:abc", ":AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "a b:00", "ü:AAAA"] {
            let error = Vault::parse(bad).unwrap_err();
            assert!(matches!(error, VaultError::BadKey(_)), "{bad}: {error}");
        }
        assert_eq!(Vault::parse(" , ").unwrap_err(), VaultError::NoKey);
        assert_eq!(Vault::parse(&format!("{OLD} {OLD}")).unwrap_err(), VaultError::KeyTwice(2));
        assert_eq!(format!("{:?}", Vault::parse(OLD).unwrap()), r#"Vault { keys: ["2025"] }"#);
    }

    proptest! {
        #[test]
        fn whatever_is_changed_no_longer_opens(
            plain in proptest::collection::vec(any::<u8>(), 0..200),
            nonce in any::<[u8; 12]>(),
            at in any::<prop::sample::Index>(),
            flip in 1..=255u8,
        ) {
            let vault = Vault::parse(OLD).unwrap();
            let sealed = vault.seal(nonce, system(1), KEYS, &plain).unwrap();
            let opened = vault.open(system(1), KEYS, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), &plain[..]);
            let mut changed = sealed.clone();
            changed[at.index(sealed.len())] ^= flip;
            prop_assert!(vault.open(system(1), KEYS, &changed).is_err());
            prop_assert!(vault.open(system(1), KEYS, &sealed[..at.index(sealed.len())]).is_err());
        }

        #[test]
        fn nothing_that_lies_in_the_database_can_harm(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
            let vault = Vault::parse(OLD).unwrap();
            prop_assert!(vault.open(system(1), KEYS, &octets).is_err());
            let _ = vault.is_current(&octets);
        }
    }
}
