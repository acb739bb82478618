//! What an amount is, typed, shown and added.

use std::cmp::Ordering;

use proptest::prelude::*;
use tandem_domain::{
    locale::{Currency, Locale},
    money::{Money, PAYMENT_MAX, TYPED_MAX},
};

const fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

#[test]
fn an_amount_is_typed_with_two_decimals_or_none() {
    for (typed, minor) in [
        ("120", 12_000),
        ("120.00", 12_000),
        (" 120,00 ", 12_000),
        ("0.5", -1),
        ("0.50", 50),
        ("007", 700),
        ("0", 0),
        ("9999999999.99", TYPED_MAX),
    ] {
        let parsed = Money::parse(typed, Currency::Eur);
        assert_eq!(parsed.ok(), (minor >= 0).then_some(eur(minor)), "{typed}");
    }
    for wrong in ["1,200.50", "1.200", "1 200", "-5", "+5", "1e3", "€5", "5.", ".50", "1.2.3", "٣", "0x10", "12.345"]
    {
        assert!(Money::parse(wrong, Currency::Eur).is_err(), "{wrong}");
    }
    assert_eq!(Money::parse("", Currency::Eur).unwrap_err().0, "Enter an amount.");
    assert_eq!(Money::parse("10000000000.00", Currency::Eur).unwrap_err().0, "Enter at most 9999999999.99.");
    assert_eq!(Money::parse("99999999999999999999", Currency::Eur).unwrap_err().0, "Enter at most 9999999999.99.");
}

#[test]
fn yen_have_no_decimals() {
    assert_eq!(Money::parse("1200", Currency::Jpy), Ok(Money::new(1200, Currency::Jpy)));
    for wrong in ["1200.00", "1200.", "1,200"] {
        assert_eq!(
            Money::parse(wrong, Currency::Jpy).unwrap_err().0,
            "Enter an amount such as 1200: digits only.",
            "{wrong}"
        );
    }
    assert_eq!(Money::new(1200, Currency::Jpy).plain(), "1200");
}

#[test]
fn a_payment_is_neither_too_small_nor_too_large_for_the_processor() {
    assert_eq!(eur(50).payable(), Ok(eur(50)));
    assert_eq!(eur(PAYMENT_MAX).payable(), Ok(eur(PAYMENT_MAX)));
    for wrong in [i64::MIN, -1, 0, 49, PAYMENT_MAX + 1] {
        assert_eq!(eur(wrong).payable().unwrap_err().0, "A payment is from EUR 0.50 to EUR 999999.99.");
    }
    let yen = |minor| Money::new(minor, Currency::Jpy).payable();
    assert!(yen(50).is_ok() && yen(49).is_err());
    for currency in Currency::ALL {
        assert!(Money::new(currency.least_payment(), currency).payable().is_ok(), "{currency:?}");
    }
}

#[test]
fn two_currencies_do_not_add_up() {
    let usd = Money::new(1, Currency::Usd);
    assert_eq!((eur(1).plus(usd), eur(1).minus(usd), eur(1).compare(usd)), (None, None, None));
    assert_eq!(eur(1).plus(eur(2)), Some(eur(3)));
    assert_eq!(eur(1).minus(eur(2)), Some(eur(-1)));
    assert_eq!(eur(1).compare(eur(2)), Some(Ordering::Less));
    assert_eq!((eur(i64::MAX).plus(eur(1)), eur(i64::MIN).minus(eur(1)), eur(i64::MIN).negated()), (None, None, None));
}

#[test]
fn an_amount_is_written_as_its_reader_writes_it() {
    let amount = eur(123_456_750);
    assert_eq!(amount.in_locale(Locale::EnGb), "€1,234,567.50");
    assert_eq!(amount.in_locale(Locale::DeDe), "1.234.567,50\u{a0}€");
    assert_eq!(amount.in_locale(Locale::FrFr), "1\u{202f}234\u{202f}567,50\u{a0}€");
    assert_eq!(eur(-5).in_locale(Locale::EnUs), "-€0.05");
    assert_eq!(Money::new(100_000, Currency::Chf).in_locale(Locale::EnGb), "CHF\u{a0}1,000.00");
    assert_eq!(Money::new(-1000, Currency::Jpy).in_locale(Locale::EnGb), "-¥1,000");
    assert_eq!(eur(12_000).to_string(), "EUR 120.00");
    assert_eq!(
        (eur(-50).plain(), eur(5).plain(), eur(100_000).plain()),
        ("-0.50".into(), "0.05".into(), "1000.00".into())
    );
}

proptest! {
    #[test]
    fn what_is_shown_can_be_typed(minor in 0..=TYPED_MAX, currency in prop::sample::select(&Currency::ALL[..])) {
        let money = Money::new(minor, currency);
        prop_assert_eq!(Money::parse(&money.plain(), currency), Ok(money));
    }

    #[test]
    fn nothing_that_is_typed_or_shown_panics(typed in ".{0,40}", minor in any::<i64>(), currency in prop::sample::select(&Currency::ALL[..])) {
        let _ = Money::parse(&typed, currency).and_then(Money::payable);
        let money = Money::new(minor, currency);
        for locale in Locale::ALL {
            prop_assert!(!money.in_locale(locale).is_empty());
        }
    }
}
