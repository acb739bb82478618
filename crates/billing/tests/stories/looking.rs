//! What is over is looked at again: of what happens to it afterwards no word need ever come.

use tandem_billing::Swept;
use tandem_domain::billing::{invoice::InvoiceState, payment::PaymentState, refund::RefundState};
use tandem_processor_sim::{Fault, FaultKind};
use tandem_store::payments::NewRefund;

use crate::world::{DAY, GOOD, REFUND_FAILS, World};

fn wanted(amount: i64) -> NewRefund {
    NewRefund { token: "a".into(), amount, reason: "Goodwill".into(), owed_again: true }
}

#[tokio::test]
async fn what_was_given_back_on_stripes_own_pages_is_found_though_no_word_of_it_came() {
    let world = World::new().await;
    let (invoice, payment) = world.paid(12_000, GOOD).await;
    let reference = payment.reference.clone().unwrap();
    for (given_back, after) in [(500, 3_601), (700, 3_601), (1_100, DAY), (9_700, 7 * DAY)] {
        assert_eq!(world.refund_there(&reference, given_back).await, Some(200));
        world.later(after);
        world.billing.sweep().await.unwrap();
        world.proves_right().await;
    }
    assert_eq!(world.payment(payment.id).await.state, PaymentState::Refunded);
    assert_eq!((world.balance().await, world.invoice_state(invoice).await), (12_000, InvoiceState::Open));
}

#[tokio::test]
async fn a_refund_that_the_bank_sent_back_is_taken_back_though_no_word_of_it_came() {
    let world = World::new().await;
    let (invoice, payment) = world.paid(12_000, REFUND_FAILS).await;
    let refund = world.billing.refund(&world.change(), world.abc, payment.id, &wanted(2_000)).await.unwrap();
    assert_eq!((refund.state, world.balance().await), (RefundState::Succeeded, 2_000));
    // It is asked about once more before it comes back.
    world.billing.sweep().await.unwrap();
    world.later(3_601);
    // As much was given back there meanwhile: the sum is as it was.
    assert_eq!(world.refund_there(payment.reference.as_deref().unwrap(), 2_000).await, Some(200));
    world.billing.sweep().await.unwrap();
    let refunds = world.store.payments().refunds(world.abc, payment.id).await.unwrap();
    assert_eq!(refunds[0].state, RefundState::Failed);
    assert_eq!((world.balance().await, world.invoice_state(invoice).await), (2_000, InvoiceState::Open));
    world.proves_right().await;
}

#[tokio::test]
async fn a_refund_that_stripe_refuses_because_all_was_given_back_has_that_counted_at_once() {
    let world = World::new().await;
    let (_, payment) = world.paid(12_000, GOOD).await;
    assert_eq!(world.refund_there(payment.reference.as_deref().unwrap(), 12_000).await, Some(200));
    let refund = world.billing.refund(&world.change(), world.abc, payment.id, &wanted(2_000)).await.unwrap();
    assert_eq!(refund.state, RefundState::Failed);
    assert_eq!(world.payment(payment.id).await.state, PaymentState::Refunded);
    assert_eq!(world.balance().await, 12_000);
    world.proves_right().await;
}

#[tokio::test]
async fn a_payment_is_looked_at_at_growing_distances_and_then_no_more() {
    let world = World::new().await;
    world.paid(12_000, GOOD).await;
    for (seconds, asked) in
        [(3_500, 0), (200, 1), (3_601, 0), (DAY, 1), (DAY, 0), (6 * DAY + 60, 1), (7 * DAY, 0), (24 * DAY, 1)]
    {
        world.later(seconds);
        assert_eq!(world.billing.sweep().await.unwrap(), Swept { asked, failed: 0 }, "{seconds} s later");
    }
    let mut looks = 0;
    for _ in 0..24 {
        world.later(31 * DAY);
        looks += world.billing.sweep().await.unwrap().asked;
    }
    assert_eq!(looks, 4);
}

#[tokio::test]
async fn a_processor_that_does_not_answer_is_not_asked_about_all_that_is_over() {
    const DUE: u32 = 10;
    let world = World::new().await;
    for _ in 0..DUE {
        world.paid(1_000, GOOD).await;
    }
    world.later(3_601);
    world.control().fault(Fault { times: 1_000, ..Fault::next("", FaultKind::DropBefore) });
    // Some at once, and none after them.
    assert_eq!(world.billing.sweep().await.unwrap(), Swept { asked: 8, failed: 8 });
    world.control().clear_faults();
    world.later(3_500);
    assert_eq!(world.billing.sweep().await.unwrap(), Swept::default(), "an hour later");
    world.later(120);
    assert_eq!(world.billing.sweep().await.unwrap(), Swept { asked: DUE, failed: 0 });
    // That was the first look: the next is a day later.
    world.later(DAY - 60);
    assert_eq!(world.billing.sweep().await.unwrap(), Swept::default());
    world.later(120);
    assert_eq!(world.billing.sweep().await.unwrap().asked, DUE);
}
