//! A call as a pure state machine: who rings, who talks to whom, who hears what, and how it ends.
//!
//! It knows legs by their ids and nothing of SIP, sockets or clocks: [`Call::handle`] takes an [`Event`] and the time, and
//! appends [`Action`]s that the exchange performs, in their order. What may happen at any instant (a caller who gives up
//! while two phones answer at once, a transfer whose referrer is gone) is decided here, and tested by random sequences.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | `event` | what happens to a call, and what does it want? |
//! | [`hunt`] | who rings, in which order, and for how long? |
//! | `ringing` | what happens until somebody answers? |
//! | [`hearing`] | who hears whom? |
//! | `supervising` | which managers are in it? |
//! | `recording` | which recordings are made of it? |
//! | [`outcome`] | why did it end, and what is the caller told? |

mod event;
pub mod hearing;
pub mod hunt;
pub mod outcome;
mod recording;
mod ringing;
mod supervising;
mod transfer;

use std::time::{Duration, Instant};

use tandem_domain::calls::{EndedBy, ReleaseCause};

pub use self::event::{About, Action, Event, Segment, Why};
use self::{
    hearing::{Recorder, Sound, Supervisor},
    hunt::{Hunt, Target},
    outcome::{Outcome, Refusal},
};
use crate::{ids::LegId, prompt::Prompt};

/// How long a caller may wait for an answer in all: RFC 3261's Timer C is three minutes and more.
pub const PATIENCE: Duration = Duration::from_secs(200);

/// How long a spoken refusal may take: a caller who cannot be spoken to (on hold, without an address) must not wait for
/// the end of what is never heard.
pub const SPOKEN_WITHIN: Duration = Duration::from_secs(15);

/// What a call is about, from the directory's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// It cannot be put through: the caller is told why, and gets the status.
    Refuse(Refusal),
    /// The exchange answers, speaks a prompt to its end, and hangs up; with `echo` it then sends back what it hears until
    /// the caller hangs up.
    Service {
        /// What is spoken first.
        prompt: Prompt,
        /// Whether the caller then hears himself.
        echo: bool,
    },
    /// Phones ring.
    Ring(Hunt),
    /// The exchange answers a manager, who hears another call: [`Event::Supervise`] tells that one.
    Supervise,
}

/// How far a call has come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Phase {
    /// The caller hears why the call is refused, then gets the status; at the latest when it is due.
    Refusing { refusal: Refusal, until: Instant },
    /// The exchange itself is the other party.
    Service { echo: bool },
    /// Phones ring.
    Hunting { hunt: Hunt, until: Instant },
    /// Two parties talk.
    Talking { callee: LegId },
    /// `kept` waits for whom `by` named; who that was may be gone.
    Transferring {
        kept: LegId,
        by: LegId,
        referrer: Option<LegId>,
        hunt: Option<Hunt>,
        segment: Option<Box<Segment>>,
        until: Instant,
    },
    /// A manager's phones ring, who is to supervise as soon as he answers.
    Summoning { hunt: Hunt, until: Instant },
    /// A manager's own call. When what it is about is over, a tone is heard until `ends` at the latest.
    Supervising { ends: Option<Instant> },
    /// Over.
    Ended,
}

/// A call.
#[derive(Debug)]
pub struct Call {
    /// What is known of it.
    pub about: About,
    /// The leg that called; the party in its place after a transfer.
    caller: LegId,
    /// The other party's leg and its name, for each leg that rings.
    branches: Vec<(LegId, Target)>,
    /// Whose sound the waiting party hears before an answer.
    early: Option<LegId>,
    /// Who holds.
    holding: Vec<LegId>,
    /// The managers in it.
    supervisors: Vec<Supervisor>,
    /// Its recordings, those that rest included.
    recorders: Vec<Recorder>,
    /// What its legs would hear without managers, and what all were told to hear.
    alone: Vec<(LegId, Sound)>,
    told: Vec<(LegId, Sound)>,
    phase: Phase,
}

impl Call {
    /// A new call of leg `caller`, with its first actions.
    #[must_use]
    pub fn new(about: About, caller: LegId, plan: Plan, now: Instant) -> (Self, Vec<Action>) {
        let mut call = Self::without_legs(about, caller);
        let mut actions = Vec::new();
        call.begin(plan, now, &mut actions);
        call.settle(0, &mut actions);
        (call, actions)
    }

    fn without_legs(about: About, caller: LegId) -> Self {
        Self {
            about,
            caller,
            branches: Vec::new(),
            early: None,
            holding: Vec::new(),
            supervisors: Vec::new(),
            recorders: Vec::new(),
            alone: Vec::new(),
            told: Vec::new(),
            phase: Phase::Ended,
        }
    }

    fn begin(&mut self, plan: Plan, now: Instant, actions: &mut Vec<Action>) {
        match plan {
            Plan::Refuse(refusal) => self.refuse(refusal, now, actions),
            Plan::Service { prompt, echo } => {
                self.phase = Phase::Service { echo };
                actions.push(Action::Answer(self.caller));
                actions.push(Action::Hear(self.caller, Sound::Prompt(prompt)));
                actions.push(Action::Show);
            }
            Plan::Supervise => {
                self.phase = Phase::Supervising { ends: None };
                actions.push(Action::Answer(self.caller));
                actions.push(Action::Show);
            }
            Plan::Ring(hunt) => {
                self.phase = Phase::Hunting { hunt, until: now + PATIENCE };
                actions.push(Action::Show);
                self.hunt_on(now, actions);
            }
        }
    }

    /// When [`Event::Timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Hunting { hunt, until } | Phase::Summoning { hunt, until } => {
                Some(hunt.deadline().map_or(*until, |stage| stage.min(*until)))
            }
            Phase::Transferring { hunt, until, .. } => {
                Some(hunt.as_ref().and_then(Hunt::deadline).map_or(*until, |stage| stage.min(*until)))
            }
            Phase::Refusing { until, .. } => Some(*until),
            Phase::Supervising { ends } => *ends,
            Phase::Service { .. } | Phase::Talking { .. } | Phase::Ended => None,
        }
    }

    /// The legs that belong to the call.
    pub fn legs(&self) -> impl Iterator<Item = LegId> + '_ {
        let (others, caller) = match &self.phase {
            Phase::Talking { callee } => ([Some(*callee), None], Some(self.caller)),
            Phase::Transferring { kept, referrer, .. } => ([Some(*kept), *referrer], None),
            Phase::Summoning { .. } | Phase::Ended => ([None, None], None),
            Phase::Refusing { .. } | Phase::Service { .. } | Phase::Hunting { .. } | Phase::Supervising { .. } => {
                ([None, None], Some(self.caller))
            }
        };
        caller.into_iter().chain(others.into_iter().flatten()).chain(self.branches.iter().map(|(leg, _)| *leg))
    }

    /// The two who talk: the leg in the caller's place, and the other.
    #[must_use]
    pub const fn parties(&self) -> Option<(LegId, LegId)> {
        match &self.phase {
            Phase::Talking { callee } => Some((self.caller, *callee)),
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Hunting { .. }
            | Phase::Transferring { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => None,
        }
    }

    /// The other of the two who talk.
    #[must_use]
    pub fn other(&self, leg: LegId) -> Option<LegId> {
        let (caller, callee) = self.parties()?;
        if leg == caller {
            Some(callee)
        } else if leg == callee {
            Some(caller)
        } else {
            None
        }
    }

    /// Whether somebody holds.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.holding.is_empty()
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// The leg in the caller's place.
    #[must_use]
    pub const fn caller(&self) -> LegId {
        self.caller
    }

    /// Takes an event, and appends what is to be done.
    pub fn handle(&mut self, event: Event, now: Instant, actions: &mut Vec<Action>) {
        let from = actions.len();
        self.take(event, now, actions);
        self.settle(from, actions);
    }

    fn take(&mut self, event: Event, now: Instant, actions: &mut Vec<Action>) {
        match event {
            Event::Branches { target, legs, busy } => self.branched(&target, &legs, busy, now, actions),
            Event::Ringing(leg) => self.rings(leg, actions),
            Event::EarlyMedia(leg) => self.early_media(leg, actions),
            Event::Answered(leg) => self.answered(leg, actions),
            Event::Refused { leg, status } => self.refused(leg, status, now, actions),
            // A phone that ends what it has not answered yet.
            Event::HungUp(leg) | Event::Lost { leg, .. } if self.is_branch(leg) => {
                self.refused(leg, 480, now, actions);
            }
            Event::HungUp(leg) => self.gone(leg, ReleaseCause::Normal, actions),
            Event::Lost { leg, cause } => self.gone(leg, cause, actions),
            Event::Hold { leg, on } => self.hold(leg, on, actions),
            Event::Spoken(leg) => self.spoken(leg, actions),
            Event::Referred(leg) => self.referred(leg, now, actions),
            Event::TransferPlan { referrer, plan, segment } => {
                self.transfer_plan(referrer, plan, segment, now, actions);
            }
            Event::Replaced { old, new, answered, holds } => self.replaced(old, new, answered, holds, actions),
            Event::TakenAway(leg) => self.taken_away(leg, actions),
            Event::Supervise(manager) => self.supervised(manager, actions),
            Event::SupervisorMode { leg, mode } => {
                self.change_supervisor(leg, actions, |manager| manager.mode = mode);
            }
            Event::SupervisorHolds { leg, on } => {
                self.change_supervisor(leg, actions, |manager| manager.holds = on);
            }
            Event::SupervisorLeft(leg) => self.supervisor_left(leg, actions),
            Event::SupervisionWaits => self.supervision_waits(actions),
            Event::SupervisionOver => self.supervision_over(now, actions),
            Event::Record { id, side, recorder } => self.record(id, side, recorder, actions),
            Event::End(cause) => self.end_from_outside(cause, actions),
            Event::Timeout => self.timed_out(now, actions),
        }
    }

    // With the exchange or each other --------------------------------------------------------------------------------

    fn spoken(&mut self, leg: LegId, actions: &mut Vec<Action>) {
        match self.phase {
            Phase::Refusing { refusal, .. } if leg == self.caller => self.turn_away(refusal, actions),
            Phase::Supervising { ends: Some(_) } if leg == self.caller => self.end_supervision(actions),
            Phase::Service { echo: true, .. } if leg == self.caller => actions.push(Action::Hear(leg, Sound::Echo)),
            Phase::Service { echo: false, .. } if leg == self.caller => {
                actions.push(Action::Release { leg, why: Why::Over });
                let outcome = Outcome { cause: ReleaseCause::Normal, status: 200, ended_by: EndedBy::Exchange };
                self.finish(outcome, actions);
            }
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Hunting { .. }
            | Phase::Talking { .. }
            | Phase::Transferring { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => {}
        }
    }

    fn hold(&mut self, leg: LegId, on: bool, actions: &mut Vec<Action>) {
        let known = self.legs().any(|known| known == leg) && !self.is_branch(leg);
        let was = self.holding.contains(&leg);
        if !known || was == on {
            return;
        }
        if on {
            self.holding.push(leg);
        } else {
            self.holding.retain(|holder| *holder != leg);
        }
        self.let_them_hear(actions);
        actions.push(Action::Show);
    }

    /// Tells both parties' ears what they hear now.
    fn let_them_hear(&self, actions: &mut Vec<Action>) {
        if let Some((caller, callee)) = self.parties() {
            let holds = |leg| self.holding.contains(&leg);
            actions.extend(hearing::of_two(caller, callee, holds).map(|(leg, sound)| Action::Hear(leg, sound)));
        }
    }

    /// A leg is not there any more.
    fn gone(&mut self, leg: LegId, cause: ReleaseCause, actions: &mut Vec<Action>) {
        self.holding.retain(|holder| *holder != leg);
        let is_caller = leg == self.caller;
        match &mut self.phase {
            Phase::Refusing { .. } | Phase::Hunting { .. } if is_caller => {
                self.release_branches(Why::Over, actions);
                actions.push(Action::Reject { leg, refusal: Refusal::CANCELLED });
                let Refusal { cause, status, by, .. } = Refusal::CANCELLED;
                self.finish(Outcome { cause, status, ended_by: by }, actions);
            }
            Phase::Service { .. } | Phase::Supervising { .. } if is_caller => {
                actions.push(Action::Release { leg, why: Why::Over });
                self.finish(Outcome { cause, status: 200, ended_by: EndedBy::Caller }, actions);
            }
            Phase::Talking { callee } => {
                let callee = *callee;
                if !is_caller && leg != callee {
                    return;
                }
                let (other, by) = if is_caller { (callee, EndedBy::Caller) } else { (self.caller, EndedBy::Callee) };
                let ended_by = if cause == ReleaseCause::Normal { by } else { EndedBy::Exchange };
                actions.push(Action::Release { leg, why: Why::Over });
                actions.push(Action::Release { leg: other, why: Why::Over });
                self.finish(Outcome { cause, status: 200, ended_by }, actions);
            }
            Phase::Transferring { kept, referrer, .. } => {
                if *kept == leg {
                    actions.push(Action::Release { leg, why: Why::Over });
                    self.kept_party_gone(cause, actions);
                } else if *referrer == Some(leg) {
                    // What referrers do: the transfer goes on without them.
                    *referrer = None;
                    actions.push(Action::Release { leg, why: Why::Transferred });
                }
            }
            Phase::Refusing { .. }
            | Phase::Service { .. }
            | Phase::Hunting { .. }
            | Phase::Summoning { .. }
            | Phase::Supervising { .. }
            | Phase::Ended => {}
        }
    }

    fn end_from_outside(&mut self, cause: ReleaseCause, actions: &mut Vec<Action>) {
        let answered = match &self.phase {
            Phase::Refusing { .. } | Phase::Hunting { .. } => false,
            Phase::Service { .. } | Phase::Talking { .. } | Phase::Transferring { .. } | Phase::Supervising { .. } => {
                true
            }
            Phase::Summoning { .. } => {
                self.release_branches(Why::Over, actions);
                return self.finish(Outcome { cause, status: 487, ended_by: EndedBy::Exchange }, actions);
            }
            Phase::Ended => return,
        };
        if answered {
            let legs: Vec<_> = self.legs().collect();
            actions.extend(legs.into_iter().map(|leg| Action::Release { leg, why: Why::Over }));
            self.branches.clear();
            self.finish(Outcome { cause, status: 200, ended_by: EndedBy::Exchange }, actions);
        } else {
            self.release_branches(Why::Over, actions);
            self.turn_away(Refusal { cause, ..Refusal::UNAVAILABLE }, actions);
        }
    }

    fn finish(&mut self, outcome: Outcome, actions: &mut Vec<Action>) {
        self.phase = Phase::Ended;
        self.holding.clear();
        actions.push(Action::Done(outcome));
    }
}
