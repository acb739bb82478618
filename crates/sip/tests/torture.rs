//! The torture messages of RFC 4475: what becomes of each, and what is read in those that are accepted.

#[path = "torture/messages.rs"]
mod messages;

use bytes::Bytes;
use messages::{Verdict, all};
use tandem_sip::{
    flow::Transport,
    message::{
        Contacts, Framed, Framer, Host, Limits, Malformed, Message, Method, Name, Request, Response, Uri, parse,
        validate,
    },
};

fn bytes_of(name: &str) -> Vec<u8> {
    all().into_iter().find(|message| message.name == name).expect("a message of RFC 4475").bytes
}

fn request(name: &str) -> Request {
    match parse(&bytes_of(name)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name} is {other:?}"),
    }
}

fn response(name: &str) -> Response {
    match parse(&bytes_of(name)) {
        Ok(Message::Response(response)) => response,
        other => panic!("{name} is {other:?}"),
    }
}

fn refused(name: &str) -> Malformed {
    parse(&bytes_of(name)).expect_err(name)
}

fn verdict(result: &Result<Message, Malformed>) -> Verdict {
    match result {
        Ok(_) => Verdict::Accepted,
        Err(Malformed { request: Some(_), status, .. }) => Verdict::Refused(*status),
        Err(Malformed { request: None, .. }) => Verdict::Dropped,
    }
}

fn contacts(request: &Request) -> Vec<tandem_sip::message::NameAddr> {
    match request.headers.contacts().expect("contacts") {
        Contacts::List(list) => list,
        Contacts::All => panic!("not a list"),
    }
}

#[test]
fn each_message_gets_the_verdict_that_it_deserves() {
    let messages = all();
    assert_eq!(messages.len(), 49);
    for message in messages {
        let result = parse(&message.bytes);
        assert_eq!(verdict(&result), message.verdict, "{}: {result:?}", message.name);
    }
}

#[test]
fn what_is_accepted_means_the_same_after_it_was_written() {
    for message in all() {
        let Ok(first) = parse(&message.bytes) else { continue };
        let second = parse(&first.to_bytes()).expect(message.name);
        assert_eq!(second.to_bytes(), first.to_bytes(), "{}", message.name);
        assert_eq!(second.body(), first.body(), "{}", message.name);
        if let (Message::Request(first), Message::Request(second)) = (&first, &second) {
            assert_eq!((&first.method, &first.uri), (&second.method, &second.uri), "{}", message.name);
            assert_eq!(first.headers.from(), second.headers.from(), "{}", message.name);
            validate(first).expect(message.name);
        }
    }
}

#[test]
fn what_is_refused_can_be_answered() {
    for message in all() {
        let Err(Malformed { request: Some(request), status, reason }) = parse(&message.bytes) else { continue };
        let answer = Response::to(&request, status).with_reason(reason);
        assert_eq!(answer.headers.get(&Name::Via), request.headers.get(&Name::Via), "{}", message.name);
        let text = String::from_utf8(answer.to_bytes().to_vec()).unwrap();
        assert!(text.starts_with(&format!("SIP/2.0 {status} ")), "{text}");
    }
}

#[test]
fn on_a_stream_the_same_is_said_unless_the_stream_is_lost() {
    // Those that a stream cannot end: no length, a length that is none, or more than comes.
    let lost = ["clerr", "ncl", "mcl01", "inv2543"];
    for message in all() {
        let mut framer = Framer::new(Limits::default());
        framer.push(&message.bytes);
        let next = framer.next();
        if message.name == "clerr" {
            assert_eq!(next, None, "it waits for the rest");
            assert!(framer.is_within());
            continue;
        }
        let result = next.expect(message.name).map(|framed| match framed {
            Framed::Message(message) => message,
            Framed::KeepAlive => panic!("no keep-alive"),
        });
        assert_eq!(framer.is_broken(), lost.contains(&message.name), "{}", message.name);
        if !framer.is_broken() {
            assert_eq!(verdict(&result), message.verdict, "{}", message.name);
        }
    }
}

#[test]
fn a_short_tortuous_invite() {
    let request = request("wsinv");
    let headers = &request.headers;
    assert_eq!(request.method, Method::Invite);
    assert!(request.uri.params.has("unknownparam"));
    assert_eq!(headers.to().unwrap().tag(), Some("1918181833n"));
    let from = headers.from().unwrap();
    assert_eq!(from.display_name.as_deref(), Some(r#"J Rosenberg \""#));
    assert_eq!(from.tag(), Some("98asjd8"));
    assert_eq!(headers.max_forwards(), Ok(Some(68)));
    assert_eq!(headers.cseq().unwrap().number, 9);
    assert_eq!(headers.get(&Name::Subject), Some(""));
    assert_eq!(headers.get(&Name::from("newfangledheader")), Some("newfangled value continued newfangled value"));
    assert_eq!(headers.get(&Name::from("UnknownHeaderWithUnusualValue")), Some(";;,,;;,;"));
    let vias = headers.vias().unwrap();
    assert_eq!(vias.len(), 3);
    assert_eq!((vias[0].branch(), vias[0].params.get("branch")), (None, Some("390skdjuw")));
    assert_eq!((vias[1].transport, vias[1].branch()), (Some(Transport::Tcp), Some("z9hG4bK9ikj8")));
    assert_eq!(vias[2].host, Host::Ip("192.168.255.111".parse().unwrap()));
    let routes = headers.routes().unwrap();
    assert_eq!(routes[0].uri.param("unknownwith"), Some("value"));
    assert!(routes[0].uri.params.has("lr") && routes[0].uri.params.has("unknown-no-value"));
    let contact = &contacts(&request)[0];
    assert_eq!(contact.display_name.as_deref(), Some(r#"Quoted string """#));
    assert_eq!((contact.params.get("newparam"), contact.params.get("q")), (Some("newvalue"), Some("0.33")));
    assert_eq!(request.body.len(), 150);
}

#[test]
fn a_wide_range_of_valid_characters() {
    let request = request("intmeth");
    assert_eq!(request.method.as_str(), "!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(request.uri.user.as_deref(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!(request.uri.password.as_deref(), Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    assert_eq!(request.headers.via().unwrap().branch(), Some("z9hG4bK-.!%66*_+`'~"));
    assert_eq!(request.headers.to().unwrap().display_name.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    let from = request.headers.from().unwrap();
    assert_eq!(from.display_name.as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(from.params.get("fromParam''~+*_!.-%"), Some("работающий"));
    assert_eq!(from.tag(), Some("_token~1'+`*%!-."));
    assert_eq!(request.headers.call_id(), Ok(r#"intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{"#));
    assert_eq!(request.headers.get(&Name::from("extensionHeader-!.%*+_`'~")), Some("\u{feff}大停電"));
}

#[test]
fn escapes_are_read_once_and_only_in_uris() {
    let first = request("esc01");
    assert_eq!(first.uri.user.as_deref(), Some("sips:user@example.com"));
    assert_eq!(first.headers.to().unwrap().uri.user.as_deref(), Some("user"));
    assert_eq!(first.headers.from().unwrap().uri.user.as_deref(), Some("I have spaces"));
    let contact = &contacts(&first)[0];
    assert_eq!(contact.uri.user.as_deref(), Some("caller"));
    assert!(contact.uri.params.has("lr"));
    assert_eq!(contact.uri.param("name"), Some("value%41"));

    let nulls = request("escnull");
    assert_eq!(nulls.headers.to().unwrap().uri.user.as_deref(), Some("null-\0-null"));
    let [one, two] = &contacts(&nulls)[..] else { panic!("two contacts") };
    assert_eq!(one.uri.to_string(), "sip:%00@host5.example.com");
    assert!(!one.uri.matches(&two.uri));

    let none = request("esc02");
    assert_ne!(none.method, Method::Register);
    assert_eq!(none.headers.from().unwrap().display_name.as_deref(), Some("%Z%45"));
    assert_eq!(contacts(&none).len(), 2);
}

#[test]
fn names_that_touch_their_address_and_users_with_parameters() {
    assert_eq!(request("lwsdisp").headers.from().unwrap().display_name.as_deref(), Some("caller"));
    let semicolon = request("semiuri");
    assert_eq!(semicolon.uri.user.as_deref(), Some("user;par=u@example.net"));
    assert!(semicolon.uri.params.is_empty());
    assert_eq!(semicolon.headers.elements(&Name::Accept).count(), 6);
}

#[test]
fn long_values_and_many_hops() {
    let request = request("longreq");
    assert_eq!(request.headers.vias().unwrap().len(), 34);
    assert_eq!(request.headers.from().unwrap().tag().unwrap().len(), 155);
    assert_eq!(request.headers.call_id().unwrap().len(), 141);
}

#[test]
fn octets_after_the_body_are_noise() {
    let request = request("dblreq");
    assert_eq!(request.method, Method::Register);
    assert!(request.body.is_empty());
    assert!(!request.headers.has(&Name::ContentType));
}

#[test]
fn transports_that_nobody_knows() {
    let vias = request("transports").headers.vias().unwrap();
    let known: Vec<_> = vias.iter().map(|via| via.transport).collect();
    assert_eq!(known, [Some(Transport::Udp), None, Some(Transport::Tls), None, Some(Transport::Tcp)]);
    assert_eq!(vias[3].to_string(), "SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en");
}

#[test]
fn a_binary_body_is_kept_byte_by_byte() {
    let bytes = bytes_of("mpart01");
    let body = request("mpart01").body;
    assert!(bytes.ends_with(&body));
    assert!(body.starts_with(b"--7a9cbec02ceef655\r\n") && body.ends_with(b"--7a9cbec02ceef655--"));
}

#[test]
fn unusual_reasons() {
    assert_eq!(response("unreason").reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
    assert_eq!((response("noreason").status, response("noreason").reason), (100, String::new()));
}

#[test]
fn what_is_wrong_is_said() {
    let reasons = [
        ("badinv01", "Via: a parameter without a name"),
        ("clerr", "Content-Length larger than the message"),
        ("ncl", "Content-Length: not a number"),
        ("scalar02", "CSeq: not a number below 2^31"),
        ("quotbal", "To: a quote that does not end"),
        ("ltgtruri", "A malformed Request-URI"),
        ("lwsruri", "A malformed request line"),
        ("lwsstart", "A malformed request line"),
        ("trws", "A malformed request line"),
        ("escruri", "Headers in the Request-URI"),
        ("regbadct", "Contact: a URI that should stand in < >"),
        ("badaspec", "To: a malformed URI"),
        ("baddn", "From: a name that should be quoted"),
        ("badvers", "Version Not Supported"),
        ("mismatch01", "CSeq: another method"),
        ("mismatch02", "Not Implemented"),
        ("insuf", "From: missing"),
        ("unkscm", "Unsupported URI Scheme"),
        ("multi01", "From: more than once"),
        ("mcl01", "Content-Length: more than once"),
    ];
    for (name, reason) in reasons {
        assert_eq!(refused(name).reason, reason, "{name}");
    }
}

#[test]
fn numbers_that_do_not_fit() {
    let refused = refused("scalar02").request.unwrap();
    assert_eq!(refused.headers.expires(), Some(u32::MAX));
    assert_eq!(contacts(&refused)[0].expires(), Some(u32::MAX));
    assert!(refused.headers.max_forwards().is_err());
}

#[test]
fn a_branch_that_names_nothing() {
    assert_eq!(request("badbranch").headers.via().unwrap().branch(), None);
    assert_eq!(request("inv2543").headers.via().unwrap().branch(), None);
    assert_eq!(request("inv2543").headers.from().unwrap().tag(), None);
}

#[test]
fn whose_parameter_is_it() {
    let without_brackets = &contacts(&request("cparam01"))[0];
    assert!(without_brackets.params.has("unknownparam") && without_brackets.uri.params.is_empty());
    let with_brackets = &contacts(&request("cparam02"))[0];
    assert!(with_brackets.params.is_empty() && with_brackets.uri.params.has("unknownparam"));
    let with_header = &contacts(&request("regescrt"))[0];
    assert_eq!(with_header.uri.header("route"), Some("<sip:sip.example.com>"));
}

#[test]
fn schemes_of_other_worlds_in_headers() {
    let request = request("unksm2");
    assert_eq!(request.headers.to().unwrap().uri.opaque, "2983792873");
    assert_eq!(request.headers.from().unwrap().uri.to_string(), "http://www.example.com");
    assert_eq!(contacts(&request)[0].uri, "name:John_Smith".parse::<Uri>().unwrap());
}

#[test]
fn what_the_layers_above_must_judge() {
    let extensions = request("bext01");
    assert!(extensions.headers.has_option(&Name::Require, "nothingsupportsthiseither"));
    assert!(request("invut").headers.is_content_type("application/unknownformat"));
    assert_eq!(request("invut").body, Bytes::from("<audio>\r\n <pcmu port=\"443\"/>\r\n</audio>\r\n"));
    assert_eq!(request("zeromf").headers.max_forwards(), Ok(Some(0)));
    assert_eq!(request("sdp01").headers.get(&Name::Accept), Some("text/nobodyKnowsThis"));
    assert_eq!(response("bcast").headers.vias().unwrap().len(), 2);
}
