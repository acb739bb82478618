//! What uses a customer class, an access role or a dialing rule: shown beside it, because it cannot be deleted meanwhile.

use tandem_domain::{
    access::Who,
    account::full_name,
    ids::{ClassId, DialingRuleId, RoleId},
    list::COUNT_CAP,
};

use crate::{
    Store, StoreError,
    db::{Arg, Row, sql},
};

/// Users that are named; the others are only counted.
const NAMED: u32 = 12;

/// The users of a shared record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users {
    /// Some of them, by name.
    pub named: Vec<User>,
    /// All of them, counted up to [`COUNT_CAP`] + 1 per kind.
    pub count: u32,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub who: Who,
    /// The name; an account's with its extension and its customer's name.
    pub name: String,
}

const ADMINISTRATORS: &str = "SELECT id, name FROM administrator WHERE";
const CUSTOMERS: &str = "SELECT id, name FROM customer WHERE";
const ACCOUNTS: &str = "SELECT account.id AS id, account.customer_id AS customer_id, first_name, last_name, extension, \
    customer.name AS customer_name FROM account JOIN customer ON customer.id = account.customer_id WHERE";

impl Users {
    /// The customers of a class.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_class(store: &Store, class: ClassId) -> Result<Self, StoreError> {
        let mut users = Self::default();
        users.add(store, CUSTOMERS, "class_id = $1", class.into(), customer).await?;
        Ok(users)
    }

    /// The people that have a role.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_role(store: &Store, role: RoleId) -> Result<Self, StoreError> {
        let mut users = Self::default();
        users.add(store, ADMINISTRATORS, "role_id = $1", role.into(), administrator).await?;
        users.add(store, CUSTOMERS, "role_id = $1", role.into(), customer).await?;
        users.add(store, ACCOUNTS, "account.role_id = $1", role.into(), account).await?;
        Ok(users)
    }

    /// The customers and accounts that a rule is assigned to. Those that have the built-in rule because nobody assigned
    /// another are not among them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_dialing_rule(store: &Store, rule: DialingRuleId) -> Result<Self, StoreError> {
        let mut users = Self::default();
        let assigned = "id IN (SELECT customer_id FROM customer_dialing WHERE rule_id = $1)";
        users.add(store, CUSTOMERS, assigned, rule.into(), customer).await?;
        users.add(store, ACCOUNTS, "dialing_rule_id = $1", rule.into(), account).await?;
        Ok(users)
    }

    /// Adds the users of one kind. The rows that are named are not the first by name: to find those, a role that a hundred
    /// thousand accounts have would have to be sorted.
    async fn add(
        &mut self,
        store: &Store,
        select: &str,
        users: &str,
        used: Arg,
        read: fn(&Row) -> Result<User, StoreError>,
    ) -> Result<(), StoreError> {
        let named = store.db.all(sql(format!("{select} {users} LIMIT {NAMED}")).bind(used.clone())).await?;
        let mut named = named.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        named.sort_by(|a, b| a.name.cmp(&b.name));
        let count = format!("SELECT COUNT(*) AS count FROM ({select} {users} LIMIT {}) AS used", COUNT_CAP + 1);
        let count = store.db.one(sql(count).bind(used)).await?.map_or(Ok(0), |row| row.int("count"))?;
        self.named.extend(named);
        self.count += u32::try_from(count).unwrap_or(u32::MAX);
        Ok(())
    }
}

fn administrator(row: &Row) -> Result<User, StoreError> {
    Ok(User { who: Who::Administrator(row.parse("id")?), name: row.text("name")? })
}

fn customer(row: &Row) -> Result<User, StoreError> {
    Ok(User { who: Who::Customer(row.parse("id")?), name: row.text("name")? })
}

fn account(row: &Row) -> Result<User, StoreError> {
    let name = full_name(&row.text("first_name")?, &row.text("last_name")?);
    let (extension, customer) = (row.text("extension")?, row.text("customer_name")?);
    Ok(User {
        who: Who::Account { account: row.parse("id")?, customer: row.parse("customer_id")? },
        name: format!("{name}, {extension} ({customer})"),
    })
}
