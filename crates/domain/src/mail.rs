//! Which e-mails are sent, and how far is each?

use serde::{Deserialize, Serialize};

/// What an e-mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// A new call recording (PRODUCT §2).
    NewCallRecording,
    /// An automatic payment failed and was turned off, with what to do now (PRODUCT §3).
    AutoPaymentFailed,
    /// A payment was made.
    PaymentReceipt,
}

impl MailKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::NewCallRecording, Self::AutoPaymentFailed, Self::PaymentReceipt];

    /// The name used in URLs and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::NewCallRecording => "new_call_recording",
            Self::AutoPaymentFailed => "auto_payment_failed",
            Self::PaymentReceipt => "payment_receipt",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NewCallRecording => "New call recording",
            Self::AutoPaymentFailed => "Automatic payment failed",
            Self::PaymentReceipt => "Receipt",
        }
    }
}

/// How far an e-mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// It is sent as soon as its time has come.
    Waiting,
    /// It is on its way to the mail server right now.
    Sending,
    /// The mail server has taken it.
    Sent,
    /// The mail server refused it for good, or it was tried often enough. Somebody has to look at it.
    Failed,
}

impl MailState {
    /// All states, in the order in which a mail has them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sending, Self::Sent, Self::Failed];

    /// The name used in URLs and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Sending => "Sending",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
        }
    }
}

/// Times that an e-mail is tried before it has [`MailState::Failed`]: over about two days.
pub const ATTEMPTS_MAX: u32 = 17;

/// How long after the `attempts`th failure (from 1) it is tried again, in seconds: one minute, doubled each time, at most
/// six hours.
#[must_use]
pub fn back_off_seconds(attempts: u32) -> i64 {
    60_i64.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(6 * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_e_mail_is_tried_for_about_two_days() {
        assert_eq!([1, 2, 3, 9, 10, 99].map(back_off_seconds), [60, 120, 240, 15_360, 21_600, 21_600]);
        let all: i64 = (1..ATTEMPTS_MAX).map(back_off_seconds).sum();
        assert!((46 * 3600..52 * 3600).contains(&all), "{all}");
    }
}
