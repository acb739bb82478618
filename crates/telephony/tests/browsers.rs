//! Offer and answer with browsers (RFC 8829), on a leg of theirs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

use proptest::prelude::*;
use tandem_media::{Codec, Direction, Local};
use tandem_sip::sdp::{Session, Setup};
use tandem_telephony::leg::negotiation::Negotiation;

/// JsSIP and SIP.js send what their browser made as it is.
const CHROMIUM: &str = include_str!("../../sip/tests/browsers/chromium.sdp");
const FIREFOX: &str = include_str!("../../sip/tests/browsers/firefox.sdp");
/// What a desk phone offers.
const PHONE: &str =
    "v=0\r\no=- 1 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nm=audio 49170 RTP/AVP 8 0\r\n";

fn local() -> Local {
    Local {
        address: "192.0.2.1:40000".parse().unwrap(),
        candidates: vec!["[2001:db8::1]:40000".parse().unwrap(), "192.0.2.1:40000".parse().unwrap()],
        ufrag: "tandem00".into(),
        pwd: "0123456789abcdef01234567".into(),
        fingerprint: format!("sha-256 {}", vec!["AB"; 32].join(":")),
        ssrc: 4242,
        lite: true,
    }
}

fn browser() -> Negotiation {
    Negotiation::browser(local(), 7)
}

fn read(text: &str) -> Session {
    Session::parse(text.as_bytes()).unwrap()
}

fn codecs(text: &str) -> Vec<String> {
    let session = read(text);
    let (_, audio) = session.audio().unwrap();
    audio.codecs().into_iter().map(|codec| format!("{} {}", codec.payload_type, codec.name)).collect()
}

#[test]
fn a_browsers_offer_is_answered_with_what_the_other_phone_has() {
    let mut leg = browser();
    leg.receive_offer(CHROMIUM.as_bytes()).unwrap();
    assert_eq!(leg.codecs(), [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma]);
    let answer = leg.answer(&[Codec::Pcma]);
    assert_eq!(codecs(&answer), ["8 PCMA", "126 telephone-event"]);
    let session = read(&answer);
    let audio = &session.media[0];
    assert_eq!(audio.protocol, "UDP/TLS/RTP/SAVPF");
    assert_eq!((audio.mid(), session.bundle()), (Some("0"), Some(vec!["0"])));
    assert!(audio.has_rtcp_mux() && audio.has_reduced_rtcp() && audio.ends_candidates() && session.is_ice_lite());
    assert_eq!(session.ice(audio).unwrap().ufrag, "tandem00");
    assert_eq!(session.fingerprint(audio).unwrap().to_string(), local().fingerprint);
    assert_eq!(session.setup(audio), Some(Setup::Passive));
    let candidates: Vec<_> = audio.candidates().collect();
    assert_eq!(candidates.len(), 2, "each once");
    assert_eq!(candidates[0], "1 1 udp 2130706431 192.0.2.1 40000 typ host");
    assert_eq!((audio.ssrcs()[0].number, audio.port), (4242, 40_000));
    // Video is declined in its place, under its name.
    assert_eq!((session.media[1].port, session.media[1].mid()), (0, Some("1")));

    let description = leg.description().unwrap();
    assert_eq!((description.codecs, description.telephone_event), (vec![(Codec::Pcma, 8)], Some(126)));
    assert_eq!((description.direction, description.rtcp_mux, description.rtcp), (Direction::BOTH, true, None));
    let said = description.browser.unwrap();
    assert_eq!((said.ufrag.as_str(), said.pwd.as_str()), ("4ZcD", "2/1muCWoOi3uLifh0NuRHlig"));
    assert!(said.active && said.fingerprint.starts_with("sha-256 7B:8B"));
    assert_eq!((said.ssrc, said.mid.as_str()), (Some(3_570_614_608), "0"));
    assert_eq!(said.candidates.len(), 3, "those of UDP");
}

#[test]
fn opus_is_taken_when_nobody_else_has_a_wish() {
    let mut leg = browser();
    leg.receive_offer(FIREFOX.as_bytes()).unwrap();
    let answer = leg.answer(&[]);
    assert_eq!(codecs(&answer), ["109 opus", "101 telephone-event"]);
    assert!(answer.contains("a=rtpmap:109 opus/48000/2\r\n"));
    assert_eq!(leg.description().unwrap().browser.unwrap().candidates.len(), 1, "one component");
}

#[test]
fn a_browser_is_offered_what_the_caller_has_and_answers() {
    let mut leg = browser();
    let offer = leg.offer(&[Codec::G722, Codec::Pcmu]);
    assert_eq!(codecs(&offer), ["9 G722", "0 PCMU", "101 telephone-event"]);
    let session = read(&offer);
    let audio = &session.media[0];
    assert_eq!(
        (audio.mid(), session.bundle(), session.setup(audio)),
        (Some("0"), Some(vec!["0"]), Some(Setup::ActPass))
    );
    let answer = FIREFOX.replace("setup:actpass", "setup:active").replace("109 9 0 8 101", "0 101");
    leg.receive_answer(answer.as_bytes()).unwrap();
    assert!(leg.is_agreed());
    let said = leg.description().unwrap();
    assert_eq!((said.codecs, said.telephone_event), (vec![(Codec::Pcmu, 0)], Some(101)));
    assert!(said.browser.unwrap().active);
}

#[test]
fn without_a_wish_a_browser_is_offered_all() {
    let offer = browser().offer(&[]);
    assert_eq!(codecs(&offer), ["111 opus", "9 G722", "8 PCMA", "0 PCMU", "101 telephone-event"]);
    assert!(offer.contains("a=fmtp:111 minptime=10;useinbandfec=1\r\n"));
    // Between two browsers Opus goes as it is.
    assert_eq!(codecs(&browser().offer(&[Codec::Opus]))[0], "111 opus");
    // A plain phone is not offered what it would hardly have.
    let mut phone = Negotiation::new("192.0.2.1:20000".parse().unwrap(), 1);
    assert_eq!(codecs(&phone.offer(&[Codec::Opus, Codec::Pcmu])), ["0 PCMU", "101 telephone-event"]);
    let mut phone = Negotiation::new("192.0.2.1:20000".parse().unwrap(), 1);
    assert_eq!(codecs(&phone.offer(&[Codec::Opus])).len(), 4);
}

#[test]
fn who_answers_passive_is_begun_with_by_us() {
    let mut leg = browser();
    leg.offer(&[]);
    leg.receive_answer(CHROMIUM.replace("setup:actpass", "setup:passive").as_bytes()).unwrap();
    assert!(!leg.description().unwrap().browser.unwrap().active);
    let mut leg = browser();
    leg.receive_offer(CHROMIUM.replace("setup:actpass", "setup:passive").as_bytes()).unwrap();
    let answer = read(&leg.answer(&[]));
    assert_eq!(answer.setup(&answer.media[0]), Some(Setup::Active));
    // With the same certificate roles stay (RFC 8842 §5.3); another one begins anew.
    leg.receive_offer(CHROMIUM.as_bytes()).unwrap();
    assert!(!leg.description().unwrap().browser.unwrap().active);
    leg.receive_offer(CHROMIUM.replace("7B:8B", "7B:8C").as_bytes()).unwrap();
    assert!(leg.description().unwrap().browser.unwrap().active);
}

#[test]
fn a_change_of_network_is_seen_and_answered_by_another_agent() {
    let mut leg = browser();
    assert!(!leg.restarts_ice(CHROMIUM.as_bytes()), "it has not begun yet");
    leg.receive_offer(CHROMIUM.as_bytes()).unwrap();
    let first = leg.answer(&[Codec::Pcmu]);
    assert!(!leg.restarts_ice(CHROMIUM.as_bytes()) && !leg.restarts_ice(b"nonsense"));
    let elsewhere = CHROMIUM.replace("4ZcD", "9xYz");
    assert!(leg.restarts_ice(elsewhere.as_bytes()));
    leg.renew(Local { ufrag: "tandem01".into(), ..local() });
    leg.receive_offer(elsewhere.as_bytes()).unwrap();
    let answer = leg.answer(&[Codec::Pcmu]);
    assert_ne!(answer, first);
    assert!(answer.contains("a=ice-ufrag:tandem01\r\n") && answer.contains("o=- 7 2 "));
    assert_eq!(leg.description().unwrap().browser.unwrap().ufrag, "9xYz");
}

#[test]
fn a_browser_holds_and_takes_back() {
    let mut leg = browser();
    leg.receive_offer(CHROMIUM.as_bytes()).unwrap();
    leg.answer(&[Codec::Pcmu]);
    assert!(!leg.is_held());
    leg.receive_offer(CHROMIUM.replace("a=sendrecv", "a=sendonly").as_bytes()).unwrap();
    assert!(leg.is_held() && leg.answer(&[Codec::Pcmu]).contains("a=recvonly\r\n"));
    leg.receive_offer(CHROMIUM.as_bytes()).unwrap();
    assert!(!leg.is_held() && leg.answer(&[Codec::Pcmu]).contains("a=sendrecv\r\n"));
    assert_eq!(leg.codecs(), [Codec::Pcmu]);
}

#[test]
fn our_offer_again_changes_nothing() {
    let mut leg = browser();
    leg.receive_offer(CHROMIUM.as_bytes()).unwrap();
    let answer = leg.answer(&[Codec::Pcmu]);
    assert_eq!(leg.offer_again(), answer);
    leg.receive_answer(CHROMIUM.replace("setup:actpass", "setup:active").as_bytes()).unwrap();
    assert_eq!(leg.codecs(), [Codec::Pcmu]);
}

#[test]
fn names_that_were_not_offered_are_not_answered() {
    let mut leg = browser();
    let nameless = FIREFOX.replace("a=mid:0\n", "").replace("a=group:BUNDLE 0\n", "");
    leg.receive_offer(nameless.as_bytes()).unwrap();
    let answer = leg.answer(&[]);
    assert!(!answer.contains("a=mid") && !answer.contains("a=group") && !answer.contains("rtcp-rsize"));
}

#[test]
fn what_is_not_of_the_legs_kind_is_refused_and_changes_nothing() {
    let mut phone = Negotiation::new("192.0.2.1:20000".parse().unwrap(), 1);
    assert_eq!(phone.receive_offer(CHROMIUM.as_bytes()).unwrap_err().status(), 488);
    let mut leg = browser();
    leg.receive_offer(CHROMIUM.as_bytes()).unwrap();
    let before = leg.description();
    for bad in [
        PHONE.to_owned(),
        CHROMIUM.replace("a=rtcp-mux\n", ""),
        CHROMIUM.replace("a=ice-pwd:", "a=x:"),
        CHROMIUM.replace("a=fingerprint:", "a=x:"),
        CHROMIUM.replace("setup:actpass", "setup:holdconn"),
        CHROMIUM.replace("111 63 9 0 8 13 110 126", "63 110"),
    ] {
        assert_eq!(leg.receive_offer(bad.as_bytes()).unwrap_err().status(), 488, "{bad}");
        assert_eq!(leg.description(), before);
    }
    assert_eq!(leg.receive_offer(b"hello").unwrap_err().status(), 400);
}

proptest! {
    #[test]
    fn damaged_offers_are_answered_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = CHROMIUM.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut leg = browser();
        let _ = leg.restarts_ice(&bytes);
        if leg.receive_offer(&bytes).is_ok() {
            let answer = leg.answer(&[Codec::Pcmu]);
            prop_assert!(Session::parse(answer.as_bytes()).is_ok());
            prop_assert!(leg.description().is_some_and(|description| description.browser.is_some()));
        }
        let mut leg = browser();
        leg.offer(&[]);
        let _ = leg.receive_answer(&bytes);
    }
}
