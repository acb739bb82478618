//! The way of every write: one transaction that changes records and tells the audit log.
//!
//! An update reads the record as it is, refuses when its version is not the one that the editor started from
//! ([`Write::stale`]), finds what changed ([`crate::diff`]), writes `WHERE version = expected` (so that of two at the
//! same moment one finds nothing to update), and tells each changed field with the record's new version.

use tandem_domain::{
    audit::{FieldChange, Subject},
    ids::{CustomerId, Timestamp, Version},
};
use uuid::Uuid;

use crate::{
    Change, StaleEdit, Store, StoreError, audit,
    db::{Arg, Row, Sql, Tx, sql},
    diff,
};

/// What an audit line is about.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) subject: Subject,
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whose data it is; `None`: the provider's own.
    pub(crate) customer: Option<CustomerId>,
}

impl About {
    /// A record of the provider's own.
    pub(crate) fn own(subject: Subject, id: impl ToString, name: &str) -> Self {
        Self { subject, id: id.to_string(), name: name.to_owned(), customer: None }
    }

    /// A record of a customer.
    pub(crate) fn of(customer: CustomerId, subject: Subject, id: impl ToString, name: &str) -> Self {
        Self { subject, id: id.to_string(), name: name.to_owned(), customer: Some(customer) }
    }
}

/// A transaction with the change that it is for. Dropped without [`Write::commit`] it leaves nothing.
pub(crate) struct Write<'a> {
    store: &'a Store,
    pub(crate) tx: Tx,
    change: &'a Change<'a>,
    /// What has been changed: whose.
    told: Vec<(Subject, Option<CustomerId>)>,
}

impl<'a> Write<'a> {
    pub(crate) async fn begin(store: &'a Store, change: &'a Change<'a>) -> Result<Self, StoreError> {
        Ok(Self { store, tx: store.begin().await?, change, told: Vec::new() })
    }

    /// The moment of the change.
    pub(crate) const fn at(&self) -> Timestamp {
        self.change.at
    }

    /// Who makes the change.
    pub(crate) const fn change(&self) -> &'a Change<'a> {
        self.change
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> Uuid {
        self.store.new_id(self.change.at)
    }

    /// Runs a statement and tells how many rows it touched.
    pub(crate) async fn run(&mut self, sql: Sql) -> Result<u64, StoreError> {
        self.tx.run(sql).await
    }

    /// Runs a statement of which only matters that it is done. See [`Tx::later`].
    pub(crate) async fn later(&mut self, sql: Sql) -> Result<(), StoreError> {
        self.tx.later(sql).await
    }

    /// The first row of a query, if there is one.
    pub(crate) async fn one(&mut self, sql: Sql) -> Result<Option<Row>, StoreError> {
        self.tx.one(sql).await
    }

    /// All rows of a query.
    pub(crate) async fn all(&mut self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        self.tx.all(sql).await
    }

    /// Inserts many rows; `head` is `INSERT INTO table (columns)`.
    pub(crate) async fn insert_all(&mut self, head: &str, rows: Vec<Vec<Arg>>) -> Result<(), StoreError> {
        self.tx.insert_all(head, rows).await
    }

    /// Waits until no other transaction that took this customer's turn is under way. Whoever depends on several rows of a
    /// customer takes it, for no unique index can guard what spans them.
    pub(crate) async fn take_turn(&mut self, customer: CustomerId) -> Result<(), StoreError> {
        let turn = sql("SELECT id FROM customer WHERE id = $1").bind(customer).taken();
        self.one(turn).await?.map(drop).ok_or(StoreError::NotFound)
    }

    /// Tells the audit log of changed fields; nothing if there are none. `version` is the record's version from now on.
    pub(crate) async fn tell(
        &mut self,
        about: &About,
        action: &str,
        version: Option<Version>,
        changes: Vec<FieldChange>,
    ) -> Result<(), StoreError> {
        if !changes.is_empty() {
            self.told.push((about.subject, about.customer));
        }
        audit::append(self.store, &mut self.tx, self.change, about, action, version, changes).await
    }

    /// Makes it last, and then tells whose rights have changed.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await?;
        for (subject, customer) in self.told {
            self.store.rights().changed(subject, customer);
        }
        Ok(())
    }

    /// What the second of two editors is told: what happened to the record since the version that they started from, as
    /// far as it is about `fields`.
    pub(crate) async fn stale(
        &mut self,
        record: impl ToString,
        since: Version,
        now: Version,
        fields: fn(&str) -> bool,
    ) -> StoreError {
        match self.edits_since(&record.to_string(), since, now, fields).await {
            Ok(stale) => StoreError::Stale(stale),
            Err(error) => error,
        }
    }

    /// Goes on only if a record that is to be deleted still is as somebody saw it.
    pub(crate) async fn as_seen(
        &mut self,
        record: impl ToString,
        expected: Option<Version>,
        now: Version,
    ) -> Result<(), StoreError> {
        match expected {
            Some(expected) if expected != now => Err(self.stale(record, expected, now, any_field).await),
            Some(_) | None => Ok(()),
        }
    }

    /// As [`Write::stale`], when the update found no row of the expected version although it had just been read.
    pub(crate) async fn overtaken(
        &mut self,
        by_id: Sql,
        record: impl ToString,
        since: Version,
        fields: fn(&str) -> bool,
    ) -> StoreError {
        match self.one(by_id).await.and_then(|row| row.ok_or(StoreError::NotFound)?.version()) {
            Ok(now) => self.stale(record, since, now, fields).await,
            Err(error) => error,
        }
    }

    /// As [`Write::stale`], for one value that has no version of its own: `change` is from what the editor saw to what it is
    /// now, `version` that of the record around it.
    pub(crate) async fn stale_value(&mut self, about: &About, version: Version, change: FieldChange) -> StoreError {
        let last =
            "SELECT id, at, actor, by_staff FROM audit WHERE subject_id = $1 AND field = $2 ORDER BY id DESC LIMIT 1";
        let found = match self.one(sql(last).bind(about.id.as_str()).bind(change.field.as_str())).await {
            Ok(Some(row)) => row.text("actor").and_then(|by| Ok((by, row.flag("by_staff")?, row.at("at")?))),
            Ok(None) => Ok((Change::SYSTEM.to_owned(), false, Timestamp::default())),
            Err(error) => Err(error),
        };
        match found {
            Ok((by, by_staff, at)) => {
                let (subject, changes) = (Some(about.subject), vec![change]);
                StoreError::Stale(StaleEdit { version, by, by_staff, at, subject, changes })
            }
            Err(error) => error,
        }
    }

    /// As [`Write::stale_value`], for a sign-in or a SIP password: the last that the audit log tells of it.
    pub(crate) async fn stale_secret(&mut self, about: &About, version: Version, fields: [&str; 2]) -> StoreError {
        let last = "SELECT id, at, actor, by_staff, field, old_value, new_value FROM audit \
                    WHERE subject_id = $1 AND field IN ($2, $3) ORDER BY id DESC LIMIT 1";
        let [one, other] = fields;
        let change = match self.one(sql(last).bind(about.id.as_str()).bind(one).bind(other)).await {
            Ok(Some(row)) => row
                .text("field")
                .and_then(|field| Ok(FieldChange { field, old: row.text("old_value")?, new: row.text("new_value")? })),
            Ok(None) => Ok(FieldChange { field: one.to_owned(), old: String::new(), new: String::new() }),
            Err(error) => Err(error),
        };
        match change {
            Ok(change) => self.stale_value(about, version, change).await,
            Err(error) => error,
        }
    }

    async fn edits_since(
        &mut self,
        record: &str,
        since: Version,
        now: Version,
        fields: fn(&str) -> bool,
    ) -> Result<StaleEdit, StoreError> {
        let edits = "SELECT id, at, actor, by_staff, subject, field, old_value, new_value FROM audit \
                     WHERE subject_id = $1 AND record_version > $2 ORDER BY id";
        let mut stale = StaleEdit {
            version: now,
            by: String::new(),
            by_staff: false,
            at: Timestamp::default(),
            subject: None,
            changes: Vec::new(),
        };
        for row in self.all(sql(edits).bind(record).bind(since)).await? {
            let change =
                FieldChange { field: row.text("field")?, old: row.text("old_value")?, new: row.text("new_value")? };
            if fields(&change.field) {
                stale.by = row.text("actor")?;
                stale.by_staff = row.flag("by_staff")?;
                stale.at = row.at("at")?;
                stale.subject = Some(row.read("subject", Subject::from_key)?);
                stale.changes.push(change);
            }
        }
        stale.changes = diff::merge(stale.changes);
        Ok(stale)
    }
}

/// Takes a row away; one of this version, if whoever takes it away saw one.
pub(crate) fn delete(table: &str, id: impl Into<Arg>, expected: Option<Version>) -> Sql {
    let delete = format!("DELETE FROM {table} WHERE id = $1");
    match expected {
        None => sql(delete).bind(id),
        Some(expected) => sql(format!("{delete} AND version = $2")).bind(id).bind(expected),
    }
}

/// All fields of a record: for [`Write::stale`].
pub(crate) fn any_field(_: &str) -> bool {
    true
}
