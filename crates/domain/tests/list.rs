//! How search words are cut, and how a page tells its count.

use proptest::prelude::*;
use tandem_domain::list::{Cursor, Page, search_words};

fn page(count: u32) -> Page<u32> {
    Page { rows: vec![1, 2], count, next: None, previous: None }
}

#[test]
fn words_are_small_apart_and_once_each() {
    assert_eq!(search_words("John  SMITH, john (Sales)"), ["john", "sales", "smith"]);
}

#[test]
fn punctuation_parts_words_so_that_an_address_is_found_by_its_parts() {
    assert_eq!(search_words("mary.smith@abc.example"), ["abc", "example", "mary", "smith"]);
    assert_eq!(search_words("+32 2 555-0744"), ["0744", "2", "32", "555"]);
}

#[test]
fn words_of_any_script_are_words() {
    assert_eq!(search_words("ŁÓDŹ Ünal 東京"), ["ünal", "łódź", "東京"]);
}

#[test]
fn nothing_and_punctuation_are_no_words() {
    for nothing in ["", "   ", "%_*'\"", "🦀"] {
        assert!(search_words(nothing).is_empty(), "{nothing}");
    }
}

#[test]
fn a_page_of_other_rows_keeps_its_place_in_the_list() {
    let next = Some(Cursor { before: false, key: "smith".into(), id: "7".into() });
    let named = Page { next: next.clone(), ..page(2) }.map(|row| format!("row {row}"));
    assert_eq!(named, Page { rows: vec!["row 1".into(), "row 2".into()], count: 2, next, previous: None });
}

proptest! {
    #[test]
    fn words_are_few_short_sorted_and_alphanumeric_whatever_was_typed(text in "\\PC{0,400}") {
        let words = search_words(&text);
        prop_assert!(words.len() <= 24);
        prop_assert!(words.is_sorted() && words.windows(2).all(|pair| pair[0] != pair[1]));
        for word in &words {
            prop_assert!((1..=64).contains(&word.chars().count()));
            prop_assert!(word.chars().all(char::is_alphanumeric), "{}", word);
        }
    }

    #[test]
    fn capitals_and_order_do_not_matter(words in prop::collection::vec("[a-z0-9]{1,10}", 0..10)) {
        let backwards: Vec<String> = words.iter().rev().map(|word| word.to_uppercase()).collect();
        prop_assert_eq!(search_words(&words.join(" ")), search_words(&backwards.join("; ")));
    }
}
