//! The messages of RFC 4475 over the wire: each is told what it deserves, and nobody else notices.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{TcpStream, UdpSocket},
    time::Duration,
};

use crate::{
    messages::{self, Torture, Verdict},
    wire::{STRANGER, Sound, Wired, a_few_words},
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
        (_, "zeromf") => Some(483),
        // Calls and registrations: from whom? Even of a body that nobody knows (`invut`) the sender learns after that.
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

/// A response's status and Call-ID. Read without a parser: what was malformed in a request comes back.
fn told(text: &str) -> (u16, String) {
    let status = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let call_id = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("Call-ID").then(|| value.trim().to_owned())
    });
    (status.unwrap_or_else(|| panic!("no response: {text}")), call_id.unwrap_or_default())
}

/// Sends a message from nowhere in particular; gives the final status that it is told, when the exchange has answered what came
/// after it.
fn ask(world: &World, name: &str, message: &[u8]) -> Option<u16> {
    let stranger = UdpSocket::bind((STRANGER, 0)).unwrap();
    stranger.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stranger.send_to(message, world.address).unwrap();
    // The ping is answered after the message, if that is answered at all.
    stranger.send_to(options(name).as_bytes(), world.address).unwrap();
    let (mut got, mut buffer) = (None, vec![0; 65_535]);
    loop {
        let length = stranger.recv(&mut buffer).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (status, call_id) = told(&String::from_utf8_lossy(&buffer[..length]));
        if call_id.starts_with("ping-") {
            assert_eq!(status, 200, "after {name}");
            return got;
        }
        if status >= 200 {
            let before = got.replace(status);
            assert!(before.is_none_or(|before| before == status), "{name} is told {before:?} and {status}");
        }
    }
}

/// All but one, which has a story of its own. Some have the branch and the host of another, as if that came again.
fn all() -> impl Iterator<Item = Torture> {
    messages::all().into_iter().filter(|torture| torture.name != "regaut01").map(|torture| {
        let (from, to) = (&b"branch=z9hG4bKkdjuw\r\n"[..], format!("branch=z9hG4bKkdjuw{}\r\n", torture.name));
        let mut bytes = torture.bytes.clone();
        if let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
            bytes.splice(at..at + from.len(), to.into_bytes());
        }
        Torture { bytes, ..torture }
    })
}

#[test]
fn credentials_of_an_unknown_scheme_are_none() {
    let world = World::new();
    let torture = messages::all().into_iter().find(|torture| torture.name == "regaut01").unwrap();
    assert_eq!(ask(&world, torture.name, &torture.bytes), Some(401));
}

#[test]
fn each_torture_message_is_told_what_it_deserves_and_nobody_else_notices() {
    let world = World::new();
    let (mut john, mut mary) = (Wired::registered(&world, "744", 1), Wired::registered(&world, "702", 2));
    john.talk(&world, &mut mary, "702");
    for torture in all() {
        let told = ask(&world, torture.name, &torture.bytes);
        assert_eq!(told, deserves(torture.name, torture.verdict), "{}", torture.name);
        a_few_words(&world, &mut john.sound, &mut mary.sound);
    }
    let said = |sound: &Sound| usize::from(sound.sequence - sound.began);
    let heard = (mary.sound.of(1).len(), john.sound.of(2).len());
    assert_eq!(heard, (said(&john.sound), said(&mary.sound)), "something of the call was lost");
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
        matches!(name.trim().to_ascii_lowercase().as_str(), "content-length" | "l")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    match length {
        Some(_) if torture.name == "dblreq" => {
            let body = bytes.windows(3).position(|window| window == b"v=0").unwrap();
            &bytes[..body + 150]
        }
        Some(length) => &bytes[..bytes.len().min(head + length)],
        None => bytes,
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
    for torture in all().filter(|torture| !lost.contains(&torture.name)) {
        stream.write_all(whole(&torture)).unwrap();
        if let Some(status) = deserves(torture.name, torture.verdict) {
            *expected.entry(status).or_insert(0) += 1;
        }
    }
    // The one that is hidden in another's tail: what is noise behind a datagram is a message in a stream.
    *expected.entry(401).or_insert(0) += 1;
    stream.write_all(options("last").as_bytes()).unwrap();
    let (mut answers, mut buffer) = (Vec::new(), [0; 4096]);
    while !answers.windows(9).any(|window| window == b"ping-last") {
        let length = stream.read(&mut buffer).unwrap();
        assert_ne!(length, 0, "the stream was closed after {}", String::from_utf8_lossy(&answers));
        answers.extend(&buffer[..length]);
    }
    let text = String::from_utf8_lossy(&answers).into_owned();
    let answers: Vec<_> = text
        .split("\r\nSIP/2.0 ")
        .map(|rest| told(&format!("SIP/2.0 {}", rest.trim_start_matches("SIP/2.0 "))))
        .collect();
    let mut got = BTreeMap::new();
    for (status, call_id) in &answers {
        if *status >= 200 && call_id != "ping-last" {
            *got.entry(*status).or_insert(0) += 1;
        }
    }
    assert_eq!(got, expected, "{answers:#?}");
}
