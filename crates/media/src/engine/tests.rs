//! The engine with real sockets: who hears whom, by the spectrum of what arrives.

use std::{
    collections::VecDeque,
    net::UdpSocket,
    sync::mpsc::{self, Receiver},
};

use super::*;
use crate::{
    Clip, LegStats,
    codec::{Decoder, Encoder},
    rtp::{Header, Packet},
    types::Codec,
};

const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
/// Nothing that is waited for takes this long, unless it never comes.
const PATIENCE: Duration = Duration::from_secs(10);

struct Exchange {
    engine: Engine,
    events: Receiver<Event>,
}

impl Exchange {
    fn start(workers: usize, ports: RangeInclusive<u16>, coalesce: Duration) -> Self {
        let (sender, events) = mpsc::channel();
        let config = Config {
            workers,
            ports,
            addresses: vec![LOCAL],
            media_timeout: Duration::from_secs(30),
            port_rest: Duration::ZERO,
            coalesce,
            ..Config::default()
        };
        let engine = Engine::start(config, Box::new(move |event| drop(sender.send(event)))).unwrap();
        Self { engine, events }
    }

    /// Wait for an event.
    #[track_caller]
    fn wait<T>(&self, wanted: impl Fn(Event) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let event = self.events.recv_timeout(end - Instant::now()).expect("the event comes");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    }

    fn close(&self, leg: LegId) -> LegStats {
        self.engine.close(leg);
        self.wait(|event| match event {
            Event::Closed { leg: closed, stats } if closed == leg => Some(stats),
            _ => None,
        })
    }
}

/// A phone that sends a tone and keeps what it hears.
struct Phone {
    leg: LegId,
    socket: UdpSocket,
    exchange: SocketAddr,
    codec: Codec,
    encoder: Encoder,
    decoder: Decoder,
    sequence: u16,
    heard: VecDeque<i16>,
    packets: Vec<Packet>,
}

impl Phone {
    fn join(exchange: &Exchange, leg: u64, codec: Codec) -> Self {
        let leg = LegId(leg);
        let socket = UdpSocket::bind((LOCAL, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = exchange.engine.open(leg, LOCAL).unwrap();
        exchange.engine.describe(leg, Description::new(socket.local_addr().unwrap(), codec));
        Self {
            leg,
            socket,
            exchange: address,
            codec,
            encoder: Encoder::default(),
            decoder: Decoder::default(),
            sequence: 0,
            heard: VecDeque::new(),
            packets: Vec::new(),
        }
    }

    fn frequency(&self) -> f64 {
        300.0 + 250.0 * self.leg.0 as f64
    }

    fn speak(&mut self) {
        let rate = self.codec.sample_rate();
        let wave = |n: u32| (std::f64::consts::TAU * self.frequency() * f64::from(n) / f64::from(rate)).sin();
        let samples: Vec<i16> = (0..rate / 50).map(|n| (wave(n) * 6000.0) as i16).collect();
        let mut payload = [0; 160];
        let length = self.encoder.encode(self.codec, &samples, &mut payload);
        let header = Header {
            marker: false,
            payload_type: self.codec.static_payload_type().unwrap(),
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * 160,
            ssrc: self.leg.0 as u32,
        };
        self.sequence += 1;
        self.socket.send_to(&[&header.octets()[..], &payload[..length]].concat(), self.exchange).unwrap();
    }

    fn listen(&mut self) {
        let mut octets = [0; 2048];
        while let Ok((length, _)) = self.socket.recv_from(&mut octets) {
            if crate::rtp::is_rtcp(&octets[..length]) {
                continue;
            }
            let packet = Packet::parse(&octets[..length]).unwrap();
            let mut samples = [0; 4096];
            let count = self.decoder.decode(self.codec, &octets[packet.payload.clone()], &mut samples);
            self.heard.extend(&samples[..count]);
            self.packets.push(packet);
        }
    }

    /// How loud another phone is in what was heard since the last look.
    fn loudness(&self, of: f64) -> f64 {
        let rate = f64::from(self.codec.sample_rate());
        let (mut re, mut im) = (0.0, 0.0);
        for (n, &s) in self.heard.iter().enumerate() {
            let angle = std::f64::consts::TAU * of * n as f64 / rate;
            re += f64::from(s) * angle.cos();
            im += f64::from(s) * angle.sin();
        }
        f64::hypot(re, im) * 2.0 / self.heard.len().max(1) as f64
    }
}

/// All phones speak and listen for a while; then who hears whom, as `listener<speaker`.
fn talk(phones: &mut [Phone], ms: u64) -> Vec<String> {
    let start = Instant::now();
    for n in 0..ms / 20 {
        for phone in phones.iter_mut() {
            phone.speak();
        }
        let next = start + Duration::from_millis(20 * (n + 1));
        thread::sleep(next.saturating_duration_since(Instant::now()));
        for phone in phones.iter_mut() {
            phone.listen();
        }
    }
    let mut pairs = Vec::new();
    for listener in phones.iter() {
        for speaker in phones.iter() {
            if listener.loudness(speaker.frequency()) > 2000.0 {
                pairs.push(format!("{}<{}", listener.leg.0, speaker.leg.0));
            }
        }
    }
    for phone in phones {
        phone.heard.clear();
    }
    pairs
}

#[test]
fn phones_hear_whom_the_matrix_says_while_legs_move_between_workers() {
    let exchange = Exchange::start(2, 24_200..=24_299, Duration::from_millis(1));
    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Pcmu];
    let mut phones: Vec<Phone> =
        codecs.into_iter().enumerate().map(|(n, codec)| Phone::join(&exchange, n as u64 + 1, codec)).collect();
    let [a, b, c, d] = [1, 2, 3, 4].map(LegId);
    let engine = &exchange.engine;
    assert_eq!(engine.ports_in_use(), 4);
    // Two calls, then the calls are joined (attended transfer), with legs of both workers, then a spy.
    engine.route(vec![(a, Hears::Leg(b)), (b, Hears::Leg(a))]);
    engine.route(vec![(c, Hears::Leg(d)), (d, Hears::Leg(c))]);
    assert_eq!(talk(&mut phones, 400), ["1<2", "2<1", "3<4", "4<3"]);
    engine.route(vec![(a, Hears::Leg(c)), (c, Hears::Leg(a)), (b, Hears::Nothing), (d, Hears::Nothing)]);
    talk(&mut phones, 60);
    assert_eq!(talk(&mut phones, 300), ["1<3", "3<1"]);
    engine.route(vec![(d, Hears::Mix(vec![a, c]))]);
    talk(&mut phones, 100);
    assert_eq!(talk(&mut phones, 300), ["1<3", "3<1", "4<1", "4<3"]);
    // What is on its way arrives.
    thread::sleep(Duration::from_millis(50));
    for phone in &phones {
        for pair in phone.packets.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1), "leg {}", phone.leg.0);
            assert_eq!(pair[1].ssrc, pair[0].ssrc);
        }
        let stats = exchange.close(phone.leg);
        assert_eq!((stats.received.packets, stats.received.lost), (u64::from(phone.sequence), 0));
        assert_eq!(stats.source, Some(phone.socket.local_addr().unwrap()));
    }
    assert_eq!((engine.ports_in_use(), engine.stats().legs), (0, 0));
    assert!(engine.stats().received_packets > 200);
}

#[test]
fn packets_pass_at_once_when_they_are_not_coalesced() {
    let exchange = Exchange::start(1, 24_300..=24_319, Duration::ZERO);
    let mut phones = [Phone::join(&exchange, 1, Codec::Pcmu), Phone::join(&exchange, 2, Codec::Pcmu)];
    exchange.engine.route(vec![(LegId(1), Hears::Leg(LegId(2))), (LegId(2), Hears::Leg(LegId(1)))]);
    assert_eq!(talk(&mut phones, 200), ["1<2", "2<1"]);
}

#[test]
fn a_prompt_is_heard_and_its_end_is_told() {
    let exchange = Exchange::start(1, 24_320..=24_339, Duration::from_millis(1));
    let mut phone = Phone::join(&exchange, 1, Codec::G722);
    let clip = Clip::tone([500.0, 0.0], 200);
    exchange.engine.route(vec![(phone.leg, Hears::Clip { clip, repeat: false })]);
    exchange.wait(|event| (event == Event::ClipEnded { leg: LegId(1) }).then_some(()));
    thread::sleep(Duration::from_millis(20));
    phone.listen();
    assert_eq!(phone.packets.len(), 10);
    assert!(phone.loudness(500.0) > 3000.0);
}

#[test]
fn keys_are_told_and_sent() {
    let exchange = Exchange::start(1, 24_340..=24_359, Duration::from_millis(1));
    let mut phones = [Phone::join(&exchange, 1, Codec::Pcmu), Phone::join(&exchange, 2, Codec::Pcmu)];
    for phone in &phones {
        let address = phone.socket.local_addr().unwrap();
        let description = Description { telephone_event: Some(101), ..Description::new(address, Codec::Pcmu) };
        exchange.engine.describe(phone.leg, description);
    }
    // What is sent to the first phone, it sends back as if it were pressed there.
    exchange.engine.send_digit(LegId(1), Digit::new('8').unwrap(), 60);
    let mut octets = [0; 2048];
    phones[0].socket.set_nonblocking(false).unwrap();
    phones[0].socket.set_read_timeout(Some(PATIENCE)).unwrap();
    for _ in 0..5 {
        let length = phones[0].socket.recv(&mut octets).unwrap();
        phones[0].socket.send_to(&octets[..length], phones[0].exchange).unwrap();
    }
    let digit = exchange.wait(|event| match event {
        Event::Digit { leg: LegId(1), digit, .. } => Some(digit),
        _ => None,
    });
    assert_eq!(digit.as_char(), '8');
    phones[1].listen();
    assert_eq!(phones[1].packets.len(), 0);
}

#[test]
fn a_code_that_comes_in_signalling_is_told() {
    let exchange = Exchange::start(2, 24_360..=24_379, Duration::ZERO);
    let phone = Phone::join(&exchange, 1, Codec::Pcmu);
    exchange.engine.codes(phone.leg, vec!["*45".to_owned(), "*44".to_owned()]);
    for key in "*44".chars() {
        exchange.engine.press(phone.leg, Digit::new(key).unwrap());
    }
    let mut told = Vec::new();
    while told.len() < 4 {
        told.push(exchange.wait(|event| match event {
            Event::Digit { digit, source: crate::DigitSource::Info, .. } => Some(digit.to_string()),
            Event::Code { leg: LegId(1), code } => Some(format!("code {code}")),
            _ => None,
        }));
    }
    assert_eq!(told, ["*", "4", "4", "code 1"]);
}

#[test]
fn after_many_short_legs_all_ports_are_back() {
    let exchange = Exchange::start(2, 24_400..=24_599, Duration::from_millis(1));
    let engine = &exchange.engine;
    for round in 0..20_u64 {
        let legs: Vec<LegId> = (0..100).map(|n| LegId(round * 100 + n)).collect();
        for &leg in &legs {
            engine.open(leg, LOCAL).unwrap();
        }
        assert!(matches!(engine.open(LegId(999_999), LOCAL), Err(OpenError::Exhausted)));
        for pair in legs.chunks(2) {
            engine.route(vec![(pair[0], Hears::Leg(pair[1])), (pair[1], Hears::Leg(pair[0]))]);
        }
        // Groups that span workers are joined and torn at once.
        engine.route(legs.iter().map(|&leg| (leg, Hears::Mix(legs.clone()))).collect());
        for &leg in &legs {
            engine.close(leg);
            engine.close(leg);
        }
        let mut closed = Vec::new();
        while closed.len() < legs.len() {
            closed.push(exchange.wait(|event| match event {
                Event::Closed { leg, .. } => Some(leg),
                _ => None,
            }));
        }
        closed.sort_unstable();
        assert_eq!(closed, legs);
        assert_eq!(engine.ports_in_use(), 0);
    }
}

#[test]
fn one_leg_is_not_opened_twice_nor_on_a_foreign_address() {
    let exchange = Exchange::start(1, 24_600..=24_609, Duration::ZERO);
    exchange.engine.open(LegId(1), LOCAL).unwrap();
    assert!(matches!(exchange.engine.open(LegId(1), LOCAL), Err(OpenError::AlreadyOpen(LegId(1)))));
    assert!(matches!(exchange.engine.open(LegId(2), IpAddr::from([192, 0, 2, 1])), Err(OpenError::UnknownAddress(_))));
    assert_eq!(exchange.engine.ports_in_use(), 1);
    let error = Engine::start(Config { workers: 0, ..Config::default() }, Box::new(drop)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn ipv6_legs_carry_media_too() {
    let address = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
    let (sender, _events) = mpsc::channel();
    let config = Config { workers: 1, ports: 24_620..=24_639, addresses: vec![address, LOCAL], ..Config::default() };
    let engine = Engine::start(config, Box::new(move |event| drop(sender.send(event)))).unwrap();
    let phones = [address, LOCAL].map(|ip| UdpSocket::bind((ip, 0)).unwrap());
    let legs = [LegId(1), LegId(2)];
    let mut ports = Vec::new();
    for ((phone, leg), ip) in phones.iter().zip(legs).zip([address, LOCAL]) {
        ports.push(engine.open(leg, ip).unwrap());
        engine.describe(leg, Description::new(phone.local_addr().unwrap(), Codec::Pcmu));
        phone.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    engine.route(vec![(legs[0], Hears::Leg(legs[1])), (legs[1], Hears::Leg(legs[0]))]);
    thread::sleep(Duration::from_millis(50));
    let packet = [&Header { marker: true, payload_type: 0, sequence: 1, timestamp: 2, ssrc: 3 }.octets()[..], b"hello"];
    for (from, to) in [(0, 1), (1, 0)] {
        phones[from].send_to(&packet.concat(), ports[from]).unwrap();
        let mut octets = [0; 100];
        let length = phones[to].recv(&mut octets).unwrap();
        assert_eq!(&octets[12..length], b"hello");
    }
}

/// A recorder of these two parties; gives what its file became.
fn recorded(exchange: &Exchange, leg: LegId) -> (u64, Option<String>) {
    exchange.close(leg);
    written(exchange, leg)
}

/// What the file of a recorder became, as soon as that is told.
fn written(exchange: &Exchange, leg: LegId) -> (u64, Option<String>) {
    exchange.wait(|event| match event {
        Event::Recorded { leg: recorded, length_ms, error } if recorded == leg => Some((length_ms, error)),
        _ => None,
    })
}

/// The channels of a file.
fn channels(path: &std::path::Path) -> (u32, [VecDeque<i16>; 2]) {
    let mut reader = crate::wav::Reader::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut samples = vec![0; 1_000_000];
    let count = reader.read(&mut samples).unwrap();
    assert_eq!(count as u64, reader.info().frames * 2);
    let channel = |n: usize| samples[..count].iter().skip(n).step_by(2).copied().collect();
    (reader.info().rate, [channel(0), channel(1)])
}

#[test]
fn a_recording_follows_its_call_to_another_worker_and_is_whole() {
    let exchange = Exchange::start(2, 24_640..=24_699, Duration::ZERO);
    let engine = &exchange.engine;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("0.wav");
    let codecs = [Codec::Pcmu, Codec::G722, Codec::Pcmu, Codec::Pcmu];
    let mut phones: Vec<Phone> =
        codecs.into_iter().enumerate().map(|(n, codec)| Phone::join(&exchange, n as u64 + 1, codec)).collect();
    let [a, b, c, d, recorder] = [1, 2, 3, 4, 5].map(LegId);
    engine.route(vec![(a, Hears::Leg(b)), (b, Hears::Leg(a))]);
    engine.route(vec![(c, Hears::Leg(d)), (d, Hears::Leg(c))]);
    talk(&mut phones, 100);
    let ports = engine.ports_in_use();
    engine.record(recorder, path.clone()).unwrap();
    assert!(matches!(engine.record(recorder, path.clone()), Err(OpenError::AlreadyOpen(_))));
    assert_eq!(engine.ports_in_use(), ports, "a recorder has no port");
    engine.route(vec![(recorder, Hears::Stereo { left: vec![a], right: vec![b] })]);
    talk(&mut phones, 400);
    // Transferred: who is there now came with another call, on another worker.
    engine.route(vec![
        (a, Hears::Leg(c)),
        (c, Hears::Leg(a)),
        (b, Hears::Nothing),
        (d, Hears::Nothing),
        (recorder, Hears::Stereo { left: vec![a], right: vec![c] }),
    ]);
    talk(&mut phones, 400);
    engine.route(vec![(recorder, Hears::Nothing)]);
    talk(&mut phones, 200);
    let (length, error) = recorded(&exchange, recorder);
    assert_eq!(error, None);
    assert!((700..=900).contains(&length), "{length} ms");
    let (rate, [left, right]) = channels(&path);
    assert_eq!((rate, left.len() as u64), (16_000, length * 16));
    let mut judge = |samples: Vec<i16>, of: usize| {
        phones[1].heard = samples.into();
        phones[1].loudness(phones[of].frequency())
    };
    let part = |channel: &VecDeque<i16>, from: usize, to: usize| channel.range(from * 16..to * 16).copied().collect();
    assert!(judge(part(&left, 100, 600), 0) > 4_000.0);
    assert!(judge(part(&right, 100, 350), 1) > 4_000.0);
    assert!(judge(part(&right, 500, 650), 2) > 4_000.0);
    assert!(judge(part(&right, 100, 650), 0) < 100.0);
    assert!(judge(part(&left, 100, 650), 1) < 100.0 && judge(part(&left, 100, 650), 2) < 100.0);
    assert_eq!(crate::wav::repair(&path).unwrap().length_ms(), length);
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_the_call_goes_on() {
    let exchange = Exchange::start(1, 24_700..=24_719, Duration::ZERO);
    let folder = tempfile::tempdir().unwrap();
    let mut phones = [Phone::join(&exchange, 1, Codec::Pcmu), Phone::join(&exchange, 2, Codec::Pcmu)];
    let there = folder.path().join("0.wav");
    std::fs::write(&there, "somebody's").unwrap();
    for (n, path) in [there.join("0.wav"), there.clone(), "/dev/full".into()].into_iter().enumerate() {
        let recorder = LegId(10 + n as u64);
        exchange.engine.record(recorder, path).unwrap();
        let both = Hears::Stereo { left: vec![LegId(1)], right: vec![LegId(2)] };
        exchange.engine.route(vec![
            (LegId(1), Hears::Leg(LegId(2))),
            (LegId(2), Hears::Leg(LegId(1))),
            (recorder, both),
        ]);
        assert_eq!(talk(&mut phones, 200), ["1<2", "2<1"]);
        // At once, so that another file can be tried, and not again at the end.
        let (length, error) = written(&exchange, recorder);
        assert_eq!(length, 0, "{n}: {error:?}");
        assert!(error.is_some_and(|error| error.contains("could not be written")));
        exchange.close(recorder);
    }
    thread::sleep(Duration::from_millis(100));
    assert!(!exchange.events.try_iter().any(|event| matches!(event, Event::Recorded { .. })));
    assert_eq!(std::fs::read(there).unwrap(), b"somebody's");
}

#[test]
fn what_was_recorded_is_written_when_the_engine_ends() {
    let exchange = Exchange::start(2, 24_720..=24_739, Duration::ZERO);
    let folder = tempfile::tempdir().unwrap();
    let mut phone = Phone::join(&exchange, 1, Codec::Pcmu);
    let paths: Vec<_> = (0..3).map(|n| folder.path().join(format!("{n}.wav"))).collect();
    for (n, path) in paths.iter().enumerate() {
        let recorder = LegId(2 + n as u64);
        exchange.engine.record(recorder, path.clone()).unwrap();
        exchange.engine.route(vec![(recorder, Hears::Stereo { left: vec![phone.leg], right: vec![] })]);
    }
    talk(std::slice::from_mut(&mut phone), 800);
    // After half a second, the file can be played though it is not ended.
    let so_far = channels(&paths[0]).1[0].len();
    assert!((4_000..6_400).contains(&so_far), "{so_far}");
    drop(exchange.engine);
    for path in &paths {
        let (rate, [left, right]) = channels(path);
        assert!(rate == 8_000 && (6_000..=6_400).contains(&left.len()), "{}", left.len());
        assert!(right.iter().all(|&sample| sample == 0));
    }
    let recorded = |event: Event| matches!(event, Event::Recorded { .. });
    assert!(!exchange.events.try_iter().any(recorded), "nobody is told of legs that were not closed");
}

/// The program ends without a word (SIGKILL) while it records: what was heard is there, but for the last second.
#[test]
fn a_recording_survives_a_sudden_end() {
    const PATH: &str = "TANDEM_MEDIA_TEST_RECORDS_INTO";
    if let Some(path) = std::env::var_os(PATH) {
        // The program that will end.
        let exchange = Exchange::start(1, 24_740..=24_759, Duration::ZERO);
        let mut phone = Phone::join(&exchange, 1, Codec::Pcmu);
        exchange.engine.record(LegId(2), path.into()).unwrap();
        exchange.engine.route(vec![(LegId(2), Hears::Stereo { left: vec![phone.leg], right: vec![] })]);
        talk(std::slice::from_mut(&mut phone), 30_000);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("0.wav");
    let mut program = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "engine::tests::a_recording_survives_a_sudden_end"])
        .env(PATH, &path)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let half_a_second = || std::fs::metadata(&path).is_ok_and(|file| file.len() > 44 + 8_000 * 4 / 2 - 1);
    while !half_a_second() && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(5));
    }
    let heard = Instant::now();
    thread::sleep(Duration::from_millis(900));
    let since = heard.elapsed();
    program.kill().unwrap();
    program.wait().unwrap();
    let before = channels(&path).1[0].len();
    let info = crate::wav::repair(&path).unwrap();
    assert!((info.rate, info.channels) == (8_000, 2) && info.frames >= before as u64);
    assert!(u128::from(info.length_ms()) + 1_000 >= 500 + since.as_millis(), "{} ms of it are there", info.length_ms());
    let (_, [left, _]) = channels(&path);
    assert!(left.iter().skip(800).any(|sample| sample.unsigned_abs() > 5_000));
}
