//! The stand-in against what Stripe documents, over real sockets.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod bank;
mod cards;
mod client;
mod faults;
mod idempotency;
mod payments;
mod refunds;
mod requests;
mod script;
mod setups;
mod webhooks;
