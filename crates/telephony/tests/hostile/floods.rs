//! Too much of everything, from people who are not customers. What is kept for them is bounded, and who is a customer gets his
//! call through meanwhile.

use std::{
    collections::BTreeMap,
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, TcpStream, UdpSocket},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    wire::{STRANGER, Wired, memory},
    world::World,
};

const MS: Duration = Duration::from_millis(1);
const MEGABYTE: u64 = 1 << 20;

fn socket(from: impl Into<IpAddr>) -> UdpSocket {
    let socket = UdpSocket::bind((from.into(), 0)).unwrap();
    socket.set_read_timeout(Some(5 * MS)).unwrap();
    socket
}

fn invite(number: u32, headers: &str) -> String {
    invite_to("702", number, headers)
}

fn invite_to(to: &str, number: u32, headers: &str) -> String {
    let body = "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    format!(
        "INVITE sip:{to}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {STRANGER}:9;rport;branch=z9hG4bK-i{number}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:abc744@127.0.0.1>;tag=f{number}\r\nTo: <sip:{to}@127.0.0.1>\r\n\
         Call-ID: flood-{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.9:9>\r\n{headers}\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn register(user: &str, number: u32, nonce: Option<&str>) -> String {
    let credentials = nonce.map_or_else(String::new, |nonce| {
        format!(
            "Authorization: Digest username=\"{user}\", realm=\"tandem\", nonce=\"{nonce}\", uri=\"sip:127.0.0.1\", \
             response=\"{number:032x}\", algorithm=MD5, cnonce=\"c\", qop=auth, nc={number:08x}\r\n"
        )
    });
    format!(
        "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {STRANGER}:9;rport;branch=z9hG4bK-{user}{number}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@127.0.0.1>;tag=r{number}\r\nTo: <sip:{user}@127.0.0.1>\r\n\
         Call-ID: {user}-{number}\r\nCSeq: 1 REGISTER\r\nContact: <sip:{user}@127.0.0.9:9>\r\n{credentials}\
         Content-Length: 0\r\n\r\n"
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn status(text: &str) -> u16 {
    text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or_default()
}

/// Sends and waits for the final answer.
fn ask(socket: &UdpSocket, world: &World, message: &str) -> String {
    let mut buffer = [0; 4096];
    socket.send_to(message.as_bytes(), world.address).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        match socket.recv(&mut buffer) {
            Ok(length) if status(&text(&buffer[..length])) >= 200 => return text(&buffer[..length]),
            Ok(_) => {}
            Err(_) => assert!(Instant::now() < until, "no answer to {message}"),
        }
    }
}

/// `flood` is called again and again while phones of customers make `calls` calls.
fn calls_go_through_during(world: &World, calls: usize, flood: impl Fn(u32) + Sync) {
    let (john, _mary) = (Wired::registered(world, "744", 1), Wired::registered(world, "702", 2));
    let before = memory();
    let stop = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        let flooding = scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                flood(number);
                number += 1;
                // As much as comes through a line of some Mbit/s; what a line is full of, nobody behind it can help.
                if number % 4 == 0 {
                    thread::sleep(MS);
                }
            }
            number
        });
        for _ in 0..calls {
            john.call_goes_through(world, "702");
        }
        stop.store(true, Ordering::Relaxed);
        flooding.join().unwrap()
    });
    assert!(sent > 200, "it was a flood: {sent}");
    let more = memory().saturating_sub(before) / MEGABYTE;
    assert!(more < 300, "{more} MB more after {sent} messages");
    world.wait_for_xdrs(calls);
    world.wait_for("the end of all calls", || (world.handle.feed().call_count() == 0).then_some(()));
    world.wait_for("the return of all ports", || (world.engine.stats().legs == 0).then_some(()));
}

#[test]
fn random_bytes_and_torn_messages_keep_nobody_from_calling() {
    let world = World::new();
    let stranger = socket(STRANGER);
    let whole = invite(0, "");
    calls_go_through_during(&world, 10, |number| {
        let mut random = StdRng::seed_from_u64(number.into());
        let garbage: Vec<u8> = match number % 3 {
            0 => (0..random.random_range(0..1500)).map(|_| random.random()).collect(),
            1 => whole.as_bytes()[..random.random_range(0..whole.len())].to_vec(),
            _ => {
                let mut bytes = whole.clone().into_bytes();
                for _ in 0..3 {
                    let place = random.random_range(0..bytes.len());
                    bytes[place] = random.random();
                }
                bytes
            }
        };
        let _ = stranger.send_to(&garbage, world.address);
    });
}

#[test]
fn calls_without_credentials_keep_nobody_from_calling() {
    let world = World::new();
    let stranger = socket(STRANGER);
    calls_go_through_during(&world, 10, |number| drop(stranger.send_to(invite(number, "").as_bytes(), world.address)));
    assert_eq!(world.xdrs().len(), 10, "strangers leave no records");
}

#[test]
fn calls_for_help_without_credentials_keep_nobody_from_calling() {
    let world = World::new();
    let stranger = socket(STRANGER);
    let flood = |number| drop(stranger.send_to(invite_to("112", number, "").as_bytes(), world.address));
    calls_go_through_during(&world, 10, flood);
    assert_eq!(world.xdrs().len(), 10, "strangers leave no records");
    // They are asked who they are, each time anew: nothing is remembered of them.
    let told = ask(&socket(STRANGER), &world, &invite_to("112", 1_000_000, ""));
    assert_eq!(status(&told), 401);
}

#[test]
fn a_call_for_help_is_no_way_to_guess_passwords() {
    let world = World::new();
    let socket = socket(Ipv4Addr::new(127, 0, 0, 23));
    let challenge = ask(&socket, &world, &register("abc744", 0, None));
    let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let guess = |number: u32| {
        let credentials = format!(
            "Authorization: Digest username=\"abc744\", realm=\"tandem\", nonce=\"{nonce}\", uri=\"sip:127.0.0.1\", \
             response=\"{number:032x}\", algorithm=MD5, cnonce=\"c\", qop=auth, nc={number:08x}\r\n"
        );
        status(&ask(&socket, &world, &invite_to("112", number, &credentials)))
    };
    let told: Vec<u16> = (1..=40).map(guess).collect();
    let looked_at = told.iter().filter(|status| **status == 401).count();
    assert!((10..=14).contains(&looked_at), "{told:?}");
    assert!(told.iter().all(|status| matches!(status, 401 | 503)), "{told:?}");
}

#[test]
fn an_unknown_user_and_a_wrong_password_are_told_the_same_in_the_same_order() {
    let world = World::new();
    // An address each: who fails is not listened to for a while.
    let tries = |user: &str, from: Ipv4Addr| {
        let socket = socket(from);
        let challenge = ask(&socket, &world, &register(user, 0, None));
        let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let told = |number| ask(&socket, &world, &register(user, number, Some(&nonce)));
        (1..=30).map(told).collect::<Vec<_>>()
    };
    let known = tries("abc744", Ipv4Addr::new(127, 0, 0, 21));
    let unknown = tries("abc999", Ipv4Addr::new(127, 0, 0, 22));
    let statuses = |told: &[String]| told.iter().map(|text| status(text)).collect::<Vec<_>>();
    // On a slow machine one more is forgiven than on a fast one.
    let looked_at = |told: &[String]| statuses(told).iter().filter(|status| **status == 401).count();
    assert!((10..=13).contains(&looked_at(&known)) && (10..=13).contains(&looked_at(&unknown)));
    assert!(statuses(&known).iter().chain(&statuses(&unknown)).all(|status| matches!(status, 401 | 503)));
    assert_eq!(&statuses(&known)[..10], [401; 10]);
    assert!(known.last().unwrap().contains("Retry-After: "), "{:?}", known.last());
    // All that differs is what must: who, and what is random.
    let shape = |text: &String| {
        let names = text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned());
        names.collect::<Vec<_>>()
    };
    for (one, other) in known.iter().zip(&unknown).filter(|(one, other)| status(one) == status(other)) {
        assert_eq!(shape(one), shape(other));
    }
}

/// Guesses that do not wait for their answers.
fn guesses(world: &World, from: Ipv4Addr, user: &str, count: u32) -> BTreeMap<u16, u32> {
    let socket = socket(from);
    let challenge = ask(&socket, world, &register(user, 0, None));
    let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (mut told, mut buffer) = (BTreeMap::new(), [0; 4096]);
    let mut take = |told: &mut BTreeMap<u16, u32>| {
        while let Ok(length) = socket.recv(&mut buffer) {
            *told.entry(status(&text(&buffer[..length]))).or_insert(0) += 1;
        }
    };
    for number in 1..=count {
        socket.send_to(register(user, number, Some(&nonce)).as_bytes(), world.address).unwrap();
        if number % 100 == 0 {
            take(&mut told);
        }
    }
    socket.set_read_timeout(Some(500 * MS)).unwrap();
    take(&mut told);
    told
}

#[test]
fn ten_thousand_wrong_passwords_are_throttled_and_keep_nobody_from_calling() {
    let world = World::new();
    let (john, _mary) = (Wired::registered(&world, "744", 1), Wired::registered(&world, "702", 2));
    thread::scope(|scope| {
        let known = scope.spawn(|| guesses(&world, Ipv4Addr::new(127, 0, 0, 23), "abc702", 5_000));
        let unknown = scope.spawn(|| guesses(&world, Ipv4Addr::new(127, 0, 0, 24), "abc998", 5_000));
        let mut calls = 0;
        while !known.is_finished() || !unknown.is_finished() || calls < 3 {
            john.call_goes_through(&world, "702");
            calls += 1;
        }
        for told in [known.join().unwrap(), unknown.join().unwrap()] {
            let (looked_at, turned_away) = (told.get(&401).copied().unwrap_or(0), told.get(&503).copied().unwrap_or(0));
            assert!(turned_away > 500, "{told:?}");
            println!("of 5,000 guesses that did not wait {looked_at} were looked at");
        }
    });
    assert_eq!(world.handle.feed().registrations(None).len(), 2);
}

#[test]
fn who_does_not_wait_for_answers_gets_no_more_guesses() {
    let world = World::new();
    let told = guesses(&world, Ipv4Addr::new(127, 0, 0, 25), "abc702", 1_000);
    // As many as a phone may begin at once, and those that a guesser who waits has.
    assert!(told.get(&401).copied().unwrap_or(0) <= 80, "{told:?}");
}

#[test]
fn connections_that_say_nothing_and_one_that_never_ends_its_headers_keep_nobody_out() {
    let world = World::new();
    let before = memory();
    let silent: Vec<_> = (0..300)
        .map(|number| {
            let mut stream = TcpStream::connect(world.address).unwrap();
            if number % 2 == 0 {
                stream.write_all(b"INVITE sip:702@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;bra").unwrap();
            }
            stream
        })
        .collect();
    let mut endless = TcpStream::connect(world.address).unwrap();
    endless.set_read_timeout(Some(10 * MS)).unwrap();
    endless.write_all(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n").unwrap();
    let (mut written, mut buffer) = (0_usize, [0; 1024]);
    let closed = loop {
        if endless.write_all(&b"X-More: and more and more and more and more and more\r\n".repeat(100)).is_err() {
            break true;
        }
        written += 5_400;
        match endless.read(&mut buffer) {
            Ok(0) => break true,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break true,
        }
        if written > 8 << 20 {
            break false;
        }
    };
    assert!(closed, "{written} octets of headers were taken");
    let (john, _mary) = (Wired::registered(&world, "744", 1), Wired::registered(&world, "702", 2));
    john.call_goes_through(&world, "702");
    let mut ping = TcpStream::connect(world.address).unwrap();
    ping.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let message = register("abc744", 1, None).replace("/UDP", "/TCP");
    ping.write_all(message.as_bytes()).unwrap();
    let length = ping.read(&mut buffer).unwrap();
    assert_eq!(status(&text(&buffer[..length])), 401, "who connects is heard");
    let more = memory().saturating_sub(before) / MEGABYTE;
    assert!(more < 100, "{more} MB more");
    drop(silent);
}
