//! When is it time? The RFC's timer values, and the queue of what waits.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::event::{ClientId, ServerId};

/// The values that all timers are made of (RFC 3261 §17.1.1.1 and Appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// The estimate of a round trip.
    pub t1: Duration,
    /// The longest interval between two retransmissions of a non-INVITE request or an INVITE response.
    pub t2: Duration,
    /// How long a message stays in the network.
    pub t4: Duration,
}

impl Timers {
    /// 64·T1: timers B, F, H, J, L and M, and how long a response waits for its ACK or PRACK.
    #[must_use]
    pub fn long(&self) -> Duration {
        self.t1.saturating_mul(64)
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

/// Sends again at growing intervals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repeat {
    pub(super) at: Instant,
    interval: Duration,
    longest: Duration,
}

impl Repeat {
    /// First after `interval`, then after twice as long each time, up to `longest`.
    pub(super) fn new(now: Instant, interval: Duration, longest: Duration) -> Self {
        // Never nothing at all: a queue that is always due would never be left.
        let interval = interval.max(Duration::from_millis(1));
        Self { at: now + interval, interval, longest: longest.max(interval) }
    }

    /// Whether it is time; if so, the next time is set. Intervals that were slept through are not made good.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        if now < self.at {
            return false;
        }
        self.interval = self.interval.saturating_mul(2).min(self.longest);
        self.at = now + self.interval;
        true
    }

    /// From now on always at the longest interval (Timer E after a provisional response).
    pub(super) fn slow_down(&mut self, longest: Duration) {
        self.longest = longest.max(self.interval);
        self.interval = self.longest;
    }
}

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waiter {
    Client(ClientId),
    Server(ServerId),
}

/// What waits, the earliest first; each waiter is in it at most once. All operations are O(log n).
#[derive(Debug, Default)]
pub(super) struct Queue(BTreeSet<(Instant, Waiter)>);

impl Queue {
    /// Moves a waiter from the time where it is queued (remembered by its owner) to another one.
    pub(super) fn reschedule(&mut self, waiter: Waiter, queued: &mut Option<Instant>, at: Option<Instant>) {
        if *queued == at {
            return;
        }
        if let Some(old) = *queued {
            self.0.remove(&(old, waiter));
        }
        if let Some(new) = at {
            self.0.insert((new, waiter));
        }
        *queued = at;
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes the first waiter whose time has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Waiter> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, waiter)| waiter)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The earlier of two times, where there are any.
pub(super) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}
