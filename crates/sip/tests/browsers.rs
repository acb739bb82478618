//! What browsers say in their session descriptions: Chromium's, Firefox's, and any bytes at all.

use proptest::prelude::*;
use tandem_sip::sdp::{
    Direction, Fingerprint, Ice, Session, Setup, Ssrc,
    webrtc::{PROFILE, host_candidate},
};

const CHROMIUM: &str = include_str!("browsers/chromium.sdp");
const FIREFOX: &str = include_str!("browsers/firefox.sdp");

fn session(text: &str) -> Session {
    Session::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn chromium_is_understood() {
    let session = session(CHROMIUM);
    let audio = &session.media[0];
    assert!(audio.is_webrtc() && audio.has_rtcp_mux() && audio.has_reduced_rtcp() && !audio.ends_candidates());
    let ice = Ice { ufrag: "4ZcD".into(), pwd: "2/1muCWoOi3uLifh0NuRHlig".into() };
    assert_eq!(session.ice(audio), Some(ice));
    assert!(session.has_ice_option(audio, "trickle") && !session.is_ice_lite());
    let fingerprint = session.fingerprint(audio).expect("a fingerprint");
    assert!(fingerprint.to_string().starts_with("sha-256 7B:8B:F0:65:"));
    assert_eq!(session.setup(audio), Some(Setup::ActPass));
    assert_eq!((audio.mid(), session.bundle()), (Some("0"), Some(vec!["0", "1"])));
    assert_eq!(audio.ssrcs(), [Ssrc { number: 3_570_614_608, cname: Some("4TOk42mSjXCkVIa6".into()) }]);
    assert_eq!(audio.candidates().count(), 4);
    assert!(audio.candidates().next().expect("a candidate").starts_with("2889154014 1 udp 2122262783 fd00:1::7"));
    assert_eq!(audio.msid().map(|(stream, _)| stream), Some("5a1f6f0e-7a27-4b1f-9f0b-5a3c6f8a4c11"));
    let codecs: Vec<_> = audio.codecs().into_iter().map(|codec| (codec.name, codec.clock_rate)).collect();
    assert_eq!(codecs[0], ("opus".to_owned(), 48_000));
    assert_eq!(codecs.len(), 8);
    assert_eq!(session.direction(audio), Direction::SendRecv);
}

#[test]
fn firefox_says_its_certificate_once_for_all_media() {
    let session = session(FIREFOX);
    let audio = &session.media[0];
    assert!(session.fingerprint(audio).expect("a fingerprint").octets.starts_with("E8:53:84:1F"));
    assert_eq!(session.ice(audio).expect("an agent").ufrag, "8c6bd0a1");
    assert!(session.has_ice_option(audio, "trickle") && audio.ends_candidates());
    // The address that is none does not mean hold: ICE finds another.
    assert_eq!(session.direction(audio), Direction::SendRecv);
    assert_eq!(audio.ssrcs()[0].number, 1_482_091_213);
}

#[test]
fn what_is_no_agent_and_no_fingerprint_is_none() {
    let without = |from: &str, to: &str| session(&CHROMIUM.replace(from, to));
    let ice = |session: &Session| session.ice(&session.media[0]);
    assert_eq!(ice(&without("a=ice-ufrag:4ZcD", "a=ice-ufrag:4Zc")), None);
    assert_eq!(ice(&without("a=ice-ufrag:4ZcD", "a=ice-ufrag:4Z D")), None);
    assert_eq!(ice(&without("a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig", "a=ice-pwd:short")), None);
    assert_eq!(ice(&without("a=ice-ufrag:4ZcD", &format!("a=ice-ufrag:{}", "x".repeat(257)))), None);
    for bad in ["sha-256 7B:8B", "sha-1 7B", "sha-256", "sha-256 XY", "", "sha-256 7B8B"] {
        let start = CHROMIUM.find("a=fingerprint:").expect("one");
        let end = start + CHROMIUM[start..].find('\n').expect("its end");
        let whole = &CHROMIUM[start..end];
        let session = session(&CHROMIUM.replace(whole, &format!("a=fingerprint:{bad}")));
        assert_eq!(session.fingerprint(&session.media[0]), None, "{bad}");
    }
    assert!(Fingerprint::parse("SHA-1 7b:8b").is_some_and(|read| read.to_string() == "sha-1 7B:8B"));
    let mid = without("a=mid:0", &format!("a=mid:{}", "0".repeat(33)));
    assert_eq!(mid.media[0].mid(), None);
    assert!(Setup::ALL.into_iter().all(|setup| Setup::from_name(setup.as_str()) == Some(setup)));
}

#[test]
fn media_that_are_refused_keep_their_name() {
    let video = session(CHROMIUM).media[1].refused();
    assert_eq!(video.to_string(), "m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\n");
    assert_eq!(video.protocol, PROFILE);
}

#[test]
fn our_candidates_are_those_of_udp_sockets_the_first_preferred() {
    let first = host_candidate("192.0.2.1:40000".parse().expect("an address"), 0);
    assert_eq!(first, "1 1 udp 2130706431 192.0.2.1 40000 typ host");
    let second = host_candidate("[2001:db8::1]:40000".parse().expect("an address"), 1);
    assert_eq!(second, "2 1 udp 2130706175 2001:db8::1 40000 typ host");
}

#[test]
fn not_more_is_looked_at_than_any_browser_says() {
    let many = "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n".repeat(100);
    let ssrcs: String = (0..100).map(|number| format!("a=ssrc:{number} cname:x\n")).collect();
    let session = session(&CHROMIUM.replace("a=mid:0\n", &format!("a=mid:0\n{many}{ssrcs}")));
    assert_eq!((session.media[0].candidates().count(), session.media[0].ssrcs().len()), (32, 16));
}

fn ask_everything(session: &Session) {
    let _ = (session.bundle(), session.is_ice_lite());
    for media in &session.media {
        let _ = (session.ice(media), session.fingerprint(media), session.setup(media), media.mid(), media.msid());
        let _ = (media.ssrcs(), media.candidates().count(), session.has_ice_option(media, "ice2"), media.refused());
    }
}

proptest! {
    #[test]
    fn damaged_descriptions_are_judged(
        firefox: bool,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = if firefox { FIREFOX } else { CHROMIUM }.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(session) = Session::parse(&bytes) {
            ask_everything(&session);
        }
    }

    #[test]
    fn any_values_are_judged(value in "\\PC{0,80}") {
        let _ = Fingerprint::parse(&value);
        let names = ["ssrc", "mid", "fingerprint", "setup", "candidate", "ice-ufrag", "ice-pwd", "msid", "group"];
        let lines: String = names.iter().map(|name| format!("a={name}:{value}\n")).collect();
        if let Ok(session) = Session::parse(format!("v=0\no=- 1 1 IN IP4 0.0.0.0\n{lines}m=audio 9 {PROFILE} 0\n{lines}").as_bytes()) {
            ask_everything(&session);
        }
    }
}
