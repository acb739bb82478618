//! Session descriptions: those of phones, of browsers, and any bytes at all.

use std::net::IpAddr;

use proptest::prelude::*;
use tandem_sip::sdp::{Attribute, Codec, Direction, Kind, Media, Origin, SdpError, Session};

/// What a desk phone offers.
const PHONE: &str = "v=0\r\n\
    o=- 20518 0 IN IP4 203.0.113.1\r\n\
    s=-\r\n\
    c=IN IP4 203.0.113.1\r\n\
    t=0 0\r\n\
    m=audio 49170 RTP/AVP 9 8 0 18 101\r\n\
    a=rtpmap:9 G722/8000\r\n\
    a=rtpmap:18 G729/8000\r\n\
    a=fmtp:18 annexb=no\r\n\
    a=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-16\r\n\
    a=ptime:20\r\n\
    a=sendrecv\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\n";

fn session(text: &str) -> Session {
    Session::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn error(text: &str) -> SdpError {
    Session::parse(text.as_bytes()).expect_err("refused")
}

fn direction(text: &str) -> Direction {
    let session = session(text);
    session.direction(&session.media[0])
}

#[test]
fn a_phone_offers_its_codecs() {
    let session = session(PHONE);
    let (index, audio) = session.audio().unwrap();
    assert_eq!((index, audio.port, audio.protocol.as_str()), (0, 49170, "RTP/AVP"));
    assert_eq!(session.address(audio), Some("203.0.113.1".parse().unwrap()));
    assert_eq!(
        audio.codecs(),
        [
            Codec::new(9, "G722", 8000),
            Codec::new(8, "PCMA", 8000),
            Codec::new(0, "PCMU", 8000),
            Codec::new(18, "G729", 8000).with_fmtp("annexb=no"),
            Codec::new(101, "telephone-event", 8000).with_fmtp("0-16"),
        ]
    );
    assert_eq!((audio.ptime(), audio.rtcp_port()), (Some(20), None));
    assert!(audio.attributes_of("crypto").next().unwrap().starts_with("1 AES_CM_128_HMAC_SHA1_80 inline:"));
    assert_eq!(session.to_string(), PHONE);
}

#[test]
fn a_browser_offers_opus() {
    let session = session(
        "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
         a=fingerprint:sha-256 AB:CD\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63 0 110 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
         a=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n\
         a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n",
    );
    let audio = &session.media[0];
    let codecs = audio.codecs();
    assert_eq!((codecs[0].name.as_str(), codecs[0].channels, codecs[0].clock_rate), ("opus", 2, 48000));
    assert_eq!(codecs.len(), 5);
    assert_eq!((audio.rtcp_port(), audio.attribute("mid")), (Some(9), Some("0")));
    assert!(audio.has("rtcp-mux"));
    assert_eq!(session.attribute("fingerprint"), Some("sha-256 AB:CD"));
}

#[test]
fn direction_is_that_of_the_media_or_of_the_session_or_both() {
    assert_eq!(direction(PHONE), Direction::SendRecv);
    assert_eq!(direction(&PHONE.replace("a=sendrecv\r\n", "")), Direction::SendRecv);
    assert_eq!(direction(&PHONE.replace("sendrecv", "sendonly")), Direction::SendOnly);
    let of_session = PHONE.replace("a=sendrecv\r\n", "").replace("t=0 0", "t=0 0\r\na=inactive");
    assert_eq!(direction(&of_session), Direction::Inactive);
    assert_eq!(direction(&PHONE.replace("t=0 0", "t=0 0\r\na=inactive")), Direction::SendRecv);
}

#[test]
fn the_hold_of_rfc_2543_receives_nothing() {
    let hold = PHONE.replace("c=IN IP4 203.0.113.1", "c=IN IP4 0.0.0.0");
    assert_eq!(direction(&hold), Direction::SendOnly);
    assert_eq!(direction(&hold.replace("sendrecv", "recvonly")), Direction::Inactive);
    // The address of the media counts before the session's.
    assert_eq!(direction(&hold.replace("a=ptime", "c=IN IP4 203.0.113.1\r\na=ptime")), Direction::SendRecv);
}

#[test]
fn directions_are_answered() {
    assert_eq!(Direction::SendOnly.reversed(), Direction::RecvOnly);
    assert_eq!(Direction::SendRecv.and(Direction::SendOnly), Direction::SendOnly);
    assert_eq!(Direction::RecvOnly.and(Direction::SendOnly), Direction::Inactive);
    let mut media = session(PHONE).media.remove(0);
    media.set_direction(Direction::RecvOnly);
    assert!(!media.has("sendrecv") && media.has("recvonly"));
}

#[test]
fn an_answer_is_made() {
    let offer = session(PHONE);
    let mut answer = Session::new("2001:db8::1".parse().unwrap(), 7, 1);
    let mut audio = Media::audio(20_000);
    audio.push_codec(&Codec::new(8, "PCMA", 8000));
    audio.push_codec(&Codec::new(101, "telephone-event", 8000).with_fmtp("0-15"));
    audio.set_direction(Direction::SendRecv);
    answer.media.push(audio);
    answer.media.push(Media { kind: Kind::Video, ..offer.media[0].clone() }.refused());
    assert_eq!(
        answer.to_string(),
        "v=0\r\no=- 7 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n\
         m=video 0 RTP/AVP 9 8 0 18 101\r\n"
    );
    assert_eq!(session(&answer.to_string()), answer);
}

#[test]
fn sloppy_phones_are_understood() {
    let expected = session(PHONE);
    assert_eq!(session(&PHONE.replace("\r\n", "\n")), expected);
    assert_eq!(session(&PHONE.replace("s=-\r\n", "")), expected);
    assert_eq!(session(&PHONE.replace("s=-\r\n", "s=\r\n")), expected);
    assert_eq!(session(&PHONE.replace("t=0 0\r\n", "t=0 0\r\nb=AS:64\r\nk=prompt\r\nX=1\r\n\r\n")), expected);
    assert_eq!(
        session(&PHONE.replace("RTP/AVP 9 8", "RTP/AVP  9  8 ").replace("a=rtpmap:9 ", "a=rtpmap: 9  ")).media[0]
            .codecs(),
        expected.media[0].codecs()
    );
    assert_eq!(
        session(&PHONE.replace("203.0.113.1\r\nt", "203.0.113.1/127\r\nt").replace("49170", "49170/2")),
        expected
    );
    let named = session(&PHONE.replace("IP4 203.0.113.1\r\ns", "IP4 phone.example.com\r\ns"));
    assert!(named.origin.address.is_unspecified());
    let long = PHONE.replace("20518", "123456789012345678901234567890");
    assert_eq!(session(&long).origin, session(&long).origin);
    assert_eq!(
        session(&format!("{PHONE}m=video 0 RTP/AVP\r\n")).to_string(),
        format!("{PHONE}m=video 0 RTP/AVP 0\r\n")
    );
    let everywhere_named = PHONE.replace("203.0.113.1", "phone.example.com");
    assert_eq!((session(&everywhere_named).connection, direction(&everywhere_named)), (None, Direction::SendRecv));
}

#[test]
fn a_codec_that_is_told_counts_before_the_one_that_is_known() {
    let told =
        session(&PHONE.replace("a=rtpmap:9 G722/8000", "a=rtpmap:9 X/16000/2\r\na=rtpmap:8 bad\r\na=rtpmap:0 PCMU/0"));
    let codecs = told.media[0].codecs();
    assert_eq!((codecs[0].name.as_str(), codecs[0].clock_rate, codecs[0].channels), ("X", 16000, 2));
    assert_eq!((codecs[1].name.as_str(), codecs[2].name.as_str()), ("PCMA", "PCMU"));
    let strange = session(&PHONE.replace("9 8 0 18 101", "9 9 77 200 x 8"));
    let numbers: Vec<_> = strange.media[0].codecs().iter().map(|codec| codec.payload_type).collect();
    assert_eq!(numbers, [9, 8]);
    assert!(codecs[1].is_same_encoding(&Codec::new(97, "pcma", 8000)) && codecs[1].is("pcma", 8000));
}

#[test]
fn nonsense_is_refused() {
    assert_eq!(error(""), SdpError::NotSdp);
    assert_eq!(error("<audio>\r\n <pcmu port=\"443\"/>\r\n</audio>\r\n"), SdpError::NotSdp);
    assert_eq!(error(&PHONE.replace("v=0", "v=1")), SdpError::NotSdp);
    assert_eq!(error("v=0\r\ns=-\r\n"), SdpError::Origin);
    assert_eq!(error(&PHONE.replace("20518", "x")), SdpError::Origin);
    assert_eq!(error(&PHONE.replace("t=0 0", "hello")), SdpError::Line);
    assert_eq!(error(&PHONE.replace("t=0 0", "hello=1")), SdpError::Line);
    assert_eq!(error(&PHONE.replace("c=IN IP4 203.0.113.1", "c=IN IP4 203.0.113.1000")), SdpError::Connection);
    assert_eq!(error(&PHONE.replace("c=IN IP4", "c=IN IP5")), SdpError::Connection);
    for media in ["", "audio", "audio 1 RTP/AVP", "audio x RTP/AVP 0", "audio -1 RTP/AVP 0", "audio 70000 RTP/AVP 0"] {
        assert_eq!(error(&format!("{PHONE}m={media}\r\n")), SdpError::Media, "{media}");
    }
    assert_eq!(error(&format!("{PHONE}{}", "m=audio 1 RTP/AVP 0\r\n".repeat(16))), SdpError::TooLarge);
    assert_eq!(error(&format!("{PHONE}m=audio 1 RTP/AVP{}\r\n", " 0".repeat(65))), SdpError::TooLarge);
    assert_eq!(error(&format!("{PHONE}{}", "a=x\r\n".repeat(600))), SdpError::TooLarge);
    assert_eq!(error(&format!("{PHONE}a={}\r\n", "x".repeat(40_000))), SdpError::TooLarge);
}

#[test]
fn no_value_begins_a_line_of_its_own() {
    let mut offer = session(PHONE);
    offer.media[0].attributes.push(Attribute::new("label", "1\r\nm=video 1 RTP/AVP 0"));
    assert_eq!(session(&offer.to_string()).media.len(), 1);
}

prop_compose! {
    fn any_attributes()(list in prop::collection::vec(("[a-z][a-z-]{0,8}", proptest::option::of("[!-~]([ -~]{0,10}[!-~])?")), 0..6)) -> Vec<Attribute> {
        list.into_iter().map(|(name, value)| Attribute { name, value }).collect()
    }
}

fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<u32>().prop_map(|ip| IpAddr::V4(ip.into())), any::<u128>().prop_map(|ip| IpAddr::V6(ip.into())),]
}

prop_compose! {
    fn any_media()(
        kind in "(audio|video|text|image|application|message|[a-z]{1,6})",
        port: u16,
        protocol in "[A-Z]{1,5}(/[A-Z]{1,5}){0,3}",
        formats in prop::collection::vec("[0-9a-z]{1,4}", 1..10),
        connection in proptest::option::of(any_ip()),
        attributes in any_attributes(),
    ) -> Media {
        Media { kind: Kind::from(kind.as_str()), port, protocol, formats, connection, attributes }
    }
}

fn ask_everything(session: &Session) {
    let _ = session.audio();
    for media in &session.media {
        let _ = (media.codecs(), media.ptime(), media.rtcp_port(), session.direction(media), session.address(media));
        let _ = (media.cryptos().count(), media.is_secure());
    }
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(
        (username, id, version, address) in ("[!-~]{1,8}", any::<u64>(), any::<u64>(), any_ip()),
        name in "[!-~]([ -~]{0,10}[!-~])?",
        connection in proptest::option::of(any_ip()),
        attributes in any_attributes(),
        media in prop::collection::vec(any_media(), 0..5),
    ) {
        let session = Session { origin: Origin { username, id, version, address }, name, connection, attributes, media };
        prop_assert_eq!(Session::parse(session.to_string().as_bytes()), Ok(session.clone()));
        ask_everything(&session);
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Session::parse(&bytes);
    }

    #[test]
    fn damaged_descriptions_are_judged(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = PHONE.as_bytes().to_vec();
        damage.into_iter().for_each(|(at, byte)| { let at = at.index(bytes.len()); bytes[at] = byte; });
        if let Ok(session) = Session::parse(&bytes) {
            ask_everything(&session);
            prop_assert!(Session::parse(session.to_string().as_bytes()).is_ok());
        }
    }
}
