//! The generator's calls, without an exchange between and with one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

use tandem_load::{
    calls::{Calls, Ends, Length, NOWHERE, Who},
    host, setups,
};

#[test]
fn calls_from_the_carrier_straight_to_the_phone_are_answered_and_end() {
    let mut calls = Calls::direct(Ends::open().unwrap(), Length::Short).unwrap();
    let told = setups::run(&mut calls, 100, 1, None).unwrap();
    assert_eq!((calls.sums.answered, calls.sums.ended, told.failed, told.hanging), (100, 100, 0, 0));
}

/// Twenty calls through the exchange: those that were answered, ended, failed, hang, and were asked for a proof.
fn through_the_exchange(who: Who) -> [u64; 5] {
    let folder = tempfile::tempdir().unwrap();
    let ends = Ends::open().unwrap();
    let trunk = if who == Who::Carrier { ends.trunk().unwrap() } else { NOWHERE };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let host = runtime.block_on(host::start(folder.path(), trunk)).unwrap();
    let mut calls = Calls::through(host.address, ends, Length::Short, vec![vec![9]; 2]).unwrap();
    calls.who = who;
    let told = setups::run(&mut calls, 20, 1, None).unwrap();
    runtime.block_on(host.running.stop(std::time::Duration::ZERO));
    [calls.sums.answered, calls.sums.ended, told.failed, told.hanging, told.challenged]
}

#[test]
fn calls_through_the_exchange_are_answered_by_the_phone_and_end() {
    assert_eq!(through_the_exchange(Who::Carrier), [20, 20, 0, 0, 0]);
}

#[test]
fn phones_that_call_prove_in_each_call_who_they_are() {
    assert_eq!(through_the_exchange(Who::Phones), [20, 20, 0, 0, 20]);
}
