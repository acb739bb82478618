//! The generator's calls, without an exchange between and with one.

use tandem_load::{
    calls::{Calls, Ends, Length},
    host, setups,
};

#[test]
fn calls_from_the_carrier_straight_to_the_phone_are_answered_and_end() {
    let mut calls = Calls::direct(Ends::open().unwrap(), Length::Short).unwrap();
    let told = setups::run(&mut calls, 100, 1, None).unwrap();
    assert_eq!((calls.sums.answered, calls.sums.ended, told.failed, told.hanging), (100, 100, 0, 0));
}

#[test]
fn calls_through_the_exchange_are_answered_by_the_phone_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let ends = Ends::open().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let host = runtime.block_on(host::start(folder.path(), ends.trunk().unwrap())).unwrap();
    let mut calls = Calls::through(host.address, ends, Length::Short, vec![vec![9]; 2]).unwrap();
    let told = setups::run(&mut calls, 20, 1, None).unwrap();
    assert_eq!((calls.sums.answered, calls.sums.ended, told.failed, told.hanging), (20, 20, 0, 0));
    runtime.block_on(host.running.stop(std::time::Duration::ZERO));
}
