//! The sockets: UDP, TCP and TLS (RFC 3261 §18), and the WebSockets that a web server brings (RFC 7118). The only part of this crate with I/O; it runs on tokio.
//!
//! What comes in goes to one bounded channel as [`Incoming`]; what goes out is given to [`Transports::send`], which
//! never waits. When the owner is behind, datagrams are dropped and counted (their senders send them again), streams
//! are not read.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `config` | where do we listen, and how much do we bear? |
//! | `udp` | how do datagrams come and go? |
//! | `streams` | who may connect, and how do we connect? |
//! | `connections` | which connection carries this message? |
//! | `connection` | how does one connection live and end? |
//! | `websocket` | how do messages come and go by a browser's WebSocket? |
//! | `local` | what is our address towards the other end? |

mod config;
mod connection;
mod connections;
mod local;
mod streams;
mod udp;
mod websocket;

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use rustls::pki_types::ServerName;
use tokio::{
    net::TcpListener,
    runtime::Handle,
    sync::{
        mpsc::{self, error::TrySendError},
        watch,
    },
};

pub use config::{Config, Counts, Limits, OpenError, TlsConfig};
pub use websocket::{Closed, LARGEST_FRAME, SUBPROTOCOL, WebSocket};

use self::{connections::Connections, local::Routes, udp::Udp};
use crate::{
    flow::{Flow, Transport},
    message::{Malformed, Message},
};

/// More names of servers than this are not remembered.
const MOST_NAMES: usize = 4096;

/// What the transports tell.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly all are messages")]
pub enum Incoming {
    /// A message came, or what should have been one.
    Message {
        /// The way it came; an answer goes the same way.
        flow: Flow,
        /// The message; if it is malformed, perhaps enough of it to answer.
        message: Result<Message, Malformed>,
        /// The bytes, for the trace: of a datagram as it came, of a message on a stream as we would write it.
        raw: Bytes,
    },
    /// What was sent this way did not arrive, or the connection has ended and nothing more comes from it.
    Failed {
        /// The way. If it names a connection, that connection is gone.
        flow: Flow,
    },
}

/// The open sockets. Clones are the same; the last one to be dropped closes them.
#[derive(Debug, Clone)]
pub struct Transports {
    shared: Arc<Shared>,
    _last: Arc<CloseOnDrop>,
}

/// What all tasks share.
struct Shared {
    limits: Limits,
    events: mpsc::Sender<Incoming>,
    runtime: Handle,
    udp: Vec<Arc<Udp>>,
    tcp: Vec<SocketAddr>,
    tls: Option<(Vec<SocketAddr>, TlsConfig)>,
    connections: Connections,
    routes: Routes,
    names: Mutex<HashMap<SocketAddr, ServerName<'static>>>,
    /// True: everything is to end. Each task holds a receiver for as long as it lives.
    stop: watch::Sender<bool>,
    dropped_in: AtomicU64,
    dropped_out: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug)]
struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.stop.send_replace(true);
    }
}

impl Transports {
    /// Opens the sockets and begins to read. Must be called inside a tokio runtime, which all tasks run on.
    ///
    /// # Errors
    /// The first socket that could not be opened; the others are closed again.
    pub async fn open(config: Config, events: mpsc::Sender<Incoming>) -> Result<Self, OpenError> {
        let Config { udp, tcp, tls, limits } = config;
        let error = |transport, address| move |source| OpenError { transport, address, source };
        let mut sockets = Vec::new();
        for address in udp {
            sockets.push(Arc::new(Udp::open(address).map_err(error(Transport::Udp, address))?));
        }
        let mut listeners = Vec::new();
        for address in tcp {
            listeners.push(streams::listen(address).map_err(error(Transport::Tcp, address))?);
        }
        let mut tls_listeners = Vec::new();
        for address in tls.iter().flat_map(|tls| &tls.listen) {
            tls_listeners.push(streams::listen(*address).map_err(error(Transport::Tls, *address))?);
        }
        let bound = |listeners: &[(TcpListener, SocketAddr)]| listeners.iter().map(|(_, bound)| *bound).collect();
        let shared = Arc::new(Shared {
            limits,
            events,
            runtime: Handle::current(),
            udp: sockets,
            tcp: bound(&listeners),
            tls: tls.map(|tls| (bound(&tls_listeners), tls)),
            connections: Connections::default(),
            routes: Routes::default(),
            names: Mutex::default(),
            stop: watch::Sender::new(false),
            dropped_in: AtomicU64::new(0),
            dropped_out: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        });
        for udp in &shared.udp {
            tokio::spawn(udp::receive(shared.clone(), udp.clone(), shared.stop.subscribe()));
        }
        for (listener, bound) in listeners {
            tokio::spawn(streams::accept(shared.clone(), listener, bound, None, shared.stop.subscribe()));
        }
        let acceptor = shared.tls.as_ref().map(|(_, tls)| tls.server.clone().into());
        for (listener, bound) in tls_listeners {
            tokio::spawn(streams::accept(shared.clone(), listener, bound, acceptor.clone(), shared.stop.subscribe()));
        }
        Ok(Self { _last: Arc::new(CloseOnDrop(shared.clone())), shared })
    }

    /// Sends a message and does not wait. A stream's connection is opened if there is none; what does not arrive, as
    /// far as that is known, comes back as [`Incoming::Failed`].
    pub fn send(&self, flow: Flow, bytes: Bytes) {
        if *self.shared.stop.borrow() {
            return;
        }
        match flow.transport {
            Transport::Udp => self.shared.send_datagram(flow, &bytes),
            Transport::Tcp | Transport::Tls => streams::send(&self.shared, flow, bytes),
            Transport::Ws | Transport::Wss => websocket::send(&self.shared, flow, bytes),
        }
    }

    /// The address of the first socket of this kind. It may be one of all interfaces; [`Self::flow_to`] knows better.
    #[must_use]
    pub fn local(&self, transport: Transport) -> Option<SocketAddr> {
        self.shared.bound(transport).next()
    }

    /// Whether who knows one of our addresses for datagrams reaches us there by TCP too.
    #[must_use]
    pub fn is_reached_by_both(&self) -> bool {
        let Shared { udp, tcp, .. } = &*self.shared;
        !udp.is_empty() && udp.iter().all(|udp| tcp.contains(&udp.bound))
    }

    /// The way to this end by a transport that we have: with our address as that end sees it. A connection, where there
    /// is none yet, is opened by the first message.
    #[must_use]
    pub fn flow_to(&self, transport: Transport, remote: SocketAddr) -> Option<Flow> {
        let same_family = |bound: &SocketAddr| bound.is_ipv4() == remote.is_ipv4();
        let bound = match transport {
            Transport::Udp => self.shared.bound(transport).find(same_family)?,
            Transport::Tcp => self.shared.bound(transport).find(same_family).unwrap_or(any(remote, 5060)),
            Transport::Tls if self.shared.tls.is_some() => {
                self.shared.bound(transport).find(same_family).unwrap_or(any(remote, 5061))
            }
            Transport::Tls | Transport::Ws | Transport::Wss => return None,
        };
        Some(Flow { transport, local: self.shared.routes.local(bound, remote), remote, connection: None })
    }

    /// Whose certificate the server at this address must show when we connect to it over TLS; without it, that of its
    /// address. False: that is no name of a host.
    pub fn expect_name(&self, remote: SocketAddr, host: &str) -> bool {
        let Ok(name) = ServerName::try_from(host.to_owned()) else { return false };
        let mut names = self.shared.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MOST_NAMES && !names.contains_key(&remote) {
            names.clear();
        }
        names.insert(remote, name);
        true
    }

    /// Connections now, and what was refused.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            connections: self.shared.connections.len(),
            dropped_in: self.shared.dropped_in.load(Ordering::Relaxed),
            dropped_out: self.shared.dropped_out.load(Ordering::Relaxed),
            refused: self.shared.refused.load(Ordering::Relaxed),
        }
    }

    /// Ends all connections and all tasks, and waits until they have ended. The UDP sockets are free when the last
    /// clone is dropped.
    pub async fn close(&self) {
        self.shared.stop.send_replace(true);
        self.shared.stop.closed().await;
    }
}

fn any(remote: SocketAddr, port: u16) -> SocketAddr {
    match remote {
        SocketAddr::V4(_) => (std::net::Ipv4Addr::UNSPECIFIED, port).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, port).into(),
    }
}

impl Shared {
    fn bound(&self, transport: Transport) -> Box<dyn Iterator<Item = SocketAddr> + '_> {
        match transport {
            Transport::Udp => Box::new(self.udp.iter().map(|udp| udp.bound)),
            Transport::Tcp => Box::new(self.tcp.iter().copied()),
            Transport::Tls => Box::new(self.tls.iter().flat_map(|(bound, _)| bound.iter().copied())),
            Transport::Ws | Transport::Wss => Box::new(std::iter::empty()),
        }
    }

    fn send_datagram(&self, flow: Flow, bytes: &[u8]) {
        // The socket that the flow names, or one of all interfaces with its port, or any that can reach the other end.
        let can = |udp: &&Arc<Udp>| udp.bound.is_ipv4() == flow.remote.is_ipv4();
        let is = |udp: &&Arc<Udp>| {
            udp.bound == flow.local || (udp.bound.ip().is_unspecified() && udp.bound.port() == flow.local.port())
        };
        let udp = self.udp.iter().filter(can).find(is).or_else(|| self.udp.iter().find(can));
        match udp.map(|udp| udp.send(bytes, flow.remote)) {
            Some(Ok(())) => {}
            Some(Err(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                self.dropped_out.fetch_add(1, Ordering::Relaxed);
            }
            // Told of an earlier datagram, which may have gone elsewhere.
            Some(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
            Some(Err(error)) => {
                tracing::debug!(%error, remote = %flow.remote, length = bytes.len(), "a SIP datagram was not sent");
                self.fail(flow);
            }
            None => self.fail(flow),
        }
    }

    fn dropped_in(&self) {
        self.dropped_in.fetch_add(1, Ordering::Relaxed);
    }

    fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells that a way is gone; this is never lost.
    fn fail(&self, flow: Flow) {
        match self.events.try_send(Incoming::Failed { flow }) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(failed)) => {
                let (events, mut stop) = (self.events.clone(), self.stop.subscribe());
                self.runtime.spawn(async move {
                    tokio::select! {
                        _ = stop.wait_for(|stopped| *stopped) => {}
                        _ = events.send(failed) => {}
                    }
                });
            }
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("udp", &self.udp).field("tcp", &self.tcp).finish_non_exhaustive()
    }
}
