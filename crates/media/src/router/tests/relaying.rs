//! Two parties alone.

use super::*;
use crate::types::{Direction, LegStats};

#[test]
fn the_payload_that_came_is_the_payload_that_goes() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let said: Vec<_> = (0..50)
        .map(|_| {
            let payload = world.speak(A);
            world.pass(20);
            payload
        })
        .collect();
    let heard = world.heard(B);
    assert_eq!(heard.iter().map(|h| &h.payload).collect::<Vec<_>>(), said.iter().collect::<Vec<_>>());
    assert_continuous(&heard);
    assert!(heard[0].packet.marker && !heard[1].packet.marker);
    assert_eq!(world.heard(A).len(), 0);
}

#[test]
fn contributing_sources_extensions_and_padding_end_here() {
    let mut world = World::call(Codec::Pcma, Codec::Pcma);
    let from = world.party(A).address;
    let mut octets = vec![0xB1, 8, 0, 1, 0, 0, 0, 160, 9, 9, 9, 9, 7, 7, 7, 7, 0xBE, 0xDE, 0, 1, 5, 5, 5, 5];
    octets.extend([b'a', b'b', b'c', 0, 2]);
    world.deliver(A, from, octets);
    let (.., octets) = world.sent.0.pop().unwrap();
    assert_eq!((octets[0], octets[1], &octets[12..]), (0x80, 0x88, &b"abc"[..]));
    assert_ne!(octets[8..12], [9; 4], "the source is ours");
}

#[test]
fn payload_types_are_those_of_the_listener() {
    let mut world = World::new();
    world.join(A, Codec::Opus, Some(101));
    world.join(B, Codec::Opus, Some(96));
    let description = Description {
        codecs: vec![(Codec::Pcmu, 0), (Codec::Opus, 120)],
        ..Description::new(world.party(B).address, Codec::Opus)
    };
    world.router.describe(world.now, B, description);
    world.route([(B, Hears::Leg(A))]);
    world.send(A, 111, 960, b"opus");
    let heard = world.heard(B);
    assert_eq!((heard[0].packet.payload_type, &heard[0].payload[..]), (120, &b"opus"[..]));
}

#[test]
fn different_codecs_are_transcoded_both_ways() {
    for (a, b) in [
        (Codec::Pcmu, Codec::Pcma),
        (Codec::Pcmu, Codec::G722),
        (Codec::G722, Codec::Pcma),
        (Codec::Opus, Codec::Pcmu),
        (Codec::Opus, Codec::G722),
    ] {
        let mut world = World::call(a, b);
        world.talk(&[A, B], 600);
        for (listener, speaker, codec) in [(A, B, a), (B, A, b)] {
            let heard = world.heard(listener);
            assert_continuous(&heard);
            assert_eq!(heard.len(), 30);
            let audio = world.decode(listener, &heard);
            let rate = codec.sample_rate();
            assert_eq!(audio.len(), 600 * rate as usize / 1000);
            let settled = &audio[audio.len() / 2..];
            let level = loudness(settled, frequency(speaker), rate);
            assert!((5000.0..7000.0).contains(&level), "{a:?} {b:?}: {level}");
        }
    }
}

#[test]
fn a_speaker_who_changes_to_opus_and_back_is_heard_in_one_time() {
    let mut world = World::new();
    world.join(A, Codec::Opus, Some(101));
    world.join(B, Codec::Pcmu, Some(96));
    let address = world.party(A).address;
    let codecs = vec![(Codec::Opus, 111), (Codec::Pcmu, 0)];
    world.router.describe(world.now, A, Description { codecs, ..Description::new(address, Codec::Opus) });
    world.route([(B, Hears::Leg(A))]);
    for (codec, payload_type) in [(Codec::Pcmu, 0), (Codec::Opus, 111), (Codec::Pcmu, 0)] {
        let party = world.party(A);
        (party.codec, party.payload_type) = (codec, payload_type);
        world.talk(&[A], 200);
    }
    let heard = world.heard(B);
    assert_eq!(heard.len(), 30);
    assert_continuous(&heard);
    let steps = heard.windows(2).map(|pair| pair[1].packet.timestamp.wrapping_sub(pair[0].packet.timestamp));
    assert_eq!(steps.collect::<Vec<_>>(), [160; 29]);
}

#[test]
fn digits_among_opus_keep_its_time_or_that_of_the_listener() {
    for (b, step) in [(Codec::Opus, 960), (Codec::Pcmu, 160)] {
        let mut world = World::call(Codec::Opus, b);
        world.talk(&[A], 100);
        world.press(A, '7', 101);
        let ahead = world.heard(B);
        assert_continuous(&ahead);
        let event = ahead.iter().find(|heard| heard.packet.payload_type == 96).unwrap();
        let audio = ahead.iter().rev().find(|heard| heard.packet.payload_type != 96).unwrap();
        // The world's keys are 160 after the last packet, whatever its clock.
        let after = if b == Codec::Opus { 160 } else { 160 / 6 };
        assert_eq!(event.packet.timestamp.wrapping_sub(audio.packet.timestamp), after);
        // And what is sent from here is of the same clock.
        world.router.send_digit(world.now, B, crate::dtmf::Digit::new('3').unwrap(), 100);
        world.pass(60);
        let made = world.heard(B);
        assert!(made[0].packet.timestamp.wrapping_sub(event.packet.timestamp) as i32 >= step, "{b:?}");
    }
}

#[test]
fn what_cannot_be_decoded_is_not_heard() {
    let mut world = World::call(Codec::Opus, Codec::Pcmu);
    // A packet of several frames that ends before it says how many.
    world.send(A, 111, 960, &[3]);
    assert_eq!(world.heard(B).len(), 0);
}

#[test]
fn media_goes_where_media_come_from() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let real = SocketAddr::from(([198, 51, 100, 9], 61_000));
    world.speak(A);
    assert_eq!(world.heard(B).len(), 1, "to the described address");
    world.party(B).address = real;
    world.speak(B);
    world.speak(A);
    assert_eq!(world.heard(B).len(), 1, "to the real one");
    assert!(world.events().contains(&Event::Latched { leg: B, address: real }));
}

#[test]
fn on_hold_nothing_is_sent_and_nothing_is_heard() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let address = world.party(B).address;
    let hold = Description { direction: Direction::NEITHER, ..Description::new(address, Codec::Pcmu) };
    world.router.describe(world.now, B, hold);
    world.talk(&[A, B], 100);
    assert_eq!((world.heard(A).len(), world.heard(B).len()), (0, 0));
    world.router.describe(world.now, B, Description::new(address, Codec::Pcmu));
    world.talk(&[A, B], 100);
    let heard = world.heard(B);
    assert_eq!((world.heard(A).len(), heard.len()), (5, 5));
    assert_continuous(&heard);
}

#[test]
fn a_call_keeps_one_stream_through_restart_and_change_of_speaker() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.join(C, Codec::Pcmu, None);
    world.talk(&[A, C], 200);
    let party = world.party(A);
    (party.ssrc, party.sequence, party.timestamp) = (5, 9, 77);
    world.talk(&[A, C], 200);
    world.route([(B, Hears::Leg(C))]);
    world.talk(&[A, C], 200);
    let heard = world.heard(B);
    // The restarted stream counts from its second packet on after the old one was silent for 100 ms.
    assert_eq!(heard.len(), 25);
    assert_continuous(&heard);
    assert_eq!(heard.iter().filter(|h| h.packet.marker).count(), 3, "one marker at each beginning");
}

#[test]
fn what_was_said_while_nobody_listened_is_no_loss_afterwards() {
    let mut world = World::call(Codec::Pcma, Codec::Pcmu);
    world.talk(&[A], 100);
    world.route([(B, Hears::Nothing)]);
    world.talk(&[A], 100);
    world.route([(B, Hears::Leg(A))]);
    world.talk(&[A], 100);
    let heard = world.heard(B);
    assert_eq!(heard.len(), 10);
    assert_continuous(&heard);
    let pause = heard[5].packet.timestamp.wrapping_sub(heard[4].packet.timestamp);
    assert_eq!(pause, 6 * 160, "the pause is as long as it was");
}

#[test]
fn of_two_rows_for_one_leg_only_the_last_counts() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.join(C, Codec::Pcmu, None);
    world.route([(C, Hears::Mix(vec![A]))]);
    world.speak(A);
    world.route([(C, Hears::Leg(A)), (C, Hears::Nothing)]);
    world.talk(&[A], 100);
    assert_eq!(world.heard(C).len(), 0);
}

#[test]
fn the_echo_test_answers_with_what_was_said() {
    let mut world = World::new();
    world.join(A, Codec::G722, Some(101));
    world.route([(A, Hears::Echo)]);
    let said = world.speak(A);
    assert_eq!(world.heard(A)[0].payload, said);
    world.press(A, '5', 101);
    assert!(world.heard(A).iter().all(|h| h.packet.payload_type == 101));
}

#[test]
fn a_leg_that_moves_takes_its_stream_along() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.talk(&[A, B], 100);
    let mut other = Router::new(world.router.setup, StdRng::seed_from_u64(8));
    let legs: Vec<_> = [B, A].into_iter().map(|id| world.router.give(id).unwrap().1).collect();
    assert_eq!((world.router.legs(), world.router.next_timeout()), (0, None));
    for (id, leg) in [B, A].into_iter().zip(legs) {
        world.party(id).slot = other.adopt(world.now, leg).unwrap();
    }
    let before = std::mem::take(&mut world.sent.0);
    world.router = other;
    // The old router had other slots.
    world.sent.0 = before.into_iter().map(|(slot, port, to, octets)| (1 - slot, port, to, octets)).collect();
    world.talk(&[A, B], 100);
    for leg in [A, B] {
        let heard = world.heard(leg);
        assert_eq!(heard.len(), 10);
        assert_continuous(&heard);
    }
}

#[test]
fn when_all_have_gone_nothing_is_left_of_them() {
    let mut world = World::call(Codec::Pcmu, Codec::G722);
    world.join(C, Codec::Pcma, None);
    world.route([(C, Hears::Mix(vec![A, B, LegId(77)])), (A, Hears::Leg(LegId(78)))]);
    world.talk(&[A, B, C], 200);
    let given = world.router.give(A).unwrap().1;
    assert!(given.incoming.ear.is_none(), "nobody mixes it where it goes, until it is said");
    world.router.adopt(world.now, given).unwrap();
    for leg in [B, A, C] {
        world.router.close(world.now, leg, &mut world.sent).unwrap();
    }
    let router = &world.router;
    assert!(router.wanted.is_empty() && router.ticking.is_empty() && router.slots.is_empty());
    assert!(router.legs.iter().all(Option::is_none) && router.free.len() == router.legs.len());
    assert_eq!(router.next_timeout(), None);
}

#[test]
fn a_closed_leg_is_told_once_with_its_sums() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.talk(&[A, B], 1000);
    let foreign = SocketAddr::from(([203, 0, 113, 1], 9));
    world.deliver(A, foreign, vec![0x80; 172]);
    world.deliver(A, foreign, vec![1, 2, 3]);
    world.events();
    assert!(world.router.close(world.now, A, &mut world.sent).is_some());
    assert!(world.router.close(world.now, A, &mut world.sent).is_none());
    let events = world.events();
    let [Event::Closed { leg: A, stats }] = &events[..] else { panic!("{events:?}") };
    let LegStats { received, sent_packets, ignored_packets, source, .. } = stats;
    assert_eq!((received.packets, received.lost, *sent_packets, *ignored_packets), (50, 0, 50, 2));
    assert!(received.mos > 4.3 && received.jitter_ms < 1.0);
    assert_eq!(*source, Some(world.parties[&1].address));
    world.speak(B);
    assert_eq!(world.router.legs(), 1);
}
