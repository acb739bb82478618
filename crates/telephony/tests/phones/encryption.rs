//! Phones that encrypt: with each other, with those that do not, held, supervised and recorded.

use std::net::UdpSocket;

use tandem_domain::{
    access::Scope,
    calls::{CallState, Recorded},
};
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

/// The keys that a phone sent, or got.
fn keys(phone: &Baresip, sent: bool) -> Vec<String> {
    let messages = phone.messages().into_iter().filter(|message| message.sent == sent);
    let texts = messages.map(|message| message.text);
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    let keys =
        lines.filter_map(|line| line.strip_prefix("a=crypto:")?.split_once("inline:").map(|(_, key)| key.to_owned()));
    keys.collect()
}

/// The profiles that a phone was offered.
fn offered(phone: &Baresip) -> Vec<String> {
    let came =
        phone.messages().into_iter().filter(|message| !message.sent && message.start_line().starts_with("INVITE"));
    let line = |text: &str| text.lines().find_map(|line| line.strip_prefix("m=audio ").map(str::to_owned));
    came.filter_map(|message| line(&message.text)?.split(' ').nth(1).map(str::to_owned)).collect()
}

#[test]
fn the_log_of_signalling_has_no_key_and_udp_carries_none() {
    let world = with_tls();
    let john = secure(&world, "744", JOHN, |account| encrypts(account, MUST));
    let mary = world.phone_with("702", MARY, |account| encrypts(account, CAN));
    world.talk(&john, "702", &mary);
    hear_each_other(&john, &mary);
    end(&world, &john, &mary);
    // What she says unasked is hers to say.
    assert_eq!((offered(&mary), keys(&mary, false)), (vec!["RTP/AVP".to_owned()], vec![]));
    let (his, ours) = (keys(&john, true), keys(&john, false));
    assert!(!his.is_empty() && !ours.is_empty());
    world.talk(&mary, "744", &john);
    end(&world, &mary, &john);
    assert_eq!(offered(&john), ["RTP/SAVP"]);
    let keys: Vec<_> = [his, ours, keys(&john, true), keys(&john, false), keys(&mary, true)].concat();

    for xdr in world.wait_for_xdrs(2) {
        let log = world.wait_for("the log of the call", || {
            let log = world.block_on(world.store.sip_log().of_call(Scope::for_system(), xdr.call)).unwrap();
            log.iter().any(|entry| entry.text.contains("BYE")).then_some(log)
        });
        let text: String = log.iter().map(|entry| entry.text.as_str()).collect();
        assert!(text.contains("m=audio") && text.contains("(removed)"));
        assert!(!text.contains("inline") && keys.iter().all(|key| !text.contains(key)));
    }
}

#[test]
fn what_is_forged_on_the_way_is_not_heard_and_ends_nothing() {
    let world = with_tls();
    let john = secure(&world, "744", JOHN, |account| encrypts(account, MUST));
    let mary = world.phone("702", MARY);
    world.talk(&john, "702", &mary);
    hear_each_other(&john, &mary);
    let answer = john.messages().into_iter().rfind(|message| !message.sent && message.status() == Some(200)).unwrap();
    let port = answer.text.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok());
    let port: u16 = port.expect("where the exchange gets his sound");
    let before = world.engine.stats().ignored_packets;
    // As loud as can be, from another address: without a tag, and with one that is made up.
    let stranger = UdpSocket::bind((world.address.ip(), 0)).unwrap();
    let loud = [[0x80; 8], [0x00; 8]].concat().repeat(10);
    let mark = mary.mark();
    for n in 0..100_u8 {
        let header = [0x80, 0x00, 0, n, 0, 0, n, 0, 1, 2, 3, 4];
        for tag in [0, 10] {
            let packet = [&header[..], &loud, &[n; 10][..tag]].concat();
            stranger.send_to(&packet, (world.address.ip(), port)).unwrap();
        }
    }
    world.wait_for("the end of them", || (world.engine.stats().ignored_packets >= before + 200).then_some(()));
    hear_each_other(&john, &mary);
    assert_isolated("she", &mary.heard_since(&mark), &[JOHN], &[MARY, ADAM, OLIVIA]);
    assert_eq!(encrypted(&world), [true, false]);
    end(&world, &john, &mary);
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
