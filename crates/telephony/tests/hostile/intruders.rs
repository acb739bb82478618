//! Who speaks into a call that is not his: packets from elsewhere, of another source, from the past, and garbage.

use std::{net::UdpSocket, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    wire::{STRANGER, Wired, a_few_words, packet},
    world::World,
};

const MS: Duration = Duration::from_millis(1);
/// Who the intruder says he is.
const INTRUDER: u32 = 666;

fn talk(world: &World) -> (Wired, Wired) {
    let (mut john, mut mary) = (Wired::registered(world, "744", 1), Wired::registered(world, "702", 2));
    john.talk(world, &mut mary, "702");
    (john, mary)
}

/// Waits until the engine has looked at all that was sent to it: what the kernel drops proves nothing.
fn taken(world: &World) {
    let mut before = None;
    loop {
        let seen = world.engine.stats();
        if before == Some(seen) {
            return;
        }
        before = Some(seen);
        std::thread::sleep(5 * MS);
    }
}

/// Some thirty packets each way, with `between` now and then; all of them arrive, once, and nobody else is heard.
fn undisturbed(world: &World, john: &mut Wired, mary: &mut Wired, mut between: impl FnMut(&mut Wired, &mut Wired)) {
    for _ in 0..10 {
        between(john, mary);
        taken(world);
        a_few_words(world, &mut john.sound, &mut mary.sound);
    }
    std::thread::sleep(50 * MS);
    john.sound.listen();
    mary.sound.listen();
    for (listener, speaker) in [(&john.sound, &mary.sound), (&mary.sound, &john.sound)] {
        assert!(listener.of(INTRUDER).is_empty(), "the intruder was heard");
        let said: Vec<_> = (speaker.began + 1..=speaker.sequence).collect();
        assert_eq!(listener.of(speaker.ssrc), said, "the other party was not heard whole");
        assert_eq!(listener.twice, 0, "packets were heard twice");
    }
}

#[test]
fn packets_from_another_address_are_ignored_and_counted() {
    let world = World::new();
    let (mut john, mut mary) = talk(&world);
    a_few_words(&world, &mut john.sound, &mut mary.sound);
    let (elsewhere, next_door) = (UdpSocket::bind((STRANGER, 0)).unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let ignored = world.engine.stats().ignored_packets;
    let mut sequence = 1;
    undisturbed(&world, &mut john, &mut mary, |john, mary| {
        for port in [john.sound.towards.unwrap(), mary.sound.towards.unwrap()] {
            for socket in [&elsewhere, &next_door] {
                // His own source, and the party's with the numbers that come next.
                for (ssrc, number) in [(INTRUDER, sequence), (1, john.sound.sequence + 1), (2, mary.sound.sequence + 1)]
                {
                    socket.send_to(&packet(ssrc, number, INTRUDER), port).unwrap();
                }
            }
        }
        sequence += 1;
    });
    let ignored = world.engine.stats().ignored_packets - ignored;
    assert_eq!(ignored, 10 * 2 * 2 * 3, "each packet is counted");
}

#[test]
fn garbage_on_both_ports_disturbs_nobody() {
    let world = World::new();
    let (mut john, mut mary) = talk(&world);
    a_few_words(&world, &mut john.sound, &mut mary.sound);
    let mut random = StdRng::seed_from_u64(1);
    let next_door = UdpSocket::bind("127.0.0.1:0").unwrap();
    undisturbed(&world, &mut john, &mut mary, |john, mary| {
        for (sound, port) in [(&john.sound, john.sound.towards.unwrap()), (&mary.sound, mary.sound.towards.unwrap())] {
            let mut rtcp_port = port;
            rtcp_port.set_port(port.port() + 1);
            for length in [0, 1, 4, 11, 12, 13, 40, 172, 1499, 1501, 9000] {
                let mut garbage: Vec<u8> = (0..length).map(|_| random.random()).collect();
                // As it is; with the version of RTP; as RTCP of every kind.
                for head in
                    [None, Some([0x80, 0x7f]), Some([0xbf, 0xff]), Some([0x81, 200 + random.random_range(0..8)])]
                {
                    if let (Some(head), Some(start)) = (head, garbage.first_chunk_mut::<2>()) {
                        *start = head;
                    }
                    for socket in [&sound.socket, &next_door] {
                        let _ = socket.send_to(&garbage, port);
                        let _ = socket.send_to(&garbage, rtcp_port);
                    }
                }
            }
        }
    });
}

#[test]
fn a_goodbye_in_rtcp_ends_no_call() {
    let world = World::new();
    let (mut john, mut mary) = talk(&world);
    a_few_words(&world, &mut john.sound, &mut mary.sound);
    let next_door = UdpSocket::bind("127.0.0.1:0").unwrap();
    undisturbed(&world, &mut john, &mut mary, |john, mary| {
        for (ssrc, port) in [(1_u32, john.sound.towards.unwrap()), (2, mary.sound.towards.unwrap())] {
            let mut bye = vec![0x80, 201, 0, 1];
            bye.extend(ssrc.to_be_bytes());
            bye.extend([0x81, 203, 0, 1]);
            bye.extend(ssrc.to_be_bytes());
            for offset in [0, 1] {
                let mut to = port;
                to.set_port(port.port() + offset);
                next_door.send_to(&bye, to).unwrap();
            }
        }
    });
    assert_eq!(world.handle.feed().call_count(), 1);
}

#[test]
fn what_was_said_before_is_not_said_again() {
    let world = World::new();
    let (mut john, mut mary) = talk(&world);
    a_few_words(&world, &mut john.sound, &mut mary.sound);
    let next_door = UdpSocket::bind("127.0.0.1:0").unwrap();
    undisturbed(&world, &mut john, &mut mary, |john, _| {
        for number in 1001..=john.sound.sequence {
            next_door.send_to(&packet(1, number, 1), john.sound.towards.unwrap()).unwrap();
        }
    });
}

/// From the very address of a party, as only somebody on the path, or who forges it, can.
#[test]
fn another_source_at_the_same_address_does_not_push_the_first_out_while_that_one_speaks() {
    let world = World::new();
    let (mut john, mut mary) = talk(&world);
    a_few_words(&world, &mut john.sound, &mut mary.sound);
    let mut sequence = 1;
    undisturbed(&world, &mut john, &mut mary, |john, _| {
        for _ in 0..3 {
            john.sound.socket.send_to(&packet(INTRUDER, sequence, INTRUDER), john.sound.towards.unwrap()).unwrap();
            sequence += 1;
        }
    });
}

#[test]
fn who_was_there_before_the_party_yields_to_it() {
    let world = World::new();
    let (mut john, mut mary) = (Wired::registered(&world, "744", 1), Wired::registered(&world, "702", 2));
    let stranger = UdpSocket::bind((STRANGER, 0)).unwrap();
    john.connect(&world, &mut mary, "702");
    for sequence in 1..20 {
        for wired in [&john, &mary] {
            stranger.send_to(&packet(INTRUDER, sequence, INTRUDER), wired.sound.towards.unwrap()).unwrap();
        }
    }
    std::thread::sleep(20 * MS);
    // Two packets from where the description says, and he is out.
    for _ in 0..2 {
        john.sound.say();
        mary.sound.say();
        std::thread::sleep(20 * MS);
    }
    a_few_words(&world, &mut john.sound, &mut mary.sound);
    john.sound.listen();
    mary.sound.listen();
    john.sound.heard.retain(|(who, _)| *who != INTRUDER);
    mary.sound.heard.retain(|(who, _)| *who != INTRUDER);
    for sequence in 20..40 {
        for wired in [&john, &mary] {
            stranger.send_to(&packet(INTRUDER, sequence, INTRUDER), wired.sound.towards.unwrap()).unwrap();
        }
        a_few_words(&world, &mut john.sound, &mut mary.sound);
    }
    assert_eq!((john.sound.of(INTRUDER).len(), mary.sound.of(INTRUDER).len()), (0, 0));
    let whole = john.sound.of(2).len();
    assert!(whole >= 60, "{whole} packets of Mary were heard");
}

/// Two who want no call but a circle: each says that its media are at the exchange's own port for the other.
#[test]
fn media_that_are_said_to_be_at_the_exchange_itself_go_round_no_circle() {
    let world = World::new();
    let (john, mary) = talk(&world);
    let (johns_port, marys_port) = (john.sound.towards.unwrap(), mary.sound.towards.unwrap());
    let now = std::time::Instant::now();
    john.phone().move_media(now, marys_port);
    mary.phone().move_media(now, johns_port);
    world.wait_for("both answers", || {
        let answered = |wired: &Wired| wired.phone().statuses.iter().filter(|status| status.1 == 200).count();
        (answered(&john) >= 3 && answered(&mary) >= 2).then_some(())
    });
    std::thread::sleep(50 * MS);
    let stranger = UdpSocket::bind((STRANGER, 0)).unwrap();
    for sequence in 1..50 {
        stranger.send_to(&packet(INTRUDER, sequence, INTRUDER), johns_port).unwrap();
        stranger.send_to(&packet(INTRUDER, sequence, INTRUDER), marys_port).unwrap();
        std::thread::sleep(MS);
    }
    let before = world.engine.stats();
    std::thread::sleep(500 * MS);
    let after = world.engine.stats();
    assert!(after.sent_packets - before.sent_packets < 50, "{before:?} {after:?}");
}
