//! How a change is told: who changed which field of what, from which value to which.

use serde::{Deserialize, Serialize};

use crate::ids::{AuditId, CustomerId, Timestamp};

/// Kinds of record that the audit log tells about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A customer.
    Customer,
    /// An account.
    Account,
    /// A customer class.
    Class,
    /// An access role.
    Role,
    /// A dialing rule.
    DialingRule,
    /// An administrator.
    Administrator,
    /// A huntgroup.
    Huntgroup,
    /// A sign-in: signed in, refused, throttled (once in each wait, for a flood of guesses must not fill the log), signed out.
    SignIn,
    /// A manager in a call of a colleague: joined, changed the mode, left, or was refused.
    Supervision,
    /// A call recording: deleted by somebody, or played or downloaded by the provider's staff.
    Recording,
    /// An invoice: issued or withdrawn.
    Invoice,
    /// A payment: begun, refunded, or called off by somebody.
    Payment,
    /// A saved card: added, made the default, or removed.
    PaymentMethod,
    /// A customer's automatic payment: set, or turned off and why.
    AutoPayment,
    /// A payment system.
    PaymentSystem,
    /// A customer's balance: corrected, or its credit limit changed.
    Balance,
    /// A request that was refused for lack of permission.
    Request,
}

impl Subject {
    /// All kinds.
    pub const ALL: [Self; 17] = [
        Self::Customer,
        Self::Account,
        Self::Class,
        Self::Role,
        Self::DialingRule,
        Self::Administrator,
        Self::Huntgroup,
        Self::SignIn,
        Self::Supervision,
        Self::Recording,
        Self::Invoice,
        Self::Payment,
        Self::PaymentMethod,
        Self::AutoPayment,
        Self::PaymentSystem,
        Self::Balance,
        Self::Request,
    ];

    /// The name used in URLs and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Account => "account",
            Self::Class => "class",
            Self::Role => "role",
            Self::DialingRule => "dialing_rule",
            Self::Administrator => "administrator",
            Self::Huntgroup => "huntgroup",
            Self::SignIn => "sign_in",
            Self::Supervision => "supervision",
            Self::Recording => "recording",
            Self::Invoice => "invoice",
            Self::Payment => "payment",
            Self::PaymentMethod => "payment_method",
            Self::AutoPayment => "auto_payment",
            Self::PaymentSystem => "payment_system",
            Self::Balance => "balance",
            Self::Request => "request",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Account => "Account",
            Self::Class => "Customer class",
            Self::Role => "Access role",
            Self::DialingRule => "Dialing rule",
            Self::Administrator => "Administrator",
            Self::Huntgroup => "Huntgroup",
            Self::SignIn => "Sign-in",
            Self::Supervision => "Call supervision",
            Self::Recording => "Call recording",
            Self::Invoice => "Invoice",
            Self::Payment => "Payment",
            Self::PaymentMethod => "Saved card",
            Self::AutoPayment => "Automatic payment",
            Self::PaymentSystem => "Payment system",
            Self::Balance => "Balance",
            Self::Request => "Refused request",
        }
    }
}

/// One changed field. A record that was made or deleted is told as its fields, with nothing before or after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field, as its form names it.
    pub field: String,
    /// The value before; empty when there was none. Secrets are never written: "(changed)" stands for them.
    pub old: String,
    /// The value after; empty when there is none.
    pub new: String,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// What names the line; lines sort by it in time.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: the sign-in name, or "system".
    pub actor: String,
    /// Whether that is one of the provider's staff.
    pub by_staff: bool,
    /// From which address, as text; empty for the system and the command line.
    pub address: String,
    /// Whose data it is; `None` for the provider's own.
    pub customer: Option<CustomerId>,
    /// The kind of record.
    pub subject: Subject,
    /// The record's id, as text.
    pub subject_id: String,
    /// The record's name at that time.
    pub subject_name: String,
    /// What was done: "created", "changed", "deleted", "refused", …
    pub action: String,
    /// The field with its values.
    pub change: FieldChange,
}
