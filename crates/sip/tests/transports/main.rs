//! Stories of the transports, over real sockets of this machine.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod calls;
mod datagrams;
mod sipp;
mod streams;
mod tls;
mod websockets;
mod world;
