//! Currency of a customer; language and time zone of a customer or an administrator.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::FieldError;

/// A currency that customers are billed in (ISO 4217).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Euro.
    #[default]
    Eur,
    /// US dollar.
    Usd,
    /// Pound sterling.
    Gbp,
    /// Swiss franc.
    Chf,
    /// Polish złoty.
    Pln,
    /// Japanese yen (no minor unit).
    Jpy,
}

impl Currency {
    /// All currencies.
    pub const ALL: [Self; 6] = [Self::Eur, Self::Usd, Self::Gbp, Self::Chf, Self::Pln, Self::Jpy];

    /// The ISO 4217 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Eur => "EUR",
            Self::Usd => "USD",
            Self::Gbp => "GBP",
            Self::Chf => "CHF",
            Self::Pln => "PLN",
            Self::Jpy => "JPY",
        }
    }

    /// The currency of this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code() == code)
    }
}

/// The language and region in which dates and numbers are shown (BCP 47).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Locale {
    /// English, dates as 24 Nov 2026, 24-hour clock.
    #[default]
    #[serde(rename = "en-GB")]
    EnGb,
    /// English as in the United States, dates as Nov 24, 2026, 12-hour clock.
    #[serde(rename = "en-US")]
    EnUs,
    /// German conventions: 24.11.2026.
    #[serde(rename = "de-DE")]
    DeDe,
    /// French conventions: 24/11/2026.
    #[serde(rename = "fr-FR")]
    FrFr,
}

impl Locale {
    /// All locales.
    pub const ALL: [Self; 4] = [Self::EnGb, Self::EnUs, Self::DeDe, Self::FrFr];

    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::EnGb => "en-GB",
            Self::EnUs => "en-US",
            Self::DeDe => "de-DE",
            Self::FrFr => "fr-FR",
        }
    }

    /// The locale of this tag.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.tag() == tag)
    }

    /// The locale's name in the interface, with an example.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::EnGb => "United Kingdom (24 Nov 2026, 16:05)",
            Self::EnUs => "United States (Nov 24, 2026, 4:05 PM)",
            Self::DeDe => "Germany (24.11.2026, 16:05)",
            Self::FrFr => "France (24/11/2026 16:05)",
        }
    }
}

/// The name of a time zone in the IANA database, such as `Europe/Brussels`. Only its form is checked here; the server knows
/// which names exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(String);

impl TimeZone {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self("Europe/Brussels".into())
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TimeZone {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        let sound = !text.is_empty()
            && text.len() <= 64
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'))
            && (text.contains('/') || text == "UTC")
            && !text.starts_with('/')
            && !text.ends_with('/')
            && !text.contains("//");
        if sound {
            Ok(Self(text.into()))
        } else {
            Err(FieldError::new("Enter a time zone such as Europe/Brussels, or UTC."))
        }
    }
}

impl TryFrom<String> for TimeZone {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> Self {
        zone.0
    }
}
