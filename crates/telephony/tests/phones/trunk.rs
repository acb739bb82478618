//! The way to other networks, and a proxy between.

use std::{net::Ipv4Addr, time::Duration};

use tandem_domain::calls::{Direction, EndedBy, ReleaseCause};
use tandem_phones::{Account, Baresip, Kamailio, Serving, Sipp, ports, scenario};

use crate::world::{Granted as _, Wishes, World};

const MARY: u32 = 1000;
const JOHN: u32 = 2100;
const SCRIPT: u32 = 1700;

fn carrier(name: &str) -> Sipp {
    Sipp::new(scenario(name)).user("+442071838750", "").talk(Duration::from_secs(1))
}

#[test]
fn calls_from_outside_reach_an_extension_and_a_huntgroup() {
    let port = ports::free(Ipv4Addr::LOCALHOST).granted();
    let world = World::with(Wishes { trunk: Some((Ipv4Addr::LOCALHOST, port).into()), ..Wishes::default() });
    let john = world.phone("744", JOHN);
    for (number, group) in [("+3225550744", ""), ("+3225550700", "Support")] {
        let call = carrier("uac-trunk.xml").port(port).call(number).start(world.address).granted();
        let caller = john.wait_for_incoming().granted();
        assert!(caller.contains("+442071838750"), "{caller}");
        john.accept().granted();
        john.wait_until_hears(f64::from(SCRIPT)).granted();
        let live = world.handle.feed().calls(None).remove(0);
        assert_eq!((live.direction, live.huntgroup.as_str()), (Direction::Incoming, group));
        call.wait().granted().success().granted();
        john.wait_until_closed().granted();
    }
    world.wait_until_quiet();
    assert!(world.wait_for_xdrs(2).iter().all(|xdr| xdr.cause == ReleaseCause::Normal));
}

#[test]
fn a_call_to_outside_shows_the_number_that_is_ours() {
    let port = ports::free(Ipv4Addr::LOCALHOST).granted();
    let world = World::with(Wishes { trunk: Some((Ipv4Addr::LOCALHOST, port).into()), ..Wishes::default() });
    let mary = world.phone("702", MARY);
    let outside = carrier("uas-answer.xml").port(port).serve().granted();
    mary.dial("00442071838750").granted();
    mary.wait_until_established().granted();
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    let log = outside.messages();
    assert!(log.contains("INVITE sip:+442071838750@"), "{log}");
    assert!(log.contains("From: <sip:+3225550702@"), "{log}");
    assert!(!log.contains("Authorization"), "{log}");
    mary.hangup().granted();
    outside.wait().granted().success().granted();
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!((xdr.direction, xdr.callee.number.as_str()), (Direction::Outgoing, "+442071838750"));
    world.wait_until_quiet();
}

#[test]
fn a_network_that_asks_for_the_password_in_the_call_too_hears_of_its_end() {
    let port = ports::free(Ipv4Addr::LOCALHOST).granted();
    let world = World::with(Wishes {
        trunk: Some((Ipv4Addr::LOCALHOST, port).into()),
        trunk_asks: Some(("tandem", "secret")),
        ..Wishes::default()
    });
    let mary = world.phone("702", MARY);
    let outside = carrier("uas-challenges.xml").port(port).serve().granted();
    mary.dial("00442071838750").granted();
    mary.wait_until_established().granted();
    mary.hangup().granted();
    outside.wait().granted().success().granted();
    world.wait_until_quiet();
}

#[test]
fn a_stranger_is_no_trunk() {
    let port = ports::free(Ipv4Addr::LOCALHOST).granted();
    let world = World::with(Wishes { trunk: Some((Ipv4Addr::LOCALHOST, port).into()), ..Wishes::default() });
    let _john = world.phone("744", JOHN);
    let refused = Sipp::new(scenario("uac-trunk.xml")).user("+442071838750", "").call("+3225550744");
    let outcome = refused.run(world.address).granted();
    assert_eq!(outcome.received().iter().find(|status| **status > 100), Some(&401));
    assert!(world.handle.feed().calls(None).is_empty());
}

#[test]
fn phones_behind_a_proxy_talk_through_it() {
    let world = World::new();
    let proxy = Kamailio::before(world.address).granted();
    let mary = world.phone_with("702", MARY, |account| account.outbound(proxy.address()));
    let john = world.phone("744", JOHN);
    world.talk(&mary, "744", &john);
    mary.wait_until_hears(f64::from(JOHN)).granted();
    john.wait_until_hears(f64::from(MARY)).granted();
    john.hold().granted();
    john.resume().granted();
    john.hangup().granted();
    mary.wait_until_closed().granted();
    world.talk(&john, "702", &mary);
    mary.hangup().granted();
    john.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn calls_above_the_limit_are_told_when_to_try_again_and_are_on_record() {
    let world = World::with(Wishes { calls_max: Some(1), ..Wishes::default() });
    let (mary, john, olivia) = (world.phone("702", MARY), world.phone("744", JOHN), world.phone("745", 2600));
    world.talk(&mary, "744", &john);
    olivia.dial("702").granted();
    let reason = olivia.wait_until_closed().granted();
    assert!(reason.contains("503"), "{reason}");
    let refusal = olivia.wait_for_message("the 503", |message| message.status() == Some(503)).granted();
    assert!(refusal.header("Retry-After").is_some());
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!((xdr.status, xdr.cause, xdr.ended_by), (503, ReleaseCause::Congestion, EndedBy::Exchange));
    assert_eq!((xdr.caller.number.as_str(), xdr.dialled.as_str()), ("745", "702"));
    mary.hangup().granted();
    john.wait_until_closed().granted();
}

#[test]
fn the_exchange_registers_at_a_carrier_and_calls_go_both_ways() {
    let carrier = Kamailio::start(include_str!("carrier.cfg")).granted();
    let world = World::with(Wishes {
        trunk: Some(carrier.address()),
        trunk_user: Some(("tandem", "secret")),
        ..Wishes::default()
    });
    let bob = Account::registered("bob", "secret", carrier.address()).tone(SCRIPT);
    let bob = Baresip::start(bob).granted();
    bob.wait_until_registered().granted();
    let mary = world.phone("702", MARY);
    world.wait_for("the registration at the carrier", || world.handle.counts().at_trunk.filter(|there| *there));

    // From outside: the carrier calls the Contact at which the exchange registered, and tells the number in To.
    bob.dial("+3225550702").granted();
    mary.wait_for_incoming().granted();
    mary.accept().granted();
    bob.wait_until_established().granted();
    bob.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    bob.hangup().granted();
    mary.wait_until_closed().granted();

    // To outside: the carrier asks for the password.
    world.talk(&mary, "00442071838750", &bob);
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    mary.hangup().granted();
    bob.wait_until_closed().granted();
    world.wait_until_quiet();
}

#[test]
fn the_exchange_registers_for_as_long_as_a_carrier_wants() {
    let longer = "modparam(\"registrar\", \"min_expires\", 900)\nmodparam(\"registrar\", \"min_expires_mode\", 1)\n";
    let config = include_str!("carrier.cfg").replace("request_route {", &format!("{longer}request_route {{"));
    let carrier = Kamailio::start(&config).granted();
    let world = World::with(Wishes {
        trunk: Some(carrier.address()),
        trunk_user: Some(("tandem", "secret")),
        ..Wishes::default()
    });
    world.wait_for("the registration at the carrier", || world.handle.counts().at_trunk.filter(|there| *there));
}

#[test]
fn several_phones_that_answer_behind_one_proxy_make_one_call() {
    // The proxy sends each call of extension 744 to two phones at once.
    let (first, second) = (ports::free(Ipv4Addr::LOCALHOST).granted(), ports::free(Ipv4Addr::LOCALHOST).granted());
    let world = World::new();
    let exchange = world.address;
    let fork = format!(
        r#"loadmodule "corex.so"
request_route {{
    if (has_totag()) {{ loose_route(); t_relay(); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    if (is_method("REGISTER")) {{ $du = "sip:{exchange}"; t_relay(); exit; }}
    if (is_method("INVITE")) {{
        record_route();
        $ru = "sip:744@127.0.0.1:{first}";
        append_branch("sip:744@127.0.0.1:{second}");
    }}
    t_relay();
}}
"#
    );
    let proxy = Kamailio::start(&fork).granted();
    let registered = Sipp::new(scenario("register.xml")).user("abc744", "tandem-demo");
    registered.run(proxy.address()).granted().success().granted();
    let phones: Vec<Serving> =
        [first, second].iter().map(|port| carrier("uas-answers-anyway.xml").port(*port).serve().granted()).collect();
    let mary = world.phone("702", MARY);
    mary.dial("744").granted();
    mary.wait_until_established().granted();
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    // Both have answered, so both are acknowledged; one is hung up on at once, and the call goes on with the other.
    let got = |what: &str| phones.iter().filter(|phone| phone.messages().contains(what)).count();
    world.wait_for("both acknowledgements", || (got("ACK sip") == 2).then_some(()));
    world.wait_for("the end of the one too many", || (got("BYE sip") == 1).then_some(()));
    mary.wait_until_hears(f64::from(SCRIPT)).granted();
    assert_eq!((got("BYE sip"), world.handle.feed().calls(None).len()), (1, 1));
    mary.hangup().granted();
    for phone in phones {
        phone.wait().granted().success().granted();
    }
    world.wait_until_quiet();
    assert_eq!(world.wait_for_xdrs(1).len(), 1);
}

#[test]
fn phones_talk_by_the_newer_internet_protocol_too() {
    let world = World::with(Wishes { v6: true, ..Wishes::default() });
    let (mary, john) = (world.phone("702", MARY), world.phone("744", JOHN));
    world.talk(&mary, "744", &john);
    mary.wait_until_hears(f64::from(JOHN)).granted();
    john.wait_until_hears(f64::from(MARY)).granted();
    mary.hangup().granted();
    john.wait_until_closed().granted();
}

#[test]
fn help_is_called_however_full_it_is() {
    let world = World::with(Wishes { calls_max: Some(1), ..Wishes::default() });
    let (mary, john, olivia) = (world.phone("702", MARY), world.phone("744", JOHN), world.phone("745", 2600));
    world.talk(&mary, "744", &john);
    olivia.dial("112").granted();
    olivia.wait_until_established().granted();
    olivia.hangup().granted();
    mary.hangup().granted();
}
