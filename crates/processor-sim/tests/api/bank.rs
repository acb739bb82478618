//! The bank's page: its ways out.

use crate::client::Merchant;

const ASKS: &str = "pm_card_authenticationRequired";

#[tokio::test]
async fn a_wrong_password_may_be_tried_three_times() {
    let stripe = Merchant::new().await;
    let intent = stripe.pay(ASKS, &[]).await.good();
    let wrong = [("action", "confirm"), ("password", "000000")];
    let first = stripe.bank(&intent, &wrong).await;
    assert_eq!(first.status, 200);
    assert!(first.text.contains("This password is not right. You have two more tries."), "{}", first.text);
    assert!(stripe.bank(&intent, &wrong).await.text.contains("one more try"));
    let third = stripe.bank(&intent, &wrong).await;
    assert!(third.header("location").unwrap().ends_with("redirect_status=failed"));
    let intent = stripe.now(&intent).await;
    assert_eq!(intent["status"], "requires_payment_method");
    assert_eq!(intent["last_payment_error"]["code"], "payment_intent_authentication_failure");
    // The right one comes too late.
    assert_eq!(stripe.control.tally("p1").charges, 0);
}

#[tokio::test]
async fn declined_and_cancelled_are_an_authentication_that_failed() {
    for action in ["decline", "cancel"] {
        let stripe = Merchant::new().await;
        let intent = stripe.pay(ASKS, &[]).await.good();
        let back = stripe.bank(&intent, &[("action", action)]).await;
        assert!(back.header("location").unwrap().ends_with("redirect_status=failed"), "{action}");
        let now = stripe.now(&intent).await;
        assert_eq!(now["status"], "requires_payment_method");
        assert_eq!(now["last_payment_error"]["type"], "invalid_request_error");
        assert_eq!(now["last_payment_error"]["payment_method"]["card"]["last4"], "3184");
        // Too late.
        stripe.bank(&intent, &[("action", "confirm"), ("password", "123456")]).await;
        assert_eq!(stripe.now(&intent).await["status"], "requires_payment_method");
    }
}

#[tokio::test]
async fn who_goes_back_without_an_answer_can_still_answer() {
    let stripe = Merchant::new().await;
    let intent = stripe.pay(ASKS, &[]).await.good();
    let back = stripe.bank(&intent, &[("action", "leave")]).await;
    assert!(back.header("location").unwrap().ends_with("redirect_status=pending"));
    assert_eq!(stripe.now(&intent).await["status"], "requires_action");
    stripe.bank(&intent, &[("action", "confirm"), ("password", "123456")]).await;
    assert_eq!(stripe.now(&intent).await["status"], "succeeded");
}

#[tokio::test]
async fn the_page_says_who_asks_and_how_much_and_changes_nothing_by_being_looked_at() {
    let stripe = Merchant::new().await;
    let intent = stripe.pay(ASKS, &[]).await.good();
    let url = intent["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
    let page = stripe.browser_get(url.strip_prefix(stripe.sim.base()).unwrap()).await;
    assert!(page.text.contains("€120.00") && page.text.contains("Tandem") && page.text.contains("•••• 3184"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://tandem.example;"), "{policy}");
    assert_eq!(stripe.now(&intent).await["status"], "requires_action");
    assert!(stripe.browser_get("/bank/acs_unknown").await.text.contains("This request has ended"));
    assert!(stripe.control.authenticate(intent["id"].as_str().unwrap(), true));
    let ended = stripe.browser_get(url.strip_prefix(stripe.sim.base()).unwrap()).await;
    assert!(ended.text.contains("Back to the merchant"));
}
