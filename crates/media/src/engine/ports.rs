//! The pool of port pairs: RTP on an even port, RTCP on the next. The pair that has rested longest is given first.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rand::seq::SliceRandom as _;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType, ipproto, sockopt};

use super::OpenError;
use crate::srtp::Session;

/// Ports that another process holds are passed over, so many at a time.
const TRIES: usize = 64;
/// Expedited forwarding (RFC 3246), as the IP header has it: DSCP 46 in the upper six bits.
const EXPEDITED: u8 = 46 << 2;

/// The free port pairs of each address.
#[derive(Debug)]
pub(super) struct Ports {
    free: Mutex<HashMap<IpAddr, VecDeque<Free>>>,
    pairs: usize,
    rest: Duration,
}

#[derive(Debug)]
struct Free {
    port: u16,
    /// When it was given back; `None` if it never was in use.
    since: Option<Instant>,
}

/// The two sockets of a leg. Their ports go back to the pool when they are dropped.
#[derive(Debug)]
pub(super) struct Sockets {
    // In this order: sockets close before their ports are free.
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    /// How packets are sealed and opened, where that was agreed.
    pub encryption: Option<Box<Session>>,
    lease: Lease,
}

impl Sockets {
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.lease.address, self.lease.port)
    }
}

#[derive(Debug)]
struct Lease {
    ports: Arc<Ports>,
    address: IpAddr,
    port: u16,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.ports.give_back(self.address, self.port);
    }
}

impl Ports {
    /// A pool of the pairs in a range, for each address, in random order.
    pub fn new(addresses: &[IpAddr], range: &RangeInclusive<u16>, rest: Duration) -> Arc<Self> {
        let even: Vec<u16> = range.clone().filter(|p| p % 2 == 0 && *p > 0 && p < range.end()).collect();
        let mut rng = rand::rng();
        let mut free = HashMap::new();
        for &address in addresses {
            let mut order = even.clone();
            // A port that cannot be guessed is harder to flood.
            order.shuffle(&mut rng);
            free.insert(address, order.into_iter().map(|port| Free { port, since: None }).collect::<VecDeque<_>>());
        }
        let pairs = free.values().map(VecDeque::len).sum();
        Arc::new(Self { free: Mutex::new(free), pairs, rest })
    }

    /// Pairs of the pool, in use or not.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Pairs in use.
    pub fn in_use(&self) -> usize {
        self.pairs - self.lock().values().map(VecDeque::len).sum::<usize>()
    }

    /// Bind the next pair.
    pub fn bind(self: &Arc<Self>, address: IpAddr) -> Result<Sockets, OpenError> {
        for _ in 0..TRIES {
            let lease = self.lease(address)?;
            match bind_pair(address, lease.port) {
                Ok((rtp, rtcp)) => return Ok(Sockets { rtp, rtcp, encryption: None, lease }),
                // Somebody else holds it: it goes to the end of the queue.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(OpenError::Exhausted)
    }

    fn lease(self: &Arc<Self>, address: IpAddr) -> Result<Lease, OpenError> {
        let mut free = self.lock();
        let queue = free.get_mut(&address).ok_or(OpenError::UnknownAddress(address))?;
        let rested = queue.front().is_some_and(|free| free.since.is_none_or(|since| since.elapsed() >= self.rest));
        match queue.pop_front_if(|_| rested) {
            Some(Free { port, .. }) => Ok(Lease { ports: self.clone(), address, port }),
            None => Err(OpenError::Exhausted),
        }
    }

    fn give_back(&self, address: IpAddr, port: u16) {
        if let Some(queue) = self.lock().get_mut(&address) {
            queue.push_back(Free { port, since: Some(Instant::now()) });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, VecDeque<Free>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bind_pair(address: IpAddr, port: u16) -> io::Result<(UdpSocket, UdpSocket)> {
    Ok((bind(SocketAddr::new(address, port), false)?, bind(SocketAddr::new(address, port + 1), false)?))
}

/// Bind a socket for media; others that share its port may be bound too.
pub(crate) fn bind(address: SocketAddr, shared: bool) -> io::Result<UdpSocket> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP))?;
    // Marking is a wish: a system that does not allow it still carries the call.
    if address.is_ipv4() {
        let _ = sockopt::set_ip_tos(&socket, EXPEDITED);
    } else {
        sockopt::set_ipv6_v6only(&socket, true)?;
        let _ = sockopt::set_ipv6_tclass(&socket, EXPEDITED.into());
    }
    if shared {
        sockopt::set_socket_reuseport(&socket, true)?;
    }
    net::bind(&socket, &address)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn pairs_are_even_and_whole_and_never_given_twice() {
        let pool = Ports::new(&[LOCAL], &(24_001..=24_008), Duration::ZERO);
        assert_eq!(pool.pairs(), 3);
        let bound: Vec<Sockets> = (0..3).map(|_| pool.bind(LOCAL).unwrap()).collect();
        let mut ports: Vec<u16> = bound.iter().map(|s| s.address().port()).collect();
        ports.sort_unstable();
        assert_eq!(ports, [24_002, 24_004, 24_006]);
        assert_eq!(bound[0].rtcp.local_addr().unwrap().port(), bound[0].address().port() + 1);
        assert_eq!(pool.in_use(), 3);
        assert!(matches!(pool.bind(LOCAL), Err(OpenError::Exhausted)));
        drop(bound);
        assert_eq!(pool.in_use(), 0);
        assert!(matches!(pool.bind(IpAddr::from([192, 0, 2, 1])), Err(OpenError::UnknownAddress(_))));
    }

    #[test]
    fn a_pair_rests_and_a_foreign_port_is_passed_over() {
        let pool = Ports::new(&[LOCAL], &(24_102..=24_103), Duration::from_secs(60));
        drop(pool.bind(LOCAL).unwrap());
        assert!(matches!(pool.bind(LOCAL), Err(OpenError::Exhausted)), "it has just been used");
        let foreign = UdpSocket::bind((LOCAL, 24_113)).unwrap();
        let pool = Ports::new(&[LOCAL], &(24_112..=24_115), Duration::ZERO);
        assert_eq!(pool.bind(LOCAL).unwrap().address().port(), 24_114);
        drop(foreign);
    }
}
