//! Which requests are too large for a datagram, and who takes them by a stream? (RFC 3261 §18.1.1)
//!
//! A request of more than 1,300 octets that should go by UDP goes by TCP to the same address. It keeps its branch, so that it
//! is one request to the other end however often it is tried. Who refuses TCP, or leaves it unanswered as an address translator
//! does, is sent the datagram after all, and is not asked again for a while.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{
    flow::{Flow, Transport},
    message::Request,
};

/// The largest request that goes as a datagram where nothing is known of the path, in octets.
const LARGEST_DATAGRAM: usize = 1_300;
/// How long who does not take streams is not asked again.
const REMEMBERED: Duration = Duration::from_secs(600);
/// More of them than this are not remembered.
const MOST_REMEMBERED: usize = 4_096;

/// Who takes streams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    allowed: bool,
    /// Who did not, and when.
    without: HashMap<SocketAddr, Instant>,
}

/// A request as it goes if the stream does not carry it.
#[derive(Debug)]
pub(super) struct Datagram {
    pub flow: Flow,
    pub bytes: Bytes,
    /// What ACK and CANCEL repeat of it, if it is an INVITE.
    pub head: Option<Box<Request>>,
    /// When it goes, if there was no response by then.
    pub at: Instant,
}

impl Streams {
    pub fn allow(&mut self, allowed: bool) {
        self.allowed = allowed;
    }

    /// Whether a request on this way may be too large for it.
    pub fn concern(&self, flow: Flow) -> bool {
        self.allowed && flow.transport == Transport::Udp
    }

    /// The stream for a request of so many octets that should go this way, if it is not to go as a datagram.
    pub fn instead_of(&mut self, now: Instant, flow: Flow, length: usize) -> Option<Flow> {
        if !self.concern(flow) || length <= LARGEST_DATAGRAM {
            return None;
        }
        match self.without.get(&flow.remote) {
            Some(since) if now.saturating_duration_since(*since) < REMEMBERED => None,
            Some(_) | None => {
                self.without.remove(&flow.remote);
                Some(Flow { transport: Transport::Tcp, connection: None, ..flow })
            }
        }
    }

    /// A stream to this end carried nothing.
    pub fn failed(&mut self, now: Instant, remote: SocketAddr) {
        if self.without.len() >= MOST_REMEMBERED {
            self.without.clear();
        }
        self.without.insert(remote, now);
    }
}
