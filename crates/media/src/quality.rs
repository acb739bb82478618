//! How well media arrived: loss, order, jitter, and the mean opinion score.

use std::time::{Duration, Instant};

use crate::types::Codec;

/// How well one direction of a call's media arrived. The same fields as the exchange's own record of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quality {
    /// RTP packets that arrived.
    pub packets: u64,
    /// Packets that did not arrive.
    pub lost: u64,
    /// Interarrival jitter at the end, in milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: f64,
    /// Mean opinion score by the E-model (ITU-T G.107), 1.0 to 4.5; 0 when nothing arrived.
    pub mos: f64,
}

/// The mean opinion score by a simplified E-model (ITU-T G.107, all other parameters at their defaults): `loss` in
/// 0 to 1, `delay` from mouth to ear.
#[must_use]
pub fn mos(codec: Codec, loss: f64, delay: Duration) -> f64 {
    let d = delay.as_secs_f64() * 1000.0;
    let delay_impairment = 0.024 * d + if d > 177.3 { 0.11 * (d - 177.3) } else { 0.0 };
    let (equipment, robustness) = equipment(codec);
    let lost = loss.clamp(0.0, 1.0) * 100.0;
    let loss_impairment = equipment + (95.0 - equipment) * lost / (lost + robustness);
    from_r(93.2 - delay_impairment - loss_impairment)
}

/// Ie and Bpl: the codec's own impairment and its robustness against random loss (ITU-T G.113, appendix I). G.711 is
/// taken with the loss concealment that every phone has. G.113 gives no narrowband values for G.722 and Opus; they are
/// taken like G.711, since the better band is not what this score measures.
const fn equipment(codec: Codec) -> (f64, f64) {
    match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::Opus => (0.0, 25.1),
    }
}

/// The score of a rating factor R (ITU-T G.107, annex B).
fn from_r(r: f64) -> f64 {
    if r <= 0.0 {
        1.0
    } else if r >= 100.0 {
        4.5
    } else {
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
    }
}

/// Watches one leg's incoming packets (RFC 3550 §6.4.1, A.1, A.3, A.8).
#[derive(Debug, Clone)]
pub struct Meter {
    born: Instant,
    packets: u64,
    reordered: u64,
    /// Lost in streams that have ended.
    lost_before: u64,
    stream: Option<Stream>,
    /// In units of the RTP clock.
    jitter: f64,
    clock: u32,
    /// What the last report told.
    reported: (u32, u32),
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    base: u32,
    /// The highest sequence number with its cycles.
    highest: u32,
    received: u32,
    transit: Option<u32>,
    timestamp: u32,
}

impl Stream {
    fn expected(&self) -> u32 {
        self.highest.wrapping_sub(self.base).wrapping_add(1)
    }
}

/// What a receiver report says of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reception {
    /// Share lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the stream began; negative when packets came twice.
    pub lost: i32,
    /// Highest sequence number, with cycles.
    pub highest: u32,
    /// Jitter in units of the RTP clock.
    pub jitter: u32,
}

impl Meter {
    /// A meter whose clock begins now.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            born: now,
            packets: 0,
            reordered: 0,
            lost_before: 0,
            stream: None,
            jitter: 0.0,
            clock: 8_000,
            reported: (0, 0),
        }
    }

    /// A new stream begins (another source, or a leap).
    pub fn restart(&mut self) {
        self.lost_before = self.lost();
        self.stream = None;
        self.reported = (0, 0);
    }

    /// A packet came. `is_audio` is false for events, whose timestamps stand still.
    pub fn packet(&mut self, now: Instant, sequence: u16, timestamp: u32, clock: u32, is_audio: bool) {
        self.packets += 1;
        let Some(stream) = &mut self.stream else {
            let base = u32::from(sequence);
            self.clock = clock;
            self.stream = Some(Stream { base, highest: base, received: 1, transit: None, timestamp });
            return;
        };
        stream.received = stream.received.saturating_add(1);
        let step = sequence.wrapping_sub(stream.highest as u16) as i16;
        if step > 0 {
            stream.highest = stream.highest.wrapping_add(u32::from(step.unsigned_abs()));
        } else if step < 0 {
            self.reordered += 1;
        }
        if clock != self.clock {
            (self.clock, self.jitter, stream.transit) = (clock, 0.0, None);
        }
        // A.8, over packets of audio that carry a new timestamp.
        if is_audio && step > 0 && timestamp != stream.timestamp {
            let arrival = now.saturating_duration_since(self.born).as_micros() as u64 * u64::from(clock) / 1_000_000;
            let transit = (arrival as u32).wrapping_sub(timestamp);
            if let Some(last) = stream.transit {
                let difference = f64::from((transit.wrapping_sub(last) as i32).unsigned_abs());
                // A pause with a leap of the timestamp says nothing about the network.
                if difference < f64::from(clock) * 2.0 {
                    self.jitter += (difference - self.jitter) / 16.0;
                }
            }
            (stream.transit, stream.timestamp) = (Some(transit), timestamp);
        }
    }

    /// Packets lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_before + self.stream.map_or(0, |s| u64::from(s.expected().saturating_sub(s.received)))
    }

    /// Packets received so far.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Packets that came out of order so far.
    #[must_use]
    pub fn reordered(&self) -> u64 {
        self.reordered
    }

    /// The jitter in milliseconds.
    #[must_use]
    pub fn jitter_ms(&self) -> f64 {
        self.jitter * 1000.0 / f64::from(self.clock.max(1))
    }

    /// The next receiver report's words; `None` before the first packet.
    pub fn report(&mut self) -> Option<Reception> {
        let stream = self.stream?;
        let (expected, received) = (stream.expected(), stream.received);
        let (expected_now, received_now) =
            (expected.wrapping_sub(self.reported.0), received.wrapping_sub(self.reported.1));
        self.reported = (expected, received);
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = if expected_now == 0 { 0 } else { u64::from(lost_now) * 256 / u64::from(expected_now) };
        Some(Reception {
            fraction_lost: fraction.min(255) as u8,
            lost: (i64::from(expected) - i64::from(received)).clamp(-0x80_0000, 0x7F_FFFF) as i32,
            highest: stream.highest,
            jitter: self.jitter as u32,
        })
    }

    /// The quality so far, for a codec and a round trip by RTCP (if known). The delay from mouth to ear is taken as half
    /// the round trip, a packet, and a jitter buffer of twice the jitter.
    #[must_use]
    pub fn quality(&self, codec: Codec, round_trip: Option<Duration>) -> Quality {
        if self.packets == 0 {
            return Quality::default();
        }
        let lost = self.lost();
        let jitter_ms = self.jitter_ms();
        let delay = round_trip.unwrap_or_default() / 2 + Duration::from_secs_f64((20.0 + 2.0 * jitter_ms) / 1000.0);
        let loss = lost as f64 / (lost + self.packets) as f64;
        Quality { packets: self.packets, lost, jitter_ms, mos: mos(codec, loss, delay) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets at these milliseconds, 20 ms of audio each, with these numbers.
    fn meter(packets: impl IntoIterator<Item = (u64, u16)>) -> Meter {
        let born = Instant::now();
        let mut meter = Meter::new(born);
        for (ms, n) in packets {
            meter.packet(born + Duration::from_millis(ms), n, u32::from(n) * 160, 8000, true);
        }
        meter
    }

    #[test]
    fn a_perfect_stream_has_the_best_score() {
        let quality = meter((0..500).map(|n| (n * 20, n as u16))).quality(Codec::Pcma, None);
        assert_eq!((quality.packets, quality.lost, quality.jitter_ms), (500, 0, 0.0));
        assert!((4.38..4.42).contains(&quality.mos), "{}", quality.mos);
    }

    #[test]
    fn loss_is_what_is_missing_and_lowers_the_score() {
        let mut lossy = meter((0..1000).filter(|n| n % 10 != 5).map(|n| (n * 20, n as u16)));
        let quality = lossy.quality(Codec::Pcmu, None);
        assert_eq!((quality.packets, quality.lost), (900, 100));
        assert!((2.8..3.6).contains(&quality.mos), "{}", quality.mos);
        let report = lossy.report().unwrap();
        assert_eq!((report.fraction_lost, report.lost, report.highest), (25, 100, 999));
        assert_eq!(lossy.report().unwrap().fraction_lost, 0);
    }

    #[test]
    fn cycles_late_packets_and_restarts_are_no_loss() {
        let born = Instant::now();
        let mut meter = Meter::new(born);
        for n in [65_534_u16, 65_535, 1, 0, 2] {
            meter.packet(born, n, 0, 8000, true);
        }
        assert_eq!((meter.lost(), meter.reordered(), meter.report().unwrap().highest), (0, 1, 65_538));
        meter.restart();
        meter.packet(born, 9_999, 0, 8000, true);
        meter.packet(born, 10_001, 0, 8000, true);
        assert_eq!((meter.lost(), meter.packets()), (1, 7));
        meter.restart();
        assert_eq!((meter.lost(), meter.report()), (1, None), "what was lost before stays lost");
    }

    #[test]
    fn jitter_follows_the_recommended_estimator() {
        // Alternately 5 ms early and late: each transit differs from the last by 10 ms, so the estimate tends to 10 ms.
        let quality = meter((0..500).map(|n| (n * 20 + 5 + (n % 2) * 10, n as u16))).quality(Codec::Pcmu, None);
        assert!((9.9..10.1).contains(&quality.jitter_ms), "{}", quality.jitter_ms);
    }

    #[test]
    fn the_score_is_that_of_the_e_model() {
        for (loss, ms, expected) in
            [(0.0, 0, 4.41), (0.0, 150, 4.34), (0.0, 400, 3.05), (0.03, 20, 4.15), (1.0, 0, 1.0)]
        {
            let score = mos(Codec::Pcmu, loss, Duration::from_millis(ms));
            assert!((score - expected).abs() < 0.25, "loss {loss}, {ms} ms: {score}");
        }
    }
}
