//! CANCEL (RFC 3261 §9).

use tandem_sip::{
    flow::Transport,
    message::{Message, Method, Name},
    transaction::Event,
};

use crate::world::*;

fn cancel(world: &mut World, id: tandem_sip::transaction::ClientId, reason: Option<&str>) {
    let now = world.now;
    world.layer(End::Caller).cancel(now, id, reason);
    world.drain();
}

fn cancelled(world: &mut World) -> usize {
    world.run_for(ms(10));
    world.heard(End::Callee).iter().filter(|event| matches!(event, Event::Cancelled { .. })).count()
}

#[test]
fn a_ringing_call_is_cancelled() {
    let mut world = World::new(Transport::Udp);
    let id = world.ask(invite());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 180));
    world.run_for(ms(10));
    cancel(&mut world, id, Some("SIP ;cause=200 ;text=\"Call completed elsewhere\""));
    cancel(&mut world, id, None);
    assert_eq!(cancelled(&mut world), 1);
    world.answer(server, response(&request, 487));
    assert_eq!(world.told(), [100, 180, 487], "the answer to the CANCEL is the layer's");
    assert_eq!(world.sent(End::Caller, "CANCEL").len(), 1);
    assert_eq!(world.sent(End::Callee, "200 CANCEL").len(), 1);
    let (_, _, Message::Request(sent)) = world.log.iter().find(|(_, _, m)| name(m) == "CANCEL").unwrap() else {
        panic!("a request")
    };
    let Message::Request(invite) = &world.log[0].2 else { panic!("a request") };
    assert_eq!(sent.headers.get(&Name::Via), invite.headers.get(&Name::Via));
    assert_eq!(sent.headers.get(&Name::To), invite.headers.get(&Name::To));
    assert_eq!(sent.headers.get(&Name::CSeq), Some("1 CANCEL"));
    assert_eq!(sent.headers.get(&Name::Reason), Some("SIP ;cause=200 ;text=\"Call completed elsewhere\""));
    let tag = |what: &str| {
        let (_, _, message) = world.log.iter().find(|(_, _, m)| name(m) == what).unwrap();
        message.headers().to().unwrap().tag().map(ToOwned::to_owned)
    };
    assert_eq!(tag("200 CANCEL"), tag("487 INVITE"));
    world.run_out();
    world.assert_nothing_is_left();
}

#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let mut slow = World::with_fate(
        Transport::Udp,
        1,
        Box::new(|message| if name(message) == "100 INVITE" { vec![ms(300)] } else { vec![ms(0)] }),
    );
    let id = slow.ask(invite());
    let (server, request) = slow.asked_once();
    cancel(&mut slow, id, None);
    assert_eq!(cancelled(&mut slow), 0);
    assert!(slow.sent(End::Caller, "CANCEL").is_empty());
    slow.run_for(ms(300));
    assert_eq!(cancelled(&mut slow), 1);
    slow.answer(server, response(&request, 487));
    assert_eq!(slow.told(), [100, 487]);
    slow.run_out();
    slow.assert_nothing_is_left();
}

#[test]
fn a_cancel_that_crosses_the_answer_changes_nothing() {
    let mut world = World::new(Transport::Udp);
    let id = world.ask(invite());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 180));
    world.run_for(ms(10));
    let yes = response(&request, 200);
    world.answer(server, yes.clone());
    cancel(&mut world, id, None);
    assert_eq!(cancelled(&mut world), 0);
    assert_eq!(world.told(), [100, 180, 200]);
    assert_eq!(world.sent(End::Callee, "200 CANCEL").len(), 1);
    world.acknowledge(id, &yes);
    world.run_out();
    assert_eq!(world.sent(End::Callee, "200 INVITE").len(), 1);
    world.assert_nothing_is_left();
}

#[test]
fn a_call_that_has_been_answered_is_not_cancelled() {
    let mut world = World::new(Transport::Udp);
    let id = world.ask(invite());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 200));
    assert_eq!(world.told(), [100, 200]);
    cancel(&mut world, id, None);
    assert!(world.sent(End::Caller, "CANCEL").is_empty());
}

#[test]
fn a_cancelled_call_without_final_response_is_given_up_after_64_t1() {
    let mut world = World::new(Transport::Udp);
    let id = world.ask(invite());
    let (server, request) = world.asked_once();
    world.run_for(ms(60_000));
    assert_eq!(world.told(), [100], "until then it may ring for long");
    cancel(&mut world, id, None);
    world.run_for(LONG + ms(10));
    assert_eq!(world.told(), [0]);
    assert_eq!(world.layer(End::Caller).counts().client, 0);
    world.answer(server, response(&request, 487));
    world.run_out();
    world.assert_nothing_is_left();
}

#[test]
fn a_cancel_without_any_response_ever_fails_like_the_invite() {
    let mut world = World::with_fate(Transport::Udp, 1, Box::new(|_| vec![]));
    let id = world.ask(invite());
    cancel(&mut world, id, None);
    world.run_out();
    assert_eq!(world.told(), [0]);
    assert!(world.sent(End::Caller, "CANCEL").is_empty());
    world.assert_nothing_is_left();
}

#[test]
fn a_cancel_of_nothing_is_answered_481() {
    let mut world = World::new(Transport::Udp);
    world.ask(request(Method::Cancel, "nothing", 1));
    assert!(world.asked().is_empty());
    assert_eq!(world.told(), [481]);
    world.run_out();
    world.assert_nothing_is_left();
}
