//! The browsers' sessions, in the same database.

use async_trait::async_trait;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store,
};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use crate::{StoreError, db::Db};

/// The store of sessions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sessions(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// Every request loads its session, so loading must not wait for the one connection that writes.
    Sqlite {
        read: SqliteStore,
        write: SqliteStore,
    },
    Postgres(PostgresStore),
}

impl Sessions {
    pub(crate) fn of(db: &Db) -> Self {
        Self(match db {
            Db::Sqlite { read, write } => {
                Kind::Sqlite { read: SqliteStore::new(read.clone()), write: SqliteStore::new(write.clone()) }
            }
            Db::Postgres(pool) => Kind::Postgres(PostgresStore::new(pool.clone())),
        })
    }

    /// Makes the table.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Sqlite { write, .. } => write.migrate().await?,
            Kind::Postgres(store) => store.migrate().await?,
        }
        Ok(())
    }

    /// Deletes the sessions whose time is over.
    pub(crate) async fn delete_expired(&self) -> Result<(), StoreError> {
        let deleted = match &self.0 {
            Kind::Sqlite { write, .. } => write.delete_expired().await,
            Kind::Postgres(store) => store.delete_expired().await,
        };
        deleted.map_err(|error| StoreError::Database(sqlx::Error::Protocol(error.to_string())))
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        match &self.0 {
            Kind::Sqlite { write, .. } => write.create(record).await,
            Kind::Postgres(store) => store.create(record).await,
        }
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        match &self.0 {
            Kind::Sqlite { write, .. } => write.save(record).await,
            Kind::Postgres(store) => store.save(record).await,
        }
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        match &self.0 {
            Kind::Sqlite { read, .. } => read.load(id).await,
            Kind::Postgres(store) => store.load(id).await,
        }
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        match &self.0 {
            Kind::Sqlite { write, .. } => write.delete(id).await,
            Kind::Postgres(store) => store.delete(id).await,
        }
    }
}
