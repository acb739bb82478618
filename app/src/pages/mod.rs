//! The pages, each beside its server functions.

pub mod admin;
pub mod errors;
pub mod gallery;
pub mod profile;
pub mod recordings;
pub mod self_care;
pub mod sign_in;
