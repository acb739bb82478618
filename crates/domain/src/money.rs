//! What is an amount of money, typed, shown and added.
//!
//! An amount is a whole number of the currency's smallest unit (ISO 4217: cents, or yen), never a fraction. Sums are checked:
//! two currencies do not add up, and neither does what is beyond an `i64`.

use std::{cmp::Ordering, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    error::FieldError,
    locale::{Currency, Locale},
};

/// The largest amount of one payment, in minor units: eight digits, as Stripe takes them (API reference, "Create a
/// PaymentIntent", `amount`). 999,999.99, or ¥99,999,999.
pub const PAYMENT_MAX: i64 = 99_999_999;

/// The largest amount that can be typed, in minor units.
pub const TYPED_MAX: i64 = 999_999_999_999;

impl Currency {
    /// Digits after the decimal point (ISO 4217).
    #[must_use]
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Eur | Self::Usd | Self::Gbp | Self::Chf | Self::Pln => 2,
            Self::Jpy => 0,
        }
    }

    /// Minor units in one unit: 100, or 1.
    #[must_use]
    pub const fn minor_in_unit(self) -> i64 {
        10_i64.pow(self.decimals())
    }

    /// The smallest payment that is taken, in minor units (Stripe, "Minimum and maximum charge amounts").
    #[must_use]
    pub const fn least_payment(self) -> i64 {
        match self {
            Self::Eur | Self::Usd | Self::Chf | Self::Jpy => 50,
            Self::Gbp => 30,
            Self::Pln => 200,
        }
    }

    /// What stands beside an amount: "€", or the code where there is no sign that everybody knows.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Eur => "€",
            Self::Usd => "$",
            Self::Gbp => "£",
            Self::Jpy => "¥",
            Self::Chf | Self::Pln => self.code(),
        }
    }
}

/// An amount of money. It is not ordered, for amounts of two currencies have no order: see [`Money::compare`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// In the currency's smallest unit; negative for what goes the other way.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// So many of the smallest unit.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// What somebody typed: digits, and either nothing behind them or a point or comma with exactly the currency's decimals:
    /// "120", "120.00", "120,00". Not negative; nothing between the thousands, since "1.200" would mean two things.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn parse(typed: &str, currency: Currency) -> Result<Self, FieldError> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(FieldError::new("Enter an amount."));
        }
        let (units, fraction) = typed.split_once(['.', ',']).map_or((typed, None), |(units, rest)| (units, Some(rest)));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let decimals = currency.decimals() as usize;
        let sound = digits(units) && fraction.is_none_or(|text| digits(text) && text.len() == decimals);
        if !sound {
            return Err(FieldError::new(if decimals == 0 {
                "Enter an amount such as 1200: digits only."
            } else {
                "Enter an amount such as 1200 or 1200.50, with two decimals or none and nothing between the thousands."
            }));
        }
        let too_large = || FieldError::new(format!("Enter at most {}.", Self::new(TYPED_MAX, currency).plain()));
        // What does not fit into an i64 is too large in any case.
        let units: i64 = units.parse().map_err(|_| too_large())?;
        let fraction: i64 = fraction.unwrap_or("0").parse().map_err(|_| too_large())?;
        let minor = units.checked_mul(currency.minor_in_unit()).and_then(|minor| minor.checked_add(fraction));
        minor.filter(|minor| *minor <= TYPED_MAX).map(|minor| Self::new(minor, currency)).ok_or_else(too_large)
    }

    /// The amount, if one payment can be of it: from [`Currency::least_payment`] to [`PAYMENT_MAX`].
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn payable(self) -> Result<Self, FieldError> {
        let (least, most) = (self.currency.least_payment(), PAYMENT_MAX);
        if (least..=most).contains(&self.minor) {
            return Ok(self);
        }
        let bounds = [least, most].map(|minor| Self::new(minor, self.currency).plain());
        let code = self.currency.code();
        Err(FieldError::new(format!("A payment is from {code} {} to {code} {}.", bounds[0], bounds[1])))
    }

    /// Whether there is anything of it.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum; `None` for two currencies, or beyond an `i64`.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let minor = self.minor.checked_add(other.minor)?;
        (self.currency == other.currency).then_some(Self { minor, ..self })
    }

    /// The difference; `None` for two currencies, or beyond an `i64`.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let minor = self.minor.checked_sub(other.minor)?;
        (self.currency == other.currency).then_some(Self { minor, ..self })
    }

    /// As much the other way; `None` beyond an `i64`.
    #[must_use]
    pub fn negated(self) -> Option<Self> {
        Some(Self { minor: self.minor.checked_neg()?, ..self })
    }

    /// Which is more; `None` for two currencies.
    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.minor.cmp(&other.minor))
    }

    /// The number alone, as [`Money::parse`] reads it: "120.00", "-0.50", "1200" yen.
    #[must_use]
    pub fn plain(self) -> String {
        self.written("", ".")
    }

    /// The amount as people of this region write it: "€1,200.50", "1.200,50 €". No line breaks inside it.
    #[must_use]
    pub fn in_locale(self, locale: Locale) -> String {
        let sign = self.currency.sign();
        match locale {
            Locale::EnGb | Locale::EnUs => {
                let space = if sign.len() == 3 && sign.is_ascii() { "\u{a0}" } else { "" };
                let minus = if self.minor < 0 { "-" } else { "" };
                let number = self.written(",", ".");
                format!("{minus}{sign}{space}{}", number.trim_start_matches('-'))
            }
            Locale::DeDe => format!("{}\u{a0}{sign}", self.written(".", ",")),
            Locale::FrFr => format!("{}\u{a0}{sign}", self.written("\u{202f}", ",")),
        }
    }

    fn written(self, thousands: &str, point: &str) -> String {
        let per_unit = self.currency.minor_in_unit().unsigned_abs();
        let (units, fraction) = (self.minor.unsigned_abs() / per_unit, self.minor.unsigned_abs() % per_unit);
        let digits = units.to_string();
        let mut text = String::from(if self.minor < 0 { "-" } else { "" });
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push_str(thousands);
            }
            text.push(digit);
        }
        let decimals = self.currency.decimals() as usize;
        if decimals > 0 {
            text.push_str(&format!("{point}{fraction:0decimals$}"));
        }
        text
    }
}

impl fmt::Display for Money {
    /// "EUR 120.00": for logs and texts that have no reader's region.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency.code(), self.plain())
    }
}
