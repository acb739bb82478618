//! How a mix listens to a speaker: a jitter buffer that is as short as the network lets it be.
//!
//! Samples lie in a ring by their timestamp, so that late packets and packets of any length find their place. Playing
//! begins with the first packet at once; each time nothing is there, one frame is made up and the delay has grown by
//! that frame; when a frame was to spare for some seconds, one is left out.

use crate::resample::{Down, Up};

/// A frame of the 20 ms grid, in units of the 8 kHz RTP clock that all codecs which can be mixed have.
const FRAME: i32 = 160;
/// The ring in the same units: about one second.
const RING: i32 = 8_192;
/// Frames made up in a row before the speaker is taken as silent, and his next packet as a new beginning.
const CONCEALED: u32 = 5;
/// Over this many frames (4 s) a frame to spare means that the delay is longer than needed.
const WINDOW: u32 = 200;
/// Packets in a row that are too late before the clock is taken to have leapt.
const LATE: u32 = 5;

/// Samples of the largest frame: 20 ms at 16 kHz.
pub const LARGEST_FRAME: usize = 320;

/// One speaker's jitter buffer.
#[derive(Debug, Clone)]
pub struct Ear {
    /// Samples for each unit of the RTP clock: 1 at 8 kHz, 2 at 16 kHz.
    factor: usize,
    ring: Vec<i16>,
    /// Next to be played, and the end of what has come.
    read: u32,
    write: u32,
    playing: bool,
    concealed: u32,
    late: u32,
    least: i32,
    frames: u32,
    /// The last frame that was played, for what is made up.
    last: [i16; LARGEST_FRAME],
    /// The frame of this instant, at 8 and at 16 kHz: what is heard at one rate is mixed at both.
    narrow: [i16; LARGEST_FRAME / 2],
    wide: [i16; LARGEST_FRAME],
    up: Up,
    down: Down,
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            factor: 1,
            ring: vec![0; RING as usize],
            read: 0,
            write: 0,
            playing: false,
            concealed: 0,
            late: 0,
            least: i32::MAX,
            frames: 0,
            last: [0; LARGEST_FRAME],
            narrow: [0; LARGEST_FRAME / 2],
            wide: [0; LARGEST_FRAME],
            up: Up::default(),
            down: Down::default(),
        }
    }
}

impl Ear {
    /// Samples a second of what is heard: 8,000 or 16,000.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.factor as u32 * 8_000
    }

    /// Whether the speaker is heard: he said something, and has not been silent since.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// Another stream begins.
    pub fn reset(&mut self) {
        self.playing = false;
    }

    /// Audio came: samples at `rate` (8,000 or 16,000), at this RTP timestamp.
    pub fn put(&mut self, timestamp: u32, rate: u32, samples: &[i16]) {
        let factor = if rate == 16_000 { 2 } else { 1 };
        if factor != self.factor {
            *self = Self { factor, ring: vec![0; RING as usize * factor], ..Self::default() };
        }
        let length = (samples.len() / factor) as i32;
        if length == 0 || length > RING / 2 {
            return;
        }
        let ahead = timestamp.wrapping_sub(self.read) as i32;
        let leapt = ahead > RING - length || (ahead + length <= 0 && self.late >= LATE);
        if !self.playing || leapt {
            self.ring.fill(0);
            (self.read, self.write, self.playing) = (timestamp, timestamp, true);
            (self.concealed, self.late, self.least, self.frames) = (0, 0, i32::MAX, 0);
        } else if ahead + length <= 0 {
            self.late += 1;
            return;
        }
        self.late = 0;
        // The beginning of a packet may be too late while its end is not.
        let skipped = (self.read.wrapping_sub(timestamp) as i32).max(0);
        self.bridge(timestamp);
        for unit in skipped..length {
            let from = unit as usize * factor;
            let to = self.place(timestamp.wrapping_add(unit as u32));
            self.ring[to..to + factor].copy_from_slice(&samples[from..from + factor]);
        }
        let end = timestamp.wrapping_add(length as u32);
        if end.wrapping_sub(self.write) as i32 > 0 {
            self.write = end;
        }
    }

    /// Samples that wait to be played, in units of the RTP clock.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        if self.playing { (self.write.wrapping_sub(self.read) as i32).max(0) as u32 } else { 0 }
    }

    /// Go on to the next frame.
    pub fn advance(&mut self) {
        let mut heard = [0; LARGEST_FRAME];
        self.play(&mut heard);
        // Silence runs through the filter too, so that no old sound stays in it.
        if self.factor == 2 {
            self.wide = heard;
            self.down.process(&heard, &mut self.narrow);
        } else {
            self.narrow.copy_from_slice(&heard[..LARGEST_FRAME / 2]);
            self.up.process(&heard[..LARGEST_FRAME / 2], &mut self.wide);
        }
    }

    /// The frame of this instant at 8,000 or 16,000 samples a second; silence is zeros.
    #[must_use]
    pub fn frame(&self, rate: u32) -> &[i16] {
        if rate == 16_000 { &self.wide } else { &self.narrow }
    }

    /// Play 20 ms into `frame`: 160 samples at 8 kHz or 320 at 16 kHz, as [`Ear::rate`] says. Gives their count; 0 is silence.
    pub fn play(&mut self, frame: &mut [i16; LARGEST_FRAME]) -> usize {
        if !self.playing {
            return 0;
        }
        let samples = FRAME as usize * self.factor;
        let waiting = self.write.wrapping_sub(self.read) as i32;
        if waiting < FRAME {
            self.concealed += 1;
            self.least = 0;
            if self.concealed > CONCEALED {
                self.playing = false;
                return 0;
            }
            fade(&mut self.last[..samples]);
            frame[..samples].copy_from_slice(&self.last[..samples]);
            return samples;
        }
        self.concealed = 0;
        self.take(&mut frame[..samples]);
        self.last[..samples].copy_from_slice(&frame[..samples]);
        self.least = self.least.min(waiting - FRAME);
        self.frames += 1;
        if self.frames == WINDOW {
            if self.least >= FRAME {
                let mut spare = [0; LARGEST_FRAME];
                self.take(&mut spare[..samples]);
            }
            (self.least, self.frames) = (i32::MAX, 0);
        }
        samples
    }

    /// The frame that will be played `n` frames from now, if it has come whole. Gives its samples' count.
    #[must_use]
    pub fn peek(&self, n: u32, frame: &mut [i16; LARGEST_FRAME]) -> Option<usize> {
        let begin = self.read.wrapping_add(n.checked_mul(FRAME as u32)?);
        if self.waiting() < (n + 1).checked_mul(FRAME as u32)? {
            return None;
        }
        let samples = FRAME as usize * self.factor;
        for (unit, out) in frame[..samples].chunks_exact_mut(self.factor).enumerate() {
            let at = self.place(begin.wrapping_add(unit as u32));
            out.copy_from_slice(&self.ring[at..at + self.factor]);
        }
        Some(samples)
    }

    fn take(&mut self, out: &mut [i16]) {
        for unit in out.chunks_exact_mut(self.factor) {
            let at = self.place(self.read);
            unit.copy_from_slice(&self.ring[at..at + self.factor]);
            self.ring[at..at + self.factor].fill(0);
            self.read = self.read.wrapping_add(1);
        }
    }

    /// Fill a short gap before a packet with what was heard before it, falling. If the missing packet comes after all, it
    /// takes its place.
    fn bridge(&mut self, timestamp: u32) {
        let gap = timestamp.wrapping_sub(self.write) as i32;
        if !(1..=3 * FRAME).contains(&gap) {
            return;
        }
        let from = self.write.wrapping_sub(FRAME as u32);
        if (from.wrapping_sub(self.read) as i32) < 0 {
            // What was before has been played and is gone from the ring.
            let mut last = self.last;
            for unit in 0..gap {
                let at = unit as usize % FRAME as usize;
                if at == 0 {
                    fade(&mut last);
                }
                let to = self.place(self.write.wrapping_add(unit as u32));
                self.ring[to..to + self.factor].copy_from_slice(&last[at * self.factor..(at + 1) * self.factor]);
            }
        } else {
            for unit in 0..gap as u32 {
                let at = self.place(from.wrapping_add(unit));
                let to = self.place(self.write.wrapping_add(unit));
                for i in 0..self.factor {
                    self.ring[to + i] = (i32::from(self.ring[at + i]) * 3 / 4) as i16;
                }
            }
        }
    }

    fn place(&self, timestamp: u32) -> usize {
        timestamp as usize % RING as usize * self.factor
    }
}

/// Half as loud.
fn fade(samples: &mut [i16]) {
    for sample in samples {
        *sample /= 2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(n: i16) -> [i16; 160] {
        [n; 160]
    }

    fn play(ear: &mut Ear) -> Option<i16> {
        let mut frame = [0; LARGEST_FRAME];
        match ear.play(&mut frame) {
            0 => None,
            samples => {
                assert_eq!(samples, 160);
                Some(frame[80])
            }
        }
    }

    #[test]
    fn what_came_is_played_at_once_and_in_order() {
        let mut ear = Ear::default();
        assert_eq!(play(&mut ear), None);
        for n in 1..100 {
            ear.put(n as u32 * 160, 8000, &packet(n));
            assert_eq!(play(&mut ear), Some(n));
        }
    }

    #[test]
    fn swapped_packets_find_their_place_and_a_lost_one_is_bridged() {
        let mut ear = Ear::default();
        ear.put(0, 8000, &packet(800));
        ear.put(320, 8000, &packet(802));
        ear.put(160, 8000, &packet(801));
        ear.put(640, 8000, &packet(804));
        assert_eq!([play(&mut ear), play(&mut ear), play(&mut ear)], [Some(800), Some(801), Some(802)]);
        assert_eq!([play(&mut ear), play(&mut ear)], [Some(601), Some(804)]);
    }

    #[test]
    fn a_late_packet_makes_the_delay_longer_and_nothing_is_lost() {
        let mut ear = Ear::default();
        ear.put(0, 8000, &packet(1000));
        assert_eq!(play(&mut ear), Some(1000));
        assert_eq!(play(&mut ear), Some(500), "made up");
        ear.put(160, 8000, &packet(1001));
        ear.put(320, 8000, &packet(1002));
        assert_eq!([play(&mut ear), play(&mut ear)], [Some(1001), Some(1002)]);
    }

    #[test]
    fn a_delay_that_is_not_needed_goes_away() {
        let mut ear = Ear::default();
        ear.put(0, 8000, &packet(1));
        ear.put(160, 8000, &packet(1));
        for n in 2..500_u32 {
            ear.put(n * 160, 8000, &packet(1));
            play(&mut ear);
        }
        assert_eq!(ear.waiting(), 0, "both frames that waited have gone");
    }

    #[test]
    fn after_a_silence_the_speaker_is_heard_again_at_once() {
        let mut ear = Ear::default();
        ear.put(0, 8000, &packet(5));
        for _ in 0..10 {
            play(&mut ear);
        }
        assert_eq!(play(&mut ear), None, "no sound is made up for ever");
        ear.put(0x8000_0000, 8000, &packet(6));
        assert_eq!(play(&mut ear), Some(6));
        // A clock that leaps back is followed after a few packets.
        for n in 0..6_u32 {
            ear.put(n * 160, 8000, &packet(7));
        }
        assert_eq!(play(&mut ear), Some(7));
    }

    proptest! {
        #[test]
        fn any_packets_do_no_harm(
            packets in prop::collection::vec((any::<u32>(), 0usize..3000, any::<bool>(), 0u8..3), 0..60)
        ) {
            let mut ear = Ear::default();
            let samples = vec![3; 3000];
            let mut frame = [0; LARGEST_FRAME];
            for (timestamp, length, wide, plays) in packets {
                ear.put(timestamp, if wide { 16_000 } else { 8_000 }, &samples[..length]);
                prop_assert!(ear.waiting() <= RING as u32);
                for _ in 0..plays {
                    prop_assert!(ear.play(&mut frame) <= LARGEST_FRAME);
                }
            }
        }
    }
}
