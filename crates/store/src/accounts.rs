//! Accounts: who they are, their status, and what their phones register with.

use tandem_domain::{
    access::{Scope, Tenant},
    account::Account,
    ids::{AccountId, CustomerId, Stored, Timestamp, Version},
    list::{Page, Query},
    numbers::ExtensionNumber,
    sign_in::SignInName,
    status::{Status, StatusChange},
};

use crate::{Change, Store, StoreError, sign_ins::NewSignIn};

/// What the list of accounts can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccountSort {
    /// The extension, 99 before 100.
    #[default]
    Extension,
    /// First name, then last name.
    Name,
    /// The customer's name; in one customer's list, the extension.
    Customer,
    /// The status.
    Status,
}

impl AccountSort {
    /// The sort of this name in a URL; the first for any other.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key {
            "name" => Self::Name,
            "customer" => Self::Customer,
            "status" => Self::Status,
            _ => Self::Extension,
        }
    }
}

/// Which accounts a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountFilters {
    /// Only those of this customer.
    pub customer: Option<CustomerId>,
    /// Only those with this status.
    pub status: Option<Status>,
}

/// An account in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// What names it.
    pub id: AccountId,
    /// Whose account it is.
    pub customer: CustomerId,
    /// The customer's name.
    pub customer_name: String,
    /// The customer's status.
    pub customer_status: Status,
    /// The account's name.
    pub name: String,
    /// Its extension.
    pub extension: ExtensionNumber,
    /// Its e-mail address.
    pub email: String,
    /// Its status.
    pub status: Status,
    /// The last day with service.
    pub expires_on: Option<String>,
}

/// What is known of an account beside its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOverview {
    /// The status.
    pub status: Status,
    /// The customer's status.
    pub customer_status: Status,
    /// The customer's name.
    pub customer_name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The name of the account's own sign-in.
    pub sign_in: Option<SignInName>,
    /// What its phones register as: the customer's SIP prefix and the extension.
    pub sip_user: String,
    /// Whether a SIP password is set.
    pub has_sip_password: bool,
}

/// An account to choose in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChoice {
    /// What names it.
    pub id: AccountId,
    /// Its extension.
    pub extension: ExtensionNumber,
    /// Its name.
    pub name: String,
}

/// What a phone must prove to know when it registers.
#[derive(Clone, PartialEq, Eq)]
pub struct SipCredentials {
    /// The account.
    pub account: AccountId,
    /// Its customer.
    pub customer: CustomerId,
    /// MD5 of `user:realm:password`, in hexadecimal (RFC 2617 §3.2.2.2).
    pub ha1_md5: String,
    /// SHA-256 of the same (RFC 8760 §2.2).
    pub ha1_sha256: String,
}

/// The realm of all SIP passwords.
pub const SIP_REALM: &str = "tandem";

/// The accounts. See [`Store::accounts`].
#[derive(Clone, Copy)]
pub struct Accounts<'a>(pub(crate) &'a Store);

impl Accounts<'_> {
    /// A page of accounts. Searched: name, extension, e-mail address. A filter by a customer outside the scope finds nothing.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        query: &Query<AccountSort>,
        filters: &AccountFilters,
    ) -> Result<Page<AccountRow>, StoreError> {
        todo!()
    }

    /// A customer's accounts that are not closed, by extension, at most `limit`, for a choice in a form. `search` as in lists.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices(&self, tenant: Tenant, search: &str, limit: u32) -> Result<Vec<AccountChoice>, StoreError> {
        todo!()
    }

    /// An account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn get(&self, tenant: Tenant, id: AccountId) -> Result<Stored<AccountId, Account>, StoreError> {
        todo!()
    }

    /// An account whose customer is not known yet; the scope must cover it. [`Account::customer`] tells the tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn find(&self, scope: Scope, id: AccountId) -> Result<Stored<AccountId, Account>, StoreError> {
        todo!()
    }

    /// What is known of an account beside its record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn overview(&self, tenant: Tenant, id: AccountId) -> Result<AccountOverview, StoreError> {
        todo!()
    }

    /// Adds an account, open, with a sign-in of its own if one is given.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`extension`, `sign_in`); [`StoreError::Refused`] (`role`, `dialing_rule`);
    /// [`StoreError::NotFound`] when the record names another customer than the tenant's.
    pub async fn create(
        &self,
        tenant: Tenant,
        account: &Account,
        sign_in: Option<&NewSignIn>,
        change: &Change<'_>,
    ) -> Result<AccountId, StoreError> {
        todo!()
    }

    /// Saves an account over version `expected`, and tells the new version. A new extension is a new SIP user: the SIP
    /// password has to be set anew.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Taken`] (`extension`); [`StoreError::Refused`] (`role`,
    /// `dialing_rule`, or `extension` of a closed account).
    pub async fn update(
        &self,
        tenant: Tenant,
        id: AccountId,
        expected: Version,
        account: &Account,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Sets the status, with a reason for the history, and tells the status before. Closing gives back what others may need:
    /// the extension, the places in huntgroups, the SIP password and the sign-in.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`status`) when it is closed, has that status already, or
    /// accounts cannot have it.
    pub async fn set_status(
        &self,
        tenant: Tenant,
        id: AccountId,
        status: Status,
        reason: &str,
        change: &Change<'_>,
    ) -> Result<Status, StoreError> {
        todo!()
    }

    /// The statuses that the account had, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn status_history(&self, tenant: Tenant, id: AccountId) -> Result<Vec<StatusChange>, StoreError> {
        todo!()
    }

    /// Sets the SIP password. Only its digests are kept.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`sip_password`) when the account is closed.
    pub async fn set_sip_password(
        &self,
        tenant: Tenant,
        id: AccountId,
        password: &str,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Takes the SIP password away: no phone can register. Nothing happens when there is none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn remove_sip_password(
        &self,
        tenant: Tenant,
        id: AccountId,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// What a phone must know that registers as `sip_user`; for the registrar, which asks before it knows whose it is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sip_credentials(&self, sip_user: &str) -> Result<Option<SipCredentials>, StoreError> {
        todo!()
    }
}
