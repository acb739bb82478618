//! The whole application in one process, with the demonstration's data and everybody signed in, as often as needed.
//!
//! [`Template`] makes the data once; [`Template::world`] is a copy that a test may spoil. Requests go through all layers
//! that stand around the application in the real server, but over no network.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use sqlx::{
    Column as _, Connection as _, Row as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tandem_app::server::{
    Assets, Clock, Services, SessionLifetimes,
    console::Consoles,
    exchange::{Exchange, NoExchange},
    phones::NoPhones,
    router,
};
use tandem_domain::{
    access::{AccessRole, Audience, Level},
    administrator::Administrator,
    class::CustomerClass,
    dialing::{DialingRule, PbxCodes},
    ids::Timestamp,
};
use tandem_server::{
    clock::SystemClock,
    config::{Config, Layers},
    http::around,
};
use tandem_store::{Change, Store, demo, password, sign_ins::NewSignIn};
use tempfile::TempDir;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;

use tandem_processor_sim::Sim;

use crate::{calls, demo_ids::DemoIds, payments::Payments, recordings, stand_in::stand_in};

/// Everybody's password in the demonstration.
pub const PASSWORD: &str = "tandem-demo";
/// What somebody changes it to.
pub const NEW_PASSWORD: &str = "zebras have stripes";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Person {
    /// Has not signed in.
    Nobody,
    /// The provider's staff, who may do everything.
    Administrator,
    /// The provider's staff, who may see everything.
    Reader,
    /// The customer whose records are asked for.
    Abc,
    /// Another customer.
    Panda,
    /// An account of ABC, whose record is asked for where one is.
    John,
    /// Another account of ABC.
    Olivia,
}

impl Person {
    pub const ALL: [Self; 7] =
        [Self::Nobody, Self::Administrator, Self::Reader, Self::Abc, Self::Panda, Self::John, Self::Olivia];

    /// The sign-in name; `None` for nobody.
    pub const fn sign_in(self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::Administrator => Some("admin"),
            Self::Reader => Some("reader"),
            Self::Abc => Some("abc"),
            Self::Panda => Some("panda"),
            Self::John => Some("john"),
            Self::Olivia => Some("olivia"),
        }
    }
}

/// The data that worlds are copied from.
pub struct Template {
    folder: TempDir,
    cookies: BTreeMap<Person, String>,
    pub demo: DemoIds,
    /// What stands for Stripe, in all worlds.
    stand_in: Sim,
}

impl Template {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        store.migrate().await.unwrap();
        assert!(demo::fill(&store, SystemClock.now()).await.unwrap());
        add_reader(&store).await;
        add_spares(&store).await;
        let stand_in = stand_in().await;
        let router = whole(&store, &Arc::default(), Arc::new(NoExchange), stand_in.base());
        let mut cookies = BTreeMap::new();
        for person in Person::ALL {
            if let Some(name) = person.sign_in() {
                cookies.insert(person, sign_in(&router, name).await);
            }
        }
        drop(router);
        let pool = look_into(folder.path()).await;
        let demo = DemoIds::read(&pool).await;
        pool.close().await;
        calls::keep(&store, &demo).await;
        recordings::keep(&store, &demo).await;
        Payments::at(stand_in.base(), &store).keep(&store, &demo).await;
        let pool = look_into(folder.path()).await;
        let demo = DemoIds::read(&pool).await;
        pool.close().await;
        store.close().await;
        is_whole(folder.path()).await;
        Self { folder, cookies, demo, stand_in }
    }

    /// A copy, with everybody signed in.
    pub async fn world(&self) -> World {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(database(self.folder.path()), database(folder.path())).unwrap();
        let store = open(folder.path()).await;
        let clock = Arc::default();
        let exchange = Arc::new(calls::OneCall::of(&self.demo));
        let router = whole(&store, &clock, exchange, self.stand_in.base());
        let records = look_into(folder.path()).await;
        World { router, clock, store, records, cookies: self.cookies.clone(), folder }
    }
}

/// The application over one copy of the data.
pub struct World {
    router: Router,
    clock: Arc<FastClock>,
    /// The records, for what no page can do.
    pub store: Store,
    /// The database, to look into.
    pub records: SqlitePool,
    cookies: BTreeMap<Person, String>,
    folder: TempDir,
}

impl World {
    /// A post as a page's script sends it.
    pub async fn post(&self, person: Person, path: &str, fields: &[(&str, String)]) -> Answer {
        self.ask(self.request(person, Method::POST, path).form(fields)).await
    }

    /// A post as a browser without WebAssembly sends it.
    pub async fn post_form(&self, person: Person, path: &str, fields: &[(&str, String)]) -> Answer {
        let request = self.request(person, Method::POST, path).with(header::ACCEPT.as_str(), "text/html,*/*;q=0.8");
        self.ask(request.form(fields)).await
    }

    /// A page, as a browser asks for it.
    pub async fn page(&self, person: Person, path: &str) -> Answer {
        let request = self.request(person, Method::GET, path).with(header::ACCEPT.as_str(), "text/html,*/*;q=0.8");
        self.ask(request.empty()).await
    }

    /// A request of a person's browser, from Tandem's own page.
    pub fn request(&self, person: Person, method: Method, path: &str) -> Asking {
        let mut request = Asking::new(method, path);
        if let Some(cookie) = self.cookies.get(&person) {
            request = request.with(header::COOKIE.as_str(), cookie);
        }
        request
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        answer(&self.router, request).await
    }

    /// Everything that is stored and that people would miss: all tables but sessions, throttles and the audit log.
    pub async fn dump(&self) -> BTreeMap<String, Vec<String>> {
        const APART: [&str; 4] = ["session", "sign_in_failure", "audit", "_sqlx_migrations"];
        let tables = sqlx::query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        );
        let mut dump = BTreeMap::new();
        for table in tables.fetch_all(&self.records).await.unwrap() {
            let table: String = table.get(0);
            if !APART.contains(&table.as_str()) {
                let mut rows = self.rows(&table).await;
                // By which the audit log is searched.
                rows.retain(|row| !row.starts_with("kind='audit' "));
                dump.insert(table.clone(), rows);
            }
        }
        dump
    }

    /// What the audit log noted: `actor action subject field`, the oldest first.
    pub async fn audit(&self) -> Vec<String> {
        let rows = sqlx::query("SELECT actor, action, subject_id, field FROM audit ORDER BY id");
        let words = |row: sqlx::sqlite::SqliteRow| {
            (0..4).map(|column| row.get::<String, _>(column)).collect::<Vec<_>>().join(" ")
        };
        rows.fetch_all(&self.records).await.unwrap().into_iter().map(words).collect()
    }

    async fn rows(&self, table: &str) -> Vec<String> {
        let names: Vec<String> = sqlx::query("SELECT name FROM pragma_table_info($1)")
            .bind(table)
            .fetch_all(&self.records)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.get(0))
            .collect();
        let quoted = names.iter().map(|name| format!("quote({name})")).collect::<Vec<_>>().join(", ");
        let rows = sqlx::query(&format!("SELECT {quoted} FROM {table}")).fetch_all(&self.records).await.unwrap();
        let text = |row: sqlx::sqlite::SqliteRow| {
            let values = row.columns().iter().zip(&names);
            values
                .map(|(column, name)| format!("{name}={}", row.get::<String, _>(column.ordinal())))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut rows: Vec<String> = rows.into_iter().map(text).collect();
        rows.sort();
        rows
    }

    /// A connection that writes past the application, as another machine at the same database does.
    pub async fn another_writer(&self) -> SqliteConnection {
        SqliteConnection::connect(&format!("sqlite:{}", database(self.folder.path()).display())).await.unwrap()
    }

    /// Lets a minute go by: a refusal that was told is told again.
    pub fn a_minute_later(&self) {
        self.clock.0.fetch_add(60_000, Ordering::Relaxed);
    }

    /// The same records behind an application with this exchange that goes on, until the sender says that it ends: its streams
    /// last. And what its consoles know.
    pub fn going_on(&self, exchange: Arc<dyn Exchange>) -> (Self, Consoles, watch::Sender<bool>) {
        let (end, ending) = watch::channel(false);
        let services = Services { ending, ..services(&self.store, &self.clock, exchange, "http://127.0.0.1:9") };
        let consoles = services.consoles.clone();
        let router = around(&Config::load(Layers::default()).unwrap(), router::router(services));
        let folder = tempfile::tempdir().unwrap();
        let (clock, store) = (self.clock.clone(), self.store.clone());
        let (records, cookies) = (self.records.clone(), self.cookies.clone());
        (Self { router, clock, store, records, cookies, folder }, consoles, end)
    }

    /// Changes what is stored past the server.
    pub async fn run(&self, statement: &str) {
        sqlx::query(statement).execute(&mut self.another_writer().await).await.unwrap();
    }

    /// The stream of a person's page.
    pub async fn stream(&self, person: Person, path: &str) -> Body {
        let request = self.request(person, Method::GET, path).empty();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body()
    }

    /// Ends the world before the test does: hundreds are made.
    pub async fn end(self) {
        self.records.close().await;
        self.store.close().await;
    }
}

/// The lines of two dumps that differ.
pub fn difference(before: &BTreeMap<String, Vec<String>>, after: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let lines = |dump: &BTreeMap<String, Vec<String>>| {
        let all = dump.iter().flat_map(|(table, rows)| rows.iter().map(move |row| format!("{table}: {row}")));
        all.collect::<std::collections::BTreeSet<_>>()
    };
    let (before, after) = (lines(before), lines(after));
    let gone = before.difference(&after).map(|line| format!("- {line}"));
    gone.chain(after.difference(&before).map(|line| format!("+ {line}"))).collect()
}

/// A request that is being put together.
pub struct Asking {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
}

impl Asking {
    /// From Tandem's own page, by a script.
    pub fn new(method: Method, path: &str) -> Self {
        let headers = [("host", "tandem.test"), ("sec-fetch-site", "same-origin"), ("accept", "application/json")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { method, path: path.to_owned(), headers }
    }

    /// With another header, in place of one of that name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn form(self, fields: &[(&str, String)]) -> Request<Body> {
        self.body(form(fields))
    }

    /// With this body, said to be a form.
    pub fn body(self, body: impl Into<Body>) -> Request<Body> {
        let kind = "application/x-www-form-urlencoded";
        let has_kind = self.headers.iter().any(|(name, _)| name == "content-type");
        if has_kind { self.build(body.into()) } else { self.with("content-type", kind).build(body.into()) }
    }

    pub fn empty(self) -> Request<Body> {
        self.build(Body::empty())
    }

    fn build(self, body: Body) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(body).unwrap()
    }
}

/// A request of a browser without WebAssembly that has this cookie.
pub fn with_cookie(method: Method, path: &str, cookie: &str) -> Asking {
    let request = Asking::new(method, path).with(header::ACCEPT.as_str(), "text/html,*/*;q=0.8");
    if cookie.is_empty() { request } else { request.with(header::COOKIE.as_str(), cookie) }
}

/// Fields as a form sends them.
pub fn form(fields: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields.iter().map(|(name, value)| (name, value)))
        .finish()
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

fn database(folder: &Path) -> PathBuf {
    folder.join("tandem.sqlite")
}

async fn open(folder: &Path) -> Store {
    let url = format!("sqlite:{}", database(folder).display());
    Store::connect(&url, &tandem_store::Options::default()).await.unwrap()
}

/// Puts the write-ahead log into the database's file, of which copies are made. Closing the store does not always do it: a
/// connection that only reads may be the last one to go.
async fn is_whole(folder: &Path) {
    let options = SqliteConnectOptions::new().filename(database(folder));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    for _ in 0..500 {
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await.unwrap();
        if checkpoint.get::<i64, _>("busy") == 0 {
            return connection.close().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("somebody still reads the database in {}", folder.display());
}

async fn look_into(folder: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(database(folder)).read_only(true);
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
}

/// The machine's clock, and how many milliseconds it is fast.
#[derive(Debug, Default)]
struct FastClock(AtomicI64);

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::Relaxed))
    }
}

/// The application with all that stands around it.
fn whole(store: &Store, clock: &Arc<FastClock>, exchange: Arc<dyn Exchange>, processor: &str) -> Router {
    let config = Config::load(Layers::default()).unwrap();
    around(&config, router::router(services(store, clock, exchange, processor)))
}

fn services(store: &Store, clock: &Arc<FastClock>, exchange: Arc<dyn Exchange>, processor: &str) -> Services {
    let payments = Payments::at(processor, store);
    Services {
        store: store.clone(),
        clock: clock.clone(),
        assets: Arc::new(Assets::default()),
        demo: true,
        secure: false,
        sessions: SessionLifetimes { idle: Duration::from_hours(1), absolute: Duration::from_hours(12) },
        hashing: Arc::new(Semaphore::new(2)),
        exchange,
        recordings: Arc::new(recordings::Hiss),
        phones: Arc::new(NoPhones),
        consoles: Consoles::default(),
        billing: payments.billing,
        systems: payments.systems,
        payment_pages: payments.pages,
        // Nobody is left to say when the server ends: a stream ends after what it has to tell at once.
        ending: watch::channel(false).1,
    }
}

/// The demonstration has no administrator who may only look.
async fn add_reader(store: &Store) {
    let roles = store.roles().of(Audience::Administrator).await.unwrap();
    let role = roles.into_iter().find(|role| role.value.name == "Read-only administrator").unwrap().id;
    let reader = Administrator::new("Rita Reader", "", role);
    let sign_in = NewSignIn { name: "reader".parse().unwrap(), password_hash: password::hash(PASSWORD).unwrap() };
    store.administrators().create(&reader, &sign_in, &by_test()).await.unwrap();
}

/// Records of the provider that nobody has, so that they can be given and deleted.
async fn add_spares(store: &Store) {
    let class = CustomerClass { name: "Spare".into(), ..CustomerClass::default() };
    store.classes().create(&class, &by_test()).await.unwrap();
    let rule = DialingRule { name: "Spare".into(), codes: PbxCodes::default() };
    store.dialing_rules().create(&rule, &by_test()).await.unwrap();
    for (name, audience) in [("Spare", Audience::Account), ("Spare for customers", Audience::Customer)] {
        let role = AccessRole { name: name.into(), audience, base: Level::View, entries: BTreeMap::new() };
        store.roles().create(&role, &by_test()).await.unwrap();
    }
}

fn by_test() -> Change<'static> {
    Change { at: SystemClock.now(), actor: "test", by_staff: true, address: None }
}

/// Signs somebody in and gives the cookie.
async fn sign_in(router: &Router, name: &str) -> String {
    let fields = [("name", name.to_owned()), ("password", PASSWORD.to_owned())];
    let answer = answer(router, Asking::new(Method::POST, "/api/sign_in").form(&fields)).await;
    assert_eq!(answer.status, StatusCode::OK, "{name} signs in: {}", answer.body);
    let cookie = answer.header("set-cookie");
    cookie.split(';').next().unwrap().to_owned()
}
