//! Things change between a wish and the processor's answer to it: what is no longer owed is not taken.

use tandem_billing::{BillingError, Charged, Heard};
use tandem_domain::{
    billing::{
        auto_payment::{AutoPaymentTerms, OnInvoice},
        failure::FailureKind,
        invoice::InvoiceState,
        payment::PaymentState,
        refund::RefundState,
    },
    ids::InvoiceId,
};
use tandem_processor_sim::{Fault, FaultKind, Processing};
use tandem_store::{
    ledger::NewAdjustment,
    payments::{NewRefund, PayFor, PaymentFilters},
};

use crate::{
    automatic::declining_default,
    world::{ALWAYS_ASKS, DAY, GOOD, REFUND_FAILS, World},
};

/// Its refunds stay with the bank for a while (Stripe, "Testing").
const REFUND_TAKES_TIME: &str = "4000000000007726";

/// A bank transfer for an invoice.
async fn transfer(world: &World, invoice: Option<InvoiceId>, credit: i64) {
    let new = NewAdjustment { token: world.token(), credit, reason: "Bank transfer".into(), invoice };
    world.store.ledger().adjust(&world.change(), world.abc, &new).await.unwrap();
}

async fn wants(world: &World, terms: AutoPaymentTerms) {
    let version = world.store.auto_payments().get(world.abc).await.unwrap().version;
    world.store.auto_payments().save(&world.change(), world.abc, version, &terms, true).await.unwrap();
}

async fn charged(world: &World) -> Charged {
    world.billing.charge_due().await.unwrap()
}

/// What was captured of each payment, in order.
fn captured(world: &World) -> Vec<i64> {
    world.control().tallies().iter().map(|(_, tally)| tally.captured).filter(|captured| *captured > 0).collect()
}

fn silence(world: &World, kind: FaultKind) {
    for _ in 0..3 {
        world.control().fault(Fault::next("/v1/payment_intents", kind));
    }
}

#[tokio::test]
async fn an_invoice_that_was_paid_in_part_meanwhile_is_charged_for_the_rest() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    let invoice = world.invoice(12_000).await;
    silence(&world, FaultKind::DropBefore);
    assert_eq!(charged(&world).await.undecided, 1);
    world.control().clear_faults();
    // The ten euros with which the card was saved have paid their part.
    transfer(&world, Some(invoice), 9_000).await;
    world.later(600);
    assert_eq!(charged(&world).await.paid, 1);
    assert_eq!((captured(&world), world.balance().await), (vec![1_000, 2_000], 0));
    world.proves_right().await;
}

#[tokio::test]
async fn who_paid_otherwise_while_the_bank_had_it_is_not_charged_again_when_the_bank_says_no() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    world.control().hold_processing(Processing { all: true, ..Processing::default() });
    // The ten euros with which the card was saved pay their part.
    let invoice = world.invoice(13_000).await;
    assert_eq!(charged(&world).await.undecided, 1);
    transfer(&world, None, 12_000).await;
    assert_eq!((world.balance().await, world.invoice_state(invoice).await), (0, InvoiceState::Open));
    let payment = world.store.payments().open_of_invoice(world.abc, invoice).await.unwrap().unwrap();
    assert!(world.control().settle(&payment.reference.unwrap(), false));
    world.control().hold_processing(Processing::default());
    let event = world.control().events(Some("payment_intent.payment_failed")).pop().unwrap();
    assert_eq!(world.hears(&event).await, Heard::Done);
    assert_eq!(world.invoice_state(invoice).await, InvoiceState::Paid);
    world.billing.sweep().await.unwrap();
    assert_eq!(world.payment(payment.id).await.state, PaymentState::Cancelled);
    world.later(10 * DAY);
    assert_eq!(charged(&world).await, Charged::default());
    assert_eq!((captured(&world), world.balance().await), (vec![1_000], 0));
    world.proves_right().await;
}

#[tokio::test]
async fn a_balance_that_is_fine_again_is_not_topped_up() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    let terms = AutoPaymentTerms { threshold: Some(5_000), top_up: Some(10_000), ..AutoPaymentTerms::default() };
    wants(&world, terms).await;
    world.invoice(12_000).await;
    transfer(&world, None, 11_000).await;
    assert_eq!(charged(&world).await.paid, 0);
    assert_eq!(captured(&world), [1_000]);
}

#[tokio::test]
async fn what_the_customer_no_longer_wants_is_not_charged() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    world.invoice(12_000).await;
    let terms = AutoPaymentTerms { threshold: Some(500_000), top_up: Some(10_000), ..AutoPaymentTerms::default() };
    wants(&world, terms).await;
    assert_eq!(charged(&world).await.paid, 0);
    assert_eq!(captured(&world), [1_000]);
}

#[tokio::test]
async fn an_open_page_of_an_old_amount_cannot_be_paid_any_more() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let old = world.begin(invoice).await;
    transfer(&world, Some(invoice), 10_000).await;
    let link = world.billing.resume(&world.change(), world.abc, old.payment.id).await;
    assert!(matches!(link, Err(BillingError::NotOpen)), "{link:?}");
    assert_eq!(world.give_card(old.client_secret.unwrap().expose(), GOOD).await, 400);
    let new = world.begin(invoice).await;
    assert_eq!(new.payment.amount.minor, 2_000);
    world.give_card(new.client_secret.unwrap().expose(), GOOD).await;
    assert_eq!(world.returned(new.payment.id).await.state, PaymentState::Succeeded);
    assert_eq!((captured(&world), world.balance().await), (vec![2_000], 0));
    world.proves_right().await;
}

#[tokio::test]
async fn who_begins_again_is_given_the_new_amount_at_once() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let old = world.begin(invoice).await;
    transfer(&world, Some(invoice), 10_000).await;
    let new = world.begin(invoice).await;
    assert_eq!((new.payment.amount.minor, world.payment(old.payment.id).await.state), (2_000, PaymentState::Cancelled));
}

#[tokio::test]
async fn the_sweep_calls_off_what_should_not_be_paid_any_more() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let old = world.begin(invoice).await;
    transfer(&world, Some(invoice), 10_000).await;
    world.later(120);
    world.billing.sweep().await.unwrap();
    assert_eq!(world.payment(old.payment.id).await.state, PaymentState::Cancelled);
}

#[tokio::test]
async fn a_refund_whose_name_was_lost_is_known_by_itself_when_the_bank_sends_it_back() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, REFUND_FAILS).await;
    let wanted = NewRefund { token: "a".into(), amount: 2_000, reason: "Goodwill".into(), owed_again: true };
    let refund = world.billing.refund(&world.change(), world.abc, payment.id, &wanted).await.unwrap();
    assert_eq!(refund.state, RefundState::Succeeded);
    execute(&world, "UPDATE refund SET reference = NULL WHERE id = $1", &refund.id.to_string()).await;
    world.later(60);
    let failed = async {
        loop {
            if let Some(event) = world.control().events(Some("refund.failed")).pop() {
                return event;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let event = tokio::time::timeout(std::time::Duration::from_secs(20), failed).await.unwrap();
    assert_eq!(world.hears(&event).await, Heard::Done);
    assert_eq!(world.store.payments().refund(refund.id).await.unwrap().state, RefundState::Failed);
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

#[tokio::test]
async fn a_payment_of_a_company_that_never_became_known_there_is_given_up_without_a_search() {
    let world = World::new().await;
    for _ in 0..3 {
        world.control().fault(Fault::next("/v1/customers", FaultKind::DropBefore));
    }
    let request = world.request(PayFor::Balance(1_000), false);
    assert!(world.billing.begin(&world.change(), world.abc, &request).await.is_err());
    world.control().clear_faults();
    world.later(2 * DAY);
    world.billing.sweep().await.unwrap();
    assert!(world.control().requests("GET", "/v1/payment_intents").is_empty());
    let again = world.billing.begin(&world.change(), world.abc, &request).await;
    assert!(matches!(again, Err(BillingError::NotOpen)), "{again:?}");
}

#[tokio::test]
async fn a_fault_that_stripe_repeats_for_its_key_stops_nobody() {
    let world = World::new().await;
    let (_, paid) = world.paid(1_000, GOOD).await;
    let saved = |path| world.control().fault(Fault::next(path, FaultKind::ErrorSaved));
    // Creating.
    saved("/v1/payment_intents");
    let invoice = world.invoice(12_000).await;
    let paying = world.begin(invoice).await;
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    assert_eq!(world.returned(paying.payment.id).await.state, PaymentState::Succeeded);
    // Confirming.
    let method = world.saved_card(GOOD).await;
    let paying = world.begin(world.invoice(12_000).await).await;
    saved("/confirm");
    let with = world.billing.pay_with(&world.change(), world.abc, paying.payment.id, method).await.unwrap();
    assert_eq!(with.payment.state, PaymentState::Succeeded);
    // Refunding.
    saved("/v1/refunds");
    let wanted = NewRefund { token: "a".into(), amount: 500, reason: "Goodwill".into(), owed_again: true };
    let refund = world.billing.refund(&world.change(), world.abc, paid.id, &wanted).await.unwrap();
    assert_eq!(refund.state, RefundState::Succeeded);
    world.proves_right().await;
}

#[tokio::test]
async fn turned_on_again_it_tries_the_old_payment_with_the_new_card() {
    let world = World::new().await;
    world.saved_card(ALWAYS_ASKS).await;
    world.automatic().await;
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(&world).await.over, 1);
    let failed = world.store.payments().open_of_invoice(world.abc, invoice).await.unwrap().unwrap();
    assert_eq!(failed.failure.as_ref().unwrap().kind, FailureKind::AuthenticationRequired);
    world.later(DAY);
    let good = world.saved_card(GOOD).await;
    world.billing.set_default(&world.change(), world.abc, good).await.unwrap();
    wants(&world, AutoPaymentTerms { on_invoice: OnInvoice::OnDueDate, ..AutoPaymentTerms::default() }).await;
    world.later(15 * DAY);
    assert_eq!(world.billing.note_due().await.unwrap(), 1);
    let done = charged(&world).await;
    assert_eq!((done.paid, done.over), (1, 0), "{done:?}");
    assert!(world.balance().await <= 0);
    world.proves_right().await;
}

#[tokio::test]
async fn a_card_of_a_system_that_is_off_fails_as_any_other() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    world.invoice(12_000).await;
    let stored = world.store.payment_systems().get(world.system).await.unwrap();
    let off = tandem_domain::billing::system::PaymentSystem { active: false, ..stored.value };
    world.store.payment_systems().update(&world.change(), world.system, stored.version, &off).await.unwrap();
    assert_eq!(charged(&world).await.again, 1);
}

#[tokio::test]
async fn an_issued_invoice_is_not_topped_up_for_too() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    let terms = AutoPaymentTerms { on_invoice: OnInvoice::OnIssue, threshold: Some(5_000), top_up: Some(10_000) };
    wants(&world, terms).await;
    world.invoice(12_000).await;
    assert_eq!(charged(&world).await.paid, 1);
    assert_eq!((captured(&world), world.balance().await), (vec![1_000, 11_000], 0));
    world.proves_right().await;
}

#[tokio::test]
async fn a_lower_top_up_is_what_is_charged_when_it_is_tried_again() {
    let world = World::new().await;
    let before = world.saved_card(GOOD).await;
    declining_default(&world, before).await;
    let terms = AutoPaymentTerms { threshold: Some(5_000), top_up: Some(10_000), ..AutoPaymentTerms::default() };
    wants(&world, terms).await;
    world.invoice(12_000).await;
    assert_eq!(charged(&world).await.again, 1);
    wants(&world, AutoPaymentTerms { top_up: Some(8_000), ..terms }).await;
    let good = world.saved_card(GOOD).await;
    world.billing.set_default(&world.change(), world.abc, good).await.unwrap();
    world.later(DAY);
    assert_eq!(charged(&world).await.paid, 1);
    assert_eq!(captured(&world).last(), Some(&8_000));
    world.proves_right().await;
}

#[tokio::test]
async fn a_top_up_that_nobody_makes_any_more_is_called_off() {
    let world = World::new().await;
    let before = world.saved_card(GOOD).await;
    declining_default(&world, before).await;
    let terms = AutoPaymentTerms { threshold: Some(5_000), top_up: Some(10_000), ..AutoPaymentTerms::default() };
    wants(&world, terms).await;
    world.invoice(12_000).await;
    assert_eq!(charged(&world).await.again, 1);
    let all = PaymentFilters { state: Some(PaymentState::RequiresPaymentMethod), ..PaymentFilters::default() };
    let open = async || {
        let scope = tandem_domain::access::Scope::of(world.abc);
        world.store.payments().list(scope, &tandem_domain::list::Query::default(), &all).await.unwrap().rows
    };
    let [left] = open().await.try_into().unwrap();
    world.later(120);
    world.billing.sweep().await.unwrap();
    assert_eq!(open().await.len(), 1, "it is tried again tomorrow");
    transfer(&world, None, 12_000).await;
    world.later(DAY);
    assert_eq!(charged(&world).await, Charged::default());
    world.billing.sweep().await.unwrap();
    assert_eq!(world.payment(left.payment.id).await.state, PaymentState::Cancelled);
    world.proves_right().await;
}

#[tokio::test]
async fn a_refund_that_the_bank_still_has_is_asked_about_until_it_is_decided() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, REFUND_TAKES_TIME).await;
    let wanted = NewRefund { token: "a".into(), amount: 2_000, reason: "Goodwill".into(), owed_again: true };
    let refund = world.billing.refund(&world.change(), world.abc, payment.id, &wanted).await.unwrap();
    assert_eq!((refund.state, world.balance().await), (RefundState::Succeeded, 2_000));
    let asked = || world.control().requests("GET", "/v1/refunds").len();
    let before = asked();
    let decided = async {
        let mut last = before;
        loop {
            world.later(DAY);
            world.billing.sweep().await.unwrap();
            if asked() == last {
                return;
            }
            last = asked();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), decided).await.unwrap();
    assert!(asked() > before);
    world.proves_right().await;
}

async fn execute(world: &World, statement: &'static str, id: &str) {
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&world.database()).await.unwrap();
    sqlx::query(statement).bind(id).execute(&mut connection).await.unwrap();
}
