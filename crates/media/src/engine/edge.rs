//! The edge of a plain leg's sockets: what comes in is opened and what goes out is sealed, where the leg agreed to SRTP.
//! Where it did not, octets pass as they are.

use std::net::{SocketAddr, UdpSocket};

use super::{ports::Sockets, worker::BUFFER};
use crate::{
    router::Port,
    rtp,
    srtp::{Encryption, Session},
};

impl Sockets {
    pub fn socket(&self, port: Port) -> &UdpSocket {
        match port {
            Port::Rtp => &self.rtp,
            Port::Rtcp => &self.rtcp,
        }
    }

    /// What the leg agreed to, or agreed to anew.
    pub fn agree(&mut self, agreed: Option<&Encryption>) {
        match (agreed, &mut self.encryption) {
            (Some(agreed), Some(session)) => session.agree(agreed),
            (Some(agreed), None) => self.encryption = Some(Box::new(Session::new(agreed))),
            (None, _) => self.encryption = None,
        }
    }

    /// Send a plain packet; gives whether the system took it.
    pub fn send(&mut self, port: Port, to: SocketAddr, octets: &[u8]) -> bool {
        let Some(session) = &mut self.encryption else { return self.socket(port).send_to(octets, to).is_ok() };
        let (mut packet, length) = ([0; BUFFER], octets.len());
        let Some(plain) = packet.get_mut(..length) else { return false };
        plain.copy_from_slice(octets);
        let sealed = if rtp::is_rtcp(octets) {
            session.seal_rtcp(&mut packet, length)
        } else {
            session.seal_rtp(&mut packet, length)
        };
        // What was sent already is not sent again; nothing went wrong.
        let Some(length) = sealed else { return true };
        self.socket(port).send_to(&packet[..length], to).is_ok()
    }

    /// Open a packet that came; gives how many octets of it are left. `None`: it is not authentic, or was here before.
    pub fn open(&mut self, port: Port, octets: &mut [u8]) -> Option<usize> {
        match &mut self.encryption {
            None => Some(octets.len()),
            Some(session) if port == Port::Rtcp || rtp::is_rtcp(octets) => session.open_rtcp(octets),
            Some(session) => session.open_rtp(octets),
        }
    }
}
