//! Measures every list of the store on a database full of records.
//!
//! `cargo run --release -p tandem-store --example measure -- URL [CUSTOMERS ACCOUNTS AUDIT_ROWS]` fills the database that
//! `URL` names, if it is empty (by default with 1,000 customers, 100,000 accounts and 1,000,000 audit rows), and prints the
//! median and the worst of some runs of each list, in milliseconds.

mod measuring;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tandem_domain::{
    access::{Scope, Tenant},
    audit::Subject,
    ids::{CustomerId, Timestamp},
    list::{Cursor, Query},
    status::Status,
};
use tandem_store::{
    Options, Store, StoreError,
    accounts::{AccountFilters, AccountSort},
    audit::{AuditFilters, Fields, Hidden},
    customers::{CustomerFilters, CustomerSort},
    demo,
};

use self::measuring::measure;

const ALL: Scope = Scope::for_system();

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(url) = args.first() else {
        eprintln!("usage: measure URL [CUSTOMERS ACCOUNTS AUDIT_ROWS]");
        return Ok(());
    };
    let number = |n: usize, default: u32| args.get(n).and_then(|text| text.parse().ok()).unwrap_or(default);
    let store = Store::connect(url, &Options::default()).await?;
    store.migrate().await?;
    if store.counts().customers(ALL).await?.open == 0 {
        let started = Instant::now();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp(i64::try_from(since.as_millis()).unwrap_or_default());
        demo::bulk(&store, number(1, 1_000), number(2, 100_000), number(3, 1_000_000), now).await?;
        println!("filled in {:.1} s", started.elapsed().as_secs_f64());
        store.migrate().await?;
    }
    let customers = store.customers().list(ALL, &Query::default(), &CustomerFilters::default()).await?;
    let Some(customer) = customers.rows.get(20).map(|row| row.id) else { return Ok(()) };
    measure_customers(&store).await?;
    measure_accounts(&store, customer).await?;
    measure_audit(&store, customer).await
}

async fn measure_customers(store: &Store) -> Result<(), StoreError> {
    for (sort, name) in
        [(CustomerSort::Name, "name"), (CustomerSort::Status, "status"), (CustomerSort::Created, "created")]
    {
        for filters in [
            CustomerFilters::default(),
            CustomerFilters { status: Some(Status::Suspended), ..CustomerFilters::default() },
        ] {
            for search in ["", "b", "brown", "adler bak"] {
                let query = Query { sort, search: search.into(), ..Query::default() };
                let label = format!("customers by {name}, {:?}, “{search}”", filters.status);
                measure(&label, || async {
                    store.customers().list(ALL, &query, &filters).await.map(|page| page.count)
                })
                .await?;
            }
        }
    }
    measure("dashboard counts", || async {
        store.counts().customers(ALL).await?;
        store.counts().accounts(ALL).await.map(|counts| u32::try_from(counts.open).unwrap_or_default())
    })
    .await
}

async fn measure_accounts(store: &Store, customer: CustomerId) -> Result<(), StoreError> {
    let own = Scope::of(Tenant::for_system(customer));
    let sorts = [
        (AccountSort::Extension, "extension"),
        (AccountSort::Name, "name"),
        (AccountSort::Customer, "customer"),
        (AccountSort::Status, "status"),
    ];
    for (sort, name) in sorts {
        for (scope, whose) in [(ALL, "all"), (own, "own")] {
            for status in [None, Some(Status::Closed), Some(Status::Suspended)] {
                let filters = AccountFilters { status, ..AccountFilters::default() };
                let query = Query { sort, ..Query::default() };
                let label = format!("{whose} accounts by {name}, {status:?}");
                let page = store.accounts().list(scope, &query, &filters).await?;
                measure(&label, || async {
                    store.accounts().list(scope, &query, &filters).await.map(|page| page.count)
                })
                .await?;
                let cursor = page.next.map(|next| Cursor { key: middle(&next.key, sort), ..next });
                if scope == ALL && status.is_none() {
                    let query = Query { cursor, ..query };
                    let label = format!("{label}, from the middle");
                    measure(&label, || async {
                        store.accounts().list(scope, &query, &filters).await.map(|page| page.count)
                    })
                    .await?;
                }
            }
        }
    }
    for search in
        ["a", "j", "jo", "john", "john smith", "john s", "2050", "john adler 2001", "ma mo", "zzz", "e", "example"]
    {
        for (sort, name) in
            [(AccountSort::Extension, "extension"), (AccountSort::Name, "name"), (AccountSort::Customer, "customer")]
        {
            for (scope, whose) in [(ALL, "all"), (own, "own")] {
                let query = Query { sort, search: search.into(), ..Query::default() };
                let filters = AccountFilters::default();
                let label = format!("{whose} accounts by {name}, “{search}”");
                measure(&label, || async {
                    store.accounts().list(scope, &query, &filters).await.map(|page| page.count)
                })
                .await?;
            }
        }
    }
    Ok(())
}

fn middle(key: &str, sort: AccountSort) -> String {
    match sort {
        AccountSort::Extension => "42050".into(),
        AccountSort::Name | AccountSort::Customer => "m".into(),
        AccountSort::Status => key.into(),
    }
}

async fn measure_audit(store: &Store, customer: CustomerId) -> Result<(), StoreError> {
    let own = Scope::of(Tenant::for_system(customer));
    let newest = store.audit().list(ALL, &AuditFilters::default(), None).await?;
    let at = newest.rows.first().map_or(Timestamp(0), |row| row.at);
    let half = at.plus_seconds(-182 * 24 * 60 * 60);
    let filters = |search: &str| AuditFilters { search: search.into(), ..AuditFilters::default() };
    // A role that hides the field, searching for what a quarter of the lines says, all of them hidden.
    let hidden = vec![Hidden { subject: Subject::Account, fields: Fields::Only(vec!["status", "reason"]) }];
    let of = [
        ("everything", filters("")),
        ("of accounts", AuditFilters { subject: Some(Subject::Account), ..filters("") }),
        ("of roles", AuditFilters { subject: Some(Subject::Role), ..filters("") }),
        ("by admin", AuditFilters { actor: "admin".into(), ..filters("") }),
        ("by nobody", AuditFilters { actor: "nobody".into(), ..filters("") }),
        ("by admin of roles", AuditFilters { actor: "admin".into(), subject: Some(Subject::Role), ..filters("") }),
        ("of a customer", AuditFilters { customer: Some(customer), ..filters("") }),
        ("of a customer by admin", AuditFilters { customer: Some(customer), actor: "admin".into(), ..filters("") }),
        ("until half a year ago", AuditFilters { until: Some(half), ..filters("") }),
        (
            "from half a year ago",
            AuditFilters { from: Some(half), until: Some(half.plus_seconds(86_400)), ..filters("") },
        ),
        ("“john”", filters("john")),
        ("“j”", filters("j")),
        ("“smi”", filters("smi")),
        ("“john smith”", filters("john smith")),
        ("“john smith status”", filters("john smith status")),
        ("“2050”", filters("2050")),
        ("“status”", filters("status")),
        ("“zzz”", filters("zzz")),
        ("“john” by admin", AuditFilters { actor: "admin".into(), ..filters("john") }),
        ("“john” of a customer", AuditFilters { customer: Some(customer), ..filters("john") }),
        ("“john” without accounts' status", AuditFilters { hidden: hidden.clone(), ..filters("john") }),
        ("“status” without accounts' status", AuditFilters { hidden: hidden.clone(), ..filters("status") }),
        ("“john” of roles", AuditFilters { subject: Some(Subject::Role), ..filters("john") }),
    ];
    for (label, filters) in of {
        for (scope, whose) in [(ALL, "all"), (own, "own")] {
            let label = format!("{whose} audit, {label}");
            measure(&label, || async { store.audit().list(scope, &filters, None).await.map(|page| page.count) })
                .await?;
        }
    }
    Ok(())
}
