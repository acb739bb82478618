//! Two phones talk: calling, answering, holding, digits, hanging up from either side.

use tandem_domain::calls::{CallState, EndedBy, ReleaseCause};

use tandem_phones::{Account, Baresip, Sipp, Transport, ports, scenario};

use crate::world::{Granted as _, SECOND, Wishes, World, after, hears, is_loud};

// Neither is in the music on hold.
const JOHN: u32 = 1850;
const MARY: u32 = 2500;

#[test]
fn two_phones_talk_and_each_hears_the_other() {
    let world = World::new();
    let (john, mary) = (world.phone("744", JOHN), world.phone("702", MARY));
    john.dial("702").granted();
    let caller = mary.wait_for_incoming().granted();
    assert!(caller.contains("744"), "the called phone is told who calls: {caller}");
    john.wait_until_ringing().granted();
    let ringing = world.handle.feed().calls(None);
    assert_eq!(ringing.iter().map(|call| call.state).collect::<Vec<_>>(), [CallState::Ringing]);
    mary.accept().granted();
    john.wait_until_established().granted();
    john.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(JOHN)).granted();
    let live = world.handle.feed().calls(None);
    assert_eq!(live.len(), 1);
    assert_eq!((live[0].caller.number.as_str(), live[0].callee.number.as_str()), ("744", "702"));
    assert_eq!(live[0].state, CallState::Answered);

    mary.hangup().granted();
    john.wait_until_closed().granted();
    world.wait_until_quiet();
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!((xdr.cause, xdr.ended_by, xdr.status), (ReleaseCause::Normal, EndedBy::Callee, 200));
    for quality in [xdr.caller_quality, xdr.callee_quality] {
        let quality = quality.expect("the media of an answered call are measured");
        assert!(quality.packets > 5 && quality.lost == 0 && quality.mos > 4.0, "{quality:?}");
    }
    assert!(world.handle.feed().calls(None).is_empty());
}

#[test]
fn the_caller_may_hang_up_too_and_tcp_carries_a_call_as_udp_does() {
    let world = World::new();
    let (john, mary) = (world.phone_with("744", JOHN, World::tcp), world.phone("702", MARY));
    world.talk(&john, "702", &mary);
    john.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(JOHN)).granted();
    john.hangup().granted();
    mary.wait_until_closed().granted();
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!((xdr.cause, xdr.ended_by), (ReleaseCause::Normal, EndedBy::Caller));
}

#[test]
fn who_is_held_hears_music_and_both_talk_on_afterwards() {
    let world = World::new();
    let (john, mary) = (world.phone("744", JOHN), world.phone("702", MARY));
    world.talk(&john, "702", &mary);
    mary.wait_until_hears(f64::from(JOHN)).granted();
    for (holder, held, tone) in [(&john, &mary, JOHN), (&mary, &john, MARY)] {
        holder.hold().granted();
        world.wait_for("the hold", || (world.handle.feed().calls(None)[0].state == CallState::Held).then_some(()));
        let mark = held.mark();
        let sound = after(SECOND / 4, held.wait_for_sound(&mark, SECOND).granted());
        assert!(!hears(&sound, tone), "who is held does not hear who holds");
        assert!(is_loud(&sound), "who is held hears music");
        holder.resume().granted();
        held.wait_until_hears(f64::from(tone)).granted();
        let answered = || (world.handle.feed().calls(None)[0].state == CallState::Answered).then_some(());
        world.wait_for("the end of the hold", answered);
    }
    john.wait_until_hears(f64::from(MARY)).granted();
    john.hangup().granted();
    mary.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn digits_arrive_once_each_and_in_order() {
    let world = World::new();
    let (john, mary) = (world.phone("744", JOHN), world.phone("702", MARY));
    world.talk(&john, "702", &mary);
    mary.wait_until_hears(f64::from(JOHN)).granted();
    john.send_digits("1590*#").granted();
    mary.wait_for_digits("1590*#").granted();
    mary.send_digits("22").granted();
    john.wait_for_digits("22").granted();
    assert_eq!(john.digits(), "22");
    john.hangup().granted();
}

#[test]
fn phones_without_a_common_codec_understand_each_other() {
    let world = World::new();
    let john = world.phone_with("744", JOHN, |account| account.codecs(&["pcmu"]));
    let mary = world.phone_with("702", MARY, |account| account.codecs(&["g722"]));
    world.talk(&john, "702", &mary);
    john.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(JOHN)).granted();
    john.hangup().granted();
    mary.wait_until_closed().granted();
}

#[test]
fn a_caller_who_gives_up_leaves_nothing_ringing() {
    let world = World::new();
    let (john, mary) = (world.phone("744", JOHN), world.phone("702", MARY));
    john.dial("702").granted();
    mary.wait_for_incoming().granted();
    john.wait_until_ringing().granted();
    john.hangup().granted();
    mary.wait_until_closed().granted();
    world.wait_until_quiet();
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!((xdr.cause, xdr.ended_by, xdr.status), (ReleaseCause::Cancelled, EndedBy::Caller, 487));
    assert_eq!(xdr.answered, None);
}

#[test]
fn who_is_busy_says_so() {
    let world = World::new();
    let (john, mary) = (world.phone("744", JOHN), world.phone("702", MARY));
    john.dial("702").granted();
    mary.wait_for_incoming().granted();
    mary.hangup().granted();
    let reason = john.wait_until_closed().granted();
    assert!(reason.contains("486"), "{reason}");
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!((xdr.cause, xdr.status), (ReleaseCause::Busy, 486));
}

#[test]
fn the_echo_test_gives_back_what_it_hears() {
    let world = World::new();
    let john = world.phone("744", JOHN);
    john.dial("*43").granted();
    john.wait_until_established().granted();
    john.wait_until_hears(f64::from(JOHN)).granted();
    john.hangup().granted();
    world.wait_until_quiet();
}

#[test]
fn a_call_over_tls_reaches_a_phone_without() {
    let world = World::with(Wishes { tls: true, ..Wishes::default() });
    let secure = world.secure.expect("TLS is open");
    let john = Account::registered("abc744", "tandem-demo", secure).tone(JOHN).transport(Transport::Tls);
    let john = Baresip::start(john).granted();
    john.wait_until_registered().granted();
    let mary = world.phone("702", MARY);
    world.talk(&john, "702", &mary);
    john.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(JOHN)).granted();
    mary.hangup().granted();
    john.wait_until_closed().granted();
    world.talk(&mary, "744", &john);
    mary.wait_until_hears(f64::from(JOHN)).granted();
    john.hangup().granted();
    mary.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn all_phones_of_an_account_ring_and_one_gets_the_call() {
    let world = World::new();
    let (desk, mobile, mary) = (world.phone("744", JOHN), world.phone("744", 2200), world.phone("702", MARY));
    assert_eq!(world.handle.feed().registrations(None).len(), 3);
    mary.dial("744").granted();
    desk.wait_for_incoming().granted();
    mobile.wait_for_incoming().granted();
    mobile.accept().granted();
    mary.wait_until_hears(2200.0).granted();
    desk.wait_until_closed().granted();
    mary.hangup().granted();
    mobile.wait_until_closed().granted();
    world.wait_until_quiet();
    assert_eq!(world.wait_for_xdrs(1).len(), 1);
}

#[test]
fn digits_reach_a_phone_that_knows_no_events_and_come_back_from_it() {
    let world = World::new();
    let mary = world.phone("702", MARY);
    let port = ports::free(std::net::Ipv4Addr::LOCALHOST).granted();
    let script = |name: &str| Sipp::new(scenario(name)).user("abc744", "tandem-demo").port(port);
    script("register.xml").run(world.address).granted().success().granted();
    let john = script("uas-no-events.xml").argument("-rtp_echo").serve().granted();
    mary.dial("744").granted();
    mary.wait_until_established().granted();
    mary.wait_until_hears(f64::from(MARY)).granted();
    // What came to her as an event goes to him as tones, and his tones come back to her as events: once each, in order.
    mary.send_digits("15*#").granted();
    mary.wait_for_digits("15*#").granted();
    mary.hangup().granted();
    john.wait().granted().success().granted();
}
