//! How does a thousand calls' sound go, how late does it arrive, and what of it is missing?
//!
//! Each party of a call has a stream of G.711, 50 packets a second, all evenly spread over time, and each packet is marked
//! ([`packet`]). Calls share a few sockets, which saves the generator most of its waking up; whoever carries the sound cannot
//! tell, for it has sockets of its own for each party.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use rustix::net::sockopt;
use tandem_media::{
    Digit,
    dtmf::event::Sender,
    rtp::{self, Packet},
};

use crate::{
    figures::Times,
    listener::Listener,
    packet::{self, Mark, PLACES, SAMPLES},
    process::{Consumed, Measured, own},
    wait::Waiter,
};

/// Between two packets of a stream.
const INTERVAL: Duration = Duration::from_millis(20);
/// Packets of each stream before measuring begins.
pub const WARM_UP: u32 = 75;
/// How long to wait for the last packets.
const LATE: Duration = Duration::from_millis(100);
/// Calls that share a socket.
const SHARED_BY: usize = 32;
/// Bytes that the system is asked to keep for us, so that a packet is not lost when the machine has no time for the generator.
const RECEIVE_BUFFER: usize = 8 << 20;
/// Packets that are sent before those that came are read.
const AT_ONCE: usize = 32;
/// How often to look what is due.
const BEAT: Duration = Duration::from_micros(250);
/// A prime that no number of streams here is a multiple of: times this, all places are shuffled.
const SHUFFLE: usize = 7919;
/// How long a digit is pressed, in milliseconds.
const PRESSED: u16 = 100;

/// Whom each party of a call hears, by their numbers. Who hears one other is sent that one's very packets, who hears several a
/// mix of them.
pub type Hearing = &'static [&'static [usize]];
/// Two parties who hear each other.
pub const TWO: Hearing = &[&[1], &[0]];
/// An agent, a client, and a manager who whispers to the agent.
pub const WHISPERED: Hearing = &[&[1, 2], &[0], &[0, 1]];

/// The parties' ends of the sound of some calls.
#[derive(Debug)]
pub struct Ends {
    /// Of each party, shared by its calls.
    sockets: Vec<Vec<UdpSocket>>,
}

/// Sound under way: what was sent, what arrived, and what it took.
pub struct Talk {
    ends: Ends,
    hearing: Hearing,
    /// Where each party of each call sends.
    to: Vec<Vec<SocketAddr>>,
    /// Who is sent something from there: the stream of the same party.
    from: HashMap<SocketAddr, usize>,
    streams: usize,
    /// Each stream's next sequence number.
    sequences: Vec<u16>,
    listeners: Vec<Listener>,
    began: Instant,
    sent: u64,
    /// Since when, and after how many packets, they are sent at their pace.
    pace: (Instant, u64),
    latest: Duration,
    arrived: u64,
    /// For each packet, the parties of its call where it arrived, a bit each.
    seen: Vec<u8>,
    doubled: u64,
    misheard: u64,
    delays: Times,
    mixed_delays: Times,
    waiter: Waiter,
    /// Packets of each stream before measuring began.
    warm: u32,
    relay: Consumed,
    generator: Consumed,
    elapsed: Duration,
    pressed: Option<Pressed>,
    /// When the last digit ended, since the generator began.
    released: Option<Duration>,
    /// Who is to hear which stream, and the first of it.
    awaited: Option<(usize, usize, Option<Voice>)>,
}

/// A packet of somebody's sound, by [`Talk::now`].
#[derive(Debug, Clone, Copy)]
pub struct Voice {
    /// When it was sent.
    pub sent: Duration,
    /// When it was heard.
    pub heard: Duration,
}

/// A digit on its way.
struct Pressed {
    stream: usize,
    sender: Sender,
    timestamp: Option<u32>,
}

/// How much of what was to arrive did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Packets' sound that should have arrived.
    pub expected: u64,
    /// That did not.
    pub lost: u64,
}

/// What arrived, and what it took.
#[derive(Debug)]
pub struct Heard {
    /// Packets sent while measuring.
    pub sent: u64,
    /// What was heard by who hears its speaker alone: the very packets.
    pub relayed: Tally,
    /// Of these, those that arrived more than once.
    pub doubled: u64,
    /// What was heard in mixes: lost is what somebody's packet was not in time for, and was made up or left out.
    pub mixed: Tally,
    /// Packets' sound that reached somebody who must not hear it.
    pub misheard: u64,
    /// Packets that are missing, by their sequence numbers, in what those were sent who hear a mix.
    pub missing: u64,
    /// The longest time that anybody was sent nothing while all talked.
    pub longest: Duration,
    /// The longest that the generator itself sent a packet too late.
    pub latest: Duration,
    /// From sending a packet to receiving it.
    pub delays: Times,
    /// From sending a packet to receiving it in a mix.
    pub mixed_delays: Times,
    /// Packets that arrived while measuring.
    pub arrived: u64,
    /// What that took of the relay.
    pub relay: Consumed,
    /// And of ourselves.
    pub generator: Consumed,
    /// For how long.
    pub elapsed: Duration,
}

impl Ends {
    /// Opens the sockets for this many calls of so many parties.
    ///
    /// # Errors
    /// The system gives none.
    pub fn open(calls: usize, parties: usize) -> io::Result<Self> {
        let open = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            // As much as the system allows; less is no fault.
            let force = sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER);
            let _ = force.or_else(|_| sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER));
            Ok(socket)
        };
        let party = |_| (0..calls.div_ceil(SHARED_BY).max(1)).map(|_| open()).collect();
        Ok(Self { sockets: (0..parties).map(party).collect::<io::Result<_>>()? })
    }

    /// The sockets' ports, of each party: a call uses that of its number, in turn.
    ///
    /// # Errors
    /// What the system says.
    pub fn ports(&self) -> io::Result<Vec<Vec<u16>>> {
        let party = |sockets: &Vec<UdpSocket>| sockets.iter().map(|socket| Ok(socket.local_addr()?.port())).collect();
        self.sockets.iter().map(party).collect()
    }

    /// Begins to talk, so long that all ends are known to the relay. `to` is where the parties of each call send, for each
    /// party those of all calls.
    ///
    /// # Errors
    /// A socket is broken, the relay is gone, or there are too many calls or parties.
    pub fn talk(self, to: Vec<Vec<SocketAddr>>, hearing: Hearing, relay: &Measured) -> Result<Talk> {
        let parties = hearing.len();
        let calls = to.first().map_or(0, Vec::len);
        let streams = calls * parties;
        ensure!(to.len() == parties && self.sockets.len() == parties, "another number of parties");
        ensure!(parties <= PLACES && streams <= u16::MAX.into(), "too many parties or calls");
        let mut waiter = Waiter::new()?;
        waiter.beat(BEAT)?;
        for (party, sockets) in self.sockets.iter().enumerate() {
            for (index, socket) in sockets.iter().enumerate() {
                waiter.add(socket, index * parties + party)?;
            }
        }
        let from = to.iter().enumerate().flat_map(|(party, calls)| {
            calls.iter().enumerate().map(move |(call, address)| (*address, call * parties + party))
        });
        let nothing = Consumed { cpu: Duration::ZERO, wakes: 0 };
        let began = Instant::now();
        let mut talk = Talk {
            ends: self,
            hearing,
            from: from.collect(),
            to,
            streams,
            sequences: vec![0; streams],
            listeners: vec![Listener::default(); streams],
            began,
            sent: 0,
            pace: (began, 0),
            latest: Duration::ZERO,
            arrived: 0,
            seen: Vec::new(),
            doubled: 0,
            misheard: 0,
            delays: Times::default(),
            mixed_delays: Times::default(),
            waiter,
            warm: 0,
            relay: nothing,
            generator: nothing,
            elapsed: Duration::ZERO,
            pressed: None,
            released: None,
            awaited: None,
        };
        talk.go_on(WARM_UP, relay)?;
        talk.warm = WARM_UP;
        (talk.delays, talk.mixed_delays) = (Times::default(), Times::default());
        (talk.doubled, talk.misheard, talk.arrived) = (0, 0, 0);
        (talk.latest, talk.elapsed) = (Duration::ZERO, Duration::ZERO);
        (talk.relay, talk.generator) = (nothing, nothing);
        talk.listeners.iter_mut().for_each(Listener::forget);
        Ok(talk)
    }
}

impl Talk {
    /// Goes on until each stream has sent so many packets more, and nearly all have arrived.
    ///
    /// # Errors
    /// A socket is broken, or the relay is gone.
    pub fn go_on(&mut self, packets: u32, relay: &Measured) -> Result<()> {
        let more = self.streams * packets as usize;
        self.seen.reserve(more);
        let (own_before, relay_before) = (own()?, relay.consumed()?);
        let began = self.begin();
        let all = self.sent + more as u64;
        self.speak(all, |talk| talk.sent == all)?;
        let now = Instant::now();
        self.listeners.iter_mut().for_each(|listener| listener.end(now));
        // Without the time in which nobody talks, when a relay has nothing to do, but whoever mixes still sends.
        self.elapsed += now - began;
        self.relay = self.relay.and(relay.consumed()?.since(relay_before));
        self.generator = self.generator.and(own()?.since(own_before));
        while now.elapsed() < LATE {
            self.receive(5)?;
        }
        Ok(())
    }

    /// From now on packets are sent at their pace. Tells what is now.
    pub fn begin(&mut self) -> Instant {
        let now = Instant::now();
        self.pace = (now, self.sent);
        self.listeners.iter_mut().for_each(|listener| listener.begin(now));
        now
    }

    /// Talks for so long, after [`Talk::begin`].
    ///
    /// # Errors
    /// A socket is broken.
    pub fn talk_for(&mut self, time: Duration) -> io::Result<()> {
        self.talk_until(time, || false)
    }

    /// Talks until that is so, but only for so long, after [`Talk::begin`].
    ///
    /// # Errors
    /// A socket is broken.
    pub fn talk_until(&mut self, within: Duration, mut done: impl FnMut() -> bool) -> io::Result<()> {
        let end = self.now() + within;
        self.speak(u64::MAX, |talk| done() || talk.now() >= end)
    }

    /// From now on a party of a call sends there, and is sent its sound from there.
    pub fn redirect(&mut self, call: usize, party: usize, to: SocketAddr) {
        let before = std::mem::replace(&mut self.to[party][call], to);
        self.from.remove(&before);
        self.from.insert(to, call * self.hearing.len() + party);
    }

    /// A party presses a digit, and is silent meanwhile. [`Talk::until_heard`] tells what becomes of it.
    pub fn press(&mut self, call: usize, party: usize, digit: Digit) {
        let stream = call * self.hearing.len() + party;
        self.pressed = Some(Pressed { stream, sender: Sender::new(digit, PRESSED), timestamp: None });
        self.released = None;
    }

    /// Talks on until one party of a call hears another, but only for so long; tells what is heard first.
    ///
    /// # Errors
    /// A socket is broken.
    pub fn until_heard(
        &mut self,
        call: usize,
        listener: usize,
        speaker: usize,
        within: Duration,
    ) -> io::Result<Option<Voice>> {
        let first = call * self.hearing.len();
        let end = self.now() + within;
        self.awaited = Some((first + listener, first + speaker, None));
        let heard = |talk: &Self| talk.awaited.and_then(|(.., heard)| heard);
        self.speak(u64::MAX, |talk| heard(talk).is_some() || talk.now() >= end)?;
        Ok(heard(self))
    }

    /// When the last digit ended, by [`Talk::now`]; `None` while it is pressed.
    #[must_use]
    pub const fn released(&self) -> Option<Duration> {
        self.released
    }

    /// The time since all began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Sends what is due, at most until so many packets were sent, and reads what came, until that is true.
    fn speak(&mut self, most: u64, mut done: impl FnMut(&Self) -> bool) -> io::Result<()> {
        while !done(self) {
            let (since, before) = self.pace;
            #[expect(clippy::cast_possible_truncation, reason = "below the number of all packets")]
            let due = (since.elapsed().as_nanos() * self.streams as u128 / INTERVAL.as_nanos()) as u64;
            let due = (before + due).min(most);
            for _ in 0..AT_ONCE {
                if self.sent >= due {
                    break;
                }
                self.send();
            }
            self.receive(if self.sent < due { 0 } else { 20 })?;
        }
        Ok(())
    }

    fn send(&mut self) {
        // Out of order, or a relay's threads would have their calls' packets in turn, and a rest between.
        let place = usize::try_from(self.sent % self.streams as u64).unwrap_or_default();
        let stream = place * SHUFFLE % self.streams;
        let number = u32::try_from(self.sent / self.streams as u64).unwrap_or(u32::MAX);
        let (call, party) = (stream / self.hearing.len(), stream % self.hearing.len());
        let now = Instant::now();
        let after = INTERVAL.as_nanos() * u128::from(self.sent - self.pace.1) / self.streams as u128;
        let due = self.pace.0 + Duration::from_nanos(u64::try_from(after).unwrap_or(u64::MAX));
        self.latest = self.latest.max(now.saturating_duration_since(due));
        self.sent += 1;
        let end = (number as usize + 1) * self.streams;
        if self.seen.len() < end {
            self.seen.resize(end, 0);
        }
        let name = u16::try_from(stream).unwrap_or(u16::MAX);
        let timestamp = number.wrapping_mul(SAMPLES as u32);
        let sockets = &self.ends.sockets[party];
        let (socket, to) = (&sockets[call % sockets.len()], self.to[party][call]);
        let sequence = &mut self.sequences[stream];
        let mut next = || std::mem::replace(sequence, sequence.wrapping_add(1));
        if let Some(pressed) = self.pressed.as_mut().filter(|pressed| pressed.stream == stream) {
            let begins = pressed.timestamp.is_none();
            let timestamp = *pressed.timestamp.get_or_insert(timestamp);
            while let Some(payload) = pressed.sender.poll() {
                let octets = packet::event(name, next(), timestamp, begins, payload);
                let _ = socket.send_to(&octets, to);
                if !payload.end {
                    return;
                }
                // It has ended, which many phones say three times at once.
                self.released.get_or_insert_with(|| self.began.elapsed());
            }
            self.pressed = None;
            return;
        }
        let mark = Mark { stream: name, number, sent: now.saturating_duration_since(self.began) };
        // What is not sent is lost, and found missing.
        let _ = socket.send_to(&packet::write(mark, party, next(), timestamp), to);
    }

    fn receive(&mut self, milliseconds: u32) -> io::Result<()> {
        let ready: Vec<usize> = self.waiter.wait(milliseconds)?.collect();
        let parties = self.hearing.len();
        let mut buffer = [0; 2048];
        for key in ready {
            for _ in 0..AT_ONCE {
                let socket = &self.ends.sockets[key % parties][key / parties];
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { break };
                self.take(from, &buffer[..length]);
            }
        }
        Ok(())
    }

    fn take(&mut self, from: SocketAddr, octets: &[u8]) {
        let Some(&listener) = self.from.get(&from).filter(|_| !rtp::is_rtcp(octets)) else { return };
        let Ok(Packet { sequence, .. }) = Packet::parse(octets) else { return };
        let now = Instant::now();
        self.arrived += 1;
        let parties = self.hearing.len();
        let (call, party) = (listener / parties, listener % parties);
        let alone = self.hearing[party].len() == 1;
        let sent = packet::marks(octets).next().filter(|_| alone).map(|(_, mark)| mark.sent);
        self.listeners[listener].take(now, sequence, sent);
        for (place, mark) in packet::marks(octets) {
            let speaker = call * parties + place;
            if usize::from(mark.stream) != speaker || !self.hearing[party].contains(&place) {
                self.misheard += 1;
                continue;
            }
            let since = now.saturating_duration_since(self.began);
            if let Some((.., heard @ None)) = self.awaited.as_mut().filter(|(l, s, _)| (*l, *s) == (listener, speaker))
            {
                *heard = Some(Voice { sent: mark.sent, heard: since });
            }
            let Some(seen) = self.seen.get_mut(mark.number as usize * self.streams + speaker) else { continue };
            match (*seen & 1 << party != 0, alone) {
                (false, true) => self.delays.add(since.saturating_sub(mark.sent)),
                (false, false) => self.mixed_delays.add(since.saturating_sub(mark.sent)),
                (true, true) => self.doubled += 1,
                // In place of one that did not come.
                (true, false) => {}
            }
            *seen |= 1 << party;
        }
    }

    /// What arrived so far.
    #[must_use]
    pub fn heard(self) -> Heard {
        let measured = self.seen.get(self.warm as usize * self.streams..).unwrap_or_default();
        let (mut relayed, mut mixed) = (Tally::default(), Tally::default());
        for (n, seen) in measured.iter().enumerate() {
            let speaker = n % self.streams % self.hearing.len();
            for (party, heard) in self.hearing.iter().enumerate().filter(|(_, heard)| heard.contains(&speaker)) {
                let tally = if heard.len() == 1 { &mut relayed } else { &mut mixed };
                tally.expected += 1;
                tally.lost += u64::from(seen & 1 << party == 0);
            }
        }
        let mixes = |(n, _): &(usize, &Listener)| self.hearing[n % self.hearing.len()].len() > 1;
        let missing = self.listeners.iter().enumerate().filter(mixes).map(|(_, listener)| listener.missing()).sum();
        Heard {
            sent: measured.len() as u64,
            relayed,
            doubled: self.doubled,
            mixed,
            misheard: self.misheard,
            missing,
            longest: self.listeners.iter().map(Listener::longest).max().unwrap_or_default(),
            latest: self.latest,
            delays: self.delays,
            mixed_delays: self.mixed_delays,
            arrived: self.arrived,
            relay: self.relay,
            generator: self.generator,
            elapsed: self.elapsed,
        }
    }
}
