//! TCP.

use tandem_sip::{
    flow::{Flow, Transport},
    message::{Name, Response},
    transport::Limits,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Duration, timeout},
};

use crate::world::*;

async fn phone(world: &World) -> TcpStream {
    TcpStream::connect(world.address(Transport::Tcp)).await.unwrap()
}

async fn hears(phone: &mut TcpStream, expected: &[u8]) {
    let mut heard = vec![0; expected.len()];
    timeout(Duration::from_secs(10), phone.read_exact(&mut heard)).await.unwrap().unwrap();
    assert_eq!(heard, expected);
}

async fn is_closed(phone: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = timeout(Duration::from_secs(10), phone.read_to_end(&mut rest)).await.expect("it is closed");
}

#[tokio::test]
async fn messages_come_in_pieces_and_answers_go_back_on_the_same_connection() {
    for address in ["127.0.0.1", "::1"] {
        let mut world = World::open(config(address)).await;
        let mut phone = phone(&world).await;
        let mut both = bytes("one").to_vec();
        both.extend_from_slice(&bytes("two"));
        for piece in both.chunks(100) {
            phone.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let (flow, first, raw) = world.message().await;
        assert_eq!(
            (flow.transport, flow.local, flow.remote),
            (Transport::Tcp, world.address(Transport::Tcp), phone.local_addr().unwrap())
        );
        assert!(flow.connection.is_some());
        assert_eq!((call_id(&first), raw), ("one", bytes("one")));
        let (same, second, _) = world.message().await;
        assert_eq!((same, call_id(&second)), (flow, "two"));
        let answer = yes(&first).to_bytes();
        world.transports.send(flow, answer.clone());
        hears(&mut phone, &answer).await;
    }
}

#[tokio::test]
async fn a_message_opens_a_connection_and_the_next_takes_the_same() {
    let (here, mut there) = (World::local().await, World::local().await);
    let flow = here.flow_to(Transport::Tcp, &there);
    assert_eq!(flow.connection, None);
    for call in ["one", "two", "three"] {
        here.transports.send(flow, bytes(call));
    }
    let (way, _, _) = there.message().await;
    for call in ["two", "three"] {
        let (same, message, _) = there.message().await;
        assert_eq!((same, call_id(&message)), (way, call));
    }
    assert_eq!(here.transports.counts().connections, 1);
    let mut here = here;
    there.transports.send(way, bytes("back"));
    let (back, message, _) = here.message().await;
    assert_eq!(call_id(&message), "back");
    assert_eq!(Flow { connection: None, ..back }, flow, "our end is where we listen");
}

#[tokio::test]
async fn nobody_there_is_a_failure_of_each_way() {
    let mut world = World::local().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let flow = world.transports.flow_to(Transport::Tcp, gone).unwrap();
    let named = Flow { connection: Some(tandem_sip::flow::ConnectionId(77)), ..flow };
    world.transports.send(flow, bytes("x"));
    world.transports.send(flow, bytes("x"));
    world.transports.send(named, bytes("x"));
    let mut failed = vec![world.failed().await, world.failed().await];
    failed.sort();
    assert_eq!(failed, [flow, named]);
    world.silence().await;
    world.connections(0).await;
}

#[tokio::test]
async fn the_end_of_a_connection_is_told() {
    let mut world = World::local().await;
    let mut phone = phone(&world).await;
    phone.write_all(&bytes("one")).await.unwrap();
    let (flow, _, _) = world.message().await;
    drop(phone);
    assert_eq!(world.failed().await, flow);
    world.connections(0).await;
}

#[tokio::test]
async fn when_the_connection_is_gone_a_new_one_is_made() {
    let mut world = World::local().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = world.transports.flow_to(Transport::Tcp, listener.local_addr().unwrap()).unwrap();
    world.transports.send(flow, bytes("one"));
    let (mut first, _) = listener.accept().await.unwrap();
    hears(&mut first, &bytes("one")).await;
    first.write_all(&bytes("back")).await.unwrap();
    let (named, _, _) = world.message().await;
    drop(first);
    assert_eq!(world.failed().await, named);
    world.transports.send(named, bytes("two"));
    let (mut second, _) = listener.accept().await.unwrap();
    hears(&mut second, &bytes("two")).await;
}

#[tokio::test]
async fn a_keep_alive_is_answered() {
    let mut world = World::local().await;
    let mut phone = phone(&world).await;
    phone.write_all(b"\r\n\r\n").await.unwrap();
    hears(&mut phone, b"\r\n").await;
    phone.write_all(&bytes("one")).await.unwrap();
    assert_eq!(call_id(&world.message().await.1), "one");
}

#[tokio::test]
async fn what_cannot_be_understood_is_answered_and_closed() {
    let mut world = World::local().await;
    let mut phone = phone(&world).await;
    let text = String::from_utf8(bytes("x").to_vec()).unwrap().replace("Content-Length: 0\r\n", "");
    phone.write_all(text.as_bytes()).await.unwrap();
    let (flow, malformed) = world.malformed().await;
    assert_eq!(malformed.status, 400);
    let answer = Response::to(&malformed.request.unwrap(), 400).to_bytes();
    world.transports.send(flow, answer.clone());
    hears(&mut phone, &answer).await;
    is_closed(&mut phone).await;
    assert_eq!(world.failed().await, flow);
    world.connections(0).await;
}

#[tokio::test]
async fn garbage_without_end_is_closed() {
    let mut world = World::local().await;
    let mut phone = phone(&world).await;
    let garbage = vec![b'x'; 100_000];
    let _ = phone.write_all(&garbage).await;
    assert!(world.malformed().await.1.request.is_none());
    is_closed(&mut phone).await;
    world.connections(0).await;
}

#[tokio::test]
async fn one_address_gets_so_many_connections_and_no_more() {
    let mut world = World::limited(Limits { connections_per_address: 2, ..Limits::default() }).await;
    let mut phones = vec![phone(&world).await, phone(&world).await];
    world.connections(2).await;
    let mut third = phone(&world).await;
    is_closed(&mut third).await;
    assert_eq!(world.transports.counts().refused, 1);
    phones.pop();
    world.connections(1).await;
    world.failed().await;
    let mut fourth = phone(&world).await;
    fourth.write_all(&bytes("in")).await.unwrap();
    assert_eq!(call_id(&world.message().await.1), "in");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let mut world = World::limited(Limits { idle: Duration::from_millis(100), ..Limits::default() }).await;
    let mut phone = phone(&world).await;
    is_closed(&mut phone).await;
    world.failed().await;
    world.connections(0).await;
}

#[tokio::test]
async fn a_stream_waits_for_an_owner_who_is_behind() {
    let mut world = World::with_room(config("127.0.0.1"), 1).await;
    let mut phone = phone(&world).await;
    let writing = tokio::spawn(async move {
        for number in 0..500 {
            phone.write_all(&bytes(&number.to_string())).await.unwrap();
        }
        phone
    });
    for number in 0..500 {
        assert_eq!(call_id(&world.message().await.1), number.to_string());
    }
    drop(writing.await.unwrap());
}

#[tokio::test]
async fn who_does_not_read_is_given_up() {
    let mut world = World::limited(Limits { queue: 16, ..Limits::default() }).await;
    let mut phone = phone(&world).await;
    phone.write_all(&bytes("one")).await.unwrap();
    let (flow, _, _) = world.message().await;
    let mut large = message("large");
    large.headers.push(Name::UserAgent, "x".repeat(8000));
    let large = large.to_bytes();
    let mut sent = 0;
    while world.transports.counts().connections > 0 {
        assert!(sent < 10_000, "it reads nothing and is still there");
        world.transports.send(flow, large.clone());
        sent += 1;
        tokio::task::yield_now().await;
        if sent % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!(world.failed().await, flow);
}

#[tokio::test]
async fn closing_ends_everything_and_frees_the_ports() {
    let world = World::local().await;
    let mut phone = phone(&world).await;
    world.connections(1).await;
    let tcp = world.address(Transport::Tcp);
    let udp = world.address(Transport::Udp);
    timeout(Duration::from_secs(10), world.transports.close()).await.unwrap();
    is_closed(&mut phone).await;
    assert_eq!(world.transports.counts().connections, 0);
    world.transports.send(world.transports.flow_to(Transport::Tcp, tcp).unwrap(), bytes("x"));
    drop(world);
    let again =
        World::open(tandem_sip::transport::Config { udp: vec![udp], tcp: vec![tcp], ..Default::default() }).await;
    assert_eq!(again.address(Transport::Tcp), tcp);
}
