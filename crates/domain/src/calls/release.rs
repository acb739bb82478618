//! How did a call end? Who ended it, and why.

use serde::{Deserialize, Serialize};

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Who called.
    Caller,
    /// Who was called.
    Callee,
    /// The exchange itself.
    Exchange,
}

impl EndedBy {
    /// All who can.
    pub const ALL: [Self; 3] = [Self::Caller, Self::Callee, Self::Exchange];

    /// The name used in URLs and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::Exchange => "exchange",
        }
    }

    /// The side of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Caller => "Caller",
            Self::Callee => "Called party",
            Self::Exchange => "Exchange",
        }
    }
}

/// Why a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseCause {
    /// It was answered, and one party hung up.
    Normal,
    /// The caller gave up before anybody answered.
    Cancelled,
    /// The called party was busy.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// The called party refused.
    Declined,
    /// The called extension has no phone registered.
    NotRegistered,
    /// Nobody knows the dialled number.
    UnknownNumber,
    /// The caller may not join this call: supervision is off, not allowed, or the extension is protected.
    NotAllowed,
    /// The extension whose call was to be joined is on none.
    NoCall,
    /// The caller may not call: no service (blocked, suspended, expired, closed).
    NoService,
    /// The caller may not call: its company has no funds.
    NoFunds,
    /// The called account has no service.
    CalleeNoService,
    /// The two sides have no codec in common.
    NoCommonCodec,
    /// The exchange had no room for another call.
    Congestion,
    /// No media came any more.
    MediaTimeout,
    /// A phone was gone: it did not answer what keeps a session alive (RFC 4028).
    SessionExpired,
    /// The other network refused or failed.
    NetworkFailure,
    /// The call was handed over to somebody else (REFER).
    Transferred,
    /// The exchange was shut down.
    Shutdown,
}

impl ReleaseCause {
    /// All causes.
    pub const ALL: [Self; 19] = [
        Self::Normal,
        Self::Cancelled,
        Self::Busy,
        Self::NoAnswer,
        Self::Declined,
        Self::NotRegistered,
        Self::UnknownNumber,
        Self::NotAllowed,
        Self::NoCall,
        Self::NoService,
        Self::NoFunds,
        Self::CalleeNoService,
        Self::NoCommonCodec,
        Self::Congestion,
        Self::MediaTimeout,
        Self::SessionExpired,
        Self::NetworkFailure,
        Self::Transferred,
        Self::Shutdown,
    ];

    /// The name used in URLs and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Cancelled => "cancelled",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Declined => "declined",
            Self::NotRegistered => "not_registered",
            Self::UnknownNumber => "unknown_number",
            Self::NotAllowed => "not_allowed",
            Self::NoCall => "no_call",
            Self::NoService => "no_service",
            Self::NoFunds => "no_funds",
            Self::CalleeNoService => "callee_no_service",
            Self::NoCommonCodec => "no_common_codec",
            Self::Congestion => "congestion",
            Self::MediaTimeout => "media_timeout",
            Self::SessionExpired => "session_expired",
            Self::NetworkFailure => "network_failure",
            Self::Transferred => "transferred",
            Self::Shutdown => "shutdown",
        }
    }

    /// The cause of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Normal => "Completed",
            Self::Cancelled => "Cancelled",
            Self::Busy => "Busy",
            Self::NoAnswer => "No answer",
            Self::Declined => "Declined",
            Self::NotRegistered => "Not registered",
            Self::UnknownNumber => "Unknown number",
            Self::NotAllowed => "Not allowed",
            Self::NoCall => "No call to join",
            Self::NoService => "No service",
            Self::NoFunds => "No funds",
            Self::CalleeNoService => "Called party has no service",
            Self::NoCommonCodec => "No common codec",
            Self::Congestion => "Congestion",
            Self::MediaTimeout => "Media lost",
            Self::SessionExpired => "Phone gone",
            Self::NetworkFailure => "Network failure",
            Self::Transferred => "Transferred",
            Self::Shutdown => "Exchange stopped",
        }
    }

    /// The cause value of ITU-T Q.850 that says the same, if one does: what a Reason header (RFC 3326) carries. Where SIP has
    /// a status for it, it is the value that RFC 3398 §8.2.6.1 or §7.2.4.1 pairs with that status.
    #[must_use]
    pub const fn q850(self) -> Option<u8> {
        match self {
            // Normal call clearing.
            Self::Normal | Self::Cancelled => Some(16),
            // User busy.
            Self::Busy => Some(17),
            // No answer from user (user alerted).
            Self::NoAnswer => Some(19),
            // Call rejected.
            Self::Declined | Self::NoService | Self::NoFunds | Self::CalleeNoService | Self::NotAllowed => Some(21),
            // Subscriber absent.
            Self::NotRegistered => Some(20),
            // Unallocated number.
            Self::UnknownNumber => Some(1),
            // Bearer capability not implemented.
            Self::NoCommonCodec => Some(65),
            // Switching equipment congestion.
            Self::Congestion => Some(42),
            // Normal, unspecified.
            Self::NoCall => Some(31),
            // Temporary failure.
            Self::MediaTimeout | Self::Shutdown => Some(41),
            // Recovery on timer expiry.
            Self::SessionExpired => Some(102),
            // Network out of order.
            Self::NetworkFailure => Some(38),
            Self::Transferred => None,
        }
    }
}
