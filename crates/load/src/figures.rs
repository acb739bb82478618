//! Percentiles of many times.

use std::time::Duration;

/// Times, of which percentiles are asked.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<u32>);

impl Times {
    /// Adds a time; above four seconds it counts as four.
    pub fn add(&mut self, time: Duration) {
        self.0.push(u32::try_from(time.as_nanos()).unwrap_or(u32::MAX));
    }

    /// Adds all of those.
    pub fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// The time, in microseconds, that this share of all does not exceed: 0.5 is the median. 0 without any time.
    #[must_use]
    pub fn percentile(&mut self, share: f64) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = ((self.0.len() as f64 * share).ceil() as usize).clamp(1, self.0.len()) - 1;
        let (_, value, _) = self.0.select_nth_unstable(index);
        f64::from(*value) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let mut times = Times::default();
        assert_eq!(times.percentile(0.5), 0.0);
        for microseconds in (1..=100).rev() {
            times.add(Duration::from_micros(microseconds));
        }
        assert_eq!((times.percentile(0.5), times.percentile(0.99), times.percentile(1.0)), (50.0, 99.0, 100.0));
    }
}
