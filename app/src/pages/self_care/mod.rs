//! Pages of self-care: a customer’s administrator and the accounts.

pub mod audit;
pub mod billing;
pub mod calls;
pub mod codes;
pub mod company;
pub mod console;
pub mod dashboard;
pub mod dialing_rules;
pub mod extensions;
pub mod huntgroups;
pub mod mailbox;
#[cfg(feature = "ssr")]
pub(crate) mod own;
pub mod phone;
pub mod recording;
pub mod wallboard;
