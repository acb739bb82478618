//! The way in: a connection, and one repository per concept.

use std::{str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};
use tandem_domain::{access::Tenant, ids::Timestamp};
use uuid::Uuid;

use crate::{
    Change, StoreError,
    accounts::Accounts,
    administrators::Administrators,
    audit::Audit,
    auto_payments::AutoPayments,
    classes::Classes,
    counts::Counts,
    customers::Customers,
    db::{Db, Tx},
    dialing::Dialing,
    dialing_rules::DialingRules,
    exchange::Exchange,
    huntgroups::Huntgroups,
    ids::RandomIds,
    invoices::Invoices,
    ledger::Ledger,
    outbox::Outbox,
    payment_methods::PaymentMethods,
    payment_systems::PaymentSystems,
    payments::Payments,
    public_numbers::PublicNumbers,
    recordings::Recordings,
    registrations::Registrations,
    rights::Rights,
    roles::Roles,
    saving::Write,
    schema,
    sessions::Sessions,
    settings::Settings,
    sign_ins::SignIns,
    sip_log::{self, SipLog},
    xdrs::Xdrs,
};

/// How the store uses its database.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Connections that read (SQLite), or all connections (PostgreSQL).
    pub connections: u32,
    /// How long a request waits for a connection before it fails.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 8, patience: Duration::from_secs(10) }
    }
}

/// How many connections there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// Connections that are open.
    pub open: u32,
    /// Those that nobody uses at this moment.
    pub idle: u32,
    /// Connections that may be opened.
    pub limit: u32,
}

/// The records. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    ids: Arc<RandomIds>,
    rights: Rights,
}

impl Store {
    /// Opens `sqlite:PATH` (made when it is not there), `sqlite::memory:` (gone with the store) or `postgres://…`. The tables
    /// may still have to be made: see [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Url`], or [`StoreError::Database`] when it cannot be opened or reached.
    pub async fn connect(url: &str, options: &Options) -> Result<Self, StoreError> {
        let db = match url.split_once(':') {
            Some(("sqlite", _)) => open_sqlite(url, options).await?,
            Some(("postgres" | "postgresql", _)) => open_postgres(url, options).await?,
            Some(_) | None => return Err(StoreError::Url),
        };
        Ok(Self { db, ids: Arc::new(RandomIds::default()), rights: Rights::default() })
    }

    /// Makes the tables, or brings them up to date, and the built-in records with them. Safe to repeat, and safe when
    /// several servers do it at once.
    ///
    /// # Errors
    /// [`StoreError::Migration`] when the database is newer than this program, or a migration fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        schema::migrate(self).await
    }

    /// Whether the tables are those that this program knows.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the database does not answer.
    pub async fn is_current(&self) -> Result<bool, StoreError> {
        schema::is_current(&self.db).await
    }

    /// How many connections there are, the writing one of SQLite included.
    #[must_use]
    pub fn pool_status(&self) -> PoolStatus {
        let idle = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        match &self.db {
            Db::Sqlite { read, write } => PoolStatus {
                open: read.size() + write.size(),
                idle: idle(read.num_idle() + write.num_idle()),
                limit: read.options().get_max_connections() + write.options().get_max_connections(),
            },
            Db::Postgres(pool) => PoolStatus {
                open: pool.size(),
                idle: idle(pool.num_idle()),
                limit: pool.options().get_max_connections(),
            },
        }
    }

    /// Forgets what has had its time: expired sessions and registrations, old failures to sign in, old signalling, events of
    /// payment processors. To be called now and then.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        self.sign_ins().forget_failures(now).await?;
        self.registrations().delete_expired(now).await?;
        self.payments().forget_events(now).await?;
        self.sip_log().forget_before(now.plus_seconds(-sip_log::KEPT_DAYS * 24 * 60 * 60)).await?;
        self.sessions().delete_expired(now).await
    }

    /// Lets running work end, then closes all connections. The store cannot be used afterwards.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }

    /// The customers.
    #[must_use]
    pub fn customers(&self) -> Customers<'_> {
        Customers(self)
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts(self)
    }

    /// The provider's staff.
    #[must_use]
    pub fn administrators(&self) -> Administrators<'_> {
        Administrators(self)
    }

    /// The customer classes.
    #[must_use]
    pub fn classes(&self) -> Classes<'_> {
        Classes(self)
    }

    /// The access roles.
    #[must_use]
    pub fn roles(&self) -> Roles<'_> {
        Roles(self)
    }

    /// The provider's dialing rules.
    #[must_use]
    pub fn dialing_rules(&self) -> DialingRules<'_> {
        DialingRules(self)
    }

    /// A customer's huntgroups.
    #[must_use]
    pub fn huntgroups(&self, tenant: Tenant) -> Huntgroups<'_> {
        Huntgroups { store: self, tenant }
    }

    /// A customer's service settings, and its accounts' own.
    #[must_use]
    pub fn settings(&self, tenant: Tenant) -> Settings<'_> {
        Settings { store: self, tenant }
    }

    /// Which codes a customer and its accounts dial.
    #[must_use]
    pub fn dialing(&self, tenant: Tenant) -> Dialing<'_> {
        Dialing { store: self, tenant }
    }

    /// Which public number rings what.
    #[must_use]
    pub fn public_numbers(&self) -> PublicNumbers<'_> {
        PublicNumbers(self)
    }

    /// Which phones are registered.
    #[must_use]
    pub fn registrations(&self) -> Registrations<'_> {
        Registrations(self)
    }

    /// What the exchange asks for each call.
    #[must_use]
    pub fn exchange(&self) -> Exchange<'_> {
        Exchange(self)
    }

    /// The detail records of calls.
    #[must_use]
    pub fn xdrs(&self) -> Xdrs<'_> {
        Xdrs(self)
    }

    /// The recordings of calls.
    #[must_use]
    pub fn recordings(&self) -> Recordings<'_> {
        Recordings(self)
    }

    /// The e-mails that are sent.
    #[must_use]
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox(self)
    }

    /// What customers owe, by which movements.
    #[must_use]
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger(self)
    }

    /// The invoices.
    #[must_use]
    pub fn invoices(&self) -> Invoices<'_> {
        Invoices(self)
    }

    /// The payments and refunds.
    #[must_use]
    pub fn payments(&self) -> Payments<'_> {
        Payments(self)
    }

    /// The payment systems.
    #[must_use]
    pub fn payment_systems(&self) -> PaymentSystems<'_> {
        PaymentSystems(self)
    }

    /// The saved cards.
    #[must_use]
    pub fn payment_methods(&self) -> PaymentMethods<'_> {
        PaymentMethods(self)
    }

    /// What is paid automatically.
    #[must_use]
    pub fn auto_payments(&self) -> AutoPayments<'_> {
        AutoPayments(self)
    }

    /// The signalling of calls.
    #[must_use]
    pub fn sip_log(&self) -> SipLog<'_> {
        SipLog(self)
    }

    /// Who may sign in.
    #[must_use]
    pub fn sign_ins(&self) -> SignIns<'_> {
        SignIns(self)
    }

    /// Whose rights have changed.
    #[must_use]
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// The audit log.
    #[must_use]
    pub fn audit(&self) -> Audit<'_> {
        Audit(self)
    }

    /// How much there is, for dashboards.
    #[must_use]
    pub fn counts(&self) -> Counts<'_> {
        Counts(self)
    }

    /// The browsers' sessions.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        Sessions(self.clone())
    }

    /// A new id.
    pub(crate) fn new_id(&self, at: Timestamp) -> Uuid {
        self.ids.next(at)
    }

    /// Begins a write.
    pub(crate) async fn write<'a>(&'a self, change: &'a Change<'a>) -> Result<Write<'a>, StoreError> {
        Write::begin(self, change).await
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        self.db.begin().await
    }
}

/// How SQLite's one connection that writes is set up beside what holds for all.
const WRITER: [(&str, &str); 3] = [
    // It alone changes the file, so that what it has in its memory stays right: 64 MiB of that.
    ("cache_size", "-65536"),
    // What a statement has to take back if it fails stays in memory too, or each longer one makes a file and deletes it.
    ("temp_store", "MEMORY"),
    // Pages of the write-ahead log before they are brought home, 16 MiB: many are written again and again until then.
    ("wal_autocheckpoint", "4096"),
];
/// Statements that it keeps: those that go together ([`crate::db::Tx::later`]) are texts of their own.
const WRITER_STATEMENTS: usize = 500;

async fn open_sqlite(url: &str, options: &Options) -> Result<Db, StoreError> {
    let connect = SqliteConnectOptions::from_str(url)
        .map_err(|_| StoreError::Url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(options.patience);
    // A file does not hang up: to ask each time whether it is still there is one more way to the connection's thread and back.
    let pool = || {
        let pool = SqlitePoolOptions::new().acquire_timeout(options.patience).test_before_acquire(false);
        pool.idle_timeout(None).max_lifetime(None)
    };
    // The writer comes first: it makes the file.
    let writes = WRITER.iter().fold(connect.clone(), |connect, (name, value)| connect.pragma(*name, *value));
    let writes = writes.statement_cache_capacity(WRITER_STATEMENTS);
    let write = open_new(pool().max_connections(1).min_connections(1), &writes, options.patience).await?;
    // A database in memory is its connection's own.
    let read = if url.contains(":memory:") {
        write.clone()
    } else {
        let connect = connect.pragma("query_only", "ON");
        pool().max_connections(options.connections.max(1)).connect_with(connect).await?
    };
    Ok(Db::Sqlite { read, write })
}

/// Opens the file. A new one is made to have a write-ahead log then, and of several programs that do so at once SQLite tells
/// some at once that it is locked, without the patience that it has otherwise.
async fn open_new(
    pool: SqlitePoolOptions,
    connect: &SqliteConnectOptions,
    patience: Duration,
) -> Result<SqlitePool, StoreError> {
    const SQLITE_BUSY: &str = "5";
    const PAUSE: Duration = Duration::from_millis(20);
    let mut left = patience;
    loop {
        match pool.clone().connect_with(connect.clone()).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(SQLITE_BUSY) && !left.is_zero() => {
                tokio::time::sleep(PAUSE).await;
                left = left.saturating_sub(PAUSE);
            }
            opened => return Ok(opened?),
        }
    }
}

async fn open_postgres(url: &str, options: &Options) -> Result<Db, StoreError> {
    let pool = PgPoolOptions::new().max_connections(options.connections.max(2)).acquire_timeout(options.patience);
    Ok(Db::Postgres(pool.connect(url).await?))
}
