//! A short run of what the fuzzer does for hours: every reader of bytes, with what it knows, torn, doubled and mixed.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{messages, parsers};

/// What to begin with.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = messages::all().into_iter().map(|torture| torture.bytes).collect();
    let texts = [
        "Digest username=\"abc744\", realm=\"tandem\", nonce=\"0a\", uri=\"sip:a@b\", response=\"00\", algorithm=MD5, \
         cnonce=\"c\", qop=auth, nc=00000001, opaque=\"\\\"\"",
        "Digest realm=\"a\\\\b\", nonce=\"x\", qop=\"auth,auth-int\", algorithm=SHA-256, stale=true",
        "\"Mr. \\\"J\\\"\" <sips:j%40x:p@[2001:db8::1]:5061;lr;transport=tcp?Subject=a&Replaces=b%3Bto-tag%3Dc>;tag=d;q=0.5",
        "SIP / 2.0 / UDP [::1] : 5060 ;branch=z9hG4bKa;rport;received=192.0.2.1",
        "4711 INVITE",
        "776656 1 INVITE",
        "a@b;to-tag=1;from-tag=2;early-only",
        "1800;refresher=uac",
        "Q.850;cause=16;text=\"Terminated\"",
        "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP4 192.0.2.1/127\r\nt=0 0\r\na=sendonly\r\nm=audio 4000/2 RTP/AVP 0 8 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtcp:53020\r\na=ptime:20\r\nm=image 0 udptl t38\r\n",
        "\u{80}\u{0}\u{1}\u{2}\u{0}\u{0}\u{0}\u{3}\u{0}\u{0}\u{0}\u{4}hello",
    ];
    seeds.extend(texts.iter().map(|text| text.as_bytes().to_vec()));
    seeds.push(vec![0x90, 0x00, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 5, 6]);
    seeds.push(
        [&[0x81, 200, 0, 12][..], &[7; 48], &[0x81, 202, 0, 2, 0, 0, 0, 9, 1, 2, 65, 66, 0x81, 203, 0, 1, 0, 0, 0, 9]]
            .concat(),
    );
    seeds.push([&[0x82, 201, 0, 13][..], &[3; 52]].concat());
    for browser in ["chromium", "firefox"] {
        let file = format!("{}/../sip/tests/browsers/{browser}.sdp", env!("CARGO_MANIFEST_DIR"));
        seeds.push(std::fs::read(file).expect("a browser's description"));
    }
    let announcement = include_bytes!("../../../media/voice/prompts/call_not_allowed.wav");
    seeds.push(announcement[..600].to_vec());
    seeds.push(vec![5, 0x0a, 0, 160, 0, 5, 0x8a, 1, 64, 0, 11, 0x8a, 1, 64, 1]);
    seeds
}

/// Letters that mean something to the one or the other.
const WORDS: [&str; 24] = [
    "\r\n",
    "\n",
    "\r\n\r\n",
    "\r\n ",
    "\0",
    "%",
    "%00",
    "%zz",
    "<",
    ">",
    "\"",
    "\\",
    ";",
    ",",
    "=",
    ":",
    "@",
    "[",
    "]",
    "?",
    "Content-Length: 4294967296\r\n",
    "SIP/2.0",
    "\u{fffd}",
    "99999999999999999999",
];

fn mutated(random: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[random.random_range(0..seeds.len())].clone();
    for _ in 0..random.random_range(1..6) {
        let place = random.random_range(0..=bytes.len());
        let end = random.random_range(place..=bytes.len().min(place + 64));
        match random.random_range(0..6) {
            0 => drop(bytes.drain(place..end)),
            1 => drop(bytes.splice(place..place, WORDS[random.random_range(0..WORDS.len())].bytes())),
            2 => bytes.iter_mut().skip(place).take(2).for_each(|byte| *byte = random.random()),
            3 => {
                let again = bytes[place..end].to_vec();
                drop(bytes.splice(place..place, again));
            }
            4 => {
                let other = &seeds[random.random_range(0..seeds.len())];
                let from = random.random_range(0..=other.len());
                bytes.truncate(place);
                bytes.extend(&other[from..]);
            }
            _ => bytes.truncate(place.max(1)),
        }
    }
    bytes
}

#[test]
fn nothing_that_is_read_makes_a_reader_panic_or_contradict_itself() {
    let seeds = seeds();
    let mut random = StdRng::seed_from_u64(4475);
    for seed in &seeds {
        parsers::ALL.iter().for_each(|(_, read)| read(seed));
    }
    for _ in 0..15_000 {
        let bytes = mutated(&mut random, &seeds);
        for (name, read) in parsers::ALL {
            let result = std::panic::catch_unwind(|| read(&bytes));
            assert!(result.is_ok(), "{name} panicked at {:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
