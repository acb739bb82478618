//! Scripted parties (sipp), for what no well-behaved phone does: reliable provisional responses, session timers, late
//! offers, early media, re-INVITEs that cross, bodies that are none.

use std::time::Duration;

use tandem_domain::calls::{CallState, EndedBy, ReleaseCause};
use tandem_phones::{Event, Outcome, PhoneError, Serving, Sipp, scenario};

use crate::world::{Granted as _, World};

const MARY: u32 = 1000;
/// What scripted parties speak with.
const SCRIPT: u32 = 1700;

fn party(name: &str) -> Sipp {
    Sipp::new(scenario(name)).user("abc744", "tandem-demo").talk(Duration::from_millis(400))
}

fn well(outcome: Result<Outcome, PhoneError>) -> Outcome {
    outcome.granted().success().granted()
}

/// Extension 744 as a scripted phone: registered, then called by whoever calls.
fn called(world: &World, name: &str) -> Serving {
    let registered = party("register.xml");
    let port = tandem_phones::ports::free(std::net::Ipv4Addr::LOCALHOST).granted();
    well(registered.port(port).run(world.address));
    party(name).port(port).serve().granted()
}

#[test]
fn a_thousand_registrations_on_one_nonce_are_all_accepted() {
    let world = World::new();
    let again = party("register-again.xml").argument("-set").argument("times").argument("1000");
    let outcome = well(again.timeout(Duration::from_secs(60)).run(world.address));
    assert_eq!(outcome.received().iter().filter(|status| **status == 200).count(), 1000);
}

#[test]
fn a_scripted_call_goes_through_and_is_heard() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let call = party("uac-call.xml").call("702").talk(Duration::from_secs(1)).start(world.address).granted();
    mary.wait_for_incoming().granted();
    mary.accept().granted();
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    well(call.wait());
    mary.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn an_offer_may_come_late() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let call = party("uac-late-offer.xml").call("702").talk(Duration::from_secs(1)).start(world.address).granted();
    mary.wait_for_incoming().granted();
    mary.accept().granted();
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    well(call.wait());
    mary.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn provisional_responses_are_reliable_for_who_requires_it() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let call = party("uac-100rel.xml").key("rel", "Require").call("702").start(world.address).granted();
    mary.wait_for_incoming().granted();
    mary.accept().granted();
    well(call.wait());
    mary.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn a_reliable_ringing_is_acknowledged() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let mut john = called(&world, "uas-100rel.xml");
    mary.dial("744").granted();
    mary.wait_until_established().granted();
    john.wait_for("PRACK").granted();
    mary.hangup().granted();
    well(john.wait());
    world.wait_until_quiet();
}

#[test]
fn early_media_are_heard_before_the_answer() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let john = called(&world, "uas-early-media.xml");
    mary.dial("744").granted();
    mary.wait_until_progress().granted();
    mary.wait_until_established().granted();
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    mary.hangup().granted();
    well(john.wait());
}

#[test]
fn early_media_are_heard_of_a_call_that_is_never_answered() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let john = called(&world, "uas-early-media-refuses.xml");
    mary.dial("744").granted();
    mary.wait_until_progress().granted();
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    let reason = mary.wait_until_closed().granted();
    assert!(reason.contains("480"), "{reason}");
    assert!(!mary.events().iter().any(|event| matches!(event, Event::Established { .. })), "nobody answered");
    well(john.wait());
    assert_eq!(world.wait_for_xdrs(1)[0].answered, None);
    world.wait_until_quiet();
}

#[test]
fn who_wants_to_be_asked_whether_he_is_there_is_asked_in_time() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let mut john = called(&world, "uas-session-timer-refreshed.xml");
    mary.dial("744").granted();
    mary.wait_until_established().granted();
    world.wait_until_acknowledged();
    // He wants to be asked within 90 seconds, which is after 45.
    world.hurry(Duration::from_secs(5));
    assert_eq!(john.messages().matches("CSeq: 2 INVITE").count(), 0, "not long before half of the interval");
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    world.hurry(Duration::from_secs(40));
    // Request, answer, acknowledgement.
    john.wait_for("CSeq: 2 ACK").granted();
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    mary.hangup().granted();
    well(john.wait());
    world.wait_until_quiet();
}

#[test]
fn an_offer_of_ours_that_meets_theirs_is_made_again_and_the_call_goes_on() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let mut john = called(&world, "uas-glare.xml");
    mary.dial("744").granted();
    mary.wait_until_established().granted();
    world.wait_until_acknowledged();
    world.hurry(Duration::from_secs(45));
    john.wait_for("491 Request Pending").granted();
    john.wait_for("CSeq: 3 ACK").granted();
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    mary.hangup().granted();
    well(john.wait());
    world.wait_until_quiet();
}

#[test]
fn sessions_are_kept_alive_as_agreed() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let call = party("uac-session-timer.xml").call("702").start(world.address).granted();
    mary.wait_for_incoming().granted();
    mary.accept().granted();
    well(call.wait());
    mary.wait_until_closed().granted();

    let refused = party("uac-session-timer-too-small.xml").call("702").start(world.address).granted();
    well(refused.wait());

    let john = called(&world, "uas-session-timer.xml");
    mary.dial("744").granted();
    mary.wait_until_established().granted();
    mary.hangup().granted();
    well(john.wait());
    world.wait_until_quiet();
}

#[test]
fn a_caller_who_gives_up_before_or_while_it_rings_is_told_487() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let outcome = well(party("uac-cancel.xml").call("702").run(world.address));
    assert!(outcome.received().contains(&487), "{:?}", outcome.received());
    mary.wait_until_closed().granted();
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!((xdr.cause, xdr.ended_by), (ReleaseCause::Cancelled, EndedBy::Caller));
    world.wait_until_quiet();
}

#[test]
fn what_is_no_session_description_is_refused() {
    let world = World::new();
    let _mary = world.phone("702", MARY);
    let outcome = well(party("uac-no-sdp.xml").call("702").run(world.address));
    assert!(outcome.received().contains(&400), "{:?}", outcome.received());
    world.wait_until_quiet();
}

#[test]
fn a_called_party_may_hold() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let john = called(&world, "uas-holds.xml");
    mary.dial("744").granted();
    mary.wait_until_established().granted();
    for state in [CallState::Held, CallState::Answered] {
        world.wait_for("the hold and its end", || {
            (world.handle.feed().calls(None).first()?.state == state).then_some(())
        });
    }
    mary.hangup().granted();
    well(john.wait());
    world.wait_until_quiet();
}

#[test]
fn a_called_party_may_transfer() {
    let world = World::new();
    let (mary, olivia) = (world.phone("702", MARY), world.phone("745", 2300));
    let registered = party("register.xml");
    let port = tandem_phones::ports::free(std::net::Ipv4Addr::LOCALHOST).granted();
    well(registered.port(port).run(world.address));
    let target = format!("sip:745@{}", world.address);
    let john = party("uas-transfers.xml").key("target", &target).port(port).serve().granted();
    mary.dial("744").granted();
    mary.wait_until_established().granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    mary.wait_until_hears(2300.0).granted();
    well(john.wait());
    mary.hangup().granted();
    olivia.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn digits_in_info_reach_the_other_party_once_each_and_in_order() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    // It hangs up so long after the last one that all have been passed on.
    let script = party("uac-info-digits.xml").talk(Duration::from_secs(3));
    let call = script.call("702").start(world.address).granted();
    mary.wait_for_incoming().granted();
    mary.accept().granted();
    mary.wait_for_digits("15*#").granted();
    well(call.wait());
    mary.wait_until_closed().granted();
    assert_eq!(mary.digits(), "15*#", "each once, in order");
    world.wait_until_quiet();
}

#[test]
fn a_phone_that_declines_or_is_busy_is_told_to_the_caller() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    for (name, status) in [("uas-busy.xml", "486"), ("uas-declines.xml", "603")] {
        let john = called(&world, name);
        mary.dial("744").granted();
        let reason = mary.wait_until_closed().granted();
        assert!(reason.contains(status), "{reason}");
        well(john.wait());
    }
    world.wait_until_quiet();
}
