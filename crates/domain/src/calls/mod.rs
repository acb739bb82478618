//! Calls as they are shown and kept: the live ones, the registrations, and the xDR that each call leaves behind.

mod release;

use serde::{Deserialize, Serialize};

pub use self::release::{EndedBy, ReleaseCause};
use crate::{
    ids::{AccountId, CallId, CustomerId, Timestamp, XdrId},
    supervision::Mode,
};

/// Where a call comes from and goes to, as the customer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Between two extensions of the customer.
    Internal,
    /// From outside.
    Incoming,
    /// To outside.
    Outgoing,
}

impl Direction {
    /// All directions.
    pub const ALL: [Self; 3] = [Self::Internal, Self::Incoming, Self::Outgoing];

    /// The name used in URLs and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
        }
    }

    /// The direction of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|direction| direction.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Internal => "Internal",
            Self::Incoming => "Incoming",
            Self::Outgoing => "Outgoing",
        }
    }
}

/// How far a live call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Nobody has answered yet.
    Ringing,
    /// The parties talk.
    Answered,
    /// One of them holds the other.
    Held,
}

impl CallState {
    /// All states, in the order in which a call has them.
    pub const ALL: [Self; 3] = [Self::Ringing, Self::Answered, Self::Held];

    /// The name used in URLs and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Held => "held",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ringing => "Ringing",
            Self::Answered => "Answered",
            Self::Held => "On hold",
        }
    }
}

/// One side of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Extension, public number or service code.
    pub number: String,
    /// Name, if known; may be empty.
    pub name: String,
    /// The account, when it is one of the customer.
    pub account: Option<AccountId>,
}

/// A call at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveCall {
    /// What names it.
    pub id: CallId,
    /// Whose call it is.
    pub customer: CustomerId,
    /// Where from and where to.
    pub direction: Direction,
    /// Who called; after a transfer, who talks in that place.
    pub caller: Party,
    /// Who was called: while it rings, what was dialled; then who talks.
    pub callee: Party,
    /// The huntgroup through which it came: its name; empty if none.
    pub huntgroup: String,
    /// How far it has come.
    pub state: CallState,
    /// When it began.
    pub started: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// Whether the one in the caller's place holds the other, and the other way round.
    #[serde(default)]
    pub holds: [bool; 2],
    /// The managers in it, in the order in which they joined.
    #[serde(default)]
    pub supervisors: Vec<LiveSupervisor>,
    /// What it is about, when it is a manager's own: it is no conversation, but his way into one.
    #[serde(default)]
    pub supervises: Option<Supervises>,
    /// The accounts whose phones ring for it.
    #[serde(default)]
    pub rings: Vec<AccountId>,
    /// Whether it is being recorded.
    #[serde(default)]
    pub recorded: Recorded,
    /// Whether media are encrypted (SRTP) between us and the one in the caller's place, and the other.
    #[serde(default)]
    pub encrypted: [bool; 2],
}

/// Whether a live call is being recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorded {
    /// It is not.
    #[default]
    No,
    /// It is paused.
    Paused,
    /// It is.
    Yes,
}

/// What a manager's own call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervises {
    /// Whose conversations.
    pub agent: Option<AccountId>,
    /// How he takes part in them, or will.
    pub mode: Mode,
    /// Whether he stays for the agent's next calls.
    pub follows: bool,
    /// How far he is.
    pub stage: Stage,
    /// How loud he hears the agent and the client, in per cent: 100 is as they are.
    pub volumes: [u8; 2],
}

/// How far a manager is on his way into a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// His own phones ring.
    Rings,
    /// He is in this call.
    In(CallId),
    /// He waits for the agent's next call.
    Waits,
}

/// A manager in a live call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSupervisor {
    /// The manager's own call.
    pub call: CallId,
    /// Who that is.
    pub manager: Party,
    /// Whose conversation it is about: one of the call's parties.
    pub agent: Option<AccountId>,
    /// How.
    pub mode: Mode,
    /// Whether he stays for the agent's next calls.
    pub follows: bool,
}

/// A phone that can be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Whose phone.
    pub account: AccountId,
    /// Whose account.
    pub customer: CustomerId,
    /// The SIP user, such as `abc744`.
    pub sip_user: String,
    /// The address at which it wants to be called, as it said.
    pub contact: String,
    /// From where it registered: `UDP 192.0.2.7:5060`.
    pub source: String,
    /// What it calls itself; may be empty.
    pub user_agent: String,
    /// Since when it is registered without a gap.
    pub since: Timestamp,
    /// When the registration ends unless it is renewed.
    pub expires: Timestamp,
}

/// How well one direction of a call's media arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// RTP packets that arrived.
    pub packets: u64,
    /// Packets that did not arrive, or too late.
    pub lost: u64,
    /// Interarrival jitter at the end, in milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: f64,
    /// Mean opinion score by the E-model (ITU-T G.107), 1.0 to 4.5.
    pub mos: f64,
}

/// How a call sounded, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Nearly everybody is dissatisfied.
    Bad,
    /// Many are dissatisfied.
    Poor,
    /// Some are dissatisfied.
    Fair,
    /// As good as telephony gets, or nearly.
    Good,
}

impl Grade {
    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Bad => "Bad",
            Self::Poor => "Poor",
            Self::Fair => "Fair",
            Self::Good => "Good",
        }
    }
}

impl Quality {
    /// The grade of its score: the categories of ITU-T G.107 Annex B, whose lower ends are R = 80, 70 and 60.
    #[must_use]
    pub fn grade(self) -> Grade {
        match self.mos {
            mos if mos >= 4.03 => Grade::Good,
            mos if mos >= 3.60 => Grade::Fair,
            mos if mos >= 3.10 => Grade::Poor,
            _ => Grade::Bad,
        }
    }

    /// The share of packets that did not arrive, or too late, in per cent; 0 when there were none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "nobody receives 2^53 packets in a call")]
    pub fn loss_percent(self) -> f64 {
        match self.packets.saturating_add(self.lost) {
            0 => 0.0,
            sent => self.lost as f64 * 100.0 / sent as f64,
        }
    }
}

/// What is kept of a call, the refused ones included: the extended detail record of one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Xdr {
    /// What names the record.
    pub id: XdrId,
    /// The call. One that is handed over has a record for each conversation, and one for each leg outside, which lasts as
    /// long as the leg: from the answer there to the end there, on whoever called it.
    pub call: CallId,
    /// Whose record it is.
    pub customer: CustomerId,
    /// Where from and where to.
    pub direction: Direction,
    /// Who called.
    pub caller: Party,
    /// Who was called: who answered, else what was dialled.
    pub callee: Party,
    /// What the caller dialled.
    pub dialled: String,
    /// The huntgroup through which it came: its name; empty if none.
    pub huntgroup: String,
    /// When it began.
    pub started: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
    /// Why it ended.
    pub cause: ReleaseCause,
    /// The SIP status that the caller was given: 200 when it was answered.
    pub status: u16,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// What arrived from the caller.
    pub caller_quality: Option<Quality>,
    /// What arrived from the called party.
    pub callee_quality: Option<Quality>,
}
