//! The strings from another process, under `/sim/`: for browser tests. Only if the options allow it, and with the
//! secret key as `Authorization: Bearer`. Bodies and answers are JSON; times are milliseconds.
//!
//! | call | what it does |
//! | --- | --- |
//! | `GET /sim/state` | how many objects there are, deliveries wait, and tasks there was no room for |
//! | `GET /sim/tally?payment=ID` | [`Tally`](super::Tally) of a payment |
//! | `GET /sim/deliveries`, `GET /sim/events?type=T` | what was sent, what happened |
//! | `GET /sim/requests?method=M&path=P` | the requests that came: [`Asked`] |
//! | `POST /sim/release` | `{"newest_first"}`: sends what waits, one by one |
//! | `POST /sim/webhook` | `{"url", "secrets"}` or `null` |
//! | `POST /sim/conditions` | [`Conditions`] |
//! | `POST /sim/faults`, `DELETE /sim/faults` | adds a [`Fault`]; takes all back |
//! | `POST /sim/processing` | [`Processing`] |
//! | `POST /sim/settle`, `POST /sim/authenticate` | `{"id", "succeeds"}` |
//! | `POST /sim/send` | `{"event", "copies"}` |
//! | `POST /sim/event` | `{"type", "object", "account"}`: makes one up |
//! | `POST /sim/advance` | `{"by"}` |

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Query, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, Conditions, Control, Fault, Processing, Webhook};
use crate::{
    api::who::{Who, who},
    shared::Shared,
};

#[derive(Deserialize)]
struct WebhookGiven {
    url: String,
    secrets: Vec<String>,
}

#[derive(Deserialize)]
struct End {
    id: String,
    succeeds: bool,
}

#[derive(Deserialize)]
struct Send {
    event: String,
    #[serde(default = "one")]
    copies: u32,
}

const fn one() -> u32 {
    1
}

#[derive(Deserialize)]
struct MadeUp {
    r#type: String,
    object: Value,
    account: Option<String>,
}

#[derive(Deserialize)]
struct Release {
    #[serde(default)]
    newest_first: bool,
}

#[derive(Deserialize)]
struct By {
    by: u64,
}

/// All calls.
pub(crate) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/sim/state", get(state))
        .route("/sim/tally", get(tally))
        .route("/sim/deliveries", get(async |control: Strings| Json(control.0.deliveries())))
        .route("/sim/events", get(events))
        .route("/sim/requests", get(requests))
        .route("/sim/webhook", post(webhook))
        .route("/sim/conditions", post(conditions))
        .route("/sim/faults", post(fault).delete(async |control: Strings| Json(control.0.clear_faults())))
        .route("/sim/processing", post(processing))
        .route("/sim/settle", post(async |c: Strings, Json(end): Json<End>| Json(c.0.settle(&end.id, end.succeeds))))
        .route("/sim/authenticate", post(authenticate))
        .route("/sim/send", post(async |c: Strings, Json(it): Json<Send>| Json(c.0.send_again(&it.event, it.copies))))
        .route("/sim/event", post(event))
        .route("/sim/release", post(release))
        .route("/sim/advance", post(advance))
        .route_layer(from_fn_with_state(shared.clone(), only_with_key))
}

/// The control as an extractor.
struct Strings(Control);

impl axum::extract::FromRequestParts<Arc<Shared>> for Strings {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut http::request::Parts, shared: &Arc<Shared>) -> Result<Self, Self::Rejection> {
        Ok(Self(Control { shared: shared.clone() }))
    }
}

async fn only_with_key(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match who(&shared, request.headers(), None) {
        Ok(Who::Secret) => next.run(request).await,
        Ok(Who::Publishable) | Err(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn state(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let state = shared.state();
    Json(json!({
        "charges": state.charges.len(),
        "customers": state.customers.len(),
        "events": state.events.len(),
        "payment_intents": state.intents.len(),
        "payment_methods": state.methods.len(),
        "refunds": state.refunds.len(),
        "setup_intents": state.setups.len(),
        "waiting": state.agenda.waiting(),
        "lost": state.agenda.lost(),
        "conditions": state.conditions,
        "processing": state.processing,
    }))
}

async fn tally(control: Strings, Query(query): Query<HashMap<String, String>>) -> Json<super::Tally> {
    Json(control.0.tally(query.get("payment").map_or("", |payment| payment)))
}

async fn events(control: Strings, Query(query): Query<HashMap<String, String>>) -> Json<Vec<Value>> {
    Json(control.0.events(query.get("type").map(|kind| &**kind)))
}

async fn requests(control: Strings, Query(query): Query<HashMap<String, String>>) -> Json<Vec<Asked>> {
    let text = |name: &str| query.get(name).map_or("", |text| text);
    Json(control.0.requests(text("method"), text("path")))
}

async fn webhook(control: Strings, Json(given): Json<Option<WebhookGiven>>) -> Json<bool> {
    control.0.set_webhook(given.map(|given| Webhook { url: given.url, secrets: given.secrets }));
    Json(true)
}

async fn conditions(control: Strings, Json(given): Json<Conditions>) -> Json<bool> {
    control.0.set_conditions(given);
    Json(true)
}

async fn fault(control: Strings, Json(given): Json<Fault>) -> Json<bool> {
    control.0.fault(given);
    Json(true)
}

async fn processing(control: Strings, Json(given): Json<Processing>) -> Json<bool> {
    control.0.hold_processing(given);
    Json(true)
}

async fn authenticate(control: Strings, Json(end): Json<End>) -> Json<bool> {
    Json(control.0.authenticate(&end.id, end.succeeds))
}

async fn event(control: Strings, Json(given): Json<MadeUp>) -> Json<String> {
    Json(control.0.send_event(&given.r#type, given.object, given.account.as_deref()))
}

async fn release(control: Strings, Json(given): Json<Release>) -> Json<bool> {
    control.0.release(given.newest_first);
    Json(true)
}

async fn advance(control: Strings, Json(given): Json<By>) -> Json<bool> {
    control.0.advance(Duration::from_millis(given.by));
    Json(true)
}
