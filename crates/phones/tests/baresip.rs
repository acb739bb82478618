//! Two phones call each other without an exchange: what tests of the exchange will rely on.

use std::time::Duration;

use tandem_phones::{Account, Answer, Baresip, Event, PATIENCE, Recording, Transport, installed, tones};

const ALICE: f64 = 440.0;
const BOB: f64 = 1500.0;

fn phone(account: Account) -> Baresip {
    Baresip::start(account).expect("the phone starts")
}

/// Alice and Bob in a call that Alice made.
fn in_a_call(alice: Account, bob: Account) -> (Baresip, Baresip) {
    let (alice, bob) = (phone(alice.tone(440)), phone(bob.tone(1500)));
    alice.dial(&bob.uri()).expect("the call is tried");
    let caller = bob.wait_for_incoming().expect("the phone is called");
    assert!(caller.starts_with("sip:alice@"), "{caller}");
    alice.wait_until_ringing().expect("the other phone rings");
    bob.accept().expect("the call is accepted");
    for phone in [&alice, &bob] {
        phone.wait_until_established().expect("the call is connected");
    }
    (alice, bob)
}

fn peers() -> (Baresip, Baresip) {
    in_a_call(Account::peer("alice"), Account::peer("bob"))
}

fn join(recordings: &[Recording]) -> Vec<i16> {
    recordings.iter().flat_map(|recording| recording.pcm.clone()).collect()
}

#[test]
fn each_hears_the_other_and_not_itself() {
    let (alice, bob) = peers();
    for (phone, other, own) in [(&alice, BOB, ALICE), (&bob, ALICE, BOB)] {
        phone.wait_until_hears(other).expect("the other is heard");
        let mark = phone.mark();
        let heard = phone.wait_for_sound(&mark, Duration::from_millis(400)).expect("sound goes on arriving");
        assert_eq!(heard[0].rate, 8000);
        let parted = tones::parted([(&*join(&heard), 8000)], &[other], &[own]).expect("something is heard");
        assert!(parted.holds(), "{parted:?}");
    }
    alice.hangup().expect("the phone hangs up");
    assert_eq!(alice.wait_until_closed().expect("the call ends"), "Connection reset by user");
    assert_eq!(bob.wait_until_closed().expect("the call ends"), "Connection reset by peer");
}

#[test]
fn the_called_party_may_hang_up_too() {
    let (alice, bob) = peers();
    bob.hangup().expect("the phone hangs up");
    assert_eq!(alice.wait_until_closed().expect("the call ends"), "Connection reset by peer");
    let bye = alice.wait_for_message("the BYE", |message| message.method() == "BYE").expect("a BYE came");
    assert!(!bye.sent || bye.status() == Some(200), "{bye:?}");
}

#[test]
fn hold_silences_and_resume_lets_talk() {
    let (alice, bob) = peers();
    bob.wait_until_hears(ALICE).expect("the other is heard");
    alice.hold().expect("the hold is agreed to");
    let offer = bob.wait_for_message("the offer", |message| message.direction() == Some("sendonly"));
    assert!(!offer.expect("the offer came").sent);
    bob.wait_until_silent(ALICE).expect("the hold silences");
    alice.wait_until_silent(BOB).expect("the hold silences");
    alice.resume().expect("the end of the hold is agreed to");
    bob.wait_until_hears(ALICE).expect("the other is heard again");
    alice.wait_until_hears(BOB).expect("the other is heard again");
}

#[test]
fn digits_arrive_once_each_and_in_order() {
    let (alice, bob) = peers();
    bob.wait_until_hears(ALICE).expect("media flow");
    alice.send_digits("1123*#").expect("the keys are pressed");
    bob.wait_for_digits("1123*#").expect("the digits arrive");
    bob.wait_for("the end of the last digit", PATIENCE, |event| matches!(event, Event::DigitEnded(_)))
        .expect("the digit ends");
    assert_eq!(bob.digits(), "1123*#");
}

#[test]
fn digits_as_tones_are_in_the_sound() {
    let (alice, bob) = peers();
    bob.wait_until_hears(ALICE).expect("media flow");
    let mark = bob.mark();
    alice.send_tones("147*").expect("the tones are played");
    bob.wait_until_hears(ALICE).expect("the phone speaks again");
    assert_eq!(tones::digits(&join(&bob.heard_since(&mark)), 8000), "147*");
    assert_eq!(bob.digits(), "");
}

#[test]
fn a_muted_phone_sends_silence() {
    let (alice, bob) = peers();
    bob.wait_until_hears(ALICE).expect("media flow");
    alice.mute(true).expect("the phone is muted");
    bob.wait_until_silent(ALICE).expect("the phone is silent");
    assert!(!bob.listen(Duration::from_millis(200)).is_empty(), "silence is sent");
    alice.mute(false).expect("the phone is no longer muted");
    bob.wait_until_hears(ALICE).expect("the other is heard again");
}

#[test]
fn a_phone_may_answer_by_itself_over_tcp_with_g722() {
    let alice = phone(Account::peer("alice").transport(Transport::Tcp).codecs(&["g722/16000", "pcmu"]));
    let bob = Account::peer("bob").transport(Transport::Tcp).codecs(&["g722/16000", "pcma"]).answer(Answer::Auto);
    let bob = phone(bob.tone(3000));
    alice.dial(&bob.uri()).expect("the call is tried");
    alice.wait_until_established().expect("the call is connected");
    alice.wait_until_hears(3000.0).expect("the other is heard");
    assert_eq!(alice.heard()[0].rate, 16_000);
    let invite = alice.messages().into_iter().find(|message| message.method() == "INVITE").expect("an INVITE");
    assert!(invite.sent && invite.transport == "TCP", "{invite:?}");
}

#[test]
fn a_call_goes_over_tls() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("phone.pem");
    let made = std::process::Command::new(installed("openssl").expect("openssl is there"))
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout"])
        .arg(&path)
        .arg("-out")
        .arg(folder.path().join("certificate.pem"))
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{made:?}");
    let both = ["phone.pem", "certificate.pem"].map(|name| std::fs::read(folder.path().join(name)).expect("the file"));
    std::fs::write(&path, both.concat()).expect("the file can be written");
    let alice = phone(Account::peer("alice").transport(Transport::Tls));
    let bob = Account::peer("bob").transport(Transport::Tls).answer(Answer::Auto);
    let bob = phone(bob.configured(&format!("sip_certificate {}", path.display())).tone(1500));
    alice.dial(&bob.uri()).expect("the call is tried");
    alice.wait_until_established().expect("the call is connected");
    alice.wait_until_hears(BOB).expect("the other is heard");
    assert!(alice.messages().iter().all(|message| message.transport == "TLS"));
}

#[test]
fn a_refused_call_ends_with_the_reason() {
    let (alice, bob) = (phone(Account::peer("alice")), phone(Account::peer("bob")));
    alice.dial(&bob.uri()).expect("the call is tried");
    bob.wait_for_incoming().expect("the phone is called");
    bob.hangup().expect("the call is refused");
    let reason = alice.wait_until_closed().expect("the call ends");
    assert!(reason.starts_with("486"), "{reason}");
}

#[test]
fn a_caller_may_give_up() {
    let (alice, bob) = (phone(Account::peer("alice")), phone(Account::peer("bob")));
    alice.dial(&bob.uri()).expect("the call is tried");
    bob.wait_for_incoming().expect("the phone is called");
    alice.wait_until_ringing().expect("the other phone rings");
    alice.hangup().expect("the caller gives up");
    bob.wait_until_closed().expect("the call ends");
    bob.wait_for_message("the CANCEL", |message| message.method() == "CANCEL").expect("a CANCEL came");
}

#[test]
fn a_call_that_cannot_be_ends_the_wait_for_it() {
    let alice = phone(Account::peer("alice").transport(Transport::Tcp));
    alice.dial("sip:nobody@127.0.0.1:1").expect("the call is tried");
    let error = alice.wait_until_established().expect_err("nobody is there").to_string();
    assert!(error.contains("Connection refused"), "{error}");
}

#[test]
fn a_blind_transfer_makes_the_other_call_the_third() {
    let (alice, bob) = peers();
    let carol = phone(Account::peer("carol").tone(1700).answer(Answer::Auto));
    bob.forget_events();
    alice.blind_transfer(&carol.uri()).expect("the transfer is asked for");
    let asked = bob.wait_for("the transfer", PATIENCE, |event| matches!(event, Event::TransferAsked { .. }));
    let Event::TransferAsked { target, .. } = asked.expect("the transfer arrives") else { panic!("another event") };
    assert_eq!(target, carol.uri());
    bob.wait_until_established().expect("the third answers");
    carol.wait_until_hears(BOB).expect("the third hears the transferred");
    bob.wait_until_hears(1700.0).expect("the transferred hears the third");
}

#[test]
fn an_attended_transfer_asks_to_replace_the_newer_call() {
    let (alice, bob) = peers();
    let carol = phone(Account::peer("carol").answer(Answer::Auto));
    alice.hold().expect("the hold is agreed to");
    alice.dial(&carol.uri()).expect("the call is tried");
    alice.wait_until_established().expect("the third answers");
    alice.attended_transfer().expect("the REFER is accepted");
    let refer = bob.wait_for_message("the REFER", |message| message.method() == "REFER" && message.status().is_none());
    let refer = refer.expect("the REFER arrives");
    let answer = |message: &tandem_phones::SipMessage| message.method() == "INVITE" && message.status() == Some(200);
    let agreed = carol.messages().into_iter().find(answer).expect("the third answered");
    let (call, to) = (agreed.header("Call-ID").expect("a Call-ID"), agreed.header("To").expect("a tag"));
    let tag = to.split_once(";tag=").expect("a tag").1;
    let expected = format!("<{}?Replaces={call}%3Bto-tag%3D{tag}%3Bfrom-tag%3D", carol.uri());
    assert!(refer.header("Refer-To").is_some_and(|target| target.starts_with(&expected)), "{refer:?}");
}

#[test]
fn a_phone_that_quits_is_gone() {
    let alice = phone(Account::peer("alice"));
    alice.quit().expect("the phone ends");
}

#[test]
fn a_phone_may_live_on_ipv6() {
    let alice = phone(Account::peer("alice").address(std::net::Ipv6Addr::LOCALHOST));
    let bob = phone(Account::peer("bob").address(std::net::Ipv6Addr::LOCALHOST).answer(Answer::Auto).tone(1500));
    alice.dial(&bob.uri()).expect("the call is tried");
    alice.wait_until_established().expect("the call is connected");
    alice.wait_until_hears(BOB).expect("the other is heard");
}
