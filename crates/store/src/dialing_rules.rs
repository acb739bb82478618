//! The provider's dialing rules.

use tandem_domain::{
    dialing::DialingRule,
    ids::{DialingRuleId, Stored, Version},
    list::{Page, Query},
};
use uuid::Uuid;

use crate::{Change, Store, StoreError, db::Tx};

/// The built-in rule, in effect where nobody assigned another. It can be changed, but not deleted.
pub const DEFAULT: DialingRuleId = DialingRuleId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0201));

/// A rule in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialingRuleRow {
    /// What names it.
    pub id: DialingRuleId,
    /// The rule.
    pub rule: DialingRule,
    /// How many customers it is assigned to.
    pub customers: i64,
    /// How many accounts it is assigned to, counted up to [`COUNT_CAP`](tandem_domain::list::COUNT_CAP) + 1.
    pub accounts: i64,
    /// It cannot be deleted.
    pub built_in: bool,
}

/// The rules. See [`Store::dialing_rules`].
#[derive(Clone, Copy)]
pub struct DialingRules<'a>(pub(crate) &'a Store);

impl DialingRules<'_> {
    /// A page of rules by name. Searched: name, codes.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<()>) -> Result<Page<DialingRuleRow>, StoreError> {
        todo!()
    }

    /// All rules by name, for a choice in a form.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices(&self) -> Result<Vec<(DialingRuleId, String)>, StoreError> {
        todo!()
    }

    /// A rule.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: DialingRuleId) -> Result<Stored<DialingRuleId, DialingRule>, StoreError> {
        todo!()
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`).
    pub async fn create(&self, rule: &DialingRule, change: &Change<'_>) -> Result<DialingRuleId, StoreError> {
        todo!()
    }

    /// Saves a rule over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Taken`] (`name`).
    pub async fn update(
        &self,
        id: DialingRuleId,
        expected: Version,
        rule: &DialingRule,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Deletes a rule.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] while a customer or an account has it, or when it is built in.
    pub async fn delete(&self, id: DialingRuleId, change: &Change<'_>) -> Result<(), StoreError> {
        todo!()
    }
}

/// Makes the built-in rule when it is not there.
pub(crate) async fn keep_built_in(tx: &mut Tx) -> Result<(), StoreError> {
    todo!()
}
