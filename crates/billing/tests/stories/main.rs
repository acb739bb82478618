//! Stories of payments: billing over the records in SQLite, against the stand-in for Stripe, which refuses what Stripe
//! refuses.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod automatic;
mod cards;
mod changing;
mod given_up;
mod looking;
mod paying;
mod refunds;
mod speed;
mod systems;
mod webhooks;
mod working;
#[expect(dead_code, reason = "some of it is for the other tests that share it")]
#[path = "../world/mod.rs"]
mod world;
