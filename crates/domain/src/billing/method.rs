//! What is a saved card?

use std::fmt;

use serde::{Deserialize, Serialize};

use super::keyed;
use crate::ids::{CustomerId, PaymentMethodId, PaymentSystemId, SetupId, Timestamp};

/// A card, or another way to pay, that a customer saved. The card itself is the processor's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// What names it.
    pub id: PaymentMethodId,
    /// Whose it is.
    pub customer: CustomerId,
    /// At which payment system.
    pub system: PaymentSystemId,
    /// The processor's name for it (`pm_…`).
    pub reference: String,
    /// The brand: "visa".
    pub brand: String,
    /// The last four digits.
    pub last4: String,
    /// The month in which it expires, 1 to 12.
    pub exp_month: Option<u8>,
    /// The year in which it expires, four digits.
    pub exp_year: Option<u16>,
    /// It is the one that automatic payments are made with.
    pub default: bool,
    /// It can be used: the processor still has it.
    pub usable: bool,
    /// When the customer first paid with it in person; `None`: never. Only then it may be charged automatically.
    pub proven: Option<Timestamp>,
    /// When it was saved.
    pub created: Timestamp,
}

impl PaymentMethod {
    /// "Visa •••• 4242".
    #[must_use]
    pub fn label(&self) -> String {
        MethodLabel { brand: &self.brand, last4: &self.last4 }.to_string()
    }

    /// Whether it has expired in this month.
    #[must_use]
    pub fn is_expired(&self, year: u16, month: u8) -> bool {
        match (self.exp_year, self.exp_month) {
            (Some(until_year), Some(until_month)) => (year, month) > (until_year, until_month),
            (None, _) | (_, None) => false,
        }
    }
}

/// A card in words: "Visa •••• 4242".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodLabel<'a> {
    /// The brand.
    pub brand: &'a str,
    /// The last four digits.
    pub last4: &'a str,
}

impl fmt::Display for MethodLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = self.brand.chars();
        let brand: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        write!(f, "{} •••• {}", if brand.is_empty() { "Card" } else { &brand }, self.last4)
    }
}

/// How far the saving of a payment method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupState {
    /// The customer is giving the card.
    Open,
    /// It is saved.
    Succeeded,
    /// It was given up.
    Failed,
}

keyed!(SetupState { Open "open" "Under way", Succeeded "succeeded" "Saved", Failed "failed" "Failed" });

/// The saving of a payment method without a payment (Stripe: a SetupIntent).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// What names it; also in our idempotency keys.
    pub id: SetupId,
    /// Whose.
    pub customer: CustomerId,
    /// At which payment system.
    pub system: PaymentSystemId,
    /// The processor's name for it (`seti_…`); `None` until it is known.
    pub reference: Option<String>,
    /// How far it is.
    pub state: SetupState,
    /// What came of it.
    pub method: Option<PaymentMethodId>,
    /// When it was begun.
    pub created: Timestamp,
}
