//! Where do we listen, and how much do we bear?

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use crate::flow::Transport;

/// Where to listen. An address of all interfaces (`0.0.0.0`, `[::]`) is good: flows then name the address towards the
/// other end.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Addresses of UDP sockets; usually 5060.
    pub udp: Vec<SocketAddr>,
    /// Addresses of TCP listeners; usually 5060.
    pub tcp: Vec<SocketAddr>,
    /// TLS, if any.
    pub tls: Option<TlsConfig>,
    /// What is borne.
    pub limits: Limits,
}

/// TLS: who we are, and whom we trust.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// Addresses of listeners; usually 5061.
    pub listen: Vec<SocketAddr>,
    /// Our certificate, for those who connect to us.
    pub server: Arc<rustls::ServerConfig>,
    /// Whose certificates we accept when we connect.
    pub client: Arc<rustls::ClientConfig>,
}

/// How much is borne before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time, of all kinds.
    pub connections: usize,
    /// Of these, from one address.
    pub connections_per_address: usize,
    /// Messages that wait to be written to one connection; a connection that falls behind further is closed.
    pub queue: usize,
    /// A connection on which nothing came or went for so long is closed.
    pub idle: Duration,
    /// How long connecting may take, and the TLS handshake.
    pub connect: Duration,
    /// How long the other end may refuse to read.
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 512,
            queue: 512,
            idle: Duration::from_secs(600),
            connect: Duration::from_secs(10),
            write: Duration::from_secs(30),
        }
    }
}

/// A socket could not be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen for SIP over {transport} at {address}: {source}. \
     Is another program there, or is the address not ours?"
)]
pub struct OpenError {
    /// Of what kind.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
    /// Why.
    pub source: io::Error,
}

/// What the transports hold, and what they refused since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open connections, and those being opened.
    pub connections: usize,
    /// Datagrams that were dropped because the owner was behind.
    pub dropped_in: u64,
    /// Datagrams that the kernel did not take because it was behind.
    pub dropped_out: u64,
    /// Connections refused because there were too many.
    pub refused: u64,
}
