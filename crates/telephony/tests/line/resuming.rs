//! A browser goes and comes back, or another one comes.

use std::time::Duration;

use tandem_domain::phone::{CallNumber, CallState, Resumed, ToBrowser, ToServer};

use crate::world::World;

const ONE: CallNumber = CallNumber(1);

#[track_caller]
fn back(world: &mut World, place: usize) -> Vec<Resumed> {
    world.browsers[place].heard.clear();
    world.wish(place, ToServer::Hello { take: false, token: None });
    match world.next(place) {
        ToBrowser::Ready { calls, next, .. } => {
            assert!(calls.iter().all(|resumed| !resumed.call.is_browsers() || resumed.call < next));
            calls
        }
        other => panic!("ready: {other:?}"),
    }
}

#[test]
fn a_call_survives_a_reload() {
    let mut world = World::new(2, 31);
    world.talk(0, 1, 1);
    world.lose(0);
    world.pass(Duration::from_secs(14));
    let calls = back(&mut world, 0);
    assert_eq!((calls.len(), calls[0].call, calls[0].state), (1, ONE, CallState::Talking));
    assert_eq!((calls[0].with.number.as_str(), calls[0].talked_ms), ("701", Some(14_000)));
    let sdp = world.offer(0, "sendrecv");
    world.wish(0, ToServer::Offer { call: ONE, sdp });
    assert!(matches!(world.next(0), ToBrowser::Reply { call: ONE, .. }));
    world.pass(Duration::from_secs(60));
    assert_eq!(world.calls(), (1, 2));
    world.must_be_empty();
}

#[test]
fn a_page_that_has_lost_its_stream_alone_keeps_its_sound_and_says_nothing_of_it() {
    let mut world = World::new(2, 37);
    let there = world.talk(0, 1, 1);
    world.lose(0);
    assert_eq!(back(&mut world, 0)[0].state, CallState::Talking);
    world.pass(Duration::from_secs(60));
    assert_eq!(world.calls(), (1, 2), "nothing new was described");
    // What it asks for next is about the sound that it has.
    let sdp = world.offer(0, "sendonly");
    world.wish(0, ToServer::Hold { call: ONE, on: true, sdp });
    assert!(matches!(world.next(0), ToBrowser::Reply { call: ONE, .. }));
    assert!(matches!(world.next(0), ToBrowser::Held { call: ONE, by_us: true, .. }));
    world.wish(1, ToServer::HangUp { call: there });
    assert_eq!(world.ended(0).0, ONE);
    world.must_be_empty();
}

#[test]
fn who_does_not_come_back_has_hung_up() {
    let mut world = World::new(2, 32);
    let there = world.talk(0, 1, 1);
    world.lose(0);
    world.pass(Duration::from_secs(16));
    assert_eq!(world.ended(1).0, there);
    assert!(world.browsers[0].line.is_over());
    world.wish(0, ToServer::Hello { take: false, token: None });
    assert!(matches!(world.browsers[0].heard.back(), Some(ToBrowser::Refused { call: None, .. })));
    world.must_be_empty();
}

#[test]
fn what_rings_here_rings_in_the_next_browser_too() {
    let mut world = World::new(2, 33);
    world.dial(0, 1, "701");
    let call = world.incoming(1);
    world.lose(1);
    let calls = back(&mut world, 1);
    assert_eq!((calls[0].call, calls[0].state), (call, CallState::Incoming));
    assert!(calls[0].sdp.as_ref().is_some_and(|sdp| sdp.contains("m=audio")));
    world.answer(1, call);
    assert!(matches!(world.next(1), ToBrowser::Answered { .. }));
    world.next(0);
    assert!(matches!(world.next(0), ToBrowser::Answered { sdp: Some(_), .. }));
    world.must_be_empty();
}

#[test]
fn what_was_dialled_is_answered_without_the_words_of_the_browser_that_is_gone() {
    let mut world = World::new(2, 34);
    world.dial(0, 1, "701");
    let call = world.incoming(1);
    world.lose(0);
    assert_eq!(back(&mut world, 0)[0].state, CallState::Ringing);
    world.answer(1, call);
    assert_eq!(world.next(0), ToBrowser::Answered { call: ONE, sdp: None, with: None });
    let sdp = world.offer(0, "sendrecv");
    world.wish(0, ToServer::Offer { call: ONE, sdp });
    assert!(matches!(world.next(0), ToBrowser::Reply { .. }));
    world.must_be_empty();
}

#[test]
fn a_call_that_ended_meanwhile_is_not_there_any_more() {
    let mut world = World::new(2, 35);
    let there = world.talk(0, 1, 1);
    world.lose(0);
    world.wish(1, ToServer::HangUp { call: there });
    assert_eq!(back(&mut world, 0), []);
    world.must_be_empty();
}

#[test]
fn another_tab_takes_the_phone_over() {
    let mut world = World::new(2, 36);
    world.talk(0, 1, 1);
    // The shell tells the first tab; the line only sees another Hello.
    let calls = back(&mut world, 0);
    assert_eq!(calls.len(), 1);
    world.pass(Duration::from_secs(60));
    assert_eq!(world.calls(), (1, 2), "nobody was lost");
    world.must_be_empty();
}
