//! Money goes back.

use std::time::Duration;

use serde_json::json;
use tandem_billing::Heard;
use tandem_domain::{
    billing::{invoice::InvoiceState, payment::PaymentState, refund::RefundState},
    ids::PaymentId,
    money::Money,
};
use tandem_processor_sim::{Fault, FaultKind};
use tandem_store::{StoreError, payments::NewRefund};

use crate::world::{DAY, GOOD, REFUND_FAILS, REFUND_PENDS, SIGNING_SECRET, World, another_account, is_unknown};

fn wanted(token: &str, amount: i64) -> NewRefund {
    NewRefund { token: token.into(), amount, reason: "Goodwill".into(), owed_again: true }
}

/// One that the customer does not owe again.
fn forgiven(token: &str, amount: i64) -> NewRefund {
    NewRefund { owed_again: false, ..wanted(token, amount) }
}

/// How the refunds of a payment stand, in their order.
async fn states(world: &World, payment: PaymentId) -> Vec<RefundState> {
    let refunds = world.store.payments().refunds(world.abc, payment).await.unwrap();
    refunds.into_iter().map(|refund| refund.state).collect()
}

/// The processor sends word of each refund that it has made until now.
async fn hears_of_refunds(world: &World) {
    for event in world.control().events(Some("charge.refunded")) {
        world.hears(&event).await;
    }
}

/// Waits until the processor has made so many refunds.
async fn refunds_made(world: &World, made: usize) {
    let wait = async {
        while world.control().events(Some("charge.refunded")).len() < made {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
}

/// Nothing of a payment is reserved any more, and nothing of it is asked about.
async fn is_settled(world: &World, payment: PaymentId, refunded: i64) {
    let known = world.payment(payment).await;
    assert_eq!((known.refunded, known.refundable(0)), (refunded, known.amount.minor - refunded));
    let rest = known.amount.minor - refunded;
    let too_much = world.billing.refund(&world.change(), world.abc, payment, &wanted("too much", rest + 1)).await;
    let words = too_much.unwrap_err().to_string();
    assert!(words.contains(&format!("At most {} can be refunded", Money::new(rest, known.amount.currency))), "{words}");
    world.later(7 * DAY);
    assert_eq!(world.store.payments().due_refunds(world.now(), 60, 10).await.unwrap(), [], "nobody asks for ever");
}

#[tokio::test]
async fn a_webhook_that_is_quicker_than_the_answer_forgives_the_refund_once() {
    let world = World::new().await;
    let (invoice, payment) = world.paid(12_000, GOOD).await;
    world.control().fault(Fault::next("/v1/refunds", FaultKind::HangAfter(Duration::from_millis(500))));
    let (change, new) = (world.change(), forgiven("a", 2_000));
    let (refund, ()) = tokio::join!(world.billing.refund(&change, world.abc, payment.id, &new), async {
        refunds_made(&world, 1).await;
        hears_of_refunds(&world).await;
    });
    assert_eq!(refund.unwrap().state, RefundState::Succeeded);
    assert_eq!((world.balance().await, world.invoice_state(invoice).await), (0, InvoiceState::Paid));
    is_settled(&world, payment.id, 2_000).await;
    world.proves_right().await;
}

#[tokio::test]
async fn a_refund_whose_program_died_before_its_name_was_kept_is_found_by_the_webhook() {
    let world = World::new().await;
    let (invoice, payment) = world.paid(12_000, GOOD).await;
    world.control().fault(Fault::next("/v1/refunds", FaultKind::HangAfter(Duration::from_secs(5))));
    let (change, new) = (world.change(), forgiven("a", 2_000));
    tokio::select! {
        _ = world.billing.refund(&change, world.abc, payment.id, &new) => panic!("it was to die"),
        () = refunds_made(&world, 1) => {}
    }
    hears_of_refunds(&world).await;
    assert_eq!(states(&world, payment.id).await, [RefundState::Succeeded]);
    assert_eq!((world.balance().await, world.invoice_state(invoice).await), (0, InvoiceState::Paid));
    is_settled(&world, payment.id, 2_000).await;
    world.proves_right().await;
}

#[tokio::test]
async fn of_two_refunds_at_once_each_is_settled() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, GOOD).await;
    // The first is made and not answered; the second, asked for meanwhile, hears of both.
    world.control().fault(Fault::next("/v1/refunds", FaultKind::HangAfter(Duration::from_millis(500))));
    let (change, first, second) = (world.change(), forgiven("a", 2_000), wanted("b", 3_000));
    let (first, second) = tokio::join!(world.billing.refund(&change, world.abc, payment.id, &first), async {
        refunds_made(&world, 1).await;
        world.billing.refund(&change, world.abc, payment.id, &second).await
    });
    assert_eq!((first.unwrap().state, second.unwrap().state), (RefundState::Succeeded, RefundState::Succeeded));
    assert_eq!(world.balance().await, 3_000);
    hears_of_refunds(&world).await;
    is_settled(&world, payment.id, 5_000).await;
    world.proves_right().await;
}

#[tokio::test]
async fn a_refund_that_was_counted_without_its_name_is_taken_back_when_the_bank_sends_it_back() {
    let world = World::new().await;
    let (invoice, payment) = world.paid(12_000, REFUND_FAILS).await;
    // The first is made, and whoever asked for it dies; the second is asked for, and hears of both.
    world.control().fault(Fault::next("/v1/refunds", FaultKind::HangAfter(Duration::from_secs(5))));
    let (change, first, second) = (world.change(), forgiven("a", 2_000), wanted("b", 3_000));
    tokio::select! {
        _ = world.billing.refund(&change, world.abc, payment.id, &first) => panic!("it was to die"),
        () = refunds_made(&world, 1) => {}
    }
    let second = world.billing.refund(&change, world.abc, payment.id, &second).await.unwrap();
    assert_eq!((second.state, world.payment(payment.id).await.refunded), (RefundState::Succeeded, 5_000));
    // Both come back.
    world.later(60);
    let failed = async {
        while world.control().events(Some("refund.failed")).len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), failed).await.unwrap();
    for event in world.control().events(Some("refund.failed")) {
        assert_eq!(world.hears(&event).await, Heard::Done);
    }
    assert_eq!(states(&world, payment.id).await, [RefundState::Failed, RefundState::Failed]);
    assert_eq!((world.balance().await, world.invoice_state(invoice).await), (0, InvoiceState::Paid));
    assert_eq!(world.payment(payment.id).await.state, PaymentState::Succeeded);
    world.proves_right().await;
}

#[tokio::test]
async fn a_part_and_then_the_rest_are_given_back() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, GOOD).await;
    let change = world.change();
    let part = wanted("a", 2_000);
    let (first, second) = tokio::join!(
        world.billing.refund(&change, world.abc, payment.id, &part),
        world.billing.refund(&change, world.abc, payment.id, &part),
    );
    assert_eq!(first.unwrap().id, second.unwrap().id);
    assert_eq!(world.payment(payment.id).await.state, PaymentState::PartlyRefunded);
    assert_eq!(world.balance().await, 2_000);
    let too_much = world.billing.refund(&change, world.abc, payment.id, &wanted("b", 10_001)).await.unwrap_err();
    assert!(matches!(too_much, tandem_billing::BillingError::Store(StoreError::Refused(_))));
    let rest = world.billing.refund(&change, world.abc, payment.id, &wanted("c", 10_000)).await.unwrap();
    assert_eq!(rest.state, RefundState::Succeeded);
    assert_eq!(world.payment(payment.id).await.state, PaymentState::Refunded);
    assert_eq!(world.balance().await, 12_000);
    world.proves_right().await;
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_made_once() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, GOOD).await;
    for _ in 0..3 {
        world.control().fault(Fault::next("/v1/refunds", FaultKind::DropAfter));
    }
    let refund = world.billing.refund(&world.change(), world.abc, payment.id, &wanted("a", 2_000)).await.unwrap();
    assert_eq!(refund.state, RefundState::Pending);
    world.control().clear_faults();
    // Two days later, when Stripe has forgotten its key.
    world.later(2 * DAY);
    world.billing.sweep().await.unwrap();
    assert_eq!(world.store.payments().refund(refund.id).await.unwrap().state, RefundState::Succeeded);
    assert_eq!(world.balance().await, 2_000);
    world.proves_right().await;
}

#[tokio::test]
async fn what_was_given_back_on_stripes_own_pages_is_counted_too() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, GOOD).await;
    assert_eq!(world.refund_there(&payment.reference.unwrap(), 500).await, Some(200));
    let event = world.control().events(Some("charge.refunded")).pop().unwrap();
    assert_eq!(world.hears(&event).await, Heard::Done);
    assert_eq!(world.balance().await, 500);
    world.proves_right().await;
}

#[tokio::test]
async fn a_refund_that_the_bank_sends_back_is_taken_back() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, REFUND_FAILS).await;
    let refund = world.billing.refund(&world.change(), world.abc, payment.id, &wanted("a", 2_000)).await.unwrap();
    assert_eq!((refund.state, world.balance().await), (RefundState::Succeeded, 2_000));
    world.later(60);
    // It takes its time there, too.
    let failed = async {
        loop {
            if let Some(event) = world.control().events(Some("refund.failed")).pop() {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let event = tokio::time::timeout(Duration::from_secs(20), failed).await.unwrap();
    assert_eq!(world.hears(&event).await, Heard::Done);
    assert_eq!(world.store.payments().refund(refund.id).await.unwrap().state, RefundState::Failed);
    assert_eq!(world.balance().await, 0);
    assert_eq!(world.payment(payment.id).await.state, PaymentState::Succeeded);
    world.proves_right().await;
}

#[tokio::test]
async fn a_refund_that_the_processor_does_not_know_any_more_is_neither_done_nor_failed() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, REFUND_PENDS).await;
    let refund = world.billing.refund(&world.change(), world.abc, payment.id, &wanted("a", 2_000)).await.unwrap();
    let before = world.store.payments().refund(refund.id).await.unwrap();
    assert!(before.reference.is_some());
    world.later(DAY);
    let (_sim, elsewhere) = another_account(&world).await;
    // Of the refund, and of its payment, which is looked at again.
    assert_eq!(elsewhere.sweep().await.unwrap().failed, 2);
    assert_eq!(world.store.payments().refund(refund.id).await.unwrap(), before);
    assert_eq!(world.balance().await, 2_000);
    // It is asked about again, and those who know it say what became of it.
    world.later(DAY);
    assert_eq!(world.billing.sweep().await.unwrap().failed, 0);
    assert_eq!(states(&world, payment.id).await, [RefundState::Succeeded]);
    world.proves_right().await;
}

#[tokio::test]
async fn a_refund_that_was_made_is_undone_by_no_refusal_of_the_question_how_it_is() {
    let world = World::new().await;
    let (invoice, payment) = world.paid(12_000, GOOD).await;
    let refund = world.billing.refund(&world.change(), world.abc, payment.id, &wanted("a", 2_000)).await.unwrap();
    assert_eq!((refund.state, world.balance().await), (RefundState::Succeeded, 2_000));
    world.later(3_601);
    let refuse = Fault { method: Some("GET".into()), ..Fault::next("/v1/refunds", FaultKind::Refused) };
    world.control().fault(Fault { times: 100, ..refuse });
    assert!(world.billing.sweep().await.unwrap().failed > 0);
    assert_eq!(states(&world, payment.id).await, [RefundState::Succeeded]);
    assert_eq!((world.balance().await, world.invoice_state(invoice).await), (2_000, InvoiceState::Open));
    world.proves_right().await;
}

#[tokio::test]
async fn a_refund_on_its_way_has_not_failed_because_the_processor_refuses_to_tell_of_it() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, REFUND_PENDS).await;
    let refund = world.billing.refund(&world.change(), world.abc, payment.id, &wanted("a", 2_000)).await.unwrap();
    let before = world.store.payments().refund(refund.id).await.unwrap().state;
    let refuse = Fault { method: Some("GET".into()), ..Fault::next("/v1/refunds", FaultKind::Refused) };
    world.control().fault(Fault { times: 100, ..refuse });
    world.later(DAY);
    assert!(world.billing.sweep().await.unwrap().failed > 0);
    assert_eq!(states(&world, payment.id).await, [before]);
    world.control().clear_faults();
    world.later(DAY);
    world.billing.sweep().await.unwrap();
    assert_eq!(states(&world, payment.id).await, [RefundState::Succeeded]);
    world.proves_right().await;
}

#[tokio::test]
async fn word_of_a_refund_that_the_processor_does_not_know_is_not_done() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, GOOD).await;
    let object = json!({"id": "re_nowhere", "object": "refund", "payment_intent": payment.reference});
    let id = world.control().send_event("refund.updated", object, None);
    let event = world.control().events(None).into_iter().find(|event| event["id"] == id.as_str()).unwrap();
    for _ in 0..2 {
        let (headers, body) = world.signed(&event, SIGNING_SECRET);
        let heard = world.billing.webhook(world.system, &headers, &body).await;
        assert!(is_unknown(&heard.unwrap_err()), "it is to be sent again");
    }
    world.proves_right().await;
}
