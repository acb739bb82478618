//! How much there is, for dashboards.

use tandem_domain::{access::Scope, status::Status};

use crate::{
    Store, StoreError,
    db::{Row, Sql, sql},
};

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
        let by_status = "SELECT status, COUNT(*) AS n FROM customer";
        let by_status = match scope.customer() {
            None => sql(format!("{by_status} GROUP BY status")),
            Some(customer) => sql(format!("{by_status} WHERE id = $1 GROUP BY status")).bind(customer),
        };
        self.by_status(by_status).await
    }

    /// Accounts by status.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn accounts(&self, scope: Scope) -> Result<StatusCounts, StoreError> {
        let by_status = "SELECT status, CAST(SUM(accounts) AS BIGINT) AS n FROM account_tally";
        let by_status = match scope.customer() {
            None => sql(format!("{by_status} GROUP BY status")),
            Some(customer) => sql(format!("{by_status} WHERE customer_id = $1 GROUP BY status")).bind(customer),
        };
        self.by_status(by_status).await
    }

    /// Huntgroups of one customer, or of all.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn huntgroups(&self, scope: Scope) -> Result<i64, StoreError> {
        let count = "SELECT COUNT(*) AS n FROM huntgroup";
        let count = match scope.customer() {
            None => sql(count),
            Some(customer) => sql(format!("{count} WHERE customer_id = $1")).bind(customer),
        };
        self.0.db.one(count).await?.map_or(Ok(0), |row| row.int("n"))
    }

    async fn by_status(&self, by_status: Sql) -> Result<StatusCounts, StoreError> {
        let rows = self.0.db.all(by_status).await?;
        rows.iter().try_fold(StatusCounts::default(), |mut counts, row: &Row| {
            let n = row.int("n")?;
            match row.read("status", Status::from_key)? {
                Status::Open => counts.open = n,
                Status::Suspended => counts.suspended = n,
                Status::Blocked => counts.blocked = n,
                Status::Closed => counts.closed = n,
            }
            Ok(counts)
        })
    }
}
