//! A payment system stops working, and what was begun there stands in nobody's way.

use tandem_billing::{BillingError, Heard, processor::ProcessorError, vault::Purpose};
use tandem_domain::{
    billing::{
        auto_payment::AutoPaymentState, failure::FailureKind, invoice::InvoiceState, payment::PaymentState,
        system::PaymentSystem,
    },
    ids::{InvoiceId, PaymentId, PaymentSystemId},
};
use tandem_processor_sim::{Fault, FaultKind, Processing};
use tandem_store::{Change, payment_systems::Secret as Column, payments::PayFor};
use tandem_till::add_system;

use crate::{
    automatic::{NOTHING, OVER, UNDECIDED, charged, state},
    world::{ALWAYS_ASKS, DAY, GOOD, SIGNING_SECRET, World, vault},
};

const REASON: &str = "The account there was closed";

/// Cards are taken by another payment system from now on.
pub async fn moves_on(world: &World) -> PaymentSystemId {
    let systems = world.store.payment_systems();
    let old = systems.get(world.system).await.unwrap();
    let off = PaymentSystem { active: false, ..old.value };
    systems.update(&world.change(), world.system, old.version, &off).await.unwrap();
    let new = add_system(&world.store, &world.systems, &world.change(), ("New cards", true), SIGNING_SECRET).await;
    new.unwrap()
}

/// The key of the payment system before is revoked; tells what it was.
async fn revoke(world: &World) -> Vec<u8> {
    let key = world.store.payment_systems().secret(world.system, Column::Credentials).await.unwrap().unwrap();
    let json = br#"{"secret_key":"sk_test_revoked"}"#;
    put_key(world, &vault().seal([3; 12], world.system, Purpose::Credentials, json).unwrap()).await;
    key
}

async fn put_key(world: &World, sealed: &[u8]) {
    let systems = world.store.payment_systems();
    systems.set_secret(&world.change(), world.system, Column::Credentials, sealed).await.unwrap();
}

fn staff(world: &World) -> Change<'static> {
    Change { actor: "admin", by_staff: true, ..world.change() }
}

fn is_key_refused(error: &BillingError) -> bool {
    matches!(error, BillingError::Processor(ProcessorError::Credentials { .. }))
}

/// Mary pays the invoice at the new payment system.
async fn pays_anew(world: &World, invoice: InvoiceId, new: PaymentSystemId) {
    let paying = world.begin(invoice).await;
    assert_eq!(paying.payment.system, new);
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    assert_eq!(world.returned(paying.payment.id).await.state, PaymentState::Succeeded);
    assert_eq!(world.invoice_state(invoice).await, InvoiceState::Paid);
}

/// An invoice whose payment was begun at a payment system that does not take our key any more, and what her browser holds of it;
/// and what the key was.
async fn stuck(world: &World) -> (InvoiceId, PaymentId, String, PaymentSystemId, Vec<u8>) {
    let invoice = world.invoice(12_000).await;
    let old = world.begin(invoice).await;
    let new = moves_on(world).await;
    let key = revoke(world).await;
    (invoice, old.payment.id, old.client_secret.unwrap().expose().to_owned(), new, key)
}

#[tokio::test]
async fn what_was_begun_at_the_system_before_is_called_off_when_the_invoice_is_paid_at_the_new_one() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let old = world.begin(invoice).await.payment;
    let new = moves_on(&world).await;
    pays_anew(&world, invoice, new).await;
    assert_eq!(world.payment(old.id).await.state, PaymentState::Cancelled);
    assert_eq!(world.control().object(&old.reference.unwrap()).unwrap()["status"], "canceled");
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

#[tokio::test]
async fn what_was_paid_at_the_system_before_at_that_moment_is_not_paid_again() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let old = world.begin(invoice).await;
    moves_on(&world).await;
    world.give_card(old.client_secret.unwrap().expose(), GOOD).await;
    let request = world.request(PayFor::Invoice(invoice), false);
    let again = world.billing.begin(&world.change(), world.abc, &request).await;
    assert!(matches!(again, Err(BillingError::Store(_))), "{again:?}");
    assert_eq!((world.invoice_state(invoice).await, world.balance().await), (InvoiceState::Paid, 0));
    world.proves_right().await;
}

#[tokio::test]
async fn what_nobody_can_be_asked_about_is_given_up_and_a_late_word_of_it_is_credited_once() {
    let world = World::new().await;
    let (invoice, old, secret, new, key) = stuck(&world).await;
    let request = world.request(PayFor::Invoice(invoice), false);
    let begun = world.billing.begin(&world.change(), world.abc, &request).await;
    assert!(is_key_refused(&begun.unwrap_err()), "nothing is closed by itself");
    assert!(is_key_refused(&world.billing.cancel(&world.change(), world.abc, old).await.unwrap_err()));
    let closed = world.billing.give_up(&staff(&world), world.abc, old, REASON).await.unwrap();
    assert_eq!(closed.state, PaymentState::Failed);
    let history = world.store.payments().transitions(world.abc, old).await.unwrap();
    let last = history.last().unwrap();
    let failure = last.failure.clone().unwrap();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::GivenUp, REASON));
    assert_eq!((last.by.as_str(), last.by_staff), ("admin", true));
    pays_anew(&world, invoice, new).await;
    assert_eq!(world.balance().await, 0);
    // She had another tab, and pays there what she had begun.
    assert_eq!(world.give_card(&secret, GOOD).await, 200);
    let reference = world.payment(old).await.reference.unwrap();
    let events = world.control().events(Some("payment_intent.succeeded"));
    let event = events.into_iter().find(|event| event["data"]["object"]["id"] == reference.as_str()).unwrap();
    let (headers, body) = world.signed(&event, SIGNING_SECRET);
    let heard = world.billing.webhook(world.system, &headers, &body).await;
    assert!(is_key_refused(&heard.unwrap_err()), "it is to be sent again");
    put_key(&world, &key).await;
    assert_eq!(world.hears(&event).await, Heard::Done);
    assert_eq!(world.hears(&event).await, Heard::Before);
    assert_eq!(world.payment(old).await.state, PaymentState::Succeeded);
    // The invoice was paid otherwise: it is her credit.
    assert_eq!(world.balance().await, -12_000);
    world.later(DAY);
    world.billing.sweep().await.unwrap();
    assert_eq!(world.balance().await, -12_000);
    world.proves_right().await;
}

#[tokio::test]
async fn what_was_given_up_is_asked_about_again_at_growing_distances() {
    let world = World::new().await;
    let (invoice, old, secret, new, key) = stuck(&world).await;
    world.billing.give_up(&staff(&world), world.abc, old, REASON).await.unwrap();
    pays_anew(&world, invoice, new).await;
    assert_eq!(world.give_card(&secret, GOOD).await, 200);
    // This one, and what she paid since.
    world.later(3_601);
    let swept = world.billing.sweep().await.unwrap();
    assert_eq!((swept.asked, swept.failed), (2, 1));
    world.later(3_601);
    assert_eq!(world.billing.sweep().await.unwrap().asked, 0);
    put_key(&world, &key).await;
    world.later(DAY);
    assert_eq!(world.billing.sweep().await.unwrap().failed, 0);
    assert_eq!(world.payment(old).await.state, PaymentState::Succeeded);
    assert_eq!(world.balance().await, -12_000);
    world.proves_right().await;
}

#[tokio::test]
async fn what_was_given_up_and_not_paid_is_called_off_there_as_soon_as_that_can_be() {
    let world = World::new().await;
    let (_, old, _, _, key) = stuck(&world).await;
    world.billing.give_up(&staff(&world), world.abc, old, REASON).await.unwrap();
    put_key(&world, &key).await;
    world.later(3_601);
    assert_eq!(world.billing.sweep().await.unwrap().failed, 0);
    let payment = world.payment(old).await;
    assert_eq!(payment.state, PaymentState::Failed);
    assert_eq!(world.control().object(&payment.reference.unwrap()).unwrap()["status"], "canceled");
    world.proves_right().await;
}

#[tokio::test]
async fn as_long_as_the_processor_answers_its_word_counts() {
    let world = World::new().await;
    let begun = world.begin(world.invoice(12_000).await).await;
    let give_up = async |id| world.billing.give_up(&staff(&world), world.abc, id, REASON).await;
    world.control().fault(Fault { times: 3, ..Fault::next("", FaultKind::DropBefore) });
    let silent = give_up(begun.payment.id).await.unwrap_err();
    assert!(silent.is_temporary(), "{silent}");
    assert!(world.payment(begun.payment.id).await.state.is_open());
    world.control().clear_faults();
    assert_eq!(give_up(begun.payment.id).await.unwrap().state, PaymentState::Cancelled);
    world.control().hold_processing(Processing { all: true, ..Processing::default() });
    let with_bank = world.begin(world.invoice(9_000).await).await;
    world.give_card(with_bank.client_secret.unwrap().expose(), GOOD).await;
    let refused = give_up(with_bank.payment.id).await.unwrap_err();
    assert!(matches!(refused, BillingError::Refused(_)), "{refused}");
    assert_eq!(world.payment(with_bank.payment.id).await.state, PaymentState::Processing);
    world.proves_right().await;
}

#[tokio::test]
async fn what_is_given_up_is_not_charged_by_another_charge_of_its_invoice() {
    let world = World::new().await;
    world.saved_card(ALWAYS_ASKS).await;
    world.automatic().await;
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(&world).await, OVER);
    let failed = world.store.payments().open_of_invoice(world.abc, invoice).await.unwrap().unwrap();
    // On again, and the invoice waits to be charged again.
    world.automatic().await;
    let key = revoke(&world).await;
    world.billing.give_up(&staff(&world), world.abc, failed.id, REASON).await.unwrap();
    put_key(&world, &key).await;
    for _ in 0..10 {
        assert_eq!(charged(&world).await, NOTHING);
        world.later(DAY);
    }
    assert_eq!(state(&world).await, AutoPaymentState::On);
    assert_eq!((world.invoice_state(invoice).await, world.balance().await), (InvoiceState::Open, 11_000));
    world.proves_right().await;
}

#[tokio::test]
async fn what_was_looked_at_for_the_last_time_is_looked_at_when_a_key_is_taken_again() {
    let world = World::new().await;
    let (_, old, secret, _, key) = stuck(&world).await;
    world.billing.give_up(&staff(&world), world.abc, old, REASON).await.unwrap();
    assert_eq!(world.give_card(&secret, GOOD).await, 200);
    for _ in 0..12 {
        world.later(31 * DAY);
        world.billing.sweep().await.unwrap();
    }
    assert_eq!(world.payment(old).await.state, PaymentState::Failed);
    put_key(&world, &key).await;
    assert_eq!(world.billing.sweep().await.unwrap().failed, 0);
    assert_eq!(world.payment(old).await.state, PaymentState::Succeeded);
    world.proves_right().await;
}

#[tokio::test]
async fn what_its_processor_contradicts_is_given_up_and_stands_in_nobodys_way() {
    let world = World::new().await;
    let invoice = world.invoice(12_000).await;
    let old = world.begin(invoice).await.payment;
    // As if somebody had made another payment of it there.
    tamper(&world, "UPDATE payment SET amount = 11900 WHERE id = $1", old.id).await;
    let request = world.request(PayFor::Invoice(invoice), false);
    let begun = world.billing.begin(&world.change(), world.abc, &request).await;
    assert!(matches!(begun, Err(BillingError::Mismatch(_))), "{begun:?}");
    let closed = world.billing.give_up(&staff(&world), world.abc, old.id, REASON).await.unwrap();
    assert_eq!(closed.state, PaymentState::Failed);
    assert_eq!(
        closed.failure.map(|failure| (failure.kind, failure.message)),
        Some((FailureKind::GivenUp, REASON.into()))
    );
    let paying = world.begin(invoice).await;
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    assert_eq!(world.returned(paying.payment.id).await.state, PaymentState::Succeeded);
    assert_eq!((world.invoice_state(invoice).await, world.balance().await), (InvoiceState::Paid, 0));
    world.proves_right().await;
}

#[tokio::test]
async fn what_the_bank_has_and_is_not_given_up_is_charged_on() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    world.control().hold_processing(Processing { all: true, ..Processing::default() });
    let invoice = world.invoice(12_000).await;
    assert_eq!(charged(&world).await, UNDECIDED);
    let open = world.store.payments().open_of_invoice(world.abc, invoice).await.unwrap().unwrap();
    let refused = world.billing.give_up(&staff(&world), world.abc, open.id, REASON).await.unwrap_err();
    assert!(matches!(refused, BillingError::Refused(_)), "{refused}");
    assert!(world.control().settle(&open.reference.unwrap(), false));
    world.control().hold_processing(Processing::default());
    world.later(DAY);
    charged(&world).await;
    world.later(DAY + 60);
    charged(&world).await;
    assert_eq!((world.invoice_state(invoice).await, world.balance().await), (InvoiceState::Paid, 0));
    world.proves_right().await;
}

/// Something happens to a payment in the records that no way leads to.
pub async fn tamper(world: &World, update: &'static str, payment: PaymentId) {
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&world.database()).await.unwrap();
    sqlx::query(update).bind(payment.to_string()).execute(&mut connection).await.unwrap();
}
