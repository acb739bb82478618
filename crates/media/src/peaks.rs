//! How loud is a recording over time, for drawing?
//!
//! Each channel is divided into slices of equal length, and each slice is its highest level. The scale is the square root of
//! the level: 255 is full scale, 181 is 6 dB below, 81 is 20 dB below (loud speech), 26 is 40 dB below (quiet speech), and
//! the noise of an idle line is 0 to 4. As with loudness, twice as much is not twice as high, so that speech is seen beside
//! a laugh.

/// Makes the peaks of a stereo recording that is given a piece at a time.
#[derive(Debug, Clone)]
pub struct Peaks {
    /// Samples of each channel that are expected, and that have come.
    total: u64,
    position: u64,
    left: Vec<u16>,
    right: Vec<u16>,
}

impl Peaks {
    /// `slices` of a recording of `frames` samples of each channel. What comes beyond them belongs to the last slice; what
    /// does not come is silent.
    #[must_use]
    pub fn new(slices: usize, frames: u64) -> Self {
        Self { total: frames.max(1), position: 0, left: vec![0; slices], right: vec![0; slices] }
    }

    /// Further samples, left and right in turn.
    pub fn add(&mut self, samples: &[i16]) {
        let Some(last) = self.left.len().checked_sub(1) else { return };
        let (slices, total) = (self.left.len() as u128, u128::from(self.total));
        let mut pairs = samples.as_chunks::<2>().0;
        while !pairs.is_empty() {
            let slice = ((u128::from(self.position) * slices / total) as usize).min(last);
            // As far as this slice goes.
            let end = if slice == last { u128::MAX } else { ((slice as u128 + 1) * total).div_ceil(slices) };
            let count = (end - u128::from(self.position)).clamp(1, pairs.len() as u128) as usize;
            let (these, rest) = pairs.split_at(count);
            let highest = |channel: usize| these.iter().map(|pair| pair[channel].unsigned_abs()).max().unwrap_or(0);
            self.left[slice] = self.left[slice].max(highest(0));
            self.right[slice] = self.right[slice].max(highest(1));
            self.position += count as u64;
            pairs = rest;
        }
    }

    /// The peaks of the left and of the right channel.
    #[must_use]
    pub fn finish(self) -> (Vec<u8>, Vec<u8>) {
        let scale = |levels: Vec<u16>| {
            levels.into_iter().map(|level| ((f32::from(level) / 32_768.0).sqrt() * 255.0).round() as u8).collect()
        };
        (scale(self.left), scale(self.right))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_slice_is_its_highest_level_on_a_scale_where_speech_is_seen() {
        let mut peaks = Peaks::new(4, 400);
        for n in 0..400_i16 {
            peaks.add(&[if n == 150 { i16::MIN } else { 0 }, if n >= 300 { -3_277 } else { 8 }]);
        }
        assert_eq!(peaks.finish(), (vec![0, 255, 0, 0], vec![4, 4, 4, 81]));
        assert_eq!(Peaks::new(0, 9).finish(), (vec![], vec![]));
    }

    proptest! {
        /// However it is cut into pieces, and whatever length was promised.
        #[test]
        fn pieces_give_what_the_whole_gives(
            samples in prop::collection::vec(any::<i16>(), 0..400),
            cut in 1usize..50,
            slices in 0usize..20,
            promised in 0u64..500,
        ) {
            let samples = &samples[..samples.len() & !1];
            let mut whole = Peaks::new(slices, promised);
            whole.add(samples);
            let mut pieces = Peaks::new(slices, promised);
            samples.chunks(cut * 2).for_each(|piece| pieces.add(piece));
            let (left, right) = whole.finish();
            prop_assert_eq!((left.len(), right.len()), (slices, slices));
            let highest = samples.iter().step_by(2).map(|s| s.unsigned_abs()).max().unwrap_or(0);
            let expected = ((f32::from(highest) / 32_768.0).sqrt() * 255.0).round() as u8;
            prop_assert!(slices == 0 || left.iter().max() == Some(&expected));
            prop_assert_eq!((left, right), pieces.finish());
        }
    }
}
