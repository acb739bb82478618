//! The program dies at each await of each thing it does: of a new payment for each, after one await, after two, and so
//! on until it is done without dying. Then it is started again.

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use tandem_domain::billing::{payment::PaymentState, refund::RefundState};
use tandem_store::payments::{NewRefund, PayFor};

use crate::world::{GOOD, SIGNING_SECRET, World, company};

/// Polls a future so many times, and drops it then; whether it ended by itself.
async fn ends_within<F: Future>(polls: u32, future: F) -> bool {
    let mut future = Box::pin(future);
    let mut left = polls;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(context).map(|_| true)
    })
    .await
}

/// Tells a story in which something dies after no await, after one, and so on, until it is told without a death. There
/// are a few at least: else nothing was awaited where it matters.
async fn at_each_await(mut story: impl AsyncFnMut(u32) -> bool) {
    for polls in 0..500 {
        if story(polls).await {
            assert!(polls > 8, "it is over after {polls}");
            return;
        }
    }
    panic!("it never ends");
}

/// How many payments were created at the processor.
fn created(world: &World) -> usize {
    world.control().events(Some("payment_intent.created")).len()
}

#[tokio::test]
async fn beginning_a_payment() {
    let world = World::new().await;
    world.paid(1_000, GOOD).await;
    at_each_await(async |polls| {
        let before = created(&world);
        let invoice = world.invoice(12_000).await;
        let request = world.request(PayFor::Invoice(invoice), false);
        let ended = ends_within(polls, world.billing.begin(&world.change(), world.abc, &request)).await;
        let paying = world.billing.begin(&world.change(), world.abc, &request).await.unwrap();
        assert!(created(&world) <= before + 1, "two after {polls}");
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
        let before = created(&world);
        world.invoice(12_000).await;
        let ended = ends_within(polls, world.billing.charge_due()).await;
        // Whoever had it is taken for dead.
        world.later(301);
        world.billing.charge_due().await.unwrap();
        assert_eq!((world.balance().await, created(&world)), (0, before + 1), "after {polls}");
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
