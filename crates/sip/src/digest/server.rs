//! Asking for a password, and verifying what is answered.
//!
//! A nonce says itself when it was made and proves itself by a keyed hash, so nothing is kept for a challenge, which anybody may
//! cause. Only of nonces that a right password was used with is it kept which counts were used; when there are too many of
//! these, the oldest nonce is treated as if it had expired.

use std::{
    collections::BTreeMap,
    hint::black_box,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

use super::{Algorithm, Credentials, Ha1, Parts, Qop, hex};
use crate::message::{Request, Scheme, Uri, text::write_quoted};

/// How challenges are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What is offered and accepted, the preferred first (RFC 8760 §2.4).
    pub algorithms: Vec<Algorithm>,
    /// How long a nonce may be used.
    pub lifetime: Duration,
    /// How many nonces in use are remembered.
    pub nonces: usize,
}

impl Default for Settings {
    /// SHA-256, then MD5; five minutes; 65,536 nonces, which is about four megabytes.
    fn default() -> Self {
        let algorithms = vec![Algorithm::Sha256, Algorithm::Md5];
        Self { algorithms, lifetime: Duration::from_secs(5 * 60), nonces: 65_536 }
    }
}

/// What to think of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The password is right, and this is the first request with this count of this nonce.
    Good,
    /// The password is wrong, or it was for another request or realm. Count it against the sender.
    Wrong,
    /// The password is right, the nonce too old or not ours: challenge again with `stale`, at once.
    Stale,
    /// The password is right, but this was used before: challenge again with `stale`.
    Replayed,
    /// An algorithm or a protection that was not offered, or a URI that is none.
    Malformed,
}

/// When a nonce was made, in milliseconds since we began, and which it is of all.
type NonceKey = (u64, u64);

/// Which counts of a nonce were used: the highest, and which of the 64 up to it.
#[derive(Debug, Clone, Copy, Default)]
struct Uses {
    highest: u32,
    /// Bit n: the count `highest - n` was used.
    seen: u64,
    /// Used without any count.
    uncounted: bool,
}

impl Uses {
    /// Notes a use; false: it was used before, or is too far behind to know. Counts may overtake each other a little, as
    /// datagrams do.
    fn note(&mut self, count: Option<u32>) -> bool {
        let Some(count) = count else {
            return !std::mem::replace(&mut self.uncounted, true);
        };
        if count > self.highest {
            self.seen = self.seen.checked_shl(count - self.highest).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let Some(bit) = 1_u64.checked_shl(self.highest - count).filter(|_| count > 0) else { return false };
        let new = self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

/// Asks for passwords of one realm and verifies answers.
pub struct Challenges {
    realm: String,
    settings: Settings,
    secret: [u8; 32],
    began: Instant,
    made: u64,
    used: BTreeMap<NonceKey, Uses>,
    /// Nonces up to this one are forgotten and must not be used again.
    forgotten: Option<NonceKey>,
}

impl Challenges {
    /// For this realm, with a secret from a good source of randomness.
    #[must_use]
    pub fn new(realm: impl Into<String>, settings: Settings, secret: [u8; 32], now: Instant) -> Self {
        let used = BTreeMap::new();
        Self { realm: realm.into(), settings, secret, began: now, made: 0, used, forgotten: None }
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The values of `WWW-Authenticate` or `Proxy-Authenticate`, one for each algorithm, in this order.
    pub fn challenge(&mut self, now: Instant, stale: bool) -> Vec<String> {
        let key = (self.millis(now), self.made);
        self.made += 1;
        let nonce = self.nonce(key);
        let mut realm = String::new();
        // Writing into a String cannot fail.
        let _ = write_quoted(&mut realm, &self.realm);
        let stale = if stale { ", stale=true" } else { "" };
        let value = |algorithm: &Algorithm| {
            let algorithm = algorithm.as_str();
            format!("Digest realm={realm}, nonce=\"{nonce}\", qop=\"auth\", algorithm={algorithm}{stale}")
        };
        self.settings.algorithms.iter().map(value).collect()
    }

    /// Judges credentials for this request of the user with these hashes. Takes the same time whatever is wrong.
    pub fn verify(&mut self, now: Instant, credentials: &Credentials, request: &Request, ha1: &Ha1<'_>) -> Verdict {
        let offered = self.settings.algorithms.contains(&credentials.algorithm);
        let Ok(uri) = credentials.uri.parse::<Uri>() else { return Verdict::Malformed };
        if !offered || credentials.qop == Some(Qop::AuthInt) {
            return Verdict::Malformed;
        }
        let ha1 = match credentials.algorithm {
            Algorithm::Md5 | Algorithm::Md5Sess => ha1.md5,
            Algorithm::Sha256 | Algorithm::Sha256Sess => ha1.sha256,
        };
        let parts = Parts {
            algorithm: credentials.algorithm,
            nonce: &credentials.nonce,
            cnonce: &credentials.cnonce,
            nc: &credentials.nc,
            qop: credentials.qop,
            method: &request.method,
            uri: &credentials.uri,
            body: &request.body,
        };
        let right = equal(&parts.response(ha1), &credentials.response.to_ascii_lowercase());
        if !right || credentials.realm != self.realm || !is_same_target(&uri, &request.uri) {
            return Verdict::Wrong;
        }
        let Some(key) = self.key_of(&credentials.nonce).filter(|key| self.is_alive(now, *key)) else {
            return Verdict::Stale;
        };
        let count = credentials.qop.map(|_| u32::from_str_radix(&credentials.nc, 16).unwrap_or(0));
        if !self.make_room(now, key) {
            return Verdict::Stale;
        }
        if self.used.entry(key).or_default().note(count) { Verdict::Good } else { Verdict::Replayed }
    }

    /// Spends the time of [`Challenges::verify`] for a user that there is not: never good.
    pub fn verify_nobody(&mut self, now: Instant, credentials: &Credentials, request: &Request) -> Verdict {
        // A hash that nobody can know, for it is made from the secret.
        let hash = hex(&self.keyed(credentials.username.as_bytes()));
        match self.verify(now, credentials, request, &Ha1 { md5: &hash[..32], sha256: &hash }) {
            Verdict::Malformed => Verdict::Malformed,
            Verdict::Good | Verdict::Wrong | Verdict::Stale | Verdict::Replayed => Verdict::Wrong,
        }
    }

    /// How many nonces are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.used.len()
    }

    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }

    fn is_alive(&self, now: Instant, (made, _): NonceKey) -> bool {
        Duration::from_millis(self.millis(now).saturating_sub(made)) < self.settings.lifetime
            && self.millis(now) >= made
    }

    /// Makes room to remember this nonce: forgets what has expired, and the oldest if there are too many. False: it would itself
    /// be the oldest, or was forgotten already.
    fn make_room(&mut self, now: Instant, key: NonceKey) -> bool {
        while let Some((&oldest, _)) = self.used.first_key_value() {
            let is_full = self.used.len() >= self.settings.nonces.max(1) && !self.used.contains_key(&key);
            if self.is_alive(now, oldest) && (!is_full || key < oldest) {
                break;
            }
            self.used.remove(&oldest);
            self.forgotten = self.forgotten.max(Some(oldest));
        }
        let has_room = self.used.len() < self.settings.nonces.max(1) || self.used.contains_key(&key);
        has_room && self.forgotten < Some(key)
    }

    /// The text of a nonce: when, which, and the proof that it is ours.
    fn nonce(&self, (made, number): NonceKey) -> String {
        let mut body = [0_u8; 16];
        body[..8].copy_from_slice(&made.to_be_bytes());
        body[8..].copy_from_slice(&number.to_be_bytes());
        let mut nonce = hex(&body);
        nonce.push_str(&hex(&self.keyed(&body)[..16]));
        nonce
    }

    /// What a nonce of ours says.
    fn key_of(&self, nonce: &str) -> Option<NonceKey> {
        let (made, number) = (nonce.get(..16)?, nonce.get(16..32)?);
        let key = (u64::from_str_radix(made, 16).ok()?, u64::from_str_radix(number, 16).ok()?);
        equal(&self.nonce(key), nonce).then_some(key)
    }

    /// HMAC-SHA-256 (RFC 2104) with our secret, for this realm.
    fn keyed(&self, message: &[u8]) -> [u8; 32] {
        let pad = |with: u8| {
            let mut block = [with; 64];
            block.iter_mut().zip(self.secret).for_each(|(byte, secret)| *byte ^= secret);
            block
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).chain_update(&self.realm).finalize();
        Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
    }
}

/// Compares without telling by the time it takes where the first difference is.
fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && black_box(a.bytes().zip(b.bytes()).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)))) == 0
}

/// Whether the URI of the credentials means the request's. Only user and host count: phones leave out ports and parameters in
/// one of them (RFC 3261 §22.4 allows to be lenient here).
fn is_same_target(a: &Uri, b: &Uri) -> bool {
    let is_sip = |uri: &Uri| matches!(uri.scheme, Scheme::Sip | Scheme::Sips);
    (a.scheme == b.scheme || is_sip(a) && is_sip(b)) && a.user == b.user && a.host.matches(&b.host)
}
