//! How does our answer fare? The server transactions (RFC 3261 §17.2, RFC 6026 §7.1), and the 2xx to an INVITE, which
//! is sent again until its ACK came (RFC 3261 §13.3.1.4).

use std::time::Instant;

use bytes::Bytes;

use super::{
    event::{Event, ServerId},
    key::{DialogKey, MergeKey, ServerKey},
    outbox::Out,
    reliable::{Due, Provisional, Reliable},
    timers::{Repeat, Timers, earlier},
};
use crate::{
    flow::Flow,
    message::{Headers, Method, Name, Request, Response, reason_phrase},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No response yet.
    Trying,
    /// A provisional response went.
    Proceeding,
    /// A final response went; to an INVITE, none of 2xx.
    Completed,
    /// Its ACK came.
    Confirmed,
    /// A 2xx to an INVITE went (RFC 6026).
    Accepted,
    /// To be forgotten.
    Over,
}

/// What an ACK meant for the INVITE that it was found to belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acked {
    /// The 2xx, for the first time: the owner is told.
    Accepted,
    /// A non-2xx, or for the second time.
    Absorbed,
    /// There is nothing yet that it could acknowledge.
    Stray,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) key: ServerKey,
    /// What it can be found by beside its key, to be taken out of the indices at its end.
    pub(super) merge: Option<MergeKey>,
    pub(super) dialogs: Vec<DialogKey>,
    /// The way of its answers.
    pub(super) flow: Flow,
    /// When it is in the timer queue.
    pub(super) queued: Option<Instant>,
    /// The tag of its answers.
    pub(super) tag: Box<str>,
    /// Where to connect to should the connection be gone.
    anew: Option<Flow>,
    is_invite: bool,
    /// Of the request's `CSeq`.
    number: u32,
    state: State,
    /// Of an INVITE without final response: its 100, which all answers of the layer are made of.
    trying: Option<Box<Response>>,
    last: Option<Bytes>,
    /// The final response asked for credentials: the same request with them is no merged one.
    challenged: bool,
    acknowledged: bool,
    repeat: Option<Repeat>,
    end: Option<Instant>,
    reliable: Option<Box<Reliable>>,
    /// The 2xx that waits for the PRACK of a session description.
    held: Option<Bytes>,
}

/// What a new server transaction is made of.
pub(super) struct Begin<'a> {
    pub(super) key: ServerKey,
    pub(super) merge: Option<MergeKey>,
    pub(super) flow: Flow,
    pub(super) anew: Option<Flow>,
    pub(super) tag: Box<str>,
    pub(super) number: u32,
    pub(super) request: &'a Request,
}

impl Server {
    pub(super) fn start(now: Instant, timers: &Timers, begin: Begin<'_>) -> Self {
        let Begin { key, merge, flow, anew, tag, number, request } = begin;
        let is_invite = request.method == Method::Invite;
        Self {
            key,
            merge,
            dialogs: Vec::new(),
            flow,
            queued: None,
            tag,
            anew,
            is_invite,
            number,
            state: State::Trying,
            trying: is_invite.then(|| Box::new(trying(request))),
            last: None,
            challenged: false,
            acknowledged: false,
            repeat: None,
            // After Timer F of the client an answer is worth nothing (RFC 4320 §4.1); its last retransmission may come
            // T4 later.
            end: (!is_invite).then(|| now + timers.long() + timers.t4),
            reliable: None,
            held: None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Whether there is no final response yet.
    pub(super) fn is_open(&self) -> bool {
        match self.state {
            State::Trying | State::Proceeding => true,
            State::Completed | State::Confirmed | State::Accepted | State::Over => false,
        }
    }

    pub(super) fn was_challenged(&self) -> bool {
        self.challenged
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let own = earlier(self.end, self.repeat.map(|repeat| repeat.at));
        earlier(own, self.reliable.as_ref().and_then(|reliable| reliable.next_timeout()))
    }

    /// The 100 of an INVITE that has no response yet.
    pub(super) fn send_trying(&mut self, out: &mut Out) {
        if self.state == State::Trying
            && let Some(trying) = &self.trying
        {
            let bytes = trying.to_bytes();
            self.state = State::Proceeding;
            self.last = Some(bytes.clone());
            out.send(self.flow, bytes);
        }
    }

    /// The request came again.
    pub(super) fn retransmission(&mut self, out: &mut Out) {
        out.counts.absorbed += 1;
        match self.state {
            State::Proceeding | State::Completed => {
                if let Some(last) = &self.last {
                    out.send_again(self.flow, last.clone());
                }
            }
            State::Trying | State::Confirmed | State::Accepted | State::Over => {}
        }
    }

    /// Sends a response; gives what its ACK will be found by, if it is a 2xx to an INVITE.
    #[must_use]
    pub(super) fn respond(
        &mut self,
        now: Instant,
        timers: &Timers,
        mut response: Response,
        out: &mut Out,
    ) -> Option<DialogKey> {
        if !self.is_open() || (self.held.is_some() && response.status < 300) {
            return None;
        }
        self.dress(&mut response);
        let bytes = response.to_bytes();
        match response.status {
            ..200 => {
                self.state = State::Proceeding;
                self.last = Some(bytes.clone());
                out.send(self.flow, bytes);
                None
            }
            200..300 if self.is_invite => {
                if self.reliable.as_ref().is_some_and(|reliable| reliable.holds_back()) {
                    self.held = Some(bytes);
                } else {
                    self.accept(now, timers, bytes, out);
                }
                DialogKey::of(&response.headers, self.number).ok()
            }
            status => {
                self.challenged = matches!(status, 401 | 407);
                self.complete(now, timers, bytes, out);
                None
            }
        }
    }

    /// Sends a provisional response reliably, when it is its turn; gives what its PRACK will be found by. `first` is
    /// the `RSeq` to begin with.
    #[must_use]
    pub(super) fn respond_reliably(
        &mut self,
        now: Instant,
        timers: &Timers,
        mut response: Response,
        first: u32,
        out: &mut Out,
    ) -> Option<DialogKey> {
        let allowed = self.is_invite && (101..200).contains(&response.status);
        if !allowed || !self.is_open() || self.held.is_some() {
            return None;
        }
        self.dress(&mut response);
        let reliable = self.reliable.get_or_insert_default();
        let number = reliable.number(first);
        response.headers.set(Name::RSeq, number.to_string());
        if !response.headers.has_option(&Name::Require, "100rel") {
            response.headers.push(Name::Require, "100rel");
        }
        let provisional = Provisional { number, bytes: response.to_bytes(), has_body: !response.body.is_empty() };
        if let Some(bytes) = reliable.push(now, timers, provisional) {
            self.state = State::Proceeding;
            self.last = Some(bytes.clone());
            out.send(self.flow, bytes);
        }
        DialogKey::of(&response.headers, self.number).ok()
    }

    /// Gives the response our tag, or takes over the tag that the owner gave.
    fn dress(&mut self, response: &mut Response) {
        if response.status > 100
            && let Some(tag) = ensure_tag(&mut response.headers, &self.tag)
        {
            self.tag = tag;
        }
    }

    fn accept(&mut self, now: Instant, timers: &Timers, bytes: Bytes, out: &mut Out) {
        self.finally();
        self.state = State::Accepted;
        // Sent again over reliable transports too: behind a proxy there may be others.
        self.repeat = Some(Repeat::new(now, timers.t1, timers.t2));
        self.end = Some(now + timers.long()); // Timer L
        self.last = Some(bytes.clone());
        out.send(self.flow, bytes);
    }

    fn complete(&mut self, now: Instant, timers: &Timers, bytes: Bytes, out: &mut Out) {
        self.finally();
        let reliable = self.flow.transport.is_reliable();
        self.state = if !self.is_invite && reliable { State::Over } else { State::Completed };
        self.repeat = (self.is_invite && !reliable).then(|| Repeat::new(now, timers.t1, timers.t2)); // Timer G
        self.end = Some(now + timers.long()); // Timer H, or J
        self.last = Some(bytes.clone());
        out.send(self.flow, bytes);
    }

    fn finally(&mut self) {
        self.trying = None;
        self.held = None;
        if let Some(reliable) = &mut self.reliable {
            reliable.abandon();
        }
    }

    /// An ACK came that belongs to this INVITE.
    pub(super) fn acknowledge(&mut self, now: Instant, timers: &Timers) -> Acked {
        let over = self.flow.transport.is_reliable();
        match self.state {
            State::Completed if self.is_invite => {
                self.repeat = None;
                self.last = None;
                self.state = if over { State::Over } else { State::Confirmed };
                self.end = Some(now + timers.t4); // Timer I
                Acked::Absorbed
            }
            State::Accepted if !self.acknowledged => {
                self.acknowledged = true;
                self.repeat = None;
                self.last = None;
                if over {
                    self.state = State::Over;
                }
                Acked::Accepted
            }
            State::Accepted | State::Confirmed => Acked::Absorbed,
            State::Trying | State::Proceeding | State::Completed | State::Over => Acked::Stray,
        }
    }

    /// A PRACK came for this INVITE: whether it acknowledges what was sent.
    #[must_use]
    pub(super) fn provisionally_acknowledge(&mut self, number: u32) -> bool {
        self.reliable.as_mut().is_some_and(|reliable| reliable.acknowledge(number))
    }

    /// After a PRACK: what waited for it goes.
    pub(super) fn proceed(&mut self, now: Instant, timers: &Timers, out: &mut Out) {
        let Some(reliable) = &mut self.reliable else { return };
        if let Some(bytes) = reliable.next(now, timers) {
            self.last = Some(bytes.clone());
            out.send(self.flow, bytes);
        } else if !reliable.holds_back()
            && let Some(held) = self.held.take()
        {
            self.accept(now, timers, held, out);
        }
    }

    pub(super) fn handle_timeout(&mut self, id: ServerId, now: Instant, timers: &Timers, out: &mut Out) {
        if self.end.is_some_and(|end| end <= now) {
            if self.state == State::Accepted && !self.acknowledged {
                out.event(Event::Unacknowledged { id });
            }
            self.state = State::Over;
            return;
        }
        if self.repeat.as_mut().is_some_and(|repeat| repeat.is_due(now))
            && let Some(last) = &self.last
        {
            out.send_again(self.flow, last.clone());
        }
        match self.reliable.as_mut().map_or(Due::Nothing, |reliable| reliable.handle_timeout(now)) {
            Due::Nothing => {}
            Due::Again(bytes) => out.send_again(self.flow, bytes),
            Due::Unacknowledged => {
                out.event(Event::Unacknowledged { id });
                if let Some(mut response) = self.trying.take() {
                    response.status = 504;
                    response.reason = reason_phrase(504).to_owned();
                    response.headers.remove(&timestamp());
                    ensure_tag(&mut response.headers, &self.tag);
                    self.complete(now, timers, response.to_bytes(), out);
                }
            }
        }
    }

    /// The connection is gone: what waits for an acknowledgement goes by a new one, to the port that the client wrote
    /// (RFC 3261 §18.2.2). Gives the new way, once.
    pub(super) fn transport_failed(&mut self, out: &mut Out) -> Option<Flow> {
        let anew = self.anew.take()?;
        self.flow = anew;
        let wanted = match self.state {
            State::Proceeding | State::Completed => true,
            State::Accepted => !self.acknowledged,
            State::Trying | State::Confirmed | State::Over => false,
        };
        if wanted && let Some(last) = &self.last {
            out.send_again(self.flow, last.clone());
        }
        Some(anew)
    }
}

fn timestamp() -> Name {
    Name::from("Timestamp")
}

/// 100 to this request (RFC 3261 §8.2.6.1).
fn trying(request: &Request) -> Response {
    let mut response = Response::to(request, 100);
    if let Some(value) = request.headers.get(&timestamp()) {
        response.headers.set(timestamp(), value);
    }
    response
}

/// Sees that `To` has a tag; gives the one that is there already.
pub(super) fn ensure_tag(headers: &mut Headers, tag: &str) -> Option<Box<str>> {
    if let Ok(to) = headers.to()
        && let Some(theirs) = to.tag()
    {
        return Some(theirs.into());
    }
    if let Some(to) = headers.get(&Name::To) {
        let to = format!("{to};tag={tag}");
        headers.set(Name::To, to);
    }
    None
}
