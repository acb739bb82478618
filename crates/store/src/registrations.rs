//! The contacts of phones, kept so that a restart of the exchange loses none.
//!
//! The exchange itself calls phones from what it has in memory; here are the copy that it starts with, and what pages show.
//! A contact goes with the SIP password that it was registered with: when that is taken away, the account is closed or its
//! extension changes, its contacts go in the same transaction.

use std::collections::{BTreeMap, HashSet};

use tandem_domain::{
    access::{Scope, Tenant},
    account::full_name,
    calls::Registration,
    ids::{AccountId, CustomerId, Timestamp},
    list::{PAGE_ROWS, Page, Query},
    numbers::ExtensionNumber,
};

use crate::{
    Store, StoreError,
    db::{Arg, Row, Sql, sql},
    list::{List, Where},
    outside::{self, SHORT},
    saving::Write,
    search::Words,
};

/// Bytes of a contact that is kept; a longer one lives until the exchange ends. (An index of PostgreSQL takes no long texts.)
pub const CONTACT_MAX: usize = 1000;

/// Accounts that are looked up at once.
const ACCOUNTS_AT_ONCE: usize = 400;

/// A registered contact, with what it takes to call the phone again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBinding {
    /// What is shown of it. Its `source` is not kept by itself: it is `transport`, a space and `source`.
    pub registration: Registration,
    /// The `+sip.instance` of the phone (RFC 5626 §4.1); empty if it said none.
    pub instance: String,
    /// The Path of the registration (RFC 3327), its URIs as they came; empty if there was none.
    pub path: String,
    /// The preference among contacts, in thousandths: 0 to 1000 (RFC 3261 §20.10).
    pub q: u16,
    /// How it registered: `UDP`, `TCP`, `TLS`.
    pub transport: String,
    /// The address and port from which it registered.
    pub source: String,
    /// The address and port of ours at which that arrived.
    pub local: String,
    /// The Call-ID of the last REGISTER.
    pub call_id: String,
    /// Its CSeq number.
    pub cseq: u32,
}

/// What the list of registrations can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RegistrationSort {
    /// The SIP user.
    #[default]
    SipUser,
    /// When the contact was first seen.
    Since,
}

impl RegistrationSort {
    /// The sort of this name in a URL; the first for any other.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key {
            "since" => Self::Since,
            _ => Self::SipUser,
        }
    }
}

/// Which registrations a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RegistrationFilters {
    /// Only those of this customer.
    pub customer: Option<CustomerId>,
    /// Only those of this account.
    pub account: Option<AccountId>,
}

/// A registration in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationRow {
    /// The registration.
    pub registration: Registration,
    /// The customer's name.
    pub customer_name: String,
    /// The account's name.
    pub name: String,
    /// The account's extension.
    pub extension: ExtensionNumber,
}

/// The registrations. See [`Store::registrations`].
#[derive(Clone, Copy)]
pub struct Registrations<'a>(pub(crate) &'a Store);

impl Registrations<'_> {
    /// Keeps contacts, in one transaction: new ones, and those that are known (by account and contact URI) as they are now.
    /// Left out are those of accounts without a SIP password, for it may have been taken away this moment, and those longer
    /// than [`CONTACT_MAX`].
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn save(&self, bindings: &[StoredBinding]) -> Result<(), StoreError> {
        // The last of each, for PostgreSQL does not change a row twice in one statement.
        let mut by_contact: BTreeMap<(AccountId, &str), &StoredBinding> = BTreeMap::new();
        for binding in bindings.iter().filter(|binding| is_storable(&binding.registration.contact)) {
            by_contact.insert((binding.registration.account, binding.registration.contact.as_str()), binding);
        }
        if by_contact.is_empty() {
            return Ok(());
        }
        let mut accounts: Vec<AccountId> = by_contact.keys().map(|(account, _)| *account).collect();
        accounts.dedup();
        let mut tx = self.0.begin().await?;
        let mut may_register: HashSet<(AccountId, CustomerId, String)> = HashSet::new();
        for some in accounts.chunks(ACCOUNTS_AT_ONCE) {
            // Nobody takes the password away until this has been written.
            for row in tx.all(credentials(some).steady()).await? {
                may_register.insert((row.parse("id")?, row.parse("customer_id")?, row.text("sip_user")?));
            }
        }
        let known = |registration: &Registration| {
            let Registration { account, customer, sip_user, .. } = registration;
            may_register.contains(&(*account, *customer, sip_user.clone()))
        };
        let kept = by_contact.into_values().filter(|binding| known(&binding.registration));
        let rows: Vec<Vec<Arg>> = kept.map(|binding| self.row(binding)).collect();
        tx.insert_all_or(INSERT, rows, UPDATE).await?;
        tx.commit().await
    }

    /// Forgets contacts: those that phones took back, or that the exchange dropped.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn remove(&self, contacts: &[(AccountId, String)]) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        for (account, contact) in contacts.iter().filter(|(_, contact)| is_storable(contact)) {
            let delete = "DELETE FROM registration WHERE account_id = $1 AND contact = $2";
            tx.run(sql(delete).bind(*account).bind(contact.as_str())).await?;
        }
        tx.commit().await
    }

    /// All contacts whose time is not over, in the order in which they were first seen: what the exchange starts with.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn load(&self, now: Timestamp) -> Result<Vec<StoredBinding>, StoreError> {
        let all = sql("SELECT * FROM registration WHERE expires_at > $1 ORDER BY id").bind(now);
        self.0.db.all(all).await?.iter().map(binding).collect()
    }

    /// A page of the registrations whose time is not over. Searched: SIP user, contact, source, user agent.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        query: &Query<RegistrationSort>,
        filters: &RegistrationFilters,
        now: Timestamp,
    ) -> Result<Page<RegistrationRow>, StoreError> {
        let mut conditions = Where::within(scope);
        conditions.and_if("r.customer_id = ?", filters.customer);
        conditions.and_if("r.account_id = ?", filters.account);
        conditions.and("r.expires_at > ?", now);
        let list = List {
            columns: "r.*, c.name AS customer_name, a.first_name, a.last_name, a.extension",
            table: "registration",
            joins: "JOIN customer c ON c.id = r.customer_id JOIN account a ON a.id = r.account_id",
            // Phones renew their contacts all the time, and there is no more than some contacts a phone: to look through them
            // all costs less than to keep their words.
            words: None,
            conditions,
            search: &query.search,
            tags: Vec::new(),
            sieve: None,
            key: match query.sort {
                RegistrationSort::SipUser => "sip_user",
                RegistrationSort::Since => "id",
            },
            descending: query.descending,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        let read = |row: &Row| {
            Ok(RegistrationRow {
                registration: registration(row)?,
                customer_name: row.text("customer_name")?,
                name: full_name(&row.text("first_name")?, &row.text("last_name")?),
                extension: row.parse("extension")?,
            })
        };
        list.page(&self.0.db, read).await
    }

    /// How many contacts there are whose time is not over.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn count(&self, scope: Scope, now: Timestamp) -> Result<i64, StoreError> {
        let count = "SELECT COUNT(*) AS n FROM registration WHERE expires_at > $1";
        let count = match scope.customer() {
            None => sql(count).bind(now),
            Some(customer) => sql(format!("{count} AND customer_id = $2")).bind(now).bind(customer),
        };
        self.0.db.one(count).await?.map_or(Ok(0), |row| row.int("n"))
    }

    /// Forgets the contacts whose time is over.
    pub(crate) async fn delete_expired(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        tx.run(sql("DELETE FROM registration WHERE expires_at <= $1").bind(now)).await?;
        tx.commit().await
    }

    fn row(&self, binding: &StoredBinding) -> Vec<Arg> {
        let StoredBinding { registration, instance, path, q, transport, source, local, call_id, cseq } = binding;
        let Registration { account, customer, sip_user, contact, source: _, user_agent, since, expires } = registration;
        let words = Words::of(&[sip_user, contact, transport, source, user_agent]);
        vec![
            // Only a contact that is new gets it.
            self.0.new_id(*since).to_string().into(),
            account.into(),
            customer.into(),
            sip_user.as_str().into(),
            contact.as_str().into(),
            outside::line(instance, SHORT).into(),
            outside::line(path, CONTACT_MAX).into(),
            u32::from((*q).min(1000)).into(),
            outside::line(transport, SHORT).into(),
            outside::line(source, SHORT).into(),
            outside::line(local, SHORT).into(),
            outside::line(user_agent, SHORT).into(),
            outside::line(call_id, SHORT).into(),
            (*cseq).into(),
            (*since).into(),
            (*expires).into(),
            words.column().into(),
        ]
    }
}

const INSERT: &str = "INSERT INTO registration (id, account_id, customer_id, sip_user, contact, instance, path, q, transport, \
                      source, local, user_agent, call_id, cseq, since, expires_at, search)";
const UPDATE: &str = "ON CONFLICT (account_id, contact) DO UPDATE SET sip_user = excluded.sip_user, \
                      instance = excluded.instance, path = excluded.path, q = excluded.q, \
                      transport = excluded.transport, source = excluded.source, local = excluded.local, \
                      user_agent = excluded.user_agent, call_id = excluded.call_id, cseq = excluded.cseq, \
                      since = excluded.since, expires_at = excluded.expires_at, search = excluded.search";

/// Takes an account's contacts away, as part of a write.
pub(crate) async fn forget(write: &mut Write<'_>, tenant: Tenant, account: AccountId) -> Result<(), StoreError> {
    let delete = sql("DELETE FROM registration WHERE account_id = $1 AND customer_id = $2");
    write.run(delete.bind(account).bind(tenant.customer())).await.map(drop)
}

/// The SIP users of these accounts, as far as they have a password.
fn credentials(accounts: &[AccountId]) -> Sql {
    let places: Vec<String> = (1..=accounts.len()).map(|n| format!("${n}")).collect();
    let found = "SELECT account_id AS id, customer_id, sip_user FROM sip_credential WHERE account_id IN";
    // In one order, so that two that hold such rows never wait for each other.
    let found = format!("{found} ({}) ORDER BY account_id", places.join(", "));
    sql(found).bind_all(accounts.iter().map(Into::into)).once()
}

/// A contact is kept as it is or not at all: half of it calls nobody.
fn is_storable(contact: &str) -> bool {
    contact.len() <= CONTACT_MAX && !contact.contains('\0')
}

fn registration(row: &Row) -> Result<Registration, StoreError> {
    Ok(Registration {
        account: row.parse("account_id")?,
        customer: row.parse("customer_id")?,
        sip_user: row.text("sip_user")?,
        contact: row.text("contact")?,
        source: format!("{} {}", row.text("transport")?, row.text("source")?),
        user_agent: row.text("user_agent")?,
        since: row.at("since")?,
        expires: row.at("expires_at")?,
    })
}

fn binding(row: &Row) -> Result<StoredBinding, StoreError> {
    Ok(StoredBinding {
        registration: registration(row)?,
        instance: row.text("instance")?,
        path: row.text("path")?,
        q: row.number("q")?,
        transport: row.text("transport")?,
        source: row.text("source")?,
        local: row.text("local")?,
        call_id: row.text("call_id")?,
        cseq: row.number("cseq")?,
    })
}
