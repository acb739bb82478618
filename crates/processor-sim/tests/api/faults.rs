//! Requests that go wrong, and what was done nevertheless.

use std::time::Duration;

use http::Method;
use tandem_processor_sim::{Fault, FaultKind};

use crate::client::{Merchant, form};

const PAY: [(&str, &str); 5] = [
    ("amount", "12000"),
    ("currency", "eur"),
    ("confirm", "true"),
    ("payment_method", "pm_card_visa"),
    ("return_url", "https://tandem.example/return"),
];

/// Pays under a key; the status, or `None` if there was no answer.
async fn pay(stripe: &Merchant, key: &str) -> Option<u16> {
    let headers = [
        ("authorization", "Bearer sk_test_tandem"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("idempotency-key", key),
    ];
    stripe.send(Method::POST, "/v1/payment_intents", &headers, form(&PAY)).await.ok().map(|answer| answer.status)
}

#[tokio::test]
async fn whatever_goes_wrong_trying_again_with_the_same_key_charges_once() {
    for (kind, first, again) in [
        (FaultKind::ErrorBefore, Some(500), Some(200)),
        (FaultKind::ErrorAfter, Some(500), Some(200)),
        (FaultKind::RateLimited, Some(429), Some(200)),
        (FaultKind::Refused, Some(400), Some(200)),
        (FaultKind::DropBefore, None, Some(200)),
        (FaultKind::DropAfter, None, Some(200)),
        (FaultKind::HangBefore(Duration::from_millis(1)), Some(200), Some(200)),
        (FaultKind::HangAfter(Duration::from_millis(1)), Some(200), Some(200)),
    ] {
        let stripe = Merchant::new().await;
        stripe.control.fault(Fault::next("/v1/payment_intents", kind));
        assert_eq!((pay(&stripe, "k").await, pay(&stripe, "k").await), (first, again), "{kind:?}");
        assert_eq!(stripe.control.tally("").charges, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_failure_that_was_kept_is_given_again_until_the_key_changes() {
    let stripe = Merchant::new().await;
    stripe.control.fault(Fault::next("/v1/payment_intents", FaultKind::ErrorSaved));
    assert_eq!((pay(&stripe, "k").await, pay(&stripe, "k").await), (Some(500), Some(500)));
    assert_eq!(stripe.control.tally("").charges, 0);
    assert_eq!(pay(&stripe, "k2").await, Some(200));
}

#[tokio::test]
async fn faults_wait_for_the_requests_they_are_for() {
    let stripe = Merchant::new().await;
    let fault = Fault {
        method: Some("POST".into()),
        path: "/v1/payment_intents".into(),
        kind: FaultKind::ErrorBefore,
        skip: 1,
        times: 2,
    };
    stripe.control.fault(fault);
    assert_eq!(stripe.get("/v1/payment_intents").await.status, 200);
    let mut came = Vec::new();
    for key in ["a", "b", "c", "d"] {
        came.push(pay(&stripe, key).await);
    }
    assert_eq!(came, [Some(200), Some(500), Some(500), Some(200)]);
    stripe.control.fault(Fault::next("/v1/never", FaultKind::DropBefore));
    assert_eq!(stripe.control.clear_faults(), 1);
}

#[tokio::test]
async fn who_hangs_up_while_it_hangs_gives_the_key_back() {
    let stripe = Merchant::new().await;
    stripe.control.fault(Fault::next("/v1/payment_intents", FaultKind::HangBefore(Duration::from_secs(60))));
    let gave_up = tokio::time::timeout(Duration::from_millis(200), pay(&stripe, "k")).await;
    assert!(gave_up.is_err());
    let freed = async {
        while pay(&stripe, "k").await != Some(200) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), freed).await.is_ok());
    assert_eq!(stripe.control.tally("").charges, 1);
}

#[tokio::test]
async fn the_script_can_fail_too() {
    let stripe = Merchant::new().await;
    stripe.control.fault(Fault::next("/v3/", FaultKind::ErrorBefore));
    assert_eq!(stripe.browser_get("/v3/").await.status, 500);
    stripe.control.fault(Fault::next("/v3/", FaultKind::DropBefore));
    assert!(stripe.send(Method::GET, "/v3/", &[], String::new()).await.is_err());
    assert_eq!(stripe.browser_get("/v3/").await.status, 200);
}
