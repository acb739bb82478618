//! Which rule a form's field obeys.
//!
//! Each rule takes what was typed and gives the value to keep, or a [`FieldError`] that says what to do. [`Rule`] names the
//! rules, so that a page can check a field as its user leaves it, with the very rule the server will apply.

use crate::{error::FieldError, locale, numbers, sign_in};

/// A rule by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Anything, the empty text included.
    Any,
    /// [`name`].
    Name,
    /// [`optional_name`].
    OptionalName,
    /// [`email`].
    Email,
    /// [`optional_email`].
    OptionalEmail,
    /// [`numbers::ExtensionNumber`].
    Extension,
    /// [`numbers::DialCode`].
    Code,
    /// [`numbers::DtmfDigit`].
    Digit,
    /// [`sign_in::SignInName`].
    SignInName,
    /// [`sign_in::check_password`].
    Password,
    /// [`sip_prefix`].
    SipPrefix,
    /// [`locale::TimeZone`].
    TimeZone,
    /// [`optional_date`].
    OptionalDate,
    /// [`whole_number`] between these bounds.
    Whole(u32, u32),
}

impl Rule {
    /// Checks what was typed.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn check(self, typed: &str) -> Result<(), FieldError> {
        match self {
            Self::Any => Ok(()),
            Self::Name => name(typed).map(drop),
            Self::OptionalName => optional_name(typed).map(drop),
            Self::Email => email(typed).map(drop),
            Self::OptionalEmail => optional_email(typed).map(drop),
            Self::Extension => typed.parse::<numbers::ExtensionNumber>().map(drop).map_err(Into::into),
            Self::Code => typed.parse::<numbers::DialCode>().map(drop).map_err(Into::into),
            Self::Digit => typed.parse::<numbers::DtmfDigit>().map(drop).map_err(Into::into),
            Self::SignInName => typed.parse::<sign_in::SignInName>().map(drop),
            Self::Password => sign_in::check_password(typed),
            Self::SipPrefix => sip_prefix(typed).map(drop),
            Self::TimeZone => typed.parse::<locale::TimeZone>().map(drop),
            Self::OptionalDate => optional_date(typed).map(drop),
            Self::Whole(min, max) => whole_number(typed, min, max, "").map(drop),
        }
    }
}

/// Characters that a name can have.
pub const NAME_MAX: usize = 100;

/// A name: not empty, at most [`NAME_MAX`] characters, no control characters; surrounding spaces are dropped.
///
/// # Errors
/// What is wrong and what to do.
pub fn name(typed: &str) -> Result<String, FieldError> {
    let name = optional_name(typed)?;
    if name.is_empty() { Err(FieldError::new("Enter a name.")) } else { Ok(name) }
}

/// As [`name`], or empty.
///
/// # Errors
/// What is wrong and what to do.
pub fn optional_name(typed: &str) -> Result<String, FieldError> {
    let name = typed.trim();
    let length = name.chars().count();
    if length > NAME_MAX {
        return Err(FieldError::new(format!("Use at most {NAME_MAX} characters; this has {length}.")));
    }
    if name.chars().any(char::is_control) {
        return Err(FieldError::new("Remove line breaks and other control characters."));
    }
    Ok(name.into())
}

/// An e-mail address that can be written to: a name of 1 to 64 bytes without quotes, `@`, a domain with a dot, at most 254
/// bytes in all (RFC 5321 §4.1.2, §4.5.3.1). Letters of any script are welcome. Whether it exists only a mail can tell.
///
/// # Errors
/// What is wrong and what to do.
pub fn email(typed: &str) -> Result<String, FieldError> {
    let address = typed.trim();
    let sound = address.len() <= 254
        && address.split_once('@').is_some_and(|(local, domain)| {
            local.len() <= 64
                && local.split('.').all(|part| !part.is_empty() && part.chars().all(in_mailbox))
                && domain.contains('.')
                && domain.split('.').all(is_domain_label)
        });
    if sound { Ok(address.into()) } else { Err(FieldError::new("Enter an e-mail address such as name@example.com.")) }
}

/// Whether a character can stand in an unquoted mailbox name (`atext` of RFC 5322 §3.2.3, and RFC 6531's letters).
fn in_mailbox(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

/// Whether a text can stand between the dots of a domain (RFC 1035 §2.3.1, and letters of any script).
fn is_domain_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// As [`email`], or empty.
///
/// # Errors
/// What is wrong and what to do.
pub fn optional_email(typed: &str) -> Result<String, FieldError> {
    if typed.trim().is_empty() { Ok(String::new()) } else { email(typed) }
}

/// A customer's SIP prefix: its phones register as prefix + extension, e.g. `abc744`. 2 to 12 lower-case letters, so that
/// no prefix can be mistaken for a part of an extension.
///
/// # Errors
/// What is wrong and what to do.
pub fn sip_prefix(typed: &str) -> Result<String, FieldError> {
    let prefix = typed.trim();
    if (2..=12).contains(&prefix.len()) && prefix.chars().all(|c| c.is_ascii_lowercase()) {
        Ok(prefix.into())
    } else {
        Err(FieldError::new("Use 2 to 12 small letters from a to z, such as abc."))
    }
}

/// A whole number between two bounds, which the error names with its unit.
///
/// # Errors
/// What is wrong and what to do.
pub fn whole_number(typed: &str, min: u32, max: u32, unit: &str) -> Result<u32, FieldError> {
    typed.trim().parse::<u32>().ok().filter(|number| (min..=max).contains(number)).ok_or_else(|| {
        let space = if unit.is_empty() { "" } else { " " };
        FieldError::new(format!("Enter a whole number from {min} to {max}{space}{unit}."))
    })
}

/// A calendar day from the year 2000 to 9999 as `YYYY-MM-DD` (ISO 8601), or nothing.
///
/// # Errors
/// What is wrong and what to do.
pub fn optional_date(typed: &str) -> Result<Option<String>, FieldError> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    if is_day(typed) {
        Ok(Some(typed.into()))
    } else {
        Err(FieldError::new("Enter a day as year-month-day, such as 2027-03-31."))
    }
}

/// Whether a text is a day of the calendar, written `YYYY-MM-DD`.
fn is_day(text: &str) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else { return false };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u16, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u16::from(digit - b'0')))
    };
    let (Some(year), Some(month), Some(day)) = (number(&[y1, y2, y3, y4]), number(&[m1, m2]), number(&[d1, d2])) else {
        return false;
    };
    year >= 2000 && (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day)
}

/// Days of a month in the Gregorian calendar.
#[must_use]
pub const fn days_in_month(year: u16, month: u16) -> u16 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
