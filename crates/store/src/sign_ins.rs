//! Who may sign in: names, password hashes, and failures so far.

use tandem_domain::{
    access::{Principal, Who},
    ids::Timestamp,
    sign_in::{Failures, SignInName},
};

use crate::{Change, Store, StoreError};

/// A sign-in to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignIn {
    /// The name.
    pub name: SignInName,
    /// The password's hash ([`crate::password::hash`]).
    pub password_hash: String,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The name.
    pub name: SignInName,
    /// Whose it is.
    pub who: Who,
    /// The password's hash.
    pub password_hash: String,
    /// When the password was set.
    pub password_changed_at: Timestamp,
}

/// The sign-ins. See [`Store::sign_ins`].
#[derive(Clone, Copy)]
pub struct SignIns<'a>(pub(crate) &'a Store);

impl SignIns<'_> {
    /// The sign-in of this name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn find(&self, name: &SignInName) -> Result<Option<SignIn>, StoreError> {
        todo!()
    }

    /// Somebody's sign-in.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of(&self, who: Who) -> Result<Option<SignIn>, StoreError> {
        todo!()
    }

    /// Somebody's name, role and language, and the stamp of their sessions (it changes with the password), if they may sign
    /// in now: they have a sign-in, an administrator is active, a customer or account is neither blocked nor closed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn principal(&self, who: Who) -> Result<Option<(Principal, Vec<u8>)>, StoreError> {
        todo!()
    }

    /// Gives somebody a sign-in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Taken`] (`sign_in`), also when they have one already;
    /// [`StoreError::Refused`] (`sign_in`) when they are closed.
    pub async fn add(&self, who: Who, sign_in: &NewSignIn, change: &Change<'_>) -> Result<(), StoreError> {
        todo!()
    }

    /// Changes the name that somebody signs in with.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when they have no sign-in; [`StoreError::Taken`] (`sign_in`).
    pub async fn set_name(&self, who: Who, name: &SignInName, change: &Change<'_>) -> Result<(), StoreError> {
        todo!()
    }

    /// Changes a password; all sessions of the person end.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when they have no sign-in.
    pub async fn set_password(&self, who: Who, password_hash: &str, change: &Change<'_>) -> Result<(), StoreError> {
        todo!()
    }

    /// Takes somebody's sign-in away. Nothing happens when they have none. Administrators keep theirs: they are deactivated
    /// or deleted instead.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::InUse`] for an administrator.
    pub async fn remove(&self, who: Who, change: &Change<'_>) -> Result<(), StoreError> {
        todo!()
    }

    /// Counts an attempt to sign in at each of `keys`, each with the failures that cost nothing there, unless one of them
    /// must wait: then nothing is counted, and the longest wait in seconds is told. The attempt counts as a failure until
    /// [`SignIns::succeeded`] takes it back, so that many at once cannot slip through together.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn attempt(&self, keys: &[(&str, u32)], now: Timestamp) -> Result<Option<i64>, StoreError> {
        todo!()
    }

    /// Takes an attempt back that turned out right. The first key is the person's own: all its failures are forgotten. The
    /// others are shared (an address): only this attempt is, so that knowing one password does not open the way to guess
    /// others.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn succeeded(&self, keys: &[(&str, u32)]) -> Result<(), StoreError> {
        todo!()
    }

    /// The failures at a key so far.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn failures(&self, key: &str) -> Result<Option<Failures>, StoreError> {
        todo!()
    }

    /// Forgets all failures at a key: an administrator lets somebody try again.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn clear_failures(&self, key: &str) -> Result<(), StoreError> {
        todo!()
    }

    /// Forgets the failures that are too old to count.
    pub(crate) async fn forget_failures(&self, now: Timestamp) -> Result<(), StoreError> {
        todo!()
    }
}
