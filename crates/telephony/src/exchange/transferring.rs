//! Who takes whose place: transfers with and without consultation, and picking up (RFC 3515, 3891, 5589).

use tandem_domain::{
    calls::{Direction, Party},
    ids::{CallId, CustomerId},
};
use tandem_sip::{
    flow::Flow,
    message::{Replaces, Request, Uri},
    transaction::ServerId,
};

use super::{Exchange, Media, Now, arrivals::Asked};
use crate::{
    call::{self, Action, Plan, Segment, Why, outcome::Refusal},
    directory::{Question, Route, RouteAction},
    ids::LegId,
    leg::Peer,
};

impl<M: Media> Exchange<M> {
    /// A party asks that the other one talks to somebody else.
    pub(super) fn refer(&mut self, now: Now, leg: LegId, to: &Uri, replaces: Option<&Replaces>) {
        if let Some(replaces) = replaces {
            return self.join_after_consultation(now, leg, replaces);
        }
        let Some((call, Peer::Phone(account))) = self.legs.get(&leg).map(|leg| (leg.call, leg.peer.clone())) else {
            return self.tell(now, leg, 403);
        };
        let Some(number) = to.user.clone() else {
            return self.tell(now, leg, 484);
        };
        self.call_event(now, call, call::Event::Referred(leg));
        if self.calls.get(&call).is_some_and(|entry| entry.call.waits_for_plan_of(leg)) {
            let dialled = number.clone();
            self.ask(Question::Dialled { account, number }, Asked::Transfer { referrer: leg, call, dialled });
        }
    }

    fn tell(&mut self, now: Now, leg: LegId, status: u16) {
        self.with(now, leg, |leg, wire| leg.tell_transfer(wire, status));
    }

    /// The directory has told where a transfer goes. Who asked for it may have hung up meanwhile.
    pub(super) fn transfer_route(&mut self, now: Now, call: CallId, referrer: LegId, dialled: String, route: Route) {
        let huntgroup = route.huntgroup();
        let outside = route.direction == Direction::Outgoing && !route.is_for_help();
        let too_many = outside && self.has_too_many(route.caller.account);
        let Route { direction, caller, callee, action, .. } = route;
        let segment = Box::new(Segment { direction, caller, callee, dialled, huntgroup });
        let plan = if too_many { Plan::Refuse(Refusal::TOO_MANY) } else { self.plan(action) };
        self.call_event(now, call, call::Event::TransferPlan { referrer, plan, segment });
    }

    /// The directory could not tell.
    pub(super) fn transfer_unroutable(&mut self, now: Now, call: CallId, referrer: LegId) {
        let nobody = Route::refuse(None, Direction::Internal, Party::default(), Party::default(), Refusal::UNAVAILABLE);
        self.transfer_route(now, call, referrer, String::new(), nobody);
    }

    /// A party that talks to two others connects them, and leaves: who is left of this call takes the party's place in the
    /// other one.
    fn join_after_consultation(&mut self, now: Now, referrer: LegId, replaces: &Replaces) {
        let Some(call) = self.legs.get(&referrer).map(|leg| leg.call) else { return };
        let kept = self.calls.get(&call).and_then(|entry| entry.call.other(referrer));
        let Some((old, other_call)) = self.named(replaces).filter(|(_, other)| *other != call) else {
            return self.tell(now, referrer, 481);
        };
        let same_customer = self.customer_of(call) == self.customer_of(other_call);
        let possible = self.calls.get(&other_call).is_some_and(|entry| entry.call.can_replace(old, true));
        let Some(kept) = kept.filter(|_| same_customer && possible) else {
            return self.tell(now, referrer, 481);
        };
        self.toll_follows(now, kept, other_call);
        let mut holds = false;
        if let Some(leg) = self.legs.get_mut(&kept) {
            leg.call = other_call;
            holds = leg.negotiation.is_held();
        }
        self.tell(now, referrer, 200);
        let managers = self.calls.get_mut(&call).map(|entry| entry.call.take_supervisors(kept)).unwrap_or_default();
        self.recordings_follow(now, call, other_call);
        self.call_event(now, call, call::Event::TakenAway(kept));
        self.call_event(now, other_call, call::Event::Replaced { old, new: kept, answered: true, holds });
        self.supervisors_follow(now, managers, other_call);
        self.tell_followers(other_call);
        self.perform(now, other_call, vec![Action::Release { leg: old, why: Why::Transferred }]);
    }

    /// A phone calls in order to take somebody's place, and has service.
    pub(super) fn pick_up(
        &mut self,
        now: Now,
        server: ServerId,
        flow: Flow,
        invite: Request,
        peer: Peer,
        route: Route,
    ) {
        let Ok(Some(replaces)) = invite.headers.replaces() else {
            return self.refuse(now, Some(server), &invite, 400);
        };
        let Some((old, call)) = self.named(&replaces) else {
            return self.refuse(now, Some(server), &invite, 481);
        };
        if self.customer_of(call) != route.customer {
            return self.refuse(now, Some(server), &invite, 481);
        }
        let possible = self.calls.get(&call).is_some_and(|entry| entry.call.can_replace(old, false));
        if !possible || replaces.early_only {
            return self.refuse(now, Some(server), &invite, 486);
        }
        // It is a call to outside of whoever talks there.
        if self.leads_outside(call) && self.has_too_many(route.caller.account) {
            let refused = Route { action: RouteAction::Refuse(Refusal::TOO_MANY), ..route };
            return self.begin_call(now, server, flow, invite, peer, refused);
        }
        match self.arriving(now, server, flow, call, route.caller, invite.clone(), peer) {
            Err(status) => self.refuse(now, Some(server), &invite, status),
            Ok(new) => {
                self.call_event(now, call, call::Event::Replaced { old, new, answered: false, holds: false });
                self.perform(now, call, vec![Action::Release { leg: old, why: Why::Transferred }]);
            }
        }
    }

    /// The leg that another user agent means.
    fn named(&self, replaces: &Replaces) -> Option<(LegId, CallId)> {
        let id = self.tags.get(&replaces.to_tag).copied()?;
        let leg = self.legs.get(&id).filter(|leg| leg.is_named_by(replaces))?;
        Some((id, leg.call))
    }

    fn customer_of(&self, call: CallId) -> Option<CustomerId> {
        self.calls.get(&call).map(|entry| entry.call.about.customer)
    }
}
