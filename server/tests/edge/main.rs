//! What stands around the application, from the network's side. The application here is a handful of handlers that do what
//! is hard on their surroundings: wait, panic, answer long pages.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod cross_origin;
mod files;
mod headers;
mod limits;
mod probes;
mod shutdown;
#[path = "../stand_in/mod.rs"]
mod stand_in;
mod webhooks;
mod world;
