//! How many transactions the ledger takes each second, and how soon a balance is told, for `make bench`.
//!
//! ```text
//! measure_ledger DATABASE_URL TRANSACTIONS PAYMENTS
//! ```
//!
//! In an empty database a tenth of the transactions are written one by one, the others some hundred at once, all of them of one
//! customer; then its balance is asked for a thousand times. So many payments of as many customers' invoices are begun and
//! credited, each with a receipt, by some workers at once. At last the ledger is checked. Each figure is a line: its name, what it
//! is, its target and whether that is met, with tabs between them.

use std::{
    error::Error,
    str::FromStr,
    time::{Duration, Instant, SystemTime},
};

use tandem_domain::{
    access::{Scope, Tenant},
    billing::{
        invoice::{InvoiceLine, NewInvoice},
        ledger::{AccountKind, Entry},
        payment::{Cause, IntentStatus, Snapshot},
        system::PaymentSystem,
    },
    customer::{Billing, Customer},
    ids::{CustomerId, InvoiceId, PaymentSystemId, Timestamp},
    list::Query,
    locale::{Currency, Locale, TimeZone},
    money::Money,
};
use tandem_store::{
    Change, Letter, Options, Store, StoreError, classes,
    customers::CustomerFilters,
    demo,
    payments::{NewPayment, PayFor, Receipt},
    roles,
};

/// Workers that pay at once.
const WORKERS: usize = 8;
/// Transactions that are written at once.
const AT_ONCE: usize = 500;
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
    let entries: Vec<Entry> = (0..transactions).map(|n| entry(panda, n)).collect();
    let (single, many) = entries.split_at(entries.len() / 10);
    let change = Change::by_system(now);

    let begun = Instant::now();
    for one in single {
        store.ledger().post_many(&change, std::slice::from_ref(one)).await?;
    }
    tell("ledger transactions, one by one", single.len(), begun.elapsed(), None);
    let begun = Instant::now();
    for some in many.chunks(AT_ONCE) {
        store.ledger().post_many(&change, some).await?;
    }
    tell("ledger transactions, 500 at once", many.len(), begun.elapsed(), Some(2000.0));

    let tenant = Tenant::for_system(panda);
    let mut took = Vec::new();
    for _ in 0..ASKED {
        let begun = Instant::now();
        store.ledger().balance(tenant).await?;
        took.push(begun.elapsed());
    }
    took.sort();
    let [half, most] = [took.len() / 2, took.len() * 99 / 100].map(|place| took[place].as_secs_f64() * 1000.0);
    let met = if half <= 2.0 { "met" } else { "missed" };
    println!(
        "balance of a customer with {transactions} postings\t{half:.2} ms at half, {most:.2} ms at 99 %\t≤ 2 ms\t{met}"
    );
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
        let customer = Customer { name, sip_prefix: letters(n), email: "bill@example.com".into(), ..customer() };
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

/// A number in letters, with a beginning that no other customer has.
fn letters(n: u32) -> String {
    let digits = n.to_string();
    std::iter::once('z').chain(digits.bytes().map(|digit| char::from(b'a' + digit - b'0'))).collect()
}

fn entry(customer: CustomerId, n: u32) -> Entry {
    let charge = Money::new(-i64::from(n % 100) - 1, Currency::Eur);
    Entry::adjustment(format!("call:{n}"), customer, charge, AccountKind::Revenue, "Call")
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
