//! The exchange with real phones: baresip and sipp over real sockets, the demonstration's data, and what each of them heard.
//!
//! Every phone speaks with a tone of its own, so that a spectrum at every ear says who hears whom.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod calls;
mod console;
mod encryption;
mod managers;
mod prompts;
mod protected;
mod recording;
mod scenarios;
mod service;
mod sounds;
mod supervision;
mod transfers;
mod trunk;
mod world;
