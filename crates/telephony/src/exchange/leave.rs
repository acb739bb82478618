//! Does a manager's leave to be in a call still hold? It may be withdrawn while he is there (PRODUCT §1, "Who may").

use std::time::Duration;

use tandem_domain::supervision::Refused;

use super::{Due, Exchange, Media, Now, arrivals::Asked};
use crate::{
    call,
    directory::{Question, Route, RouteAction},
    ids::LegId,
};

/// How often the records are asked. Whoever withdraws a leave waits no longer than this for its end.
const EVERY: Duration = Duration::from_secs(10);

impl<M: Media> Exchange<M> {
    /// From now on it is asked again and again whether a manager still may.
    pub(super) fn watch_leave(&mut self, now: Now, manager: LegId) {
        self.schedule(Due::Leave(manager), Some(now.instant + EVERY));
    }

    /// Asks the records. Nothing, if he has left.
    pub(super) fn ask_for_leave(&mut self, manager: LegId) {
        if let Some((account, agent, mode)) = self.leave_of(manager) {
            let question = Question::Supervise { manager: account, agent, mode };
            self.ask(question, Asked::Leave { manager });
        }
    }

    /// The records have answered.
    pub(super) fn leave_known(&mut self, now: Now, manager: LegId, route: &Route) {
        let refused = match &route.action {
            RouteAction::Supervise(request) => request.may.err(),
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
}
