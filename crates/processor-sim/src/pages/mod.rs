//! What browsers see of the stand-in: the script at `/v3/`, its frames, and the bank's page.

pub(crate) mod bank;
mod bank_page;
mod card;

use std::sync::Arc;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::header;

use crate::shared::Shared;

/// Nothing but the stand-in's own files; framed by anybody, which is what the frames are for.
const FRAME_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action \
                            'none'; base-uri 'none'; frame-ancestors *";

/// All pages.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    let script = || get(async || file("text/javascript", include_str!("../../web/stripe.js")));
    Router::new()
        .route("/v3", script())
        .route("/v3/", script())
        .route("/v3/sim.css", get(async || file("text/css", include_str!("../../web/sim.css"))))
        .route("/v3/frame.js", get(async || file("text/javascript", include_str!("../../web/frame.js"))))
        .route("/v3/card.js", get(async || file("text/javascript", include_str!("../../web/card.js"))))
        .route("/v3/bank.js", get(async || file("text/javascript", include_str!("../../web/bank.js"))))
        .route("/v3/controller.js", get(async || file("text/javascript", include_str!("../../web/controller.js"))))
        .route("/v3/card", get(async || page(FRAME_POLICY, card::html())))
        .route("/v3/controller", get(async || page(FRAME_POLICY, CONTROLLER.to_owned())))
        .route("/bank/{token}", get(bank_page::show).post(bank_page::answer))
}

const CONTROLLER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Payment controller</title>\
                          <script src=\"/v3/frame.js\"></script><script src=\"/v3/controller.js\"></script></html>";

/// A file that any page may load, also one with a strict policy of its own.
fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

/// A page with its policy.
fn page(policy: &str, html: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (header::HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, html).into_response()
}

/// Text within HTML, also within an attribute's quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}
