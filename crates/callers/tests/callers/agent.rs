//! An agent's day.

use proptest::prelude::*;
use tandem_callers::{
    agent::Agent,
    people::{AGENTS, CALLERS, Dialogue, Side},
    sounds::Sounds,
    voices::Law,
};
use tandem_sip::message::{Contacts, Method, Name, Request, Response};

use crate::stage::{EXCHANGE, SDP, SECOND, Stage, US, station};

const CHALLENGE: &str = "Digest realm=\"tandem\", nonce=\"abc\", algorithm=MD5, qop=\"auth\"";
const REAL: &str = "<sip:abc744@192.0.2.7:5060>;expires=3600";

type John = Stage<Agent>;

fn john(seed: u64) -> John {
    Stage::new(|now| Agent::new(AGENTS[0], station(2, seed), now))
}

/// The registrar's 200, with the contact that was asked for and these.
fn registered(john: &mut John, request: &Request, others: &[&str]) {
    let mut response = john.reply(request, 200);
    for contact in request.headers.all(&Name::Contact).filter(|contact| !contact.contains("expires=0")) {
        response.headers.push(Name::Contact, contact);
    }
    others.iter().for_each(|other| response.headers.push(Name::Contact, *other));
    john.tell(response);
}

fn on_duty(seed: u64) -> John {
    let mut john = john(seed);
    let request = john.request(Method::Register, SECOND);
    registered(&mut john, &request, &[]);
    assert!(john.endpoint.is_on_duty());
    john
}

fn contact(request: &Request) -> String {
    match request.headers.contacts().unwrap() {
        Contacts::List(list) if list.len() == 1 => list[0].to_string(),
        other => panic!("{other:?}"),
    }
}

/// A call that has been answered.
fn talking(john: &mut John, from: &str) -> (Request, Response) {
    let invite = john.invite(from);
    john.response(180, SECOND);
    let answer = john.response(200, SECOND * 4);
    let ack = john.inside(&invite, &answer, Method::Ack, 1);
    john.tell(ack);
    (invite, answer)
}

#[test]
fn an_agent_proves_who_it_is_and_lets_a_real_phone_have_precedence() {
    let mut john = john(1);
    let first = john.request(Method::Register, SECOND);
    assert!(first.headers.get(&Name::Authorization).is_none());
    let mut challenge = john.reply(&first, 401);
    challenge.headers.push(Name::WwwAuthenticate, CHALLENGE);
    john.tell(challenge);
    let second = john.request(Method::Register, SECOND);
    let proof = second.headers.get(&Name::Authorization).unwrap();
    assert!(proof.contains("username=\"abc744\"") && proof.contains("nc=00000001"), "{proof}");
    let asked = contact(&second);
    assert!(asked.contains("q=0.1") && asked.contains("expires=90") && asked.contains(&US.to_string()), "{asked}");
    registered(&mut john, &second, &[]);
    assert!(john.endpoint.is_on_duty());
    // Renewed in time, on the same nonce.
    let renewed = john.request(Method::Register, SECOND * 60);
    assert!(renewed.headers.get(&Name::Authorization).unwrap().contains("nc=00000002"));
    assert!(renewed.headers.cseq().unwrap().number > second.headers.cseq().unwrap().number);
}

#[test]
fn an_agent_answers_after_a_moment_with_its_side_of_what_the_client_calls_about() {
    for caller in CALLERS {
        let mut john = on_duty(2);
        let invite = john.invite(caller.number);
        john.response(180, SECOND);
        let rings_since = john.now;
        let answer = john.response(200, SECOND * 4);
        assert!((SECOND..=SECOND * 3).contains(&(john.now - rings_since)));
        assert!(john.endpoint.talks());
        let said = john.said().remove(0);
        let aim = said.aim.unwrap();
        assert_eq!((aim.to.port(), aim.law, aim.payload_type), (20_000, Law::Mu, 0));
        assert_eq!(said.clip.samples(), Sounds::load().unwrap().track(caller.dialogue, Side::Agent).samples());
        let ack = john.inside(&invite, &answer, Method::Ack, 1);
        john.tell(ack);
        let bye = john.inside(&invite, &answer, Method::Bye, 2);
        john.tell(bye);
        john.response(200, SECOND);
        assert!(!john.endpoint.talks() && john.said().is_empty());
    }
}

#[test]
fn who_is_none_of_the_callers_hears_the_agents_own_voice() {
    let mut john = on_duty(3);
    talking(&mut john, "702");
    let usual = Sounds::load().unwrap().track(Dialogue::NewPhone, Side::Agent);
    assert_eq!(john.said()[0].clip.samples(), usual.samples());
}

#[test]
fn now_and_then_the_agent_hangs_up() {
    let hung_up = (0..40).filter(|seed| {
        let mut john = on_duty(*seed);
        talking(&mut john, CALLERS[0].number);
        let begun = john.now;
        loop {
            john.pass(SECOND * 180);
            match john.sent.pop_front() {
                Some(tandem_sip::message::Message::Request(request)) if request.method == Method::Register => {
                    registered(&mut john, &request, &[]);
                }
                Some(tandem_sip::message::Message::Request(request)) => {
                    assert_eq!(request.method, Method::Bye);
                    assert!(john.now - begun > SECOND * 60 && john.said().is_empty());
                    john.grant(&request, 200);
                    return john.now - begun < SECOND * 180;
                }
                Some(other) => panic!("{other:?}"),
                None => return false,
            }
        }
    });
    let count = hung_up.count();
    assert!((1..20).contains(&count), "{count} of 40");
}

#[test]
fn a_client_who_gives_up_leaves_the_agent_free() {
    let mut john = on_duty(4);
    let invite = john.invite(CALLERS[1].number);
    john.response(180, SECOND);
    let mut cancel = john.make(Method::Cancel, "");
    for name in [Name::Via, Name::From, Name::To, Name::CallId] {
        cancel.headers.set(name.clone(), invite.headers.get(&name).unwrap());
    }
    john.tell(cancel);
    john.response(200, SECOND);
    let refused = john.response(487, SECOND);
    let mut ack = john.inside(&invite, &refused, Method::Ack, 1);
    ack.headers.set(Name::Via, invite.headers.get(&Name::Via).unwrap());
    john.tell(ack);
    john.silent(SECOND * 5);
    talking(&mut john, CALLERS[2].number);
}

#[test]
fn who_talks_is_busy() {
    let mut john = on_duty(5);
    talking(&mut john, CALLERS[0].number);
    john.invite("702");
    john.response(486, SECOND);
    assert!(john.endpoint.talks());
}

#[test]
fn what_cannot_be_agreed_to_is_refused_and_costs_no_port() {
    let mut john = on_duty(6);
    for _ in 0..5 {
        let mut invite = john.make(Method::Invite, "702");
        invite.set_body("application/sdp", SDP.replace("9 0 8 101", "9 101"));
        john.tell(invite);
        john.response(488, SECOND);
    }
    talking(&mut john, CALLERS[0].number);
}

#[test]
fn an_agent_on_hold_is_silent_until_it_is_taken_back() {
    let mut john = on_duty(7);
    let (invite, answer) = talking(&mut john, CALLERS[0].number);
    for (seq, direction, speaks) in [(2, "sendonly", false), (4, "sendrecv", true)] {
        let mut again = john.inside(&invite, &answer, Method::Invite, seq);
        again.set_body("application/sdp", format!("{SDP}a={direction}\r\n"));
        john.tell(again.clone());
        let granted = john.response(200, SECOND);
        assert!(!granted.body.is_empty());
        let ack = john.inside(&invite, &answer, Method::Ack, seq);
        john.tell(ack);
        assert_eq!(john.said()[0].aim.is_some(), speaks);
    }
    // And somebody may ask whether it is still there.
    let update = john.inside(&invite, &answer, Method::Update, 6);
    john.tell(update);
    john.response(200, SECOND);
    assert!(john.said()[0].aim.is_some());
}

#[test]
fn an_invite_without_an_offer_is_answered_with_one() {
    let mut john = on_duty(8);
    let mut invite = john.make(Method::Invite, CALLERS[0].number);
    invite.headers.remove(&Name::ContentType);
    invite.body = bytes::Bytes::new();
    john.tell(invite.clone());
    john.response(180, SECOND);
    let offer = john.response(200, SECOND * 4);
    assert!(String::from_utf8_lossy(&offer.body).contains("m=audio"));
    assert_eq!(john.said()[0].aim, None);
    let mut ack = john.inside(&invite, &offer, Method::Ack, 1);
    ack.set_body("application/sdp", SDP);
    john.tell(ack);
    assert!(john.said()[0].aim.is_some());
}

#[test]
fn an_agent_steps_aside_for_a_real_phone_and_comes_back_when_it_is_gone() {
    let mut john = on_duty(9);
    let (invite, answer) = talking(&mut john, CALLERS[0].number);
    let renewed = john.request(Method::Register, SECOND * 60);
    registered(&mut john, &renewed, &[REAL]);
    // It goes, but not out of its call.
    let gone = john.request(Method::Register, SECOND);
    assert!(contact(&gone).contains("expires=0"));
    registered(&mut john, &gone, &[REAL]);
    assert!(john.endpoint.talks() && !john.endpoint.is_on_duty());
    let bye = john.inside(&invite, &answer, Method::Bye, 2);
    john.tell(bye);
    john.response(200, SECOND);
    john.invite(CALLERS[1].number);
    john.response(480, SECOND);
    // It looks again, without asking for anything.
    for _ in 0..3 {
        let look = john.request(Method::Register, SECOND * 20);
        assert!(look.headers.get(&Name::Contact).is_none());
        registered(&mut john, &look, &[REAL]);
        assert!(!john.endpoint.is_on_duty());
    }
    let look = john.request(Method::Register, SECOND * 20);
    registered(&mut john, &look, &[]);
    let back = john.request(Method::Register, SECOND);
    assert!(contact(&back).contains("expires=90"));
    registered(&mut john, &back, &[]);
    assert!(john.endpoint.is_on_duty());
}

#[test]
fn what_an_earlier_run_left_behind_is_no_real_phone_and_is_taken_away() {
    let mut john = john(10);
    let request = john.request(Method::Register, SECOND);
    registered(&mut john, &request, &["<sip:abc744@127.0.0.1:39999;demo-caller>;expires=50"]);
    assert!(john.endpoint.is_on_duty());
    let again = john.request(Method::Register, SECOND * 2);
    let contacts: Vec<_> = again.headers.all(&Name::Contact).collect();
    assert_eq!(contacts.len(), 2);
    assert!(contacts[1].contains("39999") && contacts[1].contains("expires=0"), "{contacts:?}");
}

#[test]
fn an_exchange_that_is_slow_or_away_is_asked_again() {
    let mut john = john(11);
    john.request(Method::Register, SECOND);
    // No word for half a minute, then once more; this time it is there, but busy.
    let again = john.request(Method::Register, SECOND * 60);
    john.grant(&again, 503);
    let again = john.request(Method::Register, SECOND * 6);
    registered(&mut john, &again, &[]);
    assert!(john.endpoint.is_on_duty());
}

#[test]
fn a_password_that_is_wrong_is_not_tried_all_the_time() {
    let mut john = john(12);
    for _ in 0..2 {
        let request = john.request(Method::Register, SECOND);
        let mut challenge = john.reply(&request, 401);
        challenge.headers.push(Name::WwwAuthenticate, CHALLENGE);
        john.tell(challenge);
    }
    john.silent(SECOND * 59);
    john.request(Method::Register, SECOND * 2);
}

#[test]
fn at_the_end_the_agent_hangs_up_and_takes_its_registration_back() {
    let mut john = on_duty(13);
    talking(&mut john, CALLERS[0].number);
    john.stop();
    let gone = john.request(Method::Register, SECOND);
    assert!(contact(&gone).contains("expires=0"));
    let bye = john.request(Method::Bye, SECOND);
    john.grant(&bye, 200);
    registered(&mut john, &gone, &[]);
    assert!(tandem_callers::endpoint::Endpoint::is_done(&john.endpoint));
}

#[test]
fn strangers_are_not_listened_to() {
    let mut john = on_duty(14);
    let invite = john.make(Method::Invite, "702");
    let stranger = std::net::SocketAddr::new(EXCHANGE.ip(), 6000);
    john.tell_bytes(stranger, &invite.to_bytes());
    john.silent(SECOND * 5);
}

proptest! {
    /// Whatever the exchange says: nothing breaks, and afterwards the agent still answers.
    #[test]
    fn nothing_that_arrives_breaks_an_agent(
        seed: u64,
        wild in prop::collection::vec((0_usize..8, 0_u64..40, prop::collection::vec(any::<u8>(), 0..60)), 0..20),
    ) {
        let mut john = john(seed);
        let mut invite = john.make(Method::Invite, "702");
        for (kind, seconds, bytes) in wild {
            john.pass(SECOND * u32::try_from(seconds).unwrap());
            let sent = john.sent.pop_front();
            match (kind, sent) {
                (0, _) => john.tell_bytes(EXCHANGE, &bytes),
                (1, _) => invite = john.invite("+12125550147"),
                (2, _) => { let bye = john.inside(&invite, &Response::to(&invite, 200), Method::Bye, 2); john.tell(bye); }
                (3, Some(tandem_sip::message::Message::Request(request))) => john.grant(&request, 401),
                (4, Some(tandem_sip::message::Message::Request(request))) => registered(&mut john, &request, &[REAL]),
                (5, Some(tandem_sip::message::Message::Request(request))) => registered(&mut john, &request, &[]),
                (6, Some(tandem_sip::message::Message::Response(response))) => {
                    let ack = john.inside(&invite, &response, Method::Ack, 1);
                    john.tell(ack);
                }
                (_, _) => {
                    let mut odd = invite.to_bytes().to_vec();
                    let place = bytes.len() * 7 % odd.len();
                    odd[place] = bytes.first().copied().unwrap_or_default();
                    john.tell_bytes(EXCHANGE, &odd);
                }
            }
        }
        john.stop();
        // The transactions' own timers end what nobody answers.
        for _ in 0..200 {
            john.pass(SECOND);
            john.sent.clear();
        }
        prop_assert!(tandem_callers::endpoint::Endpoint::is_done(&john.endpoint));
        prop_assert!(john.said().is_empty());
    }
}
