//! How does our request fare? The client transactions (RFC 3261 §17.1, RFC 6026 §7.2), CANCEL (§9.1), the order of
//! reliable provisional responses (RFC 3262 §4), and the stored ACKs of 2xx (RFC 3261 §13.2.2.4).

use std::time::Instant;

use bytes::Bytes;

use super::{
    event::{ClientId, Event, Failure},
    key::ClientKey,
    large::Datagram,
    outbox::Out,
    timers::{Repeat, Timers, earlier},
    via,
};
use crate::{
    flow::Flow,
    message::{CSeq, Headers, Method, Name, Request, Response},
};

/// More forks of one INVITE than this are not heard.
const MOST_FORKS: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No response yet: Calling, or Trying.
    Waiting,
    /// A provisional response came.
    Proceeding,
    /// A final response came; of an INVITE, none of 2xx.
    Completed,
    /// A 2xx to an INVITE came (RFC 6026).
    Accepted,
    /// To be forgotten.
    Over,
}

#[derive(Debug)]
enum Cancel {
    No,
    /// As soon as a provisional response came, with this `Reason`.
    Wanted(Option<String>),
    Sent,
}

/// One 2xx to an INVITE.
#[derive(Debug)]
struct Fork {
    to_tag: Box<str>,
    ack: Option<(Flow, Bytes)>,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) key: ClientKey,
    pub(super) flow: Flow,
    /// When it is in the timer queue.
    pub(super) queued: Option<Instant>,
    is_invite: bool,
    /// Of an INVITE without final response: what ACK and CANCEL repeat of it.
    head: Option<Box<Request>>,
    /// What is sent again until there is a response; empty after the final one.
    bytes: Bytes,
    /// The same as a datagram, while a stream is tried first.
    datagram: Option<Box<Datagram>>,
    /// The layer's own CANCEL: nobody is told.
    silent: bool,
    state: State,
    repeat: Option<Repeat>,
    end: Option<Instant>,
    cancel: Cancel,
    /// The ACK of the non-2xx.
    ack: Option<Bytes>,
    forks: Vec<Fork>,
    /// The last `RSeq` of each early dialog.
    reliable: Vec<(Box<str>, u32)>,
}

/// A request with its `Via`, and the way it goes.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) flow: Flow,
    pub(super) bytes: Bytes,
    request: Request,
    datagram: Option<Box<Datagram>>,
}

impl Sent {
    /// A request that goes this way.
    pub(super) fn new(flow: Flow, request: Request) -> Self {
        Self { flow, bytes: request.to_bytes(), request, datagram: None }
    }

    /// By a stream first: what it is now, it goes as at `at` at the latest.
    pub(super) fn by_stream(self, stream: Flow, branch: &str, at: Instant) -> Self {
        let Self { flow, bytes, mut request, .. } = self;
        let is_invite = request.method == Method::Invite;
        let head = is_invite.then(|| Box::new(head(request.clone())));
        request.headers.remove_top_via();
        request.headers.push_front(Name::Via, via::ours(stream, branch));
        Self { datagram: Some(Box::new(Datagram { flow, bytes, head, at })), ..Self::new(stream, request) }
    }
}

impl Client {
    /// A request that is sent now, with the key's branch.
    pub(super) fn start(
        now: Instant,
        timers: &Timers,
        sent: Sent,
        key: ClientKey,
        silent: bool,
        out: &mut Out,
    ) -> Self {
        let Sent { flow, bytes, request, datagram } = sent;
        out.send(flow, bytes.clone());
        let is_invite = request.method == Method::Invite;
        let mut client = Self {
            key,
            flow,
            queued: None,
            is_invite,
            head: is_invite.then(|| Box::new(head(request))),
            bytes,
            datagram,
            silent,
            state: State::Waiting,
            repeat: None,
            end: None,
            cancel: Cancel::No,
            ack: None,
            forks: Vec::new(),
            reliable: Vec::new(),
        };
        client.set_timers(now, timers);
        client
    }

    /// It was sent for the first time on its way.
    fn set_timers(&mut self, now: Instant, timers: &Timers) {
        let longest = if self.is_invite { timers.long() } else { timers.t2 };
        self.repeat = (!self.flow.transport.is_reliable()).then(|| Repeat::new(now, timers.t1, longest));
        self.end = Some(now + timers.long());
    }

    /// Goes as a datagram, if a stream was tried first and there is no response yet. Gives whether it does.
    fn fall_back(&mut self, now: Instant, timers: &Timers, out: &mut Out) -> bool {
        let Some(datagram) = self.datagram.take() else { return false };
        let Datagram { flow, bytes, head, at: _ } = *datagram;
        (self.flow, self.bytes, self.head) = (flow, bytes, head);
        self.set_timers(now, timers);
        out.send(self.flow, self.bytes.clone());
        true
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let instead = self.datagram.as_ref().map(|datagram| datagram.at);
        earlier(instead, earlier(self.end, self.repeat.map(|repeat| repeat.at)))
    }

    pub(super) fn handle_timeout(&mut self, id: ClientId, now: Instant, timers: &Timers, out: &mut Out) {
        if self.datagram.as_ref().is_some_and(|datagram| datagram.at <= now) {
            self.fall_back(now, timers, out);
        } else if self.end.is_some_and(|end| end <= now) {
            match self.state {
                State::Waiting | State::Proceeding => self.fail(id, Failure::Timeout, out),
                State::Completed | State::Accepted | State::Over => self.state = State::Over,
            }
        } else if self.repeat.as_mut().is_some_and(|repeat| repeat.is_due(now)) {
            out.send_again(self.flow, self.bytes.clone());
        }
    }

    /// The transport could not carry it.
    pub(super) fn transport_failed(&mut self, id: ClientId, now: Instant, timers: &Timers, out: &mut Out) {
        if self.fall_back(now, timers, out) {
            return;
        }
        match self.state {
            State::Waiting | State::Proceeding => self.fail(id, Failure::Transport, out),
            // The final response is there.
            State::Completed | State::Accepted | State::Over => {}
        }
    }

    fn fail(&mut self, id: ClientId, why: Failure, out: &mut Out) {
        self.state = State::Over;
        if !self.silent {
            out.event(Event::Failed { id, why });
        }
    }

    /// Takes a response; gives the CANCEL that is to be sent now, if one waited for a provisional response.
    #[must_use]
    pub(super) fn receive(
        &mut self,
        id: ClientId,
        now: Instant,
        timers: &Timers,
        response: Response,
        out: &mut Out,
    ) -> Option<Request> {
        // The stream carried it.
        self.datagram = None;
        match response.status {
            ..200 => self.provisional(id, now, timers, response, out),
            200..300 if self.is_invite => {
                self.accepted(id, now, timers, response, out);
                None
            }
            _ => {
                self.completed(id, now, timers, response, out);
                None
            }
        }
    }

    fn tell(&self, id: ClientId, response: Response, out: &mut Out) {
        if !self.silent {
            out.event(Event::Response { id, response });
        }
    }

    fn provisional(
        &mut self,
        id: ClientId,
        now: Instant,
        timers: &Timers,
        response: Response,
        out: &mut Out,
    ) -> Option<Request> {
        match self.state {
            State::Waiting if self.is_invite => {
                self.repeat = None;
                self.end = None;
            }
            State::Waiting => {
                if let Some(repeat) = &mut self.repeat {
                    repeat.slow_down(timers.t2);
                }
            }
            State::Proceeding => {}
            State::Completed | State::Accepted | State::Over => {
                out.counts.absorbed += 1;
                return None;
            }
        }
        self.state = State::Proceeding;
        if self.is_in_order(&response) {
            self.tell(id, response, out);
        } else {
            out.counts.absorbed += 1;
        }
        match std::mem::replace(&mut self.cancel, Cancel::No) {
            Cancel::Wanted(reason) => self.send_cancel(now, timers, reason),
            other => {
                self.cancel = other;
                None
            }
        }
    }

    /// Whether a provisional response is new and the next one (RFC 3262 §4). Those that are not reliable always are.
    fn is_in_order(&mut self, response: &Response) -> bool {
        if !self.is_invite || !response.headers.has_option(&Name::Require, "100rel") {
            return true;
        }
        let Some(number) = response.headers.rseq().ok().flatten() else { return false };
        let to_tag = to_tag(response);
        let has_room = self.reliable.len() < MOST_FORKS;
        match self.reliable.iter_mut().find(|(tag, _)| **tag == *to_tag) {
            Some((_, last)) if last.checked_add(1) == Some(number) => {
                *last = number;
                true
            }
            Some(_) => false,
            None if has_room => {
                self.reliable.push((to_tag, number));
                true
            }
            None => false,
        }
    }

    fn accepted(&mut self, id: ClientId, now: Instant, timers: &Timers, response: Response, out: &mut Out) {
        match self.state {
            State::Waiting | State::Proceeding => {
                self.state = State::Accepted;
                self.spare();
                self.end = Some(now + timers.long()); // Timer M
            }
            State::Accepted => {}
            State::Completed | State::Over => {
                out.counts.stray += 1;
                return;
            }
        }
        let to_tag = to_tag(&response);
        match self.forks.iter().find(|fork| fork.to_tag == to_tag) {
            Some(fork) => {
                out.counts.absorbed += 1;
                if let Some((flow, ack)) = &fork.ack {
                    out.send_again(*flow, ack.clone());
                }
            }
            None if self.forks.len() < MOST_FORKS => {
                self.forks.push(Fork { to_tag, ack: None });
                self.tell(id, response, out);
            }
            None => out.counts.stray += 1,
        }
    }

    fn completed(&mut self, id: ClientId, now: Instant, timers: &Timers, response: Response, out: &mut Out) {
        match self.state {
            State::Waiting | State::Proceeding => {
                if let Some(head) = &self.head {
                    let ack = ack(head, &response).to_bytes();
                    out.send(self.flow, ack.clone());
                    self.ack = Some(ack);
                }
                self.spare();
                if self.flow.transport.is_reliable() {
                    self.state = State::Over;
                } else {
                    self.state = State::Completed;
                    // Timer D, or K.
                    self.end = Some(now + if self.is_invite { timers.long() } else { timers.t4 });
                }
                self.tell(id, response, out);
            }
            State::Completed => {
                out.counts.absorbed += 1;
                if let Some(ack) = &self.ack {
                    out.send_again(self.flow, ack.clone());
                }
            }
            State::Accepted | State::Over => out.counts.stray += 1,
        }
    }

    /// A final response is there: nothing is sent again but ACKs.
    fn spare(&mut self) {
        self.repeat = None;
        self.head = None;
        self.bytes = Bytes::new();
        self.reliable = Vec::new();
    }

    /// Keeps the ACK of the 2xx with the same `To` tag, to be repeated.
    pub(super) fn keep_ack(&mut self, flow: Flow, ack: &Request, bytes: &Bytes) {
        let Ok(to) = ack.headers.to() else { return };
        let tag = to.tag().unwrap_or_default();
        if let Some(fork) = self.forks.iter_mut().find(|fork| *fork.to_tag == *tag) {
            fork.ack = Some((flow, bytes.clone()));
        }
    }

    /// Wants the INVITE cancelled; gives the CANCEL if it can be sent now.
    #[must_use]
    pub(super) fn cancel(&mut self, now: Instant, timers: &Timers, reason: Option<&str>) -> Option<Request> {
        if !self.is_invite {
            return None;
        }
        let reason = reason.map(ToOwned::to_owned);
        match (self.state, &self.cancel) {
            (State::Waiting, Cancel::No) => {
                self.cancel = Cancel::Wanted(reason);
                None
            }
            (State::Proceeding, Cancel::No) => self.send_cancel(now, timers, reason),
            (State::Waiting | State::Proceeding, Cancel::Wanted(_) | Cancel::Sent)
            | (State::Completed | State::Accepted | State::Over, _) => None,
        }
    }

    fn send_cancel(&mut self, now: Instant, timers: &Timers, reason: Option<String>) -> Option<Request> {
        self.cancel = Cancel::Sent;
        self.end = Some(now + timers.long());
        let head = self.head.as_ref()?;
        let mut cancel = repeated(head, Method::Cancel);
        if let Some(to) = head.headers.get(&Name::To) {
            cancel.headers.push(Name::To, to);
        }
        if let Some(reason) = reason {
            cancel.headers.push(Name::Reason, reason);
        }
        Some(cancel)
    }
}

/// The ACK of a non-2xx (§17.1.1.3).
fn ack(head: &Request, response: &Response) -> Request {
    let mut ack = repeated(head, Method::Ack);
    if let Some(to) = response.headers.get(&Name::To) {
        ack.headers.push(Name::To, to);
    }
    ack
}

/// A request with what ACK and CANCEL have in common with their INVITE; without `To`.
fn repeated(head: &Request, method: Method) -> Request {
    let number = head.headers.cseq().map_or(0, |cseq| cseq.number);
    let mut request = Request::new(method.clone(), head.uri.clone());
    for header in head.headers.iter() {
        match header.name {
            Name::To => {}
            Name::CSeq => {
                request.headers.push(Name::CSeq, CSeq { number, method: method.clone() }.to_string());
            }
            _ => request.headers.push(header.name.clone(), header.value.clone()),
        }
    }
    request.headers.push(Name::MaxForwards, "70");
    request
}

/// What must be kept of an INVITE, to make its ACK and CANCEL: these repeat its own `Via`, the only one.
fn head(mut request: Request) -> Request {
    request.body = Bytes::new();
    let mut kept = Headers::new();
    let mut has_via = false;
    for header in request.headers.iter() {
        match header.name {
            Name::Via if !has_via => {
                has_via = true;
                kept.push(Name::Via, header.value.clone());
            }
            Name::Route | Name::From | Name::To | Name::CallId | Name::CSeq => {
                kept.push(header.name.clone(), header.value.clone());
            }
            _ => {}
        }
    }
    request.headers = kept;
    request
}

fn to_tag(response: &Response) -> Box<str> {
    response.headers.to().ok().and_then(|to| to.tag().map(Into::into)).unwrap_or_default()
}
