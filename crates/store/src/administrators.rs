//! The provider's staff. There is always somebody left who can manage it.

use tandem_domain::{
    administrator::Administrator,
    ids::{AdministratorId, Stored, Version},
    list::{Page, Query},
    sign_in::SignInName,
};

use crate::{Change, Store, StoreError, sign_ins::NewSignIn};

/// An administrator in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdministratorRow {
    /// What names the person here.
    pub id: AdministratorId,
    /// The person's name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The name of the access role.
    pub role: String,
    /// Whether the person may sign in.
    pub active: bool,
    /// The sign-in name.
    pub sign_in: Option<SignInName>,
}

/// The administrators. See [`Store::administrators`].
#[derive(Clone, Copy)]
pub struct Administrators<'a>(pub(crate) &'a Store);

impl Administrators<'_> {
    /// A page of administrators by name. Searched: name, e-mail address.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<()>) -> Result<Page<AdministratorRow>, StoreError> {
        todo!()
    }

    /// An administrator.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: AdministratorId) -> Result<Stored<AdministratorId, Administrator>, StoreError> {
        todo!()
    }

    /// Adds an administrator with a sign-in.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`sign_in`), [`StoreError::Refused`] (`role`).
    pub async fn create(
        &self,
        administrator: &Administrator,
        sign_in: &NewSignIn,
        change: &Change<'_>,
    ) -> Result<AdministratorId, StoreError> {
        todo!()
    }

    /// Saves an administrator over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Refused`]: `role`; `active` or `role` when nobody would
    /// be left who can manage administrators.
    pub async fn update(
        &self,
        id: AdministratorId,
        expected: Version,
        administrator: &Administrator,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Deletes an administrator and the sign-in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] when nobody would be left who can manage administrators.
    pub async fn delete(&self, id: AdministratorId, change: &Change<'_>) -> Result<(), StoreError> {
        todo!()
    }
}
