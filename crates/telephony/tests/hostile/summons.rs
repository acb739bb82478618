//! A manager's phone is rung from the console, and nothing comes of it: is he told, however shortly it rang?

use std::time::Duration;

use rand::rngs::StdRng;
use tandem_domain::{calls::Stage, ids::CallId};
use tandem_telephony::exchange::Command;

use crate::{
    phone::{Called, Calling},
    records::{CUSTOMER, account},
    simulation::{Network, Simulation},
};

const SECOND: Duration = Duration::from_secs(1);
const CALLER: usize = 0;
const AGENT: usize = 1;
const MANAGER: usize = 2;

fn answers(_: &mut StdRng) -> Called {
    Called::Answers { after: SECOND / 10, bye_after: None }
}

fn is_busy(_: &mut StdRng) -> Called {
    Called::Refuses { after: Duration::ZERO, status: 486, rings: false }
}

fn rings(_: &mut StdRng) -> Called {
    Called::Rings
}

/// An agent and a caller talk, and a manager's phone takes calls like this.
fn talking(taking: fn(&mut StdRng) -> Called) -> Simulation {
    let mut simulation = Simulation::new(3, Network::default(), 71, answers);
    simulation.silence = 86_400 * SECOND;
    simulation.phones[MANAGER].taking = taking;
    simulation.dial(CALLER, "701", Calling::default());
    simulation.run(2 * SECOND);
    assert_eq!(simulation.calls(), 1, "they talk");
    simulation
}

/// The call by which the manager has been rung for nothing.
fn missed(simulation: &Simulation) -> Option<CallId> {
    simulation.feed.scene(CUSTOMER).missed(account(MANAGER)).map(|call| call.id)
}

/// The manager's own call, and how far it is.
fn own(simulation: &Simulation) -> Option<(CallId, Stage)> {
    let calls = simulation.feed.calls(None);
    calls.iter().find_map(|call| call.supervises.map(|supervises| (call.id, supervises.stage)))
}

#[test]
fn a_phone_that_is_busy_is_told_of_for_a_minute_and_each_time_anew() {
    let mut simulation = talking(is_busy);
    simulation.summon(MANAGER, AGENT, false);
    simulation.run(SECOND);
    assert_eq!(own(&simulation), None, "nobody who looks now sees that it rang");
    let first = missed(&simulation).expect("he is told that it did");
    assert_eq!(simulation.feed.scene(CUSTOMER).missed(account(CALLER)), None, "and nobody else is");
    simulation.run(40 * SECOND);
    simulation.summon(MANAGER, AGENT, false);
    simulation.run(SECOND);
    let second = missed(&simulation).expect("told anew");
    assert_ne!(first, second);
    // A minute counts from the last time.
    simulation.run(50 * SECOND);
    assert_eq!(missed(&simulation), Some(second));
    simulation.run(10 * SECOND);
    assert_eq!(missed(&simulation), None);
}

#[test]
fn a_phone_that_rang_until_it_was_given_up_is_told_of_once_it_is() {
    let mut simulation = talking(rings);
    simulation.summon(MANAGER, AGENT, false);
    simulation.run(5 * SECOND);
    assert!(own(&simulation).is_some_and(|(_, stage)| stage == Stage::Rings));
    assert_eq!(missed(&simulation), None);
    simulation.run_until(200 * SECOND, |simulation| missed(simulation).is_some());
    assert!(missed(&simulation).is_some(), "it rings no longer than anybody's");
}

#[test]
fn who_gives_it_up_himself_is_told_nothing() {
    let mut simulation = talking(rings);
    simulation.summon(MANAGER, AGENT, false);
    simulation.run(SECOND);
    let (call, _) = own(&simulation).expect("it rings");
    simulation.command(Command::EndCall(call));
    simulation.run(SECOND);
    assert_eq!((own(&simulation), missed(&simulation)), (None, None));
}

#[test]
fn who_joins_after_all_is_told_no_more_that_he_did_not() {
    let mut simulation = talking(is_busy);
    simulation.summon(MANAGER, AGENT, false);
    simulation.run(SECOND);
    assert!(missed(&simulation).is_some());
    simulation.phones[MANAGER].taking = answers;
    simulation.summon(MANAGER, AGENT, false);
    simulation.run(SECOND / 20);
    assert!(own(&simulation).is_some_and(|(_, stage)| stage == Stage::Rings));
    assert_eq!(missed(&simulation), None, "from the moment in which it rings again");
    simulation.run(SECOND);
    assert!(own(&simulation).is_some_and(|(_, stage)| matches!(stage, Stage::In(_))));
    simulation.end_all();
    simulation.run(SECOND);
    assert_eq!(missed(&simulation), None);
}

#[test]
fn who_answers_when_the_agent_s_call_is_over_is_told_that_he_joined_nothing() {
    let mut simulation = talking(|_| Called::Answers { after: 3 * SECOND, bye_after: None });
    simulation.summon(MANAGER, AGENT, false);
    simulation.run(SECOND);
    let talks = simulation.phones[CALLER].talking().remove(0);
    simulation.hang_up(CALLER, &talks);
    simulation.run(3 * SECOND);
    assert!(missed(&simulation).is_some());
}
