//! What the exchange keeps is written, on both databases, whatever else cannot be.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

use std::{sync::Arc, time::Duration};

use tandem_domain::{
    access::{Scope, Tenant},
    calls::{Direction, EndedBy, Party, ReleaseCause, Xdr},
    ids::{CallId, CustomerId, Timestamp, XdrId},
    list::Query,
};
use tandem_store::{Options, Store, demo, xdrs::XdrFilters};
use tandem_telephony::{
    feed::Feed,
    records::{self, Record},
};
use tandem_test_database::on_postgresql;
use uuid::Uuid;

/// 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp(1_767_225_600_000);

async fn store(url: &str) -> Store {
    let store = Store::connect(url, &Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    demo::fill(&store, NOW).await.unwrap();
    store
}

/// A call of the company's, which nobody answered.
fn call(customer: CustomerId, number: u128) -> Xdr {
    let party = |number: &str| Party { number: number.into(), name: String::new(), account: None };
    Xdr {
        id: XdrId(Uuid::from_u128(number)),
        call: CallId(Uuid::from_u128(number)),
        customer,
        direction: Direction::Internal,
        caller: party("744"),
        callee: party("702"),
        dialled: "702".into(),
        huntgroup: String::new(),
        started: NOW,
        answered: None,
        ended: NOW.plus_seconds(1),
        cause: ReleaseCause::NoAnswer,
        status: 480,
        ended_by: EndedBy::Exchange,
        caller_quality: None,
        callee_quality: None,
    }
}

/// A customer is gone that had a call: its record is refused, now and for ever.
async fn what_is_refused_for_good_holds_up_nothing_else(url: &str) {
    let store = store(url).await;
    let john = store.exchange().phone("abc744").await.unwrap().unwrap();
    let abc = john.line.tenant();
    let writer = records::start(store.clone(), Feed::default(), Arc::new(|| NOW));
    let is_refused = |number: u128| number.is_multiple_of(4);
    for number in 1..=9 {
        let customer = if is_refused(number) { CustomerId(Uuid::from_u128(4)) } else { abc.customer() };
        writer.write(Record::Xdr(Box::new(call(customer, number))));
    }
    tokio::time::timeout(Duration::from_secs(20), writer.finish()).await.expect("nothing is tried for ever");
    let written = numbers(&store, abc).await;
    assert_eq!(written, (1..=9).filter(|number| !is_refused(*number)).collect::<Vec<_>>());
}

async fn numbers(store: &Store, of: Tenant) -> Vec<u128> {
    let page = store.xdrs().list(Scope::of(of), &Query::default(), &XdrFilters::default()).await.unwrap();
    let mut numbers: Vec<_> =
        page.rows.iter().map(|row| row.xdr.id.0.as_u128()).filter(|number| *number < 100).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn what_is_refused_for_good_holds_up_nothing_else_on_sqlite() {
    what_is_refused_for_good_holds_up_nothing_else("sqlite::memory:").await;
}

#[tokio::test]
async fn what_is_refused_for_good_holds_up_nothing_else_on_postgresql() {
    on_postgresql(async |url| what_is_refused_for_good_holds_up_nothing_else(&url).await).await;
}
