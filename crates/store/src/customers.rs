//! Customers: who they are, their status and its history.

use tandem_domain::{
    access::{Audience, Scope, Tenant, Who},
    audit::Subject,
    billing::ledger::Funds,
    customer::{Billing, Customer},
    dialing::{DialingMode, PbxCodes},
    ids::{ClassId, CustomerId, Stored, Timestamp, Version},
    list::{PAGE_ROWS, Page, Query, search_words},
    locale::{Currency, Locale},
    sign_in::SignInName,
    status::{Status, StatusChange},
};

use crate::{
    Change, Store, StoreError,
    db::{Row, Sql, sql},
    dialing,
    diff::{Values, changes, values},
    ledger::{self, FUNDS, FUNDS_OF},
    list::{List, Sieve, Where, WordIndex},
    names, roles,
    saving::{About, Write},
    search::{self, Words},
    sign_ins::{self, NewSignIn},
    statuses,
};

/// Their place in the word index.
pub(crate) const WORDS: WordIndex = WordIndex { kind: "customer", rare: 2500, paired: 0 };

/// What the list of customers can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CustomerSort {
    /// The name.
    #[default]
    Name,
    /// The status.
    Status,
    /// When it was made.
    Created,
}

impl CustomerSort {
    /// The sort of this name in a URL; the first for any other.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key {
            "status" => Self::Status,
            "created" => Self::Created,
            _ => Self::Name,
        }
    }
}

/// Which customers a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CustomerFilters {
    /// Only those with this status.
    pub status: Option<Status>,
    /// Only those of this class.
    pub class: Option<ClassId>,
    /// The reader is not shown e-mail addresses: no search finds them, or they could be guessed letter by letter.
    pub email_hidden: bool,
    /// The reader is not shown SIP prefixes.
    pub sip_prefix_hidden: bool,
}

/// A customer in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRow {
    /// What names it.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// Its SIP prefix.
    pub sip_prefix: String,
    /// Its status.
    pub status: Status,
    /// The name of its class.
    pub class: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many accounts it has, closed ones not counted.
    pub accounts: i64,
}

/// What is known of a customer beside its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerOverview {
    /// The status.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// The name of the customer's own sign-in.
    pub sign_in: Option<SignInName>,
    /// How many accounts it has, closed ones not counted.
    pub accounts: i64,
    /// What it has left.
    pub funds: Funds,
}

/// The customers. See [`Store::customers`].
#[derive(Clone, Copy)]
pub struct Customers<'a>(pub(crate) &'a Store);

impl Customers<'_> {
    /// A page of customers. Searched: name, e-mail address, SIP prefix.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        query: &Query<CustomerSort>,
        filters: &CustomerFilters,
    ) -> Result<Page<CustomerRow>, StoreError> {
        let (columns, joins) = (
            "r.id, r.name, r.email, r.sip_prefix, r.status, r.created_at, k.name AS class, \
             (SELECT CAST(COALESCE(SUM(t.accounts), 0) AS BIGINT) FROM account_tally t \
             WHERE t.customer_id = r.id AND t.status <> 'closed') AS accounts",
            "JOIN customer_class k ON k.id = r.class_id",
        );
        let key = match query.sort {
            CustomerSort::Name => "name_key",
            CustomerSort::Status => "status",
            CustomerSort::Created => "id",
        };
        let mut conditions = within(scope);
        conditions.and_if("r.status = ?", filters.status);
        conditions.and_if("r.class_id = ?", filters.class);
        let (email, prefix) = (filters.email_hidden, filters.sip_prefix_hidden);
        let words = search_words(&query.search);
        let sieve = |row: &Row| {
            let shown = |column, hidden| if hidden { Ok(String::new()) } else { row.text(column) };
            let texts = [row.text("name")?, shown("sip_prefix", prefix)?, shown("email", email)?];
            Ok(search::is_in(&words, &texts.each_ref().map(String::as_str)))
        };
        let sieve: &Sieve<'_> = &sieve;
        let list = List {
            columns,
            table: "customer",
            joins,
            words: Some(WORDS),
            conditions,
            search: &query.search,
            tags: Vec::new(),
            sieve: ((email || prefix) && !words.is_empty()).then_some(sieve),
            key,
            descending: query.descending,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        let read = |row: &Row| {
            Ok(CustomerRow {
                id: row.parse("id")?,
                name: row.text("name")?,
                email: row.text("email")?,
                sip_prefix: row.text("sip_prefix")?,
                status: row.read("status", Status::from_key)?,
                class: row.text("class")?,
                created_at: row.at("created_at")?,
                accounts: row.int("accounts")?,
            })
        };
        list.page(&self.0.db, read).await
    }

    /// All customers' names in alphabetical order, at most `limit`, for a choice in a form. Searched: the name alone, for it is
    /// what is chosen by.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choices(
        &self,
        scope: Scope,
        search: &str,
        limit: u32,
    ) -> Result<Vec<(CustomerId, String)>, StoreError> {
        let words = search_words(search);
        let sieve = |row: &Row| Ok(search::is_in(&words, &[&row.text("name")?]));
        let sieve: &Sieve<'_> = &sieve;
        let list = List {
            columns: "r.id, r.name",
            table: "customer",
            joins: "",
            words: Some(WORDS),
            conditions: within(scope),
            search,
            tags: Vec::new(),
            sieve: (!words.is_empty()).then_some(sieve),
            key: "name_key",
            descending: false,
            cursor: None,
            rows: limit,
        };
        list.all(&self.0.db, |row| Ok((row.parse("id")?, row.text("name")?))).await
    }

    /// A customer.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, tenant: Tenant) -> Result<Stored<CustomerId, Customer>, StoreError> {
        self.0.db.one(by_id(tenant)).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)
    }

    /// What is known of a customer beside its record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn overview(&self, tenant: Tenant) -> Result<CustomerOverview, StoreError> {
        let overview = format!(
            "SELECT c.id, c.status, c.created_at, s.name AS sign_in, {FUNDS}, \
             (SELECT CAST(COALESCE(SUM(t.accounts), 0) AS BIGINT) FROM account_tally t \
             WHERE t.customer_id = c.id AND t.status <> 'closed') AS accounts \
             FROM customer c {FUNDS_OF} LEFT JOIN sign_in s ON s.person_id = c.id WHERE c.id = $1"
        );
        let row = self.0.db.one(sql(overview).bind(tenant.customer())).await?.ok_or(StoreError::NotFound)?;
        Ok(CustomerOverview {
            status: row.read("status", Status::from_key)?,
            created_at: row.at("created_at")?,
            sign_in: row.parse_or_null("sign_in")?,
            accounts: row.int("accounts")?,
            funds: ledger::funds(&row)?,
        })
    }

    /// Adds a customer, open, with a sign-in of its own if one is given.
    ///
    /// # Errors
    /// [`StoreError::Taken`] (`name`, `sip_prefix`, `sign_in`); [`StoreError::Refused`] (`class`, `role`).
    pub async fn create(
        &self,
        customer: &Customer,
        sign_in: Option<&NewSignIn>,
        change: &Change<'_>,
    ) -> Result<CustomerId, StoreError> {
        let mut write = self.0.write(change).await?;
        let id = CustomerId(write.new_id());
        let tenant = Tenant::for_system(id);
        let (class, role) = names_of(&mut write, customer).await?;
        let words = words(customer);
        let insert = "INSERT INTO customer (id, version, created_at, status, name, name_key, email, sip_prefix, currency, \
                      billing, class_id, locale, time_zone, role_id, search) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
        let insert = sql(insert)
            .bind(id)
            .bind(Version::FIRST)
            .bind(write.at())
            .bind(Status::Open)
            .bind(customer.name.as_str())
            .bind(names::key(&customer.name))
            .bind(customer.email.as_str())
            .bind(customer.sip_prefix.as_str())
            .bind(customer.currency.code())
            .bind(customer.billing.key())
            .bind(customer.class)
            .bind(customer.locale.tag())
            .bind(customer.time_zone.as_str())
            .bind(customer.role)
            .bind(words.column());
        write.run(insert).await.map_err(|error| taken(error, customer))?;
        write.run(dialing::insert(id, DialingMode::Default, &PbxCodes::default())).await?;
        search::index(&mut write.tx, WORDS.kind, &id.to_string(), "", &words).await?;
        statuses::note(&mut write, tenant, None, None, Status::Open, "").await?;
        let about = about(id, customer);
        let told = changes(&Values::new(), &fields(customer, &class, &role));
        write.tell(&about, "created", Some(Version::FIRST), told).await?;
        if let Some(sign_in) = sign_in {
            sign_ins::insert(&mut write, Who::Customer(id), &about, sign_in).await?;
        }
        write.commit().await?;
        Ok(id)
    }

    /// Saves a customer over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Taken`] (`name`, `sip_prefix`);
    /// [`StoreError::Refused`]: `class`, `role`, `sip_prefix` while phones sign in with the old one, or `currency` once there
    /// is a movement of money.
    pub async fn update(
        &self,
        tenant: Tenant,
        expected: Version,
        customer: &Customer,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        let id = tenant.customer();
        let mut write = self.0.write(change).await?;
        write.take_turn(id).await?;
        let row = write.one(by_id(tenant)).await?.ok_or(StoreError::NotFound)?;
        let old = stored(&row)?;
        if old.version != expected {
            return Err(write.stale(id, expected, old.version, is_own_field).await);
        }
        let (class, role) = names_of(&mut write, customer).await?;
        let was = fields(&old.value, &row.text("class")?, &row.text("role")?);
        let told = changes(&was, &fields(customer, &class, &role));
        if told.is_empty() {
            return Ok(expected);
        }
        if customer.currency != old.value.currency {
            refuse_with_movements(&mut write, id).await?;
        }
        if customer.sip_prefix != old.value.sip_prefix {
            refuse_while_registered(&mut write, id, &old.value.sip_prefix).await?;
        }
        let words = words(customer);
        let update = "UPDATE customer SET version = version + 1, name = $1, name_key = $2, email = $3, sip_prefix = $4, \
                      currency = $5, billing = $6, class_id = $7, locale = $8, time_zone = $9, role_id = $10, search = $11 \
                      WHERE id = $12 AND version = $13";
        let update = sql(update)
            .bind(customer.name.as_str())
            .bind(names::key(&customer.name))
            .bind(customer.email.as_str())
            .bind(customer.sip_prefix.as_str())
            .bind(customer.currency.code())
            .bind(customer.billing.key())
            .bind(customer.class)
            .bind(customer.locale.tag())
            .bind(customer.time_zone.as_str())
            .bind(customer.role)
            .bind(words.column())
            .bind(id)
            .bind(expected);
        if write.run(update).await.map_err(|error| taken(error, customer))? == 0 {
            return Err(write.overtaken(by_id(tenant), id, expected, is_own_field).await);
        }
        if names::key(&customer.name) != names::key(&old.value.name) {
            let update = sql("UPDATE account SET customer_key = $1 WHERE customer_id = $2");
            write.run(update.bind(names::key(&customer.name)).bind(id)).await?;
        }
        search::index(&mut write.tx, WORDS.kind, &id.to_string(), &row.text("search")?, &words).await?;
        write.tell(&about(id, customer), "changed", Some(expected.next()), told).await?;
        write.commit().await?;
        Ok(expected.next())
    }

    /// Sets the status, with a reason for the history, and tells the status before. `expected` is the status that the person
    /// saw, if the change depends on it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Stale`] when the status is not the expected one; [`StoreError::Refused`]
    /// (`status`) when it is closed or has that status already.
    pub async fn set_status(
        &self,
        tenant: Tenant,
        status: Status,
        expected: Option<Status>,
        reason: &str,
        change: &Change<'_>,
    ) -> Result<Status, StoreError> {
        let id = tenant.customer();
        let mut write = self.0.write(change).await?;
        write.take_turn(id).await?;
        let row = write.one(by_id(tenant)).await?.ok_or(StoreError::NotFound)?;
        let now = row.read("status", Status::from_key)?;
        let Stored { version, value: customer, .. } = stored(&row)?;
        let about = about(id, &customer);
        statuses::check_seen(&mut write, &about, version, now, expected).await?;
        if !now.may_become(status) {
            return Err(statuses::refusal(now, status));
        }
        write.run(sql("UPDATE customer SET status = $1 WHERE id = $2").bind(status).bind(id)).await?;
        statuses::note(&mut write, tenant, None, Some(now), status, reason).await?;
        write.tell(&about, "changed", None, statuses::changes(now, status, reason)).await?;
        if !sign_ins::lets_in(status) {
            sign_ins::end_sessions(&mut write, Who::Customer(id)).await?;
        }
        write.commit().await?;
        Ok(now)
    }

    /// The statuses that the customer had, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn status_history(&self, tenant: Tenant) -> Result<Vec<StatusChange>, StoreError> {
        statuses::history(&self.0.db, tenant, None).await
    }
}

/// The one customer of a scope, or all.
fn within(scope: Scope) -> Where {
    let mut conditions = Where::default();
    conditions.and_if("r.id = ?", scope.customer());
    conditions
}

fn by_id(tenant: Tenant) -> Sql {
    let by_id = "SELECT c.*, k.name AS class, r.name AS role FROM customer c \
                 JOIN customer_class k ON k.id = c.class_id JOIN access_role r ON r.id = c.role_id WHERE c.id = $1";
    sql(by_id).bind(tenant.customer())
}

fn stored(row: &Row) -> Result<Stored<CustomerId, Customer>, StoreError> {
    let customer = Customer {
        name: row.text("name")?,
        email: row.text("email")?,
        sip_prefix: row.text("sip_prefix")?,
        currency: row.read("currency", Currency::from_code)?,
        billing: row.read("billing", Billing::from_key)?,
        class: row.parse("class_id")?,
        locale: row.read("locale", Locale::from_tag)?,
        time_zone: row.parse("time_zone")?,
        role: row.parse("role_id")?,
    };
    Ok(Stored { id: row.parse("id")?, version: row.version()?, value: customer })
}

/// The names of class and role; a refusal if one of them does not exist.
async fn names_of(write: &mut Write<'_>, customer: &Customer) -> Result<(String, String), StoreError> {
    let class = sql("SELECT id, name FROM customer_class WHERE id = $1").bind(customer.class);
    let Some(class) = write.one(class.steady()).await? else {
        return Err(StoreError::refused("class", "This customer class does not exist any more; choose another."));
    };
    Ok((class.text("name")?, roles::name_of(write, customer.role, Audience::Customer).await?))
}

/// Phones register as prefix + extension, and their passwords are kept as digests with that name in them.
async fn refuse_while_registered(write: &mut Write<'_>, id: CustomerId, prefix: &str) -> Result<(), StoreError> {
    let one = sql("SELECT sip_user FROM sip_credential WHERE customer_id = $1 LIMIT 1").bind(id);
    match write.one(one).await? {
        None => Ok(()),
        Some(_) => Err(StoreError::refused(
            "sip_prefix",
            format!("Phones sign in with the prefix {prefix}. Remove the SIP passwords of the accounts first."),
        )),
    }
}

/// A currency stays once there is a movement in it: amounts have no other, and a balance would be left behind.
async fn refuse_with_movements(write: &mut Write<'_>, id: CustomerId) -> Result<(), StoreError> {
    let any = "SELECT id FROM ledger_account WHERE customer_id = $1 UNION ALL SELECT id FROM payment WHERE customer_id = $1 \
               UNION ALL SELECT customer_id FROM auto_payment WHERE customer_id = $1 \
               UNION ALL SELECT customer_id FROM customer_credit WHERE customer_id = $1 LIMIT 1";
    match write.one(sql(any).bind(id)).await? {
        None => Ok(()),
        Some(_) => {
            let words = "This customer has invoices, payments or other amounts in its currency, so the currency stays.";
            Err(StoreError::refused("currency", words))
        }
    }
}

fn about(id: CustomerId, customer: &Customer) -> About {
    About::of(id, Subject::Customer, id, &customer.name)
}

fn words(customer: &Customer) -> Words {
    Words::of(&[&customer.name, &customer.sip_prefix, &customer.email])
}

fn fields(customer: &Customer, class: &str, role: &str) -> Values {
    values([
        ("name", customer.name.clone()),
        ("email", customer.email.clone()),
        ("sip_prefix", customer.sip_prefix.clone()),
        ("currency", customer.currency.code().to_owned()),
        ("billing", customer.billing.key().to_owned()),
        ("class", class.to_owned()),
        ("locale", customer.locale.tag().to_owned()),
        ("time_zone", customer.time_zone.to_string()),
        ("role", role.to_owned()),
    ])
}

/// Whether a field belongs to the customer's record, and not to its codes, which have a version of their own.
fn is_own_field(field: &str) -> bool {
    !dialing::is_own_field(field)
}

fn taken(error: StoreError, customer: &Customer) -> StoreError {
    if error.is_taken("customer", "sip_prefix") {
        let words = format!("Another customer has the prefix {}; choose another.", customer.sip_prefix);
        return StoreError::taken("sip_prefix", words);
    }
    names::taken(error, "customer", "customer", &customer.name)
}
