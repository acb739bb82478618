//! Dates and times in the reader's own words: their locale's order and clock, their time zone.
//!
//! Done on the server, because the time zone database would double the browser's WebAssembly.

use jiff::{fmt::strtime, tz::TimeZone};
use tandem_domain::{
    error::FieldError,
    ids::Timestamp,
    locale::{self, Locale},
};

/// A moment to the minute: "24 Nov 2026, 16:05".
#[must_use]
pub fn time(at: Timestamp, locale: Locale, zone: &locale::TimeZone) -> String {
    let pattern = match locale {
        Locale::EnGb => "%-d %b %Y, %H:%M",
        Locale::EnUs => "%b %-d, %Y, %-I:%M %p",
        Locale::DeDe => "%d.%m.%Y, %H:%M",
        Locale::FrFr => "%d/%m/%Y %H:%M",
    };
    print(at, pattern, zone)
}

/// A moment to the second, for logs: "24 Nov 2026, 16:05:09".
#[must_use]
pub fn time_with_seconds(at: Timestamp, locale: Locale, zone: &locale::TimeZone) -> String {
    let pattern = match locale {
        Locale::EnGb => "%-d %b %Y, %H:%M:%S",
        Locale::EnUs => "%b %-d, %Y, %-I:%M:%S %p",
        Locale::DeDe => "%d.%m.%Y, %H:%M:%S",
        Locale::FrFr => "%d/%m/%Y %H:%M:%S",
    };
    print(at, pattern, zone)
}

/// A moment as its day and its time to the second: "24 Nov 2026" and "16:05:09".
#[must_use]
pub fn day_and_time(at: Timestamp, locale: Locale, zone: &locale::TimeZone) -> (String, String) {
    let clock = match locale {
        Locale::EnUs => "%-I:%M:%S %p",
        Locale::EnGb | Locale::DeDe | Locale::FrFr => "%H:%M:%S",
    };
    (day(&today(at, zone), locale), print(at, clock, zone))
}

/// A calendar day, given as `YYYY-MM-DD`: "24 Nov 2026". What is no day stays as it is.
#[must_use]
pub fn day(iso: &str, locale: Locale) -> String {
    let pattern = match locale {
        Locale::EnGb => "%-d %b %Y",
        Locale::EnUs => "%b %-d, %Y",
        Locale::DeDe => "%d.%m.%Y",
        Locale::FrFr => "%d/%m/%Y",
    };
    iso.parse::<jiff::civil::Date>()
        .ok()
        .and_then(|day| strtime::format(pattern, day).ok())
        .unwrap_or_else(|| iso.to_owned())
}

/// The calendar day in a time zone, as `YYYY-MM-DD`.
#[must_use]
pub fn today(now: Timestamp, zone: &locale::TimeZone) -> String {
    print(now, "%Y-%m-%d", zone)
}

/// When the day of this moment began in a time zone.
#[must_use]
pub fn midnight(now: Timestamp, zone: &locale::TimeZone) -> Timestamp {
    let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default().to_zoned(zone_of(zone));
    moment.start_of_day().map_or(now, |day| Timestamp(day.timestamp().as_millisecond()))
}

/// The locale that was chosen in a form.
///
/// # Errors
/// There is none of this tag.
pub fn known_locale(tag: &str) -> Result<Locale, FieldError> {
    Locale::from_tag(tag).ok_or_else(|| FieldError::new("Choose a format from the list."))
}

/// The time zone that was typed into a form.
///
/// # Errors
/// There is none of this name.
pub fn known_zone(name: &str) -> Result<locale::TimeZone, FieldError> {
    let zone: locale::TimeZone = name.parse()?;
    TimeZone::get(zone.as_str())
        .map_err(|_| FieldError::new("There is no such time zone; choose one such as Europe/Brussels."))?;
    Ok(zone)
}

/// A stored time zone; UTC, with a warning, when this machine knows none of its name.
pub fn zone_of(zone: &locale::TimeZone) -> TimeZone {
    TimeZone::get(zone.as_str()).unwrap_or_else(|error| {
        tracing::warn!(%error, zone = zone.as_str(), "a time zone is unknown here; times are told in UTC");
        TimeZone::UTC
    })
}

fn print(at: Timestamp, pattern: &str, zone: &locale::TimeZone) -> String {
    let zone = zone_of(zone);
    jiff::Timestamp::from_millisecond(at.0)
        .ok()
        .and_then(|moment| strtime::format(pattern, &moment.to_zoned(zone)).ok())
        .unwrap_or_default()
}
