//! Handing calls over: without and after consultation, and what becomes of a transfer that fails.

use std::net::Ipv4Addr;

use tandem_domain::calls::{Direction, EndedBy, ReleaseCause};

use tandem_phones::{SipMessage, Sipp, ports, scenario};

use crate::world::{Granted as _, SECOND, Wishes, World, hears};

const JOHN: u32 = 440;
const MARY: u32 = 1000;
const OLIVIA: u32 = 1800;

#[test]
fn a_call_is_handed_over_without_consultation() {
    let world = World::new();
    let (john, mary, olivia) = (world.phone("744", JOHN), world.phone("702", MARY), world.phone("745", OLIVIA));
    world.talk(&mary, "744", &john);
    john.wait_until_hears(f64::from(MARY)).granted();
    john.blind_transfer("745").granted();
    let caller = olivia.wait_for_incoming().granted();
    assert!(caller.contains("702"), "who is handed over is who calls: {caller}");
    olivia.accept().granted();
    olivia.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(OLIVIA)).granted();
    john.wait_until_closed().granted();
    let mark = mary.mark();
    let sound = mary.wait_for_sound(&mark, SECOND).granted();
    assert!(!hears(&sound, JOHN), "who handed the call over is not heard any more");
    let live = world.handle.feed().calls(None).remove(0);
    assert_eq!((live.caller.number.as_str(), live.callee.number.as_str()), ("702", "745"), "shown is who talks");
    mary.hangup().granted();
    olivia.wait_until_closed().granted();
    world.wait_until_quiet();
    // Two records: what Mary called, and what John handed her over to, which is his call.
    let xdrs = world.wait_for_xdrs(2);
    let told: Vec<_> = xdrs.iter().map(|xdr| (xdr.caller.number.as_str(), xdr.dialled.as_str(), xdr.cause)).collect();
    assert_eq!(told, [("702", "744", ReleaseCause::Transferred), ("744", "745", ReleaseCause::Normal)]);
    assert!(xdrs.iter().all(|xdr| xdr.answered.is_some()));
}

#[test]
fn a_call_to_outside_that_is_handed_over_is_on_the_account_of_who_called_until_its_end() {
    let port = ports::free(Ipv4Addr::LOCALHOST).granted();
    let world = World::with(Wishes { trunk: Some((Ipv4Addr::LOCALHOST, port).into()), ..Wishes::default() });
    let (mary, olivia) = (world.phone("702", MARY), world.phone("745", OLIVIA));
    let outside = Sipp::new(scenario("uas-answer.xml")).user("+442071838750", "").port(port).serve().granted();
    mary.dial("00442071838750").granted();
    mary.wait_until_established().granted();
    mary.blind_transfer("745").granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    olivia.wait_until_established().granted();
    mary.wait_until_closed().granted();
    olivia.hangup().granted();
    outside.wait().granted().success().granted();
    world.wait_until_quiet();
    let xdrs = world.wait_for_xdrs(2);
    let told: Vec<_> = xdrs.iter().map(|xdr| (xdr.caller.number.as_str(), xdr.callee.number.as_str())).collect();
    assert_eq!(told, [("702", "+442071838750"), ("702", "745")]);
    assert_eq!([xdrs[0].direction, xdrs[1].direction], [Direction::Outgoing, Direction::Internal]);
    assert_eq!(xdrs[0].ended, xdrs[1].ended, "the leg outside is on record to its end");
    assert!(xdrs[0].callee_quality.is_some() && xdrs[0].caller_quality.is_some());
}

#[test]
fn a_call_that_is_handed_over_while_it_rings_is_answered_and_recorded() {
    let world = World::new();
    let (john, mary, olivia) = (world.phone("744", JOHN), world.phone("702", MARY), world.phone("745", OLIVIA));
    world.talk(&mary, "744", &john);
    john.wait_until_hears(f64::from(MARY)).granted();
    john.hold().granted();
    john.dial("745").granted();
    olivia.wait_for_incoming().granted();
    john.wait_until_ringing().granted();
    john.attended_transfer().granted();
    john.wait_until_closed().granted();
    olivia.accept().granted();
    olivia.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(OLIVIA)).granted();
    let live = world.handle.feed().calls(None);
    assert_eq!(live.len(), 1, "{live:?}");
    mary.hangup().granted();
    olivia.wait_until_closed().granted();
    world.wait_until_quiet();
    assert!(world.wait_for_xdrs(2).iter().all(|xdr| xdr.answered.is_some()));
}

#[test]
fn who_transfers_to_nobody_is_told_and_has_the_call_again() {
    let world = World::new();
    let (john, mary) = (world.phone("744", JOHN), world.phone("702", MARY));
    world.talk(&mary, "744", &john);
    mary.wait_until_hears(f64::from(JOHN)).granted();
    // Extension 746 has no phone.
    john.blind_transfer("746").granted();
    john.wait_for_message("the end of the transfer", |message| {
        message.method() == "NOTIFY" && message.body().contains("480")
    })
    .granted();
    // Some of these phones hang up by themselves when a transfer fails; whoever does not has the other one again.
    let byes = |sent: bool| {
        let bye = |message: &&SipMessage| message.sent == sent && message.start_line().starts_with("BYE");
        john.messages().iter().filter(bye).count()
    };
    if byes(true) == 0 && mary.wait_until_hears(f64::from(JOHN)).is_ok() {
        let _ = john.hangup();
    }
    mary.wait_until_closed().granted();
    assert_eq!(byes(false), 0, "the exchange ends no call because a transfer failed");
    world.wait_until_quiet();
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!((xdr.cause, xdr.ended_by), (ReleaseCause::Normal, EndedBy::Callee));
}

#[test]
fn two_callers_of_one_phone_are_connected_after_consultation() {
    let world = World::new();
    let (john, mary, olivia) = (world.phone("744", JOHN), world.phone("702", MARY), world.phone("745", OLIVIA));
    world.talk(&mary, "744", &john);
    john.wait_until_hears(f64::from(MARY)).granted();
    john.hold().granted();
    world.talk(&john, "745", &olivia);
    olivia.wait_until_hears(f64::from(JOHN)).granted();
    john.attended_transfer().granted();
    olivia.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(OLIVIA)).granted();
    john.wait_until_closed().granted();
    assert_eq!(world.handle.feed().calls(None).len(), 1);
    olivia.hangup().granted();
    mary.wait_until_closed().granted();
    world.wait_until_quiet();
    let causes: Vec<_> = world.wait_for_xdrs(2).into_iter().map(|xdr| xdr.cause).collect();
    assert!(causes.contains(&ReleaseCause::Transferred) && causes.contains(&ReleaseCause::Normal), "{causes:?}");
}
