//! Who guesses passwords? Failures are counted per address; who has too many is not listened to for a while.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

/// Failures that an address may have at once.
pub const FAILURES_MAX: u32 = 10;
/// The time after which one failure is forgiven.
pub const FORGIVEN_AFTER: Duration = Duration::from_secs(6);
/// Addresses that are remembered; more than that and the least guilty are forgotten.
const ADDRESSES_MAX: usize = 10_000;

/// The failures of each address: a bucket that leaks.
#[derive(Debug, Default)]
pub struct Guard(HashMap<IpAddr, (f64, Instant)>);

impl Guard {
    /// Whether an address may try; else how many seconds it has to wait.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn admit(&self, address: IpAddr, now: Instant) -> Result<(), u32> {
        let level = self.level(address, now);
        let too_many = level - f64::from(FAILURES_MAX);
        if too_many < 0.0 {
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number above zero")]
        let seconds = ((too_many + 1.0) * FORGIVEN_AFTER.as_secs_f64()).ceil() as u32;
        Err(seconds)
    }

    /// Takes note of a wrong password or an unknown user.
    pub fn failed(&mut self, address: IpAddr, now: Instant) {
        if self.0.len() >= ADDRESSES_MAX && !self.0.contains_key(&address) {
            self.forget(now);
        }
        // Counted a little beyond the limit, so that who goes on waits longer, but not for ever.
        let level = (self.level(address, now) + 1.0).min(f64::from(FAILURES_MAX) * 2.0);
        self.0.insert(address, (level, now));
    }

    fn level(&self, address: IpAddr, now: Instant) -> f64 {
        self.0.get(&address).map_or(0.0, |(level, at)| {
            let forgiven = now.saturating_duration_since(*at).as_secs_f64() / FORGIVEN_AFTER.as_secs_f64();
            (level - forgiven).max(0.0)
        })
    }

    /// Makes room: those who are forgiven go first, and everybody when that is nobody.
    fn forget(&mut self, now: Instant) {
        let innocent: Vec<_> = self.0.keys().copied().filter(|address| self.level(*address, now) <= 0.0).collect();
        if innocent.is_empty() {
            self.0.clear();
        }
        for address in innocent {
            self.0.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_waits_and_is_forgiven() {
        let mut guard = Guard::default();
        let (address, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let start = Instant::now();
        for _ in 0..FAILURES_MAX {
            assert_eq!(guard.admit(address, start), Ok(()));
            guard.failed(address, start);
        }
        assert!(guard.admit(address, start).is_err());
        assert_eq!(guard.admit(other, start), Ok(()));
        assert_eq!(guard.admit(address, start + FORGIVEN_AFTER * 2), Ok(()));
    }

    #[test]
    fn a_flood_of_addresses_is_bounded() {
        let mut guard = Guard::default();
        let start = Instant::now();
        for n in 0..u32::try_from(ADDRESSES_MAX).expect("small") + 50 {
            guard.failed(IpAddr::from(n.to_be_bytes()), start);
        }
        assert!(guard.0.len() <= ADDRESSES_MAX);
    }
}
