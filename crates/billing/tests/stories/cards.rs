//! Cards are kept and forgotten.

use tandem_billing::{BillingError, Heard, Swept};
use tandem_domain::billing::method::SetupState;
use tandem_processor_sim::{Fault, FaultKind};
use tandem_store::StoreError;

use crate::world::{ALWAYS_ASKS, DAY, GOOD, NO_FUNDS, World, company};

#[tokio::test]
async fn a_card_is_saved_alone_and_was_not_paid_with_yet() {
    let world = World::new().await;
    let token = world.token();
    let begun = world.billing.setup_begin(&world.change(), world.abc, &token).await.unwrap();
    let again = world.billing.setup_begin(&world.change(), world.abc, &token).await.unwrap();
    assert_eq!(begun.setup.id, again.setup.id);
    assert_eq!(world.give_card(begun.client_secret.unwrap().expose(), ALWAYS_ASKS).await, 200);
    let waiting = world.billing.setup_returned(world.abc, begun.setup.id).await.unwrap();
    assert_eq!(waiting.setup.state, SetupState::Open);
    assert!(world.control().authenticate(waiting.setup.reference.as_deref().unwrap(), true));
    let saved = world.billing.setup_returned(world.abc, begun.setup.id).await.unwrap();
    assert_eq!(saved.setup.state, SetupState::Succeeded);
    assert!(saved.client_secret.is_none());
    let cards = world.store.payment_methods().list(world.abc).await.unwrap();
    assert_eq!(cards.len(), 1);
    assert!(cards[0].default && cards[0].proven.is_none());
    assert_eq!(cards[0].label(), "Visa •••• 3184");
    // Nobody else sees it.
    let panda = company(&world.store, &world.change(), "Panda").await;
    let foreign = world.billing.setup_returned(panda, begun.setup.id).await.unwrap_err();
    assert!(matches!(foreign, BillingError::Store(StoreError::NotFound)));
}

#[tokio::test]
async fn the_webhook_saves_it_when_the_customer_does_not_come_back() {
    let world = World::new().await;
    let begun = world.billing.setup_begin(&world.change(), world.abc, &world.token()).await.unwrap();
    world.give_card(begun.client_secret.unwrap().expose(), GOOD).await;
    let event = world.control().events(Some("setup_intent.succeeded")).pop().unwrap();
    assert_eq!(world.hears(&event).await, Heard::Done);
    assert_eq!(world.hears(&event).await, Heard::Before);
    assert_eq!(world.store.payment_methods().list(world.abc).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_card_that_the_bank_refuses_is_not_saved() {
    let world = World::new().await;
    let begun = world.billing.setup_begin(&world.change(), world.abc, &world.token()).await.unwrap();
    assert_eq!(world.give_card(begun.client_secret.unwrap().expose(), NO_FUNDS).await, 402);
    let refused = world.billing.setup_returned(world.abc, begun.setup.id).await.unwrap();
    assert_eq!(refused.setup.state, SetupState::Open);
    assert!(refused.failure.is_some() && refused.client_secret.is_some());
    assert!(world.store.payment_methods().list(world.abc).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_card_is_forgotten_here_and_there_also_when_stripe_does_not_answer_at_first() {
    let world = World::new().await;
    let method = world.saved_card(GOOD).await;
    let reference = world.store.payment_methods().one(world.abc, method).await.unwrap().reference;
    for _ in 0..3 {
        world.control().fault(Fault::next("/detach", FaultKind::ErrorBefore));
    }
    world.billing.remove_method(&world.change(), world.abc, method).await.unwrap();
    assert!(world.store.payment_methods().list(world.abc).await.unwrap().is_empty());
    world.control().clear_faults();
    let attached = || !world.control().object(&reference).unwrap()["customer"].is_null();
    assert!(attached());
    // Once more: it goes there, too.
    world.billing.remove_method(&world.change(), world.abc, method).await.unwrap();
    assert!(!attached());
    world.billing.remove_method(&world.change(), world.abc, method).await.unwrap();
}

#[tokio::test]
async fn all_cards_of_a_company_are_at_one_customer_of_stripes() {
    let world = World::new().await;
    let (first, second) =
        tokio::join!(async { world.billing.setup_begin(&world.change(), world.abc, &world.token()).await }, async {
            world.billing.setup_begin(&world.change(), world.abc, &world.token()).await
        },);
    let customer = |setup: &tandem_billing::Saving| {
        world.control().object(setup.setup.reference.as_deref().unwrap()).unwrap()["customer"].clone()
    };
    assert_eq!(customer(&first.unwrap()), customer(&second.unwrap()));
}

#[tokio::test]
async fn a_card_whose_customer_passed_the_banks_check_and_never_came_back_is_saved_once() {
    let world = World::new().await;
    let begun = world.billing.setup_begin(&world.change(), world.abc, &world.token()).await.unwrap();
    world.give_card(begun.client_secret.unwrap().expose(), ALWAYS_ASKS).await;
    let reference = begun.setup.reference.unwrap();
    // No return, and no webhook; still at the bank at first.
    world.later(120);
    assert_eq!(world.billing.sweep().await.unwrap(), Swept { asked: 1, failed: 0 });
    assert!(world.control().authenticate(&reference, true));
    world.later(120);
    world.control().fault(Fault { times: 3, ..Fault::next("/v1/setup_intents", FaultKind::DropBefore) });
    assert_eq!(world.billing.sweep().await.unwrap(), Swept { asked: 1, failed: 1 });
    // Two nodes look at the same moment; and when it is saved, nobody looks any more.
    world.later(301);
    let (one, other) = (world.another(), world.another());
    let (one, other) = tokio::join!(one.sweep(), other.sweep());
    assert_eq!(one.unwrap().asked + other.unwrap().asked, 1);
    world.later(7 * DAY);
    assert_eq!(world.billing.sweep().await.unwrap().asked, 0);
    let event = world.control().events(Some("setup_intent.succeeded")).pop().unwrap();
    world.hears(&event).await;
    world.billing.setup_returned(world.abc, begun.setup.id).await.unwrap();
    let cards = world.store.payment_methods().list(world.abc).await.unwrap();
    assert_eq!(cards.iter().map(|card| card.label()).collect::<Vec<_>>(), ["Visa •••• 3184"]);
}

#[tokio::test]
async fn nobody_asks_for_ever_about_a_card_that_was_never_given_and_it_can_still_be_saved() {
    let world = World::new().await;
    let begun = world.billing.setup_begin(&world.change(), world.abc, &world.token()).await.unwrap();
    world.later(DAY + 60);
    assert_eq!(world.billing.sweep().await.unwrap(), Swept { asked: 1, failed: 0 });
    world.later(7 * DAY);
    assert_eq!(world.billing.sweep().await.unwrap().asked, 0);
    // The page was left open all the while.
    assert_eq!(world.give_card(begun.client_secret.unwrap().expose(), GOOD).await, 200);
    let saved = world.billing.setup_returned(world.abc, begun.setup.id).await.unwrap();
    assert_eq!(saved.setup.state, SetupState::Succeeded);
}
