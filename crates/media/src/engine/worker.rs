//! A worker: one thread with the sockets of its legs, one router, and one wait.
//!
//! The kernel's part of relaying a packet is far larger than ours (the router's is about 0.1 µs of 5). What can be avoided is
//! waking up: all that is ready is handled before the next wait, and with [`Config::coalesce`](super::Config) the worker
//! sleeps that long under load first.

use std::{
    collections::{HashSet, VecDeque},
    io,
    net::SocketAddr,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    time::{Duration, Instant},
};

use rustix::{
    event::{EventfdFlags, Timespec, epoll, eventfd},
    io::Errno,
};

use super::{
    EventSink,
    browsers::{Browsers, Path},
    ports::Sockets,
};
use crate::{
    browser::Inbox,
    clip::Clip,
    dtmf::Digit,
    leg::Leg,
    level::Level,
    record::Sink,
    router::{Port, Router, Slot, Wire},
    types::{Description, Digits, Hears, LegId, Local},
};

/// What a worker is told.
#[derive(Debug)]
pub(super) enum Command {
    Open(LegId, Sockets),
    OpenBrowser(LegId, Box<Local>),
    /// A browser's leg has another name.
    Rename(LegId, Box<Local>),
    Record(LegId, Box<dyn Sink>),
    Describe(LegId, Box<Description>),
    Route(Vec<(LegId, Hears)>),
    Digits(LegId, Digits),
    SendDigit(LegId, Digit, u16),
    Codes(LegId, Vec<String>),
    Press(LegId, Digit),
    Overlay(LegId, Clip),
    Level(Level),
    Balance(LegId, Vec<(LegId, u16)>),
    Close(LegId),
    /// A leg will come from another worker: nothing else is done until it is here.
    Await(LegId),
    /// Give a leg to another worker.
    Give(LegId, Handle),
    /// The awaited leg; a recorder has no path.
    Adopt(LegId, Option<Box<(Box<Leg>, Option<Path>)>>),
    Stop,
}

/// How a worker is reached.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    commands: mpsc::Sender<Command>,
    bell: Arc<Bell>,
    /// What came for browsers' legs.
    inbox: Arc<Inbox>,
    pub sums: Arc<Sums>,
}

#[derive(Debug)]
struct Bell {
    descriptor: OwnedFd,
    /// It was rung and not heard yet.
    rung: AtomicBool,
}

/// What a worker publishes of its counts.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub received: AtomicU64,
    pub sent: AtomicU64,
    pub ignored: AtomicU64,
    pub errors: AtomicU64,
}

impl Handle {
    /// Tell the worker. Once it has stopped, nothing happens.
    pub fn tell(&self, command: Command) {
        if self.commands.send(command).is_ok() {
            self.ring();
        }
    }

    /// Where datagrams for browsers' legs are put.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Let the worker look for commands and datagrams.
    pub fn ring(&self) {
        if !self.bell.rung.swap(true, std::sync::atomic::Ordering::SeqCst) {
            // It can only fail when the counter is full, and then the bell rings anyway.
            let _ = rustix::io::write(&self.bell.descriptor, &1_u64.to_ne_bytes());
        }
    }
}

/// The key under which the bell waits; sockets have their slot and port.
const BELL: u64 = u64::MAX;
/// The keys under which the sockets that browsers share wait begin here.
pub(super) const SHARED: u64 = 1 << 62;
/// Sockets that one wait reports at most.
const BATCH: usize = 1_024;
/// A datagram that fills this is longer than any packet that is accepted.
pub(super) const BUFFER: usize = 2_048;
/// A socket that is ready again so soon has a queue: it is read until it is empty, at most so many packets in a row.
pub(super) const QUEUED: Duration = Duration::from_millis(2);
pub(super) const IN_A_ROW: usize = 64;
/// Packets in one coalescing time from which it pays to sleep for it.
const BUSY: f64 = 2.0;
/// The longest wait.
const IDLE: Duration = Duration::from_secs(60);

/// A worker's thread.
pub(super) struct Worker {
    pub(super) epoll: OwnedFd,
    bell: Arc<Bell>,
    commands: mpsc::Receiver<Command>,
    pub(super) router: Router,
    pub(super) sockets: Vec<Option<Owned>>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) browsers: Browsers,
    events: EventSink,
    sums: Arc<Sums>,
    pub(super) errors: u64,
    coalesce: Duration,
    /// Packets in one coalescing time, smoothed.
    load: f64,
    awaited: HashSet<LegId>,
    parked: VecDeque<Command>,
}

/// How a leg is reached, and when it was ready to be read last.
pub(super) struct Owned {
    pub path: Path,
    ready: Instant,
}

/// Sends to the legs.
pub(super) struct Sending<'a> {
    pub sockets: &'a mut [Option<Owned>],
    pub errors: &'a mut u64,
}

impl Wire for Sending<'_> {
    fn send(&mut self, slot: Slot, port: Port, to: SocketAddr, octets: &[u8]) {
        let Some(Some(owned)) = self.sockets.get_mut(slot) else { return };
        // A full buffer or an unreachable address: late media is no media, so it is dropped and counted.
        let sent = match &mut owned.path {
            Path::Ports(sockets) => sockets.send(port, to, octets),
            Path::Browser(peer) => peer.write(octets),
        };
        if !sent {
            *self.errors += 1;
        }
    }
}

impl Worker {
    /// A worker that is not running yet, and its handle.
    pub fn new(router: Router, events: EventSink, coalesce: Duration) -> io::Result<(Self, Handle)> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &descriptor, epoll::EventData::new_u64(BELL), epoll::EventFlags::IN)?;
        let bell = Arc::new(Bell { descriptor, rung: AtomicBool::new(false) });
        let (sender, commands) = mpsc::channel();
        let sums = Arc::new(Sums::default());
        let inbox = Arc::new(Inbox::default());
        let handle = Handle { commands: sender, bell: bell.clone(), inbox: inbox.clone(), sums: sums.clone() };
        let worker = Self {
            epoll,
            bell,
            commands,
            router,
            sockets: Vec::new(),
            inbox,
            browsers: Browsers::default(),
            events,
            sums,
            errors: 0,
            coalesce,
            load: 0.0,
            awaited: HashSet::new(),
            parked: VecDeque::new(),
        };
        Ok((worker, handle))
    }

    /// Work until told to stop.
    pub fn run(mut self) {
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(BATCH);
        let mut buffer = [0; BUFFER];
        let mut woke = Instant::now();
        loop {
            if let Err(error) = self.wait(&mut ready, woke) {
                // Only a closed descriptor could fail here, and ours are open.
                tracing::error!(%error, "a media worker cannot wait for its sockets");
                std::thread::sleep(Duration::from_millis(10));
            }
            let mut packets = 0_u32;
            // Before the sockets: who is heard by whom from now on holds for what came in the same moment, too. A slot
            // that is another leg's after this is read as that one's.
            if ready.iter().any(|event| event.data.u64() == BELL) {
                let Some(more) = self.obey() else { return };
                packets += more;
            }
            let now = Instant::now();
            for event in &ready {
                match event.data.u64() {
                    BELL => {}
                    key @ SHARED.. => packets += self.read_shared(now, (key - SHARED) as usize, &mut buffer),
                    key => packets += self.read(now, key, &mut buffer),
                }
            }
            let Self { router, sockets, errors, .. } = &mut self;
            router.handle_timeout(now, &mut Sending { sockets, errors });
            self.visit_browsers(now);
            self.tell();
            self.weigh(packets, now - woke);
            woke = now;
        }
    }

    /// Wait until something is to be done.
    fn wait(&mut self, ready: &mut Vec<epoll::Event>, woke: Instant) -> io::Result<()> {
        let now = Instant::now();
        let next = self.router.next_timeout().into_iter().chain(self.next_of_browsers()).min();
        let mut time = next.map_or(IDLE, |at| at.saturating_duration_since(now).min(IDLE));
        if self.load >= BUSY {
            let rest = self.coalesce.saturating_sub(now - woke).min(time);
            if !rest.is_zero() {
                std::thread::sleep(rest);
            }
            time = Duration::ZERO;
        }
        // The kernel counts in milliseconds; rounding up avoids turning around for the last one.
        let time = Duration::from_millis(time.as_micros().div_ceil(1_000) as u64);
        let timeout = Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() };
        ready.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(ready), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Follow how busy it is.
    fn weigh(&mut self, packets: u32, time: Duration) {
        if self.coalesce.is_zero() {
            return;
        }
        let times = (time.as_secs_f64() / self.coalesce.as_secs_f64()).max(0.1);
        let weight = (times / 20.0).min(1.0);
        self.load += (f64::from(packets) / times - self.load) * weight;
    }

    /// Read what a socket has; gives the packets' count.
    fn read(&mut self, now: Instant, key: u64, buffer: &mut [u8; BUFFER]) -> u32 {
        let (slot, port) = place(key);
        let Self { router, sockets, errors, .. } = self;
        let Some(Some(owned)) = sockets.get_mut(slot) else { return 0 };
        let queued = now.saturating_duration_since(owned.ready) < QUEUED;
        owned.ready = now;
        let most = if queued { IN_A_ROW } else { 1 };
        let mut packets = 0;
        for _ in 0..most {
            let Some(Some(Owned { path: Path::Ports(own), .. })) = sockets.get_mut(slot) else { break };
            let Ok((length, from)) = own.socket(port).recv_from(buffer) else { break };
            packets += 1;
            let Some(length) = own.open(port, &mut buffer[..length]) else {
                router.refuse(slot);
                continue;
            };
            let octets = &mut buffer[..length];
            match port {
                Port::Rtp => router.handle_rtp(now, slot, from, octets, &mut Sending { sockets, errors }),
                Port::Rtcp => router.handle_rtcp(now, slot, from, port, octets),
            }
        }
        packets
    }

    /// Take in what came for browsers' legs, and obey all commands. Gives the datagrams' count; `None` to stop.
    fn obey(&mut self) -> Option<u32> {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.bell.descriptor, &mut count);
        // From here on a new command rings anew; those before are taken below.
        self.bell.rung.store(false, std::sync::atomic::Ordering::SeqCst);
        let taken = self.empty_inbox(Instant::now());
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Adopt(id, leg) => {
                    self.adopt(id, leg);
                    while self.awaited.is_empty()
                        && let Some(command) = self.parked.pop_front()
                    {
                        if !self.obey_one(command) {
                            return None;
                        }
                    }
                }
                Command::Stop => return None,
                command if self.awaited.is_empty() => {
                    if !self.obey_one(command) {
                        return None;
                    }
                }
                command => self.parked.push_back(command),
            }
        }
        if self.awaited.is_empty() {
            self.take_in_early(Instant::now());
            self.drop_early();
        }
        Some(taken)
    }

    fn obey_one(&mut self, command: Command) -> bool {
        let now = Instant::now();
        match command {
            Command::Open(id, sockets) => {
                let slot = self.router.open(now, id);
                self.install(now, slot, Path::Ports(sockets));
            }
            Command::OpenBrowser(id, local) => self.open_browser(now, id, &local),
            Command::Rename(id, local) => self.rename_browser(now, id, &local),
            Command::Record(id, sink) => {
                self.router.record(now, id, sink);
            }
            Command::Describe(id, description) => {
                if description.browser.is_some() {
                    self.describe_browser(now, id, &description);
                }
                let path = self.router.slot(id).and_then(|slot| self.sockets.get_mut(slot)?.as_mut());
                if let Some(Owned { path: Path::Ports(sockets), .. }) = path {
                    sockets.agree(description.encryption.as_ref());
                }
                self.router.describe(now, id, *description);
            }
            Command::Route(rows) => {
                let Self { router, sockets, errors, .. } = self;
                router.route(now, rows, &mut Sending { sockets, errors });
            }
            Command::Digits(id, digits) => self.router.digits(now, id, digits),
            Command::Codes(id, codes) => self.router.codes(now, id, &codes),
            Command::Press(id, digit) => self.router.press(now, id, digit),
            Command::SendDigit(id, digit, ms) => self.router.send_digit(now, id, digit, ms),
            Command::Overlay(id, clip) => {
                let Self { router, sockets, errors, .. } = self;
                router.overlay(now, id, clip, &mut Sending { sockets, errors });
            }
            Command::Level(level) => self.router.level(level),
            Command::Balance(id, gains) => self.router.balance(id, gains),
            Command::Close(id) => {
                let Self { router, sockets, errors, .. } = self;
                // A plain leg's ports are free when its path is dropped.
                if let Some(slot) = router.close(now, id, &mut Sending { sockets, errors })
                    && let Some(Path::Browser(mut peer)) = self.remove(slot)
                {
                    peer.close(now);
                }
            }
            Command::Await(id) => {
                self.awaited.insert(id);
            }
            Command::Give(id, to) => {
                // What came before the leg was told to go; what comes later comes to the other worker.
                self.empty_inbox(now);
                let given = self.router.give(id).map(|(slot, leg)| Box::new((leg, self.remove(slot))));
                to.tell(Command::Adopt(id, given));
            }
            Command::Adopt(id, leg) => self.adopt(id, leg),
            Command::Stop => return false,
        }
        true
    }

    fn adopt(&mut self, id: LegId, leg: Option<Box<(Box<Leg>, Option<Path>)>>) {
        self.awaited.remove(&id);
        if let Some(given) = leg {
            let (leg, path) = *given;
            let now = Instant::now();
            let slot = self.router.adopt(now, leg);
            if let Some(path) = path {
                self.install(now, slot, path);
            }
            self.take_in_early(now);
        }
    }

    /// Watch the path of a leg.
    pub(super) fn install(&mut self, now: Instant, slot: Option<Slot>, path: Path) {
        let Some(slot) = slot else { return };
        match &path {
            Path::Browser(_) => self.browsers.add(now, slot),
            Path::Ports(sockets) => {
                for port in [Port::Rtp, Port::Rtcp] {
                    let data = epoll::EventData::new_u64(key(slot, port));
                    if let Err(error) = epoll::add(&self.epoll, sockets.socket(port), data, epoll::EventFlags::IN) {
                        tracing::error!(%error, address = %sockets.address(), "a media socket cannot be watched");
                    }
                }
            }
        }
        if self.sockets.len() <= slot {
            self.sockets.resize_with(slot + 1, || None);
        }
        self.sockets[slot] = Some(Owned { path, ready: now });
    }

    /// Stop watching the path of a leg.
    fn remove(&mut self, slot: Slot) -> Option<Path> {
        let path = self.sockets.get_mut(slot)?.take()?.path;
        match &path {
            Path::Browser(_) => self.browsers.remove(slot),
            Path::Ports(sockets) => {
                for port in [Port::Rtp, Port::Rtcp] {
                    let _ = epoll::delete(&self.epoll, sockets.socket(port));
                }
            }
        }
        Some(path)
    }

    /// Tell what happened, and publish the counts.
    fn tell(&mut self) {
        while let Some(event) = self.router.poll_event() {
            (self.events)(event);
        }
        let counts = self.router.counts();
        self.sums.received.store(counts.received, Relaxed);
        self.sums.sent.store(counts.sent, Relaxed);
        self.sums.ignored.store(counts.ignored, Relaxed);
        self.sums.errors.store(self.errors, Relaxed);
    }
}

fn key(slot: Slot, port: Port) -> u64 {
    (slot as u64) << 1 | u64::from(port == Port::Rtcp)
}

fn place(key: u64) -> (Slot, Port) {
    ((key >> 1) as Slot, if key & 1 == 0 { Port::Rtp } else { Port::Rtcp })
}
