//! The ids of the demonstration's records, found by name.

use std::collections::BTreeMap;

use sqlx::{Row as _, SqlitePool};

/// Ids by the names that DESIGN gives the records, and every id of a customer's records.
#[derive(Debug, Clone)]
pub struct DemoIds {
    by_name: BTreeMap<(&'static str, String), (String, i64)>,
}

/// Table, and what its records are called by.
const RECORDS: [(&str, &str); 15] = [
    ("customer", "sip_prefix"),
    ("account", "(SELECT sip_prefix FROM customer WHERE id = account.customer_id) || extension"),
    ("huntgroup", "(SELECT sip_prefix FROM customer WHERE id = huntgroup.customer_id) || number"),
    ("customer_class", "name"),
    ("access_role", "name"),
    ("dialing_rule", "name"),
    ("administrator", "name"),
    ("recording", "(SELECT sip_prefix FROM customer WHERE id = recording.customer_id) || callee_number"),
    ("mail", "subject"),
    ("invoice", "(SELECT sip_prefix FROM customer WHERE id = invoice.customer_id) || number"),
    ("payment", "(SELECT sip_prefix FROM customer WHERE id = payment.customer_id) || amount"),
    ("payment_method", "(SELECT sip_prefix FROM customer WHERE id = payment_method.customer_id) || last4"),
    ("payment_setup", "(SELECT sip_prefix FROM customer WHERE id = payment_setup.customer_id) || state"),
    ("payment_system", "name"),
    ("sign_in", "name"),
];

/// Tables whose records belong to a customer.
const TENANTS_OWN: [&str; 8] =
    ["customer", "account", "huntgroup", "recording", "invoice", "payment", "payment_method", "payment_setup"];

/// Tables whose records are not edited, so that they have no version.
const UNVERSIONED: [&str; 6] = ["recording", "mail", "invoice", "payment", "payment_method", "payment_setup"];

impl DemoIds {
    pub async fn read(records: &SqlitePool) -> Self {
        let mut by_name = BTreeMap::new();
        for (table, name) in RECORDS {
            let version = if UNVERSIONED.contains(&table) { "0" } else { "version" };
            let id = if table == "sign_in" { "person_id" } else { "id" };
            let rows =
                sqlx::query(&format!("SELECT {name}, {id}, {version} FROM {table}")).fetch_all(records).await.unwrap();
            by_name.extend(rows.into_iter().map(|row| ((table, row.get::<String, _>(0)), (row.get(1), row.get(2)))));
        }
        Self { by_name }
    }

    fn get(&self, table: &'static str, name: &str) -> &(String, i64) {
        let of_table =
            || self.by_name.keys().filter(|(known, _)| *known == table).map(|(_, name)| name).collect::<Vec<_>>();
        self.by_name
            .get(&(table, name.to_owned()))
            .unwrap_or_else(|| panic!("no {table} “{name}” among {:?}", of_table()))
    }

    /// The id of a record of this table and name: customers by SIP prefix, accounts and huntgroups by prefix and number.
    pub fn id(&self, table: &'static str, name: &str) -> String {
        self.get(table, name).0.clone()
    }

    /// Its version.
    pub fn version(&self, table: &'static str, name: &str) -> String {
        self.get(table, name).1.to_string()
    }

    /// The record of another customer that stands for this one of ABC's: of the same kind. `None` for ids of records that
    /// belong to no customer.
    pub fn of_another_customer(&self, id: &str) -> Option<String> {
        let ((table, _), _) = self.owned().find(|(_, known)| *known == id)?;
        let foreign = self.owned().find(|((kind, name), _)| kind == table && name.starts_with("panda"));
        foreign.map(|(_, id)| id.to_owned())
    }

    /// Every id of the records of the customer with this SIP prefix.
    pub fn all_of(&self, prefix: &str) -> Vec<&str> {
        self.owned().filter(|((_, name), _)| name.starts_with(prefix)).map(|(_, id)| id).collect()
    }

    /// The ids of the accounts of the customer with this SIP prefix.
    pub fn accounts_of(&self, prefix: &str) -> Vec<&str> {
        let accounts = self.owned().filter(|((table, name), _)| *table == "account" && name.starts_with(prefix));
        accounts.map(|(_, id)| id).collect()
    }

    fn owned(&self) -> impl Iterator<Item = (&(&'static str, String), &str)> {
        let all = self.by_name.iter().map(|(key, (id, _))| (key, id.as_str()));
        all.filter(|((table, _), _)| TENANTS_OWN.contains(table))
    }
}
