//! The words of a record, for searches.
//!
//! A record keeps its words in its `search` column, each after a space, so that `LIKE '% joh%'` tells whether one begins with
//! "joh". The tables with many rows also have their words in `search_word`, sorted, so that a search for a rare word begins
//! with the few rows that have it. Both are kept in the transaction that writes the record.

use std::borrow::Cow;

use tandem_domain::list::search_words;

use crate::{
    StoreError,
    db::{Arg, Tx, sql},
};

/// The words of a record.
pub(crate) struct Words(Vec<String>);

impl Words {
    /// The words of these texts.
    pub(crate) fn of(texts: &[&str]) -> Self {
        Self(search_words(&texts.join(" ")))
    }

    /// Words that are not typed, such as `@` before an id.
    pub(crate) fn add(&mut self, tags: impl IntoIterator<Item = String>) {
        self.0.extend(tags);
        self.0.sort();
        self.0.dedup();
    }

    /// What the `search` column holds.
    pub(crate) fn column(&self) -> String {
        self.0.iter().flat_map(|word| [" ", word]).collect()
    }

    /// The rows of the word index.
    pub(crate) fn rows<'a>(&'a self, kind: &'a str, id: &'a str) -> impl Iterator<Item = Vec<Arg>> + 'a {
        self.0.iter().map(move |word| vec![kind.into(), word.as_str().into(), id.into()])
    }
}

/// The head of an insert of [`Words::rows`].
pub(crate) const INSERT: &str = "INSERT INTO search_word (kind, word, record_id)";

/// Keeps the word index: `old` is what the `search` column held before, empty for a new record.
pub(crate) async fn index(tx: &mut Tx, kind: &str, id: &str, old: &str, new: &Words) -> Result<(), StoreError> {
    let had = |word: &str| old.split_ascii_whitespace().any(|old| old == word);
    for gone in old.split_ascii_whitespace().filter(|old| !new.0.iter().any(|word| word == old)) {
        let delete = "DELETE FROM search_word WHERE kind = $1 AND word = $2 AND record_id = $3";
        tx.later(sql(delete).bind(kind).bind(gone).bind(id)).await?;
    }
    let added = Words(new.0.iter().filter(|word| !had(word)).cloned().collect());
    tx.insert_all_later(INSERT, added.rows(kind, id).collect()).await
}

/// Takes a record out of the word index: `old` is what its `search` column held.
pub(crate) async fn forget(tx: &mut Tx, kind: &str, id: &str, old: &str) -> Result<(), StoreError> {
    let words: Vec<Arg> = old.split_ascii_whitespace().map(Into::into).collect();
    if words.is_empty() {
        return Ok(());
    }
    let places: Vec<String> = (0..words.len()).map(|n| format!("${}", n + 3)).collect();
    let delete =
        format!("DELETE FROM search_word WHERE kind = $1 AND record_id = $2 AND word IN ({})", places.join(", "));
    tx.run(sql(delete).bind(kind).bind(id).bind_all(words)).await.map(drop)
}

/// Whether each of these searched words begins one of the texts'.
pub(crate) fn is_in(words: &[String], texts: &[&str]) -> bool {
    let known = search_words(&texts.join(" "));
    words.iter().all(|word| known.iter().any(|known| known.starts_with(word.as_str())))
}

/// The bounds between which all words lie that begin with `word`: from the first, up to but without the second.
pub(crate) fn bounds(word: &str) -> (String, String) {
    (word.to_owned(), format!("{word}{}", char::MAX))
}

/// The text of a search for numbers: "+32 2 555" and "0032 2 555" are one word, 322555, as the number is. Any other text stays
/// as it is.
pub(crate) fn typed_number(text: &str) -> Cow<'_, str> {
    let digits = || text.chars().filter(char::is_ascii_digit).collect::<String>();
    match text.trim_start() {
        _ if text.chars().any(char::is_alphabetic) => text.into(),
        number if number.starts_with('+') => digits().into(),
        number if number.starts_with("00") => digits().trim_start_matches('0').to_owned().into(),
        _ => text.into(),
    }
}

/// The pattern for the `search` column of a record that has a word beginning with `word` (letters and digits only, so
/// nothing in it means anything to LIKE).
pub(crate) fn pattern(word: &str) -> String {
    format!("% {word}%")
}

#[cfg(test)]
mod tests {
    use super::typed_number;

    #[test]
    fn a_number_typed_in_groups_is_one_word() {
        assert_eq!(typed_number("+32 2 555 07"), "32255507");
        assert_eq!(typed_number("0032 (2) 555-07"), "32255507");
        for text in ["", "744", "744 702", "john +32", "*43"] {
            assert_eq!(typed_number(text), text);
        }
    }
}
