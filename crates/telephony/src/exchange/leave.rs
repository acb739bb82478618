//! Does a manager's leave to be in a call still hold? It may be withdrawn while he is there, and somebody may come into the call
//! whom he must never hear (PRODUCT §1, "Who may").

use std::time::Duration;

use tandem_domain::{ids::AccountId, supervision::Refused};
use tandem_media::Hears;

use super::{
    Due, Exchange, Media, Now, QuestionId,
    arrivals::Asked,
    supervising::{Supervision, account_of, field},
};
use crate::{
    call,
    directory::{Question, Route, RouteAction, Supervise},
    ids::LegId,
};

/// How often the records are asked, beside each time that this program changes them: another program may, too.
const EVERY: Duration = Duration::from_secs(10);
/// How soon they are asked when rights were changed: many changes are one question.
const SOON: Duration = Duration::from_millis(300);

impl<M: Media> Exchange<M> {
    /// From now on it is asked again and again whether a manager still may.
    pub(super) fn watch_leave(&mut self, now: Now, manager: LegId) {
        self.ask_for_leave_within(now, manager, EVERY);
    }

    fn ask_for_leave_within(&mut self, now: Now, manager: LegId, time: Duration) {
        let (due, at) = (Due::Leave(manager), now.instant + time);
        if self.scheduled.get(&due).is_none_or(|known| *known > at) {
            self.schedule(due, Some(at));
        }
    }

    /// Asks the records. Nothing, if he has left.
    pub(super) fn ask_for_leave(&mut self, manager: LegId) {
        self.ask_for_next(manager);
        if let Some((account, agent, mode)) = self.leave_of(manager) {
            let question = Question::Supervise { manager: account, agent, mode };
            self.ask(question, Asked::Leave { manager, agent });
            let newest = QuestionId(self.next_question);
            if let Some(supervision) = self.supervisions.get_mut(&manager) {
                supervision.leave_asked = Some(newest);
            }
        }
    }

    /// Rights have been changed: perhaps those of managers who are in a call, or wait for one.
    pub(super) fn ask_for_every_leave(&mut self, now: Now) {
        let managers: Vec<_> = self.supervisions.keys().chain(self.followers.keys()).copied().collect();
        managers.into_iter().for_each(|manager| self.ask_for_leave_within(now, manager, SOON));
    }

    /// The records have answered. What they said of another agent, or before they were asked anew, does not count.
    pub(super) fn leave_known(&mut self, now: Now, id: QuestionId, manager: LegId, agent: AccountId, route: &Route) {
        let is_newest = |asked: &Supervision| asked.leave_asked == Some(id) && asked.request.agent == Some(agent);
        if !self.supervisions.get(&manager).is_some_and(is_newest) {
            return;
        }
        let refused = match &route.action {
            RouteAction::Supervise(request) => {
                self.protect(now, manager, request);
                request.may.err()
            }
            // He has no service any more.
            RouteAction::Refuse(_)
            | RouteAction::Service { .. }
            | RouteAction::PickUp
            | RouteAction::Ring(_)
            | RouteAction::Group { .. } => Some(Refused::NotAllowed),
        };
        match refused {
            None => self.watch_leave(now, manager),
            Some(refused) => {
                let Some(own) = self.note_withdrawn(now, manager, refused) else { return };
                self.supervisor_gone(now, manager);
                self.call_event(now, own, call::Event::SupervisionOver);
            }
        }
    }
    // Who is protected ------------------------------------------------------------------------------------------------

    /// Whether a manager must not hear who is at this leg.
    pub(super) fn is_protected(&self, request: &Supervise, leg: LegId) -> bool {
        let account = self.legs.get(&leg).and_then(account_of);
        account.is_some_and(|account| request.protected.contains(&account))
    }

    /// Who is protected may be another now. One who talks to the agent is heard no longer.
    fn protect(&mut self, now: Now, manager: LegId, asked: &Supervise) {
        let Some(supervision) = self.supervisions.get_mut(&manager) else { return };
        supervision.request.protected.clone_from(&asked.protected);
        let (call, agent) = (supervision.call, supervision.agent);
        let client = self.calls.get(&call).and_then(|entry| entry.call.other(agent));
        if client.is_some_and(|client| self.is_protected(asked, client)) {
            self.shut_out(now, manager);
        }
    }

    /// Takes from what managers are to hear the rows in which somebody is whom they must not hear; gives their legs. Every row
    /// passes here, whatever brought the two together: a transfer, a pick-up, the end of holding.
    pub(super) fn silence_protected(&self, rows: &mut [(LegId, Hears)]) -> Vec<LegId> {
        let mut managers = Vec::new();
        for (leg, hears) in rows {
            let Some(supervision) = self.supervisions.get(leg) else { continue };
            let Hears::Mix(heard) = &*hears else { continue };
            // Another manager speaks to the parties by himself.
            let mut parties = heard.iter().filter(|other| !self.is_supervisor(**other));
            if parties.any(|party| self.is_protected(&supervision.request, *party)) {
                *hears = Hears::Nothing;
                managers.push(*leg);
            }
        }
        managers
    }

    /// A manager is in the call no longer, for who is in it now is protected. One who follows the agent waits for the next.
    pub(super) fn shut_out(&mut self, now: Now, manager: LegId) {
        self.note_supervision(now, manager, "refused", field("reason", "", Refused::Protected.key()));
        let Some(call) = self.supervisions.get(&manager).map(|supervision| supervision.call) else { return };
        self.supervision_over(now, manager);
        self.call_event(now, call, call::Event::SupervisorLeft(manager));
    }
}
