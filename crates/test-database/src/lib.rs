//! A PostgreSQL database of its own, with its tables, for every test that wants one.
//!
//! The server is the one that `TANDEM_TEST_POSTGRES_URL` names (`make test` starts one); its user may create databases.
//! Without the variable such a test does nothing, unless `CI` or `TANDEM_REQUIRE_POSTGRES` is set: then it fails.
//!
//! To make the tables takes longer than most tests. So the first test of a program makes a template, of which all others
//! get a copy. It stays on the server until the program is built again.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{env, fs, panic::AssertUnwindSafe, time::UNIX_EPOCH};

use futures::FutureExt;
use sqlx::{Connection, PgConnection, Row};
use tandem_store::{Options, Store};
use uuid::Uuid;

/// A collation that is not by bytes, as most servers have one: the store must not depend on it.
const COLLATION: &str =
    "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LC_COLLATE 'C' LC_CTYPE 'C'";

/// The lock of whoever looks for a template, or makes one ("tandem" in ASCII).
const TEMPLATES: i64 = 0x0074_616e_6465_6d00;

/// Tells a story with the URL of a database of its own, which goes away afterwards, also when the story fails.
///
/// # Panics
/// When the story does; when the server cannot be reached or makes no database; when there has to be a server and none is
/// named.
pub async fn on_postgresql(story: impl AsyncFnOnce(String)) {
    let Some(server) = Server::named() else { return };
    let mut connection = PgConnection::connect(&server.0).await.unwrap();
    let template = server.template(&mut connection).await;
    let name = format!("tandem_test_{}", Uuid::now_v7().simple());
    run(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    let told = AssertUnwindSafe(async { story(server.url_of(&name)).await }).catch_unwind().await;
    run(&mut connection, format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(failure) = told {
        std::panic::resume_unwind(failure);
    }
}

/// The server on which the databases are made.
struct Server(String);

impl Server {
    fn named() -> Option<Self> {
        if let Ok(url) = env::var("TANDEM_TEST_POSTGRES_URL") {
            return Some(Self(url));
        }
        let needed = env::var_os("CI").is_some() || env::var_os("TANDEM_REQUIRE_POSTGRES").is_some();
        assert!(!needed, "set TANDEM_TEST_POSTGRES_URL to a PostgreSQL server on which databases may be made");
        None
    }

    /// The URL of another database there.
    fn url_of(&self, database: &str) -> String {
        let (server, options) = self.0.split_once('?').unwrap_or((&self.0, ""));
        let (server, _) = server.rsplit_once('/').unwrap();
        format!("{server}/{database}?{options}")
    }

    /// The database that has this program's tables, and nobody connected to it. The tests of a program begin at once: one of
    /// them makes it, the others wait.
    async fn template(&self, connection: &mut PgConnection) -> String {
        let Template { name, of_this_program } = Template::of_this_program();
        run(connection, format!("SELECT pg_advisory_lock({TEMPLATES})")).await;
        if !databases(connection, &name).await.contains(&name) {
            for old in databases(connection, &format!("{of_this_program}%")).await {
                run(connection, format!("DROP DATABASE {old} WITH (FORCE)")).await;
            }
            self.make_template(connection, &name).await;
        }
        run(connection, format!("SELECT pg_advisory_unlock({TEMPLATES})")).await;
        name
    }

    /// It has its name only when it is complete: whoever is killed here leaves no half of one to be copied.
    async fn make_template(&self, connection: &mut PgConnection, name: &str) {
        let begun = format!("{name}_begun");
        run(connection, format!("DROP DATABASE IF EXISTS {begun} WITH (FORCE)")).await;
        run(connection, format!("CREATE DATABASE {begun} {COLLATION}")).await;
        let store = Store::connect(&self.url_of(&begun), &Options::default()).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        // A closed pool may still end connections. Nobody may be there when it is renamed.
        let ours = format!("datname = '{begun}' AND usename = current_user");
        run(connection, format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")).await;
        run(connection, format!("ALTER DATABASE {begun} RENAME TO {name}")).await;
    }
}

/// What a template is called.
struct Template {
    name: String,
    /// How the templates of earlier builds begin, too.
    of_this_program: String,
}

impl Template {
    /// By the program's file: another build may make other tables.
    fn of_this_program() -> Self {
        let path = env::current_exe().unwrap();
        let built = fs::metadata(&path).unwrap().modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
        let file = path.file_stem().unwrap().to_string_lossy().to_lowercase();
        // A name there has 63 characters at most. What tells programs apart is at the end.
        let file: String = file.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let file = &file[file.len().saturating_sub(24)..];
        let of_this_program = format!("tandem_template_{file}_");
        Self { name: format!("{of_this_program}{:x}", built.as_millis()), of_this_program }
    }
}

/// The databases whose names are like this.
async fn databases(connection: &mut PgConnection, pattern: &str) -> Vec<String> {
    let rows = sqlx::query("SELECT datname::text AS name FROM pg_database WHERE datname LIKE $1").bind(pattern);
    rows.fetch_all(connection).await.unwrap().iter().map(|row| row.get("name")).collect()
}

async fn run(connection: &mut PgConnection, text: String) {
    sqlx::query(&text).execute(connection).await.unwrap();
}
