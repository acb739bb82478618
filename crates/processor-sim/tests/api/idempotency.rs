//! Asking twice.

use std::time::Duration;

use tandem_processor_sim::{Fault, FaultKind};

use crate::client::{Merchant, id};

const PAY: [(&str, &str); 5] = [
    ("amount", "12000"),
    ("currency", "eur"),
    ("confirm", "true"),
    ("payment_method", "pm_card_visa"),
    ("return_url", "https://tandem.example/return"),
];

#[tokio::test]
async fn the_same_request_has_the_same_answer_and_happens_once() {
    let stripe = Merchant::new().await;
    let first = stripe.post_once("payment-1-create", "/v1/payment_intents", &PAY).await;
    let again = stripe.post_once("payment-1-create", "/v1/payment_intents", &PAY).await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), (None, Some("true")));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_ne!(again.header("request-id"), first.header("request-id"));
    assert_eq!(stripe.control.tally("").charges, 1);
    // In another order it is the same request still.
    let mut turned = PAY;
    turned.reverse();
    assert_eq!(stripe.post_once("payment-1-create", "/v1/payment_intents", &turned).await.text, first.text);
}

#[tokio::test]
async fn a_key_cannot_be_used_for_something_else() {
    let stripe = Merchant::new().await;
    stripe.post_once("k", "/v1/payment_intents", &PAY).await.good();
    let other = stripe.post_once("k", "/v1/payment_intents", &[("amount", "5000"), ("currency", "eur")]).await;
    assert_eq!(other.error(), (400, "idempotency_error".into(), String::new()));
    let elsewhere = stripe.post_once("k", "/v1/customers", &[]).await;
    assert_eq!(elsewhere.error().1, "idempotency_error");
}

#[tokio::test]
async fn a_refusal_of_the_bank_is_kept_and_one_of_the_parameters_is_not() {
    let stripe = Merchant::new().await;
    let mut declined = PAY;
    declined[3].1 = "pm_card_visa_chargeDeclined";
    let first = stripe.post_once("k", "/v1/payment_intents", &declined).await;
    let again = stripe.post_once("k", "/v1/payment_intents", &declined).await;
    assert_eq!((first.status, again.status, again.header("idempotent-replayed")), (402, 402, Some("true")));
    assert_eq!(first.text, again.text);

    let wrong = stripe.post_once("w", "/v1/payment_intents", &[("amount", "12000"), ("colour", "red")]).await;
    assert_eq!(wrong.error().2, "parameter_unknown");
    stripe.post_once("w", "/v1/payment_intents", &PAY).await.good();
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let stripe = Merchant::new().await;
    let first = id(&stripe.post_once("k", "/v1/payment_intents", &PAY).await.good());
    stripe.control.advance(Duration::from_secs(24 * 60 * 60 - 60));
    assert_eq!(id(&stripe.post_once("k", "/v1/payment_intents", &PAY).await.good()), first);
    stripe.control.advance(Duration::from_secs(120));
    assert_ne!(id(&stripe.post_once("k", "/v1/payment_intents", &PAY).await.good()), first);
}

#[tokio::test]
async fn of_two_at_once_one_is_told_that_the_other_is_under_way() {
    let stripe = Merchant::new().await;
    stripe.control.fault(Fault::next("/v1/payment_intents", FaultKind::HangBefore(Duration::from_millis(500))));
    let pay = || stripe.post_once("k", "/v1/payment_intents", &PAY);
    let (one, other) = tokio::join!(pay(), pay());
    let (good, told) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!(good.status, 200);
    assert_eq!((told.status, &*told.error().2), (409, "idempotency_key_in_use"));
    assert_eq!(told.header("stripe-should-retry"), Some("true"));
    assert_eq!(pay().await.text, good.text);
    assert_eq!(stripe.control.tally("").charges, 1);
}
