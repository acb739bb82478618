//! The life of a payment.

use serde_json::Value;
use tandem_processor_sim::Processing;

use crate::client::{Merchant, form, id};

#[tokio::test]
async fn mary_pays_with_a_card_that_asks_for_nothing() {
    let stripe = Merchant::new().await;
    let intent = stripe.intent(&[("automatic_payment_methods[enabled]", "true"), ("description", "Invoice 7")]).await;
    assert_eq!(intent["status"], "requires_payment_method");
    assert_eq!(intent["amount_received"], 0);
    assert_eq!(intent["livemode"], false);
    assert!(intent["client_secret"].as_str().unwrap().starts_with(&format!("{}_secret_", id(&intent))));

    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let fields = [("payment_method", "pm_card_visa"), ("return_url", "https://tandem.example/return")];
    let paid = stripe.post(&path, &fields).await.good();
    assert_eq!(paid["status"], "succeeded");
    assert_eq!(paid["amount_received"], 12_000);
    assert_eq!(paid["next_action"], Value::Null);

    let path = format!("/v1/payment_intents/{}?expand[]=latest_charge&expand[]=payment_method", id(&intent));
    let paid = stripe.get(&path).await.good();
    assert_eq!(paid["latest_charge"]["amount_captured"], 12_000);
    assert_eq!(paid["latest_charge"]["payment_method_details"]["card"]["last4"], "4242");
    assert_eq!(paid["payment_method"]["card"]["brand"], "visa");
    assert_eq!(paid["metadata"]["payment"], "p1");
    assert_eq!((stripe.control.tally("p1").captured, stripe.control.tally("p1").charges), (12_000, 1));
    let balance = stripe.get("/v1/balance").await.good();
    assert_eq!(balance["available"][0]["amount"], 12_000);
}

#[tokio::test]
async fn mary_s_bank_asks_and_she_answers() {
    let stripe = Merchant::new().await;
    let intent = stripe.pay("pm_card_authenticationRequired", &[]).await.good();
    assert_eq!(intent["status"], "requires_action");
    assert_eq!(intent["next_action"]["type"], "redirect_to_url");
    assert_eq!(
        intent["next_action"]["redirect_to_url"]["return_url"],
        "https://tandem.example/self-care/payments/return?p=1"
    );
    assert_eq!(stripe.control.tally("p1").charges, 0);

    let back = stripe.bank(&intent, &[("action", "confirm"), ("password", "123456")]).await;
    let query = form(&[
        ("payment_intent", &id(&intent)),
        ("payment_intent_client_secret", intent["client_secret"].as_str().unwrap()),
        ("redirect_status", "succeeded"),
    ]);
    let expected = format!("https://tandem.example/self-care/payments/return?p=1&{query}");
    assert_eq!((back.status, back.header("location")), (303, Some(&*expected)));
    let intent = stripe.now(&intent).await;
    assert_eq!(intent["status"], "succeeded");
    let charge = stripe.get(&format!("/v1/charges/{}", intent["latest_charge"].as_str().unwrap())).await.good();
    assert_eq!(charge["payment_method_details"]["card"]["three_d_secure"]["result"], "authenticated");
}

#[tokio::test]
async fn who_is_not_there_cannot_answer_and_the_payment_is_resumed_on_session() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    let method =
        stripe.post("/v1/payment_methods/pm_card_authenticationRequired/attach", &[("customer", &customer)]).await;
    let method = id(&method.good());
    let answer = stripe.pay(&method, &[("customer", &customer), ("off_session", "true")]).await;
    assert_eq!(answer.error(), (402, "card_error".into(), "authentication_required".into()));
    let error = &answer.json()["error"];
    assert_eq!(error["decline_code"], "authentication_required");
    let intent = &error["payment_intent"];
    assert_eq!(intent["status"], "requires_payment_method");
    assert_eq!(intent["payment_method"], Value::Null);
    assert_eq!(intent["last_payment_error"]["code"], "authentication_required");
    assert_eq!(intent["last_payment_error"]["payment_method"]["id"], *method);
    assert_eq!(error["charge"], intent["latest_charge"]);

    let path = format!("/v1/payment_intents/{}/confirm", id(intent));
    let fields = [("payment_method", &*method), ("return_url", "https://tandem.example/return")];
    let intent = stripe.post(&path, &fields).await.good();
    assert_eq!((&intent["status"], &intent["last_payment_error"]), (&"requires_action".into(), &Value::Null));
    stripe.bank(&intent, &[("action", "confirm"), ("password", "123456")]).await;
    assert_eq!(stripe.now(&intent).await["status"], "succeeded");
    assert_eq!(stripe.control.tally("p1").charges, 1);
}

#[tokio::test]
async fn a_payment_that_processes_ends_when_it_is_told_to() {
    let stripe = Merchant::new().await;
    stripe.control.hold_processing(Processing { next: 2, ..Processing::default() });
    let good = stripe.pay("pm_card_visa", &[]).await.good();
    let bad = stripe.pay("pm_card_visa", &[]).await.good();
    assert_eq!((&good["status"], &good["processing"]["type"]), (&"processing".into(), &"card".into()));
    assert_eq!(stripe.control.tally("p1").captured, 0);
    let path = format!("/v1/payment_intents/{}/cancel", id(&good));
    assert_eq!(stripe.post(&path, &[]).await.error().2, "payment_intent_unexpected_state");

    assert!(stripe.control.settle(&id(&good), true) && !stripe.control.settle(&id(&good), true));
    assert!(stripe.control.settle(&id(&bad), false));
    assert_eq!(stripe.now(&good).await["status"], "succeeded");
    let bad = stripe.now(&bad).await;
    assert_eq!(bad["status"], "requires_payment_method");
    assert_eq!(bad["last_payment_error"]["code"], "card_declined");
    assert_eq!(stripe.control.tally("p1").charges, 1);
}

#[tokio::test]
async fn what_is_over_cannot_be_moved() {
    let stripe = Merchant::new().await;
    let paid = stripe.pay("pm_card_visa", &[]).await.good();
    for (what, fields) in
        [("/confirm", &[("payment_method", "pm_card_visa")][..]), ("/cancel", &[]), ("", &[("amount", "500")])]
    {
        let answer = stripe.post(&format!("/v1/payment_intents/{}{what}", id(&paid)), fields).await;
        assert_eq!(answer.error(), (400, "invalid_request_error".into(), "payment_intent_unexpected_state".into()));
        assert_eq!(answer.json()["error"]["payment_intent"]["status"], "succeeded");
    }
    // Its metadata can be changed for ever.
    let path = format!("/v1/payment_intents/{}", id(&paid));
    let changed = stripe.post(&path, &[("metadata[note]", "x"), ("metadata[payment]", "")]).await.good();
    assert_eq!(changed["metadata"], serde_json::json!({ "note": "x" }));

    let open = stripe.intent(&[]).await;
    let path = format!("/v1/payment_intents/{}/cancel", id(&open));
    let gone = stripe.post(&path, &[("cancellation_reason", "abandoned")]).await.good();
    assert_eq!((&gone["status"], &gone["cancellation_reason"]), (&"canceled".into(), &"abandoned".into()));
    assert!(gone["canceled_at"].is_i64());
    assert_eq!(stripe.post(&path, &[]).await.error().2, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn a_newer_attempt_takes_the_place_of_one_at_the_bank() {
    let stripe = Merchant::new().await;
    let first = stripe.pay("pm_card_authenticationRequired", &[]).await.good();
    let path = format!("/v1/payment_intents/{}/confirm", id(&first));
    let fields =
        [("payment_method", "pm_card_authenticationRequired"), ("return_url", "https://tandem.example/return")];
    let second = stripe.post(&path, &fields).await.good();
    assert_ne!(first["next_action"], second["next_action"]);
    stripe.bank(&first, &[("action", "confirm"), ("password", "123456")]).await;
    assert_eq!(stripe.now(&second).await["status"], "requires_action", "the old question is void");
    stripe.bank(&second, &[("action", "confirm"), ("password", "123456")]).await;
    stripe.bank(&second, &[("action", "decline")]).await;
    assert_eq!(stripe.now(&second).await["status"], "succeeded");
    assert_eq!(stripe.control.tally("p1").charges, 1);
}

#[tokio::test]
async fn a_card_is_saved_while_paying_and_serves_again() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    let intent = stripe
        .pay("pm_card_authenticationRequiredOnSetup", &[("customer", &customer), ("setup_future_usage", "off_session")])
        .await
        .good();
    stripe.bank(&intent, &[("action", "confirm"), ("password", "123456")]).await;
    let list = stripe.get(&format!("/v1/customers/{customer}/payment_methods?type=card")).await.good();
    let method = id(&list["data"][0]);
    let again = stripe.pay(&method, &[("customer", &customer), ("off_session", "true")]).await.good();
    assert_eq!(again["status"], "succeeded");
    // Of another customer, or of none, it is not taken.
    let other = stripe.customer().await;
    assert_eq!(stripe.pay(&method, &[("customer", &other)]).await.status, 400);
    assert_eq!(stripe.pay(&method, &[]).await.status, 400);
    // Detached, it serves no more.
    stripe.post(&format!("/v1/payment_methods/{method}/detach"), &[]).await.good();
    assert_eq!(stripe.pay(&method, &[("customer", &customer)]).await.status, 400);
}

#[tokio::test]
async fn a_card_that_was_not_saved_serves_once() {
    let stripe = Merchant::new().await;
    let paid = stripe.pay("pm_card_visa", &[]).await.good();
    let answer = stripe.pay(paid["payment_method"].as_str().unwrap(), &[]).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("It may not be used again"), "{}", answer.text);
}
