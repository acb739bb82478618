//! Money goes back.

use tandem_billing::Heard;
use tandem_domain::billing::{payment::PaymentState, refund::RefundState};
use tandem_processor_sim::{Fault, FaultKind};
use tandem_store::{StoreError, payments::NewRefund};

use crate::world::{DAY, GOOD, REFUND_FAILS, World};

fn wanted(token: &str, amount: i64) -> NewRefund {
    NewRefund { token: token.into(), amount, reason: "Goodwill".into(), owed_again: true }
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
    let body = format!("payment_intent={}&amount=500", payment.reference.unwrap());
    let client = tandem_billing::stripe::http_client().unwrap();
    let request = client.post(format!("{}/v1/refunds", world.sim.base())).bearer_auth(crate::world::SECRET_KEY);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
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
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let event = tokio::time::timeout(std::time::Duration::from_secs(20), failed).await.unwrap();
    assert_eq!(world.hears(&event).await, Heard::Done);
    assert_eq!(world.store.payments().refund(refund.id).await.unwrap().state, RefundState::Failed);
    assert_eq!(world.balance().await, 0);
    assert_eq!(world.payment(payment.id).await.state, PaymentState::Succeeded);
    world.proves_right().await;
}
