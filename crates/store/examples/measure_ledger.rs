//! How many transactions the ledger takes each second, and how soon a balance is told, for `make bench`.
//!
//! ```text
//! measure_ledger DATABASE_URL TRANSACTIONS PAYMENTS
//! ```
//!
//! In an empty database so many postings are made of one customer, many in one transaction of the database, and its balance is
//! asked for a thousand times. Then a tenth of them are written as an administrator does, each for itself and made to last before
//! the next, with its lines in the audit log: first by one writer, then by some at once, of some customers. So many payments of as many customers' invoices are begun and credited, each
//! with a receipt, by some workers at once. At last the ledger is checked. Each figure is a line: its name, what it is, its target
//! and whether that is met, with tabs between them.

use std::{
    error::Error,
    str::FromStr,
    time::{Duration, Instant, SystemTime},
};

use tandem_domain::{
    access::{Scope, Tenant},
    billing::{
        invoice::{InvoiceLine, NewInvoice},
        payment::{Cause, IntentStatus, Snapshot},
        system::PaymentSystem,
    },
    customer::{Billing, Customer},
    ids::{InvoiceId, PaymentSystemId, Timestamp},
    list::Query,
    locale::{Currency, Locale, TimeZone},
};
use tandem_store::{
    Change, Letter, Options, Store, StoreError, classes,
    customers::CustomerFilters,
    demo,
    ledger::NewAdjustment,
    payments::{NewPayment, PayFor, Receipt},
    roles,
};

/// Workers that write, or pay, at once.
const WORKERS: usize = 8;
/// Customers whose balances they move.
const CUSTOMERS: usize = 50;
/// How often the balance is asked for.
const ASKED: usize = 1000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, transactions, payments] = arguments.as_slice() else {
        return Err("measure_ledger DATABASE_URL TRANSACTIONS PAYMENTS".into());
    };
    let transactions = u32::from_str(transactions)?;
    let now = Timestamp(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis().try_into()?);
    let store = Store::connect(url, &Options::default()).await?;
    store.migrate().await?;
    demo::fill(&store, now).await?;
    let query = Query { search: "panda".into(), ..Query::default() };
    let found = store.customers().list(Scope::for_system(), &query, &CustomerFilters::default()).await?;
    let panda = found.rows.first().ok_or("there is no customer Panda")?.id;
    let begun = Instant::now();
    demo::bulk_postings(&store, panda, transactions, now).await?;
    let name = "ledger transactions, 1,000 in one of the database's";
    tell(name, transactions as usize, begun.elapsed(), Some(2000.0));
    let tenant = Tenant::for_system(panda);
    let mut took = Vec::new();
    for _ in 0..ASKED {
        let begun = Instant::now();
        store.ledger().balance(tenant).await?;
        took.push(begun.elapsed());
    }
    took.sort();
    let [half, most] = [took.len() / 2, took.len() * 99 / 100].map(|place| took[place].as_secs_f64() * 1000.0);
    let met = if most <= 2.0 { "met" } else { "missed" };
    println!(
        "balance of a customer with {transactions} postings\t{most:.2} ms at 99 %, {half:.2} ms at half\t≤ 2 ms at 99 %\t{met}"
    );
    measure_adjustments(&store, now, transactions / 10).await?;
    measure_payments(&store, now, u32::from_str(payments)?).await?;
    let begun = Instant::now();
    let report = store.ledger().check().await?;
    let met = if report.is_clean() { "met" } else { "missed" };
    let (postings, problems) = (report.postings, report.problems.len());
    println!(
        "the check of {postings} postings\t{problems} problems, {:.2} s\t0 problems\t{met}",
        begun.elapsed().as_secs_f64()
    );
    store.close().await;
    Ok(())
}

/// Corrects balances, as an administrator does: by one writer, and by some at once.
async fn measure_adjustments(store: &Store, now: Timestamp, adjustments: u32) -> Result<(), Box<dyn Error>> {
    let change = Change::by_system(now);
    let mut tenants = Vec::new();
    for n in (0..u32::MAX).take(CUSTOMERS) {
        let customer = Customer { name: format!("Adjusted {n}"), sip_prefix: letters('y', n), ..customer() };
        tenants.push(Tenant::for_system(store.customers().create(&customer, None, &change).await?));
    }
    let wanted: Vec<(Tenant, u32)> = tenants.into_iter().cycle().zip(0..adjustments).collect();
    let (alone, together) = wanted.split_at(wanted.len() / 10);
    let begun = Instant::now();
    for (tenant, n) in alone {
        adjust(store, now, *tenant, *n).await?;
    }
    tell("adjustments with their lines in the audit log, by one writer", alone.len(), begun.elapsed(), None);
    let begun = Instant::now();
    let workers = (0..WORKERS).map(|worker| {
        let (store, mine) = (store.clone(), together.iter().skip(worker).step_by(WORKERS).copied().collect::<Vec<_>>());
        tokio::spawn(async move {
            for (tenant, n) in mine {
                adjust(&store, now, tenant, n).await?;
            }
            Ok::<(), StoreError>(())
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await??;
    }
    tell(&format!("adjustments, by {WORKERS} writers at once"), together.len(), begun.elapsed(), None);
    Ok(())
}

async fn adjust(store: &Store, now: Timestamp, tenant: Tenant, n: u32) -> Result<(), StoreError> {
    let credit = -i64::from(n % 100) - 1;
    let new = NewAdjustment { token: format!("measured {n}"), credit, reason: "Call".into(), invoice: None };
    store.ledger().adjust(&Change::by_system(now), tenant, &new).await.map(drop)
}

/// Begins and credits payments of invoices, each of another customer.
async fn measure_payments(store: &Store, now: Timestamp, payments: u32) -> Result<(), Box<dyn Error>> {
    let change = Change::by_system(now);
    let system = PaymentSystem::parse("Measured", "stripe", true, ["EUR"], true, "")?;
    let system = store.payment_systems().create(&change, &system).await?;
    let mut wanted = Vec::new();
    for n in 0..payments {
        let bill = NewInvoice {
            lines: vec![InvoiceLine::one("Calls", 1000, 2100)],
            issued_on: "2026-01-01".into(),
            due_on: "2026-01-15".into(),
            note: String::new(),
        };
        let name = format!("Measured {n}");
        let customer = Customer { name, sip_prefix: letters('z', n), email: "bill@example.com".into(), ..customer() };
        let tenant = Tenant::for_system(store.customers().create(&customer, None, &change).await?);
        wanted.push((tenant, store.invoices().issue(&change, tenant, "measured", &bill).await?));
    }
    let begun = Instant::now();
    let workers = (0..WORKERS).map(|worker| {
        let (store, mine) = (store.clone(), wanted.iter().skip(worker).step_by(WORKERS).copied().collect::<Vec<_>>());
        tokio::spawn(async move {
            for (tenant, invoice) in mine {
                pay(&store, now, tenant, invoice, system).await?;
            }
            Ok::<(), StoreError>(())
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await??;
    }
    tell("payments begun and credited, with receipts", wanted.len(), begun.elapsed(), None);
    Ok(())
}

async fn pay(
    store: &Store,
    now: Timestamp,
    tenant: Tenant,
    invoice: InvoiceId,
    system: PaymentSystemId,
) -> Result<(), StoreError> {
    let change = Change::by_system(now);
    let new = NewPayment {
        token: invoice.to_string(),
        pay_for: PayFor::Invoice(invoice),
        system,
        method: None,
        save_method: false,
        off_session: true,
        payer: None,
        charge: None,
    };
    let payment = store.payments().begin(&change, tenant, &new).await?.payment;
    let said = Snapshot {
        asked: now,
        reference: format!("pi_{}", payment.id),
        status: IntentStatus::Succeeded,
        amount: payment.amount.minor,
        amount_received: payment.amount.minor,
        amount_refunded: 0,
        currency: payment.amount.currency,
        failure: None,
        method: None,
        metadata_payment: Some(payment.id),
    };
    let letter = |told: &Receipt| {
        let text = format!("{} was paid.", told.payment.amount);
        Some(Letter { subject: text.clone(), html: text.clone(), text })
    };
    store.payments().take(&change, Cause::Api, payment.id, &said, letter).await.map(drop)
}

fn customer() -> Customer {
    Customer {
        name: String::new(),
        email: String::new(),
        sip_prefix: String::new(),
        currency: Currency::Eur,
        billing: Billing::Postpaid,
        class: classes::STANDARD,
        locale: Locale::default(),
        time_zone: TimeZone::default(),
        role: roles::CUSTOMER,
    }
}

/// A number in letters, behind one that no others begin with.
fn letters(first: char, n: u32) -> String {
    let digits = n.to_string();
    std::iter::once(first).chain(digits.bytes().map(|digit| char::from(b'a' + digit - b'0'))).collect()
}

fn tell(what: &str, count: usize, took: Duration, target: Option<f64>) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each_second = count as f64 / took.as_secs_f64().max(f64::EPSILON);
    let (target, verdict) = match target {
        None => (String::new(), "free"),
        Some(target) => (format!("≥ {target}/s"), if each_second >= target { "met" } else { "missed" }),
    };
    println!("{what}\t{each_second:.0}/s\t{target}\t{verdict}");
}
