//! Browsers and phones on one exchange, over real sockets: who hears whom, by the spectrum of what arrives.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod calls;
mod chromium;
mod client;
mod measure;
mod paths;
mod world;
