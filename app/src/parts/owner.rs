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

    /// "customer" or "account", for answers.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        if self.account.is_some() { "account" } else { "customer" }
    }
}

#[cfg(feature = "ssr")]
mod server {
    use tandem_domain::access::{Tenant, Who};

    use super::Owner;
    use crate::{error::AppError, server::ask::Ask};

    impl Owner {
        /// The customer's data, if the person who asks may work on this record: staff on all, a customer's own
        /// administrator on the customer's, and an account on itself.
        ///
        /// # Errors
        /// [`AppError::NotFound`] if not.
        pub fn tenant(self, ask: &Ask) -> Result<Tenant, AppError> {
            match (ask.me.who, self.account) {
                (Who::Account { account, customer }, Some(asked)) if account == asked && customer == self.customer => {
                    ask.own_tenant()
                }
                (Who::Account { .. }, _) => Err(AppError::NotFound(self.noun().into())),
                (Who::Administrator(_) | Who::Customer(_), _) => {
                    ask.tenant(self.customer).map_err(|_| AppError::NotFound(self.noun().into()))
                }
            }
        }

        /// Who signs in with this record's sign-in.
        #[must_use]
        pub const fn who(self) -> Who {
            let Self { customer, account } = self;
            match account {
                Some(account) => Who::Account { account, customer },
                None => Who::Customer(customer),
            }
        }

        /// The fields as an undo sends them, with more.
        #[must_use]
        pub fn undo_fields(self, more: &[(&str, &str)]) -> Vec<(String, String)> {
            let own = self.fields().into_iter().map(|(name, value)| (name.to_owned(), value));
            own.chain(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).collect()
        }
    }
}
