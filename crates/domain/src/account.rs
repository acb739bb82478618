//! What is known of an account, beside its status (see [`crate::status`]) and its settings (see [`crate::settings`]).

use serde::{Deserialize, Serialize};

use crate::{
    ids::{CustomerId, DialingRuleId, RoleId},
    numbers::ExtensionNumber,
};

/// An account: a person or a device of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose account it is; never changes.
    pub customer: CustomerId,
    /// The first name, or the device's name.
    pub first_name: String,
    /// The last name; may be empty.
    pub last_name: String,
    /// Where recordings go; may be empty.
    pub email: String,
    /// The number to dial, unique among the customer's accounts and huntgroups.
    pub extension: ExtensionNumber,
    /// The last day with service, as `YYYY-MM-DD` in the customer's time zone; `None`: no end.
    pub expires_on: Option<String>,
    /// The access role of the account's own sign-in.
    pub role: RoleId,
    /// A dialing rule of its own; `None`: as its customer.
    pub dialing_rule: Option<DialingRuleId>,
}

impl Account {
    /// The name as people read it.
    #[must_use]
    pub fn name(&self) -> String {
        full_name(&self.first_name, &self.last_name)
    }
}

/// First and last name as people read them; either may be empty.
#[must_use]
pub fn full_name(first: &str, last: &str) -> String {
    if first.is_empty() || last.is_empty() { [first, last].concat() } else { [first, " ", last].concat() }
}
