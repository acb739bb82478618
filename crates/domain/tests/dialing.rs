//! What a dialling rule accepts, and what the exchange then does with what people dial.

use proptest::prelude::*;
use tandem_domain::{
    dialing::{CodeField, ECHO_TEST, Meaning, PbxCodes},
    error::FieldErrors,
    numbers::{EMERGENCY_NUMBERS, ExtensionNumber, PhoneNumber},
    supervision::Mode,
};

/// The default codes with some typed over.
fn typed(changes: &[(CodeField, &str)]) -> Result<PbxCodes, FieldErrors> {
    PbxCodes::parse(|field| {
        let change = changes.iter().find(|(changed, _)| *changed == field);
        change.map_or(field.default_code(), |(_, code)| code).to_owned()
    })
}

/// The words beside a field after typing these codes over the default ones.
fn refusal(changes: &[(CodeField, &str)], field: CodeField) -> String {
    let errors = typed(changes).expect_err("these codes are to be refused");
    errors.get(field.key()).unwrap_or_else(|| panic!("{field:?} has no words: {errors}")).to_owned()
}

fn meaning(dialled: &str) -> Meaning {
    PbxCodes::default().meaning(dialled)
}

fn extension(number: &str) -> ExtensionNumber {
    number.parse().expect("an extension")
}

fn public(number: &str) -> Meaning {
    Meaning::Public(number.parse::<PhoneNumber>().expect("a public number"))
}

mod what_a_rule_accepts {
    use super::*;

    #[test]
    fn the_defaults_are_the_codes_of_the_product() {
        let codes = PbxCodes::default();
        let texts: Vec<String> = CodeField::ALL.into_iter().map(|field| codes.get(field)).collect();
        assert_eq!(texts, ["*90", "*91", "*92", "0", "1", "2", "*44", "*45"]);
        assert_eq!(codes.prefix(Mode::Whisper).as_str(), "*91");
        assert_eq!(codes.digit(Mode::BargeIn).key(), '2');
    }

    #[test]
    fn a_customer_changes_the_prefixes_to_21_22_23_and_the_digits_to_1_2_3() {
        let codes = typed(&[
            (CodeField::SpyPrefix, "*21"),
            (CodeField::WhisperPrefix, "*22"),
            (CodeField::BargeInPrefix, "*23"),
            (CodeField::SpyDigit, "1"),
            (CodeField::WhisperDigit, "2"),
            (CodeField::BargeInDigit, "3"),
        ])
        .unwrap();
        assert_eq!(codes.meaning("*22744"), Meaning::Supervise(Mode::Whisper, extension("744")));
        assert_eq!(codes.meaning("*91744"), Meaning::Unknown, "the old prefix means nothing any more");
    }

    #[test]
    fn spaces_around_a_code_and_small_letters_of_a_digit_are_forgiven() {
        let codes = typed(&[(CodeField::SpyPrefix, "  #7 "), (CodeField::SpyDigit, " a ")]).unwrap();
        assert_eq!(codes.get(CodeField::SpyPrefix), "#7");
        assert_eq!(codes.get(CodeField::SpyDigit), "A");
    }

    #[test]
    fn codes_of_the_longest_length_fit() {
        assert!(typed(&[(CodeField::SpyPrefix, "*1234567"), (CodeField::RecordStart, "#1234567")]).is_ok());
    }
}

mod what_a_rule_refuses {
    use super::*;

    #[test]
    fn equal_codes_are_refused_at_both_fields() {
        let same = [(CodeField::WhisperPrefix, "*90")];
        assert_eq!(refusal(&same, CodeField::WhisperPrefix), "*90 is already “Spy prefix”; choose another.");
        assert_eq!(refusal(&same, CodeField::SpyPrefix), "*90 is already “Whisper prefix”; choose another.");
        assert_eq!(
            refusal(&[(CodeField::BargeInDigit, "0")], CodeField::BargeInDigit),
            "0 is already “Switch to spy”; choose another."
        );
        assert_eq!(
            refusal(&[(CodeField::RecordStop, "*44")], CodeField::RecordStop),
            "*44 is already “Start recording”; choose another."
        );
    }

    #[test]
    fn digits_are_equal_in_small_and_capital_letters() {
        let same = [(CodeField::SpyDigit, "b"), (CodeField::WhisperDigit, "B")];
        assert_eq!(refusal(&same, CodeField::WhisperDigit), "B is already “Switch to spy”; choose another.");
    }

    #[test]
    fn one_code_does_not_both_join_a_call_and_start_a_recording() {
        assert_eq!(
            refusal(&[(CodeField::SpyPrefix, "*44")], CodeField::SpyPrefix),
            "*44 is already “Start recording”; choose another."
        );
    }

    #[test]
    fn a_code_that_is_the_start_of_another_is_refused_whichever_was_typed() {
        let shorter = [(CodeField::WhisperPrefix, "*9")];
        assert_eq!(
            refusal(&shorter, CodeField::WhisperPrefix),
            "This is the start of “Spy prefix” (*90) and would be taken for it; choose another."
        );
        assert_eq!(
            refusal(&shorter, CodeField::SpyPrefix),
            "“Whisper prefix” (*9) is the start of this code and would be taken for it; choose another."
        );
        let longer = [(CodeField::SpyPrefix, "*917")];
        assert_eq!(
            refusal(&longer, CodeField::SpyPrefix),
            "“Whisper prefix” (*91) is the start of this code and would be taken for it; choose another."
        );
        let recording = [(CodeField::RecordStop, "*441")];
        assert_eq!(
            refusal(&recording, CodeField::RecordStop),
            "“Start recording” (*44) is the start of this code and would be taken for it; choose another."
        );
    }

    #[test]
    fn a_digit_that_begins_a_recording_code_is_refused_for_both_are_pressed_in_a_call() {
        let star = [(CodeField::SpyDigit, "*")];
        assert_eq!(
            refusal(&star, CodeField::SpyDigit),
            "This is the start of “Start recording” (*44) and would be taken for it; choose another."
        );
        assert_eq!(
            refusal(&star, CodeField::RecordStart),
            "“Switch to spy” (*) is the start of this code and would be taken for it; choose another."
        );
    }

    #[test]
    fn a_digit_may_be_the_start_of_a_prefix_for_they_are_never_waited_for_together() {
        assert!(
            typed(&[(CodeField::SpyDigit, "*"), (CodeField::RecordStart, "#4"), (CodeField::RecordStop, "#5")]).is_ok()
        );
    }

    #[test]
    fn an_empty_code_is_refused() {
        for nothing in ["", "   ", "\t"] {
            assert_eq!(refusal(&[(CodeField::SpyPrefix, nothing)], CodeField::SpyPrefix), "Enter a code, such as *90.");
            assert_eq!(refusal(&[(CodeField::SpyDigit, nothing)], CodeField::SpyDigit), "Enter a digit.");
        }
    }

    #[test]
    fn what_no_phone_has_a_key_for_is_refused_and_shown() {
        let keys = "cannot be dialled; use only the keys 0 to 9, * and #.";
        for (code, shown) in [
            ("*9x", "“x”"),
            ("+90", "“+”"),
            ("*9 0", "A space"),
            ("*９0", "“９”"),
            ("*9\u{200b}0", "A character in this"),
        ] {
            assert_eq!(refusal(&[(CodeField::SpyPrefix, code)], CodeField::SpyPrefix), format!("{shown} {keys}"));
        }
        assert_eq!(
            refusal(&[(CodeField::SpyDigit, "e")], CodeField::SpyDigit),
            "“e” cannot be dialled; use only one of the keys 0 to 9, *, # and A to D."
        );
        assert!(typed(&[(CodeField::SpyPrefix, "*9A")]).is_err(), "keys A to D are no part of a dialled code");
    }

    #[test]
    fn codes_that_are_too_long_or_a_single_key_are_refused() {
        assert_eq!(
            refusal(&[(CodeField::SpyPrefix, "*12345678")], CodeField::SpyPrefix),
            "Use 2 to 8 keys; this has 9."
        );
        assert_eq!(refusal(&[(CodeField::RecordStop, "#")], CodeField::RecordStop), "Use 2 to 8 keys; this has 1.");
        assert_eq!(refusal(&[(CodeField::SpyDigit, "12")], CodeField::SpyDigit), "Enter one key only; this has 2.");
    }

    #[test]
    fn codes_of_digits_alone_are_refused_for_they_would_hide_numbers() {
        for code in ["90", "112", "00", "744", "0032"] {
            for field in [CodeField::SpyPrefix, CodeField::RecordStart] {
                assert_eq!(
                    refusal(&[(field, code)], field),
                    "Begin the code with * or #, so that it is never taken for a number."
                );
            }
        }
    }

    #[test]
    fn a_prefix_that_would_hide_the_echo_test_is_refused() {
        for prefix in ["*4", "*43"] {
            assert_eq!(
                refusal(&[(CodeField::SpyPrefix, prefix)], CodeField::SpyPrefix),
                "This would hide the echo test *43; choose another."
            );
        }
        assert!(typed(&[(CodeField::SpyPrefix, "*431")]).is_ok(), "what only begins as the echo test does not hide it");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let errors = typed(&[
            (CodeField::SpyPrefix, ""),
            (CodeField::WhisperPrefix, "*9?"),
            (CodeField::SpyDigit, "12"),
            (CodeField::RecordStop, "*44"),
        ])
        .unwrap_err();
        let fields: Vec<&str> = errors.0.keys().map(String::as_str).collect();
        assert_eq!(fields, ["record_start", "record_stop", "spy_digit", "spy_prefix", "whisper_prefix"]);
    }

    #[test]
    fn a_code_that_cannot_be_read_is_not_compared_with_others() {
        let errors = typed(&[(CodeField::SpyPrefix, "*91x")]).unwrap_err();
        assert_eq!(errors.0.len(), 1, "only the unreadable code is told: {errors}");
    }
}

mod what_a_dialled_number_means {
    use super::*;

    #[test]
    fn a_prefix_and_an_extension_join_that_extensions_call() {
        assert_eq!(meaning("*90744"), Meaning::Supervise(Mode::Spy, extension("744")));
        assert_eq!(meaning("*91744"), Meaning::Supervise(Mode::Whisper, extension("744")));
        assert_eq!(meaning("*92744"), Meaning::Supervise(Mode::BargeIn, extension("744")));
    }

    #[test]
    fn a_prefix_without_an_extension_asks_whom() {
        for dialled in ["*90", "*90#", "*907", "*90*", "*90+32", "*90112", "*90123456789"] {
            assert_eq!(meaning(dialled), Meaning::SuperviseWhom(Mode::Spy), "{dialled}");
        }
    }

    #[test]
    fn an_extension_and_a_huntgroup_are_called() {
        assert_eq!(meaning("744"), Meaning::Extension(extension("744")));
        assert_eq!(meaning("7700"), Meaning::Extension(extension("7700")));
    }

    #[test]
    fn a_public_number_is_called_with_plus_or_with_00() {
        assert_eq!(meaning("+3225550744"), public("+3225550744"));
        assert_eq!(meaning("003225550744"), public("+3225550744"));
        assert_eq!(meaning("0032255"), public("+32255"), "as short as an extension, but no extension begins with 00");
    }

    #[test]
    fn numbers_are_understood_as_people_write_and_copy_them() {
        for dialled in [
            "+32 2 555 07 44",
            "+32 (0)2 555-07-44",
            "0032 2/555.07.44",
            "\u{202a}+32\u{a0}2‑555‑0744\u{202c}",
            " (+32) 25550744",
        ] {
            assert_eq!(meaning(dialled), public("+3225550744"), "{dialled}");
        }
        assert_eq!(meaning(" 7 44 "), Meaning::Extension(extension("744")));
        assert_eq!(meaning("*90 744"), Meaning::Supervise(Mode::Spy, extension("744")));
    }

    #[test]
    fn a_hash_at_the_end_says_dial_now() {
        assert_eq!(meaning("744#"), Meaning::Extension(extension("744")));
        assert_eq!(meaning("*90744#"), Meaning::Supervise(Mode::Spy, extension("744")));
        assert_eq!(meaning("003225550744#"), public("+3225550744"));
        assert_eq!(meaning("112#"), Meaning::Emergency("112".into()));
        assert_eq!(meaning("*43#"), Meaning::EchoTest);
    }

    #[test]
    fn a_code_that_ends_with_a_hash_is_still_a_code() {
        let codes = typed(&[(CodeField::SpyPrefix, "*9#"), (CodeField::RecordStart, "*44#")]).unwrap();
        assert_eq!(codes.meaning("*9#744"), Meaning::Supervise(Mode::Spy, extension("744")));
        assert_eq!(codes.meaning("*9#"), Meaning::SuperviseWhom(Mode::Spy));
        assert_eq!(codes.meaning("*44#"), Meaning::OnlyDuringCall);
    }

    #[test]
    fn a_recording_code_means_something_during_a_call_alone() {
        assert_eq!(meaning("*44"), Meaning::OnlyDuringCall);
        assert_eq!(meaning("*45"), Meaning::OnlyDuringCall);
        assert_eq!(meaning("*441"), Meaning::Unknown);
    }

    #[test]
    fn a_call_for_help_is_understood_however_it_is_written() {
        for dialled in ["112", " 1 1 2 ", "1-1-2", "+112", "112#"] {
            assert_eq!(meaning(dialled), Meaning::Emergency("112".into()), "{dialled}");
        }
    }

    #[test]
    fn nothing_and_nonsense_are_told_apart() {
        for nothing in ["", " ", "\u{200b}"] {
            assert_eq!(meaning(nothing), Meaning::Nothing);
        }
        for nonsense in
            ["#", "*", "7", "+", "00", "0000", "hello", "١١٢", "744;ext=1", "🦀", "+0032", "123456789", "*99744"]
        {
            assert_eq!(meaning(nonsense), Meaning::Unknown, "{nonsense}");
        }
    }
}

/// Rules as people might make them: short codes, so that they often stand close to each other.
fn any_accepted_rule() -> impl Strategy<Value = PbxCodes> {
    let codes = prop::collection::vec("[*#][0-9*#]{1,3}", 5);
    let digits = Just("0123456789*#ABCD".chars().collect::<Vec<_>>()).prop_shuffle();
    (codes, digits).prop_filter_map("collides", |(codes, digits)| {
        let [spy, whisper, barge_in, start, stop] = <[String; 5]>::try_from(codes).ok()?;
        PbxCodes::parse(|field| match field {
            CodeField::SpyPrefix => spy.clone(),
            CodeField::WhisperPrefix => whisper.clone(),
            CodeField::BargeInPrefix => barge_in.clone(),
            CodeField::SpyDigit => digits[0].to_string(),
            CodeField::WhisperDigit => digits[1].to_string(),
            CodeField::BargeInDigit => digits[2].to_string(),
            CodeField::RecordStart => start.clone(),
            CodeField::RecordStop => stop.clone(),
        })
        .ok()
    })
}

fn any_extension() -> impl Strategy<Value = ExtensionNumber> {
    "[0-9]{2,8}".prop_filter_map("not an extension", |text| text.parse().ok())
}

/// What may be dialled: mostly keys, at times anything.
fn anything() -> impl Strategy<Value = String> {
    prop_oneof!["[*#+0-9]{0,12}", "[*#]{0,2}[0-9]{0,4}[#]{0,2}", ".{0,20}"]
}

proptest! {
    #[test]
    fn no_rule_stands_before_a_call_for_help(codes in any_accepted_rule(), hash in "#{0,2}") {
        for number in EMERGENCY_NUMBERS {
            prop_assert_eq!(codes.meaning(&format!("{number}{hash}")), Meaning::Emergency(number.into()));
        }
    }

    #[test]
    fn the_echo_test_is_always_reachable(codes in any_accepted_rule()) {
        prop_assert_eq!(codes.meaning(ECHO_TEST), Meaning::EchoTest);
    }

    #[test]
    fn each_prefix_with_an_extension_means_exactly_its_mode(codes in any_accepted_rule(), extension in any_extension()) {
        for mode in Mode::ALL {
            let dialled = format!("{}{extension}", codes.prefix(mode));
            if dialled == ECHO_TEST { continue }
            prop_assert_eq!(codes.meaning(&dialled), Meaning::Supervise(mode, extension.clone()));
        }
    }

    #[test]
    fn no_rule_hides_an_extension_or_a_public_number(
        codes in any_accepted_rule(),
        extension in any_extension(),
        digits in "[1-9][0-9]{6,14}",
    ) {
        prop_assert_eq!(codes.meaning(extension.as_str()), Meaning::Extension(extension.clone()));
        prop_assert_eq!(codes.meaning(&format!("+{digits}")), public(&format!("+{digits}")));
        prop_assert_eq!(codes.meaning(&format!("00{digits}")), public(&format!("+{digits}")));
    }

    #[test]
    fn no_dialled_number_joins_calls_in_two_modes(codes in any_accepted_rule(), tail in anything()) {
        for mode in Mode::ALL {
            let dialled = format!("{}{tail}", codes.prefix(mode));
            let others = Mode::ALL.into_iter().filter(|other| dialled.starts_with(codes.prefix(*other).as_str()));
            prop_assert_eq!(others.collect::<Vec<_>>(), [mode]);
        }
    }

    #[test]
    fn no_key_pressed_in_a_call_both_switches_the_mode_and_begins_a_recording_code(codes in any_accepted_rule()) {
        for mode in Mode::ALL {
            for code in [&codes.record_start, &codes.record_stop] {
                prop_assert!(!code.as_str().starts_with(codes.digit(mode).key()));
            }
        }
    }

    #[test]
    fn an_accepted_rule_typed_again_is_the_same_rule(codes in any_accepted_rule()) {
        prop_assert_eq!(PbxCodes::parse(|field| codes.get(field)), Ok(codes));
    }

    #[test]
    fn a_rule_survives_the_way_to_the_browser_and_back(codes in any_accepted_rule()) {
        let json = serde_json::to_string(&codes).unwrap();
        prop_assert_eq!(serde_json::from_str::<PbxCodes>(&json).unwrap(), codes);
    }

    #[test]
    fn no_dialled_text_is_too_strange_for_an_answer(codes in any_accepted_rule(), dialled in anything()) {
        let _ = codes.meaning(&dialled);
    }

    #[test]
    fn no_typed_codes_are_too_strange_for_an_answer_and_every_refusal_has_words(
        typed in prop::collection::vec(prop_oneof!["[*#0-9a-dA-D ]{0,4}", ".{0,12}"], 8),
    ) {
        let code = |field| typed[CodeField::ALL.iter().position(|of| *of == field).unwrap()].clone();
        if let Err(errors) = PbxCodes::parse(code) {
            prop_assert!(!errors.is_empty());
            for (field, words) in &errors.0 {
                prop_assert!(CodeField::ALL.iter().any(|known| known.key() == field));
                prop_assert!(words.ends_with('.') && words.chars().count() <= 120, "{}", words);
            }
        }
    }
}
