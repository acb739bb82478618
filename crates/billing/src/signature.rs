//! Did Stripe sign this webhook, and just now?
//!
//! The header `Stripe-Signature` is `t=SECONDS,v1=HEX,…`: HMAC-SHA256, under the endpoint's secret, of `SECONDS.BODY`.
//! While a secret is being rolled Stripe signs with both, and gives several `v1`; on our side several secrets may be in
//! use as well. Any pair that fits will do. Other schemes (`v0` is for tests of Stripe's own) count for nothing.
//! Source: <https://docs.stripe.com/webhooks#verify-manually>.

use data_encoding::HEXLOWER_PERMISSIVE;
use ring::hmac;
use tandem_domain::ids::Timestamp;

use crate::secret::Secret;

/// How old, or how far ahead, a signature may be, in seconds: what Stripe's own libraries take.
pub const TOLERANCE_SECONDS: i64 = 300;
/// Characters of the header at most.
const HEADER_MAX: usize = 4096;
/// Signatures that are tried at most: one per secret is usual, two while a secret is rolled.
const SIGNATURES_MAX: usize = 8;

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no header, or none that could be a signature.
    #[error("the webhook has no signature")]
    Missing,
    /// No signature fits any secret.
    #[error("the webhook's signature is wrong: its body was changed, or the signing secret is not the endpoint's")]
    Wrong,
    /// The signature fits and is too old, or from the future: somebody may have kept it.
    #[error("the webhook was signed {0} seconds ago; more than 300 are not accepted")]
    Stale(i64),
    /// There is no secret to check it with.
    #[error("no signing secret is set for this payment system")]
    NoSecret,
}

/// Whether the body was signed with one of the secrets, no longer ago than [`TOLERANCE_SECONDS`].
///
/// # Errors
/// [`SignatureError`]; the time is looked at only when the signature fits, so that an answer tells a stranger nothing.
pub fn verify(header: &str, body: &[u8], secrets: &[Secret], now: Timestamp) -> Result<(), SignatureError> {
    if header.len() > HEADER_MAX {
        return Err(SignatureError::Missing);
    }
    let mut signed_at = None;
    let mut signatures = Vec::new();
    for (name, value) in header.split(',').filter_map(|part| part.split_once('=')) {
        match name.trim() {
            "t" => signed_at = Some(value.trim()),
            "v1" if signatures.len() < SIGNATURES_MAX => {
                signatures.extend(HEXLOWER_PERMISSIVE.decode(value.trim().as_bytes()).ok());
            }
            _ => {}
        }
    }
    let signed_at = signed_at.filter(|at| !at.is_empty() && at.len() <= 12).ok_or(SignatureError::Missing)?;
    let seconds: i64 = match signed_at.bytes().all(|c| c.is_ascii_digit()) {
        true => signed_at.parse().map_err(|_| SignatureError::Missing)?,
        false => return Err(SignatureError::Missing),
    };
    if signatures.is_empty() {
        return Err(SignatureError::Missing);
    }
    let usable: Vec<&Secret> = secrets.iter().filter(|secret| !secret.is_empty()).collect();
    if usable.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let mut signed = Vec::with_capacity(signed_at.len() + 1 + body.len());
    signed.extend_from_slice(signed_at.as_bytes());
    signed.push(b'.');
    signed.extend_from_slice(body);
    let fits = usable.iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        // In constant time for each signature.
        signatures.iter().any(|signature| hmac::verify(&key, &signed, signature).is_ok())
    });
    if !fits {
        return Err(SignatureError::Wrong);
    }
    let age = now.seconds_since(Timestamp(seconds.saturating_mul(1000)));
    if age.abs() > TOLERANCE_SECONDS { Err(SignatureError::Stale(age)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const SECRET: &str = "whsec_test_secret";
    const AT: i64 = 1_795_532_700;
    /// `printf '1795532700.{"id":"evt_1","object":"event"}' | openssl dgst -sha256 -hmac whsec_test_secret`
    const V1: &str = "07c178205241de5b105fdc91eda797f02606a820941ef54d3d506e7a5fa5cbdf";

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    fn secrets(some: &[&str]) -> Vec<Secret> {
        some.iter().copied().map(Secret::from).collect()
    }

    fn signed(header: &str, age: i64) -> Result<(), SignatureError> {
        verify(header, BODY, &secrets(&[SECRET]), at(AT + age))
    }

    #[test]
    fn a_signature_made_by_another_program_is_accepted() {
        assert_eq!(signed(&format!("t={AT},v1={V1}"), 0), Ok(()));
        assert_eq!(signed(&format!("t={AT},v1={V1},v0=63f3a72374a7"), 100), Ok(()));
        assert_eq!(signed(&format!("t={AT}, v1={}", V1.to_uppercase()), 0), Ok(()));
    }

    #[test]
    fn while_a_secret_is_rolled_either_fits() {
        let other = "0".repeat(64);
        assert_eq!(signed(&format!("t={AT},v1={other},v1={V1}"), 0), Ok(()));
        let header = format!("t={AT},v1={V1}");
        assert_eq!(verify(&header, BODY, &secrets(&["whsec_new", SECRET]), at(AT)), Ok(()));
        assert_eq!(verify(&header, BODY, &secrets(&["whsec_new"]), at(AT)), Err(SignatureError::Wrong));
        assert_eq!(verify(&header, BODY, &secrets(&[""]), at(AT)), Err(SignatureError::NoSecret));
        assert_eq!(verify(&header, BODY, &[], at(AT)), Err(SignatureError::NoSecret));
    }

    #[test]
    fn five_minutes_either_way_are_accepted_and_no_more() {
        let header = format!("t={AT},v1={V1}");
        assert_eq!(signed(&header, 300), Ok(()));
        assert_eq!(signed(&header, -300), Ok(()));
        assert_eq!(signed(&header, 301), Err(SignatureError::Stale(301)));
        assert_eq!(signed(&header, -301), Err(SignatureError::Stale(-301)));
    }

    #[test]
    fn a_changed_body_a_changed_time_and_the_test_scheme_are_refused() {
        assert_eq!(signed(&format!("t={},v1={V1}", AT + 1), 0), Err(SignatureError::Wrong));
        let changed = verify(&format!("t={AT},v1={V1}"), b"{}", &secrets(&[SECRET]), at(AT));
        assert_eq!(changed, Err(SignatureError::Wrong));
        assert_eq!(signed(&format!("t={AT},v0={V1}"), 0), Err(SignatureError::Missing));
        for nothing in
            ["", "t=", "t", ",,", "t=1,v1=", "v1=00", "t=-1,v1=00", "t=99999999999999999999,v1=00", "t=1,v1=xyz"]
        {
            assert!(signed(nothing, 0).is_err(), "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn no_header_can_harm(header in ".*", body in proptest::collection::vec(any::<u8>(), 0..50)) {
            prop_assert!(verify(&header, &body, &secrets(&[SECRET]), at(AT)).is_err());
        }
    }
}
