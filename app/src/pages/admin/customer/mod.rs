//! One customer: a page per tab, each beside the server functions that it needs.
//!
//! | module | tab |
//! | --- | --- |
//! | [`general`] | General: name, SIP prefix, billing, language |
//! | [`voice`] | Services > Voice calls: supervision, notices, dialing rule, recording |
//! | [`lists`] | Accounts, History |
//! | [`huntgroups`] | Huntgroups |
//! | [`numbers`] | Public numbers |
//! | [`billing`] | Billing: balance, invoices, payments, automatic payment |
//! | [`new_invoice`] | – below Billing: a new invoice |
//! | [`access`] | Status, Sign-in |
//! | [`head`] | what is around all of them |

mod access;
mod billing;
mod general;
mod head;
mod huntgroups;
mod lists;
mod new_invoice;
mod numbers;
mod voice;

pub use access::{CustomerSignInPage, CustomerStatusPage};
pub use billing::CustomerBillingPage;
pub use general::CustomerPage;
#[cfg(feature = "ssr")]
pub(super) use general::server::fields_of;
pub(super) use general::{CustomerFields, TypedCustomer, customer_inputs};
pub use huntgroups::CustomerHuntgroupsPage;
pub use lists::{CustomerAccountsPage, CustomerHistoryPage};
pub(super) use lists::{account_status_filter, history_list};
pub use new_invoice::NewInvoicePage;
pub use numbers::CustomerNumbersPage;
pub use voice::CustomerVoicePage;
