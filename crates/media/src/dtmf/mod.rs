//! DTMF: what a digit is, as named events (RFC 4733) and as tones (ITU-T Q.23).

pub mod codes;
pub mod detect;
pub mod event;
pub mod tone;

use std::fmt;

/// One of the sixteen keys: `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digit(u8);

/// The keys in the order of their event codes (RFC 4733 §3.2, table 3).
const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

impl Digit {
    /// The digit of this key; letters in either case.
    #[must_use]
    pub fn new(key: char) -> Option<Self> {
        Self::from_event(u8::try_from(KEYS.iter().position(|&k| k == key.to_ascii_uppercase())?).ok()?)
    }

    /// The digit of this event code (RFC 4733 §3.2): 0 to 15.
    #[must_use]
    pub const fn from_event(code: u8) -> Option<Self> {
        if code < 16 { Some(Self(code)) } else { None }
    }

    /// Its event code, 0 to 15.
    #[must_use]
    pub const fn event(self) -> u8 {
        self.0
    }

    /// Its key.
    #[must_use]
    pub const fn as_char(self) -> char {
        KEYS[self.0 as usize & 15]
    }
}

impl From<Digit> for char {
    fn from(digit: Digit) -> Self {
        digit.as_char()
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({})", self.as_char())
    }
}

/// How a digit came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DigitSource {
    /// As a named event (RFC 4733).
    Rfc4733,
    /// As a tone in the audio.
    InBand,
    /// In a SIP INFO request (RFC 6086), told by [`Engine::press`](crate::Engine::press).
    Info,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_event_code_and_back() {
        for code in 0..16 {
            let digit = Digit::from_event(code).unwrap();
            assert_eq!(Digit::new(digit.as_char()), Some(digit));
        }
        assert_eq!(Digit::new('d').unwrap().event(), 15);
        assert_eq!((Digit::new('x'), Digit::new('é'), Digit::from_event(16)), (None, None, None));
    }
}
