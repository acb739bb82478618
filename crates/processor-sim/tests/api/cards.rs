//! Each test card, on session and off session.

use tandem_processor_sim::cards::{Authentication, CARDS};

use crate::client::{Merchant, id};

/// What comes of paying on session: the status, and the codes if it failed.
async fn on_session(stripe: &Merchant, method: &str) -> (String, String, String) {
    let answer = stripe.pay(method, &[]).await;
    let mut intent = answer.json();
    if answer.status == 200 && intent["status"] == "requires_action" {
        stripe.bank(&intent, &[("action", "confirm"), ("password", "123456")]).await;
        intent = stripe.now(&intent).await;
        let error = &intent["last_payment_error"];
        return (format!("asked, {}", text(&intent["status"])), text(&error["code"]), text(&error["decline_code"]));
    }
    let error = &intent["error"];
    let status = if answer.status == 402 { &error["payment_intent"]["status"] } else { &intent["status"] };
    (text(status), text(&error["code"]), text(&error["decline_code"]))
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn each_card_does_on_session_what_stripe_says_of_it() {
    let stripe = Merchant::new().await;
    let failed = "requires_payment_method";
    let asked_failed = "asked, requires_payment_method";
    for (method, status, code, decline) in [
        ("pm_card_visa", "succeeded", "", ""),
        ("pm_card_mastercard", "succeeded", "", ""),
        ("pm_card_amex", "succeeded", "", ""),
        ("pm_card_threeDSecureOptional", "succeeded", "", ""),
        ("pm_card_chargeCustomerFail", failed, "card_declined", "generic_decline"),
        ("pm_card_authenticationRequired", "asked, succeeded", "", ""),
        ("pm_card_authenticationRequiredOnSetup", "asked, succeeded", "", ""),
        ("pm_card_authenticationRequiredSetupForOffSession", "asked, succeeded", "", ""),
        ("pm_card_threeDSecure2Required", "asked, succeeded", "", ""),
        ("pm_card_threeDSecureRequiredChargeDeclined", asked_failed, "card_declined", "generic_decline"),
        (
            "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
            asked_failed,
            "card_declined",
            "insufficient_funds",
        ),
        ("pm_card_threeDSecureRequiredProcessingError", failed, "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", failed, "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", failed, "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", failed, "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", failed, "card_declined", "stolen_card"),
        ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", failed, "card_declined", "card_velocity_exceeded"),
        ("pm_card_radarBlock", failed, "card_declined", "fraudulent"),
        ("pm_card_chargeDeclinedExpiredCard", failed, "expired_card", ""),
        ("pm_card_chargeDeclinedIncorrectCvc", failed, "incorrect_cvc", ""),
        ("pm_card_chargeDeclinedProcessingError", failed, "processing_error", ""),
    ] {
        let came = on_session(&stripe, method).await;
        assert_eq!(came, (status.into(), code.into(), decline.into()), "{method}");
    }
}

#[tokio::test]
async fn saved_cards_do_off_session_what_stripe_says_of_them() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    for (method, code) in [
        ("pm_card_visa", ""),
        ("pm_card_authenticationRequiredOnSetup", ""),
        ("pm_card_authenticationRequired", "authentication_required"),
        ("pm_card_threeDSecure2Required", "authentication_required"),
        ("pm_card_chargeCustomerFail", "card_declined"),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "card_declined"),
    ] {
        let fields = [
            ("customer", &*customer),
            ("payment_method", method),
            ("confirm", "true"),
            ("return_url", "https://tandem.example/return"),
        ];
        let setup = stripe.post("/v1/setup_intents", &fields).await.good();
        if setup["status"] == "requires_action" {
            stripe.bank(&setup, &[("action", "confirm"), ("password", "123456")]).await;
        }
        let setup = stripe.now(&setup).await;
        assert_eq!(setup["status"], "succeeded", "{method}");
        let saved = setup["payment_method"].as_str().unwrap();
        let answer = stripe.pay(saved, &[("customer", &customer), ("off_session", "true")]).await;
        let expected = if code.is_empty() { 200 } else { 402 };
        assert_eq!((answer.status, &*answer.error().2), (expected, code), "{method}");
    }
}

#[tokio::test]
async fn a_card_only_attached_was_not_set_up() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    let path = "/v1/payment_methods/pm_card_authenticationRequiredOnSetup/attach";
    let saved = id(&stripe.post(path, &[("customer", &customer)]).await.good());
    let answer = stripe.pay(&saved, &[("customer", &customer), ("off_session", "true")]).await;
    assert_eq!(answer.error().2, "authentication_required");
}

#[tokio::test]
async fn cards_that_decline_cannot_be_attached() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    for card in CARDS.iter().filter(|card| !card.methods.is_empty()) {
        let path = format!("/v1/payment_methods/{}/attach", card.methods[0]);
        let status = stripe.post(&path, &[("customer", &customer)]).await.status;
        let plain = card.authentication == Authentication::Never;
        let declines = card.decline.is_some() && plain && card.number != "4000000000000341";
        assert_eq!(status, if declines { 402 } else { 200 }, "{}", card.number);
    }
}

#[tokio::test]
async fn three_d_secure_on_request_asks_where_the_card_can() {
    let stripe = Merchant::new().await;
    let any = [("payment_method_options[card][request_three_d_secure]", "any")];
    let optional = stripe.pay("pm_card_threeDSecureOptional", &any).await.good();
    assert_eq!(optional["status"], "requires_action");
    assert_eq!(stripe.pay("pm_card_visa", &any).await.good()["status"], "succeeded");
    let no_action = [("error_on_requires_action", "true")];
    let answer = stripe.pay("pm_card_authenticationRequired", &no_action).await;
    assert_eq!(answer.error().2, "authentication_required");
}
