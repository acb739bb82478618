//! Another network's people: who calls *Support*, and who answers outside.

use std::collections::HashSet;

use proptest::prelude::*;
use tandem_callers::{
    endpoint::Endpoint as _,
    network::{ANSWERED_MAX, LINES, Network},
    people::{CALLERS, Side},
    sounds::Sounds,
};
use tandem_sip::message::{Message, Method, Name, Request};

use crate::stage::{SECOND, Stage, station};

type World = Stage<Network>;

fn world(seed: u64) -> World {
    Stage::new(|now| Network::new(station(LINES + ANSWERED_MAX, seed), now))
}

fn number(invite: &Request) -> String {
    invite.headers.from().unwrap().uri.user.unwrap()
}

/// A client calls and is answered.
fn talking(world: &mut World) -> Request {
    let invite = world.request(Method::Invite, SECOND * 60);
    world.grant(&invite, 200);
    world.request(Method::Ack, SECOND);
    invite
}

/// The exchange hangs up.
fn hang_up(world: &mut World, invite: &Request) {
    let bye = world.inside_ours(invite, Method::Bye);
    world.tell(bye);
    world.response(200, SECOND);
}

#[test]
fn two_clients_call_support_and_speak_when_they_are_answered() {
    let mut world = world(1);
    let first = talking(&mut world);
    let second = talking(&mut world);
    assert_eq!(first.uri.user.as_deref(), Some("+3225550700"));
    assert_ne!(number(&first), number(&second));
    assert!(first.headers.from().unwrap().display_name.is_some());
    assert_eq!(world.endpoint.talking(), 2);
    let sounds = Sounds::load().unwrap();
    let about = |invite: &Request| CALLERS.iter().find(|caller| caller.number == number(invite)).unwrap().dialogue;
    let said = world.said();
    for invite in [&first, &second] {
        let track = sounds.track(about(invite), Side::Client);
        assert!(said.iter().any(|said| said.clip.samples() == track.samples() && said.aim.is_some()));
    }
    // The third comes later, and gives up when nobody is free.
    let third = world.request(Method::Invite, SECOND * 60);
    world.grant(&third, 183);
    world.request(Method::Cancel, SECOND * 9);
}

#[test]
fn a_client_hangs_up_after_some_minutes_and_somebody_else_calls() {
    let mut world = world(2);
    let first = talking(&mut world);
    let second = talking(&mut world);
    let begun = world.now;
    let mut numbers = HashSet::from([number(&first), number(&second)]);
    let bye = loop {
        world.pass(SECOND * 200);
        match world.sent.pop_front() {
            Some(Message::Request(request)) if request.method == Method::Bye => break request,
            Some(Message::Request(request)) if request.method == Method::Invite => {
                numbers.insert(number(&request));
                world.grant(&request, 486);
                world.request(Method::Ack, SECOND);
            }
            other => panic!("{other:?}"),
        }
    };
    assert!((SECOND * 60..=SECOND * 185).contains(&(world.now - begun)), "{:?}", world.now - begun);
    world.grant(&bye, 200);
    assert_eq!(world.endpoint.talking(), 1);
    let next = world.request(Method::Invite, SECOND * 6);
    assert!(numbers.insert(number(&next)), "somebody else");
}

#[test]
fn when_the_agent_hangs_up_the_client_is_silent_and_the_line_calls_again() {
    let mut world = world(3);
    let first = talking(&mut world);
    hang_up(&mut world, &first);
    assert!(world.said().is_empty() && world.endpoint.talking() == 0);
    talking(&mut world);
    talking(&mut world);
}

#[test]
fn nobody_hangs_up_while_nobody_else_talks_unless_it_takes_too_long() {
    let mut world = world(4);
    talking(&mut world);
    let begun = world.now;
    loop {
        world.pass(SECOND * 300);
        match world.sent.pop_front() {
            Some(Message::Request(request)) if request.method == Method::Invite => {
                world.grant(&request, 480);
                world.request(Method::Ack, SECOND);
            }
            Some(Message::Request(request)) if request.method == Method::Bye => break,
            other => panic!("{other:?}"),
        }
    }
    let lasted = world.now - begun;
    assert!((SECOND * 120..=SECOND * 186).contains(&lasted), "{lasted:?}");
}

#[test]
fn who_is_not_answered_gives_up_and_tries_later() {
    let mut world = world(5);
    let begun = world.now;
    let (mut ringing, mut given_up) = (Vec::<Request>::new(), 0);
    while world.now - begun < SECOND * 300 {
        world.pass(SECOND * 60);
        match world.sent.pop_front() {
            Some(Message::Request(request)) if request.method == Method::Invite => {
                world.grant(&request, 180);
                ringing.push(request);
                assert!(ringing.len() <= LINES);
            }
            Some(Message::Request(cancel)) if cancel.method == Method::Cancel => {
                world.grant(&cancel, 200);
                let is_it = |invite: &Request| invite.headers.call_id() == cancel.headers.call_id();
                let place = ringing.iter().position(is_it).unwrap();
                let invite = ringing.remove(place);
                world.grant(&invite, 487);
                world.request(Method::Ack, SECOND);
                given_up += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    // A real phone at which nobody sits does not ring all the time, but it does ring.
    assert!((6..30).contains(&given_up), "{given_up}");
}

#[test]
fn an_answer_that_crosses_the_giving_up_is_hung_up_at_once() {
    let mut world = world(6);
    let invite = world.request(Method::Invite, SECOND * 10);
    world.grant(&invite, 180);
    let other = world.request(Method::Invite, SECOND * 10);
    world.grant(&other, 486);
    world.request(Method::Ack, SECOND);
    let cancel = loop {
        world.pass(SECOND * 31);
        match world.sent.pop_front() {
            Some(Message::Request(request)) if request.method == Method::Cancel => break request,
            Some(Message::Request(request)) if request.method == Method::Invite => {
                world.grant(&request, 486);
                world.request(Method::Ack, SECOND);
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(cancel.headers.call_id(), invite.headers.call_id());
    world.grant(&invite, 200);
    world.request(Method::Ack, SECOND);
    let bye = world.request(Method::Bye, SECOND);
    world.grant(&bye, 200);
    assert!(world.said().is_empty());
}

#[test]
fn a_number_outside_answers_says_its_words_and_hangs_up() {
    let mut world = world(7);
    let first = talking(&mut world);
    let invite = world.invite("+3225550702");
    world.response(180, SECOND);
    let rings_since = world.now;
    let answer = world.response(200, SECOND * 2);
    assert_eq!((world.now - rings_since).as_millis(), 1_500);
    let ack = world.inside(&invite, &answer, Method::Ack, 1);
    world.tell(ack);
    // Digits do nothing.
    let mut info = world.inside(&invite, &answer, Method::Info, 2);
    info.set_body("application/dtmf-relay", "Signal=1\r\nDuration=100\r\n");
    world.tell(info);
    world.response(200, SECOND);
    assert_eq!(world.said().len(), 2);
    let announcement = Sounds::load().unwrap().announcement();
    let bye = loop {
        world.pass(SECOND * 60);
        match world.sent.pop_front() {
            Some(Message::Request(request)) if request.method == Method::Bye => break request,
            Some(Message::Request(request)) => {
                world.grant(&request, 486);
                world.request(Method::Ack, SECOND);
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(bye.headers.call_id(), invite.headers.call_id());
    let spoke = (world.now - rings_since).as_millis() - 1_500;
    assert_eq!(spoke, u128::from(announcement.duration_ms()) + 300);
    assert_ne!(bye.headers.call_id(), first.headers.call_id());
}

#[test]
fn no_more_calls_are_answered_outside_than_there_is_room_for() {
    let mut world = world(8);
    for _ in 0..ANSWERED_MAX {
        world.invite("+3225550702");
        world.response(180, SECOND);
    }
    world.invite("+3225550702");
    world.response(486, SECOND);
}

#[test]
fn at_the_end_every_call_is_ended_in_the_way_that_it_needs() {
    let mut world = world(9);
    let answered = talking(&mut world);
    let ringing = world.request(Method::Invite, SECOND * 10);
    world.grant(&ringing, 180);
    let _arriving = world.invite("+3225550702");
    world.response(180, SECOND);
    world.stop();
    let mut done = Vec::new();
    while let Some(message) = world.sent.pop_front() {
        match message {
            Message::Request(request) => {
                done.push(request.method.to_string());
                if request.method == Method::Cancel {
                    world.grant(&request, 200);
                    world.grant(&ringing, 487);
                } else if request.method == Method::Bye {
                    assert_eq!(request.headers.call_id(), answered.headers.call_id());
                    world.grant(&request, 200);
                }
            }
            Message::Response(response) => done.push(response.status.to_string()),
        }
    }
    done.sort();
    assert_eq!(done, ["480", "ACK", "BYE", "CANCEL"]);
    assert!(world.endpoint.is_done() && world.said().is_empty());
}

#[test]
fn an_exchange_that_is_away_is_called_again() {
    let mut world = world(10);
    for _ in 0..6 {
        let invite = world.request(Method::Invite, SECOND * 60);
        assert_eq!(invite.headers.get(&Name::CSeq), Some("1 INVITE"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever the exchange answers, for as long as it likes: never more calls than lines, never two of one person, and at
    /// the end nothing is left.
    #[test]
    fn the_lines_are_kept_whatever_the_exchange_answers(
        seed: u64,
        answers in prop::collection::vec((0_u8..8, 0_u32..60), 0..120),
    ) {
        let mut world = world(seed);
        let mut open: Vec<Request> = Vec::new();
        for (kind, seconds) in answers {
            world.pass(SECOND * seconds);
            while let Some(message) = world.sent.pop_front() {
                let Message::Request(request) = message else { continue };
                match (&request.method, kind) {
                    (Method::Invite, 0..=2) => { open.push(request.clone()); world.grant(&request, 200); }
                    (Method::Invite, 3) => { open.push(request.clone()); world.grant(&request, 180); }
                    (Method::Invite, 4) => world.grant(&request, 486),
                    (Method::Invite, 5) => world.tell_bytes(crate::stage::EXCHANGE, b"SIP/2.0 nonsense\r\n\r\n"),
                    (Method::Cancel, _) => {
                        world.grant(&request, 200);
                        let invite = open.iter().find(|invite| invite.headers.call_id() == request.headers.call_id());
                        if let Some(invite) = invite.cloned() { world.grant(&invite, 487); }
                    }
                    (Method::Bye, 0..=6) => world.grant(&request, 200),
                    _ => {}
                }
            }
            if kind == 6 && let Some(invite) = open.pop() {
                let bye = world.inside_ours(&invite, Method::Bye);
                world.tell(bye);
            }
            if kind == 7 { world.invite("+3225550702"); }
            prop_assert!(world.endpoint.talking() <= LINES);
            prop_assert!(world.said().len() <= LINES + ANSWERED_MAX);
        }
        world.stop();
        for _ in 0..200 {
            world.pass(SECOND);
            world.sent.clear();
        }
        prop_assert!(world.endpoint.is_done());
        prop_assert!(world.said().is_empty());
    }
}
