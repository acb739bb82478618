//! RTCP, which ends here on each leg: reading the party's reports, sending ours, and the watch over silent legs.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use rand::Rng as _;

use super::{Port, Router, Slot, Wire};
use crate::{
    rtcp::{self, Packet, Report, ReportBlock, SenderInfo},
    types::Event,
};

/// Reports are sent about every 5 s, spread so that legs do not fall into step (RFC 3550 §6.2).
const LEAST: u64 = 4_000;
const MOST: u64 = 6_000;

impl Router {
    /// A packet came on the RTCP port of a leg (or on its RTP port, RFC 5761).
    pub fn handle_rtcp(&mut self, now: Instant, slot: Slot, from: SocketAddr, port: Port, octets: &[u8]) {
        let ntp = self.ntp(now);
        let Some(Some(leg)) = self.legs.get_mut(slot) else { return };
        let packets = rtcp::parse(octets).ok().filter(|_| octets.len() <= crate::rtp::LARGEST);
        let (true, Some(packets)) = (leg.knows_control_source(from), packets) else {
            leg.incoming.ignored += 1;
            self.counts.ignored += 1;
            return;
        };
        let ours = leg.outgoing.stream.ssrc();
        let clock = leg.outgoing.stream.clock();
        for packet in packets {
            let reports = match packet {
                Packet::SenderReport { ssrc, info, reports } => {
                    if leg.incoming.latch.ssrc() == Some(ssrc) {
                        leg.control.sender_report = Some(((info.ntp >> 16) as u32, now));
                    }
                    reports
                }
                Packet::ReceiverReport { reports, .. } => reports,
                Packet::SourceDescription | Packet::Bye { .. } | Packet::Other => continue,
            };
            for block in reports.filter(|block| block.ssrc == ours) {
                let control = &mut leg.control;
                control.remote_lost = Some(block.lost.max(0).unsigned_abs().into());
                control.remote_jitter_ms = Some(f64::from(block.jitter) * 1000.0 / f64::from(clock));
                if block.last_report != 0 {
                    // §6.4.1: A − LSR − DLSR, in 1/65,536 s. What is negative or above a minute is a broken clock.
                    let trip = ((ntp >> 16) as u32).wrapping_sub(block.last_report).wrapping_sub(block.delay);
                    if trip < 60 << 16 {
                        control.round_trip = Some(Duration::from_secs_f64(f64::from(trip) / 65_536.0));
                    }
                }
            }
        }
        match port {
            Port::Rtp => leg.control.muxed = true,
            Port::Rtcp => leg.control.source = Some(from),
        }
    }

    /// A leg's party has gone without a word, though it need not send media now.
    pub fn silent(&mut self, slot: Slot) {
        let Some(Some(leg)) = self.legs.get_mut(slot) else { return };
        // Who should send is watched by what comes.
        if leg.description.as_ref().is_some_and(|d| !d.direction.receive) {
            self.events.push_back(Event::MediaTimeout { leg: leg.id });
        }
    }

    /// Send due reports, and tell of legs that should speak and do not.
    pub(super) fn watch(&mut self, now: Instant, wire: &mut impl Wire) {
        for slot in 0..self.legs.len() {
            let Some(leg) = self.legs[slot].as_deref_mut() else { continue };
            let speaks = leg.description.as_ref().is_some_and(|d| d.direction.receive);
            if speaks && now.saturating_duration_since(leg.incoming.heard) >= self.setup.media_timeout {
                leg.incoming.heard = now;
                self.events.push_back(Event::MediaTimeout { leg: leg.id });
            }
            if leg.control.due <= now {
                leg.control.due = now + Duration::from_millis(self.rng.random_range(LEAST..=MOST));
                self.report(now, slot, false, wire);
            }
        }
    }

    /// Send a report of a leg, and BYE at its end.
    pub(super) fn report(&mut self, now: Instant, slot: Slot, bye: bool, wire: &mut impl Wire) {
        let ntp = self.ntp(now);
        let Some(leg) = self.legs[slot].as_deref_mut() else { return };
        let Some((to, muxed)) = leg.control_destination() else { return };
        let (packets, octets) = leg.outgoing.stream.sent();
        if bye && packets == 0 && leg.incoming.meter.packets() == 0 {
            return;
        }
        let sent = packets > leg.control.reported;
        leg.control.reported = packets;
        let info = leg.outgoing.stream.timestamp_at(now).filter(|_| sent).map(|timestamp| SenderInfo {
            ntp,
            timestamp,
            packets: packets as u32,
            octets: octets as u32,
        });
        let (last_report, delay) = leg.control.sender_report.map_or((0, 0), |(middle, at)| {
            let delay = now.saturating_duration_since(at).as_secs_f64() * 65_536.0;
            (middle, delay.min(f64::from(u32::MAX)) as u32)
        });
        let block = leg.incoming.latch.ssrc().zip(leg.incoming.meter.report()).map(|(ssrc, reception)| ReportBlock {
            ssrc,
            fraction_lost: reception.fraction_lost,
            lost: reception.lost,
            highest: reception.highest,
            jitter: reception.jitter,
            last_report,
            delay,
        });
        let ssrc = leg.outgoing.stream.ssrc();
        // RFC 7022: a name that tells nothing; one leg is one session.
        let mut name = [0; 8];
        for (digit, shift) in name.iter_mut().zip((0..8).rev()) {
            *digit = b"0123456789abcdef"[(ssrc >> (4 * shift) & 15) as usize];
        }
        let cname = std::str::from_utf8(&name).unwrap_or_default();
        let mut packet = [0; rtcp::LARGEST];
        let length = rtcp::write(&Report { ssrc, info, block, cname, bye }, &mut packet);
        let port = if muxed { Port::Rtp } else { Port::Rtcp };
        wire.send(slot, port, to, &packet[..length]);
    }

    /// The NTP time of an instant.
    pub(super) fn ntp(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.setup.epoch);
        let fraction = (u64::from(passed.subsec_nanos()) << 32) / 1_000_000_000;
        self.setup.ntp.wrapping_add((passed.as_secs() << 32) + fraction)
    }
}
