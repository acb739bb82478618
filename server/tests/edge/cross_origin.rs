//! No other site posts in a signed-in person's name.

use axum::{body::Body, http::Request};

use crate::world::{With as _, answer, post_to, server};

#[tokio::test]
async fn our_own_page_may_post() {
    assert_eq!(answer(&server(""), post_to("/api/save", "a=1")).await.status, 200);
}

#[tokio::test]
async fn another_site_may_not_and_is_told_so_in_its_own_format() {
    let server = server("");
    let foreign =
        || post_to("/api/save", "a=1").with("sec-fetch-site", "cross-site").with("cookie", "tandem_session=x");

    let page = answer(&server, foreign().with("accept", "text/html,*/*")).await;
    assert_eq!(page.status, 403);
    assert!(page.text().contains("it came from another site"), "{}", page.text());

    let for_script = answer(&server, foreign()).await;
    assert_eq!(for_script.status, 403);
    let error: tandem_app::error::AppError = serde_json::from_slice(&for_script.body).unwrap();
    assert!(error.to_string().contains("it came from another site"), "{error}");
}

#[tokio::test]
async fn a_post_with_a_cookie_that_hides_where_it_comes_from_is_refused() {
    let hidden = Request::post("/api/save").header("host", "pbx:3000").header("cookie", "tandem_session=x");
    let refused = answer(&server(""), hidden.body(Body::empty()).unwrap()).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("does not say where it came from"), "{}", refused.text());
}

#[tokio::test]
async fn behind_a_proxy_the_public_url_is_our_origin() {
    let server = server("[http]\npublic_url = \"https://tandem.example\"");
    let from = |origin| {
        let request = Request::post("/api/save").header("host", "127.0.0.1:3000").header("origin", origin);
        request.header("cookie", "tandem_session=x").body(Body::empty()).unwrap()
    };
    assert_eq!(answer(&server, from("https://tandem.example")).await.status, 200);
    assert_eq!(answer(&server, from("http://127.0.0.1:3000")).await.status, 403);
}
