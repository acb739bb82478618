//! The engine: worker threads with the sockets of their legs, driven by one [`Router`] each.

mod browsers;
mod directory;
mod edge;
#[cfg(test)]
mod encrypted;
mod floor;
mod ports;
#[cfg(test)]
mod tests;
mod worker;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    sync::{Arc, MutexGuard, atomic::Ordering::Relaxed},
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rand::{SeedableRng as _, rngs::StdRng};

pub(crate) use self::ports::bind;
use self::{
    directory::Directory,
    floor::Floor,
    ports::Ports,
    worker::{Command, Worker},
};
use crate::{
    browser::Gateway,
    clip::Clip,
    dtmf::Digit,
    level::Level,
    record::{self, Writer},
    router::{Router, Setup},
    types::{Description, Digits, Event, Hears, LegId, Local},
};

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Worker threads, at least 1; usually one per core.
    pub workers: usize,
    /// RTP takes the even ports in here, RTCP the odd ones after them.
    pub ports: RangeInclusive<u16>,
    /// The local addresses legs can be opened on, IPv4 and IPv6.
    pub addresses: Vec<IpAddr>,
    /// After this long without RTP, though the party should be sending, [`Event::MediaTimeout`].
    pub media_timeout: Duration,
    /// A port rests this long before it is given to another leg, so that late packets reach nobody.
    pub port_rest: Duration,
    /// Under load, packets are handled together at most this often, which adds up to this much delay. Zero: at once, which
    /// is the default: under load several packets come with each wake-up anyway, and sleeping has been measured to save
    /// nothing over that (200 calls on two cores: 4.8 µs a packet and 0.06 ms at once, 5.9 µs and 1.1 ms with 1 ms).
    pub coalesce: Duration,
    /// Where browsers are reached: one UDP port for all of them on each of these addresses (port 0: any). Unspecified addresses
    /// are refused. `None`: there are no browsers.
    pub browsers: Option<Vec<SocketAddr>>,
    /// Addresses by which the world reaches the first of them of the same family, with the same port (a NAT that maps one
    /// to one). Browsers are told them besides.
    pub public: Vec<IpAddr>,
    /// Towards browsers, ICE only answers (RFC 8445 §2.5): it is enough where a browser can reach one of the addresses, and
    /// what browsers say of their own networks is then not needed, nor sent to.
    pub ice_lite: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            ports: 16_384..=32_767,
            addresses: vec![IpAddr::from([127, 0, 0, 1])],
            media_timeout: Duration::from_secs(30),
            port_rest: Duration::from_secs(2),
            coalesce: Duration::ZERO,
            browsers: None,
            public: Vec::new(),
            ice_lite: true,
        }
    }
}

/// Why a leg could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none of [`Config::addresses`].
    #[error("{0} is not one of the configured media addresses")]
    UnknownAddress(IpAddr),
    /// All ports are in use or resting.
    #[error("all RTP ports are in use: widen the port range")]
    Exhausted,
    /// The leg is open already.
    #[error("leg {} is open already", .0.0)]
    AlreadyOpen(LegId),
    /// [`Config::browsers`] is `None`.
    #[error("no address is configured for browsers")]
    NoBrowsers,
    /// The system refused.
    #[error("the system gave no socket: {0}")]
    Io(#[from] io::Error),
}

/// Sums over all legs since the start, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Legs open now.
    pub legs: u64,
    /// Valid RTP packets received.
    pub received_packets: u64,
    /// RTP packets sent.
    pub sent_packets: u64,
    /// Packets that were nobody's media and were dropped.
    pub ignored_packets: u64,
    /// Packets the system did not take.
    pub send_errors: u64,
}

/// The legs whose loudness can be said for one listener.
const GAINS_MAX: usize = 16;
/// The largest gain in a mix, in 256ths: four times as loud (12 dB).
const GAIN_MAX: u16 = 1024;

/// Where a worker tells its events.
type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// The media engine. Its methods may be called from any thread, the event callback included; they do not wait for the
/// workers. Commands for the legs of a call are obeyed in the order they are given. Dropping the engine ends its workers,
/// without events for the legs that are open still; it waits until what they recorded is written.
pub struct Engine {
    ports: Arc<Ports>,
    floor: Arc<Floor>,
    threads: Vec<JoinHandle<()>>,
    recordings: Writer,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("workers", &self.threads.len()).field("totals", &self.stats()).finish()
    }
}

/// Seconds from 1900 to 1970 (RFC 5905).
const NTP_UNIX: u64 = 2_208_988_800;

impl Engine {
    /// Start the workers. `events` is called on worker threads: it must return quickly and not block.
    ///
    /// # Errors
    /// When the configuration makes no sense (`InvalidInput`) or the system gives no thread or descriptor.
    pub fn start(config: Config, events: Box<dyn Fn(Event) + Send + Sync>) -> io::Result<Self> {
        let ports = Ports::new(&config.addresses, &config.ports, config.port_rest);
        if config.workers == 0 || ports.pairs() == 0 {
            let what = "media needs a worker, an address, and a port range with an even port and the one after it";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
        let setup = Setup {
            epoch: Instant::now(),
            ntp: ((unix.as_secs().wrapping_add(NTP_UNIX)) << 32) | fraction,
            media_timeout: config.media_timeout,
        };
        let events: EventSink = events.into();
        let gateway = match &config.browsers {
            Some(addresses) => {
                let gateway = Gateway::new(addresses, config.public.clone(), config.ice_lite, config.workers)?;
                Some(Arc::new(gateway))
            }
            None => None,
        };
        let (mut workers, mut handles) = (Vec::new(), Vec::new());
        for _ in 0..config.workers {
            let router = Router::new(setup, StdRng::from_os_rng());
            let (worker, handle) = Worker::new(router, events.clone(), config.coalesce)?;
            workers.push(worker);
            handles.push(handle);
        }
        let floor = Arc::new(Floor::new(handles, gateway));
        let mut engine = Self { ports, floor: floor.clone(), threads: Vec::new(), recordings: Writer::new(events) };
        for (n, worker) in workers.into_iter().enumerate() {
            let worker = worker.on(floor.clone(), n, config.media_timeout)?;
            let thread = thread::Builder::new().name(format!("media-{n}")).spawn(|| worker.run())?;
            engine.threads.push(thread);
        }
        Ok(engine)
    }

    /// Open a leg on a local address; gives the address for the SDP. Its RTCP port is the next one.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, leg: LegId, local: IpAddr) -> Result<SocketAddr, OpenError> {
        let sockets = self.ports.bind(local)?;
        let address = sockets.address();
        let mut directory = self.directory();
        let worker = directory.open(leg).ok_or(OpenError::AlreadyOpen(leg))?;
        self.floor.workers[worker].tell(Command::Open(leg, sockets));
        Ok(address)
    }

    /// Open a leg for a browser, on the port that all of them share; gives what its SDP says of us. Everything else works with
    /// it as with other legs; its description has a [`Browser`](crate::Browser). Nothing is sent to it and nothing is heard
    /// of it before ICE and DTLS are done, which [`Event::Latched`] tells with the browser's address; also when that changes.
    ///
    /// # Errors
    /// [`OpenError::NoBrowsers`] or [`OpenError::AlreadyOpen`].
    pub fn open_browser(&self, leg: LegId) -> Result<Local, OpenError> {
        let gateway = self.floor.gateway.as_ref().ok_or(OpenError::NoBrowsers)?;
        let mut directory = self.directory();
        let worker = directory.open(leg).ok_or(OpenError::AlreadyOpen(leg))?;
        let local = gateway.admit(leg, worker);
        self.floor.workers[worker].tell(Command::OpenBrowser(leg, Box::new(local.clone())));
        Ok(local)
    }

    /// A browser starts ICE anew (its offer names another ufrag): our answer must name another one too (RFC 8445 §9), which
    /// this gives. To be called before the leg is described with what the browser said; audio goes on meanwhile. `None` if
    /// there is no such leg of a browser.
    pub fn restart_ice(&self, leg: LegId) -> Option<Local> {
        let gateway = self.floor.gateway.as_ref()?;
        let directory = self.directory();
        let worker = directory.worker(leg)?;
        let local = gateway.rename(leg)?;
        self.floor.workers[worker].tell(Command::Rename(leg, Box::new(local.clone())));
        Some(local)
    }

    /// Open a leg without ports that only hears: while its row is [`Hears::Stereo`], what it hears is written into a new WAV
    /// file of two channels (16 bits, 16 kHz if one of its speakers is wideband at the first frame, else 8 kHz); with any
    /// other row, nothing is written and time stands still. Its folder is made with it. The file can be played at any moment, and
    /// lacks at most the last second. What goes wrong with it is told at once by [`Event::Recorded`], after which nothing more is
    /// written, and disturbs nobody.
    ///
    /// # Errors
    /// [`OpenError::AlreadyOpen`], or [`OpenError::Io`] if there is no thread to be had, or too little room on the disk: what else
    /// is on it (the database) must go on.
    pub fn record(&self, leg: LegId, file: PathBuf) -> Result<(), OpenError> {
        let mut directory = self.directory();
        if directory.worker(leg).is_some() {
            return Err(OpenError::AlreadyOpen(leg));
        }
        if !record::has_room(&file) {
            return Err(OpenError::Io(io::ErrorKind::StorageFull.into()));
        }
        let sink = self.recordings.begin(leg, file)?;
        let worker = directory.open(leg).ok_or(OpenError::AlreadyOpen(leg))?;
        self.floor.workers[worker].tell(Command::Record(leg, sink));
        Ok(())
    }

    /// Say what the party of a leg agreed to; again after each re-negotiation.
    pub fn describe(&self, leg: LegId, description: Description) {
        self.tell(leg, Command::Describe(leg, Box::new(description)));
    }

    /// Change rows of the matrix, all at once. Legs that are not named keep what they hear; unknown legs are left out.
    /// All legs named in one call come to one worker and stay together: name the legs of one call at a time.
    pub fn route(&self, mut rows: Vec<(LegId, Hears)>) {
        let mut directory = self.directory();
        let Some((worker, moves)) = directory.join(&mut rows) else { return };
        self.floor.carry_out(&directory, moves);
        self.floor.workers[worker].tell(Command::Route(rows));
    }

    /// What becomes of the digits the leg presses; [`Digits::Pass`] at first.
    pub fn digits(&self, leg: LegId, digits: Digits) {
        self.tell(leg, Command::Digits(leg, digits));
    }

    /// Send a digit of `ms` milliseconds (40 to 8,000) towards a leg, after those sent before: as an event if the leg agreed
    /// to events, else as a tone. A leg on hold gets none.
    pub fn send_digit(&self, leg: LegId, digit: Digit, ms: u16) {
        self.tell(leg, Command::SendDigit(leg, digit, ms));
    }

    /// Collect the digits of a leg for these codes (each of digits, as `*44`) from now on; an empty list ends that. A complete
    /// code is told by [`Event::Code`] and reaches nobody; what turns out to be none is passed on, in order. The digits of a
    /// leg whose digits are consumed are not collected.
    pub fn codes(&self, leg: LegId, codes: Vec<String>) {
        self.tell(leg, Command::Codes(leg, codes));
    }

    /// The leg pressed a digit that came in SIP INFO: it is treated like one that came with its media, in order with those.
    pub fn press(&self, leg: LegId, digit: Digit) {
        self.tell(leg, Command::Press(leg, digit));
    }

    /// Lay a clip over what a leg hears, once: it goes on hearing that, without a gap. Of several, one follows the other.
    pub fn overlay(&self, leg: LegId, clip: Clip) {
        self.tell(leg, Command::Overlay(leg, clip));
    }

    /// Look at how loud a leg's party speaks, until the look is dropped: a few times a second is what it is for. It
    /// costs next to nothing where the party speaks G.711 or is heard by a mix anyway, else the decoding. Of more than 32
    /// looks at one leg, the first ones see silence.
    #[must_use]
    pub fn level(&self, leg: LegId) -> Level {
        let level = Level::new(leg);
        self.tell(leg, Command::Level(level.clone()));
        level
    }

    /// Say how loud a leg hears others while it hears a mix: legs with their gains in 256ths, from 0 (not at all) over 256 (as it
    /// is) to 1024. It holds until it is said anew, whatever is routed; legs that are not named are heard as they are, and what
    /// other legs hear is not touched.
    pub fn balance(&self, leg: LegId, mut gains: Vec<(LegId, u16)>) {
        gains.truncate(GAINS_MAX);
        for (_, gain) in &mut gains {
            *gain = (*gain).min(GAIN_MAX);
        }
        self.tell(leg, Command::Balance(leg, gains));
    }

    /// Close a leg; [`Event::Closed`] follows when its ports are free.
    pub fn close(&self, leg: LegId) {
        let mut directory = self.directory();
        if let Some(worker) = directory.close(leg) {
            self.floor.workers[worker].tell(Command::Close(leg));
        }
    }

    /// Sums over all legs. The workers publish them each time they have worked.
    #[must_use]
    pub fn stats(&self) -> Totals {
        let mut totals = Totals { legs: self.directory().len() as u64, ..Totals::default() };
        for worker in &self.floor.workers {
            totals.received_packets += worker.sums.received.load(Relaxed);
            totals.sent_packets += worker.sums.sent.load(Relaxed);
            totals.ignored_packets += worker.sums.ignored.load(Relaxed);
            totals.send_errors += worker.sums.errors.load(Relaxed);
        }
        if let Some(gateway) = &self.floor.gateway {
            totals.ignored_packets += gateway.ignored.load(Relaxed);
        }
        totals
    }

    /// Port pairs in use now.
    #[must_use]
    pub fn ports_in_use(&self) -> usize {
        self.ports.in_use()
    }

    fn tell(&self, leg: LegId, command: Command) {
        self.floor.tell(leg, command);
    }

    fn directory(&self) -> MutexGuard<'_, Directory> {
        self.floor.directory()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for worker in &self.floor.workers {
            worker.tell(Command::Stop);
        }
        // A worker that drops the engine has its recordings still, and they end after it.
        let by_worker = self.threads.iter().any(|thread| thread.thread().id() == thread::current().id());
        for thread in self.threads.drain(..) {
            // Dropped by its own callback, a worker cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
        if !by_worker {
            self.recordings.end();
        }
    }
}
