//! `serve` and `demo`: makes a running server of the crates, and takes it down again.

use std::{
    io::Write as _,
    net::SocketAddr,
    num::NonZero,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use tandem_app::server::{Clock, Services, SessionLifetimes, console::Consoles};
use tandem_store::Store;
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::{Semaphore, watch},
};

use crate::{
    clock::SystemClock,
    config::Config,
    database::{self, DatabaseError},
    demonstration::{self, DemonstrationError},
    exchange::{self, Exchange, ExchangeError, PagesExchange},
    http::{
        self,
        listen::{self, End, Limits},
        probes::Probes,
        sip_socket::SipSockets,
        site::Site,
        webhooks,
    },
    keeping::{Keeping, KeepingError},
    measurements::Measurements,
    payments::{Payments, PaymentsError},
    telemetry,
};

/// How often collected measurements are folded together.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// What the server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A provider's customers.
    Real,
    /// Trying Tandem out, with demonstration data.
    Demonstration {
        /// Scripted people call and answer.
        callers: bool,
    },
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder cannot be made or written.
    #[error("the data folder cannot be used: {0}")]
    DataFolder(#[source] std::io::Error),
    /// Somebody else listens there, or the address is not this machine's.
    #[error("cannot listen on {address} (option --http or http.listen, metrics.listen): {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The demonstration data.
    #[error(transparent)]
    Demonstration(#[from] DemonstrationError),
    /// The exchange.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// Recordings and e-mails.
    #[error(transparent)]
    Keeping(#[from] KeepingError),
    /// Payments.
    #[error(transparent)]
    Payments(#[from] PaymentsError),
    /// The collector of measurements.
    #[error("measurements cannot be collected: {0}")]
    Measurements(#[from] metrics_exporter_prometheus::BuildError),
    /// Threads or signals.
    #[error("the system does not give what a server needs: {0}")]
    System(#[source] std::io::Error),
}

/// Threads to run on.
///
/// # Errors
/// The system gives none.
pub fn runtime() -> Result<Runtime, RunError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(RunError::System)
}

/// Serves until a signal ends it.
///
/// # Errors
/// It could not start.
pub fn serve(config: &Config, purpose: Purpose) -> Result<(), RunError> {
    telemetry::start(&config.log);
    open_many_files();
    // Recordings and the database are nobody else's on this machine, wherever they are configured to be.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let runtime = runtime()?;
    let done = runtime.block_on(serve_until_stopped(config, purpose));
    // A hash that is still being computed for a request that was cut is of no use to anyone.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

/// A call takes four sockets, and the usual limit is a thousand files: takes as many as the system allows.
fn open_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "the limit of open files cannot be raised: fewer calls can be made than sip.calls_max says");
    }
}

/// Brings the database to this version's layout.
///
/// # Errors
/// The database cannot be opened or changed.
pub fn migrate(config: &Config) -> Result<(), RunError> {
    telemetry::start(&config.log);
    runtime()?.block_on(async {
        let store = open_store(config).await?;
        store.close().await;
        Ok(())
    })
}

/// Opens the database, with the data folder around it, in this version's layout.
///
/// # Errors
/// The folder or the database cannot be used.
pub async fn open_store(config: &Config) -> Result<Store, RunError> {
    make_private_folder(&config.data_dir).map_err(RunError::DataFolder)?;
    Ok(database::open(&config.database_url()).await?)
}

async fn serve_until_stopped(config: &Config, purpose: Purpose) -> Result<(), RunError> {
    let started = Instant::now();
    let (stop, stopped) = watch::channel(false);
    // Those who measure may watch until the very end.
    let (_until_the_end, ended) = watch::channel(false);
    let mut signals = Signals::listen().map_err(RunError::System)?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = open_store(config).await?;
    match purpose {
        Purpose::Real => {}
        Purpose::Demonstration { .. } => demonstration::fill(&store, clock.now()).await?,
    }
    let listener = bind(config.http.listen).await?;
    let address = listener.local_addr().map_err(RunError::System)?;
    let keeping = Keeping::start(config, purpose, store.clone(), clock.clone(), reached_at(config, address)).await?;
    let reached = reached_at(config, address);
    let payments = Payments::start(config, purpose, store.clone(), clock.clone(), keeping.mailer(), reached).await?;
    let mut exchange = exchange::start(config, purpose, store.clone(), clock.clone(), keeping.of_calls()).await?;
    let (of_database, of_exchange) = (database::gauges(&store), exchange.gauges.clone());
    let measurements = Measurements::start(Arc::new(move || {
        of_database();
        of_exchange();
    }))?;
    let probes = Probes::new(database::check(&store), measurements.clone());
    let site = Site::open(config.http.site.as_deref());
    let machines = (&exchange, &keeping, &payments);
    let services = services(config, purpose, store.clone(), clock.clone(), &site, machines, stopped.clone());
    let application = tandem_app::server::router::router(services);
    let sip_sockets = SipSockets { transports: exchange.transports.clone(), secure: config.behind_tls() };
    let application = application.merge(sip_sockets.routes()).merge(webhooks::routes(payments.billing.clone()));
    let router = http::router(config, site, &probes, application);

    if let Some(address) = config.metrics.listen {
        let router = http::around(config, probes.open_routes());
        let of_measurements = Limits { connections: Limits::MEASUREMENTS, grace: Duration::ZERO };
        tokio::spawn(listen::serve(bind(address).await?, router, ended, of_measurements));
    }
    tokio::spawn(tidy(measurements));
    tokio::spawn(database::sweep(store.clone(), clock));
    tokio::spawn(database::check_books(store.clone()));
    warn_of_pitfalls(config);
    let sip = exchange.address;
    tracing::info!(%address, %sip, milliseconds = started.elapsed().as_millis(), "serving");
    announce(config, purpose, address, sip);

    tokio::spawn(async move {
        let signal = signals.next().await;
        tracing::info!(signal, "ending: no new connections and calls; requests and calls under way finish");
        probes.stop();
        let _ = stop.send(true);
        signals.next().await;
        tracing::warn!("a second signal: ending at once");
        std::process::exit(1);
    });
    let limits = Limits { connections: Limits::CONNECTIONS, grace: config.shutdown.grace };
    let mut calls_too = stopped.clone();
    let calls = async {
        tokio::select! {
            _ = calls_too.wait_for(|stop| *stop) => {}
            () = exchange.running.failed() => {
                // Whoever watches over the program starts it again; without calls it is of no use.
                tracing::error!("the exchange has ended by a fault of ours");
                std::process::exit(1);
            }
        }
        tokio::join!(exchange.stop(config.shutdown.grace), payments.stop(config.shutdown.grace));
        keeping.stop(config.shutdown.grace).await;
    };
    let (served, ()) = tokio::join!(listen::serve(listener, router, stopped, limits), calls);
    match served {
        End::Complete => tracing::info!("ended"),
        End::Cut(connections) => tracing::warn!(connections, "ended; the rest was cut when shutdown.grace was over"),
    }
    store.close().await;
    Ok(())
}

fn services(
    config: &Config,
    purpose: Purpose,
    store: Store,
    clock: Arc<dyn Clock>,
    site: &Site,
    (exchange, keeping, payments): (&Exchange, &Keeping, &Payments),
    ending: watch::Receiver<bool>,
) -> Services {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    Services {
        store,
        clock,
        assets: Arc::new(site.assets()),
        demo: matches!(purpose, Purpose::Demonstration { .. }),
        secure: config.behind_tls(),
        sessions: SessionLifetimes { idle: config.session.idle, absolute: config.session.absolute },
        hashing: Arc::new(Semaphore::new(cores)),
        exchange: Arc::new(PagesExchange(exchange.handle.clone())),
        recordings: keeping.for_pages(),
        phones: exchange.phones.clone(),
        consoles: Consoles::default(),
        billing: payments.billing.clone(),
        systems: payments.systems.clone(),
        payment_pages: payments.pages.clone(),
        ending,
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })
}

async fn tidy(measurements: Measurements) {
    let mut interval = tokio::time::interval(TIDY_EVERY);
    loop {
        interval.tick().await;
        measurements.tidy();
    }
}

/// What is allowed but seldom meant.
fn warn_of_pitfalls(config: &Config) {
    if config.http.public_url.is_none() && !config.http.listen.ip().is_loopback() {
        tracing::warn!(
            "http.public_url is not set: passwords and cookies cross the network unprotected, unless TLS ends before"
        );
    }
}

/// Where people reach the web application.
fn reached_at(config: &Config, address: SocketAddr) -> String {
    config.http.public_url.as_ref().map_or_else(|| format!("http://{address}"), |url| url.origin().to_owned())
}

/// What a person at the terminal wants to know. The log is for those who read logs.
fn announce(config: &Config, purpose: Purpose, address: SocketAddr, sip: SocketAddr) {
    let url = reached_at(config, address);
    match purpose {
        Purpose::Real => tell(&format!("Tandem serves {url}\nPhones register at {sip}\n")),
        Purpose::Demonstration { .. } => {
            let line =
                |(sign_in, who): (&str, &str)| format!("  {sign_in:<10} {:<14} {who}\n", demonstration::PASSWORD);
            let people: String = demonstration::PEOPLE.into_iter().map(line).collect();
            tell(&format!(
                "\nTandem is ready: {url}\n\n  {:<10} {:<14} who\n{people}\nA phone registers at {sip} as abc744 (or abc701, abc702 …) \
                 with the same password.\nCtrl-C ends it.\n\n",
                "sign-in", "password"
            ));
        }
    }
}

/// Writes to the standard output. Nobody reading there (any more) is no reason to end a server.
pub fn tell(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// The two signals that end a server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The folder holds people's data and passwords' hashes: nobody else on the machine may look into it.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
