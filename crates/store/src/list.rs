//! Cuts pages out of long lists: by key, forward and backward, from an index.
//!
//! A page is the rows after (or before) the cursor's sort value and id, so that the thousandth costs as much as the first.
//! Only the rows of the page are joined with other tables. A search takes one of two ways: when some searched word is rare,
//! it begins with the rows that the word index has for it; when all are frequent, it walks along the sort order and
//! soon has a page together. Counts stop at [`COUNT_CAP`].

use tandem_domain::{
    access::Scope,
    list::{COUNT_CAP, Cursor, Page, search_words},
};

use crate::{
    StoreError,
    db::{Arg, Db, Row, Sql, sql},
    search,
};

/// Conditions of a WHERE, each `?` in them standing for the next argument.
#[derive(Debug, Clone, Default)]
pub(crate) struct Where {
    text: String,
    args: Vec<Arg>,
}

impl Where {
    /// One more condition with its argument.
    pub(crate) fn and(&mut self, condition: &str, arg: impl Into<Arg>) {
        self.and_all(condition, [arg.into()]);
    }

    /// One more condition, if there is an argument for it.
    pub(crate) fn and_if<T: Into<Arg>>(&mut self, condition: &str, arg: Option<T>) {
        if let Some(arg) = arg {
            self.and(condition, arg);
        }
    }

    /// One more condition with its arguments.
    pub(crate) fn and_all(&mut self, condition: &str, args: impl IntoIterator<Item = Arg>) {
        self.text.push_str(if self.text.is_empty() { " WHERE " } else { " AND " });
        self.text.push_str(condition);
        self.args.extend(args);
    }

    /// Only rows that the scope covers.
    pub(crate) fn within(scope: Scope) -> Self {
        let mut conditions = Self::default();
        conditions.and_if("r.customer_id = ?", scope.customer());
        conditions
    }
}

/// A kind of record in the word index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WordIndex {
    /// Its name there.
    pub(crate) kind: &'static str,
    /// With at most this many entries, a word is rare.
    pub(crate) rare: u32,
}

/// A list, and the page that is asked for. `r` is the listed table.
pub(crate) struct List<'a> {
    /// The columns of a row; `r.id` is among them.
    pub(crate) columns: &'static str,
    /// The listed table. It has the columns `id` and `search`.
    pub(crate) table: &'static str,
    /// Joins for the rows of the page; may be empty.
    pub(crate) joins: &'static str,
    /// The word index of a table with many rows.
    pub(crate) words: Option<WordIndex>,
    /// Which rows.
    pub(crate) conditions: Where,
    /// Which words must begin one of the row's.
    pub(crate) search: &'a str,
    /// Words beside those searched for; what nobody can type, such as `@` before an id.
    pub(crate) tags: Vec<String>,
    /// The column to sort by: TEXT, with an index that ends in it and `id`.
    pub(crate) key: &'static str,
    /// Largest first.
    pub(crate) descending: bool,
    /// Where the page begins.
    pub(crate) cursor: Option<&'a Cursor>,
    /// How many rows it has.
    pub(crate) rows: u32,
}

/// The rows that a search leaves, as the SQL that finds them.
struct Source {
    /// What stands after FROM.
    from: String,
    from_args: Vec<Arg>,
    conditions: Where,
}

impl List<'_> {
    /// The page, each row made by `read`.
    pub(crate) async fn page<T>(
        self,
        db: &Db,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let words = self.searched();
        let rarest = self.rarest(db, &words).await?;
        let source = self.source(&words, rarest.as_deref());
        let count = self.count(db, &words, rarest.is_some(), &source).await?;
        let cursor = self.cursor.filter(|cursor| !cursor.key.contains('\0') && !cursor.id.contains('\0'));
        let mut rows = db.all(self.select(&source, cursor)).await?;
        let mut from = cursor;
        if rows.is_empty() && cursor.is_some_and(|cursor| cursor.before) {
            // What was before the cursor is gone: the list begins here.
            from = None;
            rows = db.all(self.select(&source, None)).await?;
        }
        self.assemble(rows, count, from, read)
    }

    /// All rows that match, without pages: `self.rows` at most.
    pub(crate) async fn all<T>(
        self,
        db: &Db,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let words = self.searched();
        let rarest = self.rarest(db, &words).await?;
        let source = self.source(&words, rarest.as_deref());
        let rows = db.all(self.select(&source, self.cursor)).await?;
        rows.iter().take(self.rows as usize).map(read).collect()
    }

    /// All words that a row must have.
    fn searched(&self) -> Vec<String> {
        let mut words = search_words(self.search);
        words.extend(self.tags.iter().cloned());
        words
    }

    /// The searched word with the fewest entries in the index, if one is rare.
    async fn rarest(&self, db: &Db, words: &[String]) -> Result<Option<String>, StoreError> {
        let Some(index) = self.words else { return Ok(None) };
        let mut rarest: Option<(i64, &String)> = None;
        for word in words {
            let (low, high) = search::bounds(word);
            let entries = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM search_word \
                           WHERE kind = $1 AND word >= $2 AND word < $3 LIMIT $4) entries";
            let entries = sql(entries).bind(index.kind).bind(low).bind(high).bind(index.rare + 1);
            let n = db.one(entries).await?.map_or(Ok(0), |row| row.int("n"))?;
            if n <= i64::from(index.rare) && rarest.is_none_or(|(least, _)| n < least) {
                rarest = Some((n, word));
            }
        }
        Ok(rarest.map(|(_, word)| word.clone()))
    }

    fn source(&self, words: &[String], rarest: Option<&str>) -> Source {
        let mut conditions = self.conditions.clone();
        for word in words.iter().filter(|word| Some(word.as_str()) != rarest) {
            conditions.and("r.search LIKE ?", search::pattern(word));
        }
        match (self.words, rarest) {
            (Some(index), Some(word)) => {
                conditions.and_all("r.id = w.record_id", []);
                let (from, from_args) = self.driven_by(index, word, "");
                Source { from, from_args, conditions }
            }
            (Some(_) | None, _) => Source { from: format!("{} r", self.table), from_args: Vec::new(), conditions },
        }
    }

    /// The listed table, entered from the entries of a word. SQLite takes a CROSS JOIN in the order in which it is written.
    fn driven_by(&self, index: WordIndex, word: &str, limit: &str) -> (String, Vec<Arg>) {
        let (entries, args) = entries_of(index, word, limit);
        (format!("{entries} CROSS JOIN {} r", self.table), args)
    }

    async fn count(&self, db: &Db, words: &[String], is_driven: bool, source: &Source) -> Result<u32, StoreError> {
        // Some thousand entries of a frequent word mostly suffice to know that there are more than a thousand rows.
        let some = format!(" LIMIT {}", 4 * COUNT_CAP);
        if let (Some(index), [word]) = (self.words, words)
            && self.conditions.text.is_empty()
        {
            // The index alone knows how many; no row need be looked at.
            let entries = |limit: &str| {
                let (from, from_args) = entries_of(index, word, limit);
                Source { from, from_args, conditions: Where::default() }
            };
            let count = counted(db, &entries(&some)).await?;
            return if count > COUNT_CAP { Ok(count) } else { counted(db, &entries("")).await };
        }
        if let (false, Some(index), Some(word)) = (is_driven, self.words, words.first()) {
            let mut conditions = source.conditions.clone();
            conditions.and_all("r.id = w.record_id", []);
            let (from, from_args) = self.driven_by(index, word, &some);
            let count = counted(db, &Source { from, from_args, conditions }).await?;
            if count > COUNT_CAP {
                return Ok(count);
            }
        }
        counted(db, source).await
    }

    fn select(&self, source: &Source, cursor: Option<&Cursor>) -> Sql {
        let Self { columns, joins, key, rows, .. } = self;
        let mut conditions = source.conditions.clone();
        let backward = cursor.is_some_and(|cursor| cursor.before);
        let (order, beyond) = if self.descending == backward { ("ASC", ">") } else { ("DESC", "<") };
        let by_id = *key == "id";
        if let Some(cursor) = cursor {
            if by_id {
                conditions.and(&format!("r.id {beyond} ?"), cursor.id.as_str());
            } else {
                let values = [cursor.key.as_str().into(), cursor.id.as_str().into()];
                conditions.and_all(&format!("(r.{key}, r.id) {beyond} (?, ?)"), values);
            }
        }
        let order = if by_id { format!("r.id {order}") } else { format!("r.{key} {order}, r.id {order}") };
        let text = format!(
            "SELECT {columns}, r.{key} AS sort_key FROM (SELECT r.* FROM {}{} ORDER BY {order} LIMIT {}) r {joins} \
             ORDER BY {order}",
            source.from,
            conditions.text,
            rows + 1,
        );
        numbered(&text, source.from_args.iter().chain(&conditions.args).cloned().collect())
    }

    fn assemble<T>(
        &self,
        mut rows: Vec<Row>,
        count: u32,
        cursor: Option<&Cursor>,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let backward = cursor.is_some_and(|cursor| cursor.before);
        let more = rows.len() > self.rows as usize;
        rows.truncate(self.rows as usize);
        if backward {
            rows.reverse();
        }
        let at = |row: Option<&Row>, before: bool| -> Result<Option<Cursor>, StoreError> {
            row.map(|row| Ok(Cursor { before, key: row.text("sort_key")?, id: row.text("id")? })).transpose()
        };
        let next = if backward || more { at(rows.last(), false)? } else { None };
        let previous = match cursor {
            // All rows after the cursor are gone: back to what is before it.
            Some(cursor) if rows.is_empty() => Some(Cursor { before: true, ..cursor.clone() }),
            Some(cursor) if !cursor.before || more => at(rows.first(), true)?,
            Some(_) | None => None,
        };
        Ok(Page { rows: rows.iter().map(read).collect::<Result<_, _>>()?, count, next, previous })
    }
}

/// The records that have a word, each once.
fn entries_of(index: WordIndex, word: &str, limit: &str) -> (String, Vec<Arg>) {
    let (low, high) = search::bounds(word);
    let entries = format!(
        "(SELECT DISTINCT record_id FROM (SELECT record_id FROM search_word \
         WHERE kind = ? AND word >= ? AND word < ?{limit}) entries) w"
    );
    (entries, vec![index.kind.into(), low.into(), high.into()])
}

/// How many rows there are, counted up to one more than the cap.
async fn counted(db: &Db, source: &Source) -> Result<u32, StoreError> {
    let text = format!(
        "SELECT COUNT(*) AS n FROM (SELECT 1 FROM {}{} LIMIT {}) counted",
        source.from,
        source.conditions.text,
        COUNT_CAP + 1
    );
    let args = source.from_args.iter().chain(&source.conditions.args).cloned().collect();
    let n = db.one(numbered(&text, args)).await?.map_or(Ok(0), |row| row.int("n"))?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

/// A statement from a text with `?` for its arguments.
fn numbered(text: &str, args: Vec<Arg>) -> Sql {
    let mut parts = text.split('?');
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for (n, part) in parts.enumerate() {
        numbered.push_str(&format!("${}", n + 1));
        numbered.push_str(part);
    }
    sql(numbered).bind_all(args)
}
