//! Fills an empty database with many records, for `make bench`.
//!
//! ```text
//! many_records DATABASE_URL CUSTOMERS ACCOUNTS AUDIT_ROWS [RECORDINGS]
//! ```
//!
//! Every account has made a call and has been billed once, unless there are recordings. Beside what is asked for there are the
//! people of the demonstration data, who can sign in, and more than a page full of extensions, huntgroups, calls and invoices
//! of the customer ABC: a list that is cut into pages costs the same in every such database.

use std::{error::Error, str::FromStr, time::SystemTime};

use tandem_domain::{
    access::{Scope, Tenant},
    account::Account,
    huntgroup::Huntgroup,
    ids::Timestamp,
    list::Query,
};
use tandem_store::{Change, Options, Store, customers::CustomerFilters, demo, roles};

/// Extensions that ABC gets.
const EXTENSIONS: u32 = 120;
/// Calls and invoices there are at least: more than a page full of ABC's.
const MONEY_AND_CALLS_MIN: u32 = 10_000;
/// Huntgroups that ABC gets.
const HUNTGROUPS: u32 = 60;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, customers, accounts, audit_rows, recordings @ ..] = arguments.as_slice() else {
        return Err("many_records DATABASE_URL CUSTOMERS ACCOUNTS AUDIT_ROWS [RECORDINGS]".into());
    };
    let now = Timestamp(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis().try_into()?);
    let store = Store::connect(url, &Options::default()).await?;
    store.migrate().await?;
    if !demo::fill(&store, now).await? {
        return Err("the database is not empty".into());
    }
    fill_abc(&store, now).await?;
    let accounts = u32::from_str(accounts)?;
    demo::bulk(&store, u32::from_str(customers)?, accounts, u32::from_str(audit_rows)?, now).await?;
    match recordings.first().map(|recordings| u32::from_str(recordings)).transpose()?.unwrap_or_default() {
        0 => {
            let each = accounts.max(MONEY_AND_CALLS_MIN);
            demo::bulk_calls(&store, each, now).await?;
            demo::bulk_money(&store, each, now).await?;
        }
        recordings => demo::bulk_recordings(&store, recordings, now).await?,
    }
    store.close().await;
    Ok(())
}

async fn fill_abc(store: &Store, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let query = Query { search: "abc".into(), ..Query::default() };
    let found = store.customers().list(Scope::for_system(), &query, &CustomerFilters::default()).await?;
    let abc = found.rows.first().ok_or("there is no customer ABC")?.id;
    let tenant = Tenant::for_system(abc);
    let change = Change::by_system(now);
    for n in 0..EXTENSIONS {
        let account = Account {
            customer: abc,
            first_name: format!("Desk {n}"),
            last_name: String::new(),
            email: format!("desk{n}@abc.example"),
            extension: (3000 + n).to_string().parse()?,
            expires_on: None,
            role: roles::ACCOUNT,
            dialing_rule: None,
        };
        store.accounts().create(tenant, &account, None, &change).await?;
    }
    for n in 0..HUNTGROUPS {
        let group = Huntgroup::parse(&format!("Team {n}"), &(7800 + n).to_string(), "order", "20")?;
        store.huntgroups(tenant).create(&group, &change).await?;
    }
    Ok(())
}
