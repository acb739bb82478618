//! How recordings go: deleted by somebody, or when they have been kept for as long as their class says.
//!
//! The row goes in a transaction that writes the name of what is left in the object store; whoever deletes there asks for
//! those names ([`Recordings::objects_to_delete`]) and tells when one is gone.

use std::collections::BTreeMap;

use tandem_domain::{
    access::Who,
    audit::{FieldChange, Subject},
    ids::{ClassId, CustomerId, RecordingId, Timestamp},
    recordings::Recording,
};

use super::{Recordings, WORDS, about, beginning, by_id, finishing::cause, read};
use crate::{
    Change, StoreError,
    db::{Row, sql},
    ids::first_of,
    outbox,
    saving::{About, Write},
    search,
};

/// Recordings that are deleted at once, by one request.
pub const DELETED_MAX: usize = 1000;
/// A clock that is further ahead than this of all that was written is not believed: 30 days.
const CLOCK_TRUSTED_SECONDS: i64 = 30 * 24 * 60 * 60;
/// Who deletes what has been kept for long enough, in the audit log.
const RETENTION: &str = "retention";

impl Recordings<'_> {
    /// Deletes those of these recordings that `who` may delete, and tells how many: all in one transaction, with a line each in
    /// the audit log. Others, and those beyond the first thousand, are left as they are. An e-mail about one that was not
    /// sent yet is not sent.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn delete(&self, change: &Change<'_>, who: Who, ids: &[RecordingId]) -> Result<u32, StoreError> {
        let mut write = self.0.write(change).await?;
        let mut deleted = 0;
        for id in ids.iter().take(DELETED_MAX) {
            let Some(row) = write.one(by_id(*id)).await? else { continue };
            let recording = read(&row)?;
            if !recording.may_be_deleted_by(who) || !take(&mut write, &row, &recording).await? {
                continue;
            }
            let told = FieldChange { field: "recording".into(), old: beginning(&recording), new: String::new() };
            write.tell(&about(&recording), "deleted", None, vec![told]).await?;
            deleted += 1;
        }
        write.commit().await?;
        Ok(deleted)
    }

    /// Deletes recordings that are older than their class keeps them, `most` at once, and tells how many. The audit log tells
    /// of each customer how many were deleted.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn expire(&self, now: Timestamp, most: u32) -> Result<u32, StoreError> {
        let classes =
            "SELECT id, recordings_kept_days FROM customer_class WHERE recordings_kept_days IS NOT NULL ORDER BY id";
        let mut old = Vec::new();
        for class in self.0.db.all(sql(classes)).await? {
            let (id, days): (ClassId, i64) = (class.parse("id")?, class.int("recordings_kept_days")?);
            let bound = first_of(now.plus_seconds(-days.saturating_mul(24 * 60 * 60))).to_string();
            // SQLite takes the two in this order: of each customer the oldest.
            let of_class = format!(
                "SELECT r.*, c.name AS customer_name FROM customer c CROSS JOIN recording r \
                 WHERE c.class_id = $1 AND r.customer_id = c.id AND r.id < $2 LIMIT {}",
                (most as usize).saturating_sub(old.len())
            );
            old.extend(self.0.db.all(sql(of_class).bind(id).bind(bound).once()).await?);
        }
        if old.is_empty() || self.is_far_from_all_records(now).await? {
            return Ok(0);
        }
        let change = Change { at: now, actor: RETENTION, by_staff: false, address: None };
        let mut write = self.0.write(&change).await?;
        // What is for an account only is counted apart, for its company does not know of it.
        let mut counts: BTreeMap<(CustomerId, bool), (String, u32)> = BTreeMap::new();
        for row in &old {
            let recording = read(row)?;
            if take(&mut write, row, &recording).await? {
                let name = row.text("customer_name")?;
                counts.entry((recording.customer, recording.account_only)).or_insert((name, 0)).1 += 1;
            }
        }
        for ((customer, secret), (name, count)) in &counts {
            let about = About::of(*customer, Subject::Recording, customer, name);
            let about = About { customer: about.customer.filter(|_| !secret), ..about };
            let told = FieldChange { field: "recordings".into(), old: count.to_string(), new: String::new() };
            write.tell(&about, "deleted", None, vec![told]).await?;
        }
        write.commit().await?;
        Ok(counts.values().map(|(_, count)| count).sum())
    }

    /// Whether this moment is long after everything that was ever written: then it is the clock that is wrong, and nothing may be
    /// deleted because of it.
    async fn is_far_from_all_records(&self, now: Timestamp) -> Result<bool, StoreError> {
        let bound = first_of(now.plus_seconds(-CLOCK_TRUSTED_SECONDS)).to_string();
        let newer = "SELECT 1 AS found FROM audit WHERE id >= $1 UNION ALL SELECT 1 FROM recording WHERE id >= $1 \
                     UNION ALL SELECT 1 FROM xdr WHERE id >= $1 LIMIT 1";
        Ok(self.0.db.one(sql(newer).bind(bound)).await?.is_none())
    }

    /// What is to be deleted from the object store, the longest known first: names without their endings
    /// ([`Recording::object`]).
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn objects_to_delete(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        let objects = format!("SELECT object FROM recording_deletion ORDER BY since, object LIMIT {limit}");
        self.0.db.all(sql(objects).once()).await?.iter().map(|row| row.text("object")).collect()
    }

    /// What had this name in the object store is gone.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn object_deleted(&self, object: &str) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        tx.run(sql("DELETE FROM recording_deletion WHERE object = $1").bind(object)).await?;
        tx.commit().await
    }

    /// What has this name in the object store could not be deleted: the others come first from now on.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn object_remains(&self, object: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        let last = sql("UPDATE recording_deletion SET since = $1 WHERE object = $2");
        tx.run(last.bind(now).bind(object)).await?;
        tx.commit().await
    }
}

/// Takes a recording away, and tells whether it was still there as it was read.
async fn take(write: &mut Write<'_>, row: &Row, recording: &Recording) -> Result<bool, StoreError> {
    let delete = sql("DELETE FROM recording WHERE id = $1 AND account_only = $2");
    if write.run(delete.bind(recording.id).bind(recording.account_only)).await? == 0 {
        return Ok(false);
    }
    search::forget(&mut write.tx, WORDS.kind, &recording.id.to_string(), &row.text("search")?).await?;
    let left = "INSERT INTO recording_deletion (object, since) VALUES ($1, $2) ON CONFLICT (object) DO NOTHING";
    write.run(sql(left).bind(recording.object()).bind(write.at())).await?;
    outbox::call_off(&mut write.tx, &cause(recording), "The recording was deleted before this was sent.").await?;
    Ok(true)
}
