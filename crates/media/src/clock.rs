//! How does the 48 kHz clock of Opus become the 8 kHz clock of all others?

/// How many ticks of Opus's clock are one of the others'.
const TIMES: i32 = 6;

/// Follows one stream's clock of 48 kHz at 8 kHz, over its wraps too.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Narrow {
    last: u32,
    at: u32,
}

impl Narrow {
    /// The timestamp at 8 kHz. Later and earlier ones keep their distances.
    pub fn of(&mut self, timestamp: u32) -> u32 {
        let steps = (timestamp.wrapping_sub(self.last) as i32).div_euclid(TIMES);
        self.last = self.last.wrapping_add_signed(steps * TIMES);
        self.at = self.at.wrapping_add_signed(steps);
        self.at
    }
}

/// A timestamp of 8 kHz at 48 kHz. It wraps where it should, since six times around is around.
pub(crate) fn widen(timestamp: u32) -> u32 {
    timestamp.wrapping_mul(TIMES as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stream_keeps_its_pace_over_the_wrap() {
        let mut clock = Narrow::default();
        let mut timestamp = u32::MAX - 5_000;
        let mut before = clock.of(timestamp);
        for n in 0..20 {
            // One is late.
            if n == 7 {
                assert_eq!(clock.of(timestamp.wrapping_sub(960)), before.wrapping_sub(160));
            }
            timestamp = timestamp.wrapping_add(960);
            let at = clock.of(timestamp);
            assert_eq!(at.wrapping_sub(before), 160);
            before = at;
        }
        assert_eq!(widen(u32::MAX).wrapping_add(6), widen(0));
    }

    proptest! {
        #[test]
        fn wherever_it_leaps_and_back_it_is_where_it_was(timestamps in prop::collection::vec(any::<u32>(), 0..20)) {
            let mut clock = Narrow::default();
            let here = clock.of(1_000_000);
            // Less than half the way around, so that it is clear which way is back.
            for timestamp in timestamps {
                clock.of(1_000_000 + timestamp / 4);
                prop_assert_eq!(clock.of(1_000_000), here);
            }
        }
    }
}
