//! What we answer to a trunk that asks for our password (RFC 3261 §22.2).

use tandem_sip::{
    digest::{self, DigestError},
    message::{Name, Request, Response},
};

/// As whom we answer, and with which password, which stays out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    user: String,
    password: String,
}

impl Login {
    /// User and password.
    #[must_use]
    pub fn both(&self) -> (&str, &str) {
        (&self.user, &self.password)
    }
}

impl From<(String, String)> for Login {
    fn from((user, password): (String, String)) -> Self {
        Self { user, password }
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Adds to `request` what the challenge in `response` (401 or 407) asks for, instead of what answered an earlier one.
///
/// # Errors
/// There is no challenge that can be answered.
pub fn prove(
    request: &mut Request,
    response: &Response,
    (user, password): (&str, &str),
    cnonce: &str,
) -> Result<(), DigestError> {
    let (asked, answer) = match response.status {
        401 => (Name::WwwAuthenticate, Name::Authorization),
        _ => (Name::ProxyAuthenticate, Name::ProxyAuthorization),
    };
    let proof = digest::Answer {
        username: user,
        password,
        method: &request.method,
        uri: &request.uri.to_string(),
        body: &request.body,
        cnonce,
        nc: 1,
    };
    let value = digest::respond(response.headers.all(&asked), &proof)?;
    request.headers.set(answer, value);
    Ok(())
}
