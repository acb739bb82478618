//! The API: how is a request to `/v1/…` read, checked and answered?
//!
//! In this order, as Stripe does: who asks, which version, which call, was it asked before (idempotency), are the
//! parameters right; then it is done, all of it under one lock, and the answer kept.

pub(crate) mod catalogue;
pub(crate) mod dispatch;
pub(crate) mod error;
pub(crate) mod expand;
pub(crate) mod form;
pub(crate) mod idempotency;
pub(crate) mod list;
pub(crate) mod params;
mod takes;
pub(crate) mod who;

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    response::Response,
};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use serde_json::Value;

use self::{
    catalogue::Call,
    error::ApiError,
    form::Node,
    idempotency::Saved,
    who::{Who, version, who},
};
use crate::{
    control::{Asked, FaultKind},
    objects::state::Cause,
    shared::Shared,
};

/// The largest body.
const LARGEST: usize = 64 * 1024;

/// What an answer says beside its body.
#[derive(Debug, Default)]
struct Told {
    request: String,
    version: String,
    key: Option<String>,
    /// The first request with this key, if this is its answer.
    original: Option<String>,
}

/// An answer without its headers.
struct Answer {
    status: u16,
    body: Arc<str>,
}

/// The connection is to end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on request")]
pub(crate) struct Dropped;

/// Gives an idempotency key back if its request came to nothing: refused before it was done, or nobody waits any more.
struct Held<'a> {
    shared: &'a Shared,
    key: Option<String>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.shared.state().keys.release(key);
        }
    }
}

/// Answers a request of the API, and writes down that it came.
pub(crate) async fn answer(shared: &Arc<Shared>, request: Request) -> Result<Response, Dropped> {
    let (head, body) = request.into_parts();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut asked = Asked {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        version: text("stripe-version"),
        key: text("idempotency-key"),
        status: None,
    };
    let answer = answer_to(shared, &head, body).await;
    asked.status = answer.as_ref().ok().map(|response| response.status().as_u16());
    tracing::debug!(method = %asked.method, path = %asked.path, status = asked.status, "asked");
    shared.note_request(asked);
    answer
}

async fn answer_to(shared: &Arc<Shared>, head: &Parts, body: Body) -> Result<Response, Dropped> {
    let (method, path) = (head.method.as_str(), head.uri.path());
    let (id, fault) = {
        let mut state = shared.state();
        (state.ids.make("req_"), state.take_fault(method, path))
    };
    let mut told = Told { request: id, ..Told::default() };
    let result = match fault {
        Some(FaultKind::DropBefore) => return Err(Dropped),
        Some(FaultKind::ErrorBefore) => Err(ApiError::trouble()),
        Some(FaultKind::RateLimited) => Err(ApiError::rate_limited()),
        Some(FaultKind::Refused) => Err(ApiError::request("This request is refused.")),
        None
        | Some(
            FaultKind::ErrorAfter
            | FaultKind::ErrorSaved
            | FaultKind::DropAfter
            | FaultKind::HangBefore(_)
            | FaultKind::HangAfter(_),
        ) => match to_bytes(body, LARGEST).await {
            Ok(body) => ask(shared, head, &body, fault, &mut told).await,
            Err(_) => Err(ApiError::request(format!("The request is larger than {LARGEST} octets."))),
        },
    };
    shared.wake();
    let answer = match (result, fault) {
        (_, Some(FaultKind::DropAfter)) => return Err(Dropped),
        (_, Some(FaultKind::ErrorAfter)) => refusal(&ApiError::trouble(), &told, shared.state().seconds()),
        (Ok(answer), _) => answer,
        (Err(error), _) => refusal(&error, &told, shared.state().seconds()),
    };
    if let Some(FaultKind::HangAfter(time)) = fault {
        tokio::time::sleep(time).await;
    }
    Ok(write(answer, &told))
}

fn refusal(error: &ApiError, told: &Told, now: i64) -> Answer {
    Answer { status: error.status, body: pretty(&error.body(&told.request, now)) }
}

/// Indented, as Stripe answers.
fn pretty(value: &Value) -> Arc<str> {
    format!("{value:#}\n").into()
}

async fn ask(
    shared: &Arc<Shared>,
    head: &Parts,
    body: &[u8],
    fault: Option<FaultKind>,
    told: &mut Told,
) -> Result<Answer, ApiError> {
    let (method, path) = (head.method.as_str(), head.uri.path());
    let read = |bytes: &[u8]| Node::read(bytes).map_err(|error| ApiError::request(error.to_string()));
    if method == "POST" && !body.is_empty() && !is_form(&head.headers) {
        return Err(ApiError::request(
            "Invalid request: the body must be application/x-www-form-urlencoded (check the Content-Type header).",
        ));
    }
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let mut given = read(query)?.with(read(body)?);
    let who = who(shared, &head.headers, given.take("key"))?;
    told.version = version(&head.headers, &shared.state().api_version)?;
    let segments: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let Some((call, id, second)) = Call::find(method, &segments) else {
        return Err(ApiError::no_such_call(method, path));
    };
    if who == Who::Publishable && !call.publishable() {
        return Err(ApiError::secret_key_required());
    }
    // DELETE and GET are idempotent by themselves; a key says nothing there.
    let key = head.headers.get("idempotency-key").filter(|_| method == "POST");
    let key = key.and_then(|key| key.to_str().ok()).map(str::to_owned);
    told.key.clone_from(&key);
    if shared.strict && who == Who::Secret {
        strict(head, method == "POST" && key.is_none())?;
    }
    let mut held = Held { shared, key: None };
    if let Some(key) = &key {
        let mut state = shared.state();
        let now = state.now;
        if let Some(saved) = state.keys.begin(key, path, &canonical(query, body), now)? {
            told.original = Some(saved.request);
            return Ok(Answer { status: saved.status, body: saved.body });
        }
        held.key = Some(key.clone());
    }
    if let Some(FaultKind::HangBefore(time)) = fault {
        tokio::time::sleep(time).await;
    }
    let ways = expand::asked(&mut given)?;
    if given.get("payment_method_types").is_some() && !who::takes_method_types(&told.version) {
        return Err(params::unknown("payment_method_types"));
    }
    params::check(call.params(), &given)?;
    let mut state = shared.state();
    state.cause = Cause { request: Some(told.request.clone()), key: key.clone() };
    let result = if fault == Some(FaultKind::ErrorSaved) {
        Err(ApiError::trouble())
    } else {
        dispatch::perform(&mut state, call, id, second, &given, who == Who::Publishable)
    };
    state.cause = Cause::default();
    state.changes += u64::from(method != "GET");
    let result = result.and_then(|mut object| {
        expand::expand(&state, &mut object, &ways)?;
        Ok(object)
    });
    let answer = match result {
        Ok(object) => Answer { status: 200, body: pretty(&object) },
        Err(error) => refusal(&error, told, state.seconds()),
    };
    if let Some(key) = &key {
        let saved = Saved { status: answer.status, body: answer.body.clone(), request: told.request.clone() };
        state.keys.save(key, saved);
    }
    // The key is looked at once more when `held` goes, which needs the lock.
    drop(state);
    Ok(answer)
}

/// What Tandem must send though Stripe does not insist.
fn strict(head: &Parts, keyless_write: bool) -> Result<(), ApiError> {
    let refused = |what: &str| Err(ApiError::request(format!("Strict: the request has no {what}.")).code("sim_strict"));
    if !head.headers.contains_key("stripe-version") {
        return refused("Stripe-Version");
    }
    if keyless_write {
        return refused("Idempotency-Key");
    }
    Ok(())
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim().starts_with("application/x-www-form-urlencoded")
}

/// The parameters in one order: a client may write a hash in any.
fn canonical(query: &[u8], body: &[u8]) -> Vec<u8> {
    let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(body));
    let mut pairs: Vec<(String, String)> = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes()
}

fn write(answer: Answer, told: &Told) -> Response {
    let mut response = Response::new(Body::from(answer.body.as_bytes().to_vec()));
    *response.status_mut() =
        http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put("content-type", "application/json");
    put("cache-control", "no-cache, no-store");
    put("access-control-allow-origin", "*");
    put("access-control-expose-headers", "Request-Id, Stripe-Should-Retry");
    put("request-id", &told.request);
    if !told.version.is_empty() {
        put("stripe-version", &told.version);
    }
    if let Some(key) = &told.key {
        put("idempotency-key", key);
        put("original-request", told.original.as_deref().unwrap_or(&told.request));
    }
    if told.original.is_some() {
        put("idempotent-replayed", "true");
    }
    match answer.status {
        401 => put("www-authenticate", "Bearer realm=\"Stripe\""),
        409 | 429 => put("stripe-should-retry", "true"),
        _ => {}
    }
    response
}
