//! The audit log: appended with every change, read in pages or as a whole.

use tandem_domain::{
    access::Scope,
    audit::{AuditRow, FieldChange, Subject},
    ids::{AuditId, CustomerId, Timestamp},
    list::{Cursor, Page},
};

use crate::{Change, Store, StoreError};

/// Which lines are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilters {
    /// Only lines about this kind of record.
    pub subject: Option<Subject>,
    /// Only lines about this record, by its id as text.
    pub record: Option<String>,
    /// Only lines by this sign-in name; empty: anybody.
    pub actor: String,
    /// Only lines about this customer's data.
    pub customer: Option<CustomerId>,
    /// Only lines from this moment on.
    pub from: Option<Timestamp>,
    /// Only lines before this moment.
    pub until: Option<Timestamp>,
    /// Words to search for in the record's name, the field and its values; each must begin a word. Empty: all lines.
    pub search: String,
}

/// The audit log. See [`Store::audit`].
#[derive(Clone, Copy)]
pub struct Audit<'a>(pub(crate) &'a Store);

impl Audit<'_> {
    /// A page of lines, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        filters: &AuditFilters,
        cursor: Option<&Cursor>,
    ) -> Result<Page<AuditRow>, StoreError> {
        todo!()
    }

    /// The next lines, the newest first, after the line `after` (from the newest if `None`): a thousand at most; none at the
    /// end. For an export that holds a bounded part of the log at a time.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn export(
        &self,
        scope: Scope,
        filters: &AuditFilters,
        after: Option<AuditId>,
    ) -> Result<Vec<AuditRow>, StoreError> {
        todo!()
    }

    /// The newest lines about one record, for its page.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_record(&self, scope: Scope, record_id: &str, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        todo!()
    }

    /// Writes a line about something that changed no record: a sign-in, a refused request.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    #[expect(clippy::too_many_arguments, reason = "a line of the log has this many columns")]
    pub async fn note(
        &self,
        change: &Change<'_>,
        customer: Option<CustomerId>,
        subject: Subject,
        subject_id: &str,
        subject_name: &str,
        action: &str,
        field: FieldChange,
    ) -> Result<(), StoreError> {
        todo!()
    }
}
