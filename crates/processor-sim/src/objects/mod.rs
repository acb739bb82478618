//! Stripe's objects: what each holds, how it is written, and what happens to it.

pub(crate) mod account;
pub(crate) mod charge;
pub(crate) mod confirm;
pub(crate) mod customer;
pub(crate) mod event;
pub(crate) mod ids;
pub(crate) mod intent;
pub(crate) mod kept;
pub(crate) mod method;
pub(crate) mod money;
pub(crate) mod refund;
pub(crate) mod setup;
pub(crate) mod state;
pub(crate) mod table;
pub(crate) mod words;
