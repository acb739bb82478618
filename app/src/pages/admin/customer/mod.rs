//! One customer: a page per tab, each beside the server functions that it needs.
//!
//! | module | tab |
//! | --- | --- |
//! | [`general`] | General: name, SIP prefix, billing, language |
//! | [`voice`] | Services > Voice calls: supervision, notices, dialing rule, recording |
//! | [`lists`] | Accounts, History |
//! | [`huntgroups`] | Huntgroups |
//! | [`numbers`] | Public numbers |
//! | [`access`] | Status, Sign-in |
//! | [`head`] | what is around all of them |

mod access;
mod general;
mod head;
mod huntgroups;
mod lists;
mod numbers;
mod voice;

pub use access::{CustomerSignInPage, CustomerStatusPage};
pub use general::CustomerPage;
#[cfg(feature = "ssr")]
pub(super) use general::server::fields_of;
pub(super) use general::{CustomerFields, TypedCustomer, customer_inputs};
pub use huntgroups::CustomerHuntgroupsPage;
pub use lists::{CustomerAccountsPage, CustomerHistoryPage};
pub(super) use lists::{account_status_filter, history_list};
pub use numbers::CustomerNumbersPage;
pub use voice::CustomerVoicePage;
