//! What does a request outside of any dialog want? And the answers that need no call.

use tandem_domain::ids::{AccountId, CallId};
use tandem_sip::{
    dialog::DialogId,
    digest::Credentials,
    flow::Flow,
    message::{Malformed, Message, Method, Name, Request, Response},
    transaction::ServerId,
};

use super::{Exchange, Media, Now, QuestionId, calling::calls_for_help, summoning::Wanted, unplaced::Caller};
use crate::{
    call::{self, outcome::Refusal},
    directory::{Answer, Question},
    ids::LegId,
    leg::{ALLOW, Peer, SESSION_INTERVAL_MIN, SUPPORTED, unknown_extensions},
};

/// What a question to the directory is for.
#[derive(Debug)]
pub(super) enum Asked {
    /// Who is it that registers or calls?
    Who { request: Box<Request>, server: ServerId, flow: Flow },
    /// What does the dialled number mean? `caller` is known of a phone, not of a trunk.
    Dialled { invite: Box<Request>, server: ServerId, flow: Flow, peer: Peer, caller: Option<Caller> },
    /// Where does a transfer go?
    Transfer { referrer: LegId, call: CallId, dialled: String },
    /// May this manager join, whose phones are to ring?
    Supervise(Wanted),
    /// May this manager, who waits, join the agent's next call?
    Follow { manager: LegId },
    /// May this manager still be in a call?
    Leave { manager: LegId, agent: AccountId },
    /// Who records this call?
    Recording { call: CallId },
}

impl Asked {
    /// Whether a call waits for it that has not begun.
    pub(super) fn is_for_a_call(&self) -> bool {
        match self {
            Self::Who { request, .. } => request.method == Method::Invite,
            Self::Dialled { .. } => true,
            Self::Transfer { .. }
            | Self::Supervise(_)
            | Self::Follow { .. }
            | Self::Leave { .. }
            | Self::Recording { .. } => false,
        }
    }

    /// The transaction that waits.
    const fn server(&self) -> Option<ServerId> {
        match self {
            Self::Who { server, .. } | Self::Dialled { server, .. } => Some(*server),
            Self::Transfer { .. }
            | Self::Supervise(_)
            | Self::Follow { .. }
            | Self::Leave { .. }
            | Self::Recording { .. } => None,
        }
    }
}

/// Seconds after which a call may be tried again when there was no room.
pub(super) const RETRY_AFTER: u32 = 5;

impl<M: Media> Exchange<M> {
    /// A request, of a dialog or not.
    pub(super) fn request(&mut self, now: Now, server: Option<ServerId>, flow: Flow, request: Request) {
        match DialogId::of_request(&request) {
            Ok(Some(dialog)) => {
                let leg = self.tags.get(&dialog.local_tag).copied();
                let leg = leg.filter(|leg| self.legs.get(leg).is_some_and(|leg| leg.owns(&dialog)));
                match leg {
                    Some(leg) => self.inside(now, leg, server, flow, &request),
                    None => self.refuse(now, server, &request, 481),
                }
            }
            Ok(None) => {
                if let Some(server) = server {
                    self.outside(now, server, flow, request);
                }
            }
            Err(_) => self.refuse(now, server, &request, 400),
        }
    }

    fn inside(&mut self, now: Now, leg: LegId, server: Option<ServerId>, flow: Flow, request: &Request) {
        if let Some(server) = server {
            let unknown = unknown_extensions(request);
            if !unknown.is_empty() {
                return self.bad_extension(now, server, request, &unknown);
            }
        }
        if server.is_some() && request.method == Method::Invite {
            self.servers_of(leg, server);
        }
        self.restart_ice_if_asked(leg, request);
        self.with_leg(now, leg, |leg, wire| leg.requested(wire, server, flow, request));
    }

    /// A browser that has another network starts ICE anew in its offer; our answer does so, too.
    fn restart_ice_if_asked(&mut self, id: LegId, request: &Request) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if !matches!(request.method, Method::Invite | Method::Update) {
            return;
        }
        if leg.negotiation.restarts_ice(&request.body)
            && let Some(local) = self.media.restart_ice(id)
        {
            leg.negotiation.renew(local);
        }
    }

    fn outside(&mut self, now: Now, server: ServerId, flow: Flow, request: Request) {
        if request.headers.max_forwards().ok().flatten() == Some(0) {
            return self.refuse(now, Some(server), &request, 483);
        }
        let unknown = unknown_extensions(&request);
        if !unknown.is_empty() {
            return self.bad_extension(now, server, &request, &unknown);
        }
        match &request.method {
            Method::Invite => self.invited(now, server, flow, request),
            // A phone that is where the trunk is would have calls to it sent there.
            Method::Register if self.settings.is_trunk(flow) => self.refuse(now, Some(server), &request, 403),
            Method::Register => self.authenticate(now, server, flow, request),
            Method::Options => {
                let mut response = self.response(&request, 200);
                response.headers.push(Name::Allow, ALLOW);
                response.headers.push(Name::Supported, SUPPORTED);
                response.headers.push(Name::Accept, "application/sdp");
                self.transactions.respond(now.instant, server, response);
            }
            Method::Bye | Method::Update | Method::Prack | Method::Info | Method::Refer | Method::Notify => {
                self.refuse(now, Some(server), &request, 481);
            }
            Method::Subscribe => self.refuse(now, Some(server), &request, 489),
            Method::Message | Method::Publish => self.refuse(now, Some(server), &request, 405),
            Method::Ack | Method::Cancel => {}
            Method::Other(_) => self.refuse(now, Some(server), &request, 501),
        }
    }

    fn bad_extension(&mut self, now: Now, server: ServerId, request: &Request, unknown: &[String]) {
        let mut response = self.response(request, 420);
        response.headers.push(Name::Unsupported, unknown.join(", "));
        self.transactions.respond(now.instant, server, response);
    }

    /// The answer to a call or a registration of somebody who does not say who that is, or that is one too many: nothing is remembered of it,
    /// since the sender may be anybody, and its address may be somebody else's (RFC 3261 §26.3.2.4).
    pub(super) fn answer_statelessly(&mut self, now: Now, flow: Flow, message: &Message) -> Option<Response> {
        let Message::Request(request) = message else { return None };
        let begins = matches!(request.method, Method::Invite | Method::Register);
        if !begins || request.headers.to().is_ok_and(|to| to.tag().is_some()) {
            return None;
        }
        if self.is_swamped() && request.method == Method::Invite && !calls_for_help(request) {
            let mut response = self.response(request, 503);
            response.headers.push(Name::RetryAfter, RETRY_AFTER.to_string());
            return Some(response);
        }
        let known = self.settings.is_trunk(flow)
            || self.trusted_user(flow).is_some()
            || request.headers.has(&Name::Authorization);
        if known {
            return None;
        }
        let mut response = self.response(request, 401);
        for value in self.challenges.challenge(now.instant, false) {
            response.headers.push(Name::WwwAuthenticate, value);
        }
        Some(response)
    }

    /// Answers a request with a status alone; an ACK is not answered.
    pub(super) fn refuse(&mut self, now: Now, server: Option<ServerId>, request: &Request, status: u16) {
        let Some(server) = server else { return };
        let mut response = self.response(request, status);
        match status {
            405 | 501 => response.headers.push(Name::Allow, ALLOW),
            415 => response.headers.push(Name::Accept, "application/sdp"),
            422 => response.headers.push(Name::MinSe, SESSION_INTERVAL_MIN.to_string()),
            503 => response.headers.push(Name::RetryAfter, RETRY_AFTER.to_string()),
            489 => response.headers.push(Name::Other("Allow-Events".into()), "refer"),
            _ => {}
        }
        self.transactions.respond(now.instant, server, response);
    }

    /// A response that makes no dialog: with a tag, as RFC 3261 §8.2.6.2 wants it.
    pub(super) fn response(&mut self, request: &Request, status: u16) -> Response {
        use rand::Rng as _;
        let mut response = Response::to(request, status);
        if let Ok(to) = request.headers.to()
            && to.tag().is_none()
        {
            let tag = format!("{:016x}", self.random.random::<u64>());
            response.headers.set(Name::To, to.with_tag(&tag).to_string());
        }
        response.headers.set(Name::Server, self.settings.product.clone());
        response
    }

    /// What is no SIP message, but says enough to be answered.
    pub(super) fn answer_malformed(&mut self, flow: Flow, malformed: Malformed) {
        if let Some(request) = malformed.request.filter(|request| request.method != Method::Ack) {
            let mut response = self.response(&request, malformed.status);
            response.reason = malformed.reason;
            self.transactions.respond_statelessly(flow, response);
        }
    }

    /// A CANCEL for an INVITE that has no final response yet.
    pub(super) fn cancelled(&mut self, now: Now, server: ServerId) {
        if let Some(leg) = self.servers.get(&server).copied() {
            if let Some(call) = self.legs.get(&leg).filter(|leg| leg.is_incoming()).map(|leg| leg.call) {
                self.call_event(now, call, call::Event::HungUp(leg));
            }
            return;
        }
        // The directory has not answered yet: its answer will find nobody.
        let waiting = self.questions.iter().find(|(_, asked)| asked.server() == Some(server)).map(|(id, _)| *id);
        match waiting.and_then(|id| self.take_question(id)) {
            Some(Asked::Who { request, server, flow }) => {
                self.undecided(&request, flow);
                self.refuse(now, Some(server), &request, 487);
            }
            Some(Asked::Dialled { invite, server, caller, .. }) => {
                self.turn_down(now, server, &invite, caller, Refusal::CANCELLED);
            }
            Some(
                Asked::Transfer { .. }
                | Asked::Supervise(_)
                | Asked::Follow { .. }
                | Asked::Leave { .. }
                | Asked::Recording { .. },
            )
            | None => {}
        }
    }

    /// Nobody will decide any more whether a password was right.
    fn undecided(&mut self, request: &Request, flow: Flow) {
        let named = request.headers.get(&Name::Authorization).map(Credentials::parse);
        if let Some(Ok(credentials)) = named {
            self.guard_of(request).decided(flow.remote.ip(), &credentials.username);
        }
    }

    /// The directory has answered.
    pub(super) fn answered(&mut self, now: Now, id: QuestionId, answer: Answer) {
        let Some(asked) = self.take_question(id) else { return };
        if let (Asked::Who { request, flow, .. }, Answer::Unavailable | Answer::Route(_) | Answer::Recording(_)) =
            (&asked, &answer)
        {
            self.undecided(request, *flow);
        }
        match (asked, answer) {
            (Asked::Who { request, server, flow }, Answer::Phone(phone)) => {
                self.identified(now, server, flow, *request, phone);
            }
            (Asked::Dialled { invite, server, flow, peer, .. }, Answer::Route(route)) => {
                self.begin_call(now, server, flow, *invite, peer, *route);
            }
            (Asked::Supervise(wanted), Answer::Route(route)) => self.summon(now, *route, wanted),
            (Asked::Follow { manager }, Answer::Route(route)) => self.join_next(now, manager, *route),
            (Asked::Leave { manager, agent }, Answer::Route(route)) => {
                self.leave_known(now, id, manager, agent, &route)
            }
            // He was allowed a moment ago: nobody is thrown out because the records cannot be asked.
            (Asked::Leave { manager, .. }, Answer::Unavailable | Answer::Phone(_) | Answer::Recording(_)) => {
                self.watch_leave(now, manager);
            }
            // The records cannot be asked: nobody is rung, and who waits goes on waiting.
            (
                Asked::Supervise(_) | Asked::Follow { .. },
                Answer::Unavailable | Answer::Phone(_) | Answer::Recording(_),
            ) => {}
            (Asked::Recording { call }, Answer::Recording(terms)) => self.terms_known(now, call, terms),
            (Asked::Recording { call }, Answer::Unavailable | Answer::Phone(_) | Answer::Route(_)) => {
                self.terms_unknown(now, call);
            }
            (Asked::Transfer { referrer, call, dialled }, Answer::Route(route)) => {
                self.transfer_route(now, call, referrer, dialled, *route);
            }
            (Asked::Transfer { referrer, call, .. }, Answer::Unavailable | Answer::Phone(_) | Answer::Recording(_)) => {
                self.transfer_unroutable(now, call, referrer);
            }
            (
                Asked::Dialled { invite, server, caller, .. },
                Answer::Unavailable | Answer::Phone(_) | Answer::Recording(_),
            ) => self.turn_down(now, server, &invite, caller, Refusal::UNAVAILABLE),
            (Asked::Who { request, server, .. }, Answer::Unavailable | Answer::Route(_) | Answer::Recording(_)) => {
                self.refuse(now, Some(server), &request, 503)
            }
        }
    }

    /// Asks what `number` means for who dials it.
    pub(super) fn ask_dialled(
        &mut self,
        invite: Request,
        server: ServerId,
        flow: Flow,
        peer: Peer,
        caller: Option<Caller>,
        question: Question,
    ) {
        self.ask(question, Asked::Dialled { invite: Box::new(invite), server, flow, peer, caller });
    }
}
