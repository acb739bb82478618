//! Is a provisional response acknowledged? (RFC 3262 §3)

use std::{collections::VecDeque, time::Instant};

use bytes::Bytes;

use super::timers::{Repeat, Timers, earlier};

/// More provisional responses than this never wait for their turn; further ones are not sent.
const MOST_WAITING: usize = 16;

/// A reliable provisional response.
#[derive(Debug)]
pub(super) struct Provisional {
    pub(super) number: u32,
    pub(super) bytes: Bytes,
    /// Whether it has a session description: then no 2xx may overtake its PRACK.
    pub(super) has_body: bool,
}

#[derive(Debug)]
struct Sent {
    response: Provisional,
    repeat: Repeat,
    end: Instant,
}

/// The reliable provisional responses of one INVITE: one is on its way, the others wait for its PRACK.
#[derive(Debug, Default)]
pub(super) struct Reliable {
    last: Option<u32>,
    sent: Option<Sent>,
    waiting: VecDeque<Provisional>,
    /// What was on its way when the final response went: not sent again, but its PRACK is still good.
    abandoned: Option<u32>,
}

/// What time asks for.
pub(super) enum Due {
    Nothing,
    /// To be sent again.
    Again(Bytes),
    /// No PRACK came.
    Unacknowledged,
}

impl Reliable {
    /// The next `RSeq`; `first` (1..2³¹) is taken the first time.
    pub(super) fn number(&mut self, first: u32) -> u32 {
        let number = self.last.map_or(first, |last| last.wrapping_add(1));
        self.last = Some(number);
        number
    }

    /// Takes a response; gives its bytes back if it is to be sent now.
    pub(super) fn push(&mut self, now: Instant, timers: &Timers, response: Provisional) -> Option<Bytes> {
        if self.sent.is_some() {
            if self.waiting.len() < MOST_WAITING {
                self.waiting.push_back(response);
            }
            return None;
        }
        Some(self.send(now, timers, response))
    }

    fn send(&mut self, now: Instant, timers: &Timers, response: Provisional) -> Bytes {
        let bytes = response.bytes.clone();
        let repeat = Repeat::new(now, timers.t1, timers.long());
        self.sent = Some(Sent { response, repeat, end: now + timers.long() });
        bytes
    }

    /// A PRACK came: whether it acknowledges the response that is on its way.
    pub(super) fn acknowledge(&mut self, number: u32) -> bool {
        if self.sent.as_ref().is_some_and(|sent| sent.response.number == number) {
            self.sent = None;
            return true;
        }
        if self.abandoned == Some(number) {
            self.abandoned = None;
            return true;
        }
        false
    }

    /// The next response in turn, to be sent now.
    pub(super) fn next(&mut self, now: Instant, timers: &Timers) -> Option<Bytes> {
        if self.sent.is_some() {
            return None;
        }
        let response = self.waiting.pop_front()?;
        Some(self.send(now, timers, response))
    }

    /// Whether a 2xx must wait: a session description is still to be acknowledged.
    pub(super) fn holds_back(&self) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.response.has_body)
            || self.waiting.iter().any(|response| response.has_body)
    }

    /// The final response goes: nothing provisional is sent any more.
    pub(super) fn abandon(&mut self) {
        self.waiting.clear();
        if let Some(sent) = self.sent.take() {
            self.abandoned = Some(sent.response.number);
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.sent.as_ref().and_then(|sent| earlier(Some(sent.end), Some(sent.repeat.at)))
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Due {
        let Some(sent) = &mut self.sent else { return Due::Nothing };
        if sent.end <= now {
            self.sent = None;
            return Due::Unacknowledged;
        }
        if sent.repeat.is_due(now) { Due::Again(sent.response.bytes.clone()) } else { Due::Nothing }
    }
}
