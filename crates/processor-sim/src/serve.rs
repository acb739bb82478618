//! The sockets: who connects is answered by the API, the pages or the control. Our own loop, since a fault may have to
//! end a connection without a word.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, task::JoinSet};
use tower::ServiceExt;

use crate::{
    api::{self, Dropped},
    control::{self, FaultKind},
    pages,
    shared::Shared,
};

/// Most connections at once; more are closed.
const MOST: usize = 2_000;

/// Runs until it is aborted; the connections end with it.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let mut router = pages::routes();
    if shared.http_control {
        router = router.merge(control::http::routes(&shared));
    }
    let router = router.with_state(shared.clone());
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: they come back as connections end.
                tracing::warn!(%error, "the stand-in for Stripe cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if connections.len() >= MOST {
            continue;
        }
        let _ = stream.set_nodelay(true);
        let (router, shared) = (router.clone(), shared.clone());
        connections.spawn(async move {
            let service = service_fn(move |request: http::Request<Incoming>| {
                let (router, shared) = (router.clone(), shared.clone());
                async move { respond(&shared, router, request.map(Body::new)).await }
            });
            let connection =
                http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the stand-in for Stripe ended early");
            }
        });
    }
}

async fn respond(shared: &Arc<Shared>, router: Router, request: Request) -> Result<Response, Dropped> {
    if request.uri().path().starts_with("/v1/") {
        return api::answer(shared, request).await;
    }
    // What is to go wrong with a page or the script; the strings themselves are left alone.
    let path = request.uri().path();
    let fault =
        if path.starts_with("/sim/") { None } else { shared.state().take_fault(request.method().as_str(), path) };
    match fault {
        Some(FaultKind::DropBefore | FaultKind::DropAfter) => return Err(Dropped),
        Some(FaultKind::ErrorBefore | FaultKind::ErrorAfter | FaultKind::ErrorSaved) => {
            return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        }
        Some(FaultKind::RateLimited) => return Ok(StatusCode::TOO_MANY_REQUESTS.into_response()),
        Some(FaultKind::Refused) => return Ok(StatusCode::BAD_REQUEST.into_response()),
        Some(FaultKind::HangBefore(time) | FaultKind::HangAfter(time)) => tokio::time::sleep(time).await,
        None => {}
    }
    match router.oneshot(request).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}
