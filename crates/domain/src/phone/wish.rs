//! Which wish is a refusal about? A phone may have sent several.

use serde::{Deserialize, Serialize};

use super::ToServer;

/// The kinds of wishes, by which a refusal says what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WishKind {
    /// [`ToServer::Hello`]
    Hello,
    /// [`ToServer::Dial`]
    Dial,
    /// [`ToServer::Answer`]
    Answer,
    /// [`ToServer::Decline`]
    Decline,
    /// [`ToServer::HangUp`]
    HangUp,
    /// [`ToServer::Hold`]
    Hold,
    /// [`ToServer::Offer`]
    Offer,
    /// [`ToServer::Reply`]
    Reply,
    /// [`ToServer::Digit`]
    Digit,
    /// [`ToServer::Transfer`]
    Transfer,
    /// [`ToServer::Connect`]
    Connect,
    /// [`ToServer::Record`]
    Record,
    /// [`ToServer::DoNotDisturb`]
    DoNotDisturb,
    /// [`ToServer::Alive`]
    Alive,
    /// [`ToServer::Bye`]
    Bye,
}

impl ToServer {
    /// Which kind of wish it is.
    #[must_use]
    pub const fn kind(&self) -> WishKind {
        match self {
            Self::Hello { .. } => WishKind::Hello,
            Self::Dial { .. } => WishKind::Dial,
            Self::Answer { .. } => WishKind::Answer,
            Self::Decline { .. } => WishKind::Decline,
            Self::HangUp { .. } => WishKind::HangUp,
            Self::Hold { .. } => WishKind::Hold,
            Self::Offer { .. } => WishKind::Offer,
            Self::Reply { .. } => WishKind::Reply,
            Self::Digit { .. } => WishKind::Digit,
            Self::Transfer { .. } => WishKind::Transfer,
            Self::Connect { .. } => WishKind::Connect,
            Self::Record { .. } => WishKind::Record,
            Self::DoNotDisturb { .. } => WishKind::DoNotDisturb,
            Self::Alive => WishKind::Alive,
            Self::Bye => WishKind::Bye,
        }
    }
}
