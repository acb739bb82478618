//! Health, readiness and measurements.

use std::{net::SocketAddr, sync::Arc};

use axum::extract::ConnectInfo;

use crate::world::{With as _, answer, ask, probes, probes_with, server, server_with, site_folder};

#[tokio::test]
async fn alive_even_when_the_database_is_gone() {
    let folder = site_folder();
    let server = server_with("", &folder, &probes(Err("the database is gone")));
    assert_eq!(answer(&server, ask("/healthz")).await.status, 200);
    let ready = answer(&server, ask("/readyz")).await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("the database is gone"), "{}", ready.text());
}

#[tokio::test]
async fn ready_until_the_shutdown_begins() {
    let folder = site_folder();
    let probes = probes(Ok(()));
    let server = server_with("", &folder, &probes);
    assert_eq!(answer(&server, ask("/readyz")).await.status, 200);
    probes.stop();
    let ready = answer(&server, ask("/readyz")).await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("shutting down"), "{}", ready.text());
}

#[tokio::test]
async fn a_database_that_does_not_answer_counts_as_a_no() {
    let folder = site_folder();
    let server = server_with("", &folder, &probes_with(Arc::new(|| Box::pin(std::future::pending()))));
    assert_eq!(answer(&server, ask("/readyz")).await.status, 503);
}

#[tokio::test]
async fn requests_are_measured_by_method_route_and_status() {
    let server = server("");
    answer(&server, ask("/page?q=secret")).await;
    answer(&server, ask("/nowhere/secret")).await;
    let metrics = answer(&server, ask("/metrics")).await;
    let text = metrics.text();
    for line in [
        "http_requests_total{method=\"GET\",route=\"/page\",status=\"200\"}",
        "http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}",
        "http_request_duration_seconds_bucket{method=\"GET\",route=\"/page\",le=\"0.02\"}",
        "process_resident_memory_bytes ",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn measurements_are_for_this_machine_alone() {
    let from = |peer: &str| {
        let mut request = ask("/metrics");
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        request
    };
    let open = server("");
    assert_eq!(answer(&open, from("127.0.0.1:5000")).await.status, 200);
    assert_eq!(answer(&open, from("192.0.2.1:5000")).await.status, 404);
    assert_eq!(answer(&open, from("127.0.0.1:5000").with("x-forwarded-for", "127.0.0.1")).await.status, 404);

    let public = server("[http]\npublic_url = \"https://tandem.example\"");
    assert_eq!(answer(&public, from("127.0.0.1:5000")).await.status, 404);
    let elsewhere = server("[metrics]\nlisten = \"127.0.0.1:9\"");
    assert_eq!(answer(&elsewhere, from("127.0.0.1:5000")).await.status, 404);
}

#[tokio::test]
async fn on_an_address_of_their_own_they_are_open() {
    let router = probes(Ok(())).open_routes();
    assert_eq!(answer(&router, ask("/metrics").with("x-forwarded-for", "192.0.2.1")).await.status, 200);
    assert_eq!(answer(&router, ask("/readyz")).await.status, 200);
}
