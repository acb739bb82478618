//! Headers of every answer, and what a person sees when a handler panics.

use crate::world::{With as _, answer, ask, server};

#[tokio::test]
async fn every_answer_is_locked_down() {
    let server = server("");
    for address in ["/page", "/nowhere", "/panic", "/favicon.svg", "/pkg/v1/none.js", "/healthz"] {
        let answer = answer(&server, ask(address)).await;
        for name in ["content-security-policy", "permissions-policy", "cache-control", "x-request-id"] {
            assert!(answer.headers.contains_key(name), "{address} has no {name}");
        }
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{address}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{address}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{address}");
        assert_eq!(answer.header("strict-transport-security"), None, "{address}");
    }
}

#[tokio::test]
async fn what_the_application_sets_itself_is_kept() {
    assert_eq!(answer(&server(""), ask("/page")).await.header("content-security-policy"), Some("own"));
    let other = answer(&server(""), ask("/nowhere")).await;
    assert!(other.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
}

#[tokio::test]
async fn pages_are_not_kept_by_caches() {
    assert_eq!(answer(&server(""), ask("/page")).await.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn behind_tls_browsers_are_told_to_stay_there() {
    let configured = server("[http]\npublic_url = \"https://tandem.example\"");
    assert!(answer(&configured, ask("/page")).await.header("strict-transport-security").is_some());

    let claimed = ask("/page").with("x-forwarded-proto", "https");
    assert!(answer(&server(""), claimed).await.header("strict-transport-security").is_none());
}

#[tokio::test]
async fn pages_are_compressed_for_browsers_that_read_that() {
    let server = server("");
    let plain = answer(&server, ask("/page")).await;
    let compressed = answer(&server, ask("/page").with("accept-encoding", "gzip, br")).await;
    assert_eq!(compressed.header("content-encoding"), Some("br"));
    assert!(compressed.body.len() < plain.body.len() / 10);
}

#[tokio::test]
async fn a_panic_becomes_a_page_with_a_reference_and_the_server_lives_on() {
    let server = server("");
    let page = answer(&server, ask("/panic").with("accept", "text/html")).await;
    assert_eq!(page.status, 500);
    let reference = page.header("x-request-id").unwrap();
    assert!(page.text().contains(reference), "{}", page.text());
    assert!(!page.text().contains("wanted by this test"), "{}", page.text());

    let for_script = answer(&server, ask("/panic")).await;
    assert_eq!(for_script.header("content-type"), Some("application/json"));
    assert!(for_script.text().contains(for_script.header("x-request-id").unwrap()), "{}", for_script.text());

    assert_eq!(answer(&server, ask("/page")).await.status, 200);
}
