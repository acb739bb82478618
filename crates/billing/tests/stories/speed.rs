//! How many automatic payments are made in a second? Measured when asked for: `cargo test --release -p tandem-billing
//! --test stories speed -- --ignored --nocapture`.

use std::time::Instant;

use tandem_billing::PayRequest;
use tandem_domain::billing::{
    auto_payment::{AutoPaymentTerms, OnInvoice},
    invoice::{InvoiceLine, NewInvoice},
};
use tandem_store::payments::PayFor;

use crate::world::{GOOD, World, company};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn due_automatic_payments_in_a_second() {
    let count: usize = std::env::var("TANDEM_CHARGES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000);
    let world = World::new().await;
    let change = world.change();
    let terms = AutoPaymentTerms { on_invoice: OnInvoice::OnIssue, ..AutoPaymentTerms::default() };
    let bill = NewInvoice {
        lines: vec![InvoiceLine::one("Calls", 12_000, 0)],
        issued_on: "2026-01-01".into(),
        due_on: "2026-01-15".into(),
        note: String::new(),
    };
    let letters =
        |n: usize| -> String { (0..4).map(|place| char::from(b'a' + (n / 26_usize.pow(place) % 26) as u8)).collect() };
    for n in 0..count {
        let tenant = company(&world.store, &change, &letters(n)).await;
        let request =
            PayRequest { token: "first".into(), pay_for: PayFor::Balance(1_000), save_method: true, payer: None };
        let paying = world.billing.begin(&change, tenant, &request).await.unwrap();
        world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
        world.billing.returned(tenant, paying.payment.id).await.unwrap();
        let version = world.store.auto_payments().get(tenant).await.unwrap().version;
        world.store.auto_payments().save(&change, tenant, version, &terms, true).await.unwrap();
        world.store.invoices().issue(&change, tenant, "bill", &bill).await.unwrap();
    }
    let began = Instant::now();
    let charged = world.billing.charge_due().await.unwrap();
    let took = began.elapsed();
    println!("{charged:?} in {took:?}: {:.0}/s", count as f64 / took.as_secs_f64());
    assert_eq!(charged.paid as usize, count);
    world.proves_right().await;
}
