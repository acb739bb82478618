//! Service settings: stored for a customer or an account, in effect by inheritance.

use tandem_domain::{
    access::Tenant,
    ids::AccountId,
    settings::{Effective, Setting, Value},
};

use crate::{Change, Store, StoreError};

/// A customer's settings, and its accounts' own. See [`Store::settings`].
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: Tenant,
}

impl Settings<'_> {
    /// All settings of the customer, in the order of [`Setting::ALL`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn effective(&self) -> Result<Vec<Effective>, StoreError> {
        todo!()
    }

    /// All settings as they are in effect for an account, in the order of [`Setting::ALL`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's account.
    pub async fn effective_for(&self, account: AccountId) -> Result<Vec<Effective>, StoreError> {
        todo!()
    }

    /// Sets a value of the customer or of an account, or removes it (`None`: inherit). Tells the value before, which undoes it.
    /// `expected` is the stored value that the person saw, if the change depends on it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Stale`] when the stored value is not the expected one;
    /// [`StoreError::Refused`] (the setting's key) for a value that the setting, or an account, cannot have.
    pub async fn set(
        &self,
        account: Option<AccountId>,
        setting: Setting,
        new: Option<Value>,
        expected: Option<Option<Value>>,
        change: &Change<'_>,
    ) -> Result<Option<Value>, StoreError> {
        todo!()
    }
}
