//! Which modes of supervision there are, and who hears whom in each (PRODUCT §1).

use serde::{Deserialize, Serialize};

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
