//! Passwords: hashed by Argon2id (RFC 9106) with the parameters that OWASP's Password Storage Cheat Sheet names first.
//!
//! Each of these takes some 20 ms of a core and 19 MiB: call them where blocking is allowed, a bounded number at once.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::{Error, SaltString},
};

/// Memory in KiB.
const MEMORY: u32 = 19_456;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Threads.
const LANES: u32 = 1;

/// Why a password could not be hashed; not for anything that a person typed.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(Error);

/// Hashes a password with a salt of its own, as a PHC string.
///
/// # Errors
/// Only if the system has no memory.
pub fn hash(password: &str) -> Result<String, HashError> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(HashError)?;
    Ok(argon2().hash_password(password.as_bytes(), &salt).map_err(HashError)?.to_string())
}

/// How many passwords were compared with a hash since the program began: what a sign-in costs, and so how long it takes.
#[must_use]
pub fn verifications() -> u64 {
    VERIFICATIONS.load(Ordering::Relaxed)
}

static VERIFICATIONS: AtomicU64 = AtomicU64::new(0);

/// Whether a hash is of this password.
#[must_use]
pub fn verify(password: &str, hash: &str) -> bool {
    VERIFICATIONS.fetch_add(1, Ordering::Relaxed);
    PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A hash of nobody's password, with the parameters of [`argon2()`]: made once and for all, so that the first guess takes no
/// longer than others.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$8Pp8q1j6sOhM4ujTyhXXjg$gUqoYJ6S6VN3ZTr5AToOHuweWs5McIfaqE/CNkaP+KI";

/// Takes as long as [`verify`] and says no: for a sign-in name that nobody has, so that nobody learns which names exist.
#[must_use]
pub fn verify_dummy(password: &str) -> bool {
    let _ = verify(password, DUMMY);
    false
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that nobody has takes as long as one that somebody has only if both hashes are made alike.
    #[test]
    fn the_hash_of_nobodys_password_costs_what_a_fresh_one_costs() {
        let fresh = hash("correct horse battery").unwrap();
        let (nobodys, fresh) = (PasswordHash::new(DUMMY).unwrap(), PasswordHash::new(&fresh).unwrap());
        assert_eq!((nobodys.algorithm, nobodys.version), (fresh.algorithm, fresh.version));
        assert_eq!(nobodys.params, fresh.params);
        assert_eq!(nobodys.salt.map(|salt| salt.as_str().len()), fresh.salt.map(|salt| salt.as_str().len()));
        assert_eq!(nobodys.hash.map(|hash| hash.len()), fresh.hash.map(|hash| hash.len()));
    }
}
