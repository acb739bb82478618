//! Who asks, and in which version of the API?

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};

use super::{error::ApiError, form::Node};
use crate::shared::Shared;

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The merchant's server.
    Secret,
    /// The customer's browser.
    Publishable,
}

/// Versions of the API that have one shape for all that is simulated here, by their dates in Stripe's changelog.
const VERSIONS: [&str; 29] = [
    "2023-08-16",
    "2023-10-16",
    "2024-04-10",
    "2024-06-20",
    "2024-09-30.acacia",
    "2024-10-28.acacia",
    "2024-11-20.acacia",
    "2024-12-18.acacia",
    "2025-01-27.acacia",
    "2025-02-24.acacia",
    "2025-03-31.basil",
    "2025-04-30.basil",
    "2025-05-28.basil",
    "2025-06-30.basil",
    "2025-07-30.basil",
    "2025-08-27.basil",
    "2025-09-30.clover",
    "2025-10-29.clover",
    "2025-11-17.clover",
    "2025-12-15.clover",
    "2026-01-28.clover",
    "2026-02-25.clover",
    "2026-03-25.dahlia",
    "2026-04-22.dahlia",
    "2026-05-27.dahlia",
    "2026-06-24.dahlia",
    "2026-07-29.dahlia",
    "2026-08-26.dahlia",
    "2026-09-30.endive",
];

/// The version that a request says, or the account's.
pub(crate) fn version(headers: &HeaderMap, default: &str) -> Result<String, ApiError> {
    let Some(version) = headers.get("stripe-version") else { return Ok(default.to_owned()) };
    let version = version.to_str().unwrap_or_default();
    if VERSIONS.contains(&version) {
        return Ok(version.to_owned());
    }
    let version: String = version.chars().take(40).collect();
    Err(ApiError::request(format!("Invalid Stripe API version: {version}")))
}

/// Whether the stand-in knows a version.
pub(crate) fn knows(version: &str) -> bool {
    VERSIONS.contains(&version)
}

/// Whether requests of a version take `payment_method_types`. Since endive they take `allowed_payment_method_types`
/// alone.
pub(crate) fn takes_method_types(version: &str) -> bool {
    version < "2026-09-30"
}

/// Who asks: `Authorization: Bearer KEY`, Basic with the key as the user, or the parameter `key` of a script.
pub(crate) fn who(shared: &Shared, headers: &HeaderMap, param: Option<Node>) -> Result<Who, ApiError> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = match (header.and_then(|header| header.split_once(' ')), param) {
        (Some((scheme, key)), _) if scheme.eq_ignore_ascii_case("bearer") => key.trim().to_owned(),
        (Some((scheme, code)), _) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded = STANDARD.decode(code.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            decoded.unwrap_or_default().split(':').next().unwrap_or_default().to_owned()
        }
        (_, Some(Node::Text(key))) => key,
        (Some(_) | None, _) => String::new(),
    };
    if key.is_empty() {
        return Err(ApiError::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using \
             Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See \
             https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
        ));
    }
    if key == shared.secret_key {
        return Ok(Who::Secret);
    }
    if key == shared.publishable_key {
        return Ok(Who::Publishable);
    }
    // The prefix and the end, as Stripe shows it.
    let shown: Vec<char> = key.chars().collect();
    let start: String = shown.iter().take(8).collect();
    let end: String = shown.iter().skip(8.max(shown.len().saturating_sub(4))).collect();
    Err(ApiError::unauthorized(format!("Invalid API Key provided: {start}****{end}")))
}
