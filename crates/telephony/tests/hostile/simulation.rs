//! An exchange, its phones, the network between them and the directory, in simulated time: hours in a second, and the same
//! story for the same seed.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet, VecDeque},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    rc::Rc,
    sync::LazyLock,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tandem_domain::{
    calls::{Direction, Xdr},
    ids::{CallId, RecordingId, Timestamp, XdrId},
    supervision::Mode,
};
use tandem_media::{Clip, Description, Digit, Digits, Event as MediaEvent, Hears, LegId, LegStats, Local, OpenError};
use tandem_sip::{
    digest::Algorithm,
    flow::{Flow, Transport},
    message::{Name, Response, parse},
};
use tandem_telephony::{
    directory::{Answer, Question},
    exchange::{Command, Counts, Exchange, Input, Media, Now, Output, QuestionId, RecordingNote, Settings, Trunk},
    feed::Feed,
    prompt::Voices,
    registrar::Binding,
};

use crate::{
    phone::{Called, Calling, Phone},
    records::{CUSTOMER, Records, account},
};

static VOICES: LazyLock<Voices> = LazyLock::new(Voices::shipped);

/// How long a prompt is said to last.
const PROMPT: Duration = Duration::from_secs(3);
/// Nobody talks longer than this, if nothing else is wished.
const SILENCE: Duration = Duration::from_secs(120);

/// What media were asked.
#[derive(Default)]
struct Book {
    next_port: u16,
    open: HashMap<LegId, Instant>,
    now: Option<Instant>,
    opened: u64,
    closed: HashMap<LegId, u32>,
    recorders: HashSet<LegId>,
    events: VecDeque<(Duration, MediaEvent)>,
}

/// Media that only keep books: closing a leg twice, or one that never was, is found here.
#[derive(Clone, Default)]
pub struct Ledger(Rc<RefCell<Book>>);

impl Media for Ledger {
    fn open(&self, leg: LegId, local: IpAddr) -> Result<SocketAddr, OpenError> {
        let mut book = self.0.borrow_mut();
        let now = book.now.expect("the time");
        assert!(book.open.insert(leg, now).is_none() && !book.closed.contains_key(&leg), "{leg:?} is opened twice");
        book.opened += 1;
        book.next_port = book.next_port.checked_add(2).unwrap_or(20_000).max(20_000);
        Ok(SocketAddr::new(local, book.next_port))
    }

    fn open_browser(&self, _leg: LegId) -> Result<Local, OpenError> {
        Err(OpenError::NoBrowsers)
    }

    fn restart_ice(&self, _leg: LegId) -> Option<Local> {
        None
    }

    fn describe(&self, _leg: LegId, _description: Description) {}

    fn route(&self, rows: Vec<(LegId, Hears)>) {
        let mut book = self.0.borrow_mut();
        for (leg, hears) in rows {
            if let Hears::Leg(speaker) = hears {
                assert_ne!(leg, speaker, "a leg hears itself by mistake");
            }
            if matches!(hears, Hears::Clip { repeat: false, .. }) && book.open.contains_key(&leg) {
                book.events.push_back((PROMPT, MediaEvent::ClipEnded { leg }));
            }
        }
    }

    fn record(&self, leg: LegId, _file: PathBuf) -> Result<(), OpenError> {
        let mut book = self.0.borrow_mut();
        let now = book.now.expect("the time");
        assert!(book.open.insert(leg, now).is_none() && !book.closed.contains_key(&leg), "{leg:?} is opened twice");
        book.opened += 1;
        book.recorders.insert(leg);
        Ok(())
    }

    fn codes(&self, _leg: LegId, _codes: Vec<String>) {}

    fn press(&self, _leg: LegId, _digit: Digit) {}

    fn balance(&self, _leg: LegId, _gains: Vec<(LegId, u16)>) {}

    fn digits(&self, _leg: LegId, _digits: Digits) {}

    fn overlay(&self, _leg: LegId, _clip: Clip) {}

    fn close(&self, leg: LegId) {
        let mut book = self.0.borrow_mut();
        if book.open.remove(&leg).is_some() {
            *book.closed.entry(leg).or_default() += 1;
            book.events.push_back((Duration::from_millis(1), MediaEvent::Closed { leg, stats: LegStats::default() }));
            if book.recorders.remove(&leg) {
                let recorded = MediaEvent::Recorded { leg, length_ms: 1_000, error: None };
                book.events.push_back((Duration::from_millis(5), recorded));
            }
        } else {
            assert!(book.closed.contains_key(&leg), "{leg:?} is closed and never was open");
        }
    }
}

/// What the network does to datagrams, in shares of one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Network {
    pub loss: f64,
    pub twice: f64,
    /// Further delay of up to this long, so that later messages overtake earlier ones.
    pub jitter: Duration,
}

enum Arrival {
    AtExchange(SocketAddr, Bytes),
    AtPhone(SocketAddr, Bytes),
    Answer(QuestionId, Answer),
    Media(MediaEvent),
}

pub struct Simulation {
    pub exchange: Exchange<Ledger>,
    pub phones: Vec<Phone>,
    pub xdrs: Vec<Xdr>,
    pub begun: HashSet<CallId>,
    answered: HashSet<XdrId>,
    /// Messages that the exchange sent.
    pub sent: u64,
    pub now: Instant,
    start: Instant,
    address: SocketAddr,
    network: Network,
    random: StdRng,
    ledger: Ledger,
    by_address: HashMap<SocketAddr, usize>,
    arrivals: BinaryHeap<Reverse<(Instant, u64)>>,
    on_the_way: HashMap<u64, Arrival>,
    next: u64,
    pub records: Records,
    /// How much longer it takes to find out what a number means.
    pub slow: Duration,
    /// Recordings that were noted and have not ended, and those that have.
    recording: HashSet<RecordingId>,
    recorded: HashSet<RecordingId>,
    watched: Instant,
    /// What is shown.
    pub feed: Feed,
    /// Nobody talks longer than this: who is silent then has gone.
    pub silence: Duration,
}

impl Simulation {
    /// So many phones, registered, with the extensions 700 and up, which take calls like this. 7700 is a huntgroup of the first
    /// three, in order; 7701 of all, at once. 0… goes to a trunk, which is the last phone.
    pub fn new(phones: usize, network: Network, seed: u64, taking: fn(&mut StdRng) -> Called) -> Self {
        Self::with(phones, network, seed, taking, |_| {})
    }

    /// The same, with other settings.
    pub fn with(
        phones: usize,
        network: Network,
        seed: u64,
        taking: fn(&mut StdRng) -> Called,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let start = Instant::now();
        let address = SocketAddr::from(([192, 0, 2, 1], 5060));
        let ledger = Ledger::default();
        ledger.0.borrow_mut().now = Some(start);
        let place = |n: usize| SocketAddr::from(([198, 51, 100, u8::try_from(n + 1).unwrap()], 5060));
        let mut settings = Settings {
            realm: "tandem".into(),
            digests: vec![Algorithm::Md5],
            media: vec![address.ip()],
            calls_max: 100_000,
            account_calls_max: 100_000,
            trunk: Some(Trunk {
                address: place(phones),
                others: Vec::new(),
                transport: Transport::Udp,
                local: address,
                credentials: None,
                registers: false,
            }),
            spool: Some("spool".into()),
            product: "Tandem".into(),
        };
        change(&mut settings);
        let random = StdRng::seed_from_u64(seed);
        let (voices, feed) = (VOICES.clone(), Feed::default());
        let mut exchange =
            Exchange::new(settings, ledger.clone(), voices, feed.clone(), StdRng::seed_from_u64(seed + 1), start);
        let all: Vec<_> = (0..=phones)
            .map(|n| Phone::new(&format!("u{}", 700 + n), place(n), address, seed * 1000 + n as u64, taking))
            .collect();
        let binding = |n: usize| Binding {
            account: account(n),
            customer: CUSTOMER,
            user: format!("u{}", 700 + n),
            contact: format!("sip:u{}@{}", 700 + n, place(n)).parse().unwrap(),
            flow: Flow { transport: Transport::Udp, local: address, remote: place(n), connection: None },
            user_agent: String::new(),
            q: 1000,
            call_id: "restored".into(),
            cseq: 1,
            since: start,
            expires: start + Duration::from_secs(10 * 365 * 86_400),
        };
        let now = Now { instant: start, wall: Timestamp(0) };
        exchange.handle(now, Input::Command(Command::Restore((0..phones).map(binding).collect())));
        Self {
            exchange,
            by_address: (0..=phones).map(|n| (place(n), n)).collect(),
            phones: all,
            xdrs: Vec::new(),
            begun: HashSet::new(),
            answered: HashSet::new(),
            sent: 0,
            now: start,
            start,
            address,
            network,
            random,
            ledger,
            arrivals: BinaryHeap::new(),
            on_the_way: HashMap::new(),
            next: 0,
            records: Records { phones, blocked: None, protected: None, hashes: HashMap::new() },
            slow: Duration::ZERO,
            recording: HashSet::new(),
            recorded: HashSet::new(),
            watched: start,
            feed,
            silence: SILENCE,
        }
    }

    /// A phone calls.
    pub fn dial(&mut self, phone: usize, number: &str, calling: Calling) -> String {
        let id = self.phones[phone].dial(self.now, number, calling);
        self.collect(phone);
        id
    }

    /// A phone does something.
    pub fn with_phone<T>(&mut self, phone: usize, act: impl FnOnce(&mut Phone, Instant) -> T) -> T {
        let done = act(&mut self.phones[phone], self.now);
        self.collect(phone);
        done
    }

    /// A phone sends whom it talks to elsewhere, after a word there or without.
    pub fn hand_over(&mut self, phone: usize, line: &str, number: &str, consult: bool) {
        self.phones[phone].hand_over(self.now, line, number, consult);
        self.collect(phone);
    }

    /// A phone takes the place of another one in a call.
    pub fn pick_up(&mut self, phone: usize, from: usize, line: &str) -> String {
        let replaces = self.phones[from].as_replaced(line);
        let id = self.phones[phone].pick_up(self.now, replaces);
        self.collect(phone);
        id
    }

    /// A phone hangs up.
    pub fn hang_up(&mut self, phone: usize, line: &str) {
        self.phones[phone].hang_up(self.now, line);
        self.collect(phone);
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let phones = self.phones.iter().enumerate().filter_map(|(n, phone)| Some((phone.next_timeout()?, n))).min();
            let arrival = self.arrivals.peek().map(|Reverse((at, _))| *at);
            let exchange = self.exchange.next_timeout();
            let watch = self.watched + Duration::from_secs(30);
            let next = [phones.map(|(at, _)| at), arrival, exchange, Some(watch)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            self.ledger.0.borrow_mut().now = Some(self.now);
            if arrival == Some(next) {
                self.arrive();
            } else if exchange == Some(next) {
                self.exchange.handle_timeout(self.clock());
                let again = self.exchange.next_timeout();
                assert!(again.is_none_or(|again| again > self.now), "what is due stays due");
            } else if let Some((_, phone)) = phones.filter(|(at, _)| *at == next) {
                self.phones[phone].handle_timeout(self.now);
                self.collect(phone);
            } else {
                self.watch();
            }
            self.perform();
            self.nobody_hears_the_protected();
        }
        self.now = end;
    }

    /// Nobody supervises a call with the one in it whom no manager may hear.
    fn nobody_hears_the_protected(&self) {
        let Some(protected) = self.records.protected.map(account) else { return };
        for call in self.feed.calls(None) {
            let is_in_it = [call.caller.account, call.callee.account].contains(&Some(protected));
            assert!(!is_in_it || call.supervisors.is_empty(), "a manager hears {protected}: {call:?}");
        }
    }

    /// Lets time pass until this is so, at most this long.
    #[track_caller]
    pub fn run_until(&mut self, most: Duration, is_so: impl Fn(&Self) -> bool) {
        let end = self.now + most;
        while !is_so(self) {
            assert!(self.now < end, "waited too long");
            self.run(Duration::from_millis(1));
        }
    }

    fn clock(&self) -> Now {
        let passed = self.now.duration_since(self.start).as_millis();
        Now { instant: self.now, wall: Timestamp(1_700_000_000_000 + i64::try_from(passed).unwrap()) }
    }

    /// What the engine does with a leg whose phone has fallen silent.
    fn watch(&mut self) {
        self.watched = self.now;
        let silent: Vec<_> = {
            let book = self.ledger.0.borrow();
            book.open
                .iter()
                .filter(|(_, since)| self.now.duration_since(**since) > self.silence)
                .map(|(leg, _)| *leg)
                .collect()
        };
        for leg in silent {
            self.exchange.handle(self.clock(), Input::Media(MediaEvent::MediaTimeout { leg }));
        }
    }

    fn arrive(&mut self) {
        let Some(Reverse((_, key))) = self.arrivals.pop() else { return };
        match self.on_the_way.remove(&key).expect("what was sent") {
            Arrival::AtExchange(from, bytes) => {
                let flow = Flow { transport: Transport::Udp, local: self.address, remote: from, connection: None };
                let input = match parse(&bytes) {
                    Ok(message) => Input::Sip { flow, message },
                    Err(malformed) => Input::Malformed { flow, malformed },
                };
                self.exchange.handle(self.clock(), input);
            }
            Arrival::AtPhone(to, bytes) => {
                if let Some(phone) = self.by_address.get(&to).copied() {
                    self.phones[phone].receive(self.now, &bytes);
                    self.collect(phone);
                }
            }
            Arrival::Answer(id, answer) => self.exchange.handle(self.clock(), Input::Answer(id, answer)),
            Arrival::Media(event) => self.exchange.handle(self.clock(), Input::Media(event)),
        }
    }

    fn perform(&mut self) {
        while let Some(output) = self.exchange.poll() {
            match output {
                Output::Send { flow, bytes } => {
                    self.sent += 1;
                    self.travel(Arrival::AtPhone(flow.remote, bytes));
                }
                Output::Ask(id, question) => {
                    let slow = if matches!(question, Question::Dialled { .. } | Question::FromTrunk { .. }) {
                        self.slow
                    } else {
                        Duration::ZERO
                    };
                    let after = slow + Duration::from_micros(self.random.random_range(100..5_000));
                    let answer = self.records.answer(question);
                    self.put(after, Arrival::Answer(id, answer));
                }
                Output::Keep(xdr) => self.xdrs.push(*xdr),
                Output::Belongs { call, .. } => {
                    self.begun.insert(call);
                }
                Output::Open(xdr) => {
                    self.answered.insert(xdr.id);
                }
                Output::Recording(note) => self.noted(*note),
                Output::Binding(_) | Output::Note(_) => {}
            }
        }
        let events: Vec<_> = self.ledger.0.borrow_mut().events.drain(..).collect();
        for (after, event) in events {
            self.put(after, Arrival::Media(event));
        }
    }

    /// A recording ends once, whole, and nothing is said of it after that.
    fn noted(&mut self, RecordingNote { recording, ended }: RecordingNote) {
        assert!(!self.recorded.contains(&recording.id), "it has ended");
        self.recording.insert(recording.id);
        if ended {
            assert!(recording.segments.iter().all(|segment| segment.length_ms.is_some()), "a part is missing");
            self.recording.remove(&recording.id);
            self.recorded.insert(recording.id);
        }
    }

    fn collect(&mut self, phone: usize) {
        while let Some(bytes) = self.phones[phone].poll() {
            let from = self.phones[phone].address;
            self.travel(Arrival::AtExchange(from, bytes));
        }
    }

    /// Through the network.
    fn travel(&mut self, arrival: Arrival) {
        let Network { loss, twice, jitter } = self.network;
        if loss > 0.0 && self.random.random_bool(loss) {
            return;
        }
        let copy = match &arrival {
            Arrival::AtExchange(from, bytes) => Arrival::AtExchange(*from, bytes.clone()),
            Arrival::AtPhone(to, bytes) => Arrival::AtPhone(*to, bytes.clone()),
            Arrival::Answer(..) | Arrival::Media(_) => unreachable!("not by the network"),
        };
        if twice > 0.0 && self.random.random_bool(twice) {
            let delay = self.delay(jitter);
            self.put(delay, copy);
        }
        let delay = self.delay(jitter);
        self.put(delay, arrival);
    }

    fn delay(&mut self, jitter: Duration) -> Duration {
        let most = u64::try_from(jitter.as_micros()).unwrap();
        Duration::from_micros(1_000 + self.random.random_range(0..=most))
    }

    fn put(&mut self, after: Duration, arrival: Arrival) {
        self.next += 1;
        self.on_the_way.insert(self.next, arrival);
        self.arrivals.push(Reverse((self.now + after, self.next)));
    }

    /// A phone that rings says so with as many tags, each time with a `Contact` of so many octets.
    pub fn many_early_answers(&mut self, phone: usize, count: u32, octets: usize) {
        let line = self.phones[phone].lines.values().next().expect("a call that rings");
        let (invite, from) = (line.invite.clone(), self.phones[phone].address);
        for number in 0..count {
            let mut response = Response::to(&invite, 180);
            let to = invite.headers.to().unwrap().with_tag(&format!("t{number}"));
            response.headers.set(Name::To, to.to_string());
            response.headers.push(Name::Contact, format!("<sip:{}@198.51.100.2>", "x".repeat(octets)));
            self.travel(Arrival::AtExchange(from, response.to_bytes()));
            self.run(Duration::from_micros(10));
        }
    }

    /// Somebody wants to supervise somebody else from the console, and may stay for the next calls.
    pub fn summon(&mut self, manager: usize, agent: usize, follow: bool) {
        let (manager, agent) = (account(manager), account(agent));
        let command =
            Command::Supervise { manager, agent, mode: Mode::BargeIn, follow, call: None, ticket: None, desk: false };
        self.command(command);
    }

    /// The exchange is told to do something.
    pub fn command(&mut self, command: Command) {
        self.exchange.handle(self.clock(), Input::Command(command));
        self.perform();
    }

    /// Recordings that have ended.
    pub fn recordings(&self) -> usize {
        self.recorded.len()
    }

    /// Calls that go on.
    pub fn calls(&self) -> usize {
        self.exchange.counts(self.clock()).calls
    }

    /// Questions to the directory that are open.
    pub fn questions(&self) -> usize {
        self.exchange.counts(self.clock()).questions
    }

    /// The exchange ends all calls.
    pub fn end_all(&mut self) {
        self.command(Command::EndAll);
    }

    // What must hold -------------------------------------------------------------------------------------------------

    /// Legs that are open in media now.
    pub fn open_media(&self) -> usize {
        self.ledger.0.borrow().open.len()
    }

    /// After everybody has hung up: nothing is left, and every call left one record.
    #[track_caller]
    pub fn must_be_empty(&mut self) {
        self.run(Duration::from_secs(400));
        let quiet = |counts: Counts| (counts.calls, counts.legs, counts.questions, counts.drafts, counts.transactions);
        assert_eq!(
            quiet(self.exchange.counts(self.clock())),
            (0, 0, 0, 0, 0),
            "calls, legs, questions, drafts, transactions"
        );
        assert_eq!(self.exchange.counts(self.clock()).supervisions, 0, "managers are left behind");
        let scene = self.feed.scene(CUSTOMER);
        assert!((0..self.phones.len()).all(|phone| scene.missed(account(phone)).is_none()), "what was missed is left");
        assert_eq!(
            (self.exchange.counts(self.clock()).recordings, self.recording.len()),
            (0, 0),
            "recordings are left behind"
        );
        let book = self.ledger.0.borrow();
        assert_eq!(book.open.len(), 0, "ports are left open");
        assert_eq!(book.closed.len() as u64, book.opened, "what was opened was closed");
        assert!(book.closed.values().all(|times| *times == 1));
        drop(book);
        for phone in 0..self.phones.len() {
            self.exchange.handle(self.clock(), Input::Command(Command::ForgetPhones(account(phone))));
        }
        self.perform();
        // The heap forgets a timer that is not needed any more when its time has come.
        self.run(Duration::from_secs(4000));
        assert_eq!(self.exchange.next_timeout(), None, "a timer is left");
        assert_eq!(self.exchange.counts(self.clock()), Counts::default());
        let recorded: HashSet<_> = self.xdrs.iter().map(|xdr| xdr.call).collect();
        assert_eq!(self.begun.difference(&recorded).count(), 0, "a call has no record");
        let ids: HashSet<_> = self.xdrs.iter().map(|xdr| xdr.id).collect();
        assert_eq!(ids.len(), self.xdrs.len(), "a record is written twice");
        assert_eq!(self.answered.difference(&ids).count(), 0, "a call that was answered has no record of its end");
        // Several of one call follow each other: a conversation that was handed over ends before the next one begins. Beside
        // them are those of legs to outside, which last as long as these.
        let inside = |xdr: &&Xdr| xdr.direction != Direction::Outgoing;
        let mut xdrs: Vec<_> = self.xdrs.iter().filter(inside).collect();
        xdrs.sort_by_key(|xdr| (xdr.call, xdr.started, xdr.ended));
        for pair in xdrs.windows(2).filter(|pair| pair[0].call == pair[1].call) {
            assert!(pair[0].ended <= pair[1].started, "two records of one conversation: {:#?} {:#?}", pair[0], pair[1]);
        }
    }
}
