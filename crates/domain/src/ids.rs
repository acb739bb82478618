//! What names a record, and when was it.
//!
//! Ids are UUIDv7 (RFC 9562 §5.7): they sort by the time they were made, so that an index on an id is an index on time.
//! They are made by the server (the version-7 generator is not in this crate) and only read here.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Text that is not the id of anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not an id; follow a link instead of typing one")]
pub struct NotAnId(pub String);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(&self.0, f) }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId(text.chars().take(64).collect()))
            }
        }
    )+};
}

ids! {
    /// A customer: a company that buys telephony.
    CustomerId;
    /// An account: a person or a device of a customer, with an extension.
    AccountId;
    /// An administrator: a member of the provider's staff.
    AdministratorId;
    /// A customer class.
    ClassId;
    /// An access role.
    RoleId;
    /// A dialing rule.
    DialingRuleId;
    /// A huntgroup.
    HuntgroupId;
    /// One line of the audit log.
    AuditId;
    /// A call.
    CallId;
    /// What is kept of a call.
    XdrId;
    /// A call recording.
    RecordingId;
    /// An e-mail in the outbox.
    MailId;
    /// An invoice.
    InvoiceId;
    /// A payment.
    PaymentId;
    /// A card, or another way to pay, that a customer saved.
    PaymentMethodId;
    /// A payment system: an account of the provider's at a payment processor.
    PaymentSystemId;
    /// A transaction of the ledger.
    LedgerTransactionId;
    /// A refund.
    RefundId;
    /// The saving of a payment method without a payment.
    SetupId;
    /// A payment that is due to be made automatically.
    ChargeId;
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `seconds` later (earlier if negative); the ends of time stay where they are.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Whole seconds from `earlier` to this moment; negative if `earlier` is later.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 1000
    }
}

/// How often a record was changed. An edit names the version that it started from; if another edit came first, the
/// versions differ and nothing is overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl Version {
    /// The version of a record that was just made.
    pub const FIRST: Self = Self(1);

    /// The version after one more change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A record together with its id and version, as the store hands it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored<Id, T> {
    /// What names the record.
    pub id: Id,
    /// The version to name when it is saved.
    pub version: Version,
    /// The record itself.
    pub value: T,
}

impl<Id, T> Stored<Id, T> {
    /// The version to save over, when somebody says to have begun with version `seen` and what they did not change is taken
    /// from this record: never one that is newer than this record, or the change of somebody who saved after it was read
    /// would be undone with its values.
    #[must_use]
    pub fn basis(&self, seen: Version) -> Version {
        seen.min(self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_begins_with_what_was_seen_and_never_with_what_is_still_to_come() {
        let stored = Stored { id: (), version: Version(5), value: () };
        assert_eq!(stored.basis(Version(4)), Version(4));
        assert_eq!(stored.basis(Version(5)), Version(5));
        assert_eq!(stored.basis(Version(6)), Version(5));
    }
}
