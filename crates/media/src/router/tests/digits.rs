//! Keys, in every form they come and go.

use super::*;
use crate::{
    dtmf::{DigitSource, detect::Detector, tone::Generator},
    types::Digits,
};

/// A party sends the tone of a key for 100 ms, and 60 ms of silence.
fn sing(world: &mut World, leg: LegId, key: char) {
    let mut generator = Generator::new(Digit::new(key).unwrap());
    for n in 0..8 {
        let mut samples = [0; 160];
        if n < 5 {
            generator.fill(8000, &mut samples);
        }
        world.say(leg, &samples);
        world.pass(20);
    }
}

/// The keys a listener finds in its audio.
fn tones(audio: &[i16]) -> String {
    let mut detector = Detector::default();
    audio.chunks(160).filter_map(|frame| detector.process(frame)).map(char::from).collect()
}

/// The keys a listener finds in its events.
fn events(heard: &[Heard], payload_type: u8) -> String {
    let mut receiver = event::Receiver::default();
    heard
        .iter()
        .filter(|h| h.packet.payload_type == payload_type)
        .filter_map(|h| receiver.handle(h.packet.timestamp, event::Payload::parse(&h.payload).unwrap()))
        .map(char::from)
        .collect()
}

#[test]
fn events_pass_as_events_with_the_listeners_payload_type() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.talk(&[A], 100);
    for key in "1*55#".chars() {
        world.press(A, key, 101);
        world.talk(&[A], 60);
    }
    assert_eq!(world.keys(), ["1:1", "1:*", "1:5", "1:5", "1:#"]);
    let heard = world.heard(B);
    assert_eq!(events(&heard, 96), "1*55#");
    assert_continuous(&heard);
}

#[test]
fn consumed_keys_are_told_and_leave_no_trace() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.router.digits(world.now, A, Digits::Consume);
    world.talk(&[A], 100);
    world.press(A, '4', 101);
    world.talk(&[A], 100);
    assert_eq!(world.keys(), ["1:4"]);
    let heard = world.heard(B);
    assert_eq!(heard.len(), 10);
    assert!(heard.iter().all(|h| h.packet.payload_type == 0));
    assert_continuous(&heard);
}

#[test]
fn an_event_becomes_a_tone_for_who_knows_no_events() {
    for codec in [Codec::Pcmu, Codec::G722] {
        let mut world = World::new();
        world.join(A, codec, Some(101));
        world.join(B, Codec::Pcmu, None);
        world.route([(B, Hears::Leg(A))]);
        world.talk(&[A], 100);
        for key in "90#".chars() {
            world.press(A, key, 101);
            world.talk(&[A], 200);
        }
        let heard = world.heard(B);
        assert_continuous(&heard);
        let audio = world.decode(B, &heard);
        assert_eq!(tones(&audio), "90#");
    }
}

#[test]
fn a_tone_becomes_an_event_for_who_knows_events() {
    let mut world = World::new();
    world.join(A, Codec::Pcmu, None);
    world.join(B, Codec::Pcmu, Some(96));
    world.route([(B, Hears::Leg(A))]);
    world.talk(&[A], 100);
    for key in "123".chars() {
        sing(&mut world, A, key);
    }
    world.talk(&[A], 400);
    let heard = world.heard(B);
    assert_eq!(events(&heard, 96), "123");
    assert_continuous(&heard);
    let audio = world.decode(B, &heard);
    assert_eq!(tones(&audio), "", "not a second time as tones");
    assert_eq!(world.keys(), ["1:1", "1:2", "1:3"]);
}

#[test]
fn a_tone_is_told_and_passes_as_it_is_between_two_who_know_no_events() {
    let mut world = World::new();
    world.join(A, Codec::Pcma, None);
    world.join(B, Codec::Pcma, None);
    world.route([(B, Hears::Leg(A))]);
    sing(&mut world, A, '7');
    let heard = world.heard(B);
    assert_eq!(heard.len(), 8);
    let audio = world.decode(B, &heard);
    assert_eq!(tones(&audio), "7");
    let told = world.events();
    let digit = Digit::new('7').unwrap();
    assert!(told.contains(&Event::Digit { leg: A, digit, source: DigitSource::InBand }), "{told:?}");
}

#[test]
fn a_consumed_tone_is_no_digit_for_anybody() {
    let mut world = World::new();
    world.join(A, Codec::Pcmu, None);
    world.join(B, Codec::Pcmu, None);
    world.join(C, Codec::Pcmu, None);
    world.route([(B, Hears::Leg(A)), (C, Hears::Mix(vec![A, B]))]);
    world.router.digits(world.now, A, Digits::Consume);
    world.talk(&[A], 100);
    for key in "159".chars() {
        sing(&mut world, A, key);
    }
    assert_eq!(world.keys(), ["1:1", "1:5", "1:9"]);
    let heard = world.heard(B);
    assert_continuous(&heard);
    let audio = world.decode(B, &heard);
    assert_eq!(tones(&audio), "");
    let audio = world.audio(C);
    assert_eq!(tones(&audio), "");
}

#[test]
fn a_consumed_tone_in_wideband_is_no_digit_either() {
    let mut world = World::new();
    for leg in [A, B, C] {
        world.join(leg, Codec::G722, None);
    }
    world.route([(B, Hears::Leg(A)), (C, Hears::Mix(vec![A]))]);
    world.router.digits(world.now, A, Digits::Consume);
    world.talk(&[A], 100);
    for key in "37".chars() {
        let mut generator = Generator::new(Digit::new(key).unwrap());
        for n in 0..8 {
            let mut samples = [0; 320];
            if n < 5 {
                generator.fill(16_000, &mut samples);
            }
            world.say(A, &samples);
            world.pass(20);
        }
    }
    assert_eq!(world.keys(), ["1:3", "1:7"]);
    for listener in [B, C] {
        let heard = world.heard(listener);
        assert_continuous(&heard);
        let wide = world.decode(listener, &heard);
        let mut narrow = vec![0; wide.len() / 2];
        crate::resample::Down::default().process(&wide, &mut narrow);
        assert_eq!(tones(&narrow), "", "{listener:?}");
    }
}

#[test]
fn keys_reach_a_mix_too() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.join(C, Codec::Pcmu, None);
    world.route([(B, Hears::Mix(vec![A, C]))]);
    world.talk(&[A, C], 100);
    world.press(A, '3', 101);
    world.talk(&[A, C], 300);
    let heard = world.heard(B);
    assert_eq!(events(&heard, 96), "3");
    assert_continuous(&heard);
}

#[test]
fn a_mix_that_ends_while_a_digit_is_sent_does_not_break_into_it() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.join(C, Codec::Pcmu, None);
    world.route([(A, Hears::Mix(vec![B, C]))]);
    world.talk(&[B, C], 100);
    world.router.send_digit(world.now, A, Digit::new('6').unwrap(), 100);
    world.pass(30);
    world.speak(B);
    world.route([(A, Hears::Leg(B))]);
    world.talk(&[B], 200);
    let heard = world.heard(A);
    assert_continuous(&heard);
    assert_eq!(events(&heard, 101), "6");
}

#[test]
fn a_key_that_is_pressed_while_digits_are_sent_comes_after_them_and_once() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.talk(&[A], 100);
    for key in "98".chars() {
        world.router.send_digit(world.now, B, Digit::new(key).unwrap(), 60);
    }
    world.press(A, '4', 101);
    world.talk(&[A], 800);
    let heard = world.heard(B);
    assert_continuous(&heard);
    assert_eq!(events(&heard, 96), "984");
}

#[test]
fn a_flood_of_events_is_not_a_flood_of_digits() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    for _ in 0..1000 {
        let payload = event::Payload { event: 1, end: true, volume: 10, duration: 160 };
        world.send(A, 101, 500, &payload.octets());
        world.pass(1);
    }
    assert!((55..=65).contains(&world.keys().len()));
}

#[test]
fn digits_that_are_sent_come_in_order_with_gaps() {
    for telephone_event in [None, Some(96)] {
        let mut world = World::new();
        world.join(A, Codec::Pcmu, None);
        world.join(B, Codec::Pcmu, telephone_event);
        world.route([(B, Hears::Leg(A))]);
        for key in "0112".chars() {
            world.router.send_digit(world.now, B, Digit::new(key).unwrap(), 90);
        }
        world.talk(&[A], 1500);
        let heard = world.heard(B);
        assert_continuous(&heard);
        match telephone_event {
            Some(payload_type) => assert_eq!(events(&heard, payload_type), "0112"),
            None => {
                let audio = world.decode(B, &heard);
                assert_eq!(tones(&audio), "0112");
            }
        }
        // Afterwards the other party is heard again.
        world.talk(&[A], 100);
        let audio = world.audio(B);
        assert!(loudness(&audio, frequency(A), 8000) > 4000.0);
    }
}

#[test]
fn who_cannot_be_reached_gets_no_digits_later() {
    let mut world = World::new();
    world.join(A, Codec::Pcmu, Some(101));
    let address = SocketAddr::from(([0, 0, 0, 0], 4000));
    world.router.describe(world.now, A, Description::new(address, Codec::Pcmu));
    for _ in 0..200 {
        world.router.send_digit(world.now, A, Digit::new('1').unwrap(), 100);
    }
    world.pass(1000);
    let address = world.party(A).address;
    world.router.describe(world.now, A, Description::new(address, Codec::Pcmu));
    world.pass(1000);
    assert_eq!(world.heard(A).len(), 0);
}
