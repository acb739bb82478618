//! A payment processor sends word, through all that stands around the application.

use std::time::Duration;

use axum::{
    Router,
    http::{Request, StatusCode, header},
};
use serde_json::Value;
use tandem_app::server::Clock as _;
use tandem_billing::{paying::PayRequest, stripe::StripeOptions};
use tandem_domain::{access::Tenant, ids::PaymentSystemId};
use tandem_processor_sim::{Fault, FaultKind, Sim, webhooks::signature};
use tandem_server::{
    clock::SystemClock,
    http::{body_limit::LARGEST_BODY, router, site::Site, webhooks},
};
use tandem_store::{Options as StoreOptions, Store, payments::PayFor};
use tandem_till::company;
use tempfile::TempDir;

use crate::{
    stand_in::{add_system, change, confirm, payments, stand_in},
    world::{answer, config, probes, site_folder},
};

const SIGNING_SECRET: &str = "whsec_edge";

/// A server that ABC has paid ten euros at, of which it has not heard yet.
struct Paid {
    server: Router,
    store: Store,
    sim: Sim,
    system: PaymentSystemId,
    abc: Tenant,
    _data: TempDir,
}

impl Paid {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", data.path().join("tandem.sqlite").display());
        let store = Store::connect(&url, &StoreOptions::default()).await.unwrap();
        store.migrate().await.unwrap();
        let sim = stand_in().await;
        let stripe =
            StripeOptions { pause: Duration::from_millis(1), ..StripeOptions::at(sim.base().parse().unwrap()) };
        let (systems, billing) = payments(&store, stripe);
        let system = add_system(&store, &systems, "Cards", true, SIGNING_SECRET).await;
        let abc = company(&store, &change(), "ABC").await.unwrap();
        let wish =
            PayRequest { token: "form".into(), pay_for: PayFor::Balance(1_000), save_method: false, payer: None };
        let payment = billing.begin(&change(), abc, &wish).await.unwrap().payment;
        confirm(&billing, &systems, system, &payment, "pm_card_visa").await;
        let site = Site::open(Some(site_folder().path()));
        let server = router(&config(""), site, &probes(Ok(())), webhooks::routes(billing));
        Self { server, store, sim, system, abc, _data: data }
    }

    fn event(&self) -> Value {
        self.sim.control().events(Some("payment_intent.succeeded")).pop().unwrap()
    }

    /// Posts what the processor, or somebody who says to be it, sends; tells the answer's status.
    async fn post(&self, system: &str, body: String, signed: &str) -> StatusCode {
        let request = Request::post(format!("/webhooks/{system}"))
            .header(header::HOST, "pbx:3000")
            .header(header::CONTENT_TYPE, "application/json")
            .header("stripe-signature", signed);
        answer(&self.server, request.body(body.into()).unwrap()).await.status
    }

    async fn hears(&self, event: &Value) -> StatusCode {
        let body = event.to_string();
        let signed = sign(SIGNING_SECRET, 0, &body);
        self.post(&self.system.to_string(), body, &signed).await
    }

    async fn balance(&self) -> i64 {
        self.store.ledger().balance(self.abc).await.unwrap().balance.minor
    }
}

/// The signature of so many seconds ago.
fn sign(secret: &str, ago: i64, body: &str) -> String {
    signature::header(&[secret.to_owned()], SystemClock.now().0 / 1000 - ago, body)
}

#[tokio::test]
async fn a_word_that_is_the_processors_is_acted_upon_and_answered_with_200() {
    let paid = Paid::new().await;
    assert_eq!(paid.balance().await, 0);
    assert_eq!(paid.hears(&paid.event()).await, StatusCode::OK);
    assert_eq!(paid.balance().await, -1_000);
    assert_eq!(paid.hears(&paid.event()).await, StatusCode::OK, "again");
    let mut unknown = paid.event();
    unknown["id"] = "evt_unknown".into();
    unknown["type"] = "customer.created".into();
    assert_eq!(paid.hears(&unknown).await, StatusCode::OK, "or it would be sent again and again");
    assert_eq!(paid.balance().await, -1_000);
}

#[tokio::test]
async fn one_that_is_not_is_refused_and_moves_nothing() {
    let paid = Paid::new().await;
    let (system, body) = (paid.system.to_string(), paid.event().to_string());
    for signed in [
        sign("whsec_of_somebody_else", 0, &body),
        sign(SIGNING_SECRET, 0, "another body"),
        sign(SIGNING_SECRET, 400, &body),
        "t=now,v1=?".to_owned(),
        String::new(),
    ] {
        assert_eq!(paid.post(&system, body.clone(), &signed).await, StatusCode::BAD_REQUEST, "{signed}");
    }
    let no_event = "{".to_owned();
    let signed = sign(SIGNING_SECRET, 0, &no_event);
    assert_eq!(paid.post(&system, no_event, &signed).await, StatusCode::BAD_REQUEST);
    let signed = sign(SIGNING_SECRET, 0, &body);
    for nowhere in [PaymentSystemId(uuid::Uuid::nil()).to_string(), "stripe".to_owned(), "%00".to_owned()] {
        assert_eq!(paid.post(&nowhere, body.clone(), &signed).await, StatusCode::NOT_FOUND, "{nowhere}");
    }
    let large = format!("{body}{}", " ".repeat(LARGEST_BODY));
    let signed = sign(SIGNING_SECRET, 0, &large);
    assert_eq!(paid.post(&system, large, &signed).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(paid.balance().await, 0);
}

#[tokio::test]
async fn while_the_processor_cannot_be_asked_it_is_told_to_send_it_again() {
    let paid = Paid::new().await;
    let event = paid.event();
    paid.sim.control().fault(Fault { times: u32::MAX, ..Fault::next("/v1/payment_intents", FaultKind::DropBefore) });
    assert_eq!(paid.hears(&event).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(paid.balance().await, 0);
    paid.sim.control().clear_faults();
    assert_eq!(paid.hears(&event).await, StatusCode::OK);
    assert_eq!(paid.balance().await, -1_000);
}
