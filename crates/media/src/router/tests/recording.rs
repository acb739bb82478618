//! A recorder in a call: what is in its channels, and that nobody else notices it.

use std::sync::{Arc, Mutex};

use super::*;
use crate::{record::Sink, types::Digits};

pub(super) const RECORDER: LegId = LegId(9);

/// What a recorder heard, samples and gaps.
#[derive(Debug, Default)]
struct Tape {
    rate: u32,
    samples: Vec<i16>,
    missed: Vec<u64>,
    closed: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Tape>>);

impl Shared {
    /// What was heard since the last look: left, right.
    pub(super) fn take(&self) -> [Vec<i16>; 2] {
        let samples = std::mem::take(&mut self.0.lock().unwrap().samples);
        [0, 1].map(|channel| samples.iter().skip(channel).step_by(2).copied().collect())
    }

    fn rate(&self) -> u32 {
        self.0.lock().unwrap().rate
    }
}

impl Sink for Shared {
    fn frame(&mut self, rate: u32, missed: u64, samples: &[i16]) {
        let mut tape = self.0.lock().unwrap();
        assert_eq!(samples.len() as u32, rate / 25);
        assert!(tape.rate == 0 || tape.rate == rate, "the rate never changes");
        tape.rate = rate;
        if missed > 0 {
            tape.missed.push(missed);
        }
        tape.samples.extend_from_slice(samples);
    }

    fn close(self: Box<Self>) {
        self.0.lock().unwrap().closed = true;
    }
}

pub(super) fn record(world: &mut World) -> Shared {
    let tape = Shared::default();
    world.router.record(world.now, RECORDER, Box::new(tape.clone())).unwrap();
    tape
}

fn stereo<const L: usize, const R: usize>(left: [LegId; L], right: [LegId; R]) -> Hears {
    Hears::Stereo { left: left.into(), right: right.into() }
}

#[test]
fn each_party_is_in_its_own_channel_and_what_the_others_say_changes_not_one_bit_of_it() {
    for (codecs, rate) in [([Codec::Pcma, Codec::Pcmu], 8_000), ([Codec::G722, Codec::Pcmu], 16_000)] {
        let heard = |speakers: &[LegId]| {
            let mut world = World::call(codecs[0], codecs[1]);
            world.join(C, Codec::Pcmu, None);
            world.talk(&[A, B, C], 100);
            let tape = record(&mut world);
            world.route([(RECORDER, stereo([A], [B]))]);
            world.talk(speakers, 1_000);
            let channels = tape.take();
            assert_eq!((tape.rate(), channels[0].len()), (rate, rate as usize));
            channels
        };
        let [left, right] = heard(&[A, B, C]);
        for (samples, own) in [(&left, A), (&right, B)] {
            let level = loudness(&samples[rate as usize / 10..], frequency(own), rate);
            assert!(level > 5_000.0, "{own:?} is heard at {level}");
        }
        assert_eq!(heard(&[A])[0], left);
        assert_eq!(heard(&[B])[1], right);
        assert!(heard(&[A])[1][rate as usize / 5..].iter().all(|sample| sample.unsigned_abs() < 2));
    }
}

#[test]
fn a_channel_with_a_silent_party_is_silent_to_the_last_bit() {
    let mut world = World::call(Codec::Pcma, Codec::Pcmu);
    let tape = record(&mut world);
    world.route([(RECORDER, stereo([A], [B]))]);
    world.talk(&[A], 500);
    let [left, right] = tape.take();
    assert!(loudness(&left[800..], frequency(A), 8_000) > 5_000.0);
    assert!(right.iter().all(|&sample| sample == 0));
    world.route([(RECORDER, stereo([], []))]);
    world.talk(&[A, B], 200);
    let [left, right] = tape.take();
    assert_eq!((left, right), (vec![0; 1_600], vec![0; 1_600]), "nobody is heard, and time goes on");
}

#[test]
fn the_parties_packets_are_bit_for_bit_what_they_were_while_recorders_come_and_go() {
    let call = |recorded: bool| {
        let mut world = World::call(Codec::G722, Codec::Pcmu);
        let mut payloads = [Vec::new(), Vec::new()];
        for n in 0..60_usize {
            match n % 20 {
                5 if recorded => {
                    record(&mut world);
                    world.route([(RECORDER, stereo([A], [B]))]);
                }
                15 if recorded => _ = world.router.close(world.now, RECORDER, &mut world.sent),
                _ => {}
            }
            world.talk(&[A, B], 20);
            for (payloads, leg) in payloads.iter_mut().zip([A, B]) {
                payloads.extend(world.heard(leg).into_iter().map(|heard| (heard.packet, heard.payload)));
            }
        }
        payloads
    };
    assert_eq!(call(true), call(false));
}

#[test]
fn time_stands_still_on_hold_and_goes_on_after_it() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let tape = record(&mut world);
    world.talk(&[A, B], 100);
    assert_eq!(tape.take()[0].len(), 0, "nothing is written before a row says so");
    world.route([(RECORDER, stereo([A], [B]))]);
    world.talk(&[A, B], 200);
    assert_eq!(tape.take()[0].len(), 1_600);
    world.route([(RECORDER, Hears::Nothing)]);
    world.talk(&[A, B], 10_000);
    assert_eq!(tape.take()[0].len(), 0);
    world.route([(RECORDER, stereo([A], [B]))]);
    world.talk(&[A, B], 200);
    let [left, right] = tape.take();
    assert_eq!(left.len(), 1_600);
    for (samples, leg) in [(left, A), (right, B)] {
        assert!(loudness(&samples[800..], frequency(leg), 8_000) > 5_000.0);
    }
    assert_eq!(tape.0.lock().unwrap().missed, [], "a pause is not a gap");
}

#[test]
fn who_comes_and_goes_in_a_channel_does_not_disturb_who_stays() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.join(C, Codec::Pcmu, None);
    let tape = record(&mut world);
    world.route([(RECORDER, stereo([A], [B]))]);
    world.talk(&[A, B, C], 100);
    tape.take();
    for n in 0..6 {
        // A manager barges in, and leaves.
        let barges = n % 2 == 0;
        world.route([(RECORDER, if barges { stereo([A], [B, C]) } else { stereo([A], [B]) })]);
        world.talk(&[A, B, C], 100);
        let [left, right] = tape.take();
        for frame in left.chunks_exact(160) {
            assert!(loudness(frame, frequency(A), 8_000) > 5_000.0 && loudness(frame, frequency(C), 8_000) < 60.0);
        }
        for (k, frame) in right.chunks_exact(160).enumerate() {
            assert!(loudness(frame, frequency(B), 8_000) > 5_000.0, "change {n}, frame {k}");
        }
        let manager = loudness(&right[320..], frequency(C), 8_000);
        assert_eq!(manager > 5_000.0, barges, "change {n}: {manager}");
    }
}

#[test]
fn one_party_in_both_channels_and_named_twice_is_heard_once_in_each() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let tape = record(&mut world);
    world.route([(RECORDER, stereo([A, A], [A, B]))]);
    world.talk(&[A], 200);
    let [left, right] = tape.take();
    assert_eq!(left, right);
    let level = loudness(&left[320..], frequency(A), 8_000);
    assert!((5_500.0..6_500.0).contains(&level), "{level}");
}

#[test]
fn frames_that_a_late_shell_left_out_are_told() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let tape = record(&mut world);
    world.route([(RECORDER, stereo([A], [B]))]);
    world.pass(100);
    world.now += Duration::from_secs(2);
    world.router.handle_timeout(world.now, &mut world.sent);
    world.pass(100);
    let heard = tape.take()[0].len() as u64 / 160;
    let missed: u64 = tape.0.lock().unwrap().missed.iter().sum();
    assert_eq!((heard + missed, missed > 90), (110, true), "{missed} were missed");
}

#[test]
fn a_recorder_goes_to_another_router_with_its_call() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let tape = record(&mut world);
    world.route([(RECORDER, stereo([A], [B]))]);
    world.talk(&[A, B], 200);
    let setup = world.router.setup;
    let mut other = Router::new(setup, StdRng::seed_from_u64(8));
    // 60 ms pass on the way.
    let given: Vec<_> = [A, B, RECORDER].map(|leg| world.router.give(leg).unwrap().1).into();
    world.now += Duration::from_millis(60);
    for leg in given {
        let id = leg.id;
        let slot = other.adopt(world.now, leg).unwrap();
        if let Some(party) = world.parties.get_mut(&id.0) {
            party.slot = slot;
        }
    }
    world.router = other;
    world.talk(&[A, B], 200);
    world.router.close(world.now, RECORDER, &mut world.sent);
    assert!(!tape.0.lock().unwrap().closed, "first it is told");
    assert!(world.events().iter().any(|event| matches!(event, Event::Closed { leg: RECORDER, .. })));
    assert!(tape.0.lock().unwrap().closed);
    let missed: u64 = tape.0.lock().unwrap().missed.iter().sum();
    let [left, right] = tape.take();
    assert_eq!(left.len() as u64 / 160 + missed, 23);
    for (samples, leg) in [(left, A), (right, B)] {
        assert!(loudness(&samples[samples.len() - 1_280..], frequency(leg), 8_000) > 5_000.0);
    }
}

#[test]
fn a_party_that_hangs_up_is_gone_and_a_recorder_without_parties_records_silence() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let tape = record(&mut world);
    world.route([(RECORDER, stereo([A], [B]))]);
    world.talk(&[A, B], 200);
    for leg in [A, B] {
        world.router.close(world.now, leg, &mut world.sent);
    }
    tape.take();
    world.pass(200);
    assert_eq!(tape.take(), [vec![0; 1_600], vec![0; 1_600]]);
    world.router.close(world.now, RECORDER, &mut world.sent);
    world.pass(100);
    assert_eq!(world.router.next_timeout(), None, "nothing is left behind");
}

#[test]
fn consumed_tones_are_not_in_the_recording() {
    let mut world = World::new();
    for leg in [A, B] {
        world.join(leg, Codec::Pcmu, None);
    }
    let tape = record(&mut world);
    world.route([(B, Hears::Leg(A)), (A, Hears::Leg(B)), (RECORDER, stereo([A], [B]))]);
    world.router.digits(world.now, A, Digits::Consume);
    let mut pressed = [0; 160 * 8];
    crate::dtmf::tone::Generator::new(Digit::new('5').unwrap()).fill(8_000, &mut pressed[77..877]);
    for packet in pressed.chunks_exact(160) {
        world.say(A, packet);
        world.pass(20);
    }
    assert_eq!(world.keys(), ["1:5"]);
    let [left, _] = tape.take();
    assert!(left.iter().all(|sample| sample.unsigned_abs() < 40));
}

/// What recording costs: 100 calls on one router for ten seconds, with a recorder each and without. Run it alone and
/// optimised as this package always is: `cargo test -p tandem-media what_recording_costs -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn what_recording_costs() {
    const CALLS: u64 = 100;
    const SECONDS: u32 = 10;
    /// Sends nothing, as the sockets are not what is measured.
    struct Nowhere;
    impl Wire for Nowhere {
        fn send(&mut self, _: Slot, _: Port, _: SocketAddr, octets: &[u8]) {
            std::hint::black_box(octets);
        }
    }
    /// The thread's time on the processor, and that of the whole process, in seconds.
    fn processor() -> [f64; 2] {
        [rustix::time::ClockId::ThreadCPUTime, rustix::time::ClockId::ProcessCPUTime].map(|clock| {
            let time = rustix::time::clock_gettime(clock);
            time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
        })
    }
    let folder = tempfile::tempdir().unwrap();
    let run = |codec: Codec, recorded: bool| {
        let writer = crate::record::Writer::new(Arc::new(|_| {}));
        let mut world = World::new();
        let address = |leg: u64| SocketAddr::from(([192, 0, 2, 1], 1_000 + leg as u16));
        let mut slots = Vec::new();
        for call in 0..CALLS {
            let [a, b, recorder] = [0, 1, 2].map(|n| LegId(call * 3 + n));
            for leg in [a, b] {
                slots.push((leg, world.router.open(world.now, leg).unwrap()));
                world.router.describe(
                    world.now,
                    leg,
                    Description { telephone_event: Some(101), ..Description::new(address(leg.0), codec) },
                );
            }
            let mut rows = vec![(a, Hears::Leg(b)), (b, Hears::Leg(a))];
            if recorded {
                let sink = writer.begin(recorder, folder.path().join(format!("{codec:?}-{call}.wav"))).unwrap();
                world.router.record(world.now, recorder, sink).unwrap();
                rows.push((recorder, stereo([a], [b])));
            }
            world.router.route(world.now, rows, &mut Nowhere);
        }
        let mut packets: Vec<Vec<u8>> = (0..SECONDS * 50)
            .map(|n| {
                let payload_type = codec.static_payload_type().unwrap();
                let header = Header { marker: false, payload_type, sequence: n as u16, timestamp: n * 160, ssrc: 5 };
                let payload: Vec<u8> = (0..160).map(|i: u32| (i * 7 + n * 13) as u8 | 0x80).collect();
                [&header.octets()[..], &payload].concat()
            })
            .collect();
        let before = processor();
        for packet in &mut packets {
            for &(leg, slot) in &slots {
                let mut octets = packet.clone();
                world.router.handle_rtp(world.now, slot, address(leg.0), &mut octets, &mut Nowhere);
            }
            world.now += Duration::from_millis(20);
            world.router.handle_timeout(world.now, &mut Nowhere);
        }
        drop(world);
        let thread = processor()[0] - before[0];
        writer.end();
        let process = processor()[1] - before[1];
        [thread, process].map(|time| time / f64::from(SECONDS) * 100.0)
    };
    for codec in [Codec::Pcma, Codec::G722] {
        let [without, _] = run(codec, false);
        let [thread, process] = run(codec, true);
        println!(
            "{codec:?}, {CALLS} calls: {without:.2} % of a core without, {thread:.2} % on the worker and {:.2} % for writing",
            process - thread
        );
        println!("  recording: {:.2} % of a core", process - without);
    }
}
