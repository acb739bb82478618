//! Does somebody know the password? Digest access authentication (RFC 7616 and, for old phones, RFC 2617; RFC 8760 says how
//! SIP uses SHA-256).
//!
//! [`Challenges`] asks and verifies, [`respond`] answers. Passwords are never needed to verify: only their [`ha1`].

mod client;
mod header;
mod server;

use std::fmt::Write as _;

use md5::Md5;
use sha2::Sha256;

pub use self::{
    client::{Answer, respond},
    header::{Challenge, Credentials, DigestError, Qop},
    server::{Challenges, Settings, Verdict},
};
use crate::message::Method;

/// Which hash is used, and over what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// RFC 2617; all phones know it.
    Md5,
    /// The same with a HA1 that holds for one nonce only.
    Md5Sess,
    /// RFC 8760.
    Sha256,
    /// The same with a HA1 that holds for one nonce only.
    Sha256Sess,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Md5, Self::Md5Sess, Self::Sha256, Self::Sha256Sess];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
        }
    }

    /// The algorithm of this name, in any case of letters.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
    }

    /// Whether HA1 holds for one nonce only.
    const fn is_session(self) -> bool {
        match self {
            Self::Md5Sess | Self::Sha256Sess => true,
            Self::Md5 | Self::Sha256 => false,
        }
    }

    /// The hash of the parts with colons between them, in small hexadecimal digits.
    fn hash(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 | Self::Md5Sess => joined::<Md5>(parts),
            Self::Sha256 | Self::Sha256Sess => joined::<Sha256>(parts),
        }
    }
}

fn joined<D: sha2::Digest>(parts: &[&[u8]]) -> String {
    let mut hash = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hash that stands for a password: of user, realm and password (RFC 7616 §3.4.2), in small hexadecimal digits. The form
/// in which a password is stored; it is as secret as the password itself within its realm.
#[must_use]
pub fn ha1(algorithm: Algorithm, username: &str, realm: &str, password: &str) -> String {
    algorithm.hash(&[username.as_bytes(), realm.as_bytes(), password.as_bytes()])
}

/// A user's two hashes, made by [`ha1`].
#[derive(Clone, Copy)]
pub struct Ha1<'a> {
    /// By MD5.
    pub md5: &'a str,
    /// By SHA-256.
    pub sha256: &'a str,
}

/// What a response is made from, besides HA1.
struct Parts<'a> {
    algorithm: Algorithm,
    nonce: &'a str,
    cnonce: &'a str,
    /// The count of this nonce's uses, eight digits; with `qop` only.
    nc: &'a str,
    qop: Option<Qop>,
    method: &'a Method,
    uri: &'a str,
    body: &'a [u8],
}

impl Parts<'_> {
    /// The response (RFC 7616 §3.4.1; without `qop` RFC 2069).
    fn response(&self, ha1: &str) -> String {
        let algorithm = self.algorithm;
        let (nonce, cnonce) = (self.nonce.as_bytes(), self.cnonce.as_bytes());
        let of_session = algorithm.is_session().then(|| algorithm.hash(&[ha1.as_bytes(), nonce, cnonce]));
        let ha1 = of_session.as_deref().unwrap_or(ha1).as_bytes();
        let (method, uri) = (self.method.as_str().as_bytes(), self.uri.as_bytes());
        let ha2 = match self.qop {
            Some(Qop::AuthInt) => algorithm.hash(&[method, uri, algorithm.hash(&[self.body]).as_bytes()]),
            Some(Qop::Auth) | None => algorithm.hash(&[method, uri]),
        };
        match self.qop {
            Some(qop) => {
                algorithm.hash(&[ha1, nonce, self.nc.as_bytes(), cnonce, qop.as_str().as_bytes(), ha2.as_bytes()])
            }
            None => algorithm.hash(&[ha1, nonce, ha2.as_bytes()]),
        }
    }
}
