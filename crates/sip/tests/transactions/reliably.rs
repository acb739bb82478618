//! Reliable provisional responses (RFC 3262).

use tandem_sip::{
    flow::Transport,
    message::{Message, Method, Name, Response},
    transaction::{Event, ServerId},
};

use crate::world::*;

fn respond_reliably(world: &mut World, id: ServerId, response: Response) {
    let now = world.now;
    world.layer(End::Callee).respond_reliably(now, id, response);
    world.drain();
}

fn with_sdp(mut response: Response) -> Response {
    response.set_body("application/sdp", "v=0\r\n");
    response
}

/// What the caller has heard of its INVITE: status and `RSeq`.
fn told(world: &mut World) -> Vec<(u16, Option<u32>)> {
    world.run_for(ms(10));
    let told = world.heard(End::Caller).into_iter().filter_map(|event| match event {
        Event::Response { response, .. } if name(&response.clone().into()) == "200 PRACK" => None,
        Event::Response { response, .. } => Some((response.status, response.headers.rseq().unwrap())),
        _ => None,
    });
    told.filter(|(status, _)| *status != 100).collect()
}

fn prack(world: &mut World, number: u32, rseq: u32) {
    let mut prack = request(Method::Prack, "call", number);
    prack.headers.set(Name::To, "<sip:702@192.0.2.2>;tag=callee");
    prack.headers.push(Name::RAck, format!("{rseq} 1 INVITE"));
    world.ask(prack);
}

/// The callee's PRACK that acknowledges something, answered.
fn pracked(world: &mut World) -> Option<ServerId> {
    world.run_for(ms(10));
    let heard = world.heard(End::Callee);
    let [Event::Request { id: Some(id), request, acknowledges, .. }] = &heard[..] else {
        assert!(heard.is_empty(), "{heard:?}");
        return None;
    };
    world.answer(*id, response(request, 200));
    *acknowledges
}

#[test]
fn a_reliable_response_is_repeated_until_its_prack_comes() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    let (server, request) = world.asked_once();
    respond_reliably(&mut world, server, with_sdp(response(&request, 183)));
    let begin = world.now - world.start;
    let first = told(&mut world);
    let [(183, Some(rseq))] = first[..] else { panic!("a reliable 183: {first:?}") };
    let (_, _, sent) = world.log.last().unwrap();
    assert!(sent.headers().has_option(&Name::Require, "100rel"));
    world.run_for(ms(3600));
    let at: Vec<_> = world.sent(End::Callee, "183 INVITE").iter().map(|at| (*at - begin).as_millis()).collect();
    assert_eq!(at, [0, 500, 1500, 3500]);
    assert!(told(&mut world).is_empty(), "its owner has heard it");
    prack(&mut world, 2, rseq);
    assert_eq!(pracked(&mut world), Some(server));
    world.run_for(ms(60_000));
    assert_eq!(world.sent(End::Callee, "183 INVITE").len(), 4);
    world.answer(server, response(&request, 486));
    world.run_out();
    world.assert_nothing_is_left();
}

#[test]
fn the_next_one_waits_for_its_turn() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    let (server, request) = world.asked_once();
    for status in [180, 183, 182] {
        respond_reliably(&mut world, server, response(&request, status));
    }
    let mut number = 1;
    let mut last = None;
    for status in [180, 183, 182] {
        let heard = told(&mut world);
        let [(heard, Some(rseq))] = heard[..] else { panic!("one at a time: {heard:?}") };
        assert_eq!(heard, status);
        assert!(last.is_none_or(|last: u32| last + 1 == rseq), "one more each time");
        last = Some(rseq);
        number += 1;
        prack(&mut world, number, rseq);
        assert_eq!(pracked(&mut world), Some(server));
        assert_eq!(world.heard(End::Callee).len(), 0);
    }
}

#[test]
fn a_2xx_waits_for_the_prack_of_a_session_description() {
    let mut world = World::new(Transport::Udp);
    let client = world.ask(invite());
    let (server, request) = world.asked_once();
    respond_reliably(&mut world, server, with_sdp(response(&request, 183)));
    let yes = response(&request, 200);
    world.answer(server, yes.clone());
    let heard = told(&mut world);
    let [(183, Some(rseq))] = heard[..] else { panic!("not the 200 yet: {heard:?}") };
    prack(&mut world, 2, rseq);
    assert_eq!(pracked(&mut world), Some(server));
    assert_eq!(told(&mut world), [(200, None)]);
    world.acknowledge(client, &yes);
    world.run_out();
    world.assert_nothing_is_left();
}

#[test]
fn a_2xx_does_not_wait_for_the_prack_of_mere_ringing_which_is_still_good() {
    let mut world = World::new(Transport::Udp);
    let client = world.ask(invite());
    let (server, request) = world.asked_once();
    respond_reliably(&mut world, server, response(&request, 180));
    let yes = response(&request, 200);
    world.answer(server, yes.clone());
    let heard = told(&mut world);
    let [(180, Some(rseq)), (200, None)] = heard[..] else { panic!("both: {heard:?}") };
    world.acknowledge(client, &yes);
    world.run_for(ms(1000));
    world.heard(End::Callee);
    assert_eq!(world.sent(End::Callee, "180 INVITE").len(), 1, "nothing provisional is repeated after the final one");
    prack(&mut world, 2, rseq);
    assert_eq!(pracked(&mut world), Some(server));
    world.run_out();
    world.assert_nothing_is_left();
}

#[test]
fn without_prack_the_invite_is_refused() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    let (server, request) = world.asked_once();
    respond_reliably(&mut world, server, with_sdp(response(&request, 183)));
    world.answer(server, response(&request, 200));
    world.run_out();
    let heard = world.heard(End::Callee);
    assert!(matches!(heard[..], [Event::Unacknowledged { id }] if id == server), "{heard:?}");
    let told = told(&mut world);
    assert_eq!(told.last(), Some(&(504, None)), "{told:?}");
    world.assert_nothing_is_left();
}

#[test]
fn a_call_can_be_refused_while_a_prack_is_awaited() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    let (server, request) = world.asked_once();
    respond_reliably(&mut world, server, with_sdp(response(&request, 183)));
    world.answer(server, response(&request, 200));
    world.answer(server, response(&request, 487));
    assert_eq!(told(&mut world).last(), Some(&(487, None)), "the 200 had not gone yet");
    world.run_out();
    assert!(world.sent(End::Callee, "200 INVITE").is_empty());
    world.assert_nothing_is_left();
}

#[test]
fn a_prack_of_nothing_is_answered_481_and_a_malformed_one_400() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    let (server, request_) = world.asked_once();
    respond_reliably(&mut world, server, response(&request_, 180));
    let heard = told(&mut world);
    let [(180, Some(rseq))] = heard[..] else { panic!("{heard:?}") };
    prack(&mut world, 2, rseq + 1);
    assert_eq!(pracked(&mut world), None);
    assert_eq!(told(&mut world), [(481, None)]);
    let mut malformed = request(Method::Prack, "call", 3);
    malformed.headers.push(Name::RAck, "x 1 INVITE");
    world.ask(malformed);
    assert_eq!(pracked(&mut world), None);
    assert_eq!(told(&mut world), [(400, None)]);
}

#[test]
fn the_caller_hears_reliable_responses_in_their_order() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    let (_, request) = world.asked_once();
    let (now, flow) = (world.now, world.flow(End::Caller));
    for (status, rseq) in [(180, 7), (183, 9), (183, 8), (180, 7), (183, 9), (183, 9)] {
        let mut provisional = response(&request, status);
        provisional.headers.push(Name::Require, "100rel");
        provisional.headers.push(Name::RSeq, rseq.to_string());
        world.layer(End::Caller).receive(now, flow, Message::Response(provisional));
    }
    assert_eq!(told(&mut world), [(180, Some(7)), (183, Some(8)), (183, Some(9))]);
}
