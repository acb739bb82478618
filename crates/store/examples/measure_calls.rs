//! Measures what the exchange writes and asks, and the lists of calls, on a database full of calls.
//!
//! `cargo run --release -p tandem-store --example measure_calls -- URL [CUSTOMERS ACCOUNTS CALLS]` fills the database that
//! `URL` names, if it is empty (by default with 1,000 customers, 20,000 accounts and 1,000,000 calls), and prints how long
//! batches of a thousand records take, and the median and the worst of some runs of each list, in milliseconds.

mod measuring;

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use tandem_domain::{
    access::{Scope, Tenant},
    calls::{Direction, ReleaseCause, Xdr},
    ids::Timestamp,
    list::{Cursor, Query},
};
use tandem_store::{
    Options, Store, StoreError, demo,
    xdrs::{XdrFilters, XdrRow},
};

use self::measuring::measure;

const ALL: Scope = Scope::for_system();
/// Records in a batch, as the exchange writes them about once a second.
const BATCH: usize = 1000;

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(url) = args.first() else {
        eprintln!("usage: measure_calls URL [CUSTOMERS ACCOUNTS CALLS]");
        return Ok(());
    };
    let number = |n: usize, default: u32| args.get(n).and_then(|text| text.parse().ok()).unwrap_or(default);
    let store = Store::connect(url, &Options::default()).await?;
    store.migrate().await?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp(i64::try_from(since.as_millis()).unwrap_or_default());
    if store.counts().customers(ALL).await?.open == 0 {
        let started = Instant::now();
        demo::bulk(&store, number(1, 1_000), number(2, 20_000), 0, now).await?;
        demo::bulk_calls(&store, number(3, 1_000_000), now).await?;
        println!("filled in {:.1} s", started.elapsed().as_secs_f64());
    }
    let newest = store.xdrs().list(ALL, &Query::default(), &XdrFilters::default()).await?;
    let Some(XdrRow { xdr, .. }) = newest.rows.iter().find(|row| row.xdr.caller.account.is_some()) else {
        return Ok(());
    };
    let (tenant, account) = (Tenant::for_system(xdr.customer), xdr.caller.account);
    measure_appending(&store, now).await?;
    measure_exchange(&store, tenant, &xdr.caller.number, account).await?;
    measure_lists(&store, tenant, account, now).await
}

/// New calls like the last ones.
async fn measure_appending(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let (mut like, mut cursor) = (Vec::new(), None);
    while like.len() < BATCH {
        let query = Query { cursor, ..Query::default() };
        let page = store.xdrs().list(ALL, &query, &XdrFilters::default()).await?;
        like.extend(page.rows);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let second = AtomicI64::new(0);
    measure("a batch of a thousand records appended", || async {
        let started = now.plus_seconds(second.fetch_add(1, Ordering::Relaxed));
        let new = |row: &XdrRow| Xdr { id: store.xdrs().new_id(started), started, ..row.xdr.clone() };
        let batch: Vec<Xdr> = like.iter().cycle().take(BATCH).map(new).collect();
        store.xdrs().append(&batch).await.map(|()| 1000)
    })
    .await
}

async fn measure_exchange(
    store: &Store,
    tenant: Tenant,
    extension: &str,
    account: Option<tandem_domain::ids::AccountId>,
) -> Result<(), StoreError> {
    let exchange = store.exchange();
    let (Some(account), Ok(extension), Ok(group)) = (account, extension.parse(), "7700".parse()) else { return Ok(()) };
    measure("a caller", || async { exchange.caller(account).await.map(|found| u32::from(found.is_some())) }).await?;
    for (label, number) in [("an extension", &extension), ("a huntgroup", &group)] {
        measure(label, || async { exchange.extension(tenant, number).await.map(|found| u32::from(found.is_some())) })
            .await?;
    }
    measure("no phone", || async { exchange.phone("nobody").await.map(|found| u32::from(found.is_some())) }).await
}

async fn measure_lists(
    store: &Store,
    tenant: Tenant,
    account: Option<tandem_domain::ids::AccountId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let none = XdrFilters::default();
    let half = now.plus_seconds(-182 * 24 * 60 * 60);
    let incoming = Some(Direction::Incoming);
    let of = [
        ("all", none, ""),
        ("half a year ago", XdrFilters { until: Some(half), ..none }, ""),
        (
            "one day half a year ago",
            XdrFilters { from: Some(half), until: Some(half.plus_seconds(86_400)), ..none },
            "",
        ),
        ("incoming", XdrFilters { direction: incoming, ..none }, ""),
        ("cancelled", XdrFilters { cause: Some(ReleaseCause::Cancelled), ..none }, ""),
        ("congestion", XdrFilters { cause: Some(ReleaseCause::Congestion), ..none }, ""),
        ("answered", XdrFilters { answered: Some(true), ..none }, ""),
        ("not answered", XdrFilters { answered: Some(false), ..none }, ""),
        ("incoming, not answered", XdrFilters { direction: incoming, answered: Some(false), ..none }, ""),
        ("of an account", XdrFilters { account, ..none }, ""),
        ("of an account, incoming", XdrFilters { account, direction: incoming, ..none }, ""),
        ("of an account, “+32470”", XdrFilters { account, ..none }, "+32470"),
        ("“+3247012345”", none, "+324712345"),
        ("“+32470”", none, "+32470"),
        ("“32”", none, "32"),
        ("“2001”", none, "2001"),
        ("“john”", none, "john"),
        ("“john smith”", none, "john smith"),
        ("“john smith” incoming", XdrFilters { direction: incoming, ..none }, "john smith"),
        ("“support”", none, "support"),
        ("“zzz”", none, "zzz"),
    ];
    for (label, filters, search) in of {
        for (scope, whose) in [(ALL, "all"), (Scope::of(tenant), "own")] {
            let page = async |cursor: Option<Cursor>| {
                let query = Query { search: search.into(), cursor, ..Query::default() };
                store.xdrs().list(scope, &query, &filters).await
            };
            measure(&format!("{whose} calls, {label}"), || async { page(None).await.map(|page| page.count) }).await?;
        }
    }
    Ok(())
}
