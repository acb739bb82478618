//! What is asked, and what the answers mean.

use http::HeaderMap;
use ring::hmac;
use serde_json::json;
use tandem_billing::{
    processor::{
        About, Confirm, NewPayer, NewRefund, NoticeError, Processor, ProcessorError, RefundStatus, SetupStatus,
    },
    stripe,
};
use tandem_domain::{
    billing::{failure::FailureKind, payment::IntentStatus},
    ids::{CustomerId, RefundId, SetupId},
    locale::Currency,
    money::Money,
};
use uuid::Uuid;

use crate::double::{Double, NOW, Reply, SECRET_KEY, error, intent, new_intent, payment, say, say_with};

fn attempt() -> Confirm {
    let attempt = "2".to_owned();
    Confirm { payment: payment(), reference: "pi_1".into(), method: "pm_1".into(), attempt, return_url: None }
}

#[tokio::test]
async fn a_payment_is_created_under_a_key_of_its_own_and_of_the_version_that_we_speak() {
    let (double, stripe) = Double::with([say(200, intent("requires_payment_method"))]).await;
    let created = stripe.create(&new_intent()).await.unwrap();
    assert_eq!(created.snapshot.status, IntentStatus::RequiresPaymentMethod);
    assert_eq!((created.snapshot.asked, created.snapshot.metadata_payment), (NOW, Some(payment())));
    assert_eq!(created.client_secret.unwrap().expose(), "pi_1_secret_1");
    let asked = &double.asked()[0];
    assert_eq!(asked.line, "POST /v1/payment_intents");
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {SECRET_KEY}").as_str()));
    assert_eq!(asked.header("stripe-version"), Some(stripe::api_version().as_str()));
    assert_eq!(asked.header("idempotency-key"), Some(format!("payment-{}-create", payment()).as_str()));
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(asked.header("user-agent").unwrap().starts_with("Tandem/"));
}

#[tokio::test]
async fn a_decline_is_an_answer_and_says_why() {
    let mut declined = intent("requires_payment_method");
    let why = json!({"type": "card_error", "code": "authentication_required", "decline_code": "authentication_required",
        "message": "Your card was declined. This transaction requires authentication."});
    declined["last_payment_error"] = why.clone();
    let mut body = json!({ "error": why });
    body["error"]["payment_intent"] = declined;
    let (double, stripe) = Double::with([say(402, body)]).await;
    let charged = stripe.confirm(&attempt()).await.unwrap();
    assert_eq!(charged.snapshot.failure.unwrap().kind, FailureKind::AuthenticationRequired);
    let asked = &double.asked()[0];
    assert_eq!(asked.line, "POST /v1/payment_intents/pi_1/confirm");
    assert_eq!(asked.header("idempotency-key"), Some(format!("payment-{}-confirm-2", payment()).as_str()));
}

#[tokio::test]
async fn an_answer_that_is_only_repeated_is_old_and_is_asked_for_anew() {
    let replayed = say_with(200, "idempotent-replayed", "true", intent("requires_payment_method"));
    let (double, stripe) = Double::with([replayed, say(200, intent("succeeded"))]).await;
    let created = stripe.create(&new_intent()).await.unwrap();
    assert_eq!(created.snapshot.status, IntentStatus::Succeeded);
    let asked = double.asked();
    assert!(asked[1].line.starts_with("GET /v1/payment_intents/pi_1?"), "{}", asked[1].line);
    assert_eq!(asked[1].header("idempotency-key"), None);
}

#[tokio::test]
async fn what_can_no_longer_be_charged_or_called_off_is_looked_at() {
    let refused = || say(400, error("invalid_request_error", "payment_intent_unexpected_state"));
    let paid = || say(200, intent("succeeded"));
    let (_, stripe) = Double::with([refused(), paid(), refused(), paid()]).await;
    assert_eq!(stripe.confirm(&attempt()).await.unwrap().snapshot.status, IntentStatus::Succeeded);
    assert_eq!(stripe.cancel(payment(), "pi_1").await.unwrap().snapshot.status, IntentStatus::Succeeded);
}

#[tokio::test]
async fn each_refusal_is_told_apart() {
    let request = || "req_1".to_owned();
    let message = || "Words.".to_owned();
    let cases = [
        (
            401,
            error("invalid_request_error", ""),
            ProcessorError::Credentials { message: message(), request: request() },
        ),
        (404, error("invalid_request_error", "resource_missing"), ProcessorError::NotFound { request: request() }),
        (400, error("idempotency_error", ""), ProcessorError::KeyUsed { request: request() }),
        (
            400,
            error("invalid_request_error", "amount_too_small"),
            ProcessorError::Refused {
                code: "amount_too_small".into(),
                param: "amount".into(),
                message: message(),
                request: request(),
            },
        ),
    ];
    for (status, body, expected) in cases {
        let (_, stripe) = Double::with([say(status, body)]).await;
        let refused = stripe.create(&new_intent()).await.unwrap_err();
        assert_eq!(refused, expected);
        assert!(!refused.is_temporary());
        assert!(!format!("{refused} {refused:?} {stripe:?}").contains("SecretThatNobodySees"));
    }
}

#[tokio::test]
async fn what_stripe_does_not_say_itself_is_no_refusal() {
    let page = || Reply::Say(400, Vec::new(), b"<html>The proxy is not amused.</html>".to_vec());
    let elsewhere = say_with(302, "location", "http://127.0.0.1:1/login", json!({}));
    let told = || say(405, error("invalid_request_error", "something_new"));
    for reply in [page(), elsewhere, told()] {
        let (_, stripe) = Double::with([reply]).await;
        let unknown = stripe.fetch_refund("re_1").await.unwrap_err();
        assert!(matches!(unknown, ProcessorError::Unreadable(_)) && unknown.is_temporary(), "{unknown}");
    }
}

#[tokio::test]
async fn a_lost_payment_is_found_on_the_second_page() {
    let other = |id: &str| json!({"id": id, "status": "canceled", "amount": 1, "currency": "eur"});
    let page =
        |data: Vec<serde_json::Value>, more: bool| say(200, json!({"object": "list", "data": data, "has_more": more}));
    let (double, stripe) = Double::with([
        page(vec![other("pi_8"), other("pi_9")], true),
        page(vec![other("pi_7"), intent("requires_action")], false),
        page(vec![other("pi_7")], false),
    ])
    .await;
    let found = stripe.find(payment(), Some("cus_1"), NOW).await.unwrap().unwrap();
    assert_eq!((found.snapshot.reference.as_str(), found.snapshot.status), ("pi_1", IntentStatus::RequiresAction));
    assert!(double.asked()[1].line.contains("starting_after=pi_9"), "{}", double.asked()[1].line);
    assert_eq!(stripe.find(payment(), None, NOW).await.unwrap(), None);
}

#[tokio::test]
async fn a_refund_is_asked_for_once_under_its_own_key() {
    let new = NewRefund {
        refund: RefundId(Uuid::from_u128(5)),
        reference: "pi_1".into(),
        amount: Money::new(2_000, Currency::Eur),
        anew: false,
    };
    let (double, stripe) = Double::with([say(200, json!({"id": "re_1", "status": "succeeded"}))]).await;
    let refund = stripe.refund(&new).await.unwrap();
    assert_eq!((refund.reference.as_str(), refund.status), ("re_1", RefundStatus::Succeeded));
    let asked = &double.asked()[0];
    assert_eq!(asked.header("idempotency-key"), Some(format!("refund-{}", new.refund).as_str()));
    assert!(asked.body.contains("amount=2000") && asked.body.contains("payment_intent=pi_1"), "{}", asked.body);
}

#[tokio::test]
async fn a_card_is_saved_and_forgotten() {
    let (setup, customer) = (SetupId(Uuid::from_u128(2)), CustomerId(Uuid::from_u128(3)));
    let saved = json!({"id": "seti_1", "status": "succeeded", "client_secret": "seti_1_secret_1",
        "metadata": {"setup": setup.to_string(), "customer": customer.to_string()},
        "payment_method": {"id": "pm_1", "type": "card", "customer": "cus_1",
            "card": {"brand": "visa", "last4": "4242", "exp_month": 1, "exp_year": 2030}}});
    let method =
        |attached: bool| json!({"id": "pm_1", "type": "card", "customer": if attached { Some("cus_1") } else { None }});
    let (_, stripe) = Double::with([
        say(200, saved.clone()),
        say(200, saved),
        say(200, method(false)),
        // A second time: Stripe refuses, and it is as we want it.
        say(400, error("invalid_request_error", "")),
        say(200, method(false)),
        say(400, error("invalid_request_error", "")),
        say(200, method(true)),
    ])
    .await;
    let created = stripe.create_setup(setup, customer, "cus_1").await.unwrap();
    assert_eq!(
        (created.status, created.customer, created.setup),
        (SetupStatus::Succeeded, Some(customer), Some(setup))
    );
    assert_eq!(stripe.fetch_setup("seti_1").await.unwrap().method.unwrap().last4, "4242");
    stripe.detach_method("pm_1").await.unwrap();
    stripe.detach_method("pm_1").await.unwrap();
    assert!(stripe.detach_method("pm_1").await.is_err());
}

#[tokio::test]
async fn a_customer_whose_name_has_changed_gets_another_key() {
    let payer =
        NewPayer { customer: CustomerId(Uuid::from_u128(3)), name: "ABC".into(), email: "abc@example.org".into() };
    let (double, stripe) =
        Double::with([say(400, error("idempotency_error", "")), say(200, json!({"id": "cus_1"}))]).await;
    assert_eq!(stripe.create_payer(&payer).await.unwrap(), "cus_1");
    let asked = double.asked();
    assert_ne!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
    assert_eq!(asked[0].body, asked[1].body);
}

#[tokio::test]
async fn a_fault_that_stripe_remembers_of_a_customer_keeps_it_from_paying_no_longer() {
    let payer = NewPayer { customer: CustomerId(Uuid::from_u128(3)), name: "ABC".into(), email: String::new() };
    let old = say_with(500, "idempotent-replayed", "true", error("api_error", ""));
    let (double, stripe) = Double::with([old, say(200, json!({"id": "cus_1"}))]).await;
    assert_eq!(stripe.create_payer(&payer).await.unwrap(), "cus_1");
    let asked = double.asked();
    assert_ne!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
}

#[tokio::test]
async fn an_address_that_stripe_takes_for_none_keeps_nobody_from_paying() {
    let payer =
        NewPayer { customer: CustomerId(Uuid::from_u128(3)), name: "ABC".into(), email: "abc@localhost".into() };
    let refused = json!({"error": {"type": "invalid_request_error", "code": "email_invalid", "param": "email"}});
    let (double, stripe) = Double::with([say(400, refused), say(200, json!({"id": "cus_1"}))]).await;
    assert_eq!(stripe.create_payer(&payer).await.unwrap(), "cus_1");
    let asked = double.asked();
    assert!(asked[0].body.contains("email=") && !asked[1].body.contains("email="), "{}", asked[1].body);
    assert_ne!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
}

#[tokio::test]
async fn the_connection_test_says_whether_real_money_moves() {
    let (double, stripe) = Double::with([say(200, json!({"object": "balance", "livemode": false}))]).await;
    assert!(!stripe.test_connection().await.unwrap().live);
    assert_eq!(double.asked()[0].line, "GET /v1/balance");
}

#[tokio::test]
async fn a_webhook_is_believed_by_its_signature() {
    let (_, stripe) = Double::with(Vec::<Reply>::new()).await;
    let body = json!({"id": "evt_1", "type": "payment_intent.succeeded", "livemode": false,
        "data": {"object": {"id": "pi_1", "object": "payment_intent"}}})
    .to_string();
    let signed = |secret: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let seconds = NOW.0 / 1000;
        let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
        let mut headers = HeaderMap::new();
        let header = format!("t={seconds},v1={}", data_encoding::HEXLOWER.encode(tag.as_ref()));
        headers.insert("stripe-signature", header.parse().unwrap());
        headers
    };
    let notice = stripe.read_webhook(&signed("whsec_1"), body.as_bytes(), NOW).unwrap();
    assert_eq!((notice.event.as_str(), notice.about), ("evt_1", About::Payment { reference: "pi_1".into() }));
    let refused = stripe.read_webhook(&signed("whsec_2"), body.as_bytes(), NOW);
    assert!(matches!(refused, Err(NoticeError::Signature(_))));
    assert!(stripe.read_webhook(&HeaderMap::new(), body.as_bytes(), NOW).is_err());
    assert!(stripe.read_webhook(&signed("whsec_1"), body.as_bytes(), NOW.plus_seconds(301)).is_err());
}
