//! Mary pays.

use tandem_billing::BillingError;
use tandem_domain::{
    billing::{
        failure::FailureKind,
        invoice::InvoiceState,
        payment::{Cause, PaymentState},
    },
    mail::MailKind,
};
use tandem_processor_sim::{Fault, FaultKind, Processing};
use tandem_store::{StoreError, payments::PayFor};

use crate::world::{ALWAYS_ASKS, DAY, GOOD, Making, NO_FUNDS, World, company, is_unreachable, on_postgres};

#[tokio::test]
async fn mary_passes_her_banks_check_and_the_balance_changes_once() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    assert_eq!(world.balance().await, 12_000);
    let paying = world.begin(invoice).await;
    let id = paying.payment.id;
    world.give_card(paying.client_secret.unwrap().expose(), ALWAYS_ASKS).await;
    assert_eq!(world.returned(id).await.state, PaymentState::RequiresAction);
    assert!(world.control().authenticate(&paying.payment.reference.unwrap(), true));
    assert_eq!(world.returned(id).await.state, PaymentState::Succeeded);
    assert_eq!((world.balance().await, world.invoice_state(invoice).await), (0, InvoiceState::Paid));
    // She looks again, every webhook comes three times, the sweep looks.
    world.returned(id).await;
    for event in world.control().events(None).iter().rev() {
        for _ in 0..3 {
            world.hears(event).await;
        }
    }
    world.later(DAY);
    world.billing.sweep().await.unwrap();
    assert_eq!(world.balance().await, 0);
    let receipts = world.mails(MailKind::PaymentReceipt).await;
    assert_eq!(receipts.len(), 1);
    assert!(receipts[0].subject.contains("€120.00"), "{}", receipts[0].subject);
    world.proves_right().await;
}

#[tokio::test]
async fn the_history_of_a_payment_tells_what_moved_it() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, GOOD).await;
    let history = world.store.payments().transitions(world.abc, payment.id).await.unwrap();
    let told: Vec<_> = history.iter().map(|step| (step.to, step.cause)).collect();
    assert_eq!(
        told,
        [
            (PaymentState::Created, Cause::Api),
            (PaymentState::RequiresPaymentMethod, Cause::Api),
            (PaymentState::Succeeded, Cause::Return)
        ]
    );
}

#[tokio::test]
async fn two_tabs_and_a_double_click_are_one_payment() {
    two_tabs_and_a_double_click(World::new().await).await;
}

#[tokio::test]
async fn two_tabs_and_a_double_click_are_one_payment_on_postgresql() {
    on_postgres(two_tabs_and_a_double_click).await;
}

async fn two_tabs_and_a_double_click(world: World) {
    let invoice = world.invoice(12_000).await;
    let request = world.request(PayFor::Invoice(invoice), false);
    let change = world.change();
    let click = || world.billing.begin(&change, world.abc, &request);
    let (first, second, tab) = tokio::join!(click(), click(), world.begin(invoice));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.payment.id, second.payment.id);
    assert_eq!(first.payment.id, tab.payment.id);
    let secret = |paying: &tandem_billing::Paying| paying.client_secret.as_ref().unwrap().expose().to_owned();
    assert_eq!(secret(&first), secret(&tab));
    // Both tabs give a card; the second is told that it is paid.
    assert_eq!(world.give_card(&secret(&first), GOOD).await, 200);
    assert_eq!(world.give_card(&secret(&tab), GOOD).await, 400);
    assert_eq!(world.returned(first.payment.id).await.state, PaymentState::Succeeded);
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

#[tokio::test]
async fn a_declined_card_is_told_with_its_reason_and_another_pays_the_same_payment() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let paying = world.begin(invoice).await;
    let secret = paying.client_secret.unwrap();
    assert_eq!(world.give_card(secret.expose(), NO_FUNDS).await, 402);
    let declined = world.returned(paying.payment.id).await;
    assert_eq!(declined.state, PaymentState::RequiresPaymentMethod);
    assert_eq!(declined.failure.unwrap().kind, FailureKind::InsufficientFunds);
    assert_eq!(world.balance().await, 12_000);
    let again = world.begin(invoice).await;
    assert_eq!(again.payment.id, paying.payment.id);
    world.give_card(again.client_secret.unwrap().expose(), GOOD).await;
    let paid = world.returned(paying.payment.id).await;
    assert_eq!((paid.state, paid.failure), (PaymentState::Succeeded, None));
    world.proves_right().await;
}

#[tokio::test]
async fn the_bank_says_that_it_was_not_her() {
    let world = World::new().await;
    let paying = world.begin(world.invoice(12_000).await).await;
    world.give_card(paying.client_secret.unwrap().expose(), ALWAYS_ASKS).await;
    assert!(world.control().authenticate(&paying.payment.reference.unwrap(), false));
    let refused = world.returned(paying.payment.id).await;
    assert_eq!(refused.state, PaymentState::RequiresPaymentMethod);
    assert_eq!(refused.failure.unwrap().kind, FailureKind::AuthenticationFailed);
}

#[tokio::test]
async fn who_goes_away_and_does_not_come_back_has_paid_nothing_and_can_start_again() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let paying = world.begin(invoice).await;
    world.give_card(paying.client_secret.unwrap().expose(), ALWAYS_ASKS).await;
    world.later(DAY + 60);
    let swept = world.billing.sweep().await.unwrap();
    assert_eq!((swept.asked, swept.failed), (1, 0));
    let abandoned = world.payment(paying.payment.id).await;
    assert_eq!(abandoned.state, PaymentState::Cancelled);
    assert_eq!(abandoned.failure.unwrap().kind, FailureKind::Abandoned);
    let again = world.begin(invoice).await;
    assert_ne!(again.payment.id, paying.payment.id);
    world.proves_right().await;
}

#[tokio::test]
async fn a_payment_that_the_bank_still_has_is_followed_until_it_is_decided() {
    let world = World::new().await;
    world.control().hold_processing(Processing { all: true, ..Processing::default() });
    let invoice = world.invoice(12_000).await;
    let paying = world.begin(invoice).await;
    let reference = paying.payment.reference.unwrap();
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    assert_eq!(world.returned(paying.payment.id).await.state, PaymentState::Processing);
    assert_eq!(world.balance().await, 12_000);
    // Called off it cannot be any more.
    let kept = world.billing.cancel(&world.change(), world.abc, paying.payment.id).await.unwrap();
    assert_eq!(kept.state, PaymentState::Processing);
    assert!(world.control().settle(&reference, true));
    world.later(120);
    world.billing.sweep().await.unwrap();
    assert_eq!(world.payment(paying.payment.id).await.state, PaymentState::Succeeded);
    world.proves_right().await;
}

#[tokio::test]
async fn she_calls_it_off() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let paying = world.begin(invoice).await;
    let off = world.billing.cancel(&world.change(), world.abc, paying.payment.id).await.unwrap();
    assert_eq!(off.state, PaymentState::Cancelled);
    let secret = paying.client_secret.unwrap();
    assert_eq!(world.give_card(secret.expose(), GOOD).await, 400);
    let resumed = world.billing.resume(&world.change(), world.abc, paying.payment.id).await.unwrap();
    assert!(resumed.client_secret.is_none());
}

#[tokio::test]
async fn she_pays_with_the_card_that_she_saved_and_is_sent_to_her_bank() {
    let world = World::new().await;
    let method = world.saved_card(ALWAYS_ASKS).await;
    let paying = world.begin(world.invoice(12_000).await).await;
    let id = paying.payment.id;
    let with = world.billing.pay_with(&world.change(), world.abc, id, method).await.unwrap();
    assert_eq!(with.payment.state, PaymentState::RequiresAction);
    assert!(with.redirect.unwrap().as_str().starts_with(world.sim.base()));
    assert!(world.control().authenticate(&with.payment.reference.unwrap(), true));
    assert_eq!(world.returned(id).await.state, PaymentState::Succeeded);
    let again = world.billing.pay_with(&world.change(), world.abc, id, method).await;
    assert!(matches!(again, Err(BillingError::NotOpen)));
    world.proves_right().await;
}

#[tokio::test]
async fn when_stripe_does_not_answer_nothing_is_lost_and_the_same_form_goes_on() {
    let world =
        World::made(Making { patience: Some(std::time::Duration::from_millis(300)), ..Making::default() }).await;
    let invoice = world.invoice(12_000).await;
    // It was made known there before.
    world.paid(1_000, GOOD).await;
    let request = world.request(PayFor::Invoice(invoice), false);
    for _ in 0..3 {
        world.control().fault(Fault::next("/v1/payment_intents", FaultKind::DropAfter));
    }
    let refused = world.billing.begin(&world.change(), world.abc, &request).await.unwrap_err();
    assert!(is_unreachable(&refused) && refused.is_temporary(), "{refused}");
    world.control().clear_faults();
    let paying = world.billing.begin(&world.change(), world.abc, &request).await.unwrap();
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    // Back, and it does not answer: what was known is told as such.
    for _ in 0..3 {
        world.control().fault(Fault::next("/v1/payment_intents", FaultKind::DropBefore));
    }
    let returned = world.billing.returned(world.abc, paying.payment.id).await.unwrap();
    assert!(!returned.is_certain && returned.payment.state.is_open());
    world.control().clear_faults();
    assert_eq!(world.returned(paying.payment.id).await.state, PaymentState::Succeeded);
    world.proves_right().await;
}

#[tokio::test]
async fn a_payment_whose_name_was_lost_is_found_after_its_key_is_forgotten() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let paying = world.begin(invoice).await;
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    // As if the program had died between creating it and keeping its name, two days ago.
    forget_reference(&world, paying.payment.id).await;
    world.later(2 * DAY);
    world.billing.sweep().await.unwrap();
    let found = world.payment(paying.payment.id).await;
    assert_eq!((found.state, found.reference), (PaymentState::Succeeded, paying.payment.reference));
    world.proves_right().await;
}

#[tokio::test]
async fn another_company_sees_and_moves_nothing_of_it() {
    let world = World::new().await;
    let panda = company(&world.store, &world.change(), "Panda").await;
    let method = world.saved_card(GOOD).await;
    let paying = world.begin(world.invoice(12_000).await).await;
    let (change, id) = (world.change(), paying.payment.id);
    let is_hidden = |error: BillingError| matches!(error, BillingError::Store(StoreError::NotFound));
    assert!(is_hidden(world.billing.resume(&change, panda, id).await.unwrap_err()));
    assert!(is_hidden(world.billing.returned(panda, id).await.unwrap_err()));
    assert!(is_hidden(world.billing.cancel(&change, panda, id).await.unwrap_err()));
    assert!(is_hidden(world.billing.pay_with(&change, panda, id, method).await.unwrap_err()));
    assert!(is_hidden(world.billing.remove_method(&change, panda, method).await.unwrap_err()));
    assert!(is_hidden(world.billing.set_default(&change, panda, method).await.unwrap_err()));
    let own = world.request(PayFor::Balance(1_000), false);
    let own = world.billing.begin(&change, panda, &own).await.unwrap();
    assert!(is_hidden(world.billing.pay_with(&change, panda, own.payment.id, method).await.unwrap_err()));
}

/// Takes a payment's name at the processor away, and all that was known of it there.
async fn forget_reference(world: &World, id: tandem_domain::ids::PaymentId) {
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&world.database()).await.unwrap();
    let forget = "UPDATE payment SET reference = NULL, state = 'created', observed_at = NULL WHERE id = $1";
    sqlx::query(forget).bind(id.to_string()).execute(&mut connection).await.unwrap();
}
