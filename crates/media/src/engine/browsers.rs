//! A worker's part in browsers: their datagrams come from its inbox, and what was in them goes into its router.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use super::{
    ports::Sockets,
    worker::{Owned, Sending, Worker},
};
use crate::{
    browser::{Batch, Gateway, Happening, Peer},
    router::Slot,
    rtp::{HEADER, LARGEST},
    types::{Description, LegId, Local},
};

/// Octets of datagrams that wait for a leg on its way from another worker; more are dropped.
const EARLY: usize = 256 << 10;

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
    gateway: Option<Arc<Gateway>>,
    silence: Duration,
    /// The legs that are browsers'.
    slots: Vec<Slot>,
    /// Room for what is taken from the inbox.
    taken: Batch,
    /// What came for legs that are on their way here.
    early: Batch,
    happened: Vec<Happening>,
    packet: Box<[u8; LARGEST]>,
}

impl Browsers {
    pub fn new(gateway: Option<Arc<Gateway>>, silence: Duration) -> Self {
        Self {
            gateway,
            silence,
            slots: Vec::new(),
            taken: Batch::default(),
            early: Batch::default(),
            happened: Vec::new(),
            packet: Box::new([0; LARGEST]),
        }
    }

    /// A slot is a browser's from now on, or not any more.
    pub fn note(&mut self, slot: Slot, path: &Path, here: bool) {
        match path {
            Path::Ports(_) => {}
            Path::Browser(_) if here => self.slots.push(slot),
            Path::Browser(_) => self.slots.retain(|&s| s != slot),
        }
    }
}

impl Worker {
    /// Serve browsers, too; after `silence` without anything from one, it is told to be gone.
    pub fn with_gateway(mut self, gateway: Option<Arc<Gateway>>, silence: Duration) -> Self {
        self.browsers = Browsers::new(gateway, silence);
        self
    }

    pub(super) fn open_browser(&mut self, now: Instant, id: LegId, local: &Local) {
        let Some(gateway) = self.browsers.gateway.clone() else { return };
        let peer = Peer::new(gateway, now, id, local, self.browsers.silence);
        let slot = self.router.open_connected(now, id, local.ssrc);
        self.install(now, slot, Path::Browser(Box::new(peer)));
    }

    pub(super) fn rename_browser(&mut self, now: Instant, id: LegId, local: &Local) {
        if let Some((slot, peer)) = self.peer(id) {
            peer.rename(now, local);
            self.settle(now, slot);
        }
    }

    pub(super) fn describe_browser(&mut self, now: Instant, id: LegId, description: &Description) {
        if let Some((slot, peer)) = self.peer(id) {
            peer.describe(now, description);
            self.settle(now, slot);
        }
    }

    fn peer(&mut self, id: LegId) -> Option<(Slot, &mut Peer)> {
        let slot = self.router.slot(id)?;
        match &mut self.sockets.get_mut(slot)?.as_mut()?.path {
            Path::Ports(_) => None,
            Path::Browser(peer) => Some((slot, peer)),
        }
    }

    /// When a browser's path has something to do next.
    pub(super) fn next_of_browsers(&self) -> Option<Instant> {
        let deadline = |slot: &Slot| match &self.sockets.get(*slot)?.as_ref()?.path {
            Path::Ports(_) => None,
            Path::Browser(peer) => Some(peer.deadline()),
        };
        self.browsers.slots.iter().filter_map(deadline).min()
    }

    /// Do what is due on browsers' paths.
    pub(super) fn visit_browsers(&mut self, now: Instant) {
        for n in 0..self.browsers.slots.len() {
            let Some(&slot) = self.browsers.slots.get(n) else { break };
            let Some(Some(Owned { path: Path::Browser(peer), .. })) = self.sockets.get_mut(slot) else { continue };
            if peer.deadline() <= now {
                peer.handle_timeout(now);
                self.settle(now, slot);
            }
        }
    }

    /// Take in all that waits in the inbox; gives the datagrams' count.
    pub(super) fn empty_inbox(&mut self, now: Instant) -> u32 {
        if self.browsers.gateway.is_none() {
            return 0;
        }
        let mut taken = std::mem::take(&mut self.browsers.taken);
        self.inbox.take(&mut taken);
        let count = self.take_in(now, &taken);
        taken.clear();
        self.browsers.taken = taken;
        count
    }

    /// A leg has come: take in what was here before it.
    pub(super) fn take_in_early(&mut self, now: Instant) {
        if !self.browsers.early.is_empty() {
            let early = std::mem::take(&mut self.browsers.early);
            self.take_in(now, &early);
        }
    }

    fn take_in(&mut self, now: Instant, batch: &Batch) -> u32 {
        let (mut count, mut ignored) = (0, 0);
        for (head, octets) in batch.iter() {
            count += 1;
            let Some((slot, peer)) = self.peer(head.leg) else {
                // Its leg is on its way here; if it is not, the next leg that comes clears this away.
                let early = &mut self.browsers.early;
                if early.size() + octets.len() <= EARLY {
                    early.push(head.leg, head.socket, head.from, octets);
                }
                continue;
            };
            ignored += u64::from(!peer.receive(now, head.socket, head.from, octets));
            self.settle(now, slot);
        }
        if let Some(gateway) = self.browsers.gateway.as_ref().filter(|_| ignored > 0) {
            gateway.ignored.fetch_add(ignored, Relaxed);
        }
        count
    }

    /// Forget what came for legs that are not coming.
    pub(super) fn drop_early(&mut self) {
        self.browsers.early.clear();
    }

    /// Let the router know what happened on a browser's path.
    fn settle(&mut self, now: Instant, slot: Slot) {
        let Some(Some(Owned { path: Path::Browser(peer), .. })) = self.sockets.get_mut(slot) else { return };
        peer.happened(&mut self.browsers.happened);
        if self.browsers.happened.is_empty() {
            return;
        }
        let address = peer.address();
        let Self { router, sockets, errors, browsers, .. } = self;
        for happening in browsers.happened.drain(..) {
            match happening {
                Happening::Packet(header, payload) => {
                    let end = HEADER + payload.len();
                    let (Some(address), Some(packet)) = (address, browsers.packet.get_mut(..end)) else { continue };
                    packet[..HEADER].copy_from_slice(&header.octets());
                    packet[HEADER..].copy_from_slice(&payload);
                    router.handle_rtp(now, slot, address, packet, &mut Sending { now, sockets, errors });
                }
                Happening::Connected(address) => router.connected(slot, address),
                Happening::Report(report) => {
                    router.reported(slot, report.lost, report.jitter, report.round_trip);
                }
                Happening::Silent => router.silent(slot),
            }
        }
    }
}
