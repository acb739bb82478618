//! An exchange, and parties that speak tones: browsers and phones.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use tandem_media::{
    Codec, Config, Description, Digit, Engine, Event, Hears, LegId, LegStats, Local,
    codec::{Decoder, Encoder},
    dtmf::event,
    rtp::{Header, Packet},
};

use crate::client::{Client, EVENTS, Heard, PATIENCE};

pub const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub enum Line {
    Browser(Box<Client>),
    Phone { socket: UdpSocket, to: SocketAddr, heard: Vec<Heard> },
}

pub struct Party {
    pub line: Line,
    pub codec: Codec,
    ssrc: u32,
    sequence: u64,
    timestamp: u32,
    encoder: Encoder,
    decoder: Decoder,
}

pub struct World {
    pub engine: Engine,
    events: Receiver<Event>,
    seen: Vec<Event>,
    pub parties: BTreeMap<u64, Party>,
    next: Instant,
}

pub const A: LegId = LegId(1);
pub const B: LegId = LegId(2);
pub const C: LegId = LegId(3);

/// Frequencies that have whole periods in 20 ms; a party's own is by its number.
pub fn frequency(leg: LegId) -> f64 {
    350.0 + 250.0 * (leg.0 % 8) as f64
}

/// How loud a frequency is in samples: the peak of the sine.
pub fn loudness(samples: &[i16], hertz: f64, rate: u32) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &s) in samples.iter().enumerate() {
        let angle = std::f64::consts::TAU * hertz * n as f64 / f64::from(rate);
        re += f64::from(s) * angle.cos();
        im += f64::from(s) * angle.sin();
    }
    (re * re + im * im).sqrt() * 2.0 / samples.len().max(1) as f64
}

impl World {
    pub fn new(ports: RangeInclusive<u16>, change: impl FnOnce(&mut Config)) -> Self {
        let (sender, events) = mpsc::channel();
        let mut config = Config {
            workers: 2,
            ports,
            addresses: vec![LOCAL],
            port_rest: Duration::ZERO,
            browsers: Some(vec![SocketAddr::new(LOCAL, 0)]),
            ..Config::default()
        };
        change(&mut config);
        let engine = Engine::start(config, Box::new(move |event| drop(sender.send(event)))).unwrap();
        Self { engine, events, seen: Vec::new(), parties: BTreeMap::new(), next: Instant::now() }
    }

    fn join(&mut self, leg: LegId, line: Line, codec: Codec) {
        let party = Party {
            line,
            codec,
            ssrc: 0xAAAA_0000 + leg.0 as u32,
            sequence: 60_000,
            timestamp: 7,
            encoder: Encoder::default(),
            decoder: Decoder::default(),
        };
        self.parties.insert(leg.0, party);
    }

    /// A browser comes, and is not waited for.
    pub fn browser(&mut self, leg: LegId, codec: Codec, change: impl FnOnce(&mut Description)) -> Local {
        self.browser_that(leg, codec, false, change)
    }

    /// A browser comes, which may wait for us to begin with DTLS.
    pub fn browser_that(
        &mut self,
        leg: LegId,
        codec: Codec,
        passive: bool,
        change: impl FnOnce(&mut Description),
    ) -> Local {
        let mut client = Client::new(0xAAAA_0000 + leg.0 as u32);
        client.passive = passive;
        let local = self.engine.open_browser(leg).unwrap();
        let mut description = client.description(codec);
        change(&mut description);
        self.engine.describe(leg, description);
        client.answer(&local);
        self.join(leg, Line::Browser(Box::new(client)), codec);
        local
    }

    /// The page of a browser was loaded anew: another agent, another certificate, another source take over its leg.
    pub fn reload(&mut self, leg: LegId) {
        let codec = self.parties[&leg.0].codec;
        let ssrc = 0xBBBB_0000 + leg.0 as u32;
        let mut client = Client::new(ssrc);
        let description = client.description(codec);
        let again = self.engine.restart_ice(leg).unwrap();
        self.engine.describe(leg, description);
        client.answer(&again);
        self.join(leg, Line::Browser(Box::new(client)), codec);
    }

    /// A phone comes.
    pub fn phone(&mut self, leg: LegId, codec: Codec) {
        let socket = UdpSocket::bind((LOCAL, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let to = self.engine.open(leg, LOCAL).unwrap();
        let description =
            Description { telephone_event: Some(101), ..Description::new(socket.local_addr().unwrap(), codec) };
        self.engine.describe(leg, description);
        self.join(leg, Line::Phone { socket, to, heard: Vec::new() }, codec);
    }

    /// Who hears whom alone, both ways.
    pub fn connect(&mut self, a: LegId, b: LegId) {
        self.engine.route(vec![(a, Hears::Leg(b)), (b, Hears::Leg(a))]);
    }

    pub fn client(&mut self, leg: LegId) -> &mut Client {
        match &mut self.parties.get_mut(&leg.0).unwrap().line {
            Line::Browser(client) => client,
            Line::Phone { .. } => panic!("it is a phone"),
        }
    }

    /// Let everybody read.
    pub fn work(&mut self) {
        for party in self.parties.values_mut() {
            match &mut party.line {
                Line::Browser(client) => client.work(),
                Line::Phone { socket, heard, .. } => {
                    let mut room = [0; 2_000];
                    while let Ok(length) = socket.recv(&mut room) {
                        let octets = &room[..length];
                        if tandem_media::rtp::is_rtcp(octets) {
                            continue;
                        }
                        let packet = Packet::parse(octets).unwrap();
                        heard.push(Heard {
                            payload_type: packet.payload_type,
                            sequence: packet.sequence,
                            timestamp: packet.timestamp,
                            ssrc: packet.ssrc,
                            payload: octets[packet.payload].to_vec(),
                        });
                    }
                }
            }
        }
        self.seen.extend(self.events.try_iter());
    }

    /// Wait until something is so.
    #[track_caller]
    pub fn until(&mut self, what: impl Fn(&mut Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !what(self) {
            assert!(Instant::now() < end, "it never comes: {:?}", self.seen);
            self.work();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Wait for an event.
    #[track_caller]
    pub fn wait<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            self.work();
            if let Some(found) = self.seen.iter().find_map(&wanted) {
                return found;
            }
            assert!(Instant::now() < end, "the event never comes: {:?}", self.seen);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn has_seen(&self, event: &Event) -> bool {
        self.seen.contains(event)
    }

    /// Wait until browsers are connected, at both ends.
    #[track_caller]
    pub fn connected(&mut self, legs: &[LegId]) {
        for &leg in legs {
            self.until(|world| world.client(leg).connected);
            let address = self.client(leg).address();
            self.wait(|event| (*event == Event::Latched { leg, address }).then_some(()));
        }
        self.next = Instant::now();
    }

    fn send(&mut self, leg: LegId, payload_type: u8, step: u32, payload: &[u8]) {
        let party = self.parties.get_mut(&leg.0).unwrap();
        party.sequence += 1;
        party.timestamp = party.timestamp.wrapping_add(step);
        let (sequence, timestamp, ssrc) = (party.sequence, party.timestamp, party.ssrc);
        match &mut party.line {
            Line::Browser(client) => client.send(payload_type, sequence - 60_000, timestamp, payload),
            Line::Phone { socket, to, .. } => {
                let header = Header { marker: false, payload_type, sequence: sequence as u16, timestamp, ssrc };
                socket.send_to(&[&header.octets()[..], payload].concat(), *to).unwrap();
            }
        }
    }

    /// A party says 20 ms of its tone.
    fn speak(&mut self, leg: LegId) {
        let party = self.parties.get_mut(&leg.0).unwrap();
        let (codec, rate) = (party.codec, party.codec.sample_rate());
        let wave =
            |n| ((std::f64::consts::TAU * frequency(leg) * f64::from(n) / f64::from(rate)).sin() * 6000.0) as i16;
        let samples: Vec<i16> = (0..rate / 50).map(wave).collect();
        let mut payload = [0; 1_275];
        let length = party.encoder.encode(codec, &samples, &mut payload);
        let payload_type = codec.static_payload_type().unwrap_or(111);
        self.send(leg, payload_type, codec.clock_rate() / 50, &payload[..length]);
    }

    fn frame(&mut self) {
        self.next += Duration::from_millis(20);
        while Instant::now() < self.next {
            self.work();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// All named say their tones, for so many times 20 ms.
    pub fn talk(&mut self, legs: &[LegId], frames: usize) {
        self.next = self.next.max(Instant::now() - Duration::from_millis(40));
        for _ in 0..frames {
            for &leg in legs {
                self.speak(leg);
            }
            self.frame();
        }
        // What was said is heard.
        for _ in 0..30 {
            self.work();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// A party presses a key, as an event.
    pub fn press(&mut self, leg: LegId, key: char) {
        let payload_type = match self.parties[&leg.0].line {
            Line::Browser(_) => EVENTS,
            Line::Phone { .. } => 101,
        };
        let mut sender = event::Sender::new(Digit::new(key).unwrap(), 100);
        let mut step = self.parties[&leg.0].codec.clock_rate() / 50;
        while let Some(payload) = sender.poll() {
            self.send(leg, payload_type, step, &payload.octets());
            step = 0;
            self.frame();
        }
    }

    /// What a party received since the last look.
    pub fn heard(&mut self, leg: LegId) -> Vec<Heard> {
        match &mut self.parties.get_mut(&leg.0).unwrap().line {
            Line::Browser(client) => std::mem::take(&mut client.heard),
            Line::Phone { heard, .. } => std::mem::take(heard),
        }
    }

    /// The second half of what a party heard, and its sample rate.
    pub fn audio(&mut self, leg: LegId) -> (Vec<i16>, u32) {
        let heard = self.heard(leg);
        let party = self.parties.get_mut(&leg.0).unwrap();
        let mut audio = Vec::new();
        for heard in heard.iter().filter(|h| h.payload_type != EVENTS && h.payload_type != 101) {
            let mut samples = [0; 2_000];
            let count = party.decoder.decode(party.codec, &heard.payload, &mut samples);
            audio.extend_from_slice(&samples[..count]);
        }
        (audio.split_off(audio.len() / 2), party.codec.sample_rate())
    }

    /// How loud each of these is in what a party heard since the last look.
    pub fn levels<const N: usize>(&mut self, listener: LegId, speakers: [LegId; N]) -> [f64; N] {
        let (audio, rate) = self.audio(listener);
        speakers.map(|speaker| loudness(&audio, frequency(speaker), rate))
    }

    pub fn close(&mut self, leg: LegId) -> LegStats {
        self.engine.close(leg);
        self.wait(|event| match event {
            Event::Closed { leg: closed, stats } if *closed == leg => Some(*stats),
            _ => None,
        })
    }
}

/// One source, sequence numbers without a gap, timestamps that grow (or stand still within an event).
#[track_caller]
pub fn assert_continuous(heard: &[Heard]) {
    for pair in heard.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        assert_eq!(b.ssrc, a.ssrc, "another source");
        assert_eq!(b.sequence, a.sequence.wrapping_add(1), "a gap in the sequence");
        assert!(b.timestamp.wrapping_sub(a.timestamp) as i32 >= 0, "back in time: {a:?} {b:?}");
    }
}
