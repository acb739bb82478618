//! Is there service today, and if not, why (PRODUCT §4).

use serde::{Deserialize, Serialize};

use crate::{billing::ledger::Funds, ids::Timestamp};

/// The status of a customer or an account, as set by people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Service as agreed.
    #[default]
    Open,
    /// The customer's service is paused; customers only.
    Suspended,
    /// Blocked by the provider, or an account by its customer.
    Blocked,
    /// Gone for good; keeps its history, cannot be opened again.
    Closed,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 4] = [Self::Open, Self::Suspended, Self::Blocked, Self::Closed];
    /// What an account can be set to.
    pub const OF_ACCOUNT: [Self; 3] = [Self::Open, Self::Blocked, Self::Closed];

    /// The name used in forms and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suspended => "suspended",
            Self::Blocked => "blocked",
            Self::Closed => "closed",
        }
    }

    /// The status of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Suspended => "Suspended",
            Self::Blocked => "Blocked",
            Self::Closed => "Closed",
        }
    }

    /// Whether a person may set `next` from here: everything but leaving [`Status::Closed`] or staying.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        self != next && self != Self::Closed
    }

    /// Whether `next` may be set for an account. `held` says that its block is the provider's: then nobody of the company
    /// changes it, neither to open the account again nor to close it and make another with its number. `by_staff` says that
    /// it is the provider's staff who want to; they may lay their block over the company's own.
    #[must_use]
    pub fn account_may_become(self, next: Self, held: bool, by_staff: bool) -> bool {
        if held && !by_staff {
            return false;
        }
        let lays_over = self == Self::Blocked && next == Self::Blocked && by_staff && !held;
        lays_over || self.may_become(next)
    }
}

/// What the company is told of an account that the provider holds.
pub const HELD: &str = "Your provider blocked this account. Only the provider can change that.";

/// One line of a status history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    /// When.
    pub at: Timestamp,
    /// Who: the sign-in name, or "system".
    pub by: String,
    /// Whether that is one of the provider's staff.
    pub by_staff: bool,
    /// The status before; `None` when the record was made.
    pub from: Option<Status>,
    /// The status from then on.
    pub to: Status,
    /// Why; may be empty.
    pub reason: String,
}

/// Whether there is service, and the strongest reason if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Calls can be made.
    Available,
    /// The customer has no funds: its accounts can be called, but cannot call.
    NoFunds,
    /// The account's expiry date has come.
    AccountExpired,
    /// The customer is suspended.
    CustomerSuspended,
    /// The account is blocked.
    AccountBlocked,
    /// The customer is blocked.
    CustomerBlocked,
    /// The account is closed.
    AccountClosed,
    /// The customer is closed.
    CustomerClosed,
}

impl Service {
    /// The service of an account with status `account` of a customer with status `customer`; `expired` when the account's
    /// expiry day is over in the customer's time zone.
    #[must_use]
    pub const fn of(customer: Status, account: Status, expired: bool) -> Self {
        match (customer, account) {
            (Status::Closed, _) => Self::CustomerClosed,
            (_, Status::Closed) => Self::AccountClosed,
            (Status::Blocked, _) => Self::CustomerBlocked,
            // An account cannot be suspended by a person; should one be, it has no service.
            (_, Status::Blocked | Status::Suspended) => Self::AccountBlocked,
            (Status::Suspended, Status::Open) => Self::CustomerSuspended,
            (Status::Open, Status::Open) => {
                if expired {
                    Self::AccountExpired
                } else {
                    Self::Available
                }
            }
        }
    }

    /// The service of whoever pays for it, with what the customer has left. It counts for calls that the account makes and
    /// for what people are shown; who has nothing left is called as before, and its calls are not cut off.
    #[must_use]
    pub const fn paid_from(self, funds: Funds) -> Self {
        match self {
            Self::Available if funds.exhausted => Self::NoFunds,
            Self::Available
            | Self::NoFunds
            | Self::AccountExpired
            | Self::CustomerSuspended
            | Self::AccountBlocked
            | Self::CustomerBlocked
            | Self::AccountClosed
            | Self::CustomerClosed => self,
        }
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Available => "Open",
            Self::NoFunds => "No funds",
            Self::AccountExpired => "Expired",
            Self::CustomerSuspended => "Customer suspended",
            Self::AccountBlocked => "Blocked",
            Self::CustomerBlocked => "Customer blocked",
            Self::AccountClosed => "Closed",
            Self::CustomerClosed => "Customer closed",
        }
    }
}
