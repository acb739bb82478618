//! Whose record a panel works on: a customer's, or one of its accounts'.
//!
//! Services, status and sign-in look alike for both. Their panels carry an [`Owner`] as hidden fields, and their server
//! functions ask it for the tenant: nobody gets past somebody else's customer.

use serde::{Deserialize, Serialize};
use tandem_domain::ids::{AccountId, CustomerId};

/// A customer, or one of its accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The customer.
    pub customer: CustomerId,
    /// The account; `None` for the customer itself.
    pub account: Option<AccountId>,
}

impl Owner {
    /// A customer itself.
    #[must_use]
    pub const fn customer(customer: CustomerId) -> Self {
        Self { customer, account: None }
    }

    /// An account of a customer.
    #[must_use]
    pub const fn account(customer: CustomerId, account: AccountId) -> Self {
        Self { customer, account: Some(account) }
    }

    /// The hidden fields that name it, as server functions take them: `customer`, `account`.
    #[must_use]
    pub fn fields(self) -> Vec<(&'static str, String)> {
        let account = self.account.map(|account| ("account", account.to_string()));
        [("customer", self.customer.to_string())].into_iter().chain(account).collect()
    }

    /// One of two, for a customer or for an account: a permission, a word.
    pub fn pick<T>(self, for_customer: T, for_account: T) -> T {
        if self.account.is_some() { for_account } else { for_customer }
    }
}
