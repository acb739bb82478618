//! Where a request came from, and where its answer goes (RFC 3261 §18.2, RFC 3581).

use std::time::Instant;

use tandem_sip::{
    flow::{ConnectionId, Flow, Transport},
    message::{Method, Name, Request, Response},
    transaction::{Event, Output, ServerId, Timers, Transactions},
};

use crate::world::{request, response};

fn flow(transport: Transport, remote: &str) -> Flow {
    let connection = transport.is_reliable().then_some(ConnectionId(5));
    Flow { transport, local: "192.0.2.2:5060".parse().unwrap(), remote: remote.parse().unwrap(), connection }
}

struct Answer {
    layer: Transactions,
    id: ServerId,
    request: Request,
}

/// A request with this `Via` comes this way.
fn comes(via: &str, flow: Flow) -> Answer {
    let mut layer = Transactions::new(Timers::default(), 1);
    let mut asked = request(Method::Options, "call", 1);
    asked.headers.push_front(Name::Via, via);
    asked.headers.push(Name::Via, "SIP/2.0/UDP below.example.com;branch=z9hG4bKbelow");
    layer.receive(Instant::now(), flow, asked.into());
    let Some(Output::Event(Event::Request { id: Some(id), request, .. })) = layer.poll() else { panic!("it comes up") };
    Answer { layer, id, request }
}

impl Answer {
    fn via(&self) -> String {
        self.request.headers.elements(&Name::Via).next().unwrap().to_owned()
    }

    fn way(&mut self) -> Flow {
        self.layer.respond(Instant::now(), self.id, response(&self.request, 200));
        match self.layer.poll() {
            Some(Output::Send { flow, .. }) => flow,
            other => panic!("the answer goes: {other:?}"),
        }
    }
}

#[test]
fn who_says_the_truth_is_answered_at_the_port_that_it_wrote() {
    let mut answer = comes("SIP/2.0/UDP 192.0.2.1:5080;branch=z9hG4bKa", flow(Transport::Udp, "192.0.2.1:40000"));
    assert_eq!(answer.via(), "SIP/2.0/UDP 192.0.2.1:5080;branch=z9hG4bKa");
    assert_eq!(answer.way().remote, "192.0.2.1:5080".parse().unwrap());
    let mut answer = comes("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa", flow(Transport::Udp, "192.0.2.1:40000"));
    assert_eq!(answer.way().remote, "192.0.2.1:5060".parse().unwrap());
}

#[test]
fn who_asks_for_rport_is_answered_where_it_sends_from() {
    let way = flow(Transport::Udp, "203.0.113.9:40000");
    let mut answer = comes("SIP/2.0/UDP 10.0.0.7:5060;rport;branch=z9hG4bKa", way);
    assert_eq!(answer.via(), "SIP/2.0/UDP 10.0.0.7:5060;rport=40000;branch=z9hG4bKa;received=203.0.113.9");
    assert_eq!(answer.way(), way);
}

#[test]
fn who_is_behind_a_translator_and_does_not_know_is_answered_where_it_sends_from() {
    let way = flow(Transport::Udp, "203.0.113.9:40000");
    let mut answer = comes("SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKa", way);
    assert_eq!(answer.via(), "SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKa;received=203.0.113.9");
    assert_eq!(answer.way(), way);
    let mut answer = comes("SIP/2.0/UDP phone.example.com;branch=z9hG4bKa", way);
    assert!(answer.via().ends_with(";received=203.0.113.9"));
    assert_eq!(answer.way(), way);
}

#[test]
fn what_a_sender_says_of_its_own_source_is_not_believed() {
    let way = flow(Transport::Udp, "192.0.2.1:5060");
    let answer = comes("SIP/2.0/UDP 192.0.2.1:5060;received=198.51.100.1;branch=z9hG4bKa", way);
    assert_eq!(answer.via(), "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa");
    let answer = comes("SIP/2.0/UDP 192.0.2.1:5060;received=198.51.100.1;rport=7;branch=z9hG4bKa", way);
    assert_eq!(answer.via(), "SIP/2.0/UDP 192.0.2.1:5060;received=192.0.2.1;rport=5060;branch=z9hG4bKa");
}

#[test]
fn ipv6_is_no_exception() {
    let way = flow(Transport::Udp, "[2001:db8::9]:40000");
    let mut answer = comes("SIP/2.0/UDP [2001:db8::7]:5060;rport;branch=z9hG4bKa", way);
    assert!(answer.via().contains(";rport=40000;") && answer.via().contains("received=2001:db8::9"));
    assert_eq!(answer.way(), way);
    let mut answer = comes("SIP/2.0/UDP [2001:DB8:0::9]:5080;branch=z9hG4bKa", way);
    assert_eq!(answer.way().remote, "[2001:db8::9]:5080".parse().unwrap());
}

#[test]
fn the_vias_below_are_left_alone() {
    let one_line = "SIP/2.0/UDP 10.0.0.7;rport;branch=z9hG4bKa, SIP/2.0/TCP x.example.com;branch=z9hG4bKb";
    let answer = comes(one_line, flow(Transport::Udp, "203.0.113.9:40000"));
    let vias: Vec<_> = answer.request.headers.elements(&Name::Via).collect();
    assert_eq!(vias.len(), 3);
    assert_eq!(vias[1], "SIP/2.0/TCP x.example.com;branch=z9hG4bKb");
}

#[test]
fn a_stream_is_answered_on_itself_and_if_it_is_gone_at_the_port_that_was_written() {
    let way = flow(Transport::Tcp, "192.0.2.1:40000");
    let mut layer = Transactions::new(Timers::default(), 1);
    let mut asked = request(Method::Invite, "call", 1);
    asked.headers.push_front(Name::Via, "SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bKa");
    let now = Instant::now();
    layer.receive(now, way, asked.into());
    let Some(Output::Event(Event::Request { id: Some(id), request, .. })) = layer.poll() else { panic!("it comes up") };
    layer.respond(now, id, response(&request, 486));
    let Some(Output::Send { flow: first, bytes }) = layer.poll() else { panic!("the answer goes") };
    assert_eq!(first, way);
    layer.transport_failed(now, way);
    let Some(Output::Send { flow: second, bytes: again }) = layer.poll() else { panic!("the answer goes again") };
    assert_eq!(second, Flow { remote: "192.0.2.1:5070".parse().unwrap(), connection: None, ..way });
    assert_eq!(bytes, again);
    layer.transport_failed(now, second);
    assert!(layer.poll().is_none(), "once");
}

#[test]
fn an_answer_without_transaction_goes_the_same_way() {
    let mut layer = Transactions::new(Timers::default(), 1);
    let mut asked = request(Method::Options, "call", 1);
    asked.headers.push_front(Name::Via, "SIP/2.0/UDP 10.0.0.7;rport;branch=z9hG4bKa");
    let way = flow(Transport::Udp, "203.0.113.9:40000");
    let mut sent = Vec::new();
    for _ in 0..2 {
        layer.respond_statelessly(way, Response::to(&asked, 400));
        let Some(Output::Send { flow, bytes }) = layer.poll() else { panic!("it goes") };
        assert_eq!(flow, way);
        sent.push(bytes);
    }
    assert_eq!(sent[0], sent[1]);
    let text = String::from_utf8_lossy(&sent[0]).into_owned();
    assert!(text.contains("rport=40000") && text.contains("received=203.0.113.9"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("To:") && line.contains(";tag=")), "{text}");
    assert_eq!(layer.counts().server, 0);
}

#[test]
fn who_wrote_a_via_that_nobody_can_read_is_answered_all_the_same() {
    let mut layer = Transactions::new(Timers::default(), 1);
    let mut asked = request(Method::Options, "call", 1);
    asked.headers.push_front(Name::Via, "SIP/2.0/UDP 192.0.2.15;;,;,,");
    let way = flow(Transport::Udp, "203.0.113.9:40000");
    layer.respond_statelessly(way, Response::to(&asked, 400));
    let Some(Output::Send { flow, bytes }) = layer.poll() else { panic!("it goes") };
    assert_eq!(flow, way);
    assert!(String::from_utf8_lossy(&bytes).contains("Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n"));
    asked.headers.remove(&Name::Via);
    layer.respond_statelessly(way, Response::to(&asked, 400));
    assert!(layer.poll().is_none(), "without any, there is no answer");
}
