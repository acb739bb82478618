//! Named telephone events (RFC 4733 §2): one digit of several packets, and the packets of one digit.

use super::Digit;

/// The payload of a telephone event (RFC 4733 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    /// Event code; 0 to 15 are the digits.
    pub event: u8,
    /// E: the event has ended.
    pub end: bool,
    /// Level in −dBm0, 0 to 63.
    pub volume: u8,
    /// Duration so far, in units of the RTP clock.
    pub duration: u16,
}

impl Payload {
    /// Read the first event of a payload. Further ones (§2.5.1.5) are older and not needed.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let (head, _) = octets.split_first_chunk::<4>()?;
        Some(Self {
            event: head[0],
            end: head[1] & 0x80 != 0,
            volume: head[1] & 0x3F,
            duration: u16::from_be_bytes([head[2], head[3]]),
        })
    }

    /// Its octets.
    #[must_use]
    pub fn octets(&self) -> [u8; 4] {
        let duration = self.duration.to_be_bytes();
        [self.event, u8::from(self.end) << 7 | (self.volume & 0x3F), duration[0], duration[1]]
    }
}

/// Makes one digit of the packets of one event, whatever is lost, repeated or late.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    last: Option<Last>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    event: u8,
    timestamp: u32,
    /// The timestamp of its first segment.
    begun: u32,
    duration: u16,
    ended: bool,
}

impl Receiver {
    /// Take a packet's RTP timestamp and payload. Gives the digit when a new event begins; whichever of its packets comes
    /// first counts, so that the loss of the others does no harm.
    pub fn handle(&mut self, timestamp: u32, payload: Payload) -> Option<Digit> {
        let Payload { event, duration, end, .. } = payload;
        let mut now = Last { event, timestamp, begun: timestamp, duration, ended: end };
        if let Some(last) = &mut self.last {
            if last.timestamp == timestamp {
                last.duration = last.duration.max(payload.duration);
                last.ended |= payload.end;
                return None;
            }
            let step = timestamp.wrapping_sub(last.timestamp);
            // An event that is a little older than the last one came late; much older, and the clock has leapt.
            if step > u32::MAX - LATE {
                return None;
            }
            // §2.5.1.3: a long event goes on as a further segment, exactly where the last one stopped at its longest.
            let segment = !last.ended && last.event == payload.event && (0xF000..=0xFFFF + 1600).contains(&step);
            if segment && step.abs_diff(u32::from(last.duration)) <= 1600 {
                now.begun = last.begun;
                *last = now;
                return None;
            }
        }
        self.last = Some(now);
        Digit::from_event(payload.event)
    }

    /// The event, by the timestamp of its first segment, of a packet that was handled.
    #[must_use]
    pub fn begun(&self, timestamp: u32) -> u32 {
        self.last.filter(|last| last.timestamp == timestamp).map_or(timestamp, |last| last.begun)
    }

    /// Another stream begins, with timestamps of its own.
    pub fn reset(&mut self) {
        self.last = None;
    }
}

/// How much older an event may be than the last one and still be late, in units of the RTP clock: 20 s at 8 kHz.
const LATE: u32 = 160_000;

/// A packet every 20 ms of the RTP clock of 8 kHz.
const STEP: u16 = 160;
/// The end is sent three times (§2.5.1.4).
const ENDS: u8 = 3;
/// The level of the events we send, in −dBm0.
const VOLUME: u8 = 10;

/// Makes the packets of one digit, one each 20 ms on an 8 kHz clock.
#[derive(Debug, Clone)]
pub struct Sender {
    digit: Digit,
    total: u16,
    duration: u16,
    ends: u8,
}

impl Sender {
    /// A digit of `ms` milliseconds, brought between 40 and 8,000 and up to whole packets.
    #[must_use]
    pub fn new(digit: Digit, ms: u16) -> Self {
        let packets = ms.clamp(40, 8_000).div_ceil(20);
        Self { digit, total: packets * STEP, duration: 0, ends: 0 }
    }

    /// The next payload; `None` when the third end has been given. All belong to the timestamp of the first, which is
    /// also the one that carries the marker.
    pub fn poll(&mut self) -> Option<Payload> {
        if self.ends == ENDS {
            return None;
        }
        self.duration = (self.duration + STEP).min(self.total);
        let end = self.duration == self.total;
        self.ends += u8::from(end);
        Some(Payload { event: self.digit.event(), end, volume: VOLUME, duration: self.duration })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digit(key: char) -> Digit {
        Digit::new(key).unwrap()
    }

    fn packets(key: char, ms: u16) -> Vec<Payload> {
        let mut sender = Sender::new(digit(key), ms);
        std::iter::from_fn(|| sender.poll()).collect()
    }

    #[test]
    fn an_event_with_three_ends_is_one_digit() {
        let sent = packets('5', 100);
        assert_eq!(sent.iter().map(|p| p.duration).collect::<Vec<_>>(), [160, 320, 480, 640, 800, 800, 800]);
        assert_eq!(sent.iter().map(|p| p.end).collect::<Vec<_>>(), [false, false, false, false, true, true, true]);
        let mut receiver = Receiver::default();
        let heard: Vec<_> = sent.iter().filter_map(|&p| receiver.handle(1000, p)).collect();
        assert_eq!(heard, [digit('5')]);
    }

    #[test]
    fn the_same_key_twice_is_two_digits_though_every_end_was_lost() {
        let mut receiver = Receiver::default();
        let begin = packets('7', 100)[0];
        assert_eq!(receiver.handle(1000, begin), Some(digit('7')));
        assert_eq!(receiver.handle(3000, begin), Some(digit('7')));
        assert_eq!(receiver.handle(1000, begin), None, "the first one again, late");
    }

    #[test]
    fn an_event_of_which_only_an_end_arrives_is_a_digit() {
        assert_eq!(Receiver::default().handle(9, *packets('#', 60).last().unwrap()), Some(digit('#')));
    }

    #[test]
    fn a_key_held_for_long_is_one_digit_in_segments() {
        let mut receiver = Receiver::default();
        let at = |duration, end| Payload { event: 1, end, volume: 10, duration };
        assert_eq!(receiver.handle(500, at(160, false)), Some(digit('1')));
        assert_eq!(receiver.handle(500, at(0xFFFF, false)), None);
        assert_eq!(receiver.handle(500 + 0xFFFF, at(160, false)), None);
        assert_eq!(receiver.handle(500 + 0xFFFF, at(800, true)), None);
        assert_eq!(receiver.handle(500 + 0xFFFF + 4000, at(160, false)), Some(digit('1')));
    }

    #[test]
    fn a_clock_that_leapt_back_does_not_silence_the_keys() {
        let mut receiver = Receiver::default();
        let begin = packets('7', 100)[0];
        assert_eq!(receiver.handle(1_000_000_000, begin), Some(digit('7')));
        assert_eq!(receiver.handle(1000, begin), Some(digit('7')));
    }

    #[test]
    fn other_events_are_no_digits() {
        assert_eq!(Receiver::default().handle(1, Payload { event: 16, end: false, volume: 0, duration: 0 }), None);
        assert_eq!(Payload::parse(&[1, 2, 3]), None);
    }

    proptest! {
        /// However the packets are lost, repeated or swapped: each event of which one packet came in time is one digit.
        #[test]
        fn loss_and_repetition_make_no_digit_and_lose_none(
            keys in prop::collection::vec(0u8..16, 1..8),
            fate in prop::collection::vec(0u8..4, 64),
        ) {
            let mut receiver = Receiver::default();
            let (mut heard, mut expected, mut at) = (Vec::new(), Vec::new(), 0);
            for (n, &key) in keys.iter().enumerate() {
                let digit = Digit::from_event(key).unwrap();
                let timestamp = (n as u32 * 2400).wrapping_add(u32::MAX - 3000);
                let mut arrived = false;
                for payload in packets(digit.as_char(), 100) {
                    for _ in 0..fate[at % fate.len()] {
                        heard.extend(receiver.handle(timestamp, payload));
                        arrived = true;
                    }
                    at += 1;
                }
                if arrived {
                    expected.push(digit);
                }
            }
            prop_assert_eq!(heard, expected);
        }
    }
}
