//! Accounts: who they are, their status, and what their phones register with.
//!
//! Reading is here; `changing` adds and saves them, `phones` keeps their SIP passwords.

use tandem_domain::{
    access::{Scope, Tenant},
    account::{Account, full_name},
    billing::ledger::Funds,
    ids::{AccountId, CustomerId, Stored, Timestamp, Version},
    list::{PAGE_ROWS, Page, Query, search_words},
    locale::TimeZone,
    numbers::ExtensionNumber,
    sign_in::SignInName,
    status::{Status, StatusChange},
};

use crate::{
    Store, StoreError,
    db::{Row, Sql, sql},
    ledger::{self, FUNDS, FUNDS_OF},
    list::{List, Sieve, Where, WordIndex},
    search, statuses,
};

mod changing;
mod phones;

pub use phones::{SIP_REALM, SipCredentials};

/// Their place in the word index.
pub(crate) const WORDS: WordIndex = WordIndex { kind: "account", rare: 2500, paired: 0 };

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
    /// What of them is not searched.
    pub hidden: HiddenOfAccount,
}

/// What a reader is not shown of accounts: no search finds it, or it could be guessed letter by letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HiddenOfAccount {
    /// Names and e-mail addresses.
    pub profile: bool,
    /// Extensions.
    pub extension: bool,
}

impl HiddenOfAccount {
    /// Lets those accounts through that have the words in what is shown; needless where all is shown, or nothing searched.
    fn sieve(self, search: &str) -> Option<Box<Sieve<'static>>> {
        let words = search_words(search);
        if self == Self::default() || words.is_empty() {
            return None;
        }
        let Self { profile, extension } = self;
        Some(Box::new(move |row| {
            let shown = |column, hidden| if hidden { Ok(String::new()) } else { row.text(column) };
            let texts = [
                shown("first_name", profile)?,
                shown("last_name", profile)?,
                shown("email", profile)?,
                shown("extension", extension)?,
            ];
            Ok(search::is_in(&words, &texts.each_ref().map(String::as_str)))
        }))
    }
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
    /// The last day with service, in the customer's time zone.
    pub expires_on: Option<String>,
    /// The customer's time zone.
    pub time_zone: TimeZone,
    /// What the customer has left.
    pub funds: Funds,
}

/// What is known of an account beside its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOverview {
    /// The status.
    pub status: Status,
    /// Its block is the provider's.
    pub held: bool,
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
    /// Changes whenever it is set or taken away.
    pub sip_version: Version,
    /// What the customer has left.
    pub funds: Funds,
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
        let in_one_customer = scope.customer().or(filters.customer).is_some();
        let key = match query.sort {
            AccountSort::Extension => "extension_key",
            AccountSort::Name => "name_key",
            AccountSort::Customer if in_one_customer => "extension_key",
            AccountSort::Customer => "customer_key",
            AccountSort::Status => "status",
        };
        let mut conditions = Where::within(scope);
        conditions.and_if("r.customer_id = ?", filters.customer);
        conditions.and_if("r.status = ?", filters.status);
        let sieve = filters.hidden.sieve(&query.search);
        let columns = format!(
            "r.id, r.customer_id, r.first_name, r.last_name, r.extension, r.email, r.status, r.expires_on, \
             c.name AS customer_name, c.status AS customer_status, c.time_zone, {FUNDS}"
        );
        let list = List {
            columns: &columns,
            table: "account",
            joins: &format!("JOIN customer c ON c.id = r.customer_id {FUNDS_OF}"),
            words: Some(WORDS),
            conditions,
            search: &query.search,
            tags: Vec::new(),
            sieve: sieve.as_deref(),
            key,
            descending: query.descending,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        let read = |row: &Row| {
            Ok(AccountRow {
                id: row.parse("id")?,
                customer: row.parse("customer_id")?,
                customer_name: row.text("customer_name")?,
                customer_status: row.read("customer_status", Status::from_key)?,
                name: full_name(&row.text("first_name")?, &row.text("last_name")?),
                extension: row.parse("extension")?,
                email: row.text("email")?,
                status: row.read("status", Status::from_key)?,
                expires_on: row.text_or_null("expires_on")?,
                time_zone: row.parse("time_zone")?,
                funds: ledger::funds(row)?,
            })
        };
        list.page(&self.0.db, read).await
    }

    /// A customer's accounts that are not closed, by extension, at most `limit`, for a choice in a form. `search` as in lists.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices(&self, tenant: Tenant, search: &str, limit: u32) -> Result<Vec<AccountChoice>, StoreError> {
        self.choices_within(tenant, search, HiddenOfAccount::default(), limit).await
    }

    /// As [`Accounts::choices`], for a reader from whom something is hidden.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices_within(
        &self,
        tenant: Tenant,
        search: &str,
        hidden: HiddenOfAccount,
        limit: u32,
    ) -> Result<Vec<AccountChoice>, StoreError> {
        let sieve = hidden.sieve(search);
        let mut conditions = Where::within(Scope::of(tenant));
        conditions.and("r.status <> ?", Status::Closed);
        let list = List {
            columns: "r.id, r.extension, r.first_name, r.last_name, r.email",
            table: "account",
            joins: "",
            words: Some(WORDS),
            conditions,
            search,
            tags: Vec::new(),
            sieve: sieve.as_deref(),
            key: "extension_key",
            descending: false,
            cursor: None,
            rows: limit,
        };
        let read = |row: &Row| {
            Ok(AccountChoice {
                id: row.parse("id")?,
                extension: row.parse("extension")?,
                name: full_name(&row.text("first_name")?, &row.text("last_name")?),
            })
        };
        list.all(&self.0.db, read).await
    }

    /// An account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's.
    pub async fn get(&self, tenant: Tenant, id: AccountId) -> Result<Stored<AccountId, Account>, StoreError> {
        self.find(Scope::of(tenant), id).await
    }

    /// An account whose customer is not known yet; the scope must cover it. [`Account::customer`] tells the tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn find(&self, scope: Scope, id: AccountId) -> Result<Stored<AccountId, Account>, StoreError> {
        self.0.db.one(by_id(scope, id)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)
    }

    /// What is known of an account beside its record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn overview(&self, tenant: Tenant, id: AccountId) -> Result<AccountOverview, StoreError> {
        let overview = format!(
            "SELECT a.id, a.status, a.held, a.sip_version, a.created_at, a.extension, c.status AS customer_status, \
             c.name AS customer_name, c.sip_prefix, s.name AS sign_in, p.sip_user AS registered, {FUNDS} \
             FROM account a JOIN customer c ON c.id = a.customer_id {FUNDS_OF} \
             LEFT JOIN sign_in s ON s.person_id = a.id LEFT JOIN sip_credential p ON p.account_id = a.id \
             WHERE a.id = $1 AND a.customer_id = $2"
        );
        let overview = sql(overview).bind(id).bind(tenant.customer());
        let row = self.0.db.one(overview).await?.ok_or(StoreError::NotFound)?;
        Ok(AccountOverview {
            status: row.read("status", Status::from_key)?,
            held: row.flag("held")?,
            customer_status: row.read("customer_status", Status::from_key)?,
            customer_name: row.text("customer_name")?,
            created_at: row.at("created_at")?,
            sign_in: row.parse_or_null("sign_in")?,
            sip_user: row.text("sip_prefix")? + &row.text("extension")?,
            has_sip_password: row.text_or_null("registered")?.is_some(),
            sip_version: Version(row.int("sip_version")?),
            funds: ledger::funds(&row)?,
        })
    }

    /// The number after the highest extension of a customer's accounts that nobody has, huntgroups included; `None` when there
    /// is no extension to go by, or no such number.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn next_extension(&self, tenant: Tenant) -> Result<Option<ExtensionNumber>, StoreError> {
        let highest =
            "SELECT id, extension FROM account WHERE customer_id = $1 ORDER BY extension_key DESC, id DESC LIMIT 1";
        let Some(row) = self.0.db.one(sql(highest).bind(tenant.customer())).await? else { return Ok(None) };
        let highest: ExtensionNumber = row.parse("extension")?;
        for number in highest.following() {
            let taken = "SELECT number FROM extension WHERE customer_id = $1 AND number = $2";
            if self.0.db.one(sql(taken).bind(tenant.customer()).bind(&number)).await?.is_none() {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// The statuses that the account had, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn status_history(&self, tenant: Tenant, id: AccountId) -> Result<Vec<StatusChange>, StoreError> {
        statuses::history(&self.0.db, tenant, Some(id)).await
    }
}

/// An account in a scope, with the names of its role and rule.
fn by_id(scope: Scope, id: AccountId) -> Sql {
    let by_id = "SELECT a.*, r.name AS role, d.name AS dialing_rule FROM account a \
                 JOIN access_role r ON r.id = a.role_id LEFT JOIN dialing_rule d ON d.id = a.dialing_rule_id \
                 WHERE a.id = $1";
    match scope.customer() {
        None => sql(by_id).bind(id),
        Some(customer) => sql(format!("{by_id} AND a.customer_id = $2")).bind(id).bind(customer),
    }
}

fn stored(row: &Row) -> Result<Stored<AccountId, Account>, StoreError> {
    let account = Account {
        customer: row.parse("customer_id")?,
        first_name: row.text("first_name")?,
        last_name: row.text("last_name")?,
        email: row.text("email")?,
        extension: row.parse("extension")?,
        expires_on: row.text_or_null("expires_on")?,
        role: row.parse("role_id")?,
        dialing_rule: row.parse_or_null("dialing_rule_id")?,
    };
    Ok(Stored { id: row.parse("id")?, version: row.version()?, value: account })
}
