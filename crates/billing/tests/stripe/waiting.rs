//! Stripe is slow, broken, or not there.

use serde_json::json;
use tandem_billing::processor::{Processor, ProcessorError};
use tandem_domain::billing::payment::IntentStatus;

use crate::double::{Double, Reply, error, intent, new_intent, say, say_with};

#[tokio::test]
async fn a_fault_there_is_tried_again_with_the_same_words_under_the_same_key() {
    let busy = |status| say(status, error("api_error", ""));
    let (double, stripe) = Double::with([busy(500), busy(429), say(200, intent("requires_payment_method"))]).await;
    stripe.create(&new_intent()).await.unwrap();
    let asked = double.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|one| one.body == asked[0].body));
    assert!(asked.iter().all(|one| one.header("idempotency-key") == asked[0].header("idempotency-key")));
}

#[tokio::test]
async fn stripes_own_word_on_trying_again_counts() {
    let (double, stripe) = Double::with([say_with(500, "stripe-should-retry", "false", error("api_error", ""))]).await;
    assert!(matches!(stripe.create(&new_intent()).await, Err(ProcessorError::Busy { status: 500, .. })));
    assert_eq!(double.asked().len(), 1);
    let (double, stripe) = Double::with([
        say_with(400, "stripe-should-retry", "true", error("invalid_request_error", "lock_timeout")),
        say(200, intent("processing")),
    ])
    .await;
    assert_eq!(stripe.create(&new_intent()).await.unwrap().snapshot.status, IntentStatus::Processing);
    assert_eq!(double.asked().len(), 2);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_work_was_done_is_made_anew() {
    let replayed = say_with(200, "idempotent-replayed", "true", intent("requires_payment_method"));
    let (double, stripe) = Double::with([Reply::HangUp, replayed, say(200, intent("requires_payment_method"))]).await;
    stripe.create(&new_intent()).await.unwrap();
    assert_eq!(double.asked().len(), 3);
}

#[tokio::test]
async fn silence_ends() {
    let (double, stripe) = Double::with([Reply::Hang, Reply::Hang, Reply::Hang]).await;
    let error = stripe.create(&new_intent()).await.unwrap_err();
    assert!(matches!(error, ProcessorError::Unreachable(_)) && error.is_temporary(), "{error}");
    assert_eq!(double.asked().len(), 3);
}

#[tokio::test]
async fn after_the_last_attempt_the_answer_is_told() {
    let busy = || say(503, json!("Service Unavailable"));
    let (_, stripe) = Double::with([busy(), busy(), busy()]).await;
    let error = stripe.create(&new_intent()).await.unwrap_err();
    assert_eq!(error, ProcessorError::Busy { status: 503, request: "req_1".into() });
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let endless = Reply::Say(200, Vec::new(), vec![b' '; 5 * 1024 * 1024]);
    let (_, stripe) = Double::with([endless]).await;
    assert!(matches!(stripe.fetch("pi_1").await, Err(ProcessorError::Unreadable(_))));
}

#[tokio::test]
async fn an_answer_that_is_no_payment_is_not_guessed_at() {
    for body in [
        json!(null),
        json!({"id": "pi_1"}),
        json!([1, 2]),
        json!({"id": "pi_1", "status": "new", "amount": 1, "currency": "eur"}),
    ] {
        let (_, stripe) = Double::with([say(200, body)]).await;
        let error = stripe.fetch("pi_1").await.unwrap_err();
        assert!(matches!(error, ProcessorError::Unreadable(_)) && error.is_temporary(), "{error}");
    }
}
