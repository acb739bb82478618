//! INVITE (RFC 3261 §17.1.1, §17.2.1, RFC 6026).

use tandem_sip::{
    flow::Transport,
    message::{Message, Method, Name, Response},
    transaction::Event,
};

use crate::world::*;

#[test]
fn an_invite_that_is_not_answered_in_the_same_turn_gets_its_100() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    let (server, request) = world.asked_once();
    assert_eq!(world.sent(End::Callee, "100 INVITE").len(), 1);
    world.answer(server, response(&request, 180));
    assert_eq!(world.told(), [100, 180]);
    world.run_for(ms(5000));
    assert_eq!(world.sent(End::Caller, "INVITE").len(), 1, "a provisional response stops Timer A");
}

#[test]
fn an_invite_that_is_answered_in_the_same_turn_gets_no_100() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    world.drain();
    let Message::Request(sent) = world.log[0].2.clone() else { panic!("an INVITE went") };
    let (now, flow) = (world.now, world.flow(End::Callee));
    let callee = world.layer(End::Callee);
    callee.receive(now, flow, Message::Request(sent));
    let Some(tandem_sip::transaction::Output::Event(Event::Request { id: Some(id), request, .. })) = callee.poll()
    else {
        panic!("the INVITE comes up")
    };
    callee.respond(now, id, response(&request, 486));
    world.drain();
    assert!(world.sent(End::Callee, "100 INVITE").is_empty());
    assert_eq!(world.sent(End::Callee, "486 INVITE").len(), 1);
}

#[test]
fn without_any_response_timer_a_doubles_and_timer_b_ends_it() {
    let mut world = World::with_fate(Transport::Udp, 1, Box::new(|_| vec![]));
    world.ask(invite());
    world.run_out();
    let at: Vec<_> = world.sent(End::Caller, "INVITE").iter().map(|at| at.as_millis()).collect();
    assert_eq!(at, [0, 500, 1500, 3500, 7500, 15500, 31500]);
    assert_eq!(world.told(), [0]);
    world.assert_nothing_is_left();
}

#[test]
fn a_refusal_is_acknowledged_by_the_layer_on_the_same_branch() {
    let mut world = World::new(Transport::Udp);
    let mut asked = invite();
    asked.headers.push(Name::Route, "<sip:proxy@192.0.2.2;lr>");
    asked.set_body("application/sdp", "v=0\r\n");
    world.ask(asked);
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 486));
    assert_eq!(world.told(), [100, 486]);
    assert!(world.heard(End::Callee).is_empty(), "the ACK of a refusal is the layer's");
    world.run_out();
    assert_eq!(world.sent(End::Callee, "486 INVITE").len(), 1);
    let ack = world.log.iter().find_map(|(_, _, m)| match m {
        Message::Request(request) if request.method == Method::Ack => Some(request.clone()),
        _ => None,
    });
    let ack = ack.unwrap();
    let Message::Request(invite) = &world.log[0].2 else { panic!("the INVITE is first") };
    assert_eq!(ack.headers.all(&Name::Via).collect::<Vec<_>>(), invite.headers.all(&Name::Via).collect::<Vec<_>>());
    assert_eq!(ack.headers.get(&Name::Route), Some("<sip:proxy@192.0.2.2;lr>"));
    assert_eq!(ack.headers.get(&Name::CSeq), Some("1 ACK"));
    assert_eq!(ack.headers.to().unwrap().tag(), Some("callee"));
    assert_eq!(ack.uri, invite.uri);
    assert!(ack.body.is_empty() && ack.headers.get(&Name::ContentType).is_none());
    world.assert_nothing_is_left();
}

#[test]
fn a_refusal_is_repeated_at_timer_g_until_timer_h_when_no_ack_comes() {
    let mut world =
        World::with_fate(Transport::Udp, 1, Box::new(|m| if name(m) == "ACK" { vec![] } else { vec![ms(0)] }));
    world.ask(invite());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 486));
    let begin = world.now - world.start;
    world.run_out();
    let at: Vec<_> = world.sent(End::Callee, "486 INVITE").iter().map(|at| (*at - begin).as_millis()).collect();
    assert_eq!(at, [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    assert_eq!(world.sent(End::Caller, "ACK").len(), 11, "each is acknowledged");
    assert_eq!(world.told(), [100, 486], "and heard once");
    world.assert_nothing_is_left();
}

#[test]
fn over_a_stream_a_refusal_goes_once_and_all_is_over_with_its_ack() {
    let mut world = World::new(Transport::Tcp);
    world.ask(invite());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 486));
    assert_eq!(world.told(), [100, 486]);
    world.assert_nothing_is_left();
    assert_eq!(world.sent(End::Callee, "486 INVITE").len(), 1);
}

fn answered(world: &mut World) -> (tandem_sip::transaction::ClientId, tandem_sip::transaction::ServerId, Response) {
    let client = world.ask(invite());
    let (server, request) = world.asked_once();
    let yes = response(&request, 200);
    world.answer(server, yes.clone());
    world.run_for(ms(0));
    (client, server, yes)
}

#[test]
fn a_2xx_is_repeated_over_every_transport_until_its_ack_comes() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut world = World::new(transport);
        let (client, server, yes) = answered(&mut world);
        world.run_for(ms(3600));
        let at: Vec<_> = world.sent(End::Callee, "200 INVITE").iter().map(|at| at.as_millis() - 10).collect();
        assert_eq!(at, [0, 500, 1500, 3500]);
        world.acknowledge(client, &yes);
        world.run_for(ms(10));
        let heard = world.heard(End::Callee);
        assert!(
            matches!(&heard[..], [Event::Request { id: None, request, acknowledges: Some(id), .. }]
                if request.method == Method::Ack && *id == server),
            "{heard:?}"
        );
        world.run_out();
        assert_eq!(world.sent(End::Callee, "200 INVITE").len(), 4);
        assert_eq!(world.told(), [100, 200], "the repeated one is not told again");
        world.assert_nothing_is_left();
    }
}

#[test]
fn a_repeated_2xx_gets_the_same_ack_again_and_the_owner_hears_one() {
    let mut lost = 2;
    let mut world = World::with_fate(
        Transport::Udp,
        1,
        Box::new(move |message| {
            let loses = name(message) == "ACK" && lost > 0;
            lost -= i32::from(loses);
            if loses { vec![] } else { vec![ms(0), ms(1)] }
        }),
    );
    let (client, _, yes) = answered(&mut world);
    world.acknowledge(client, &yes);
    world.run_out();
    let acks: Vec<_> = world.log.iter().filter(|(_, _, m)| name(m) == "ACK").map(|(_, _, m)| m.to_bytes()).collect();
    assert!(acks.len() >= 3 && acks.iter().all(|ack| *ack == acks[0]), "byte by byte");
    let heard = world.heard(End::Callee);
    assert_eq!(heard.len(), 1, "{heard:?}");
    world.assert_nothing_is_left();
}

#[test]
fn a_2xx_without_ack_is_given_up_after_64_t1() {
    let mut world = World::new(Transport::Udp);
    let (_, server, _) = answered(&mut world);
    world.run_out();
    let heard = world.heard(End::Callee);
    assert!(matches!(&heard[..], [Event::Unacknowledged { id }] if *id == server), "{heard:?}");
    assert_eq!(world.sent(End::Callee, "200 INVITE").len(), 11);
    world.assert_nothing_is_left();
}

#[test]
fn every_fork_that_answers_is_heard_and_acknowledged_for_itself() {
    let mut world = World::new(Transport::Udp);
    let client = world.ask(invite());
    let (_, request) = world.asked_once();
    let (now, flow) = (world.now, world.flow(End::Caller));
    let mut forks = Vec::new();
    for tag in ["a", "b"] {
        let mut yes = Response::to(&request, 200);
        yes.headers.tag_to(tag).unwrap();
        world.layer(End::Caller).receive(now, flow, Message::Response(yes.clone()));
        forks.push(yes);
    }
    assert_eq!(world.told(), [100, 200, 200]);
    world.acknowledge(client, &forks[0]);
    world.acknowledge(client, &forks[1]);
    let before = world.sent(End::Caller, "ACK").len();
    world.layer(End::Caller).receive(now, flow, Message::Response(forks[1].clone()));
    world.drain();
    assert!(world.told().is_empty());
    assert_eq!(world.sent(End::Caller, "ACK").len(), before + 1);
    let last = world.log.iter().rev().find(|(_, from, _)| *from == End::Caller).unwrap();
    assert_eq!(last.2.headers().to().unwrap().tag(), Some("b"));
}

#[test]
fn a_repeated_invite_is_answered_with_what_was_last_said_and_after_a_2xx_not_at_all() {
    let mut world = World::new(Transport::Udp);
    world.ask(invite());
    let (server, request) = world.asked_once();
    world.answer(server, response(&request, 183));
    let Message::Request(again) = world.log[0].2.clone() else { panic!("the INVITE is first") };
    let (now, flow) = (world.now, world.flow(End::Callee));
    world.layer(End::Callee).receive(now, flow, Message::Request(again.clone()));
    world.drain();
    assert_eq!(world.sent(End::Callee, "183 INVITE").len(), 2);
    world.answer(server, response(&request, 200));
    world.layer(End::Callee).receive(now, flow, Message::Request(again));
    world.drain();
    assert_eq!(world.sent(End::Callee, "200 INVITE").len(), 1);
    assert_eq!(world.sent(End::Callee, "183 INVITE").len(), 2);
    assert!(world.heard(End::Callee).is_empty());
}

#[test]
fn the_timestamp_of_an_invite_comes_back_in_its_100() {
    let mut world = World::new(Transport::Udp);
    let mut asked = invite();
    asked.headers.push(Name::from("Timestamp"), "54.21");
    world.ask(asked);
    world.asked_once();
    let trying = world.log.iter().find(|(_, _, m)| name(m) == "100 INVITE").unwrap();
    assert_eq!(trying.2.headers().get(&Name::from("Timestamp")), Some("54.21"));
}
