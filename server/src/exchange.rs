//! The exchange's wiring: from the configuration to sockets, media workers and the running exchange.

use std::{
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    num::NonZero,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tandem_app::server::{Clock, exchange::Join};
use tandem_callers::Callers;
use tandem_domain::{
    calls::LiveCall,
    console::Scene,
    ids::{AccountId, CallId, CustomerId},
    supervision::Mode,
};
use tandem_media::Engine;
use tandem_sip::{
    flow::{Flow, Transport},
    transport::{Config as Sockets, Limits, OpenError, TlsConfig, Transports},
};
use tandem_store::{Store, StoreError, accounts::SIP_REALM};
use tandem_telephony::{
    actor::{self, Handle, Keeper, Parts, Running},
    directory::store::Outside,
    exchange::{Command, Now, Settings, Trunk},
    feed::Topic,
    prompt::Voices,
    records,
};
use tokio::sync::{mpsc, watch};

use crate::{
    config::{Config, HostPort, TrunkTransport},
    measurements::Gauges,
    phones::BrowserPhones,
    run::Purpose,
};

/// Why the exchange cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// A socket of SIP.
    #[error("{0} (option --sip, sip.listen or sip.tls_listen)")]
    Listen(#[from] OpenError),
    /// Media.
    #[error("sound cannot be carried: {0} (media.addresses, media.ports)")]
    Media(std::io::Error),
    /// No address for media.
    #[error("no address of this machine is known for sound: set media.addresses (option --media-ip)")]
    NoMediaAddress,
    /// The certificate.
    #[error("the certificate for SIP over TLS cannot be used: {0} (sip.certificate, sip.key)")]
    Certificate(String),
    /// The trunk's name.
    #[error("the trunk {name} is not found: {why} (trunk.address)")]
    Trunk {
        /// As configured.
        name: String,
        /// What the name server says.
        why: String,
    },
    /// The demonstration's people.
    #[error("the demonstration's callers cannot start: {0} (option --no-callers)")]
    Callers(std::io::Error),
    /// The database.
    #[error("the known phones cannot be read: {0}")]
    Store(#[from] StoreError),
}

/// The running exchange, and where it listens.
pub struct Exchange {
    /// For everybody who looks or asks.
    pub handle: Handle,
    /// To end it.
    pub running: Running,
    /// Where phones register.
    pub address: SocketAddr,
    /// The sockets of SIP, for clients that come by WebSocket.
    pub transports: Transports,
    /// The phones in browsers.
    pub phones: Arc<BrowserPhones>,
    /// Tells them that the end has begun.
    ending: watch::Sender<bool>,
    /// Tells what is going on in numbers.
    pub gauges: Gauges,
    /// The demonstration's people.
    pub callers: Option<Callers>,
}

impl Exchange {
    /// Ends everything with care: see [`Running::stop`].
    pub async fn stop(self, grace: Duration) {
        if let Some(callers) = self.callers {
            callers.stop().await;
        }
        let _ = self.ending.send(true);
        self.running.stop(grace).await;
    }
}

/// Opens the sockets and starts the exchange.
///
/// # Errors
/// [`ExchangeError`]
pub async fn start(
    config: &Config,
    purpose: Purpose,
    store: Store,
    clock: Arc<dyn Clock>,
    (spool, keeper): (PathBuf, Keeper),
) -> Result<Exchange, ExchangeError> {
    let (events, incoming) = mpsc::channel(actor::BACKLOG);
    let tls = match (&config.sip.certificate, &config.sip.key) {
        (Some(certificate), Some(key)) => Some(tls(config.sip.tls_listen.0.clone(), certificate, key)?),
        (None | Some(_), None | Some(_)) => None,
    };
    let listen = config.sip.listen.0.iter().copied().map(with_port).collect::<Vec<_>>();
    let sockets = Sockets { udp: listen.clone(), tcp: listen, tls, limits: Limits::default() };
    let transports = Transports::open(sockets, events).await?;
    let callers = match (purpose, &*config.trunk.address.0) {
        // They are the other network, unless there is a real one.
        (Purpose::Demonstration { callers: true }, []) => {
            Some(Callers::bind(config.sip.listen.0[0]).await.map_err(ExchangeError::Callers)?)
        }
        (Purpose::Demonstration { .. } | Purpose::Real, [..]) => None,
    };
    let address = transports.local(Transport::Udp).ok_or(ExchangeError::NoMediaAddress)?;
    let media = media_addresses(config)?;
    let (engine, media_events) = engine(config, &media)?;
    let trunk = match &callers {
        Some(callers) => transports.flow_to(Transport::Udp, callers.trunk()).map(unregistered),
        None => trunk(config, &transports).await?,
    };
    // They answer at the exact address that their trunk knows, and without it nobody would know them.
    let callers = callers.filter(|_| trunk.is_some());
    let meeting = trunk.as_ref().map_or(address, |trunk| trunk.local);
    let outside = match (&trunk, purpose) {
        (Some(_), _) => Outside::Trunk,
        (None, Purpose::Demonstration { .. }) => Outside::Demonstration,
        (None, Purpose::Real) => Outside::Nowhere,
    };
    let settings = Settings {
        realm: SIP_REALM.to_owned(),
        digests: config.sip.digests.0.clone(),
        media,
        calls_max: config.sip.calls_max.0,
        account_calls_max: config.sip.account_calls_max.0,
        trunk,
        spool: Some(spool),
        product: concat!("Tandem/", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let recovered = records::recover(&store).await?;
    if recovered > 0 {
        tracing::warn!(calls = recovered, "the last end was a sudden one: its calls are recorded until then");
    }
    let known = records::known(&store, Now { instant: Instant::now(), wall: clock.now() }).await?;
    let wall: actor::Wall = Arc::new(move || clock.now());
    let steady: actor::Steady = Arc::new(Instant::now);
    let mut voices = Voices::shipped();
    for bad in config.sip.prompts.iter().flat_map(|folder| voices.replace_from(folder)) {
        tracing::warn!("{bad}; what Tandem ships is heard instead (sip.prompts)");
    }
    let (sound, sockets) = (engine.clone(), transports.clone());
    let (ways, accounts, clients) = (transports.clone(), store.clone(), transports.clone());
    let parts =
        Parts { settings, outside, voices, store, keeper, wall, steady, transports, incoming, engine, media_events };
    let (handle, running) = actor::start(parts, known);
    let callers = match callers {
        Some(callers) => Some(callers.run(meeting, rand::random()).map_err(ExchangeError::Callers)?),
        None => None,
    };
    let (ending, ends) = watch::channel(false);
    let phones = Arc::new(BrowserPhones::new(accounts, ways, handle.clone(), address, ends));
    let gauges = gauges(handle.clone(), sound, sockets);
    Ok(Exchange { handle, running, address, transports: clients, phones, ending, gauges, callers })
}

/// Port 0 stands for one that is free, for UDP and TCP alike.
fn with_port(address: SocketAddr) -> SocketAddr {
    let free = || {
        let tcp = TcpListener::bind(address).ok()?.local_addr().ok()?;
        UdpSocket::bind(tcp).is_ok().then_some(tcp)
    };
    if address.port() == 0 { (0..20).find_map(|_| free()).unwrap_or(address) } else { address }
}

fn engine(
    config: &Config,
    addresses: &[IpAddr],
) -> Result<(Arc<Engine>, mpsc::UnboundedReceiver<tandem_media::Event>), ExchangeError> {
    let media = tandem_media::Config {
        workers: std::thread::available_parallelism().map_or(1, NonZero::get),
        ports: config.media.ports.0.clone(),
        addresses: addresses.to_vec(),
        media_timeout: config.media.silence,
        browsers: Some(addresses.iter().map(|ip| SocketAddr::new(*ip, config.media.browser_port)).collect()),
        public: config.media.public.0.clone(),
        ice_lite: config.media.ice_lite.0,
        ..tandem_media::Config::default()
    };
    actor::engine(media).map_err(ExchangeError::Media)
}

/// Where phones send sound: as configured, else where SIP listens; for every network card, the address of the one that
/// leads outside.
fn media_addresses(config: &Config) -> Result<Vec<IpAddr>, ExchangeError> {
    if !config.media.addresses.0.is_empty() {
        return Ok(config.media.addresses.0.clone());
    }
    let mut found = Vec::new();
    for address in &config.sip.listen.0 {
        let ip = if address.ip().is_unspecified() { outward(*address) } else { Some(address.ip()) };
        found.extend(ip.filter(|ip| !found.contains(ip)));
    }
    if found.is_empty() { Err(ExchangeError::NoMediaAddress) } else { Ok(found) }
}

/// The address of this machine on the way outside. No packet is sent for it.
fn outward(family: SocketAddr) -> Option<IpAddr> {
    let (any, outside) = match family {
        SocketAddr::V4(_) => ("0.0.0.0:0", "192.0.2.1:9"),
        SocketAddr::V6(_) => ("[::]:0", "[2001:db8::1]:9"),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(outside).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// A trunk that is known by its address alone.
fn unregistered(flow: Flow) -> Trunk {
    let Flow { transport, local, remote, .. } = flow;
    Trunk { address: remote, others: Vec::new(), transport, local, registers: false, credentials: None }
}

async fn trunk(config: &Config, transports: &Transports) -> Result<Option<Trunk>, ExchangeError> {
    let names = &config.trunk.address.0;
    if names.is_empty() {
        return Ok(None);
    }
    let transport = match config.trunk.transport {
        TrunkTransport::Udp => Transport::Udp,
        TrunkTransport::Tcp => Transport::Tcp,
    };
    // Every address that one of our sockets can reach, by the socket that reaches the first.
    let (mut flows, mut failed) = (Vec::<Flow>::new(), None);
    for name in names {
        match addresses_of(name, transport, transports).await {
            Ok(found) => flows.extend(found),
            // One that is there is enough to begin with.
            Err(error) => failed = Some(error),
        }
    }
    let Some(flow) = flows.first().copied() else { return failed.map_or(Ok(None), Err) };
    if let Some(error) = failed {
        tracing::warn!("{error}");
    }
    flows.retain(|other| other.local == flow.local);
    let mut others = Vec::new();
    for other in flows.iter().map(|other| other.remote) {
        if other != flow.remote && !others.contains(&other) {
            others.push(other);
        }
    }
    let (user, password) = (config.trunk.user.clone(), config.trunk.password.reveal().to_owned());
    let credentials = (!user.is_empty()).then_some((user, password));
    let registers = config.trunk.register.0;
    Ok(Some(Trunk { address: flow.remote, others, transport, local: flow.local, registers, credentials }))
}

/// The ways to all addresses that a name of the trunk stands for; one at least.
async fn addresses_of(
    name: &HostPort,
    transport: Transport,
    transports: &Transports,
) -> Result<Vec<Flow>, ExchangeError> {
    let failed = |why: String| ExchangeError::Trunk { name: name.to_string(), why };
    let found = tokio::net::lookup_host((name.host.as_str(), name.port)).await;
    let found = found.map_err(|error| failed(error.to_string()))?;
    let flows: Vec<_> = found.filter_map(|address| transports.flow_to(transport, address)).collect();
    if flows.is_empty() {
        return Err(failed("it has no address that sip.listen can reach".to_owned()));
    }
    Ok(flows)
}

fn tls(listen: Vec<SocketAddr>, certificate: &Path, key: &Path) -> Result<TlsConfig, ExchangeError> {
    let bad = |error: String| ExchangeError::Certificate(error);
    let named = |path: &Path, error: &dyn std::fmt::Display| bad(format!("{}: {error}", path.display()));
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| named(certificate, &error))?;
    let own_key = PrivateKeyDer::from_pem_file(key).map_err(|error| named(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, own_key)
        .map_err(|error| named(certificate, &error))?;
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConfig { listen, server: Arc::new(server), client: Arc::new(client) })
}

/// What is going on, for Prometheus. Names of totals end as its own do.
fn gauges(handle: Handle, engine: Arc<Engine>, transports: Transports) -> Gauges {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let set = |name: &'static str, value: usize| metrics::gauge!(name).set(value as f64);
    Arc::new(move || {
        let counts = handle.counts();
        set("tandem_calls", counts.calls);
        set("tandem_legs", counts.legs);
        set("tandem_recordings", counts.recordings);
        set("tandem_sip_transactions", counts.transactions);
        set("tandem_registrations", counts.bindings);
        if let Some(there) = counts.at_trunk {
            set("tandem_trunk_registered", usize::from(there));
        }
        let media = engine.stats();
        set("tandem_rtp_ports_used", engine.ports_in_use());
        metrics::counter!("tandem_rtp_received_packets_total").absolute(media.received_packets);
        metrics::counter!("tandem_rtp_sent_packets_total").absolute(media.sent_packets);
        metrics::counter!("tandem_rtp_ignored_packets_total").absolute(media.ignored_packets);
        let sockets = transports.counts();
        set("tandem_sip_connections", sockets.connections);
        metrics::counter!("tandem_sip_dropped_datagrams_total").absolute(sockets.dropped_in);
    })
}

/// The exchange as pages see it.
pub struct PagesExchange(pub Handle);

impl tandem_app::server::exchange::Exchange for PagesExchange {
    fn calls(&self, customer: Option<CustomerId>) -> Vec<LiveCall> {
        self.0.feed().calls(customer)
    }

    fn changes(&self, topic: tandem_app::live::Topic) -> watch::Receiver<u64> {
        self.0.feed().changes(match topic {
            tandem_app::live::Topic::Calls => Topic::Calls,
            tandem_app::live::Topic::Registrations => Topic::Registrations,
            tandem_app::live::Topic::Xdrs => Topic::Xdrs,
            tandem_app::live::Topic::Signalling => Topic::Signalling,
            tandem_app::live::Topic::Console | tandem_app::live::Topic::Wallboard => Topic::Console,
            // Nobody waits for it: it is measured.
            tandem_app::live::Topic::Levels => return watch::channel(0).1,
        })
    }

    fn end_call(&self, call: CallId) {
        self.0.command(Command::EndCall(call));
    }

    fn forget_phones(&self, account: AccountId) {
        self.0.command(Command::ForgetPhones(account));
    }

    fn scene(&self, customer: CustomerId) -> Arc<Scene> {
        self.0.feed().scene(customer)
    }

    fn join(&self, join: Join) {
        let Join { manager, agent, call, mode, follow, ticket, desk } = join;
        self.0.command(Command::Supervise { manager, agent, mode, follow, call: Some(call), ticket, desk });
    }

    fn switch_mode(&self, own: CallId, mode: Mode) {
        self.0.command(Command::SwitchMode { call: own, mode });
    }

    fn follow(&self, own: CallId, on: bool) {
        self.0.command(Command::Follow { call: own, on });
    }

    fn volumes(&self, own: CallId, volumes: [u8; 2]) {
        self.0.command(Command::Volumes { call: own, volumes });
    }

    fn mark(&self, call: CallId, text: String) {
        self.0.command(Command::Mark { call, text });
    }

    fn levels(&self) -> Box<dyn tandem_app::server::exchange::Levels> {
        Box::new(PagesLevels(self.0.levels()))
    }
}

/// How loud people speak, as pages see it.
struct PagesLevels(tandem_telephony::levels::Levels);

impl tandem_app::server::exchange::Levels for PagesLevels {
    fn take(&mut self, calls: &[CallId]) -> Vec<(CallId, [u8; 2])> {
        self.0.take(calls)
    }
}
