//! Why was a payment not made, and what does the customer do now?

use serde::{Deserialize, Serialize};

use super::keyed;

/// Why a payment was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The bank wants to hear from the cardholder, who was not there (Stripe: `authentication_required`).
    AuthenticationRequired,
    /// The bank said no and not why (`card_declined`, `generic_decline`).
    Declined,
    /// There is not enough money (`insufficient_funds`).
    InsufficientFunds,
    /// The card has expired (`expired_card`).
    ExpiredCard,
    /// The security code is wrong (`incorrect_cvc`).
    IncorrectCvc,
    /// The cardholder did not pass, or refused, the bank's check (`payment_intent_authentication_failure`).
    AuthenticationFailed,
    /// The processor or the bank had a fault (`processing_error`).
    ProcessingError,
    /// The customer went away and did not come back.
    Abandoned,
    /// The provider closed it without the word of its payment system.
    GivenUp,
    /// Anything else.
    Other,
}

keyed!(FailureKind {
    AuthenticationRequired "authentication_required" "Verification needed",
    Declined "declined" "Declined",
    InsufficientFunds "insufficient_funds" "Insufficient funds",
    ExpiredCard "expired_card" "Card expired",
    IncorrectCvc "incorrect_cvc" "Wrong security code",
    AuthenticationFailed "authentication_failed" "Verification failed",
    ProcessingError "processing_error" "Processing error",
    Abandoned "abandoned" "Not finished",
    GivenUp "given_up" "Closed by the provider",
    Other "other" "Not paid",
});

impl FailureKind {
    /// What happened and what the customer does now, in plain words.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::AuthenticationRequired => {
                "Your bank wants you to confirm this payment. Continue the payment and follow your bank’s instructions."
            }
            Self::Declined => "Your bank declined this payment. Use another card, or ask your bank why.",
            Self::InsufficientFunds => {
                "There is not enough money on this card. Use another card, or try again when there is."
            }
            Self::ExpiredCard => "This card has expired. Use another card.",
            Self::IncorrectCvc => "The security code was wrong. Check the three or four digits and try again.",
            Self::AuthenticationFailed => "Your bank could not verify that it was you. Try again, or use another card.",
            Self::ProcessingError => "The payment could not be processed. Nothing was charged; try again in a moment.",
            Self::Abandoned => "The payment was not finished. Nothing was charged; you can start again.",
            Self::GivenUp => {
                "Your provider closed this payment without the word of its payment service. Should money have been taken for it, it is credited to you."
            }
            Self::Other => "The payment was not made. Nothing was charged; try again, or use another card.",
        }
    }
}

/// Characters of a code that are kept.
pub const CODE_MAX: usize = 64;
/// Characters of a message that are kept.
pub const MESSAGE_MAX: usize = 500;

/// What is known of a payment that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Why.
    pub kind: FailureKind,
    /// The processor's own code, for the provider's staff; at most [`CODE_MAX`] characters.
    pub code: String,
    /// The processor's own words; at most [`MESSAGE_MAX`] characters.
    pub message: String,
}

impl Failure {
    /// A failure, its texts cut to what is kept and without control characters: they come from outside.
    #[must_use]
    pub fn new(kind: FailureKind, code: &str, message: &str) -> Self {
        let line = |text: &str, most: usize| text.chars().filter(|c| !c.is_control()).take(most).collect();
        Self { kind, code: line(code, CODE_MAX), message: line(message, MESSAGE_MAX) }
    }
}
