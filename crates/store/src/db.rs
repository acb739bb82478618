//! Two databases, one SQL text: besides opening, closing and migrating, the only module that knows which one it is.
//!
//! A statement is a text with `$1` placeholders and its arguments ([`Sql`]); rows come back as [`Row`], read by column name.
//! Columns are TEXT, BIGINT and BOOLEAN, so three kinds of argument are all there is. SQLite has one connection that writes
//! and several that read; every transaction takes the write lock at its beginning, so that none fails halfway because
//! another was first. PostgreSQL has one pool.

mod later;

use std::{borrow::Cow, str::FromStr};

use sqlx::{Column, PgPool, Postgres, Row as _, Sqlite, SqlitePool, postgres::PgRow, sqlite::SqliteRow};
use tandem_domain::ids::{Timestamp, Version};

use self::later::Later;
use crate::StoreError;

/// The database.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    /// The embedded one.
    Sqlite {
        /// Many connections that only read.
        read: SqlitePool,
        /// The one connection that writes.
        write: SqlitePool,
    },
    /// A server.
    Postgres(PgPool),
}

/// A value given to a statement.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Text(Option<String>),
    Int(Option<i64>),
    Flag(bool),
}

/// A statement with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Sql {
    text: Cow<'static, str>,
    args: Vec<Arg>,
    kept: bool,
    /// The text for PostgreSQL, if it is another.
    on_postgres: Option<String>,
}

/// A statement. Its n-th [`Sql::bind`] is `$n`.
pub(crate) fn sql(text: impl Into<Cow<'static, str>>) -> Sql {
    Sql { text: text.into(), args: Vec::new(), kept: true, on_postgres: None }
}

impl Sql {
    /// Gives the next argument.
    pub(crate) fn bind(mut self, arg: impl Into<Arg>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Gives the next arguments.
    pub(crate) fn bind_all(mut self, args: impl IntoIterator<Item = Arg>) -> Self {
        self.args.extend(args);
        self
    }

    /// Does not keep the prepared statement: its text will hardly come again.
    pub(crate) fn once(mut self) -> Self {
        self.kept = false;
        self
    }

    /// Holds the rows that it finds as they are until the transaction ends: for a record that another is about to refer to,
    /// so that nobody deletes or turns it meanwhile. (SQLite has one writer at a time, so there nobody can.)
    pub(crate) fn steady(mut self) -> Self {
        self.on_postgres = Some(format!("{} FOR SHARE", self.text));
        self
    }

    /// Takes the rows that it finds until the transaction ends, and passes over those that another has taken: for one of
    /// several pieces of work. (SQLite has one writer at a time, so there nobody else has any.)
    pub(crate) fn untaken(mut self) -> Self {
        self.on_postgres = Some(format!("{} FOR UPDATE SKIP LOCKED", self.text));
        self
    }

    /// Takes the rows that it finds until the transaction ends, and waits for whoever has them. Others may still refer to them.
    /// (SQLite has one writer at a time, so there whoever is asked has them.)
    pub(crate) fn taken(mut self) -> Self {
        self.on_postgres = Some(format!("{} FOR NO KEY UPDATE", self.text));
        self
    }

    /// The text as PostgreSQL understands it.
    fn for_postgres(&self) -> &str {
        self.on_postgres.as_deref().unwrap_or(&self.text)
    }
}

/// Prepares a statement for one of the two databases.
macro_rules! prepared {
    (Sqlite, $sql:expr) => {
        prepared!(Sqlite, $sql, &$sql.text)
    };
    (Postgres, $sql:expr) => {
        prepared!(Postgres, $sql, $sql.for_postgres())
    };
    ($database:ty, $sql:expr, $text:expr) => {{
        let sql: &Sql = $sql;
        let mut query = sqlx::query::<$database>($text).persistent(sql.kept);
        for arg in &sql.args {
            query = match arg {
                Arg::Text(text) => query.bind(text.as_deref()),
                Arg::Int(number) => query.bind(*number),
                Arg::Flag(flag) => query.bind(*flag),
            };
        }
        query
    }};
}

impl Db {
    /// All rows of a query.
    pub(crate) async fn all(&self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => {
                prepared!(Sqlite, &sql).fetch_all(read).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(pool) => {
                prepared!(Postgres, &sql).fetch_all(pool).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first row of a query, if there is one.
    pub(crate) async fn one(&self, sql: Sql) -> Result<Option<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => prepared!(Sqlite, &sql).fetch_optional(read).await?.map(Row::Sqlite),
            Self::Postgres(pool) => prepared!(Postgres, &sql).fetch_optional(pool).await?.map(Row::Postgres),
        })
    }

    /// Begins a transaction that may write. Dropped without [`Tx::commit`] it leaves nothing.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => {
                // In a task of its own, which nobody can cut off: sqlx leaves the one connection that writes inside a
                // transaction for ever when it is dropped between "BEGIN" and its answer. What nobody waits for any more
                // is rolled back by being dropped.
                let write = write.clone();
                let begun = tokio::spawn(async move { write.begin_with("BEGIN IMMEDIATE").await }).await;
                Tx::Sqlite(begun.unwrap_or(Err(sqlx::Error::WorkerCrashed))?, Later::default())
            }
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }
}

/// Rows of an insert so short that its text is kept.
const FEW: usize = 12;

/// A transaction.
pub(crate) enum Tx {
    Sqlite(sqlx::Transaction<'static, Sqlite>, Later),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Tx {
    /// Runs a statement of which only matters that it is done: on SQLite together with the next one that is waited for, or with
    /// the commit, for there each way to the thread of the connection and back takes longer than most statements. Should it
    /// fail, that one does.
    pub(crate) async fn later(&mut self, sql: Sql) -> Result<(), StoreError> {
        if let Self::Sqlite(_, later) = self
            && !later.has_room_for(&sql)
        {
            self.catch_up().await?;
        }
        match self {
            Self::Sqlite(_, later) => {
                later.add(sql);
                Ok(())
            }
            Self::Postgres(_) => self.run(sql).await.map(drop),
        }
    }

    /// Runs what was left for later.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        if let Self::Sqlite(tx, later) = self
            && let Some(all) = later.take()
        {
            prepared!(Sqlite, &all).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Runs a statement and tells how many rows it touched.
    pub(crate) async fn run(&mut self, sql: Sql) -> Result<u64, StoreError> {
        self.catch_up().await?;
        Ok(match self {
            Self::Sqlite(tx, _) => prepared!(Sqlite, &sql).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => prepared!(Postgres, &sql).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// All rows of a query.
    pub(crate) async fn all(&mut self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx, later) => {
                let sql = later.before(sql);
                prepared!(Sqlite, &sql).fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(tx) => {
                prepared!(Postgres, &sql).fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first row of a query, if there is one.
    pub(crate) async fn one(&mut self, sql: Sql) -> Result<Option<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx, later) => {
                let sql = later.before(sql);
                prepared!(Sqlite, &sql).fetch_optional(&mut **tx).await?.map(Row::Sqlite)
            }
            Self::Postgres(tx) => prepared!(Postgres, &sql).fetch_optional(&mut **tx).await?.map(Row::Postgres),
        })
    }

    /// Inserts many rows; `head` is `INSERT INTO table (columns)`.
    pub(crate) async fn insert_all(&mut self, head: &str, rows: Vec<Vec<Arg>>) -> Result<(), StoreError> {
        self.insert_all_or(head, rows, "").await
    }

    /// As [`Tx::insert_all`], of rows of which only matters that they are there: see [`Tx::later`].
    pub(crate) async fn insert_all_later(&mut self, head: &str, rows: Vec<Vec<Arg>>) -> Result<(), StoreError> {
        for insert in self.inserts(head, rows, "") {
            // One whose text is not kept would have its company understood anew.
            if insert.kept { self.later(insert).await? } else { self.run(insert).await.map(drop)? }
        }
        Ok(())
    }

    /// As [`Tx::insert_all_or`], with a `tail` that ends in `RETURNING …`: what it returns of each row, in no order.
    pub(crate) async fn insert_all_returning(
        &mut self,
        head: &str,
        rows: Vec<Vec<Arg>>,
        tail: &str,
    ) -> Result<Vec<Row>, StoreError> {
        let mut returned = Vec::new();
        for insert in self.inserts(head, rows, tail) {
            returned.extend(self.all(insert).await?);
        }
        Ok(returned)
    }

    /// As [`Tx::insert_all`]; `tail` is `ON CONFLICT …`: what becomes of rows that are there already.
    pub(crate) async fn insert_all_or(
        &mut self,
        head: &str,
        rows: Vec<Vec<Arg>>,
        tail: &str,
    ) -> Result<(), StoreError> {
        for insert in self.inserts(head, rows, tail) {
            self.run(insert).await?;
        }
        Ok(())
    }

    /// The statements that insert these rows, as many as each database takes at once.
    fn inserts(&self, head: &str, rows: Vec<Vec<Arg>>, tail: &str) -> Vec<Sql> {
        // Both databases take more arguments at once, but SQLite finds the n-th by looking at all before it.
        let args_max = match self {
            Self::Sqlite(..) => 500,
            Self::Postgres(_) => 10_000,
        };
        let Some(columns) = rows.first().map(Vec::len) else { return Vec::new() };
        let mut inserts = Vec::new();
        let rows_max = (args_max / columns).max(1);
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let some: Vec<Vec<Arg>> = rows.by_ref().take(rows_max).collect();
            // The texts of a full statement and of a very short one come again and again, and SQLite takes longer to understand
            // them than to obey them.
            let kept = some.len() <= FEW || (some.len() == rows_max && matches!(self, Self::Sqlite(..)));
            let mut text = format!("{head} VALUES ");
            for row in 0..some.len() {
                text.push_str(if row == 0 { "(" } else { ", (" });
                for column in 0..columns {
                    let comma = if column == 0 { "" } else { ", " };
                    text.push_str(&format!("{comma}${}", row * columns + column + 1));
                }
                text.push(')');
            }
            text.push(' ');
            text.push_str(tail);
            let insert = sql(text).bind_all(some.into_iter().flatten());
            inserts.push(if kept { insert } else { insert.once() });
        }
        inserts
    }

    /// Ends a transaction that only looked, now, so that nobody waits for what it held. (One that is dropped is ended a little
    /// later.)
    pub(crate) async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx, _) => tx.rollback().await?,
            Self::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }

    /// Makes the transaction's work last.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.catch_up().await?;
        match self {
            Self::Sqlite(tx, _) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// A row of a result.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! get {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($column),
            Row::Postgres(row) => row.try_get($column),
        }
    };
}

impl Row {
    /// A TEXT that is not NULL.
    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(get!(self, column)?)
    }

    /// A TEXT.
    pub(crate) fn text_or_null(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(get!(self, column)?)
    }

    /// A BIGINT that is not NULL.
    pub(crate) fn int(&self, column: &str) -> Result<i64, StoreError> {
        Ok(get!(self, column)?)
    }

    /// A BIGINT.
    pub(crate) fn int_or_null(&self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(get!(self, column)?)
    }

    /// A BIGINT of a smaller kind of number.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        let number = self.int(column)?;
        T::try_from(number).map_err(|_| self.corrupt(column, number.to_string()))
    }

    /// As [`Row::number`], or NULL.
    pub(crate) fn number_or_null<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let number = self.int_or_null(column)?;
        number.map(|number| T::try_from(number).map_err(|_| self.corrupt(column, number.to_string()))).transpose()
    }

    /// A BOOLEAN.
    pub(crate) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(get!(self, column)?)
    }

    /// A moment.
    pub(crate) fn at(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp)
    }

    /// A record's version.
    pub(crate) fn version(&self) -> Result<Version, StoreError> {
        self.int("version").map(Version)
    }

    /// A TEXT that is the text of a `T`: an id, a number.
    pub(crate) fn parse<T: FromStr>(&self, column: &str) -> Result<T, StoreError> {
        self.read(column, |text| text.parse().ok())
    }

    /// As [`Row::parse`], or NULL.
    pub(crate) fn parse_or_null<T: FromStr>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let text = self.text_or_null(column)?;
        text.map(|text| text.parse().map_err(|_| self.corrupt(column, text))).transpose()
    }

    /// A TEXT that `read` understands, such as an enum's key.
    pub(crate) fn read<T>(&self, column: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        let text = self.text(column)?;
        read(&text).ok_or_else(|| self.corrupt(column, text))
    }

    /// Tells of a value that means nothing.
    pub(crate) fn corrupt(&self, column: &str, value: String) -> StoreError {
        let id = self.text("id").unwrap_or_default();
        StoreError::Corrupt { id, column: self.known(column), value }
    }

    /// The column's own name, or the one asked for.
    fn known(&self, column: &str) -> String {
        match self {
            Self::Sqlite(row) => row.try_column(column).map(|found| found.name().to_owned()),
            Self::Postgres(row) => row.try_column(column).map(|found| found.name().to_owned()),
        }
        .unwrap_or_else(|_| column.to_owned())
    }
}

impl StoreError {
    /// Whether a unique index refused a row: the one named `table_column`, or the primary key if that ends in the column.
    pub(crate) fn is_taken(&self, table: &str, column: &str) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        // PostgreSQL names the index, SQLite the columns ("UNIQUE constraint failed: customer.sip_prefix").
        let of_index = error.constraint() == Some(&format!("{table}_{column}"));
        let key = [("sign_in", "name"), ("extension", "number")].contains(&(table, column));
        let of_key = key && error.constraint() == Some(&format!("{table}_pkey"));
        let of_column = error.message().contains(&format!("{table}.{column}"));
        error.is_unique_violation() && (of_index || of_key || of_column)
    }
}
