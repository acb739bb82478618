//! Handing a party over: REFER without consultation (RFC 3515), and the change of a party for another (RFC 3891, RFC 5589).

use std::time::Instant;

use tandem_domain::calls::{EndedBy, ReleaseCause};

use super::{
    Action, Call, PATIENCE, Phase, Plan, Segment, Why,
    hearing::Sound,
    outcome::{Outcome, Refusal},
};
use crate::{ids::LegId, prompt::Tone};

impl Call {
    /// The party `leg` wants the other one to talk to somebody else. Until it is known where that is, the other one waits.
    pub(super) fn referred(&mut self, leg: LegId, now: Instant, actions: &mut Vec<Action>) {
        let Some(kept) = self.other(leg) else {
            actions.push(Action::TellTransfer { leg, status: 481 });
            return;
        };
        let (by, until) = (leg, now + PATIENCE);
        self.phase = Phase::Transferring { kept, by, referrer: Some(leg), hunt: None, segment: None, until };
        actions.push(Action::Hear(leg, Sound::Nothing));
        actions.push(Action::Hear(kept, Sound::Music));
        actions.push(Action::Show);
    }

    pub(super) fn transfer_plan(
        &mut self,
        referrer: LegId,
        plan: Plan,
        record: Box<Segment>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Phase::Transferring { kept, by, hunt, segment, .. } = &mut self.phase else { return };
        if hunt.is_some() || *by != referrer {
            return;
        }
        match plan {
            Plan::Ring(new) => {
                let kept = *kept;
                (*hunt, *segment) = (Some(new), Some(record));
                actions.push(Action::Hear(kept, Sound::Tone(Tone::RingBack)));
                self.hunt_on(now, actions);
            }
            // The echo test and the like are for who dials them.
            Plan::Service { .. } | Plan::Supervise => self.transfer_failed(Refusal::UNKNOWN_NUMBER, actions),
            Plan::Refuse(refusal) => self.transfer_failed(refusal, actions),
        }
    }

    /// Whether the call waits to be told where a transfer goes that `leg` asked for.
    #[must_use]
    pub fn waits_for_plan_of(&self, leg: LegId) -> bool {
        matches!(&self.phase, Phase::Transferring { by, hunt: None, .. } if *by == leg)
    }

    /// The party that waits for whom a transfer names.
    #[must_use]
    pub const fn kept(&self) -> Option<LegId> {
        match &self.phase {
            Phase::Transferring { kept, .. } => Some(*kept),
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Hunting { .. }
            | Phase::Talking { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => None,
        }
    }

    /// What the record of the conversation will say that follows a transfer, while it is not answered.
    #[must_use]
    pub fn next_segment(&self) -> Option<&Segment> {
        match &self.phase {
            Phase::Transferring { segment, .. } => segment.as_deref(),
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Hunting { .. }
            | Phase::Talking { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => None,
        }
    }

    /// Nobody is there to take the party over: it goes back to who sent it away, if that one is still there.
    pub(super) fn transfer_failed(&mut self, refusal: Refusal, actions: &mut Vec<Action>) {
        let Phase::Transferring { kept, referrer, .. } = self.phase else { return };
        self.release_branches(Why::Over, actions);
        if let Some(referrer) = referrer {
            actions.push(Action::TellTransfer { leg: referrer, status: refusal.status });
            let callee = if self.caller == kept { referrer } else { kept };
            self.phase = Phase::Talking { callee };
            self.let_them_hear(actions);
            actions.push(Action::Show);
        } else {
            actions.push(Action::Release { leg: kept, why: Why::Over });
            let outcome = Outcome { cause: refusal.cause, status: 200, ended_by: EndedBy::Exchange };
            self.finish(outcome, actions);
        }
    }

    pub(super) fn kept_party_gone(&mut self, cause: ReleaseCause, actions: &mut Vec<Action>) {
        let Phase::Transferring { kept, referrer, .. } = self.phase else { return };
        self.release_branches(Why::Over, actions);
        if let Some(referrer) = referrer {
            actions.push(Action::TellTransfer { leg: referrer, status: 487 });
            actions.push(Action::Release { leg: referrer, why: Why::Over });
        }
        let by = if kept == self.caller { EndedBy::Caller } else { EndedBy::Callee };
        self.finish(Outcome { cause, status: 200, ended_by: by }, actions);
    }

    /// Another leg takes the place of `old`: of a party, or of the caller while phones still ring.
    pub(super) fn replaced(&mut self, old: LegId, new: LegId, answered: bool, holds: bool, actions: &mut Vec<Action>) {
        self.holding.retain(|holder| *holder != old);
        match &mut self.phase {
            Phase::Talking { callee } => {
                if *callee == old {
                    *callee = new;
                } else if self.caller == old {
                    self.caller = new;
                } else {
                    return;
                }
                if !answered {
                    actions.push(Action::Answer(new));
                }
            }
            Phase::Hunting { hunt, until } if self.caller == old && answered => {
                // The one who comes has a connection already and waits with the phones' ringing in its ear.
                let (hunt, until) = (hunt.clone(), *until);
                self.caller = new;
                self.phase =
                    Phase::Transferring { kept: new, by: old, referrer: None, hunt: Some(hunt), segment: None, until };
                actions.push(Action::Hear(new, Sound::Tone(Tone::RingBack)));
            }
            Phase::Hunting { .. }
            | Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Transferring { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => {
                return;
            }
        }
        if holds {
            self.holding.push(new);
        }
        self.let_them_hear(actions);
        actions.push(Action::Show);
    }

    /// Whether another leg may take the place of `old` now.
    #[must_use]
    pub fn can_replace(&self, old: LegId, answered: bool) -> bool {
        match &self.phase {
            Phase::Talking { callee } => *callee == old || self.caller == old,
            Phase::Hunting { .. } => self.caller == old && answered,
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Transferring { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => false,
        }
    }

    /// A party now belongs to another call: the leg that stayed behind is let go, and the call is over.
    pub(super) fn taken_away(&mut self, leg: LegId, actions: &mut Vec<Action>) {
        let Some(left) = self.other(leg) else { return };
        actions.push(Action::Release { leg: left, why: Why::Transferred });
        let outcome = Outcome { cause: ReleaseCause::Transferred, status: 200, ended_by: EndedBy::Exchange };
        self.finish(outcome, actions);
    }
}
