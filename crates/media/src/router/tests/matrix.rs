//! Whatever happens in whatever order: one continuous stream to each listener, and nobody in it whom the matrix does not
//! let in.

use proptest::prelude::*;

use super::{
    recording::{RECORDER, Shared, record},
    *,
};
use crate::{clip::Clip, types::Digits};

/// The clip's frequency, with whole periods in 20 ms like the parties'.
const CLIP: f64 = 2000.0;

#[derive(Debug, Clone)]
enum Step {
    Route(Vec<(u64, Row)>),
    Speak(u64),
    Press(u64, bool),
    Send(u64),
    Consume(u64, bool),
    Pass(u64),
    Flood(u64, Vec<u8>),
    Restart(u64),
    Record(Option<[Vec<u64>; 2]>),
    Codes(u64, bool),
    Inform(u64, u8),
}

#[derive(Debug, Clone)]
enum Row {
    Nothing,
    Leg(u64),
    Mix(Vec<u64>),
    Clip(bool),
    Echo,
}

const LEGS: u64 = 4;

fn leg() -> impl Strategy<Value = u64> {
    1..=LEGS
}

fn row() -> impl Strategy<Value = Row> {
    prop_oneof![
        1 => Just(Row::Nothing),
        4 => leg().prop_map(Row::Leg),
        4 => prop::collection::vec(1..=LEGS + 1, 0..4).prop_map(Row::Mix),
        1 => any::<bool>().prop_map(Row::Clip),
        1 => Just(Row::Echo),
    ]
}

fn channel() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(1..=LEGS + 1, 0..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => prop::collection::vec((leg(), row()), 1..4).prop_map(Step::Route),
        12 => leg().prop_map(Step::Speak),
        1 => (leg(), any::<bool>()).prop_map(|(l, e)| Step::Press(l, e)),
        1 => leg().prop_map(Step::Send),
        1 => (leg(), any::<bool>()).prop_map(|(l, c)| Step::Consume(l, c)),
        8 => (0u64..45).prop_map(Step::Pass),
        1 => (leg(), prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(l, o)| Step::Flood(l, o)),
        1 => leg().prop_map(Step::Restart),
        1 => prop::option::of([channel(), channel()]).prop_map(Step::Record),
        1 => (leg(), any::<bool>()).prop_map(|(l, c)| Step::Codes(l, c)),
        1 => (leg(), 0u8..6).prop_map(|(l, d)| Step::Inform(l, d)),
    ]
}

/// What each leg may hear now.
#[derive(Default)]
struct Allowed {
    rows: BTreeMap<u64, Row>,
    channels: [Vec<u64>; 2],
}

impl Allowed {
    fn speaker(&self, listener: u64, speaker: u64) -> bool {
        match self.rows.get(&listener) {
            None | Some(Row::Nothing | Row::Clip(_)) => false,
            Some(Row::Leg(leg)) => *leg == speaker,
            Some(Row::Mix(legs)) => legs.contains(&speaker),
            Some(Row::Echo) => listener == speaker,
        }
    }

    fn clip(&self, listener: u64) -> bool {
        matches!(self.rows.get(&listener), Some(Row::Clip(_)))
    }
}

fn check(world: &mut World, tape: &Shared, allowed: &Allowed, all: &mut BTreeMap<u64, Vec<Heard>>) {
    for (n, (recorded, allowed)) in tape.take().into_iter().zip(&allowed.channels).enumerate() {
        for frame in recorded.chunks_exact(160) {
            for speaker in 1..=LEGS {
                let loud = loudness(frame, frequency(LegId(speaker)), 8000);
                assert!(loud < 300.0 || allowed.contains(&speaker), "channel {n} hears {speaker}: {loud}");
            }
        }
    }
    for listener in 1..=LEGS {
        let heard = world.heard(LegId(listener));
        for packet in heard.iter().filter(|h| h.packet.payload_type < 96) {
            let audio = world.decode(LegId(listener), std::slice::from_ref(packet));
            for speaker in 1..=LEGS {
                let loud = loudness(&audio, frequency(LegId(speaker)), 8000);
                assert!(loud < 300.0 || allowed.speaker(listener, speaker), "{listener} hears {speaker}: {loud}");
            }
            let loud = loudness(&audio, CLIP, 8000);
            assert!(loud < 300.0 || allowed.clip(listener), "{listener} hears the clip: {loud}");
        }
        all.entry(listener).or_default().extend(heard);
    }
}

fn run(steps: Vec<Step>) {
    let mut world = World::new();
    // Both laws, so that some pairs are relayed and some transcoded; all with events, so that no tone is made.
    for leg in 1..=LEGS {
        world.join(LegId(leg), if leg % 2 == 0 { Codec::Pcma } else { Codec::Pcmu }, Some(95 + leg as u8));
    }
    let wave = |n: u32| ((std::f64::consts::TAU * CLIP * f64::from(n) / 8000.0).sin() * 6000.0) as i16;
    let clip = Clip::new(&(0..1600).map(wave).collect::<Vec<_>>());
    let tape = record(&mut world);
    let mut allowed = Allowed::default();
    let mut all = BTreeMap::new();
    for step in steps {
        match step {
            Step::Route(rows) => {
                let mut matrix = Vec::new();
                for (leg, row) in rows {
                    let hears = match row.clone() {
                        Row::Nothing => Hears::Nothing,
                        Row::Leg(leg) => Hears::Leg(LegId(leg)),
                        Row::Mix(legs) => Hears::Mix(legs.into_iter().map(LegId).collect()),
                        Row::Clip(repeat) => Hears::Clip { clip: clip.clone(), repeat },
                        Row::Echo => Hears::Echo,
                    };
                    matrix.push((LegId(leg), hears));
                    allowed.rows.insert(leg, row);
                }
                world.router.route(world.now, matrix, &mut world.sent);
            }
            Step::Speak(leg) => {
                world.speak(LegId(leg));
            }
            Step::Press(leg, end) => {
                let payload = event::Payload { event: leg as u8, end, volume: 10, duration: 160 };
                world.send(LegId(leg), 95 + leg as u8, 160, &payload.octets());
            }
            Step::Send(leg) => {
                world.router.send_digit(world.now, LegId(leg), Digit::new('9').unwrap(), 60);
            }
            Step::Consume(leg, consume) => {
                let digits = if consume { Digits::Consume } else { Digits::Pass };
                world.router.digits(world.now, LegId(leg), digits);
            }
            Step::Pass(ms) => world.pass(ms),
            Step::Flood(leg, octets) => {
                let from = SocketAddr::from(([203, 0, 113, 7], 999));
                // Strangers come when the party has shown where it is.
                world.speak(LegId(leg));
                check(&mut world, &tape, &allowed, &mut all);
                let before = world.sent.0.len();
                world.deliver(LegId(leg), from, octets);
                assert_eq!(world.sent.0.len(), before, "a stranger's packet moved something");
            }
            Step::Record(channels) => {
                let legs = |legs: &Vec<u64>| legs.iter().copied().map(LegId).collect();
                let row = match &channels {
                    Some([left, right]) => Hears::Stereo { left: legs(left), right: legs(right) },
                    None => Hears::Nothing,
                };
                world.route([(RECORDER, row)]);
                allowed.channels = channels.unwrap_or_default();
            }
            Step::Codes(leg, on) => {
                let codes = if on { vec!["12".to_owned(), "3".to_owned()] } else { Vec::new() };
                world.router.codes(world.now, LegId(leg), &codes);
            }
            Step::Inform(leg, digit) => world.router.press(world.now, LegId(leg), Digit::from_event(digit).unwrap()),
            Step::Restart(leg) => {
                let party = world.party(LegId(leg));
                party.ssrc = party.ssrc.wrapping_add(0x0100_0000);
                party.sequence = party.sequence.wrapping_mul(3);
                party.timestamp = party.timestamp.wrapping_mul(5);
            }
        }
        check(&mut world, &tape, &allowed, &mut all);
    }
    for heard in all.values() {
        assert_continuous(heard);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_listener_has_one_continuous_stream_of_whom_the_matrix_allows(
        steps in prop::collection::vec(step(), 0..120)
    ) {
        run(steps);
    }

    #[test]
    fn arbitrary_octets_never_panic_and_never_reach_a_listener(
        packets in prop::collection::vec((1u64..=2, any::<bool>(), prop::collection::vec(any::<u8>(), 0..120)), 0..40)
    ) {
        let mut world = World::call(Codec::Pcmu, Codec::G722);
        world.talk(&[A, B], 60);
        world.heard(A);
        world.heard(B);
        for (leg, own, octets) in packets {
            let slot = world.party(LegId(leg)).slot;
            let address = if own { world.party(LegId(leg)).address } else { SocketAddr::from(([203, 0, 113, 7], 9)) };
            world.router.handle_rtcp(world.now, slot, address, Port::Rtcp, &octets);
            let sequential = Packet::parse(&octets).is_ok_and(|p| p.ssrc == world.party(LegId(leg)).ssrc);
            world.deliver(LegId(leg), address, octets);
            if !sequential {
                prop_assert_eq!(world.sent.0.len(), 0);
            }
        }
    }
}
