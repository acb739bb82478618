//! Is a digit part of a code, and so nobody's but the exchange's, or is it meant for the other party?
//!
//! Nobody knows at the first digit of `*44`. So digits that may begin a code are held: until the code is complete, until
//! a digit comes that fits none, or until [`TIMEOUT`] after the last one. What turns out to be no code is released, in
//! order.

use std::time::{Duration, Instant};

use super::Digit;

/// So long after the last digit, a code that is not complete is none. Asterisk's `featuredigittimeout` is 1 s, which people
/// with a keypad on a screen are often too slow for.
pub const TIMEOUT: Duration = Duration::from_millis(1_500);
/// The longest code; a longer one is never pressed.
const LONGEST: usize = 32;
/// Codes that count.
const MOST: usize = 32;

/// What becomes of digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// These were held and are no code: they go on, in this order, before whatever follows.
    Release(Vec<Digit>),
    /// The digits up to here are this code, counted from 0.
    Code(usize),
    /// The digit that was just pressed begins no code: it goes on.
    Pass,
    /// The digit that was just pressed may belong to a code.
    Hold,
}

/// Collects the digits of one leg.
#[derive(Debug, Clone, Default)]
pub struct Collector {
    codes: Vec<Vec<Digit>>,
    held: Vec<Digit>,
    deadline: Option<Instant>,
}

impl Collector {
    /// Listens for these codes. One with other characters than digits, an empty one and one that begins with another is
    /// never pressed.
    #[must_use]
    pub fn new(codes: &[String]) -> Self {
        let parse = |code: &String| {
            let digits: Option<Vec<Digit>> = code.chars().take(LONGEST + 1).map(Digit::new).collect();
            digits.filter(|digits| digits.len() <= LONGEST).unwrap_or_default()
        };
        Self { codes: codes.iter().take(MOST).map(parse).collect(), held: Vec::new(), deadline: None }
    }

    /// Whether these are the codes it listens for.
    #[must_use]
    pub fn listens_for(&self, codes: &[String]) -> bool {
        Self::new(codes).codes == self.codes
    }

    /// A digit was pressed. The last decision is about this digit and is never a release; those before are about digits
    /// that were held.
    pub fn press(&mut self, now: Instant, digit: Digit) -> Vec<Decision> {
        let mut decisions = Vec::with_capacity(2);
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            decisions.extend(self.release().map(Decision::Release));
        }
        self.held.push(digit);
        // What is to be judged, from its first digit on: after a release the rest is judged anew.
        let (digits, mut begin, mut released) = (std::mem::take(&mut self.held), 0, Vec::new());
        let mut end = begin + 1;
        while begin < digits.len() {
            let candidate = &digits[begin..end];
            if let Some(code) = self.codes.iter().position(|code| code == candidate) {
                if !released.is_empty() {
                    decisions.push(Decision::Release(std::mem::take(&mut released)));
                }
                decisions.push(Decision::Code(code));
                (begin, end) = (end, end + 1);
            } else if !self.codes.iter().any(|code| code.starts_with(candidate)) {
                released.push(digits[begin]);
                begin += 1;
                end = begin + 1;
            } else if end == digits.len() {
                break;
            } else {
                end += 1;
            }
        }
        let holds = begin < digits.len();
        let passes = !holds && released.pop().is_some();
        if !released.is_empty() {
            decisions.push(Decision::Release(released));
        }
        if holds {
            self.held.extend_from_slice(&digits[begin..]);
            decisions.push(Decision::Hold);
        } else if passes {
            decisions.push(Decision::Pass);
        }
        self.deadline = holds.then(|| now + TIMEOUT);
        decisions
    }

    /// When what is held is released, unless something is pressed.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The time is this: gives what was held for too long.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Vec<Digit>> {
        if self.deadline? <= now { self.release() } else { None }
    }

    /// Gives all that is held.
    pub fn release(&mut self) -> Option<Vec<Digit>> {
        self.deadline = None;
        Some(std::mem::take(&mut self.held)).filter(|held| !held.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn collector(codes: &[&str]) -> Collector {
        Collector::new(&codes.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    fn text(digits: &[Digit]) -> String {
        digits.iter().map(|&digit| char::from(digit)).collect()
    }

    /// What becomes of keys that are pressed at once: `[n]` is a code, `(…)` is released, `.` is held, the key itself passes.
    fn pressed(collector: &mut Collector, now: Instant, keys: &str) -> String {
        let mut told = String::new();
        for key in keys.chars() {
            for decision in collector.press(now, Digit::new(key).unwrap()) {
                match decision {
                    Decision::Release(digits) => told += &format!("({})", text(&digits)),
                    Decision::Code(code) => told += &format!("[{code}]"),
                    Decision::Pass => told.push(key),
                    Decision::Hold => told.push('.'),
                }
            }
        }
        told
    }

    #[test]
    fn codes_are_collected_and_other_digits_pass() {
        let now = Instant::now();
        let collect = |keys| pressed(&mut collector(&["*44", "*45"]), now, keys);
        assert_eq!(collect("*44"), "..[0]");
        assert_eq!(collect("*45*44"), "..[1]..[0]");
        assert_eq!(collect("1234"), "1234");
        assert_eq!(collect("*46"), "..(*4)6");
        assert_eq!(collect("*4*44"), "..(*4)..[0]");
        assert_eq!(collect("**44"), ".(*)..[0]", "what is left may begin a code");
        assert_eq!(collect("*4"), "..");
    }

    #[test]
    fn a_code_inside_of_what_was_no_code_is_one() {
        let now = Instant::now();
        assert_eq!(pressed(&mut collector(&["1234", "23"]), now, "1239"), "...(1)[1]9");
        assert_eq!(pressed(&mut collector(&["#", "#1", "", "x"]), now, "#1x".trim_end_matches('x')), "[0]1");
        assert_eq!(pressed(&mut collector(&[]), now, "*44"), "*44");
    }

    #[test]
    fn what_is_not_completed_in_time_is_released_in_order() {
        let now = Instant::now();
        let mut collector = collector(&["*44"]);
        assert_eq!(pressed(&mut collector, now, "*"), ".");
        let later = now + TIMEOUT - Duration::from_millis(1);
        assert_eq!(collector.handle_timeout(later), None);
        assert_eq!(pressed(&mut collector, later, "4"), ".", "the time begins anew");
        assert_eq!(collector.deadline(), Some(later + TIMEOUT));
        assert_eq!(collector.handle_timeout(later + TIMEOUT).map(|held| text(&held)), Some("*4".to_owned()));
        assert_eq!((collector.deadline(), collector.release()), (None, None));
        assert_eq!(pressed(&mut collector, now, "*"), ".");
        // A shell that is late tells the digit before the time-out.
        assert_eq!(pressed(&mut collector, now + TIMEOUT, "4"), "(*)4");
    }

    proptest! {
        /// For any codes, digits and times: what is released, what passes and the digits of codes are the digits pressed,
        /// in order, and nothing is held for longer than the time-out.
        #[test]
        fn nothing_is_lost_nothing_comes_twice_and_nothing_is_held_for_ever(
            codes in prop::collection::vec("[*4-6]{0,4}", 0..4),
            pressed in prop::collection::vec((prop::sample::select(vec!['*', '4', '5', '6', '1']), 0u64..2_000), 0..60),
        ) {
            let mut collector = Collector::new(&codes);
            let mut now = Instant::now();
            let (mut before, mut after, mut since) = (String::new(), String::new(), now);
            for (key, wait) in pressed {
                let then = now + Duration::from_millis(wait);
                if let Some(deadline) = collector.deadline() {
                    prop_assert_eq!(deadline, since + TIMEOUT);
                    if deadline <= then && wait % 2 == 0 {
                        after += &text(&collector.handle_timeout(deadline).unwrap());
                        prop_assert_eq!(&after, &before);
                    }
                }
                now = then;
                before.push(key);
                let decisions = collector.press(now, Digit::new(key).unwrap());
                prop_assert!(!matches!(decisions.last(), None | Some(Decision::Release(_))));
                for (n, decision) in decisions.iter().enumerate() {
                    match decision {
                        Decision::Release(digits) => after += &text(digits),
                        Decision::Code(code) => after += &codes[*code],
                        Decision::Pass => after.push(key),
                        Decision::Hold => since = now,
                    }
                    prop_assert!(n + 1 == decisions.len() || !matches!(decision, Decision::Pass | Decision::Hold));
                }
                prop_assert!(before.starts_with(&after));
                match decisions.last() {
                    Some(Decision::Hold) => prop_assert!(after.len() < before.len()),
                    _ => prop_assert_eq!(&after, &before),
                }
            }
            after += &text(&collector.release().unwrap_or_default());
            prop_assert_eq!(after, before);
        }
    }
}
