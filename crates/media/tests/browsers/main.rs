//! Browsers and phones on one exchange, over real sockets: who hears whom, by the spectrum of what arrives.

mod calls;
mod client;
mod paths;
mod world;
