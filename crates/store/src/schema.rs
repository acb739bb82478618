//! Brings the tables up to date, and the built-in records with them.

use std::borrow::Cow;

use sqlx::migrate::{Migration, Migrator};

use crate::{
    Store, StoreError, administrators, classes,
    db::{Db, Tx, sql},
    dialing_rules, roles,
};

/// The tables of the ledger that are only ever appended to.
const APPENDED: [&str; 2] = ["ledger_transaction", "ledger_posting"];

/// The migrations, inside the program.
static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

pub(crate) async fn migrate(store: &Store) -> Result<(), StoreError> {
    match &store.db {
        Db::Sqlite { write, .. } => {
            // On SQLite, sqlx looks which migrations are missing without a lock: two programs would both make the tables.
            let mut alone = write.begin_with("BEGIN IMMEDIATE").await?;
            MIGRATIONS.run_direct(&mut *alone).await?;
            alone.commit().await?;
            keep_built_in(store).await
        }
        Db::Postgres(pool) => {
            // sqlx takes a lock of its own here.
            for_postgres().run(pool).await?;
            keep_built_in(store).await
        }
    }
}

async fn keep_built_in(store: &Store) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    // One server after the other: two that insert the same record at once would meet in the unique index of its name, of
    // which ON CONFLICT (id) knows nothing.
    tx.run(sql(administrators::TURN)).await?;
    classes::keep_built_in(&mut tx).await?;
    roles::keep_built_in(&mut tx).await?;
    dialing_rules::keep_built_in(&mut tx).await?;
    keep_appended(&mut tx).await?;
    tx.commit().await
}

/// Has the database refuse to change or delete what is in the ledger. The two say that in different texts, so this is no
/// migration.
async fn keep_appended(tx: &mut Tx) -> Result<(), StoreError> {
    for table in APPENDED {
        for (event, name) in [("UPDATE", "changed"), ("DELETE", "deleted")] {
            let name = format!("{table}_is_not_{name}");
            match tx {
                Tx::Sqlite(..) => {
                    let text = format!(
                        "CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON {table} \
                         BEGIN SELECT RAISE(ABORT, 'the ledger is only appended to'); END"
                    );
                    tx.run(sql(text).once()).await?;
                }
                Tx::Postgres(_) => {
                    let known = sql("SELECT tgname FROM pg_trigger WHERE tgname = $1").bind(name.as_str());
                    if tx.one(known).await?.is_some() {
                        continue;
                    }
                    let refuse = "CREATE OR REPLACE FUNCTION ledger_is_appended_to() RETURNS trigger LANGUAGE plpgsql AS \
                                  $$ BEGIN RAISE EXCEPTION 'the ledger is only appended to'; END $$";
                    tx.run(sql(refuse).once()).await?;
                    let text = format!(
                        "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW \
                         EXECUTE FUNCTION ledger_is_appended_to()"
                    );
                    tx.run(sql(text).once()).await?;
                }
            }
        }
    }
    Ok(())
}

pub(crate) async fn is_current(db: &Db) -> Result<bool, StoreError> {
    let applied = match db.all(sql("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")).await {
        Ok(rows) => rows.iter().map(|row| row.int("version")).collect::<Result<Vec<_>, _>>()?,
        // The table of migrations itself is not there yet.
        Err(StoreError::Database(sqlx::Error::Database(_))) => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(MIGRATIONS.iter().map(|migration| migration.version).eq(applied))
}

/// The same migrations with TEXT compared by bytes, as SQLite does, whatever the collation of the PostgreSQL database: a
/// list must have one order everywhere, and the word index looks for beginnings of words by comparison.
fn for_postgres() -> Migrator {
    let by_bytes = |migration: &Migration| {
        let sql = Cow::Owned(migration.sql.replace(" TEXT", " TEXT COLLATE \"C\""));
        Migration { sql, ..migration.clone() }
    };
    Migrator { migrations: MIGRATIONS.iter().map(by_bytes).collect(), ..Migrator::DEFAULT }
}
