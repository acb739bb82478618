//! Who is offered while somebody types into the phone, and what is dialled in the end.

use std::collections::HashSet;

use proptest::prelude::*;
use tandem_domain::{
    ids::CallId,
    phone::{
        Who,
        book::{NoNumber, OFFERED_MAX, PastCall, PhoneBook, Way},
    },
};
use uuid::Uuid;

fn who(number: &str, name: &str) -> Who {
    Who { number: number.into(), name: name.into() }
}

fn past(id: u128, with: Who, way: Way) -> PastCall {
    PastCall { call: CallId(Uuid::from_u128(id)), with, way, when: "today".into(), talked: String::new() }
}

/// DESIGN's demonstration, as John's phone knows it.
fn book() -> PhoneBook {
    PhoneBook {
        contacts: vec![who("701", "Adam"), who("702", "Mary Smith"), who("745", "Olivia"), who("746", "Peter")],
        complete: true,
        calls: vec![
            past(4, who("+12125550147", "Grace Miller"), Way::Missed),
            past(3, who("702", ""), Way::Outgoing),
            past(2, who("+12125550147", ""), Way::Incoming),
            past(1, who("*43", ""), Way::Outgoing),
        ],
    }
}

fn numbers(found: &[Who]) -> Vec<&str> {
    found.iter().map(|who| who.number.as_str()).collect()
}

#[test]
fn people_are_found_by_the_beginnings_of_their_names_and_numbers() {
    let book = book();
    assert_eq!(numbers(&book.find("mar")), ["702"]);
    assert_eq!(numbers(&book.find("SMITH m")), ["702"]);
    assert_eq!(numbers(&book.find("74")), ["745", "746"]);
    assert_eq!(numbers(&book.find("grace")), ["+12125550147"]);
    assert_eq!(numbers(&book.find("555 01")), ["+12125550147"], "in the middle, and in groups");
    assert_eq!(numbers(&book.find("*4")), ["*43"]);
    assert!(book.find("nobody").is_empty() && book.find("()").is_empty());
}

#[test]
fn the_exact_number_comes_first_and_each_once_with_the_name_that_is_known() {
    let mut book = book();
    book.contacts.insert(0, who("7020", "Lift"));
    assert_eq!(book.find("702"), [who("702", "Mary Smith"), who("7020", "Lift")]);
    assert_eq!(book.name_of("702"), "Mary Smith");
    assert_eq!(book.name_of("999"), "");
}

#[test]
fn with_nothing_typed_it_is_those_with_whom_there_were_calls_last() {
    let found = book().find(" ");
    assert_eq!(found, [who("+12125550147", "Grace Miller"), who("702", "Mary Smith"), who("*43", "")]);
}

#[test]
fn a_number_is_dialled_as_it_is_and_a_name_only_when_it_is_nobody_elses() {
    let book = book();
    assert_eq!(book.number_of(" +32 (2) 555-07.44 "), Ok("+3225550744".into()));
    assert_eq!(book.number_of("*44#"), Ok("*44#".into()));
    assert_eq!(book.number_of("olivia"), Ok("745".into()));
    for nothing in ["", "  ", "()"] {
        assert_eq!(book.number_of(nothing), Err(NoNumber::Nothing));
    }
    assert_eq!(book.number_of("zoe"), Err(NoNumber::Nobody));
    let two = PhoneBook { contacts: vec![who("1", "Ann Lee"), who("2", "Ann Ray")], ..PhoneBook::default() };
    assert_eq!(two.number_of("ann"), Err(NoNumber::Several));
    assert_eq!(two.number_of("ann r"), Ok("2".into()));
}

#[test]
fn what_was_asked_for_besides_is_known_from_then_on() {
    let mut book = book();
    book.learn(vec![who("702", "Somebody else"), who("799", "Zoe")]);
    assert_eq!((book.name_of("702"), book.number_of("zoe")), ("Mary Smith", Ok("799".into())));
}

#[test]
fn calls_that_were_are_found_by_name_number_and_way() {
    let book = book();
    let found = |typed: &str| book.calls.iter().filter(|call| call.matches(typed)).count();
    assert_eq!(
        [found(""), found("grace"), found("2125"), found("missed"), found("out"), found("x")],
        [4, 1, 2, 1, 2, 0]
    );
}

fn anybody() -> impl Strategy<Value = Who> {
    ("[0-9*+]{0,6}", "\\PC{0,12}").prop_map(|(number, name)| Who { number, name })
}

proptest! {
    #[test]
    fn few_are_offered_each_number_once_whatever_was_typed(
        contacts in prop::collection::vec(anybody(), 0..30),
        with in prop::collection::vec(anybody(), 0..30),
        typed in "\\PC{0,20}",
    ) {
        let calls = with.into_iter().zip(0..).map(|(with, id)| past(id, with, Way::Incoming)).collect();
        let book = PhoneBook { contacts, complete: true, calls };
        let found = book.find(&typed);
        prop_assert!(found.len() <= OFFERED_MAX);
        let different: HashSet<_> = found.iter().map(|who| who.number.clone()).collect();
        prop_assert_eq!(different.len(), found.len());
        prop_assert!(found.iter().all(|who| !who.number.is_empty()));
        // What is dialled in the end is somebody's number or what was typed.
        if let Ok(number) = book.number_of(&typed) {
            prop_assert!(!number.is_empty());
        }
    }
}
