//! What can go wrong with records.

use tandem_domain::{
    audit::{FieldChange, Subject},
    error::FieldErrors,
    ids::{Timestamp, Version},
};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such record, or it is another tenant's.
    #[error("there is no such record")]
    NotFound,
    /// Somebody else changed the record since it was read; nothing was written.
    #[error("the record was changed by {} meanwhile", .0.by)]
    Stale(StaleEdit),
    /// A name, number or prefix that another record has: field → what to do.
    #[error("already used: {0}")]
    Taken(FieldErrors),
    /// The record cannot be deleted, for others use it: which ones, in words for people.
    #[error("{0}")]
    InUse(String),
    /// What was asked for breaks a rule that only the store can check: field → what to do.
    #[error("refused: {0}")]
    Refused(FieldErrors),
    /// The database failed or cannot be reached.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("the tables could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The URL names no database that Tandem knows.
    #[error("this is not the address of a database; use sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")]
    Url,
    /// A stored value that no version of Tandem writes.
    #[error("{column} of record {id} holds “{value}”, which means nothing")]
    Corrupt {
        /// The record, as far as it is known.
        id: String,
        /// The column.
        column: String,
        /// What it holds.
        value: String,
    },
}

impl StoreError {
    /// Whether the same may go well later, without being changed: the database cannot be reached, is busy, full or not as it
    /// should be. What it refuses for what is in it (a constraint, a value too long or of no such kind) it refuses for good.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => !is_refusal(error.as_ref()),
            Self::Database(error) => !matches!(
                error,
                sqlx::Error::Encode(_)
                    | sqlx::Error::Decode(_)
                    | sqlx::Error::ColumnDecode { .. }
                    | sqlx::Error::InvalidArgument(_)
            ),
            Self::NotFound
            | Self::Stale(_)
            | Self::Taken(_)
            | Self::InUse(_)
            | Self::Refused(_)
            | Self::Migration(_)
            | Self::Url
            | Self::Corrupt { .. } => false,
        }
    }

    /// A record of which one field's value belongs to another.
    pub(crate) fn taken(field: &str, text: impl Into<String>) -> Self {
        Self::Taken(FieldErrors::one(field, text))
    }

    /// A rule that is broken at one field.
    pub(crate) fn refused(field: &str, text: impl Into<String>) -> Self {
        Self::Refused(FieldErrors::one(field, text))
    }
}

/// Whether a database refuses what it was given, not at this moment only.
fn is_refusal(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    match code.len() {
        // SQLSTATE of PostgreSQL (its manual, appendix A): class 22 is data, 23 a constraint.
        5 => code.starts_with("22") || code.starts_with("23"),
        // SQLite's extended result codes (sqlite.org/rescode.html), of which the last octet is the primary one: TOOBIG,
        // CONSTRAINT, MISMATCH.
        _ => code.parse::<u32>().is_ok_and(|code| matches!(code & 0xFF, 18..=20)),
    }
}

/// What somebody else did to a record while it was being edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleEdit {
    /// The version that the record has now.
    pub version: Version,
    /// Who changed it last.
    pub by: String,
    /// Whether that is one of the provider's staff.
    pub by_staff: bool,
    /// When.
    pub at: Timestamp,
    /// What kind of record it is; `None` when the audit log tells of no change.
    pub subject: Option<Subject>,
    /// What changed since the version that the editor started from, one entry per field. Not everybody may see all of it.
    pub changes: Vec<FieldChange>,
}
