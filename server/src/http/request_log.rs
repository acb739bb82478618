//! Every request: its reference, its line in the log, its measurement, and a page instead of a cut connection when a
//! handler panics.

use std::{any::Any, time::Instant};

use axum::{
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::Response,
};
use tandem_app::{error::AppError, server::Reference};
use tracing::Instrument as _;
use uuid::Uuid;

use super::{answer, client::Origin};

/// Names the request in the answer, in the log, and to the person who reports a fault.
const REFERENCE: HeaderName = HeaderName::from_static("x-request-id");

/// Logs and measures. The path is logged without its query, which may hold what a person searched for.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let reference = Uuid::now_v7().simple().to_string();
    let client = request.extensions().get::<Origin>().map(|origin| origin.client);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = method_label(request.method());
    let path = request.uri().path().to_owned();
    let asked = request.headers().clone();
    request.extensions_mut().insert(Reference(reference.clone()));

    // The application records `user` once it knows who asks.
    let user = tracing::field::Empty;
    let client = client.map(tracing::field::display);
    let span = tracing::info_span!("request", id = reference, method, path, client, user);
    let mut response = async {
        let mut response = next.run(request).await;
        if response.extensions().get::<Panicked>().is_some() {
            let error = AppError::Internal { reference: reference.clone() };
            response = answer::refusal(&asked, StatusCode::INTERNAL_SERVER_ERROR, &error);
        }
        let status = response.status().as_u16();
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        // A probe every second, and every file of a page, would hide what people do.
        if is_routine(&route) && status < 400 {
            tracing::debug!(status, milliseconds, "answered");
        } else if status >= 500 {
            tracing::error!(status, milliseconds, "answered");
        } else {
            tracing::info!(status, milliseconds, "answered");
        }
        response
    }
    .instrument(span)
    .await;

    let labels = [("method", method.to_owned()), ("route", route)];
    metrics::histogram!("http_request_duration_seconds", &labels).record(started.elapsed().as_secs_f64());
    let [method, route] = labels;
    let labels = [method, route, ("status", response.status().as_u16().to_string())];
    metrics::counter!("http_requests_total", &labels).increment(1);

    if let Ok(value) = HeaderValue::from_str(&reference) {
        response.headers_mut().insert(REFERENCE, value);
    }
    response
}

fn is_routine(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics") || route.starts_with("/pkg/")
}

/// Only known methods become labels: each new text would be a series kept for ever.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Marks the answer of a handler that panicked.
#[derive(Clone)]
struct Panicked;

/// Stands in for the answer of a handler that panicked, until [`observe`] makes a page of it. What the panic said was
/// logged by the panic hook; none of it goes to the client.
pub fn after_panic(_panic: Box<dyn Any + Send + 'static>) -> Response {
    metrics::counter!("panics_total").increment(1);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.extensions_mut().insert(Panicked);
    response
}
