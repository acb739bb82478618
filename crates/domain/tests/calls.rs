//! The names that calls, their ends and their directions have in the store, in the API and on pages.

use std::{collections::BTreeSet, fmt::Debug};

use serde::Serialize;
use tandem_domain::calls::{CallState, Direction, EndedBy, Grade, Quality, ReleaseCause};

/// Each has a name of its own, is found by it, and says the same to serde.
fn named<T: Copy + PartialEq + Debug + Serialize>(
    all: &[T],
    key: fn(T) -> &'static str,
    from_key: fn(&str) -> Option<T>,
    label: fn(T) -> &'static str,
) {
    for one in all {
        assert_eq!(from_key(key(*one)), Some(*one));
        assert_eq!(serde_json::to_string(one).ok(), Some(format!("\"{}\"", key(*one))));
        assert!(!label(*one).is_empty());
    }
    assert_eq!(all.iter().map(|one| label(*one)).collect::<BTreeSet<_>>().len(), all.len());
    assert_eq!(from_key("of another planet"), None);
}

#[test]
fn what_is_said_of_a_call_is_read_again_by_its_name() {
    named(&Direction::ALL, Direction::key, Direction::from_key, Direction::label);
    named(&CallState::ALL, CallState::key, CallState::from_key, CallState::label);
    named(&EndedBy::ALL, EndedBy::key, EndedBy::from_key, EndedBy::label);
    named(&ReleaseCause::ALL, ReleaseCause::key, ReleaseCause::from_key, ReleaseCause::label);
}

#[test]
fn other_networks_are_told_the_cause_in_their_own_numbers() {
    assert_eq!(ReleaseCause::Normal.q850(), Some(16));
    assert_eq!(ReleaseCause::Busy.q850(), Some(17));
    assert_eq!(ReleaseCause::NoAnswer.q850(), Some(19));
    assert_eq!(ReleaseCause::UnknownNumber.q850(), Some(1));
    // A call that went on elsewhere did not end.
    assert_eq!(ReleaseCause::Transferred.q850(), None);
    assert!(ReleaseCause::ALL.into_iter().filter_map(ReleaseCause::q850).all(|value| (1..=127).contains(&value)));
}

#[test]
fn what_people_hear_is_told_in_a_word() {
    let grade = |mos| Quality { mos, ..Quality::default() }.grade();
    assert_eq!([4.4, 4.03, 4.0, 3.6, 3.5, 3.1, 3.0, 1.0].map(grade), {
        use Grade::{Bad, Fair, Good, Poor};
        [Good, Good, Fair, Fair, Poor, Poor, Bad, Bad]
    });
}

#[test]
fn loss_is_told_of_what_was_sent() {
    let lost = |packets, lost| Quality { packets, lost, ..Quality::default() }.loss_percent();
    assert!((lost(95, 5) - 5.0).abs() < 1e-9);
    assert!(lost(0, 0).abs() < 1e-9);
}
