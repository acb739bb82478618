//! Measures the lists of recordings, on a database full of them.
//!
//! `cargo run --release -p tandem-store --example measure_recordings -- URL [CUSTOMERS ACCOUNTS RECORDINGS]` fills the database
//! that `URL` names, if it is empty (by default with 1,000 customers, 20,000 accounts and 1,000,000 recordings), and prints the
//! median and the worst of some runs of each list, in milliseconds, with what is counted.

mod measuring;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tandem_domain::{
    access::{Scope, Who},
    ids::{AdministratorId, Timestamp},
    list::{Cursor, Query},
};
use tandem_store::{Options, Store, StoreError, demo, recordings::RecordingFilters};
use uuid::Uuid;

use self::measuring::measure;

const STAFF: Who = Who::Administrator(AdministratorId(Uuid::nil()));
const DAY: i64 = 24 * 60 * 60;
const MINUTE_MS: u64 = 60_000;

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(url) = args.first() else {
        eprintln!("usage: measure_recordings URL [CUSTOMERS ACCOUNTS RECORDINGS]");
        return Ok(());
    };
    let number = |n: usize, default: u32| args.get(n).and_then(|text| text.parse().ok()).unwrap_or(default);
    let store = Store::connect(url, &Options::default()).await?;
    store.migrate().await?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp(i64::try_from(since.as_millis()).unwrap_or_default());
    if store.counts().customers(Scope::for_system()).await?.open == 0 {
        let started = Instant::now();
        demo::bulk(&store, number(1, 1_000), number(2, 20_000), 0, now).await?;
        demo::bulk_recordings(&store, number(3, 1_000_000), now).await?;
        println!("filled in {:.1} s", started.elapsed().as_secs_f64());
    }
    let newest = store.recordings().list(STAFF, &Query::default(), &RecordingFilters::default()).await?;
    let Some(row) = newest.rows.into_iter().find(|row| row.recording.caller.account.is_some()) else { return Ok(()) };
    let recording = row.recording;
    let people = [
        ("staff", STAFF),
        ("company", Who::Customer(recording.customer)),
        ("account", Who::Account { account: recording.account, customer: recording.customer }),
    ];
    let none = RecordingFilters::default;
    let half = now.plus_seconds(-182 * DAY);
    let caller = |text: &str| RecordingFilters { caller: text.into(), ..none() };
    let of = [
        ("all", none(), ""),
        ("half a year ago", RecordingFilters { until: Some(half), ..none() }, ""),
        (
            "a day half a year ago",
            RecordingFilters { from: Some(half), until: Some(half.plus_seconds(DAY)), ..none() },
            "",
        ),
        ("of a customer", RecordingFilters { customer: Some(recording.customer), ..none() }, ""),
        ("of an account", RecordingFilters { account: Some(recording.account), ..none() }, ""),
        ("caller +32470", caller("+32470"), ""),
        ("caller +324712345", caller("+324712345"), ""),
        ("caller 2001", caller("2001"), ""),
        ("caller john smith", caller("john smith"), ""),
        ("caller john, destination +32470", RecordingFilters { destination: "+32470".into(), ..caller("john") }, ""),
        ("destination support (nobody)", RecordingFilters { destination: "support".into(), ..none() }, ""),
        ("longer than 5 minutes", RecordingFilters { shortest_ms: Some(5 * MINUTE_MS), ..none() }, ""),
        ("longer than 2 hours", RecordingFilters { shortest_ms: Some(120 * MINUTE_MS), ..none() }, ""),
        ("longer than a day", RecordingFilters { shortest_ms: Some(24 * 60 * MINUTE_MS), ..none() }, ""),
        ("shorter than 5 seconds", RecordingFilters { longest_ms: Some(5_000), ..none() }, ""),
        ("shorter than 30 seconds", RecordingFilters { longest_ms: Some(30_000), ..none() }, ""),
        (
            "longer than 2 hours, a month, caller +32470",
            RecordingFilters {
                shortest_ms: Some(120 * MINUTE_MS),
                from: Some(half),
                until: Some(half.plus_seconds(30 * DAY)),
                ..caller("+32470")
            },
            "",
        ),
        (
            "5 to 6 minutes, caller john",
            {
                RecordingFilters { shortest_ms: Some(5 * MINUTE_MS), longest_ms: Some(6 * MINUTE_MS), ..caller("john") }
            },
            "",
        ),
        ("“john smith”", none(), "john smith"),
        ("“support”", none(), "support"),
        ("“+32470”", none(), "+32470"),
        ("“zzz”", none(), "zzz"),
    ];
    for (label, filters, search) in &of {
        for (whose, who) in people {
            let page = async |cursor: Option<Cursor>| {
                let query = Query { search: (*search).into(), cursor, ..Query::default() };
                store.recordings().list(who, &query, filters).await
            };
            measure(&format!("{whose}: {label}"), || async { page(None).await.map(|page| page.count) }).await?;
        }
    }
    Ok(())
}
