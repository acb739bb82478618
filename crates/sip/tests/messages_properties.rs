//! Messages are read and written, whatever they hold: what was meant comes back, any bytes are judged without a panic, and a
//! stream says the same wherever it is torn apart.

#[path = "torture/messages.rs"]
#[expect(dead_code, reason = "the verdicts are another test's")]
mod torture;

use proptest::prelude::*;
use tandem_sip::{
    flow::Transport,
    message::{
        CSeq, Framed, Framer, Headers, Host, HostPort, Limits, Malformed, Message, Method, Name, NameAddr, Params,
        Reason, Replaces, Request, Response, Scheme, Uri, Via, parse,
    },
};

fn frames(framer: &mut Framer) -> Vec<Result<Framed, Malformed>> {
    std::iter::from_fn(|| framer.next()).collect()
}

/// Asks everything that can be asked of headers.
fn ask_everything(headers: &Headers) {
    let _ = (headers.via(), headers.vias(), headers.from(), headers.to(), headers.call_id(), headers.cseq());
    let _ = (headers.contacts(), headers.max_forwards(), headers.content_length(), headers.routes());
    let _ = (headers.record_routes(), headers.expires(), headers.rseq(), headers.rack(), headers.session_expires());
    let _ = (headers.min_se(), headers.refer_to(), headers.replaces(), headers.event(), headers.reason());
    let _ = (headers.subscription_state(), headers.content_type(), headers.retry_after(), headers.min_expires());
    for header in headers {
        let value = &header.value;
        let _ = (value.parse::<Uri>(), value.parse::<NameAddr>(), value.parse::<Via>(), value.parse::<CSeq>());
        let _ = (value.parse::<Replaces>(), value.parse::<Reason>(), Params::parse(value));
    }
    let mut headers = headers.clone();
    let _ = headers.tag_to("tag");
    headers.remove_top_via();
}

prop_compose! {
    fn any_host()(kind in 0..3, v4: u32, v6: u128, name in "[a-z0-9][a-z0-9.-]{0,12}[a-z]") -> Host {
        match kind {
            0 => Host::Ip(std::net::Ipv4Addr::from(v4).into()),
            1 => Host::Ip(std::net::Ipv6Addr::from(v6).into()),
            _ => Host::Name(name),
        }
    }
}

prop_compose! {
    fn any_uri()(
        secure: bool,
        user in proptest::option::of("\\PC{1,12}"),
        password in proptest::option::of("\\PC{0,6}"),
        host in any_host(),
        port: Option<u16>,
        params in prop::collection::vec(("\\PC{1,6}", proptest::option::of("\\PC{0,6}")), 0..4),
        headers in prop::collection::vec(("\\PC{1,6}", "\\PC{0,12}"), 0..3),
    ) -> Uri {
        let uri = Uri::sip(user.as_deref(), HostPort { host, port });
        let scheme = if secure { Scheme::Sips } else { Scheme::Sip };
        Uri { scheme, password, params: Params(params), headers, ..uri }
    }
}

prop_compose! {
    fn any_params()(params in prop::collection::vec(("[A-Za-z0-9.!%*_+`'~-]{1,8}", proptest::option::of("[^\r\n]{0,12}")), 0..4)) -> Params {
        Params(params)
    }
}

prop_compose! {
    fn any_address()(name in "[^\r\n]{0,12}", uri in any_uri(), params in any_params()) -> NameAddr {
        NameAddr { params, ..NameAddr::new(uri).with_display_name(&name) }
    }
}

prop_compose! {
    fn any_via()(name in "(UDP|TCP|tls|SCTP|[a-z]{1,5})", host in any_host(), port: Option<u16>, params in any_params()) -> Via {
        Via { transport: Transport::from_name(&name), transport_name: name, host, port, params }
    }
}

prop_compose! {
    /// A request that is as it should be, with whatever else in it.
    fn any_request()(
        method in "(INVITE|BYE|REGISTER|[A-Za-z0-9.!%*_+`'~-]{1,12})",
        uri in any_uri(),
        vias in prop::collection::vec(any_via(), 1..4),
        (from, to) in (any_address(), any_address()),
        contacts in prop::collection::vec(any_address(), 0..3),
        call_id in "[^\\s]{1,20}",
        number in 0_u32..1 << 31,
        others in prop::collection::vec(("X-[A-Za-z0-9]{1,8}", "[^\r\n]{0,30}"), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) -> Request {
        let mut request = Request::new(Method::from(method.as_str()), Uri { headers: Vec::new(), ..uri });
        vias.iter().for_each(|via| request.headers.push(Name::Via, via.to_string()));
        request.headers.push(Name::From, from.to_string());
        request.headers.push(Name::To, to.to_string());
        if !contacts.is_empty() {
            request.headers.push(Name::Contact, contacts.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        }
        request.headers.push(Name::CallId, call_id);
        request.headers.push(Name::CSeq, CSeq { number, method: request.method.clone() }.to_string());
        others.into_iter().for_each(|(name, value)| request.headers.push(Name::from(name.as_str()), value));
        request.headers.push(Name::ContentLength, body.len().to_string());
        request.body = body.into();
        request
    }
}

/// A torture message with a few bytes changed, cut out or put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let messages: Vec<_> = torture::all().into_iter().map(|message| message.bytes).collect();
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..6);
    (prop::sample::select(messages), damage).prop_map(|(mut bytes, damage)| {
        for (at, byte, kind) in damage {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"\r\n,;<>\"\\ :@%[]"[usize::from(byte) % 14]),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    })
}

fn check_any_bytes(bytes: &[u8]) {
    match parse(bytes) {
        Ok(message) => {
            ask_everything(message.headers());
            let written = message.to_bytes();
            let again = parse(&written).expect("what was read once is read again");
            assert_eq!(again.to_bytes(), written);
        }
        Err(malformed) => {
            if let Some(request) = malformed.request {
                ask_everything(&request.headers);
                let _ = Response::to(&request, malformed.status).to_bytes();
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(request in any_request()) {
        let read = parse(&request.to_bytes());
        prop_assert_eq!(read, Ok(Message::Request(request)));
    }

    #[test]
    fn a_uri_is_read_as_it_was_meant(uri in any_uri()) {
        prop_assert_eq!(uri.to_string().parse::<Uri>(), Ok(uri.clone()));
        let names: Vec<_> = uri.params.iter().map(|(name, _)| name).chain(uri.headers.iter().map(|(name, _)| name.as_str())).collect();
        let repeated = names.iter().enumerate().any(|(at, name)| names[..at].iter().any(|n| n.eq_ignore_ascii_case(name)));
        prop_assert!(repeated || uri.matches(&uri));
    }

    #[test]
    fn an_address_is_read_as_it_was_meant(address in any_address()) {
        prop_assert_eq!(address.to_string().parse::<NameAddr>(), Ok(address));
    }

    #[test]
    fn a_hop_is_read_as_it_was_meant(via in any_via()) {
        prop_assert_eq!(via.to_string().parse::<Via>(), Ok(via));
    }

    #[test]
    fn addresses_in_a_list_are_told_apart(list in prop::collection::vec(any_address(), 1..5)) {
        let value = list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" , ");
        let headers: Headers = [(Name::Route, value)].into_iter().collect();
        prop_assert_eq!(headers.routes(), Ok(list));
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_any_bytes(&bytes);
    }

    #[test]
    fn any_text_in_any_header_is_judged(value in "[ -~\t\u{80}-\u{100}]{0,60}") {
        for name in ["Via", "From", "To", "Contact", "Route", "CSeq", "Refer-To", "RAck", "Session-Expires", "Replaces"] {
            let text = format!(
                "INVITE sip:b@c SIP/2.0\r\n{name}: {value}\r\nv: SIP/2.0/UDP a\r\nf: <sip:a@b>;tag=1\r\nt: <sip:b@c>\r\n\
                 i: 1\r\nCSeq: 1 INVITE\r\n\r\n"
            );
            check_any_bytes(text.as_bytes());
            let duplicate = if matches!(name, "From" | "To") { &name[..1] } else { name };
            check_any_bytes(text.replacen(&format!("\r\n{}:", duplicate.to_lowercase()), "\r\nX:", 1).as_bytes());
        }
    }

    #[test]
    fn damaged_messages_are_judged(bytes in damaged()) {
        check_any_bytes(&bytes);
    }

}

proptest! {
    // Each case is a few thousand steps of its own.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_stream_says_the_same_wherever_it_is_torn_apart(
        pieces in prop::collection::vec(prop_oneof![
            4 => any_request().prop_map(|request| request.to_bytes().to_vec()),
            2 => damaged(),
            1 => Just(b"\r\n\r\n".to_vec()),
            1 => Just(b"\r\n".to_vec()),
        ], 1..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let stream = pieces.concat();
        let mut whole = Framer::new(Limits::default());
        whole.push(&stream);
        let expected = frames(&mut whole);

        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).chain([0, stream.len()]).collect();
        cuts.sort_unstable();
        let mut torn = Framer::new(Limits::default());
        let mut read = Vec::new();
        for ends in cuts.windows(2) {
            torn.push(&stream[ends[0]..ends[1]]);
            read.extend(frames(&mut torn));
        }
        prop_assert_eq!(&read, &expected);
        prop_assert_eq!(torn.is_broken(), whole.is_broken());

        let mut by_byte = Framer::new(Limits::default());
        let mut read = Vec::new();
        for byte in &stream {
            by_byte.push(&[*byte]);
            read.extend(frames(&mut by_byte));
        }
        prop_assert_eq!(&read, &expected);
    }
}
