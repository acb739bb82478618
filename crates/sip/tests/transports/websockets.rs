//! WebSockets: the frames of a web server, without one (RFC 7118).

use bytes::Bytes;
use tandem_sip::{
    flow::{Flow, Transport},
    message::Name,
    transport::{Closed, LARGEST_FRAME, Limits, WebSocket},
};
use tokio::time::{Duration, timeout};

use crate::world::*;

fn browser(world: &World) -> Option<WebSocket> {
    world.transports.websocket(Transport::Wss, at("192.0.2.1:443"), at("203.0.113.9:50123"))
}

async fn frame(socket: &mut WebSocket) -> Option<Bytes> {
    timeout(Duration::from_secs(10), socket.next()).await.expect("a frame, or the end")
}

#[tokio::test]
async fn a_frame_is_a_message_and_its_answer_goes_down_the_same_connection() {
    let mut world = World::local().await;
    let mut socket = browser(&world).unwrap();
    let mut request = message("one");
    request.headers.set(Name::Via, "SIP/2.0/WSS df7jal23ls0d.invalid;rport;branch=z9hG4bKws");
    socket.receive(request.to_bytes()).await.unwrap();
    let (flow, first, raw) = world.message().await;
    assert_eq!(flow, socket.flow());
    assert_eq!((flow.transport, flow.remote), (Transport::Wss, at("203.0.113.9:50123")));
    assert!(flow.connection.is_some());
    assert_eq!((call_id(&first), raw), ("one", request.to_bytes()));
    let answer = yes(&first).to_bytes();
    world.transports.send(flow, answer.clone());
    assert_eq!(frame(&mut socket).await, Some(answer));
}

#[tokio::test]
async fn a_registration_of_jssip_is_understood() {
    let mut world = World::local().await;
    let socket = browser(&world).unwrap();
    let register = "REGISTER sip:tandem.example SIP/2.0\r\n\
        Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK2990325\r\n\
        Max-Forwards: 69\r\n\
        To: <sip:abc744@tandem.example>\r\n\
        From: \"John\" <sip:abc744@tandem.example>;tag=3u28qhkrm5\r\n\
        Call-ID: r2ur2l1vrpohqepnsg5etf\r\n\
        CSeq: 1 REGISTER\r\n\
        Contact: <sip:7tgo4p0b@df7jal23ls0d.invalid;transport=ws;ob>;+sip.ice;reg-id=1;\
        +sip.instance=\"<urn:uuid:fb8ae7c6-1a4b-4e2e-9f4f-0d0b54d0b7b5>\";expires=600\r\n\
        Expires: 600\r\n\
        Allow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO,NOTIFY\r\n\
        Supported: path,gruu,outbound\r\n\
        User-Agent: JsSIP 3.10.1\r\n\
        Content-Length: 0\r\n\r\n";
    socket.receive(Bytes::from_static(register.as_bytes())).await.unwrap();
    let (flow, message, _) = world.message().await;
    let contacts = message.headers().contacts().unwrap();
    let contact = contacts.first().unwrap();
    assert_eq!(contact.uri.transport(), Some(Transport::Ws));
    assert_eq!((contact.params.get("reg-id"), contact.params.get("expires")), (Some("1"), Some("600")));
    assert_eq!(contact.params.get("+sip.instance"), Some("<urn:uuid:fb8ae7c6-1a4b-4e2e-9f4f-0d0b54d0b7b5>"));
    assert!(contact.uri.params.has("ob") && message.headers().has_option(&Name::Supported, "outbound"));
    // A browser has no address: only its flow leads to it.
    assert!(contact.uri.host.ip().is_none() && flow == socket.flow());
}

#[tokio::test]
async fn a_message_without_a_length_is_as_long_as_its_frame() {
    let mut world = World::local().await;
    let socket = browser(&world).unwrap();
    let mut request = message("one");
    request.set_body("text/plain", "hello");
    let text = String::from_utf8(request.to_bytes().to_vec()).unwrap();
    socket.receive(Bytes::from(text.replace("Content-Length: 5\r\n", ""))).await.unwrap();
    let (_, first, _) = world.message().await;
    assert_eq!(first.body(), "hello");
}

#[tokio::test]
async fn a_keep_alive_is_answered() {
    let mut world = World::local().await;
    let mut socket = browser(&world).unwrap();
    socket.receive(Bytes::from_static(b"\r\n\r\n")).await.unwrap();
    assert_eq!(frame(&mut socket).await.as_deref(), Some(&b"\r\n"[..]));
    socket.receive(Bytes::from_static(b"\r\n")).await.unwrap();
    socket.receive(Bytes::new()).await.unwrap();
    world.silence().await;
}

#[tokio::test]
async fn when_the_browser_is_gone_its_flow_has_failed_and_nobody_is_dialled() {
    let mut world = World::local().await;
    let socket = browser(&world).unwrap();
    let flow = socket.flow();
    assert_eq!(world.transports.counts().connections, 1);
    drop(socket);
    assert_eq!(world.failed().await, flow);
    assert_eq!(world.transports.counts().connections, 0);
    // Another connection from the same end is another one.
    let other = browser(&world).unwrap();
    world.transports.send(flow, bytes("late"));
    assert_eq!(world.failed().await, flow);
    let nowhere = Flow { connection: None, ..flow };
    world.transports.send(nowhere, bytes("late"));
    assert_eq!(world.failed().await, nowhere);
    assert_ne!(other.flow(), flow);
}

#[tokio::test]
async fn what_was_not_written_has_failed() {
    let mut world = World::local().await;
    let socket = browser(&world).unwrap();
    world.transports.send(socket.flow(), bytes("one"));
    let flow = socket.flow();
    drop(socket);
    assert_eq!(world.failed().await, flow);
    world.silence().await;
}

#[tokio::test]
async fn who_does_not_read_is_closed() {
    let mut world = World::limited(Limits { queue: 3, ..Limits::default() }).await;
    let mut socket = browser(&world).unwrap();
    for number in 0..4 {
        world.transports.send(socket.flow(), bytes(&number.to_string()));
    }
    let mut frames = 0;
    while frame(&mut socket).await.is_some() {
        frames += 1;
    }
    assert!(frames <= 3);
    assert_eq!(frame(&mut socket).await, None, "and stays so");
    let flow = socket.flow();
    drop(socket);
    assert_eq!(world.failed().await, flow);
}

#[tokio::test]
async fn there_are_so_many_and_not_more() {
    let world = World::limited(Limits { connections: 3, connections_per_address: 2, ..Limits::default() }).await;
    let (one, two) = (browser(&world), browser(&world));
    assert!(one.is_some() && two.is_some() && browser(&world).is_none());
    let elsewhere = || world.transports.websocket(Transport::Ws, at("192.0.2.1:80"), at("203.0.113.10:1"));
    let three = elsewhere();
    assert!(three.is_some() && elsewhere().is_none());
    drop(two);
    assert!(browser(&world).is_some());
    assert_eq!(world.transports.counts().refused, 2);
    assert!(world.transports.websocket(Transport::Tcp, at("192.0.2.1:80"), at("203.0.113.10:1")).is_none());
}

#[tokio::test]
async fn what_is_no_sip_is_borne_for_a_while() {
    let mut world = World::local().await;
    let socket = browser(&world).unwrap();
    let large = Bytes::from(vec![b'x'; LARGEST_FRAME + 1]);
    assert_eq!(socket.receive(large).await, Err(Closed));
    let mut borne = 0;
    while socket.receive(Bytes::from_static(b"{\"hello\":1}")).await.is_ok() {
        borne += 1;
        let (_, malformed) = world.malformed().await;
        assert!(malformed.request.is_none());
    }
    assert_eq!(borne, 16);
    let mut request = String::from_utf8(bytes("one").to_vec()).unwrap();
    request = request.replace("CSeq: 1 MESSAGE", "CSeq: one");
    let other = browser(&world).unwrap();
    for _ in 0..100 {
        other.receive(Bytes::from(request.clone())).await.unwrap();
    }
}

#[tokio::test]
async fn silence_ends_it_and_so_does_the_end_of_the_transports() {
    let world = World::limited(Limits { idle: Duration::from_millis(30), ..Limits::default() }).await;
    let mut socket = browser(&world).unwrap();
    assert_eq!(frame(&mut socket).await, None);
    let world = World::local().await;
    let mut socket = browser(&world).unwrap();
    let (ended, ()) = tokio::join!(frame(&mut socket), world.transports.close());
    assert_eq!(ended, None);
    assert!(browser(&world).is_none());
}
