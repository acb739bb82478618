//! Handing a call over.

use tandem_domain::phone::{CallNumber, ToBrowser, ToServer, TransferState, Who};

use crate::world::World;

const ONE: CallNumber = CallNumber(1);
const TWO: CallNumber = CallNumber(2);

fn transfers(world: &mut World, place: usize) -> Vec<TransferState> {
    let heard = std::mem::take(&mut world.browsers[place].heard);
    let (told, rest): (Vec<_>, Vec<_>) =
        heard.into_iter().partition(|said| matches!(said, ToBrowser::TransferState { .. }));
    world.browsers[place].heard = rest.into();
    let state = |said| match said {
        ToBrowser::TransferState { state, .. } => state,
        _ => unreachable!("only these are left"),
    };
    told.into_iter().map(state).collect()
}

#[test]
fn a_party_is_sent_to_somebody_else() {
    let mut world = World::new(3, 21);
    let there = world.talk(0, 1, 1);
    world.wish(0, ToServer::Transfer { call: ONE, to: "7 02".into() });
    let call = world.incoming(2);
    assert_eq!(transfers(&mut world, 0)[0], TransferState::Trying);
    world.answer(2, call);
    assert_eq!(transfers(&mut world, 0).last(), Some(&TransferState::Done));
    assert_eq!(world.ended(0), (ONE, "Transferred.".into()));
    assert_eq!(world.calls(), (1, 2), "the other two talk");
    world.wish(1, ToServer::HangUp { call: there });
    world.ended(1);
    world.must_be_empty();
}

#[test]
fn who_was_handed_over_is_told_whom_it_talks_to_now() {
    let mut world = World::new(3, 25);
    let there = world.talk(0, 1, 1);
    for place in 0..2 {
        world.look(place);
    }
    world.silence(1);
    world.wish(0, ToServer::Transfer { call: ONE, to: "702".into() });
    let ToBrowser::Incoming { call, from, .. } = world.next(2) else { panic!("a call") };
    assert_eq!(from.number, "701", "who is handed over, not who called her");
    world.look(1);
    world.silence(1);
    world.answer(2, call);
    world.look(1);
    let with = Who { number: "702".into(), name: String::new() };
    assert_eq!(world.next(1), ToBrowser::With { call: there, with: with.clone() });
    world.browsers[2].heard.clear();
    for place in [1, 2] {
        world.look(place);
        world.silence(place);
    }
    // So it is for whoever takes the line over.
    world.lose(1);
    world.wish(1, ToServer::Hello { take: true, token: None });
    let ToBrowser::Ready { calls, .. } = world.next(1) else { panic!("the line") };
    assert_eq!(calls[0].with, with);
    world.must_be_empty();
}

#[test]
fn a_transfer_to_nobody_fails_and_the_party_is_still_there() {
    let mut world = World::new(2, 22);
    world.talk(0, 1, 1);
    world.wish(0, ToServer::Transfer { call: ONE, to: "799".into() });
    assert_eq!(transfers(&mut world, 0).last(), Some(&TransferState::Failed));
    world.wish(0, ToServer::Digit { call: ONE, digit: '5' });
    assert_eq!(world.pressed(), "5");
    // It may be tried again.
    world.wish(0, ToServer::Transfer { call: ONE, to: "799".into() });
    assert_eq!(transfers(&mut world, 0).last(), Some(&TransferState::Failed));
    world.must_be_empty();
}

#[test]
fn two_parties_are_connected_after_a_word_with_the_second() {
    let mut world = World::new(3, 23);
    let there = world.talk(0, 1, 1);
    world.look(1);
    let sdp = world.offer(0, "sendonly");
    world.wish(0, ToServer::Hold { call: ONE, on: true, sdp });
    world.talk_after(0, 2, 2);
    world.wish(0, ToServer::Connect { call: ONE, other: TWO });
    assert_eq!(transfers(&mut world, 0).last(), Some(&TransferState::Done));
    let mut over = [world.ended(0).0, world.ended(0).0];
    over.sort_unstable();
    assert_eq!(over, [ONE, TWO]);
    assert_eq!(world.calls().0, 1);
    world.browsers[1].heard.clear();
    world.look(1);
    let with = Who { number: "702".into(), name: String::new() };
    let news = world.browsers[1].heard.iter().find(|said| matches!(said, ToBrowser::With { .. }));
    assert_eq!(news, Some(&ToBrowser::With { call: there, with }));
    world.must_be_empty();
}

#[test]
fn a_call_cannot_be_connected_to_itself_or_to_one_that_rings() {
    let mut world = World::new(3, 24);
    world.talk(0, 1, 1);
    world.dial(0, 2, "702");
    world.incoming(2);
    world.next(0);
    for other in [ONE, TWO, CallNumber(3)] {
        world.wish(0, ToServer::Connect { call: ONE, other });
        assert!(matches!(world.next(0), ToBrowser::Refused { call: Some(ONE), .. }));
    }
    world.must_be_empty();
}
