//! What a browser gets and may do.

use tandem_processor_sim::Options;

use crate::client::{Merchant, id};

const PUBLIC: &str = "pk_test_tandem";

#[tokio::test]
async fn the_script_and_its_frames_may_be_loaded_by_a_page_with_a_strict_policy() {
    let stripe = Merchant::new().await;
    for path in ["/v3/", "/v3", "/v3/card.js", "/v3/sim.css"] {
        let file = stripe.browser_get(path).await;
        assert_eq!((file.status, file.header("cross-origin-resource-policy")), (200, Some("cross-origin")), "{path}");
        assert_eq!(file.header("access-control-allow-origin"), Some("*"));
    }
    let card = stripe.browser_get("/v3/card").await;
    assert_eq!(card.header("cross-origin-embedder-policy"), Some("require-corp"));
    assert!(card.header("content-security-policy").unwrap().contains("frame-ancestors *"));
    assert!(card.text.contains("Test mode") && card.text.contains("4000 0025 0000 3155"));
    // Nothing inline: the policy would not let it run.
    assert!(!card.text.contains("<script>") && !card.text.contains(" style="));
}

#[tokio::test]
async fn a_browser_pays_with_the_client_secret_and_sees_less() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    let intent = stripe.intent(&[("customer", &customer)]).await;
    let secret = intent["client_secret"].as_str().unwrap();
    let card = [
        ("client_secret", secret),
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][number]", "4000002760003184"),
        ("payment_method_data[card][exp_month]", "12"),
        ("payment_method_data[card][exp_year]", "2034"),
        ("payment_method_data[card][cvc]", "123"),
        ("return_url", "https://t.example/r"),
    ];
    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let asked = stripe.post_as(PUBLIC, &path, &card, &[]).await.good();
    assert_eq!(asked["status"], "requires_action");
    assert!(asked.get("customer").is_none() && asked.get("metadata").is_none());
    stripe.bank(&asked, &[("action", "decline")]).await;
    // Wrong secrets, and what a browser has no business with.
    let wrong = stripe.post_as(PUBLIC, &path, &[("client_secret", "pi_x_secret_y")], &[]).await;
    assert_eq!(wrong.error().2, "resource_missing");
    assert_eq!(stripe.post_as(PUBLIC, &path, &[], &[]).await.error().2, "parameter_missing");
    assert_eq!(stripe.post_as(PUBLIC, "/v1/refunds", &[], &[]).await.error().2, "secret_key_required");
    // The parameter `key` serves as well.
    let path = format!("/v1/payment_intents/{}?key={PUBLIC}&client_secret={secret}", id(&intent));
    assert_eq!(
        stripe.browser_get(&path).await.good()["last_payment_error"]["code"],
        "payment_intent_authentication_failure"
    );
}

#[tokio::test]
async fn card_numbers_come_from_the_script_alone_and_are_checked() {
    let stripe = Merchant::new().await;
    let card = |number: &'static str, month: &'static str, year: &'static str, cvc: &'static str| {
        [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", month),
            ("card[exp_year]", year),
            ("card[cvc]", cvc),
        ]
    };
    let answer = stripe.post("/v1/payment_methods", &card("4242424242424242", "12", "2034", "123")).await;
    assert!(answer.text.contains("generally unsafe"), "{}", answer.text);
    for (given, code) in [
        (card("4242424242424241", "12", "2034", "123"), "incorrect_number"),
        (card("4242424242424242", "13", "2034", "123"), "invalid_expiry_month"),
        (card("4242424242424242", "12", "2020", "123"), "invalid_expiry_year"),
        (card("4242424242424242", "12", "2034", "12"), "invalid_cvc"),
        (card("4111111111111111", "12", "2034", "123"), "card_declined"),
    ] {
        let answer = stripe.post_as(PUBLIC, "/v1/payment_methods", &given, &[]).await;
        assert_eq!(answer.error(), (402, "card_error".into(), code.into()));
    }
    let good = stripe.post_as(PUBLIC, "/v1/payment_methods", &card("4242 4242 4242 4242", "1", "34", "123"), &[]).await;
    assert_eq!(good.good()["card"]["exp_year"], 2034);
}

#[tokio::test]
async fn the_strings_answer_only_who_may_pull_them() {
    let stripe = Merchant::new().await;
    assert_eq!(stripe.browser_get("/sim/state").await.status, 404);
    let stripe = Merchant::with(Options { http_control: true, ..Options::default() }).await;
    assert_eq!(stripe.browser_get("/sim/state").await.status, 401);
    assert_eq!(stripe.get("/sim/state").await.good()["payment_intents"], 0);
    let json = [("authorization", "Bearer sk_test_tandem"), ("content-type", "application/json")];
    let post =
        async |path: &str, body: &str| stripe.send(http::Method::POST, path, &json, body.to_owned()).await.unwrap();
    assert_eq!(post("/sim/processing", r#"{"next":1}"#).await.status, 200);
    let paid = stripe.pay("pm_card_visa", &[]).await.good();
    assert_eq!(paid["status"], "processing");
    let end = format!(r#"{{"id":"{}","succeeds":true}}"#, id(&paid));
    assert_eq!(post("/sim/settle", &end).await.good(), true);
    assert_eq!(stripe.get("/sim/tally?payment=p1").await.good()["captured"], 12_000);
    assert_eq!(post("/sim/conditions", r#"{"delay":50,"copies":3}"#).await.status, 200);
    assert_eq!(post("/sim/faults", r#"{"path":"/v1/balance","kind":"error_before"}"#).await.status, 200);
    assert_eq!(post("/sim/faults", r#"{"path":"/v1/x","kind":{"hang_before":50}}"#).await.status, 200);
    assert_eq!(stripe.get("/v1/balance").await.status, 500);
    assert_eq!(post("/sim/webhook", r#"{"url":"http://127.0.0.1:1/","secrets":["whsec_x"]}"#).await.status, 200);
    assert_eq!(post("/sim/webhook", "null").await.status, 200);
}
