//! Until somebody answers: who is rung next, what the caller hears meanwhile, and how it ends when nobody does.

use std::time::Instant;

use tandem_domain::calls::ReleaseCause;

use super::{
    Action, Call, Phase, SPOKEN_WITHIN, Why,
    hearing::Sound,
    hunt::{Hunt, Progress, Target},
    outcome::{Outcome, Refusal},
};
use crate::{ids::LegId, prompt::Tone};

impl Call {
    /// The caller hears why, if there is something to say, and then gets the status.
    pub(super) fn refuse(&mut self, refusal: Refusal, now: Instant, actions: &mut Vec<Action>) {
        if let Some(prompt) = refusal.prompt {
            actions.push(Action::TellProgress(self.caller));
            actions.push(Action::Hear(self.caller, Sound::Prompt(prompt)));
            self.phase = Phase::Refusing { refusal, until: now + SPOKEN_WITHIN };
            actions.push(Action::Show);
        } else {
            self.turn_away(refusal, actions);
        }
    }

    pub(super) fn turn_away(&mut self, refusal: Refusal, actions: &mut Vec<Action>) {
        actions.push(Action::Reject { leg: self.caller, refusal });
        self.finish(Outcome { cause: refusal.cause, status: refusal.status, ended_by: refusal.by }, actions);
    }

    pub(super) fn hunt_on(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let hunt = match &mut self.phase {
            Phase::Hunting { hunt, .. } | Phase::Summoning { hunt, .. } => hunt,
            Phase::Transferring { hunt: Some(hunt), .. } => hunt,
            Phase::Transferring { hunt: None, .. }
            | Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Talking { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => return,
        };
        match hunt.next(now) {
            Progress::Ring(targets) => actions.extend(targets.into_iter().map(Action::Ring)),
            Progress::Exhausted(refusal) => self.nobody_answered(refusal, now, actions),
        }
    }

    pub(super) fn nobody_answered(&mut self, refusal: Refusal, now: Instant, actions: &mut Vec<Action>) {
        match &self.phase {
            Phase::Hunting { .. } => self.refuse(refusal, now, actions),
            Phase::Transferring { .. } => self.transfer_failed(refusal, actions),
            Phase::Summoning { .. } => {
                self.finish(Outcome { cause: refusal.cause, status: refusal.status, ended_by: refusal.by }, actions);
            }
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Talking { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => {}
        }
    }

    pub(super) fn hunting(&mut self) -> Option<&mut Hunt> {
        match &mut self.phase {
            Phase::Hunting { hunt, .. } | Phase::Summoning { hunt, .. } => Some(hunt),
            Phase::Transferring { hunt, .. } => hunt.as_mut(),
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Talking { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => None,
        }
    }

    pub(super) fn branched(
        &mut self,
        target: &Target,
        legs: &[LegId],
        busy: bool,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(hunt) = self.hunting() else {
            // Too late: what was begun meanwhile has no one to ring for.
            actions.extend(legs.iter().map(|leg| Action::Release { leg: *leg, why: Why::Over }));
            return;
        };
        hunt.placed(legs.len(), busy);
        self.branches.extend(legs.iter().map(|leg| (*leg, target.clone())));
        self.next_when_none_rings(now, actions);
    }

    /// Goes on to the next stage when every target of this one was placed, and none of its phones rings any more.
    pub(super) fn next_when_none_rings(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.branches.is_empty() && self.hunting().is_some_and(|hunt| hunt.all_placed()) {
            self.hunt_on(now, actions);
        }
    }

    pub(super) fn is_branch(&self, leg: LegId) -> bool {
        self.branches.iter().any(|(branch, _)| *branch == leg)
    }

    pub(super) fn rings(&mut self, leg: LegId, actions: &mut Vec<Action>) {
        if !self.is_branch(leg) {
            return;
        }
        let first = self.hunting().is_some_and(Hunt::rings_now);
        if first && matches!(self.phase, Phase::Hunting { .. }) {
            actions.push(Action::TellRinging(self.caller));
        }
    }

    /// The sound of a phone that has not answered (a network's announcement) reaches the caller when it is the only one
    /// that rings.
    pub(super) fn early_media(&mut self, leg: LegId, actions: &mut Vec<Action>) {
        if !self.is_branch(leg) {
            return;
        }
        if let Some(hunt) = self.hunting() {
            let _ = hunt.rings_now();
        }
        let ear = match &self.phase {
            Phase::Hunting { .. } => {
                if self.branches.len() > 1 {
                    actions.push(Action::TellRinging(self.caller));
                    return;
                }
                actions.push(Action::TellProgress(self.caller));
                self.caller
            }
            Phase::Transferring { kept, .. } if self.branches.len() == 1 => *kept,
            Phase::Transferring { .. }
            | Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Talking { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => return,
        };
        self.early = Some(leg);
        actions.push(Action::Hear(ear, Sound::Leg(leg)));
    }

    /// A leg that was heard before an answer is gone: ringing takes its place, since the waiting phone, whose ear is open,
    /// makes none of its own.
    pub(super) fn no_longer_early(&mut self, leg: LegId, actions: &mut Vec<Action>) {
        let ear = match &self.phase {
            Phase::Hunting { .. } => self.caller,
            Phase::Transferring { kept, .. } => *kept,
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Talking { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => return,
        };
        if self.early == Some(leg) {
            self.early = None;
            actions.push(Action::Hear(ear, Sound::Tone(Tone::RingBack)));
        }
    }

    pub(super) fn answered(&mut self, leg: LegId, actions: &mut Vec<Action>) {
        let Some(place) = self.branches.iter().position(|(branch, _)| *branch == leg) else {
            // It was cancelled, and its answer crossed with that (RFC 3261 §9.1); or it is a party already.
            if !self.legs().any(|known| known == leg) {
                actions.push(Action::Release { leg, why: Why::AnsweredElsewhere });
            }
            return;
        };
        let (_, target) = self.branches.remove(place);
        self.early = None;
        self.release_branches(Why::AnsweredElsewhere, actions);
        let party = target.party;
        if let Phase::Summoning { .. } = self.phase {
            return self.summoned(leg, actions);
        }
        match std::mem::replace(&mut self.phase, Phase::Talking { callee: leg }) {
            Phase::Hunting { .. } => actions.push(Action::Answer(self.caller)),
            Phase::Transferring { kept, referrer, segment, .. } => {
                self.caller = kept;
                actions.extend(segment.map(Action::NextSegment));
                if let Some(referrer) = referrer {
                    actions.push(Action::TellTransfer { leg: referrer, status: 200 });
                    actions.push(Action::Release { leg: referrer, why: Why::Transferred });
                }
            }
            // Branches ring only while somebody is hunted for: whoever that is has nobody to talk to.
            other @ (Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Talking { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended) => {
                self.phase = other;
                actions.push(Action::Release { leg, why: Why::AnsweredElsewhere });
                return;
            }
        }
        actions.push(Action::Connected(party));
        self.holding.retain(|holder| *holder == self.caller);
        self.let_them_hear(actions);
        actions.push(Action::Show);
    }

    pub(super) fn release_branches(&mut self, why: Why, actions: &mut Vec<Action>) {
        for (leg, _) in std::mem::take(&mut self.branches) {
            self.no_longer_early(leg, actions);
            actions.push(Action::Release { leg, why });
        }
    }

    pub(super) fn refused(&mut self, leg: LegId, status: u16, now: Instant, actions: &mut Vec<Action>) {
        let Some(place) = self.branches.iter().position(|(branch, _)| *branch == leg) else {
            if self.legs().any(|known| known == leg) {
                self.gone(leg, ReleaseCause::NetworkFailure, actions);
            }
            return;
        };
        let (_, target) = self.branches.remove(place);
        self.no_longer_early(leg, actions);
        let decisive = self.hunting().is_some_and(|hunt| hunt.refused(&target, status));
        if decisive {
            self.release_branches(Why::Over, actions);
            if let Some(refusal) = self.hunting().map(|hunt| hunt.verdict()) {
                self.nobody_answered(refusal, now, actions);
            }
        } else {
            self.next_when_none_rings(now, actions);
        }
    }

    pub(super) fn timed_out(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        if let Phase::Refusing { refusal, .. } = self.phase {
            return self.turn_away(refusal, actions);
        }
        if let Phase::Supervising { .. } = self.phase {
            return self.end_supervision(actions);
        }
        let over = match &self.phase {
            Phase::Hunting { until, .. } | Phase::Summoning { until, .. } | Phase::Transferring { until, .. } => {
                *until <= now
            }
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Talking { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => return,
        };
        self.release_branches(Why::NoAnswer, actions);
        if let Some(hunt) = self.hunting() {
            hunt.nobody_answered_in_time();
        }
        if over {
            let verdict = self.hunting().map_or(Refusal::NO_ANSWER, |hunt| hunt.verdict());
            self.nobody_answered(verdict, now, actions);
        } else {
            self.hunt_on(now, actions);
        }
    }
}
