//! A worker's part in browsers: their datagrams come from its socket on the shared port or from its inbox, and what was in
//! them goes into its router.

use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use rustix::event::epoll;

use super::{
    directory::WorkerId,
    floor::Floor,
    ports::Sockets,
    worker::{BUFFER, IN_A_ROW, Owned, QUEUED, SHARED, Sending, Worker},
};
use crate::{
    browser::{Batch, Gateway, Happening, Head, Peer, Received},
    router::Slot,
    rtp::LARGEST,
    types::{Description, LegId, Local},
};

/// Octets of datagrams that wait for a leg on its way from another worker; more are dropped.
const EARLY: usize = 256 << 10;

/// How long to wait at least before all browsers' legs are asked again whether something is due.
const VISIT: Duration = Duration::from_millis(5);
/// As good as never.
const IDLE: Duration = Duration::from_secs(60);

/// How a leg is reached.
#[derive(Debug)]
pub(super) enum Path {
    /// By two ports of its own.
    Ports(Sockets),
    /// By the port of all browsers.
    Browser(Box<Peer>),
}

/// What a worker has for its browsers' legs.
pub(super) struct Browsers {
    floor: Option<Arc<Floor>>,
    /// Which of the workers this is.
    own: WorkerId,
    silence: Duration,
    /// When each of the sockets was ready to be read last.
    ready: Vec<Instant>,
    /// The legs that are browsers'.
    slots: Vec<Slot>,
    /// Not before then has one of them something to do.
    due: Option<Instant>,
    /// Room for what is taken from the inbox.
    taken: Batch,
    /// What came for legs that are on their way here.
    early: Batch,
    happened: Vec<Happening>,
}

impl Default for Browsers {
    fn default() -> Self {
        Self {
            floor: None,
            own: 0,
            silence: Duration::MAX,
            ready: Vec::new(),
            slots: Vec::new(),
            due: None,
            taken: Batch::default(),
            early: Batch::default(),
            happened: Vec::new(),
        }
    }
}

impl Browsers {
    fn gateway(&self) -> Option<&Arc<Gateway>> {
        self.floor.as_ref()?.gateway.as_ref()
    }

    /// A slot is a browser's from now on.
    pub fn add(&mut self, now: Instant, slot: Slot) {
        self.slots.push(slot);
        self.due = Some(now);
    }

    /// A slot is a browser's no more.
    pub fn remove(&mut self, slot: Slot) {
        self.slots.retain(|&s| s != slot);
    }
}

impl Worker {
    /// Work beside others, as this one of them, and serve browsers if there is a gateway; after `silence` without anything
    /// from one, it is told to be gone.
    ///
    /// # Errors
    /// When the sockets of browsers cannot be watched.
    pub fn on(mut self, floor: Arc<Floor>, own: WorkerId, silence: Duration) -> io::Result<Self> {
        for (n, socket) in floor.gateway.iter().flat_map(|gateway| gateway.sockets_of(own)).enumerate() {
            epoll::add(&self.epoll, socket, epoll::EventData::new_u64(SHARED + n as u64), epoll::EventFlags::IN)?;
            self.browsers.ready.push(Instant::now());
        }
        (self.browsers.own, self.browsers.silence, self.browsers.floor) = (own, silence, Some(floor));
        Ok(self)
    }

    /// Read what one of the sockets has that browsers share; gives the datagrams' count.
    pub(super) fn read_shared(&mut self, now: Instant, socket: usize, buffer: &mut [u8; BUFFER]) -> u32 {
        let (Some(floor), own) = (self.browsers.floor.clone(), self.browsers.own) else { return 0 };
        let Some(gateway) = &floor.gateway else { return 0 };
        let Some(reads) = gateway.sockets_of(own).nth(socket) else { return 0 };
        let Some(ready) = self.browsers.ready.get_mut(socket) else { return 0 };
        let queued = now.saturating_duration_since(std::mem::replace(ready, now)) < QUEUED;
        let (mut count, mut ignored, mut rings) = (0, 0, 0_u64);
        for _ in 0..if queued { IN_A_ROW } else { 1 } {
            let Ok((length, from)) = reads.recv_from(buffer) else { break };
            count += 1;
            let octets = &mut buffer[..length];
            // Held until it is handed on: a leg moves before or after, and finds all that came before at its old worker.
            let routes = gateway.reading();
            let found = routes.find(socket, from, octets).filter(|_| length <= LARGEST);
            let Some((leg, worker)) = found else {
                ignored += 1;
                continue;
            };
            let head = Head { leg, socket, via: own, from };
            if worker == own {
                drop(routes);
                self.take_one(now, head, octets);
            } else if floor.workers.get(worker).is_some_and(|worker| worker.inbox().put(head, octets)) {
                rings |= 1 << (worker % 64);
            } else {
                ignored += 1;
            }
        }
        for (n, worker) in floor.workers.iter().enumerate().filter(|_| rings != 0) {
            if rings & 1 << (n % 64) != 0 {
                worker.ring();
            }
        }
        if ignored > 0 {
            gateway.ignored.fetch_add(ignored, Relaxed);
        }
        count
    }

    pub(super) fn open_browser(&mut self, now: Instant, id: LegId, local: &Local) {
        let Some(gateway) = self.browsers.gateway().cloned() else { return };
        let peer = Peer::new(gateway, now, id, local, self.browsers.silence);
        let slot = self.router.open_connected(now, id, local.ssrc);
        self.install(now, slot, Path::Browser(Box::new(peer)));
    }

    pub(super) fn rename_browser(&mut self, now: Instant, id: LegId, local: &Local) {
        if let Some((slot, peer)) = self.peer(id) {
            peer.rename(now, local);
            self.settle(slot);
        }
    }

    pub(super) fn describe_browser(&mut self, now: Instant, id: LegId, description: &Description) {
        if let Some((slot, peer)) = self.peer(id) {
            peer.describe(now, description);
            self.settle(slot);
        }
    }

    fn peer(&mut self, id: LegId) -> Option<(Slot, &mut Peer)> {
        let slot = self.router.slot(id)?;
        match &mut self.sockets.get_mut(slot)?.as_mut()?.path {
            Path::Ports(_) => None,
            Path::Browser(peer) => Some((slot, peer)),
        }
    }

    /// When a browser's path has something to do next, or may have.
    pub(super) fn next_of_browsers(&self) -> Option<Instant> {
        self.browsers.due
    }

    /// Do what is due on browsers' paths.
    pub(super) fn visit_browsers(&mut self, now: Instant) {
        if self.browsers.due.is_none_or(|due| now < due) {
            return;
        }
        let mut next = now + IDLE;
        for n in 0..self.browsers.slots.len() {
            let Some(&slot) = self.browsers.slots.get(n) else { break };
            let Some(Some(Owned { path: Path::Browser(peer), .. })) = self.sockets.get_mut(slot) else { continue };
            if peer.deadline() <= now {
                peer.handle_timeout(now);
            }
            next = next.min(self.settle(slot).unwrap_or(next));
        }
        self.browsers.due = Some(next.max(now + VISIT)).filter(|_| !self.browsers.slots.is_empty());
    }

    /// Take in all that waits in the inbox; gives the datagrams' count.
    pub(super) fn empty_inbox(&mut self, now: Instant) -> u32 {
        if self.browsers.gateway().is_none() {
            return 0;
        }
        let mut taken = std::mem::take(&mut self.browsers.taken);
        self.inbox.take(&mut taken);
        let count = self.take_in(now, &mut taken);
        taken.clear();
        self.browsers.taken = taken;
        count
    }

    /// A leg has come: take in what was here before it.
    pub(super) fn take_in_early(&mut self, now: Instant) {
        if !self.browsers.early.is_empty() {
            let mut early = std::mem::take(&mut self.browsers.early);
            self.take_in(now, &mut early);
        }
    }

    fn take_in(&mut self, now: Instant, batch: &mut Batch) -> u32 {
        let mut count = 0;
        for (head, octets) in batch.iter_mut() {
            count += 1;
            self.take_one(now, head, octets);
        }
        count
    }

    fn take_one(&mut self, now: Instant, head: Head, octets: &mut [u8]) {
        let Some((slot, peer)) = self.peer(head.leg) else {
            // Its leg is on its way here.
            let early = &mut self.browsers.early;
            if early.size() + octets.len() <= EARLY {
                early.push(head, octets);
            }
            return;
        };
        let (received, address) = (peer.receive(now, head.socket, head.from, octets), peer.address());
        match (received, address) {
            (Received::Packet(length), Some(address)) => {
                let Self { router, sockets, errors, .. } = self;
                return router.handle_rtp(now, slot, address, &mut octets[..length], &mut Sending { sockets, errors });
            }
            (Received::Nothing | Received::Packet(_), _) => {
                if let Some(gateway) = self.browsers.gateway() {
                    gateway.ignored.fetch_add(1, Relaxed);
                }
            }
            (Received::Check, _) => {}
        }
        self.settle(slot);
        let begins = received == Received::Check && address.is_none() && octets.first() == Some(&0);
        // A browser that has proved its address and is not connected yet: the moment to go where its packets will come.
        if begins
            && head.via != self.browsers.own
            && let Some(floor) = &self.browsers.floor
        {
            floor.come(head.leg, head.via);
        }
    }

    /// Forget what came for legs that are not coming.
    pub(super) fn drop_early(&mut self) {
        self.browsers.early.clear();
    }

    /// Let the router know what happened on a browser's path. Gives when it has something to do next.
    fn settle(&mut self, slot: Slot) -> Option<Instant> {
        let Some(Some(Owned { path: Path::Browser(peer), .. })) = self.sockets.get_mut(slot) else { return None };
        peer.happened(&mut self.browsers.happened);
        let next = peer.deadline();
        self.browsers.due = self.browsers.due.map(|due| due.min(next));
        for happening in self.browsers.happened.drain(..) {
            match happening {
                Happening::Connected(address) => self.router.connected(slot, address),
                Happening::Silent => self.router.silent(slot),
            }
        }
        Some(next)
    }
}
