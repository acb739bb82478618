//! The program dies at each await of each thing it does: of a new payment for each, after one await, after two, and so
//! on until it is done without dying. Then it is started again.

use std::future::Future;

use tandem_domain::billing::{payment::PaymentState, refund::RefundState};
use tandem_store::payments::{NewRefund, PayFor};

use crate::{
    operations::Operation,
    polls::{at_each_await, until_killed},
    world::{GOOD, SIGNING_SECRET, World, company},
};

/// Whether a future ends by itself within so many polls.
async fn ends_within<F: Future>(polls: u32, future: F) -> bool {
    until_killed(polls, future).await.is_some()
}

#[tokio::test]
async fn beginning_a_payment() {
    let world = World::new().await;
    world.paid(1_000, GOOD).await;
    at_each_await(async |polls| {
        let before = world.created();
        let invoice = world.invoice(12_000).await;
        let request = world.request(PayFor::Invoice(invoice), false);
        let ended = ends_within(polls, world.billing.begin(&world.change(), world.abc, &request)).await;
        let paying = world.billing.begin(&world.change(), world.abc, &request).await.unwrap();
        assert!(world.created() <= before + 1, "two after {polls}");
        world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
        assert_eq!(world.returned(paying.payment.id).await.state, PaymentState::Succeeded);
        ended
    })
    .await;
    world.proves_right().await;
}

#[tokio::test]
async fn beginning_the_first_payment_of_a_company() {
    let world = World::new().await;
    at_each_await(async |polls| {
        let name =
            format!("Company {}{}", char::from(b'a' + (polls / 26) as u8), char::from(b'a' + (polls % 26) as u8));
        let tenant = company(&world.store, &world.change(), &name.replace(' ', "")).await;
        let request = world.request(PayFor::Balance(1_000), false);
        let ended = ends_within(polls, world.billing.begin(&world.change(), tenant, &request)).await;
        let paying = world.billing.begin(&world.change(), tenant, &request).await.unwrap();
        world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
        let returned = world.billing.returned(tenant, paying.payment.id).await.unwrap();
        assert_eq!(returned.payment.state, PaymentState::Succeeded);
        ended
    })
    .await;
    world.proves_right().await;
}

#[tokio::test]
async fn coming_back() {
    let world = World::new().await;
    at_each_await(async |polls| {
        let paying = world.begin(world.invoice(12_000).await).await;
        world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
        let id = paying.payment.id;
        let ended = ends_within(polls, world.billing.returned(world.abc, id)).await;
        assert_eq!(world.returned(id).await.state, PaymentState::Succeeded);
        assert_eq!(world.balance().await, 0);
        ended
    })
    .await;
    world.proves_right().await;
}

#[tokio::test]
async fn hearing_a_webhook() {
    let world = World::new().await;
    at_each_await(async |polls| {
        let paying = world.begin(world.invoice(12_000).await).await;
        world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
        let event = world.control().events(Some("payment_intent.succeeded")).pop().unwrap();
        let (headers, body) = world.signed(&event, SIGNING_SECRET);
        let ended = ends_within(polls, world.billing.webhook(world.system, &headers, &body)).await;
        // Stripe sends it again, for it got no answer.
        world.hears(&event).await;
        assert_eq!(world.payment(paying.payment.id).await.state, PaymentState::Succeeded, "after {polls}");
        ended
    })
    .await;
    world.proves_right().await;
}

#[tokio::test]
async fn making_an_automatic_payment() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    at_each_await(async |polls| {
        let before = world.created();
        world.invoice(12_000).await;
        let ended = ends_within(polls, world.billing.charge_due()).await;
        // Whoever had it is taken for dead.
        world.later(301);
        world.billing.charge_due().await.unwrap();
        assert_eq!((world.balance().await, world.created()), (0, before + 1), "after {polls}");
        ended
    })
    .await;
    world.proves_right().await;
}

#[tokio::test]
async fn refunding() {
    let world = World::new().await;
    at_each_await(async |polls| {
        let (_, payment) = world.paid(12_000, GOOD).await;
        let new = NewRefund { token: "a".into(), amount: 2_000, reason: "Goodwill".into(), owed_again: false };
        let ended = ends_within(polls, world.billing.refund(&world.change(), world.abc, payment.id, &new)).await;
        // If it was made, there is word of it.
        if let Some(event) = world.control().events(Some("charge.refunded")).pop() {
            world.hears(&event).await;
        }
        // The administrator tries again, and the sweep looks.
        world.billing.refund(&world.change(), world.abc, payment.id, &new).await.unwrap();
        world.later(301);
        world.billing.sweep().await.unwrap();
        let refunds = world.store.payments().refunds(world.abc, payment.id).await.unwrap();
        assert_eq!(refunds.iter().map(|refund| refund.state).collect::<Vec<_>>(), [RefundState::Succeeded]);
        assert_eq!(world.payment(payment.id).await.refunded, 2_000, "after {polls}");
        assert_eq!(world.balance().await, 0, "it is not owed again, after {polls}");
        ended
    })
    .await;
    world.proves_right().await;
}

#[tokio::test]
async fn saving_a_card() {
    let world = World::new().await;
    at_each_await(async |polls| {
        let before = world.store.payment_methods().list(world.abc).await.unwrap().len();
        let token = world.token();
        let ended = ends_within(polls, world.billing.setup_begin(&world.change(), world.abc, &token)).await;
        let begun = world.billing.setup_begin(&world.change(), world.abc, &token).await.unwrap();
        world.give_card(begun.client_secret.unwrap().expose(), GOOD).await;
        ends_within(polls, world.billing.setup_returned(world.abc, begun.setup.id)).await;
        world.billing.setup_returned(world.abc, begun.setup.id).await.unwrap();
        let cards = world.store.payment_methods().list(world.abc).await.unwrap();
        assert_eq!(cards.len(), before + 1, "after {polls}");
        ended
    })
    .await;
}

/// The program dies in the middle of it, and another goes on.
async fn dying_while(operation: Operation) {
    let world = operation.world().await;
    at_each_await(async |polls| {
        let begun = operation.prepare(&world).await;
        let ended = ends_within(polls, operation.perform(&world.billing, world.abc, world.now(), begun)).await;
        operation.go_on(&world, begun).await;
        ended
    })
    .await;
    world.proves_right().await;
}

#[tokio::test]
async fn paying_with_a_saved_card() {
    dying_while(Operation::PayWithSaved).await;
}

#[tokio::test]
async fn paying_with_a_saved_card_that_the_bank_asks_about() {
    dying_while(Operation::PayWithAsking).await;
}

#[tokio::test]
async fn calling_a_payment_off() {
    dying_while(Operation::CallOff).await;
}

#[tokio::test]
async fn going_on_with_a_payment() {
    dying_while(Operation::GoOn).await;
}

#[tokio::test]
async fn sweeping() {
    dying_while(Operation::Sweep).await;
}

#[tokio::test]
async fn an_automatic_payment_that_fails() {
    dying_while(Operation::FailToCharge).await;
}
