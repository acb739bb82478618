//! What billing does by itself.

use std::time::Duration;

use tandem_domain::billing::payment::PaymentState;

use crate::world::{GOOD, World};

/// Waits until it is so.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..2_000 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come to that");
}

#[tokio::test]
async fn it_makes_automatic_payments_when_it_is_woken_and_asks_about_what_is_pending() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    let paying = {
        let request = world.request(tandem_store::payments::PayFor::Balance(5_000), false);
        world.billing.begin(&world.change(), world.abc, &request).await.unwrap()
    };
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    world.later(120);
    let running = world.billing.start();
    // Nobody came back, and no webhook came.
    until(async || world.payment(paying.payment.id).await.state == PaymentState::Succeeded).await;
    world.invoice(12_000).await;
    world.billing.wake();
    // What she had to her credit pays its part of it.
    until(async || world.balance().await == 0).await;
    running.stop(Duration::from_secs(5)).await;
    world.proves_right().await;
}

#[tokio::test]
async fn it_stops_between_two_payments_and_another_makes_the_rest() {
    let world = World::new().await;
    world.saved_card(GOOD).await;
    world.automatic().await;
    for _ in 0..50 {
        world.invoice(12_000).await;
    }
    let running = world.billing.start();
    until(async || world.control().tallies().len() > 3).await;
    running.stop(Duration::from_secs(5)).await;
    let made = world.control().tallies().len();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.control().tallies().len(), made, "it has stopped");
    assert!(made < 51, "it stops before it is done: {made}");
    // Nothing of it waits for a lease to end.
    world.another().charge_due().await.unwrap();
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}
