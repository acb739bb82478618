//! Databases full of records, made once and kept in `target/bench` while the tables and the way they are filled stay the same.

use std::{
    collections::hash_map::DefaultHasher,
    hash::Hasher,
    path::{Path, PathBuf},
    process::Command,
};

use super::Unmeasured;
use crate::{shell::say, workspace};

/// The variable that `scripts/postgresql.sh` tells its server in.
const POSTGRESQL: &str = "TANDEM_TEST_POSTGRES_URL";
/// What the names of our databases begin with.
const PREFIX: &str = "tandem_bench_";

/// Everything that the content of the databases depends on.
const SOURCES: [&str; 3] = ["migrations", "crates/store/src/demo", "crates/store/examples"];

/// Which database server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgresql,
}

impl Engine {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgresql];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgresql => "PostgreSQL",
        }
    }
}

/// How many records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub customers: u32,
    pub accounts: u32,
    pub audit_rows: u32,
    pub recordings: u32,
}

impl Size {
    /// What tells its databases from those of other sizes.
    fn name(self) -> String {
        match self.recordings {
            0 => format!("{PREFIX}{}_", self.accounts),
            recordings => format!("{PREFIX}recordings_{recordings}_"),
        }
    }
}

/// What the large one is compared with.
pub const SMALL: Size = Size { customers: 100, accounts: 1_000, audit_rows: 10_000, recordings: 0 };
/// What must be as quick as the small one.
pub const LARGE: Size = Size { customers: 1_000, accounts: 100_000, audit_rows: 1_000_000, recordings: 0 };
/// The large one's people, with their recordings: these take ten minutes to fill, and are of no use to other lists.
pub const RECORDED: Size = Size { audit_rows: 0, recordings: 1_000_000, ..LARGE };

/// The URL of a database of this size, which is made now unless it is there.
pub fn url(engine: Engine, size: Size) -> Result<String, Unmeasured> {
    let name = format!("{}{:016x}", size.name(), hash_of_sources()?);
    match engine {
        Engine::Sqlite => sqlite(&name, size),
        Engine::Postgresql => postgresql(&name, size),
    }
}

fn sqlite(name: &str, size: Size) -> Result<String, Unmeasured> {
    let folder = workspace::path("target/bench");
    let file = folder.join(format!("{name}.sqlite"));
    if !file.exists() {
        let outdated = size.name();
        for old in workspace::files_below(&folder).iter().filter(|old| has_name_with(old, &outdated)) {
            std::fs::remove_file(old).map_err(|error| Unmeasured(format!("{}: {error}", old.display())))?;
        }
        let unfinished = folder.join(format!("{name}.unfinished"));
        fill(Engine::Sqlite, &format!("sqlite:{}", unfinished.display()), size)?;
        std::fs::rename(&unfinished, &file).map_err(|error| Unmeasured(format!("{}: {error}", file.display())))?;
    }
    Ok(format!("sqlite:{}", file.display()))
}

fn has_name_with(path: &Path, beginning: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning))
}

fn postgresql(name: &str, size: Size) -> Result<String, Unmeasured> {
    let server = server()?;
    let maintenance = format!("{server}/postgres");
    let all = psql(&maintenance, "SELECT datname FROM pg_database")?;
    if !all.lines().any(|found| found == name) {
        let outdated = size.name();
        for old in all.lines().filter(|found| found.starts_with(&outdated)) {
            psql(&maintenance, &format!("DROP DATABASE {old}"))?;
        }
        let unfinished = format!("{name}_unfinished");
        psql(&maintenance, &format!("CREATE DATABASE {unfinished}"))?;
        let url = format!("{server}/{unfinished}");
        fill(Engine::Postgresql, &url, size)?;
        // What a running server's autovacuum does soon after so many rows have come.
        psql(&url, "VACUUM (ANALYZE)")?;
        psql(&maintenance, &format!("ALTER DATABASE {unfinished} RENAME TO {name}"))?;
    }
    Ok(format!("{server}/{name}"))
}

/// An empty database, which is gone when this is dropped.
pub struct Empty {
    url: String,
    what: Kept,
}

/// What of it is to be thrown away.
enum Kept {
    File(std::path::PathBuf),
    Database { maintenance: String, name: String },
}

impl Empty {
    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        match &self.what {
            Kept::File(file) => {
                for ending in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
                }
            }
            Kept::Database { maintenance, name } => {
                let _ = psql(maintenance, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            }
        }
    }
}

/// An empty database of this name.
pub fn empty(engine: Engine, name: &str) -> Result<Empty, Unmeasured> {
    match engine {
        Engine::Sqlite => {
            let file = workspace::path("target/bench").join(format!("{name}.empty.sqlite"));
            let empty = Empty { url: format!("sqlite:{}", file.display()), what: Kept::File(file.clone()) };
            let _ = std::fs::remove_file(file);
            Ok(empty)
        }
        Engine::Postgresql => {
            let server = server()?;
            let (maintenance, name) = (format!("{server}/postgres"), format!("{PREFIX}{name}_empty"));
            psql(&maintenance, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
            psql(&maintenance, &format!("CREATE DATABASE {name}"))?;
            Ok(Empty { url: format!("{server}/{name}"), what: Kept::Database { maintenance, name } })
        }
    }
}

/// The URL of the PostgreSQL that was started, without a database.
fn server() -> Result<String, Unmeasured> {
    let server = std::env::var(POSTGRESQL)
        .map_err(|_| Unmeasured(format!("{POSTGRESQL} is not set: \"make bench\" starts a PostgreSQL and sets it")))?;
    let Some((server, _)) = server.rsplit_once('/') else {
        return Err(Unmeasured(format!("{POSTGRESQL} does not end in /DATABASE")));
    };
    Ok(server.to_owned())
}

/// Runs a statement, and gives the rows, one a line.
fn psql(url: &str, statement: &str) -> Result<String, Unmeasured> {
    let mut command = Command::new("psql");
    command.args([
        "--no-psqlrc",
        "--tuples-only",
        "--no-align",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--command",
        statement,
    ]);
    let output = command.arg(url).output().map_err(|error| Unmeasured(format!("psql: {error}")))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Unmeasured(format!("psql: {}", String::from_utf8_lossy(&output.stderr).trim())))
    }
}

fn fill(engine: Engine, url: &str, size: Size) -> Result<(), Unmeasured> {
    let Size { customers, accounts, audit_rows, recordings } = size;
    say(&format!("{} with {accounts} accounts, {recordings} recordings (once; it takes minutes)", engine.name()));
    let records = [customers, accounts, audit_rows, recordings].map(|records| records.to_string());
    let status = Command::new(filler()).arg(url).args(records).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Unmeasured(format!("the database could not be filled ({status})"))),
        Err(error) => Err(Unmeasured(format!("{}: {error}", filler().display()))),
    }
}

/// The program that fills a database.
fn filler() -> PathBuf {
    workspace::path("target/release/examples/many_records")
}

fn hash_of_sources() -> Result<u64, Unmeasured> {
    let mut hasher = DefaultHasher::new();
    for file in SOURCES.iter().flat_map(|folder| workspace::files_below(&workspace::path(folder))) {
        let content = std::fs::read(&file).map_err(|error| Unmeasured(format!("{}: {error}", file.display())))?;
        hasher.write(&content);
    }
    Ok(hasher.finish())
}
