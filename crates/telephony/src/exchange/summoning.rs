//! How does a manager come into a call from the console, and into the agent's next ones? His phones are rung, or he goes over
//! with the phone that he has; he follows the agent, or no longer.

use std::time::Duration;

use tandem_domain::{
    calls::{Party, ReleaseCause},
    ids::{AccountId, CallId, XdrId},
    supervision::Refused,
};

use super::{
    Due, Entry, Exchange, Media, Now,
    arrivals::Asked,
    supervising::{Supervision, account_of, refusal},
};
use crate::{
    call::{
        self, About, Call,
        hunt::{Hunt, Target},
    },
    directory::{Question, Route, RouteAction, Supervise},
    ids::LegId,
};

/// For how long who looks is told that a manager's phones were rung for nothing.
const MISSED_FOR: Duration = Duration::from_secs(60);

/// A manager whose phones ring.
#[derive(Debug)]
pub(super) struct Summons {
    pub(super) request: Supervise,
    pub(super) follow: bool,
    /// Which of the agent's calls.
    call: Option<CallId>,
    /// What his browser knows the call again by.
    pub(super) ticket: Option<String>,
    /// Whether the phones on his desk ring, and not his browser.
    pub(super) desk: bool,
}

/// What a manager asked for in the console, beside whom and how.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Whether he stays for the agent's next calls.
    pub(super) follow: bool,
    /// Which of the agent's calls; `None`: the one in which the agent talks.
    pub(super) call: Option<CallId>,
    /// What his browser knows the call again by that rings it.
    pub(super) ticket: Option<String>,
    /// Whether the phones on his desk are to ring, and not his browser.
    pub(super) desk: bool,
}

impl<M: Media> Exchange<M> {
    /// The phones of a manager are rung, who will join when he answers. One who is in a call already goes over to the other one
    /// with the phone that he has; but who wants the phone on his desk, and has his browser, is rung there.
    pub(super) fn summon(&mut self, now: Now, route: Route, wanted: Wanted) {
        let Wanted { follow, call, ticket, desk } = wanted;
        let Route { customer: Some(customer), direction, caller, callee, action: RouteAction::Supervise(request) } =
            route
        else {
            // He has no service, or is not there any more.
            return;
        };
        let Some(manager) = caller.account else { return };
        if let Some(leg) = self.phone_of(manager, desk) {
            return self.go_over(now, leg, callee, *request, call, follow);
        }
        if let Some((own, same)) = self.rung_for(manager, desk) {
            if same || self.to_supervise(Some(manager), &request, call).is_err() {
                let wanted = Summons { request: *request, follow, call, ticket, desk };
                return self.ring_for_another(now, own, wanted, callee);
            }
            // It is another phone that is to ring.
            self.call_event(now, own, call::Event::End(ReleaseCause::Normal));
        }
        if self.is_full() {
            return;
        }
        let id = CallId(self.new_uuid(now.wall));
        let dialled = callee.number.clone();
        let target = Target::account(manager, caller.clone(), false);
        let about = About {
            id,
            customer,
            direction,
            caller,
            callee,
            dialled,
            huntgroup: None,
            started: now.wall,
            answered: None,
        };
        if let Err(refused) = self.to_supervise(Some(manager), &request, call) {
            let note = refusal(now, &about, request.actor, None, refused);
            return self.note_refusal(now, call, note);
        }
        let record = XdrId(self.new_uuid(now.wall));
        let (own, actions) = Call::summoning(about, Hunt::alone(target), now.instant);
        let caller = own.caller();
        let entry = Entry::new(own, caller, 70, record);
        self.calls.insert(id, entry);
        self.summons.insert(id, Summons { request: *request, follow, call, ticket, desk });
        self.forget_missed(Some(manager));
        self.perform(now, id, actions);
    }

    /// The call by which a manager's phones are being rung, and whether these are the ones that he wants now.
    fn rung_for(&self, manager: AccountId, desk: bool) -> Option<(CallId, bool)> {
        let is_his =
            |own: &CallId| self.calls.get(own).is_some_and(|entry| entry.call.about.caller.account == Some(manager));
        let found = self.summons.iter().find(|(own, _)| is_his(own));
        found.map(|(own, summons)| (*own, summons.desk == desk))
    }

    /// A manager whose phones ring wants something else, or the same once more: they go on ringing, for that. Where he may not,
    /// they ring for what they rang for.
    fn ring_for_another(&mut self, now: Now, own: CallId, wanted: Summons, agent: Party) {
        let Some(entry) = self.calls.get_mut(&own) else { return };
        let manager = entry.call.about.caller.account;
        let (about, actor) = (entry.call.about.clone(), wanted.request.actor.clone());
        match self.to_supervise(manager, &wanted.request, wanted.call) {
            Ok(_) => {
                if let Some(entry) = self.calls.get_mut(&own) {
                    entry.call.about.callee = agent;
                }
                self.summons.insert(own, wanted);
                self.show(own);
            }
            Err(refused) => {
                // It is about whom he wanted, not about whom he is being rung for.
                let about = About { callee: agent, ..about };
                let note = refusal(now, &about, actor, None, refused);
                self.note_refusal(now, wanted.call, note);
            }
        }
    }

    /// The phone with which a manager is in a call, or waits for one: the one with which he came last. `desk`: his browser is
    /// none.
    fn phone_of(&self, manager: AccountId, desk: bool) -> Option<LegId> {
        let all = self.supervisions.iter().chain(&self.followers);
        let own = all.filter(|(leg, supervision)| {
            supervision.manager.account == Some(manager) && !(desk && self.has_browser(**leg))
        });
        own.max_by_key(|(_, supervision)| supervision.own).map(|(leg, _)| *leg)
    }

    /// Whether the phone of a leg is a page of ours in a browser.
    fn has_browser(&self, leg: LegId) -> bool {
        self.legs.get(&leg).is_some_and(|leg| self.is_in_browser(leg.flow()))
    }

    /// Who has taken the phone on his desk needs his browser no longer for that.
    fn put_browser_away(&mut self, now: Now, manager: Option<AccountId>) {
        let all = self.supervisions.iter().chain(&self.followers);
        let own = all.filter(|(leg, one)| one.manager.account == manager && self.has_browser(**leg));
        let calls: Vec<_> = own.map(|(_, supervision)| supervision.own).collect();
        for call in calls {
            self.call_event(now, call, call::Event::End(ReleaseCause::Normal));
        }
    }

    /// A manager goes over to another call with the phone that he has. Where he may not, he stays where he is.
    fn go_over(
        &mut self,
        now: Now,
        leg: LegId,
        agent: Party,
        request: Supervise,
        wanted: Option<CallId>,
        follow: bool,
    ) {
        let Some(before) = self.supervisions.get(&leg).or_else(|| self.followers.get(&leg)) else { return };
        let (own, manager, there) = (before.own, before.manager.account, (before.call, before.agent));
        let volumes = before.volumes;
        let found = self.to_supervise(manager, &request, wanted);
        match found {
            Ok(found) if found == there && self.is_supervisor(leg) => {
                self.forget_missed(manager);
                self.change_mode(now, leg, request.mode);
            }
            Ok(found) => {
                self.supervisor_gone(now, leg);
                let agent = self.legs.get(&found.1).map(|agent| agent.party.clone());
                if let (Some(entry), Some(agent)) = (self.calls.get_mut(&own), agent) {
                    entry.call.about.callee = agent;
                }
                self.join(now, leg, own, request, found, follow);
                self.set_volumes(leg, volumes);
            }
            Err(refused) => {
                let Some(entry) = self.calls.get(&own) else { return };
                // It is about whom he wanted, not about whom he listens to.
                let about = About { callee: agent, ..entry.call.about.clone() };
                let address = self.legs.get(&leg).map(|leg| leg.flow().remote.ip());
                let note = refusal(now, &about, request.actor, address, refused);
                self.note_refusal(now, wanted, note);
            }
        }
    }

    /// The agent's call was over before the manager answered: he waits for the next one, as he wanted to.
    fn wait_for_next(&mut self, now: Now, leg: LegId, own: CallId, request: Supervise) {
        // Of no call yet: it is set as soon as he joins one.
        let Some(waiting) = self.manager_at(leg, own, request, (own, leg), true) else { return };
        self.followers.insert(leg, waiting);
        self.call_event(now, own, call::Event::SupervisionWaits);
        self.show(own);
        // The agent may be on another call already.
        self.ask_for_next(leg);
    }

    /// Asks whether a manager who waits may join the call in which the agent is, if he is in one.
    pub(super) fn ask_for_next(&mut self, leg: LegId) {
        let Some(waiting) = self.followers.get(&leg) else { return };
        if let (Some(manager), Some(agent)) = (waiting.manager.account, waiting.request.agent) {
            let question = Question::Supervise { manager, agent, mode: waiting.mode };
            self.ask(question, Asked::Follow { manager: leg });
        }
    }

    /// The manager has answered.
    pub(super) fn summoned(&mut self, now: Now, own: CallId, leg: LegId) {
        if let Some(entry) = self.calls.get_mut(&own) {
            entry.caller = leg;
        }
        let Some(Summons { request, follow, call, ticket: _, desk }) = self.summons.remove(&own) else { return };
        let manager = self.legs.get(&leg).and_then(account_of);
        match self.to_supervise(manager, &request, call) {
            Ok(found) => {
                if desk {
                    self.put_browser_away(now, manager);
                }
                self.join(now, leg, own, request, found, follow);
                // The phone may have rung for minutes.
                self.ask_for_leave(leg);
            }
            Err(Refused::NoCall | Refused::Protected) if follow && request.may.is_ok() => {
                self.wait_for_next(now, leg, own, request);
            }
            refused @ Err(_) => {
                // The agent's call has ended meanwhile.
                self.missed(now, own, manager);
                self.begin_supervision(now, leg, own, request, refused);
                self.call_event(now, own, call::Event::SupervisionOver);
            }
        }
    }

    /// A manager's phones were rung by this call, which is still shown, for nothing. They may have rung for a moment only (a phone
    /// that is busy): it is told for a while, until he joins something else.
    pub(super) fn missed(&mut self, now: Now, own: CallId, manager: Option<AccountId>) {
        let Some(manager) = manager else { return };
        self.feed.show_missed(own);
        self.schedule(Due::Missed(manager), Some(now.instant + MISSED_FOR));
    }

    /// He does something else, of which he is told.
    pub(super) fn forget_missed(&mut self, manager: Option<AccountId>) {
        if let Some(manager) = manager {
            self.feed.forget_missed(manager);
            self.schedule(Due::Missed(manager), None);
        }
    }

    /// A manager stays for the agent's next calls, or no longer.
    pub(super) fn follow(&mut self, now: Now, own: CallId, on: bool) {
        let found = self.supervisions.values_mut().find(|supervision| supervision.own == own);
        let call = found.map(|supervision| {
            supervision.follow = on;
            supervision.call
        });
        if let Some(summons) = self.summons.get_mut(&own) {
            summons.follow = on;
        }
        let waiting = self.followers.iter().find(|(_, waiting)| waiting.own == own && !on).map(|(leg, _)| *leg);
        if let Some(leg) = waiting {
            self.followers.remove(&leg);
            self.call_event(now, own, call::Event::SupervisionOver);
        }
        self.show(own);
        if let Some(call) = call {
            self.show(call);
        }
    }

    /// Two parties talk: who waits for one of them may join, if the records still say so.
    pub(super) fn tell_followers(&mut self, call: CallId) {
        let Some((one, other)) = self.calls.get(&call).and_then(|entry| entry.call.parties()) else { return };
        let parties = [one, other].map(|leg| self.legs.get(&leg).and_then(account_of));
        let waits = |waiting: &Supervision| waiting.request.agent.is_some() && parties.contains(&waiting.request.agent);
        let waiting: Vec<_> = self.followers.iter().filter(|(_, one)| waits(one)).map(|(leg, _)| *leg).collect();
        waiting.into_iter().for_each(|leg| self.ask_for_next(leg));
    }

    /// The records have told whether a manager who waits may join the agent's next call.
    pub(super) fn join_next(&mut self, now: Now, leg: LegId, route: Route) {
        // He has joined by an earlier answer: it is asked anew whether he may.
        let Some(waiting) = self.followers.get(&leg) else { return self.ask_for_leave(leg) };
        let (own, mode, manager) = (waiting.own, waiting.mode, waiting.manager.account);
        let volumes = waiting.volumes;
        let RouteAction::Supervise(request) = route.action else {
            self.followers.remove(&leg);
            return self.call_event(now, own, call::Event::SupervisionOver);
        };
        match self.to_supervise(manager, &request, None) {
            Ok(found) => {
                self.followers.remove(&leg);
                self.join(now, leg, own, Supervise { mode, ..*request }, found, true);
                self.set_volumes(leg, volumes);
            }
            // That call is over already, or not for him: the next one counts.
            Err(Refused::NoCall | Refused::IsSupervision) => {}
            Err(Refused::Protected) if request.may.is_ok() => {}
            refused @ Err(_) => {
                self.followers.remove(&leg);
                self.begin_supervision(now, leg, own, *request, refused);
                self.call_event(now, own, call::Event::SupervisionOver);
            }
        }
    }
}
