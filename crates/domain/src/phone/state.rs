//! How far a call of the phone in the browser is, and what may be asked of it then.

use serde::{Deserialize, Serialize};

use super::{ToBrowser, ToServer};

/// How far a call is, on both sides alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// The browser called; nothing is known yet.
    Dialling,
    /// The other end rings, or is heard before it answers.
    Ringing,
    /// Somebody calls, and it rings here.
    Incoming,
    /// The parties talk, or one holds the other.
    Talking,
    /// It is over.
    Ended,
}

impl CallState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Dialling, Self::Ringing, Self::Incoming, Self::Talking, Self::Ended];

    /// Whether a call may go from here to there.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Dialling, Self::Ringing | Self::Talking | Self::Ended)
            | (Self::Ringing | Self::Incoming, Self::Talking | Self::Ended)
            | (Self::Talking, Self::Ended) => true,
            (Self::Dialling, Self::Dialling | Self::Incoming)
            | (Self::Ringing, Self::Dialling | Self::Ringing | Self::Incoming)
            | (Self::Incoming, Self::Dialling | Self::Ringing | Self::Incoming)
            | (Self::Talking, Self::Dialling | Self::Ringing | Self::Incoming | Self::Talking)
            | (Self::Ended, _) => false,
        }
    }

    /// Where a call is after the server has said this of it: what begins a call begins it from nothing, `None`. The
    /// phone and the tests of the line go by this alone. What cannot be said at this point changes nothing.
    #[must_use]
    pub fn after(state: Option<Self>, said: &ToBrowser) -> Option<Self> {
        let next = match said {
            ToBrowser::Incoming { .. } => return state.or(Some(Self::Incoming)),
            ToBrowser::Ringing { .. } | ToBrowser::Early { .. } => Self::Ringing,
            ToBrowser::Answered { .. } => Self::Talking,
            ToBrowser::Ended { .. } => Self::Ended,
            ToBrowser::Ready { .. }
            | ToBrowser::Offer { .. }
            | ToBrowser::Reply { .. }
            | ToBrowser::Held { .. }
            | ToBrowser::TransferState { .. }
            | ToBrowser::Recorded { .. }
            | ToBrowser::With { .. }
            | ToBrowser::Holds { .. }
            | ToBrowser::TakenElsewhere
            | ToBrowser::CallsElsewhere { .. }
            | ToBrowser::Alive
            | ToBrowser::Refused { .. } => return state,
        };
        state.map(|state| if state.may_become(next) { next } else { state })
    }

    /// Whether a call that is here can be asked for this. The phone shows the buttons that this allows; the line
    /// refuses the rest.
    #[must_use]
    pub const fn allows(self, wish: &ToServer) -> bool {
        match wish {
            ToServer::Hello { .. }
            | ToServer::Dial { .. }
            | ToServer::DoNotDisturb { .. }
            | ToServer::Alive
            | ToServer::Bye => true,
            ToServer::Answer { .. } | ToServer::Decline { .. } => matches!(self, Self::Incoming),
            ToServer::HangUp { .. } => !matches!(self, Self::Ended),
            // Digits reach who speaks before the answer, too.
            ToServer::Digit { .. } => matches!(self, Self::Ringing | Self::Talking),
            ToServer::Hold { .. }
            | ToServer::Offer { .. }
            | ToServer::Reply { .. }
            | ToServer::Transfer { .. }
            | ToServer::Connect { .. }
            | ToServer::Record { .. } => matches!(self, Self::Talking),
        }
    }
}
