//! Is the other end of a call still there (RFC 4028)? And what if both ends ask at once (RFC 3261 §14.1, RFC 3311)?

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use tandem_domain::calls::{CallState, ReleaseCause};
use tandem_sip::message::{Method, Name, Request, Response};

use crate::{
    phone::{Called, Calling},
    simulation::{Network, Simulation},
    wire::{Sound, Wired, audio_of, until_they_hear},
    world::World,
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const CALLER: usize = 0;
const CALLED: usize = 1;

fn answers(_: &mut StdRng) -> Called {
    Called::Answers { after: SECOND, bye_after: None }
}

/// Two phones that may be silent for days, since no sound is here.
fn two_phones(seed: u64, taking: fn(&mut StdRng) -> Called) -> Simulation {
    let mut simulation = Simulation::new(2, Network::default(), seed, taking);
    simulation.silence = 100 * 86_400 * SECOND;
    simulation
}

/// A caller with a session timer.
fn with_timer(session: &'static str) -> Calling {
    Calling { headers: vec![(Name::Supported, "timer"), (Name::SessionExpires, session)], ..Calling::default() }
}

/// The first calls the second; gives the Call-IDs of both.
fn talking(simulation: &mut Simulation, calling: Calling) -> [String; 2] {
    let caller = simulation.dial(CALLER, "701", calling);
    simulation.run(2 * SECOND);
    assert!(simulation.phones[CALLER].lines[&caller].is_up, "the call is answered");
    let called = simulation.phones[CALLED].talking().remove(0);
    // The ACK of the answer is no question.
    simulation.phones.iter_mut().for_each(|phone| phone.asked.clear());
    [caller, called]
}

fn is_refresh((_, request): &&(Instant, Request)) -> bool {
    matches!(request.method, Method::Invite | Method::Update)
}

/// When, and by what, a phone was asked whether it is there.
fn refreshes(simulation: &Simulation, phone: usize) -> Vec<(Instant, Request)> {
    simulation.phones[phone].asked.iter().filter(is_refresh).cloned().collect()
}

/// The statuses that a phone was given for requests of this method inside its calls.
fn told(simulation: &Simulation, phone: usize, method: &Method) -> Vec<u16> {
    let told = simulation.phones[phone].told.iter();
    told.filter(|(_, response)| is_of(response, method)).map(|(_, response)| response.status).collect()
}

fn is_of(response: &Response, method: &Method) -> bool {
    response.headers.cseq().unwrap().method == *method
}

fn last_told(simulation: &Simulation, phone: usize) -> &Response {
    &simulation.phones[phone].told.last().expect("an answer").1
}

fn state(simulation: &Simulation) -> CallState {
    simulation.feed.calls(None)[0].state
}

// Refreshing -------------------------------------------------------------------------------------------------------------

#[test]
fn whoever_we_are_to_refresh_is_asked_in_time_for_hours() {
    let mut simulation = two_phones(61, answers);
    simulation.phones[CALLER].knows_update = false;
    simulation.phones[CALLED].session = Some("90;refresher=uac");
    let [caller, _] = talking(&mut simulation, with_timer("240;refresher=uas"));
    simulation.run(3600 * SECOND);
    assert_eq!(simulation.calls(), 1, "the call goes on");
    for (phone, method, session, half) in [
        (CALLED, Method::Update, "90;refresher=uac", 45 * SECOND),
        // Its answers say nothing of an interval after that: it is asked once, by what it knows.
        (CALLER, Method::Invite, "240;refresher=uac", 120 * SECOND),
    ] {
        let asked = refreshes(&simulation, phone);
        assert!(asked.iter().all(|(_, request)| request.method == method), "{asked:?}");
        assert_eq!(asked[0].1.headers.get(&Name::SessionExpires), Some(session));
        assert_eq!(asked[0].1.body.is_empty(), method == Method::Update, "an UPDATE that only asks offers nothing");
        for pair in asked.windows(2) {
            let pause = pair[1].0 - pair[0].0;
            assert!(pause <= half + 10 * MS, "asked after {pause:?}");
        }
    }
    assert!(refreshes(&simulation, CALLED).len() >= 3600 / 46);
    assert_eq!(refreshes(&simulation, CALLER).len(), 1);
    simulation.hang_up(CALLER, &caller);
    simulation.must_be_empty();
    assert_eq!(simulation.xdrs[0].cause, ReleaseCause::Normal);
}

#[test]
fn who_refreshes_keeps_the_call_and_who_stops_has_it_ended_on_both_sides() {
    for method in [Method::Invite, Method::Update] {
        let mut simulation = two_phones(62, answers);
        let [caller, _] = talking(&mut simulation, with_timer("90;refresher=uac"));
        for _ in 0..20 {
            simulation.run(40 * SECOND);
            simulation.with_phone(CALLER, |phone, now| phone.offer(now, &caller, method.clone(), false));
        }
        simulation.run(SECOND);
        assert_eq!(told(&simulation, CALLER, &method), [200; 20]);
        assert_eq!(simulation.calls(), 1, "the call goes on while it is kept alive");
        // A third of the interval before its end (RFC 4028 §10).
        simulation.run(58 * SECOND);
        assert_eq!(simulation.calls(), 1);
        simulation.run(2 * SECOND);
        assert_eq!(simulation.calls(), 0, "nobody has asked for it any more");
        for phone in [CALLER, CALLED] {
            let bye = simulation.phones[phone].asked.last().expect("a BYE");
            assert_eq!(bye.1.method, Method::Bye);
            assert_eq!(simulation.phones[phone].talking(), [""; 0], "both are let go");
        }
        assert_eq!(simulation.xdrs[0].cause, ReleaseCause::SessionExpired);
        simulation.must_be_empty();
    }
}

#[test]
fn who_does_not_answer_the_question_whether_he_is_there_is_let_go() {
    // Nothing comes at all; the call is not known there any more; a proxy has waited for nothing.
    for (status, ends_after) in [(None, 80 * SECOND), (Some(481), 46 * SECOND), (Some(408), 46 * SECOND)] {
        let taking = if status.is_none() { vanishes } else { answers };
        let mut simulation = two_phones(63, taking);
        simulation.phones[CALLED].session = Some("90;refresher=uac");
        simulation.phones[CALLED].refuses.extend(status);
        simulation.dial(CALLER, "701", Calling::default());
        simulation.run(44 * SECOND);
        assert_eq!(simulation.calls(), 1, "it is not asked yet");
        simulation.run(ends_after - 42 * SECOND);
        assert_eq!(simulation.calls(), 0, "after {status:?}");
        assert_eq!(simulation.phones[CALLER].asked.last().expect("a BYE").1.method, Method::Bye);
        assert_eq!(simulation.xdrs[0].cause, ReleaseCause::SessionExpired);
        simulation.must_be_empty();
    }
}

fn vanishes(_: &mut StdRng) -> Called {
    Called::AnswersAndVanishes
}

#[test]
fn who_is_there_and_cannot_now_keeps_the_call() {
    for status in [400, 405, 500, 501, 503] {
        let mut simulation = two_phones(64, answers);
        simulation.phones[CALLED].session = Some("90;refresher=uac");
        let [caller, _] = talking(&mut simulation, Calling::default());
        simulation.phones[CALLED].refuses.push_back(status);
        simulation.run(100 * SECOND);
        assert_eq!((simulation.calls(), refreshes(&simulation, CALLED).len()), (1, 2), "after {status}");
        simulation.hang_up(CALLER, &caller);
        simulation.must_be_empty();
    }
}

#[test]
fn an_interval_that_is_too_short_is_refused_with_the_least_and_the_call_goes_on() {
    let mut simulation = two_phones(65, answers);
    simulation.dial(CALLER, "701", with_timer("89"));
    simulation.run(3 * SECOND);
    assert!(simulation.phones[CALLER].statuses.contains(&(Method::Invite, 422)));
    assert_eq!(simulation.calls(), 0);

    let [caller, _] = talking(&mut simulation, with_timer("90;refresher=uac"));
    for method in [Method::Invite, Method::Update] {
        let short = [(Name::Supported, "timer"), (Name::SessionExpires, "60")];
        simulation.with_phone(CALLER, |phone, now| phone.ask(now, &caller, method.clone(), &short));
        simulation.run(SECOND);
        let refused = last_told(&simulation, CALLER);
        assert_eq!((refused.status, refused.headers.min_se()), (422, Some(90)), "{method:?}");
    }
    assert_eq!((simulation.calls(), state(&simulation)), (1, CallState::Answered));
    simulation.hang_up(CALLER, &caller);
    simulation.must_be_empty();
}

#[test]
fn who_wants_a_longer_interval_than_ours_gets_it() {
    let mut simulation = two_phones(66, answers);
    (simulation.phones[CALLED].least, simulation.phones[CALLED].session) = (3600, Some("3600;refresher=uac"));
    let [caller, called] = talking(&mut simulation, Calling::default());
    let asked = |simulation: &Simulation| {
        let refreshes = refreshes(simulation, CALLED);
        refreshes.last().and_then(|(_, last)| last.headers.session_expires().unwrap()).map(|asked| asked.seconds)
    };
    let invite = &simulation.phones[CALLED].lines[&called].invite;
    assert_eq!(invite.headers.session_expires().unwrap().map(|asked| asked.seconds), Some(3600));
    assert_eq!(simulation.phones[CALLED].rung, 2, "it was called again with what it wants");
    simulation.run(1790 * SECOND);
    assert_eq!(asked(&simulation), None, "half of an hour has not passed");
    // Meanwhile it has changed its mind.
    (simulation.phones[CALLED].least, simulation.phones[CALLED].session) = (7200, Some("7200;refresher=uac"));
    simulation.run(20 * SECOND);
    assert_eq!((refreshes(&simulation, CALLED).len(), asked(&simulation)), (2, Some(7200)));
    simulation.run(3500 * SECOND);
    assert_eq!(refreshes(&simulation, CALLED).len(), 2, "it is asked again after half of that");
    simulation.run(100 * SECOND);
    assert_eq!((refreshes(&simulation, CALLED).len(), simulation.calls()), (3, 1));
    simulation.hang_up(CALLER, &caller);
    simulation.must_be_empty();
}

// Both at once -----------------------------------------------------------------------------------------------------------

/// A call in which the exchange is to ask this phone, which knows no UPDATE, after 45 s.
fn asked_by_invite(seed: u64, phone: usize) -> (Simulation, [String; 2]) {
    let mut simulation = two_phones(seed, answers);
    simulation.phones[phone].knows_update = false;
    simulation.phones[CALLED].session = (phone == CALLED).then_some("90;refresher=uac");
    let calling = if phone == CALLER { with_timer("90;refresher=uas") } else { Calling::default() };
    let lines = talking(&mut simulation, calling);
    (simulation, lines)
}

#[test]
fn offers_that_cross_are_both_refused_and_made_again_one_after_the_other() {
    // Who made the Call-ID waits from 2.1 to 4 seconds, the other one at most 2 (RFC 3261 §14.1).
    for (phone, least, most) in [(CALLED, 2_100 * MS, 4_000 * MS), (CALLER, Duration::ZERO, 2_000 * MS)] {
        let (mut simulation, lines) = asked_by_invite(67, phone);
        // It holds at the very moment at which it is asked whether it is there.
        simulation.phones[phone].crosses = Some((Method::Invite, true));
        simulation.run_until(46 * SECOND, |it| !it.phones[phone].told.is_empty());
        assert_eq!((last_told(&simulation, phone).status, state(&simulation)), (491, CallState::Answered));
        simulation.run(5 * SECOND);
        assert_eq!(told(&simulation, phone, &Method::Invite), [491, 200]);
        assert_eq!(state(&simulation), CallState::Held, "its offer was taken the second time");
        let asked = refreshes(&simulation, phone);
        assert_eq!(asked.len(), 2, "ours was made a second time");
        let pause = asked[1].0 - asked[0].0;
        assert!((least..=most + 10 * MS).contains(&pause), "again after {pause:?}");

        simulation.with_phone(phone, |it, now| it.offer(now, &lines[phone], Method::Invite, false));
        simulation.run(SECOND);
        assert_eq!(state(&simulation), CallState::Answered);
        simulation.run(50 * SECOND);
        assert!(refreshes(&simulation, phone).len() > 2 && simulation.calls() == 1, "it is kept alive after that");
        simulation.hang_up(phone, &lines[phone]);
        simulation.must_be_empty();
    }
}

#[test]
fn an_update_that_meets_our_offer_is_refused_and_taken_afterwards() {
    let (mut simulation, lines) = asked_by_invite(68, CALLED);
    simulation.phones[CALLED].crosses = Some((Method::Update, true));
    simulation.run(50 * SECOND);
    assert_eq!(told(&simulation, CALLED, &Method::Update), [491, 200]);
    assert_eq!(state(&simulation), CallState::Held);
    simulation.hang_up(CALLER, &lines[CALLER]);
    simulation.must_be_empty();
}

#[test]
fn an_update_that_only_asks_meets_nothing() {
    for method in [Method::Invite, Method::Update] {
        let mut simulation = two_phones(69, answers);
        simulation.phones[CALLED].session = Some("90;refresher=uac");
        let [caller, _] = talking(&mut simulation, Calling::default());
        // It holds while our question, which offers nothing, is on its way.
        simulation.phones[CALLED].crosses = Some((method.clone(), true));
        simulation.run_until(46 * SECOND, |it| !it.phones[CALLED].told.is_empty());
        assert_eq!(refreshes(&simulation, CALLED)[0].1.method, Method::Update);
        assert_eq!(told(&simulation, CALLED, &method), [200]);
        assert_eq!(state(&simulation), CallState::Held);
        simulation.hang_up(CALLER, &caller);
        simulation.must_be_empty();
    }
}

#[test]
fn an_answer_to_our_offer_that_says_nothing_keeps_no_later_offer_out() {
    let (mut simulation, lines) = asked_by_invite(70, CALLED);
    simulation.phones[CALLED].says_nothing = true;
    simulation.run(50 * SECOND);
    assert_eq!(refreshes(&simulation, CALLED).len(), 1);
    simulation.with_phone(CALLED, |phone, now| phone.offer(now, &lines[CALLED], Method::Invite, true));
    simulation.run(SECOND);
    assert_eq!((told(&simulation, CALLED, &Method::Invite), state(&simulation)), (vec![200], CallState::Held));
    simulation.hang_up(CALLER, &lines[CALLER]);
    simulation.must_be_empty();
}

// UPDATE -----------------------------------------------------------------------------------------------------------------

fn rings_long(_: &mut StdRng) -> Called {
    Called::Answers { after: 10 * SECOND, bye_after: None }
}

fn early_media(_: &mut StdRng) -> Called {
    Called::Early { answer_after: 10 * SECOND, bye_after: None }
}

/// What an UPDATE is answered: the status, and whether there is a description.
fn updated(simulation: &mut Simulation, phone: usize, line: &str, offers: Option<bool>) -> (u16, bool) {
    simulation.with_phone(phone, |it, now| match offers {
        Some(holds) => it.offer(now, line, Method::Update, holds),
        None => it.ask(now, line, Method::Update, &[]),
    });
    simulation.run(SECOND);
    let response = last_told(simulation, phone);
    assert!(is_of(response, &Method::Update), "{response:?}");
    (response.status, !response.body.is_empty())
}

#[test]
fn an_update_before_the_answer_is_taken_when_no_offer_is_open() {
    let mut simulation = two_phones(71, rings_long);
    let caller = simulation.dial(CALLER, "701", Calling { reliable: true, ..Calling::default() });
    simulation.run(2 * SECOND);
    let called = simulation.phones[CALLED].lines.keys().next().expect("a call").clone();
    assert_eq!(updated(&mut simulation, CALLER, &caller, None), (200, false));
    assert_eq!(updated(&mut simulation, CALLED, &called, None), (200, false));
    // The caller's own offer is not answered yet, nor is ours to the called phone (RFC 3311 §5.2).
    assert_eq!(updated(&mut simulation, CALLER, &caller, Some(false)), (500, false));
    assert!(last_told(&simulation, CALLER).headers.retry_after().is_some_and(|seconds| seconds <= 10));
    assert_eq!(updated(&mut simulation, CALLED, &called, Some(false)), (491, false));
    simulation.run(10 * SECOND);
    assert_eq!(state(&simulation), CallState::Answered);
    simulation.hang_up(CALLER, &caller);
    simulation.must_be_empty();
}

#[test]
fn an_update_changes_early_media_and_the_call_is_answered_afterwards() {
    let mut simulation = two_phones(72, early_media);
    let caller = simulation.dial(CALLER, "701", Calling { reliable: true, ..Calling::default() });
    simulation.run(2 * SECOND);
    assert_eq!(told(&simulation, CALLER, &Method::Prack), [200], "early media were told reliably");
    let called = simulation.phones[CALLED].lines.keys().next().expect("a call").clone();
    assert_eq!(updated(&mut simulation, CALLER, &caller, Some(false)), (200, true));
    assert_eq!(updated(&mut simulation, CALLED, &called, Some(false)), (200, true));
    simulation.run(10 * SECOND);
    assert_eq!(state(&simulation), CallState::Answered);
    assert_eq!(updated(&mut simulation, CALLED, &called, Some(true)), (200, true));
    assert_eq!(state(&simulation), CallState::Held);
    simulation.hang_up(CALLED, &called);
    simulation.must_be_empty();
}

#[test]
fn an_update_holds_and_resumes_a_call_from_either_side() {
    let mut simulation = two_phones(73, answers);
    let lines = talking(&mut simulation, Calling::default());
    for phone in [CALLER, CALLED] {
        assert_eq!(updated(&mut simulation, phone, &lines[phone], None), (200, false));
        assert_eq!(state(&simulation), CallState::Answered);
        assert_eq!(updated(&mut simulation, phone, &lines[phone], Some(true)), (200, true));
        let answer = String::from_utf8_lossy(&last_told(&simulation, phone).body).into_owned();
        assert!(answer.contains("a=recvonly"), "{answer}");
        assert_eq!(state(&simulation), CallState::Held);
        assert_eq!(updated(&mut simulation, phone, &lines[phone], Some(false)), (200, true));
        assert_eq!(state(&simulation), CallState::Answered);
    }
    simulation.hang_up(CALLED, &lines[CALLED]);
    simulation.must_be_empty();
}

#[test]
fn an_update_while_our_late_offer_is_open_is_refused() {
    let mut simulation = two_phones(74, answers);
    let calling = Calling { late_offer: true, loses_ack: true, ..Calling::default() };
    let [caller, _] = talking(&mut simulation, calling);
    assert_eq!(updated(&mut simulation, CALLER, &caller, Some(true)), (491, false));
    simulation.must_be_empty();
}

// With sound -------------------------------------------------------------------------------------------------------------

/// The call of John (744) to Mary (702), in which the exchange is to ask one of them by INVITE after 45 s.
fn asked_on_the_wire(world: &World, john_is_asked: bool) -> (Wired, Wired) {
    let (mut john, mut mary) = (Wired::registered(world, "744", 1), Wired::registered(world, "702", 2));
    let calling = if john_is_asked { with_timer("90;refresher=uas") } else { Calling::default() };
    john.phone().knows_update = !john_is_asked;
    mary.phone().knows_update = john_is_asked;
    mary.phone().session = (!john_is_asked).then_some("90;refresher=uac");
    john.connect_as(world, &mut mary, "702", calling);
    until_they_hear(world, &mut john.sound, &mut mary.sound);
    world.wait_until_acknowledged();
    (john, mary)
}

#[test]
fn after_offers_that_crossed_both_are_heard_where_the_second_offers_say() {
    for john_is_asked in [false, true] {
        let world = World::new();
        let (mut john, mut mary) = asked_on_the_wire(&world, john_is_asked);
        let (asked, other) = if john_is_asked { (&mut john, &mut mary) } else { (&mut mary, &mut john) };
        // Its sound moves to another port at the moment at which it is asked.
        let mut moved = Sound::new(asked.sound.ssrc);
        {
            let mut phone = asked.phone();
            phone.media = moved.socket.local_addr().unwrap();
            phone.crosses = Some((Method::Invite, false));
        }
        world.hurry(45 * SECOND);
        let statuses = |wired: &Wired| wired.phone().told.iter().map(|(_, told)| told.status).collect::<Vec<_>>();
        world.wait_for("the second offers", || {
            (statuses(asked) == [491, 200] && asked.phone().asked.iter().filter(is_refresh).count() == 2).then_some(())
        });
        let remote = asked.phone().lines.values().next().unwrap().remote.clone();
        moved.towards = Some(audio_of(&remote));
        until_they_hear(&world, &mut moved, &mut other.sound);
        let line = other.phone().talking().remove(0);
        other.phone().hang_up(Instant::now(), &line);
        world.wait_until_quiet();
        assert_eq!(world.wait_for_xdrs(1)[0].cause, ReleaseCause::Normal);
    }
}

#[test]
fn a_phone_that_stops_asking_is_hung_up_on_and_its_ports_come_back() {
    let world = World::new();
    let (mut john, mut mary) = (Wired::registered(&world, "744", 1), Wired::registered(&world, "702", 2));
    john.connect_as(&world, &mut mary, "702", with_timer("90;refresher=uac"));
    until_they_hear(&world, &mut john.sound, &mut mary.sound);
    world.wait_until_acknowledged();
    world.hurry(40 * SECOND);
    until_they_hear(&world, &mut john.sound, &mut mary.sound);
    world.hurry(20 * SECOND);
    world.wait_until_quiet();
    for phone in [&john, &mary] {
        world.wait_for("the BYE", || phone.phone().talking().is_empty().then_some(()));
    }
    assert_eq!(world.wait_for_xdrs(1)[0].cause, ReleaseCause::SessionExpired);
}
