//! What is known of an administrator.

use serde::{Deserialize, Serialize};

use crate::ids::RoleId;

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
}
