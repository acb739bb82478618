//! The questions of those who run Tandem: is it alive, is it ready, what does it measure.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tandem_app::error::AppError;
use tokio::time::timeout;

use super::{answer, client::Origin};
use crate::measurements::Measurements;

/// The time that a readiness check may take before it counts as a no.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks what the server stands on (the database) whether it does its work; the text says why not.
pub type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// What the probes answer from.
#[derive(Clone)]
pub struct Probes {
    stopping: Arc<AtomicBool>,
    check: Check,
    measurements: Measurements,
}

impl Probes {
    /// Probes of a server that takes requests.
    pub fn new(check: Check, measurements: Measurements) -> Self {
        Self { stopping: Arc::new(AtomicBool::new(false)), check, measurements }
    }

    /// From now on the server is not ready, so that a load balancer sends people elsewhere.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// The routes on the web application's own address; `/metrics` is answered to this machine alone, and only where
    /// `metrics_here` says that nobody from outside comes that way.
    pub fn routes(&self, metrics_here: bool) -> Router {
        let router = Router::new().route("/healthz", get(alive)).route("/readyz", get(ready));
        let router = if metrics_here { router.route("/metrics", get(metrics_for_this_machine)) } else { router };
        router.with_state(self.clone())
    }

    /// The routes on an address of their own, open to whoever reaches it.
    pub fn open_routes(&self) -> Router {
        let router = Router::new().route("/healthz", get(alive)).route("/readyz", get(ready));
        router.route("/metrics", get(metrics)).with_state(self.clone())
    }
}

/// The process lives and answers; nothing else is asked, so that a slow database does not get it killed.
async fn alive() -> &'static str {
    "alive\n"
}

async fn ready(State(probes): State<Probes>) -> Response {
    let verdict = if probes.stopping.load(Ordering::Relaxed) {
        Err("the server is shutting down".to_owned())
    } else {
        match timeout(PATIENCE, (probes.check)()).await {
            Ok(verdict) => verdict,
            Err(_elapsed) => Err("the database does not answer in time".to_owned()),
        }
    };
    match verdict {
        Ok(()) => Json(json!({ "ready": true })).into_response(),
        Err(reason) => {
            tracing::warn!(reason, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "reason": reason }))).into_response()
        }
    }
}

async fn metrics(State(probes): State<Probes>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], probes.measurements.render()).into_response()
}

async fn metrics_for_this_machine(state: State<Probes>, request: Request) -> Response {
    let origin = request.extensions().get::<Origin>();
    if origin.is_some_and(|origin| origin.direct && origin.client.is_loopback()) {
        metrics(state).await
    } else {
        answer::refusal(request.headers(), StatusCode::NOT_FOUND, &AppError::NotFound("page".into()))
    }
}
