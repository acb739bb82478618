//! What people type into the fields of a form: numbers, names, addresses, days.

use std::str::FromStr;

use proptest::prelude::*;
use tandem_domain::{
    field::{self, Rule},
    ids::{CustomerId, Timestamp},
    locale::{Currency, Locale, TimeZone},
    numbers::{DialCode, DtmfDigit, EMERGENCY_NUMBERS, ExtensionNumber, NumberError, PhoneNumber, is_emergency},
};

fn refusal<T: FromStr<Err = NumberError> + std::fmt::Debug>(typed: &str) -> String {
    typed.parse::<T>().expect_err("this is to be refused").to_string()
}

mod an_extension {
    use super::*;

    #[test]
    fn has_2_to_8_digits() {
        for number in ["10", "744", " 7700 ", "12345678", "07"] {
            assert_eq!(number.parse::<ExtensionNumber>().unwrap().as_str(), number.trim());
        }
        assert_eq!(refusal::<ExtensionNumber>(""), "Enter an extension.");
        assert_eq!(refusal::<ExtensionNumber>("7"), "Use 2 to 8 digits; this has 1.");
        assert_eq!(refusal::<ExtensionNumber>("123456789"), "Use 2 to 8 digits; this has 9.");
        assert_eq!(refusal::<ExtensionNumber>("*744"), "“*” cannot be dialled; use only the digits 0 to 9.");
        assert_eq!(refusal::<ExtensionNumber>("٧٤٤"), "“٧” cannot be dialled; use only the digits 0 to 9.");
    }

    #[test]
    fn is_never_a_number_that_calls_for_help() {
        for number in EMERGENCY_NUMBERS {
            assert!(is_emergency(number));
            let words = format!("{number} calls the emergency services; choose another number.");
            assert_eq!(refusal::<ExtensionNumber>(number), words);
        }
        assert!("1120".parse::<ExtensionNumber>().is_ok(), "whole numbers are compared");
    }

    #[test]
    fn does_not_begin_as_international_numbers_do() {
        let words = "International numbers begin with 00; choose a number that does not.";
        assert_eq!(refusal::<ExtensionNumber>("0032"), words);
    }
}

mod a_code_and_a_digit {
    use super::*;

    #[test]
    fn are_read_back_from_what_they_show() {
        for code in ["*90", "#1", "**", "*1234567"] {
            assert_eq!(code.parse::<DialCode>().unwrap().to_string(), code);
        }
        for key in "0123456789*#ABCD".chars() {
            assert_eq!(key.to_string().parse::<DtmfDigit>().unwrap().key(), key);
        }
        assert_eq!("d".parse::<DtmfDigit>().unwrap().key(), 'D');
    }

    #[test]
    fn are_checked_also_when_they_come_as_json() {
        assert_eq!(serde_json::to_string(&"*90".parse::<DialCode>().unwrap()).unwrap(), "\"*90\"");
        assert!(serde_json::from_str::<DialCode>("\"90\"").is_err());
        assert!(serde_json::from_str::<DtmfDigit>("\"12\"").is_err());
        assert!(serde_json::from_str::<ExtensionNumber>("\"112\"").is_err());
    }
}

mod a_public_number {
    use super::*;

    #[test]
    fn is_kept_in_international_form_however_it_is_written() {
        for written in
            ["+3225550744", "+32 2 555 07 44", "+32 (0)2/555.07.44", "+32‑2‑555‑0744", "\u{202a}+3225550744\u{202c}"]
        {
            assert_eq!(written.parse::<PhoneNumber>().unwrap().as_str(), "+3225550744", "{written}");
        }
    }

    #[test]
    fn has_a_plus_and_up_to_15_digits_the_first_not_zero() {
        assert!("+123456789012345".parse::<PhoneNumber>().is_ok());
        assert_eq!(refusal::<PhoneNumber>("+1234567890123456"), "Use 3 to 15 digits; this has 16.");
        assert_eq!(refusal::<PhoneNumber>("+12"), "Use 3 to 15 digits; this has 2.");
        for wrong in ["3225550744", "003225550744", "+03225550744", "tel:+3225550744"] {
            let words = "Enter the number in international form, such as +3225550744.";
            assert_eq!(refusal::<PhoneNumber>(wrong), words, "{wrong}");
        }
        assert_eq!(refusal::<PhoneNumber>(" "), "Enter a telephone number.");
        assert_eq!(refusal::<PhoneNumber>("+"), "Enter a telephone number.");
        let words = "“x” cannot be dialled; use only digits after the plus sign.";
        assert_eq!(refusal::<PhoneNumber>("+3225550744x1"), words);
        assert_eq!(refusal::<PhoneNumber>("+32+2"), "“+” cannot be dialled; use only digits after the plus sign.");
    }
}

mod a_name {
    use super::*;

    #[test]
    fn is_kept_without_the_spaces_around_it() {
        assert_eq!(field::name("  Zoë O’Brien \n").unwrap(), "Zoë O’Brien");
        assert_eq!(field::optional_name("  ").unwrap(), "");
    }

    #[test]
    fn is_not_empty_not_too_long_and_on_one_line() {
        assert_eq!(field::name(" ").unwrap_err().0, "Enter a name.");
        assert!(field::name(&"é".repeat(100)).is_ok(), "characters are counted, not bytes");
        assert_eq!(field::name(&"é".repeat(101)).unwrap_err().0, "Use at most 100 characters; this has 101.");
        assert_eq!(field::name("a\nb").unwrap_err().0, "Remove line breaks and other control characters.");
    }
}

mod an_email_address {
    use super::*;

    #[test]
    fn is_taken_as_people_have_them() {
        for address in [
            "mary@abc.example",
            " mary.smith+invoices@mail.abc-company.example ",
            "o'brien_1@x.co",
            "info@münchen.example",
            "用户@例子.公司",
        ] {
            assert_eq!(field::email(address).unwrap(), address.trim());
        }
        assert_eq!(field::optional_email(" ").unwrap(), "");
    }

    #[test]
    fn that_no_mail_could_reach_is_refused() {
        let long_name = format!("{}@abc.example", "a".repeat(65));
        let long_label = format!("mary@{}.example", "a".repeat(64));
        let long = format!("mary@{}example", "abcdefghij.".repeat(30));
        for address in [
            "",
            "mary",
            "mary@",
            "@abc.example",
            "mary@abc",
            "mary@@abc.example",
            "a@b@abc.example",
            "mary smith@abc.example",
            "mary@abc..example",
            "mary@.abc.example",
            "mary@abc.example.",
            "mary@-abc.example",
            "mary@abc_1.example",
            ".mary@abc.example",
            "mary.@abc.example",
            "ma..ry@abc.example",
            "Mary <mary@abc.example>",
            "a@abc.example,b@abc.example",
            "mary@abc.example\r\nBcc: all@abc.example",
            "\"mary\"@abc.example",
            "mary@[127.0.0.1]",
            &long_name,
            &long_label,
            &long,
        ] {
            let words = "Enter an e-mail address such as name@example.com.";
            assert_eq!(field::email(address).unwrap_err().0, words, "{address}");
        }
    }
}

mod a_day {
    use super::*;

    fn is_a_day(typed: &str) -> bool {
        field::optional_date(typed).is_ok()
    }

    #[test]
    fn is_year_month_day_or_nothing() {
        assert_eq!(field::optional_date(" 2027-03-31 ").unwrap().as_deref(), Some("2027-03-31"));
        assert_eq!(field::optional_date("  ").unwrap(), None);
        for wrong in [
            "31-03-2027",
            "2027-3-31",
            "2027/03/31",
            "2027-03-31T00:00",
            "20270331",
            "2027-+3-31",
            "2027-03-+1",
            "+202-03-31",
            "2027-00-01",
            "2027-13-01",
            "2027-03-00",
            "2027-04-31",
            "1999-12-31",
            "é027-03-3",
            "202é-03-1",
            "２０２７-03-31",
        ] {
            let words = "Enter a day as year-month-day, such as 2027-03-31.";
            assert_eq!(field::optional_date(wrong).unwrap_err().0, words, "{wrong}");
        }
    }

    #[test]
    fn is_the_29th_of_february_in_leap_years_alone() {
        assert!(is_a_day("2028-02-29") && is_a_day("2000-02-29") && is_a_day("2400-02-29"));
        assert!(!is_a_day("2027-02-29") && !is_a_day("2100-02-29"));
    }

    proptest! {
        #[test]
        fn exists_for_every_day_of_every_month_and_for_none_after_the_last(year in 2000..=9999_u16, month in 1..=12_u16) {
            let last = field::days_in_month(year, month);
            let day = |day: u16| format!("{year:04}-{month:02}-{day:02}");
            prop_assert!((1..=last).all(|number| is_a_day(&day(number))));
            prop_assert!(!is_a_day(&day(last + 1)) && !is_a_day(&day(0)));
        }
    }

    #[test]
    fn there_are_365_or_366_in_a_year() {
        let days = |year| (1..=12).map(|month| field::days_in_month(year, month)).sum::<u16>();
        assert_eq!([days(2027), days(2028), days(2100), days(2400)], [365, 366, 365, 366]);
    }
}

mod other_fields {
    use super::*;

    #[test]
    fn a_sip_prefix_is_2_to_12_small_letters() {
        assert_eq!(field::sip_prefix(" abc ").unwrap(), "abc");
        for wrong in ["", "a", "ABC", "abc1", "äbc", "abcdefghijklm"] {
            let words = "Use 2 to 12 small letters from a to z, such as abc.";
            assert_eq!(field::sip_prefix(wrong).unwrap_err().0, words, "{wrong}");
        }
    }

    #[test]
    fn a_whole_number_stays_in_its_bounds_which_the_words_name() {
        assert_eq!(field::whole_number(" 5 ", 5, 120, "seconds"), Ok(5));
        let words = |typed, unit| field::whole_number(typed, 5, 120, unit).unwrap_err().0;
        assert_eq!(words("4", "seconds"), "Enter a whole number from 5 to 120 seconds.");
        assert_eq!(words("5.5", ""), "Enter a whole number from 5 to 120.");
        assert_eq!(words("-5", ""), "Enter a whole number from 5 to 120.");
    }

    #[test]
    fn a_time_zone_has_the_form_of_the_iana_names() {
        for zone in ["Europe/Brussels", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5", " Asia/Tokyo "] {
            assert_eq!(zone.parse::<TimeZone>().unwrap().as_str(), zone.trim());
        }
        for zone in ["", "Brussels", "/etc/passwd", "Europe/", "Europe//Brussels", "../../etc/passwd", "Europe/Brüssel"]
        {
            let words = "Enter a time zone such as Europe/Brussels, or UTC.";
            assert_eq!(zone.parse::<TimeZone>().unwrap_err().0, words, "{zone}");
        }
    }

    #[test]
    fn currencies_and_locales_are_known_by_their_standard_names() {
        for currency in Currency::ALL {
            assert_eq!(Currency::from_code(currency.code()), Some(currency));
            assert_eq!(serde_json::to_value(currency).unwrap(), currency.code());
        }
        for locale in Locale::ALL {
            assert_eq!(Locale::from_tag(locale.tag()), Some(locale));
            assert_eq!(serde_json::to_value(locale).unwrap(), locale.tag());
        }
    }

    #[test]
    fn an_id_is_read_back_from_its_text_and_nothing_else_is_one() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(id.parse::<CustomerId>().unwrap().to_string(), id);
        let words = "“7” is not an id; follow a link instead of typing one";
        assert_eq!("7".parse::<CustomerId>().unwrap_err().to_string(), words);
        let long = "é".repeat(10_000).parse::<CustomerId>().unwrap_err();
        assert_eq!(long.0.chars().count(), 64, "an answer is not as long as what was asked");
    }

    #[test]
    fn the_ends_of_time_stay_where_they_are() {
        assert_eq!(Timestamp(i64::MAX).plus_seconds(1), Timestamp(i64::MAX));
        assert_eq!(Timestamp(0).plus_seconds(i64::MIN), Timestamp(i64::MIN));
        assert_eq!(Timestamp(61_999).seconds_since(Timestamp(0)), 61);
        assert!(Timestamp(i64::MAX).seconds_since(Timestamp(i64::MIN)) > 0);
    }
}

/// The rules with words of their own.
const RULES: [Rule; 13] = [
    Rule::Name,
    Rule::OptionalName,
    Rule::Email,
    Rule::OptionalEmail,
    Rule::Extension,
    Rule::Code,
    Rule::Digit,
    Rule::SignInName,
    Rule::Password,
    Rule::SipPrefix,
    Rule::TimeZone,
    Rule::OptionalDate,
    Rule::Whole(5, 120),
];

/// Texts near to what the rules take, and any others.
fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "\\PC{0,40}",
        "[0-9*#+éa-z@. -]{0,12}",
        "[0-9é]{2,4}-[0-9é+]{1,2}-[0-9é]{1,2}",
        "[+0-9() ]{0,20}"
    ]
}

proptest! {
    #[test]
    fn no_text_is_too_strange_for_a_rule_and_every_refusal_is_a_sentence(typed in anything()) {
        prop_assert_eq!(Rule::Any.check(&typed), Ok(()));
        for rule in RULES {
            if let Err(error) = rule.check(&typed) {
                prop_assert!(error.0.ends_with('.') && error.0.chars().count() <= 100, "{:?}: {}", rule, error);
                prop_assert!(error.0.starts_with(|c: char| c.is_uppercase() || c == '“' || c.is_ascii_digit()), "{}", error);
            }
        }
    }

    #[test]
    fn what_a_rule_keeps_it_takes_again_unchanged(typed in anything()) {
        if let Ok(number) = typed.parse::<PhoneNumber>() {
            prop_assert_eq!(number.as_str().parse::<PhoneNumber>(), Ok(number.clone()));
        }
        if let Ok(number) = typed.parse::<ExtensionNumber>() {
            prop_assert_eq!(number.as_str().parse::<ExtensionNumber>(), Ok(number.clone()));
        }
        for rule in [field::optional_name, field::optional_email, field::sip_prefix] {
            if let Ok(kept) = rule(&typed) {
                prop_assert_eq!(rule(&kept), Ok(kept.clone()));
            }
        }
    }
}
