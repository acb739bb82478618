//! Whatever happens, in whatever order, and wherever the program dies: one credit per captured payment, and right
//! books. What was captured the stand-in for Stripe counts itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod anything;
mod dying;
mod killed;
mod operations;
mod polls;
#[expect(dead_code, reason = "some of it is for the other tests that share it")]
#[path = "../world/mod.rs"]
mod world;
