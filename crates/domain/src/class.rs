//! What customers of one kind share: the customer class with its notifications, and how long their recordings are kept.

use serde::{Deserialize, Serialize};

use crate::{error::FieldError, field};

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

/// The longest time that recordings are kept, in days, unless they are kept until somebody deletes them: ten years.
pub const KEPT_DAYS_MAX: u32 = 3650;

/// The form's field for [`CustomerClass::recordings_kept_days`].
pub const KEPT_DAYS: &str = "recordings_kept_days";

/// Days after which recordings are deleted, 1 to [`KEPT_DAYS_MAX`]; nothing: when somebody deletes them.
///
/// # Errors
/// What is wrong and what to do.
pub fn kept_days(typed: &str) -> Result<Option<u32>, FieldError> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    field::whole_number(typed, 1, KEPT_DAYS_MAX, "days").map(Some).map_err(|_| {
        let words = "Leave it empty to keep recordings until somebody deletes them, or enter a whole number from 1 to";
        FieldError::new(format!("{words} {KEPT_DAYS_MAX} days."))
    })
}

/// A customer class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerClass {
    /// What the provider's staff call it; unique.
    pub name: String,
    /// The notifications that are on.
    pub notifications: Vec<Notification>,
    /// Days after which call recordings are deleted; `None`: they are kept until somebody deletes them.
    #[serde(default)]
    pub recordings_kept_days: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_kept_for_some_days_or_until_they_are_deleted() {
        assert_eq!((kept_days(""), kept_days("  ")), (Ok(None), Ok(None)));
        assert_eq!((kept_days("1"), kept_days(" 3650 ")), (Ok(Some(1)), Ok(Some(3650))));
        for wrong in ["0", "3651", "-1", "1.5", "a year", "99999999999"] {
            assert!(kept_days(wrong).unwrap_err().0.ends_with("from 1 to 3650 days."), "{wrong}");
        }
    }
}
