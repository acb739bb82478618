//! What a carrier bills is in our records: every second of every leg that leads outside, once, on the account of who called it.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use rand::{Rng as _, rngs::StdRng};
use tandem_domain::calls::{Direction, EndedBy, ReleaseCause, Xdr};
use tandem_sip::message::Method;

use crate::{
    phone::{Called, Calling},
    records::account,
    simulation::{Network, Simulation},
};

const SECOND: Duration = Duration::from_secs(1);
/// Who is silent for two of them is taken for gone in the simulation.
const MINUTE: Duration = Duration::from_secs(60);
const PHONES: usize = 4;
/// The last phone is the trunk.
const TRUNK: usize = PHONES;
/// A message takes a millisecond each way, and whoever crosses another one's a little longer.
const ON_THE_WAY: u128 = 20;

fn answers(_: &mut StdRng) -> Called {
    Called::Answers { after: SECOND, bye_after: None }
}

fn world() -> Simulation {
    Simulation::new(PHONES, Network::default(), 11, answers)
}

/// A phone calls, and talks a while.
fn talk(simulation: &mut Simulation, phone: usize, number: &str) -> String {
    let line = simulation.dial(phone, number, Calling::default());
    simulation.run(2 * SECOND);
    line
}

fn outgoing(simulation: &Simulation) -> Vec<&Xdr> {
    simulation.xdrs.iter().filter(|xdr| xdr.direction == Direction::Outgoing).collect()
}

fn seconds(xdr: &Xdr) -> i64 {
    xdr.answered.map_or(0, |answered| (xdr.ended.0 - answered.0) / 1000)
}

/// What a carrier and we say of each number outside, in milliseconds.
fn both_bills(simulation: &Simulation) -> BTreeMap<String, [u128; 2]> {
    let mut bills = BTreeMap::<String, [u128; 2]>::new();
    for billed in &simulation.phones[TRUNK].billed {
        bills.entry(billed.number.clone()).or_default()[0] += billed.talked.as_millis();
    }
    for xdr in outgoing(simulation) {
        if let Some(answered) = xdr.answered {
            let number = xdr.callee.number.replacen("00", "+", 1);
            bills.entry(number).or_default()[1] += u128::try_from(xdr.ended.0 - answered.0).unwrap();
        }
    }
    bills
}

#[track_caller]
fn bills_must_agree(simulation: &Simulation) {
    for (number, [theirs, ours]) in both_bills(simulation) {
        assert!(theirs.abs_diff(ours) <= ON_THE_WAY, "{number}: the carrier bills {theirs} ms, we know of {ours} ms");
    }
}

#[test]
fn who_hands_a_call_to_outside_over_pays_until_its_end() {
    let mut simulation = world();
    let line = talk(&mut simulation, 0, "00442071838750");
    simulation.run(MINUTE / 2);
    simulation.hand_over(0, &line, "701", false);
    simulation.run(MINUTE);
    let held = simulation.phones[1].talking().remove(0);
    simulation.hang_up(1, &held);
    simulation.run(10 * SECOND);
    let [toll] = outgoing(&simulation)[..] else { panic!("{:#?}", simulation.xdrs) };
    assert_eq!(toll.caller.account, Some(account(0)));
    assert_eq!((toll.callee.number.as_str(), toll.dialled.as_str()), ("00442071838750", "00442071838750"));
    assert!(seconds(toll) >= 90, "{} s", seconds(toll));
    assert_eq!((toll.cause, toll.ended_by), (ReleaseCause::Normal, EndedBy::Caller));
    assert!(toll.caller_quality.is_some() && toll.callee_quality.is_some(), "{toll:?}");
    // The conversation inside that followed is told of, too.
    let inside: Vec<_> = simulation.xdrs.iter().filter(|xdr| xdr.direction == Direction::Internal).collect();
    assert_eq!(inside.len(), 1);
    assert_eq!((inside[0].caller.account, inside[0].dialled.as_str()), (Some(account(0)), "701"));
    bills_must_agree(&simulation);
    simulation.must_be_empty();
}

#[test]
fn two_outside_who_were_connected_are_two_tolls_of_who_connected_them() {
    for consult in [false, true] {
        let mut simulation = world();
        let line = talk(&mut simulation, 0, "00442071838750");
        simulation.hand_over(0, &line, "0033140205050", consult);
        simulation.run(MINUTE);
        let both = simulation.phones[TRUNK].talking();
        assert_eq!(both.len(), 2, "with a word before: {consult}");
        simulation.hang_up(TRUNK, &both[0]);
        simulation.run(10 * SECOND);
        let tolls = outgoing(&simulation);
        assert_eq!(tolls.len(), 2, "{:#?}", simulation.xdrs);
        assert!(tolls.iter().all(|xdr| xdr.caller.account == Some(account(0)) && seconds(xdr) >= 58));
        bills_must_agree(&simulation);
        simulation.must_be_empty();
    }
}

#[test]
fn a_call_to_outside_that_is_taken_to_another_call_is_paid_for_there() {
    let mut simulation = world();
    let line = talk(&mut simulation, 0, "00442071838750");
    simulation.hand_over(0, &line, "701", true);
    simulation.run(MINUTE / 2);
    // And once more, by who got it.
    let got = simulation.phones[1].talking().remove(0);
    simulation.hand_over(1, &got, "702", false);
    simulation.run(MINUTE / 2);
    let carrier = simulation.phones[TRUNK].talking().remove(0);
    simulation.hang_up(TRUNK, &carrier);
    simulation.run(10 * SECOND);
    let [toll] = outgoing(&simulation)[..] else { panic!("{:#?}", simulation.xdrs) };
    assert_eq!((toll.caller.account, toll.ended_by), (Some(account(0)), EndedBy::Callee));
    bills_must_agree(&simulation);
    simulation.must_be_empty();
}

#[test]
fn a_conversation_that_was_handed_over_is_measured() {
    for hangs_up_first in [false, true] {
        let mut simulation = world();
        let line = talk(&mut simulation, 0, "701");
        simulation.hand_over(0, &line, "702", false);
        if hangs_up_first {
            simulation.run(SECOND / 2);
            simulation.hang_up(0, &line);
        }
        simulation.run(MINUTE);
        let before = simulation.xdrs.iter().find(|xdr| xdr.cause == ReleaseCause::Transferred).expect("a record");
        // The other one's leg goes on, and is measured when it ends.
        assert!(before.caller_quality.is_some(), "{before:?}");
    }
}

fn limited() -> Simulation {
    Simulation::with(PHONES, Network::default(), 12, answers, |settings| settings.account_calls_max = 2)
}

fn last_status(simulation: &Simulation, phone: usize) -> u16 {
    simulation.phones[phone].statuses.iter().rfind(|(method, _)| *method == Method::Invite).expect("an answer").1
}

#[test]
fn an_account_has_no_more_calls_to_outside_than_it_may_have_those_included_that_it_handed_over() {
    let mut simulation = limited();
    let line = talk(&mut simulation, 0, "00442071838750");
    simulation.hand_over(0, &line, "701", false);
    simulation.run(5 * SECOND);
    talk(&mut simulation, 0, "00442071838751");
    assert_eq!(last_status(&simulation, 0), 200);
    talk(&mut simulation, 0, "00442071838752");
    simulation.run(5 * SECOND);
    assert_eq!(last_status(&simulation, 0), 503);
    let refused = simulation.xdrs.iter().find(|xdr| xdr.status == 503).expect("a record of the refused one");
    assert_eq!(refused.cause, ReleaseCause::Congestion);
    // Another account may, help may be called, and who hangs up may again.
    talk(&mut simulation, 2, "00442071838753");
    assert_eq!(last_status(&simulation, 2), 200);
    talk(&mut simulation, 0, "000");
    assert_eq!(last_status(&simulation, 0), 200);
    let help = simulation.phones[TRUNK].talking().len();
    assert_eq!(help, 4);
    let held = simulation.phones[1].talking().remove(0);
    simulation.hang_up(1, &held);
    for line in simulation.phones[0].talking().into_iter().take(1) {
        simulation.hang_up(0, &line);
    }
    simulation.run(SECOND);
    talk(&mut simulation, 0, "00442071838754");
    assert_eq!(last_status(&simulation, 0), 200);
}

#[test]
fn nobody_is_handed_over_to_outside_above_the_limit() {
    let mut simulation = limited();
    talk(&mut simulation, 0, "00442071838750");
    let inside = talk(&mut simulation, 0, "701");
    let other = talk(&mut simulation, 0, "702");
    // While the first one rings outside, the second may not.
    simulation.hand_over(0, &inside, "00442071838751", false);
    simulation.run(SECOND / 2);
    simulation.hand_over(0, &other, "00442071838752", false);
    simulation.run(5 * SECOND);
    let outside: Vec<_> = simulation.phones[TRUNK].talking();
    assert_eq!(outside.len(), 2);
    assert!(simulation.phones[0].talking().contains(&other), "who may not hand over has the call again");
}

#[test]
fn who_has_no_service_takes_no_call_over() {
    let mut simulation = limited();
    simulation.records.blocked = Some(2);
    let line = talk(&mut simulation, 0, "00442071838750");
    simulation.pick_up(2, 0, &line);
    simulation.run(10 * SECOND);
    assert_eq!(last_status(&simulation, 2), 403);
    let refused = simulation.xdrs.iter().find(|xdr| xdr.cause == ReleaseCause::NoService).expect("its record");
    assert_eq!((refused.status, refused.caller.account), (403, Some(account(2))));
    assert!(simulation.phones[0].talking().contains(&line), "the call goes on as it was");
    // Who has service does, but not above the limit.
    talk(&mut simulation, 1, "00442071838751");
    talk(&mut simulation, 1, "00442071838752");
    simulation.pick_up(1, 0, &line);
    simulation.run(10 * SECOND);
    assert_eq!(last_status(&simulation, 1), 503);
    simulation.pick_up(3, 0, &line);
    simulation.run(10 * SECOND);
    assert_eq!(last_status(&simulation, 3), 200);
    assert!(!simulation.phones[0].talking().contains(&line));
    let own = simulation.phones[3].talking().remove(0);
    simulation.hang_up(3, &own);
    simulation.run(5 * SECOND);
    let toll = outgoing(&simulation).into_iter().find(|xdr| xdr.callee.number == "00442071838750").expect("a record");
    assert_eq!(toll.caller.account, Some(account(0)), "who called it pays");
}

/// What somebody does next.
#[derive(Debug, Clone)]
enum Deed {
    Dial { phone: usize, outside: bool },
    HandOver { phone: usize, line: usize, outside: bool, consult: bool },
    PickUp { phone: usize, from: usize, line: usize },
    HangUp { phone: usize, line: usize },
}

fn deeds() -> impl Strategy<Value = Vec<(Deed, u64)>> {
    let phone = 0..PHONES;
    let deed = prop_oneof![
        3 => (phone.clone(), any::<bool>()).prop_map(|(phone, outside)| Deed::Dial { phone, outside }),
        4 => (0..=TRUNK, 0_usize..3, any::<bool>(), any::<bool>())
            .prop_map(|(phone, line, outside, consult)| Deed::HandOver { phone, line, outside, consult }),
        1 => (phone, 0..=TRUNK, 0_usize..3).prop_map(|(phone, from, line)| Deed::PickUp { phone, from, line }),
        1 => (0..=TRUNK, 0_usize..3).prop_map(|(phone, line)| Deed::HangUp { phone, line }),
    ];
    prop::collection::vec((deed, 0_u64..4_000), 1..25)
}

fn moody(random: &mut StdRng) -> Called {
    let wait = Duration::from_millis(random.random_range(0..3_000));
    match random.random_range(0..6) {
        0 => Called::Refuses { after: wait, status: 486, rings: true },
        1 => Called::Early { answer_after: wait, bye_after: None },
        2 => Called::Answers { after: wait, bye_after: Some(10 * wait) },
        _ => Called::Answers { after: wait, bye_after: None },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whoever_is_handed_to_whom_the_carrier_bills_no_second_that_is_not_in_our_records(
        seed in 0_u64..1_000_000,
        deeds in deeds(),
    ) {
        let mut simulation = Simulation::new(PHONES, Network::default(), seed, moody);
        let mut numbers = 0_u32..;
        let mut number = |phone: usize, outside: bool| match numbers.next() {
            // Each outside once, so that a number names a leg.
            // The trunk calls nobody outside.
            Some(next) if outside && phone != TRUNK => format!("0044207{next:04}"),
            Some(next) => (700 + (phone + 1 + next as usize % (PHONES - 1)) % PHONES).to_string(),
            None => unreachable!("there are numbers enough"),
        };
        for (deed, pause) in deeds {
            match deed {
                Deed::Dial { phone, outside } => {
                    let to = number(phone, outside);
                    simulation.dial(phone, &to, Calling { cancel_after: Some(20 * SECOND), ..Calling::default() });
                }
                Deed::HandOver { phone, line, outside, consult } => {
                    if let Some(line) = simulation.phones[phone].talking().get(line).cloned() {
                        let to = number(phone, outside);
                        simulation.hand_over(phone, &line, &to, consult);
                    }
                }
                Deed::PickUp { phone, from, line } => {
                    if let Some(line) = simulation.phones[from].talking().get(line).cloned() {
                        simulation.pick_up(phone, from, &line);
                    }
                }
                Deed::HangUp { phone, line } => {
                    if let Some(line) = simulation.phones[phone].talking().get(line).cloned() {
                        simulation.hang_up(phone, &line);
                    }
                }
            }
            simulation.run(Duration::from_millis(pause));
        }
        // Somebody always ends it at last; who transfers hangs up, in time.
        simulation.run(MINUTE);
        for phone in 0..=TRUNK {
            for line in simulation.phones[phone].talking() {
                simulation.hang_up(phone, &line);
            }
        }
        simulation.run(MINUTE);
        bills_must_agree(&simulation);
        for xdr in outgoing(&simulation) {
            prop_assert!(xdr.caller.account.is_some(), "nobody pays for {xdr:?}");
        }
    }
}
