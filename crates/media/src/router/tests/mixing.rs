//! Mixes and clips.

use super::*;
use crate::clip::Clip;

/// Which of A, B and C are in the audio, loud.
fn speakers(audio: &[i16], rate: u32) -> Vec<u64> {
    [A, B, C].iter().filter(|&&leg| loudness(audio, frequency(leg), rate) > 4000.0).map(|leg| leg.0).collect()
}

#[test]
fn a_packet_of_opus_that_is_lost_is_restored_for_a_mix() {
    let mut world = World::call(Codec::Opus, Codec::Pcmu);
    world.join(C, Codec::G722, None);
    world.route([(C, Hears::Mix(vec![A, B]))]);
    world.talk(&[A], 400);
    world.heard(C);
    for n in 0..20 {
        if n == 10 {
            // It is said, and does not come.
            let party = world.party(A);
            let mut lost = [0; 400];
            party.encoder.encode(Codec::Opus, &tone(A, 16_000), &mut lost);
            party.sequence = party.sequence.wrapping_add(1);
            party.timestamp = party.timestamp.wrapping_add(960);
        } else {
            world.speak(A);
        }
        world.pass(20);
    }
    world.pass(40);
    let audio = world.audio(C);
    let frames: Vec<f64> = audio.chunks_exact(320).map(|frame| loudness(frame, frequency(A), 16_000)).collect();
    assert!(frames[2..18].iter().all(|&level| level > 1_500.0), "{frames:?}");
}

#[test]
fn a_spy_hears_both_and_nobody_hears_him() {
    for codec in [Codec::Pcma, Codec::G722] {
        let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
        world.join(C, codec, None);
        world.route([(C, Hears::Mix(vec![A, B]))]);
        world.talk(&[A, B, C], 1000);
        let heard = world.heard(C);
        assert_continuous(&heard);
        assert!((49..=51).contains(&heard.len()), "{}", heard.len());
        let audio = world.decode(C, &heard);
        let rate = codec.sample_rate();
        // The mix begins with the first frame: at 20 ms to 40 ms, it holds both.
        assert_eq!(speakers(&audio[audio.len() / 10..], rate), [1, 2], "{codec:?}");
        assert!(loudness(&audio, frequency(C), rate) < 50.0);
        for (listener, speaker) in [(A, B), (B, A)] {
            let audio = world.audio(listener);
            assert_eq!(speakers(&audio, 8000), [speaker.0]);
            // What the coding of the tone itself leaves there.
            let spy = loudness(&audio, frequency(C), 8000);
            assert!(spy < 50.0, "{listener:?} hears the spy: {spy}");
        }
    }
}

#[test]
fn joining_and_leaving_a_mix_loses_no_packet_time_and_no_continuity() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.join(C, Codec::Pcmu, None);
    let mut heard = Vec::new();
    for (row, expected) in [(Hears::Leg(B), vec![2]), (Hears::Mix(vec![B, C]), vec![2, 3]), (Hears::Leg(B), vec![2])] {
        world.route([(A, row)]);
        world.talk(&[B, C], 400);
        let part = world.heard(A);
        assert!((19..=21).contains(&part.len()), "{}", part.len());
        let audio = world.decode(A, &part);
        assert_eq!(speakers(&audio, 8000), expected);
        // No frame without B, the first after the change included.
        for frame in audio.chunks(160) {
            assert!(loudness(frame, frequency(B), 8000) > 4000.0);
        }
        heard.extend(part);
    }
    assert_continuous(&heard);
    for pair in heard.windows(2) {
        let step = pair[1].packet.timestamp.wrapping_sub(pair[0].packet.timestamp);
        assert!(step <= 320, "a gap of {step}");
    }
}

#[test]
fn every_packet_of_the_speaker_is_heard_once_while_a_mix_comes_and_goes() {
    for (phase, spy) in [(1, false), (7, false), (13, true), (19, true)] {
        let mut world = World::call(Codec::Pcma, Codec::Pcma);
        world.join(C, Codec::Pcmu, None);
        if spy {
            world.route([(C, Hears::Mix(vec![A, B]))]);
        }
        world.pass(phase);
        let mut said = Vec::new();
        for n in 0..60_usize {
            // Each packet is one loudness, so that it is known again; A-law has these values exactly.
            let level = crate::g711::decode_a_law((0xD5 ^ n) as u8);
            world.say(B, &[level; 160]);
            said.push(level);
            // The matrix changes between the coming of a packet and the frame that would play it.
            match n {
                20 => world.route([(A, Hears::Mix(vec![B, C]))]),
                40 => world.route([(A, Hears::Leg(B))]),
                _ => {}
            }
            world.pass(20);
        }
        let heard = world.heard(A);
        assert_continuous(&heard);
        let audio = world.decode(A, &heard);
        let heard: Vec<i16> = audio.chunks(160).map(|frame| frame[80]).collect();
        assert_eq!(heard, said, "phase {phase}, a spy before: {spy}");
    }
}

#[test]
fn who_comes_in_the_place_of_a_closed_leg_is_not_heard_in_its_mixes() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    let d = LegId(4);
    for leg in [C, d] {
        world.join(leg, Codec::Pcmu, None);
    }
    world.route([(C, Hears::Mix(vec![A, B]))]);
    world.talk(&[A, B], 200);
    let slot = world.router.close(world.now, A, &mut world.sent).unwrap();
    world.heard(C);
    let e = LegId(5);
    world.join(e, Codec::Pcmu, None);
    assert_eq!(world.party(e).slot, slot, "the place is used again");
    world.route([(d, Hears::Mix(vec![e]))]);
    world.talk(&[B, e], 400);
    let audio = world.audio(C);
    assert!(loudness(&audio, frequency(B), 8000) > 4000.0);
    assert!(loudness(&audio, frequency(e), 8000) < 50.0);
}

#[test]
fn loud_voices_saturate_and_do_not_wrap() {
    let mut world = World::new();
    for leg in [A, B, C] {
        world.join(leg, Codec::Pcmu, None);
    }
    world.route([(C, Hears::Mix(vec![A, B]))]);
    for _ in 0..10 {
        world.say(A, &[30_000; 160]);
        world.say(B, &[30_000; 160]);
        world.pass(20);
    }
    assert!(world.audio(C)[160..].iter().all(|&s| s > 32_000));
}

#[test]
fn a_clip_is_played_once_and_told() {
    for (codec, rate) in [(Codec::Pcma, 8000), (Codec::G722, 16_000)] {
        let mut world = World::new();
        world.join(A, codec, None);
        let clip = Clip::tone([500.0, 0.0], 300);
        world.route([(A, Hears::Clip { clip: clip.clone(), repeat: false })]);
        world.pass(200);
        assert_eq!(world.events(), []);
        // The same matrix again, as a caller who recomputes it does: nothing begins anew, now or after the end.
        world.route([(A, Hears::Clip { clip: clip.clone(), repeat: false })]);
        world.pass(200);
        assert_eq!(world.events(), [Event::ClipEnded { leg: A }]);
        world.route([(A, Hears::Clip { clip, repeat: false })]);
        world.pass(500);
        assert_eq!(world.events(), []);
        let heard = world.heard(A);
        assert_eq!(heard.len(), 15);
        assert_continuous(&heard);
        let audio = world.decode(A, &heard);
        assert!(loudness(&audio, 500.0, rate) > 3000.0);
        assert_eq!(world.router.next_tick, None, "the grid rests");
    }
}

#[test]
fn music_repeats_and_gives_way_to_the_other_party() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.talk(&[A], 100);
    let clip = Clip::tone([500.0, 0.0], 90);
    world.route([(B, Hears::Clip { clip, repeat: true })]);
    world.talk(&[A], 1000);
    world.route([(B, Hears::Leg(A))]);
    world.talk(&[A], 100);
    let heard = world.heard(B);
    assert!((59..=61).contains(&heard.len()), "{}", heard.len());
    assert_continuous(&heard);
    assert_eq!(world.events().iter().filter(|e| matches!(e, Event::ClipEnded { .. })).count(), 0);
}

#[test]
fn a_clip_waits_for_a_party_that_is_not_described_or_on_hold() {
    let mut world = World::new();
    let slot = world.router.open(world.now, A).unwrap();
    world.route([(A, Hears::Clip { clip: Clip::busy(), repeat: false })]);
    world.pass(2000);
    assert_eq!((world.events(), world.sent.0.len()), (vec![], 0));
    let address = SocketAddr::from(([192, 0, 2, 1], 4000));
    world.router.describe(world.now, A, Description::new(address, Codec::Pcmu));
    world.pass(1100);
    assert_eq!(world.sent.0.iter().filter(|s| s.0 == slot && s.1 == Port::Rtp).count(), 50);
}

#[test]
fn a_shell_that_is_always_a_little_late_does_not_make_the_stream_drift() {
    let mut world = World::new();
    world.join(A, Codec::Pcmu, None);
    world.route([(A, Hears::Clip { clip: Clip::ring_back(), repeat: true })]);
    let start = world.now;
    for n in 0..500 {
        let due = world.router.next_tick.unwrap();
        world.now = due + Duration::from_micros(n * 7919 % 15_000);
        world.router.handle_timeout(world.now, &mut world.sent);
    }
    let heard = world.heard(A);
    assert_eq!(heard.len(), 500);
    for pair in heard.windows(2) {
        assert_eq!(pair[1].packet.timestamp.wrapping_sub(pair[0].packet.timestamp), 160);
    }
    assert!(world.now - start < Duration::from_millis(500 * 20 + 40));
}

#[test]
fn a_late_shell_does_not_make_a_burst_of_the_past() {
    let mut world = World::new();
    world.join(A, Codec::Pcmu, None);
    world.route([(A, Hears::Clip { clip: Clip::ring_back(), repeat: true })]);
    world.pass(100);
    world.heard(A);
    world.now += Duration::from_secs(3);
    world.router.handle_timeout(world.now, &mut world.sent);
    assert!(world.heard(A).len() <= 5);
    world.pass(1000);
    assert_eq!(world.heard(A).len(), 50);
}

#[test]
fn a_listener_turns_one_speaker_down_and_nobody_else_notices() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.join(C, Codec::Pcmu, None);
    world.route([(C, Hears::Mix(vec![A, B]))]);
    world.talk(&[A, B], 400);
    let before = world.audio(C);
    world.router.balance(C, vec![(A, 64), (B, 256)]);
    world.talk(&[A, B], 400);
    let after = world.audio(C);
    let level = |audio: &[i16], leg| loudness(&audio[800..], frequency(leg), 8000);
    let quarter = level(&after, A) / level(&before, A);
    assert!((0.22..0.28).contains(&quarter), "{quarter}");
    let same = level(&after, B) / level(&before, B);
    assert!((0.95..1.05).contains(&same), "{same}");
    assert_eq!((speakers(&world.audio(A), 8000), speakers(&world.audio(B), 8000)), (vec![2], vec![1]));
    // It holds when the row is said anew, and until it is said otherwise.
    world.router.balance(C, vec![(A, 0)]);
    world.route([(C, Hears::Mix(vec![B, A]))]);
    world.talk(&[A, B], 400);
    assert!(level(&world.audio(C), A) < 50.0);
}
