//! Who is it, and may they? Digests (RFC 8760) of registrations and calls, and the registrar (RFC 3261 §10).

use std::time::{Duration, Instant};

use bytes::Bytes;
use tandem_domain::{
    calls::Registration,
    ids::{AccountId, Timestamp},
};
use tandem_sip::{
    digest::{Credentials, DigestError, Ha1, Verdict},
    flow::{Flow, Transport},
    message::{Method, Name, Request},
    transaction::ServerId,
};

use super::{Due, Exchange, Media, Now, Output, arrivals::Asked, calling::calls_for_help, guard::Guard};
use crate::{
    directory::{Phone, Question},
    registrar::{Binding, Change, EXPIRES_MIN, Owner},
};

/// How often a way through a NAT is used: many forget one over UDP after 30 s.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(25);
/// Questions to the directory that may be open at once; more means that it is behind.
const QUESTIONS_MAX: usize = 5000;

impl<M: Media> Exchange<M> {
    /// A request that needs to know who sent it: asks the directory for the user that its digest names, or challenges it.
    pub(super) fn authenticate(&mut self, now: Now, server: ServerId, flow: Flow, request: Request) {
        if let Some(user) = self.trusted_user(flow) {
            let question = Question::Phone { user: user.to_owned() };
            return self.ask(question, Asked::Who { request: Box::new(request), server, flow });
        }
        let named = request.headers.get(&Name::Authorization).map(Credentials::parse);
        match named {
            // What is of another scheme proves nothing here.
            None | Some(Err(DigestError::OtherScheme)) => self.challenge(now, server, &request, false),
            Some(Err(_)) => self.refuse(now, Some(server), &request, 400),
            Some(Ok(credentials)) => {
                // First, for who is admitted must be decided about. For help there is always room that others cannot take.
                let most = if is_for_help(&request) { QUESTIONS_MAX * 2 } else { QUESTIONS_MAX };
                if self.questions.len() >= most {
                    return self.refuse(now, Some(server), &request, 503);
                }
                let admitted = self.guard_of(&request).admit(flow.remote.ip(), &credentials.username, now.instant);
                if let Err(seconds) = admitted {
                    let mut response = self.response(&request, 503);
                    response.headers.push(Name::RetryAfter, seconds.to_string());
                    return self.transactions.respond(now.instant, server, response);
                }
                let question = Question::Phone { user: credentials.username };
                self.ask(question, Asked::Who { request: Box::new(request), server, flow });
            }
        }
    }

    /// Who counts the wrong passwords of such a request.
    pub(super) fn guard_of(&mut self, request: &Request) -> &mut Guard {
        if is_for_help(request) { &mut self.guard_of_help } else { &mut self.guard }
    }

    /// Whose connection it is, if that was proven before it was made: a line of ours, for somebody who has signed in.
    pub(super) fn trusted_user(&self, flow: Flow) -> Option<&str> {
        self.trusted.get(&flow.connection?).map(|(user, _)| user.as_str())
    }

    /// Whether a phone that is reached this way is a page of ours in a browser.
    pub(super) fn is_in_browser(&self, flow: Flow) -> bool {
        self.trusted_user(flow).is_some()
    }

    fn trusted_account(&self, flow: Flow) -> Option<AccountId> {
        self.trusted.get(&flow.connection?).map(|(_, account)| *account)
    }

    fn challenge(&mut self, now: Now, server: ServerId, request: &Request, stale: bool) {
        let mut response = self.response(request, 401);
        for value in self.challenges.challenge(now.instant, stale) {
            response.headers.push(Name::WwwAuthenticate, value);
        }
        self.transactions.respond(now.instant, server, response);
    }

    /// The directory has told who the named user is; now the digest must be theirs.
    pub(super) fn identified(
        &mut self,
        now: Now,
        server: ServerId,
        flow: Flow,
        request: Request,
        phone: Option<Phone>,
    ) {
        if let Some(account) = self.trusted_account(flow) {
            return match phone.filter(|phone| phone.account == account) {
                Some(phone) => self.admitted(now, server, flow, request, phone),
                None => self.refuse(now, Some(server), &request, 403),
            };
        }
        let header = request.headers.get(&Name::Authorization).unwrap_or_default();
        let Ok(credentials) = Credentials::parse(header) else {
            return self.refuse(now, Some(server), &request, 400);
        };
        self.guard_of(&request).decided(flow.remote.ip(), &credentials.username);
        // A user that there is not takes as long as a known one.
        let verdict = match &phone {
            Some(phone) => {
                let ha1 = Ha1 { md5: &phone.ha1_md5, sha256: &phone.ha1_sha256 };
                self.challenges.verify(now.instant, &credentials, &request, &ha1)
            }
            None => self.challenges.verify_nobody(now.instant, &credentials, &request),
        };
        match (verdict, phone) {
            (Verdict::Good, Some(phone)) => self.admitted(now, server, flow, request, phone),
            (Verdict::Stale | Verdict::Replayed, _) => self.challenge(now, server, &request, true),
            // One answer for a wrong password and for a user that there is not.
            (Verdict::Good | Verdict::Wrong, _) => {
                self.guard_of(&request).failed(flow.remote.ip(), &credentials.username, now.instant);
                self.challenge(now, server, &request, false);
            }
            (Verdict::Malformed, _) => self.refuse(now, Some(server), &request, 400),
        }
    }

    fn admitted(&mut self, now: Now, server: ServerId, flow: Flow, request: Request, phone: Phone) {
        match request.method {
            Method::Register => self.register(now, server, flow, &request, &phone),
            _ => self.dial(now, server, flow, request, &phone),
        }
    }

    fn register(&mut self, now: Now, server: ServerId, flow: Flow, request: &Request, phone: &Phone) {
        // The user that registers is the one whose password it is (RFC 3261 §10.3, step 3 and 4).
        let user = match self.trusted_user(flow) {
            Some(user) => user.to_owned(),
            None => {
                let header = request.headers.get(&Name::Authorization).unwrap_or_default();
                Credentials::parse(header).map(|credentials| credentials.username).unwrap_or_default()
            }
        };
        let of = request.headers.to().ok().and_then(|to| to.uri.user);
        if of.as_deref() != Some(user.as_str()) {
            return self.refuse(now, Some(server), request, 403);
        }
        let owner = Owner { account: phone.account, customer: phone.customer, user };
        match self.registrar.register(&owner, request, flow, now.instant) {
            Ok(changes) => {
                for change in changes {
                    match &change {
                        Change::Kept(binding) => self.show_binding(now, binding),
                        Change::Removed(binding) => {
                            self.feed.forget_registration(binding.account, &binding.contact.to_string());
                        }
                    }
                    self.outputs.push_back(Output::Binding(Box::new(change)));
                }
                self.registered(now, server, request, phone);
            }
            Err(error) => {
                let mut response = self.response(request, error.status());
                if error.status() == 423 {
                    response.headers.push(Name::MinExpires, EXPIRES_MIN.to_string());
                }
                self.transactions.respond(now.instant, server, response);
            }
        }
    }

    /// 200 with every phone of the account (RFC 3261 §10.3, step 8).
    fn registered(&mut self, now: Now, server: ServerId, request: &Request, phone: &Phone) {
        let mut response = self.response(request, 200);
        for binding in self.registrar.of(phone.account) {
            let left = binding.expires.saturating_duration_since(now.instant).as_secs();
            response.headers.push(Name::Contact, format!("<{}>;expires={left}", binding.contact));
        }
        self.transactions.respond(now.instant, server, response);
    }

    /// Keeps the ways through the NATs open: to every phone that is not where it says, a datagram that means nothing (RFC 6223,
    /// RFC 5626 §3.5.1: a double CRLF is for streams; over UDP phones drop it).
    pub(super) fn keep_ways_open(&mut self, now: Now) {
        let behind_nat = |binding: &&Binding| {
            let said = binding.contact.host.ip().map(|ip| (ip, binding.contact.port.unwrap_or(5060)));
            let is = binding.flow.remote;
            binding.flow.transport == Transport::Udp && said != Some((is.ip(), is.port()))
        };
        let flows: Vec<_> = self.registrar.all().filter(behind_nat).map(|binding| binding.flow).collect();
        for flow in flows {
            self.outputs.push_back(Output::Send { flow, bytes: Bytes::from_static(b"\r\n\r\n") });
        }
        self.schedule(Due::KeepAlive, Some(now.instant + KEEP_ALIVE_EVERY));
    }

    /// Puts a phone into the live feed.
    pub(super) fn show_binding(&self, now: Now, binding: &Binding) {
        self.feed.show_registration(registration(now, binding), self.is_in_browser(binding.flow));
    }

    pub(super) fn bindings_gone(&mut self, gone: Vec<Binding>) {
        for binding in gone {
            self.feed.forget_registration(binding.account, &binding.contact.to_string());
            self.outputs.push_back(Output::Binding(Box::new(Change::Removed(binding))));
        }
    }
}

/// Whether a request begins a call for help.
fn is_for_help(request: &Request) -> bool {
    request.method == Method::Invite && calls_for_help(request)
}

/// A binding as it is shown.
#[must_use]
pub fn registration(now: Now, binding: &Binding) -> Registration {
    Registration {
        account: binding.account,
        customer: binding.customer,
        sip_user: binding.user.clone(),
        contact: binding.contact.to_string(),
        source: format!("{} {}", binding.flow.transport, binding.flow.remote),
        user_agent: binding.user_agent.clone(),
        since: on_the_wall(now, binding.since),
        expires: on_the_wall(now, binding.expires),
    }
}

/// What the wall clock shows at a moment of the other clock.
fn on_the_wall(now: Now, at: Instant) -> Timestamp {
    let milliseconds = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match at.checked_duration_since(now.instant) {
        Some(ahead) => Timestamp(now.wall.0.saturating_add(milliseconds(ahead))),
        None => Timestamp(now.wall.0.saturating_sub(milliseconds(now.instant.saturating_duration_since(at)))),
    }
}
