//! Customer classes.

use tandem_domain::{
    class::{CustomerClass, Notification},
    ids::{ClassId, Stored, Version},
    list::{Page, Query},
};
use uuid::Uuid;

use crate::{Change, Store, StoreError, db::Tx};

/// The built-in class: the one of customers that need no other. It can be changed, but not deleted.
pub const STANDARD: ClassId = ClassId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));

/// A class in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRow {
    /// What names it.
    pub id: ClassId,
    /// Its name.
    pub name: String,
    /// The notifications that are on.
    pub notifications: Vec<Notification>,
    /// How many customers it has.
    pub customers: i64,
    /// It cannot be deleted.
    pub built_in: bool,
}

/// The classes. See [`Store::classes`].
#[derive(Clone, Copy)]
pub struct Classes<'a>(pub(crate) &'a Store);

impl Classes<'_> {
    /// A page of classes by name. Searched: name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<()>) -> Result<Page<ClassRow>, StoreError> {
        todo!()
    }

    /// All classes by name, for a choice in a form.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices(&self) -> Result<Vec<(ClassId, String)>, StoreError> {
        todo!()
    }

    /// A class.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: ClassId) -> Result<Stored<ClassId, CustomerClass>, StoreError> {
        todo!()
    }

    /// Adds a class.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`).
    pub async fn create(&self, class: &CustomerClass, change: &Change<'_>) -> Result<ClassId, StoreError> {
        todo!()
    }

    /// Saves a class over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`], [`StoreError::Taken`] (`name`).
    pub async fn update(
        &self,
        id: ClassId,
        expected: Version,
        class: &CustomerClass,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Deletes a class.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] while customers have it, or when it is built in.
    pub async fn delete(&self, id: ClassId, change: &Change<'_>) -> Result<(), StoreError> {
        todo!()
    }
}

/// Makes the built-in class when it is not there.
pub(crate) async fn keep_built_in(tx: &mut Tx) -> Result<(), StoreError> {
    todo!()
}
