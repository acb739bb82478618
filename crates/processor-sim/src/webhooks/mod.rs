//! Telling the merchant what happened.

pub(crate) mod agenda;
pub(crate) mod deliver;
pub mod signature;
