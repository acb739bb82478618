//! How a long list is cut into pages.
//!
//! Lists are paged by key, not by offset: the cursor is the last row's sort value and id, so that page one thousand costs
//! as much as page one, and rows that come or go meanwhile are neither repeated nor skipped. Counts stop at
//! [`COUNT_CAP`], because nobody reads on from "more than a thousand" but everybody pays for the count.

use serde::{Deserialize, Serialize};

/// Rows on a page unless a list says otherwise.
pub const PAGE_ROWS: u32 = 50;
/// Rows are counted up to this many; a list with more says "more than".
pub const COUNT_CAP: u32 = 1000;

/// Where a page begins: after or before a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The page lies before this row, instead of after it.
    pub before: bool,
    /// The row's value in the sorted column, as text (numbers and times in decimal).
    pub key: String,
    /// The row's id, which decides between rows with the same value.
    pub id: String,
}

/// Which rows of a list are asked for. `S` names the columns that this list can sort by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query<S> {
    /// Words to search for; each must begin a word of the record. Empty: all rows.
    pub search: String,
    /// The column to sort by.
    pub sort: S,
    /// Largest or last first.
    pub descending: bool,
    /// Where the page begins; `None` is the first page.
    pub cursor: Option<Cursor>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows, in order.
    pub rows: Vec<T>,
    /// All rows that match, counted up to [`COUNT_CAP`] + 1.
    pub count: u32,
    /// The cursor of the next page, if there is one.
    pub next: Option<Cursor>,
    /// The cursor of the previous page, if there is one.
    pub previous: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page with each row made into something else.
    pub fn map<U>(self, to: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(to).collect(),
            count: self.count,
            next: self.next,
            previous: self.previous,
        }
    }
}

/// The text in small letters, by Unicode's default case conversion. The browser's own does the same (ECMA-262,
/// `String.prototype.toLowerCase`): the tables for it would be 8 KiB of each of the browser's programs, with Brotli.
#[must_use]
pub fn lowercase(text: &str) -> String {
    #[cfg(target_arch = "wasm32")]
    return js_sys::JsString::from(text).to_lower_case().into();
    #[cfg(not(target_arch = "wasm32"))]
    text.to_lowercase()
}

/// The words of a text, as the search compares them: lower case, without punctuation, at most 64 characters each and 24
/// words in all.
#[must_use]
pub fn search_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = lowercase(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(64).collect())
        .take(24)
        .collect();
    words.sort();
    words.dedup();
    words
}
