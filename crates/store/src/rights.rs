//! Whose rights have changed? What decides who sees what (memberships, settings, accounts, roles) is read seldom and changes
//! more seldom still: whoever keeps what was read asks here whether it is still so.
//!
//! Of one program: what another one writes into the same database is not told.

use std::{collections::HashMap, sync::Arc};

use tandem_domain::{audit::Subject, ids::CustomerId};
use tokio::sync::watch;

/// How often rights were changed. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Rights(Arc<watch::Sender<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    /// What concerns everybody: access roles.
    of_all: u64,
    of_one: HashMap<CustomerId, u64>,
}

impl Rights {
    /// How often those of a customer's people were changed. What was read before this number was another may not be so any more.
    #[must_use]
    pub fn changes(&self, customer: CustomerId) -> u64 {
        let counts = self.0.borrow();
        counts.of_all + counts.of_one.get(&customer).copied().unwrap_or_default()
    }

    /// Word of every change, of anybody's.
    #[must_use]
    pub fn follow(&self) -> Changes {
        Changes(self.0.subscribe())
    }

    /// Records of this kind have been changed: a customer's, or (`None`) the provider's own.
    pub(crate) fn changed(&self, subject: Subject, customer: Option<CustomerId>) {
        match subject {
            Subject::Customer | Subject::Account | Subject::Huntgroup | Subject::Role => {}
            Subject::Class
            | Subject::DialingRule
            | Subject::Administrator
            | Subject::SignIn
            | Subject::Supervision
            | Subject::Recording
            | Subject::Invoice
            | Subject::Payment
            | Subject::PaymentMethod
            | Subject::AutoPayment
            | Subject::PaymentSystem
            | Subject::Balance
            | Subject::Request => return,
        }
        self.0.send_modify(|counts| match customer {
            Some(customer) => *counts.of_one.entry(customer).or_default() += 1,
            None => counts.of_all += 1,
        });
    }
}

/// Waits for changes of rights.
#[derive(Debug)]
pub struct Changes(watch::Receiver<Counts>);

impl Changes {
    /// Waits for the next change; for ever, when nobody is left to make one.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(n: u128) -> CustomerId {
        CustomerId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_customers_change_is_its_own_and_a_roles_everybodys() {
        let rights = Rights::default();
        rights.changed(Subject::Huntgroup, Some(customer(1)));
        assert_eq!((rights.changes(customer(1)), rights.changes(customer(2))), (1, 0));
        rights.changed(Subject::Role, None);
        assert_eq!((rights.changes(customer(1)), rights.changes(customer(2))), (2, 1));
    }

    #[test]
    fn what_gives_nobody_rights_is_none() {
        let rights = Rights::default();
        rights.changed(Subject::Supervision, Some(customer(1)));
        assert_eq!(rights.changes(customer(1)), 0);
    }
}
