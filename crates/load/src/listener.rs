//! How does a party's sound arrive: is any of it missing, and for how long was there nothing?

use std::time::{Duration, Instant};

/// What one party was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listener {
    /// The highest sequence number (RFC 3550 §6.4.1).
    highest: Option<u16>,
    /// Numbers below it that did not come.
    missing: i64,
    /// When the last packet came, while somebody talks.
    last: Option<Instant>,
    /// When that was sent.
    sent: Option<Duration>,
    longest: Duration,
}

/// Between two packets.
const INTERVAL: Duration = Duration::from_millis(20);

impl Listener {
    /// A packet came, the very one that somebody sent then: if that was too late, its listener need not have had it sooner. Of
    /// what was made on its way it is not known, nor does it depend on one speaker.
    pub fn take(&mut self, now: Instant, sequence: u16, sent: Option<Duration>) {
        match self.highest.map(|highest| sequence.wrapping_sub(highest).cast_signed()) {
            // It was missing, and is late.
            Some(step) if step <= 0 => self.missing -= 1,
            Some(step) => {
                self.missing += i64::from(step) - 1;
                self.highest = Some(sequence);
            }
            None => self.highest = Some(sequence),
        }
        let pause = sent.zip(self.sent).map(|(sent, before)| sent.saturating_sub(before));
        self.silent_until(now, pause.unwrap_or_default().saturating_sub(INTERVAL));
        (self.last, self.sent) = (Some(now), sent);
    }

    /// All talk from now on.
    pub fn begin(&mut self, now: Instant) {
        (self.last, self.sent) = (Some(now), None);
    }

    /// All have talked until now: it counts as silence when nothing came since the last packet.
    pub fn end(&mut self, now: Instant) {
        self.silent_until(now, Duration::ZERO);
        self.last = None;
    }

    fn silent_until(&mut self, now: Instant, late: Duration) {
        if let Some(last) = self.last {
            self.longest = self.longest.max(now.saturating_duration_since(last).saturating_sub(late));
        }
    }

    /// Forgets what was, and goes on with the stream as it is.
    pub fn forget(&mut self) {
        (self.missing, self.longest) = (0, Duration::ZERO);
    }

    /// Packets that are missing between those that came.
    #[must_use]
    pub fn missing(&self) -> u64 {
        u64::try_from(self.missing).unwrap_or(0)
    }

    /// The longest time without a packet while all talked.
    #[must_use]
    pub const fn longest(&self) -> Duration {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_is_late_is_not_missing_and_what_never_comes_is() {
        let now = Instant::now();
        let mut listener = Listener::default();
        for sequence in [65_534, 65_535, 2, 1] {
            listener.take(now, sequence, None);
        }
        assert_eq!(listener.missing(), 1, "0 never came");
        listener.forget();
        listener.take(now, 3, None);
        assert_eq!(listener.missing(), 0);
    }

    #[test]
    fn silence_counts_while_somebody_talks() {
        let now = Instant::now();
        let mut listener = Listener::default();
        listener.begin(now);
        listener.take(now + 20 * MS, 1, None);
        listener.take(now + 50 * MS, 2, None);
        listener.end(now + 60 * MS);
        assert_eq!(listener.longest(), 30 * MS);
        // Nobody talks.
        listener.take(now + 500 * MS, 3, None);
        listener.begin(now + 1_000 * MS);
        listener.end(now + 1_070 * MS);
        assert_eq!(listener.longest(), 70 * MS, "nothing came at all");
    }

    #[test]
    fn what_was_sent_too_late_could_not_come_sooner() {
        let now = Instant::now();
        let mut listener = Listener::default();
        listener.begin(now);
        listener.take(now + 21 * MS, 1, Some(20 * MS));
        listener.take(now + 91 * MS, 2, Some(70 * MS));
        assert_eq!(listener.longest(), 40 * MS, "30 of 70 are the speaker's");
    }
}
