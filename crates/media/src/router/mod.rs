//! The core: legs, and the one matrix of who hears whom. No clock, no socket, no thread.
//!
//! The shell gives packets with [`Router::handle_rtp`] and [`Router::handle_rtcp`] and the time with
//! [`Router::handle_timeout`], whenever [`Router::next_timeout`] says. Packets leave through the [`Wire`] that is passed
//! in, while the call lasts: what is relayed leaves in the very buffer in which it came, with its header rewritten in
//! place. Events are fetched with [`Router::poll_event`].
//!
//! - `relay`: a packet comes and goes, to each leg that hears its speaker alone.
//! - `codes`: digits are collected for codes, held and released.
//! - `tick`: on an absolute grid of 20 ms, mixes are summed, clips are played, digits are sent.
//! - `report`: RTCP, and the watch over silent legs.

mod codes;
mod relay;
mod report;
#[cfg(test)]
mod tests;
mod tick;

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use rand::{Rng as _, rngs::StdRng};

use crate::{
    clip::Clip,
    dtmf::Digit,
    leg::{Awaited, Leg, Overlay},
    level::Level,
    record::{Recorder, Sink},
    types::{Description, Event, Hears, LegId},
};

/// The place of a leg in its router, and of its sockets in the shell. Used again after the leg is gone.
pub type Slot = usize;

/// One of the two ports of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Port {
    /// The even one.
    Rtp,
    /// The odd one after it.
    Rtcp,
}

/// Takes what is to be sent.
pub trait Wire {
    /// Send octets from a port of a leg to an address.
    fn send(&mut self, slot: Slot, port: Port, to: SocketAddr, octets: &[u8]);
}

/// The 20 ms of the grid.
pub const FRAME: Duration = Duration::from_millis(20);
/// For so many frames a mix waits for the next packet of who was heard before it.
const AWAITED: u8 = 2;
/// Clips that wait to be laid over what one leg hears; more are dropped.
const MOST_OVERLAYS: usize = 4;
/// Looks at how loud one leg is.
const MOST_LOOKS: usize = 32;
/// How long a digit lasts that is passed on in another form than it came, in milliseconds.
const CONVERTED: u16 = 120;
/// How often silent legs and due reports are looked for.
const WATCH: Duration = Duration::from_millis(250);

/// How a router is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// An instant, and the NTP time (seconds since 1900 in the upper half) that it was. All routers of an engine share it.
    pub epoch: Instant,
    /// See [`Setup::epoch`].
    pub ntp: u64,
    /// After this long without RTP, [`Event::MediaTimeout`].
    pub media_timeout: Duration,
}

/// Sums of a router since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Valid RTP packets received.
    pub received: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Packets that were nobody's media.
    pub ignored: u64,
}

/// The legs of one worker.
#[derive(Debug)]
pub struct Router {
    setup: Setup,
    rng: StdRng,
    legs: Vec<Option<Box<Leg>>>,
    free: Vec<Slot>,
    slots: HashMap<LegId, Slot>,
    /// Who wants to hear a leg that is not here (yet).
    wanted: HashMap<LegId, Vec<LegId>>,
    /// The legs that the grid visits.
    ticking: Vec<Slot>,
    next_tick: Option<Instant>,
    next_watch: Option<Instant>,
    /// When digits that were held are released, at the earliest.
    next_release: Option<Instant>,
    /// The sinks of recorders that are closed, until that was told.
    over: Vec<Box<dyn Sink>>,
    events: VecDeque<Event>,
    counts: Counts,
    scratch: Scratch,
}

/// Room for the samples and octets of one packet or frame.
#[derive(Debug)]
struct Scratch {
    decoded: Box<[i16; 4096]>,
    resampled: Box<[i16; 8192]>,
    packet: Box<[u8; 4096]>,
    sum: [i32; 320],
    stereo: Box<[i16; 640]>,
    channel: Vec<Slot>,
}

impl Router {
    /// A router without legs.
    #[must_use]
    pub fn new(setup: Setup, rng: StdRng) -> Self {
        Self {
            setup,
            rng,
            legs: Vec::new(),
            free: Vec::new(),
            slots: HashMap::new(),
            wanted: HashMap::new(),
            ticking: Vec::new(),
            next_tick: None,
            next_watch: None,
            next_release: None,
            over: Vec::new(),
            events: VecDeque::new(),
            counts: Counts::default(),
            scratch: Scratch {
                decoded: Box::new([0; 4096]),
                resampled: Box::new([0; 8192]),
                packet: Box::new([0; 4096]),
                sum: [0; 320],
                stereo: Box::new([0; 640]),
                channel: Vec::new(),
            },
        }
    }

    /// Open a leg. `None` if it is open already.
    pub fn open(&mut self, now: Instant, id: LegId) -> Option<Slot> {
        let leg = self.new_leg(now, id);
        self.adopt(now, leg)
    }

    /// Open a leg whose path is not the shell's plain sockets, and whose source is known already. It is sent to only once it
    /// is [`Router::connected`]. `None` if it is open already.
    pub fn open_connected(&mut self, now: Instant, id: LegId, ssrc: u32) -> Option<Slot> {
        let mut leg = self.new_leg(now, id);
        leg.outgoing.stream.set_ssrc(ssrc);
        self.adopt(now, leg)
    }

    /// A leg's party is at this address for certain. Told by [`Event::Latched`] when it is another than before.
    pub fn connected(&mut self, slot: Slot, address: SocketAddr) {
        let Some(Some(leg)) = self.legs.get_mut(slot) else { return };
        if leg.incoming.latch.connect(address) {
            self.events.push_back(Event::Latched { leg: leg.id, address });
        }
    }

    /// What came for a leg is nobody's media: it was not authentic.
    pub fn refuse(&mut self, slot: Slot) {
        if let Some(Some(leg)) = self.legs.get_mut(slot) {
            leg.incoming.ignored += 1;
            self.counts.ignored += 1;
        }
    }

    /// Somebody looks at how loud a leg is. Of too many, the first ones see no more.
    pub fn level(&mut self, level: Level) {
        if let Some(leg) = self.leg_mut(level.leg()) {
            let levels = &mut leg.incoming.levels;
            levels.retain(|level| !level.is_forgotten());
            if levels.len() == MOST_LOOKS {
                levels.remove(0);
            }
            levels.push(level);
        }
    }

    /// Say how loud a leg hears others in a mix: legs with their gains in 256ths, in place of what was said before.
    pub fn balance(&mut self, id: LegId, gains: Vec<(LegId, u16)>) {
        if let Some(leg) = self.leg_mut(id) {
            leg.gains = gains;
        }
    }

    /// The place of a leg, if it is here.
    #[must_use]
    pub fn slot(&self, id: LegId) -> Option<Slot> {
        self.slots.get(&id).copied()
    }

    /// Open a leg that only hears, and whose sound goes to `sink`. `None` if it is open already. When it is closed, and
    /// [`Event::Closed`] was polled and everything before, the sink is closed.
    pub fn record(&mut self, now: Instant, id: LegId, sink: Box<dyn Sink>) -> Option<Slot> {
        let mut leg = self.new_leg(now, id);
        leg.recorder = Some(Box::new(Recorder::new(sink)));
        self.adopt(now, leg)
    }

    fn new_leg(&mut self, now: Instant, id: LegId) -> Box<Leg> {
        let first = Duration::from_millis(self.rng.random_range(1_000..5_000));
        Box::new(Leg::new(id, now, now + first, &mut self.rng))
    }

    /// Take over a leg from another router, with all it has heard and sent. `None` if it is here already.
    pub fn adopt(&mut self, now: Instant, leg: Box<Leg>) -> Option<Slot> {
        let (id, release) = (leg.id, leg.incoming.collector.as_ref().and_then(|collector| collector.deadline()));
        if self.slots.contains_key(&id) {
            return None;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.legs.push(None);
            self.legs.len() - 1
        });
        self.legs[slot] = Some(leg);
        self.slots.insert(id, slot);
        self.next_watch.get_or_insert(now + WATCH);
        self.next_release = self.next_release.into_iter().chain(release).min();
        self.link(slot);
        // Those who were told to hear it before it came.
        for listener in self.wanted.remove(&id).unwrap_or_default() {
            if let Some(&other) = self.slots.get(&listener) {
                let heard = self.unlink(other);
                self.link(other);
                self.stop_listening(&heard);
                self.visit(now, other);
            }
        }
        self.visit(now, slot);
        Some(slot)
    }

    /// Give up a leg, for another router. Legs that hear it hear nothing of it until it is back or they are routed anew.
    pub fn give(&mut self, id: LegId) -> Option<(Slot, Box<Leg>)> {
        let slot = self.slots.remove(&id)?;
        let heard = self.unlink(slot);
        self.stop_listening(&heard);
        let mut leg = self.legs[slot].take()?;
        for listener in std::mem::take(&mut leg.listeners) {
            if let Some(other) = self.legs[listener].as_mut() {
                other.sources.retain(|&s| s != slot);
                self.wanted.entry(id).or_default().push(other.id);
            }
        }
        leg.incoming.ear = None;
        leg.incoming.held.clear();
        if leg.outgoing.ticking {
            self.ticking.retain(|&s| s != slot);
            leg.outgoing.ticking = false;
        }
        self.free.push(slot);
        if self.slots.is_empty() {
            (self.next_watch, self.next_tick, self.next_release) = (None, None, None);
        }
        Some((slot, leg))
    }

    /// Close a leg: its party is told by RTCP, [`Event::Closed`] follows. Gives the slot whose sockets are to be closed.
    pub fn close(&mut self, now: Instant, id: LegId, wire: &mut impl Wire) -> Option<Slot> {
        let slot = *self.slots.get(&id)?;
        self.report(now, slot, true, wire);
        let (slot, mut leg) = self.give(id)?;
        self.wanted.remove(&id);
        self.events.push_back(Event::Closed { leg: id, stats: leg.stats() });
        self.over.extend(leg.recorder.take().map(|recorder| recorder.into_sink()));
        Some(slot)
    }

    /// Take a leg's description.
    pub fn describe(&mut self, now: Instant, id: LegId, description: Description) {
        if let Some(leg) = self.leg_mut(id) {
            leg.describe(now, description);
        }
    }

    /// Send a digit towards a leg, after those before.
    pub fn send_digit(&mut self, now: Instant, id: LegId, digit: Digit, ms: u16) {
        let Some(&slot) = self.slots.get(&id) else { return };
        if let Some(leg) = self.legs[slot].as_mut() {
            leg.queue_digit(digit, ms);
        }
        self.visit(now, slot);
    }

    /// Change rows of the matrix, all at once. Unknown legs are left out.
    ///
    /// A leg that enters a mix with the speaker it heard alone gets the first frame when that speaker's next packet has
    /// come, so that there is no silence in between; one that leaves a mix for one of its speakers gets what the mix
    /// has not played of him yet, so that no packet of his is lost.
    pub fn route(&mut self, now: Instant, rows: Vec<(LegId, Hears)>, wire: &mut impl Wire) {
        let mut rows = rows.into_iter();
        while let Some((id, hears)) = rows.next() {
            let Some(&slot) = self.slots.get(&id) else { continue };
            let Some(leg) = self.legs[slot].as_mut() else { continue };
            // Of two rows for one leg the last counts, and the first never did.
            if leg.routed == hears || rows.as_slice().iter().any(|(later, _)| *later == id) {
                continue;
            }
            leg.routed = hears;
            self.take_effect(now, slot, wire);
        }
    }

    /// Lay a clip over what a leg hears, once, after those before: it goes on hearing that. Who is relayed to it is mixed for
    /// so long, and entering and leaving the mix loses nothing ([`Router::route`]). While the leg hears nothing, the clip
    /// waits. A leg whose codecs are not made here does not hear it.
    pub fn overlay(&mut self, now: Instant, id: LegId, clip: Clip, wire: &mut impl Wire) {
        let Some(&slot) = self.slots.get(&id) else { return };
        let Some(leg) = self.legs[slot].as_mut() else { return };
        if leg.outgoing.overlays.len() < MOST_OVERLAYS && !clip.samples().is_empty() {
            leg.outgoing.overlays.push_back(Overlay::new(clip));
            self.take_effect(now, slot, wire);
        }
    }

    /// Let a leg hear what it is to hear now.
    fn take_effect(&mut self, now: Instant, slot: Slot, wire: &mut impl Wire) {
        let Some(leg) = self.legs[slot].as_deref() else { return };
        let hears = leg.in_effect();
        if leg.hears == hears {
            return;
        }
        if let Hears::Leg(speaker) = hears {
            self.play_rest(now, slot, speaker, wire);
        }
        let awaited = self.mix_begins_with(slot, &hears);
        let heard = self.unlink(slot);
        if let Some(leg) = self.legs[slot].as_mut() {
            leg.outgoing.awaited = awaited;
            leg.hear(hears);
        }
        self.link(slot);
        self.stop_listening(&heard);
        self.visit(now, slot);
    }

    /// What happened, in order.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if event.is_none() {
            self.over.drain(..).for_each(|sink| sink.close());
        }
        event
    }

    /// When [`Router::handle_timeout`] has something to do next.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        [self.next_tick, self.next_watch, self.next_release].into_iter().flatten().min()
    }

    /// Do what is due.
    pub fn handle_timeout(&mut self, now: Instant, wire: &mut impl Wire) {
        self.release_digits(now);
        self.run_grid(now, wire);
        if self.next_watch.is_some_and(|due| due <= now) {
            self.next_watch = Some(now + WATCH);
            self.watch(now, wire);
        }
    }

    /// Sums since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Legs here.
    #[must_use]
    pub fn legs(&self) -> usize {
        self.slots.len()
    }

    /// What a leg waits for that will hear `hears`: nothing, unless that is a mix with the speaker it hears alone now.
    fn mix_begins_with(&self, slot: Slot, hears: &Hears) -> Option<Awaited> {
        let leg = self.legs[slot].as_deref()?;
        let (Hears::Leg(before), Hears::Mix(now)) = (&leg.hears, hears) else { return None };
        let speaker = self.legs[*self.slots.get(before)?].as_deref().filter(|_| now.contains(before))?;
        match speaker.incoming.ear.as_deref().filter(|ear| ear.is_playing()) {
            Some(ear) => Some(Awaited::Frames(u8::try_from(ear.waiting() / 160).unwrap_or(0))),
            None => Some(Awaited::Speaker(*before, AWAITED)),
        }
    }

    fn leg_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        let slot = *self.slots.get(&id)?;
        self.legs.get_mut(slot)?.as_deref_mut()
    }

    /// Connect a leg with those it hears.
    fn link(&mut self, slot: Slot) {
        let Some(leg) = self.legs[slot].as_deref() else { return };
        let (id, mixes) = (leg.id, leg.hears.is_mixed());
        let itself = matches!(leg.hears, Hears::Echo).then_some(id);
        let mut sources = Vec::new();
        let mut missing = Vec::new();
        for want in leg.hears.speakers().chain(itself) {
            match self.slots.get(&want) {
                Some(&source) if !sources.contains(&source) => sources.push(source),
                Some(_) => {}
                None => missing.push(want),
            }
        }
        for want in missing {
            let waiting = self.wanted.entry(want).or_default();
            if !waiting.contains(&id) {
                waiting.push(id);
            }
        }
        for &source in &sources {
            if let Some(speaker) = self.legs[source].as_deref_mut() {
                speaker.listeners.push(slot);
                if mixes && speaker.incoming.ear.is_none() {
                    speaker.incoming.ear = Some(Box::default());
                }
            }
        }
        if let Some(leg) = self.legs[slot].as_deref_mut() {
            leg.sources = sources;
        }
    }

    /// Disconnect a leg from those it hears, and give them: who is mixed by nobody then need not be listened to.
    #[must_use]
    fn unlink(&mut self, slot: Slot) -> Vec<Slot> {
        let Some(leg) = self.legs[slot].as_deref_mut() else { return Vec::new() };
        let (id, sources) = (leg.id, std::mem::take(&mut leg.sources));
        // It waits for nobody any more. Somebody waits rarely, so this is nearly always empty.
        self.wanted.retain(|_, waiting| {
            waiting.retain(|&listener| listener != id);
            !waiting.is_empty()
        });
        for &source in &sources {
            if let Some(speaker) = self.legs[source].as_deref_mut() {
                speaker.listeners.retain(|&l| l != slot);
            }
        }
        sources
    }

    /// Take the ears of those away who are mixed by nobody any more. Who goes on being mixed, by another mix of the same
    /// listener too, keeps what has come and was not played.
    fn stop_listening(&mut self, sources: &[Slot]) {
        for &source in sources {
            let Some(speaker) = self.legs[source].as_deref() else { continue };
            let mixes = |l: &Slot| self.legs[*l].as_deref().is_some_and(|leg| leg.hears.is_mixed());
            if speaker.listeners.iter().any(mixes) {
                continue;
            }
            if let Some(speaker) = self.legs[source].as_deref_mut() {
                speaker.incoming.ear = None;
                speaker.incoming.held.clear();
            }
        }
    }

    /// Let the grid visit a leg, and those it mixes, if there is something to do.
    fn visit(&mut self, now: Instant, slot: Slot) {
        let sources = self.legs[slot].as_deref().map(|leg| leg.sources.clone()).unwrap_or_default();
        for slot in sources.into_iter().chain([slot]) {
            self.visit_one(now, slot);
        }
    }

    fn visit_one(&mut self, now: Instant, slot: Slot) {
        let Some(leg) = self.legs[slot].as_deref_mut() else { return };
        if !leg.outgoing.ticking && leg.needs_grid() {
            leg.outgoing.ticking = true;
            self.ticking.push(slot);
        }
        if !self.ticking.is_empty() && self.next_tick.is_none() {
            self.next_tick = Some(self.grid_after(now));
        }
    }

    /// The first instant of the grid after `now`.
    fn grid_after(&self, now: Instant) -> Instant {
        let passed = now.saturating_duration_since(self.setup.epoch).as_nanos();
        let frames = passed / FRAME.as_nanos() + 1;
        self.setup.epoch + Duration::from_nanos((frames * FRAME.as_nanos()) as u64)
    }
}
