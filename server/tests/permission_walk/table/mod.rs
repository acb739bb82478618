//! Who may call what: every server function, with arguments that are right, and the status that each person gets.
//!
//! The columns: nobody, administrator, read-only administrator, customer ABC, customer Panda, John, Olivia. The arguments
//! name records of ABC (and John's where one account is meant) or of the provider, so Panda is always the wrong tenant.

use crate::walk::Row;

pub const SIGN_IN: &[Row] = &[];
pub const CUSTOMERS: &[Row] = &[];
pub const ACCOUNTS: &[Row] = &[];
pub const SHARED: &[Row] = &[];
pub const CENTREX: &[Row] = &[];
pub const CONFIGURATION: &[Row] = &[];
pub const RECORDS: &[Row] = &[];

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Row> {
    [SIGN_IN, CUSTOMERS, ACCOUNTS, SHARED, CENTREX, CONFIGURATION, RECORDS].into_iter().flatten()
}
