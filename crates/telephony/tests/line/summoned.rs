//! A manager joins calls from the console: which of his phones ring, and what *do not disturb* has to do with it.

use tandem_domain::phone::{CallNumber, ToBrowser, ToServer};

use crate::world::World;

const ONE: CallNumber = CallNumber(1);

#[test]
fn do_not_disturb_lets_through_what_its_person_asked_for() {
    let mut world = World::new(3, 61);
    world.talk(1, 1, 2);
    world.wish(0, ToServer::DoNotDisturb { on: true });
    // From this page, and from one that does not hold the phone.
    for wanted in [Some("t1"), None] {
        world.summon(0, 1, wanted, false);
        let ToBrowser::Incoming { call, ticket, .. } = world.next(0) else { panic!("a call") };
        assert_eq!(ticket.as_deref(), wanted);
        world.answer(0, call);
        assert_eq!(world.next(0), ToBrowser::Answered { call, sdp: None, with: None });
        world.wish(0, ToServer::HangUp { call });
        world.ended(0);
    }
    // Nobody else is let through, though he has asked a moment ago.
    world.browsers[1].heard.clear();
    world.dial(1, 2, "700");
    assert_eq!(world.ended(1).1, "Busy.");
    world.silence(0);
    world.must_be_empty();
}

#[test]
fn who_wants_the_phone_on_the_desk_is_not_rung_in_the_browser() {
    let mut world = World::new(3, 62);
    let desk = world.another_of(0);
    world.trust(0);
    world.talk(1, 1, 2);
    world.summon(0, 1, None, true);
    world.silence(0);
    let call = world.incoming(desk);
    // He thinks better of it: his browser is rung, and the desk no longer.
    world.summon(0, 1, Some("t1"), false);
    assert_eq!(world.ended(desk).0, call);
    let (here, there) = (world.incoming(0), world.incoming(desk));
    world.answer(0, here);
    assert_eq!(world.ended(desk).0, there);
    world.next(0);
    assert_eq!(world.calls().0, 2);

    // The browser is in the call: the desk is rung, and takes its place.
    world.summon(0, 1, None, true);
    let there = world.incoming(desk);
    world.silence(0);
    world.answer(desk, there);
    assert_eq!(world.ended(0).0, here);
    assert_eq!(world.next(desk), ToBrowser::Answered { call: there, sdp: None, with: None });
    assert_eq!(world.calls().0, 2, "their call, and his");
    // In it by the desk, he goes over with what he has.
    world.summon(0, 2, None, true);
    world.silence(0);
    world.silence(desk);
    world.wish(1, ToServer::HangUp { call: ONE });
    world.must_be_empty();
}

#[test]
fn where_no_phone_is_on_the_desk_nothing_rings() {
    let mut world = World::new(3, 63);
    world.trust(0);
    world.talk(1, 1, 2);
    world.summon(0, 1, None, true);
    world.silence(0);
    assert_eq!(world.calls().0, 1, "the call that he did not join");
    world.must_be_empty();
}
