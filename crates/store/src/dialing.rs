//! Which codes a customer and its accounts dial: the assigned rule, the customer's own, and what is in effect.

use tandem_domain::{
    access::Tenant,
    dialing::{CustomerDialing, EffectiveRule},
    ids::{AccountId, CustomerId, Stored, Version},
};

use crate::{Change, Store, StoreError};

/// A customer's codes. See [`Store::dialing`].
#[derive(Clone, Copy)]
pub struct Dialing<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: Tenant,
}

impl Dialing<'_> {
    /// What the customer has chosen. Its version is its own, not the customer record's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self) -> Result<Stored<CustomerId, CustomerDialing>, StoreError> {
        todo!()
    }

    /// Saves the choice over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Refused`]: `dialing_rule` that does not exist.
    pub async fn update(
        &self,
        expected: Version,
        dialing: &CustomerDialing,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// The codes in effect for the customer's accounts that have no rule of their own: the custom ones where the dialing
    /// rules option is on and the custom rule is chosen, else those of the assigned rule, else the built-in ones.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn effective(&self) -> Result<EffectiveRule, StoreError> {
        todo!()
    }

    /// The codes in effect for an account: its own rule's, else its customer's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's account.
    pub async fn effective_for(&self, account: AccountId) -> Result<EffectiveRule, StoreError> {
        todo!()
    }
}
