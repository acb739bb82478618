//! Requests other than INVITE (RFC 3261 §17.1.2, §17.2.2).

use tandem_sip::{
    flow::Transport,
    message::{Message, Method, Name},
    transaction::Event,
};

use crate::world::*;

fn options() -> tandem_sip::message::Request {
    request(Method::Options, "question", 7)
}

#[test]
fn a_request_goes_once_and_its_answer_comes_once() {
    let mut world = World::new(Transport::Udp);
    let id = world.ask(options());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 200));
    world.run_for(ms(10));
    let heard = world.heard(End::Caller);
    assert!(matches!(&heard[..], [Event::Response { id: of, response }] if *of == id && response.status == 200));
    world.run_out();
    assert_eq!(world.sent(End::Caller, "OPTIONS").len(), 1);
    assert_eq!(world.sent(End::Callee, "200 OPTIONS").len(), 1);
    world.assert_nothing_is_left();
}

#[test]
fn our_via_has_a_branch_and_asks_for_rport_and_max_forwards_is_seventy() {
    let mut world = World::new(Transport::Udp);
    world.ask(options());
    world.drain();
    let Message::Request(sent) = &world.log[0].2 else { panic!("a request went") };
    let via = sent.headers.via().unwrap();
    assert!(via.branch().unwrap().starts_with("z9hG4bK") && via.wants_rport());
    assert_eq!(via.to_string().split(';').next(), Some("SIP/2.0/UDP 192.0.2.1:5060"));
    assert_eq!(sent.headers.max_forwards(), Ok(Some(70)));
}

#[test]
fn without_an_answer_it_is_sent_again_at_timer_e_and_fails_at_timer_f() {
    let mut world = World::with_fate(Transport::Udp, 1, Box::new(|_| vec![]));
    world.ask(options());
    world.run_out();
    let at: Vec<_> = world.sent(End::Caller, "OPTIONS").iter().map(|at| at.as_millis()).collect();
    assert_eq!(at, [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    assert_eq!(world.now - world.start, LONG);
    assert_eq!(world.told(), [0]);
    world.assert_nothing_is_left();
}

#[test]
fn over_a_stream_nothing_is_sent_twice() {
    let mut world = World::with_fate(Transport::Tcp, 1, Box::new(|_| vec![]));
    world.ask(options());
    world.run_out();
    assert_eq!(world.sent(End::Caller, "OPTIONS").len(), 1);
    assert_eq!(world.told(), [0]);
    world.assert_nothing_is_left();
}

#[test]
fn a_provisional_response_slows_the_retransmissions_down() {
    let mut world = World::new(Transport::Udp);
    world.ask(options());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 180));
    world.run_for(ms(13_000));
    let at: Vec<_> = world.sent(End::Caller, "OPTIONS").iter().map(|at| at.as_millis()).collect();
    assert_eq!(at, [0, 500, 4500, 8500, 12500]);
    assert_eq!(world.sent(End::Callee, "180 OPTIONS").len(), 5, "each is answered with what was last said");
    assert_eq!(world.told()[0], 180);
}

#[test]
fn a_lost_answer_is_given_again_when_the_request_comes_again() {
    let mut lost = 2;
    let mut world = World::with_fate(
        Transport::Udp,
        1,
        Box::new(move |message| {
            let loses = name(message) == "200 OPTIONS" && lost > 0;
            lost -= i32::from(loses);
            if loses { vec![] } else { vec![ms(0)] }
        }),
    );
    world.ask(options());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 200));
    world.run_out();
    assert_eq!(world.told(), [200]);
    assert!(world.heard(End::Callee).is_empty(), "the owner hears a request once");
    assert_eq!(world.sent(End::Callee, "200 OPTIONS").len(), 3);
    world.assert_nothing_is_left();
}

#[test]
fn an_unanswered_request_is_forgotten_when_its_sender_has_given_up() {
    let mut world = World::new(Transport::Udp);
    world.ask(options());
    let (server, request) = world.asked_once();
    world.run_out();
    assert_eq!(world.told(), [0]);
    world.assert_nothing_is_left();
    world.answer(server, response(&request, 200));
    assert!(world.sent(End::Callee, "200 OPTIONS").is_empty(), "too late");
}

#[test]
fn a_second_final_response_is_not_sent() {
    let mut world = World::new(Transport::Udp);
    world.ask(options());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 404));
    world.answer(server, response(&request, 200));
    assert_eq!(world.told(), [404]);
    world.run_out();
    assert!(world.sent(End::Callee, "200 OPTIONS").is_empty());
}

#[test]
fn a_response_without_a_tag_gets_one_and_always_the_same() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    let (server, request) = world.asked_once();
    world.answer(server, tandem_sip::message::Response::to(&request, 180));
    world.answer(server, tandem_sip::message::Response::to(&request, 486));
    world.run_for(ms(10));
    let tags: Vec<_> = world
        .log
        .iter()
        .filter(|(_, from, _)| *from == End::Callee)
        .map(|(_, _, message)| message.headers().to().unwrap().tag().map(ToOwned::to_owned))
        .collect();
    assert_eq!(tags.len(), 3);
    assert_eq!(tags[0], None, "100 belongs to no dialog");
    assert!(tags[1].is_some() && tags[1] == tags[2]);
}

#[test]
fn a_failed_transport_fails_the_requests_that_wait_for_it() {
    let mut world = World::with_fate(Transport::Tcp, 1, Box::new(|_| vec![]));
    world.ask(options());
    world.drain();
    let (now, flow) = (world.now, world.flow(End::Caller));
    let elsewhere = tandem_sip::flow::Flow { remote: "192.0.2.9:5060".parse().unwrap(), ..flow };
    world.layer(End::Caller).transport_failed(now, elsewhere);
    assert!(world.told().is_empty(), "another one's failure is no matter");
    world.layer(End::Caller).transport_failed(now, flow);
    assert_eq!(world.told(), [0]);
    world.run_out();
    world.assert_nothing_is_left();
}

#[test]
fn above_the_limit_requests_are_refused_with_503_and_those_inside_a_dialog_last() {
    let mut world = World::new(Transport::Udp);
    world.layer(End::Callee).limit_servers(4);
    for number in 0..5 {
        world.ask(request(Method::Options, "many", number));
    }
    assert_eq!(world.asked().len(), 4);
    assert_eq!(world.told(), [503]);
    let mut bye = request(Method::Bye, "many", 9);
    bye.headers.set(Name::To, "<sip:702@192.0.2.2>;tag=callee");
    world.ask(bye);
    assert_eq!(world.asked().len(), 1, "a call can still be ended");
    assert_eq!(world.layer(End::Callee).counts().refused, 1);
}
