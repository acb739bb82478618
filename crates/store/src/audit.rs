//! The audit log: appended with every change, read in pages or as a whole.

use tandem_domain::{
    access::Scope,
    audit::{AuditRow, FieldChange, Subject},
    ids::{AuditId, CustomerId, Timestamp, Version},
    list::{Cursor, PAGE_ROWS, Page, search_words},
};

use crate::{
    Change, Store, StoreError,
    db::{Row, Tx},
    ids::first_of,
    list::{List, Sieve, Where, WordIndex},
    saving::About,
    search::{self, Words},
};

/// Lines that an export is given at once.
const EXPORT_ROWS: u32 = 1000;
/// Its place in the word index. There are many lines, and their order is their id's: a word with some thousands of them is
/// still found sooner by the index.
pub(crate) const WORDS: WordIndex = WordIndex { kind: "audit", rare: 8000, paired: 0 };
/// Characters of a value that are kept.
const VALUE_MAX: usize = 1000;

/// Which lines are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilters {
    /// Only lines about this kind of record.
    pub subject: Option<Subject>,
    /// Only lines about this record, by its id as text.
    pub record: Option<String>,
    /// Only lines by this sign-in name; empty: anybody.
    pub actor: String,
    /// Only lines about this customer's data.
    pub customer: Option<CustomerId>,
    /// Only lines from this moment on.
    pub from: Option<Timestamp>,
    /// Only lines before this moment.
    pub until: Option<Timestamp>,
    /// Words to search for in the record's name, the field and its values; each must begin a word. Empty: all lines.
    pub search: String,
    /// What the reader's role hides: a search does not find the lines about it, or its letters could be guessed one by one.
    pub hidden: Vec<Hidden>,
    /// Kinds of records whose names the reader's role does not show: a search does not look into them.
    pub unnamed: Vec<Subject>,
    /// The reader is not told the names of the provider's staff: `actor` finds them as [`PROVIDER`] alone.
    pub staff_unnamed: bool,
}

/// What stands for the name of one of the provider's staff where customers read it.
pub const PROVIDER: &str = "The provider";

/// Fields of a kind of record that a reader of the log is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// The kind of record.
    pub subject: Subject,
    /// Its fields; what concerns none has the empty name.
    pub fields: Fields,
}

/// Some fields of a kind of record, by their names in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// These.
    Only(Vec<&'static str>),
    /// All but these.
    AllBut(Vec<&'static str>),
}

/// Among [`Fields`], the name of all that are written behind a member's name: "John (744): never_supervise".
pub const OF_MEMBER: &str = ": ";

/// The audit log. See [`Store::audit`].
#[derive(Clone, Copy)]
pub struct Audit<'a>(pub(crate) &'a Store);

impl Audit<'_> {
    /// A page of lines, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        filters: &AuditFilters,
        cursor: Option<&Cursor>,
    ) -> Result<Page<AuditRow>, StoreError> {
        let sieve = sieve(filters);
        let list = lines(conditions(scope, filters), &filters.search, cursor, PAGE_ROWS);
        List { sieve: sieve.as_deref(), ..list }.page(&self.0.db, read).await
    }

    /// The next lines, the newest first, after the line `after` (from the newest if `None`): a thousand at most; none at the
    /// end. For an export that holds a bounded part of the log at a time.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn export(
        &self,
        scope: Scope,
        filters: &AuditFilters,
        after: Option<AuditId>,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let cursor = after.map(|id| Cursor { before: false, key: id.to_string(), id: id.to_string() });
        let sieve = sieve(filters);
        let list = lines(conditions(scope, filters), &filters.search, cursor.as_ref(), EXPORT_ROWS);
        List { sieve: sieve.as_deref(), ..list }.all(&self.0.db, read).await
    }

    /// Writes a line about something that changed no record: a sign-in, a refused request.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    #[expect(clippy::too_many_arguments, reason = "a line of the log has this many columns")]
    pub async fn note(
        &self,
        change: &Change<'_>,
        customer: Option<CustomerId>,
        subject: Subject,
        subject_id: &str,
        subject_name: &str,
        action: &str,
        field: FieldChange,
    ) -> Result<(), StoreError> {
        let about = About { subject, id: plain(subject_id), name: plain(subject_name), customer };
        let mut tx = self.0.begin().await?;
        append(self.0, &mut tx, change, &about, action, None, vec![field]).await?;
        tx.commit().await
    }
}

/// The head of an insert of lines.
pub(crate) const INSERT: &str = "INSERT INTO audit (id, at, actor, by_staff, address, customer_id, subject, subject_id, subject_name, \
                                 record_version, action, field, old_value, new_value, search)";

/// Appends a line per changed field.
pub(crate) async fn append(
    store: &Store,
    tx: &mut Tx,
    change: &Change<'_>,
    about: &About,
    action: &str,
    version: Option<Version>,
    changes: Vec<FieldChange>,
) -> Result<(), StoreError> {
    let address = change.address.map(|address| address.to_canonical().to_string()).unwrap_or_default();
    let (mut lines, mut words) = (Vec::new(), Vec::new());
    for field in changes {
        let id = store.new_id(change.at).to_string();
        let (name, old, new) = (plain(&field.field), plain(&field.old), plain(&field.new));
        let found_by = Words::of(&[&about.name, &name, &old, &new]);
        words.extend(found_by.rows(WORDS.kind, &id));
        lines.push(vec![
            id.as_str().into(),
            change.at.into(),
            plain(change.actor).into(),
            change.by_staff.into(),
            address.as_str().into(),
            about.customer.into(),
            about.subject.key().into(),
            about.id.as_str().into(),
            about.name.as_str().into(),
            version.into(),
            action.into(),
            name.into(),
            old.into(),
            new.into(),
            found_by.column().into(),
        ]);
    }
    tx.insert_all_later(INSERT, lines).await?;
    tx.insert_all_later(search::INSERT, words).await
}

/// A text as the log keeps it: of bounded length, and without characters that a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(VALUE_MAX).collect()
}

fn lines<'a>(conditions: Where, search: &'a str, cursor: Option<&'a Cursor>, rows: u32) -> List<'a> {
    List {
        columns: "r.id, r.at, r.actor, r.by_staff, r.address, r.customer_id, r.subject, r.subject_id, r.subject_name, \
                  r.action, r.field, r.old_value, r.new_value",
        table: "audit",
        joins: "",
        words: Some(WORDS),
        conditions,
        search,
        tags: Vec::new(),
        sieve: None,
        key: "id",
        descending: true,
        cursor,
        rows,
    }
}

/// Lets those lines through that have the words in what is shown of them.
fn sieve(filters: &AuditFilters) -> Option<Box<Sieve<'_>>> {
    let words = search_words(&filters.search);
    if words.is_empty() || filters.unnamed.is_empty() {
        return None;
    }
    Some(Box::new(move |row| {
        let unnamed = filters.unnamed.contains(&row.read("subject", Subject::from_key)?);
        let name = if unnamed { String::new() } else { row.text("subject_name")? };
        let texts = [name, row.text("field")?, row.text("old_value")?, row.text("new_value")?];
        Ok(search::is_in(&words, &texts.each_ref().map(String::as_str)))
    }))
}

fn conditions(scope: Scope, filters: &AuditFilters) -> Where {
    let mut conditions = Where::within(scope);
    conditions.and_if("r.subject = ?", filters.subject.map(Subject::key));
    conditions.and_if("r.subject_id = ?", filters.record.as_deref().map(plain));
    let actor = plain(filters.actor.trim());
    let is_provider = filters.staff_unnamed && actor.eq_ignore_ascii_case(PROVIDER);
    if is_provider {
        conditions.and("r.by_staff = ?", true);
    } else if !actor.is_empty() {
        conditions.and("r.actor = ?", actor);
        // Else names could be guessed.
        conditions.and_if("r.by_staff = ?", filters.staff_unnamed.then_some(false));
    }
    conditions.and_if("r.customer_id = ?", filters.customer);
    // Lines have ids of their moment, so a time is a place in the order of ids.
    conditions.and_if("r.id >= ?", filters.from.map(|from| first_of(from).to_string()));
    conditions.and_if("r.id < ?", filters.until.map(|until| first_of(until).to_string()));
    if !search_words(&filters.search).is_empty() {
        for hidden in &filters.hidden {
            leave_out(&mut conditions, hidden);
        }
    }
    conditions
}

fn leave_out(conditions: &mut Where, Hidden { subject, fields }: &Hidden) {
    let field = format!("CASE WHEN r.field LIKE '%{OF_MEMBER}%' THEN '{OF_MEMBER}' ELSE r.field END");
    let (names, shown) = match fields {
        Fields::Only(names) => (names, "NOT IN"),
        Fields::AllBut(names) => (names, "IN"),
    };
    // An empty list is none to SQL; no field has a blank for a name.
    let places = format!("' '{}", ", ?".repeat(names.len()));
    let args = std::iter::once(subject.key()).chain(names.iter().copied()).map(Into::into);
    conditions.and_all(&format!("(r.subject <> ? OR {field} {shown} ({places}))"), args);
}

fn read(row: &Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        id: row.parse("id")?,
        at: row.at("at")?,
        actor: row.text("actor")?,
        by_staff: row.flag("by_staff")?,
        address: row.text("address")?,
        customer: row.parse_or_null("customer_id")?,
        subject: row.read("subject", Subject::from_key)?,
        subject_id: row.text("subject_id")?,
        subject_name: row.text("subject_name")?,
        action: row.text("action")?,
        change: FieldChange { field: row.text("field")?, old: row.text("old_value")?, new: row.text("new_value")? },
    })
}
