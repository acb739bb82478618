//! Phones and scenarios with somebody else's registrar between them: credentials, challenges, routes.

use std::time::Duration;

use tandem_phones::{Account, Baresip, Kamailio, Outcome, Sipp, Transport, scenario};

fn registrar() -> Kamailio {
    Kamailio::start(include_str!("registrar.cfg")).expect("the registrar starts")
}

fn phone(user: &str, registrar: &Kamailio) -> Account {
    Account::registered(user, "secret", registrar.address())
}

fn start(account: Account) -> Baresip {
    let phone = Baresip::start(account).expect("the phone starts");
    phone.wait_until_registered().expect("the phone registers");
    phone
}

fn party(name: &str) -> Sipp {
    Sipp::new(scenario(name)).user("sipp", "secret").talk(Duration::from_millis(300))
}

fn well(outcome: Result<Outcome, tandem_phones::PhoneError>) -> Outcome {
    outcome.expect("sipp ends").success().expect("the scenario goes as written")
}

#[test]
fn phones_register_and_call_each_other_by_number() {
    let registrar = registrar();
    let alice = start(phone("alice", &registrar).tone(440));
    let bob = start(phone("702", &registrar).transport(Transport::Tcp).tone(1000));
    alice.dial("702").expect("the call is tried");
    bob.wait_for_incoming().expect("the phone is called");
    bob.accept().expect("the call is accepted");
    alice.wait_until_established().expect("the call is connected");
    alice.wait_until_hears(1000.0).expect("the other is heard");
    bob.wait_until_hears(440.0).expect("the other is heard");
    alice.hold().expect("the hold is agreed to");
    bob.hangup().expect("the phone hangs up");
    alice.wait_until_closed().expect("the call ends");
    let bye = alice.wait_for_message("the BYE", |message| message.method() == "BYE" && message.status().is_none());
    assert!(bye.expect("a BYE came").header("Via").is_some_and(|via| via.contains(&registrar.address().to_string())));
}

#[test]
fn a_wrong_password_is_refused() {
    let registrar = registrar();
    let alice = Account::registered("alice", "guessed", registrar.address());
    let alice = Baresip::start(alice).expect("the phone starts");
    let reason = alice.wait_until_refused().expect("the registration is refused");
    assert!(reason.contains("401"), "{reason}");
}

#[test]
fn a_phone_goes_through_an_outbound_proxy_and_its_own_domain() {
    let registrar = registrar();
    let proxy = Kamailio::before(registrar.address()).expect("the proxy starts");
    let alice = start(phone("alice", &registrar).outbound(proxy.address()));
    let bob = start(phone("bob", &registrar).domain("tandem.example"));
    alice.dial("bob").expect("the call is tried");
    bob.wait_for_incoming().expect("the phone is called");
    bob.accept().expect("the call is accepted");
    alice.wait_until_established().expect("the call is connected");
    let invite = bob.messages().into_iter().find(|message| message.method() == "INVITE").expect("an INVITE");
    let routes = invite.text.lines().filter(|line| line.starts_with("Record-Route:")).count();
    assert_eq!(routes, 2, "{}", invite.text);
    alice.hangup().expect("the phone hangs up");
    bob.wait_until_closed().expect("the call ends");
}

#[test]
fn scenarios_register_once_wrongly_many_and_again() {
    let registrar = registrar();
    well(party("register.xml").run(registrar.address()));
    let wrong = Sipp::new(scenario("register-refused.xml")).user("sipp", "guessed");
    assert_eq!(well(wrong.run(registrar.address())).received(), [401, 401]);
    let users: String =
        (0..20).map(|user| format!("user{user};[authentication username=user{user} password=secret]\n")).collect();
    let many = Sipp::new(scenario("register-many.xml")).records(&format!("SEQUENTIAL\n{users}")).calls(20);
    assert_eq!(well(many.run(registrar.address())).counter("SuccessfulCall"), 20);
    let again = party("register-again.xml").argument("-set").argument("times").argument("50");
    let outcome = well(again.run(registrar.address()));
    assert_eq!(outcome.received().iter().filter(|status| **status == 200).count(), 50);
    assert!(outcome.messages.contains("nc=00000032"), "{}", outcome.messages);
}

#[test]
fn challenged_scenarios_call_a_phone() {
    let registrar = registrar();
    let bob = start(phone("bob", &registrar));
    let call = party("uac-call.xml").call("bob").tone(1300).talk(Duration::from_secs(2));
    let call = call.start(registrar.address()).expect("sipp calls");
    bob.wait_for_incoming().expect("the phone is called");
    bob.accept().expect("the call is accepted");
    bob.wait_until_hears(1300.0).expect("the scenario's tone is heard");
    well(call.wait());
    bob.wait_until_closed().expect("the call ends");

    let call = party("uac-called-party-ends.xml").call("bob").start(registrar.address()).expect("sipp calls");
    bob.wait_for_incoming().expect("the phone is called");
    bob.accept().expect("the call is accepted");
    bob.wait_until_established().expect("the call is connected");
    bob.hangup().expect("the phone hangs up");
    well(call.wait());
    bob.wait_until_closed().expect("the call ends");

    well(party("uac-cancel.xml").call("bob").run(registrar.address()));
    bob.wait_until_closed().expect("the call ends");

    let call = party("uac-refused.xml").call("bob").start(registrar.address()).expect("sipp calls");
    bob.wait_for_incoming().expect("the phone is called");
    bob.hangup().expect("the phone refuses");
    assert_eq!(well(call.wait()).received().last(), Some(&486));
}

#[test]
fn challenged_scenarios_are_refused() {
    let registrar = registrar();
    assert_eq!(well(party("uac-refused.xml").call("nobody").run(registrar.address())).received(), [407, 404]);
    let outcome = well(party("uac-session-timer-too-small.xml").call("nobody").run(registrar.address()));
    assert_eq!(outcome.received(), [407, 422]);
    well(party("options.xml").call("nobody").run(registrar.address()));
}

#[test]
fn challenged_scenarios_meet_called_ones() {
    let registrar = registrar();
    let at = registrar.address();
    for (caller, called) in [
        ("uac-100rel.xml", "uas-100rel.xml"),
        ("uac-session-timer.xml", "uas-session-timer-refreshed.xml"),
        ("uac-call.xml", "uas-early-media.xml"),
        ("uac-refused.xml", "uas-busy.xml"),
    ] {
        let serving = party(called).serve().expect("sipp waits for a call");
        // A user for each: this registrar rings all phones of one.
        let user = called.trim_end_matches(".xml");
        serving.register(user, "secret", at).expect("it registers");
        well(party(caller).call(user).run(at));
        well(serving.wait());
    }
}
