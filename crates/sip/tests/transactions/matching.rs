//! What belongs to what (RFC 3261 §17.1.3, §17.2.3, §8.2.2.2), with ends that are not ours.

use tandem_sip::{
    flow::Transport,
    message::{Message, Method, Name, Request, Via, parse},
    transaction::Event,
};

use crate::world::*;

fn receive(world: &mut World, message: impl Into<Message>) -> Vec<Event> {
    let (now, flow) = (world.now, world.flow(End::Callee));
    // As it would come: through the bytes.
    let message = parse(&message.into().to_bytes()).unwrap();
    world.layer(End::Callee).receive(now, flow, message);
    world.heard(End::Callee)
}

fn with_via(mut request: Request, via: &str) -> Request {
    request.headers.push_front(Name::Via, via);
    request
}

#[test]
fn two_clients_may_choose_the_same_branch() {
    let mut world = World::new(Transport::Udp);
    for sent_by in ["192.0.2.1", "192.0.2.1:5070", "phone.example.com"] {
        let via = format!("SIP/2.0/UDP {sent_by};branch=z9hG4bK1");
        let options = with_via(request(Method::Options, sent_by, 1), &via);
        assert_eq!(receive(&mut world, options.clone()).len(), 1, "{sent_by}");
        assert_eq!(receive(&mut world, options).len(), 0, "the same again");
    }
    let upper = with_via(request(Method::Options, "x", 1), "SIP/2.0/UDP PHONE.example.com;branch=z9hG4bK1");
    assert_eq!(receive(&mut world, upper).len(), 0, "a host is the same in any case of letters");
}

#[test]
fn a_request_that_comes_by_two_ways_is_answered_482_the_second_time() {
    let mut world = World::new(Transport::Udp);
    let first = with_via(invite(), "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKfirst");
    let second = with_via(invite(), "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKsecond");
    assert_eq!(receive(&mut world, first).len(), 1);
    assert_eq!(receive(&mut world, second.clone()).len(), 0);
    assert_eq!(receive(&mut world, second).len(), 0);
    let refusals: Vec<_> =
        world.log.iter().filter(|(_, _, m)| name(m) == "482 INVITE").map(|(_, _, m)| m.to_bytes()).collect();
    assert_eq!(refusals.len(), 2);
    assert_eq!(refusals[0], refusals[1], "with the same tag");
}

#[test]
fn the_same_request_with_credentials_is_no_merged_one() {
    let mut world = World::new(Transport::Udp);
    let first = with_via(request(Method::Register, "reg", 1), "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKfirst");
    let second = with_via(request(Method::Register, "reg", 1), "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKsecond");
    let events = receive(&mut world, first);
    let [Event::Request { id: Some(id), request, .. }] = &events[..] else { panic!("one request: {events:?}") };
    world.answer(*id, response(request, 401));
    assert_eq!(receive(&mut world, second).len(), 1);
}

#[test]
fn a_request_inside_a_dialog_is_no_merged_one() {
    let mut world = World::new(Transport::Udp);
    for branch in ["first", "second"] {
        let mut again = with_via(invite(), &format!("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{branch}"));
        again.headers.set(Name::To, "<sip:702@192.0.2.2>;tag=callee");
        assert_eq!(receive(&mut world, again).len(), 1);
    }
}

#[test]
fn a_client_older_than_rfc_3261_is_understood() {
    let mut world = World::new(Transport::Udp);
    let via = "SIP/2.0/UDP 192.0.2.1:5060";
    let asked = with_via(invite(), via);
    let events = receive(&mut world, asked.clone());
    let [Event::Request { id: Some(id), request: seen, .. }] = &events[..] else { panic!("one request: {events:?}") };
    assert_eq!(receive(&mut world, asked.clone()).len(), 0, "the same again");
    let cancel = with_via(request(Method::Cancel, "call", 1), via);
    assert!(matches!(&receive(&mut world, cancel)[..], [Event::Cancelled { id: of }] if of == id));
    world.answer(*id, response(seen, 487));
    let mut ack = with_via(request(Method::Ack, "call", 1), via);
    ack.headers.set(Name::To, "<sip:702@192.0.2.2>;tag=callee");
    assert_eq!(receive(&mut world, ack).len(), 0);
    world.run_for(ms(5000));
    assert_eq!(world.sent(End::Callee, "487 INVITE").len(), 1, "the ACK was understood");
    let next = with_via(request(Method::Invite, "call", 2), via);
    assert_eq!(receive(&mut world, next).len(), 1, "another CSeq is another request");
}

#[test]
fn an_ack_of_a_2xx_on_the_branch_of_its_invite_is_understood() {
    let mut world = World::new(Transport::Udp);
    let via = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone";
    let events = receive(&mut world, with_via(invite(), via));
    let [Event::Request { id: Some(id), request: seen, .. }] = &events[..] else { panic!("one request: {events:?}") };
    world.answer(*id, response(seen, 200));
    let ack = with_via(request(Method::Ack, "call", 1), via);
    let events = receive(&mut world, ack);
    assert!(matches!(&events[..], [Event::Request { id: None, acknowledges: Some(of), .. }] if of == id), "{events:?}");
}

#[test]
fn what_belongs_to_nothing_is_dropped() {
    let mut world = World::new(Transport::Udp);
    let ack = with_via(request(Method::Ack, "nothing", 1), "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx");
    assert!(receive(&mut world, ack).is_empty());
    let asked = with_via(request(Method::Options, "x", 1), "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx");
    assert!(receive(&mut world, response(&asked, 200)).is_empty());
    let older = with_via(request(Method::Ack, "other", 9), "SIP/2.0/UDP 192.0.2.1;branch=1");
    assert!(receive(&mut world, older).is_empty());
    assert_eq!(world.layer(End::Callee).counts().stray, 3);
    assert!(world.log.is_empty());
    world.assert_nothing_is_left();
}

#[test]
fn a_response_that_went_through_us_to_somebody_else_is_not_ours() {
    let mut world = World::new(Transport::Udp);
    world.ask(request(Method::Options, "x", 1));
    let (_, asked) = world.asked_once();
    let mut foreign = response(&asked, 200);
    foreign.headers.push(Name::Via, "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKother");
    let (now, flow) = (world.now, world.flow(End::Caller));
    world.layer(End::Caller).receive(now, flow, Message::Response(foreign));
    assert!(world.told().is_empty());
}

#[test]
fn a_message_made_by_hand_that_lacks_headers_disturbs_nothing() {
    let mut world = World::new(Transport::Udp);
    let (now, flow) = (world.now, world.flow(End::Callee));
    let uri: tandem_sip::message::Uri = "sip:x@192.0.2.2".parse().unwrap();
    for method in [Method::Invite, Method::Ack, Method::Cancel, Method::Prack, Method::Bye] {
        let mut request = Request::new(method.clone(), uri.clone());
        world.layer(End::Callee).receive(now, flow, Message::Request(request.clone()));
        let via: Via = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx".parse().unwrap();
        request.headers.push(Name::Via, via.to_string());
        world.layer(End::Callee).receive(now, flow, Message::Request(request));
    }
    world.run_out();
    world.assert_nothing_is_left();
    assert!(world.heard(End::Callee).is_empty());
}
