//! What the store promises, told as stories. Each runs on SQLite and on PostgreSQL.
//!
//! PostgreSQL is the server that `TANDEM_TEST_POSTGRES_URL` names; every story makes a database of its own there. Without
//! the variable these stories are left out, unless `CI` or `TANDEM_REQUIRE_POSTGRES` is set: then they fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[macro_use]
mod world;

mod accounts;
mod administrators;
mod audit;
mod auto_payments;
mod auto_payments_again;
mod classes;
mod customers;
mod demo;
mod dialing;
mod editing;
mod exchange;
mod huntgroups;
mod invoices;
mod isolation;
mod ledger;
mod lists;
mod money;
mod money_meanwhile;
mod outbox;
mod payment_methods;
mod payments;
mod payments_in_any_order;
mod public_numbers;
mod recordings;
mod refunds;
mod registrations;
mod roles;
mod running;
mod sessions;
mod settings;
mod sign_ins;
mod sip_log;
mod xdrs;
