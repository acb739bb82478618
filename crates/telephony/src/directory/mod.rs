//! What the exchange asks of the records: whose phone is this, and what does the dialled number mean for it?
//!
//! The exchange itself never waits: it hands out a [`Question`] and goes on; the [`Answer`] comes as an event.
//! [`store::answer`] answers from the database, tests from a list.

pub mod store;

use std::{collections::BTreeSet, time::Duration};

use tandem_domain::{
    calls::{Direction, Party},
    huntgroup::RingStrategy,
    ids::{AccountId, CustomerId, HuntgroupId},
    supervision::{Mode, Notice, Refused},
};

pub use tandem_store::exchange::{RecordingCodes, RecordingTerms};

use crate::call::{
    hunt::{Reach, Target},
    outcome::Refusal,
};
use crate::prompt::Prompt;

/// Something the exchange must know to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Who registers or calls with this SIP user?
    Phone {
        /// As the phone says.
        user: String,
    },
    /// What does a number mean that this account dials?
    Dialled {
        /// Who dials.
        account: AccountId,
        /// What.
        number: String,
    },
    /// May this account take somebody's place in a call (RFC 3891)? As if it called.
    PickUp {
        /// Who.
        account: AccountId,
    },
    /// May this manager join calls of this agent?
    Supervise {
        /// The manager.
        manager: AccountId,
        /// The agent.
        agent: AccountId,
        /// How he wants to join.
        mode: Mode,
    },
    /// Who of these records their calls, and how?
    Recording {
        /// Who talks, and who handed the call over.
        accounts: Vec<AccountId>,
    },
    /// Whom does a number belong to that the trunk asks for?
    FromTrunk {
        /// The number.
        number: String,
        /// Who calls: number and name, as the trunk says.
        caller: Party,
    },
}

/// What the directory knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Question::Phone`]: nobody, or somebody.
    Phone(Option<Phone>),
    /// To [`Question::Recording`], in any order.
    Recording(Vec<RecordingTerms>),
    /// To the other questions.
    Route(Box<Route>),
    /// The records cannot be asked now: 503.
    Unavailable,
}

/// A phone's owner.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// The account.
    pub account: AccountId,
    /// Its customer.
    pub customer: CustomerId,
    /// Extension and name.
    pub party: Party,
    /// MD5 of `user:realm:password`, in hexadecimal.
    pub ha1_md5: String,
    /// SHA-256 of the same.
    pub ha1_sha256: String,
}

/// The digests are as good as the password, so they stay out of logs.
impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phone").field("account", &self.account).finish_non_exhaustive()
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Whose call it is; `None` when nobody is known (a number from the trunk that nobody has), and no xDR is kept.
    pub customer: Option<CustomerId>,
    /// Where from and where to.
    pub direction: Direction,
    /// Who calls, with the name by which the called party knows them.
    pub caller: Party,
    /// Who is called.
    pub callee: Party,
    /// What to do.
    pub action: RouteAction,
}

/// What to do with a call.
#[derive(Debug, Clone, PartialEq)]
pub enum RouteAction {
    /// Refuse it.
    Refuse(Refusal),
    /// The exchange answers.
    Service {
        /// What it says.
        prompt: Prompt,
        /// Whether the caller then hears himself.
        echo: bool,
    },
    /// Take the place in a call that the INVITE names.
    PickUp,
    /// Join a call of an agent.
    Supervise(Box<Supervise>),
    /// Ring one target.
    Ring(Target),
    /// Ring the members of a huntgroup.
    Group {
        /// Which.
        id: HuntgroupId,
        /// Its name.
        name: String,
        /// How.
        strategy: RingStrategy,
        /// How long each rings.
        ring: Duration,
        /// The members with service, in their order.
        members: Vec<Target>,
    },
}

/// A manager who wants to join a call of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervise {
    /// Whose call; `None` when nobody has the extension.
    pub agent: Option<AccountId>,
    /// How to join.
    pub mode: Mode,
    /// Whether he may, whatever calls there are.
    pub may: Result<(), Refused>,
    /// Whom he may never hear, with whomever they talk.
    pub protected: BTreeSet<AccountId>,
    /// The keys that change the mode, in the order of [`Mode::ALL`].
    pub keys: [char; 3],
    /// What is played when he joins or changes the mode, in the same order.
    pub notices: [Notice; 3],
    /// The manager, for the audit log: the name with which he signs in, or else his extension.
    pub actor: String,
}

impl Route {
    /// A call that is refused.
    #[must_use]
    pub fn refuse(
        customer: Option<CustomerId>,
        direction: Direction,
        caller: Party,
        callee: Party,
        why: Refusal,
    ) -> Self {
        Self { customer, direction, caller, callee, action: RouteAction::Refuse(why) }
    }

    /// Whether it leads to help.
    #[must_use]
    pub const fn is_for_help(&self) -> bool {
        use crate::call::hunt::TrunkNumber;
        matches!(
            &self.action,
            RouteAction::Ring(Target { reach: Reach::Trunk { number: TrunkNumber::Emergency(_), .. }, .. })
        )
    }

    /// The huntgroup through which it goes; its name.
    #[must_use]
    pub fn huntgroup(&self) -> Option<(HuntgroupId, String)> {
        match &self.action {
            RouteAction::Group { id, name, .. } => Some((*id, name.clone())),
            RouteAction::Refuse(_)
            | RouteAction::Service { .. }
            | RouteAction::PickUp
            | RouteAction::Supervise(_)
            | RouteAction::Ring(_) => None,
        }
    }
}

impl Target {
    /// An account's phones.
    #[must_use]
    pub fn account(account: AccountId, party: Party, skip_when_busy: bool) -> Self {
        Self { party, reach: Reach::Account(account), skip_when_busy }
    }
}
