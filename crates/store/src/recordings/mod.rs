//! Call recordings whose sound is in the object store: who sees which, listed in pages, found by caller, callee and length.
//!
//! An id is of the moment at which the recording began ([`Recordings::new_id`]), so that the order of ids is the order of
//! recordings, and a time is a place in it. Who sees a recording is decided in the query itself, never by leaving rows out of
//! a page: a customer sees what is not for the account only, and an account what has its id in the word index, where the one
//! that recorded always is, and those that took part unless it is for the former only. Caller and callee have words of their
//! own there, so that a caller is found among millions who were mostly called.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `finishing` | the row and the e-mail that a finished recording becomes |
//! | `deleting` | deletion by people and by age, and what is left in the object store then |

mod deleting;
mod finishing;

use tandem_domain::{
    access::Who,
    account::full_name,
    audit::{FieldChange, Subject},
    calls::{Direction, Party},
    ids::{AccountId, CallId, CustomerId, RecordingId, Timestamp},
    list::{PAGE_ROWS, Page, Query, search_words},
    recordings::{Recording, Sight, utc_day},
    settings::Setting,
};

pub(crate) use self::finishing::append;
pub use self::{
    deleting::DELETED_MAX,
    finishing::{Addressee, Finished, FinishedRecording, Letter},
};
use crate::{
    Change, Store, StoreError,
    db::{Arg, Row, Sql, sql},
    diff,
    ids::first_of,
    list::{List, Sieve, Where, WordIndex, numbered},
    outside,
    saving::About,
    search::{self, Words},
    xdrs::{party, unnamed},
};

/// Their place in the word index.
pub(crate) const WORDS: WordIndex = WordIndex { kind: "recording", rare: 8000, paired: 0 };
/// With at most this many entries each, two words of a list of all customers' recordings are looked up together.
const PAIRED: u32 = 40_000;
/// With at most this many recordings of a length, it is sought by its length.
const LENGTH_RARE: u32 = 8000;

/// Which recordings a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordingFilters {
    /// Only those of this customer.
    pub customer: Option<CustomerId>,
    /// Only those that this account sees: its own, and those in which it took part unless they are for another only.
    pub account: Option<AccountId>,
    /// Only those that began at this moment or later.
    pub from: Option<Timestamp>,
    /// Only those that began before this moment.
    pub until: Option<Timestamp>,
    /// Only those whose caller has these words or digits in number or name. Empty: all.
    pub caller: String,
    /// Only those whose called party has these words or digits in number or name. Empty: all.
    pub destination: String,
    /// Only those whose sound is at least this long, in milliseconds.
    pub shortest_ms: Option<u64>,
    /// Only those whose sound is at most this long, in milliseconds.
    pub longest_ms: Option<u64>,
    /// The reader is not shown the names of accounts: none is found by them, or they could be guessed letter by letter.
    pub accounts_unnamed: bool,
}

/// A recording with what is known beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRow {
    /// The recording.
    pub recording: Recording,
    /// The customer's name.
    pub customer_name: String,
    /// The name of the account that recorded; empty if it is not known any more.
    pub account_name: String,
    /// Its extension; empty if the account is not known any more.
    pub extension: String,
    /// The size of the WAV.
    pub wav_octets: u64,
    /// The size of the Ogg Opus.
    pub opus_octets: u64,
}

/// The recordings. See [`Store::recordings`].
#[derive(Clone, Copy)]
pub struct Recordings<'a>(pub(crate) &'a Store);

/// What a [`RecordingRow`] is made of.
const COLUMNS: &str = "r.*, c.name AS customer_name, a.first_name, a.last_name, a.extension";
/// Where the names are.
const NAMES_OF: &str = "JOIN customer c ON c.id = r.customer_id LEFT JOIN account a ON a.id = r.account_id";

impl Recordings<'_> {
    /// An id for a recording that began at this moment.
    #[must_use]
    pub fn new_id(&self, started: Timestamp) -> RecordingId {
        RecordingId(self.0.new_id(started))
    }

    /// A page of the recordings that `who` sees, the newest first, whatever the query's order says. Searched: numbers and
    /// names of both parties, and the huntgroup.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        who: Who,
        query: &Query<()>,
        filters: &RecordingFilters,
    ) -> Result<Page<RecordingRow>, StoreError> {
        let search = search::typed_number(&query.search);
        let mut tags: Vec<String> = Vec::new();
        for (whose, typed) in [(CALLER, &filters.caller), (CALLEE, &filters.destination)] {
            tags.extend(search_words(&search::typed_number(typed)).iter().map(|word| format!("{whose}{word}")));
        }
        tags.extend(seer(who).into_iter().chain(filters.account).map(tag));
        tags.sort();
        tags.dedup();
        let conditions = self.conditions(who, filters).await?;
        // Along the recordings of one customer a page is soon together; along all of them it need not be.
        let of_one = !matches!(who, Who::Administrator(_)) || filters.customer.is_some();
        let words = WordIndex { paired: if of_one { 0 } else { PAIRED }, ..WORDS };
        let words_of = |typed: &str| search_words(&search::typed_number(typed));
        let asked = [&query.search, &filters.caller, &filters.destination].map(|typed| words_of(typed));
        let sieve = |row: &Row| {
            let [caller, callee] = [party(row, "caller")?, party(row, "callee")?].map(unnamed);
            let [caller, callee] = [caller, callee].map(|party| format!("{} {}", party.number, party.name));
            let [anywhere, of_caller, of_callee] = &asked;
            Ok(search::is_in(anywhere, &[&caller, &callee, &row.text("huntgroup")?])
                && search::is_in(of_caller, &[&caller])
                && search::is_in(of_callee, &[&callee]))
        };
        let sieve: &Sieve<'_> = &sieve;
        let is_asked = asked.iter().any(|words| !words.is_empty());
        let list = List {
            columns: COLUMNS,
            table: "recording",
            joins: NAMES_OF,
            words: Some(words),
            conditions,
            search: &search,
            tags,
            sieve: (filters.accounts_unnamed && is_asked).then_some(sieve),
            key: "id",
            descending: true,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        list.page(&self.0.db, recording_row).await
    }

    /// A recording that `who` sees.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: there is none, or it is not for these eyes, which is the same answer.
    pub async fn one(&self, who: Who, id: RecordingId) -> Result<RecordingRow, StoreError> {
        let one = format!("SELECT {COLUMNS} FROM recording r {NAMES_OF} WHERE r.id = $1");
        let row = self.0.db.one(sql(one).bind(id)).await?.ok_or(StoreError::NotFound)?;
        let row = recording_row(&row)?;
        if row.recording.sight(who) == Sight::Nothing { Err(StoreError::NotFound) } else { Ok(row) }
    }

    /// The recordings of a call that `who` sees, in their order.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_call(&self, who: Who, call: CallId) -> Result<Vec<RecordingRow>, StoreError> {
        let of_call = format!("SELECT {COLUMNS} FROM recording r {NAMES_OF} WHERE r.call_id = $1 ORDER BY r.id");
        let rows = self.0.db.all(sql(of_call).bind(call)).await?;
        let rows: Vec<RecordingRow> = rows.iter().map(recording_row).collect::<Result<_, _>>()?;
        Ok(rows.into_iter().filter(|row| row.recording.sight(who) != Sight::Nothing).collect())
    }

    /// Writes into the audit log that somebody of the provider's staff did something with a recording: "played" or
    /// "downloaded".
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn note_played(&self, change: &Change<'_>, id: RecordingId, action: &str) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let recording = write.one(by_id(id)).await?.as_ref().map(read).transpose()?.ok_or(StoreError::NotFound)?;
        let told = FieldChange { field: "recording".into(), old: String::new(), new: beginning(&recording) };
        write.tell(&about(&recording), action, None, vec![told]).await?;
        write.commit().await
    }

    /// Shows a recording to the account that recorded it only, or to all who may see it otherwise, and tells how it was.
    /// Whether the account may do so is its role's to say.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another account's recording.
    pub async fn set_account_only(
        &self,
        change: &Change<'_>,
        account: AccountId,
        id: RecordingId,
        on: bool,
    ) -> Result<bool, StoreError> {
        let mut write = self.0.write(change).await?;
        // The row is locked before it is read, or of two at once one would leave words that it knows nothing of.
        let own = sql("UPDATE recording SET account_only = account_only WHERE id = $1 AND account_id = $2");
        if write.run(own.bind(id).bind(account)).await? == 0 {
            return Err(StoreError::NotFound);
        }
        let row = write.one(by_id(id)).await?.ok_or(StoreError::NotFound)?;
        let mut recording = read(&row)?;
        let was = recording.account_only;
        if was == on {
            return Ok(was);
        }
        recording.account_only = on;
        let words = words_of(&recording);
        let update = sql("UPDATE recording SET account_only = $1, search = $2 WHERE id = $3");
        write.run(update.bind(on).bind(words.column()).bind(id)).await?;
        search::index(&mut write.tx, WORDS.kind, &id.to_string(), &row.text("search")?, &words).await?;
        let field = Setting::RecordAccountOnly.key().to_owned();
        let told = FieldChange { field, old: diff::switch(was), new: diff::switch(on) };
        // It was or is a secret, so the company is not told.
        let about = About { customer: None, ..about(&recording) };
        write.tell(&about, "changed", None, vec![told]).await?;
        write.commit().await?;
        Ok(was)
    }

    async fn conditions(&self, who: Who, filters: &RecordingFilters) -> Result<Where, StoreError> {
        let mut conditions = Where::default();
        let own = match who {
            Who::Administrator(_) => None,
            Who::Customer(customer) => {
                conditions.and("r.account_only = ?", false);
                Some(customer)
            }
            Who::Account { customer, .. } => Some(customer),
        };
        conditions.and_if("r.customer_id = ?", own);
        conditions.and_if("r.customer_id = ?", filters.customer.filter(|customer| own != Some(*customer)));
        if filters.shortest_ms.is_some() || filters.longest_ms.is_some() {
            let (of_length, args) = of_length(who, own.or(filters.customer), filters);
            let count = format!("SELECT COUNT(*) AS n FROM ({of_length} LIMIT {}) counted", LENGTH_RARE + 1);
            let n = self.0.db.one(numbered(&count, args.clone())).await?.map_or(Ok(0), |row| row.int("n"))?;
            if n <= i64::from(LENGTH_RARE) {
                conditions.and_all(&format!("r.id IN ({of_length})"), args);
                return Ok(conditions);
            }
            // With the sign no index of lengths is taken, which would have to be sorted.
            conditions.and_all("+r.length_ms BETWEEN ? AND ?", lengths(filters));
        }
        for (condition, moment) in times(filters) {
            conditions.and(&format!("r.id {condition}"), moment);
        }
        Ok(conditions)
    }
}

/// The ids of the recordings of a length and a time, whoever of a customer may see them. If they are few, the list begins with
/// them; else one recording after the other is looked at, and soon a page is together.
fn of_length(who: Who, customer: Option<CustomerId>, filters: &RecordingFilters) -> (String, Vec<Arg>) {
    let mut args = Vec::new();
    let mut of_length = String::from("SELECT l.id FROM recording l WHERE ");
    if let Some(customer) = customer {
        // Only what a customer sees, or both kinds: said so, one index serves both.
        let most = !matches!(who, Who::Customer(_));
        of_length.push_str("l.customer_id = ? AND l.account_only IN (?, ?) AND ");
        args.extend([customer.into(), false.into(), most.into()]);
    }
    of_length.push_str("l.length_ms BETWEEN ? AND ?");
    args.extend(lengths(filters));
    for (condition, moment) in times(filters) {
        // So that the index of lengths is taken, not the one of ids.
        of_length.push_str(&format!(" AND l.id || '' {condition}"));
        args.push(moment);
    }
    (of_length, args)
}

/// The least and the greatest length.
fn lengths(filters: &RecordingFilters) -> [Arg; 2] {
    [filters.shortest_ms.unwrap_or(0).into(), filters.longest_ms.unwrap_or(u64::MAX).into()]
}

/// What is asked of an id so that it is of the time.
fn times(filters: &RecordingFilters) -> Vec<(&'static str, Arg)> {
    let bound = |at: Timestamp| Arg::from(first_of(at).to_string());
    let from = filters.from.map(|from| (">= ?", bound(from)));
    from.into_iter().chain(filters.until.map(|until| ("< ?", bound(until)))).collect()
}

/// Characters of a number by which it is found. The words are part of an index, of which PostgreSQL takes 2,700 bytes a row.
const FOUND_NUMBER: usize = 40;
/// Characters of a name by which it is found.
const FOUND_NAME: usize = 60;
/// Before a word of the caller.
const CALLER: char = '<';
/// Before a word of the called party.
const CALLEE: char = '>';

/// The account that is told of in the word index, if that is what decides.
const fn seer(who: Who) -> Option<AccountId> {
    match who {
        Who::Account { account, .. } => Some(account),
        Who::Customer(_) | Who::Administrator(_) => None,
    }
}

/// The word of an account. Nobody can type it, so nobody finds accounts by the beginnings of their ids.
fn tag(account: AccountId) -> String {
    format!("@{}", account.0.simple())
}

fn words_of(recording: &Recording) -> Words {
    let Recording { caller, callee, huntgroup, account, account_only, .. } = recording;
    let text = |party: &Party| {
        format!("{} {}", outside::line(&party.number, FOUND_NUMBER), outside::line(&party.name, FOUND_NAME))
    };
    let [called_by, called] = [caller, callee].map(text);
    let mut words = Words::of(&[&called_by, &called, &outside::line(huntgroup, FOUND_NAME)]);
    for (whose, text) in [(CALLER, called_by), (CALLEE, called)] {
        words.add(search_words(&text).iter().map(|word| format!("{whose}{word}")));
    }
    words.add([tag(*account)]);
    if !account_only {
        words.add([caller.account, callee.account].into_iter().flatten().map(tag));
    }
    words
}

/// What the audit log calls a recording. One that is for an account only is told to the provider's staff alone, for a company
/// that reads of it knows that it is there.
fn about(recording: &Recording) -> About {
    let name = |Party { number, name, .. }: &Party| {
        if name.is_empty() { number.clone() } else { format!("{name} ({number})") }
    };
    let name = format!("{} → {}", name(&recording.caller), name(&recording.callee));
    let about = About::of(recording.customer, Subject::Recording, recording.id, &name);
    About { customer: about.customer.filter(|_| !recording.account_only), ..about }
}

/// When a recording began, for the audit log: `2026-11-26T10:00:00Z`.
fn beginning(recording: &Recording) -> String {
    let (year, month, day) = utc_day(recording.started);
    let seconds = recording.started.0.div_euclid(1000).rem_euclid(24 * 60 * 60);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn by_id(id: RecordingId) -> Sql {
    sql("SELECT * FROM recording WHERE id = $1").bind(id)
}

fn recording_row(row: &Row) -> Result<RecordingRow, StoreError> {
    let text = |column: &str| row.text_or_null(column).map(Option::unwrap_or_default);
    Ok(RecordingRow {
        recording: read(row)?,
        customer_name: row.text("customer_name")?,
        account_name: full_name(&text("first_name")?, &text("last_name")?),
        extension: text("extension")?,
        wav_octets: row.number("wav_octets")?,
        opus_octets: row.number("opus_octets")?,
    })
}

fn read(row: &Row) -> Result<Recording, StoreError> {
    Ok(Recording {
        id: row.parse("id")?,
        call: row.parse("call_id")?,
        customer: row.parse("customer_id")?,
        account: row.parse("account_id")?,
        account_only: row.flag("account_only")?,
        direction: row.read("direction", Direction::from_key)?,
        caller: party(row, "caller")?,
        callee: party(row, "callee")?,
        huntgroup: row.text("huntgroup")?,
        started: row.at("started_at")?,
        ended: row.at("ended_at")?,
        segments: row.read("segments", |text| serde_json::from_str(text).ok())?,
        marks: row.read("marks", |text| serde_json::from_str(text).ok())?,
    })
}
