//! No other site may post in a signed-in person's name (CSRF).
//!
//! The session cookie is `SameSite=Lax`, which keeps it from other sites' posts; this is the second lock, and it also holds
//! against sibling domains. Browsers say where a request comes from in `Sec-Fetch-Site` (Fetch Metadata) and `Origin`
//! (RFC 6454), neither of which a page can forge. A program that is no browser sends neither and has no cookie to abuse.
//!
//! SIP by WebSocket is open to pages of other sites, a company's own software with a telephone in it: no cookie counts there,
//! and every request is proven by the SIP password.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};
use tandem_app::error::AppError;

use super::{answer, sip_socket};
use crate::config::PublicUrl;

/// Lets safe methods and our own pages pass, and refuses everything else with 403.
pub async fn protect(State(public_url): State<Option<Arc<PublicUrl>>>, request: Request, next: Next) -> Response {
    match judge(request.method(), request.headers(), request.uri(), public_url.as_deref()) {
        Ok(()) => next.run(request).await,
        Err(reason) => {
            tracing::warn!(reason, "cross-origin request refused");
            let error =
                AppError::Refused(format!("This was not accepted: {reason}. Open Tandem itself and try again there."));
            answer::refusal(request.headers(), StatusCode::FORBIDDEN, &error)
        }
    }
}

fn judge(method: &Method, headers: &HeaderMap, uri: &Uri, public_url: Option<&PublicUrl>) -> Result<(), &'static str> {
    let upgrades = headers.contains_key(header::UPGRADE);
    // Opening a WebSocket is a GET (by HTTP/2 a CONNECT) that the same-origin policy does not cover.
    let is_sip = uri.path() == sip_socket::PATH && matches!(*method, Method::GET | Method::CONNECT);
    if is_sip || matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && !upgrades {
        return Ok(());
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return match site.as_bytes() {
            b"same-origin" | b"none" => Ok(()),
            _ => Err("it came from another site"),
        };
    }
    match headers.get(header::ORIGIN) {
        Some(origin) => {
            let origin = origin.to_str().unwrap_or_default();
            if is_ours(origin, headers, uri, public_url) { Ok(()) } else { Err("it came from another site") }
        }
        None if headers.contains_key(header::COOKIE) => Err("it does not say where it came from"),
        None => Ok(()),
    }
}

/// The configured origin counts; without one, the host that the request itself was sent to.
fn is_ours(origin: &str, headers: &HeaderMap, uri: &Uri, public_url: Option<&PublicUrl>) -> bool {
    match public_url {
        Some(url) => origin == url.origin(),
        None => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
            origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting;
    use axum::http::{HeaderName, HeaderValue};

    fn verdict(method: Method, pairs: &[(&'static str, &'static str)], public_url: Option<&str>) -> bool {
        let headers =
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let public_url = public_url.map(|url| PublicUrl::read(url).unwrap());
        judge(&method, &headers.collect(), &Uri::from_static("/api/save"), public_url.as_ref()).is_ok()
    }

    #[test]
    fn sip_by_websocket_is_open_to_other_sites_and_nothing_else_is() {
        let headers =
            [(header::UPGRADE, "websocket"), (header::ORIGIN, "https://crm.example"), (header::HOST, "pbx:3000")];
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect();
        let asked = |method, path| judge(&method, &headers, &Uri::from_static(path), None).is_ok();
        assert!(asked(Method::GET, "/sip"));
        assert!(
            !asked(Method::POST, "/sip")
                && !asked(Method::GET, "/sip/")
                && !asked(Method::GET, "/self-care/phone/line")
        );
    }

    fn post(pairs: &[(&'static str, &'static str)]) -> bool {
        verdict(Method::POST, pairs, None)
    }

    #[test]
    fn reading_is_open_to_all() {
        assert!(verdict(Method::GET, &[("sec-fetch-site", "cross-site"), ("cookie", "s=1")], None));
        assert!(verdict(Method::HEAD, &[("origin", "https://evil.example")], None));
    }

    #[test]
    fn a_post_from_our_own_page_passes() {
        assert!(post(&[("sec-fetch-site", "same-origin"), ("origin", "http://pbx:3000"), ("cookie", "s=1")]));
        // Typed or bookmarked: no page has sent it.
        assert!(post(&[("sec-fetch-site", "none"), ("cookie", "s=1")]));
        // Without TLS browsers leave Sec-Fetch-Site out.
        assert!(post(&[("origin", "http://pbx:3000"), ("host", "pbx:3000"), ("cookie", "s=1")]));
    }

    #[test]
    fn a_post_from_elsewhere_is_refused() {
        assert!(!post(&[("sec-fetch-site", "cross-site"), ("cookie", "s=1")]));
        assert!(!post(&[("sec-fetch-site", "same-site"), ("cookie", "s=1")]));
        assert!(!post(&[("origin", "http://evil.example"), ("host", "pbx:3000")]));
        assert!(!post(&[("origin", "null"), ("host", "pbx:3000")]));
        assert!(!post(&[("origin", "http://pbx:3001"), ("host", "pbx:3000")]));
    }

    #[test]
    fn a_post_that_hides_where_it_comes_from_is_refused_when_it_carries_a_cookie() {
        assert!(!post(&[("host", "pbx:3000"), ("cookie", "s=1")]));
        assert!(post(&[("host", "pbx:3000")]));
    }

    #[test]
    fn with_a_public_url_that_origin_alone_counts() {
        let ours = Some("https://tandem.example");
        assert!(verdict(Method::POST, &[("origin", "https://tandem.example"), ("host", "127.0.0.1:3000")], ours));
        assert!(!verdict(Method::POST, &[("origin", "http://tandem.example"), ("host", "tandem.example")], ours));
    }

    #[test]
    fn a_websocket_from_another_site_is_refused() {
        let opening = ("upgrade", "websocket");
        assert!(!verdict(Method::GET, &[opening, ("origin", "http://evil.example"), ("host", "pbx:3000")], None));
        assert!(verdict(Method::GET, &[opening, ("origin", "http://pbx:3000"), ("host", "pbx:3000")], None));
    }
}
