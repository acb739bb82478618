//! Requests that are too large for a datagram (RFC 3261 §18.1.1).

use std::time::{Duration, Instant};

use tandem_sip::{
    flow::{Flow, Transport},
    message::{Message, Method, Name, Request, parse},
    transaction::{ClientId, Event, Failure, Output, Timers, Transactions},
};

use crate::world::{LONG, invite, ms, request, response};

const UDP: Transport = Transport::Udp;
const TCP: Transport = Transport::Tcp;

struct Caller {
    layer: Transactions,
    now: Instant,
}

fn way(transport: Transport) -> Flow {
    let [local, remote] = ["192.0.2.1:5060", "192.0.2.2:5060"].map(|address| address.parse().unwrap());
    Flow { transport, local, remote, connection: None }
}

fn large(mut request: Request) -> Request {
    request.set_body("application/sdp", "a".repeat(1_300));
    request
}

fn branch(request: &Request) -> String {
    request.headers.via().unwrap().branch().unwrap().to_owned()
}

impl Caller {
    fn new() -> Self {
        let mut layer = Transactions::new(Timers::default(), 1);
        layer.allow_streams(true);
        Self { layer, now: Instant::now() }
    }

    /// Sends a request that should go by UDP.
    fn request(&mut self, request: Request) -> ClientId {
        self.layer.request(self.now, way(UDP), request)
    }

    fn after(&mut self, time: Duration) {
        self.now += time;
        self.layer.handle_timeout(self.now);
    }

    fn stream_fails(&mut self) {
        self.layer.transport_failed(self.now, way(TCP));
    }

    /// The only request that goes now, and how; its `Via` says the same.
    fn sent(&mut self) -> (Transport, Request) {
        let (transport, request) = match self.layer.poll() {
            Some(Output::Send { flow, bytes }) => match parse(&bytes).unwrap() {
                Message::Request(request) => (flow.transport, request),
                Message::Response(response) => panic!("a request: {response:?}"),
            },
            other => panic!("a request: {other:?}"),
        };
        assert!(self.is_silent());
        assert_eq!(request.headers.elements(&Name::Via).count(), 1);
        assert_eq!(request.headers.via().unwrap().transport, Some(transport));
        (transport, request)
    }

    fn is_silent(&mut self) -> bool {
        self.layer.poll().is_none()
    }

    fn answers(&mut self, request: &Request, status: u16) {
        self.layer.receive(self.now, way(TCP), response(request, status).into());
        assert!(matches!(self.layer.poll(), Some(Output::Event(Event::Response { .. }))));
    }
}

#[test]
fn a_large_request_goes_by_a_stream_and_only_once() {
    let mut caller = Caller::new();
    caller.request(large(request(Method::Message, "call", 1)));
    let (transport, sent) = caller.sent();
    assert_eq!((transport, sent.body.len()), (TCP, 1_300));
    caller.answers(&sent, 100);
    caller.after(ms(20_000));
    assert!(caller.is_silent());
    caller.answers(&sent, 200);
    // What fits goes as it should, and so does all where streams are not allowed.
    caller.request(request(Method::Message, "small", 1));
    assert_eq!(caller.sent().0, UDP);
    caller.layer.allow_streams(false);
    caller.request(large(request(Method::Message, "large", 1)));
    assert_eq!(caller.sent().0, UDP);
}

#[test]
fn who_refuses_streams_gets_the_same_request_as_a_datagram_and_is_not_asked_again_for_a_while() {
    let mut caller = Caller::new();
    caller.request(large(invite()));
    let (transport, by_stream) = caller.sent();
    assert_eq!(transport, TCP);
    caller.stream_fails();
    let (transport, as_datagram) = caller.sent();
    assert_eq!((transport, branch(&as_datagram)), (UDP, branch(&by_stream)));
    assert_eq!(as_datagram.body, by_stream.body);
    // A datagram may be lost.
    caller.after(ms(500));
    assert_eq!(caller.sent(), (UDP, as_datagram));
    caller.request(large(request(Method::Message, "next", 1)));
    assert_eq!(caller.sent().0, UDP);
    caller.now += Duration::from_secs(601);
    caller.request(large(request(Method::Message, "later", 1)));
    assert_eq!(caller.sent().0, TCP);
}

#[test]
fn a_stream_that_is_neither_refused_nor_answered_is_not_waited_for() {
    let mut caller = Caller::new();
    let id = caller.request(large(invite()));
    assert_eq!(caller.sent().0, TCP);
    caller.after(ms(999));
    assert!(caller.is_silent());
    caller.after(ms(1));
    let (transport, sent) = caller.sent();
    assert_eq!(transport, UDP);
    // The failure of the stream is nothing to the request any more; cancelled it goes the way that answered.
    caller.stream_fails();
    assert!(caller.is_silent());
    caller.answers(&sent, 180);
    caller.layer.cancel(caller.now, id, None);
    let (transport, cancel) = caller.sent();
    assert_eq!((transport, cancel.method.clone(), branch(&cancel)), (UDP, Method::Cancel, branch(&sent)));
}

#[test]
fn a_stream_that_carried_the_request_carries_its_ack_and_its_failure_counts() {
    let mut caller = Caller::new();
    caller.request(large(invite()));
    let (_, sent) = caller.sent();
    caller.answers(&sent, 180);
    caller.layer.receive(caller.now, way(TCP), response(&sent, 486).into());
    let Some(Output::Send { flow, bytes }) = caller.layer.poll() else { panic!("an ACK goes") };
    assert!(bytes.starts_with(b"ACK ") && flow.transport == TCP);
    while caller.layer.poll().is_some() {}
    let id = caller.request(large(request(Method::Invite, "other", 1)));
    let (_, sent) = caller.sent();
    caller.answers(&sent, 180);
    caller.stream_fails();
    assert!(matches!(
        caller.layer.poll(),
        Some(Output::Event(Event::Failed { id: failed, why: Failure::Transport })) if failed == id
    ));
}

#[test]
fn nothing_is_left_over() {
    let mut caller = Caller::new();
    for status in [Some(200), None] {
        caller.request(large(request(Method::Message, "call", 1)));
        let (_, sent) = caller.sent();
        caller.stream_fails();
        if let Some(status) = status {
            let (_, _) = caller.sent();
            caller.answers(&sent, status);
        }
        for _ in 0..100 {
            caller.after(LONG / 20);
            while caller.layer.poll().is_some() {}
        }
        let counts = caller.layer.counts();
        assert_eq!((counts.client, counts.entries), (0, 0));
        caller.now += Duration::from_secs(601);
    }
}
