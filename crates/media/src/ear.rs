//! How a mix listens to a speaker: a jitter buffer that is as short as the network lets it be.
//!
//! Samples lie in a ring by their timestamp, so that late packets and packets of any length find their place. Playing
//! begins with the first packet at once; each time nothing is there, one frame is made up and the delay has grown by
//! that frame; when a frame was to spare for some seconds, one is left out.

use std::ops::Range;

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
    /// The frame of this instant, and the end of the one before, as long as a filter remembers.
    heard: [i16; LARGEST_FRAME],
    before: [i16; MEMORY],
    /// The same at the other rate, made when somebody asks, and the filter that makes it.
    other: [i16; LARGEST_FRAME],
    filter: Filter,
}

/// What the larger of the two filters remembers, in samples.
const MEMORY: usize = 48;

/// Makes the frame at the rate that it did not come in.
#[derive(Debug, Clone)]
struct Filter {
    up: Up,
    down: Down,
    /// It has heard this frame, or else the one before.
    heard: bool,
    heard_before: bool,
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
            heard: [0; LARGEST_FRAME],
            before: [0; MEMORY],
            other: [0; LARGEST_FRAME],
            filter: Filter { up: Up::default(), down: Down::default(), heard: false, heard_before: true },
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
        let samples = &samples[skipped as usize * factor..length as usize * factor];
        let (before, after) = self.pieces(timestamp.wrapping_add(skipped as u32), samples.len());
        let (first, second) = samples.split_at(before.len());
        self.ring[before].copy_from_slice(first);
        self.ring[after].copy_from_slice(second);
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
        let end = FRAME as usize * self.factor;
        self.before.copy_from_slice(&self.heard[end - MEMORY..end]);
        (self.filter.heard_before, self.filter.heard) = (self.filter.heard, false);
        let mut heard = [0; LARGEST_FRAME];
        self.play(&mut heard);
        self.heard = heard;
    }

    /// The frame of this instant at 8,000 or 16,000 samples a second; silence is zeros. The other rate than that of the
    /// speaker is made when it is first asked for, with what was before in mind.
    #[must_use]
    pub fn frame(&mut self, rate: u32) -> &[i16] {
        let (own, wide) = (FRAME as usize * self.factor, self.factor == 2);
        if wide == (rate == 16_000) {
            return &self.heard[..own];
        }
        let Self { heard, before, other, filter, .. } = self;
        if !filter.heard {
            // A filter that was not needed meanwhile hears the end of the frame before: that is all it remembers.
            let mut nobody = [0; 2 * MEMORY];
            match (wide, filter.heard_before) {
                (true, false) => _ = filter.down.process(before, &mut nobody),
                (false, false) => _ = filter.up.process(before, &mut nobody),
                (true | false, true) => {}
            }
            match wide {
                true => filter.down.process(heard, other),
                false => filter.up.process(&heard[..own], other),
            };
            filter.heard = true;
        }
        if wide { &other[..FRAME as usize] } else { other }
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
        let (before, after) = self.pieces(begin, samples);
        let (first, second) = frame[..samples].split_at_mut(before.len());
        first.copy_from_slice(&self.ring[before]);
        second.copy_from_slice(&self.ring[after]);
        Some(samples)
    }

    fn take(&mut self, out: &mut [i16]) {
        let (before, after) = self.pieces(self.read, out.len());
        let (first, second) = out.split_at_mut(before.len());
        for (out, range) in [(first, before), (second, after)] {
            out.copy_from_slice(&self.ring[range.clone()]);
            self.ring[range].fill(0);
        }
        self.read = self.read.wrapping_add((out.len() / self.factor) as u32);
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

    /// Where so many samples lie from a timestamp on: up to the end of the ring, and from its beginning.
    fn pieces(&self, timestamp: u32, samples: usize) -> (Range<usize>, Range<usize>) {
        let begin = self.place(timestamp);
        let first = samples.min(self.ring.len() - begin);
        (begin..begin + first, 0..samples - first)
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

    #[test]
    fn a_rate_that_is_asked_for_now_and_then_sounds_as_if_it_always_were() {
        let wave = |n: usize, rate: u32| (std::f64::consts::TAU * 700.0 * n as f64 / f64::from(rate)).sin() * 9_000.0;
        for (own, other) in [(8_000, 16_000), (16_000, 8_000)] {
            let (mut always, mut sometimes) = (Ear::default(), Ear::default());
            for n in 0..60_usize {
                let count = own as usize / 50;
                let samples: Vec<i16> = (n * count..(n + 1) * count).map(|n| wave(n, own) as i16).collect();
                for ear in [&mut always, &mut sometimes] {
                    // Some packets are lost, and for a while there is silence.
                    if n % 7 != 3 && !(20..30).contains(&n) {
                        ear.put(n as u32 * 160, own, &samples);
                    }
                    ear.advance();
                }
                let expected = always.frame(other).to_vec();
                assert_eq!(expected.len(), other as usize / 50);
                if [0, 1, 4, 9, 10, 11, 27, 33, 34, 50].contains(&n) {
                    assert_eq!(sometimes.frame(other), expected, "frame {n}");
                    assert_eq!(sometimes.frame(own), always.frame(own));
                }
            }
        }
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
