//! Money given back.

use std::time::Duration;

use serde_json::Value;

use crate::client::{Merchant, id};

#[tokio::test]
async fn a_payment_is_given_back_in_parts_and_never_more_than_all() {
    let stripe = Merchant::new().await;
    let paid = id(&stripe.pay("pm_card_visa", &[]).await.good());
    let fields = [
        ("payment_intent", &*paid),
        ("amount", "5000"),
        ("reason", "requested_by_customer"),
        ("metadata[refund]", "r1"),
    ];
    let refund = stripe.post("/v1/refunds", &fields).await.good();
    assert_eq!((&refund["status"], &refund["payment_intent"]), (&"succeeded".into(), &Value::from(&*paid)));
    let too_much = stripe.post("/v1/refunds", &[("payment_intent", &paid), ("amount", "7001")]).await;
    assert_eq!(too_much.status, 400);
    assert!(too_much.text.contains("Refund amount (€70.01) is greater than unrefunded amount on charge (€70.00)"));
    stripe.post("/v1/refunds", &[("payment_intent", &paid)]).await.good();
    let over = stripe.post("/v1/refunds", &[("payment_intent", &paid)]).await;
    assert_eq!(over.error().2, "charge_already_refunded");

    let path = format!("/v1/payment_intents/{paid}?expand[]=latest_charge.refunds");
    let charge = stripe.get(&path).await.good()["latest_charge"].clone();
    assert_eq!((&charge["amount_refunded"], &charge["refunded"]), (&12_000.into(), &true.into()));
    assert_eq!(charge["refunds"]["data"].as_array().unwrap().len(), 2);
    let list = stripe.get(&format!("/v1/refunds?payment_intent={paid}")).await.good();
    assert_eq!(list["data"][1]["metadata"]["refund"], "r1");
    assert_eq!(stripe.control.tally("p1").refunded, 12_000);
    assert_eq!(stripe.get("/v1/balance").await.good()["available"][0]["amount"], 0);
}

#[tokio::test]
async fn what_was_not_paid_cannot_be_given_back() {
    let stripe = Merchant::new().await;
    let open = id(&stripe.intent(&[]).await);
    assert_eq!(
        stripe.post("/v1/refunds", &[("payment_intent", &open)]).await.error().2,
        "payment_intent_unexpected_state"
    );
    assert_eq!(stripe.post("/v1/refunds", &[("payment_intent", "pi_x")]).await.error().2, "resource_missing");
    assert_eq!(stripe.post("/v1/refunds", &[]).await.status, 400);
}

#[tokio::test]
async fn a_refund_may_take_its_time_and_may_fail_after_all() {
    let stripe = Merchant::new().await;
    let ends = async |method: &str, first: &str, last: &str| {
        let paid = id(&stripe.pay(method, &[]).await.good());
        let refund = stripe.post("/v1/refunds", &[("payment_intent", &paid)]).await.good();
        assert_eq!(refund["status"], first);
        stripe.control.advance(Duration::from_secs(2));
        let path = format!("/v1/refunds/{}", id(&refund));
        let ended = async {
            while stripe.get(&path).await.good()["status"] != last {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(10), ended).await.is_ok(), "{method}");
        paid
    };
    ends("pm_card_pendingRefund", "pending", "succeeded").await;
    let paid = ends("pm_card_refundFail", "succeeded", "failed").await;
    let charge = stripe.get(&format!("/v1/payment_intents/{paid}?expand[]=latest_charge")).await.good();
    assert_eq!(charge["latest_charge"]["amount_refunded"], 0);
}
