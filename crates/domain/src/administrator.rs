//! What is known of an administrator.

use serde::{Deserialize, Serialize};

use crate::{
    ids::RoleId,
    locale::{Locale, TimeZone},
};

/// A member of the provider's staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Administrator {
    /// The person's name.
    pub name: String,
    /// The person's e-mail address; may be empty.
    pub email: String,
    /// The access role.
    pub role: RoleId,
    /// Whether the person may sign in.
    pub active: bool,
    /// How dates and numbers are shown to the person.
    pub locale: Locale,
    /// The time zone of the dates shown.
    pub time_zone: TimeZone,
}

impl Administrator {
    /// Somebody who may sign in, and reads dates in the usual way until another is chosen.
    #[must_use]
    pub fn new(name: impl Into<String>, email: impl Into<String>, role: RoleId) -> Self {
        Self {
            name: name.into(),
            email: email.into(),
            role,
            active: true,
            locale: Locale::default(),
            time_zone: TimeZone::default(),
        }
    }
}
