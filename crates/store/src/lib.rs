//! The records: what Tandem knows, in SQLite or PostgreSQL.
//!
//! [`Store`] is cheap to clone and gives one repository per concept. Whoever reads or changes a tenant's data brings a
//! [`Tenant`](tandem_domain::access::Tenant) or a [`Scope`](tandem_domain::access::Scope), so that a query without a check
//! of whose data it touches cannot be written. Whoever changes something brings a [`Change`]: who, when, from where. It
//! becomes the audit log, in the same transaction.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`customers`], [`accounts`], [`administrators`] | who there is |
//! | [`classes`], [`roles`], [`dialing_rules`] | what the provider shares among customers |
//! | [`huntgroups`], [`settings`], [`dialing`] | how a customer's telephony is set up |
//! | [`public_numbers`], [`registrations`], [`exchange`] | what the exchange asks for each call, and whose phone is where |
//! | [`xdrs`], [`sip_log`], [`recordings`] | what is kept of calls |
//! | [`ledger`], [`invoices`] | what customers owe |
//! | [`payments`], [`payment_methods`], [`auto_payments`], [`payment_systems`] | how they pay it |
//! | [`outbox`] | which e-mails are to be sent, and how far each is |
//! | [`sign_ins`], [`sessions`], [`password`] | who may come in |
//! | [`rights`] | whose rights have changed? |
//! | [`audit`], [`counts`] | what happened, and how much there is |
//! | [`users`] | what uses a class, a role or a rule |
//! | [`demo`] | data to try and to measure with |
//!
//! How it works inside: `db` runs one SQL text on either database, so that no repository knows which one it is; `schema` brings the tables up to date;
//! `list` cuts pages; `search` keeps the word index; `diff` finds what changed; `saving` is the way of every update.
//!
//! To add a record: a migration; its struct and rules in `tandem-domain`; a module here with `list`, `get`, `create` and
//! `update` after the model of [`classes`], the smallest; a test in `tests/` that runs on both databases.

pub mod accounts;
mod addressee;
pub mod administrators;
mod args;
pub mod attempts;
pub mod audit;
pub mod auto_payments;
mod change;
pub mod classes;
mod codes;
pub mod counts;
pub mod customers;
mod db;
pub mod demo;
pub mod dialing;
pub mod dialing_rules;
mod diff;
mod error;
pub mod exchange;
pub mod huntgroups;
mod ids;
pub mod invoices;
pub mod ledger;
mod list;
mod names;
mod numbering;
pub mod outbox;
mod outside;
pub mod password;
pub mod payment_methods;
pub mod payment_systems;
pub mod payments;
pub mod public_numbers;
pub mod recordings;
pub mod registrations;
pub mod rights;
pub mod roles;
mod saving;
mod schema;
mod search;
pub mod sessions;
pub mod settings;
pub mod sign_ins;
pub mod sip_log;
mod statuses;
mod store;
pub mod users;
pub mod xdrs;

pub use addressee::{Letter, MoneyReader};
pub use change::Change;
pub use error::{StaleEdit, StoreError};
pub use store::{Options, PoolStatus, Store};
