//! The limit for a gateway: receive, encrypt or decrypt, send, and nothing between. The cipher is the one that browsers agree on
//! with the gateway (AEAD_AES_256_GCM, RFC 7714), with keys that all know; no ICE, no DTLS, no RTCP, no check for replay. As
//! there, all browsers of a thread share one socket and each phone has its own.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
};

use rustix::net::sockopt;
use str0m::crypto::{AeadAes256Gcm, AeadAes256GcmCipher, from_feature_flags};
use tandem_media::rtp::HEADER;

use crate::{packet, wait::Waiter};

/// A datagram that fills this is none of ours.
const BUFFER: usize = 2048;
/// What is read from one socket before others have their turn.
const AT_ONCE: usize = 32;
/// The socket of all browsers, among a thread's.
const SHARED: usize = usize::MAX - 1;
/// Parties of a call: a browser and a phone.
const PARTIES: usize = 2;
/// Any keys: who measures has them on both sides.
const KEY: [u8; 32] = [7; 32];
const SALT: [u8; 12] = [9; 12];

/// One direction's cipher.
pub struct Seal(Box<dyn AeadAes256GcmCipher>);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// A cipher that closes.
    #[must_use]
    pub fn closing() -> Self {
        Self::new(true)
    }

    /// A cipher that opens.
    #[must_use]
    pub fn opening() -> Self {
        Self::new(false)
    }

    fn new(encrypts: bool) -> Self {
        Self(from_feature_flags().srtp_provider.aead_aes_256_gcm().create_cipher(KEY, encrypts))
    }

    /// Closes a packet with a plain header into `to`; gives the length. `None` if it is too short or too long.
    pub fn close(&mut self, packet: &[u8], to: &mut [u8]) -> Option<usize> {
        let (header, payload) = packet.split_at_checked(HEADER)?;
        let length = packet.len() + AeadAes256Gcm::TAG_LEN;
        let to = to.get_mut(..length)?;
        to[..HEADER].copy_from_slice(header);
        self.0.encrypt(&nonce(header)?, header, payload, &mut to[HEADER..]).ok()?;
        Some(length)
    }

    /// Opens a packet into `to`; gives the length. `None` if it was not closed with the same key.
    pub fn open(&mut self, packet: &[u8], to: &mut [u8]) -> Option<usize> {
        let (header, sealed) = packet.split_at_checked(HEADER)?;
        let length = packet.len().checked_sub(AeadAes256Gcm::TAG_LEN).filter(|length| *length >= HEADER)?;
        let to = to.get_mut(..length)?;
        to[..HEADER].copy_from_slice(header);
        self.0.decrypt(&nonce(header)?, &[header], sealed, &mut to[HEADER..]).ok()?;
        Some(length)
    }
}

/// RFC 7714 §8.1, before the sequence number has begun anew.
fn nonce(header: &[u8]) -> Option<[u8; 12]> {
    let sequence = u16::from_be_bytes(*header.get(2..)?.first_chunk()?);
    Some(AeadAes256Gcm::rtp_iv(SALT, source(header)?, 0, sequence))
}

fn source(packet: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*packet.get(8..)?.first_chunk()?))
}

/// A thread's share of the calls.
pub struct Sealed {
    shared: UdpSocket,
    phones: Vec<UdpSocket>,
    /// Which of so many threads it is: call number `thread`, `thread + threads` and so on are its own.
    thread: usize,
    threads: usize,
}

/// What is known of a call.
struct Call {
    browser: Option<SocketAddr>,
    phone: Option<SocketAddr>,
    close: Seal,
    open: Seal,
}

impl Sealed {
    /// Opens the sockets.
    ///
    /// # Errors
    /// The system gives no more.
    pub fn open(calls: usize, thread: usize, threads: usize) -> io::Result<Self> {
        let open = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            io::Result::Ok(socket)
        };
        let shared = open()?;
        // As the gateway does.
        let _ = sockopt::set_socket_recv_buffer_size(&shared, 4 << 20);
        let _ = sockopt::set_socket_send_buffer_size(&shared, 4 << 20);
        let phones = (0..calls).map(|_| open()).collect::<io::Result<_>>()?;
        Ok(Self { shared, phones, thread, threads })
    }

    /// Where the browser and the phone of each of its calls send to.
    ///
    /// # Errors
    /// What the system says.
    pub fn addresses(&self) -> io::Result<Vec<[SocketAddr; PARTIES]>> {
        let shared = self.shared.local_addr()?;
        self.phones.iter().map(|phone| Ok([shared, phone.local_addr()?])).collect()
    }

    /// Relays for ever.
    ///
    /// # Errors
    /// It cannot wait any more.
    pub fn run(self) -> io::Result<()> {
        let Self { shared, phones, thread, threads } = self;
        let (mut buffer, mut out) = ([0; BUFFER], [0; BUFFER]);
        let mut waiter = Waiter::new()?;
        waiter.add(&shared, SHARED)?;
        for (key, phone) in phones.iter().enumerate() {
            waiter.add(phone, key)?;
        }
        let call = |_| Call { browser: None, phone: None, close: Seal::closing(), open: Seal::opening() };
        let mut calls: Vec<Call> = (0..phones.len()).map(call).collect();
        loop {
            for key in waiter.wait(60_000)? {
                if key != SHARED {
                    let Ok((length, from)) = phones[key].recv_from(&mut buffer) else { continue };
                    let call = &mut calls[key];
                    call.phone = Some(from);
                    let Some(to) = call.browser else { continue };
                    if let Some(length) = call.close.close(&buffer[..length], &mut out) {
                        // What cannot be sent is lost, and is found missing where it should arrive.
                        let _ = shared.send_to(&out[..length], to);
                    }
                    continue;
                }
                for _ in 0..AT_ONCE {
                    let Ok((length, from)) = shared.recv_from(&mut buffer) else { break };
                    let packet = &buffer[..length];
                    let stream = source(packet).and_then(packet::stream);
                    let key = stream.map(|stream| stream / PARTIES).filter(|call| call % threads == thread);
                    let Some(key) = key.map(|call| call / threads) else { continue };
                    let Some(call) = calls.get_mut(key) else { continue };
                    call.browser = Some(from);
                    if let Some((to, length)) = call.phone.zip(call.open.open(packet, &mut out)) {
                        let _ = phones[key].send_to(&out[..length], to);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::packet::Mark;

    #[test]
    fn what_is_closed_says_whose_it_is_and_opens_as_it_was() {
        let packet = packet::write(Mark { stream: 5, number: 3, sent: Duration::from_secs(1) }, 0, 9, 160);
        let (mut closed, mut opened) = ([0; BUFFER], [0; BUFFER]);
        let length = Seal::closing().close(&packet, &mut closed).unwrap();
        assert_eq!(source(&closed[..length]).and_then(packet::stream), Some(5));
        assert_ne!(closed[HEADER..HEADER + 16], packet[HEADER..HEADER + 16]);
        assert_eq!(Seal::opening().open(&closed[..length], &mut opened), Some(packet.len()));
        assert_eq!(opened[..packet.len()], packet);
        closed[length - 1] ^= 1;
        assert_eq!(Seal::opening().open(&closed[..length], &mut opened), None);
        assert_eq!(Seal::opening().open(&closed[..20], &mut opened), None);
    }
}
