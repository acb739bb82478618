//! The messages of RFC 4475 over the wire: each is told what it deserves, and nobody else notices.

use std::{
    collections::{BTreeMap, HashMap},
    io::{Read as _, Write as _},
    net::{TcpStream, UdpSocket},
    time::Duration,
};

use tandem_sip::message::{Framed, Framer, Limits, Message, Response, parse};

use crate::{
    messages::{self, Torture, Verdict},
    wire::{STRANGER, Wired, a_few_words},
    world::World,
};

/// What the exchange says to what can be read; `None`: nothing.
fn deserves(name: &str, verdict: Verdict) -> Option<u16> {
    match (verdict, name) {
        (Verdict::Refused(status), _) => Some(status),
        // Responses to nothing.
        (Verdict::Dropped, _) | (_, "unreason" | "noreason" | "bcast") => None,
        (_, "lwsdisp" | "semiuri" | "transports" | "badbranch") => Some(200),
        // Methods that nobody knows.
        (_, "intmeth" | "esc02") => Some(501),
        // MESSAGE is known, and not served.
        (_, "mpart01") => Some(405),
        // Inside a dialog that there is not.
        (_, "wsinv") => Some(481),
        (_, "bext01") => Some(420),
        (_, "invut") => Some(415),
        (_, "zeromf") => Some(483),
        // Calls and registrations: from whom?
        (Verdict::Accepted, _) => Some(401),
    }
}

fn options(name: &str) -> String {
    format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {STRANGER}:9;rport;branch=z9hG4bK-{name}\r\nMax-Forwards: 70\r\n\
         From: <sip:ping@localhost>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: ping-{name}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

fn response(bytes: &[u8]) -> Response {
    match parse(bytes) {
        Ok(Message::Response(response)) => response,
        other => panic!("no response: {other:?}"),
    }
}

#[test]
fn each_torture_message_is_told_what_it_deserves_and_nobody_else_notices() {
    let world = World::new();
    let (mut john, mut mary) = (Wired::registered(&world, "744", 1), Wired::registered(&world, "702", 2));
    john.talk(&world, &mut mary, "702");
    for torture in messages::all() {
        let stranger = UdpSocket::bind((STRANGER, 0)).unwrap();
        stranger.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stranger.send_to(&torture.bytes, world.address).unwrap();
        let ping = options(torture.name);
        let mut told = None;
        // The ping is answered after the message, if that is answered at all.
        stranger.send_to(ping.as_bytes(), world.address).unwrap();
        let mut buffer = vec![0; 65_535];
        loop {
            let length = stranger.recv(&mut buffer).unwrap_or_else(|error| panic!("{}: {error}", torture.name));
            let response = response(&buffer[..length]);
            if response.headers.call_id().is_ok_and(|id| id.starts_with("ping-")) {
                assert_eq!(response.status, 200, "after {}", torture.name);
                break;
            }
            if response.status >= 200 {
                let before = told.replace(response.status);
                assert!(before.is_none_or(|before| before == response.status), "{}", torture.name);
            }
        }
        assert_eq!(told, deserves(torture.name, torture.verdict), "{}", torture.name);
        a_few_words(&world, &mut john.sound, &mut mary.sound);
    }
    let said = usize::from(john.sound.sequence - 1000);
    assert_eq!((mary.sound.of(1).len(), john.sound.of(2).len()), (said, said), "nothing of the call was lost");
    assert_eq!(world.handle.feed().call_count(), 1, "no message became a call");
}

/// A message without what comes after its body, which in a stream would begin the next message. With the one that hides
/// another such in its tail, that is the point.
fn whole(torture: &Torture) -> &[u8] {
    let bytes = torture.bytes.as_slice();
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let text = String::from_utf8_lossy(&bytes[..head]);
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        matches!(name.trim().to_ascii_lowercase().as_str(), "content-length" | "l").then(|| value.trim().parse().ok())?
    });
    match length {
        Some(length) if torture.name != "dblreq" => &bytes[..bytes.len().min(head + length)],
        Some(_) | None => bytes,
    }
}

#[test]
fn on_one_stream_the_same_is_said() {
    // Not those that a stream cannot end.
    let lost = ["clerr", "ncl", "mcl01", "inv2543"];
    let world = World::new();
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut expected = BTreeMap::new();
    for torture in messages::all().into_iter().filter(|torture| !lost.contains(&torture.name)) {
        stream.write_all(whole(&torture)).unwrap();
        if let Some(status) = deserves(torture.name, torture.verdict) {
            *expected.entry(status).or_insert(0) += 1;
        }
    }
    // The one that is hidden in another's tail: what is noise behind a datagram is a message in a stream.
    *expected.entry(401).or_insert(0) += 1;
    stream.write_all(options("last").as_bytes()).unwrap();
    let (mut framer, mut buffer, mut told) = (Framer::new(Limits::default()), [0; 4096], BTreeMap::new());
    let mut by_call = HashMap::new();
    'reading: loop {
        let length = stream.read(&mut buffer).unwrap();
        assert_ne!(length, 0, "the stream was closed");
        framer.push(&buffer[..length]);
        while let Some(framed) = framer.next() {
            let Ok(Framed::Message(Message::Response(response))) = framed else { panic!("{framed:?}") };
            let call_id = response.headers.call_id().unwrap_or_default().to_owned();
            if response.status < 200 {
                continue;
            }
            if call_id == "ping-last" {
                break 'reading;
            }
            *told.entry(response.status).or_insert(0) += 1;
            by_call.insert(call_id, response.status);
        }
    }
    assert_eq!(told, expected, "{by_call:#?}");
}
