//! A customer's huntgroups and their members.

use tandem_domain::{
    access::Tenant,
    huntgroup::{Huntgroup, Member, RingStrategy},
    ids::{AccountId, HuntgroupId, Stored, Version},
    list::{Page, Query},
    numbers::ExtensionNumber,
    status::Status,
};

use crate::{Change, Store, StoreError};

/// What the list of huntgroups can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HuntgroupSort {
    /// The name.
    #[default]
    Name,
    /// The number, 99 before 100.
    Number,
}

impl HuntgroupSort {
    /// The sort of this name in a URL; the first for any other.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key {
            "number" => Self::Number,
            _ => Self::Name,
        }
    }
}

/// A huntgroup in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HuntgroupRow {
    /// What names it.
    pub id: HuntgroupId,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: ExtensionNumber,
    /// How it rings.
    pub strategy: RingStrategy,
    /// Seconds that one member rings before the next.
    pub ring_seconds: u32,
    /// How many members it has.
    pub members: i64,
}

/// A member together with what a page shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The membership.
    pub member: Member,
    /// The account's extension.
    pub extension: ExtensionNumber,
    /// The account's name.
    pub name: String,
    /// The account's status.
    pub status: Status,
}

/// A huntgroup of which an account is a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The huntgroup.
    pub id: HuntgroupId,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: ExtensionNumber,
    /// The membership.
    pub member: Member,
}

/// A customer's huntgroups. See [`Store::huntgroups`].
#[derive(Clone, Copy)]
pub struct Huntgroups<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: Tenant,
}

impl Huntgroups<'_> {
    /// A page of huntgroups. Searched: name, number.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<HuntgroupSort>) -> Result<Page<HuntgroupRow>, StoreError> {
        todo!()
    }

    /// All huntgroups with their members: what decides who may supervise whom.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn all(&self) -> Result<Vec<Stored<HuntgroupId, Huntgroup>>, StoreError> {
        todo!()
    }

    /// A huntgroup with its members in their order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: HuntgroupId) -> Result<Stored<HuntgroupId, Huntgroup>, StoreError> {
        todo!()
    }

    /// The members of a huntgroup in their order, with names and extensions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn members(&self, id: HuntgroupId) -> Result<Vec<MemberRow>, StoreError> {
        todo!()
    }

    /// The huntgroups of which an account is a member, by name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_account(&self, account: AccountId) -> Result<Vec<Membership>, StoreError> {
        todo!()
    }

    /// Adds a huntgroup with its members.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`, `number`); [`StoreError::Refused`] (`members`) for an extension that is not the
    /// customer's or is closed.
    pub async fn create(&self, group: &Huntgroup, change: &Change<'_>) -> Result<HuntgroupId, StoreError> {
        todo!()
    }

    /// Saves name, number, strategy and ring time over version `expected`, and tells the new version. The members in `group`
    /// are ignored.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Taken`] (`name`, `number`).
    pub async fn update(
        &self,
        id: HuntgroupId,
        expected: Version,
        group: &Huntgroup,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Saves the members, in this order, over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Refused`] (`members`) for an extension that is not the
    /// customer's or is closed, or for one that is there twice.
    pub async fn set_members(
        &self,
        id: HuntgroupId,
        expected: Version,
        members: &[Member],
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Deletes a huntgroup; its number is free again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn delete(&self, id: HuntgroupId, change: &Change<'_>) -> Result<(), StoreError> {
        todo!()
    }
}
