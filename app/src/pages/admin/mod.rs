//! Pages of the provider’s staff.

pub mod account;
pub mod accounts;
pub mod administrators;
pub mod audit;
pub mod classes;
pub mod customer;
pub mod customers;
pub mod dashboard;
pub mod dialing_rules;
pub mod exchange;
pub mod mail;
pub mod payment_systems;
pub mod roles;
