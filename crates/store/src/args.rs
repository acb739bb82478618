//! What a statement can be given: how each kind of value is stored.

use std::fmt::Display;

use tandem_domain::{
    ids::{
        AccountId, AdministratorId, AuditId, CallId, ChargeId, ClassId, CustomerId, DialingRuleId, HuntgroupId,
        InvoiceId, LedgerTransactionId, MailId, PaymentId, PaymentMethodId, PaymentSystemId, RecordingId, RefundId,
        RoleId, SetupId, Timestamp, Version, XdrId,
    },
    numbers::{DialCode, DtmfDigit, ExtensionNumber, PhoneNumber},
    sign_in::SignInName,
    status::Status,
};

use crate::db::Arg;

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Arg {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<i32> for Arg {
    fn from(number: i32) -> Self {
        Self::Int(Some(number.into()))
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Int(Some(number.into()))
    }
}

impl From<u64> for Arg {
    /// What is beyond the largest BIGINT is kept as that.
    fn from(number: u64) -> Self {
        Self::Int(Some(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

impl From<Option<i64>> for Arg {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<Option<u32>> for Arg {
    fn from(number: Option<u32>) -> Self {
        Self::Int(number.map(i64::from))
    }
}

impl From<Option<Timestamp>> for Arg {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Int(at.map(|at| at.0))
    }
}

impl From<Option<Version>> for Arg {
    fn from(version: Option<Version>) -> Self {
        Self::Int(version.map(|version| version.0))
    }
}

impl From<bool> for Arg {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Timestamp> for Arg {
    fn from(at: Timestamp) -> Self {
        at.0.into()
    }
}

impl From<Version> for Arg {
    fn from(version: Version) -> Self {
        version.0.into()
    }
}

impl From<Status> for Arg {
    fn from(status: Status) -> Self {
        status.key().into()
    }
}

/// What is stored as its text.
macro_rules! stored_as_text {
    ($($name:ty),+) => {$(
        impl From<$name> for Arg {
            fn from(value: $name) -> Self {
                as_text(value)
            }
        }

        impl From<&$name> for Arg {
            fn from(value: &$name) -> Self {
                as_text(value)
            }
        }

        impl From<Option<$name>> for Arg {
            fn from(value: Option<$name>) -> Self {
                value.map_or(Self::Text(None), as_text)
            }
        }
    )+};
}

stored_as_text!(
    AccountId,
    AdministratorId,
    AuditId,
    CallId,
    ChargeId,
    ClassId,
    CustomerId,
    DialingRuleId,
    HuntgroupId,
    InvoiceId,
    LedgerTransactionId,
    MailId,
    PaymentId,
    PaymentMethodId,
    PaymentSystemId,
    RecordingId,
    RefundId,
    RoleId,
    SetupId,
    XdrId,
    ExtensionNumber,
    PhoneNumber,
    DialCode,
    DtmfDigit,
    SignInName
);

fn as_text(value: impl Display) -> Arg {
    Arg::Text(Some(value.to_string()))
}
