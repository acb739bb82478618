//! A stand-in for Stripe: stateful, in this process, on a port of its own.
//!
//! `tandem demo` and the tests use it in place of `https://api.stripe.com` and `https://js.stripe.com/v3/`. It answers
//! the calls that Tandem makes as Stripe's API reference documents them, and refuses what Stripe would refuse: an
//! unknown parameter, an idempotency key used for two things, an intent that is not in the state for it. What Stripe
//! knows and the stand-in does not act on is refused as well, with the code `sim_not_simulated`.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`sim`] | how is it started and stopped? |
//! | [`control`] | how does a test make webhooks late, requests fail, payments wait? |
//! | [`cards`] | what does each test card do? |
//! | [`webhooks`] | how is the merchant told, and how is that signed? |
//! | `api` | how is a request checked and answered? |
//! | `objects` | what is a payment, a card, a refund, and what happens to it? |
//! | `pages` | what do browsers see: the script, the card form, the bank's page? |
//! | `serve`, `shared`, `keeper` | the sockets, what they have in common, and what outlives them in a file |
//!
//! What is unlike Stripe: only cards; no Connect; no manual capture; the bank is one page for all banks, and goes
//! there in the same window when there is a `return_url`, where Stripe.js shows cards' banks in a frame; a refund or a
//! payment that takes its time takes a second or what the test says; objects are forgotten when there are too many
//! ([`Options::most_objects`]).

// Stripe's objects are written with `json!`, one step a field.
#![recursion_limit = "256"]

mod api;
pub mod cards;
pub mod control;
mod keeper;
mod objects;
mod pages;
mod serve;
mod shared;
pub mod sim;
pub mod webhooks;

pub use control::{Asked, Conditions, Control, Delivery, Fault, FaultKind, Processing, Tally, Webhook};
pub use sim::{Options, Sim, StartError};
