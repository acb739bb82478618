//! Thousands of calls with random ends: nothing is left behind, and every call leaves one record.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tandem_domain::calls::ReleaseCause;

use crate::{
    phone::{Called, Calling},
    records::account,
    simulation::{Network, Simulation},
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const PHONES: usize = 12;

fn up_to(random: &mut StdRng, milliseconds: u32) -> Duration {
    MS * random.random_range(0..milliseconds)
}

/// Now polite, now rude.
fn moody(random: &mut StdRng) -> Called {
    let bye_after = Some(up_to(random, 5_000)).filter(|_| random.random_bool(0.5));
    match random.random_range(0..20) {
        0..7 => Called::Answers { after: up_to(random, 3_000), bye_after },
        7 => Called::Answers { after: Duration::ZERO, bye_after: Some(Duration::ZERO) },
        8 => Called::Refuses { after: up_to(random, 1_000), status: 486, rings: true },
        9 => Called::Refuses { after: Duration::ZERO, status: 486, rings: false },
        10 => Called::Refuses { after: up_to(random, 1_000), status: 603, rings: true },
        11 => {
            let status = [302, 400, 404, 422, 480, 481, 488, 491, 500, 503, 600][random.random_range(0..11)];
            Called::Refuses { after: up_to(random, 100), status, rings: false }
        }
        12 | 13 => Called::Rings,
        14 => Called::Ignores,
        15 => Called::AnswersWhenCancelled,
        16 => Called::AnswersNonsense,
        17 => Called::Early { answer_after: up_to(random, 2_000), bye_after },
        18 => Called::AnswersAndVanishes,
        _ => Called::Forks { bye_after: up_to(random, 3_000) },
    }
}

fn somewhere(random: &mut StdRng) -> String {
    match random.random_range(0..20) {
        0 => "7700".into(),
        1 => "7701".into(),
        2 => "*43".into(),
        3 => "*90".into(),
        4 => "999".into(),
        5 => "unavailable".into(),
        6 => "0123".into(),
        7 | 8 => format!("*90{}", 700 + random.random_range(0..PHONES)),
        _ => (700 + random.random_range(0..PHONES)).to_string(),
    }
}

fn capricious(random: &mut StdRng) -> Calling {
    let mut calling = Calling {
        // Somebody always ends it at last.
        cancel_after: Some(up_to(random, 20_000)),
        bye_after: Some(up_to(random, 20_000)),
        late_offer: random.random_bool(0.1),
        ..Calling::default()
    };
    match random.random_range(0..20) {
        0..3 => calling.cancel_after = Some(up_to(random, 10)),
        3..6 => calling.cancel_after = Some(up_to(random, 1_500)),
        6 => calling.bye_after = Some(Duration::ZERO),
        7 | 8 => calling.hold_after = Some(up_to(random, 2_000)),
        9 | 10 => calling.transfer = Some((up_to(random, 3_000), somewhere(random))),
        11 | 12 => calling.consult = Some((up_to(random, 3_000), somewhere(random))),
        13 => calling.vanishes = true,
        _ => {}
    }
    calling
}

fn many_calls(calls: usize, network: Network, seed: u64, and: impl Fn(&mut Calling, &mut StdRng)) -> Simulation {
    let mut simulation = Simulation::new(PHONES, network, seed, moody);
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..calls {
        let number = somewhere(&mut random);
        let mut calling = capricious(&mut random);
        and(&mut calling, &mut random);
        simulation.dial(random.random_range(0..PHONES), &number, calling);
        if random.random_bool(0.05) {
            let (manager, agent) = (random.random_range(0..PHONES), random.random_range(0..PHONES));
            simulation.summon(manager, agent, random.random_bool(0.3));
        }
        let pause = up_to(&mut random, 100);
        simulation.run(pause);
    }
    simulation
}

#[test]
fn after_thousands_of_calls_with_random_ends_nothing_is_left() {
    let mut simulation = many_calls(2_500, Network::default(), 1, |_, _| {});
    assert!(simulation.begun.len() > 2_000, "{} calls", simulation.begun.len());
    simulation.must_be_empty();
    assert!(simulation.recordings() > 200, "{} recordings", simulation.recordings());
}

#[test]
fn nobody_supervises_who_is_protected_whatever_calls_are_handed_over() {
    let answers = |_: &mut StdRng| Called::Answers { after: 10 * MS, bye_after: Some(8 * SECOND) };
    let mut simulation = Simulation::new(PHONES, Network::default(), 9, answers);
    simulation.records.protected = Some(1);
    let mut random = StdRng::seed_from_u64(9);
    let mut supervised = 0;
    for _ in 0..500 {
        let (caller, agent, manager) =
            (random.random_range(0..PHONES), random.random_range(0..PHONES), random.random_range(0..PHONES));
        let mut calling = capricious(&mut random);
        let over = Some((up_to(&mut random, 2_000), "701".to_owned()));
        if random.random_bool(0.5) {
            calling.transfer = over
        } else {
            calling.consult = over
        }
        simulation.dial(caller, &(700 + agent).to_string(), calling);
        simulation.run(50 * MS);
        simulation.summon(manager, agent, random.random_bool(0.3));
        simulation.run(up_to(&mut random, 1_000));
        supervised += usize::from(simulation.feed.calls(None).iter().any(|call| !call.supervisors.is_empty()));
    }
    assert!(supervised > 100, "{supervised} looks found a supervised call");
    simulation.must_be_empty();
}

#[test]
fn answers_that_are_never_acknowledged_leave_nothing_either() {
    let mut simulation = many_calls(500, Network::default(), 2, |calling, random| {
        calling.loses_ack = random.random_bool(0.5);
    });
    simulation.must_be_empty();
}

#[test]
fn a_network_that_loses_repeats_and_reorders_changes_none_of_that() {
    let network = Network { loss: 0.1, twice: 0.1, jitter: 300 * MS };
    let mut simulation = many_calls(1_000, network, 3, |_, _| {});
    simulation.must_be_empty();
}

fn answers_and_hangs_up(_: &mut StdRng) -> Called {
    Called::Answers { after: Duration::ZERO, bye_after: Some(SECOND) }
}

#[test]
fn who_never_acknowledges_and_is_hung_up_on_leaves_no_leg() {
    let mut simulation = Simulation::new(2, Network::default(), 4, answers_and_hangs_up);
    simulation.dial(0, "701", Calling { loses_ack: true, ..Calling::default() });
    simulation.must_be_empty();
}

fn says_bye_first(_: &mut StdRng) -> Called {
    Called::ByeBeforeAnswer
}

#[test]
fn a_phone_that_says_bye_before_it_answers_keeps_its_caller_not_waiting() {
    let mut simulation = Simulation::new(2, Network::default(), 5, says_bye_first);
    simulation.dial(0, "701", Calling::default());
    // Longer than what is spoken to the caller.
    simulation.run(10 * SECOND);
    assert_eq!(simulation.calls(), 0, "the caller still hears it ring");
}

fn bye_overtakes_its_answer(_: &mut StdRng) -> Called {
    Called::ByeOvertakes
}

#[test]
fn a_phone_whose_bye_overtakes_its_answer_is_let_go_whole() {
    let mut simulation = Simulation::new(2, Network::default(), 8, bye_overtakes_its_answer);
    simulation.dial(0, "701", Calling::default());
    simulation.run(10 * SECOND);
    assert_eq!(simulation.open_media(), 0, "a port is open for nobody");
    assert_eq!(simulation.phones[1].unacknowledged, 0, "its answer was not acknowledged");
    simulation.must_be_empty();
}

#[test]
fn a_call_of_somebody_known_that_never_came_to_be_one_is_on_record() {
    let mut simulation = Simulation::new(2, Network::default(), 9, |_| Called::Rings);
    simulation.slow = SECOND;
    let given_up = Calling { cancel_after: Some(SECOND / 2), ..Calling::default() };
    let text = Calling { offers_text: true, ..Calling::default() };
    for (number, calling) in
        [("unavailable", Calling::default()), ("701", given_up), ("", Calling::default()), ("701", text)]
    {
        simulation.dial(0, number, calling);
        simulation.run(3 * SECOND);
    }
    let told: Vec<_> = simulation.xdrs.iter().map(|xdr| (xdr.status, xdr.cause, xdr.dialled.as_str())).collect();
    assert_eq!(
        told,
        [
            (503, ReleaseCause::Congestion, "unavailable"),
            (487, ReleaseCause::Cancelled, "701"),
            (484, ReleaseCause::UnknownNumber, ""),
            (415, ReleaseCause::NoCommonCodec, "701"),
        ]
    );
    assert!(simulation.xdrs.iter().all(|xdr| xdr.caller.account == Some(account(0))));
    simulation.must_be_empty();
}

fn declines_at_once(_: &mut StdRng) -> Called {
    Called::Refuses { after: Duration::ZERO, status: 486, rings: true }
}

#[test]
fn a_member_that_rings_and_declines_at_once_makes_no_storm() {
    let mut simulation = Simulation::new(1, Network::default(), 6, declines_at_once);
    let trunk = simulation.phones.len() - 1;
    simulation.dial(trunk, "7700", Calling::default());
    simulation.run(20 * SECOND);
    let rung = simulation.phones[0].rung;
    assert!(rung <= 40, "one phone was called {rung} times in 20 s, with a port each time");
}

#[test]
fn a_phone_that_answers_with_a_thousand_tags_costs_no_more_than_a_few() {
    let before = crate::wire::memory();
    let mut simulation = Simulation::new(2, Network::default(), 7, |_| Called::Rings);
    simulation.dial(0, "701", Calling { cancel_after: Some(60 * SECOND), ..Calling::default() });
    simulation.run(SECOND);
    simulation.many_early_answers(1, 3_000, 6_000);
    simulation.run(SECOND);
    let more = crate::wire::memory().saturating_sub(before) >> 20;
    // The announcements are in it too. A dialog for each tag were 44 MB.
    assert!(more < 25, "{more} MB are kept for one call");
    simulation.must_be_empty();
}
