//! Why was it not done?

use tandem_domain::{billing::payment::Mismatch, error::FieldErrors, ids::PaymentSystemId, locale::Currency};
use tandem_store::StoreError;

use crate::{processor::ProcessorError, vault::VaultError};

/// Why billing did not do what it was asked. The texts are for the log and the provider's staff; a customer is told
/// what [`BillingError::advice`] says.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// The records refused, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The processor refused, or its word is not known.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
    /// Credentials cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What was typed is refused: field → what to do.
    #[error("refused: {0}")]
    Refused(FieldErrors),
    /// No active payment system takes the customer's currency.
    #[error("no active payment system takes payments in {}", .0.code())]
    NoSystem(Currency),
    /// The payment system has no credentials.
    #[error("payment system {0} has no credentials")]
    NoCredentials(PaymentSystemId),
    /// There is no way to talk to that processor yet.
    #[error("payments through {0} are not available")]
    NoProcessor(&'static str),
    /// The processor's word contradicts what is known; nothing was credited.
    #[error("the processor's word does not match the payment: {0}")]
    Mismatch(#[from] Mismatch),
    /// It is over, one way or the other: there is nothing to go on with.
    #[error("the payment is not open any more")]
    NotOpen,
    /// It is not the processor's that this is saved or paid with.
    #[error("the card is of another payment system")]
    OtherSystem,
}

impl BillingError {
    /// What a customer is told, where it is not a field that is wrong: what happened, what became of the money, what to
    /// do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Processor(
                ProcessorError::Unreachable(_) | ProcessorError::Busy { .. } | ProcessorError::Unreadable(_),
            ) => "The payment service does not answer at the moment. Nothing is paid twice: try again in a minute.",
            Self::Processor(
                ProcessorError::Credentials { .. }
                | ProcessorError::NotFound { .. }
                | ProcessorError::OutOfState { .. }
                | ProcessorError::KeySpent { .. }
                | ProcessorError::KeyUsed { .. }
                | ProcessorError::Refused { .. },
            )
            | Self::Vault(_)
            | Self::NoCredentials(_)
            | Self::NoProcessor(_)
            | Self::NoSystem(_) => {
                "Payments by card cannot be made at the moment. Nothing was charged; please tell your provider."
            }
            Self::Mismatch(_) => "This payment is being checked. Do not pay again; your provider sees it.",
            Self::NotOpen => "This payment is over. You can start a new one.",
            Self::OtherSystem => "This card cannot be used for this payment; choose another.",
            Self::Store(_) | Self::Refused(_) => "This was not done. Try again in a moment.",
        }
    }

    /// Whether the same may work later, without anybody doing something about it.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Processor(error) => error.is_temporary(),
            Self::Store(error) => matches!(error, StoreError::Database(_)),
            Self::Vault(_)
            | Self::Refused(_)
            | Self::NoSystem(_)
            | Self::NoCredentials(_)
            | Self::NoProcessor(_)
            | Self::Mismatch(_)
            | Self::NotOpen
            | Self::OtherSystem => false,
        }
    }
}
