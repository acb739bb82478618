//! Whose packets are a leg's packets: symmetric media (RFC 4961), bound to the first valid source.
//!
//! Media goes to the address of the SDP until the party's own packets show where it really is. From then on it goes there,
//! and only packets from there count. The rules, for a packet that is valid RTP with an agreed payload type:
//!
//! - Nothing is bound yet: its address and source (SSRC) are bound.
//! - It comes from the bound address and source: it counts, unless its sequence number leaps (RFC 3550 A.1).
//! - It comes from the bound address with another source or a leap: it counts from the second in sequence on.
//! - It comes from the very address of the SDP, and that is not the bound one: bound from the second in sequence on. What
//!   signalling said is better than who was first. So is whoever is at the party's host (that of the SDP, or where its
//!   signalling comes from, which behind a NAT is where its media come from, too) than somebody who is at neither.
//! - The bound source fell silent after its very first packets (it may have been a stray): any source is bound.
//! - It is silent shortly after a new description: a source at the same host or at the party's is bound. Who holds sends
//!   nothing, and is not to be replaced by whoever tries all ports meanwhile.
//! - Else it is ignored. A flood changes nothing.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It counts.
    Accept,
    /// It counts, and begins a new stream from the same address.
    Restarted,
    /// It counts, and its address is bound now.
    Latched,
    /// It does not count.
    Ignore,
}

/// Leaps forward that are loss, and backward that are lateness (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3_000;
const MAX_MISORDER: u16 = 100;
/// How long a new description keeps the leg open for another source, and how long the bound one must have been silent.
const OPEN: Duration = Duration::from_secs(5);
const SILENT: Duration = Duration::from_millis(500);
/// A source that is heard yields to another one at its address after this much silence: five packets.
const YIELDS: Duration = Duration::from_millis(100);
/// So many packets, and a source is not a stray any more.
const SETTLED: u32 = 10;

/// Where a leg's packets come from.
#[derive(Debug, Clone, Default)]
pub struct Latch {
    described: Option<SocketAddr>,
    signalling: Option<IpAddr>,
    open_until: Option<Instant>,
    bound: Option<Bound>,
    /// The address is known by other means than packets, and cannot be taken over by any.
    connected: Option<SocketAddr>,
    candidate: Option<Candidate>,
}

#[derive(Debug, Clone, Copy)]
struct Bound {
    address: SocketAddr,
    ssrc: u32,
    sequence: u16,
    heard: Instant,
    packets: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Candidate {
    address: SocketAddr,
    ssrc: u32,
    next: u16,
}

impl Latch {
    /// A new description names this address, and came from this host. Another address than before begins anew; the same one
    /// keeps what is bound as the destination, but lets another source take its place.
    pub fn describe(&mut self, now: Instant, address: SocketAddr, signalling: Option<IpAddr>) {
        if self.described != Some(address) {
            *self = Self::default();
        }
        self.described = Some(address);
        self.signalling = signalling.map(|host| host.to_canonical());
        self.open_until = self.bound.map(|_| now + OPEN);
    }

    /// The source is at this address for certain: it was proved by ICE. What follows only says which stream of it counts.
    /// Gives whether the address is another than before.
    pub fn connect(&mut self, address: SocketAddr) -> bool {
        if let Some(bound) = &mut self.bound {
            bound.address = address;
        }
        self.connected.replace(address) != Some(address)
    }

    /// Where media goes; `None` when there is no usable address.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        let address = self.source().or(self.described)?;
        (!address.ip().is_unspecified() && address.port() != 0).then_some(address)
    }

    /// The bound address.
    #[must_use]
    pub fn source(&self) -> Option<SocketAddr> {
        self.connected.or(self.bound.map(|bound| bound.address))
    }

    /// The bound SSRC.
    #[must_use]
    pub fn ssrc(&self) -> Option<u32> {
        Some(self.bound?.ssrc)
    }

    /// Judge a packet.
    pub fn judge(&mut self, now: Instant, address: SocketAddr, ssrc: u32, sequence: u16) -> Verdict {
        let address = self.connected.unwrap_or(address);
        let here = Bound { address, ssrc, sequence, heard: now, packets: 1 };
        let Some(bound) = &mut self.bound else { return self.bind(here) };
        if bound.address == address {
            let step = sequence.wrapping_sub(bound.sequence);
            bound.packets = bound.packets.saturating_add(1);
            if bound.ssrc == ssrc && step < MAX_DROPOUT {
                (bound.sequence, bound.heard) = (sequence, now);
                return Verdict::Accept;
            }
            if bound.ssrc == ssrc && step > u16::MAX - MAX_MISORDER {
                bound.heard = now;
                return Verdict::Accept;
            }
            // Another source from there is the party's next one, or somebody who forges its address: it has to wait until the
            // one that is heard is silent.
            let speaks = bound.ssrc != ssrc && now.saturating_duration_since(bound.heard) < YIELDS;
            if !speaks && self.is_second(here) {
                self.bind(here);
                return Verdict::Restarted;
            }
            return Verdict::Ignore;
        }
        let (silent, settled, before) =
            (now.saturating_duration_since(bound.heard) >= SILENT, bound.packets >= SETTLED, bound.address);
        let is_partys = self.is_partys(address);
        let open = self.open_until.is_some_and(|until| now < until) && (is_partys || before.ip() == address.ip());
        if silent && (open || !settled) {
            return self.bind(here);
        }
        let is_better = self.described == Some(address) || is_partys && !self.is_partys(before);
        if is_better && self.is_second(here) {
            return self.bind(here);
        }
        Verdict::Ignore
    }

    /// Whether this is at the party's host, as far as signalling tells.
    fn is_partys(&self, address: SocketAddr) -> bool {
        let host = address.ip().to_canonical();
        self.signalling == Some(host) || self.described.is_some_and(|described| described.ip().to_canonical() == host)
    }

    fn bind(&mut self, bound: Bound) -> Verdict {
        self.bound = Some(bound);
        self.candidate = None;
        if self.connected.is_some() { Verdict::Restarted } else { Verdict::Latched }
    }

    /// Whether this is the second of two packets in sequence from one source.
    fn is_second(&mut self, packet: Bound) -> bool {
        let Bound { address, ssrc, sequence, .. } = packet;
        let second = self.candidate == Some(Candidate { address, ssrc, next: sequence });
        self.candidate = Some(Candidate { address, ssrc, next: sequence.wrapping_add(1) });
        second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    struct World {
        latch: Latch,
        now: Instant,
    }

    impl World {
        fn described(port: u16) -> Self {
            let mut world = Self { latch: Latch::default(), now: Instant::now() };
            world.latch.describe(world.now, address(port), None);
            world
        }

        fn packet(&mut self, port: u16, ssrc: u32, sequence: u16) -> Verdict {
            self.now += Duration::from_millis(20);
            self.latch.judge(self.now, address(port), ssrc, sequence)
        }
    }

    #[test]
    fn media_goes_to_the_described_address_until_the_party_shows_another() {
        let mut world = World::described(4000);
        assert_eq!(world.latch.destination(), Some(address(4000)));
        assert_eq!(world.packet(5000, 1, 10), Verdict::Latched);
        assert_eq!(world.latch.destination(), Some(address(5000)));
        assert_eq!(world.packet(5000, 1, 11), Verdict::Accept);
    }

    #[test]
    fn a_flood_from_elsewhere_changes_nothing() {
        let mut world = World::described(4000);
        for n in 0..10 {
            world.packet(4000, 1, n);
        }
        for n in 0..1000 {
            assert_eq!(world.packet(6000 + n % 7, u32::from(n), n), Verdict::Ignore);
        }
        assert_eq!(world.packet(4000, 1, 1011), Verdict::Accept);
        assert_eq!(world.latch.destination(), Some(address(4000)));
    }

    #[test]
    fn who_was_first_yields_to_the_described_address() {
        let mut world = World::described(4000);
        assert_eq!(world.packet(5000, 666, 10), Verdict::Latched);
        assert_eq!(world.packet(4000, 1, 10), Verdict::Ignore, "one packet may be forged");
        assert_eq!(world.packet(5000, 666, 11), Verdict::Accept);
        assert_eq!(world.packet(4000, 1, 11), Verdict::Latched);
        assert_eq!(world.packet(5000, 666, 12), Verdict::Ignore);
    }

    #[test]
    fn a_stray_packet_does_not_keep_the_party_out() {
        let mut world = World::described(4000);
        assert_eq!(world.packet(9000, 666, 1), Verdict::Latched);
        // The party is behind a NAT: it never sends from its described address.
        assert_eq!(world.packet(5000, 1, 10), Verdict::Ignore);
        world.now += SILENT;
        assert_eq!(world.packet(5000, 1, 35), Verdict::Latched);
    }

    #[test]
    fn a_restarted_phone_is_heard_from_its_second_packet_after_the_old_one_is_silent() {
        let mut world = World::described(4000);
        world.packet(4000, 1, 10);
        assert_eq!(world.packet(4000, 2, 500), Verdict::Ignore);
        assert_eq!(world.packet(4000, 1, 11), Verdict::Accept, "the old stream still counts");
        assert_eq!(world.packet(4000, 2, 501), Verdict::Ignore, "while it speaks nobody pushes it out");
        world.now += YIELDS;
        assert_eq!(world.packet(4000, 2, 502), Verdict::Ignore);
        assert_eq!(world.packet(4000, 2, 503), Verdict::Restarted);
        assert_eq!(world.packet(4000, 2, 40_000), Verdict::Ignore);
        assert_eq!(world.packet(4000, 2, 40_001), Verdict::Restarted);
    }

    #[test]
    fn a_new_description_lets_another_source_in() {
        let mut world = World::described(4000);
        for n in 0..11 {
            world.packet(5000, 1, n);
        }
        // The same address again (hold): what is bound stays while it speaks, and remains the destination.
        world.latch.describe(world.now, address(4000), None);
        assert_eq!(world.packet(5000, 1, 11), Verdict::Accept);
        assert_eq!(world.packet(6000, 9, 1), Verdict::Ignore);
        world.now += SILENT;
        assert_eq!(world.latch.destination(), Some(address(5000)));
        assert_eq!(world.packet(6000, 9, 2), Verdict::Latched);
        // Another address begins anew.
        world.latch.describe(world.now, address(7000), None);
        assert_eq!(world.latch.destination(), Some(address(7000)));
        assert_eq!(world.packet(7002, 3, 1), Verdict::Latched);
        // When the source is settled, it keeps its place though it is silent.
        for n in 2..12 {
            world.packet(7002, 3, n);
        }
        world.now += OPEN;
        assert_eq!(world.packet(6000, 9, 3), Verdict::Ignore);
    }

    /// The public address of a party that describes a private one, and of somebody who has nothing to do with it.
    const NAT: [u8; 4] = [198, 51, 100, 7];
    const STRANGER: [u8; 4] = [203, 0, 113, 66];

    impl World {
        fn behind_a_nat() -> Self {
            let mut world = Self { latch: Latch::default(), now: Instant::now() };
            world.describes(4000);
            world
        }

        fn describes(&mut self, port: u16) {
            let private = SocketAddr::from(([10, 0, 0, 2], port));
            self.latch.describe(self.now, private, Some(IpAddr::from(NAT)));
        }

        fn packet_of(&mut self, host: [u8; 4], ssrc: u32, sequence: u16) -> Verdict {
            self.now += Duration::from_millis(20);
            self.latch.judge(self.now, SocketAddr::from((host, 6000)), ssrc, sequence)
        }
    }

    #[test]
    fn who_holds_behind_a_nat_is_not_replaced_by_whoever_tries_all_ports() {
        let mut world = World::behind_a_nat();
        for n in 0..20 {
            world.packet_of(NAT, 1, n);
        }
        // It holds, and is silent.
        world.describes(4000);
        world.now += SILENT;
        for n in 0..50 {
            assert_eq!(world.packet_of(STRANGER, 666, n), Verdict::Ignore);
        }
        world.describes(4000);
        assert_eq!(world.packet_of(STRANGER, 666, 51), Verdict::Ignore);
        assert_eq!(world.packet_of(NAT, 1, 21), Verdict::Accept);
    }

    #[test]
    fn who_comes_from_where_the_signalling_does_takes_its_place_back() {
        let mut world = World::behind_a_nat();
        for n in 0..20 {
            world.packet_of(STRANGER, 666, n);
        }
        assert_eq!(world.packet_of(NAT, 1, 10), Verdict::Ignore, "one packet may be forged");
        assert_eq!(world.packet_of(STRANGER, 666, 20), Verdict::Accept);
        assert_eq!(world.packet_of(NAT, 1, 11), Verdict::Latched);
        assert_eq!(world.packet_of(STRANGER, 666, 21), Verdict::Ignore);
        assert_eq!(world.packet_of(STRANGER, 666, 22), Verdict::Ignore);
        assert_eq!(world.packet_of(NAT, 1, 12), Verdict::Accept);
    }

    #[test]
    fn a_party_that_moves_to_another_network_is_heard_from_there() {
        let mut world = World::behind_a_nat();
        for n in 0..20 {
            world.packet_of(NAT, 1, n);
        }
        let elsewhere = [198, 51, 100, 99];
        world.now += SILENT;
        world.latch.describe(world.now, SocketAddr::from(([10, 0, 0, 2], 4000)), Some(IpAddr::from(elsewhere)));
        assert_eq!(world.packet_of(elsewhere, 1, 30), Verdict::Latched);
    }

    #[test]
    fn who_is_connected_is_where_ice_says_whatever_comes_from_elsewhere() {
        let mut world = World { latch: Latch::default(), now: Instant::now() };
        assert_eq!(world.latch.destination(), None);
        assert!(world.latch.connect(address(4000)));
        assert_eq!(world.latch.destination(), Some(address(4000)));
        assert_eq!(world.packet(4000, 1, 10), Verdict::Restarted);
        // On its way when the address changed.
        assert!(world.latch.connect(address(5000)));
        assert!(!world.latch.connect(address(5000)));
        assert_eq!(world.packet(4000, 1, 11), Verdict::Accept);
        assert_eq!(world.packet(5000, 1, 12), Verdict::Accept);
        assert_eq!(world.latch.destination(), Some(address(5000)));
    }

    #[test]
    fn nothing_is_sent_to_no_address() {
        let mut latch = Latch::default();
        assert_eq!(latch.destination(), None);
        latch.describe(Instant::now(), SocketAddr::from(([0, 0, 0, 0], 4000)), None);
        assert_eq!(latch.destination(), None);
    }
}
