//! Phones that encrypt: with each other, with those that do not, held, supervised and recorded.

use tandem_domain::calls::{CallState, Recorded};
use tandem_phones::{Account, Baresip, Transport};

use crate::{
    recording::{part, press, wait_for_recordings},
    sounds::{ADAM, JOHN, MARY, OLIVIA, assert_isolated, hear_exactly, soft},
    world::{Granted as _, SECOND, Wishes, World, after, hears},
};

/// How a phone is encrypted: not without.
const MUST: &str = "mediaenc=srtp-mand";
/// If the other end wants it.
const CAN: &str = "mediaenc=srtp";

fn with_tls() -> World {
    World::with(Wishes { tls: true, ..Wishes::default() })
}

fn encrypts(account: Account, how: &str) -> Account {
    account.configured("module srtp.so").parameter(how)
}

/// A phone that registered where nobody can read its keys.
fn secure(world: &World, extension: &str, tone: u32, change: impl FnOnce(Account) -> Account) -> Baresip {
    let address = world.secure.expect("TLS is open");
    let account = Account::registered(&format!("abc{extension}"), "tandem-demo", address);
    let phone = Baresip::start(change(account.tone(tone).transport(Transport::Tls))).granted();
    phone.wait_until_registered().granted();
    phone
}

fn hear_each_other(john: &Baresip, mary: &Baresip) {
    john.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(JOHN)).granted();
}

fn end(world: &World, john: &Baresip, mary: &Baresip) {
    john.hangup().granted();
    mary.wait_until_closed().granted();
    world.wait_until_quiet();
}

/// Whether the caller's and the called side are encrypted.
fn encrypted(world: &World) -> [bool; 2] {
    world.wait_for("the call", || world.handle.feed().calls(None).first().map(|call| call.encrypted))
}

#[test]
fn two_encrypted_phones_talk_whoever_calls() {
    let world = with_tls();
    let john = secure(&world, "744", JOHN, |account| encrypts(account, MUST));
    let mary = secure(&world, "702", MARY, |account| encrypts(account, MUST));
    for (caller, number, callee) in [(&john, "702", &mary), (&mary, "744", &john)] {
        world.talk(caller, number, callee);
        hear_each_other(&john, &mary);
        assert_eq!(encrypted(&world), [true, true]);
        end(&world, caller, callee);
    }
    for xdr in world.wait_for_xdrs(2) {
        for quality in [xdr.caller_quality, xdr.callee_quality] {
            assert_eq!(quality.expect("media came").lost, 0);
        }
    }
}

#[test]
fn an_encrypted_phone_talks_to_one_that_is_not() {
    let world = with_tls();
    let john = secure(&world, "744", JOHN, |account| encrypts(account, MUST));
    let mary = world.phone("702", MARY);
    world.talk(&john, "702", &mary);
    hear_each_other(&john, &mary);
    assert_eq!(encrypted(&world), [true, false]);
    john.send_digits("15*#").granted();
    mary.wait_for_digits("15*#").granted();
    end(&world, &john, &mary);
    world.talk(&mary, "744", &john);
    hear_each_other(&john, &mary);
    assert_eq!(encrypted(&world), [false, true]);
    end(&world, &mary, &john);
}

#[test]
fn a_phone_over_tls_that_cannot_encrypt_is_called_all_the_same() {
    let world = with_tls();
    let (john, mary) = (secure(&world, "744", JOHN, |account| account), world.phone("702", MARY));
    world.talk(&mary, "744", &john);
    hear_each_other(&john, &mary);
    assert_eq!(encrypted(&world), [false, false]);
    end(&world, &mary, &john);
}

#[test]
fn keys_are_offered_to_nobody_over_udp_and_taken_from_who_offers_them_there() {
    let world = World::new();
    let john = world.phone_with("744", JOHN, |account| encrypts(account, CAN));
    let mary = world.phone_with("702", MARY, |account| encrypts(account, CAN));
    world.talk(&john, "702", &mary);
    hear_each_other(&john, &mary);
    assert_eq!(encrypted(&world), [true, false]);
    end(&world, &john, &mary);
}

#[test]
fn a_hold_and_its_end_keep_the_call_encrypted() {
    let world = with_tls();
    let john = secure(&world, "744", JOHN, |account| encrypts(account, MUST));
    let mary = secure(&world, "702", MARY, |account| encrypts(account, MUST));
    world.talk(&john, "702", &mary);
    hear_each_other(&john, &mary);
    for (holder, held, tone) in [(&john, &mary, JOHN), (&mary, &john, MARY), (&john, &mary, JOHN)] {
        holder.hold().granted();
        world.wait_for("the hold", || (world.handle.feed().calls(None)[0].state == CallState::Held).then_some(()));
        let mark = held.mark();
        let sound = held.wait_for_sound(&mark, SECOND).granted();
        assert!(!hears(&after(SECOND / 4, sound), tone));
        holder.resume().granted();
        held.wait_until_hears(f64::from(tone)).granted();
        let answered = || (world.handle.feed().calls(None)[0].state == CallState::Answered).then_some(());
        world.wait_for("the end of the hold", answered);
    }
    hear_each_other(&john, &mary);
    assert_eq!(encrypted(&world), [true, true]);
    end(&world, &john, &mary);
}

#[test]
fn an_encrypted_call_is_recorded_and_handed_over_to_a_phone_that_is_not() {
    let world = with_tls();
    let must = |account| encrypts(account, MUST);
    let (john, mary) = (secure(&world, "744", JOHN, must), secure(&world, "702", MARY, must));
    let olivia = world.phone("745", OLIVIA);
    world.talk(&mary, "744", &john);
    hear_each_other(&john, &mary);
    press(&world, &john, "*44", Recorded::Yes);
    std::thread::sleep(SECOND);
    press(&world, &john, "*45", Recorded::No);
    john.blind_transfer("745").granted();
    olivia.wait_for_incoming().granted();
    olivia.accept().granted();
    olivia.wait_until_hears(f64::from(MARY)).granted();
    mary.wait_until_hears(f64::from(OLIVIA)).granted();
    john.wait_until_closed().granted();
    assert_eq!(encrypted(&world), [true, false]);
    end(&world, &mary, &olivia);
    let recording = wait_for_recordings(&world, 1).remove(0);
    part(&world, &recording, 0).holds(&[JOHN], &[MARY]);
}

#[test]
fn an_encrypted_call_is_supervised_in_every_mode_and_nobody_hears_too_much() {
    let world = with_tls();
    let phone = |extension, tone| {
        soft(tone, |source| secure(&world, extension, tone, |account| encrypts(account.configured(source), MUST)))
    };
    let (john, mary) = (phone("744", JOHN), phone("702", MARY));
    world.talk(&mary, "744", &john);
    hear_each_other(&john, &mary);
    let quiet = mary.mark();
    let adam = phone("701", ADAM);
    adam.dial("*90744").granted();
    adam.wait_until_established().granted();
    let hear = |agent: &[u32], client: &[u32]| {
        hear_exactly([
            ("the manager", &*adam, &[JOHN, MARY]),
            ("the agent", &john, agent),
            ("the client", &mary, client),
        ]);
    };
    hear(&[MARY], &[JOHN]);
    for _ in 0..2 {
        adam.send_digits("1").granted();
        hear(&[MARY, ADAM], &[JOHN]);
        adam.send_digits("0").granted();
        hear(&[MARY], &[JOHN]);
    }
    assert_isolated("the client, all the time", &mary.heard_since(&quiet), &[JOHN], &[MARY, ADAM]);
    adam.send_digits("2").granted();
    hear(&[MARY, ADAM], &[JOHN, ADAM]);
    // The manager goes: what was mixed is passed on again, by the same keys.
    adam.hangup().granted();
    hear_exactly([("the agent", &*john, &[MARY][..]), ("the client", &mary, &[JOHN])]);
    assert_eq!(encrypted(&world), [true, true]);
    end(&world, &john, &mary);
}
