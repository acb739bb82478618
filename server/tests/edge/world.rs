//! A server around a tiny application, and clients that ask it without a network.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
    response::{Html, IntoResponse},
    routing::{get, post},
};
use tandem_server::{
    config::{Config, Layers},
    http::{
        probes::{Check, Probes},
        router,
        site::Site,
    },
    measurements::Measurements,
};
use tower::ServiceExt as _;

/// A configuration of these lines of TOML.
pub fn config(toml: &str) -> Config {
    Config::load(Layers { file: Some(("test.toml".into(), toml.into())), ..Layers::default() }).unwrap()
}

/// Probes whose readiness check answers as given.
pub fn probes(check: Result<(), &'static str>) -> Probes {
    let check: Check = Arc::new(move || Box::pin(async move { check.map_err(str::to_owned) }));
    probes_with(check)
}

pub fn probes_with(check: Check) -> Probes {
    Probes::new(check, Measurements::start(Arc::new(|| ())).unwrap())
}

/// A built site: one script with a compressed copy, and an icon.
pub fn site_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir_all(folder.path().join("pkg/snippets/a")).unwrap();
    std::fs::create_dir_all(folder.path().join("icons")).unwrap();
    write("pkg/version", "v1\n");
    write("pkg/self-care.js", "script");
    write("pkg/self-care.js.br", "script, with Brotli");
    write("pkg/snippets/a/inline0.js", "snippet");
    write("favicon.svg", "<svg/>");
    write("icons/touch.png", "png");
    folder
}

/// The whole server with the configuration's lines of TOML.
pub fn server(toml: &str) -> Router {
    let folder = site_folder();
    // Files are read when they are asked for; the folder of a test that asks for none may be gone by then.
    server_with(toml, &folder, &probes(Ok(())))
}

pub fn server_with(toml: &str, folder: &tempfile::TempDir, probes: &Probes) -> Router {
    router(&config(toml), Site::open(Some(folder.path())), probes, application())
}

fn application() -> Router {
    Router::new()
        .route("/page", get(|| async { ([(header::CONTENT_SECURITY_POLICY, "own")], Html("page ".repeat(1000))) }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(400)).await }))
        .route("/panic", get(panicking))
        .route("/api/{*name}", post(|body: String| async move { body.len().to_string() }))
        .fallback(|| async { (StatusCode::NOT_FOUND, Html("the application's own page for unknown addresses")) })
}

async fn panicking() -> impl IntoResponse {
    if true {
        panic!("a handler's panic, wanted by this test");
    }
}

/// A request that tells nothing but its address.
pub fn ask(address: &str) -> Request<Body> {
    Request::get(address).header(header::HOST, "pbx:3000").body(Body::empty()).unwrap()
}

/// A post as our own page's script sends it.
pub fn post_to(address: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(address).header(header::HOST, "pbx:3000").header("sec-fetch-site", "same-origin");
    request.body(body.into()).unwrap()
}

pub trait With: Sized {
    fn with(self, name: &'static str, value: &'static str) -> Self;
}

impl With for Request<Body> {
    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers_mut().insert(name, value.parse().unwrap());
        self
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub async fn answer(server: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = server.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}
