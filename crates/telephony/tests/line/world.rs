//! An exchange and some browsers' phones, whose messages arrive at once; time passes when a story says so.
//!
//! The lines know no password. Until the exchange trusts their flows, the world puts digests into what they send.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    rc::Rc,
    sync::LazyLock,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rand::{SeedableRng as _, rngs::StdRng};
use tandem_domain::{
    calls::LiveCall,
    ids::Timestamp,
    phone::{CallNumber, CallState, ToBrowser, ToServer},
    supervision::Mode,
};
use tandem_media::{Clip, Description, Digit, Digits, Event as MediaEvent, Hears, LegId, LegStats, Local, OpenError};
use tandem_sip::{
    digest::{self, Algorithm},
    flow::{ConnectionId, Flow, Transport},
    message::{Message, Method, Name, Response, parse},
};
use tandem_telephony::{
    exchange::{Command, Exchange, Input, Media, Now, Output as Done, Settings},
    feed::Feed,
    line::{Line, Output, Owner},
    prompt::Voices,
};

use crate::records::{Records, account};

static VOICES: LazyLock<Voices> = LazyLock::new(Voices::shipped);

/// What media were asked.
#[derive(Default)]
pub struct Book {
    open: HashMap<LegId, Description>,
    next: u16,
    events: VecDeque<MediaEvent>,
    pub pressed: Vec<Digit>,
}

#[derive(Clone, Default)]
pub struct Ledger(Rc<RefCell<Book>>);

impl Media for Ledger {
    fn open(&self, leg: LegId, local: IpAddr) -> Result<SocketAddr, OpenError> {
        let mut book = self.0.borrow_mut();
        book.next += 2;
        book.open.insert(leg, Description::new(SocketAddr::new(local, 1), tandem_media::Codec::Pcmu));
        Ok(SocketAddr::new(local, 20_000 + book.next % 20_000))
    }

    fn open_browser(&self, _leg: LegId) -> Result<Local, OpenError> {
        Err(OpenError::NoBrowsers)
    }

    fn restart_ice(&self, _leg: LegId) -> Option<Local> {
        None
    }

    fn describe(&self, leg: LegId, description: Description) {
        self.0.borrow_mut().open.insert(leg, description);
    }

    fn route(&self, rows: Vec<(LegId, Hears)>) {
        for (leg, hears) in rows {
            if matches!(hears, Hears::Clip { repeat: false, .. }) {
                self.0.borrow_mut().events.push_back(MediaEvent::ClipEnded { leg });
            }
        }
    }

    fn record(&self, leg: LegId, _file: PathBuf) -> Result<(), OpenError> {
        self.open(leg, IpAddr::from([127, 0, 0, 1])).map(drop)
    }

    fn codes(&self, _leg: LegId, _codes: Vec<String>) {}

    fn balance(&self, _leg: LegId, _gains: Vec<(LegId, u16)>) {}

    fn press(&self, _leg: LegId, digit: Digit) {
        self.0.borrow_mut().pressed.push(digit);
    }

    fn digits(&self, _leg: LegId, _digits: Digits) {}

    fn overlay(&self, _leg: LegId, _clip: Clip) {}

    fn close(&self, leg: LegId) {
        let mut book = self.0.borrow_mut();
        if book.open.remove(&leg).is_some() {
            book.events.push_back(MediaEvent::Closed { leg, stats: LegStats::default() });
        }
    }
}

/// A browser's phone, and what it has been told.
pub struct Browser {
    /// Whose extension it has: 700 and so much.
    of: usize,
    pub line: Line,
    pub heard: VecDeque<ToBrowser>,
    /// How far each call is by what was heard.
    pub states: HashMap<CallNumber, CallState>,
    pub outputs: Vec<Output>,
    offers: u32,
}

pub struct World {
    pub exchange: Exchange<Ledger>,
    pub feed: Feed,
    pub browsers: Vec<Browser>,
    pub now: Instant,
    start: Instant,
    ledger: Ledger,
    records: Records,
    challenges: Vec<String>,
    /// The line whose messages are lost, to and from the exchange.
    cut: Option<usize>,
    was_cut: bool,
}

pub fn flow(place: usize) -> Flow {
    let remote = SocketAddr::from(([198, 51, 100, u8::try_from(place + 1).unwrap()], 50_000));
    let local = SocketAddr::from(([192, 0, 2, 1], 5060));
    Flow { transport: Transport::Tcp, local, remote, connection: Some(ConnectionId(place as u64)) }
}

pub fn owner(place: usize) -> Owner {
    Owner {
        user: format!("u{}", 700 + place),
        extension: (700 + place).to_string(),
        name: format!("Agent {place}"),
        may_record: place == 0,
        do_not_disturb: false,
    }
}

pub fn sdp(place: usize, offers: u32, direction: &str) -> String {
    let ip = flow(place).remote.ip();
    format!(
        "v=0\r\no=- {place} {offers} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    )
}

impl World {
    /// So many browsers with the extensions 700 and up, signed in. 7700 is a huntgroup of the first three, in order;
    /// 7701 of all, at once.
    pub fn new(browsers: usize, seed: u64) -> Self {
        let now = Instant::now();
        let settings = Settings {
            realm: "tandem".into(),
            digests: vec![Algorithm::Md5],
            media: vec![IpAddr::from([192, 0, 2, 1])],
            calls_max: 100,
            account_calls_max: 100,
            trunk: None,
            spool: None,
            product: "Tandem".into(),
        };
        let random = StdRng::seed_from_u64(seed);
        let ledger = Ledger::default();
        let feed = Feed::default();
        let exchange = Exchange::new(settings, ledger.clone(), VOICES.clone(), feed.clone(), random, now);
        let mut world = Self {
            exchange,
            feed,
            browsers: Vec::new(),
            now,
            start: now,
            ledger,
            records: Records { phones: browsers, blocked: None, protected: None, hashes: HashMap::new() },
            challenges: Vec::new(),
            cut: None,
            was_cut: false,
        };
        for place in 0..browsers {
            world.add(place, seed + 1 + place as u64);
        }
        for place in 0..browsers {
            world.registered(place);
        }
        world
    }

    fn add(&mut self, of: usize, seed: u64) {
        let place = self.browsers.len();
        self.browsers.push(Browser {
            of,
            line: Line::new(owner(of), flow(place), StdRng::seed_from_u64(seed), self.now),
            heard: VecDeque::new(),
            states: HashMap::new(),
            outputs: Vec::new(),
            offers: 0,
        });
        self.wish(place, ToServer::Hello { take: false, token: None });
    }

    #[track_caller]
    fn registered(&mut self, place: usize) {
        assert!(self.browsers[place].line.is_registered());
        assert!(matches!(self.next(place), ToBrowser::Ready { .. }));
    }

    /// Another phone of somebody who has one here already; tells its place.
    pub fn another_of(&mut self, of: usize) -> usize {
        let place = self.browsers.len();
        self.add(of, 1000 + place as u64);
        self.registered(place);
        place
    }

    /// Somebody with the right to asks something of the exchange.
    pub fn command(&mut self, command: Command) {
        self.exchange.handle(self.clock(), Input::Command(command));
        self.settle();
    }

    /// This phone is a page in a browser, for the exchange too.
    pub fn trust(&mut self, place: usize) {
        let of = self.browsers[place].of;
        let connection = flow(place).connection.unwrap();
        self.command(Command::Trust { connection, user: owner(of).user, account: account(of) });
    }

    /// A manager wants to join an agent's call, from the console.
    pub fn summon(&mut self, manager: usize, agent: usize, ticket: Option<&str>, desk: bool) {
        let (manager, agent, ticket) = (account(manager), account(agent), ticket.map(str::to_owned));
        self.command(Command::Supervise { manager, agent, mode: Mode::Spy, follow: false, call: None, ticket, desk });
    }

    fn clock(&self) -> Now {
        let passed = self.now.duration_since(self.start).as_millis();
        Now { instant: self.now, wall: Timestamp(1_700_000_000_000 + i64::try_from(passed).unwrap()) }
    }

    /// A browser wants something.
    pub fn wish(&mut self, place: usize, wish: ToServer) {
        if let ToServer::Dial { call, .. } = &wish {
            self.browsers[place].states.entry(*call).or_insert(CallState::Dialling);
        }
        self.browsers[place].line.browser(wish, self.now);
        self.settle();
    }

    pub fn offer(&mut self, place: usize, direction: &str) -> String {
        self.browsers[place].offers += 1;
        sdp(place, self.browsers[place].offers, direction)
    }

    pub fn dial(&mut self, place: usize, call: u32, number: &str) {
        let sdp = self.offer(place, "sendrecv");
        self.wish(place, ToServer::Dial { call: CallNumber(call), number: number.into(), sdp });
    }

    pub fn answer(&mut self, place: usize, call: CallNumber) {
        let sdp = self.offer(place, "sendrecv");
        self.wish(place, ToServer::Answer { call, sdp });
    }

    /// From now on this line's messages are lost.
    pub fn cut(&mut self, place: Option<usize>) {
        self.cut = place;
        self.was_cut |= place.is_some();
    }

    /// The browser's stream breaks.
    pub fn lose(&mut self, place: usize) {
        self.browsers[place].line.lost(self.now);
        self.settle();
    }

    /// The exchange shows its calls otherwise.
    pub fn show(&mut self, change: impl Fn(&mut LiveCall)) {
        for mut call in self.feed.calls(None) {
            let talkers = self.feed.talkers(call.id);
            change(&mut call);
            self.feed.show_call(call, talkers);
        }
    }

    /// The line looks at what the exchange shows, as its shell tells it to.
    pub fn look(&mut self, place: usize) {
        self.browsers[place].line.look(&self.feed);
        self.settle();
    }

    /// What a browser is told next.
    #[track_caller]
    pub fn next(&mut self, place: usize) -> ToBrowser {
        self.browsers[place].heard.pop_front().unwrap_or_else(|| panic!("browser {place} is told something"))
    }

    #[track_caller]
    pub fn silence(&mut self, place: usize) {
        assert_eq!(self.browsers[place].heard, [], "browser {place} is told nothing");
    }

    /// The call that rings at a browser.
    #[track_caller]
    pub fn incoming(&mut self, place: usize) -> CallNumber {
        match self.next(place) {
            ToBrowser::Incoming { call, .. } => call,
            other => panic!("a call for {place}: {other:?}"),
        }
    }

    #[track_caller]
    pub fn ended(&mut self, place: usize) -> (CallNumber, String) {
        match self.next(place) {
            ToBrowser::Ended { call, words, .. } => (call, words),
            other => panic!("an end for {place}: {other:?}"),
        }
    }

    /// One calls another, who answers.
    pub fn talk(&mut self, from: usize, call: u32, to: usize) -> CallNumber {
        self.dial(from, call, &(700 + to).to_string());
        let there = self.incoming(to);
        assert_eq!(self.next(from), ToBrowser::Ringing { call: CallNumber(call) });
        self.answer(to, there);
        assert!(matches!(self.next(to), ToBrowser::Answered { sdp: None, .. }));
        assert!(matches!(self.next(from), ToBrowser::Answered { sdp: Some(_), .. }));
        there
    }

    /// The same for who has been told other things since.
    pub fn talk_after(&mut self, from: usize, call: u32, to: usize) -> CallNumber {
        self.browsers[from].heard.clear();
        self.talk(from, call, to)
    }

    pub fn pressed(&self) -> String {
        self.ledger.0.borrow().pressed.iter().map(|digit| char::from(*digit)).collect()
    }

    pub fn open_media(&self) -> usize {
        self.ledger.0.borrow().open.len()
    }

    pub fn calls(&self) -> (usize, usize) {
        let counts = self.exchange.counts(self.clock());
        (counts.calls, counts.legs)
    }

    /// Lets time pass.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let lines = self.browsers.iter().filter_map(|browser| browser.line.next_timeout()).min();
            let next = [lines, self.exchange.next_timeout()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            for browser in &mut self.browsers {
                if browser.line.next_timeout().is_some_and(|at| at <= self.now) {
                    browser.line.handle_timeout(self.now);
                    assert!(browser.line.next_timeout().is_none_or(|at| at > self.now), "what is due stays due");
                }
            }
            self.exchange.handle_timeout(self.clock());
            self.settle();
        }
        self.now = end;
    }

    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            for place in 0..self.browsers.len() {
                while let Some(output) = self.browsers[place].line.poll() {
                    quiet = false;
                    match output {
                        Output::Send(bytes) => self.deliver(place, &bytes),
                        Output::Browser(said) => self.browsers[place].hear(said),
                        Output::Record { .. } | Output::DoNotDisturb(_) => self.browsers[place].outputs.push(output),
                    }
                }
            }
            while let Some(done) = self.exchange.poll() {
                quiet = false;
                self.done(done);
            }
            let event = self.ledger.0.borrow_mut().events.pop_front();
            if let Some(event) = event {
                quiet = false;
                self.exchange.handle(self.clock(), Input::Media(event));
            }
            if quiet {
                return;
            }
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Send { flow: to, bytes } => {
                let message = parse(&bytes).expect("a message");
                let place = (0..self.browsers.len()).find(|place| flow(*place).remote == to.remote).unwrap();
                if self.cut == Some(place) {
                    return;
                }
                if let Message::Response(Response { status: 401, headers, .. }) = &message {
                    self.challenges = headers.all(&Name::WwwAuthenticate).map(str::to_owned).collect();
                    return;
                }
                self.browsers[place].line.sip(message, self.now);
            }
            Done::Ask(id, question) => {
                let answer = self.records.answer(question);
                self.exchange.handle(self.clock(), Input::Answer(id, answer));
            }
            Done::Keep(_)
            | Done::Belongs { .. }
            | Done::Open(_)
            | Done::Recording(_)
            | Done::Binding(_)
            | Done::Note(_) => {}
        }
    }

    fn deliver(&mut self, place: usize, bytes: &Bytes) {
        if self.cut == Some(place) {
            return;
        }
        let mut message = parse(bytes).expect("a message");
        if let Message::Request(request) = &mut message
            && (request.method == Method::Register
                || (request.method == Method::Invite && request.headers.to().unwrap().tag().is_none()))
        {
            // Nothing is remembered of who does not say who that is.
            let asks = Input::Sip { flow: flow(place), message: Message::Request(request.clone()) };
            self.exchange.handle(self.clock(), asks);
            while let Some(done) = self.exchange.poll() {
                self.done(done);
            }
            let (user, uri) = (owner(self.browsers[place].of).user, request.uri.to_string());
            let answer = digest::Answer {
                username: &user,
                password: "tandem-demo",
                method: &request.method,
                uri: &uri,
                body: &request.body,
                cnonce: "c",
                nc: 1,
            };
            let proof = digest::respond(self.challenges.iter().map(String::as_str), &answer).unwrap();
            request.headers.push(Name::Authorization, proof);
        }
        self.exchange.handle(self.clock(), Input::Sip { flow: flow(place), message });
    }

    /// After everybody is gone: nothing is left anywhere.
    #[track_caller]
    pub fn must_be_empty(&mut self) {
        for place in 0..self.browsers.len() {
            self.lose(place);
        }
        self.pass(Duration::from_secs(120));
        // What was lost on its way is found by media, unless it was held, and by the end of registrations. In one
        // process nothing is lost; whoever ends a flow ends its calls.
        let silent: Vec<_> = self.ledger.0.borrow().open.keys().copied().collect();
        for leg in silent {
            self.exchange.handle(self.clock(), Input::Media(MediaEvent::MediaTimeout { leg }));
            self.settle();
        }
        if self.was_cut {
            self.exchange.handle(self.clock(), Input::Command(Command::EndAll));
            self.settle();
        }
        self.pass(Duration::from_secs(700));
        for (place, browser) in self.browsers.iter().enumerate() {
            assert_eq!(browser.line.calls(), 0, "calls of {place} are left");
            assert!(browser.line.is_over(), "line {place} is not over");
            assert_eq!(browser.line.next_timeout(), None, "a timer of {place} is left");
        }
        assert_eq!(self.calls(), (0, 0), "calls and legs of the exchange are left");
        assert_eq!(self.open_media(), 0, "ports are left open");
        assert_eq!(self.exchange.counts(self.clock()).bindings, 0, "phones are left");
    }
}

impl Browser {
    /// Every call begins once, goes forward, and ends once.
    fn hear(&mut self, said: ToBrowser) {
        if let ToBrowser::Ready { calls, .. } = &said {
            // What ended while nobody was there is not told; what began is.
            for (call, state) in &mut self.states {
                if calls.iter().all(|resumed| resumed.call != *call) {
                    *state = CallState::Ended;
                }
            }
            for resumed in calls {
                assert_ne!(self.states.get(&resumed.call), Some(&CallState::Ended));
                self.states.insert(resumed.call, resumed.state);
            }
        } else if let Some(call) = said.call() {
            let before = self.states.get(&call).copied();
            let is_new = matches!(said, ToBrowser::Incoming { .. });
            assert_eq!(before.is_none(), is_new, "{said:?} after {before:?}");
            assert_ne!(before, Some(CallState::Ended), "{said:?}");
            let after = CallState::after(before, &said).expect("a call");
            let moves = matches!(said, ToBrowser::Answered { .. } | ToBrowser::Ended { .. });
            assert!(!moves || before != Some(after), "{said:?} says nothing new after {before:?}");
            self.states.insert(call, after);
        }
        self.heard.push_back(said);
    }
}
