//! Calls from browser to browser.

use std::time::Duration;

use tandem_domain::{
    calls::Recorded,
    phone::{CallNumber, RecordWish, ToBrowser, ToServer, Who},
};
use tandem_telephony::line::Output;

use crate::world::World;

const ONE: CallNumber = CallNumber(1);

#[test]
fn one_calls_the_other_they_talk_and_one_hangs_up() {
    for who in [0, 1] {
        let mut world = World::new(2, 1);
        world.dial(0, 1, "701");
        let ToBrowser::Incoming { call, from, huntgroup, sdp, ticket: None } = world.next(1) else { panic!("a call") };
        assert_eq!(from, Who { number: "700".into(), name: String::new() });
        assert!(!call.is_browsers() && huntgroup.is_none() && sdp.contains("m=audio"));
        assert_eq!(world.next(0), ToBrowser::Ringing { call: ONE });
        world.answer(1, call);
        assert_eq!(world.next(1), ToBrowser::Answered { call, sdp: None, with: None });
        assert!(
            matches!(world.next(0), ToBrowser::Answered { call: ONE, sdp: Some(sdp), .. } if sdp.contains("m=audio"))
        );
        assert_eq!(world.calls(), (1, 2));
        world.wish(who, ToServer::HangUp { call: if who == 0 { ONE } else { call } });
        assert_eq!(world.ended(who).1, "Ended.");
        assert_eq!(world.ended(1 - who).1, "The other party hung up.");
        world.pass(Duration::from_secs(1));
        assert_eq!(world.calls(), (0, 0));
        world.must_be_empty();
    }
}

#[test]
fn a_call_is_given_up_while_it_rings() {
    let mut world = World::new(2, 2);
    world.dial(0, 1, "701");
    let call = world.incoming(1);
    world.next(0);
    world.wish(0, ToServer::HangUp { call: ONE });
    assert_eq!(world.ended(0), (ONE, "Ended.".into()));
    assert_eq!(world.ended(1), (call, "The caller hung up.".into()));
    world.answer(1, call);
    world.silence(1);
    world.must_be_empty();
}

#[test]
fn a_call_is_declined() {
    let mut world = World::new(2, 3);
    world.dial(0, 1, "701");
    let call = world.incoming(1);
    world.next(0);
    world.wish(1, ToServer::Decline { call });
    assert_eq!(world.ended(1).1, "Declined.");
    assert_eq!(world.ended(0).1, "The call was declined.");
    world.must_be_empty();
}

#[test]
fn a_huntgroup_rings_all_and_who_was_too_slow_hears_so() {
    let mut world = World::new(3, 4);
    world.dial(0, 1, "7701");
    let (ToBrowser::Incoming { call, huntgroup, .. }, other) = (world.next(1), world.incoming(2)) else {
        panic!("a call")
    };
    assert_eq!(huntgroup.as_deref(), Some("Support"));
    world.answer(1, call);
    assert_eq!(world.ended(2), (other, "Answered elsewhere.".into()));
    world.must_be_empty();
}

#[test]
fn do_not_disturb_is_busy_to_callers_and_a_huntgroup_goes_on() {
    let mut world = World::new(4, 5);
    world.wish(0, ToServer::DoNotDisturb { on: true });
    world.wish(0, ToServer::DoNotDisturb { on: true });
    assert_eq!(world.browsers[0].outputs, [Output::DoNotDisturb(true)]);
    world.dial(3, 1, "700");
    assert_eq!(world.ended(3).1, "Busy.");
    world.dial(3, 2, "7700");
    world.silence(0);
    let call = world.incoming(1);
    world.answer(1, call);
    world.wish(3, ToServer::HangUp { call: CallNumber(2) });
    world.wish(0, ToServer::DoNotDisturb { on: false });
    // It calls out all the same, and is reached again.
    world.dial(3, 3, "700");
    world.incoming(0);
    world.must_be_empty();
}

#[test]
fn a_number_that_nobody_has_is_told_by_voice_and_in_words() {
    let mut world = World::new(1, 6);
    world.dial(0, 1, "799");
    assert!(matches!(world.next(0), ToBrowser::Early { call: ONE, .. }));
    assert_eq!(world.ended(0), (ONE, "Nobody has this number.".into()));
    world.dial(0, 2, " ");
    assert_eq!(world.ended(0).1, "This is no number that can be dialled.");
    world.dial(0, 2, "701");
    assert!(matches!(world.next(0), ToBrowser::Refused { .. }), "a number of a call means one call");
    world.must_be_empty();
}

#[test]
fn a_call_is_held_and_taken_back() {
    let mut world = World::new(2, 7);
    world.talk(0, 1, 1);
    for (on, direction, answered) in [(true, "sendonly", "recvonly"), (false, "sendrecv", "sendrecv")] {
        let sdp = world.offer(0, direction);
        world.wish(0, ToServer::Hold { call: ONE, on, sdp });
        assert!(matches!(world.next(0), ToBrowser::Reply { call: ONE, sdp } if sdp.contains(answered)));
        assert_eq!(world.next(0), ToBrowser::Held { call: ONE, by_us: on, by_other: false });
    }
    world.silence(0);
    world.must_be_empty();
}

#[test]
fn media_move_and_a_description_that_is_none_is_refused() {
    let mut world = World::new(2, 8);
    world.talk(0, 1, 1);
    let sdp = world.offer(0, "sendrecv");
    world.wish(0, ToServer::Offer { call: ONE, sdp });
    assert!(matches!(world.next(0), ToBrowser::Reply { .. }));
    world.wish(0, ToServer::Offer { call: ONE, sdp: "nonsense".into() });
    assert!(matches!(world.next(0), ToBrowser::Refused { call: Some(ONE), .. }));
    assert_eq!(world.calls(), (1, 2), "the call goes on");
    world.wish(0, ToServer::Offer { call: ONE, sdp: "x".repeat(40_000) });
    assert!(matches!(world.next(0), ToBrowser::Refused { call: Some(ONE), .. }));
    world.must_be_empty();
}

#[test]
fn digits_arrive_once_and_in_order() {
    let mut world = World::new(2, 9);
    world.talk(0, 1, 1);
    for digit in "0123456789*#a".chars() {
        world.wish(0, ToServer::Digit { call: ONE, digit });
    }
    assert_eq!(world.pressed(), "0123456789*#A");
    world.wish(0, ToServer::Digit { call: ONE, digit: 'x' });
    assert!(matches!(world.next(0), ToBrowser::Refused { .. }));
    world.must_be_empty();
}

#[test]
fn who_may_record_does_and_sees_it() {
    let mut world = World::new(2, 10);
    let there = world.talk(0, 1, 1);
    world.wish(0, ToServer::Record { call: ONE, wish: RecordWish::Start });
    let [Output::Record { leg, wish: RecordWish::Start }] = &world.browsers[0].outputs[..] else { panic!("a wish") };
    assert!(world.feed.talk_of(leg).is_some(), "by the exchange's name of the leg");
    for _ in 0..2 {
        world.show(|call| (call.recorded, call.holds) = (Recorded::Yes, [false, true]));
        world.look(0);
    }
    assert_eq!(world.next(0), ToBrowser::Recorded { call: ONE, state: Recorded::Yes });
    assert_eq!(world.next(0), ToBrowser::Held { call: ONE, by_us: false, by_other: true });
    world.silence(0);
    world.wish(1, ToServer::Record { call: there, wish: RecordWish::Start });
    assert!(matches!(world.next(1), ToBrowser::Refused { .. }));
    world.must_be_empty();
}

#[test]
fn a_wish_about_recording_that_comes_to_nothing_is_answered_with_what_is_so() {
    let mut world = World::new(2, 15);
    world.talk(0, 1, 1);
    world.wish(0, ToServer::Record { call: ONE, wish: RecordWish::Start });
    world.silence(0);
    world.pass(Duration::from_secs(3));
    assert_eq!(world.next(0), ToBrowser::Recorded { call: ONE, state: Recorded::No });
    world.show(|call| call.recorded = Recorded::Yes);
    world.look(0);
    assert_eq!(world.next(0), ToBrowser::Recorded { call: ONE, state: Recorded::Yes });
    // Somebody else records as well: it goes on, and that is said once.
    world.wish(0, ToServer::Record { call: ONE, wish: RecordWish::Stop });
    world.pass(Duration::from_secs(10));
    assert_eq!(world.next(0), ToBrowser::Recorded { call: ONE, state: Recorded::Yes });
    world.silence(0);
    world.must_be_empty();
}

#[test]
fn of_two_calls_with_one_number_the_one_is_recorded_that_is() {
    let mut world = World::new(2, 16);
    world.talk(0, 1, 1);
    world.pass(Duration::from_secs(1));
    world.talk_after(0, 2, 1);
    world.look(0);
    world.silence(0);
    assert_eq!(world.browsers[0].line.with(), "701, 701");
    let second = world.feed.calls(None)[0].id;
    world.show(|call| {
        if call.id == second {
            (call.recorded, call.holds) = (Recorded::Yes, [false, true]);
        }
    });
    world.look(0);
    let two = CallNumber(2);
    assert_eq!(world.next(0), ToBrowser::Recorded { call: two, state: Recorded::Yes });
    assert_eq!(world.next(0), ToBrowser::Held { call: two, by_us: false, by_other: true });
    world.silence(0);
    world.wish(0, ToServer::HangUp { call: ONE });
    world.wish(0, ToServer::HangUp { call: two });
    assert_eq!(world.browsers[0].line.with(), "");
    world.must_be_empty();
}

#[test]
fn a_refusal_says_which_wish_it_is_about() {
    let mut world = World::new(2, 18);
    world.talk(0, 1, 1);
    let nonsense = || "nonsense".to_owned();
    let wishes = [
        ToServer::Digit { call: ONE, digit: 'x' },
        ToServer::Hold { call: ONE, on: true, sdp: nonsense() },
        ToServer::Offer { call: ONE, sdp: nonsense() },
        ToServer::Transfer { call: ONE, to: String::new() },
        ToServer::Connect { call: ONE, other: ONE },
    ];
    // Two at once, and each knows its own.
    for wish in wishes.iter().cloned() {
        world.wish(0, wish);
    }
    for wish in wishes {
        let ToBrowser::Refused { call: Some(ONE), wish: refused, .. } = world.next(0) else { panic!("{wish:?}") };
        assert_eq!(refused, Some(wish.kind()));
    }
    world.silence(0);
    world.must_be_empty();
}

#[test]
fn what_cannot_be_done_now_is_refused_and_what_is_over_is_left_out() {
    let mut world = World::new(2, 11);
    world.dial(0, 1, "701");
    let call = world.incoming(1);
    world.next(0);
    world.wish(0, ToServer::Transfer { call: ONE, to: "701".into() });
    assert!(matches!(world.next(0), ToBrowser::Refused { call: Some(ONE), .. }));
    world.wish(1, ToServer::HangUp { call });
    world.ended(1);
    world.wish(1, ToServer::HangUp { call });
    world.wish(1, ToServer::Answer { call, sdp: String::new() });
    world.silence(1);
    world.must_be_empty();
}

#[test]
fn there_are_several_calls_at_once_but_not_any_number() {
    let mut world = World::new(2, 12);
    for call in 0..9 {
        world.dial(0, call, "701");
    }
    assert_eq!(world.browsers[0].line.calls(), 8);
    let last = world.browsers[0].heard.pop_back();
    assert!(matches!(last, Some(ToBrowser::Ended { call: CallNumber(8), .. })));
    world.must_be_empty();
}

#[test]
fn a_phone_that_is_put_away_is_not_reached_any_more() {
    let mut world = World::new(2, 13);
    let there = world.talk(0, 1, 1);
    world.wish(0, ToServer::Bye);
    assert_eq!(world.ended(1).0, there);
    assert!(!world.browsers[0].line.is_registered() && world.browsers[0].line.calls() == 0);
    world.dial(1, 1, "700");
    assert!(matches!(world.next(1), ToBrowser::Early { .. }));
    assert_eq!(world.ended(1).1, "Nobody answered, or no phone is there.");
    world.must_be_empty();
}

#[test]
fn a_registration_is_renewed_for_as_long_as_the_phone_is_there() {
    let mut world = World::new(2, 14);
    for _ in 0..20 {
        world.pass(Duration::from_secs(300));
        assert!(world.browsers[0].line.is_registered());
    }
    world.talk(1, 1, 0);
    // The exchange is gone for a while: it is said once, and the phone comes back by itself.
    world.cut(Some(0));
    world.pass(Duration::from_secs(400));
    let said = |said: &ToBrowser| matches!(said, ToBrowser::Refused { call: None, .. });
    assert_eq!(world.browsers[0].heard.iter().filter(|message| said(message)).count(), 1);
    world.cut(None);
    world.pass(Duration::from_secs(60));
    assert!(world.browsers[0].line.is_registered());
    world.must_be_empty();
}
