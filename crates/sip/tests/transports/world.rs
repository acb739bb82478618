//! Open transports, and messages for them.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use tandem_sip::{
    flow::{Flow, Transport},
    message::{Malformed, Message, Method, Name, Request, Response},
    transport::{Config, Incoming, Limits, Transports},
};
use tokio::{sync::mpsc, time::timeout};

/// Longer than anything takes that is going to happen.
const PATIENCE: Duration = Duration::from_secs(10);
/// Long enough to see that something does not happen.
const MOMENT: Duration = Duration::from_millis(150);

pub struct World {
    pub transports: Transports,
    events: mpsc::Receiver<Incoming>,
}

pub fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

/// UDP and TCP at a free port of this address.
pub fn config(address: &str) -> Config {
    let any = SocketAddr::new(address.parse().unwrap(), 0);
    Config { udp: vec![any], tcp: vec![any], ..Config::default() }
}

impl World {
    pub async fn open(config: Config) -> Self {
        Self::with_room(config, 1000).await
    }

    /// Whose owner has room for so many events.
    pub async fn with_room(config: Config, room: usize) -> Self {
        let (sender, events) = mpsc::channel(room);
        Self { transports: Transports::open(config, sender).await.unwrap(), events }
    }

    pub async fn local() -> Self {
        Self::open(config("127.0.0.1")).await
    }

    pub async fn limited(limits: Limits) -> Self {
        Self::open(Config { limits, ..config("127.0.0.1") }).await
    }

    pub fn address(&self, transport: Transport) -> SocketAddr {
        self.transports.local(transport).unwrap()
    }

    pub fn flow_to(&self, transport: Transport, other: &Self) -> Flow {
        self.transports.flow_to(transport, other.address(transport)).unwrap()
    }

    pub async fn event(&mut self) -> Incoming {
        timeout(PATIENCE, self.events.recv()).await.expect("something happens").expect("the transports live")
    }

    pub async fn silence(&mut self) {
        let event = timeout(MOMENT, self.events.recv()).await;
        assert!(event.is_err(), "nothing happens: {event:?}");
    }

    pub async fn message(&mut self) -> (Flow, Message, Bytes) {
        match self.event().await {
            Incoming::Message { flow, message: Ok(message), raw } => (flow, message, raw),
            other => panic!("a message: {other:?}"),
        }
    }

    pub async fn malformed(&mut self) -> (Flow, Malformed) {
        match self.event().await {
            Incoming::Message { flow, message: Err(malformed), .. } => (flow, malformed),
            other => panic!("a malformed message: {other:?}"),
        }
    }

    pub async fn failed(&mut self) -> Flow {
        match self.event().await {
            Incoming::Failed { flow } => flow,
            other => panic!("a failure: {other:?}"),
        }
    }

    /// Until so many connections are left.
    pub async fn connections(&self, count: usize) {
        let waiting = async {
            while self.transports.counts().connections != count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let counts = || self.transports.counts();
        assert!(timeout(PATIENCE, waiting).await.is_ok(), "{count} connections: {:?}", counts());
    }
}

/// A request that can be told from others.
pub fn message(call_id: &str) -> Request {
    let mut request = Request::new(Method::Message, "sip:702@127.0.0.1".parse().unwrap());
    request.headers.push(Name::Via, "SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKtest");
    request.headers.push(Name::From, "<sip:744@127.0.0.1>;tag=a");
    request.headers.push(Name::To, "<sip:702@127.0.0.1>");
    request.headers.push(Name::CallId, call_id);
    request.headers.push(Name::CSeq, "1 MESSAGE");
    request
}

pub fn bytes(call_id: &str) -> Bytes {
    message(call_id).to_bytes()
}

pub fn yes(message: &Message) -> Response {
    match message {
        Message::Request(request) => Response::to(request, 200),
        Message::Response(_) => panic!("only requests are answered"),
    }
}

pub fn call_id(message: &Message) -> &str {
    message.headers().call_id().unwrap()
}
