//! Headers that keep a page from doing what it was not made for. What the application sets itself is left alone: its pages
//! bring their own Content-Security-Policy, with the nonce of their scripts.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

/// For answers that are no page of the application: nothing may load, nothing may frame them.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, NOTHING),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("permissions-policy"), "microphone=(self), camera=(), geolocation=(), usb=(), serial=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Pages hold a tenant's data: no cache on the way and no Back button after sign-out may show them.
    (header::CACHE_CONTROL, "no-store"),
];

/// Two years, as browsers' preload lists ask for.
const STAY_WITH_TLS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Adds what is missing. `behind_tls`: the configuration says that people come over TLS.
pub async fn add(State(behind_tls): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if behind_tls {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(STAY_WITH_TLS);
    }
    response
}
