//! One continuous stream for a listener, whoever speaks: one source, sequence numbers without a gap of our making, and
//! timestamps that only grow.
//!
//! What is relayed keeps the distances it came with (a lost packet is a gap, a late one comes late): the sequence number
//! and the timestamp are moved by offsets, and the offsets change where the speaker does. What is made here follows the
//! last packet. Either way the time between two talks is the time that passed.

use std::time::{Duration, Instant};

use crate::{rtp::Header, types::LegId};

/// Whose packets are relayed: a leg, and its source at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The speaker.
    pub leg: LegId,
    /// Counts the streams of that speaker: his restarts.
    pub generation: u32,
}

/// The fields of a packet as it came.
#[derive(Debug, Clone, Copy)]
pub struct Incoming {
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Marker.
    pub marker: bool,
}

/// The stream towards one listener.
#[derive(Debug)]
pub struct Stream {
    ssrc: u32,
    /// The highest sequence number and timestamp sent, and when that timestamp was due. Before the first packet: random
    /// (RFC 3550 §5.1), and no time.
    sequence: u16,
    timestamp: u32,
    at: Option<Instant>,
    relay: Option<Relay>,
    /// The last packet was relayed, so `relay`'s sequence offset holds.
    relaying: bool,
    /// The clock of what was sent last.
    clock: u32,
    packets: u64,
    octets: u64,
}

#[derive(Debug)]
struct Relay {
    source: Source,
    sequence_offset: u16,
    timestamp_offset: u32,
    /// Where the offset begins to hold: what is older would collide with what was sent before.
    base: u16,
    /// The highest that came, or was left out.
    sequence: u16,
}

/// How many packets late is late; what comes later still is not sent.
const LATEST: u16 = 1_000;
/// How far a speaker's timestamps may leave his clock before they are taken as a new beginning.
const DRIFT: Duration = Duration::from_secs(10);

impl Relay {
    /// Whether a packet is newer than all that were seen of this speaker.
    const fn is_news(&self, packet: Incoming) -> bool {
        packet.sequence.wrapping_sub(self.sequence) as i16 > 0
    }
}

impl Stream {
    /// A stream with random source and beginnings.
    pub fn new(rng: &mut impl rand::Rng) -> Self {
        Self {
            ssrc: rng.random(),
            // Away from the wrap, as receivers with SRTP like it (RFC 3711 §3.3.1).
            sequence: rng.random::<u16>() >> 1,
            timestamp: rng.random(),
            at: None,
            relay: None,
            relaying: false,
            clock: 8_000,
            packets: 0,
            octets: 0,
        }
    }

    /// The stream has this source; only before the first packet.
    pub fn set_ssrc(&mut self, ssrc: u32) {
        self.ssrc = ssrc;
    }

    /// Our source.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The clock of the last packet, in Hz; 8,000 before the first.
    #[must_use]
    pub fn clock(&self) -> u32 {
        self.clock
    }

    /// Packets and octets of payload sent.
    #[must_use]
    pub fn sent(&self) -> (u64, u64) {
        (self.packets, self.octets)
    }

    /// The timestamp of an instant, for sender reports; `None` before the first packet.
    #[must_use]
    pub fn timestamp_at(&self, now: Instant) -> Option<u32> {
        Some(self.timestamp.wrapping_add(units(now.saturating_duration_since(self.at?), self.clock)))
    }

    /// The header for a packet that is relayed. `None`: it is older than what the listener has heard from somebody else,
    /// and must not be sent.
    pub fn relay(
        &mut self,
        now: Instant,
        source: Source,
        packet: Incoming,
        payload_type: u8,
        clock: u32,
        octets: usize,
    ) -> Option<Header> {
        let begins = self.relay.as_ref().is_none_or(|relay| relay.source != source);
        if begins {
            self.begin_with(now, source, packet, clock);
        }
        let following = self.following(now, clock);
        let returns = !self.relaying;
        if returns && !self.return_with(packet, following) {
            return None;
        }
        let relay = self.relay.as_ref()?;
        if (packet.sequence.wrapping_sub(relay.base) as i16) < 0 {
            return None;
        }
        let sequence = packet.sequence.wrapping_add(relay.sequence_offset);
        let timestamp = if relay.is_news(packet) {
            self.sequence = sequence;
            self.go_on_with(now, packet, following, clock)?
        } else {
            packet.timestamp.wrapping_add(relay.timestamp_offset)
        };
        self.count(octets);
        let marker = packet.marker || begins || returns;
        Some(Header { marker, payload_type, sequence, timestamp, ssrc: self.ssrc })
    }

    /// Somebody else speaks from now on.
    fn begin_with(&mut self, now: Instant, source: Source, packet: Incoming, clock: u32) {
        let next = self.sequence.wrapping_add(1);
        self.relay = Some(Relay {
            source,
            sequence_offset: next.wrapping_sub(packet.sequence),
            timestamp_offset: self.following(now, clock).wrapping_sub(packet.timestamp),
            base: packet.sequence,
            sequence: packet.sequence.wrapping_sub(1),
        });
        self.relaying = true;
    }

    /// Back from something made here, or after packets that were left out. Gives whether this packet can be the first: it is none
    /// that was heard, or left out, before.
    fn return_with(&mut self, packet: Incoming, following: u32) -> bool {
        let (next, sent) = (self.sequence.wrapping_add(1), self.timestamp);
        let Some(relay) = self.relay.as_mut().filter(|relay| relay.is_news(packet)) else { return false };
        relay.sequence_offset = next.wrapping_sub(packet.sequence);
        relay.base = packet.sequence;
        // What was made in between may have taken the place of this packet in time.
        if packet.timestamp.wrapping_add(relay.timestamp_offset).wrapping_sub(sent) as i32 <= 0 {
            relay.timestamp_offset = following.wrapping_sub(packet.timestamp);
        }
        self.relaying = true;
        true
    }

    /// The speaker's newest packet so far; gives its timestamp. Timestamps follow the clock. Events keep theirs while audio goes
    /// on, so the past is allowed for as long as the longest event; what leaves the clock further is a new beginning without a
    /// word.
    fn go_on_with(&mut self, now: Instant, packet: Incoming, following: u32, clock: u32) -> Option<u32> {
        let (sent, at) = (self.timestamp, self.at);
        let relay = self.relay.as_mut()?;
        relay.sequence = packet.sequence;
        // The base follows at a distance, or after half the number space what is new would seem old.
        if packet.sequence.wrapping_sub(relay.base) > 2 * LATEST {
            relay.base = packet.sequence.wrapping_sub(LATEST);
        }
        let mut timestamp = packet.timestamp.wrapping_add(relay.timestamp_offset);
        let passed = at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let ahead = timestamp.wrapping_sub(sent) as i32;
        let (least, most) = (units(DRIFT, clock), units(passed + DRIFT, clock));
        if at.is_some() && (ahead < -(least as i32) || ahead > most.min(i32::MAX as u32) as i32) {
            timestamp = following;
            relay.timestamp_offset = timestamp.wrapping_sub(packet.timestamp);
        }
        if at.is_none() || timestamp.wrapping_sub(sent) as i32 > 0 {
            (self.timestamp, self.at, self.clock) = (timestamp, Some(now), clock);
        }
        Some(timestamp)
    }

    /// The listener does not hear the speaker any more, or not him alone; what he says until he does is no loss.
    pub fn interrupt(&mut self) {
        self.relaying = false;
    }

    /// A packet of this source is left out: no gap shall tell of it.
    pub fn skip(&mut self, source: Source, sequence: u16) {
        if let Some(relay) = self.relay.as_mut().filter(|relay| relay.source == source) {
            if sequence.wrapping_sub(relay.sequence) as i16 > 0 {
                relay.sequence = sequence;
            }
            self.relaying = false;
        }
    }

    /// The header for a packet of audio that is made here. `now` is its place on the 20 ms grid.
    pub fn make(&mut self, now: Instant, payload_type: u8, clock: u32, octets: usize) -> Header {
        let marker = self.relaying || self.at.is_none_or(|at| now.saturating_duration_since(at) > GAP);
        let timestamp = self.following(now, clock);
        (self.timestamp, self.at, self.clock) = (timestamp, Some(now), clock);
        self.next(marker, payload_type, timestamp, octets)
    }

    /// The header for the first packet of an event that is made here; `timestamp` of it serves for the others. It is of the
    /// same clock as the audio around it, whatever the event's own durations are counted in: a source has one clock.
    pub fn begin_event(&mut self, now: Instant, payload_type: u8, octets: usize) -> Header {
        let timestamp = self.following(now, self.clock);
        (self.timestamp, self.at) = (timestamp, Some(now));
        self.next(true, payload_type, timestamp, octets)
    }

    /// The header for a further packet of an event that is made here.
    pub fn go_on_event(&mut self, payload_type: u8, timestamp: u32, octets: usize) -> Header {
        self.next(false, payload_type, timestamp, octets)
    }

    fn next(&mut self, marker: bool, payload_type: u8, timestamp: u32, octets: usize) -> Header {
        self.relaying = false;
        self.sequence = self.sequence.wrapping_add(1);
        self.count(octets);
        Header { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc }
    }

    fn count(&mut self, octets: usize) {
        self.packets += 1;
        self.octets += octets as u64;
    }

    /// The timestamp that follows what was sent: one packet later if about that long has passed, else as long as has.
    fn following(&self, now: Instant, clock: u32) -> u32 {
        let Some(at) = self.at else { return self.timestamp };
        let passed = now.saturating_duration_since(at);
        self.timestamp.wrapping_add(if passed <= GAP { clock / 50 } else { units(passed, clock) })
    }
}

/// Up to here, the next packet follows the last without a gap in its timestamp.
const GAP: Duration = Duration::from_millis(60);

/// A time in units of an RTP clock.
fn units(time: Duration, clock: u32) -> u32 {
    (time.as_nanos() * u128::from(clock) / 1_000_000_000) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    const A: Source = Source { leg: LegId(1), generation: 0 };
    const B: Source = Source { leg: LegId(2), generation: 0 };

    fn incoming(sequence: u16, timestamp: u32) -> Incoming {
        Incoming { sequence, timestamp, marker: false }
    }

    struct World {
        stream: Stream,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            Self { stream: Stream::new(&mut StdRng::seed_from_u64(1)), now: Instant::now() }
        }

        fn relay(&mut self, source: Source, sequence: u16, timestamp: u32) -> Option<Header> {
            self.now += Duration::from_millis(20);
            self.stream.relay(self.now, source, incoming(sequence, timestamp), 0, 8000, 160)
        }

        fn make(&mut self) -> Header {
            self.now += Duration::from_millis(20);
            self.stream.make(self.now, 0, 8000, 160)
        }
    }

    #[test]
    fn a_speaker_follows_another_without_a_gap() {
        let mut world = World::new();
        let first = world.relay(A, 65_535, 5).unwrap();
        let second = world.relay(A, 0, 165).unwrap();
        let third = world.relay(B, 900, 70_000).unwrap();
        let made = world.make();
        let back = world.relay(B, 902, 70_320).unwrap();
        assert!(third.marker && made.marker);
        for (a, b) in [(first, second), (second, third), (third, made), (made, back)] {
            assert_eq!(b.sequence, a.sequence.wrapping_add(1));
            assert_eq!(b.timestamp, a.timestamp.wrapping_add(160));
            assert_eq!(b.ssrc, a.ssrc);
        }
    }

    #[test]
    fn loss_and_lateness_are_relayed_as_they_came() {
        let mut world = World::new();
        let first = world.relay(A, 10, 0).unwrap();
        let third = world.relay(A, 12, 320).unwrap();
        let second = world.relay(A, 11, 160).unwrap();
        assert_eq!(third.sequence, first.sequence.wrapping_add(2));
        assert_eq!(second.sequence, first.sequence.wrapping_add(1));
        assert_eq!(second.timestamp, first.timestamp.wrapping_add(160));
    }

    #[test]
    fn what_is_older_than_the_change_is_not_sent() {
        let mut world = World::new();
        world.relay(A, 10, 0);
        world.relay(B, 50, 0);
        assert_eq!(world.relay(B, 49, 0), None);
        let at = world.relay(B, 51, 160).unwrap();
        world.stream.skip(B, 52);
        assert_eq!(world.relay(B, 52, 320), None);
        assert_eq!(world.relay(B, 53, 480).unwrap().sequence, at.sequence.wrapping_add(1));
    }

    #[test]
    fn a_call_of_an_hour_is_relayed_to_its_end() {
        let mut world = World::new();
        let mut last = world.relay(A, 500, 0).unwrap();
        for n in 1..180_000_u32 {
            let header = world.relay(A, (500 + n) as u16, n * 160).expect("it is sent");
            assert_eq!(header.sequence, last.sequence.wrapping_add(1));
            assert_eq!(header.timestamp, last.timestamp.wrapping_add(160));
            last = header;
        }
    }

    #[test]
    fn a_pause_is_as_long_as_it_was() {
        let mut world = World::new();
        let before = world.relay(A, 1, 0).unwrap();
        world.now += Duration::from_secs(3);
        let after = world.relay(B, 1, 0).unwrap();
        assert_eq!(after.timestamp.wrapping_sub(before.timestamp), 3020 * 8);
        let jumped = world.relay(B, 2, 1 << 30).unwrap();
        assert_eq!(jumped.timestamp.wrapping_sub(after.timestamp), 160, "a timestamp that left its clock");
    }

    #[derive(Debug, Clone)]
    enum Step {
        Relay { of_a: bool, ahead: i16 },
        Make,
        Skip { of_a: bool },
        Interrupt,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (any::<bool>(), prop_oneof![6 => Just(1_i16), 1 => -4_i16..6])
                .prop_map(|(of_a, ahead)| Step::Relay { of_a, ahead }),
            1 => Just(Step::Make),
            1 => any::<bool>().prop_map(|of_a| Step::Skip { of_a }),
            1 => Just(Step::Interrupt),
        ]
    }

    proptest! {
        /// Whatever is lost, late or repeated at whatever change: one number never stands for two different packets, and
        /// what is newly sent has a new number.
        #[test]
        fn a_number_is_never_given_to_two_packets(steps in prop::collection::vec(step(), 0..200)) {
            let mut world = World::new();
            let mut highest = [65_500_u16, 20];
            let mut given: HashMap<u16, (Option<Source>, u16)> = HashMap::new();
            let mut made = 0;
            for step in steps {
                let (header, what) = match step {
                    Step::Relay { of_a, ahead } => {
                        let (source, at) = if of_a { (A, &mut highest[0]) } else { (B, &mut highest[1]) };
                        let sequence = at.wrapping_add_signed(ahead);
                        if ahead > 0 {
                            *at = sequence;
                        }
                        let Some(header) = world.relay(source, sequence, u32::from(sequence) * 160) else { continue };
                        (header, (Some(source), sequence))
                    }
                    Step::Make => {
                        made += 1;
                        (world.make(), (None, made))
                    }
                    Step::Skip { of_a } => {
                        let (source, at) = if of_a { (A, &mut highest[0]) } else { (B, &mut highest[1]) };
                        *at = at.wrapping_add(1);
                        world.stream.skip(source, *at);
                        continue;
                    }
                    Step::Interrupt => {
                        world.stream.interrupt();
                        continue;
                    }
                };
                let before = given.insert(header.sequence, what);
                prop_assert!(before.is_none_or(|before| before == what), "{before:?} and {what:?}");
            }
        }
    }
}
