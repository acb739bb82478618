//! What the pages of huntgroups show.

use serde::{Deserialize, Serialize};
use tandem_domain::{
    huntgroup::RingStrategy,
    ids::{AccountId, CustomerId, HuntgroupId, Version},
};

/// A huntgroup, as far as the reader's role shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HuntgroupView {
    /// Whose.
    pub customer: CustomerId,
    /// Which.
    pub id: HuntgroupId,
    /// The version that an edit of the settings starts from.
    pub version: Version,
    /// What it is called.
    pub name: String,
    /// The number to dial.
    pub number: String,
    /// How members ring.
    pub strategy: RingStrategy,
    /// Seconds that one member rings before the next.
    pub ring_seconds: u32,
    /// The members in their order; `None` when the role does not show them.
    pub members: Option<Vec<MemberView>>,
    /// Who may supervise whom; `None` when the role does not show it.
    pub supervision: Option<SupervisionView>,
}

impl HuntgroupView {
    /// The hidden fields that name the group, as its server functions take them.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("customer", self.customer.to_string()), ("id", self.id.to_string())]
    }
}

/// A member of a huntgroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Whose extension.
    pub account: AccountId,
    /// Name and extension.
    pub who: Extension,
    /// Why no calls reach it: "Blocked", "Expired".
    pub without_service: Option<String>,
    /// May supervise the others.
    pub supervision_allowed: bool,
    /// Nobody may supervise it.
    pub never_supervise: bool,
}

/// An extension, as people know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The person's or device's name.
    pub name: String,
    /// The number to dial.
    pub number: String,
}

impl Extension {
    /// "Adam (701)".
    #[must_use]
    pub fn text(&self) -> String {
        if self.number.is_empty() { self.name.clone() } else { [&self.name, " (", &self.number, ")"].concat() }
    }
}

/// Who may supervise whom as a result of all marks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupervisionView {
    /// Whether the customer has call supervision at all.
    pub on: bool,
    /// Each manager, and whose calls that manager may supervise.
    pub managers: Vec<(Extension, Vec<Extension>)>,
    /// Managers that are not named.
    pub more: usize,
    /// Whom nobody may supervise, whatever the groups say.
    pub protected: Vec<Extension>,
}

/// An extension that can join a huntgroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Whose extension.
    pub account: AccountId,
    /// Name and extension.
    pub who: Extension,
}

/// The extensions that match what was typed and are not in the group yet: the first ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidates {
    /// Some of them.
    pub found: Vec<Candidate>,
    /// There are more; narrow the search.
    pub more: bool,
    /// The customer has no extension at all.
    pub no_extensions: bool,
}
