//! How much there is, for dashboards.

use tandem_domain::{access::Scope, status::Status};

use crate::{Store, StoreError};

/// How many records have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusCounts {
    /// Open ones.
    pub open: i64,
    /// Suspended ones.
    pub suspended: i64,
    /// Blocked ones.
    pub blocked: i64,
    /// Closed ones.
    pub closed: i64,
}

impl StatusCounts {
    /// How many have this status.
    #[must_use]
    pub const fn of(&self, status: Status) -> i64 {
        match status {
            Status::Open => self.open,
            Status::Suspended => self.suspended,
            Status::Blocked => self.blocked,
            Status::Closed => self.closed,
        }
    }
}

/// The counts. See [`Store::counts`].
#[derive(Clone, Copy)]
pub struct Counts<'a>(pub(crate) &'a Store);

impl Counts<'_> {
    /// Customers by status.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn customers(&self, scope: Scope) -> Result<StatusCounts, StoreError> {
        todo!()
    }

    /// Accounts by status.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn accounts(&self, scope: Scope) -> Result<StatusCounts, StoreError> {
        todo!()
    }

    /// Huntgroups of one customer, or of all.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn huntgroups(&self, scope: Scope) -> Result<i64, StoreError> {
        todo!()
    }
}
