//! What is kept of calls: one record per call and customer, appended by the exchange, read in pages.
//!
//! An id is of the moment at which the call began ([`Xdrs::new_id`]), so that the order of ids is the order of calls, and a
//! time is a place in it. Numbers and names are found by the word index, as in the audit log; the accounts that took part are
//! in it too, behind an `@`, so that one account's calls are found among millions.
//!
//! The word index costs a third of what it takes to write a record: on SQLite, with a million records of a thousand customers
//! there, a batch of a thousand takes some tenths of a second with it. An index of the numbers alone would save little, for
//! it is the rare words, numbers from outside and accounts, whose places in it lie far from each other.

use tandem_domain::{
    access::{Scope, Tenant},
    calls::{Direction, EndedBy, Party, Quality, ReleaseCause, Xdr},
    ids::{AccountId, CallId, CustomerId, Timestamp, XdrId},
    list::{PAGE_ROWS, Page, Query, search_words},
    wallboard::Ended,
};

use crate::{
    Store, StoreError,
    db::{Arg, Row, sql},
    ids::first_of,
    list::{List, Sieve, Where, WordIndex},
    outside::{self, SHORT},
    search::{self, Words},
};

/// Their place in the word index.
pub(crate) const WORDS: WordIndex = WordIndex { kind: "xdr", rare: 8000, paired: 0 };

/// Which records a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct XdrFilters {
    /// Only those of this customer.
    pub customer: Option<CustomerId>,
    /// Only calls in which this account took part.
    pub account: Option<AccountId>,
    /// Only this direction.
    pub direction: Option<Direction>,
    /// Only calls that ended for this reason.
    pub cause: Option<ReleaseCause>,
    /// Only calls that were answered, or only those that were not.
    pub answered: Option<bool>,
    /// Only calls that began at this moment or later.
    pub from: Option<Timestamp>,
    /// Only calls that began before this moment.
    pub until: Option<Timestamp>,
    /// The reader is not shown the names of accounts: no search finds them, or they could be guessed letter by letter.
    pub accounts_unnamed: bool,
}

/// A record in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct XdrRow {
    /// The record.
    pub xdr: Xdr,
    /// The customer's name.
    pub customer_name: String,
}

/// The records of calls. See [`Store::xdrs`].
#[derive(Clone, Copy)]
pub struct Xdrs<'a>(pub(crate) &'a Store);

impl Xdrs<'_> {
    /// An id for the record of a call that began at this moment.
    #[must_use]
    pub fn new_id(&self, started: Timestamp) -> XdrId {
        XdrId(self.0.new_id(started))
    }

    /// Appends records, in one transaction. One that is there already (by its id) is left as it is.
    ///
    /// # Errors
    /// [`StoreError::Database`], also when a customer does not exist.
    pub async fn append(&self, xdrs: &[Xdr]) -> Result<(), StoreError> {
        if xdrs.is_empty() {
            return Ok(());
        }
        let (mut rows, mut words) = (Vec::with_capacity(xdrs.len()), Vec::new());
        for xdr in xdrs {
            let found_by = words_of(xdr);
            words.extend(found_by.rows(WORDS.kind, &xdr.id.to_string()));
            rows.push(row(xdr, &found_by));
        }
        // In the order of the index, which is quicker.
        words.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        let mut tx = self.0.begin().await?;
        tx.insert_all_or(INSERT, rows, "ON CONFLICT DO NOTHING").await?;
        tx.insert_all_or(search::INSERT, words, "ON CONFLICT DO NOTHING").await?;
        for xdr in xdrs {
            tx.run(sql("DELETE FROM open_call WHERE xdr_id = $1").bind(xdr.id)).await?;
        }
        tx.commit().await
    }

    /// Keeps what is known of calls that were just answered, until their records are appended.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn open(&self, xdrs: &[Xdr]) -> Result<(), StoreError> {
        if xdrs.is_empty() {
            return Ok(());
        }
        let mut tx = self.0.begin().await?;
        for xdr in xdrs {
            let record = serde_json::to_string(xdr).map_err(|error| unwritable(xdr, &error))?;
            let open = "INSERT INTO open_call (xdr_id, record, alive_at) VALUES ($1, $2, $3) \
                        ON CONFLICT (xdr_id) DO UPDATE SET record = excluded.record, alive_at = excluded.alive_at";
            tx.run(sql(open).bind(xdr.id).bind(record).bind(xdr.ended)).await?;
        }
        tx.commit().await
    }

    /// All calls that are open go on still.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn still_open(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        tx.run(sql("UPDATE open_call SET alive_at = $1").bind(now)).await?;
        tx.commit().await
    }

    /// Appends the records of all calls that are open, as over when they were last known to go on, and tells how many: for a
    /// program that starts, after one that ended without a word. (With several programs on one database each would have to know
    /// its own.)
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn close_open(&self) -> Result<usize, StoreError> {
        let rows = self.0.db.all(sql("SELECT xdr_id AS id, record, alive_at FROM open_call")).await?;
        let read = |row: &Row| {
            let record = row.text("record")?;
            let mut xdr: Xdr = serde_json::from_str(&record).map_err(|_| row.corrupt("record", record))?;
            xdr.ended = row.at("alive_at")?;
            Ok(xdr)
        };
        let xdrs = rows.iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
        self.append(&xdrs).await?;
        Ok(xdrs.len())
    }

    /// A page of records, the newest first, whatever the query's order says. Searched: numbers, also in groups of digits when
    /// they begin as international ones do, names, and the huntgroup.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        scope: Scope,
        query: &Query<()>,
        filters: &XdrFilters,
    ) -> Result<Page<XdrRow>, StoreError> {
        let search = search::typed_number(&query.search);
        let words = search_words(&search);
        let sieve = |row: &Row| {
            let [caller, callee] = [party(row, "caller")?, party(row, "callee")?].map(unnamed);
            let (dialled, huntgroup) = (row.text("dialled")?, row.text("huntgroup")?);
            let texts = [&caller.number, &caller.name, &callee.number, &callee.name, &dialled, &huntgroup];
            Ok(search::is_in(&words, &texts.map(String::as_str)))
        };
        let sieve: &Sieve<'_> = &sieve;
        let list = List {
            columns: "r.*, c.name AS customer_name",
            table: "xdr",
            joins: "JOIN customer c ON c.id = r.customer_id",
            words: Some(WORDS),
            conditions: conditions(scope, filters),
            search: &search,
            tags: filters.account.map(tag).into_iter().collect(),
            sieve: (filters.accounts_unnamed && !words.is_empty()).then_some(sieve),
            key: "id",
            descending: true,
            cursor: query.cursor.as_ref(),
            rows: PAGE_ROWS,
        };
        let read = |row: &Row| Ok(XdrRow { xdr: xdr(row)?, customer_name: row.text("customer_name")? });
        list.page(&self.0.db, read).await
    }

    /// The calls of a customer that began at this moment or later and are over, counted: those that came from outside or were for
    /// a huntgroup.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn ended_since(&self, tenant: Tenant, from: Timestamp) -> Result<Vec<Ended>, StoreError> {
        let counted = "SELECT MIN(id) AS id, huntgroup, callee_account_id, \
                       CAST(CASE WHEN answered_at IS NULL THEN 0 ELSE 1 END AS BIGINT) AS was_answered, CAST(COUNT(*) AS BIGINT) AS calls, \
                       CAST(COALESCE(MAX(ended_at - answered_at), 0) AS BIGINT) AS longest \
                       FROM xdr WHERE customer_id = $1 AND id >= $2 AND (direction = $3 OR huntgroup <> '') \
                       GROUP BY huntgroup, callee_account_id, CASE WHEN answered_at IS NULL THEN 0 ELSE 1 END";
        let counted =
            sql(counted).bind(tenant.customer()).bind(first_of(from).to_string()).bind(Direction::Incoming.key());
        let read = |row: &Row| {
            let number = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
            Ok(Ended {
                huntgroup: row.text("huntgroup")?,
                agent: row.parse_or_null("callee_account_id")?,
                answered: row.int("was_answered")? > 0,
                calls: number(row.int("calls")?),
                longest: number(row.int("longest")?.max(0) / 1000),
            })
        };
        self.0.db.all(counted).await?.iter().map(read).collect()
    }

    /// A record, which the scope must cover; of an account, if one is given, only if it took part.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn one(&self, scope: Scope, account: Option<AccountId>, id: XdrId) -> Result<Xdr, StoreError> {
        let row = self.0.db.one(sql("SELECT * FROM xdr WHERE id = $1").bind(id)).await?;
        let found = row.as_ref().map(xdr).transpose()?.ok_or(StoreError::NotFound)?;
        let covered = scope.customer().is_none_or(|own| own == found.customer);
        let took_part = account.is_none_or(|own| [found.caller.account, found.callee.account].contains(&Some(own)));
        if covered && took_part { Ok(found) } else { Err(StoreError::NotFound) }
    }

    /// The records of a call that the scope covers: one per customer.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_call(&self, scope: Scope, call: CallId) -> Result<Vec<Xdr>, StoreError> {
        let of_call = sql("SELECT * FROM xdr WHERE call_id = $1 ORDER BY id").bind(call);
        let found: Vec<Xdr> = self.0.db.all(of_call).await?.iter().map(xdr).collect::<Result<_, _>>()?;
        Ok(found.into_iter().filter(|xdr| scope.customer().is_none_or(|own| own == xdr.customer)).collect())
    }
}

const INSERT: &str = "INSERT INTO xdr (id, call_id, customer_id, direction, caller_number, caller_name, caller_account_id, \
                      callee_number, callee_name, callee_account_id, dialled, huntgroup, started_at, answered_at, ended_at, \
                      cause, status, ended_by, caller_quality, callee_quality, search)";

fn conditions(scope: Scope, filters: &XdrFilters) -> Where {
    let mut conditions = Where::within(scope);
    conditions.and_if("r.customer_id = ?", filters.customer);
    let of_one = scope.customer().or(filters.customer).is_some();
    let filters_by_key =
        [("direction", filters.direction.map(Direction::key)), ("cause", filters.cause.map(ReleaseCause::key))];
    for (column, key) in filters_by_key {
        let Some(key) = key else { continue };
        if of_one {
            // Said so, SQLite takes the customer's index; else it takes the one of all customers' calls of this kind.
            conditions.and_all(&format!("r.{column} BETWEEN ? AND ?"), [key.into(), key.into()]);
        } else {
            conditions.and(&format!("r.{column} = ?"), key);
        }
    }
    match filters.answered {
        Some(true) => conditions.and_all("r.answered_at IS NOT NULL", []),
        Some(false) => conditions.and_all("r.answered_at IS NULL", []),
        None => {}
    }
    conditions.and_if("r.id >= ?", filters.from.map(|from| first_of(from).to_string()));
    conditions.and_if("r.id < ?", filters.until.map(|until| first_of(until).to_string()));
    conditions
}

/// The word of an account. Nobody can type it, so nobody finds accounts by the beginnings of their ids.
fn tag(account: AccountId) -> String {
    format!("@{}", account.0.simple())
}

fn words_of(xdr: &Xdr) -> Words {
    let Xdr { caller, callee, dialled, huntgroup, .. } = xdr;
    let texts = [&caller.number, &caller.name, &callee.number, &callee.name, dialled, huntgroup];
    let mut words = Words::of(&texts.map(|text| outside::line(text, SHORT)).each_ref().map(String::as_str));
    words.add([caller.account, callee.account].into_iter().flatten().map(tag));
    words
}

/// Word and record of a row of the word index.
fn sort_key(row: &[Arg]) -> Vec<&str> {
    row.iter().filter_map(|arg| if let Arg::Text(Some(text)) = arg { Some(text.as_str()) } else { None }).collect()
}

fn row(xdr: &Xdr, words: &Words) -> Vec<Arg> {
    let Xdr {
        id,
        call,
        customer,
        direction,
        caller,
        callee,
        dialled,
        huntgroup,
        started,
        answered,
        ended,
        cause,
        status,
        ended_by,
        caller_quality,
        callee_quality,
    } = xdr;
    vec![
        id.into(),
        call.into(),
        customer.into(),
        direction.key().into(),
        outside::line(&caller.number, SHORT).into(),
        outside::line(&caller.name, SHORT).into(),
        caller.account.into(),
        outside::line(&callee.number, SHORT).into(),
        outside::line(&callee.name, SHORT).into(),
        callee.account.into(),
        outside::line(dialled, SHORT).into(),
        outside::line(huntgroup, SHORT).into(),
        (*started).into(),
        (*answered).into(),
        (*ended).into(),
        cause.key().into(),
        u32::from(*status).into(),
        ended_by.key().into(),
        caller_quality.map(json).into(),
        callee_quality.map(json).into(),
        words.column().into(),
    ]
}

/// JSON knows no infinite numbers, and what is no number is no measure.
fn json(quality: Quality) -> String {
    let finite = |number: f64| if number.is_finite() { number } else { 0.0 };
    let Quality { packets, lost, jitter_ms, mos } = quality;
    let quality = Quality { packets, lost, jitter_ms: finite(jitter_ms), mos: finite(mos) };
    serde_json::to_string(&quality).expect("four numbers are always JSON")
}

fn unwritable(xdr: &Xdr, error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt { id: xdr.id.to_string(), column: "record".into(), value: error.to_string() }
}

/// A party of a call, in the columns whose names begin with `place`: "caller" or "callee".
pub(crate) fn party(row: &Row, place: &str) -> Result<Party, StoreError> {
    let column = |what: &str| format!("{place}_{what}");
    let account = row.parse_or_null(&column("account_id"))?;
    Ok(Party { number: row.text(&column("number"))?, name: row.text(&column("name"))?, account })
}

/// The party as somebody may know it who is not shown the names of accounts.
pub(crate) fn unnamed(party: Party) -> Party {
    if party.account.is_none() { party } else { Party { name: String::new(), ..party } }
}

fn xdr(row: &Row) -> Result<Xdr, StoreError> {
    let quality = |column: &str| -> Result<Option<Quality>, StoreError> {
        let text = row.text_or_null(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|_| row.corrupt(column, text))).transpose()
    };
    Ok(Xdr {
        id: row.parse("id")?,
        call: row.parse("call_id")?,
        customer: row.parse("customer_id")?,
        direction: row.read("direction", Direction::from_key)?,
        caller: party(row, "caller")?,
        callee: party(row, "callee")?,
        dialled: row.text("dialled")?,
        huntgroup: row.text("huntgroup")?,
        started: row.at("started_at")?,
        answered: row.int_or_null("answered_at")?.map(Timestamp),
        ended: row.at("ended_at")?,
        cause: row.read("cause", ReleaseCause::from_key)?,
        status: row.number("status")?,
        ended_by: row.read("ended_by", EndedBy::from_key)?,
        caller_quality: quality("caller_quality")?,
        callee_quality: quality("callee_quality")?,
    })
}
