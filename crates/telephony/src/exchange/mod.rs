//! The exchange as one pure machine: SIP, media events and the directory's answers go in; messages, questions, records and
//! what the live feed shows come out.
//!
//! It has no socket, clock or task: [`Exchange::handle`] takes an [`Input`] and the time, [`Exchange::poll`] hands out what is
//! to be done, [`Exchange::next_timeout`] says when to come back. [`crate::actor`] is the shell around it, tests are another.
//! Media are the one thing it calls directly, through [`Media`], since a call needs its ports at once.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | `arrivals` | what does a request outside of any dialog want? |
//! | `registering` | who registers, and may they? |
//! | `calling` | how does an INVITE become a call? |
//! | `interface` | what goes in, what comes out, and what do media do? |
//! | `happenings` | what do legs, media and people tell? |
//! | `performing` | how is done what a call wants? |
//! | `transferring` | who takes whose place? |
//! | `supervising` | which manager is in which call? |
//! | `summoning` | how does a manager come into a call from the console? |
//! | `refusing` | which refusals are kept, and which only counted? |
//! | `leave` | may a manager still be in a call? |
//! | `recording` | what is recorded? |
//! | `recorded` | which calls are recorded in any case, and what is marked in a recording? |
//! | `trunk` | are we registered at the trunk? |
//! | `records` | what is kept of a call? |
//! | `tolls` | who pays for a leg that leads outside? |
//! | `unplaced` | what is kept of a call that never came to be one? |
//! | [`guard`] | who guesses passwords? |

mod arrivals;
mod calling;
pub mod guard;
mod happenings;
mod interface;
mod leave;
mod performing;
mod recorded;
mod recording;
mod records;
mod refusing;
mod registering;
mod settings;
mod summoning;
mod supervising;
mod tolls;
mod transferring;
mod trunk;
mod unplaced;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Instant,
};

use rand::{Rng as _, rngs::StdRng};
use tandem_domain::{
    calls::Quality,
    ids::{AccountId, CallId, HuntgroupId, RecordingId, Timestamp, XdrId},
};
use tandem_sip::{
    digest::{self, Challenges},
    flow::ConnectionId,
    message::Request,
    transaction::{self, ClientId, Output as SipOutput, ServerId, Timers, Transactions},
};
use uuid::Uuid;

use self::{
    arrivals::Asked, calling::calls_for_help, guard::Guard, recording::Tape, records::Draft, refusing::Refusals,
    summoning::Summons, supervising::Supervision, tolls::Toll, trunk::TrunkRegistration,
};
pub use self::{
    interface::{Command, Counts, Input, Media, Now, Output, QuestionId},
    recording::{RecordingNote, Wish},
    registering::registration,
    settings::{Settings, Trunk},
    supervising::SupervisionNote,
};
use crate::{
    call::{self, Call},
    directory::{Question, RecordingTerms},
    feed::Feed,
    ids::LegId,
    leg::{Leg, LegEvent, Wire},
    prompt::Voices,
    registrar::Registrar,
};

/// Callers above the limit who are looked up at one time, for the records of their refused calls. Who comes beyond is refused
/// and forgotten.
const REFUSED_AT_ONCE: usize = 200;

/// What a time-out is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    Call(CallId),
    Leg(LegId),
    Draft(XdrId),
    /// Whether a manager may still be there is asked again.
    Leave(LegId),
    /// It has been told for long enough that a manager's phones were rung for nothing.
    Missed(AccountId),
    /// Who may record a call is asked again.
    Terms(CallId),
    /// The end of a recording waits no longer.
    Tape(RecordingId),
    Trunk,
    KeepAlive,
    /// Refusals have been counted for long enough.
    Refusals,
}

/// A call with what the exchange must know of it besides.
struct Entry {
    call: Call,
    /// The two whose media are measured: who called, who answered.
    caller: LegId,
    callee: Option<LegId>,
    /// How many hops its INVITE had left.
    max_forwards: u8,
    /// What names its record; another after each transfer. `None` when that went to another call with a leg.
    record: Option<XdrId>,
    /// The leg that leads outside of which the record tells.
    outside: Option<LegId>,
    /// The sums of those who left the conversation that the record is about.
    measured: Vec<(LegId, Quality)>,
    /// The two for whom it was asked whether they are recorded.
    asked_to_record: Option<(LegId, LegId)>,
}

impl Entry {
    const fn new(call: Call, caller: LegId, max_forwards: u8, record: XdrId) -> Self {
        Self {
            call,
            caller,
            callee: None,
            max_forwards,
            record: Some(record),
            outside: None,
            measured: Vec::new(),
            asked_to_record: None,
        }
    }
}

/// The exchange.
pub struct Exchange<M> {
    settings: Settings,
    media: M,
    voices: Voices,
    feed: Feed,
    transactions: Transactions,
    challenges: Challenges,
    guard: Guard,
    /// Of calls for help: whose other guesses are not listened to is still helped, and gets no more guesses by that.
    guard_of_help: Guard,
    random: StdRng,
    registrar: Registrar,
    calls: HashMap<CallId, Entry>,
    legs: HashMap<LegId, Leg>,
    tags: HashMap<String, LegId>,
    clients: HashMap<ClientId, LegId>,
    leg_clients: HashMap<LegId, Vec<ClientId>>,
    leg_servers: HashMap<LegId, Vec<ServerId>>,
    servers: HashMap<ServerId, LegId>,
    questions: HashMap<QuestionId, Asked>,
    /// Questions of calls that have not begun.
    waiting_calls: usize,
    drafts: HashMap<XdrId, Draft>,
    /// The records, and the calls that they were begun for, that want the sums of a leg.
    measured_for: HashMap<LegId, Vec<(CallId, XdrId)>>,
    tolls: HashMap<LegId, Toll>,
    supervisions: HashMap<LegId, Supervision>,
    /// Managers who wait for the agent's next call.
    followers: HashMap<LegId, Supervision>,
    /// Managers whose phones ring, by their own calls.
    summons: HashMap<CallId, Summons>,
    refusals: Refusals,
    tapes: HashMap<RecordingId, Tape>,
    /// The recording, and which part of it, that a leg hears.
    recorder_of: HashMap<LegId, (RecordingId, usize)>,
    /// Who may record.
    recording_terms: HashMap<LegId, RecordingTerms>,
    /// Connections whose user has proven who that is, with the SIP user and its account.
    trusted: HashMap<ConnectionId, (String, AccountId)>,
    last_used: HashMap<(HuntgroupId, AccountId), Instant>,
    due: BTreeSet<(Instant, Due)>,
    scheduled: HashMap<Due, Instant>,
    outputs: VecDeque<Output>,
    next_leg: u64,
    next_question: u64,
    draining: bool,
    trunk: TrunkRegistration,
}

impl<M: Media> Exchange<M> {
    /// An exchange with nobody registered. `random` must be well seeded: tags and nonces come from it.
    #[must_use]
    pub fn new(settings: Settings, media: M, voices: Voices, feed: Feed, mut random: StdRng, now: Instant) -> Self {
        let nonces = digest::Settings { algorithms: settings.digests.clone(), ..digest::Settings::default() };
        Self {
            transactions: Transactions::new(Timers::default(), random.random()),
            challenges: Challenges::new(settings.realm.clone(), nonces, random.random(), now),
            guard: Guard::default(),
            guard_of_help: Guard::default(),
            random,
            registrar: Registrar::default(),
            calls: HashMap::new(),
            legs: HashMap::new(),
            tags: HashMap::new(),
            clients: HashMap::new(),
            leg_clients: HashMap::new(),
            leg_servers: HashMap::new(),
            servers: HashMap::new(),
            questions: HashMap::new(),
            waiting_calls: 0,
            drafts: HashMap::new(),
            measured_for: HashMap::new(),
            tolls: HashMap::new(),
            supervisions: HashMap::new(),
            followers: HashMap::new(),
            summons: HashMap::new(),
            refusals: Refusals::default(),
            tapes: HashMap::new(),
            recorder_of: HashMap::new(),
            recording_terms: HashMap::new(),
            trusted: HashMap::new(),
            last_used: HashMap::new(),
            due: BTreeSet::new(),
            scheduled: HashMap::new(),
            outputs: VecDeque::new(),
            next_leg: 0,
            next_question: 0,
            draining: false,
            trunk: TrunkRegistration::default(),
            settings,
            media,
            voices,
            feed,
        }
    }

    /// Whether requests that are too large for a datagram go by TCP: where phones reach us by it at the addresses of UDP.
    pub fn allow_streams(&mut self, allowed: bool) {
        self.transactions.allow_streams(allowed);
    }

    /// Takes an event.
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Sip { flow, message } => {
                if let Some(response) = self.answer_statelessly(now, flow, &message) {
                    self.transactions.respond_statelessly(flow, response);
                } else {
                    self.transactions.receive(now.instant, flow, message);
                }
            }
            Input::Malformed { flow, malformed } => self.answer_malformed(flow, malformed),
            Input::SipFailed { flow } => {
                self.transactions.transport_failed(now.instant, flow);
                if flow.transport.is_reliable() {
                    let gone = self.registrar.flow_failed(flow);
                    if let Some(connection) = flow.connection {
                        self.trusted.remove(&connection);
                    }
                    self.bindings_gone(gone);
                }
            }
            Input::Media(event) => self.media_event(now, event),
            Input::Answer(id, answer) => self.answered(now, id, answer),
            Input::Command(command) => self.command(now, command),
        }
        self.settle(now);
    }

    /// When [`Exchange::handle_timeout`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let own = self.due.first().map(|(at, _)| *at);
        [own, self.transactions.next_timeout(), self.registrar.next_expiry()].into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.transactions.handle_timeout(now.instant);
        let gone = self.registrar.expire(now.instant);
        self.bindings_gone(gone);
        while let Some((at, due)) = self.due.first().copied() {
            if at > now.instant {
                break;
            }
            self.schedule(due, None);
            match due {
                Due::Call(call) => self.call_event(now, call, call::Event::Timeout),
                Due::Leg(leg) => self.with_leg(now, leg, |leg, wire| leg.handle_timeout(wire)),
                Due::Draft(record) => self.finish_draft(record),
                Due::Leave(manager) => self.ask_for_leave(manager),
                Due::Missed(manager) => self.feed.forget_missed(manager),
                Due::Terms(call) => self.ask_for_terms(call),
                Due::Tape(recording) => self.finish_tape(now, recording),
                Due::Trunk => self.register_at_trunk(now),
                Due::KeepAlive => self.keep_ways_open(now),
                Due::Refusals => self.count_refusals(now),
            }
        }
        self.settle(now);
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// How much there is.
    #[must_use]
    pub fn counts(&self, now: Now) -> Counts {
        let transactions = self.transactions.counts();
        Counts {
            calls: self.calls.len(),
            legs: self.legs.len(),
            transactions: transactions.client + transactions.server,
            questions: self.questions.len(),
            drafts: self.drafts.len(),
            supervisions: self.supervisions.len() + self.followers.len() + self.summons.len(),
            recordings: self.tapes.len(),
            bindings: self.registrar.all().count(),
            at_trunk: self.is_registered_at_trunk(now),
        }
    }

    /// Handles what the transaction layer has for us, until it has nothing more.
    fn settle(&mut self, now: Now) {
        while let Some(output) = self.transactions.poll() {
            match output {
                SipOutput::Send { flow, bytes, .. } => self.outputs.push_back(Output::Send { flow, bytes }),
                SipOutput::Event(event) => self.sip_event(now, event),
            }
        }
    }

    fn sip_event(&mut self, now: Now, event: transaction::Event) {
        match event {
            transaction::Event::Request { id, flow, request, .. } => self.request(now, id, flow, request),
            transaction::Event::Cancelled { id } => self.cancelled(now, id),
            transaction::Event::Response { id, response } if self.is_trunk_client(id) => {
                self.trunk_responded(now, &response);
            }
            transaction::Event::Failed { id, .. } if self.is_trunk_client(id) => self.trunk_failed(now, 408),
            transaction::Event::Response { id, response } => {
                if let Some(leg) = self.clients.get(&id).copied() {
                    self.with_leg(now, leg, |leg, wire| leg.responded(wire, id, &response));
                }
            }
            transaction::Event::Failed { id, why } => {
                let timed_out = why == transaction::Failure::Timeout;
                if let Some(leg) = self.clients.get(&id).copied() {
                    self.with_leg(now, leg, |leg, wire| leg.failed(wire, id, timed_out));
                }
            }
            transaction::Event::Unacknowledged { id } => {
                if let Some(leg) = self.servers.remove(&id) {
                    self.with_leg(now, leg, |leg, wire| leg.unacknowledged(wire, id));
                }
            }
        }
    }

    /// Lets a leg do something, and tells its call what came of it.
    fn with_leg(&mut self, now: Now, id: LegId, act: impl FnOnce(&mut Leg, &mut Wire<'_>) -> Vec<LegEvent>) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let mut wire = Wire { transactions: &mut self.transactions, now: now.instant, random: &mut self.random };
        let events = act(leg, &mut wire);
        self.after_leg(id);
        for event in events {
            self.leg_event(now, id, event);
        }
        self.drop_if_finished(id);
    }

    /// Keeps the indices and time-outs of a leg in step with it.
    fn after_leg(&mut self, id: LegId) {
        let Some(leg) = self.legs.get(&id) else { return };
        let known = self.leg_clients.entry(id).or_default();
        for client in leg.clients() {
            if self.clients.insert(client, id).is_none() {
                known.push(client);
            }
        }
        let deadline = leg.deadline();
        self.schedule(Due::Leg(id), deadline);
    }

    fn drop_if_finished(&mut self, id: LegId) {
        if self.legs.get(&id).is_some_and(Leg::is_finished)
            && let Some(leg) = self.legs.remove(&id)
        {
            self.tags.remove(leg.local_tag());
            for client in self.leg_clients.remove(&id).into_iter().flatten() {
                self.clients.remove(&client);
            }
            for server in self.leg_servers.remove(&id).into_iter().flatten() {
                self.servers.remove(&server);
            }
            self.schedule(Due::Leg(id), None);
        }
    }

    /// Takes note that an INVITE's transaction is a leg's.
    fn servers_of(&mut self, leg: LegId, server: Option<ServerId>) {
        if let Some(server) = server {
            self.servers.insert(server, leg);
            self.leg_servers.entry(leg).or_default().push(server);
        }
    }

    fn schedule(&mut self, due: Due, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.scheduled.insert(due, at),
            None => self.scheduled.remove(&due),
        };
        if before != at {
            self.due.extend(at.map(|at| (at, due)));
            if let Some(before) = before {
                self.due.remove(&(before, due));
            }
        }
    }

    /// Tells media what the other end of a leg is like.
    fn describe(&mut self, id: LegId) {
        let Some(leg) = self.legs.get(&id) else { return };
        if let Some(description) = leg.negotiation.description() {
            let signalling = Some(leg.flow().remote.ip());
            self.media.describe(id, tandem_media::Description { signalling, ..description });
        }
    }

    fn new_leg_id(&mut self) -> LegId {
        self.next_leg += 1;
        LegId(self.next_leg)
    }

    /// An id that sorts by time (RFC 9562 §5.7).
    fn new_uuid(&mut self, at: Timestamp) -> Uuid {
        let milliseconds = u64::try_from(at.0).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.random.random()).into_uuid()
    }

    fn ask(&mut self, question: Question, asked: Asked) {
        self.next_question += 1;
        let id = QuestionId(self.next_question);
        self.waiting_calls += usize::from(asked.is_for_a_call());
        self.questions.insert(id, asked);
        self.outputs.push_back(Output::Ask(id, question));
    }

    /// Whether another call would be one too many.
    fn is_full(&self) -> bool {
        self.draining || self.calls.len() + self.waiting_calls >= self.settings.calls_max
    }

    /// Whether there is not even room to find out who wants another call, so that its refusal can be on record.
    fn is_swamped(&self) -> bool {
        self.is_full() && self.waiting_calls >= REFUSED_AT_ONCE
    }

    /// Whether a call cannot begin now. Help is called however full it is, and while the exchange waits for its end.
    fn has_no_room_for(&self, invite: &Request) -> bool {
        let full = self.draining || self.calls.len() >= self.settings.calls_max;
        full && !calls_for_help(invite)
    }

    /// Takes a question back.
    fn take_question(&mut self, id: QuestionId) -> Option<Asked> {
        let asked = self.questions.remove(&id)?;
        self.waiting_calls -= usize::from(asked.is_for_a_call());
        Some(asked)
    }
}
