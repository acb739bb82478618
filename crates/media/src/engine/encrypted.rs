//! Encrypted legs with real sockets: who is heard, what is dropped, and what an address is worth without a key.

use std::{
    net::UdpSocket,
    sync::mpsc::{self, Receiver},
};

use rand::Rng as _;

use super::*;
use crate::{
    Direction, Encryption, LegStats, MasterKey, Suite,
    rtp::{Header, is_rtcp},
    srtp::Session,
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
    /// With several workers, so that legs move when they are joined.
    fn start(ports: RangeInclusive<u16>) -> Self {
        let (sender, events) = mpsc::channel();
        let config = Config { workers: 2, ports, port_rest: Duration::ZERO, ..Config::default() };
        let engine = Engine::start(config, Box::new(move |event| drop(sender.send(event)))).unwrap();
        Self { engine, events }
    }

    /// Both hear each other.
    fn connect(&self, one: &Phone, other: &Phone) {
        self.engine.route(vec![(one.leg, Hears::Leg(other.leg)), (other.leg, Hears::Leg(one.leg))]);
    }

    fn close(&self, phone: &Phone) -> LegStats {
        self.engine.close(phone.leg);
        let end = Instant::now() + PATIENCE;
        loop {
            match self.events.recv_timeout(end - Instant::now()).expect("the leg is closed") {
                Event::Closed { leg, stats } if leg == phone.leg => return stats,
                _ => {}
            }
        }
    }
}

/// A phone that sends packets of one octet, and keeps the octets that it hears.
struct Phone {
    leg: LegId,
    socket: UdpSocket,
    exchange: SocketAddr,
    session: Option<Session>,
    sequence: u16,
    /// The source of what it heard last, and how many packets it could not open.
    source: [u8; 4],
    unopened: u32,
}

impl Phone {
    fn join(exchange: &Exchange, leg: u64, suite: Option<Suite>) -> Self {
        let socket = UdpSocket::bind((LOCAL, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let address = exchange.engine.open(LegId(leg), LOCAL).unwrap();
        let mut phone = Self {
            leg: LegId(leg),
            socket,
            exchange: address,
            session: None,
            sequence: 0xFFF0,
            source: [0; 4],
            unopened: 0,
        };
        phone.agree(exchange, suite);
        phone
    }

    /// Agree on encryption, by new keys.
    fn agree(&mut self, exchange: &Exchange, suite: Option<Suite>) {
        let mut rng = rand::rng();
        let mut key = |suite| MasterKey::random(suite, &mut rng);
        let encryption = suite.map(|suite| Encryption { suite, ours: key(suite), theirs: key(suite), mki: 0 });
        self.describe(exchange, encryption, Direction::BOTH);
    }

    fn describe(&mut self, exchange: &Exchange, encryption: Option<Encryption>, direction: Direction) {
        let own = encryption.clone().map(|agreed| {
            let Encryption { ours, theirs, .. } = agreed;
            Encryption { ours: theirs, theirs: ours, ..agreed }
        });
        match (&mut self.session, own) {
            (Some(session), Some(agreed)) => session.agree(&agreed),
            (session, own) => *session = own.as_ref().map(Session::new),
        }
        let plain = Description::new(self.socket.local_addr().unwrap(), Codec::Pcmu);
        exchange.engine.describe(self.leg, Description { encryption, direction, rtcp_mux: true, ..plain });
    }

    /// The next packet, as it travels.
    fn packet(&mut self, octet: u8) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * 160,
            ssrc: self.leg.0 as u32,
        };
        let mut packet = [&header.octets()[..], &[octet; 160]].concat();
        if let Some(session) = &mut self.session {
            let length = packet.len();
            packet.resize(length + 20, 0);
            let length = session.seal_rtp(&mut packet, length).unwrap();
            packet.truncate(length);
        }
        packet
    }

    fn say(&mut self, octet: u8) {
        let packet = self.packet(octet);
        self.socket.send_to(&packet, self.exchange).unwrap();
    }

    /// What it hears next, if it hears anything soon that it can open.
    fn hear(&mut self) -> Option<u8> {
        let mut octets = [0; 2048];
        let (length, _) = self.socket.recv_from(&mut octets).ok()?;
        if is_rtcp(&octets) {
            return None;
        }
        let opened = match &mut self.session {
            Some(session) => session.open_rtp(&mut octets[..length]),
            None => Some(length),
        };
        self.unopened += u32::from(opened != Some(172));
        self.source.copy_from_slice(&octets[8..12]);
        opened.map(|_| octets[12])
    }

    /// Speak until the other one hears it.
    fn reach(&mut self, other: &mut Phone) {
        let octet = rand::rng().random();
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.say(octet);
            if other.hear() == Some(octet) {
                return;
            }
        }
        panic!("{:?} does not hear {:?}", other.leg, self.leg);
    }
}

fn talk(one: &mut Phone, other: &mut Phone) {
    one.reach(other);
    other.reach(one);
}

#[test]
fn encrypted_and_plain_phones_hear_each_other_in_any_pair() {
    let exchange = Exchange::start(25_000..=25_199);
    let kinds = [None, Some(Suite::AesCm128HmacSha1_80), Some(Suite::AesCm128HmacSha1_32), Some(Suite::AeadAes128Gcm)];
    for (n, (one, other)) in (0_u64..).zip(kinds.into_iter().flat_map(|one| kinds.map(|other| (one, other)))) {
        let mut pair = (Phone::join(&exchange, 2 * n, one), Phone::join(&exchange, 2 * n + 1, other));
        exchange.connect(&pair.0, &pair.1);
        talk(&mut pair.0, &mut pair.1);
        for phone in [pair.0, pair.1] {
            assert_eq!((phone.unopened, exchange.close(&phone).ignored_packets), (0, 0));
        }
    }
}

#[test]
fn who_has_no_key_is_not_heard_and_gets_nothing() {
    let exchange = Exchange::start(25_200..=25_299);
    let suite = Some(Suite::AesCm128HmacSha1_80);
    let (mut john, mut mary) = (Phone::join(&exchange, 1, suite), Phone::join(&exchange, 2, None));
    exchange.connect(&john, &mary);
    // First of all comes a stranger, from where he likes: with a plain packet, and with one that he has made up.
    let stranger = UdpSocket::bind((LOCAL, 0)).unwrap();
    let mut forged = john.packet(0xAA);
    forged[20] ^= 1;
    stranger.send_to(&forged, john.exchange).unwrap();
    stranger.send_to(&forged[..172], john.exchange).unwrap();
    talk(&mut john, &mut mary);
    // What was heard is not heard again, not even from where it came.
    let packet = john.packet(0x77);
    for _ in 0..3 {
        john.socket.send_to(&packet, john.exchange).unwrap();
        stranger.send_to(&packet, john.exchange).unwrap();
    }
    talk(&mut john, &mut mary);
    let stats = exchange.close(&john);
    assert_eq!((stats.ignored_packets, stats.source), (7, Some(john.socket.local_addr().unwrap())));
    assert_eq!(john.unopened, 0);
}

#[test]
fn a_hold_keeps_the_keys_and_a_new_description_may_change_or_end_them() {
    let exchange = Exchange::start(25_300..=25_399);
    let suite = Suite::AesCm128HmacSha1_80;
    let (mut john, mut mary) = (Phone::join(&exchange, 1, None), Phone::join(&exchange, 2, None));
    exchange.connect(&john, &mary);
    let mut rng = rand::rng();
    let agreed = Encryption {
        suite,
        ours: MasterKey::random(suite, &mut rng),
        theirs: MasterKey::random(suite, &mut rng),
        mki: 0,
    };
    for direction in [Direction::BOTH, Direction::NEITHER, Direction::BOTH] {
        john.describe(&exchange, Some(agreed.clone()), direction);
        if direction == Direction::BOTH {
            talk(&mut john, &mut mary);
        }
    }
    // The other way goes on by our key while he changes his.
    john.describe(
        &exchange,
        Some(Encryption { theirs: MasterKey::random(suite, &mut rng), ..agreed }),
        Direction::BOTH,
    );
    talk(&mut john, &mut mary);
    for suite in [Some(Suite::AeadAes128Gcm), None, Some(suite)] {
        john.agree(&exchange, suite);
        talk(&mut john, &mut mary);
        mary.agree(&exchange, suite);
        talk(&mut john, &mut mary);
    }
}

#[test]
fn reports_are_encrypted_too() {
    let exchange = Exchange::start(25_400..=25_499);
    let (mut john, mut mary) = (
        Phone::join(&exchange, 1, Some(Suite::AesCm128HmacSha1_80)),
        Phone::join(&exchange, 2, Some(Suite::AeadAes128Gcm)),
    );
    exchange.connect(&john, &mary);
    talk(&mut john, &mut mary);
    for phone in [&mut john, &mut mary] {
        // Five packets of what it hears are lost, it says.
        let (own, heard) = ((phone.leg.0 as u32).to_be_bytes(), phone.source);
        let mut report = [&[0x81, 201, 0, 7][..], &own, &heard, &[0, 0, 0, 5], &[0; 36]].concat();
        let length = phone.session.as_mut().unwrap().seal_rtcp(&mut report, 32).unwrap();
        phone.socket.send_to(&report[..length], phone.exchange).unwrap();
        report[9] ^= 1;
        phone.socket.send_to(&report[..length], phone.exchange).unwrap();
    }
    // What comes later has come after the report.
    talk(&mut john, &mut mary);
    for phone in [&mut john, &mut mary] {
        let stats = exchange.close(phone);
        assert_eq!((stats.remote_lost, stats.ignored_packets), (Some(5), 1));
        let end = Instant::now() + PATIENCE;
        let bye = std::iter::from_fn(|| {
            let mut octets = [0; 2048];
            match phone.socket.recv_from(&mut octets) {
                Ok((length, _)) => Some(Some(octets[..length].to_vec())),
                Err(_) => (Instant::now() < end).then_some(None),
            }
        });
        let mut bye = bye.flatten().find(|octets| is_rtcp(octets)).expect("the party is told");
        let length = phone.session.as_mut().unwrap().open_rtcp(&mut bye).expect("it is sealed for this phone");
        let packets: Vec<_> = crate::rtcp::parse(&bye[..length]).unwrap().collect();
        assert!(packets.iter().any(|packet| matches!(packet, crate::rtcp::Packet::Bye { .. })), "{packets:?}");
    }
}
