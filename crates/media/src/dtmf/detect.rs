//! DTMF in the audio: the power of the eight frequencies in blocks of 12.75 ms, with the checks of ITU-T Q.24.

use std::sync::LazyLock;

use super::{
    Digit,
    tone::{self, COLUMNS, ROWS},
};

/// Samples of a block at 8 kHz: long enough to tell 697 from 770 Hz, short enough that 40 ms hold two whole blocks.
const BLOCK: usize = 102;
/// The least energy of each group: −35 dBm0, as the sum of a block's squares would give for such a sine.
const LEAST: f32 = {
    // A sine of peak a gives |X|² = (a × BLOCK / 2)²; −35 dBm0 has a peak of 23,216 × 0.01778.
    let half = 23_216.0 * 0.017_78 * BLOCK as f32 / 2.0;
    half * half
};
/// The high group may be weaker than the low one by 8 dB, the low group weaker than the high one by 4 dB (ITU-T Q.24 allows
/// administrations to differ; these are the values of AT&T and most of Europe).
const TWIST: f32 = 6.31;
const REVERSE_TWIST: f32 = 2.51;
/// In its group, the strongest frequency is above each other by 8 dB.
const DOMINANCE: f32 = 6.31;
/// The two frequencies hold at least 82 % of the block's energy: a voice has more than two.
const SHARE: f32 = 0.82;
/// Blocks in a row that make a digit, and that end one.
const BEGIN: u8 = 2;
const END: u8 = 2;

/// The cosines and sines of the eight frequencies, sample by sample: with these in a row, a block is summed several
/// frequencies at a time, and no sum waits for the one before, as it would in Goertzel's recurrence.
static WAVES: LazyLock<[[f32; 16]; BLOCK]> = LazyLock::new(|| {
    let mut waves = [[0.0; 16]; BLOCK];
    for (n, waves) in waves.iter_mut().enumerate() {
        for (i, hertz) in ROWS.iter().chain(&COLUMNS).enumerate() {
            let angle = std::f64::consts::TAU * hertz * n as f64 / 8000.0;
            (waves[i], waves[i + 8]) = (angle.cos() as f32, angle.sin() as f32);
        }
    }
    waves
});

/// Listens to one stream of 8 kHz samples.
#[derive(Debug, Clone)]
pub struct Detector {
    block: [i16; BLOCK],
    filled: usize,
    /// What the last block held, and how many in a row held it.
    candidate: Option<Digit>,
    run: u8,
    /// The digit that has been told and has not ended.
    current: Option<Digit>,
}

impl Default for Detector {
    fn default() -> Self {
        Self { block: [0; BLOCK], filled: 0, candidate: None, run: 0, current: None }
    }
}

impl Detector {
    /// Listen to further samples; gives the digit that has now been held long enough. At most one begins in a packet of
    /// up to 60 ms.
    pub fn process(&mut self, samples: &[i16]) -> Option<Digit> {
        let mut found = None;
        let mut rest = samples;
        while !rest.is_empty() {
            let (taken, after) = rest.split_at(rest.len().min(BLOCK - self.filled));
            self.block[self.filled..self.filled + taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            rest = after;
            if self.filled == BLOCK {
                self.filled = 0;
                found = self.end_block().or(found);
            }
        }
        found
    }

    /// Whether what was heard last is, or may become, a digit: a consumed digit is silenced from its first block on.
    #[must_use]
    pub fn suspects(&self) -> bool {
        self.candidate.is_some() || self.current.is_some()
    }

    fn end_block(&mut self) -> Option<Digit> {
        let heard = self.judge();
        self.run = if heard == self.candidate { self.run.saturating_add(1) } else { 1 };
        self.candidate = heard;
        match heard {
            Some(digit) if self.run >= BEGIN && self.current != heard => {
                self.current = heard;
                Some(digit)
            }
            None if self.run >= END => {
                self.current = None;
                None
            }
            _ => None,
        }
    }

    /// What the block holds.
    fn judge(&self) -> Option<Digit> {
        let energy: i64 = self.block.iter().map(|&x| i64::from(i32::from(x) * i32::from(x))).sum();
        let energy = energy as f32;
        // Both groups together at their least would have more energy: most of a call ends here.
        if energy * (BLOCK as f32 / 2.0) < 2.0 * LEAST {
            return None;
        }
        let sums = correlate(&self.block, &WAVES);
        let mut power = [0.0_f32; 8];
        for (i, power) in power.iter_mut().enumerate() {
            *power = sums[i] * sums[i] + sums[i + 8] * sums[i + 8];
        }
        let (rows, columns) = power.split_at(4);
        let (row, low) = strongest(rows)?;
        let (column, high) = strongest(columns)?;
        // A sine of peak a has energy a²·N/2 in N samples and power (a·N/2)²: their ratio is N/2.
        let share = (low + high) / (energy * BLOCK as f32 / 2.0);
        let twisted = high * TWIST < low || low * REVERSE_TWIST < high;
        if low < LEAST || high < LEAST || twisted || share < SHARE {
            return None;
        }
        tone::digit_at(row, column)
    }
}

/// The block against each wave. On its own, so that the compiler sums sixteen at a time instead of mixing this with what is
/// done with the sums.
#[inline(never)]
fn correlate(block: &[i16; BLOCK], waves: &[[f32; 16]; BLOCK]) -> [f32; 16] {
    let mut sums = [0.0; 16];
    for (&x, waves) in block.iter().zip(waves) {
        let x = f32::from(x);
        for i in 0..16 {
            sums[i] += x * waves[i];
        }
    }
    sums
}

/// The place and power of the strongest of a group, if it dominates the others.
fn strongest(group: &[f32]) -> Option<(usize, f32)> {
    let (at, &best) = group.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let dominates = group.iter().enumerate().all(|(i, &p)| i == at || p * DOMINANCE < best);
    dominates.then_some((at, best))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dual(frequencies: [f64; 2], amplitudes: [f64; 2], ms: usize) -> Vec<i16> {
        (0..ms * 8)
            .map(|n| {
                let wave =
                    |i: usize| (std::f64::consts::TAU * frequencies[i] * n as f64 / 8000.0).sin() * amplitudes[i];
                (wave(0) + wave(1)) as i16
            })
            .collect()
    }

    fn heard(samples: &[i16]) -> Vec<char> {
        let mut detector = Detector::default();
        samples.chunks(160).filter_map(|packet| detector.process(packet)).map(char::from).collect()
    }

    fn tone(key: char, ms: usize) -> Vec<i16> {
        dual(tone::frequencies(Digit::new(key).unwrap()), [6000.0; 2], ms)
    }

    #[test]
    fn all_keys_are_heard_once_each_however_long() {
        for ms in [45, 100, 1500] {
            let all: Vec<i16> =
                "1234567890*#ABCD".chars().flat_map(|key| [tone(key, ms), vec![0; 50 * 8]].concat()).collect();
            assert_eq!(heard(&all).iter().collect::<String>(), "1234567890*#ABCD", "{ms} ms");
        }
    }

    #[test]
    fn too_short_too_quiet_and_twisted_tones_are_no_digits() {
        let pair = tone::frequencies(Digit::new('5').unwrap());
        assert_eq!(heard(&[dual(pair, [6000.0; 2], 20), vec![0; 800]].concat()), []);
        assert_eq!(heard(&dual(pair, [150.0; 2], 100)), []);
        assert_eq!(heard(&dual(pair, [8000.0, 2500.0], 100)), [], "high group 10 dB down");
        assert_eq!(heard(&dual(pair, [4000.0, 8000.0], 100)), [], "low group 6 dB down");
        assert_eq!(heard(&dual(pair, [8000.0, 4000.0], 100)), ['5'], "high group 6 dB down");
    }

    #[test]
    fn tones_off_their_frequency_obey_the_recommendation() {
        let pair = tone::frequencies(Digit::new('1').unwrap());
        for shift in [-0.015, 0.015] {
            assert_eq!(heard(&dual(pair.map(|f| f * (1.0 + shift)), [6000.0; 2], 100)), ['1'], "within 1.5 %");
        }
    }

    #[test]
    fn a_voice_is_no_digit() {
        // A vowel: a fundamental with falling harmonics, gliding through the frequencies of the keypad.
        let mut phase = 0.0_f64;
        let voice: Vec<i16> = (0..8000 * 20)
            .map(|n| {
                phase += std::f64::consts::TAU * (100.0 + 150.0 * (n as f64 / 8000.0 * 0.7).sin().abs()) / 8000.0;
                let wave: f64 = (1..16).map(|h| (phase * f64::from(h)).sin() / f64::from(h).sqrt()).sum();
                (wave * 3000.0) as i16
            })
            .collect();
        assert_eq!(heard(&voice), []);
    }

    #[test]
    fn noise_beside_the_tone_does_no_harm() {
        let mut state = 7_u32;
        let noisy: Vec<i16> = tone('9', 80)
            .iter()
            .map(|&s| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                s.saturating_add((state >> 20) as i16 - 2048)
            })
            .collect();
        assert_eq!(heard(&noisy), ['9']);
    }

    proptest! {
        #[test]
        fn our_own_tones_are_heard_at_any_offset(code in 0u8..16, offset in 0usize..200) {
            let digit = Digit::from_event(code).unwrap();
            let mut samples = vec![0; offset + 8 * 100];
            tone::Generator::new(digit).fill(8000, &mut samples[offset..]);
            prop_assert_eq!(heard(&samples), [digit.as_char()]);
        }

        #[test]
        fn arbitrary_samples_do_no_harm(samples in prop::collection::vec(any::<i16>(), 0..500)) {
            heard(&samples);
        }
    }
}
