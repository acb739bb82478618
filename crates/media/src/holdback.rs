//! How is the beginning of a tone kept from mixes, when the tone turns out to be a digit that nobody may hear?
//!
//! A digit is known only after one or two blocks of it ([`crate::dtmf::detect`]): up to 25.5 ms of tone have come by then, and
//! would have been mixed. So what mixes hear of a speaker whose tones are consumed is held back for [`HOLD`]; as soon as a
//! digit is suspected, all that is held is made silent.

use std::collections::VecDeque;

/// How long audio is held back, in units of the 8 kHz RTP clock: 40 ms, more than the two blocks that make a digit and the
/// packet that ends the second of them.
pub const HOLD: u32 = 320;
/// A leap of timestamps by more than this (200 ms) is a new beginning: what was held is from another time.
const LEAP: u32 = 1_600;

/// A packet's audio.
#[derive(Debug)]
struct Held {
    timestamp: u32,
    rate: u32,
    samples: Vec<i16>,
}

impl Held {
    fn length(&self) -> u32 {
        (self.samples.len() as u32).saturating_mul(8_000) / self.rate.max(1)
    }
}

/// The audio of one speaker that no mix has heard yet.
#[derive(Debug, Default)]
pub struct HoldBack {
    packets: VecDeque<Held>,
    length: u32,
    /// Room of a packet that was let go, for the next one.
    spare: Vec<i16>,
}

impl HoldBack {
    /// Holds a packet back.
    pub fn put(&mut self, timestamp: u32, rate: u32, samples: &[i16]) {
        if self.packets.back().is_some_and(|last| (timestamp.wrapping_sub(last.timestamp) as i32).unsigned_abs() > LEAP)
        {
            self.clear();
        }
        let mut room = std::mem::take(&mut self.spare);
        room.clear();
        room.extend_from_slice(samples);
        let held = Held { timestamp, rate, samples: room };
        self.length = self.length.saturating_add(held.length());
        self.packets.push_back(held);
    }

    /// Makes all that is held silent.
    pub fn silence(&mut self) {
        for held in &mut self.packets {
            held.samples.fill(0);
        }
    }

    /// Hands what has been held for long enough to `ear`: timestamp, samples a second, samples.
    pub fn release(&mut self, ear: impl FnMut(u32, u32, &[i16])) {
        self.let_go(HOLD, ear);
    }

    /// Hands all that is held to `ear`.
    pub fn release_all(&mut self, ear: impl FnMut(u32, u32, &[i16])) {
        self.let_go(0, ear);
    }

    fn let_go(&mut self, hold: u32, mut ear: impl FnMut(u32, u32, &[i16])) {
        while let Some(first) = self.packets.front() {
            let length = first.length();
            if self.length.saturating_sub(length) < hold {
                return;
            }
            if let Some(held) = self.packets.pop_front() {
                self.length = self.length.saturating_sub(length);
                ear(held.timestamp, held.rate, &held.samples);
                self.spare = held.samples;
            }
        }
    }

    /// Forgets what is held.
    pub fn clear(&mut self) {
        self.packets.clear();
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn released(held: &mut HoldBack) -> Vec<(u32, i16)> {
        let mut out = Vec::new();
        held.release(|timestamp, _, samples| out.push((timestamp, samples.first().copied().unwrap_or_default())));
        out
    }

    #[test]
    fn audio_comes_out_40_ms_later_and_silent_if_a_digit_came_meanwhile() {
        let mut held = HoldBack::default();
        for n in 0..4_u32 {
            held.put(n * 160, 8_000, &[n as i16 + 1; 160]);
        }
        assert_eq!(released(&mut held), [(0, 1), (160, 2)]);
        held.silence();
        held.put(640, 8_000, &[9; 160]);
        held.put(800, 8_000, &[10; 160]);
        assert_eq!(released(&mut held), [(320, 0), (480, 0)]);
        let mut rest = Vec::new();
        held.release_all(|timestamp, _, samples| rest.push((timestamp, samples[0])));
        assert_eq!(rest, [(640, 9), (800, 10)]);
    }

    #[test]
    fn what_is_from_another_time_is_forgotten() {
        let mut held = HoldBack::default();
        held.put(0, 16_000, &[1; 320]);
        held.put(160, 16_000, &[2; 320]);
        held.put(80_000, 16_000, &[3; 320]);
        assert_eq!(released(&mut held), []);
    }
}
