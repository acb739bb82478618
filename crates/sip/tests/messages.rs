//! Messages are read and written: what phones and trunks send, and what they should not send.

use std::net::SocketAddr;

use bytes::Bytes;
use tandem_sip::{
    flow::Transport,
    message::{
        CSeq, Contacts, Framed, Framer, Headers, Host, Limits, Malformed, Message, Method, Name, NameAddr, RAck,
        Refresher, Replaces, Request, Response, Scheme, SessionExpires, Uri, parse, reason_phrase,
    },
};

/// A call from Alice to Bob, as in RFC 3261 §24.2.
const INVITE: &str = "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n\
    Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74bf9\r\n\
    Max-Forwards: 70\r\n\
    From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n\
    To: Bob <sip:bob@biloxi.example.com>\r\n\
    Call-ID: 3848276298220188511@atlanta.example.com\r\n\
    CSeq: 1 INVITE\r\n\
    Contact: <sip:alice@client.atlanta.example.com;transport=tcp>\r\n\
    Content-Type: text/plain\r\n\
    Content-Length: 5\r\n\r\nHello";

fn request(text: &str) -> Request {
    match parse(text.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn refused(text: &str) -> Malformed {
    parse(text.as_bytes()).expect_err("refused")
}

fn uri(text: &str) -> Uri {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn an_invite_is_read_and_written_as_it_came() {
    let invite = request(INVITE);
    assert_eq!(invite.method, Method::Invite);
    assert_eq!(invite.uri, Uri::sip(Some("bob"), Host::Name("biloxi.example.com".into())));
    assert_eq!(invite.headers.from().unwrap().display_name.as_deref(), Some("Alice"));
    assert_eq!(invite.headers.call_id(), Ok("3848276298220188511@atlanta.example.com"));
    assert_eq!(invite.headers.cseq(), Ok(CSeq { number: 1, method: Method::Invite }));
    assert_eq!(invite.body, Bytes::from("Hello"));
    assert_eq!(String::from_utf8(invite.to_bytes().to_vec()).unwrap(), INVITE);
}

#[test]
fn the_length_of_the_body_is_written_by_us_whatever_the_headers_say() {
    let mut invite = request(INVITE);
    invite.headers.push(Name::ContentLength, "77");
    invite.body = Bytes::from_static(b"Good morning");
    let text = String::from_utf8(invite.to_bytes().to_vec()).unwrap();
    assert_eq!(text.matches("Content-Length: ").count(), 1);
    assert!(text.contains("Content-Length: 12\r\n"));
}

#[test]
fn a_datagram_without_length_ends_where_it_ends() {
    let invite = request(&INVITE.replace("Content-Length: 5\r\n", ""));
    assert_eq!(invite.body, Bytes::from("Hello"));
    assert_eq!(invite.headers.content_length(), Ok(None));
}

#[test]
fn empty_lines_before_a_message_and_bare_line_feeds_are_let_pass() {
    assert_eq!(request(&format!("\r\n\r\n{INVITE}")), request(INVITE));
    assert_eq!(request(&INVITE.replace("\r\n", "\n")), request(INVITE));
}

#[test]
fn a_header_that_is_not_utf_8_does_not_end_the_reading() {
    let mut bytes = INVITE.replace("Alice <", "Al?ce <").into_bytes();
    let at = bytes.iter().position(|b| *b == b'?').unwrap();
    bytes[at] = 0xe9;
    let Ok(Message::Request(invite)) = parse(&bytes) else { panic!("it is read") };
    assert_eq!(invite.headers.from().unwrap().display_name.as_deref(), Some("Al\u{fffd}ce"));
    assert_eq!(invite.body, Bytes::from("Hello"));
}

#[test]
fn an_answer_has_the_way_back_and_the_names_of_its_request() {
    let invite = request(&INVITE.replace("Max", "Via: SIP/2.0/UDP a, SIP/2.0/UDP b\r\nMax"));
    let mut answer = Response::to(&invite, 180);
    answer.headers.tag_to("8321234356").unwrap();
    answer.headers.tag_to("another").unwrap();
    let names: Vec<_> = answer.headers.iter().map(|header| header.name.clone()).collect();
    assert_eq!(names, [Name::Via, Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq]);
    assert_eq!(answer.headers.to().unwrap().tag(), Some("8321234356"));
    assert!(answer.is_provisional());
    let Ok(Message::Response(read)) = parse(&answer.to_bytes()) else { panic!("it is read") };
    assert_eq!((read.status, read.reason.as_str()), (180, "Ringing"));
    assert_eq!(read.headers.vias().unwrap().len(), 3);
}

#[test]
fn an_ack_that_cannot_be_understood_is_never_answered() {
    let ack = refused(&INVITE.replace("INVITE", "ACK").replace("From: Alice", "From: \"Alice"));
    assert_eq!(ack.request, None);
}

#[test]
fn what_is_too_large_is_refused() {
    assert_eq!(refused(&INVITE.replace("bob@", &format!("{}@", "b".repeat(9000)))).status, 414);
    assert_eq!(refused(&INVITE.replace("Hello", &"x".repeat(70_000))).status, 513);
    let many = refused(&INVITE.replace("Max-F", &format!("{}Max-F", "Allow: INVITE\r\n".repeat(300))));
    assert_eq!((many.status, many.reason.as_str()), (400, "Too many headers"));
    let long = refused(&INVITE.replace("Max-F", &format!("Subject: {}\r\nMax-F", "x".repeat(9000))));
    assert_eq!((long.status, long.reason.as_str()), (400, "A header is too long"));
    assert!(long.request.is_some());
}

#[test]
fn what_is_not_sip_is_dropped() {
    for text in
        ["", "\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\u{0}\u{1}\u{0}\u{0}!\u{12}¤B", "SIP/2.0", "SIP/2.0 x"]
    {
        assert_eq!(refused(text).request, None, "{text:?}");
    }
    // Older than SIP 2.0, but somebody who can be told.
    assert_eq!(refused(&INVITE.replace("SIP/2.0\r\nVia", "SIP/1.0\r\nVia")).status, 505);
}

#[test]
fn headers_are_found_by_any_of_their_names() {
    let invite = request(&INVITE.replace("Call-ID", "i").replace("CSeq", "cSEQ").replace("Contact:", "M :"));
    assert!(invite.headers.call_id().is_ok() && invite.headers.cseq().is_ok() && invite.headers.has(&Name::Contact));
    for (compact, long) in
        [("x", "Session-Expires"), ("r", "Refer-To"), ("B", "referred-by"), ("k", "SUPPORTED"), ("j", "Reject-Contact")]
    {
        assert_eq!(Name::from(compact), Name::from(long));
    }
    assert_eq!(Name::from("X-Thing"), Name::from("x-thing"));
    assert_eq!(Name::from("p-asserted-IDENTITY").as_str(), "P-Asserted-Identity");
}

#[test]
fn no_value_begins_a_header_of_its_own() {
    let mut invite = request(INVITE);
    invite.headers.push(Name::Subject, "Lunch\r\nEvil: yes");
    invite.headers.set(Name::To, "<sip:bob@b>\r\n\r\nbody");
    let text = String::from_utf8(invite.to_bytes().to_vec()).unwrap();
    assert!(text.contains("\r\nSubject: Lunch  Evil: yes\r\n"));
    assert_eq!(text.matches("\r\n\r\n").count(), 1);
    let answer = Response::to(&invite, 486).with_reason("Busy\r\nEvil: yes");
    assert!(answer.to_bytes().starts_with(b"SIP/2.0 486 Busy  Evil: yes\r\n"));
    let name = NameAddr::new(uri("sip:a@b")).with_display_name("A\r\nEvil: yes");
    assert_eq!(name.to_string(), "\"A  Evil: yes\" <sip:a@b>");
}

#[test]
fn setting_a_header_replaces_all_of_its_name_in_the_place_of_the_first() {
    let mut headers: Headers =
        [(Name::Allow, "INVITE"), (Name::Subject, "a"), (Name::Allow, "BYE"), (Name::Allow, "ACK")]
            .into_iter()
            .collect();
    headers.set(Name::Allow, "CANCEL");
    let lines: Vec<_> = headers.iter().map(|header| header.value.as_str()).collect();
    assert_eq!(lines, ["CANCEL", "a"]);
    headers.remove(&Name::Allow);
    assert_eq!(headers.len(), 1);
}

#[test]
fn the_topmost_hop_is_changed_alone_even_when_several_share_a_line() {
    let mut headers: Headers =
        [(Name::Via, "SIP/2.0/UDP a;rport , SIP/2.0/UDP b"), (Name::Via, "SIP/2.0/UDP c")].into_iter().collect();
    let top = headers.via().unwrap();
    assert!(top.wants_rport() && top.rport().is_none());
    headers.set_top_via(&top.with_param("rport", Some("5062")).with_param("received", Some("2001:db8::7")));
    let top = headers.via().unwrap();
    assert_eq!((top.rport(), top.received()), (Some(5062), Some("2001:db8::7".parse().unwrap())));
    assert_eq!(headers.vias().unwrap().len(), 3);
    headers.remove_top_via();
    headers.remove_top_via();
    assert_eq!(headers.via().unwrap().host, Host::Name("c".into()));
    headers.remove_top_via();
    headers.remove_top_via();
    assert!(headers.via().is_err() && headers.is_empty());
}

#[test]
fn contacts_are_a_list_or_all() {
    let of = |value: &str| [(Name::Contact, value)].into_iter().collect::<Headers>().contacts();
    assert_eq!(of("*"), Ok(Contacts::All));
    assert!(of("*, <sip:a@b>").is_err());
    let Ok(Contacts::List(list)) = of("\"A, B\" <sip:a,b@c>;expires=60, <sip:d@e>;q=0.1") else { panic!("a list") };
    assert_eq!(list.len(), 2);
    assert_eq!((list[0].display_name.as_deref(), list[0].expires(), list[1].expires()), (Some("A, B"), Some(60), None));
    assert_eq!(Headers::new().contacts(), Ok(Contacts::List(Vec::new())));
}

#[test]
fn the_smaller_values() {
    let headers: Headers = [
        (Name::RAck, "776656 1 INVITE"),
        (Name::RSeq, "988789"),
        (Name::SessionExpires, "1800 ; refresher=UAC"),
        (Name::MinSe, "90;generic"),
        (Name::Replaces, "425928@bobster.example.org;to-tag=7743;from-tag=6472;early-only"),
        (Name::Reason, "SIP ;cause=200 ;text=\"Call completed elsewhere\", Q.850;cause=16"),
        (
            Name::ReferTo,
            "<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>",
        ),
        (Name::RetryAfter, "18000 (in a meeting);duration=3600"),
        (Name::Event, "refer;id=93809824"),
        (Name::ContentType, "application/SDP ; charset=utf-8"),
        (Name::Supported, "100rel, Timer,, path"),
    ]
    .into_iter()
    .collect();
    assert_eq!(headers.rack(), Ok(RAck { rseq: 776_656, cseq: 1, method: Method::Invite }));
    assert_eq!(headers.rseq(), Ok(Some(988_789)));
    assert_eq!(headers.session_expires(), Ok(Some(SessionExpires { seconds: 1800, refresher: Some(Refresher::Uac) })));
    assert_eq!(headers.min_se(), Some(90));
    let replaces = headers.replaces().unwrap().unwrap();
    assert_eq!((replaces.to_tag.as_str(), replaces.from_tag.as_str(), replaces.early_only), ("7743", "6472", true));
    let reason = headers.reason().unwrap();
    assert_eq!(reason.to_string(), "SIP;cause=200;text=\"Call completed elsewhere\"");
    let refer_to = headers.refer_to().unwrap();
    let replaces: Replaces = refer_to.uri.header("Replaces").unwrap().parse().unwrap();
    assert_eq!((replaces.call_id.as_str(), replaces.from_tag.as_str()), ("12345@192.168.118.3", "5FFE-3994"));
    assert_eq!(headers.retry_after(), Some(18000));
    assert_eq!(headers.event().unwrap().unwrap().params.get("ID"), Some("93809824"));
    assert!(headers.is_content_type("application/sdp"));
    assert!(headers.has_option(&Name::Supported, "timer") && !headers.has_option(&Name::Supported, "replaces"));
    assert_eq!(headers.elements(&Name::Supported).count(), 3);
}

#[test]
fn uris_are_compared_as_rfc_3261_says() {
    // §19.1.4, the examples.
    let same = [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:[2001:db8::1]", "sip:[2001:DB8:0:0::1]"),
    ];
    let different = [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
    ];
    for (a, b) in same {
        assert!(uri(a).matches(&uri(b)) && uri(b).matches(&uri(a)), "{a} {b}");
    }
    for (a, b) in different {
        assert!(!uri(a).matches(&uri(b)) && !uri(b).matches(&uri(a)), "{a} {b}");
    }
}

#[test]
fn uris_of_all_kinds() {
    let own: SocketAddr = "[2001:db8::1]:5061".parse().unwrap();
    let made = Uri::sip(Some("*43 x"), own).with_transport(Transport::Tcp);
    assert_eq!(made.to_string(), "sip:*43%20x@[2001:db8::1]:5061;transport=tcp");
    assert_eq!(uri(&made.to_string()), made);
    assert_eq!(made.transport(), Some(Transport::Tcp));
    assert_eq!(uri("sips:a@b").transport(), Some(Transport::Tls));
    let tel = uri("tel:+1-201-555-0123;phone-context=example.com");
    assert_eq!((tel.scheme.clone(), tel.user.as_deref()), (Scheme::Tel, Some("+1-201-555-0123")));
    assert_eq!(tel.to_string(), "tel:+1-201-555-0123;phone-context=example.com");
    for bad in [
        "",
        "sip",
        "sip:",
        ":x",
        "sip:a@",
        "sip:a@b:",
        "sip:a@b:x",
        "sip:a@b:99999",
        "sip:a@b c",
        "sip:a@[::1",
        "sip:a@[::g]",
        "sip:%@b",
        "sip:%g0@b",
        "sip:a@b;",
        "sip:a@b;;lr",
        "sip:a@b?x",
        "tel:",
        "tel:a b",
        "1:x",
        "sip:a<b>@c",
        "sip:a@b@c",
    ] {
        assert!(bad.parse::<Uri>().is_err(), "{bad}");
    }
}

#[test]
fn statuses_have_words() {
    assert_eq!(reason_phrase(487), "Request Terminated");
    assert_eq!(reason_phrase(499), "Request Failed");
    assert!((100..700).all(|status| !reason_phrase(status).is_empty()));
}

fn frames(framer: &mut Framer) -> Vec<Result<Framed, Malformed>> {
    std::iter::from_fn(|| framer.next()).collect()
}

#[test]
fn two_line_ends_in_a_stream_ask_for_a_sign_of_life_and_one_does_not() {
    let mut framer = Framer::new(Limits::default());
    framer.push(b"\r\n\r");
    assert_eq!(frames(&mut framer), []);
    framer.push(b"\n\r\n");
    assert_eq!(frames(&mut framer), [Ok(Framed::KeepAlive)]);
    framer.push(INVITE.as_bytes());
    assert_eq!(frames(&mut framer), [Ok(Framed::Message(parse(INVITE.as_bytes()).unwrap()))]);
    assert!(!framer.is_within());
}

#[test]
fn a_request_that_cannot_be_served_does_not_end_the_stream() {
    let mut framer = Framer::new(Limits::default());
    framer.push(INVITE.replace("CSeq: 1 INVITE", "CSeq: 1 BYE").as_bytes());
    framer.push(INVITE.as_bytes());
    let frames = frames(&mut framer);
    assert_eq!(frames[0].as_ref().unwrap_err().status, 400);
    assert!(frames[1].is_ok() && !framer.is_broken());
}

#[test]
fn a_stream_without_lengths_or_without_end_is_broken_once() {
    for (text, status) in [
        (INVITE.replace("Content-Length: 5", "Content-Size: 5"), 400),
        (INVITE.replace("Content-Length: 5", "Content-Length: 99999"), 513),
        ("x".repeat(70_000), 513),
    ] {
        let mut framer = Framer::new(Limits::default());
        framer.push(text.as_bytes());
        assert_eq!(frames(&mut framer).into_iter().map(|f| f.unwrap_err().status).collect::<Vec<_>>(), [status]);
        assert!(framer.is_broken());
        framer.push(INVITE.as_bytes());
        assert_eq!(frames(&mut framer), []);
    }
}
