//! A trunk that wants to know who we are in every request, and not only when a call begins.

use std::time::Duration;

use rand::rngs::StdRng;
use tandem_sip::message::Method;

use crate::{
    phone::{Called, Calling},
    simulation::{Network, Simulation},
};

const SECOND: Duration = Duration::from_secs(1);
/// The last phone.
const TRUNK: usize = 2;

fn answers(_: &mut StdRng) -> Called {
    Called::Answers { after: SECOND, bye_after: None }
}

/// A trunk that asks, and for which we have a password or not.
fn world(password: bool) -> Simulation {
    let mut simulation = Simulation::with(TRUNK, Network::default(), 21, answers, |settings| {
        let trunk = settings.trunk.as_mut().expect("a trunk");
        trunk.credentials = password.then(|| ("tandem".into(), "secret".into()));
    });
    let trunk = &mut simulation.phones[TRUNK];
    (trunk.challenges, trunk.session, trunk.knows_update) = (true, Some("90;refresher=uac"), false);
    simulation
}

fn hangs_up_after(seconds: u32) -> Calling {
    Calling { bye_after: Some(seconds * SECOND), ..Calling::default() }
}

#[test]
fn what_keeps_a_session_alive_and_what_ends_it_are_sent_once_more_with_proof() {
    let mut simulation = world(true);
    simulation.dial(0, "00442071838750", hangs_up_after(60));
    simulation.run(80 * SECOND);
    let trunk = &simulation.phones[TRUNK];
    assert_eq!(trunk.unproven, [Method::Invite, Method::Bye]);
    assert_eq!(trunk.proven, [Method::Invite, Method::Bye]);
    assert_eq!((trunk.talking().len(), trunk.billed.len()), (0, 1), "the carrier has heard of the end");
    simulation.must_be_empty();
}

#[test]
fn a_trunk_that_calls_us_and_asks_gets_its_proof() {
    let mut simulation = world(true);
    let line = simulation.dial(TRUNK, "701", Calling::default());
    simulation.run(3 * SECOND);
    // It may hand nobody over, and is told so.
    simulation.hand_over(TRUNK, &line, "700", false);
    simulation.run(3 * SECOND);
    let called = simulation.phones[1].talking().remove(0);
    simulation.hang_up(1, &called);
    simulation.run(3 * SECOND);
    let trunk = &simulation.phones[TRUNK];
    assert_eq!(trunk.proven, [Method::Notify, Method::Notify, Method::Bye]);
    assert_eq!(trunk.talking().len(), 0);
    simulation.must_be_empty();
}

#[test]
fn who_is_never_content_is_not_asked_for_ever() {
    for password in [true, false] {
        let mut simulation = world(password);
        simulation.phones[TRUNK].never_content = true;
        simulation.dial(0, "00442071838750", hangs_up_after(10));
        simulation.run(30 * SECOND);
        let times = if password { 3 } else { 1 };
        assert_eq!(simulation.phones[TRUNK].unproven, vec![Method::Bye; times]);
        simulation.must_be_empty();
    }
}
