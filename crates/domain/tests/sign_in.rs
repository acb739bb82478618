//! Which names and passwords are taken, and how long a guesser waits.

use proptest::prelude::*;
use tandem_domain::{
    ids::Timestamp,
    sign_in::{
        FORGET_SECONDS, FREE_ATTEMPTS_PER_NAME_AND_NETWORK, Failures, PASSWORD_MAX, PASSWORD_MIN, SignInName,
        WAIT_MAX_SECONDS, check_password,
    },
};

const NOON: Timestamp = Timestamp(1_800_000_000_000);

mod a_sign_in_name {
    use super::*;

    #[test]
    fn is_the_same_in_small_and_capital_letters() {
        let name: SignInName = " Mary.Smith@ABC-1.example ".parse().unwrap();
        assert_eq!(name.as_str(), "mary.smith@abc-1.example");
        assert_eq!(name, "MARY.SMITH@abc-1.EXAMPLE".parse().unwrap());
    }

    #[test]
    fn has_2_to_64_characters_that_every_keyboard_has() {
        for name in ["ab", "a_b", "744", &"a".repeat(64)] {
            assert!(name.parse::<SignInName>().is_ok(), "{name}");
        }
        for name in ["", "a", "a b", "jürgen", "a\u{200b}b", "a/b", "<a>", "İstanbul", "١٢", &"a".repeat(65)] {
            let words = "Use 2 to 64 characters: letters from a to z, digits, dots, dashes, underscores and @.";
            assert_eq!(name.parse::<SignInName>().unwrap_err().0, words, "{name}");
        }
    }

    #[test]
    fn is_checked_also_when_it_comes_as_json() {
        assert_eq!(serde_json::from_str::<SignInName>("\"ADMIN\"").unwrap().as_str(), "admin");
        assert!(serde_json::from_str::<SignInName>("\"a b\"").is_err());
    }

    proptest! {
        #[test]
        fn read_again_is_the_same(text in ".{0,70}") {
            if let Ok(name) = text.parse::<SignInName>() {
                prop_assert_eq!(name.as_str().parse::<SignInName>(), Ok(name.clone()));
            }
        }
    }
}

mod a_password {
    use super::*;

    fn refusal(password: &str) -> String {
        check_password(password).expect_err("this password is to be refused").0
    }

    #[test]
    fn of_a_few_words_is_welcome_and_so_are_spaces_and_any_script() {
        for password in
            ["tandem-demo", "correct horse battery", "pässwörter für alle", "パスワードを忘れないで", " leading space"]
        {
            assert_eq!(check_password(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn has_10_to_128_characters_counted_as_people_count() {
        assert_eq!(refusal("ninechars"), "Use at least 10 characters; a few words are easy to remember.");
        assert_eq!(refusal(""), "Use at least 10 characters; a few words are easy to remember.");
        assert_eq!(
            refusal("äöüäöüäöü"),
            "Use at least 10 characters; a few words are easy to remember.",
            "nine letters"
        );
        assert!(check_password(&"äö".repeat(PASSWORD_MAX / 2)).is_ok());
        assert_eq!(refusal(&"äö".repeat(PASSWORD_MAX)), "Use at most 128 characters.");
    }

    #[test]
    fn that_everybody_tries_first_is_refused() {
        for password in
            ["password123", "PassWord123", "1234567890", "qwertyuiop", "aaaaaaaaaa", "          ", "ßßßßßßßßßß"]
        {
            let words = "This password is among the first that attackers try; choose another.";
            assert_eq!(refusal(password), words, "{password}");
        }
    }

    proptest! {
        #[test]
        fn is_taken_for_its_length_not_for_its_kinds_of_characters(password in "[a-z]{4} [a-z]{4} [a-z]{4}") {
            prop_assert_eq!(check_password(&password), Ok(()));
        }

        #[test]
        fn is_never_too_strange_for_an_answer(password in "\\PC{0,140}") {
            let length = password.chars().count();
            let answer = check_password(&password);
            prop_assert!(answer.is_err() || (PASSWORD_MIN..=PASSWORD_MAX).contains(&length));
        }
    }
}

mod a_guesser {
    use super::*;

    fn wait_after(count: u32, milliseconds: i64) -> i64 {
        Failures { count, last: NOON }
            .wait_seconds(FREE_ATTEMPTS_PER_NAME_AND_NETWORK, Timestamp(NOON.0 + milliseconds))
    }

    #[test]
    fn is_let_try_five_times_and_then_waits_twice_as_long_each_time() {
        let waits: Vec<i64> = (4..=16).map(|count| wait_after(count, 0)).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
        assert_eq!(wait_after(u32::MAX, 0), WAIT_MAX_SECONDS);
    }

    #[test]
    fn sees_the_wait_run_down_to_the_second_never_told_too_early() {
        assert_eq!(wait_after(8, 0), 4);
        assert_eq!(wait_after(8, 1), 4);
        assert_eq!(wait_after(8, 999), 4);
        assert_eq!(wait_after(8, 1000), 3);
        assert_eq!(wait_after(8, 3999), 1);
        assert_eq!(wait_after(8, 4000), 0);
        assert_eq!(wait_after(8, 1_000_000), 0);
    }

    #[test]
    fn is_forgotten_after_an_hour_without_a_failure() {
        let failures = Failures { count: 9, last: NOON };
        let after = |seconds| Failures::after_one_more(Some(failures), NOON.plus_seconds(seconds));
        assert_eq!(after(FORGET_SECONDS - 1).count, 10);
        assert_eq!(after(FORGET_SECONDS).count, 1);
        assert_eq!(after(60).last, NOON.plus_seconds(60));
        assert_eq!(Failures::after_one_more(None, NOON), Failures { count: 1, last: NOON });
    }

    #[test]
    fn waits_no_longer_when_the_clock_is_set_back() {
        let failures = Failures { count: 8, last: NOON };
        assert_eq!(failures.wait_seconds(5, NOON.plus_seconds(-86_400)), 4);
    }

    #[test]
    fn never_waits_past_the_time_when_failures_are_forgotten() {
        const { assert!(WAIT_MAX_SECONDS < FORGET_SECONDS) };
    }

    proptest! {
        #[test]
        fn never_waits_less_than_nothing_nor_more_than_the_longest_wait(
            count in any::<u32>(), free in any::<u32>(), last in any::<i64>(), now in any::<i64>(),
        ) {
            let failures = Failures { count, last: Timestamp(last) };
            prop_assert!((0..=WAIT_MAX_SECONDS).contains(&failures.wait_seconds(free, Timestamp(now))));
            prop_assert!(Failures::after_one_more(Some(failures), Timestamp(now)).count >= 1);
        }

        #[test]
        fn waits_no_less_after_more_failures_and_no_more_as_time_goes_by(
            count in 0..100_u32, more in 0..100_u32, free in 0..30_u32, passed in 0..2_000_000_i64, later in 0..2_000_000_i64,
        ) {
            let wait = |count, passed| Failures { count, last: NOON }.wait_seconds(free, Timestamp(NOON.0 + passed));
            prop_assert!(wait(count, passed) <= wait(count + more, passed));
            prop_assert!(wait(count, passed) >= wait(count, passed + later));
        }

        #[test]
        fn who_waits_as_long_as_told_may_try(count in 0..100_u32, passed in 0..2_000_000_i64) {
            let failures = Failures { count, last: NOON };
            let now = Timestamp(NOON.0 + passed);
            let told = failures.wait_seconds(FREE_ATTEMPTS_PER_NAME_AND_NETWORK, now);
            prop_assert_eq!(failures.wait_seconds(FREE_ATTEMPTS_PER_NAME_AND_NETWORK, now.plus_seconds(told)), 0);
        }
    }
}
