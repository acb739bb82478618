//! Codes, in every form that digits come in: what they do, and what reaches the other party.

use super::*;
use crate::{
    dtmf::{DigitSource, codes::TIMEOUT, detect::Detector, tone::Generator},
    record::Sink,
    types::Digits,
};

/// How a party's digits come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Event,
    Tone,
    Info,
}

fn codes(world: &mut World, leg: LegId, codes: &[&str]) {
    let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
    world.router.codes(world.now, leg, &codes);
}

/// A and B in a call; A's digits come in this form and are collected for the codes of call recording.
fn call(form: Form, listener: Option<u8>) -> World {
    let mut world = World::new();
    world.join(A, Codec::Pcmu, (form != Form::Tone).then_some(101));
    world.join(B, Codec::Pcmu, listener);
    world.route([(A, Hears::Leg(B)), (B, Hears::Leg(A))]);
    codes(&mut world, A, &["*44", "*45"]);
    world.talk(&[A, B], 100);
    world.heard(B);
    world
}

/// A presses a key for 100 ms, and waits 100 ms.
fn press(world: &mut World, form: Form, key: char) {
    match form {
        Form::Event => world.press(A, key, 101),
        Form::Tone => {
            let mut generator = Generator::new(Digit::new(key).unwrap());
            for _ in 0..5 {
                let mut samples = [0; 160];
                generator.fill(8_000, &mut samples);
                world.say(A, &samples);
                world.pass(20);
            }
        }
        Form::Info => world.router.press(world.now, A, Digit::new(key).unwrap()),
    }
    for _ in 0..5 {
        world.say(A, &[0; 160]);
        world.pass(20);
    }
}

/// The keys that B hears, in either form.
fn heard_by_b(world: &mut World) -> String {
    let heard = world.heard(B);
    assert_continuous(&heard);
    let mut receiver = event::Receiver::default();
    let events: String = heard
        .iter()
        .filter(|h| h.packet.payload_type == 96)
        .filter_map(|h| receiver.handle(h.packet.timestamp, event::Payload::parse(&h.payload).unwrap()))
        .map(char::from)
        .collect();
    let audio = world.decode(B, &heard);
    let mut detector = Detector::default();
    let tones: String = audio.chunks(160).filter_map(|frame| detector.process(frame)).map(char::from).collect();
    assert!(events.is_empty() || tones.is_empty(), "in both forms: {events} {tones}");
    events + &tones
}

fn told(world: &mut World) -> String {
    world.keys().iter().map(|key| key.strip_prefix("1:").unwrap()).collect()
}

const FORMS: [Form; 3] = [Form::Event, Form::Tone, Form::Info];
const LISTENERS: [Option<u8>; 2] = [Some(96), None];

#[test]
fn a_code_is_told_and_nothing_of_it_reaches_the_other_party() {
    for form in FORMS {
        for listener in LISTENERS {
            let mut world = call(form, listener);
            for key in "*44".chars() {
                press(&mut world, form, key);
            }
            for key in "*45".chars() {
                press(&mut world, form, key);
            }
            assert_eq!(told(&mut world), "*44[0]*45[1]", "{form:?}");
            world.talk(&[A], 1_000);
            assert_eq!(heard_by_b(&mut world), "", "{form:?} to {listener:?}");
        }
    }
}

#[test]
fn digits_that_are_no_code_reach_the_other_party_in_order_and_once() {
    for form in FORMS {
        for listener in LISTENERS {
            for keys in ["123", "*46", "**44", "*4*7#", "4*"] {
                let mut world = call(form, listener);
                for key in keys.chars() {
                    press(&mut world, form, key);
                }
                world.pass(TIMEOUT.as_millis() as u64);
                world.talk(&[A], 1_500);
                let expected = if keys == "**44" { "*" } else { keys };
                assert_eq!(heard_by_b(&mut world), expected, "{keys} as {form:?} to {listener:?}");
            }
        }
    }
}

#[test]
fn a_digit_that_begins_no_code_passes_packet_by_packet() {
    let mut world = call(Form::Event, Some(96));
    let mut sender = event::Sender::new(Digit::new('7').unwrap(), 100);
    let mut step = 160;
    while let Some(payload) = sender.poll() {
        world.send(A, 101, step, &payload.octets());
        step = 0;
        let heard = world.heard(B);
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].payload, payload.octets());
        world.pass(20);
    }
}

#[test]
fn what_is_held_is_released_when_the_time_is_over_and_not_before() {
    let mut world = call(Form::Event, Some(96));
    world.press(A, '*', 101);
    let begun = world.now;
    world.talk(&[A], 1_300);
    assert_eq!(heard_by_b(&mut world), "");
    world.talk(&[A], 300);
    assert_eq!(heard_by_b(&mut world), "*", "{:?} after the digit", world.now - begun);
    assert_eq!(world.router.next_release, None);
    // Silence alone brings it as well: the router asks to be woken.
    let mut world = call(Form::Event, None);
    world.router.press(world.now, A, Digit::new('*').unwrap());
    assert!(world.router.next_timeout().is_some_and(|at| at <= world.now + TIMEOUT));
    world.pass(2_000);
    assert_eq!(heard_by_b(&mut world), "*");
}

#[test]
fn the_audio_around_a_held_digit_has_no_gap_in_its_numbers() {
    let mut world = call(Form::Event, Some(96));
    for key in "*44".chars() {
        world.talk(&[A], 60);
        world.press(A, key, 101);
        world.talk(&[A], 60);
    }
    let heard = world.heard(B);
    assert_continuous(&heard);
    assert_eq!(heard.len(), 18);
    assert!(heard.iter().all(|h| h.packet.payload_type == 0));
}

#[test]
fn late_and_repeated_packets_of_a_code_reach_nobody() {
    let mut world = call(Form::Event, Some(96));
    let party = world.party(A);
    let (ssrc, from) = (party.ssrc, party.address);
    let (mut sequence, timestamp) = (party.sequence, party.timestamp);
    let mut send = |world: &mut World, event: u32, duration: u16, end: bool| {
        let payload = event::Payload { event: [10, 4, 4][event as usize], end, volume: 10, duration };
        sequence = sequence.wrapping_add(1);
        let timestamp = timestamp.wrapping_add(160 + event * 2_000);
        let header = Header { marker: false, payload_type: 101, sequence, timestamp, ssrc };
        world.deliver(A, from, [&header.octets()[..], &payload.octets()].concat());
        world.pass(20);
    };
    for event in 0..3 {
        send(&mut world, event, 160, false);
        if event > 0 {
            // The end of the one before.
            send(&mut world, event - 1, 800, true);
        }
        send(&mut world, event, 320, false);
    }
    for event in [2, 1, 2, 0] {
        send(&mut world, event, 800, true);
    }
    assert_eq!(told(&mut world), "*44[0]");
    world.pass(2_000);
    assert_eq!(world.heard(B).len(), 0);
}

#[test]
fn a_key_of_a_code_that_is_held_down_for_ten_seconds_reaches_nobody() {
    let mut world = call(Form::Event, Some(96));
    codes(&mut world, A, &["5"]);
    let (mut duration, mut step) = (0_u32, 160);
    for n in 0..600 {
        duration += 160;
        if duration > 0xFFFF {
            // A further segment begins where the last one stopped.
            (duration, step) = (160, duration - 160);
        }
        let payload = event::Payload { event: 5, end: n == 599, volume: 10, duration: duration as u16 };
        world.send(A, 101, step, &payload.octets());
        step = 0;
        world.pass(20);
    }
    assert_eq!(told(&mut world), "5[0]");
    assert_eq!(heard_by_b(&mut world), "");
}

#[test]
fn mixes_and_recorders_hear_nothing_of_a_code() {
    #[derive(Debug)]
    struct Loudest(std::sync::Arc<std::sync::atomic::AtomicU16>);
    impl Sink for Loudest {
        fn frame(&mut self, _: u32, _: u64, samples: &[i16]) {
            let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
            self.0.fetch_max(loudest, std::sync::atomic::Ordering::Relaxed);
        }
        fn close(self: Box<Self>) {}
    }
    for form in FORMS {
        let mut world = call(form, Some(96));
        let loudest = std::sync::Arc::default();
        let recorder = LegId(9);
        world.router.record(world.now, recorder, Box::new(Loudest(std::sync::Arc::clone(&loudest)))).unwrap();
        world.join(C, Codec::Pcmu, None);
        // In the silence between, nothing of the talk before is played.
        for _ in 0..10 {
            world.say(A, &[0; 160]);
            world.pass(20);
        }
        world.route([(C, Hears::Mix(vec![A, B])), (recorder, Hears::Stereo { left: vec![A], right: vec![B] })]);
        for key in "*44".chars() {
            press(&mut world, form, key);
        }
        assert_eq!(told(&mut world), "*44[0]");
        let audio = world.audio(C);
        assert!(audio.iter().all(|sample| sample.unsigned_abs() < 40), "{form:?}");
        assert!(loudest.load(std::sync::atomic::Ordering::Relaxed) < 40, "{form:?}");
        // What is no code is heard in the mix.
        for key in "*9".chars() {
            press(&mut world, form, key);
        }
        for _ in 0..50 {
            world.say(A, &[0; 160]);
            world.pass(20);
        }
        let audio = world.audio(C);
        let mut detector = Detector::default();
        let tones: String = audio.chunks(160).filter_map(|frame| detector.process(frame)).map(char::from).collect();
        assert_eq!(tones, "*9", "{form:?}");
    }
}

#[test]
fn other_codes_and_the_end_of_collecting_release_what_is_held() {
    let mut world = call(Form::Event, Some(96));
    press(&mut world, Form::Event, '*');
    codes(&mut world, A, &["*44", "*45"]);
    assert_eq!(heard_by_b(&mut world), "", "the same codes change nothing");
    codes(&mut world, A, &["#1"]);
    world.talk(&[A], 300);
    assert_eq!(heard_by_b(&mut world), "*");
    press(&mut world, Form::Event, '#');
    codes(&mut world, A, &[]);
    world.talk(&[A], 300);
    press(&mut world, Form::Event, '#');
    press(&mut world, Form::Event, '1');
    world.talk(&[A], 300);
    assert_eq!(heard_by_b(&mut world), "##1");
    assert_eq!(told(&mut world), "*##1");
}

#[test]
fn digits_that_are_consumed_are_no_codes() {
    for form in FORMS {
        let mut world = call(form, Some(96));
        world.router.digits(world.now, A, Digits::Consume);
        for key in "*44".chars() {
            press(&mut world, form, key);
        }
        world.talk(&[A], 300);
        assert_eq!(told(&mut world), "*44");
        assert_eq!(heard_by_b(&mut world), "", "{form:?}");
    }
}

#[test]
fn a_digit_from_signalling_is_told_as_such_and_sent_in_the_listeners_form() {
    for listener in LISTENERS {
        let mut world = call(Form::Info, listener);
        codes(&mut world, A, &[]);
        press(&mut world, Form::Info, '3');
        let digit = Digit::new('3').unwrap();
        assert!(world.events().contains(&Event::Digit { leg: A, digit, source: DigitSource::Info }));
        world.talk(&[A], 200);
        assert_eq!(heard_by_b(&mut world), "3");
    }
}

#[test]
fn held_digits_move_to_another_router_with_their_leg() {
    let mut world = call(Form::Event, Some(96));
    press(&mut world, Form::Event, '*');
    let mut other = Router::new(world.router.setup, StdRng::seed_from_u64(8));
    for leg in [A, B] {
        let (_, given) = world.router.give(leg).unwrap();
        world.party(leg).slot = other.adopt(world.now, given).unwrap();
    }
    world.router = other;
    world.talk(&[A], 1_800);
    assert_eq!(heard_by_b(&mut world), "*");
}
