//! What a good sign-in name and password are, and how long a guesser must wait.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{error::FieldError, ids::Timestamp};

/// The name that a person signs in with: 2 to 64 of a–z, 0–9, `.`, `_`, `-`, `@`; unique over administrators, customers and
/// accounts; upper and lower case are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignInName(String);

impl SignInName {
    /// The name in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SignInName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SignInName {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let name = text.trim().to_ascii_lowercase();
        let sound = (2..=64).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@'));
        if sound {
            Ok(Self(name))
        } else {
            Err(FieldError::new(
                "Use 2 to 64 characters: letters from a to z, digits, dots, dashes, underscores and @.",
            ))
        }
    }
}

impl TryFrom<String> for SignInName {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}

impl From<SignInName> for String {
    fn from(name: SignInName) -> Self {
        name.0
    }
}

/// Characters that a password has at least (NIST SP 800-63B §3.1.1.2 asks for 8; we ask for more).
pub const PASSWORD_MIN: usize = 10;
/// Characters that a password has at most, so that hashing it stays bounded.
pub const PASSWORD_MAX: usize = 128;

/// What makes a long password easy.
pub const PASSWORD_ADVICE: &str = "a few words are easy to remember";

/// What a form says beside a new password: how long it has to be, and this advice.
#[must_use]
pub fn password_help(advice: &str) -> String {
    ["At least ", &PASSWORD_MIN.to_string(), " characters; ", advice, "."].concat()
}

/// Checks a new password: length, and not one that everybody tries first. No rules about kinds of characters (NIST SP
/// 800-63B advises against them).
///
/// # Errors
/// What is wrong and what to do.
pub fn check_password(password: &str) -> Result<(), FieldError> {
    let length = password.chars().count();
    if length < PASSWORD_MIN {
        return Err(FieldError::new(format!("Use at least {PASSWORD_MIN} characters; {PASSWORD_ADVICE}.")));
    }
    if length > PASSWORD_MAX {
        return Err(FieldError::new(format!("Use at most {PASSWORD_MAX} characters.")));
    }
    let mut chars = password.chars();
    let first = chars.next();
    let all_same = chars.all(|c| Some(c) == first);
    if all_same || COMMON.iter().any(|common| password.eq_ignore_ascii_case(common)) {
        return Err(FieldError::new("This password is among the first that attackers try; choose another."));
    }
    Ok(())
}

/// Passwords of at least [`PASSWORD_MIN`] characters that head the published lists of leaked ones.
const COMMON: [&str; 20] = [
    "1234567890",
    "0123456789",
    "12345678910",
    "123456789a",
    "1q2w3e4r5t",
    "1qaz2wsx3edc",
    "password12",
    "password123",
    "password1234",
    "passw0rd123",
    "qwertyuiop",
    "qwerty12345",
    "qwerty123456",
    "iloveyou12",
    "abcdefghij",
    "abcd123456",
    "administrator",
    "letmein123",
    "welcome123",
    "changeme123",
];

/// Failed attempts that cost nothing, per sign-in name and network. Not per name alone: anybody could keep somebody signed
/// out whose name they know.
pub const FREE_ATTEMPTS_PER_NAME_AND_NETWORK: u32 = 5;
/// Failed attempts that cost nothing, per sign-in name, wherever they come from: many machines guessing one password are
/// slowed, and it takes many to keep its owner waiting.
pub const FREE_ATTEMPTS_PER_NAME: u32 = 100;
/// Failed attempts that cost nothing, per client address: an office shares one.
pub const FREE_ATTEMPTS_PER_ADDRESS: u32 = 20;
/// The longest wait, in seconds.
pub const WAIT_MAX_SECONDS: i64 = 15 * 60;
/// After this long without a failure, failures are forgotten, in seconds.
pub const FORGET_SECONDS: i64 = 60 * 60;

/// Failures of one name or one address so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How many in a row.
    pub count: u32,
    /// When the last was.
    pub last: Timestamp,
}

impl Failures {
    /// How many seconds from `now` the next attempt must wait: none after the first `free` failures; then 1 s, doubling with
    /// each failure up to [`WAIT_MAX_SECONDS`], counted from the last failure. Part of a second counts as one.
    #[must_use]
    pub fn wait_seconds(self, free: u32, now: Timestamp) -> i64 {
        let Some(doublings) = self.count.saturating_sub(free).checked_sub(1) else { return 0 };
        let wait = 2_i64.saturating_pow(doublings).min(WAIT_MAX_SECONDS);
        let left = self.last.plus_seconds(wait).0.saturating_sub(now.0).clamp(0, wait * 1000);
        (left + 999) / 1000
    }

    /// The failures after one more at `now`; old ones are forgotten first.
    #[must_use]
    pub fn after_one_more(previous: Option<Self>, now: Timestamp) -> Self {
        let count = match previous {
            Some(failures) if now.seconds_since(failures.last) < FORGET_SECONDS => failures.count.saturating_add(1),
            Some(_) | None => 1,
        };
        Self { count, last: now }
    }
}
