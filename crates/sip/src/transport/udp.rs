//! How do datagrams come and go?

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::{
    net::UdpSocket,
    sync::{mpsc::error::TrySendError, watch},
};

use super::{Incoming, Shared};
use crate::{
    flow::{Flow, Transport},
    message,
};

/// Bytes that the kernel is asked to keep for us while we do something else: some thousand messages.
const KERNEL_BUFFER: usize = 4 * 1024 * 1024;

/// Datagrams that are read in one go before others get their turn.
const AT_ONCE: usize = 64;

#[derive(Debug)]
pub(super) struct Udp {
    pub(super) socket: UdpSocket,
    pub(super) bound: SocketAddr,
}

impl Udp {
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // As much as the kernel allows; less is no fault.
        let _ = socket.set_recv_buffer_size(KERNEL_BUFFER);
        let _ = socket.set_send_buffer_size(KERNEL_BUFFER);
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        let bound = socket.local_addr()?;
        Ok(Self { socket, bound })
    }

    /// Sends at once or not at all. Not by tokio's own means, which refuse until its event loop has seen the socket
    /// writable.
    pub(super) fn send(&self, datagram: &[u8], remote: SocketAddr) -> io::Result<()> {
        SockRef::from(&self.socket).send_to(datagram, &remote.into()).map(drop)
    }
}

/// Reads until the transports are closed.
pub(super) async fn receive(shared: Arc<Shared>, udp: Arc<Udp>, mut stop: watch::Receiver<bool>) {
    let mut buffer = vec![0; 65_535];
    loop {
        let readable = tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => return,
            readable = udp.socket.readable() => readable,
        };
        if readable.is_err() {
            return;
        }
        for _ in 0..AT_ONCE {
            match udp.socket.try_recv_from(&mut buffer) {
                Ok((length, remote)) => take(&shared, &udp, &buffer[..length], remote),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // An earlier datagram of ours reached nobody; which one is not said.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => {
                    tracing::warn!(%error, address = %udp.bound, "reading SIP datagrams failed; trying again");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    break;
                }
            }
        }
    }
}

fn take(shared: &Shared, udp: &Udp, datagram: &[u8], remote: SocketAddr) {
    if datagram == b"\r\n\r\n" {
        // A keep-alive that wants an answer (RFC 5626 §3.5.1 has it for streams only; phones do it here as well).
        let _ = udp.send(b"\r\n", remote);
        return;
    }
    let start = datagram.iter().position(|byte| !matches!(byte, b'\r' | b'\n' | b'\0' | b' ' | b'\t'));
    let Some(start) = start else { return };
    if is_stun(datagram) || remote.port() == 0 {
        return;
    }
    let raw = Bytes::copy_from_slice(&datagram[start..]);
    let flow =
        Flow { transport: Transport::Udp, local: shared.routes.local(udp.bound, remote), remote, connection: None };
    let message = message::parse(&raw);
    match shared.events.try_send(Incoming::Message { flow, message, raw }) {
        // Nobody listens any more: the transports are about to be closed.
        Ok(()) | Err(TrySendError::Closed(_)) => {}
        Err(TrySendError::Full(_)) => shared.dropped_in(),
    }
}

/// Two zero bits and the magic cookie (RFC 8489 §5): a keep-alive (RFC 5626 §3.5.2) or a lost packet of media.
fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|byte| *byte < 0x40)
        && datagram.get(4..8).is_some_and(|cookie| cookie == [0x21, 0x12, 0xa4, 0x42])
}
