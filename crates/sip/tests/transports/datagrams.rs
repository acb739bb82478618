//! UDP.

use std::net::SocketAddr;

use tandem_sip::{
    flow::Transport,
    transport::{Config, Incoming},
};
use tokio::{
    net::UdpSocket,
    time::{Duration, timeout},
};

use crate::world::*;

async fn phone(address: &str) -> UdpSocket {
    UdpSocket::bind(SocketAddr::new(address.parse().unwrap(), 0)).await.unwrap()
}

async fn hears(phone: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 2000];
    let length = timeout(Duration::from_secs(10), phone.recv(&mut buffer)).await.unwrap().unwrap();
    buffer.truncate(length);
    buffer
}

#[tokio::test]
async fn a_request_comes_with_its_way_and_the_answer_goes_back() {
    for address in ["127.0.0.1", "::1"] {
        let mut world = World::open(config(address)).await;
        let phone = phone(address).await;
        let here = world.address(Transport::Udp);
        phone.send_to(&bytes("one"), here).await.unwrap();
        let (flow, message, raw) = world.message().await;
        assert_eq!((flow.transport, flow.local, flow.remote), (Transport::Udp, here, phone.local_addr().unwrap()));
        assert_eq!(raw, bytes("one"));
        let answer = yes(&message).to_bytes();
        world.transports.send(flow, answer.clone());
        assert_eq!(hears(&phone).await, answer);
    }
}

#[tokio::test]
async fn a_keep_alive_is_answered_and_noise_is_not() {
    let mut world = World::local().await;
    let phone = phone("127.0.0.1").await;
    let here = world.address(Transport::Udp);
    let mut stun = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    stun.extend([7; 12]);
    for noise in [&b""[..], b"\r\n", b"\0\0\0\0", b"\0", b" \r\n\t", &stun] {
        phone.send_to(noise, here).await.unwrap();
    }
    world.silence().await;
    phone.send_to(b"\r\n\r\n", here).await.unwrap();
    assert_eq!(hears(&phone).await, b"\r\n");
    let mut late = b"\r\n\r\n".to_vec();
    late.extend_from_slice(&bytes("after-empty-lines"));
    phone.send_to(&late, here).await.unwrap();
    assert_eq!(call_id(&world.message().await.1), "after-empty-lines");
}

#[tokio::test]
async fn a_malformed_request_is_told_with_what_could_be_read_of_it() {
    let mut world = World::local().await;
    let phone = phone("127.0.0.1").await;
    let mut broken = message("broken");
    broken.headers.set(tandem_sip::message::Name::CSeq, "one MESSAGE");
    phone.send_to(&broken.to_bytes(), world.address(Transport::Udp)).await.unwrap();
    let (flow, malformed) = world.malformed().await;
    assert_eq!(flow.remote, phone.local_addr().unwrap());
    assert_eq!(malformed.status, 400);
    assert!(malformed.request.is_some());
    phone.send_to(&[0xff; 900], flow.local).await.unwrap();
    let (_, malformed) = world.malformed().await;
    assert!(malformed.request.is_none());
}

#[tokio::test]
async fn datagrams_are_dropped_and_counted_when_the_owner_is_behind() {
    let mut world = World::with_room(config("127.0.0.1"), 2).await;
    let phone = phone("127.0.0.1").await;
    for number in 0..5 {
        phone.send_to(&bytes(&number.to_string()), world.address(Transport::Udp)).await.unwrap();
    }
    let dropped = async {
        while world.transports.counts().dropped_in < 3 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(10), dropped).await.unwrap();
    assert_eq!(call_id(&world.message().await.1), "0");
    assert_eq!(call_id(&world.message().await.1), "1");
    phone.send_to(&bytes("next"), world.address(Transport::Udp)).await.unwrap();
    assert_eq!(call_id(&world.message().await.1), "next");
}

#[tokio::test]
async fn a_socket_of_all_interfaces_knows_its_address_towards_the_other_end() {
    let config = Config { udp: vec![at("0.0.0.0:0"), at("[::]:0")], ..Config::default() };
    let mut world = World::open(config).await;
    for address in ["127.0.0.1", "::1"] {
        let phone = phone(address).await;
        let remote = phone.local_addr().unwrap();
        let flow = world.transports.flow_to(Transport::Udp, remote).unwrap();
        assert_eq!(flow.local.ip().to_string(), address);
        world.transports.send(flow, bytes("hello"));
        assert_eq!(hears(&phone).await, bytes("hello"));
        phone.send_to(&bytes("back"), flow.local).await.unwrap();
        assert_eq!(world.message().await.0, flow);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_has_failed() {
    let mut world = World::local().await;
    assert!(world.transports.flow_to(Transport::Udp, at("[::1]:5060")).is_none(), "there is no IPv6 socket");
    let flow = world.transports.flow_to(Transport::Udp, at("127.0.0.1:9")).unwrap();
    world.transports.send(flow, vec![b'x'; 70_000].into());
    assert_eq!(world.failed().await, flow);
    let elsewhere = tandem_sip::flow::Flow { remote: at("[::1]:5060"), ..flow };
    world.transports.send(elsewhere, bytes("x"));
    assert_eq!(world.failed().await, elsewhere);
    let browser = tandem_sip::flow::Flow { transport: Transport::Wss, ..flow };
    world.transports.send(browser, bytes("x"));
    assert_eq!(world.failed().await, browser);
}

#[tokio::test]
async fn nobody_at_the_other_end_disturbs_nothing() {
    let mut world = World::local().await;
    let gone = phone("127.0.0.1").await.local_addr().unwrap();
    let flow = world.transports.flow_to(Transport::Udp, gone).unwrap();
    for _ in 0..3 {
        world.transports.send(flow, bytes("x"));
    }
    world.silence().await;
    let phone = phone("127.0.0.1").await;
    phone.send_to(&bytes("alive"), flow.local).await.unwrap();
    assert!(matches!(world.event().await, Incoming::Message { .. }));
}

#[tokio::test]
async fn an_address_in_use_is_an_error_that_says_so() {
    let world = World::local().await;
    let taken = world.address(Transport::Udp);
    let (events, _receiver) = tokio::sync::mpsc::channel(1);
    let config = Config { udp: vec![taken], ..Config::default() };
    let error = tandem_sip::transport::Transports::open(config, events).await.unwrap_err();
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}
