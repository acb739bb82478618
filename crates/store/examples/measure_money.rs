//! Measures the lists of invoices, payments and transactions, on a database full of them.
//!
//! `cargo run --release -p tandem-store --example measure_money -- URL [CUSTOMERS INVOICES]` fills the database that `URL` names,
//! if it is empty (by default with 1,000 customers and 100,000 invoices, nine in ten of them paid), and prints the median and the
//! worst of some runs of each list, in milliseconds, with what is counted.

mod measuring;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tandem_domain::{
    access::{Scope, Tenant},
    billing::{invoice::InvoiceStanding, ledger::TransactionKind, payment::PaymentState},
    ids::Timestamp,
    list::Query,
};
use tandem_store::{
    Options, Store, StoreError, demo, invoices::InvoiceFilters, ledger::LedgerFilters, payments::PaymentFilters,
};

use self::measuring::measure;

const DAY: i64 = 24 * 60 * 60;

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(url) = args.first() else {
        eprintln!("usage: measure_money URL [CUSTOMERS INVOICES]");
        return Ok(());
    };
    let number = |n: usize, default: u32| args.get(n).and_then(|text| text.parse().ok()).unwrap_or(default);
    let store = Store::connect(url, &Options::default()).await?;
    store.migrate().await?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp(i64::try_from(since.as_millis()).unwrap_or_default());
    if store.counts().customers(Scope::for_system()).await?.open == 0 {
        let started = Instant::now();
        demo::bulk(&store, number(1, 1_000), 0, 0, now).await?;
        demo::bulk_money(&store, number(2, 100_000), now).await?;
        println!("filled in {:.1} s", started.elapsed().as_secs_f64());
    }
    let newest = store.payments().list(Scope::for_system(), &Query::default(), &PaymentFilters::default()).await?;
    let Some(row) = newest.rows.first() else { return Ok(()) };
    let customer = row.payment.customer;
    let number = row.invoice_number.map(|number| number.to_string()).unwrap_or_default();
    let half = now.plus_seconds(-182 * DAY);
    for (whose, scope) in [("staff", Scope::for_system()), ("company", Scope::of(Tenant::for_system(customer)))] {
        for (label, search) in [("all", ""), ("its number", number.as_str()), ("visa", "visa"), ("“zzz”", "zzz")] {
            let query = Query { search: search.into(), ..Query::default() };
            measure_lists(&store, &format!("{whose}: {label}"), scope, &query).await?;
        }
        let query = Query::default();
        for standing in InvoiceStanding::ALL.iter().copied() {
            let filters = InvoiceFilters { standing: Some(standing), today: "2026-06-01".into(), ..Default::default() };
            let list = async || store.invoices().list(scope, &query, &filters).await.map(|page| page.count);
            measure(&format!("{whose}: {} invoices", standing.key()), list).await?;
        }
        for state in [PaymentState::Succeeded, PaymentState::Processing] {
            let filters = PaymentFilters { state: Some(state), until: Some(half), ..Default::default() };
            let list = async || store.payments().list(scope, &query, &filters).await.map(|page| page.count);
            measure(&format!("{whose}: {} payments, half a year ago", state.key()), list).await?;
        }
        let filters = LedgerFilters { kind: Some(TransactionKind::Refund), ..Default::default() };
        let list = async || store.ledger().list(scope, &query, &filters).await.map(|page| page.count);
        measure(&format!("{whose}: refunds in the ledger"), list).await?;
    }
    let tenant = Tenant::for_system(customer);
    measure("a balance", async || store.ledger().balance(tenant).await.map(|_| 1)).await?;
    measure("what is open", async || store.invoices().open_of(tenant, "2026-06-01").await.map(|_| 1)).await?;
    measure("a check of everything", async || store.ledger().check().await.map(|_| 1)).await
}

async fn measure_lists(store: &Store, label: &str, scope: Scope, query: &Query<()>) -> Result<(), StoreError> {
    let invoices =
        async || store.invoices().list(scope, query, &InvoiceFilters::default()).await.map(|page| page.count);
    measure(&format!("{label}: invoices"), invoices).await?;
    let payments =
        async || store.payments().list(scope, query, &PaymentFilters::default()).await.map(|page| page.count);
    measure(&format!("{label}: payments"), payments).await?;
    let ledger = async || store.ledger().list(scope, query, &LedgerFilters::default()).await.map(|page| page.count);
    measure(&format!("{label}: transactions"), ledger).await
}
