//! How far is a refund?

use serde::{Deserialize, Serialize};

use super::keyed;
use crate::{
    error::FieldError,
    field,
    ids::{CustomerId, PaymentId, RefundId, Timestamp},
    money::Money,
};

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// The processor is asked for it; its amount is reserved.
    Pending,
    /// The processor says that it was given back, and it is in the ledger.
    Succeeded,
    /// The processor refused it, or the bank sent it back.
    Failed,
}

keyed!(RefundState { Pending "pending" "Under way", Succeeded "succeeded" "Refunded", Failed "failed" "Failed" });

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// What names it; also in our idempotency keys.
    pub id: RefundId,
    /// Of which payment.
    pub payment: PaymentId,
    /// Whose.
    pub customer: CustomerId,
    /// How much.
    pub amount: Money,
    /// Why, as the administrator says.
    pub reason: String,
    /// The customer owes it again. If not, as much is credited as an adjustment.
    pub owed_again: bool,
    /// How far it is.
    pub state: RefundState,
    /// The processor's name for it (`re_…`); `None` until it is known.
    pub reference: Option<String>,
    /// Why it failed; empty if it did not.
    pub error: String,
    /// When it was asked for.
    pub created: Timestamp,
    /// Who asked for it.
    pub by: String,
}

/// Why money moves, as an administrator says: one line, not empty, at most [`field::NAME_MAX`] characters.
///
/// # Errors
/// What is wrong and what to do.
pub fn reason(typed: &str) -> Result<String, FieldError> {
    let reason = field::optional_name(typed)?;
    if reason.is_empty() { Err(FieldError::new("Say why; the customer sees it.")) } else { Ok(reason) }
}
