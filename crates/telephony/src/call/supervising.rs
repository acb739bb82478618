//! Managers in a call: they come and go, change their mode, and what everybody hears passes through one matrix.
//!
//! A manager's own call ([`Phase::Supervising`]) has one leg. The call that he supervises knows that leg as a
//! [`Supervisor`]; its sound is of that call until one of the two is over.

use std::time::{Duration, Instant};

use tandem_domain::calls::{EndedBy, ReleaseCause};

use super::{
    About, Action, Call, PATIENCE, Phase, Why,
    hearing::{self, Conversation, Sound, Supervisor},
    hunt::Hunt,
    outcome::Outcome,
};
use crate::ids::LegId;

/// How long the tone at the end of a supervision may take: a manager whose phone hears nothing must not wait for its end.
const END_TONE: Duration = Duration::from_secs(2);

/// No leg has this name: the exchange counts from one.
const NOBODY: LegId = LegId(0);

impl Call {
    /// A manager's own call, in which `hunt` rings his phones; as soon as he answers, it is a supervision.
    #[must_use]
    pub fn summoning(about: About, hunt: Hunt, now: Instant) -> (Self, Vec<Action>) {
        let mut call = Self::without_legs(about, NOBODY);
        let mut actions = vec![Action::Show];
        call.phase = Phase::Summoning { hunt, until: now + PATIENCE };
        call.hunt_on(now, &mut actions);
        call.settle(0, &mut actions);
        (call, actions)
    }

    pub(super) fn summoned(&mut self, leg: LegId, actions: &mut Vec<Action>) {
        self.caller = leg;
        self.phase = Phase::Supervising { ends: None };
        actions.push(Action::Summoned(leg));
        actions.push(Action::Show);
    }

    /// The managers in it, in the order in which they joined.
    #[must_use]
    pub fn supervisors(&self) -> &[Supervisor] {
        &self.supervisors
    }

    /// Whether it is a manager's own, and not over.
    #[must_use]
    pub const fn is_supervision(&self) -> bool {
        matches!(self.phase, Phase::Supervising { ends: None })
    }

    /// Whether a leg of it holds.
    #[must_use]
    pub fn holds(&self, leg: LegId) -> bool {
        self.holding.contains(&leg)
    }

    /// The managers who supervise `agent`, who goes on in another call: they are of that one from now on.
    pub fn take_supervisors(&mut self, agent: LegId) -> Vec<Supervisor> {
        let (gone, stay) = self.supervisors.drain(..).partition(|manager| manager.agent == agent);
        self.supervisors = stay;
        gone
    }

    /// A manager comes. Only a party's conversation can be supervised.
    pub(super) fn supervised(&mut self, manager: Supervisor, actions: &mut Vec<Action>) {
        if self.supervisors.iter().any(|known| known.leg == manager.leg) {
            return;
        }
        self.supervisors.push(manager);
        actions.push(Action::Show);
    }

    pub(super) fn change_supervisor(
        &mut self,
        leg: LegId,
        actions: &mut Vec<Action>,
        change: impl FnOnce(&mut Supervisor),
    ) {
        if let Some(manager) = self.supervisors.iter_mut().find(|manager| manager.leg == leg) {
            change(manager);
            actions.push(Action::Show);
        }
    }

    pub(super) fn supervisor_left(&mut self, leg: LegId, actions: &mut Vec<Action>) {
        let before = self.supervisors.len();
        self.supervisors.retain(|manager| manager.leg != leg);
        if self.supervisors.len() < before {
            actions.push(Action::Show);
        }
    }

    /// The call that this one is about is over: a short tone, and silence until there is another.
    pub(super) fn supervision_waits(&mut self, actions: &mut Vec<Action>) {
        if self.is_supervision() {
            self.another_call_told();
            actions.push(Action::Hear(self.caller, Sound::EndTone));
        }
    }

    /// What the manager heard last was the other call's to say.
    fn another_call_told(&mut self) {
        self.told.clear();
    }

    /// The call that this one is about is over: a short tone, and the end.
    pub(super) fn supervision_over(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.is_supervision() {
            self.another_call_told();
            self.phase = Phase::Supervising { ends: Some(now + END_TONE) };
            actions.push(Action::Hear(self.caller, Sound::EndTone));
        }
    }

    /// The tone has been heard, or should have been.
    pub(super) fn end_supervision(&mut self, actions: &mut Vec<Action>) {
        actions.push(Action::Release { leg: self.caller, why: Why::Over });
        let outcome = Outcome { cause: ReleaseCause::Normal, status: 200, ended_by: EndedBy::Exchange };
        self.finish(outcome, actions);
    }

    /// What the actions from `from` on let legs hear goes through the matrix: every row that has changed is told, those of
    /// managers too. Managers whose agent has left the call are let go.
    pub(super) fn settle(&mut self, from: usize, actions: &mut Vec<Action>) {
        for action in actions.split_off(from) {
            match action {
                Action::Hear(leg, sound) => {
                    self.alone.retain(|(known, _)| *known != leg);
                    self.alone.push((leg, sound));
                }
                other => actions.push(other),
            }
        }
        let legs: Vec<_> = self.legs().filter(|leg| !self.is_branch(*leg)).collect();
        self.alone.retain(|(leg, _)| legs.contains(leg));
        let over = self.supervisors.extract_if(.., |manager| !legs.contains(&manager.agent));
        actions.extend(over.map(|manager| Action::SupervisionOver(manager.leg)));
        self.recorders_follow();
        let rows = hearing::matrix(&Conversation {
            alone: &self.alone,
            parties: self.parties(),
            holding: &self.holding,
            supervisors: &self.supervisors,
            recorders: &self.recorders,
        });
        let changed = rows.iter().filter(|row| !self.told.contains(row)).cloned();
        actions.extend(changed.map(|(leg, sound)| Action::Hear(leg, sound)));
        self.told = rows;
    }
}
