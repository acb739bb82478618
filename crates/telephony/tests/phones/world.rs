//! An exchange on ports of its own, with the demonstration's data in memory.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tandem_domain::{access::Scope, calls::Xdr, ids::Timestamp, list::Query};
use tandem_media::Engine;
use tandem_phones::{Account, Baresip, PhoneError, Recording, Transport, ports, tones};
use tandem_sip::transport::{Config as Sockets, Limits, TlsConfig, Transports};
use tandem_store::{Options, Store, accounts::SIP_REALM, demo, xdrs::XdrFilters};
use tandem_telephony::{
    actor::{self, Handle, Parts, Running},
    directory::store::Outside,
    exchange::{Command, Counts, RecordingNote, Settings, Trunk},
    prompt::Voices,
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::mpsc};

/// What waits for something that must come waits at most this long: longer than an INVITE that nobody answers lasts, which
/// is 32 s (RFC 3261 §17.1.1.2, timer B).
const PATIENCE: Duration = Duration::from_secs(45);

/// The exchange.
pub struct World {
    runtime: Runtime,
    pub store: Store,
    pub handle: Handle,
    pub engine: Arc<Engine>,
    running: Option<Running>,
    /// Where recordings lie while their calls go on, and what was told of each.
    spool: TempDir,
    notes: Notes,
    ahead: Ahead,
    pub address: SocketAddr,
    /// Where phones register with TLS.
    pub secure: Option<SocketAddr>,
}

/// What the exchange told of recordings, in order.
type Notes = Arc<Mutex<Vec<RecordingNote>>>;

/// How many milliseconds the exchange's clocks are ahead of everybody else's.
type Ahead = Arc<AtomicU64>;

/// How the exchange is to be.
#[derive(Default)]
pub struct Wishes {
    /// The address of another network.
    pub trunk: Option<SocketAddr>,
    /// Further addresses of it.
    pub trunk_others: Vec<SocketAddr>,
    /// User and password there; then the exchange registers.
    pub trunk_user: Option<(&'static str, &'static str)>,
    /// User and password there, for when it asks; the exchange does not register.
    pub trunk_asks: Option<(&'static str, &'static str)>,
    /// With TLS beside.
    pub tls: bool,
    /// By IPv6.
    pub v6: bool,
    /// Calls at once.
    pub calls_max: Option<usize>,
    /// Prompts of one's own.
    pub prompts: Option<PathBuf>,
    /// Its records are in a file, and not in memory.
    pub on_disk: bool,
}

impl World {
    pub fn new() -> Self {
        Self::with(Wishes::default())
    }

    pub fn with(wishes: Wishes) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let local: IpAddr = if wishes.v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let address = ports::free_on(local).unwrap();
        let (spool, notes, ahead) = (tempfile::tempdir().unwrap(), Notes::default(), Ahead::default());
        let started = start(address, wishes, spool.path().to_owned(), notes.clone(), ahead.clone());
        let Started { store, handle, running, engine, secure } = runtime.block_on(started);
        Self { runtime, store, handle, engine, running: Some(running), spool, notes, ahead, address, secure }
    }

    /// Puts the exchange's clocks forward: what is due until then is due now. The phones' clocks go on as they did.
    pub fn hurry(&self, span: Duration) {
        self.ahead.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::Relaxed);
        // It looks at its clock whenever something comes.
        self.handle.command(Command::Restore(Vec::new()));
    }

    /// Waits until both answers of the only call, theirs to us and ours to who called, are acknowledged: the exchange's clock may
    /// not be put forward before that, for it waits for an ACK only half a minute.
    pub fn wait_until_acknowledged(&self) {
        // The Call-ID and the number of a message.
        let of = |text: &str| {
            let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
            let number = value("CSeq:").split(' ').next().unwrap_or_default();
            (value("Call-ID:").to_owned(), number.to_owned())
        };
        self.wait_for("the acknowledgement of both answers", || {
            let call = self.handle.feed().calls(None).first()?.id;
            let log = self.block_on(self.store.sip_log().of_call(Scope::for_system(), call)).unwrap();
            let is_answer = |text: &str| text.starts_with("SIP/2.0 200") && text.contains(" INVITE");
            let answers: HashSet<_> =
                log.iter().filter(|line| is_answer(&line.text)).map(|line| of(&line.text)).collect();
            let acks: HashSet<_> =
                log.iter().filter(|line| line.text.starts_with("ACK ")).map(|line| of(&line.text)).collect();
            (answers.len() == 2 && answers.is_subset(&acks)).then_some(())
        });
    }

    /// A phone of ABC's extension that speaks with this tone, registered.
    pub fn phone(&self, extension: &str, tone: u32) -> Baresip {
        self.phone_with(extension, tone, |account| account)
    }

    pub fn phone_with(&self, extension: &str, tone: u32, change: impl FnOnce(Account) -> Account) -> Baresip {
        let account = Account::registered(&format!("abc{extension}"), "tandem-demo", self.address).tone(tone);
        let phone = Baresip::start(change(account)).unwrap();
        phone.wait_until_registered().unwrap();
        phone
    }

    /// `caller` calls `number`, and `callee` takes the call.
    pub fn talk(&self, caller: &Baresip, number: &str, callee: &Baresip) {
        caller.dial(number).granted();
        callee.wait_for_incoming().granted();
        callee.accept().granted();
        caller.wait_until_established().granted();
        callee.wait_until_established().granted();
    }

    pub fn tcp(account: Account) -> Account {
        account.transport(Transport::Tcp)
    }

    /// All xDRs so far, the oldest first.
    pub fn xdrs(&self) -> Vec<Xdr> {
        let filters = XdrFilters::default();
        let page = self.store.xdrs();
        let page = self.runtime.block_on(page.list(Scope::for_system(), &Query::default(), &filters)).unwrap();
        page.rows.into_iter().rev().map(|row| row.xdr).collect()
    }

    /// The xDRs, as soon as there are this many.
    pub fn wait_for_xdrs(&self, count: usize) -> Vec<Xdr> {
        self.wait_for(&format!("{count} xDRs"), || Some(self.xdrs()).filter(|xdrs| xdrs.len() >= count))
    }

    /// The folder of recordings.
    pub fn spool(&self) -> &Path {
        self.spool.path()
    }

    /// What was told of recordings, in order.
    pub fn recording_notes(&self) -> Vec<RecordingNote> {
        self.notes.lock().unwrap().clone()
    }

    /// Waits until nothing of any call is left.
    pub fn wait_until_quiet(&self) {
        let quiet = |counts: Counts| (counts.calls, counts.legs, counts.questions, counts.drafts) == (0, 0, 0, 0);
        self.wait_for("the end of all calls", || (quiet(self.handle.counts())).then_some(()));
        self.wait_for("the return of all ports", || (self.engine.stats().legs == 0).then_some(()));
    }

    pub fn wait_for<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < until, "waited too long for {what}; {:?}", self.handle.counts());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop(Duration::ZERO));
        }
    }
}

/// One of them.
pub const SECOND: Duration = Duration::from_secs(1);

/// Whether a tone is in what a phone heard.
pub fn hears(sound: &[Recording], hz: u32) -> bool {
    sound.iter().any(|part| tones::hears(&part.pcm, part.rate, f64::from(hz)))
}

/// What was heard after a while: what was on its way before that is not counted.
pub fn after(while_: Duration, mut sound: Vec<Recording>) -> Vec<Recording> {
    for part in &mut sound {
        let gone = (f64::from(part.rate) * while_.as_secs_f64()) as usize;
        part.pcm.drain(..gone.min(part.pcm.len()));
    }
    sound
}

/// Whether there is anything to hear.
pub fn is_loud(sound: &[Recording]) -> bool {
    sound.iter().any(|part| part.pcm.iter().any(|sample| sample.unsigned_abs() > 500))
}

/// What a phone says of a wish that must be granted.
pub trait Granted<T> {
    fn granted(self) -> T;
}

impl<T> Granted<T> for Result<T, PhoneError> {
    #[track_caller]
    fn granted(self) -> T {
        match self {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }
}

fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or_default())
}

struct Started {
    store: Store,
    handle: Handle,
    running: Running,
    engine: Arc<Engine>,
    secure: Option<SocketAddr>,
}

/// A certificate that nobody vouches for.
fn tls(address: IpAddr) -> TlsConfig {
    let made = rcgen::generate_simple_self_signed([address.to_string()]).unwrap();
    let (certificate, key) = (CertificateDer::from(made.cert), made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key).unwrap())
        .unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    TlsConfig { listen: vec![(address, 0).into()], server: Arc::new(server), client: Arc::new(client) }
}

async fn start(address: SocketAddr, wishes: Wishes, spool: PathBuf, notes: Notes, ahead: Ahead) -> Started {
    let file = || format!("sqlite:{}", spool.join("records.sqlite").display());
    let url = if wishes.on_disk { file() } else { "sqlite::memory:".to_owned() };
    let store = Store::connect(&url, &Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    demo::fill(&store, wall()).await.unwrap();
    let (events, incoming) = mpsc::channel(actor::BACKLOG);
    let tls = wishes.tls.then(|| tls(address.ip()));
    let sockets = Sockets { udp: vec![address], tcp: vec![address], tls, limits: Limits::default() };
    let transports = Transports::open(sockets, events).await.unwrap();
    let secure = transports.local(tandem_sip::flow::Transport::Tls);
    let media = tandem_media::Config {
        workers: 2,
        ports: 20_000..=29_999,
        addresses: vec![address.ip()],
        ..tandem_media::Config::default()
    };
    let (engine, media_events) = actor::engine(media).unwrap();
    let trunk = wishes.trunk.map(|remote| Trunk {
        address: remote,
        others: wishes.trunk_others,
        transport: tandem_sip::flow::Transport::Udp,
        local: address,
        registers: wishes.trunk_user.is_some(),
        credentials: wishes
            .trunk_user
            .or(wishes.trunk_asks)
            .map(|(user, password)| (user.to_owned(), password.to_owned())),
    });
    let mut voices = Voices::shipped();
    let _ = wishes.prompts.map(|folder| voices.replace_from(&folder));
    let (later, milliseconds) = (ahead.clone(), move || ahead.load(Ordering::Relaxed));
    let parts = Parts {
        outside: if trunk.is_some() { Outside::Trunk } else { Outside::Demonstration },
        settings: Settings {
            realm: SIP_REALM.to_owned(),
            digests: vec![tandem_sip::digest::Algorithm::Md5],
            media: vec![address.ip()],
            calls_max: wishes.calls_max.unwrap_or(1000),
            account_calls_max: 1000,
            trunk,
            spool: Some(spool),
            product: "Tandem".to_owned(),
        },
        voices,
        store: store.clone(),
        keeper: Arc::new(move |note| notes.lock().unwrap().push(note)),
        wall: Arc::new(move || Timestamp(wall().0 + i64::try_from(milliseconds()).unwrap())),
        steady: Arc::new(move || Instant::now() + Duration::from_millis(later.load(Ordering::Relaxed))),
        transports,
        incoming,
        engine: engine.clone(),
        media_events,
    };
    let (handle, running) = actor::start(parts, Vec::new());
    Started { store, handle, running, engine, secure }
}
