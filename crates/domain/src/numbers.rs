//! Extensions, dial codes, DTMF digits and E.164 numbers: what can be dialled, as types.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::FieldError;

/// Why a text is not a number of the kind that was asked for. The words are for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing was typed.
    #[error("Enter {0}.")]
    Empty(&'static str),
    /// A character that no telephone has a key for.
    #[error("{} cannot be dialled; use only {keys}.", in_words(*.character))]
    Undiallable {
        /// The character.
        character: char,
        /// The keys that there are.
        keys: &'static str,
    },
    /// Too short or too long.
    #[error("Use {} to {} {unit}; this has {length}.", allowed.start(), allowed.end())]
    Length {
        /// How many there are.
        length: usize,
        /// How many there may be.
        allowed: RangeInclusive<usize>,
        /// What is counted.
        unit: &'static str,
    },
    /// More than one key where one is pressed.
    #[error("Enter one key only; this has {0}.")]
    ManyKeys(usize),
    /// A code that could be a number which people call, or which they press in another party's voice menu.
    #[error("Begin the code with * or #, so that it is never taken for a number.")]
    DigitsAlone,
    /// An extension that nobody could call, for its number calls for help.
    #[error("{0} calls the emergency services; choose another number.")]
    Emergency(String),
    /// An extension that nobody could call, for its number begins as international ones do.
    #[error("International numbers begin with 00; choose a number that does not.")]
    LooksInternational,
    /// An E.164 number without its plus sign or with a leading zero.
    #[error("Enter the number in international form, such as +3225550744.")]
    NotInternational,
}

impl From<NumberError> for FieldError {
    fn from(error: NumberError) -> Self {
        Self(error.to_string())
    }
}

/// A character as an error can show it.
fn in_words(c: char) -> String {
    if c.is_whitespace() {
        "A space".into()
    } else if c.is_ascii_graphic() || c.is_alphanumeric() {
        format!("“{c}”")
    } else {
        "A character in this".into()
    }
}

/// Checks length and alphabet, the two things that all kinds of number have in common.
fn check(
    text: &str,
    what: &'static str,
    (allowed_keys, keys): (fn(char) -> bool, &'static str),
    (allowed, unit): (RangeInclusive<usize>, &'static str),
) -> Result<(), NumberError> {
    if text.is_empty() {
        return Err(NumberError::Empty(what));
    }
    if let Some(character) = text.chars().find(|c| !allowed_keys(*c)) {
        return Err(NumberError::Undiallable { character, keys });
    }
    if !allowed.contains(&text.len()) {
        return Err(NumberError::Length { length: text.len(), allowed, unit });
    }
    Ok(())
}

/// A number without the marks that people write between its digits: spaces, the visual separators of RFC 3966 §5.1.1, the
/// `(0)` of `+32 (0)2 555 07 44`, and the invisible direction marks that come along when a number is copied.
#[must_use]
pub fn compact(written: &str) -> String {
    let strip = |text: &str| text.chars().filter(|c| !is_mark(*c)).collect::<String>();
    let number = strip(written);
    if number.starts_with('+') || number.starts_with("00") { strip(&written.replace("(0)", "")) } else { number }
}

/// Whether a character stands between digits for the eye alone.
fn is_mark(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{ad}' | '\u{2010}'..='\u{2015}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

macro_rules! number_type {
    ($name:ident) => {
        impl $name {
            /// The number as it is dialled.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NumberError;
            fn try_from(text: String) -> Result<Self, NumberError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(number: $name) -> Self {
                number.0
            }
        }
    };
}

/// The number of an account or a huntgroup inside its customer: 2 to 8 digits, neither an emergency number nor beginning
/// with 00, so that whoever dials it reaches it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExtensionNumber(String);
number_type!(ExtensionNumber);

impl ExtensionNumber {
    /// The numbers after this one that extensions can have, in order; as many digits at least.
    pub fn following(&self) -> impl Iterator<Item = Self> {
        let (digits, number) = (self.0.len(), self.0.parse::<u32>().unwrap_or(u32::MAX));
        let longest = 10_u32.pow(8);
        (number.saturating_add(1)..longest).filter_map(move |number| format!("{number:0digits$}").parse().ok())
    }
}

impl FromStr for ExtensionNumber {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let text = text.trim();
        check(text, "an extension", (|c| c.is_ascii_digit(), "the digits 0 to 9"), (2..=8, "digits"))?;
        if is_emergency(text) {
            return Err(NumberError::Emergency(text.into()));
        }
        if text.starts_with("00") {
            return Err(NumberError::LooksInternational);
        }
        Ok(Self(text.into()))
    }
}

/// A service code or a prefix, such as `*90`: 2 to 8 of the keys 0–9, `*` and `#`, the first `*` or `#`.
///
/// Digits alone would hide extensions, public numbers and emergency numbers from an idle phone, and during a call they are
/// what people press in the other party's voice menu. A single key is pressed there too ("end with the hash key").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DialCode(String);
number_type!(DialCode);

impl FromStr for DialCode {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let text = text.trim();
        let is_key = |c: char| c.is_ascii_digit() || c == '*' || c == '#';
        check(text, "a code, such as *90", (is_key, "the keys 0 to 9, * and #"), (2..=8, "keys"))?;
        if !text.starts_with(['*', '#']) {
            return Err(NumberError::DigitsAlone);
        }
        Ok(Self(text.into()))
    }
}

/// One DTMF digit that a telephone can send during a call: 0–9, `*`, `#`, and A–D (RFC 4733 §2.3.1, events 0 to 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DtmfDigit(char);

impl DtmfDigit {
    /// The key, `A` to `D` in upper case.
    #[must_use]
    pub const fn key(self) -> char {
        self.0
    }
}

impl fmt::Display for DtmfDigit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for DtmfDigit {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let mut keys = text.trim().chars();
        let Some(key) = keys.next() else { return Err(NumberError::Empty("a digit")) };
        match (key.to_ascii_uppercase(), keys.count()) {
            (key @ ('0'..='9' | '*' | '#' | 'A'..='D'), 0) => Ok(Self(key)),
            (_, 0) => Err(NumberError::Undiallable { character: key, keys: "one of the keys 0 to 9, *, # and A to D" }),
            (_, more) => Err(NumberError::ManyKeys(more + 1)),
        }
    }
}

impl TryFrom<String> for DtmfDigit {
    type Error = NumberError;
    fn try_from(text: String) -> Result<Self, NumberError> {
        text.parse()
    }
}

impl From<DtmfDigit> for String {
    fn from(digit: DtmfDigit) -> Self {
        digit.0.into()
    }
}

/// A public number in international form: a plus sign and 3 to 15 digits, the first not zero (ITU-T E.164 §6.2.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);
number_type!(PhoneNumber);

impl FromStr for PhoneNumber {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let number = compact(text);
        if number.is_empty() {
            return Err(NumberError::Empty("a telephone number"));
        }
        let digits = number.strip_prefix('+').ok_or(NumberError::NotInternational)?;
        let is_key = |c: char| c.is_ascii_digit();
        check(digits, "a telephone number", (is_key, "digits after the plus sign"), (3..=15, "digits"))?;
        if digits.starts_with('0') {
            return Err(NumberError::NotInternational);
        }
        Ok(Self(number))
    }
}

/// Numbers that always reach the emergency services, whatever the status of the caller (EU-wide 112, and the national ones
/// that telephones commonly dial). No code begins with a digit and no extension is one of these, so nothing stands before them.
pub const EMERGENCY_NUMBERS: [&str; 8] = ["112", "911", "999", "110", "118", "100", "101", "000"];

/// Whether this is dialled to call for help.
#[must_use]
pub fn is_emergency(dialled: &str) -> bool {
    EMERGENCY_NUMBERS.contains(&dialled)
}
