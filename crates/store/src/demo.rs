//! Data to try Tandem with, and data to measure it with.

use tandem_domain::ids::Timestamp;

use crate::{Store, StoreError};

/// Fills an empty database with the demonstration data of DESIGN. Tells whether it did: a database with any customer or
/// administrator in it is left as it is.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn fill(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    todo!()
}

/// Adds many customers, accounts and audit rows, spread evenly, for measurements.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn bulk(
    store: &Store,
    customers: u32,
    accounts: u32,
    audit_rows: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    todo!()
}
