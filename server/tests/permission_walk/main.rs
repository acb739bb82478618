//! The walk over every server function, as everybody: whoever adds a server function must say here who may call it.
//!
//! | module | what is there |
//! | --- | --- |
//! | [`table`] | each function with right arguments, and the status for each person |
//! | [`walk`] | one call at a time; what must be true of every answer |
//! | [`bad_input`] | foreign ids, unreadable requests, other sites, broken cookies |
//! | [`calls`] | calls to ask for, and that nobody sees those of others |
//! | [`console`] | the supervisor's console: whom it is for, and what a manager may ask for |
//! | [`console_stream`] | what a console is told as it happens, and what that costs |
//! | [`ceiling`] | nobody gets above the own role |
//! | [`guessing`] | what is kept of a wrong name or password, and what it costs |
//! | [`hidden`] | what a role hides, on whichever way it is asked for |
//! | [`meanwhile`] | what somebody else saves in the middle of a save |
//! | [`left_behind`] | what one person leaves for the next: interrupted forms, names in others' pages |
//! | [`recordings`] | recordings and e-mails to ask for; who hears them, in which parts, and what the log says of it |
//! | [`payments`] | payments and cards to ask for |
//! | [`pages`] | every page as everybody: no fault, no other customer's records |
//! | [`world`], [`demo_ids`] | the application with the demonstration's data, in this process |

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod bad_input;
mod calls;
mod ceiling;
mod console;
mod console_stream;
mod demo_ids;
mod guessing;
mod hidden;
mod left_behind;
mod meanwhile;
mod pages;
mod payments;
mod recordings;
#[path = "../stand_in/mod.rs"]
mod stand_in;
mod table;
mod unsearched;
mod walk;
mod world;

use std::collections::BTreeSet;

use crate::world::Template;

#[test]
fn every_server_function_is_in_the_table_and_no_other() {
    let registered: BTreeSet<String> =
        leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    let tabled: BTreeSet<String> = table::all().map(|row| row.path()).collect();
    let forgotten: Vec<_> = registered.difference(&tabled).collect();
    let gone: Vec<_> = tabled.difference(&registered).collect();
    assert!(forgotten.is_empty(), "say in server/tests/permission_walk/table who may call {forgotten:?}");
    assert!(gone.is_empty(), "these are in the table but not in the application: {gone:?}");
}

#[tokio::test]
async fn signing_in_and_out_as_everybody() {
    walk::as_everybody(&Template::new().await, table::SIGN_IN).await;
}

#[tokio::test]
async fn customers_as_everybody() {
    walk::as_everybody(&Template::new().await, table::CUSTOMERS).await;
}

#[tokio::test]
async fn accounts_as_everybody() {
    walk::as_everybody(&Template::new().await, table::ACCOUNTS).await;
}

#[tokio::test]
async fn what_customers_and_accounts_share_as_everybody() {
    walk::as_everybody(&Template::new().await, table::SHARED).await;
}

#[tokio::test]
async fn huntgroups_and_codes_as_everybody() {
    walk::as_everybody(&Template::new().await, table::CENTREX).await;
}

#[tokio::test]
async fn calls_phones_and_numbers_as_everybody() {
    walk::as_everybody(&Template::new().await, table::EXCHANGE).await;
}

#[tokio::test]
async fn the_providers_configuration_as_everybody() {
    walk::as_everybody(&Template::new().await, table::CONFIGURATION).await;
}

#[tokio::test]
async fn invoices_payments_and_cards_as_everybody() {
    walk::as_everybody(&Template::new().await, table::BILLING).await;
}

#[tokio::test]
async fn recordings_and_e_mails_as_everybody() {
    walk::as_everybody(&Template::new().await, table::RECORDINGS).await;
}

#[tokio::test]
async fn dashboards_and_the_audit_log_as_everybody() {
    walk::as_everybody(&Template::new().await, table::RECORDS).await;
}
