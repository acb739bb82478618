//! The limit: receive and send, and nothing between. One wait, a system call for each packet that comes and one for each that
//! goes, as any relay in userspace needs them that does not gather packets; on as many threads as the exchange has for media,
//! each with its own calls.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
};

use crate::wait::Waiter;

/// A datagram that fills this is none of ours.
const BUFFER: usize = 2048;

/// The relay of some calls: two sockets each.
pub struct Bare {
    sockets: Vec<UdpSocket>,
    /// Who sent to a socket last: that is where its neighbour's packets go.
    parties: Vec<Option<SocketAddr>>,
}

impl Bare {
    /// Opens the sockets.
    ///
    /// # Errors
    /// The system gives no more.
    pub fn open(calls: usize) -> io::Result<Self> {
        let mut sockets = Vec::with_capacity(calls * 2);
        for _ in 0..calls * 2 {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            sockets.push(socket);
        }
        Ok(Self { parties: vec![None; sockets.len()], sockets })
    }

    /// Where each call's two parties send to.
    ///
    /// # Errors
    /// What the system says.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(UdpSocket::local_addr).collect()
    }

    /// Relays for ever.
    ///
    /// # Errors
    /// It cannot wait any more.
    pub fn run(mut self) -> io::Result<()> {
        let mut buffer = [0; BUFFER];
        let mut waiter = Waiter::new()?;
        let Self { sockets, parties } = &mut self;
        for (key, socket) in sockets.iter().enumerate() {
            waiter.add(socket, key)?;
        }
        loop {
            for key in waiter.wait(60_000)? {
                let Ok((length, from)) = sockets[key].recv_from(&mut buffer) else { continue };
                parties[key] = Some(from);
                if let Some(to) = parties[key ^ 1] {
                    // What cannot be sent is lost, and is found missing where it should arrive.
                    let _ = sockets[key ^ 1].send_to(&buffer[..length], to);
                }
            }
        }
    }
}
