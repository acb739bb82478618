//! Being told.

use std::time::Duration;

use serde_json::{Value, json};
use tandem_processor_sim::{Conditions, Options, webhooks::signature};

use crate::client::{Endpoint, Merchant, id};

async fn told(answers: &[u16]) -> (Merchant, Endpoint) {
    let (endpoint, webhook) = Endpoint::new(answers).await;
    let options =
        Options { webhook: Some(webhook), retry: Duration::from_millis(20), seed: Some(7), ..Options::default() };
    (Merchant::with(options).await, endpoint)
}

#[tokio::test]
async fn each_step_of_a_payment_is_told_and_signed() {
    let (stripe, endpoint) = told(&[]).await;
    let intent = stripe.pay("pm_card_authenticationRequired", &[]).await.good();
    endpoint.wait(2).await;
    stripe.bank(&intent, &[("action", "confirm"), ("password", "123456")]).await;
    endpoint.wait(4).await;
    let mut types = endpoint.types();
    types.sort();
    let expected =
        ["charge.succeeded", "payment_intent.created", "payment_intent.requires_action", "payment_intent.succeeded"];
    assert_eq!(types, expected);
    for (header, body) in endpoint.came() {
        let seconds: i64 = header.split(',').next().unwrap().strip_prefix("t=").unwrap().parse().unwrap();
        assert_eq!(header, signature::header(&["whsec_test".to_owned()], seconds, &body));
        let event: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(event["object"], "event");
        assert_eq!(event["api_version"], "2026-09-30.endive");
        assert_eq!(stripe.get(&format!("/v1/events/{}", id(&event))).await.good(), event);
    }
    let list = stripe.get("/v1/events?type=payment_intent.succeeded").await.good();
    assert_eq!(list["data"][0]["data"]["object"]["id"], intent["id"]);
}

#[tokio::test]
async fn an_event_says_which_request_made_it() {
    let stripe = Merchant::new().await;
    let answer = stripe.post_once("key-1", "/v1/customers", &[]).await;
    let event = &stripe.control.events(Some("customer.created"))[0];
    assert_eq!(event["request"], json!({ "id": answer.header("request-id"), "idempotency_key": "key-1" }));
}

#[tokio::test]
async fn who_does_not_take_it_is_told_again_and_signed_anew() {
    let (stripe, endpoint) = told(&[500, 302]).await;
    stripe.intent(&[]).await;
    endpoint.wait(3).await;
    let came = endpoint.came();
    assert!(came.iter().all(|(_, body)| *body == came[0].1), "the payload is the same each time");
    let done = async {
        while stripe.control.deliveries().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), done).await.unwrap();
    let statuses: Vec<_> = stripe.control.deliveries().iter().map(|delivery| delivery.status).collect();
    assert_eq!(statuses, [Some(500), Some(302), Some(200)]);
}

#[tokio::test]
async fn events_come_twice_late_out_of_order_or_never_as_the_test_wants() {
    let (stripe, endpoint) = told(&[]).await;
    stripe.control.set_conditions(Conditions { copies: 3, ..Conditions::default() });
    stripe.intent(&[]).await;
    endpoint.wait(3).await;

    stripe.control.set_conditions(Conditions { drop_next: 1, ..Conditions::default() });
    stripe.intent(&[]).await;
    stripe.customer().await;
    endpoint.wait(4).await;
    assert_eq!(endpoint.types()[3], "customer.created", "the one before was dropped");

    stripe.control.set_conditions(Conditions { hold: true, ..Conditions::default() });
    stripe.pay("pm_card_visa", &[]).await.good();
    assert_eq!(stripe.control.waiting(), 3);
    stripe.control.release(true);
    endpoint.wait(7).await;
    let newest_first = ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"];
    assert_eq!(endpoint.types()[4..], newest_first);

    let shuffle = Duration::from_millis(60);
    stripe.control.set_conditions(Conditions { shuffle, ..Conditions::default() });
    for _ in 0..20 {
        stripe.customer().await;
    }
    endpoint.wait(27).await;
    let made: Vec<String> = stripe.control.events(Some("customer.created")).iter().map(id).skip(1).collect();
    let event = |(_, body): &(String, String)| id(&serde_json::from_str::<Value>(body).unwrap());
    let came: Vec<String> = endpoint.came()[7..].iter().map(event).collect();
    assert_ne!(came, made);
}

#[tokio::test]
async fn old_and_forged_and_foreign_events_can_be_made() {
    let (stripe, endpoint) = told(&[]).await;
    stripe.control.set_conditions(Conditions { age: Duration::from_secs(600), ..Conditions::default() });
    let event = stripe.control.send_event("payment_intent.succeeded", json!({ "id": "pi_x" }), Some("acct_other"));
    endpoint.wait(1).await;
    stripe.control.set_conditions(Conditions { forge: true, ..Conditions::default() });
    assert!(stripe.control.send_again(&event, 1) && !stripe.control.send_again("evt_x", 1));
    endpoint.wait(2).await;
    let seconds = |place: usize| -> i64 {
        endpoint.came()[place].0.split(',').next().unwrap().strip_prefix("t=").unwrap().parse().unwrap()
    };
    assert!(seconds(1) - seconds(0) >= 600);
    let (header, body) = endpoint.came()[1].clone();
    assert_ne!(header, signature::header(&["whsec_test".to_owned()], seconds(1), &body));
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["account"], "acct_other");
}
