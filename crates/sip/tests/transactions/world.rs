//! Two ends, a wire between them, and a clock that jumps.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use tandem_sip::{
    flow::{ConnectionId, Flow, Transport},
    message::{Message, Method, Name, NameAddr, Request, Response, Uri, parse},
    transaction::{ClientId, Event, Failure, Output, ServerId, Timers, Transactions},
};

pub const LONG: Duration = Duration::from_secs(32);

pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Who of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Caller,
    Callee,
}

impl End {
    pub fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }

    pub fn address(self) -> SocketAddr {
        match self {
            Self::Caller => "192.0.2.1:5060".parse().unwrap(),
            Self::Callee => "192.0.2.2:5060".parse().unwrap(),
        }
    }
}

/// What the wire does with a message: delivers it after each of these delays; not at all when there are none.
pub type Fate = Box<dyn FnMut(&Message) -> Vec<Duration>>;

pub struct World {
    pub now: Instant,
    pub start: Instant,
    pub transport: Transport,
    caller: Transactions,
    callee: Transactions,
    pub fate: Fate,
    wire: BTreeMap<(Instant, u64), (End, Message)>,
    travelled: u64,
    /// Everything that was sent, with its sender and when.
    pub log: Vec<(Duration, End, Message)>,
    pub keeps_log: bool,
    events: BTreeMap<End, VecDeque<Event>>,
}

impl World {
    /// A wire that delivers at once.
    pub fn new(transport: Transport) -> Self {
        Self::with_fate(transport, 1, Box::new(|_| vec![Duration::ZERO]))
    }

    pub fn with_fate(transport: Transport, seed: u64, fate: Fate) -> Self {
        let now = Instant::now();
        Self {
            now,
            start: now,
            transport,
            caller: Transactions::new(Timers::default(), seed),
            callee: Transactions::new(Timers::default(), seed + 1_000_000),
            fate,
            wire: BTreeMap::new(),
            travelled: 0,
            log: Vec::new(),
            keeps_log: true,
            events: BTreeMap::new(),
        }
    }

    /// The way from one end to the other.
    pub fn flow(&self, from: End) -> Flow {
        let connection = self.transport.is_reliable().then_some(ConnectionId(1));
        Flow { transport: self.transport, local: from.address(), remote: from.other().address(), connection }
    }

    pub fn layer(&mut self, end: End) -> &mut Transactions {
        match end {
            End::Caller => &mut self.caller,
            End::Callee => &mut self.callee,
        }
    }

    /// What this end has heard since it was last asked.
    pub fn heard(&mut self, end: End) -> Vec<Event> {
        self.drain();
        self.events.remove(&end).unwrap_or_default().into()
    }

    /// Puts on the wire what the layers want to send.
    pub fn drain(&mut self) {
        for end in [End::Caller, End::Callee] {
            while let Some(output) = self.layer(end).poll() {
                match output {
                    Output::Send { flow, bytes } => {
                        let way = self.flow(end);
                        assert_eq!((flow.transport, flow.local, flow.remote), (way.transport, way.local, way.remote));
                        let message = parse(&bytes).expect("what we write we can read");
                        for delay in (self.fate)(&message) {
                            self.travelled += 1;
                            self.wire.insert((self.now + delay, self.travelled), (end.other(), message.clone()));
                        }
                        if self.keeps_log {
                            self.log.push((self.now - self.start, end, message));
                        }
                    }
                    Output::Event(event) => self.events.entry(end).or_default().push_back(event),
                }
            }
        }
    }

    /// What is due next, and when.
    fn next(&mut self) -> Option<Instant> {
        self.drain();
        let wire = self.wire.keys().next().map(|(at, _)| *at);
        [wire, self.caller.next_timeout(), self.callee.next_timeout()].into_iter().flatten().min()
    }

    /// Goes on to the next thing that happens, at the latest at `until`; false when nothing happens before.
    pub fn step(&mut self, until: Instant) -> bool {
        let Some(at) = self.next().filter(|at| *at <= until) else {
            self.now = self.now.max(until);
            return false;
        };
        self.now = self.now.max(at);
        let now = self.now;
        if let Some(((arrives, _), _)) = self.wire.first_key_value()
            && *arrives <= now
            && let Some((_, (to, message))) = self.wire.pop_first()
        {
            let flow = self.flow(to);
            self.layer(to).receive(now, flow, message);
        } else {
            for end in [End::Caller, End::Callee] {
                self.layer(end).handle_timeout(now);
            }
        }
        self.drain();
        true
    }

    pub fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        while self.step(until) {}
    }

    /// Until nothing waits any more, at either end or on the wire.
    pub fn run_out(&mut self) {
        let far = self.now + Duration::from_secs(3600);
        while self.next().is_some() {
            assert!(self.step(far), "it never ends");
        }
    }

    /// When, since the beginning, this end sent messages that look like this.
    pub fn sent(&self, end: End, what: &str) -> Vec<Duration> {
        self.log.iter().filter(|(_, from, m)| *from == end && name(m) == what).map(|(at, _, _)| *at).collect()
    }

    pub fn assert_nothing_is_left(&mut self) {
        for end in [End::Caller, End::Callee] {
            let counts = self.layer(end).counts();
            assert_eq!((counts.client, counts.server, counts.entries), (0, 0, 0), "{end:?} forgets everything");
        }
    }

    /// The caller's request.
    pub fn ask(&mut self, request: Request) -> ClientId {
        let (now, flow) = (self.now, self.flow(End::Caller));
        self.layer(End::Caller).request(now, flow, request)
    }

    pub fn answer(&mut self, id: ServerId, response: Response) {
        let now = self.now;
        self.layer(End::Callee).respond(now, id, response);
        self.drain();
    }

    /// The callee's new requests, after some milliseconds.
    pub fn asked(&mut self) -> Vec<(Option<ServerId>, Request)> {
        self.run_for(ms(10));
        self.heard(End::Callee)
            .into_iter()
            .filter_map(|event| match event {
                Event::Request { id, request, .. } => Some((id, request)),
                _ => None,
            })
            .collect()
    }

    /// The callee's only new request, which wants an answer.
    pub fn asked_once(&mut self) -> (ServerId, Request) {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1, "one request comes up: {asked:?}");
        let (id, request) = asked.remove(0);
        (id.expect("a request to be answered"), request)
    }

    /// The statuses that the caller has heard, and 0 for a failure.
    pub fn told(&mut self) -> Vec<u16> {
        self.run_for(ms(10));
        let told = self.heard(End::Caller).into_iter().map(|event| match event {
            Event::Response { response, .. } => response.status,
            Event::Failed { why: Failure::Timeout | Failure::Transport, .. } => 0,
            other => panic!("the caller expected a response: {other:?}"),
        });
        told.collect()
    }

    /// The ACK of a 2xx, as a dialog makes it.
    pub fn acknowledge(&mut self, id: ClientId, response: &Response) {
        let mut ack = request(Method::Ack, "call", response.headers.cseq().unwrap().number);
        ack.headers.set(Name::From, response.headers.get(&Name::From).unwrap());
        ack.headers.set(Name::To, response.headers.get(&Name::To).unwrap());
        ack.headers.set(Name::CallId, response.headers.call_id().unwrap());
        let (now, flow) = (self.now, self.flow(End::Caller));
        self.layer(End::Caller).ack(now, flow, id, ack);
        self.drain();
    }
}

/// "INVITE", "200 INVITE".
pub fn name(message: &Message) -> String {
    match message {
        Message::Request(request) => request.method.to_string(),
        Message::Response(response) => {
            format!("{} {}", response.status, response.headers.cseq().unwrap().method)
        }
    }
}

pub fn request(method: Method, call_id: &str, number: u32) -> Request {
    let uri: Uri = "sip:702@192.0.2.2".parse().unwrap();
    let mut request = Request::new(method.clone(), uri);
    let from: NameAddr = "<sip:744@192.0.2.1>;tag=caller".parse().unwrap();
    request.headers.push(Name::From, from.to_string());
    request.headers.push(Name::To, "<sip:702@192.0.2.2>");
    request.headers.push(Name::CallId, call_id);
    request.headers.push(Name::CSeq, format!("{number} {method}"));
    request
}

pub fn invite() -> Request {
    request(Method::Invite, "call", 1)
}

/// A response with the callee's tag.
pub fn response(request: &Request, status: u16) -> Response {
    let mut response = Response::to(request, status);
    if request.headers.to().unwrap().tag().is_none() {
        response.headers.tag_to("callee").unwrap();
    }
    response
}
