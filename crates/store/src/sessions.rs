//! The browsers' sessions, in the same database.
//!
//! A store of our own for two promises that the ready-made ones do not give: a session that has ended stays ended, also when
//! a request of it that was under way is saved afterwards; and on SQLite reading waits for no writer.

use std::fmt;

use async_trait::async_trait;
use tandem_domain::ids::Timestamp;
use tower_sessions::{
    SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

use crate::{
    Store, StoreError,
    db::{Sql, sql},
};

/// The store of sessions. Cheap to clone.
#[derive(Clone)]
pub struct Sessions(pub(crate) Store);

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

impl Sessions {
    /// Deletes the sessions whose time is over.
    pub(crate) async fn delete_expired(&self, now: Timestamp) -> std::result::Result<(), StoreError> {
        self.run(sql("DELETE FROM session WHERE expires_at <= $1").bind(now)).await.map(drop)
    }

    async fn run(&self, statement: Sql) -> std::result::Result<u64, StoreError> {
        let mut tx = self.0.begin().await?;
        let touched = tx.run(statement).await?;
        tx.commit().await?;
        Ok(touched)
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let insert = "INSERT INTO session (id, data, expires_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
            let insert = sql(insert).bind(record.id.to_string()).bind(data(record)?).bind(expiry(record));
            if self.run(insert).await.map_err(backend)? > 0 {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // Never an insert: somebody may have signed out since this request was read.
        let update = "UPDATE session SET data = $1, expires_at = $2 WHERE id = $3";
        let update = sql(update).bind(data(record)?).bind(expiry(record)).bind(record.id.to_string());
        self.run(update).await.map(drop).map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = sql("SELECT data, expires_at FROM session WHERE id = $1").bind(id.to_string());
        let Some(row) = self.0.db.one(found).await.map_err(backend)? else { return Ok(None) };
        let expires = row.int("expires_at").map_err(backend)?;
        let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(expires) * 1_000_000)
            .map_err(|error| Error::Decode(error.to_string()))?;
        // The trait gives no moment; the library's own expiry goes by this clock too.
        if expiry_date <= OffsetDateTime::now_utc() {
            return Ok(None);
        }
        let data = row.text("data").map_err(backend)?;
        let data = serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.run(sql("DELETE FROM session WHERE id = $1").bind(id.to_string())).await.map(drop).map_err(backend)
    }
}

fn data(record: &Record) -> Result<String> {
    serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn expiry(record: &Record) -> Timestamp {
    let milliseconds = record.expiry_date.unix_timestamp_nanos() / 1_000_000;
    Timestamp(i64::try_from(milliseconds).unwrap_or(i64::MAX))
}

fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}
