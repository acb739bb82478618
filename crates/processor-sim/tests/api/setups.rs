//! Cards saved without a payment.

use serde_json::Value;

use crate::client::{Merchant, id};

#[tokio::test]
async fn a_card_is_saved_after_the_bank_asked() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    let setup = stripe.post("/v1/setup_intents", &[("customer", &customer), ("usage", "off_session")]).await.good();
    assert_eq!(setup["status"], "requires_payment_method");
    let path = format!("/v1/setup_intents/{}/confirm", id(&setup));
    let fields = [("payment_method", "pm_card_authenticationRequiredOnSetup"), ("return_url", "https://t.example/r")];
    let setup = stripe.post(&path, &fields).await.good();
    assert_eq!(setup["status"], "requires_action");
    let back = stripe.bank(&setup, &[("action", "confirm"), ("password", "123 456")]).await;
    assert!(back.header("location").unwrap().contains("setup_intent_client_secret="));
    let setup = stripe.now(&setup).await;
    assert_eq!(setup["status"], "succeeded");
    let method = stripe.get(&format!("/v1/payment_methods/{}", setup["payment_method"].as_str().unwrap())).await.good();
    assert_eq!(method["customer"], *customer);
    assert_eq!(stripe.post(&path, &fields).await.error().2, "setup_intent_unexpected_state");
}

#[tokio::test]
async fn a_card_that_declines_is_not_saved() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    let fields = [
        ("customer", &*customer),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa_chargeDeclined"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
    ];
    let answer = stripe.post("/v1/setup_intents", &fields).await;
    assert_eq!(answer.error(), (402, "card_error".into(), "card_declined".into()));
    let setup = &answer.json()["error"]["setup_intent"];
    assert_eq!((&setup["status"], &setup["payment_method"]), (&"requires_payment_method".into(), &Value::Null));
    assert_eq!(setup["last_setup_error"]["code"], "card_declined");
}

#[tokio::test]
async fn given_up_at_the_bank_nothing_is_saved() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    let fields = [
        ("customer", &*customer),
        ("confirm", "true"),
        ("payment_method", "pm_card_authenticationRequired"),
        ("return_url", "https://t.example/r"),
    ];
    let setup = stripe.post("/v1/setup_intents", &fields).await.good();
    let back = stripe.bank(&setup, &[("action", "cancel")]).await;
    assert!(back.header("location").unwrap().ends_with("redirect_status=failed"));
    let setup = stripe.now(&setup).await;
    assert_eq!(setup["last_setup_error"]["code"], "setup_intent_authentication_failure");
    let path = format!("/v1/setup_intents/{}/cancel", id(&setup));
    assert_eq!(stripe.post(&path, &[]).await.good()["status"], "canceled");
    let list = stripe.get(&format!("/v1/payment_methods?customer={customer}&type=card")).await.good();
    assert_eq!(list["data"], Value::Array(vec![]));
}
