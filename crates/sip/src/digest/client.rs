//! Answering a challenge: what trunks that we register at, and the demo's callers, need.

use std::fmt::Write as _;

use super::{Challenge, DigestError, Parts, ha1};
use crate::message::{Method, text::write_quoted};

/// Who answers, and for which request.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// Who.
    pub username: &'a str,
    /// The secret.
    pub password: &'a str,
    /// The request's method.
    pub method: &'a Method,
    /// The request's URI, as it will be written.
    pub uri: &'a str,
    /// The request's body.
    pub body: &'a [u8],
    /// Something random, of the characters of a token.
    pub cnonce: &'a str,
    /// How often the nonce is used, this time included: from 1.
    pub nc: u32,
}

/// The value of `Authorization` or `Proxy-Authorization` for the strongest of these `WWW-Authenticate` or
/// `Proxy-Authenticate` values: SHA-256 before MD5.
///
/// # Errors
/// When there is none that can be answered: what is wrong with the last one.
pub fn respond<'c>(challenges: impl IntoIterator<Item = &'c str>, answer: &Answer<'_>) -> Result<String, DigestError> {
    let mut strongest: Result<Challenge, DigestError> = Err(DigestError::Missing("a challenge"));
    for challenge in challenges.into_iter().map(Challenge::parse) {
        match (&strongest, &challenge) {
            (Ok(known), Ok(new)) if new.algorithm > known.algorithm => strongest = challenge,
            (Ok(_), _) => {}
            (Err(_), _) => strongest = challenge,
        }
    }
    strongest.map(|challenge| challenge.respond(answer))
}

impl Challenge {
    /// The value of `Authorization` or `Proxy-Authorization` for this challenge.
    #[must_use]
    pub fn respond(&self, answer: &Answer<'_>) -> String {
        let nc = format!("{:08x}", answer.nc);
        let parts = Parts {
            algorithm: self.algorithm,
            nonce: &self.nonce,
            cnonce: answer.cnonce,
            nc: &nc,
            qop: self.qop,
            method: answer.method,
            uri: answer.uri,
            body: answer.body,
        };
        let response = parts.response(&ha1(self.algorithm, answer.username, &self.realm, answer.password));
        let mut header = String::with_capacity(320);
        // Writing into a String cannot fail.
        let _ = self.write(&mut header, answer, &nc, &response);
        header
    }

    fn write(&self, f: &mut String, answer: &Answer<'_>, nc: &str, response: &str) -> std::fmt::Result {
        f.write_str("Digest username=")?;
        write_quoted(f, answer.username)?;
        f.write_str(", realm=")?;
        write_quoted(f, &self.realm)?;
        write!(f, ", nonce=\"{}\", uri=\"{}\", response=\"{response}\"", self.nonce, answer.uri)?;
        write!(f, ", algorithm={}", self.algorithm.as_str())?;
        if let Some(qop) = self.qop {
            write!(f, ", cnonce=\"{}\", qop={}, nc={nc}", answer.cnonce, qop.as_str())?;
        } else if self.algorithm.is_session() {
            write!(f, ", cnonce=\"{}\"", answer.cnonce)?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque=\"{opaque}\"")?;
        }
        Ok(())
    }
}
