//! How an INVITE becomes a call.

use std::time::Duration;

use rand::seq::SliceRandom as _;
use tandem_domain::{
    calls::{EndedBy, Party},
    huntgroup::RingStrategy,
    ids::HuntgroupId,
    numbers::{PhoneNumber, is_emergency},
};
use tandem_sip::{
    flow::Flow,
    message::{Name, Request},
    transaction::ServerId,
};

use super::{Entry, Exchange, Media, Now, Output, records::Draft};
use crate::{
    call::{
        About, Call, Plan,
        hunt::{Hunt, Reach, Target},
        outcome::Outcome,
    },
    directory::{Phone, Question, Route, RouteAction},
    leg::{Arrival, ArrivalError, Leg, Peer, Wire, negotiation::Negotiation},
};

impl<M: Media> Exchange<M> {
    /// An INVITE outside of any dialog.
    pub(super) fn invited(&mut self, now: Now, server: ServerId, flow: Flow, request: Request) {
        // Help is called however full it is.
        let for_help = request.uri.user.as_deref().is_some_and(is_emergency);
        if self.is_full() && (!for_help || self.draining) {
            return self.refuse(now, Some(server), &request, 503);
        }
        if !request.body.is_empty() && !request.headers.is_content_type("application/sdp") {
            return self.refuse(now, Some(server), &request, 415);
        }
        if self.settings.is_trunk(flow) {
            self.trunk_calls(now, server, flow, request);
        } else {
            self.authenticate(now, server, flow, request);
        }
    }

    fn trunk_calls(&mut self, now: Now, server: ServerId, flow: Flow, request: Request) {
        let Some(number) = called_number(&request) else {
            return self.refuse(now, Some(server), &request, 484);
        };
        let caller = caller_of(&request);
        let question = Question::FromTrunk { number, caller };
        self.ask_dialled(request, server, flow, Peer::Trunk, question);
    }

    /// A phone whose digest was good calls.
    pub(super) fn dial(&mut self, now: Now, server: ServerId, flow: Flow, request: Request, phone: &Phone) {
        match request.headers.replaces() {
            Ok(Some(replaces)) => return self.pick_up(now, server, flow, request, phone, &replaces),
            Ok(None) => {}
            Err(_) => return self.refuse(now, Some(server), &request, 400),
        }
        let Some(number) = request.uri.user.clone() else {
            return self.refuse(now, Some(server), &request, 484);
        };
        let question = Question::Dialled { account: phone.account, number };
        self.ask_dialled(request, server, flow, Peer::Phone(phone.account), question);
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
        let about = About {
            id: tandem_domain::ids::CallId(self.new_uuid(now.wall)),
            customer,
            direction: route.direction,
            caller: route.caller.clone(),
            callee: route.callee.clone(),
            dialled: invite.uri.user.clone().unwrap_or_default().chars().take(64).collect(),
            huntgroup: match &route.action {
                RouteAction::Group { id, name, .. } => Some((*id, name.clone())),
                RouteAction::Refuse(_) | RouteAction::Service { .. } | RouteAction::Ring(_) => None,
            },
            started: now.wall,
            answered: None,
        };
        let arrived = self.arrive(now, server, flow, &about, invite, peer);
        let Some(leg) = arrived else { return };
        let plan = self.plan(route.action);
        let id = about.id;
        let (call, actions) = Call::new(about, leg, plan, now.instant);
        self.calls.insert(id, Entry { call, caller: leg, callee: None });
        self.perform(now, id, actions);
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
                self.refuse(now, Some(server), &invite, status);
                let refusal = crate::call::outcome::Refusal::of_status(status);
                let outcome = Outcome { cause: refusal.cause, status, ended_by: EndedBy::Exchange };
                let draft = Draft::new(about.clone(), outcome, now.wall);
                self.keep(draft);
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
        let negotiation = self.open_media(id, flow)?;
        let sip_call_id = invite.headers.call_id().unwrap_or_default().to_owned();
        let contact = self.settings.contact_on(flow);
        let arrival = Arrival { id, call, party, peer, flow, contact, invite, server, negotiation };
        let mut wire = Wire { transactions: &mut self.transactions, now: now.instant, random: &mut self.random };
        let leg = Leg::arriving(arrival, &mut wire).map_err(|error: ArrivalError| {
            self.media.close(id);
            error.status()
        })?;
        self.outputs.push_back(Output::Belongs { sip_call_id, call });
        self.tags.insert(leg.local_tag().to_owned(), id);
        self.servers.insert(server, id);
        self.legs.insert(id, leg);
        self.describe(id);
        Ok(id)
    }

    /// Ports for a leg on a way; the SIP status if there are none.
    pub(super) fn open_media(&mut self, leg: crate::ids::LegId, flow: Flow) -> Result<Negotiation, u16> {
        use rand::Rng as _;
        let local = self.settings.media_towards(flow).ok_or(488_u16)?;
        let address = self.media.open(leg, local).map_err(|_| 503_u16)?;
        // Fits what readers of `o=` take for a number: an NTP-like 32 bits and some.
        Ok(Negotiation::new(address, u64::from(self.random.random::<u32>())))
    }

    /// What the call does first.
    pub(super) fn plan(&mut self, action: RouteAction) -> Plan {
        match action {
            RouteAction::Refuse(refusal) => Plan::Refuse(refusal),
            RouteAction::Service { prompt, echo } => Plan::Service { prompt, echo },
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

/// Who calls from outside: the number that the other network vouches for (RFC 3325), else the one in `From`.
fn caller_of(request: &Request) -> Party {
    let asserted = request.headers.get(&Name::PAssertedIdentity).and_then(|value| value.parse().ok());
    let from = asserted.or_else(|| request.headers.from().ok());
    let number = from.as_ref().and_then(|from: &tandem_sip::message::NameAddr| from.uri.user.clone());
    let name = from.and_then(|from| from.display_name);
    let short = |text: Option<String>| text.unwrap_or_default().chars().take(64).collect();
    Party { number: short(number), name: short(name), account: None }
}

/// The number that a trunk calls. One at which we registered calls our Contact, and tells the number in `To`.
fn called_number(request: &Request) -> Option<String> {
    let number = |user: &Option<String>| {
        user.clone().filter(|user| user.trim_start_matches('+').chars().all(|c| c.is_ascii_digit()) && !user.is_empty())
    };
    let to = request.headers.to().ok().and_then(|to| number(&to.uri.user));
    number(&request.uri.user).or(to).or_else(|| request.uri.user.clone())
}

/// A public number as it is written in a SIP URI.
pub(super) fn uri_user(number: &PhoneNumber) -> String {
    number.to_string()
}
