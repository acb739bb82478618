//! Cuts pages out of long lists: by key, forward and backward, from an index.
//!
//! A page is the rows after (or before) the cursor's sort value and id, so that the thousandth costs as much as the first.
//! Only the rows of the page are joined with other tables. A search takes one of two ways: when some searched word is rare,
//! it begins with the rows that the word index has for it; when all are frequent, it walks along the sort order and
//! soon has a page together. In between, where two words are each too frequent for the one and what they have in common is too
//! rare for the other, some lists begin with the latter. Counts stop at [`COUNT_CAP`].

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

    /// Only rows that have this key in a column with few of them, if one is given.
    pub(crate) fn and_key(&mut self, column: &str, key: Option<&'static str>) {
        match key {
            None => {}
            // Said so, SQLite takes the customer's index; else it takes the one of all rows with this key.
            Some(key) if self.is_of_customer() => {
                self.and_all(&format!("r.{column} BETWEEN ? AND ?"), [key.into(), key.into()]);
            }
            Some(key) => self.and(&format!("r.{column} = ?"), key),
        }
    }

    /// One more condition with its arguments.
    pub(crate) fn and_all(&mut self, condition: &str, args: impl IntoIterator<Item = Arg>) {
        self.text.push_str(if self.text.is_empty() { " WHERE " } else { " AND " });
        self.text.push_str(condition);
        self.args.extend(args);
    }

    /// Whether one customer's rows are asked for.
    fn is_of_customer(&self) -> bool {
        self.text.contains("r.customer_id")
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
    /// When no word is rare, a search begins with what two words have in common, if each has at most this many entries; 0: it
    /// never does. For lists of so many rows that to walk along them costs more.
    pub(crate) paired: u32,
}

/// Whether a row that has the searched words has them where the reader may see them. The word index holds the words of all
/// that a record has; whoever is shown a part of it only must not find it by the rest.
pub(crate) type Sieve<'a> = dyn Fn(&Row) -> Result<bool, StoreError> + Send + Sync + 'a;

/// Rows that are read at once where a sieve lets some through.
const SIFTED: u32 = 500;

/// A list, and the page that is asked for. `r` is the listed table.
pub(crate) struct List<'a> {
    /// The columns of a row; `r.id` is among them.
    pub(crate) columns: &'a str,
    /// The listed table. It has the columns `id` and `search`.
    pub(crate) table: &'static str,
    /// Joins for the rows of the page; may be empty.
    pub(crate) joins: &'a str,
    /// The word index of a table with many rows.
    pub(crate) words: Option<WordIndex>,
    /// Which rows.
    pub(crate) conditions: Where,
    /// Which words must begin one of the row's.
    pub(crate) search: &'a str,
    /// Words beside those searched for; what nobody can type, such as `@` before an id.
    pub(crate) tags: Vec<String>,
    /// Which of the rows that have the words are shown; `None`: all of them.
    pub(crate) sieve: Option<&'a Sieve<'a>>,
    /// The column to sort by: TEXT, with an index that ends in it and `id`.
    pub(crate) key: &'static str,
    /// Largest first.
    pub(crate) descending: bool,
    /// Where the page begins.
    pub(crate) cursor: Option<&'a Cursor>,
    /// How many rows it has.
    pub(crate) rows: u32,
}

/// Where a search begins.
enum Start {
    /// With the first row of the order.
    Order,
    /// With the rows that have a rare word.
    Word(String),
    /// With the rows that have two words.
    Pair([String; 2]),
}

impl Start {
    /// The words that its rows are known to have.
    fn words(&self) -> &[String] {
        match self {
            Self::Order => &[],
            Self::Word(word) => std::slice::from_ref(word),
            Self::Pair(pair) => pair,
        }
    }
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
        let start = self.start(db, &words).await?;
        let source = self.source(&words, &start);
        let count = self.count(db, &words, &start, &source).await?;
        let cursor = self.cursor.filter(|cursor| !cursor.key.contains('\0') && !cursor.id.contains('\0'));
        let mut rows = self.rows(db, &source, cursor, self.rows + 1).await?;
        let mut from = cursor;
        if rows.is_empty() && cursor.is_some_and(|cursor| cursor.before) {
            // What was before the cursor is gone: the list begins here.
            from = None;
            rows = self.rows(db, &source, None, self.rows + 1).await?;
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
        let start = self.start(db, &words).await?;
        let source = self.source(&words, &start);
        let rows = self.rows(db, &source, self.cursor, self.rows).await?;
        rows.iter().map(read).collect()
    }

    /// The first rows beyond the cursor, `most` at most. With a sieve, the list is looked through until there are as many.
    async fn rows(&self, db: &Db, source: &Source, cursor: Option<&Cursor>, most: u32) -> Result<Vec<Row>, StoreError> {
        let Some(sieve) = self.sieve else { return db.all(self.select(source, cursor, most)).await };
        let before = cursor.is_some_and(|cursor| cursor.before);
        let (mut shown, mut from) = (Vec::new(), cursor.cloned());
        loop {
            let rows = db.all(self.select(source, from.as_ref(), SIFTED)).await?;
            let Some(last) = rows.last() else { return Ok(shown) };
            from = Some(Cursor { before, key: last.text("sort_key")?, id: last.text("id")? });
            let is_end = rows.len() < SIFTED as usize;
            for row in rows {
                if sieve(&row)? {
                    shown.push(row);
                }
                if shown.len() == most as usize {
                    return Ok(shown);
                }
            }
            if is_end {
                return Ok(shown);
            }
        }
    }

    /// All words that a row must have.
    fn searched(&self) -> Vec<String> {
        let mut words = search_words(self.search);
        words.extend(self.tags.iter().cloned());
        words
    }

    /// With the searched word that has the fewest entries in the index, if one is rare; with the two that have the fewest, if
    /// they are rare enough for that.
    async fn start(&self, db: &Db, words: &[String]) -> Result<Start, StoreError> {
        let Some(index) = self.words else { return Ok(Start::Order) };
        let fewest = fewest_entries(db, index, words, index.rare).await?;
        if let Some((_, word)) = fewest.first() {
            return Ok(Start::Word((*word).clone()));
        }
        if words.len() > 1 && index.paired > index.rare {
            let fewest = fewest_entries(db, index, words, index.paired).await?;
            if let [(_, first), (_, second), ..] = fewest.as_slice() {
                return Ok(Start::Pair([(*first).clone(), (*second).clone()]));
            }
        }
        Ok(Start::Order)
    }

    fn source(&self, words: &[String], start: &Start) -> Source {
        let mut conditions = self.conditions.clone();
        for word in words.iter().filter(|word| !start.words().contains(word)) {
            conditions.and("r.search LIKE ?", search::pattern(word));
        }
        let (from, from_args) = match (self.words, start) {
            (Some(index), Start::Word(word)) => self.driven_by(index, word, ""),
            (Some(index), Start::Pair(pair)) => {
                let (entries, args) = entries_of_both(index, pair);
                (format!("{entries} CROSS JOIN {} r", self.table), args)
            }
            (Some(_), Start::Order) | (None, _) => {
                return Source { from: format!("{} r", self.table), from_args: Vec::new(), conditions };
            }
        };
        conditions.and_all("r.id = w.record_id", []);
        Source { from, from_args, conditions }
    }

    /// The listed table, entered from the entries of a word. SQLite takes a CROSS JOIN in the order in which it is written.
    fn driven_by(&self, index: WordIndex, word: &str, limit: &str) -> (String, Vec<Arg>) {
        let (entries, args) = entries_of(index, word, limit);
        (format!("{entries} CROSS JOIN {} r", self.table), args)
    }

    async fn count(&self, db: &Db, words: &[String], start: &Start, source: &Source) -> Result<u32, StoreError> {
        if self.sieve.is_some() {
            let shown = self.rows(db, source, None, COUNT_CAP + 1).await?.len();
            return Ok(u32::try_from(shown).unwrap_or(u32::MAX));
        }
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
        if let (Start::Order, Some(index), Some(word)) = (start, self.words, words.first()) {
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

    fn select(&self, source: &Source, cursor: Option<&Cursor>, limit: u32) -> Sql {
        let Self { columns, joins, key, .. } = self;
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
        let (from, wanted) = (&source.from, &conditions.text);
        let page = if source.from_args.is_empty() || self.conditions.is_of_customer() {
            format!("SELECT r.* FROM {from}{wanted} ORDER BY {order} LIMIT {limit}")
        } else {
            // What comes in the order of words is sorted: by id alone, and the rows are fetched for those of the page. (Of one
            // customer they are few, and SQLite would read through an index of the customer that has all it needs then.)
            let page = format!("SELECT r.id FROM {from}{wanted} ORDER BY {order} LIMIT {limit}");
            format!("SELECT r.* FROM ({page}) page CROSS JOIN {} r WHERE r.id = page.id", self.table)
        };
        let text = format!("SELECT {columns}, r.{key} AS sort_key FROM ({page}) r {joins} ORDER BY {order}");
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

/// The words with at most `most` entries, those with the fewest first.
async fn fewest_entries<'w>(
    db: &Db,
    index: WordIndex,
    words: &'w [String],
    most: u32,
) -> Result<Vec<(i64, &'w String)>, StoreError> {
    let mut fewest = Vec::new();
    for word in words {
        let (low, high) = search::bounds(word);
        let entries = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM search_word \
                       WHERE kind = $1 AND word >= $2 AND word < $3 LIMIT $4) entries";
        let entries = sql(entries).bind(index.kind).bind(low).bind(high).bind(most + 1);
        let n = db.one(entries).await?.map_or(Ok(0), |row| row.int("n"))?;
        if n <= i64::from(most) {
            fewest.push((n, word));
        }
    }
    fewest.sort_by_key(|(n, _)| *n);
    Ok(fewest)
}

/// The records that have both words, each once.
fn entries_of_both(index: WordIndex, [first, second]: &[String; 2]) -> (String, Vec<Arg>) {
    let of_word = "SELECT record_id FROM search_word WHERE kind = ? AND word >= ? AND word < ?";
    let entries = format!("({of_word} INTERSECT {of_word}) w");
    let mut args = Vec::new();
    for word in [first, second] {
        let (low, high) = search::bounds(word);
        args.extend([index.kind.into(), low.into(), high.into()]);
    }
    (entries, args)
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
pub(crate) fn numbered(text: &str, args: Vec<Arg>) -> Sql {
    let mut parts = text.split('?');
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for (n, part) in parts.enumerate() {
        numbered.push_str(&format!("${}", n + 1));
        numbered.push_str(part);
    }
    sql(numbered).bind_all(args)
}

#[cfg(test)]
mod tests {
    use tandem_domain::ids::Timestamp;

    use super::*;
    use crate::{Options, Store, demo, recordings::WORDS};

    #[tokio::test]
    async fn a_search_finds_the_same_rows_wherever_it_begins() {
        let store = Store::connect("sqlite::memory:", &Options::default()).await.expect("a database in memory");
        store.migrate().await.expect("its tables");
        let now = Timestamp(1_767_225_600_000);
        demo::bulk(&store, 2, 12, 0, now).await.expect("accounts");
        demo::bulk_recordings(&store, 300, now).await.expect("recordings");
        for tags in [&["<2001", ">32"][..], &["<32", ">200", "support"], &["<2", ">2"], &["<2001", ">9"], &["<2"]] {
            let mut found = Vec::new();
            for (rare, paired) in [(0, 0), (0, 1000), (1000, 0)] {
                let words = Some(WordIndex { rare, paired, ..WORDS });
                let list = List {
                    columns: "r.id",
                    table: "recording",
                    joins: "",
                    words,
                    conditions: Where::default(),
                    search: "",
                    tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
                    sieve: None,
                    key: "id",
                    descending: true,
                    cursor: None,
                    rows: 50,
                };
                let page = list.page(&store.db, |row| row.text("id")).await.expect("a page");
                found.push((page.rows, page.count, page.next));
            }
            assert!(found.windows(2).all(|two| two[0] == two[1]), "{tags:?}: {found:?}");
            assert_eq!(found[0].0.is_empty(), tags.contains(&">9"), "{tags:?}");
        }
    }
}
