//! What does a code of Stripe's mean: for a customer whose payment was not made, and for us whose request was refused?
//!
//! Sources: <https://docs.stripe.com/error-codes>, <https://docs.stripe.com/declines/codes>,
//! <https://docs.stripe.com/error-low-level>.

use serde::Deserialize;
use tandem_domain::billing::failure::{Failure, FailureKind};

use super::{answers::IntentAnswer, wire::Answer};
use crate::processor::ProcessorError;

/// Characters of Stripe's words that go into an error.
const WORDS_MAX: usize = 300;

/// `error`, and `last_payment_error` and `last_setup_error`.
#[derive(Deserialize, Default)]
pub(super) struct ErrorAnswer {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    param: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    error: ErrorAnswer,
}

#[derive(Deserialize)]
struct IntentEnvelope {
    error: IntentHolder,
}

#[derive(Deserialize)]
struct IntentHolder {
    payment_intent: IntentAnswer,
}

impl ErrorAnswer {
    /// Why a payment was not made.
    pub(super) fn failure(&self) -> Failure {
        let (code, decline) =
            (self.code.as_deref().unwrap_or_default(), self.decline_code.as_deref().unwrap_or_default());
        // The bank's own reason where there is one.
        let shown = [decline, code, &self.kind].into_iter().find(|text| !text.is_empty()).unwrap_or("unknown");
        Failure::new(kind(code, decline), shown, self.message.as_deref().unwrap_or_default())
    }
}

/// What a code and the bank's reason, either of which may be empty, mean for the customer.
fn kind(code: &str, decline: &str) -> FailureKind {
    match (code, decline) {
        ("authentication_required", _) | (_, "authentication_required" | "authentication_not_handled") => {
            FailureKind::AuthenticationRequired
        }
        ("payment_intent_authentication_failure" | "setup_intent_authentication_failure", _) => {
            FailureKind::AuthenticationFailed
        }
        ("expired_card" | "invalid_expiry_month" | "invalid_expiry_year", _)
        | (_, "expired_card" | "invalid_expiry_month" | "invalid_expiry_year") => FailureKind::ExpiredCard,
        ("incorrect_cvc" | "invalid_cvc", _) | (_, "incorrect_cvc" | "invalid_cvc") => FailureKind::IncorrectCvc,
        (_, "insufficient_funds" | "withdrawal_count_limit_exceeded" | "card_velocity_exceeded") => {
            FailureKind::InsufficientFunds
        }
        ("processing_error", _)
        | (_, "processing_error" | "issuer_not_available" | "try_again_later" | "reenter_transaction") => {
            FailureKind::ProcessingError
        }
        ("payment_intent_payment_attempt_expired", _) => FailureKind::Abandoned,
        ("card_declined" | "card_decline_rate_limit_exceeded" | "payment_method_provider_decline", _) => {
            FailureKind::Declined
        }
        (_, decline) if !decline.is_empty() => FailureKind::Declined,
        _ => FailureKind::Other,
    }
}

/// Why a request was not done; `None`: it was.
pub(super) fn failed(answer: &Answer) -> Option<ProcessorError> {
    let status = answer.status;
    if (200..300).contains(&status) {
        return None;
    }
    let told = answer.try_read::<Envelope>().map(|envelope| envelope.error);
    let is_stripes = told.is_some();
    let error = told.unwrap_or_default();
    let line = |text: &Option<String>| -> String {
        text.iter().flat_map(|text| text.chars()).filter(|c| !c.is_control()).take(WORDS_MAX).collect()
    };
    let (code, message, request) = (line(&error.code), line(&error.message), answer.request.clone());
    Some(match (status, code.as_str()) {
        (401 | 403, _) => ProcessorError::Credentials { message, request },
        (404, _) => ProcessorError::NotFound { request },
        (500.., _) if answer.is_replayed => ProcessorError::KeySpent { request },
        (409 | 424 | 429 | 500.., _) => ProcessorError::Busy { status, request },
        _ if error.kind == "idempotency_error" => ProcessorError::KeyUsed { request },
        (_, "payment_intent_unexpected_state" | "setup_intent_unexpected_state" | "charge_already_refunded") => {
            ProcessorError::OutOfState { message, request }
        }
        (400 | 402, _) if is_stripes => ProcessorError::Refused { code, param: line(&error.param), message, request },
        // Nothing that Stripe says of a request: a proxy's word, or a page that leads elsewhere. What became of it is not known.
        _ => ProcessorError::Unreadable(format!("HTTP {status} to request {request}")),
    })
}

/// The payment that a decline is about, as it stands after it. Only a decline has one that counts.
pub(super) fn embedded_intent(answer: &Answer) -> Option<IntentAnswer> {
    const DECLINED: u16 = 402;
    (answer.status == DECLINED).then(|| answer.try_read::<IntentEnvelope>()).flatten().map(|it| it.error.payment_intent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_documented_reason_becomes_words_for_the_customer() {
        let cases = [
            ("authentication_required", "authentication_required", FailureKind::AuthenticationRequired),
            ("card_declined", "authentication_required", FailureKind::AuthenticationRequired),
            ("payment_intent_authentication_failure", "", FailureKind::AuthenticationFailed),
            ("card_declined", "insufficient_funds", FailureKind::InsufficientFunds),
            ("card_declined", "generic_decline", FailureKind::Declined),
            // Not told apart, so that a thief learns nothing.
            ("card_declined", "stolen_card", FailureKind::Declined),
            ("expired_card", "expired_card", FailureKind::ExpiredCard),
            ("incorrect_cvc", "incorrect_cvc", FailureKind::IncorrectCvc),
            ("processing_error", "processing_error", FailureKind::ProcessingError),
            ("payment_intent_payment_attempt_expired", "", FailureKind::Abandoned),
            ("something_new", "", FailureKind::Other),
            ("something_new", "something_else", FailureKind::Declined),
            ("", "", FailureKind::Other),
        ];
        for (code, decline, expected) in cases {
            assert_eq!(kind(code, decline), expected, "{code}, {decline}");
        }
    }

    #[test]
    fn the_banks_own_reason_is_kept_for_the_staff() {
        let error = ErrorAnswer {
            code: Some("card_declined".into()),
            decline_code: Some("do_not_honor".into()),
            message: Some("Your card was declined.\n".into()),
            ..ErrorAnswer::default()
        };
        let failure = error.failure();
        assert_eq!((failure.code.as_str(), failure.message.as_str()), ("do_not_honor", "Your card was declined."));
    }
}
