//! Many durations in two numbers.

use std::time::Duration;

/// How long the same thing took, each time.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Half of them took at most this long.
    pub fn median(&self) -> Duration {
        self.share(50)
    }

    /// All but one in twenty took at most this long.
    pub fn p95(&self) -> Duration {
        self.share(95)
    }

    /// All but one in a hundred took at most this long.
    pub fn p99(&self) -> Duration {
        self.share(99)
    }

    /// The duration that `percent` of all do not exceed; zero when nothing was measured.
    fn share(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(rank).copied().unwrap_or_default()
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<T: IntoIterator<Item = Duration>>(times: T) -> Self {
        Self(times.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(milliseconds: impl IntoIterator<Item = u64>) -> Times {
        milliseconds.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn the_median_and_the_tail_are_values_that_were_measured() {
        let hundred = times((1..=100).rev());
        assert_eq!(hundred.median(), Duration::from_millis(50));
        assert_eq!(hundred.p95(), Duration::from_millis(95));
        assert_eq!(hundred.p99(), Duration::from_millis(99));
        let five = times([9, 1, 5, 3, 7]);
        assert_eq!(five.median(), Duration::from_millis(5));
        assert_eq!(five.p95(), Duration::from_millis(9));
    }

    #[test]
    fn one_value_is_its_own_median_and_none_is_zero() {
        assert_eq!(times([4]).median(), Duration::from_millis(4));
        assert_eq!(times([]).p95(), Duration::ZERO);
    }
}
