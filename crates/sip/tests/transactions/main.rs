//! Stories of the transaction layer (RFC 3261 §17), told over a wire that loses, doubles and delays what it is told to.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod anything;
mod cancelling;
mod invitations;
mod large;
mod matching;
mod network;
mod reliably;
mod requests;
mod speed;
mod ways;
mod world;
