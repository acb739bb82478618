//! What the administrator enters for a payment system at Stripe, and how it lies in the [vault](crate::vault).
//!
//! Credentials are write-only: a form shows whether they are set, never what they are. What is left empty stays as it
//! is.

use serde::{Deserialize, Serialize};
use tandem_domain::error::{FieldError, FieldErrors};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Characters of a key at most; Stripe's have about 110.
const KEY_MAX: usize = 255;
/// Signing secrets that are in use at once: the newest, and the one before while Stripe is told of it.
const SIGNING_SECRETS_MAX: usize = 2;

/// The credentials of an account at Stripe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StripeCredentials {
    /// The secret (`sk_…`) or restricted (`rk_…`) key: whoever has it can charge.
    pub secret_key: Secret,
    /// The signing secrets of the webhook endpoint (`whsec_…`), the newest first.
    pub signing_secrets: Vec<Secret>,
}

/// What was typed into the form. Empty: as before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedCredentials {
    /// The field `secret_key`.
    pub secret_key: Secret,
    /// The field `webhook_secret`.
    pub webhook_secret: Secret,
}

impl StripeCredentials {
    /// What is stored after a form was saved over `before`. A new signing secret comes in front of the one before,
    /// which stays in use: Stripe signs with both for up to a day after it was rolled there.
    ///
    /// # Errors
    /// By field: a key is missing, is not one, or is of the other mode than the payment system; at `public_key` too,
    /// which is the payment system's own and no secret.
    pub fn typed(
        before: Option<&Self>,
        typed: &TypedCredentials,
        public_key: &str,
        test_mode: bool,
    ) -> Result<Self, FieldErrors> {
        let mut after = before.cloned().unwrap_or_default();
        let mode = if test_mode { "test" } else { "live" };
        let mut errors = FieldErrors::default();
        if !typed.secret_key.expose().trim().is_empty() {
            after.secret_key = Secret::new(typed.secret_key.expose().trim());
        }
        let webhook_secret = typed.webhook_secret.expose().trim();
        if !webhook_secret.is_empty() {
            errors.take("webhook_secret", check(webhook_secret, &["whsec_"], "The signing secret begins with whsec_"));
            after.signing_secrets.retain(|known| known.expose() != webhook_secret);
            after.signing_secrets.insert(0, Secret::from(webhook_secret));
            after.signing_secrets.truncate(SIGNING_SECRETS_MAX);
        }
        // Also what was kept: the mode of the payment system may have changed.
        let secret = [format!("sk_{mode}_"), format!("rk_{mode}_")];
        let hint = format!("In {mode} mode the secret key begins with sk_{mode}_ (or rk_{mode}_)");
        let secret: Vec<&str> = secret.iter().map(String::as_str).collect();
        errors.take("secret_key", check(after.secret_key.expose(), &secret, &hint));
        let hint = format!("In {mode} mode the publishable key begins with pk_{mode}_");
        errors.take("public_key", check(public_key, &[&format!("pk_{mode}_")], &hint));
        if errors.is_empty() { Ok(after) } else { Err(errors) }
    }

    /// The keys, as they are sealed.
    #[must_use]
    pub fn keys_json(&self) -> Zeroizing<Vec<u8>> {
        json(&Keys { secret_key: self.secret_key.clone() })
    }

    /// The signing secrets, as they are sealed.
    #[must_use]
    pub fn signing_secrets_json(&self) -> Zeroizing<Vec<u8>> {
        json(&self.signing_secrets)
    }

    /// As both were sealed; `None` if that is nothing of ours. Without signing secrets no webhook is believed.
    #[must_use]
    pub fn from_json(keys: &[u8], signing_secrets: Option<&[u8]>) -> Option<Self> {
        let Keys { secret_key } = serde_json::from_slice(keys).ok()?;
        let signing_secrets = signing_secrets.map(serde_json::from_slice).transpose().ok()?.unwrap_or_default();
        Some(Self { secret_key, signing_secrets })
    }
}

/// What is sealed as the credentials.
#[derive(Serialize, Deserialize)]
struct Keys {
    secret_key: Secret,
}

fn json(value: &impl Serialize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(serde_json::to_vec(value).expect("texts are always JSON"))
}

/// Whether a text is a key that begins with one of these.
fn check(key: &str, prefixes: &[&str], hint: &str) -> Result<(), FieldError> {
    if key.is_empty() {
        return Err(FieldError::new(format!(
            "Enter the key. {hint}; it is on the API keys page of your Stripe dashboard."
        )));
    }
    let is_key = key.len() <= KEY_MAX && key.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    if !is_key || !prefixes.iter().any(|prefix| key.len() > prefix.len() && key.starts_with(prefix)) {
        return Err(FieldError::new(format!("{hint}; copy it from your Stripe dashboard.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(secret_key: &str, webhook_secret: &str) -> TypedCredentials {
        TypedCredentials { secret_key: secret_key.into(), webhook_secret: webhook_secret.into() }
    }

    fn first() -> StripeCredentials {
        StripeCredentials::typed(None, &typed(" sk_test_1 ", "whsec_1"), "pk_test_1", true).unwrap()
    }

    #[test]
    fn what_is_left_empty_stays() {
        let after = StripeCredentials::typed(Some(&first()), &typed("", ""), "pk_test_2", true).unwrap();
        assert_eq!(after, first());
    }

    #[test]
    fn a_new_signing_secret_leaves_the_one_before_in_use() {
        let mut credentials = first();
        for secret in ["whsec_2", "whsec_3", "whsec_3"] {
            credentials = StripeCredentials::typed(Some(&credentials), &typed("", secret), "pk_test_1", true).unwrap();
        }
        let secrets: Vec<&str> = credentials.signing_secrets.iter().map(Secret::expose).collect();
        assert_eq!(secrets, ["whsec_3", "whsec_2"]);
    }

    #[test]
    fn keys_of_the_other_mode_and_things_that_are_no_keys_are_refused_at_their_field() {
        let errors = StripeCredentials::typed(None, &typed("sk_live_1", "secret"), "sk_test_1", true).unwrap_err();
        assert!(errors.get("secret_key").unwrap().contains("sk_test_"));
        assert!(errors.get("public_key").is_some() && errors.get("webhook_secret").is_some());
        // The mode was changed, and the key that was kept is of the other one.
        let unchanged = TypedCredentials::default();
        let errors = StripeCredentials::typed(Some(&first()), &unchanged, "pk_live_1", false).unwrap_err();
        assert!(errors.get("secret_key").unwrap().contains("sk_live_"), "{errors:?}");
        assert!(StripeCredentials::typed(None, &typed("rk_live_1", ""), "pk_live_1", false).is_ok());
        assert!(StripeCredentials::typed(None, &typed("sk_live_\r\nX: y", ""), "pk_live_1", false).is_err());
    }

    #[test]
    fn they_come_back_from_the_vault_as_they_went_and_never_into_a_log() {
        let first = first();
        let (keys, secrets) = (first.keys_json(), first.signing_secrets_json());
        assert_eq!(StripeCredentials::from_json(&keys, Some(&secrets)), Some(first.clone()));
        assert!(StripeCredentials::from_json(&keys, None).unwrap().signing_secrets.is_empty());
        assert_eq!(StripeCredentials::from_json(b"{}", None), None);
        let shown = format!("{first:?}");
        assert!(!shown.contains("sk_test_1") && !shown.contains("whsec_1"), "{shown}");
    }
}
