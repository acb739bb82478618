//! The program as an operator meets it: started, asked, ended, killed, misconfigured.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod admin;
mod configuration;
mod help;
mod ledger;
mod life;
mod phone;
mod recording;
mod tandem;
