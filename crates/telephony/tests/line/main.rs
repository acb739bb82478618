//! Phones in browsers: lines with the real exchange, in simulated time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod anything;
mod calls;
#[path = "../hostile/records.rs"]
mod records;
mod resuming;
mod scripted;
mod summoned;
mod transfers;
mod world;
