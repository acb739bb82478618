//! What is our address towards the other end? A socket that listens on all interfaces does not know.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{Mutex, PoisonError},
};

/// More answers of the routing table than this are not remembered.
const MOST_REMEMBERED: usize = 4096;

/// Asks the kernel's routing table, and remembers.
#[derive(Debug, Default)]
pub(super) struct Routes(Mutex<HashMap<IpAddr, IpAddr>>);

impl Routes {
    /// The address of a socket bound at `bound` as `remote` sees it; of no translator in between, of course.
    pub(super) fn local(&self, bound: SocketAddr, remote: SocketAddr) -> SocketAddr {
        if !bound.ip().is_unspecified() {
            return bound;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ip) = known.get(&remote.ip()) {
            return SocketAddr::new(*ip, bound.port());
        }
        let Some(ip) = ask(remote) else { return bound };
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(remote.ip(), ip);
        SocketAddr::new(ip, bound.port())
    }
}

/// Connecting a datagram socket sends nothing, it only looks the route up.
fn ask(remote: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if remote.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((remote.ip(), remote.port().max(1))).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}
