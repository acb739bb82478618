//! TLS.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tandem_sip::{
    flow::Transport,
    transport::{Config, Limits, TlsConfig},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, timeout},
};

use crate::world::*;

/// A server with a certificate of this name, which it also trusts.
pub fn config(name: &str) -> Config {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (certificate, key) = (CertificateDer::from(made.cert), made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], PrivateKeyDer::try_from(key).unwrap())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = TlsConfig { listen: vec![at("127.0.0.1:0")], server: Arc::new(server), client: Arc::new(client) };
    let limits = Limits { connect: Duration::from_millis(500), ..Limits::default() };
    Config { tls: Some(tls), limits, ..Config::default() }
}

/// Two that trust each other.
async fn both(name: &str) -> (World, World) {
    let config = config(name);
    (World::open(config.clone()).await, World::open(config).await)
}

#[tokio::test]
async fn messages_go_both_ways_inside_one_connection() {
    let (mut here, mut there) = both("127.0.0.1").await;
    let flow = here.flow_to(Transport::Tls, &there);
    here.transports.send(flow, bytes("one"));
    let (way, message, _) = there.message().await;
    assert_eq!((way.transport, call_id(&message)), (Transport::Tls, "one"));
    there.transports.send(way, yes(&message).to_bytes());
    assert_eq!(call_id(&here.message().await.1), "one");
    assert_eq!(here.transports.counts().connections, 1);
    assert_eq!(there.transports.counts().connections, 1);
    here.transports.close().await;
    assert_eq!(there.failed().await, way);
    there.connections(0).await;
}

#[tokio::test]
async fn a_server_is_known_by_its_name() {
    let (here, mut there) = both("sip.example.com").await;
    let flow = here.flow_to(Transport::Tls, &there);
    assert!(here.transports.expect_name(flow.remote, "sip.example.com"));
    assert!(!here.transports.expect_name(flow.remote, "no name"));
    here.transports.send(flow, bytes("one"));
    assert_eq!(call_id(&there.message().await.1), "one");
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_a_failure() {
    let (mut here, mut there) = both("sip.example.com").await;
    let flow = here.flow_to(Transport::Tls, &there);
    here.transports.send(flow, bytes("one"));
    assert_eq!(here.failed().await, flow);
    there.connections(0).await;
    there.silence().await;
    let mut stranger = World::open(config("127.0.0.1")).await;
    let flow = stranger.flow_to(Transport::Tls, &there);
    stranger.transports.send(flow, bytes("one"));
    assert_eq!(stranger.failed().await, flow);
}

#[tokio::test]
async fn who_speaks_no_tls_is_closed_and_nobody_hears_of_it() {
    let (mut here, _) = both("127.0.0.1").await;
    for words in [&b""[..], b"OPTIONS sip:x@y SIP/2.0\r\n\r\n"] {
        let mut phone = TcpStream::connect(here.address(Transport::Tls)).await.unwrap();
        phone.write_all(words).await.unwrap();
        let mut rest = Vec::new();
        let _ = timeout(Duration::from_secs(10), phone.read_to_end(&mut rest)).await.expect("it is closed");
    }
    here.connections(0).await;
    here.silence().await;
}

#[tokio::test]
async fn a_server_that_never_shakes_hands_is_a_failure() {
    let (mut here, _) = both("127.0.0.1").await;
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = here.transports.flow_to(Transport::Tls, deaf.local_addr().unwrap()).unwrap();
    here.transports.send(flow, bytes("one"));
    assert_eq!(here.failed().await, flow);
    here.connections(0).await;
}
