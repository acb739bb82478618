//! What customers of one kind share: the customer class with its notifications.

use serde::{Deserialize, Serialize};

/// Something that people can be told about by e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notification {
    /// The first of the three conditions for a recording by e-mail (PRODUCT §2).
    NewCallRecording,
}

impl Notification {
    /// All notifications.
    pub const ALL: [Self; 1] = [Self::NewCallRecording];

    /// The name used in forms and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::NewCallRecording => "new_call_recording",
        }
    }

    /// The notification of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notification| notification.key() == key)
    }

    /// The notification's name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NewCallRecording => "New call recording is available",
        }
    }

    /// What it does, in one sentence.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::NewCallRecording => {
                "Accounts that have an e-mail address and “Send the call recording via email” on get each recording by e-mail."
            }
        }
    }
}

/// A customer class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerClass {
    /// What the provider's staff call it; unique.
    pub name: String,
    /// The notifications that are on.
    pub notifications: Vec<Notification>,
}
