//! How does a thousand calls' sound go, and how late does it arrive?
//!
//! Each call has two streams of G.711, 50 packets a second each, evenly spread over time. A packet carries its stream, its number
//! and when it was sent, so that whoever relays it need not be asked anything. Calls share a few sockets, which saves the
//! generator most of its waking up; the relay cannot tell, for it has sockets of its own for each call.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use anyhow::Result;
use rustix::net::sockopt;

use crate::{
    figures::Times,
    process::{Consumed, Measured, own},
    wait::Waiter,
};

/// Between two packets of a stream.
const INTERVAL: Duration = Duration::from_millis(20);
/// Packets of each stream before measuring begins.
const WARM_UP: u32 = 75;
/// How long to wait for the last packets.
const LATE: Duration = Duration::from_millis(100);
/// Calls that share a socket.
const SHARED_BY: usize = 32;
/// Bytes that the system is asked to keep for us, so that a packet is not lost when the machine has no time for the generator.
const RECEIVE_BUFFER: usize = 8 << 20;
/// Packets that are sent before those that came are read.
const AT_ONCE: usize = 32;
/// How often to look what is due.
const BEAT: Duration = Duration::from_micros(250);
/// A prime that no number of streams here is a multiple of: times this, all places are shuffled.
const SHUFFLE: usize = 7919;
/// RTP's header and 20 ms of G.711.
const LENGTH: usize = 12 + 160;

/// Both ends of the sound of some calls.
#[derive(Debug)]
pub struct Ends {
    sockets: [Vec<UdpSocket>; 2],
}

/// Sound under way: what was sent, what arrived, and what it took.
pub struct Talk {
    ends: Ends,
    to: [Vec<SocketAddr>; 2],
    streams: usize,
    began: Instant,
    sent: u64,
    arrived: u64,
    /// For each packet, whether it arrived.
    seen: Vec<bool>,
    doubled: u64,
    delays: Times,
    waiter: Waiter,
    /// Packets of each stream before measuring began.
    warm: u32,
    relayed: u64,
    relay: Consumed,
    generator: Consumed,
    elapsed: Duration,
}

/// What arrived, and what it took.
#[derive(Debug)]
pub struct Heard {
    /// Packets sent while measuring.
    pub sent: u64,
    /// Of these, those that did not arrive.
    pub lost: u64,
    /// Of these, those that arrived more than once.
    pub doubled: u64,
    /// From sending to receiving.
    pub delays: Times,
    /// Packets relayed while measuring.
    pub relayed: u64,
    /// What that took of the relay.
    pub relay: Consumed,
    /// And of ourselves.
    pub generator: Consumed,
    /// For how long.
    pub elapsed: Duration,
}

impl Ends {
    /// Opens the sockets for this many calls.
    ///
    /// # Errors
    /// The system gives none.
    pub fn open(calls: usize) -> io::Result<Self> {
        let open = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            // As much as the system allows; less is no fault.
            let force = sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER);
            let _ = force.or_else(|_| sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER));
            Ok(socket)
        };
        let side = || (0..calls.div_ceil(SHARED_BY).max(1)).map(|_| open()).collect::<io::Result<Vec<_>>>();
        Ok(Self { sockets: [side()?, side()?] })
    }

    /// The sockets' ports, of both sides: a call uses that of its number, in turn.
    ///
    /// # Errors
    /// What the system says.
    pub fn ports(&self) -> io::Result<[Vec<u16>; 2]> {
        let side = |sockets: &[UdpSocket]| -> io::Result<Vec<u16>> {
            sockets.iter().map(|socket| Ok(socket.local_addr()?.port())).collect()
        };
        Ok([side(&self.sockets[0])?, side(&self.sockets[1])?])
    }

    /// Begins to talk, so long that both ends are known to the relay. `to` is where each call's two ends send.
    ///
    /// # Errors
    /// A socket is broken, or the relay is gone.
    pub fn talk(self, to: [Vec<SocketAddr>; 2], relay: &Measured) -> Result<Talk> {
        let mut waiter = Waiter::new()?;
        waiter.beat(BEAT)?;
        for (side, sockets) in self.sockets.iter().enumerate() {
            for (index, socket) in sockets.iter().enumerate() {
                waiter.add(socket, index * 2 + side)?;
            }
        }
        let nothing = Consumed { cpu: Duration::ZERO, wakes: 0 };
        let mut talk = Talk {
            ends: self,
            streams: to[0].len() * 2,
            to,
            began: Instant::now(),
            sent: 0,
            arrived: 0,
            seen: Vec::new(),
            doubled: 0,
            delays: Times::default(),
            waiter,
            warm: 0,
            relayed: 0,
            relay: nothing,
            generator: nothing,
            elapsed: Duration::ZERO,
        };
        talk.go_on(WARM_UP, relay)?;
        talk.warm = WARM_UP;
        talk.delays = Times::default();
        (talk.doubled, talk.relayed, talk.elapsed) = (0, 0, Duration::ZERO);
        (talk.relay, talk.generator) = (nothing, nothing);
        Ok(talk)
    }
}

impl Talk {
    /// Goes on until each stream has sent so many packets more, and nearly all have arrived.
    ///
    /// # Errors
    /// A socket is broken, or the relay is gone.
    pub fn go_on(&mut self, packets: u32, relay: &Measured) -> Result<()> {
        let (began, own_before, relay_before) = (Instant::now(), own()?, relay.consumed()?);
        let (sent, arrived) = (self.sent, self.arrived);
        let more = self.streams as u64 * u64::from(packets);
        self.seen.resize(self.seen.len() + self.streams * packets as usize, false);
        while self.sent < sent + more {
            #[expect(clippy::cast_possible_truncation, reason = "below the number of all packets")]
            let due = (began.elapsed().as_nanos() * self.streams as u128 / INTERVAL.as_nanos()) as u64;
            let due = sent + due.min(more);
            for _ in 0..AT_ONCE {
                if self.sent >= due {
                    break;
                }
                self.send();
            }
            self.receive(if self.sent < due { 0 } else { 20 })?;
        }
        let until = Instant::now() + LATE;
        while Instant::now() < until {
            self.receive(5)?;
        }
        self.elapsed += began.elapsed();
        self.relayed += self.arrived - arrived;
        self.relay = self.relay.and(relay.consumed()?.since(relay_before));
        self.generator = self.generator.and(own()?.since(own_before));
        Ok(())
    }

    fn send(&mut self) {
        // Out of order, or a relay's threads would have their calls' packets in turn, and a rest between.
        let place = usize::try_from(self.sent % self.streams as u64).unwrap_or_default();
        let stream = place * SHUFFLE % self.streams;
        let number = u32::try_from(self.sent / self.streams as u64).unwrap_or(u32::MAX);
        let (call, side) = (stream / 2, stream % 2);
        let packet = packet(stream, number, self.began.elapsed());
        let sockets = &self.ends.sockets[side];
        // What is not sent is lost, and found missing.
        let _ = sockets[call % sockets.len()].send_to(&packet, self.to[side][call]);
        self.sent += 1;
    }

    fn receive(&mut self, milliseconds: u32) -> io::Result<()> {
        let ready: Vec<usize> = self.waiter.wait(milliseconds)?.collect();
        let mut buffer = [0; 2048];
        for key in ready {
            for _ in 0..AT_ONCE {
                let Ok((length, _)) = self.ends.sockets[key % 2][key / 2].recv_from(&mut buffer) else { break };
                self.take(&buffer[..length]);
            }
        }
        Ok(())
    }

    fn take(&mut self, octets: &[u8]) {
        let Some((stream, number, sent)) = read(octets).filter(|(stream, ..)| *stream < self.streams) else { return };
        let Some(seen) = self.seen.get_mut(number as usize * self.streams + stream) else { return };
        self.arrived += 1;
        if *seen {
            self.doubled += 1;
        } else {
            self.delays.add(self.began.elapsed().saturating_sub(sent));
        }
        *seen = true;
    }

    /// What arrived so far.
    #[must_use]
    pub fn heard(self) -> Heard {
        let measured = &self.seen[self.warm as usize * self.streams..];
        let lost = measured.iter().filter(|seen| !**seen).count() as u64;
        let Self { doubled, delays, relayed, relay, generator, elapsed, .. } = self;
        Heard { sent: measured.len() as u64, lost, doubled, delays, relayed, relay, generator, elapsed }
    }
}

/// An RTP packet of µ-law (RFC 3550 §5.1, RFC 3551) whose sound says what it is.
fn packet(stream: usize, number: u32, sent: Duration) -> [u8; LENGTH] {
    let stream = u32::try_from(stream).unwrap_or(u32::MAX);
    let mut octets = [0xff; LENGTH];
    octets[0] = 0x80;
    octets[1] = 0;
    #[expect(clippy::cast_possible_truncation, reason = "RTP counts in 16 bits, and begins anew")]
    octets[2..4].copy_from_slice(&(number as u16).to_be_bytes());
    octets[4..8].copy_from_slice(&number.wrapping_mul(160).to_be_bytes());
    octets[8..12].copy_from_slice(&stream.wrapping_add(0x1000_0000).to_be_bytes());
    octets[12..16].copy_from_slice(&stream.to_be_bytes());
    octets[16..20].copy_from_slice(&number.to_be_bytes());
    octets[20..28].copy_from_slice(&u64::try_from(sent.as_nanos()).unwrap_or(u64::MAX).to_be_bytes());
    octets
}

/// Stream, number and time of a packet.
fn read(octets: &[u8]) -> Option<(usize, u32, Duration)> {
    if octets.len() != LENGTH {
        return None;
    }
    let (stream, rest) = octets.get(12..)?.split_first_chunk::<4>()?;
    let (number, rest) = rest.split_first_chunk::<4>()?;
    let (sent, _) = rest.split_first_chunk::<8>()?;
    let stream = usize::try_from(u32::from_be_bytes(*stream)).ok()?;
    Some((stream, u32::from_be_bytes(*number), Duration::from_nanos(u64::from_be_bytes(*sent))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_says_what_it_is() {
        let octets = packet(1999, 70_000, Duration::from_micros(5));
        assert_eq!(read(&octets), Some((1999, 70_000, Duration::from_micros(5))));
        assert_eq!(read(&octets[..100]), None);
    }
}
