//! A phone without socket and clock, for tests that need thousands of them, or one that behaves badly.
//!
//! It knows what a user agent must know (digests, dialogs, ACK, CANCEL, REFER) and does what its [`Calling`] and [`Called`]
//! say: whom to leave waiting, what never to acknowledge, when to hang up.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tandem_sip::{
    dialog::Dialog,
    digest,
    flow::{Flow, Transport},
    message::{Method, Name, Request, Response, Uri, parse},
    transaction::{ClientId, Event, Output, ServerId, Timers, Transactions},
};

/// What a caller does.
#[derive(Debug, Clone, Default)]
pub struct Calling {
    /// Gives up after this long without an answer.
    pub cancel_after: Option<Duration>,
    /// Hangs up this long after the answer.
    pub bye_after: Option<Duration>,
    /// Never acknowledges the answer.
    pub loses_ack: bool,
    /// Holds this long after the answer, and comes back a second later.
    pub hold_after: Option<Duration>,
    /// Sends the other one to this number, this long after the answer.
    pub transfer: Option<(Duration, String)>,
    /// The same after a word with whom it sends the other one to.
    pub consult: Option<(Duration, String)>,
    /// Says nothing more after the answer, and hears nothing.
    pub vanishes: bool,
    /// Offers nothing in its INVITE.
    pub late_offer: bool,
    /// What it offers is no session description.
    pub offers_text: bool,
    /// Takes what it is told before the answer reliably, if the exchange likes (RFC 3262).
    pub reliable: bool,
    /// Further headers of its INVITE.
    pub headers: Vec<(Name, &'static str)>,
}

/// What a called phone does.
#[derive(Debug, Clone)]
pub enum Called {
    /// Answers, and hangs up later, perhaps.
    Answers { after: Duration, bye_after: Option<Duration> },
    /// Refuses, with or without ringing first.
    Refuses { after: Duration, status: u16, rings: bool },
    /// Rings until it is cancelled.
    Rings,
    /// Says nothing at all.
    Ignores,
    /// Rings, and answers just when it is cancelled.
    AnswersWhenCancelled,
    /// Answers with something that is no session description.
    AnswersNonsense,
    /// Is heard before it answers.
    Early { answer_after: Duration, bye_after: Option<Duration> },
    /// Says BYE before it has answered.
    ByeBeforeAnswer,
    /// Answers and hangs up, but its answer is lost at first, so that the BYE comes before it.
    ByeOvertakes,
    /// Answers, and is never heard of again.
    AnswersAndVanishes,
    /// Answers twice, as two phones behind a forking proxy.
    Forks { bye_after: Duration },
}

#[derive(Debug, Clone)]
enum Wish {
    Cancel,
    Bye,
    /// An offer inside the dialog, by INVITE or UPDATE; whether it holds.
    Offer(Method, bool),
    Transfer(String),
    Consult(String),
    Respond(u16),
}

/// One call of the phone's.
#[derive(Debug)]
pub struct Line {
    calling: Calling,
    /// How it takes this call, when it is called.
    pub called: Option<Called>,
    pub invite: Request,
    client: Option<ClientId>,
    server: Option<ServerId>,
    tag: String,
    pub dialog: Option<Dialog>,
    pub is_up: bool,
    cancelled: bool,
    /// It has the other one on hold.
    holds: bool,
    /// Its offer inside the dialog that is not answered yet.
    offering: Option<ClientId>,
    /// The line that this one is a consultation for.
    consults_for: Option<String>,
    /// The description that came last.
    pub remote: Bytes,
    /// Since when it is answered, when it was called.
    answered: Option<Instant>,
}

/// A call that this phone answered, from its answer to its end: what a carrier bills.
#[derive(Debug, Clone)]
pub struct Billed {
    /// The user that the INVITE was for.
    pub number: String,
    pub talked: Duration,
}

/// The phone.
pub struct Phone {
    pub user: String,
    pub password: String,
    pub address: SocketAddr,
    pub exchange: SocketAddr,
    /// What its descriptions name.
    pub media: SocketAddr,
    pub lines: HashMap<String, Line>,
    /// All final responses that came.
    pub statuses: Vec<(Method, u16)>,
    /// INVITEs that came to it, the repeated ones not.
    pub rung: u64,
    /// Answers of its own whose ACK never came.
    pub unacknowledged: u64,
    /// Whose place its next call takes.
    replaces: Option<String>,
    /// The calls that it answered and that are over.
    pub billed: Vec<Billed>,
    /// It wants to know who that is, in every request inside a dialog.
    pub challenges: bool,
    /// It is never content with a proof.
    pub never_content: bool,
    /// Requests inside a dialog that came without a proof, and with one.
    pub unproven: Vec<Method>,
    pub proven: Vec<Method>,
    /// `Session-Expires` in its answers to INVITE and UPDATE.
    pub session: Option<&'static str>,
    /// The shortest interval of a session that it accepts, in seconds.
    pub least: u32,
    /// Whether it says that it knows UPDATE.
    pub knows_update: bool,
    /// When the exchange's next offer comes it has just made one of its own, like this.
    pub crosses: Option<(Method, bool)>,
    /// What it answers to the next requests that keep a session alive.
    pub refuses: VecDeque<u16>,
    /// Nothing reaches it until then.
    pub deaf_until: Option<Instant>,
    /// It agrees to the exchange's offers without a description.
    pub says_nothing: bool,
    /// Requests inside a dialog that came, and when.
    pub asked: Vec<(Instant, Request)>,
    /// Final responses to its own requests inside a dialog, and when they came.
    pub told: Vec<(Instant, Response)>,
    /// How it takes calls.
    pub taking: fn(&mut StdRng) -> Called,
    transactions: Transactions,
    random: StdRng,
    todo: BTreeMap<(Instant, u64), (String, Wish)>,
    /// Its requests, and the INVITEs that came, with the calls that they are of.
    pub clients: HashMap<ClientId, (String, Request, u8)>,
    pub servers: HashMap<ServerId, String>,
    gone: HashSet<String>,
    out: VecDeque<Bytes>,
    next: u64,
}

const MS: Duration = Duration::from_millis(1);

impl Phone {
    pub fn new(
        user: &str,
        address: SocketAddr,
        exchange: SocketAddr,
        seed: u64,
        taking: fn(&mut StdRng) -> Called,
    ) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        Self {
            user: user.into(),
            password: "tandem-demo".into(),
            address,
            exchange,
            media: SocketAddr::new(address.ip(), 40_000),
            lines: HashMap::new(),
            statuses: Vec::new(),
            rung: 0,
            unacknowledged: 0,
            replaces: None,
            billed: Vec::new(),
            challenges: false,
            never_content: false,
            unproven: Vec::new(),
            proven: Vec::new(),
            session: None,
            least: 90,
            knows_update: true,
            crosses: None,
            refuses: VecDeque::new(),
            deaf_until: None,
            says_nothing: false,
            asked: Vec::new(),
            told: Vec::new(),
            taking,
            transactions: Transactions::new(Timers::default(), random.random()),
            random,
            todo: BTreeMap::new(),
            clients: HashMap::new(),
            servers: HashMap::new(),
            gone: HashSet::new(),
            out: VecDeque::new(),
            next: 0,
        }
    }

    /// The next message to the exchange.
    pub fn poll(&mut self) -> Option<Bytes> {
        self.out.pop_front()
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        let own = self.todo.first_key_value().map(|((at, _), _)| *at);
        [own, self.transactions.next_timeout()].into_iter().flatten().min()
    }

    pub fn receive(&mut self, now: Instant, bytes: &[u8]) {
        if self.deaf_until.is_some_and(|until| now < until) {
            return;
        }
        let message = match parse(bytes) {
            Ok(message) => message,
            Err(error) => panic!("the exchange sent what is no message ({error}): {}", String::from_utf8_lossy(bytes)),
        };
        if message.headers().call_id().is_ok_and(|id| self.gone.contains(id)) {
            return;
        }
        self.transactions.receive(now, self.flow(), message);
        self.settle(now);
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.transactions.handle_timeout(now);
        while let Some(entry) = self.todo.first_entry().filter(|entry| entry.key().0 <= now) {
            let (line, wish) = entry.remove();
            self.fulfil(now, &line, wish);
        }
        self.settle(now);
    }

    /// A REGISTER for so many seconds.
    pub fn register(&mut self, now: Instant, seconds: u32) {
        let mut request = self.outside(Method::Register, None);
        request.headers.set(Name::To, format!("<sip:{}@{}>", self.user, self.exchange));
        request.headers.push(Name::Expires, seconds.to_string());
        let call_id = self.token();
        request.headers.push(Name::CallId, call_id.clone());
        self.send(now, &call_id, request, 0);
        self.settle(now);
    }

    /// Calls a number; gives the Call-ID.
    pub fn dial(&mut self, now: Instant, number: &str, calling: Calling) -> String {
        let call_id = self.begin(now, number, calling, None);
        self.settle(now);
        call_id
    }

    /// Says in every call that its media are there from now on.
    pub fn move_media(&mut self, now: Instant, media: SocketAddr) {
        self.media = media;
        for call_id in self.lines.keys().cloned().collect::<Vec<_>>() {
            self.fulfil(now, &call_id, Wish::Offer(Method::Invite, false));
        }
        self.settle(now);
    }

    /// Offers its media on a line once more, by INVITE or UPDATE: with a hold or without.
    pub fn offer(&mut self, now: Instant, call_id: &str, method: Method, holds: bool) {
        self.fulfil(now, call_id, Wish::Offer(method, holds));
        self.settle(now);
    }

    /// Sends a request without a body inside the dialog of a line, which may not be answered yet.
    pub fn ask(&mut self, now: Instant, call_id: &str, method: Method, headers: &[(Name, &str)]) {
        let contact = format!("<sip:{}@{}>", self.user, self.address);
        let dialog = self.lines.get_mut(call_id).and_then(|line| line.dialog.as_mut()).expect("a dialog");
        let mut request = dialog.request(method);
        request.headers.push(Name::Contact, contact);
        for (name, value) in headers {
            request.headers.push(name.clone(), (*value).to_owned());
        }
        self.send(now, call_id, request, 1);
        self.settle(now);
    }

    /// Sends whom it talks to on a line to a number; after a word with who is there, if so wished.
    pub fn hand_over(&mut self, now: Instant, call_id: &str, number: &str, consult: bool) {
        let number = number.to_owned();
        self.fulfil(now, call_id, if consult { Wish::Consult(number) } else { Wish::Transfer(number) });
        self.settle(now);
    }

    /// A line of its own, as another phone names it that is to take its place (RFC 3891).
    pub fn as_replaced(&self, call_id: &str) -> String {
        let id = self.lines[call_id].dialog.as_ref().expect("a line that is up").id();
        format!("{};to-tag={};from-tag={}", id.call_id, id.remote_tag, id.local_tag)
    }

    /// Calls in order to take another phone's place.
    pub fn pick_up(&mut self, now: Instant, replaces: String) -> String {
        self.replaces = Some(replaces);
        self.dial(now, "pickup", Calling::default())
    }

    /// Hangs up.
    pub fn hang_up(&mut self, now: Instant, call_id: &str) {
        self.fulfil(now, call_id, Wish::Bye);
        self.settle(now);
    }

    /// The lines on which it talks, in an order that is always the same.
    pub fn talking(&self) -> Vec<String> {
        let mut lines: Vec<_> =
            self.lines.iter().filter(|(_, line)| line.is_up).map(|(call_id, _)| call_id.clone()).collect();
        lines.sort_unstable();
        lines
    }

    fn begin(&mut self, now: Instant, number: &str, calling: Calling, consults_for: Option<String>) -> String {
        let mut invite = self.outside(Method::Invite, Some(number).filter(|number| !number.is_empty()));
        let call_id = self.token();
        invite.headers.push(Name::CallId, call_id.clone());
        if !calling.late_offer {
            let offer = self.description("sendrecv");
            invite.set_body("application/sdp", offer);
        }
        if calling.offers_text {
            invite.set_body("text/plain", "hello");
        }
        if calling.reliable {
            invite.headers.push(Name::Supported, "100rel");
        }
        for (name, value) in &calling.headers {
            invite.headers.push(name.clone(), (*value).to_owned());
        }
        if let Some(replaces) = self.replaces.take() {
            invite.headers.push(Name::Replaces, replaces);
        }
        if let Some(after) = calling.cancel_after {
            self.later(now + after, &call_id, Wish::Cancel);
        }
        let line = Line {
            calling,
            called: None,
            invite: invite.clone(),
            client: None,
            server: None,
            tag: String::new(),
            dialog: None,
            is_up: false,
            cancelled: false,
            holds: false,
            offering: None,
            consults_for,
            remote: Bytes::new(),
            answered: None,
        };
        self.lines.insert(call_id.clone(), line);
        self.send(now, &call_id, invite, 0);
        call_id
    }

    fn outside(&mut self, method: Method, number: Option<&str>) -> Request {
        let mut request = Request::new(method.clone(), Uri::sip(number, self.exchange));
        let (user, tag) = (self.user.clone(), self.token());
        let headers = &mut request.headers;
        headers.push(Name::From, format!("<sip:{user}@{}>;tag={tag}", self.exchange));
        headers.push(Name::To, format!("<{}>", Uri::sip(number, self.exchange)));
        headers.push(Name::CSeq, format!("1 {method}"));
        headers.push(Name::Contact, format!("<sip:{user}@{}>", self.address));
        headers.push(Name::Allow, allow(self.knows_update));
        request
    }

    fn send(&mut self, now: Instant, call_id: &str, request: Request, tries: u8) -> ClientId {
        let client = self.transactions.request(now, self.flow(), request.clone());
        // The one that is cancelled is the first.
        if request.method == Method::Invite
            && !is_inside(&request)
            && let Some(line) = self.lines.get_mut(call_id)
        {
            line.client = Some(client);
        }
        self.clients.insert(client, (call_id.to_owned(), request, tries));
        client
    }

    fn flow(&self) -> Flow {
        Flow { transport: Transport::Udp, local: self.address, remote: self.exchange, connection: None }
    }

    fn token(&mut self) -> String {
        format!("{:016x}", self.random.random::<u64>())
    }

    fn later(&mut self, at: Instant, line: &str, wish: Wish) {
        self.next += 1;
        self.todo.insert((at, self.next), (line.to_owned(), wish));
    }

    pub fn description(&self, direction: &str) -> String {
        let (ip, port) = (self.media.ip(), self.media.port());
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n\
             a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
        )
    }

    fn settle(&mut self, now: Instant) {
        while let Some(output) = self.transactions.poll() {
            match output {
                Output::Send { bytes, .. } => self.out.push_back(bytes),
                Output::Event(Event::Request { id, request, .. }) => self.requested(now, id, request),
                Output::Event(Event::Cancelled { id }) => self.cancelled(now, id),
                Output::Event(Event::Response { id, response }) => self.responded(now, id, &response),
                Output::Event(Event::Failed { id, .. }) => {
                    if let Some((line, request, _)) = self.clients.remove(&id)
                        && matches!(request.method, Method::Invite | Method::Bye)
                    {
                        self.lines.remove(&line);
                    }
                }
                Output::Event(Event::Unacknowledged { id }) => {
                    self.unacknowledged += 1;
                    if let Some(line) = self.servers.remove(&id) {
                        self.fulfil(now, &line, Wish::Bye);
                    }
                }
            }
        }
    }

    // Calling --------------------------------------------------------------------------------------------------------

    fn responded(&mut self, now: Instant, id: ClientId, response: &Response) {
        let Some((call_id, request, tries)) = self.clients.get(&id).cloned() else { return };
        if response.status < 200 {
            return self.provisional(now, &call_id, &request, response);
        }
        if is_inside(&request) {
            self.told.push((now, response.clone()));
        }
        self.statuses.push((request.method.clone(), response.status));
        if matches!(response.status, 401 | 407) && tries == 0 {
            self.clients.remove(&id);
            return self.authorise(now, &call_id, request, response);
        }
        match request.method {
            Method::Invite | Method::Update if is_inside(&request) => {
                self.offer_answered(now, id, &call_id, &request, response);
            }
            Method::Invite if response.is_success() => self.success(now, id, &call_id, &request, response),
            Method::Invite => drop(self.lines.remove(&call_id)),
            Method::Bye if self.lines.get(&call_id).is_none_or(|line| line.is_up) => drop(self.lines.remove(&call_id)),
            _ => {}
        }
        // An INVITE may be answered once more, by another phone or again by the same.
        if request.method != Method::Invite {
            self.clients.remove(&id);
        }
    }

    /// What it is told before the answer makes a dialog, and is acknowledged where that is wanted.
    fn provisional(&mut self, now: Instant, call_id: &str, invite: &Request, response: &Response) {
        let Some(line) = self.lines.get_mut(call_id).filter(|line| !line.is_up && response.status > 100) else {
            return;
        };
        if line.dialog.is_none() {
            line.dialog = Dialog::uac(invite, response).ok();
        }
        let Some(dialog) = line.dialog.as_mut().filter(|_| response.headers.has_option(&Name::Require, "100rel"))
        else {
            return;
        };
        let (Ok(Some(rseq)), Ok(cseq)) = (response.headers.rseq(), response.headers.cseq()) else {
            panic!("a reliable response without its number");
        };
        let mut prack = dialog.request(Method::Prack);
        prack.headers.push(Name::RAck, format!("{rseq} {} INVITE", cseq.number));
        self.send(now, call_id, prack, 1);
    }

    /// Its offer inside the dialog was answered, or refused; one that met the exchange's is made again (RFC 3261 §14.1).
    fn offer_answered(&mut self, now: Instant, id: ClientId, call_id: &str, request: &Request, response: &Response) {
        let Some(line) = self.lines.get_mut(call_id) else { return };
        line.offering = line.offering.filter(|offering| *offering != id);
        if response.is_success() {
            if !response.body.is_empty() {
                line.remote = response.body.clone();
            }
            if request.method == Method::Invite
                && let (Some(dialog), Ok(cseq)) = (&line.dialog, response.headers.cseq())
            {
                let ack = dialog.ack(cseq.number);
                self.transactions.ack(now, self.flow(), id, ack);
            }
        } else if response.status == 491 && !request.body.is_empty() && line.is_up {
            // Who made the Call-ID waits longer.
            let (least, most) = if line.called.is_none() { (2_100, 4_000) } else { (0, 2_000) };
            let (holds, pause) = (line.holds, MS * self.random.random_range(least..=most));
            self.later(now + pause, call_id, Wish::Offer(request.method.clone(), holds));
        }
    }

    fn authorise(&mut self, now: Instant, call_id: &str, mut request: Request, response: &Response) {
        let (cnonce, uri) = (self.token(), request.uri.to_string());
        let answer = digest::Answer {
            username: &self.user,
            password: &self.password,
            method: &request.method.clone(),
            uri: &uri,
            body: &request.body.clone(),
            cnonce: &cnonce,
            nc: 1,
        };
        let value = digest::respond(response.headers.all(&Name::WwwAuthenticate), &answer).expect("a challenge");
        request.headers.push(Name::Authorization, value);
        request.headers.set(Name::CSeq, format!("2 {}", request.method));
        if let Some(line) = self.lines.get_mut(call_id) {
            if line.cancelled {
                self.lines.remove(call_id);
                return;
            }
            line.invite = request.clone();
        }
        self.send(now, call_id, request, 1);
    }

    fn success(&mut self, now: Instant, id: ClientId, call_id: &str, request: &Request, response: &Response) {
        let Ok(cseq) = response.headers.cseq() else { panic!("a 200 without CSeq") };
        let Some(line) = self.lines.get_mut(call_id) else { return };
        line.remote = response.body.clone();
        if let Some(dialog) = line.dialog.as_ref().filter(|_| line.is_up) {
            let ack = dialog.ack(cseq.number);
            self.transactions.ack(now, self.flow(), id, ack);
            return;
        }
        let dialog = match line.dialog.take() {
            Some(mut early) => early.confirm(response).map(|()| early).expect("a 200 of the dialog that was early"),
            None => Dialog::uac(request, response).expect("a 200 that makes a dialog"),
        };
        let mut ack = dialog.ack(cseq.number);
        (line.dialog, line.is_up) = (Some(dialog), true);
        let Calling { bye_after, loses_ack, hold_after, transfer, consult, vanishes, late_offer, .. } =
            line.calling.clone();
        let (was_cancelled, consults_for) = (line.cancelled, line.consults_for.clone());
        if late_offer {
            let answer = self.description("sendrecv");
            ack.set_body("application/sdp", answer);
        }
        if !loses_ack {
            self.transactions.ack(now, self.flow(), id, ack);
        }
        if was_cancelled {
            return self.fulfil(now, call_id, Wish::Bye);
        }
        if let Some(first) = consults_for {
            return self.join(now, &first, call_id);
        }
        if let Some(after) = hold_after {
            self.later(now + after, call_id, Wish::Offer(Method::Invite, true));
            self.later(now + after + Duration::from_secs(1), call_id, Wish::Offer(Method::Invite, false));
        }
        if let Some((after, number)) = transfer {
            self.later(now + after, call_id, Wish::Transfer(number));
        }
        if let Some((after, number)) = consult {
            self.later(now + after, call_id, Wish::Consult(number));
        }
        if let Some(after) = bye_after {
            self.later(now + after, call_id, Wish::Bye);
        }
        if vanishes {
            self.vanish(call_id);
        }
    }

    /// Connects whom it talked to first with whom it talks to now.
    fn join(&mut self, now: Instant, first: &str, second: &str) {
        let named = self.lines.get(second).and_then(|line| line.dialog.as_ref()).map(Dialog::id);
        let (Some(id), Some(dialog)) = (named, self.lines.get_mut(first).and_then(|line| line.dialog.as_mut())) else {
            return self.fulfil(now, second, Wish::Bye);
        };
        let mut refer = dialog.request(Method::Refer);
        let replaces = format!("{}%3Bto-tag%3D{}%3Bfrom-tag%3D{}", id.call_id, id.remote_tag, id.local_tag);
        let to = format!("<sip:somebody@{}?Replaces={replaces}>", self.exchange);
        refer.headers.push(Name::ReferTo, to);
        refer.headers.push(Name::Contact, format!("<sip:{}>", self.address));
        self.send(now, first, refer, 1);
        for line in [first, second] {
            self.later(now + Duration::from_secs(20), line, Wish::Bye);
        }
    }

    // Called ---------------------------------------------------------------------------------------------------------

    fn requested(&mut self, now: Instant, id: Option<ServerId>, request: Request) {
        let call_id = request.headers.call_id().expect("a Call-ID").to_owned();
        let Some(id) = id else { return };
        let inside = is_inside(&request);
        if inside {
            self.asked.push((now, request.clone()));
        }
        if self.challenges && inside {
            if self.never_content || !request.headers.has(&Name::ProxyAuthorization) {
                self.unproven.push(request.method.clone());
                return self.challenge(now, id, &request);
            }
            self.proven.push(request.method.clone());
        }
        match request.method {
            Method::Invite if !inside => self.called(now, id, call_id, request),
            Method::Invite | Method::Update if self.lines.contains_key(&call_id) => {
                self.refreshed(now, id, &call_id, &request);
            }
            Method::Bye if self.lines.contains_key(&call_id) => {
                self.bill(now, &call_id);
                self.lines.remove(&call_id);
                self.respond(now, id, &request, 200, None);
            }
            Method::Notify | Method::Info | Method::Options if self.lines.contains_key(&call_id) => {
                self.respond(now, id, &request, 200, None);
            }
            _ => self.respond(now, id, &request, 481, None),
        }
    }

    /// The exchange's INVITE or UPDATE inside the dialog.
    fn refreshed(&mut self, now: Instant, id: ServerId, call_id: &str, request: &Request) {
        if let Some((method, holds)) = self.crosses.take() {
            self.fulfil(now, call_id, Wish::Offer(method, holds));
        }
        let line = &self.lines[call_id];
        let (crossed, holds, offers) = (line.offering.is_some(), line.holds, request.method == Method::Invite);
        if offers && crossed {
            return self.respond(now, id, request, 491, None);
        }
        if let Some(status) = self.refuses.pop_front() {
            return self.respond(now, id, request, status, None);
        }
        if self.is_too_short(request) {
            return self.respond(now, id, request, 422, None);
        }
        let answer =
            (offers && !self.says_nothing).then(|| self.description(if holds { "sendonly" } else { "sendrecv" }));
        self.respond(now, id, request, 200, answer);
    }

    /// Whether a request asks for an interval of the session that it does not accept.
    fn is_too_short(&self, request: &Request) -> bool {
        let asked = request.headers.session_expires().expect("a readable interval");
        asked.is_some_and(|asked| asked.seconds < self.least)
    }

    fn challenge(&mut self, now: Instant, id: ServerId, request: &Request) {
        let mut response = Response::to(request, 407);
        let nonce = self.token();
        let challenge = format!("Digest realm=\"carrier\", nonce=\"{nonce}\", qop=\"auth\", algorithm=MD5");
        response.headers.push(Name::ProxyAuthenticate, challenge);
        self.transactions.respond(now, id, response);
    }

    /// A call that it answered is over.
    fn bill(&mut self, now: Instant, call_id: &str) {
        if let Some(line) = self.lines.get_mut(call_id)
            && let Some(answered) = line.answered.take()
        {
            let number = line.invite.uri.user.clone().unwrap_or_default();
            self.billed.push(Billed { number, talked: now.duration_since(answered) });
        }
    }

    fn called(&mut self, now: Instant, id: ServerId, call_id: String, invite: Request) {
        self.rung += 1;
        if self.is_too_short(&invite) {
            return self.respond(now, id, &invite, 422, None);
        }
        let called = (self.taking)(&mut self.random);
        let tag = self.token();
        let line = Line {
            calling: Calling::default(),
            called: Some(called.clone()),
            invite: invite.clone(),
            client: None,
            server: Some(id),
            dialog: Some(Dialog::uas(&invite, &tag).expect("an INVITE that makes a dialog")),
            tag,
            is_up: false,
            cancelled: false,
            holds: false,
            offering: None,
            consults_for: None,
            remote: invite.body.clone(),
            answered: None,
        };
        self.lines.insert(call_id.clone(), line);
        self.servers.insert(id, call_id.clone());
        let ring = now + MS;
        match called {
            Called::Answers { after, .. } => {
                self.later(ring, &call_id, Wish::Respond(180));
                self.later(ring + after, &call_id, Wish::Respond(200));
            }
            Called::Refuses { after, status, rings } => {
                if rings {
                    self.later(ring, &call_id, Wish::Respond(180));
                }
                self.later(ring + after, &call_id, Wish::Respond(status));
            }
            Called::Rings | Called::AnswersWhenCancelled => self.later(ring, &call_id, Wish::Respond(180)),
            Called::Ignores => self.vanish(&call_id),
            Called::AnswersNonsense | Called::AnswersAndVanishes | Called::Forks { .. } => {
                self.later(ring, &call_id, Wish::Respond(200));
            }
            Called::Early { answer_after, .. } => {
                self.later(ring, &call_id, Wish::Respond(183));
                self.later(ring + answer_after, &call_id, Wish::Respond(200));
            }
            Called::ByeBeforeAnswer => {
                self.later(ring, &call_id, Wish::Respond(180));
                self.later(ring + 500 * MS, &call_id, Wish::Bye);
                self.later(ring + 700 * MS, &call_id, Wish::Respond(486));
            }
            Called::ByeOvertakes => {
                self.later(ring, &call_id, Wish::Respond(180));
                self.later(ring + 100 * MS, &call_id, Wish::Bye);
                self.later(ring + 200 * MS, &call_id, Wish::Respond(200));
            }
        }
    }

    fn cancelled(&mut self, now: Instant, id: ServerId) {
        let Some(call_id) = self.servers.get(&id).cloned() else { return };
        let answers = |line: &Line| matches!(line.called, Some(Called::AnswersWhenCancelled));
        let status = if self.lines.get(&call_id).is_some_and(answers) { 200 } else { 487 };
        self.fulfil(now, &call_id, Wish::Respond(status));
    }

    fn respond(&mut self, now: Instant, id: ServerId, request: &Request, status: u16, body: Option<String>) {
        let mut response = Response::to(request, status);
        if let Some(line) = request.headers.call_id().ok().and_then(|id| self.lines.get(id))
            && let Ok(to) = request.headers.to()
            && to.tag().is_none()
        {
            response.headers.set(Name::To, to.with_tag(&line.tag).to_string());
        }
        response.headers.push(Name::Contact, format!("<sip:{}@{}>", self.user, self.address));
        if let Some(body) = body {
            response.set_body("application/sdp", body);
        }
        if status == 200 && matches!(request.method, Method::Invite | Method::Update) {
            response.headers.push(Name::Allow, allow(self.knows_update));
            if let Some(session) = self.session {
                response.headers.push(Name::SessionExpires, session);
            }
        }
        if status == 422 {
            response.headers.push(Name::MinSe, self.least.to_string());
        }
        self.transactions.respond(now, id, response);
    }

    /// Answers an INVITE that came.
    fn answer(&mut self, now: Instant, call_id: &str, status: u16) {
        let Some(line) = self.lines.get_mut(call_id) else { return };
        let (Some(server), Some(called)) = (line.server, line.called.clone()) else { return };
        if line.is_up {
            return;
        }
        let invite = line.invite.clone();
        let body = match (status, &called) {
            (200, Called::AnswersNonsense) => Some("this is not what you want".to_owned()),
            (183 | 200, _) => Some(self.description("sendrecv")),
            _ => None,
        };
        self.respond(now, server, &invite, status, body);
        if status >= 300 {
            self.lines.remove(call_id);
        } else if status >= 200 {
            if let Some(line) = self.lines.get_mut(call_id) {
                (line.is_up, line.answered) = (true, Some(now));
            }
            match called {
                Called::Answers { bye_after: Some(after), .. } | Called::Early { bye_after: Some(after), .. } => {
                    self.later(now + after, call_id, Wish::Bye);
                }
                Called::AnswersAndVanishes => self.vanish(call_id),
                Called::Forks { bye_after } => {
                    self.fork(&invite);
                    self.later(now + bye_after, call_id, Wish::Bye);
                }
                Called::AnswersWhenCancelled => self.later(now + Duration::from_secs(2), call_id, Wish::Bye),
                Called::Answers { .. }
                | Called::Early { .. }
                | Called::Refuses { .. }
                | Called::Rings
                | Called::Ignores
                | Called::AnswersNonsense
                | Called::ByeOvertakes
                | Called::ByeBeforeAnswer => {}
            }
        }
    }

    /// Another answer to the same INVITE, as of another phone; what is said to that one is not known here: 481.
    fn fork(&mut self, invite: &Request) {
        let mut response = Response::to(invite, 200);
        let tag = self.token();
        let to = invite.headers.to().expect("To").with_tag(&tag);
        response.headers.set(Name::To, to.to_string());
        response.headers.push(Name::Contact, format!("<sip:other@{}>", self.address));
        let body = self.description("sendrecv");
        response.set_body("application/sdp", body);
        self.out.push_back(response.to_bytes());
    }

    // Both -----------------------------------------------------------------------------------------------------------

    fn vanish(&mut self, call_id: &str) {
        self.gone.insert(call_id.to_owned());
        self.lines.remove(call_id);
        self.todo.retain(|_, (line, _)| line != call_id);
    }

    fn fulfil(&mut self, now: Instant, call_id: &str, wish: Wish) {
        let Some(line) = self.lines.get_mut(call_id) else { return };
        match wish {
            Wish::Respond(status) => self.answer(now, call_id, status),
            Wish::Cancel => {
                if !line.is_up
                    && let Some(client) = line.client
                {
                    line.cancelled = true;
                    self.transactions.cancel(now, client, None);
                }
            }
            Wish::Bye => {
                let early = matches!(line.called, Some(Called::ByeBeforeAnswer | Called::ByeOvertakes));
                if let Some(dialog) = line.dialog.as_mut().filter(|_| line.is_up || early) {
                    let bye = dialog.request(Method::Bye);
                    self.bill(now, call_id);
                    self.send(now, call_id, bye, 1);
                }
            }
            Wish::Offer(method, holds) => {
                let body = self.description(if holds { "sendonly" } else { "sendrecv" });
                let contact = format!("<sip:{}@{}>", self.user, self.address);
                let line = self.lines.get_mut(call_id).expect("it was there above");
                let up = line.is_up || method == Method::Update;
                let Some(dialog) = line.dialog.as_mut().filter(|_| up) else { return };
                line.holds = holds;
                let mut offer = dialog.request(method);
                offer.headers.push(Name::Contact, contact);
                // What it wants of a session it says in each.
                for (name, value) in &line.calling.headers {
                    offer.headers.push(name.clone(), (*value).to_owned());
                }
                offer.set_body("application/sdp", body);
                let client = self.send(now, call_id, offer, 1);
                if let Some(line) = self.lines.get_mut(call_id) {
                    line.offering = Some(client);
                }
            }
            Wish::Transfer(number) => {
                let to = format!("<{}>", Uri::sip(Some(&number), self.exchange));
                let Some(dialog) = line.dialog.as_mut().filter(|_| line.is_up) else { return };
                let mut refer = dialog.request(Method::Refer);
                refer.headers.push(Name::ReferTo, to);
                refer.headers.push(Name::Contact, format!("<sip:{}>", self.address));
                self.send(now, call_id, refer, 1);
            }
            Wish::Consult(number) => {
                let calling = Calling { cancel_after: Some(Duration::from_secs(5)), ..Calling::default() };
                self.begin(now, &number, calling, Some(call_id.to_owned()));
            }
        }
    }
}

/// Whether a request is one of a dialog.
fn is_inside(request: &Request) -> bool {
    request.headers.to().is_ok_and(|to| to.tag().is_some())
}

/// What a phone can do that knows UPDATE, or does not.
const fn allow(update: bool) -> &'static str {
    if update { "INVITE, ACK, BYE, CANCEL, UPDATE, REFER, NOTIFY" } else { "INVITE, ACK, BYE, CANCEL, REFER, NOTIFY" }
}
