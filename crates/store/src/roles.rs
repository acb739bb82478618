//! Access roles.

use tandem_domain::{
    access::{AccessRole, Audience},
    ids::{RoleId, Stored, Version},
    list::{Page, Query},
};
use uuid::Uuid;

use crate::{Change, Store, StoreError, db::Tx};

/// The built-in roles, in the order of [`AccessRole::built_in`]: administrator, read-only administrator, customer, account.
pub const BUILT_IN: [RoleId; 4] = [built_in(1), built_in(2), built_in(3), built_in(4)];
/// The built-in role of administrators.
pub const ADMINISTRATOR: RoleId = BUILT_IN[0];
/// The built-in role of administrators that change nothing.
pub const READ_ONLY_ADMINISTRATOR: RoleId = BUILT_IN[1];
/// The built-in role of customers.
pub const CUSTOMER: RoleId = BUILT_IN[2];
/// The built-in role of accounts.
pub const ACCOUNT: RoleId = BUILT_IN[3];

const fn built_in(n: u128) -> RoleId {
    RoleId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0100 + n))
}

/// Whether a role is built in: it can be copied, but neither changed nor deleted.
#[must_use]
pub fn is_built_in(id: RoleId) -> bool {
    BUILT_IN.contains(&id)
}

/// A role in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// What names it.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// Whom it is for.
    pub audience: Audience,
    /// It can neither be changed nor deleted.
    pub built_in: bool,
}

/// Which roles a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoleFilters {
    /// Only those for these people.
    pub audience: Option<Audience>,
}

/// The roles. See [`Store::roles`].
#[derive(Clone, Copy)]
pub struct Roles<'a>(pub(crate) &'a Store);

impl Roles<'_> {
    /// A page of roles by name. Searched: name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<()>, filters: &RoleFilters) -> Result<Page<RoleRow>, StoreError> {
        todo!()
    }

    /// All roles for these people by name, for a choice in a form.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices(&self, audience: Audience) -> Result<Vec<(RoleId, String)>, StoreError> {
        todo!()
    }

    /// A role.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: RoleId) -> Result<Stored<RoleId, AccessRole>, StoreError> {
        todo!()
    }

    /// How many administrators, customers or accounts have the role, counted up to
    /// [`COUNT_CAP`](tandem_domain::list::COUNT_CAP) + 1.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn holders(&self, id: RoleId) -> Result<u32, StoreError> {
        todo!()
    }

    /// Adds a role.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`).
    pub async fn create(&self, role: &AccessRole, change: &Change<'_>) -> Result<RoleId, StoreError> {
        todo!()
    }

    /// Saves a role over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Taken`] (`name`); [`StoreError::InUse`] for a built-in
    /// role; [`StoreError::Refused`]: `audience` while somebody has the role, `entries` when nobody would be left who can
    /// manage administrators.
    pub async fn update(
        &self,
        id: RoleId,
        expected: Version,
        role: &AccessRole,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Deletes a role.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] while somebody has it, or when it is built in.
    pub async fn delete(&self, id: RoleId, change: &Change<'_>) -> Result<(), StoreError> {
        todo!()
    }
}

/// Makes the built-in roles, or makes them what this program says they are.
pub(crate) async fn keep_built_in(tx: &mut Tx) -> Result<(), StoreError> {
    todo!()
}
