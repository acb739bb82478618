//! How an INVITE becomes a call.

use std::time::Duration;

use rand::seq::SliceRandom as _;
use tandem_domain::{
    calls::{Direction, EndedBy, Party},
    huntgroup::RingStrategy,
    ids::{HuntgroupId, XdrId},
    numbers::{compact, is_emergency},
};
use tandem_sip::{
    flow::{Flow, Transport},
    message::{Name, NameAddr, Request},
    transaction::ServerId,
};

use super::{Entry, Exchange, Media, Now, Output};
use crate::{
    call::{
        About, Call, Plan,
        hunt::{Hunt, Reach, Target},
        outcome::Refusal,
    },
    directory::{Phone, Question, Route, RouteAction},
    leg::{Arrival, ArrivalError, Leg, Peer, Wire, encryption::Policy, negotiation::Negotiation},
};

impl<M: Media> Exchange<M> {
    /// An INVITE outside of any dialog.
    pub(super) fn invited(&mut self, now: Now, server: ServerId, flow: Flow, request: Request) {
        if self.is_swamped() && !calls_for_help(&request) {
            return self.refuse(now, Some(server), &request, 503);
        }
        if self.settings.is_trunk(flow) {
            if !is_described(&request) {
                return self.refuse(now, Some(server), &request, 415);
            }
            self.trunk_calls(now, server, flow, request);
        } else {
            self.authenticate(now, server, flow, request);
        }
    }

    fn trunk_calls(&mut self, now: Now, server: ServerId, flow: Flow, request: Request) {
        let registered = self.settings.trunk.as_ref().and_then(|trunk| trunk.credentials.as_ref());
        let Some(number) = called_number(&request, registered.map(|(user, _)| user.as_str())) else {
            return self.refuse(now, Some(server), &request, 484);
        };
        let caller = caller_of(&request);
        let question = Question::FromTrunk { number, caller };
        self.ask_dialled(request, server, flow, Peer::Trunk, None, question);
    }

    /// A phone whose digest was good calls.
    pub(super) fn dial(&mut self, now: Now, server: ServerId, flow: Flow, request: Request, phone: &Phone) {
        if !is_described(&request) {
            return self.turn_down(now, server, &request, Some(phone.into()), Refusal::NO_DESCRIPTION);
        }
        match request.headers.replaces() {
            Ok(Some(_)) => {
                let (peer, question) = (Peer::Phone(phone.account), Question::PickUp { account: phone.account });
                return self.ask_dialled(request, server, flow, peer, Some(phone.into()), question);
            }
            Ok(None) => {}
            Err(_) => return self.refuse(now, Some(server), &request, 400),
        }
        let Some(number) = request.uri.user.clone() else {
            return self.turn_down(now, server, &request, Some(phone.into()), Refusal::INCOMPLETE);
        };
        if self.has_no_room_for(&request) {
            return self.turn_down(now, server, &request, Some(phone.into()), Refusal::UNAVAILABLE);
        }
        let question = Question::Dialled { account: phone.account, number };
        self.ask_dialled(request, server, flow, Peer::Phone(phone.account), Some(phone.into()), question);
    }

    /// The directory has told what becomes of the call.
    pub(super) fn begin_call(
        &mut self,
        now: Now,
        server: ServerId,
        flow: Flow,
        invite: Request,
        peer: Peer,
        route: Route,
    ) {
        let Some(customer) = route.customer else {
            return self.refuse(now, Some(server), &invite, 404);
        };
        if route.action == RouteAction::PickUp {
            return self.pick_up(now, server, flow, invite, peer, route);
        }
        let about = About {
            id: tandem_domain::ids::CallId(self.new_uuid(now.wall)),
            customer,
            direction: route.direction,
            caller: route.caller.clone(),
            callee: route.callee.clone(),
            dialled: invite.uri.user.clone().unwrap_or_default().chars().take(64).collect(),
            huntgroup: route.huntgroup(),
            started: now.wall,
            answered: None,
        };
        if self.has_no_room_for(&invite) {
            return self.turn_away(now, server, &invite, about, Refusal::UNAVAILABLE);
        }
        let for_help = calls_for_help(&invite);
        let max_forwards = invite.headers.max_forwards().ok().flatten().unwrap_or(70);
        let arrived = self.arrive(now, server, flow, &about, invite, peer);
        let Some(leg) = arrived else { return };
        let too_many = about.direction == Direction::Outgoing && !for_help && self.has_too_many(about.caller.account);
        let supervise = match &route.action {
            RouteAction::Supervise(request) => {
                Some((self.to_supervise(about.caller.account, request, None), (**request).clone()))
            }
            RouteAction::Refuse(_)
            | RouteAction::Service { .. }
            | RouteAction::PickUp
            | RouteAction::Ring(_)
            | RouteAction::Group { .. } => None,
        };
        let plan = match &supervise {
            Some((Ok(_), _)) => Plan::Supervise,
            Some((Err(refused), _)) => Plan::Refuse(Refusal::of_supervision(*refused)),
            None if too_many => Plan::Refuse(Refusal::TOO_MANY),
            None => self.plan(route.action),
        };
        let id = about.id;
        let record = XdrId(self.new_uuid(now.wall));
        let (call, actions) = Call::new(about, leg, plan, now.instant);
        self.calls.insert(id, Entry::new(call, leg, max_forwards, record));
        self.perform(now, id, actions);
        if let Some((found, request)) = supervise {
            self.begin_supervision(now, leg, id, request, found);
        }
    }

    /// Makes the caller's leg. When that cannot be done the INVITE is answered, and a record kept.
    fn arrive(
        &mut self,
        now: Now,
        server: ServerId,
        flow: Flow,
        about: &About,
        invite: Request,
        peer: Peer,
    ) -> Option<crate::ids::LegId> {
        match self.arriving(now, server, flow, about.id, about.caller.clone(), invite.clone(), peer) {
            Ok(leg) => Some(leg),
            Err(status) => {
                let refusal = Refusal { status, by: EndedBy::Exchange, ..Refusal::of_status(status) };
                self.turn_away(now, server, &invite, about.clone(), refusal);
                None
            }
        }
    }

    /// A leg of an INVITE; the status to answer it with, if it cannot be made.
    #[expect(clippy::too_many_arguments, reason = "what an INVITE brings with it")]
    pub(super) fn arriving(
        &mut self,
        now: Now,
        server: ServerId,
        flow: Flow,
        call: tandem_domain::ids::CallId,
        party: Party,
        invite: Request,
        peer: Peer,
    ) -> Result<crate::ids::LegId, u16> {
        let id = self.new_leg_id();
        let negotiation = self.open_media(id, flow, Policy::BestEffort)?;
        let sip_call_id = invite.headers.call_id().unwrap_or_default().to_owned();
        let contact = self.settings.contact_on(flow);
        let trunk = self.settings.trunk.as_ref().filter(|_| peer == Peer::Trunk);
        let login = trunk.and_then(|trunk| trunk.credentials.clone()).map(Into::into);
        let arrival = Arrival { id, call, party, peer, flow, contact, invite, server, negotiation, login };
        let mut wire = Wire { transactions: &mut self.transactions, now: now.instant, random: &mut self.random };
        let leg = Leg::arriving(arrival, &mut wire).map_err(|error: ArrivalError| {
            self.media.close(id);
            error.status()
        })?;
        self.outputs.push_back(Output::Belongs { sip_call_id, call });
        self.tags.insert(leg.local_tag().to_owned(), id);
        self.servers_of(id, Some(server));
        self.legs.insert(id, leg);
        self.describe(id);
        Ok(id)
    }

    /// Ports for a leg on a way; the SIP status if there are none. `policy` says how keys are offered where nobody can read
    /// them on the way; elsewhere they are not, unless the other end begins with it.
    pub(super) fn open_media(
        &mut self,
        leg: crate::ids::LegId,
        flow: Flow,
        policy: Policy,
    ) -> Result<Negotiation, u16> {
        use rand::{Rng as _, SeedableRng as _};
        // Fits what readers of `o=` take for a number: an NTP-like 32 bits and some.
        let session = u64::from(self.random.random::<u32>());
        match flow.transport {
            Transport::Udp | Transport::Tcp | Transport::Tls => {
                let local = self.settings.media_towards(flow).ok_or(488_u16)?;
                let address = self.media.open(leg, local).map_err(|_| 503_u16)?;
                let policy = if flow.transport == Transport::Tls { policy } else { Policy::WhereOffered };
                let secrets = rand::rngs::StdRng::from_rng(&mut self.random);
                Ok(Negotiation::new(address, session).with_encryption(policy, secrets))
            }
            // Who speaks SIP by WebSocket is a browser (RFC 7118), and its media are a browser's.
            Transport::Ws | Transport::Wss => {
                let local = self.media.open_browser(leg).map_err(|_| 488_u16)?;
                Ok(Negotiation::browser(local, session))
            }
        }
    }

    /// What the call does first.
    pub(super) fn plan(&mut self, action: RouteAction) -> Plan {
        match action {
            RouteAction::Refuse(refusal) => Plan::Refuse(refusal),
            RouteAction::Service { prompt, echo } => Plan::Service { prompt, echo },
            // Who dials it joins; nobody is handed over to a supervision, or to what an INVITE names.
            RouteAction::Supervise(_) | RouteAction::PickUp => Plan::Refuse(Refusal::NOT_ALLOWED),
            RouteAction::Ring(target) => Plan::Ring(Hunt::alone(target)),
            RouteAction::Group { id, strategy, ring, members, .. } => {
                Plan::Ring(self.hunt_in_group(id, strategy, ring, members))
            }
        }
    }

    fn hunt_in_group(
        &mut self,
        id: HuntgroupId,
        strategy: RingStrategy,
        ring: Duration,
        mut members: Vec<Target>,
    ) -> Hunt {
        match strategy {
            RingStrategy::Order | RingStrategy::Simultaneous => {}
            RingStrategy::Random => members.shuffle(&mut self.random),
            // Who never had a call of the group comes first, in the group's order.
            RingStrategy::LeastUsed => members.sort_by_key(|member| match &member.reach {
                Reach::Account(account) => self.last_used.get(&(id, *account)).copied(),
                Reach::Trunk { .. } => None,
            }),
        }
        Hunt::group(id, strategy, ring, members)
    }

    /// A member of a huntgroup took a call: it comes last the next time.
    pub(super) fn group_served(&mut self, now: Now, leg: crate::ids::LegId) {
        let Some(leg) = self.legs.get(&leg) else { return };
        let Peer::Phone(account) = leg.peer else { return };
        let group = self.calls.get(&leg.call).and_then(|entry| entry.call.about.huntgroup.clone());
        if let Some((group, _)) = group {
            self.last_used.insert((group, account), now.instant);
        }
    }
}

/// Whether what an INVITE brings with it, if it brings something, is a session description.
fn is_described(request: &Request) -> bool {
    request.body.is_empty() || request.headers.is_content_type("application/sdp")
}

/// Whether a request calls for help, written in any of the ways that dialling rules understand.
pub(super) fn calls_for_help(request: &Request) -> bool {
    let user = request.uri.user.as_deref().unwrap_or_default();
    is_emergency(compact(user).trim_start_matches('+').trim_end_matches('#'))
}

/// Who calls from outside: the number that the other network vouches for (RFC 3325), else the one in `From`; nobody, if the
/// caller wants that (RFC 3323 §4.2).
fn caller_of(request: &Request) -> Party {
    let privacy = request
        .headers
        .elements(&Name::Privacy)
        .any(|wish| wish.split(';').any(|wish| matches!(wish.trim(), "id" | "user" | "header" | "session")));
    if privacy {
        return Party { number: "anonymous".into(), name: String::new(), account: None };
    }
    let mut asserted = request.headers.elements(&Name::PAssertedIdentity).filter_map(|value| value.parse().ok());
    let from: Option<NameAddr> = asserted.next().or_else(|| request.headers.from().ok());
    let number = from.as_ref().and_then(|from| from.uri.user.clone()).map(|user| without_parameters(&user));
    let name = from.and_then(|from| from.display_name);
    let short = |text: Option<String>| text.unwrap_or_default().chars().take(64).collect();
    Party { number: short(number), name: short(name), account: None }
}

/// A number without what a network writes behind it (`+3225550744;npdi;rn=…`, RFC 4694).
fn without_parameters(user: &str) -> String {
    user.split(';').next().unwrap_or_default().to_owned()
}

/// The number that a trunk calls. One at which we registered calls our Contact, whose user is `registered`, and tells the
/// number in `To`.
fn called_number(request: &Request, registered: Option<&str>) -> Option<String> {
    let is_number =
        |user: &String| !user.is_empty() && user.trim_start_matches('+').chars().all(|c| c.is_ascii_digit());
    let number = |user: &Option<String>| user.as_deref().map(without_parameters).filter(is_number);
    let to = || request.headers.to().ok().and_then(|to| number(&to.uri.user));
    let called = number(&request.uri.user).filter(|called| Some(called.as_str()) != registered);
    called.or_else(to).or_else(|| request.uri.user.clone())
}
