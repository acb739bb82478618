//! The scenarios against each other and against phones, without an exchange.

use std::time::Duration;

use tandem_phones::{Account, Answer, Baresip, Outcome, Serving, Sipp, scenario, tones};

const SHORT: Duration = Duration::from_millis(200);

fn party(name: &str) -> Sipp {
    Sipp::new(scenario(name)).talk(SHORT)
}

fn serve(name: &str) -> Serving {
    party(name).serve().expect("sipp waits for a call")
}

/// Lets a caller's scenario call a called party's: both must go as written.
fn play(caller: Sipp, called: Serving) -> (Outcome, Outcome) {
    let caller = caller.call("sipp").run(called.address()).expect("sipp calls");
    let caller = caller.success().expect("the caller's scenario goes as written");
    let called = called.wait().expect("the called party ends");
    (caller, called.success().expect("the called party's scenario goes as written"))
}

#[test]
fn a_call_is_answered_and_ended_by_the_caller() {
    let (caller, _) = play(party("uac-call.xml"), serve("uas-answer.xml"));
    assert_eq!(caller.received(), [180, 200, 200]);
}

#[test]
fn a_call_is_ended_by_the_called_party() {
    play(party("uac-called-party-ends.xml"), serve("uas-answer-hangs-up.xml"));
}

#[test]
fn a_call_goes_over_tcp() {
    let called = party("uas-answer.xml").tcp().serve().expect("sipp waits for a call");
    play(party("uac-call.xml").tcp(), called);
}

#[test]
fn many_calls_are_counted() {
    let called = party("uas-answer.xml").calls(20).serve().expect("sipp waits for calls");
    let (caller, called) = play(party("uac-trunk.xml").calls(20), called);
    assert_eq!((caller.counter("SuccessfulCall"), called.counter("SuccessfulCall")), (20, 20));
}

#[test]
fn a_busy_party_refuses() {
    let (caller, _) = play(party("uac-refused.xml"), serve("uas-busy.xml"));
    assert_eq!(caller.received(), [486]);
    let (caller, _) = play(party("uac-refused.xml"), serve("uas-declines.xml"));
    assert_eq!(caller.received(), [180, 603]);
    let (caller, _) = play(party("uac-refused.xml"), serve("uas-early-media-refuses.xml"));
    assert_eq!(caller.received(), [183, 480]);
}

#[test]
fn a_caller_cancels_while_it_rings() {
    play(party("uac-cancel.xml"), serve("uas-no-answer.xml"));
}

#[test]
fn early_media_come_before_the_answer() {
    let (caller, _) = play(party("uac-call.xml"), serve("uas-early-media.xml"));
    assert_eq!(caller.received(), [183, 200, 200]);
}

#[test]
fn a_reliable_provisional_response_is_acknowledged() {
    let (caller, called) = play(party("uac-100rel.xml"), serve("uas-100rel.xml"));
    assert!(caller.messages.contains("RAck: 1 1 INVITE"), "{}", caller.messages);
    assert!(called.messages.contains("PRACK"), "{}", called.messages);
}

#[test]
fn a_scenario_that_fails_says_what_came_instead() {
    let called = serve("uas-busy.xml");
    let outcome = party("uac-call.xml").call("sipp").run(called.address()).expect("sipp calls");
    assert_eq!(outcome.code, Some(1));
    let error = outcome.success().expect_err("the call was refused").to_string();
    assert!(error.contains("486 Busy Here") && error.contains("INVITE sip:sipp@"), "{error}");
}

#[test]
fn a_scenario_that_nobody_plays_with_gives_up() {
    let called = party("uas-answer.xml").timeout(Duration::from_secs(1)).serve().expect("sipp waits for a call");
    let error = called.wait().expect("sipp ends").success().expect_err("nobody called");
    assert!(error.to_string().contains("sipp"), "{error}");
}

fn phone(account: Account) -> Baresip {
    Baresip::start(account).expect("the phone starts")
}

#[test]
fn a_phone_hears_the_tone_of_a_scenario() {
    let called = party("uas-answer.xml").tone(1300).serve().expect("sipp waits for a call");
    let alice = phone(Account::peer("alice").tone(440));
    alice.dial(&called.uri()).expect("the call is tried");
    alice.wait_until_established().expect("the call is connected");
    alice.wait_until_hears(1300.0).expect("the scenario's tone is heard");
    alice.hangup().expect("the phone hangs up");
    called.wait().expect("the called party ends").success().expect("the scenario goes as written");
}

#[test]
fn a_phone_hears_its_echo() {
    let called = party("uas-echo.xml").argument("-rtp_echo").serve().expect("sipp waits for a call");
    let alice = phone(Account::peer("alice").tone(440));
    alice.dial(&called.uri()).expect("the call is tried");
    alice.wait_until_established().expect("the call is connected");
    alice.wait_until_hears(440.0).expect("the echo is heard");
    alice.hangup().expect("the phone hangs up");
    called.wait().expect("the called party ends").success().expect("the scenario goes as written");
}

#[test]
fn a_phone_hears_early_media() {
    let called = party("uas-early-media.xml").talk(Duration::from_secs(2)).serve().expect("sipp waits for a call");
    let alice = phone(Account::peer("alice"));
    alice.dial(&called.uri()).expect("the call is tried");
    alice.wait_until_progress().expect("early media come");
    alice.wait_until_hears(1700.0).expect("the tone is heard before the answer");
    alice.wait_until_established().expect("the call is connected");
    alice.hangup().expect("the phone hangs up");
    called.wait().expect("the called party ends").success().expect("the scenario goes as written");
}

#[test]
fn a_phone_is_held_and_resumed_by_a_scenario() {
    let called = party("uas-holds.xml").talk(Duration::from_secs(1)).serve().expect("sipp waits for a call");
    let alice = phone(Account::peer("alice"));
    alice.dial(&called.uri()).expect("the call is tried");
    alice.wait_until_established().expect("the call is connected");
    alice.wait_until_hears(1700.0).expect("the tone is heard");
    alice.wait_until_silent(1700.0).expect("the hold silences");
    alice.wait_until_hears(1700.0).expect("the tone is heard again");
    alice.hangup().expect("the phone hangs up");
    called.wait().expect("the called party ends").success().expect("the scenario goes as written");
}

#[test]
fn a_phone_tries_again_after_a_glare() {
    let called = serve("uas-refuses-reinvite-once.xml");
    let alice = phone(Account::peer("alice"));
    alice.dial(&called.uri()).expect("the call is tried");
    alice.wait_until_established().expect("the call is connected");
    alice.hold().expect("the second try is agreed to");
    alice.hangup().expect("the phone hangs up");
    called.wait().expect("the called party ends").success().expect("the scenario goes as written");
}

#[test]
fn a_phone_gets_digits_by_info_in_order() {
    let bob = phone(Account::peer("bob").answer(Answer::Auto));
    let bobs = bob.address(tandem_phones::Transport::Udp).expect("the phone has UDP");
    let outcome = party("uac-info-digits.xml").call("bob").run(bobs).expect("sipp calls");
    outcome.success().expect("the scenario goes as written");
    bob.wait_for_digits("15*#").expect("the digits came");
    assert_eq!(bob.digits(), "15*#");
}

#[test]
fn a_phone_is_held_by_a_calling_scenario_and_offered_late() {
    let bob = phone(Account::peer("bob").answer(Answer::Auto));
    let bobs = bob.address(tandem_phones::Transport::Udp).expect("the phone has UDP");
    for name in ["uac-holds.xml", "uac-late-offer.xml", "options.xml"] {
        let outcome = party(name).call("bob").run(bobs).expect("sipp calls");
        outcome.success().expect("the scenario goes as written");
    }
}

#[test]
fn a_phone_is_transferred_by_a_scenario() {
    let bob = phone(Account::peer("bob").answer(Answer::Auto));
    let called = party("uas-transfers.xml").key("target", &bob.uri()).serve().expect("sipp waits for a call");
    let alice = phone(Account::peer("alice"));
    alice.dial(&called.uri()).expect("the call is tried");
    bob.wait_until_established().expect("the transferred caller calls");
    called.wait().expect("the called party ends").success().expect("the scenario goes as written");
}

#[test]
fn a_phone_hears_digits_as_tones_and_the_echo_of_its_own() {
    let bob = phone(Account::peer("bob").answer(Answer::Auto));
    let bobs = bob.address(tandem_phones::Transport::Udp).expect("the phone has UDP");
    let caller = party("uac-no-events.xml").digits("15*#").talk(Duration::from_secs(2)).call("bob");
    caller.run(bobs).expect("sipp calls").success().expect("the scenario goes as written");
    let [heard] = &bob.heard()[..] else { panic!("one call is heard") };
    assert_eq!(tones::digits(&heard.pcm, heard.rate), "15*#");
    assert_eq!(bob.digits(), "");

    let called = party("uas-no-events.xml").argument("-rtp_echo").serve().expect("sipp waits for a call");
    bob.dial(&called.uri()).expect("the call is tried");
    bob.wait_until_established().expect("the call is connected");
    let mark = bob.mark();
    bob.send_tones("26").expect("the tones are played");
    bob.wait_until_hears(440.0).expect("the echo is heard");
    let heard = bob.heard_since(&mark);
    assert_eq!(tones::digits(&heard[0].pcm, heard[0].rate), "26");
}
