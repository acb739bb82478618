//! Whatever its shape, what was written is read again.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use serde::{Deserialize, Serialize};

use super::from_json;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Whole {
    text: String,
    shared: Arc<str>,
    letter: char,
    none: Option<u8>,
    some: Option<Box<Self>>,
    numbers: (i8, u64, i64, f64),
    list: Vec<Kind>,
    by_kind: BTreeMap<Plain, Vec<bool>>,
    by_number: BTreeMap<i16, Wrapped>,
    nothing: (),
}

#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Plain {
    #[default]
    FirstOne,
    SecondOne,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    Newtype(Wrapped),
    Optional(Option<u32>),
    Tuple(u32, String),
    Struct { left: Plain, right: f32 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Short(String);

impl TryFrom<String> for Short {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text.len() < 4 { Ok(Self(text)) } else { Err("too long") }
    }
}

impl From<Short> for String {
    fn from(Short(text): Short) -> Self {
        text
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Wrapped(u32);

#[derive(Debug, PartialEq, Deserialize)]
struct Defaulted {
    there: u32,
    #[serde(default)]
    missing: u32,
}

#[track_caller]
fn comes_back<T: Serialize + for<'a> Deserialize<'a> + PartialEq + Debug>(written: &T) {
    let text = serde_json::to_string(written).unwrap();
    assert_eq!(&from_json::<T>(&text).unwrap(), written, "{text}");
}

#[test]
fn what_was_written_is_read_whatever_its_shape() {
    let whole = |some| Whole {
        text: "\"\\ \u{1f4de} </script>".into(),
        shared: "of many".into(),
        letter: 'é',
        none: None,
        some,
        numbers: (i8::MIN, u64::MAX, i64::MIN, 0.1),
        list: vec![
            Kind::Unit,
            Kind::Newtype(Wrapped(7)),
            Kind::Optional(None),
            Kind::Optional(Some(0)),
            Kind::Tuple(1, "two".into()),
            Kind::Struct { left: Plain::SecondOne, right: -3.0 },
        ],
        by_kind: [(Plain::FirstOne, vec![true, false]), (Plain::SecondOne, vec![])].into(),
        by_number: [(-5, Wrapped(1)), (i16::MAX, Wrapped(2))].into(),
        nothing: (),
    };
    comes_back(&whole(Some(Box::new(whole(None)))));
    comes_back(&Short("abc".into()));
    comes_back(&[Some(1), None]);
    comes_back(&serde_json::json!({ "any": [null, 1, -1, 1.5, true, "text", { "deep": {} }] }));
}

#[test]
fn fields_come_in_any_order_and_others_are_passed_over() {
    let read: Kind = from_json(r#"{"Struct":{"new":[{}],"right":2,"left":"first_one"}}"#).unwrap();
    assert_eq!(read, Kind::Struct { left: Plain::FirstOne, right: 2.0 });
    let read: Defaulted = from_json(r#"{"there":5}"#).unwrap();
    assert_eq!(read, Defaulted { there: 5, missing: 0 });
}

#[test]
fn what_is_not_of_the_type_is_refused() {
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"missing":5}"#,
        r#"{"there":"5"}"#,
        r#"{"there":-5}"#,
        r#"{"there":4294967296}"#,
    ] {
        assert!(from_json::<Defaulted>(text).is_err(), "{text}");
    }
    for text in [
        "5",
        r#""unit""#,
        r#""Newtype""#,
        r#"{"Unit":5}"#,
        r#"{"Tuple":[1]}"#,
        r#"{"Unit":null,"Tuple":[1,"a"]}"#,
        "{}",
    ] {
        assert!(from_json::<Kind>(text).is_err(), "{text}");
    }
    assert_eq!(from_json::<Short>(r#""abcd""#).unwrap_err().to_string(), "too long");
    let error = from_json::<Wrapped>(r#""seven""#).unwrap_err().to_string();
    assert_eq!(error, "invalid type: string, expected u32");
}
