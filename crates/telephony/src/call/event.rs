//! What happens to a call, and what it wants done.

use tandem_domain::{
    calls::{Direction, Party, ReleaseCause},
    ids::{CallId, CustomerId, HuntgroupId, RecordingId, Timestamp},
    supervision::Mode,
};

use super::{
    Plan,
    hearing::{Sound, Supervisor},
    hunt::Target,
    outcome::{Outcome, Refusal},
};
use crate::ids::LegId;

/// What is known of a call from its beginning to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// What names it.
    pub id: CallId,
    /// Whose call it is.
    pub customer: CustomerId,
    /// Where from and where to.
    pub direction: Direction,
    /// Who called.
    pub caller: Party,
    /// Who is called: while it rings what was dialled, then who answered.
    pub callee: Party,
    /// What was dialled.
    pub dialled: String,
    /// The huntgroup through which it came; its name.
    pub huntgroup: Option<(HuntgroupId, String)>,
    /// When it began.
    pub started: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
}

/// What the record says of a conversation that follows a transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Where from and where to.
    pub direction: Direction,
    /// Who handed the call over, and so is who calls.
    pub caller: Party,
    /// Who is called.
    pub callee: Party,
    /// What the transfer names.
    pub dialled: String,
    /// The huntgroup through which it goes; its name.
    pub huntgroup: Option<(HuntgroupId, String)>,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The legs that ring a target, as [`Action::Ring`] asked; none when it cannot be reached.
    Branches {
        /// Whom they ring.
        target: Target,
        /// The legs; empty when no phone is registered, or the target is busy.
        legs: Vec<LegId>,
        /// The target was left out since it is on a call.
        busy: bool,
    },
    /// A leg rings.
    Ringing(LegId),
    /// A leg sends sound before it answers.
    EarlyMedia(LegId),
    /// A leg answered.
    Answered(LegId),
    /// A leg that rang is over: refused, unreachable, or cancelled by us.
    Refused {
        /// Which.
        leg: LegId,
        /// The SIP status.
        status: u16,
    },
    /// The caller gave up before an answer (CANCEL), or a party hung up (BYE).
    HungUp(LegId),
    /// A leg is gone without a word.
    Lost {
        /// Which.
        leg: LegId,
        /// How it was noticed.
        cause: ReleaseCause,
    },
    /// A party put the other on hold, or took it back.
    Hold {
        /// Who.
        leg: LegId,
        /// Whether it is on now.
        on: bool,
    },
    /// A prompt that was played to this leg has ended.
    Spoken(LegId),
    /// A party wants the other one to talk to somebody else; [`Event::TransferPlan`] follows.
    Referred(LegId),
    /// Where the transfer goes.
    TransferPlan {
        /// The leg that asked for it.
        referrer: LegId,
        /// What to do: only [`Plan::Ring`] can be reached.
        plan: Plan,
        /// What the record of the new conversation says: the one who asked for it is who calls.
        segment: Box<Segment>,
    },
    /// Another leg takes the place of one of the parties (RFC 3891, or a transfer after consultation): the old one is no
    /// longer of this call.
    Replaced {
        /// Who leaves.
        old: LegId,
        /// Who comes.
        new: LegId,
        /// Whether the one who comes has sound already.
        answered: bool,
        /// Whether the one who comes holds.
        holds: bool,
    },
    /// A party was taken to another call; this one has no reason to go on.
    TakenAway(LegId),
    /// A manager joins, with leave to do so.
    Supervise(Supervisor),
    /// A manager changes the mode.
    SupervisorMode {
        /// Whose leg.
        leg: LegId,
        /// From now on.
        mode: Mode,
    },
    /// A manager's phone holds, or holds no longer.
    SupervisorHolds {
        /// Whose leg.
        leg: LegId,
        /// Whether it holds now.
        on: bool,
    },
    /// A manager has left.
    SupervisorLeft(LegId),
    /// To a manager's own call: what it is about is over, but he waits for the agent's next call.
    SupervisionWaits,
    /// To a manager's own call: what it is about is over.
    SupervisionOver,
    /// A recording begins or goes on, heard by the leg `recorder`, or rests. Who is on its left is said when it begins.
    Record {
        /// Which.
        id: RecordingId,
        /// The party on its left.
        side: LegId,
        /// The leg that hears it; `None` to let it rest.
        recorder: Option<LegId>,
    },
    /// Somebody with the right to do so ends the call, or the server is going down.
    End(ReleaseCause),
    /// The time of [`Call::deadline`](super::Call::deadline) has come.
    Timeout,
}

/// What is to be done for a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Call a target's phones; answered by [`Event::Branches`].
    Ring(Target),
    /// Tell the caller that it rings.
    TellRinging(LegId),
    /// Open the caller's ear before the answer.
    TellProgress(LegId),
    /// Answer a leg that calls us.
    Answer(LegId),
    /// Refuse a leg that calls us.
    Reject {
        /// Which.
        leg: LegId,
        /// With what.
        refusal: Refusal,
    },
    /// Let a leg go: cancel it while it rings, hang up when it was answered.
    Release {
        /// Which.
        leg: LegId,
        /// Why, for its phone (RFC 3326).
        why: Why,
    },
    /// From now on a leg hears this.
    Hear(LegId, Sound),
    /// Tell the leg that asked for a transfer how it goes: a SIP status (RFC 3515 §2.4.5).
    TellTransfer {
        /// Which.
        leg: LegId,
        /// How it goes.
        status: u16,
    },
    /// Two parties are connected; this is who answered.
    Connected(Party),
    /// The conversation so far is over, and its record complete; what follows has a record of its own.
    NextSegment(Box<Segment>),
    /// A manager whose phones rang has answered with this leg.
    Summoned(LegId),
    /// A manager's agent has left this call, or it is over: the manager's leg is none of its any more.
    SupervisionOver(LegId),
    /// What is shown of the call has changed.
    Show,
    /// The call is over; all of its legs are.
    Done(Outcome),
}

/// Why a leg is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The call is over.
    Over,
    /// Somebody else answered (RFC 3326: the phone shows no missed call).
    AnsweredElsewhere,
    /// It rang long enough.
    NoAnswer,
    /// Its call was handed over.
    Transferred,
}
