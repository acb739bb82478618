//! Customers: who they are, their status and its history.

use tandem_domain::{
    access::{Scope, Tenant},
    customer::Customer,
    ids::{ClassId, CustomerId, Stored, Timestamp, Version},
    list::{Page, Query},
    sign_in::SignInName,
    status::{Status, StatusChange},
};

use crate::{Change, Store, StoreError, sign_ins::NewSignIn};

/// What the list of customers can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CustomerSort {
    /// The name.
    #[default]
    Name,
    /// The status.
    Status,
    /// When it was made.
    Created,
}

impl CustomerSort {
    /// The sort of this name in a URL; the first for any other.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key {
            "status" => Self::Status,
            "created" => Self::Created,
            _ => Self::Name,
        }
    }
}

/// Which customers a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CustomerFilters {
    /// Only those with this status.
    pub status: Option<Status>,
    /// Only those of this class.
    pub class: Option<ClassId>,
}

/// A customer in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRow {
    /// What names it.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// Its SIP prefix.
    pub sip_prefix: String,
    /// Its status.
    pub status: Status,
    /// The name of its class.
    pub class: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many accounts it has, closed ones not counted.
    pub accounts: i64,
}

/// What is known of a customer beside its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerOverview {
    /// The status.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// The name of the customer's own sign-in.
    pub sign_in: Option<SignInName>,
    /// How many accounts it has, closed ones not counted.
    pub accounts: i64,
}

/// The customers. See [`Store::customers`].
#[derive(Clone, Copy)]
pub struct Customers<'a>(pub(crate) &'a Store);

impl Customers<'_> {
    /// A page of customers. Searched: name, e-mail address, SIP prefix.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        query: &Query<CustomerSort>,
        filters: &CustomerFilters,
    ) -> Result<Page<CustomerRow>, StoreError> {
        todo!()
    }

    /// All customers' names in alphabetical order, at most `limit`, for a choice in a form. `search` as in lists.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices(&self, scope: Scope, search: &str, limit: u32) -> Result<Vec<(CustomerId, String)>, StoreError> {
        todo!()
    }

    /// A customer.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, tenant: Tenant) -> Result<Stored<CustomerId, Customer>, StoreError> {
        todo!()
    }

    /// What is known of a customer beside its record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn overview(&self, tenant: Tenant) -> Result<CustomerOverview, StoreError> {
        todo!()
    }

    /// Adds a customer, open, with a sign-in of its own if one is given.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`, `sip_prefix`, `sign_in`); [`StoreError::Refused`] (`class`, `role`).
    pub async fn create(
        &self,
        customer: &Customer,
        sign_in: Option<&NewSignIn>,
        change: &Change<'_>,
    ) -> Result<CustomerId, StoreError> {
        todo!()
    }

    /// Saves a customer over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Taken`] (`name`, `sip_prefix`);
    /// [`StoreError::Refused`]: `class`, `role`, or `sip_prefix` while phones sign in with the old one.
    pub async fn update(
        &self,
        tenant: Tenant,
        expected: Version,
        customer: &Customer,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Sets the status, with a reason for the history, and tells the status before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`status`) when it is closed or has that status already.
    pub async fn set_status(
        &self,
        tenant: Tenant,
        status: Status,
        reason: &str,
        change: &Change<'_>,
    ) -> Result<Status, StoreError> {
        todo!()
    }

    /// The statuses that the customer had, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn status_history(&self, tenant: Tenant) -> Result<Vec<StatusChange>, StoreError> {
        todo!()
    }
}
