//! The socket: accepts connections, and ends without cutting anyone off.
//!
//! `axum::serve` has no limits of time and no end to a graceful end, so this is a loop of our own around Hyper.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tower::ServiceExt as _;

/// The time in which a request's head must be complete; also how long an idle connection is kept.
const LONGEST_HEAD: Duration = Duration::from_secs(30);

/// What a server allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at one time; more wait in the system's queue until one ends. One that is upgraded counts no more.
    pub connections: usize,
    /// How long requests under way may take to finish once the server is to end.
    pub grace: Duration,
}

impl Limits {
    /// Leaves room below the 1,024 files that a process may usually have open, for the database and all else. A browser keeps
    /// up to six connections, each for half a minute after its last request.
    pub const CONNECTIONS: usize = 900;
    /// For the probes and measurements that a machine or two ask for.
    pub const MEASUREMENTS: usize = 16;
}

/// How the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every request got its answer.
    Complete,
    /// So many connections were cut when their time was over.
    Cut(usize),
}

/// Serves until `stop` becomes true (or nobody is left to say so); requests under way then have `limits.grace` to finish.
pub async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>, limits: Limits) -> End {
    // Every connection holds a receiver, so that "no receiver left" is "every connection has ended".
    let (open, _) = watch::channel(());
    let mut was_full = false;
    let free = Arc::new(Semaphore::new(limits.connections));
    loop {
        let full = free.available_permits() == 0;
        if full && !was_full {
            tracing::warn!(connections = limits.connections, "no connection is free: new ones wait until one ends");
        }
        was_full = full;
        let accepted = tokio::select! {
            // The semaphore is never closed.
            Ok(place) = Arc::clone(&free).acquire_owned() => tokio::select! {
                accepted = listener.accept() => accepted.map(|(stream, peer)| (stream, peer, place)),
                () = stopped(&mut stop) => break,
            },
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let connection = serve_connection(stream, peer, router.clone(), stop.clone());
                let held = open.subscribe();
                tokio::spawn(async move {
                    connection.await;
                    drop((held, place));
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    // From here on new connections are refused by the system.
    drop(listener);
    match tokio::time::timeout(limits.grace, open.closed()).await {
        Ok(()) => End::Complete,
        Err(_elapsed) => End::Cut(open.receiver_count()),
    }
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, router: Router, mut stop: watch::Receiver<bool>) {
    // Answers are written whole; waiting for more to send with them only delays them.
    let _ = stream.set_nodelay(true);
    let service = tower::service_fn(move |mut request: axum::http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            // The request under way is answered, the next one is not taken.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A client that goes away or speaks no HTTP is everyday life.
        tracing::debug!(%error, %peer, "connection ended");
    }
}

/// Waits until `stop` is true; that nobody is left to make it so counts as well.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A connection that failed while it was accepted concerns nobody else; being out of file descriptors does, and passes.
async fn pause_after(error: &std::io::Error) {
    use std::io::ErrorKind;
    if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
    {
        return;
    }
    tracing::error!(%error, "cannot accept connections; trying again in a second");
    tokio::time::sleep(Duration::from_secs(1)).await;
}
