//! What we answer to a trunk that asks for our password (RFC 3261 §22.2).

use tandem_sip::{
    digest::{self, DigestError},
    message::{Name, Request, Response},
};

/// Adds to `request` what the challenge in `response` (401 or 407) asks for.
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
    request.headers.push(answer, value);
    Ok(())
}
