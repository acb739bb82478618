//! Which modes of supervision there are, who hears whom in each, and who may join (PRODUCT §1).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    huntgroup::{Huntgroup, protected},
    ids::AccountId,
    settings::Setting,
};

/// How a manager takes part in the live call of an agent and a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The manager listens; nobody hears the manager.
    Spy,
    /// The manager listens and speaks to the agent alone.
    Whisper,
    /// The manager listens and speaks to both.
    BargeIn,
}

impl Mode {
    /// All modes, in the order of their default digits 0, 1, 2.
    pub const ALL: [Self; 3] = [Self::Spy, Self::Whisper, Self::BargeIn];

    /// The mode's name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Spy => "Spy",
            Self::Whisper => "Whisper",
            Self::BargeIn => "Barge-in",
        }
    }

    /// What the mode does, in one sentence.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Spy => "The manager hears both; nobody hears the manager.",
            Self::Whisper => "The manager hears both; only the agent hears the manager.",
            Self::BargeIn => "The manager hears both, and both hear the manager.",
        }
    }
}

/// How the parties of a call are told that it is supervised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Nothing is played.
    #[default]
    Silent,
    /// The agent hears a short tone.
    ToneToAgent,
    /// Agent and client hear a short tone.
    ToneToBoth,
    /// The agent hears a spoken notice.
    SpokenToAgent,
    /// Agent and client hear a spoken notice.
    SpokenToBoth,
}

impl Notice {
    /// All policies, the quietest first.
    pub const ALL: [Self; 5] =
        [Self::Silent, Self::ToneToAgent, Self::ToneToBoth, Self::SpokenToAgent, Self::SpokenToBoth];

    /// The name used in forms and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::ToneToAgent => "tone_to_agent",
            Self::ToneToBoth => "tone_to_both",
            Self::SpokenToAgent => "spoken_to_agent",
            Self::SpokenToBoth => "spoken_to_both",
        }
    }

    /// The policy of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.key() == key)
    }

    /// The policy's name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Silent => "Silent",
            Self::ToneToAgent => "Tone to the agent",
            Self::ToneToBoth => "Tone to both parties",
            Self::SpokenToAgent => "Spoken notice to the agent",
            Self::SpokenToBoth => "Spoken notice to both parties",
        }
    }
}

/// Why somebody may not join a call (PRODUCT §1, "Who may").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// The customer's *Call supervision* is off.
    NotEnabled,
    /// A prefix was dialled without an extension.
    Whom,
    /// Nobody has this extension.
    UnknownExtension,
    /// One's own call.
    Yourself,
    /// No huntgroup with the agent in it in which the manager's membership has *Supervision allowed*.
    NotAllowed,
    /// The agent's extension is marked *Never supervise*, or that of whom the agent talks to.
    Protected,
    /// The agent has no answered call.
    NoCall,
    /// The agent is on no other call than a supervision.
    IsSupervision,
}

impl Refused {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::NotEnabled,
        Self::Whom,
        Self::UnknownExtension,
        Self::Yourself,
        Self::NotAllowed,
        Self::Protected,
        Self::NoCall,
        Self::IsSupervision,
    ];

    /// The name used in the audit log.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::NotEnabled => "not_enabled",
            Self::Whom => "whom",
            Self::UnknownExtension => "unknown_extension",
            Self::Yourself => "yourself",
            Self::NotAllowed => "not_allowed",
            Self::Protected => "protected",
            Self::NoCall => "no_call",
            Self::IsSupervision => "is_supervision",
        }
    }

    /// What the manager is told, in the console and by the phone's display.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotEnabled => "Call supervision is not enabled for your company.",
            Self::Whom => "Dial the extension directly after the code.",
            Self::UnknownExtension => "Nobody has this extension.",
            Self::Yourself => "You cannot supervise yourself.",
            Self::NotAllowed => "You are not allowed to supervise this extension.",
            Self::Protected => "This extension, or whom it talks to, is protected from supervision.",
            Self::NoCall => "This extension is not on a call at the moment.",
            Self::IsSupervision => "This extension is supervising a call, and cannot be supervised.",
        }
    }
}

/// Whether `manager` may join calls of `agent`, whatever calls there are: `enabled` is the customer's *Call supervision*,
/// `groups` are the customer's huntgroups, of whose members these two are enough.
///
/// # Errors
/// Why not. That an extension is protected is told to those alone who might supervise it otherwise.
pub fn may_join(enabled: bool, groups: &[Huntgroup], manager: AccountId, agent: AccountId) -> Result<(), Refused> {
    if !enabled {
        return Err(Refused::NotEnabled);
    }
    if manager == agent {
        return Err(Refused::Yourself);
    }
    let nobody = BTreeSet::new();
    if !groups.iter().any(|group| group.supervisable_by(manager, &nobody).any(|account| account == agent)) {
        return Err(Refused::NotAllowed);
    }
    if protected(groups).contains(&agent) { Err(Refused::Protected) } else { Ok(()) }
}

impl Mode {
    /// The name used in the audit log.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Spy => "spy",
            Self::Whisper => "whisper",
            Self::BargeIn => "barge_in",
        }
    }

    /// Whether the agent hears the manager.
    #[must_use]
    pub const fn agent_hears_manager(self) -> bool {
        match self {
            Self::Spy => false,
            Self::Whisper | Self::BargeIn => true,
        }
    }

    /// Whether the client hears the manager.
    #[must_use]
    pub const fn client_hears_manager(self) -> bool {
        match self {
            Self::Spy | Self::Whisper => false,
            Self::BargeIn => true,
        }
    }

    /// The setting that says what is played when a manager joins in this mode, or changes to it.
    #[must_use]
    pub const fn notice(self) -> Setting {
        match self {
            Self::Spy => Setting::NoticeSpy,
            Self::Whisper => Setting::NoticeWhisper,
            Self::BargeIn => Setting::NoticeBargeIn,
        }
    }
}

impl Notice {
    /// Whether anything is played to the client.
    #[must_use]
    pub const fn reaches_client(self) -> bool {
        match self {
            Self::Silent | Self::ToneToAgent | Self::SpokenToAgent => false,
            Self::ToneToBoth | Self::SpokenToBoth => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::huntgroup::{Member, RingStrategy};

    fn account(n: u128) -> AccountId {
        AccountId(Uuid::from_u128(n))
    }

    fn member(n: u128, supervision_allowed: bool, never_supervise: bool) -> Member {
        Member { account: account(n), supervision_allowed, never_supervise }
    }

    fn group(members: Vec<Member>) -> Huntgroup {
        let number = "7700".parse().expect("an extension");
        Huntgroup { name: "Support".into(), number, strategy: RingStrategy::Order, ring_seconds: 20, members }
    }

    #[test]
    fn every_rule_has_its_own_refusal() {
        let (adam, john, owner, peter) = (account(1), account(2), account(3), account(4));
        let support = group(vec![member(1, true, false), member(2, false, false), member(3, false, false)]);
        let sales = group(vec![member(4, true, false), member(1, false, false)]);
        let board = group(vec![member(3, false, true)]);
        let groups = [support, sales, board];
        let may = |manager, agent| may_join(true, &groups, manager, agent);
        assert_eq!(may(adam, john), Ok(()));
        assert_eq!(may(peter, adam), Ok(()), "in Sales he is the manager");
        assert_eq!(may_join(false, &groups, adam, john), Err(Refused::NotEnabled));
        assert_eq!(may(adam, adam), Err(Refused::Yourself));
        assert_eq!(may(john, adam), Err(Refused::NotAllowed), "an agent");
        assert_eq!(may(adam, peter), Err(Refused::NotAllowed), "he is no manager of Sales");
        assert_eq!(may(adam, owner), Err(Refused::Protected), "by a mark in another group");
        assert_eq!(may(peter, owner), Err(Refused::NotAllowed), "who may not anyway does not learn of the mark");
    }

    #[test]
    fn reasons_have_names_and_words_of_their_own() {
        let names: BTreeSet<_> = Refused::ALL.iter().flat_map(|refused| [refused.key(), refused.words()]).collect();
        assert_eq!(names.len(), 2 * Refused::ALL.len());
    }
}
