//! No room for another call: who is refused is told when to try again, and is on record.

use std::time::Duration;

use rand::rngs::StdRng;
use tandem_domain::calls::{Direction, EndedBy, ReleaseCause};
use tandem_sip::message::Method;

use crate::{
    phone::{Called, Calling},
    simulation::{Network, Simulation},
};

const SECOND: Duration = Duration::from_secs(1);
const PHONES: usize = 4;
/// The last phone.
const TRUNK: usize = PHONES;

fn answers(_: &mut StdRng) -> Called {
    Called::Answers { after: SECOND, bye_after: None }
}

/// There is room for one call, and that goes on.
fn full(seed: u64) -> (Simulation, String) {
    let mut simulation = Simulation::with(PHONES, Network::default(), seed, answers, |settings| settings.calls_max = 1);
    let line = simulation.dial(0, "701", Calling::default());
    simulation.run(3 * SECOND);
    assert_eq!(simulation.calls(), 1);
    (simulation, line)
}

#[test]
fn a_call_above_the_limit_is_on_record_with_its_cause_whoever_calls() {
    let (mut simulation, line) = full(81);
    for phone in [2, TRUNK] {
        simulation.dial(phone, "703", Calling::default());
        simulation.run(2 * SECOND);
        assert_eq!(simulation.phones[phone].statuses.last(), Some(&(Method::Invite, 503)));
    }
    assert_eq!((simulation.phones[3].rung, simulation.calls()), (0, 1), "nobody was rung");
    let told: Vec<_> = simulation.xdrs.iter().map(|xdr| (xdr.status, xdr.cause, xdr.ended_by, xdr.direction)).collect();
    let refused = |direction| (503, ReleaseCause::Congestion, EndedBy::Exchange, direction);
    assert_eq!(told, [refused(Direction::Internal), refused(Direction::Incoming)]);
    let who: Vec<_> = simulation.xdrs.iter().map(|xdr| (xdr.caller.number.as_str(), xdr.dialled.as_str())).collect();
    assert_eq!(who, [("702", "703"), ("u704", "703")]);

    // Help is called all the same, and others again when there is room.
    let help = simulation.dial(2, "112", Calling::default());
    simulation.run(3 * SECOND);
    assert_eq!(simulation.calls(), 2);
    simulation.hang_up(2, &help);
    simulation.hang_up(0, &line);
    simulation.run(SECOND);
    let again = simulation.dial(2, "703", Calling::default());
    simulation.run(3 * SECOND);
    assert_eq!((simulation.phones[3].rung, simulation.calls()), (1, 1));
    simulation.hang_up(2, &again);
    simulation.must_be_empty();
}

#[test]
fn who_was_let_in_is_not_turned_away_because_others_ask_meanwhile() {
    let mut simulation = Simulation::with(PHONES, Network::default(), 82, answers, |settings| settings.calls_max = 2);
    simulation.slow = SECOND;
    for _ in 0..10 {
        simulation.dial(TRUNK, "703", Calling::default());
    }
    simulation.run(5 * SECOND);
    assert_eq!(simulation.calls(), 2);
    assert_eq!(simulation.xdrs.iter().filter(|xdr| xdr.status == 503).count(), 8);
    simulation.end_all();
    simulation.must_be_empty();
}

#[test]
fn a_flood_above_the_limit_is_looked_up_only_so_far() {
    let (mut simulation, line) = full(83);
    simulation.slow = 2 * SECOND;
    for _ in 0..1_000 {
        simulation.dial(TRUNK, "703", Calling::default());
    }
    simulation.run(SECOND);
    let questions = simulation.questions();
    assert!((100..=200).contains(&questions), "{questions} are looked up at once");
    simulation.run(5 * SECOND);
    let refused = simulation.phones[TRUNK].statuses.iter().filter(|told| **told == (Method::Invite, 503)).count();
    assert_eq!(refused, 1_000, "everybody is told");
    assert_eq!(simulation.xdrs.len(), questions, "who was looked up is on record");
    simulation.hang_up(0, &line);
    simulation.must_be_empty();
}
