//! What a processor, or somebody who says to be one, sends.

use http::HeaderMap;
use serde_json::json;
use tandem_billing::{Heard, processor::NoticeError, signature::SignatureError};
use tandem_domain::{billing::payment::PaymentState, ids::PaymentSystemId};
use tandem_processor_sim::{Fault, FaultKind};
use uuid::Uuid;

use crate::world::{GOOD, SIGNING_SECRET, World};

#[tokio::test]
async fn a_webhook_alone_credits_a_payment_whose_customer_never_came_back() {
    let world = World::new().await;
    let paying = world.begin(world.invoice(12_000).await).await;
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    let event = world.control().events(Some("payment_intent.succeeded")).pop().unwrap();
    assert_eq!(world.hears(&event).await, Heard::Done);
    assert_eq!(world.hears(&event).await, Heard::Before);
    assert_eq!(world.payment(paying.payment.id).await.state, PaymentState::Succeeded);
    world.proves_right().await;
}

#[tokio::test]
async fn what_is_known_already_is_not_asked_again() {
    let world = World::new().await;
    world.paid(12_000, GOOD).await;
    let asked = || world.control().requests("GET", "/v1/payment_intents").len();
    let before = asked();
    for event in world.control().events(None) {
        world.hears(&event).await;
    }
    assert_eq!(asked(), before);
}

#[tokio::test]
async fn what_is_not_stripes_is_refused_and_moves_nothing() {
    let world = World::new().await;
    let paying = world.begin(world.invoice(12_000).await).await;
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    let event = world.control().events(Some("payment_intent.succeeded")).pop().unwrap();
    let (headers, body) = world.signed(&event, "whsec_of_somebody_else");
    let refused = world.billing.webhook(world.system, &headers, &body).await.unwrap();
    assert_eq!(refused, Heard::Refused(NoticeError::Signature(SignatureError::Wrong)));
    let unsigned = world.billing.webhook(world.system, &HeaderMap::new(), &body).await.unwrap();
    assert_eq!(unsigned, Heard::Refused(NoticeError::Signature(SignatureError::Missing)));
    let (headers, mut body) = world.signed(&event, SIGNING_SECRET);
    world.later(301);
    let old = world.billing.webhook(world.system, &headers, &body).await.unwrap();
    assert!(matches!(old, Heard::Refused(NoticeError::Signature(SignatureError::Stale(_)))));
    body.push(b' ');
    assert!(matches!(world.billing.webhook(world.system, &headers, &body).await.unwrap(), Heard::Refused(_)));
    assert_eq!(world.payment(paying.payment.id).await.state, PaymentState::RequiresPaymentMethod);
    let nowhere = PaymentSystemId(Uuid::from_u128(1));
    assert!(world.billing.webhook(nowhere, &headers, &body).await.is_err());
}

#[tokio::test]
async fn what_is_anothers_is_ignored() {
    let world = World::new().await;
    world.paid(12_000, GOOD).await;
    let event = world.control().events(Some("payment_intent.succeeded")).pop().unwrap();
    let mut foreign = event.clone();
    foreign["account"] = "acct_other".into();
    let mut live = event.clone();
    live["livemode"] = true.into();
    let mut unknown = event.clone();
    unknown["type"] = "customer.created".into();
    unknown["data"]["object"] = json!({"id": "cus_1", "object": "customer"});
    // A payment of another program at the same account, and one that is nowhere.
    let client = tandem_billing::stripe::http_client().unwrap();
    let other = client.post(format!("{}/v1/payment_intents", world.sim.base())).bearer_auth(crate::world::SECRET_KEY);
    let other = other.header("content-type", "application/x-www-form-urlencoded");
    let other = other.body("amount=500&currency=eur").send().await.unwrap().bytes().await.unwrap();
    let other: serde_json::Value = serde_json::from_slice(&other).unwrap();
    let mut others = event.clone();
    others["data"]["object"]["id"] = other["id"].clone();
    let mut nowhere = event;
    nowhere["data"]["object"]["id"] = "pi_nowhere".into();
    for (n, mut event) in [foreign, live, unknown, others, nowhere].into_iter().enumerate() {
        event["id"] = format!("evt_made_{n}").into();
        assert!(matches!(world.hears(&event).await, Heard::Ignored(_)), "{event}");
    }
    assert_eq!(world.balance().await, 0);
    world.proves_right().await;
}

#[tokio::test]
async fn one_that_could_not_be_worked_on_is_worked_on_when_it_comes_again() {
    let world = World::new().await;
    let paying = world.begin(world.invoice(12_000).await).await;
    world.give_card(paying.client_secret.unwrap().expose(), GOOD).await;
    let event = world.control().events(Some("payment_intent.succeeded")).pop().unwrap();
    for _ in 0..3 {
        world.control().fault(Fault::next("/v1/payment_intents", FaultKind::ErrorBefore));
    }
    let (headers, body) = world.signed(&event, SIGNING_SECRET);
    let failed = world.billing.webhook(world.system, &headers, &body).await.unwrap_err();
    assert!(failed.is_temporary(), "{failed}");
    world.control().clear_faults();
    assert_eq!(world.hears(&event).await, Heard::Done);
    assert_eq!(world.payment(paying.payment.id).await.state, PaymentState::Succeeded);
}
