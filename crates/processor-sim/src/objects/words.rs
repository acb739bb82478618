//! Words of a fixed choice, which live as long as the program, in the file: by themselves.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use super::money;

/// Such a word. A name of its own, since serde would borrow a plain `&str` from what it reads.
pub(crate) type Word = &'static str;

const WORDS: [&str; 6] = ["always", "any", "automatic", "automatic_async", "challenge", "never"];

pub(crate) fn serialize<S: Serializer>(word: &&'static str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(word)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    find(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("a word that there is not"))
}

fn find(text: &str) -> Option<&'static str> {
    WORDS.into_iter().find(|word| *word == text).or_else(|| money::currency(text).ok())
}

/// The same where there may be none.
pub(crate) mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(word: &Option<&'static str>, to: S) -> Result<S::Ok, S::Error> {
        word.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'static str>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.and_then(|text| super::find(&text)))
    }
}

/// Texts that several hold.
pub(crate) mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(from).map(Into::into)
    }
}
