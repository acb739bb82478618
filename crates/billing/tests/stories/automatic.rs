//! Money is taken without being asked.

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use futures::future::join_all;
use tandem_billing::Charged;
use tandem_domain::{
    access::Scope,
    billing::{
        auto_payment::{AutoPaymentState, AutoPaymentTerms, DisabledReason, OnInvoice},
        invoice::InvoiceState,
        payment::PaymentState,
    },
    ids::{InvoiceId, PaymentId, PaymentMethodId},
    list::Query,
    mail::MailKind,
};
use tandem_processor_sim::{Fault, FaultKind, Processing};
use tandem_store::payments::PaymentFilters;

use crate::{
    given_up::{moves_on, tamper},
    world::{ALWAYS_ASKS, ASKS_UNLESS_SAVED, DAY, GOOD, PUBLIC_URL, SAVED_BUT_DECLINED, World, on_postgres},
};

const PAID: Charged = Charged { paid: 1, again: 0, over: 0, undecided: 0 };
const AGAIN: Charged = Charged { paid: 0, again: 1, over: 0, undecided: 0 };
pub const OVER: Charged = Charged { paid: 0, again: 0, over: 1, undecided: 0 };
pub const UNDECIDED: Charged = Charged { paid: 0, again: 0, over: 0, undecided: 1 };
pub const NOTHING: Charged = Charged { paid: 0, again: 0, over: 0, undecided: 0 };

pub async fn state(world: &World) -> AutoPaymentState {
    world.store.auto_payments().get(world.abc).await.unwrap().state
}

pub async fn charged(world: &World) -> Charged {
    world.billing.charge_due().await.unwrap()
}

#[tokio::test]
async fn an_invoice_is_paid_as_soon_as_it_is_issued() {
    let world = World::new().await;
    world.saved_card(ASKS_UNLESS_SAVED).await;
    world.automatic().await;
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(&world).await, PAID);
    assert_eq!(charged(&world).await, NOTHING);
    assert_eq!(world.invoice_state(invoice).await, InvoiceState::Paid);
    // The ten euros with which the card was saved pay their part.
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

#[tokio::test]
async fn when_the_bank_wants_to_see_her_it_is_turned_off_with_one_mail_that_leads_to_that_very_payment() {
    let world = World::new().await;
    world.saved_card(ALWAYS_ASKS).await;
    world.automatic().await;
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(&world).await, OVER);
    let disabled = AutoPaymentState::Disabled(DisabledReason::AuthenticationRequired);
    assert_eq!(state(&world).await, disabled);
    world.later(30 * DAY);
    assert_eq!(charged(&world).await, NOTHING);
    for event in world.control().events(None) {
        world.hears(&event).await;
    }
    let mails = world.mails(MailKind::AutoPaymentFailed).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.contains("needs verification"), "{}", mails[0].subject);
    let failed = world.store.auto_payments().get(world.abc).await.unwrap().failed_payment.unwrap();
    let text = world.store.outbox().one(mails[0].id).await.unwrap().text;
    assert!(text.contains(&format!("{PUBLIC_URL}/self-care/payments/{failed}/resume")), "{text}");
    // She follows the link, gives her card and passes the check.
    let resumed = world.billing.resume(&world.change(), world.abc, failed).await.unwrap();
    world.give_card(resumed.client_secret.unwrap().expose(), ALWAYS_ASKS).await;
    assert!(world.control().authenticate(&resumed.payment.reference.unwrap(), true));
    assert_eq!(world.returned(failed).await.state, PaymentState::Succeeded);
    assert_eq!(world.invoice_state(invoice).await, InvoiceState::Paid);
    // It stays off until somebody turns it on.
    assert_eq!(state(&world).await, disabled);
    world.automatic().await;
    assert_eq!(state(&world).await, AutoPaymentState::On);
    world.proves_right().await;
}

#[tokio::test]
async fn who_paid_otherwise_meanwhile_finds_nothing_to_pay_behind_the_link() {
    let world = World::new().await;
    world.saved_card(ALWAYS_ASKS).await;
    world.automatic().await;
    let (first, second) = (world.invoice(12_000).await, world.invoice(12_000).await);
    charged(&world).await;
    let open = async |invoice| world.store.payments().open_of_invoice(world.abc, invoice).await.unwrap();
    let waiting = open(first).await.or(open(second).await).unwrap();
    // A bank transfer for all.
    let transfer = tandem_store::ledger::NewAdjustment {
        token: "transfer".into(),
        credit: 30_000,
        reason: "Bank transfer".into(),
        invoice: waiting.invoice,
    };
    world.store.ledger().adjust(&world.change(), world.abc, &transfer).await.unwrap();
    assert_eq!(world.invoice_state(waiting.invoice.unwrap()).await, InvoiceState::Paid);
    let link = world.billing.resume(&world.change(), world.abc, waiting.id).await;
    assert!(matches!(link, Err(tandem_billing::BillingError::NotOpen)), "{link:?}");
    assert_eq!(world.payment(waiting.id).await.state, PaymentState::Cancelled);
    world.proves_right().await;
}

#[tokio::test]
async fn what_is_paid_by_credit_while_the_bank_says_no_has_not_failed() {
    let world = World::new().await;
    world.saved_card(ALWAYS_ASKS).await;
    world.automatic().await;
    let invoice = world.invoice(12_000).await;
    let charging = world.billing.charge_due();
    tokio::pin!(charging);
    // Until the bank has said it, and before anybody has heard it.
    let has_said_no = || !world.control().events(Some("payment_intent.payment_failed")).is_empty();
    let is_early =
        poll_fn(
            |context| if has_said_no() { Poll::Ready(true) } else { charging.as_mut().poll(context).map(|_| false) },
        );
    assert!(is_early.await);
    let credit = tandem_store::ledger::NewAdjustment {
        token: "transfer".into(),
        credit: 11_000,
        reason: "Bank transfer".into(),
        invoice: Some(invoice),
    };
    world.store.ledger().adjust(&world.change(), world.abc, &credit).await.unwrap();
    assert_eq!(world.invoice_state(invoice).await, InvoiceState::Paid);
    assert_eq!(charging.await.unwrap(), UNDECIDED);
    assert_eq!(state(&world).await, AutoPaymentState::On);
    world.later(DAY);
    assert_eq!(charged(&world).await, NOTHING);
    world.billing.sweep().await.unwrap();
    assert!(world.mails(MailKind::AutoPaymentFailed).await.is_empty());
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

#[tokio::test]
async fn a_declined_one_is_tried_again_after_one_three_and_five_days_and_then_turned_off() {
    let world = World::new().await;
    let good = world.saved_card(GOOD).await;
    world.automatic().await;
    declining_default(&world, good).await;
    world.invoice(12_000).await;
    assert_eq!(charged(&world).await, AGAIN);
    for days in [1, 3] {
        world.later(days * DAY - 600);
        assert_eq!(charged(&world).await, NOTHING);
        world.later(1200);
        assert_eq!(charged(&world).await, AGAIN);
    }
    assert!(world.mails(MailKind::AutoPaymentFailed).await.is_empty());
    world.later(5 * DAY + 600);
    assert_eq!(charged(&world).await, OVER);
    assert_eq!(state(&world).await, AutoPaymentState::Disabled(DisabledReason::Declined));
    assert_eq!(world.mails(MailKind::AutoPaymentFailed).await.len(), 1);
    // All of them were attempts at one payment.
    let attempts = world.control().events(Some("payment_intent.payment_failed"));
    assert_eq!(attempts.len(), 4);
    assert!(attempts.iter().all(|event| event["data"]["object"]["id"] == attempts[0]["data"]["object"]["id"]));
    world.proves_right().await;
}

#[tokio::test]
async fn a_card_that_was_removed_at_stripe_fails_and_the_payment_can_still_be_made() {
    let world = World::new().await;
    let card = world.saved_card(GOOD).await;
    world.automatic().await;
    let reference = world.store.payment_methods().one(world.abc, card).await.unwrap().reference;
    assert!(world.control().detach(&reference));
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(&world).await, AGAIN);
    for days in [1, 3] {
        world.later(days * DAY + 600);
        assert_eq!(charged(&world).await, AGAIN);
    }
    world.later(5 * DAY + 600);
    assert_eq!(charged(&world).await, OVER);
    assert_eq!(state(&world).await, AutoPaymentState::Disabled(DisabledReason::Declined));
    let failed = world.store.auto_payments().get(world.abc).await.unwrap().failed_payment.unwrap();
    // It was never created at Stripe, and is what the mail's link leads to, however late she follows it.
    assert_eq!(world.payment(failed).await.reference, None);
    for seconds in [20 * 60, DAY] {
        world.later(seconds);
        assert_eq!(world.billing.sweep().await.unwrap().failed, 0);
    }
    let resumed = world.billing.resume(&world.change(), world.abc, failed).await.unwrap();
    world.give_card(resumed.client_secret.unwrap().expose(), GOOD).await;
    assert_eq!(world.returned(failed).await.state, PaymentState::Succeeded);
    assert_eq!(world.invoice_state(invoice).await, InvoiceState::Paid);
    world.proves_right().await;
}

#[tokio::test]
async fn what_she_took_in_hand_and_left_at_the_bank_is_called_off_after_a_day() {
    let world = World::new().await;
    world.saved_card(ALWAYS_ASKS).await;
    world.automatic().await;
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(&world).await, OVER);
    let failed = world.store.auto_payments().get(world.abc).await.unwrap().failed_payment.unwrap();
    world.later(30 * DAY);
    let resumed = world.billing.resume(&world.change(), world.abc, failed).await.unwrap();
    world.give_card(resumed.client_secret.unwrap().expose(), ALWAYS_ASKS).await;
    assert_eq!(world.returned(failed).await.state, PaymentState::RequiresAction);
    world.later(DAY - 60);
    world.billing.sweep().await.unwrap();
    assert_eq!(world.payment(failed).await.state, PaymentState::RequiresAction);
    // While it was with the bank, a transfer did not pay the invoice.
    let transfer = tandem_store::ledger::NewAdjustment {
        token: "transfer".into(),
        credit: 11_000,
        reason: "Bank transfer".into(),
        invoice: None,
    };
    world.store.ledger().adjust(&world.change(), world.abc, &transfer).await.unwrap();
    assert_eq!(world.invoice_state(invoice).await, InvoiceState::Open);
    world.later(7 * 3600);
    world.billing.sweep().await.unwrap();
    assert_eq!(world.payment(failed).await.state, PaymentState::Cancelled);
    assert_eq!((world.invoice_state(invoice).await, world.balance().await), (InvoiceState::Paid, 0));
    world.proves_right().await;
}

#[tokio::test]
async fn what_is_called_off_on_purpose_is_not_charged_again() {
    let world = World::new().await;
    let good = world.saved_card(GOOD).await;
    world.automatic().await;
    declining_default(&world, good).await;
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(&world).await, AGAIN);
    let waiting = world.store.payments().open_of_invoice(world.abc, invoice).await.unwrap().unwrap();
    let cancelled = world.billing.cancel(&world.change(), world.abc, waiting.id).await.unwrap();
    assert_eq!(cancelled.state, PaymentState::Cancelled);
    world.billing.set_default(&world.change(), world.abc, good).await.unwrap();
    for _ in 0..10 {
        world.later(DAY);
        assert_eq!(charged(&world).await, NOTHING);
    }
    assert_eq!(state(&world).await, AutoPaymentState::On);
    // The next one is charged as ever.
    world.invoice(5_000).await;
    assert_eq!(charged(&world).await, PAID);
    assert_eq!(world.balance().await, 11_000);
    world.proves_right().await;
}

/// An automatic payment that was declined and is tried again tomorrow, with a card that would do then.
async fn declined_once(world: &World) -> (InvoiceId, PaymentId) {
    let good = world.saved_card(GOOD).await;
    world.automatic().await;
    declining_default(world, good).await;
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(world).await, AGAIN);
    world.billing.set_default(&world.change(), world.abc, good).await.unwrap();
    (invoice, world.store.payments().open_of_invoice(world.abc, invoice).await.unwrap().unwrap().id)
}

#[tokio::test]
async fn what_is_called_off_on_purpose_is_not_charged_when_the_settings_are_saved() {
    let world = World::new().await;
    let (_, waiting) = declined_once(&world).await;
    world.billing.cancel(&world.change(), world.abc, waiting).await.unwrap();
    let auto = world.store.auto_payments();
    for (threshold, on) in [(50_000, true), (60_000, true), (60_000, false), (50_000, true)] {
        let version = auto.get(world.abc).await.unwrap().version;
        let on_invoice = OnInvoice::OnIssue;
        let terms = AutoPaymentTerms { on_invoice, threshold: Some(threshold), top_up: Some(1_000) };
        auto.save(&world.change(), world.abc, version, &terms, on).await.unwrap();
        world.later(DAY);
        assert_eq!(charged(&world).await, NOTHING);
    }
    world.proves_right().await;
}

#[tokio::test]
async fn what_cannot_be_called_off_is_charged_on() {
    let world = World::new().await;
    let (invoice, waiting) = declined_once(&world).await;
    world.control().fault(Fault::next("/cancel", FaultKind::Refused));
    let refused = world.billing.cancel(&world.change(), world.abc, waiting).await.unwrap_err();
    assert!(!refused.is_temporary(), "{refused}");
    world.later(DAY + 60);
    assert_eq!(charged(&world).await, PAID);
    assert_eq!((world.invoice_state(invoice).await, world.balance().await), (InvoiceState::Paid, 0));
    world.proves_right().await;
}

#[tokio::test]
async fn what_was_to_be_called_off_while_nobody_answered_is_called_off_by_the_sweep() {
    for lost in [FaultKind::DropBefore, FaultKind::DropAfter] {
        let world = World::new().await;
        let (invoice, waiting) = declined_once(&world).await;
        world.control().fault(Fault { times: 3, ..Fault::next("/cancel", lost) });
        let silent = world.billing.cancel(&world.change(), world.abc, waiting).await.unwrap_err();
        assert!(silent.is_temporary(), "{silent}");
        world.control().clear_faults();
        world.later(DAY);
        world.billing.sweep().await.unwrap();
        assert_eq!(world.payment(waiting).await.state, PaymentState::Cancelled);
        for _ in 0..10 {
            assert_eq!(charged(&world).await, NOTHING);
            world.later(DAY);
        }
        assert_eq!(world.invoice_state(invoice).await, InvoiceState::Open);
        world.proves_right().await;
    }
}

#[tokio::test]
async fn what_the_payment_system_before_refuses_is_no_failure_of_the_card() {
    let world = World::new().await;
    let (invoice, before) = declined_once(&world).await;
    moves_on(&world).await;
    default_without_paying(&world, GOOD).await;
    // The account there was emptied.
    tamper(&world, "UPDATE payment SET reference = 'pi_nowhere' WHERE id = $1", before).await;
    for _ in 0..10 {
        world.later(DAY);
        assert_eq!(charged(&world).await, UNDECIDED);
    }
    assert_eq!(state(&world).await, AutoPaymentState::On);
    assert!(world.mails(MailKind::AutoPaymentFailed).await.is_empty());
    assert_eq!(
        (world.payment(before).await.state.is_open(), world.invoice_state(invoice).await),
        (true, InvoiceState::Open)
    );
}

#[tokio::test]
async fn a_card_of_another_payment_system_is_charged_there_and_that_is_no_failure() {
    let world = World::new().await;
    let good = world.saved_card(GOOD).await;
    world.automatic().await;
    declining_default(&world, good).await;
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(&world).await, AGAIN);
    let before = world.store.payments().open_of_invoice(world.abc, invoice).await.unwrap().unwrap();
    let new = moves_on(&world).await;
    default_without_paying(&world, GOOD).await;
    world.later(DAY + 60);
    assert_eq!(charged(&world).await, PAID);
    assert_eq!(world.payment(before.id).await.state, PaymentState::Cancelled);
    assert_eq!((world.invoice_state(invoice).await, world.balance().await), (InvoiceState::Paid, 0));
    let filters = PaymentFilters { invoice: Some(invoice), ..PaymentFilters::default() };
    let payments = world.store.payments().list(Scope::for_system(), &Query::default(), &filters).await.unwrap();
    assert_eq!(payments.rows[0].payment.system, new);
    world.proves_right().await;
}

#[tokio::test]
async fn without_a_card_it_is_turned_off() {
    let world = World::new().await;
    let card = world.saved_card(GOOD).await;
    world.automatic().await;
    world.billing.remove_method(&world.change(), world.abc, card).await.unwrap();
    assert_eq!(state(&world).await, AutoPaymentState::Disabled(DisabledReason::NoMethod));
    world.invoice(12_000).await;
    assert_eq!(charged(&world).await, NOTHING);
}

#[tokio::test]
async fn two_workers_at_once_never_charge_twice() {
    workers_at_once(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_at_once_never_charge_twice_on_postgresql() {
    on_postgres(workers_at_once).await;
}

async fn workers_at_once(world: World) {
    world.saved_card(GOOD).await;
    world.automatic().await;
    for _ in 0..10 {
        world.invoice(12_000).await;
    }
    let workers: Vec<_> = (0..3).map(|_| world.another()).collect();
    let done = join_all(workers.iter().map(tandem_billing::Billing::charge_due)).await;
    let paid: u32 = done.into_iter().map(|charged| charged.unwrap().paid).sum();
    assert_eq!(paid, 10);
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_no_second_charge_and_no_failure() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    world.invoice(12_000).await;
    for _ in 0..3 {
        world.control().fault(Fault::next("/v1/payment_intents", FaultKind::DropAfter));
    }
    assert_eq!(charged(&world).await, UNDECIDED);
    world.control().clear_faults();
    world.later(300);
    assert_eq!(charged(&world).await, PAID);
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

#[tokio::test]
async fn the_bank_says_no_only_later() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    world.control().hold_processing(Processing { all: true, ..Processing::default() });
    world.invoice(12_000).await;
    assert_eq!(charged(&world).await, UNDECIDED);
    let payment = payment_under_way(&world).await;
    let reference = world.payment(payment).await.reference.unwrap();
    assert!(world.control().settle(&reference, false));
    world.control().hold_processing(Processing::default());
    let event = world.control().events(Some("payment_intent.payment_failed")).pop().unwrap();
    world.hears(&event).await;
    // It is looked at now, counted as a failure, and tried again tomorrow.
    assert_eq!(charged(&world).await, AGAIN);
    world.later(DAY + 60);
    assert_eq!(charged(&world).await, PAID);
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

#[tokio::test]
async fn while_the_customer_pays_an_invoice_nobody_charges_it() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    let invoice = world.invoice(12_000).await;
    let paying = world.begin(invoice).await;
    world.automatic().await;
    let second = world.invoice(5_000).await;
    let own = world.begin(second).await;
    assert_eq!(charged(&world).await, UNDECIDED);
    world.give_card(own.client_secret.unwrap().expose(), GOOD).await;
    world.returned(own.payment.id).await;
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    world.returned(paying.payment.id).await;
    world.later(DAY);
    charged(&world).await;
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

/// Her default card is now one that is declined whenever it is charged: saved alone, and marked as if she had paid with
/// it.
pub async fn declining_default(world: &World, before: PaymentMethodId) {
    assert_ne!(default_without_paying(world, SAVED_BUT_DECLINED).await, before);
}

/// Her default card is now this one.
async fn default_without_paying(world: &World, number: &str) -> PaymentMethodId {
    let begun = world.billing.setup_begin(&world.change(), world.abc, &world.token()).await.unwrap();
    assert_eq!(world.give_card(begun.client_secret.unwrap().expose(), number).await, 200);
    let saved = world.billing.setup_returned(world.abc, begun.setup.id).await.unwrap().setup.method.unwrap();
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&world.database()).await.unwrap();
    let prove = "UPDATE payment_method SET proven_at = created_at WHERE id = $1";
    sqlx::query(prove).bind(saved.to_string()).execute(&mut connection).await.unwrap();
    world.billing.set_default(&world.change(), world.abc, saved).await.unwrap();
    saved
}

async fn payment_under_way(world: &World) -> PaymentId {
    let filters = PaymentFilters { state: Some(PaymentState::Processing), ..PaymentFilters::default() };
    let page = world.store.payments().list(Scope::for_system(), &Query::default(), &filters).await.unwrap();
    page.rows[0].payment.id
}
