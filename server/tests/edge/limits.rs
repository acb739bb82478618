//! Requests that are too large.

use std::convert::Infallible;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tandem_server::http::body_limit::LARGEST_BODY;

use crate::world::{With as _, answer, post_to, server};

#[tokio::test]
async fn a_body_of_exactly_the_limit_reaches_the_application() {
    let whole = answer(&server(""), post_to("/api/save", vec![b'a'; LARGEST_BODY])).await;
    assert_eq!((whole.status, whole.text()), (StatusCode::OK, "1048576"));
}

#[tokio::test]
async fn a_larger_one_gets_413_as_a_page_or_for_a_script() {
    let server = server("");
    let large = || post_to("/api/save", vec![b'a'; 10 * LARGEST_BODY]);

    let page = answer(&server, large().with("accept", "text/html")).await;
    assert_eq!(page.status, 413);
    assert!(page.text().contains("at most 1 MiB"), "{}", page.text());

    let for_script = answer(&server, large()).await;
    assert_eq!(for_script.status, 413);
    assert!(serde_json::from_slice::<tandem_app::error::AppError>(&for_script.body).is_ok());
}

#[tokio::test]
async fn one_that_does_not_tell_its_size_is_stopped_where_it_becomes_too_large() {
    let pieces = (0..1000).map(|_| Ok::<_, Infallible>(Frame::data(axum::body::Bytes::from(vec![b'a'; 64 * 1024]))));
    let body = Body::new(StreamBody::new(futures_stream(pieces)));
    assert_eq!(answer(&server(""), post_to("/api/save", body)).await.status, 413);
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_before_it_sends() {
    let asks = Request::post("/api/save").header(header::EXPECT, "100-continue");
    let asks = asks.header(header::CONTENT_LENGTH, 10 * LARGEST_BODY).header("sec-fetch-site", "none");
    // A body that never comes: reading it would wait for ever.
    let never = Body::new(StreamBody::new(never()));
    assert_eq!(answer(&server(""), asks.body(never).unwrap()).await.status, 413);
}

type Piece = Result<Frame<axum::body::Bytes>, Infallible>;

fn futures_stream(pieces: impl Iterator<Item = Piece> + Send + 'static) -> impl futures::Stream<Item = Piece> + Send {
    futures::stream::iter(pieces)
}

fn never() -> impl futures::Stream<Item = Piece> + Send {
    futures::stream::pending()
}
