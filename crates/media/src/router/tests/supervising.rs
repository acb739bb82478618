//! A manager in the call of an agent and a client, packet by packet: what each of them receives in every mode and at every
//! change, and what is laid over a conversation.

use super::*;
use crate::{clip::Clip, dtmf::tone::Generator, types::Digits};

const AGENT: LegId = A;
const CLIENT: LegId = B;
const MANAGER: LegId = C;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Spy,
    Whisper,
    BargeIn,
}

fn supervise(world: &mut World, mode: Mode) {
    let with = |other| Hears::Mix(vec![other, MANAGER]);
    let (agent, client) = match mode {
        Mode::Spy => (Hears::Leg(CLIENT), Hears::Leg(AGENT)),
        Mode::Whisper => (with(CLIENT), Hears::Leg(AGENT)),
        Mode::BargeIn => (with(CLIENT), with(AGENT)),
    };
    world.route([(AGENT, agent), (CLIENT, client), (MANAGER, Hears::Mix(vec![AGENT, CLIENT]))]);
}

/// In each frame of `audio`, `forbidden` stays 45 dB below what a party's tone has.
#[track_caller]
fn assert_isolated(audio: &[i16], forbidden: LegId, what: &str) {
    for (n, frame) in audio.chunks_exact(160).enumerate() {
        let level = loudness(frame, frequency(forbidden), 8000);
        assert!(level < 6000.0 * 0.0056, "{what}: {forbidden:?} is heard in frame {n} at {level}");
    }
}

#[test]
fn the_client_gets_the_agents_payloads_bit_for_bit_while_a_manager_spies_and_whispers() {
    for phase in [0, 3, 11, 19] {
        let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
        world.join(MANAGER, Codec::Pcma, Some(101));
        world.router.digits(world.now, MANAGER, Digits::Consume);
        world.pass(phase);
        let (mut to_client, mut to_agent) = (Vec::new(), Vec::new());
        let modes = [Mode::Spy, Mode::Whisper];
        for n in 0..200_usize {
            if n % 4 == 1 {
                supervise(&mut world, modes[n / 4 % 2]);
            }
            to_client.push(world.speak(AGENT));
            to_agent.push(world.speak(CLIENT));
            world.speak(MANAGER);
            world.pass(20);
        }
        let heard = world.heard(CLIENT);
        assert_continuous(&heard);
        let payloads: Vec<_> = heard.iter().map(|heard| heard.payload.clone()).collect();
        assert_eq!(payloads, to_client, "phase {phase}");
        for pair in heard.windows(2) {
            assert_eq!(pair[1].packet.timestamp.wrapping_sub(pair[0].packet.timestamp), 160);
        }
        let heard = world.heard(AGENT);
        assert_continuous(&heard);
        assert!((199..=202).contains(&heard.len()), "{} packets of {}", heard.len(), to_agent.len());
    }
}

#[test]
fn nobody_hears_a_sample_too_much_while_the_modes_change_fifty_times() {
    use Mode::{BargeIn, Spy, Whisper};
    for phase in [0, 7, 13] {
        let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
        world.join(MANAGER, Codec::Pcmu, Some(101));
        world.pass(phase);
        world.talk(&[AGENT, CLIENT, MANAGER], 60);
        for (n, mode) in [Spy, Whisper, Spy, BargeIn, Whisper, BargeIn].into_iter().cycle().take(50).enumerate() {
            world.heard(AGENT);
            world.heard(CLIENT);
            supervise(&mut world, mode);
            world.talk(&[AGENT, CLIENT, MANAGER], 100);
            let (agent, client) = (world.heard(AGENT), world.heard(CLIENT));
            assert_continuous(&agent);
            assert_continuous(&client);
            let (agent, client) = (world.decode(AGENT, &agent), world.decode(CLIENT, &client));
            if mode != Mode::BargeIn {
                assert_isolated(&client, MANAGER, &format!("change {n} to {mode:?}, the client"));
            }
            if mode == Mode::Spy {
                assert_isolated(&agent, MANAGER, &format!("change {n} to {mode:?}, the agent"));
            }
            // The other party is in every frame, the first after the change included.
            for (audio, other) in [(&agent, CLIENT), (&client, AGENT)] {
                for frame in audio.chunks_exact(160) {
                    assert!(loudness(frame, frequency(other), 8000) > 4000.0, "change {n} to {mode:?}");
                }
            }
        }
    }
}

#[test]
fn who_is_mixed_already_is_heard_without_a_gap_while_others_come_and_go() {
    for (phase, events) in [(2, Some(101)), (9, Some(101)), (16, None)] {
        let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
        let second = LegId(4);
        world.join(MANAGER, Codec::Pcmu, events);
        world.join(second, Codec::Pcmu, Some(101));
        world.router.digits(world.now, MANAGER, Digits::Consume);
        supervise(&mut world, Mode::Whisper);
        world.pass(phase);
        world.talk(&[AGENT, CLIENT, MANAGER, second], 200);
        world.heard(AGENT);
        for _ in 0..4 {
            world.route([(AGENT, Hears::Mix(vec![CLIENT, MANAGER, second]))]);
            world.talk(&[AGENT, CLIENT, MANAGER, second], 60);
            world.route([(AGENT, Hears::Mix(vec![CLIENT, MANAGER]))]);
            world.talk(&[AGENT, CLIENT, MANAGER, second], 60);
        }
        let heard = world.heard(AGENT);
        assert_continuous(&heard);
        for frame in world.decode(AGENT, &heard).chunks_exact(160) {
            for speaker in [CLIENT, MANAGER] {
                assert!(loudness(frame, frequency(speaker), 8000) > 4000.0, "{speaker:?} is interrupted");
            }
        }
    }
}

#[test]
#[should_panic(expected = "is heard in frame")]
fn a_routing_that_is_broken_for_a_single_packet_is_noticed() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.join(MANAGER, Codec::Pcmu, Some(101));
    supervise(&mut world, Mode::Whisper);
    world.talk(&[AGENT, CLIENT, MANAGER], 200);
    world.route([(CLIENT, Hears::Mix(vec![AGENT, MANAGER]))]);
    world.talk(&[AGENT, CLIENT, MANAGER], 40);
    supervise(&mut world, Mode::Whisper);
    world.talk(&[AGENT, CLIENT, MANAGER], 200);
    assert_isolated(&world.audio(CLIENT), MANAGER, "the client");
}

#[test]
fn no_listener_gets_any_of_a_consumed_tone() {
    // Wherever in the detector's blocks and in its packet the tone begins.
    for (codec, offset) in (0..160).step_by(7).map(|offset| (Codec::Pcmu, offset)).chain([(Codec::Pcma, 33)]) {
        let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
        world.join(MANAGER, codec, None);
        world.router.digits(world.now, MANAGER, Digits::Consume);
        supervise(&mut world, Mode::BargeIn);
        for _ in 0..20 {
            world.say(MANAGER, &[0; 160]);
            world.pass(20);
        }
        let mut pressed = vec![0; 160 * 8];
        Generator::new(Digit::new('1').unwrap()).fill(8000, &mut pressed[offset..offset + 800]);
        for packet in pressed.chunks_exact(160) {
            world.say(MANAGER, packet);
            world.pass(20);
        }
        world.talk(&[MANAGER], 200);
        assert_eq!(world.keys(), ["3:1"], "offset {offset}");
        for listener in [AGENT, CLIENT] {
            let audio = world.audio(listener);
            let heard = audio.iter().take(audio.len() - 160 * 10).map(|s| s.unsigned_abs()).max();
            assert!(heard.is_some_and(|peak| peak < 40), "offset {offset}: {listener:?} hears {heard:?}");
            assert!(loudness(&audio[audio.len() - 480..], frequency(MANAGER), 8000) > 4000.0, "and then speech again");
        }
    }
}

#[test]
fn a_notice_is_laid_over_a_conversation_that_goes_on() {
    for phase in [1, 8, 17] {
        let mut world = World::call(Codec::Pcma, Codec::Pcma);
        world.pass(phase);
        let mut said = Vec::new();
        for n in 0..60_usize {
            // Each packet is one loudness, so that it is known again; A-law has these values exactly.
            let level = crate::g711::decode_a_law((0xD5 ^ n) as u8);
            world.say(B, &[level; 160]);
            said.push(level);
            if n == 20 {
                world.router.overlay(world.now, A, Clip::silence(250), &mut world.sent);
            }
            world.pass(20);
        }
        let heard = world.heard(A);
        assert_continuous(&heard);
        let audio = world.decode(A, &heard);
        let heard: Vec<i16> = audio.chunks(160).map(|frame| frame[80]).collect();
        assert_eq!(heard, said, "phase {phase}");
        assert_eq!(world.router.next_tick, None, "the grid rests: the packets are relayed again");
    }
}

#[test]
fn a_notice_and_the_other_party_are_heard_at_once_and_nobody_else_hears_it() {
    for codec in [Codec::Pcmu, Codec::G722] {
        let mut world = World::call(codec, Codec::Pcmu);
        world.talk(&[A, B], 200);
        world.heard(A);
        let notice = Clip::tone([2_300.0, 0.0], 200);
        world.router.overlay(world.now, A, notice.clone(), &mut world.sent);
        world.router.overlay(world.now, A, notice, &mut world.sent);
        world.talk(&[A, B], 300);
        let heard = world.heard(A);
        assert_continuous(&heard);
        let audio = world.decode(A, &heard);
        let rate = codec.sample_rate();
        let middle = &audio[audio.len() / 5..];
        assert!(loudness(middle, 2_300.0, rate) > 2_000.0, "{codec:?}");
        assert!(loudness(middle, frequency(B), rate) > 4_000.0, "{codec:?}");
        world.talk(&[A, B], 300);
        world.heard(A);
        world.talk(&[A, B], 200);
        let audio = world.audio(A);
        assert!(loudness(&audio, 2_300.0, rate) < 50.0, "both notices are over");
        let audio = world.audio(B);
        assert!(loudness(&audio, 2_300.0, 8000) < 50.0, "the other party hears none of it");
        let ended = |event: &Event| matches!(event, Event::ClipEnded { .. });
        assert!(!world.events().iter().any(ended), "no clip that was routed has ended");
    }
}

#[test]
fn a_notice_is_heard_above_music_and_waits_for_who_hears_nothing() {
    let mut world = World::call(Codec::Pcmu, Codec::Pcmu);
    world.talk(&[A, B], 100);
    world.route([(A, Hears::Clip { clip: Clip::tone([700.0, 0.0], 2_000), repeat: true }), (B, Hears::Nothing)]);
    let notice = Clip::tone([2_300.0, 0.0], 200);
    for leg in [A, B] {
        world.router.overlay(world.now, leg, notice.clone(), &mut world.sent);
    }
    world.heard(A);
    world.heard(B);
    world.talk(&[A, B], 200);
    let audio = world.audio(A);
    assert!(loudness(&audio, 2_300.0, 8000) > 2_000.0 && loudness(&audio, 700.0, 8000) > 2_000.0);
    assert_eq!(world.heard(B).len(), 0);
    world.route([(A, Hears::Leg(B)), (B, Hears::Leg(A))]);
    world.talk(&[A, B], 200);
    let audio = world.audio(B);
    assert!(loudness(&audio, 2_300.0, 8000) > 2_000.0 && loudness(&audio, frequency(A), 8000) > 4_000.0);
}
