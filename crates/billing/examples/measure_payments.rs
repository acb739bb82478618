//! How many automatic payments are made each second, for `make bench`.
//!
//! ```text
//! measure_payments DATABASE_URL PAYMENTS
//! ```
//!
//! In an empty database some customers with a saved card get invoices that are paid as they are issued, at the stand-in for
//! Stripe in this same process. Each figure is a line: its name, what it is, its target and whether that is met, with tabs
//! between them.

#[expect(dead_code, reason = "some of it is for the other program that shares it")]
mod measuring;

use std::{error::Error, time::Instant};

use tandem_billing::PayRequest;
use tandem_domain::billing::{
    auto_payment::{AutoPaymentTerms, OnInvoice},
    invoice::{InvoiceLine, NewInvoice},
    payment::PaymentState,
};
use tandem_store::{Change, payments::PayFor};

use measuring::{Bench, tell};

/// Who has invoices.
const CUSTOMERS: usize = 500;
/// Cents of each invoice: more than any card is charged with before.
const AMOUNT: i64 = 1_234;
/// Payments that are made at once, as a server does by default.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, payments] = arguments.as_slice() else {
        return Err("measure_payments DATABASE_URL PAYMENTS".into());
    };
    let each = payments.parse::<usize>()?.div_ceil(CUSTOMERS);
    let bench = Bench::new(url, AT_ONCE).await?;
    for n in 0..CUSTOMERS {
        customer(&bench, n, each).await?;
    }
    charge(&bench, CUSTOMERS * each).await?;
    bench.store.close().await;
    Ok(())
}

/// A customer who has paid once with a card that is saved, pays by itself from now on, and has so many invoices.
async fn customer(bench: &Bench, n: usize, invoices: usize) -> Result<(), Box<dyn Error>> {
    let change = Change::by_system((bench.now)());
    let tenant = bench.company(n).await?;
    let request =
        PayRequest { token: format!("first-{n}"), pay_for: PayFor::Balance(100), save_method: true, payer: None };
    let paying = bench.billing.begin(&change, tenant, &request).await?;
    let secret = paying.client_secret.ok_or("a payment without a secret")?;
    bench.give_card(secret.expose()).await?;
    let paid = bench.billing.returned(tenant, paying.payment.id).await?.payment;
    if paid.state != PaymentState::Succeeded {
        return Err(format!("the first payment is {:?}", paid.state).into());
    }
    let terms = AutoPaymentTerms { on_invoice: OnInvoice::OnIssue, ..AutoPaymentTerms::default() };
    let version = bench.store.auto_payments().get(tenant).await?.version;
    bench.store.auto_payments().save(&change, tenant, version, &terms, true).await?;
    for invoice in 0..invoices {
        let bill = NewInvoice {
            lines: vec![InvoiceLine::one("Calls", AMOUNT, 0)],
            issued_on: "2026-11-26".into(),
            due_on: "2026-12-10".into(),
            note: String::new(),
        };
        bench.store.invoices().issue(&change, tenant, &format!("{n}-{invoice}"), &bill).await?;
    }
    Ok(())
}

async fn charge(bench: &Bench, wanted: usize) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let mut paid = 0;
    loop {
        let charged = bench.billing.charge_due().await?;
        paid += charged.paid as usize;
        if charged.paid == 0 {
            break;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let each_second = paid as f64 / begun.elapsed().as_secs_f64().max(f64::EPSILON);
    let name = format!("automatic payments, {wanted} due, {AT_ONCE} at once");
    tell(&name, &format!("{each_second:.0}/s"), "≥ 200/s", each_second >= 200.0);
    let tallies = bench.sim.control().tallies();
    let twice = tallies.iter().filter(|(_, tally)| tally.charges > 1).count();
    let taken = tallies.iter().filter(|(_, tally)| tally.charges == 1).count();
    let missing = (wanted + CUSTOMERS).abs_diff(taken) + wanted.abs_diff(paid);
    tell("charged twice, or not at all", &(twice + missing).to_string(), "0", twice + missing == 0);
    bench.tell_ledger().await
}
