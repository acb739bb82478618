//! The demonstration's people: each kind of endpoint on a stage, and all of them with the real exchange.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod agent;
mod exchange;
mod network;
mod stage;
