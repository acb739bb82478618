//! Parties who speak, listen and press keys, around a router and with a time of their own.

mod codes;
mod digits;
mod matrix;
mod mixing;
mod recording;
mod relaying;
mod reports;
mod supervising;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use rand::{SeedableRng as _, rngs::StdRng};

use super::{Port, Router, Setup, Slot, Wire};
use crate::{
    codec::{Decoder, Encoder},
    dtmf::{Digit, event},
    rtp::{Header, Packet},
    types::{Codec, Description, Event, Hears, LegId},
};

/// What was sent and has not been looked at.
#[derive(Default)]
struct Sent(Vec<(Slot, Port, SocketAddr, Vec<u8>)>);

impl Wire for Sent {
    fn send(&mut self, slot: Slot, port: Port, to: SocketAddr, octets: &[u8]) {
        self.0.push((slot, port, to, octets.to_vec()));
    }
}

/// A party: what it sends next, and what it hears.
struct Party {
    slot: Slot,
    address: SocketAddr,
    codec: Codec,
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    encoder: Encoder,
    decoder: Decoder,
}

/// One packet as a party received it.
#[derive(Debug, Clone)]
struct Heard {
    packet: Packet,
    payload: Vec<u8>,
}

struct World {
    router: Router,
    now: Instant,
    sent: Sent,
    parties: BTreeMap<u64, Party>,
}

const A: LegId = LegId(1);
const B: LegId = LegId(2);
const C: LegId = LegId(3);

/// Frequencies that have whole periods in 20 ms, so that one does not disturb another; a party's own is by its number.
fn frequency(leg: LegId) -> f64 {
    300.0 + 250.0 * leg.0 as f64
}

/// 20 ms of a party's tone.
fn tone(leg: LegId, rate: u32) -> Vec<i16> {
    (0..rate / 50)
        .map(|n| ((std::f64::consts::TAU * frequency(leg) * f64::from(n) / f64::from(rate)).sin() * 6000.0) as i16)
        .collect()
}

/// How loud a frequency is in samples: the peak of the sine.
fn loudness(samples: &[i16], hertz: f64, rate: u32) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &s) in samples.iter().enumerate() {
        let angle = std::f64::consts::TAU * hertz * n as f64 / f64::from(rate);
        re += f64::from(s) * angle.cos();
        im += f64::from(s) * angle.sin();
    }
    (re * re + im * im).sqrt() * 2.0 / samples.len().max(1) as f64
}

impl World {
    fn new() -> Self {
        let now = Instant::now();
        let setup = Setup { epoch: now, ntp: 1 << 40, media_timeout: Duration::from_secs(10) };
        let router = Router::new(setup, StdRng::seed_from_u64(7));
        Self { router, now, sent: Sent::default(), parties: BTreeMap::new() }
    }

    /// A and B hear each other, with these codecs, and have agreed to events.
    fn call(a: Codec, b: Codec) -> Self {
        let mut world = Self::new();
        world.join(A, a, Some(101));
        world.join(B, b, Some(96));
        world.route([(A, Hears::Leg(B)), (B, Hears::Leg(A))]);
        world
    }

    fn join(&mut self, leg: LegId, codec: Codec, telephone_event: Option<u8>) {
        let slot = self.router.open(self.now, leg).unwrap();
        let address = SocketAddr::from(([192, 0, 2, leg.0 as u8], 4000));
        let description = Description { telephone_event, ..Description::new(address, codec) };
        let payload_type = description.codecs[0].1;
        self.router.describe(self.now, leg, description);
        let party = Party {
            slot,
            address,
            codec,
            payload_type,
            ssrc: 0xAAAA_0000 + leg.0 as u32,
            sequence: 65_530,
            timestamp: u32::MAX - 1000,
            encoder: Encoder::default(),
            decoder: Decoder::default(),
        };
        self.parties.insert(leg.0, party);
    }

    fn party(&mut self, leg: LegId) -> &mut Party {
        self.parties.get_mut(&leg.0).unwrap()
    }

    fn route<const N: usize>(&mut self, rows: [(LegId, Hears); N]) {
        self.router.route(self.now, rows.into(), &mut self.sent);
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.router.next_timeout().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.router.handle_timeout(self.now, &mut self.sent);
        }
        self.now = end;
    }

    /// A packet from anywhere to the RTP port of a leg.
    fn deliver(&mut self, leg: LegId, from: SocketAddr, mut octets: Vec<u8>) {
        let slot = self.parties[&leg.0].slot;
        self.router.handle_rtp(self.now, slot, from, &mut octets, &mut self.sent);
    }

    /// A party sends a payload as its next packet.
    fn send(&mut self, leg: LegId, payload_type: u8, step: u32, payload: &[u8]) {
        let party = self.party(leg);
        let (ssrc, from) = (party.ssrc, party.address);
        party.sequence = party.sequence.wrapping_add(1);
        party.timestamp = party.timestamp.wrapping_add(step);
        let (sequence, timestamp) = (party.sequence, party.timestamp);
        let header = Header { marker: false, payload_type, sequence, timestamp, ssrc };
        let octets = [&header.octets()[..], payload].concat();
        self.deliver(leg, from, octets);
    }

    /// A party says samples.
    fn say(&mut self, leg: LegId, samples: &[i16]) -> Vec<u8> {
        let party = self.party(leg);
        let mut payload = vec![0; samples.len()];
        let length = party.encoder.encode(party.codec, samples, &mut payload);
        payload.truncate(length);
        let (payload_type, step) = (party.payload_type, party.codec.clock_rate() / 50);
        self.send(leg, payload_type, step, &payload);
        payload
    }

    /// A party says 20 ms of its tone.
    fn speak(&mut self, leg: LegId) -> Vec<u8> {
        let rate = self.party(leg).codec.sample_rate();
        self.say(leg, &tone(leg, rate))
    }

    /// All parties named speak for this long.
    fn talk(&mut self, legs: &[LegId], ms: u64) {
        for _ in 0..ms / 20 {
            for &leg in legs {
                self.speak(leg);
            }
            self.pass(20);
        }
    }

    /// A party presses a key for 100 ms: events only.
    fn press(&mut self, leg: LegId, key: char, payload_type: u8) {
        let mut sender = event::Sender::new(Digit::new(key).unwrap(), 100);
        let mut step = 160;
        while let Some(payload) = sender.poll() {
            self.send(leg, payload_type, step, &payload.octets());
            step = 0;
            if !payload.end {
                self.pass(20);
            }
        }
        // What follows is later than the event by its duration.
        self.party(leg).timestamp = self.party(leg).timestamp.wrapping_add(800);
    }

    /// What a party received since the last look, RTP only.
    fn heard(&mut self, leg: LegId) -> Vec<Heard> {
        let (slot, address) = (self.parties[&leg.0].slot, self.parties[&leg.0].address);
        let (mine, others) =
            std::mem::take(&mut self.sent.0).into_iter().partition(|s| s.0 == slot && s.1 == Port::Rtp);
        self.sent.0 = others;
        let mine: Vec<(Slot, Port, SocketAddr, Vec<u8>)> = mine;
        mine.into_iter()
            .map(|(.., to, octets)| {
                assert_eq!(to, address);
                let packet = Packet::parse(&octets).unwrap();
                Heard { payload: octets[packet.payload.clone()].to_vec(), packet }
            })
            .collect()
    }

    /// The audio of what a party received since the last look, and its sample rate.
    fn audio(&mut self, leg: LegId) -> Vec<i16> {
        let heard = self.heard(leg);
        self.decode(leg, &heard)
    }

    fn decode(&mut self, leg: LegId, heard: &[Heard]) -> Vec<i16> {
        let party = self.party(leg);
        let mut audio = Vec::new();
        for heard in heard.iter().filter(|h| h.packet.payload_type == party.payload_type) {
            let mut samples = [0; 4096];
            let count = party.decoder.decode(party.codec, &heard.payload, &mut samples);
            audio.extend_from_slice(&samples[..count]);
        }
        audio
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.router.poll_event()).collect()
    }

    /// The keys that were reported, as `1:5` for key 5 of leg 1.
    fn keys(&mut self) -> Vec<String> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Digit { leg, digit, .. } => Some(format!("{}:{digit}", leg.0)),
                Event::Code { leg, code } => Some(format!("{}:[{code}]", leg.0)),
                Event::ClipEnded { .. }
                | Event::Latched { .. }
                | Event::MediaTimeout { .. }
                | Event::Closed { .. }
                | Event::Recorded { .. } => None,
            })
            .collect()
    }
}

/// One source, sequence numbers without a gap, timestamps that grow (or stand still within an event).
#[track_caller]
fn assert_continuous(heard: &[Heard]) {
    for pair in heard.windows(2) {
        let (a, b) = (&pair[0].packet, &pair[1].packet);
        assert_eq!(b.ssrc, a.ssrc, "another source");
        assert_eq!(b.sequence, a.sequence.wrapping_add(1), "a gap in the sequence");
        let step = b.timestamp.wrapping_sub(a.timestamp) as i32;
        let event = a.payload_type >= 96 && b.payload_type == a.payload_type;
        assert!(step > 0 || (event && step == 0), "the timestamp goes by {step}: {a:?} {b:?}");
    }
}
