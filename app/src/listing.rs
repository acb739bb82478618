//! What every list page shows: one shape for all lists, so that one component shows them all.
//!
//! A list's server function asks the store for a [`Page`] and makes rows of cells of it, already
//! in words (dates in the reader's time zone, states by their names). The browser needs no code per list.

use serde::{Deserialize, Serialize};
use tandem_domain::{
    ids::Timestamp,
    list::{COUNT_CAP, Cursor, Page, Query},
    supervision::Mode,
};

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The columns' heads.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<ListRow>,
    /// All rows that match, counted up to [`COUNT_CAP`] + 1.
    pub count: u32,
    /// The cursor of the next page.
    pub next: Option<Cursor>,
    /// The cursor of the previous page.
    pub previous: Option<Cursor>,
    /// What to do where there is nothing yet, if the server knows better than the page; else empty.
    #[serde(default)]
    pub hint: String,
}

/// A column's head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// What it is called.
    pub label: String,
    /// The value of `sort` in the URL that sorts by it; `None`: cannot be sorted by.
    pub sort: Option<String>,
}

impl Column {
    /// A column that the list cannot be sorted by.
    #[must_use]
    pub fn plain(label: &str) -> Self {
        Self { label: label.into(), sort: None }
    }

    /// A column that the list can be sorted by.
    #[must_use]
    pub fn sorted(label: &str, key: &str) -> Self {
        Self { label: label.into(), sort: Some(key.into()) }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    /// Where the row leads; the first cell is the link.
    pub href: Option<String>,
    /// One cell per column.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    /// Plain text; empty shows a dash.
    Text(String),
    /// A number, code or time, in tabular figures.
    Figures(String),
    /// How long something has lasted since this moment, when it was told; it goes on every second.
    Since(Timestamp, String),
    /// A state, with its colour and word.
    Badge(Tone, String),
    /// Several states, each with its sign if it has one.
    Badges(Vec<(Tone, Option<Emblem>, String)>),
    /// The row can be chosen for what is done with several: the value that is sent, and what the row is, for screen readers.
    Choose(String, String),
    /// Two lines: what matters, and what explains it.
    Two(String, String),
}

/// The sign of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Emblem {
    /// It is recorded.
    Recording,
    /// Its recording is paused.
    Paused,
    /// A manager is in it.
    Supervised(Mode),
}

/// The colour of a state. Never the only sign: the word is always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Nothing special.
    Neutral,
    /// Needs attention.
    Warning,
    /// Does not work.
    Bad,
    /// Informs.
    Info,
}

impl Listing {
    /// A listing of a page, each row made by `row`.
    pub fn of<T>(columns: Vec<Column>, page: Page<T>, row: impl FnMut(T) -> ListRow) -> Self {
        let page = page.map(row);
        let Page { rows, count, next, previous } = page;
        Self { columns, rows, count, next, previous, hint: String::new() }
    }

    /// A listing of one page: these rows are all.
    #[must_use]
    pub fn whole(columns: Vec<Column>, rows: Vec<ListRow>) -> Self {
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        Self { columns, rows, count, next: None, previous: None, hint: String::new() }
    }

    /// "1 customer", "12 customers", "more than 1,000 customers".
    #[must_use]
    pub fn caption(&self, one: &str, many: &str) -> String {
        match self.count {
            1 => format!("1 {one}"),
            n if n > COUNT_CAP => format!("more than 1,000 {many}"),
            n => format!("{n} {many}"),
        }
    }
}

/// The query part of a list page's URL, as its server function takes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListArgs {
    /// Words to search for.
    pub q: String,
    /// Sort key; unknown or empty is the list's first.
    pub sort: String,
    /// `1`: largest or last first.
    pub desc: String,
    /// Cursor text ([`cursor_text`]) of the row that the page begins after.
    pub after: String,
    /// Cursor text of the row that the page ends before.
    pub before: String,
    /// The list's own filters: name → value.
    pub filters: std::collections::BTreeMap<String, String>,
}

impl ListArgs {
    /// The cursor named by the URL. One that cannot be read is taken for none: the first page.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        let (text, before) = if self.before.is_empty() { (&self.after, false) } else { (&self.before, true) };
        let (id, key) = text.split_once('.')?;
        Some(Cursor { before, key: key.into(), id: id.into() })
    }

    /// The rows that are asked for, sorted by one of the list's own columns.
    #[must_use]
    pub fn query<S>(&self, sort: S) -> Query<S> {
        Query { search: self.q.clone(), sort, descending: self.desc == "1", cursor: self.cursor() }
    }

    /// A filter's value, empty when it is not set.
    #[must_use]
    pub fn filter(&self, name: &str) -> &str {
        self.filters.get(name).map_or("", String::as_str)
    }
}

/// A cursor as the URL carries it: the row's id, a dot, its sort value.
#[must_use]
pub fn cursor_text(cursor: &Cursor) -> String {
    format!("{}.{}", cursor.id, cursor.key)
}
