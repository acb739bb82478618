//! Extensions, dial codes, DTMF digits and E.164 numbers: what can be dialled, as types.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::FieldError;

/// Why a text is not a number of the kind that was asked for. The words are for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing was typed.
    #[error("Enter {0}.")]
    Empty(&'static str),
    /// A character that no telephone has a key for.
    #[error("“{0}” cannot be dialled; use only {1}.")]
    Undiallable(char, &'static str),
    /// Too short or too long.
    #[error("Use {1} to {2} characters; this has {0}.")]
    Length(usize, usize, usize),
    /// An E.164 number without its plus sign or with a leading zero.
    #[error("Enter the number in international form, such as +3225550744.")]
    NotInternational,
}

impl From<NumberError> for FieldError {
    fn from(error: NumberError) -> Self {
        Self(error.to_string())
    }
}

/// Checks length and alphabet, the two things that all kinds of number have in common.
fn check(text: &str, what: &'static str, keys: &'static str, allowed: fn(char) -> bool, max: usize) -> Result<(), NumberError> {
    if text.is_empty() {
        return Err(NumberError::Empty(what));
    }
    if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
        return Err(NumberError::Undiallable(bad, keys));
    }
    if text.len() > max {
        return Err(NumberError::Length(text.len(), 1, max));
    }
    Ok(())
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

/// The number of an account or a huntgroup inside its customer: 2 to 8 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExtensionNumber(String);
number_type!(ExtensionNumber);

impl FromStr for ExtensionNumber {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let text = text.trim();
        check(text, "an extension", "the digits 0 to 9", |c| c.is_ascii_digit(), 8)?;
        if text.len() < 2 {
            return Err(NumberError::Length(text.len(), 2, 8));
        }
        Ok(Self(text.into()))
    }
}

/// A service code or a prefix, such as `*90`: 1 to 8 of the keys 0–9, `*` and `#`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DialCode(String);
number_type!(DialCode);

impl FromStr for DialCode {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let text = text.trim();
        check(text, "a code, such as *90", "0 to 9, * and #", |c| c.is_ascii_digit() || c == '*' || c == '#', 8)?;
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
        const KEYS: &str = "one of the keys 0 to 9, *, # and A to D";
        let mut keys = text.trim().chars();
        let Some(key) = keys.next() else { return Err(NumberError::Empty("a digit")) };
        if keys.next().is_some() {
            return Err(NumberError::Length(text.trim().chars().count(), 1, 1));
        }
        match key.to_ascii_uppercase() {
            key @ ('0'..='9' | '*' | '#' | 'A'..='D') => Ok(Self(key)),
            other => Err(NumberError::Undiallable(other, KEYS)),
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
        let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
        if compact.is_empty() {
            return Err(NumberError::Empty("a telephone number"));
        }
        let digits = compact.strip_prefix('+').ok_or(NumberError::NotInternational)?;
        check(digits, "a telephone number", "digits after the plus sign", |c| c.is_ascii_digit(), 15)?;
        if digits.starts_with('0') || digits.len() < 3 {
            return Err(NumberError::NotInternational);
        }
        Ok(Self(compact))
    }
}

/// Numbers that always reach the emergency services, whatever the status of the caller (EU-wide 112, and the national ones
/// that telephones commonly dial). They are also what no code may begin.
pub const EMERGENCY_NUMBERS: [&str; 8] = ["112", "911", "999", "110", "118", "100", "101", "000"];

/// Whether this is dialled to call for help.
#[must_use]
pub fn is_emergency(dialled: &str) -> bool {
    EMERGENCY_NUMBERS.contains(&dialled)
}
