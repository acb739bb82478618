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

/// Twenty packets each way, with `between` after each; all of them arrive, once, and nobody else is heard.
fn undisturbed(world: &World, john: &mut Wired, mary: &mut Wired, mut between: impl FnMut(&mut Wired, &mut Wired)) {
    for _ in 0..20 {
        between(john, mary);
        a_few_words(world, &mut john.sound, &mut mary.sound);
        between(john, mary);
    }
    std::thread::sleep(50 * MS);
    john.sound.listen();
    mary.sound.listen();
    for (listener, speaker) in [(&john.sound, &mary.sound), (&mary.sound, &john.sound)] {
        assert!(listener.of(INTRUDER).is_empty(), "the intruder was heard");
        let said: Vec<_> = (1001..=speaker.sequence).collect();
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
    assert_eq!(ignored, 40 * 2 * 2 * 3, "each packet is counted");
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
    john.talk(&world, &mut mary, "702");
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
