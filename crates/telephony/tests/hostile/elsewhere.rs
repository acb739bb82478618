//! A trunk of several addresses: what one cannot take goes to the next (RFC 3263 §4.3).

use std::time::Duration;

use rand::rngs::StdRng;
use tandem_domain::calls::{CallState, Direction, ReleaseCause};

use crate::{
    phone::{Called, Calling},
    simulation::{Network, Simulation},
};

const SECOND: Duration = Duration::from_secs(1);
const NUMBER: &str = "00442071838750";
/// The places of the trunk's two addresses among the phones.
const FIRST: usize = 3;
const SECOND_ONE: usize = 2;

fn answers(_: &mut StdRng) -> Called {
    Called::Answers { after: SECOND, bye_after: None }
}

fn has_no_room(_: &mut StdRng) -> Called {
    Called::Refuses { after: Duration::ZERO, status: 503, rings: false }
}

fn is_busy(_: &mut StdRng) -> Called {
    Called::Refuses { after: Duration::ZERO, status: 486, rings: true }
}

fn rings_long(_: &mut StdRng) -> Called {
    Called::Answers { after: 30 * SECOND, bye_after: None }
}

/// A trunk with a second address, whose first one hears nothing for so long.
fn deaf(span: Duration, second: fn(&mut StdRng) -> Called) -> Simulation {
    let mut simulation = world(answers, second);
    simulation.phones[FIRST].deaf_until = Some(simulation.now + span);
    simulation
}

/// A trunk with a second address; both take calls like this.
fn world(first: fn(&mut StdRng) -> Called, second: fn(&mut StdRng) -> Called) -> Simulation {
    let mut simulation = Simulation::with(FIRST, Network::default(), 91, answers, |settings| {
        let trunk = settings.trunk.as_mut().expect("a trunk");
        trunk.others = vec![([198, 51, 100, 3], 5060).into()];
    });
    simulation.phones[FIRST].taking = first;
    simulation.phones[SECOND_ONE].taking = second;
    assert_eq!(simulation.phones[SECOND_ONE].address, ([198, 51, 100, 3], 5060).into());
    simulation
}

fn rung(simulation: &Simulation) -> [u64; 2] {
    [FIRST, SECOND_ONE].map(|phone| simulation.phones[phone].rung)
}

fn is_answered(simulation: &Simulation) -> bool {
    simulation.feed.calls(None).iter().any(|call| call.state == CallState::Answered)
}

#[test]
fn what_one_address_has_no_room_for_goes_to_the_next_and_later_calls_begin_there() {
    let mut simulation = world(has_no_room, answers);
    let line = simulation.dial(0, NUMBER, Calling::default());
    simulation.run(3 * SECOND);
    assert_eq!((rung(&simulation), is_answered(&simulation)), ([1, 1], true));
    let invite = &simulation.phones[SECOND_ONE].lines.values().next().expect("the call").invite;
    assert_eq!(invite.uri.host.ip(), Some([198, 51, 100, 3].into()), "it is addressed to who gets it");
    simulation.hang_up(0, &line);
    simulation.run(SECOND);
    // What failed a moment ago comes last; after a minute, first again.
    for expected in [[1, 2], [2, 3]] {
        let line = simulation.dial(0, NUMBER, Calling::default());
        simulation.run(3 * SECOND);
        assert_eq!((rung(&simulation), is_answered(&simulation)), (expected, true));
        simulation.hang_up(0, &line);
        simulation.run(61 * SECOND);
    }
    assert!(simulation.xdrs.iter().all(|xdr| xdr.cause == ReleaseCause::Normal));
    simulation.must_be_empty();
}

#[test]
fn an_address_that_says_nothing_is_not_waited_for() {
    let mut simulation = deaf(3600 * SECOND, answers);
    simulation.dial(0, NUMBER, Calling { bye_after: Some(20 * SECOND), ..Calling::default() });
    simulation.run(3 * SECOND);
    assert_eq!(rung(&simulation), [0, 0], "it has a moment");
    simulation.run(4 * SECOND);
    assert_eq!((rung(&simulation), is_answered(&simulation)), ([0, 1], true));
    simulation.must_be_empty();
}

#[test]
fn who_rings_is_waited_for() {
    let mut simulation = world(rings_long, answers);
    simulation.dial(0, NUMBER, Calling { bye_after: Some(5 * SECOND), ..Calling::default() });
    simulation.run(33 * SECOND);
    assert_eq!((rung(&simulation), is_answered(&simulation)), ([1, 0], true));
    simulation.must_be_empty();
}

#[test]
fn who_answers_too_late_is_acknowledged_and_hung_up_on() {
    let mut simulation = deaf(10 * SECOND, answers);
    simulation.phones[FIRST].taking = |_| Called::Answers { after: Duration::ZERO, bye_after: None };
    simulation.dial(0, NUMBER, Calling { bye_after: Some(30 * SECOND), ..Calling::default() });
    simulation.run(20 * SECOND);
    assert_eq!((rung(&simulation), is_answered(&simulation)), ([1, 1], true));
    assert_eq!(simulation.phones[FIRST].unacknowledged, 0);
    let talking = [FIRST, SECOND_ONE].map(|phone| simulation.phones[phone].talking().len());
    assert_eq!(talking, [0, 1], "one of them has the call");
    simulation.must_be_empty();
}

#[test]
fn a_number_that_is_busy_is_busy_by_every_way() {
    let mut simulation = world(is_busy, answers);
    simulation.dial(0, NUMBER, Calling::default());
    simulation.run(10 * SECOND);
    assert_eq!((rung(&simulation), simulation.xdrs[0].cause), ([1, 0], ReleaseCause::Busy));
    simulation.must_be_empty();
}

#[test]
fn when_no_address_takes_it_the_caller_is_told() {
    for mut simulation in [world(has_no_room, has_no_room), deaf(3600 * SECOND, has_no_room)] {
        simulation.dial(0, NUMBER, Calling::default());
        simulation.run(20 * SECOND);
        assert_eq!(rung(&simulation)[1], 1);
        assert_eq!((simulation.xdrs[0].status, simulation.xdrs[0].cause), (503, ReleaseCause::Congestion));
        simulation.must_be_empty();
    }
}

#[test]
fn who_gives_up_meanwhile_is_put_through_to_nobody() {
    let mut simulation = deaf(3600 * SECOND, answers);
    simulation.dial(0, NUMBER, Calling { cancel_after: Some(2 * SECOND), ..Calling::default() });
    simulation.run(20 * SECOND);
    assert_eq!((rung(&simulation), simulation.xdrs[0].cause), ([0, 0], ReleaseCause::Cancelled));
    simulation.must_be_empty();
}

#[test]
fn calls_from_every_address_come_in() {
    let mut simulation = world(answers, answers);
    for trunk in [FIRST, SECOND_ONE] {
        let line = simulation.dial(trunk, "701", Calling::default());
        simulation.run(3 * SECOND);
        let live = simulation.feed.calls(None).remove(0);
        assert_eq!((live.state, live.direction), (CallState::Answered, Direction::Incoming), "from {trunk}");
        simulation.hang_up(trunk, &line);
        simulation.run(SECOND);
    }
    simulation.must_be_empty();
}
