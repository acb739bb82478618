//! Which currencies are there, how little and how much can be paid, and how is an amount written? After Stripe's page
//! *Supported currencies*: amounts are integers in the smallest unit.

use crate::api::error::ApiError;

/// Most of one payment: eight digits.
const MOST: i64 = 99_999_999;

/// Code, least payment in the smallest unit, decimals, sign.
const CURRENCIES: [(&str, i64, u32, &str); 24] = [
    ("aed", 200, 2, "AED "),
    ("aud", 50, 2, "A$"),
    ("bgn", 100, 2, "BGN "),
    ("brl", 50, 2, "R$"),
    ("cad", 50, 2, "CA$"),
    ("chf", 50, 2, "CHF "),
    ("czk", 1500, 2, "CZK "),
    ("dkk", 250, 2, "DKK "),
    ("eur", 50, 2, "€"),
    ("gbp", 30, 2, "£"),
    ("hkd", 400, 2, "HK$"),
    ("huf", 17_500, 2, "HUF "),
    ("inr", 50, 2, "₹"),
    ("jpy", 50, 0, "¥"),
    ("mxn", 1000, 2, "MX$"),
    ("myr", 200, 2, "MYR "),
    ("nok", 300, 2, "NOK "),
    ("nzd", 50, 2, "NZ$"),
    ("pln", 200, 2, "PLN "),
    ("ron", 200, 2, "RON "),
    ("sek", 300, 2, "SEK "),
    ("sgd", 50, 2, "SGD "),
    ("thb", 1000, 2, "THB "),
    ("usd", 50, 2, "$"),
];

/// The currency as it is kept: in small letters.
pub(crate) fn currency(given: &str) -> Result<&'static str, ApiError> {
    let small = given.to_ascii_lowercase();
    CURRENCIES.iter().find(|(code, ..)| *code == small).map(|(code, ..)| *code).ok_or_else(|| {
        let given: String = given.chars().take(10).collect();
        let codes: Vec<&str> = CURRENCIES.iter().map(|(code, ..)| *code).collect();
        ApiError::request(format!(
            "Invalid currency: {given}. Stripe currently supports these currencies: {}",
            codes.join(", ")
        ))
        .param("currency")
    })
}

/// Whether this much can be paid.
pub(crate) fn check(amount: i64, currency: &str) -> Result<(), ApiError> {
    let least = CURRENCIES.iter().find(|(code, ..)| *code == currency).map_or(50, |(_, least, ..)| *least);
    let refused = |code, message: String| Err(ApiError::request(message).code(code).param("amount"));
    if amount < 1 {
        return refused("parameter_invalid_integer", "This value must be greater than or equal to 1.".to_owned());
    }
    if amount < least {
        let least = written(least, currency);
        return refused("amount_too_small", format!("Amount must be at least {least} {currency}"));
    }
    if amount > MOST {
        let most = written(MOST, currency);
        return refused("amount_too_large", format!("Amount must be no more than {most} {currency}"));
    }
    Ok(())
}

/// `€120.00`
pub(crate) fn written(amount: i64, currency: &str) -> String {
    let (decimals, sign) = CURRENCIES
        .iter()
        .find(|(code, ..)| *code == currency)
        .map_or((2, ""), |(_, _, decimals, sign)| (*decimals, *sign));
    let unit = 10_i64.pow(decimals);
    let minus = if amount < 0 { "-" } else { "" };
    let (whole, rest) = (amount.unsigned_abs() / unit.unsigned_abs(), amount.unsigned_abs() % unit.unsigned_abs());
    // Thousands apart, as Stripe writes them.
    let mut digits = whole.to_string();
    for place in (1..digits.len()).rev().filter(|place| (digits.len() - place) % 3 == 0).collect::<Vec<_>>() {
        digits.insert(place, ',');
    }
    match decimals {
        0 => format!("{minus}{sign}{digits}"),
        _ => format!("{minus}{sign}{digits}.{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        assert_eq!(written(12_000, "eur"), "€120.00");
        assert_eq!(written(99_999_999, "usd"), "$999,999.99");
        assert_eq!(written(1_234_567, "jpy"), "¥1,234,567");
        assert_eq!(written(5, "gbp"), "£0.05");
    }

    #[test]
    fn too_little_and_too_much_cannot_be_paid() {
        assert!(check(50, "eur").is_ok() && check(49, "eur").is_err() && check(30, "gbp").is_ok());
        assert!(check(99_999_999, "eur").is_ok() && check(100_000_000, "eur").is_err() && check(0, "eur").is_err());
        assert_eq!(currency("EUR").unwrap(), "eur");
        assert!(currency("xyz").is_err());
    }
}
