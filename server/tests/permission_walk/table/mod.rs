//! Who may call what: every server function, with arguments that are right, and the status that each person gets.
//!
//! The columns: nobody, administrator, read-only administrator, customer ABC, customer Panda, John, Olivia. The arguments
//! name records of ABC (and John's where one account is meant) or of the provider, so Panda is always the wrong tenant.
//!
//! What the numbers say: 401, nobody is signed in; 403, the role does not permit it, whoever's record it is; 404, it is no
//! record of this person, and that it exists is not told. A function may have several rows: one per permission.
//!
//! | module | what is there |
//! | --- | --- |
//! | [`sign_in`] | coming in, going out, one's own profile |
//! | [`customers`] | customers, for the provider's staff and for the company itself |
//! | [`accounts`] | accounts, and what an account is told about itself |
//! | [`shared`] | what customers and accounts share: status, sign-in, settings |
//! | [`centrex`] | huntgroups and the company's codes |
//! | [`exchange`] | calls, phones, public numbers |
//! | [`configuration`] | classes, roles, dialing rules, administrators |
//! | [`billing`] | invoices, payments, cards, payment systems |
//! | [`recordings`] | call recordings and e-mail |
//! | [`records`] | dashboards and the audit log |

mod accounts;
mod billing;
mod centrex;
mod configuration;
mod customers;
mod exchange;
mod recordings;
mod records;
mod shared;
mod sign_in;

pub use self::{
    accounts::ACCOUNTS, billing::BILLING, centrex::CENTREX, configuration::CONFIGURATION, customers::CUSTOMERS,
    exchange::EXCHANGE, recordings::RECORDINGS, records::RECORDS, shared::SHARED, sign_in::SIGN_IN,
};

use crate::{demo_ids::DemoIds, walk::Fields, walk::Row};

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Row> {
    [SIGN_IN, CUSTOMERS, ACCOUNTS, SHARED, CENTREX, EXCHANGE, CONFIGURATION, BILLING, RECORDINGS, RECORDS]
        .into_iter()
        .flatten()
}

/// No arguments.
fn nothing(_: &DemoIds) -> Fields {
    Vec::new()
}

/// The first page of a list.
fn first_page(_: &DemoIds) -> Fields {
    vec![("args[q]", String::new())]
}

/// An id, and what else the form holds.
fn with_id(id: String, others: &[(&'static str, &str)]) -> Fields {
    [("id", id)].into_iter().chain(pairs(others)).collect()
}

/// Fields as they are written down.
fn pairs(fields: &[(&'static str, &str)]) -> Fields {
    fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}
