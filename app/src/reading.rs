//! How JSON from the server becomes a type again.
//!
//! `serde_json` reads straight from the text into the type, and that costs code for each type anew: a tokenizer's step, a match
//! over the names of the fields, a place for each and the complaint about the missing one. Here the text becomes a
//! [`Value`] first, by code that is there once, and each type takes its fields out of that in the order in which it has them:
//! a seventh of the WebAssembly was readers; this took away more than half of that.
//!
//! What is read is what `serde` writes for a type that has the same fields: enums stand outside of what they hold, a field
//! that is missing is refused unless it has a default, and one that is not known is passed over.

use std::{fmt, slice, str::FromStr};

use serde::{
    Deserializer, Serialize,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, Expected, MapAccess, SeqAccess, Unexpected,
        VariantAccess, Visitor,
    },
};
use serde_json::{Map, Value, map};

/// Why a text cannot be read, in words.
///
/// Not `serde_json`'s own: that one can also write a number that was found in the wrong place, and brings all that it takes to
/// write fractions in decimals. That, and reading them ([`crate::live`]), was 15 KiB with Brotli.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    /// In the browser's release the words are left away: who uses it can do nothing with them, and what each type has to say
    /// of itself is a part of the program as well.
    fn of(words: impl FnOnce() -> String) -> Self {
        if cfg!(all(target_arch = "wasm32", not(debug_assertions))) { Self(UNREADABLE.into()) } else { Self(words()) }
    }
}

/// What is said instead of the words.
const UNREADABLE: &str = "the answer has another form than expected";

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self::of(|| words.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of(|| format!("invalid type: {}, expected {expected}", kind(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of(|| format!("invalid value: {}, expected {expected}", kind(&found)))
    }
}

/// What was found, without its value.
fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Unit => "null",
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "number",
        Unexpected::Str(_) | Unexpected::Char(_) => "string",
        Unexpected::Seq => "sequence",
        Unexpected::Map => "map",
        _ => "something else",
    }
}

/// Reads a `T` from JSON text.
///
/// # Errors
/// The text is no JSON, or not that of a `T`.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    T::deserialize(Part::Value(&parsed(text)?))
}

/// What stands in a page as its JSON text, for codecs that go by [`Display`](fmt::Display) and [`FromStr`].
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> fmt::Display for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl<T: DeserializeOwned> FromStr for Json<T> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        from_json(text).map(Self)
    }
}

/// Once for all types.
fn parsed(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(Error::custom)
}

/// A part of the text.
#[derive(Clone, Copy)]
enum Part<'a> {
    Value(&'a Value),
    /// The name of an entry in a map.
    Name(&'a str),
}

/// A number as JSON has it.
enum Number {
    Natural(u64),
    Negative(i64),
    Float(f64),
}

impl<'a> Part<'a> {
    fn bool(self, expected: &dyn Expected) -> Result<bool, Error> {
        match self {
            Self::Value(Value::Bool(is)) => Ok(*is),
            other => Err(other.refused(expected)),
        }
    }

    fn text(self, expected: &dyn Expected) -> Result<&'a str, Error> {
        match self {
            Self::Value(Value::String(text)) => Ok(text),
            Self::Name(text) => Ok(text),
            other => Err(other.refused(expected)),
        }
    }

    /// A number, which is a text where it names an entry.
    fn number(self, expected: &dyn Expected) -> Result<Number, Error> {
        let natural = |number: &serde_json::Number| number.as_u64().map(Number::Natural);
        let negative = |number: &serde_json::Number| number.as_i64().map(Number::Negative);
        let number = match self {
            Self::Value(Value::Number(number)) => {
                natural(number).or_else(|| negative(number)).or_else(|| number.as_f64().map(Number::Float))
            }
            Self::Name(name) => name.parse().map(Number::Natural).or_else(|_| name.parse().map(Number::Negative)).ok(),
            Self::Value(_) => None,
        };
        number.ok_or_else(|| self.refused(expected))
    }

    fn items(self, expected: &dyn Expected) -> Result<Items<'a>, Error> {
        match self {
            Self::Value(Value::Array(items)) => Ok(Items::Listed(items.iter())),
            other => Err(other.refused(expected)),
        }
    }

    fn fields(self, names: &'static [&'static str], expected: &dyn Expected) -> Result<Items<'a>, Error> {
        Ok(Items::Named { of: self.object(expected)?, names: names.iter() })
    }

    fn object(self, expected: &dyn Expected) -> Result<&'a Map<String, Value>, Error> {
        match self {
            Self::Value(Value::Object(entries)) => Ok(entries),
            other => Err(other.refused(expected)),
        }
    }

    /// A variant's name, and what it holds.
    fn variant(self, expected: &dyn Expected) -> Result<Variant<'a>, Error> {
        if let Self::Value(Value::Object(entries)) = self {
            let mut entries = entries.iter();
            return match (entries.next(), entries.next()) {
                (Some((name, holds)), None) => Ok(Variant { name, holds: Part::Value(holds) }),
                _ => Err(self.refused(expected)),
            };
        }
        Ok(Variant { name: self.text(expected)?, holds: Part::Value(&Value::Null) })
    }

    fn refused(self, expected: &dyn Expected) -> Error {
        let found = match self {
            Self::Value(Value::Null) => Unexpected::Unit,
            Self::Value(Value::Bool(is)) => Unexpected::Bool(*is),
            Self::Value(Value::Number(_)) => Unexpected::Unsigned(0),
            Self::Value(Value::String(text)) => Unexpected::Str(text),
            Self::Name(name) => Unexpected::Str(name),
            Self::Value(Value::Array(_)) => Unexpected::Seq,
            Self::Value(Value::Object(_)) => Unexpected::Map,
        };
        Error::invalid_type(found, expected)
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.number(&visitor)? {
                Number::Natural(number) => visitor.visit_u64(number),
                Number::Negative(number) => visitor.visit_i64(number),
                Number::Float(number) => visitor.visit_f64(number),
            }
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
            let found = self.text(&visitor)?;
        visitor.visit_str(found)
        }
    )*};
}

impl<'a> Deserializer<'a> for Part<'a> {
    type Error = Error;

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_f32 deserialize_f64
    }

    texts! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Value(Value::Null) => visitor.visit_unit(),
            Self::Value(Value::Bool(is)) => visitor.visit_bool(*is),
            Self::Value(Value::Number(_)) => self.deserialize_f64(visitor),
            Self::Value(Value::String(_)) | Self::Name(_) => self.deserialize_str(visitor),
            Self::Value(Value::Array(_)) => self.deserialize_seq(visitor),
            Self::Value(Value::Object(_)) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let found = self.bool(&visitor)?;
        visitor.visit_bool(found)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        Err(self.refused(&visitor))
    }

    fn deserialize_byte_buf<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        Err(self.refused(&visitor))
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Value(Value::Null) => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Value(Value::Null) => visitor.visit_unit(),
            other => Err(other.refused(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let found = self.items(&visitor)?;
        visitor.visit_seq(found)
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, _items: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _items: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let entries = self.object(&visitor)?.iter();
        visitor.visit_map(Entries { entries, value: &Value::Null })
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let found = self.fields(fields, &visitor)?;
        visitor.visit_seq(found)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let found = self.variant(&visitor)?;
        visitor.visit_enum(found)
    }
}

/// What a sequence has, or the fields of an object in the order of the type that has them.
enum Items<'a> {
    Listed(slice::Iter<'a, Value>),
    Named { of: &'a Map<String, Value>, names: slice::Iter<'static, &'static str> },
}

impl<'a> Items<'a> {
    /// The next one; `None`: there is no more, or the field whose turn it is is missing.
    fn next(&mut self) -> Option<Part<'a>> {
        match self {
            Self::Listed(items) => items.next(),
            Self::Named { of, names } => names.next().and_then(|name| of.get(*name)),
        }
        .map(Part::Value)
    }
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        match self.next() {
            Some(item) => seed.deserialize(item).map(Some),
            None => Ok(None),
        }
    }
}

struct Entries<'a> {
    entries: map::Iter<'a>,
    /// That of the entry whose name was read.
    value: &'a Value,
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.entries.next() {
            Some((name, value)) => {
                self.value = value;
                seed.deserialize(Part::Name(name)).map(Some)
            }
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(Part::Value(self.value))
    }
}

#[derive(Clone, Copy)]
struct Variant<'a> {
    name: &'a str,
    /// Nothing is `null`.
    holds: Part<'a>,
}

impl<'a> EnumAccess<'a> for Variant<'a> {
    type Error = Error;
    type Variant = Part<'a>;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Part<'a>), Error> {
        Ok((seed.deserialize(Part::Name(self.name))?, self.holds))
    }
}

/// What a variant holds.
impl<'a> VariantAccess<'a> for Part<'a> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self {
            Self::Value(Value::Null) => Ok(()),
            other => Err(other.refused(&"a variant that holds nothing")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'a>>(self, _items: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        let found = self.fields(fields, &visitor)?;
        visitor.visit_seq(found)
    }
}

#[cfg(test)]
mod tests;
