//! Who may call, and whom: registrations, passwords, service, numbers.

use tandem_domain::{calls::ReleaseCause, ids::Timestamp, status::Status};
use tandem_phones::{Account, Baresip, Event};
use tandem_store::Change;

use crate::world::{Granted as _, World};

const JOHN: u32 = 440;
const MARY: u32 = 1000;
const ADAM: u32 = 1400;
const OLIVIA: u32 = 1800;

#[test]
fn a_wrong_password_and_an_unknown_user_are_told_the_same() {
    // A world each: who fails too often is not listened to for a while.
    let refused = |user: &str, password: &str| {
        let world = World::new();
        let phone = Baresip::start(Account::registered(user, password, world.address)).granted();
        phone.wait_until_refused().granted();
        assert_eq!(world.handle.feed().registrations(None), []);
        // The phone tries with each new challenge, until it is not listened to.
        phone.messages().iter().filter_map(tandem_phones::SipMessage::status).collect::<Vec<_>>()
    };
    let (wrong, unknown) = (refused("abc744", "guessed"), refused("abc999", "guessed"));
    assert_eq!(wrong.first(), Some(&401));
    assert_eq!(wrong, unknown);
}

#[test]
fn who_guesses_passwords_is_not_listened_to_for_a_while() {
    let world = World::new();
    let guesses = Baresip::start(Account::registered("abc744", "guessed", world.address)).granted();
    let reason = guesses.wait_until_refused().granted();
    // The phone tries again and again with each challenge.
    assert!(reason.contains("401") || reason.contains("503"), "{reason}");
    let john = Baresip::start(Account::registered("abc744", "tandem-demo", world.address)).granted();
    let told = john.wait_for_message("the refusal", |message| message.status() == Some(503)).granted();
    assert!(told.header("Retry-After").is_some(), "{told:?}");
}

#[test]
fn a_phone_that_leaves_is_not_there_any_more() {
    let world = World::new();
    let john = world.phone("744", JOHN);
    let known = world.handle.feed().registrations(None);
    assert_eq!(known.iter().map(|one| one.sip_user.as_str()).collect::<Vec<_>>(), ["abc744"]);
    assert!(known[0].user_agent.contains("baresip"), "{}", known[0].user_agent);
    john.quit().granted();
    world.wait_for("the end of the registration", || world.handle.feed().registrations(None).is_empty().then_some(()));
}

#[test]
fn a_number_that_nobody_has_is_told_and_refused() {
    let world = World::new();
    let john = world.phone("744", JOHN);
    john.dial("799").granted();
    john.wait_until_progress().granted();
    let reason = john.wait_until_closed().granted();
    assert!(reason.contains("404"), "{reason}");
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!((xdr.cause, xdr.status, xdr.dialled.as_str()), (ReleaseCause::UnknownNumber, 404, "799"));
    world.wait_until_quiet();
}

#[test]
fn a_blocked_account_hears_why_but_help_is_always_called() {
    let world = World::new();
    let john = world.phone("744", JOHN);
    world.block_on(async {
        let found = world.store.exchange().phone("abc744").await.unwrap().unwrap();
        let change = Change::by_system(Timestamp(1));
        let (tenant, accounts) = (found.line.tenant(), world.store.accounts());
        accounts.set_status(tenant, found.line.account, Status::Blocked, None, "unpaid", &change).await.unwrap();
    });
    john.dial("702").granted();
    john.wait_until_progress().granted();
    let reason = john.wait_until_closed().granted();
    assert!(reason.contains("403"), "{reason}");
    let xdr = world.wait_for_xdrs(1).remove(0);
    assert_eq!(xdr.cause, ReleaseCause::NoService);

    john.dial("112").granted();
    john.wait_until_established().granted();
    john.hangup().granted();
    world.wait_until_quiet();
}

#[test]
fn without_funds_nobody_calls_out_and_no_call_is_cut_off() {
    let world = World::new();
    let (john, mary) = (world.phone("744", JOHN), world.phone("702", MARY));
    world.talk(&john, "702", &mary);
    let tenant = world.block_on(async {
        let found = world.store.exchange().phone("abc744").await.unwrap().unwrap();
        let (tenant, change) = (found.line.tenant(), Change::by_system(Timestamp(1)));
        // ABC owes more than that.
        world.store.ledger().set_credit_limit(&change, tenant, Some(0)).await.unwrap();
        tenant
    });
    mary.wait_until_hears(f64::from(JOHN)).granted();
    john.wait_until_hears(f64::from(MARY)).granted();
    john.hangup().granted();
    mary.wait_until_closed().granted();

    john.dial("+3225550199").granted();
    john.wait_until_progress().granted();
    let reason = john.wait_until_closed().granted();
    assert!(reason.contains("402"), "{reason}");
    let xdr = world.wait_for_xdrs(2).remove(1);
    assert_eq!((xdr.cause, xdr.status), (ReleaseCause::NoFunds, 402));

    john.dial("112").granted();
    john.wait_until_established().granted();
    john.hangup().granted();
    world.wait_until_quiet();

    world.block_on(async {
        let ledger = world.store.ledger();
        ledger.set_credit_limit(&Change::by_system(Timestamp(2)), tenant, None).await.unwrap();
    });
    world.talk(&john, "702", &mary);
    john.hangup().granted();
    world.wait_until_quiet();
}

#[test]
fn a_huntgroup_rings_all_and_who_is_first_gets_the_call() {
    let world = World::new();
    let (adam, john, olivia) = (world.phone("701", ADAM), world.phone("744", JOHN), world.phone("745", OLIVIA));
    let mary = world.phone("702", MARY);
    mary.dial("7700").granted();
    for phone in [&adam, &john, &olivia] {
        phone.wait_for_incoming().granted();
    }
    olivia.accept().granted();
    mary.wait_until_established().granted();
    mary.wait_until_hears(f64::from(OLIVIA)).granted();
    olivia.wait_until_hears(f64::from(MARY)).granted();
    for phone in [&adam, &john] {
        phone.wait_until_closed().granted();
        let cancel =
            phone.wait_for_message("the CANCEL", |message| message.start_line().starts_with("CANCEL")).granted();
        assert!(cancel.header("Reason").is_some_and(|reason| reason.contains("completed elsewhere")), "{cancel:?}");
    }
    let live = world.handle.feed().calls(None).remove(0);
    assert_eq!((live.huntgroup.as_str(), live.callee.number.as_str()), ("Support", "745"));

    // A second caller does not ring in the ear of who talks.
    let peter = world.phone("746", 2600);
    peter.dial("7700").granted();
    john.wait_for_incoming().granted();
    john.accept().granted();
    peter.wait_until_established().granted();
    assert_eq!(olivia.events().iter().filter(|event| matches!(event, Event::Incoming { .. })).count(), 1);
    mary.hangup().granted();
    peter.hangup().granted();
    world.wait_until_quiet();
}

#[test]
fn a_huntgroup_in_order_tries_one_member_after_the_other() {
    let world = World::new();
    let (mary, olivia, peter) = (world.phone("702", MARY), world.phone("745", OLIVIA), world.phone("746", ADAM));
    mary.dial("7710").granted();
    olivia.wait_for_incoming().granted();
    assert!(!peter.events().iter().any(|event| matches!(event, Event::Incoming { .. })), "the second waits");
    olivia.hangup().granted();
    peter.wait_for_incoming().granted();
    peter.accept().granted();
    mary.wait_until_hears(f64::from(ADAM)).granted();
    mary.hangup().granted();
    peter.wait_until_closed().granted();

    // Nobody left: the caller hears why.
    let john = world.phone("744", JOHN);
    world.talk(&mary, "745", &olivia);
    john.dial("7710").granted();
    peter.wait_for_incoming().granted();
    peter.hangup().granted();
    john.wait_until_progress().granted();
    let reason = john.wait_until_closed().granted();
    assert!(reason.contains("486"), "{reason}");
    mary.hangup().granted();
    world.wait_until_quiet();
}
