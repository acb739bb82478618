//! An endpoint on a stage: the test plays the exchange, and time passes when it says so.

use std::{
    collections::{HashSet, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tandem_callers::{
    Port, Station,
    endpoint::{Endpoint, Input, Output},
    sounds::Sounds,
    voices::{Aim, Order},
};
use tandem_media::Clip;
use tandem_sip::message::{Message, Method, Name, NameAddr, Request, Response, Uri, parse};

/// Where the exchange is.
pub const EXCHANGE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5060);
/// Where the endpoint is.
pub const US: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40_000);

/// One of them.
pub const SECOND: Duration = Duration::from_secs(1);

pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                       m=audio 20000 RTP/AVP 9 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

pub fn station(ports: usize, seed: u64) -> Station {
    let port = |socket: usize| Port { socket, address: SocketAddr::new(US.ip(), 41_000 + socket as u16) };
    Station::new(US, EXCHANGE, (0..ports).map(port).collect(), Sounds::load().unwrap(), seed)
}

/// What a socket is saying.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub clip: Clip,
    pub aim: Option<Aim>,
}

pub struct Stage<E> {
    pub endpoint: E,
    pub now: Instant,
    pub sent: VecDeque<Message>,
    seen: HashSet<Bytes>,
    speaking: Vec<Option<Said>>,
    /// Makes branches, tags and Call-IDs.
    last: u64,
}

impl<E: Endpoint> Stage<E> {
    pub fn new(make: impl FnOnce(Instant) -> E) -> Self {
        let now = Instant::now();
        let (endpoint, speaking) = (make(now), vec![None; 32]);
        let mut stage = Self { endpoint, now, sent: VecDeque::new(), seen: HashSet::new(), speaking, last: 0 };
        stage.handle(Input::Timeout);
        stage
    }

    fn handle(&mut self, input: Input<'_>) {
        self.endpoint.handle(self.now, input);
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send { to, bytes } => {
                    assert_eq!(to, EXCHANGE);
                    // What is sent again is the network's business.
                    if self.seen.insert(bytes.clone()) {
                        self.sent.push_back(parse(&bytes).unwrap());
                    }
                }
                Output::Sound { socket, order } => {
                    let voice = &mut self.speaking[socket];
                    match order {
                        Order::Speak(speech) => *voice = Some(Said { clip: speech.clip, aim: speech.aim }),
                        Order::Aim(aim) => voice.iter_mut().for_each(|said| said.aim = aim),
                        Order::Hush => *voice = None,
                    }
                }
            }
        }
    }

    /// Something arrives from the exchange.
    pub fn tell(&mut self, message: impl Into<Message>) {
        self.tell_bytes(EXCHANGE, &message.into().to_bytes());
    }

    pub fn tell_bytes(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.handle(Input::Datagram { from, bytes });
    }

    pub fn stop(&mut self) {
        self.handle(Input::Stop);
    }

    /// Time passes, as long as nothing is sent that somebody should answer: then it stops there. Tells whether all passed.
    pub fn pass(&mut self, time: Duration) -> bool {
        let until = self.now + time;
        while self.sent.is_empty() {
            match self.endpoint.next_timeout().filter(|at| *at <= until) {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.handle(Input::Timeout);
                }
                None => {
                    self.now = until;
                    return true;
                }
            }
        }
        false
    }

    /// The next request, which must come within `time`.
    #[track_caller]
    pub fn request(&mut self, method: Method, time: Duration) -> Request {
        self.pass(time);
        match self.sent.pop_front() {
            Some(Message::Request(request)) => {
                assert_eq!(request.method, method, "{request:?}");
                request
            }
            other => panic!("instead of a {method}: {other:?}"),
        }
    }

    /// The next response, which must come within `time`.
    #[track_caller]
    pub fn response(&mut self, status: u16, time: Duration) -> Response {
        self.pass(time);
        match self.sent.pop_front() {
            Some(Message::Response(response)) => {
                assert_eq!(response.status, status, "{response:?}");
                response
            }
            other => panic!("instead of a {status}: {other:?}"),
        }
    }

    #[track_caller]
    pub fn silent(&mut self, time: Duration) {
        assert!(self.pass(time), "{:?}", self.sent);
    }

    /// What is said on any socket.
    pub fn said(&self) -> Vec<Said> {
        self.speaking.iter().flatten().cloned().collect()
    }

    /// Answers a request of the endpoint's.
    pub fn grant(&mut self, request: &Request, status: u16) {
        self.tell(self.reply(request, status));
    }

    pub fn reply(&self, request: &Request, status: u16) -> Response {
        let mut response = Response::to(request, status);
        response.headers.tag_to("theirs").unwrap();
        if request.method == Method::Invite && status == 200 {
            response.headers.push(Name::Contact, format!("<sip:{EXCHANGE}>"));
            response.set_body("application/sdp", SDP);
        }
        response
    }

    /// A request outside of any dialog, from this number.
    pub fn make(&mut self, method: Method, from: &str) -> Request {
        self.last += 1;
        let n = self.last;
        let mut request = Request::new(method.clone(), Uri::sip(Some("somebody"), US));
        let headers = &mut request.headers;
        headers.push(Name::Via, format!("SIP/2.0/UDP {EXCHANGE};branch=z9hG4bK-{n}"));
        headers.push(Name::MaxForwards, "70");
        let from = NameAddr::from(Uri::sip(Some(from), EXCHANGE)).with_tag(&format!("tag{n}"));
        headers.push(Name::From, from.to_string());
        headers.push(Name::To, NameAddr::from(Uri::sip(Some("somebody"), US)).to_string());
        headers.push(Name::CallId, format!("call{n}"));
        headers.push(Name::CSeq, format!("1 {method}"));
        headers.push(Name::Contact, format!("<sip:{EXCHANGE}>"));
        if method == Method::Invite {
            request.set_body("application/sdp", SDP);
        }
        request
    }

    /// An INVITE from this number comes in.
    pub fn invite(&mut self, from: &str) -> Request {
        let invite = self.make(Method::Invite, from);
        self.tell(invite.clone());
        invite
    }

    /// A request in the dialog that `response` has made to their `invite`.
    pub fn inside(&mut self, invite: &Request, response: &Response, method: Method, seq: u32) -> Request {
        let mut request = self.make(method.clone(), "");
        for name in [Name::From, Name::CallId] {
            request.headers.set(name.clone(), invite.headers.get(&name).unwrap());
        }
        request.headers.set(Name::To, response.headers.get(&Name::To).unwrap());
        request.headers.set(Name::CSeq, format!("{seq} {method}"));
        request
    }

    /// A request of the exchange in the dialog of our own `invite`.
    pub fn inside_ours(&mut self, invite: &Request, method: Method) -> Request {
        let mut request = self.make(method.clone(), "");
        request.headers.set(Name::CallId, invite.headers.get(&Name::CallId).unwrap());
        request.headers.set(Name::To, invite.headers.get(&Name::From).unwrap());
        let from = invite.headers.to().unwrap().with_tag("theirs");
        request.headers.set(Name::From, from.to_string());
        request
    }
}
