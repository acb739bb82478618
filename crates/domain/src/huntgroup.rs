//! How a huntgroup rings its members, and what a membership says (PRODUCT §1, "Who may").

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    error::{FieldError, FieldErrors},
    field,
    ids::AccountId,
    numbers::ExtensionNumber,
};

/// In which order the members of a huntgroup ring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RingStrategy {
    /// One after the other, in the members' order.
    #[default]
    Order,
    /// All at once; the first to answer gets the call.
    Simultaneous,
    /// One after the other, in a new random order for each call.
    Random,
    /// One after the other, whoever has waited longest since the last call first.
    LeastUsed,
}

impl RingStrategy {
    /// All strategies.
    pub const ALL: [Self; 4] = [Self::Order, Self::Simultaneous, Self::Random, Self::LeastUsed];

    /// The name used in forms and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Simultaneous => "simultaneous",
            Self::Random => "random",
            Self::LeastUsed => "least_used",
        }
    }

    /// The strategy of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.key() == key)
    }

    /// The strategy's name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Order => "Order",
            Self::Simultaneous => "Simultaneous",
            Self::Random => "Random",
            Self::LeastUsed => "Least used",
        }
    }

    /// What the strategy does, in one sentence.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Order => "One after the other, in the order of the list.",
            Self::Simultaneous => "All at once; the first to answer gets the call.",
            Self::Random => "One after the other, in a new random order for each call.",
            Self::LeastUsed => "One after the other; who has waited longest for a call comes first.",
        }
    }
}

/// Seconds that one member rings before the next: at least.
pub const RING_SECONDS_MIN: u32 = 5;
/// Seconds that one member rings before the next: at most.
pub const RING_SECONDS_MAX: u32 = 120;
/// Members that one huntgroup can have.
pub const MEMBERS_MAX: usize = 200;

/// An extension of a huntgroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Whose extension.
    pub account: AccountId,
    /// This member, as a manager, may supervise the other members' calls.
    pub supervision_allowed: bool,
    /// Nobody may supervise this member's calls, whatever the group says.
    pub never_supervise: bool,
}

/// A huntgroup: one number that rings several extensions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Huntgroup {
    /// What people call it.
    pub name: String,
    /// The number to dial.
    pub number: ExtensionNumber,
    /// How members ring.
    pub strategy: RingStrategy,
    /// Seconds that one member rings before the next, [`RING_SECONDS_MIN`] to [`RING_SECONDS_MAX`].
    pub ring_seconds: u32,
    /// The members, in their order.
    pub members: Vec<Member>,
}

impl Huntgroup {
    /// Checks what was typed into the form of a huntgroup (members are edited apart).
    ///
    /// # Errors
    /// What is wrong, per field: `name`, `number`, `strategy`, `ring_seconds`.
    pub fn parse(name: &str, number: &str, strategy: &str, ring_seconds: &str) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", field::name(name));
        let number = errors.take("number", number.parse().map_err(Into::into));
        let strategy = errors.take(
            "strategy",
            RingStrategy::from_key(strategy).ok_or_else(|| FieldError::new("Choose a ring strategy.")),
        );
        let ring_seconds = errors
            .take("ring_seconds", field::whole_number(ring_seconds, RING_SECONDS_MIN, RING_SECONDS_MAX, "seconds"));
        match (name, number, strategy, ring_seconds) {
            (Some(name), Some(number), Some(strategy), Some(ring_seconds)) => {
                Ok(Self { name, number, strategy, ring_seconds, members: Vec::new() })
            }
            _ => Err(errors),
        }
    }

    /// Checks a list of members: no extension twice, not more than [`MEMBERS_MAX`].
    ///
    /// # Errors
    /// One error for the field `members`.
    pub fn check_members(members: &[Member]) -> Result<(), FieldErrors> {
        if members.len() > MEMBERS_MAX {
            return Err(FieldErrors::one("members", format!("A huntgroup has at most {MEMBERS_MAX} members.")));
        }
        let mut seen = BTreeSet::new();
        if members.iter().all(|member| seen.insert(member.account)) {
            Ok(())
        } else {
            Err(FieldErrors::one("members", "An extension can be a member only once; remove the second entry."))
        }
    }

    /// The extensions whose calls `manager` may supervise through this group: all other members that are not among the
    /// [`protected`], when the manager's own membership has *Supervision allowed*.
    pub fn supervisable_by<'a>(
        &'a self,
        manager: AccountId,
        protected: &'a BTreeSet<AccountId>,
    ) -> impl Iterator<Item = AccountId> + 'a {
        let allowed = self.members.iter().any(|member| member.account == manager && member.supervision_allowed);
        self.members
            .iter()
            .map(|member| member.account)
            .filter(move |account| allowed && *account != manager && !protected.contains(account))
    }
}

/// The extensions that nobody may supervise. A *Never supervise* mark protects its extension in every group of the customer,
/// not only in the one where it was set.
#[must_use]
pub fn protected(groups: &[Huntgroup]) -> BTreeSet<AccountId> {
    let members = groups.iter().flat_map(|group| &group.members);
    members.filter(|member| member.never_supervise).map(|member| member.account).collect()
}

/// The extensions whose calls `manager` may supervise through any of a customer's huntgroups.
#[must_use]
pub fn supervisable(groups: &[Huntgroup], manager: AccountId) -> BTreeSet<AccountId> {
    let protected = protected(groups);
    groups.iter().flat_map(|group| group.supervisable_by(manager, &protected)).collect()
}
