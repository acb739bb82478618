//! Why a call ended, and what its caller is told: SIP statuses, spoken words and xDR causes side by side.

use tandem_domain::{
    calls::{EndedBy, ReleaseCause},
    status::Service,
    supervision::Refused,
};

use crate::prompt::Prompt;

/// How a call ended, for its xDR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Why.
    pub cause: ReleaseCause,
    /// The SIP status that the caller was given.
    pub status: u16,
    /// Who ended it.
    pub ended_by: EndedBy,
}

/// Why a call is not put through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// For the xDR.
    pub cause: ReleaseCause,
    /// For the caller's phone, 400 to 699.
    pub status: u16,
    /// For the caller's ear.
    pub prompt: Option<Prompt>,
    /// Whose doing it is.
    pub by: EndedBy,
    /// For the caller's display, where the status alone does not say it (`Warning`, RFC 3261 §20.43).
    pub words: Option<&'static str>,
}

impl Refusal {
    /// The caller gave up.
    pub const CANCELLED: Self = Self::silent(ReleaseCause::Cancelled, 487, EndedBy::Caller);
    /// Nobody answered in time.
    pub const NO_ANSWER: Self = Self::silent(ReleaseCause::NoAnswer, 480, EndedBy::Exchange);
    /// The caller, or its company, has as many calls as it may have.
    pub const TOO_MANY: Self = Self::spoken(ReleaseCause::Congestion, 503, Prompt::AllLinesBusy);
    /// The called party is busy.
    pub const BUSY: Self = Self::silent(ReleaseCause::Busy, 486, EndedBy::Callee);
    /// The called party does not want the call.
    pub const DECLINED: Self = Self::silent(ReleaseCause::Declined, 603, EndedBy::Callee);
    /// No codec in common.
    pub const NO_COMMON_CODEC: Self = Self::silent(ReleaseCause::NoCommonCodec, 488, EndedBy::Exchange);
    /// What it offers is no session description.
    pub const NO_DESCRIPTION: Self = Self::silent(ReleaseCause::NoCommonCodec, 415, EndedBy::Exchange);
    /// The exchange cannot.
    pub const UNAVAILABLE: Self = Self::silent(ReleaseCause::Congestion, 503, EndedBy::Exchange);
    /// The other network failed.
    pub const NETWORK: Self = Self::silent(ReleaseCause::NetworkFailure, 502, EndedBy::Exchange);
    /// Nobody has this number.
    pub const UNKNOWN_NUMBER: Self = Self::spoken(ReleaseCause::UnknownNumber, 404, Prompt::UnknownNumber);
    /// The extension has no phone registered.
    pub const NOT_REGISTERED: Self = Self::spoken(ReleaseCause::NotRegistered, 480, Prompt::NotRegistered);
    /// All members of a huntgroup are busy.
    pub const ALL_BUSY: Self = Self::spoken(ReleaseCause::Busy, 486, Prompt::HuntgroupAllBusy);
    /// A recording code dialled from an idle phone.
    pub const ONLY_DURING_CALL: Self = Self::spoken(ReleaseCause::UnknownNumber, 484, Prompt::CodeOnlyDuringCall);
    /// The dialled number is not complete.
    pub const INCOMPLETE: Self = Self::silent(ReleaseCause::UnknownNumber, 484, EndedBy::Exchange);
    /// What was dialled is not offered to this caller.
    pub const NOT_ALLOWED: Self = Self::spoken(ReleaseCause::NoService, 403, Prompt::CallNotAllowed);
    /// The caller's company has no funds.
    pub const NO_FUNDS: Self = Self::spoken(ReleaseCause::NoFunds, 402, Prompt::NoFunds);
    /// There is no way to other networks.
    pub const NOWHERE: Self = Self::spoken(ReleaseCause::NetworkFailure, 503, Prompt::CallFailed);
    /// The called account has no service.
    pub const CALLEE_NO_SERVICE: Self = Self::spoken(ReleaseCause::CalleeNoService, 480, Prompt::NotRegistered);

    const fn silent(cause: ReleaseCause, status: u16, by: EndedBy) -> Self {
        Self { cause, status, prompt: None, by, words: None }
    }

    const fn spoken(cause: ReleaseCause, status: u16, prompt: Prompt) -> Self {
        Self { cause, status, prompt: Some(prompt), by: EndedBy::Exchange, words: None }
    }

    /// Why a caller without service cannot call; `None` when there is service.
    #[must_use]
    pub const fn of_service(service: Service) -> Option<Self> {
        let prompt = match service {
            Service::Available => return None,
            // RFC 3261 §21.4.3 names this status for it; phones show it as it is.
            Service::NoFunds => return Some(Self::NO_FUNDS),
            Service::AccountExpired => Prompt::AccountExpired,
            Service::CustomerSuspended => Prompt::CustomerSuspended,
            Service::AccountBlocked => Prompt::AccountBlocked,
            Service::CustomerBlocked => Prompt::CustomerBlocked,
            Service::AccountClosed => Prompt::AccountClosed,
            Service::CustomerClosed => Prompt::CustomerClosed,
        };
        Some(Self::spoken(ReleaseCause::NoService, 403, prompt))
    }

    /// Why a call cannot be joined. Where SIP has one status for several reasons (403: whoever asks may not), the prompt and
    /// the words tell them apart. 480 and not RFC 3911's 481: phones show it as what it is, nobody to be reached now.
    #[must_use]
    pub const fn of_supervision(refused: Refused) -> Self {
        let (cause, status, prompt) = match refused {
            Refused::NotEnabled => (ReleaseCause::NotAllowed, 403, Prompt::SupervisionNotEnabled),
            Refused::Whom => (ReleaseCause::UnknownNumber, 484, Prompt::SuperviseWhom),
            Refused::UnknownExtension => (ReleaseCause::UnknownNumber, 404, Prompt::UnknownNumber),
            Refused::Yourself => (ReleaseCause::NotAllowed, 403, Prompt::SupervisionSelf),
            Refused::NotAllowed => (ReleaseCause::NotAllowed, 403, Prompt::SupervisionNotAllowed),
            Refused::Protected => (ReleaseCause::NotAllowed, 403, Prompt::SupervisionProtected),
            Refused::NoCall => (ReleaseCause::NoCall, 480, Prompt::SupervisionNoCall),
            Refused::IsSupervision => (ReleaseCause::NotAllowed, 403, Prompt::SupervisionOfSupervision),
        };
        Self { words: Some(refused.words()), ..Self::spoken(cause, status, prompt) }
    }

    /// What a refused leg means for the call: its own status where the caller's phone can make sense of it.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            486 | 600 => Self::BUSY,
            603 | 403 => Self { status, ..Self::DECLINED },
            // A phone that names another place is not there; where it names is not the exchange's to call.
            300..=399 | 408 | 480 | 487 => Self::NO_ANSWER,
            404 | 410 | 484 | 604 => Self { status, prompt: None, by: EndedBy::Callee, ..Self::UNKNOWN_NUMBER },
            415 | 488 | 606 => Self::NO_COMMON_CODEC,
            503 => Self::UNAVAILABLE,
            _ => Self::NETWORK,
        }
    }
}
