//! What stands around the application on its way to the network.
//!
//! ```text
//! client          who asks, behind trusted proxies
//! security_headers
//! request_log     reference, log line, measurement; a page where a handler panics
//! compression     of pages; files are compressed already
//! cross_origin    no other site posts in a signed-in person's name
//! body_limit      at most 1 MiB, in at most 30 s
//!   site          files that browsers load
//!   probes        /healthz, /readyz, /metrics
//!   sip_socket    /sip: SIP by WebSocket
//!   webhooks      /webhooks/…: payment processors send word
//!   application   pages and server functions (`tandem-app`)
//! ```
//!
//! [`listen`] is the socket below all of this.

pub mod answer;
pub mod body_limit;
pub mod client;
mod cross_origin;
pub mod listen;
pub mod probes;
pub mod request_log;
mod security_headers;
pub mod sip_socket;
pub mod site;
pub mod webhooks;

use std::sync::Arc;

use axum::{Router, middleware};
use tower::ServiceBuilder;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
};

use self::{probes::Probes, site::Site};
use crate::config::{Config, PublicUrl};

/// Not sound: it hardly becomes smaller, and whoever plays it asks for parts of so many octets.
fn worth_compressing() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::const_new("audio/"))
}

/// Lays everything around the application.
pub fn router(config: &Config, site: Site, probes: &Probes, application: Router) -> Router {
    let from_outside = config.http.public_url.as_ref().is_some_and(|url| !url.is_loopback());
    let metrics_here = config.metrics.listen.is_none() && !from_outside;
    let router = application.merge(site.routes()).merge(probes.routes(metrics_here));
    around(config, router)
}

/// The layers alone, the outermost first.
pub fn around(config: &Config, router: Router) -> Router {
    let public_url: Option<Arc<PublicUrl>> = config.http.public_url.clone().map(Arc::new);
    router.layer(
        ServiceBuilder::new()
            .layer(middleware::from_fn_with_state(config.http.trusted_proxies.clone(), client::identify))
            .layer(middleware::from_fn_with_state(config.behind_tls(), security_headers::add))
            .layer(middleware::from_fn(request_log::observe))
            .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_compressing()))
            .layer(CatchPanicLayer::custom(request_log::after_panic))
            .layer(middleware::from_fn_with_state(public_url, cross_origin::protect))
            .layer(middleware::from_fn(body_limit::read)),
    )
}
