//! The audit log as a file: the rows that the list shows, all of them, as CSV (RFC 4180).
//!
//! The rows are read and sent a part at a time, so that a million of them need no more memory than a thousand. Times are
//! written with their offset (ISO 8601), in the reader's time zone. What a spreadsheet would take for a formula gets an
//! apostrophe in front, for people wrote the values whom the reader has no reason to trust.

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use jiff::{fmt::strtime, tz};
use tandem_domain::{
    access::{Field, Principal, Scope},
    audit::AuditRow,
    ids::AuditId,
};
use tandem_store::{Store, StoreError, audit::AuditFilters};

use super::{
    audit_list::filters,
    audit_sight::{as_seen, within_sight},
};
use crate::{
    error::AppError,
    listing::ListArgs,
    server::{Me, Reference, Refusal, Services, ask, format},
};

/// The heads of the columns.
const HEADS: [&str; 11] =
    ["Time", "Who", "Address", "Kind", "Record", "Record id", "Customer id", "Action", "Field", "Before", "After"];

/// Answers with the rows that the address asks for.
pub async fn csv(State(services): State<Services>, request: Request) -> Response {
    let me = request.extensions().get::<Me>().and_then(|me| me.0.clone());
    let reference = Reference::of(request.extensions());
    match begin(&services, me, request.uri(), reference).await {
        Ok(file) => file,
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response =
                (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], error.words()).into_response();
            response.extensions_mut().insert(Refusal(error));
            response
        }
    }
}

/// The file, of which the first part is read already: what can go wrong has a status of its own until then.
async fn begin(
    services: &Services,
    me: Option<Principal>,
    address: &Uri,
    reference: Option<Reference>,
) -> Result<Response, AppError> {
    let fault = |error: &dyn std::error::Error| ask::fault(error, reference.clone());
    let me = me.ok_or(AppError::SignedOut)?;
    // Each interface has its own file, as it has its own page.
    let own_interface = address.path().starts_with(me.home());
    let scope = me.scope().filter(|_| own_interface && me.sees(Field::AuditLog));
    let scope = scope.ok_or_else(|| AppError::forbidden(Field::AuditLog))?;
    let filters = filters::of(&args_of(address.query().unwrap_or_default()), &me.time_zone)?;
    let filters = within_sight(&me, filters);
    let name = format!("attachment; filename=\"audit-{}.csv\"", format::today(services.clock.now(), &me.time_zone));
    let zone = format::zone_of(&me.time_zone);
    let mut export = Export { store: services.store.clone(), me, scope, filters, zone, next: Next::First };
    let first = export.part().await.map_err(|error| fault(&error))?.unwrap_or_default();
    let rest = stream::try_unfold(export, |mut export| async move {
        let part = export
            .part()
            .await
            .inspect_err(|error| tracing::error!(%error, "an export of the audit log was cut off"))?;
        Ok::<_, StoreError>(part.map(|part| (Bytes::from(part), export)))
    });
    let whole = stream::StreamExt::chain(stream::iter([Ok(Bytes::from(first))]), rest);
    let mut response = Response::new(Body::from_stream(whole));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(|error| fault(&error))?);
    Ok(response)
}

/// What the address asks for, named as the list names it.
fn args_of(query: &str) -> ListArgs {
    let mut args = ListArgs::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "q" {
            args.q = value.into_owned();
        } else {
            args.filters.insert(name.into_owned(), value.into_owned());
        }
    }
    args
}

/// An export on its way.
struct Export {
    store: Store,
    me: Principal,
    scope: Scope,
    filters: AuditFilters,
    zone: tz::TimeZone,
    next: Next,
}

/// Where the next part begins.
#[derive(Debug, Clone, Copy)]
enum Next {
    First,
    After(AuditId),
    Nothing,
}

impl Export {
    /// The next part of the file; `None` at its end. The first part has the heads, also when there are no rows.
    async fn part(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let after = match self.next {
            Next::First => None,
            Next::After(id) => Some(id),
            Next::Nothing => return Ok(None),
        };
        let rows = self.store.audit().export(self.scope, &self.filters, after).await?;
        self.next = rows.last().map_or(Next::Nothing, |row| Next::After(row.id));
        if rows.is_empty() && after.is_some() {
            return Ok(None);
        }
        let heads = after.is_none().then_some(HEADS.map(str::to_owned));
        let records = heads.into_iter().chain(rows.into_iter().map(|row| record(&as_seen(&self.me, row), &self.zone)));
        Ok(Some(write(records)))
    }
}

/// A row's cells.
fn record(row: &AuditRow, zone: &tz::TimeZone) -> [String; HEADS.len()] {
    [
        time(row, zone),
        harmless(&row.actor),
        row.address.clone(),
        row.subject.label().into(),
        harmless(&row.subject_name),
        harmless(&row.subject_id),
        row.customer.map(|customer| customer.to_string()).unwrap_or_default(),
        harmless(&row.action),
        harmless(&row.change.field),
        harmless(&row.change.old),
        harmless(&row.change.new),
    ]
}

/// The moment with milliseconds and offset: `2026-11-24T16:05:09.123+01:00`.
fn time(row: &AuditRow, zone: &tz::TimeZone) -> String {
    jiff::Timestamp::from_millisecond(row.at.0)
        .ok()
        .and_then(|at| strtime::format("%Y-%m-%dT%H:%M:%S%.3f%:z", &at.to_zoned(zone.clone())).ok())
        .unwrap_or_default()
}

/// A value of which no spreadsheet takes any part for a formula (OWASP, "CSV Injection"): an apostrophe, which spreadsheets
/// do not show, goes in front of each formula that begins where a cell may begin. That is not only at the start: where
/// lists are separated by `;`, spreadsheets split at it and take a comma, and the quotes behind it, for text.
fn harmless(value: &str) -> String {
    let mut safe = String::with_capacity(value.len() + 1);
    let mut begins_cell = true;
    for (place, letter) in value.char_indices() {
        let rest = &value[place..];
        let is_formula = rest.trim_start_matches([' ', '"']).starts_with(FORMULA);
        if begins_cell && (is_formula || (place == 0 && rest.starts_with(BREAKS))) {
            safe.push('\'');
        }
        safe.push(letter);
        begins_cell = letter == ';' || BREAKS.contains(&letter);
    }
    safe
}

/// What formulas begin with; spreadsheets read the wide forms as the narrow ones.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// What some spreadsheets skip or break a cell at.
const BREAKS: [char; 3] = ['\t', '\r', '\n'];

/// Lines of CSV: CRLF, quotes only where they are needed.
fn write(records: impl IntoIterator<Item = [String; HEADS.len()]>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for record in records {
        // Into memory, and every record has as many cells: nothing can fail.
        let _ = writer.write_record(&record);
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tandem_domain::{
        audit::{FieldChange, Subject},
        ids::{AuditId, Timestamp},
    };

    use super::*;

    fn row(actor: &str, old: &str, new: &str) -> AuditRow {
        AuditRow {
            id: "018f0000-0000-7000-8000-000000000001".parse::<AuditId>().unwrap(),
            at: Timestamp(1_795_532_709_123),
            actor: actor.into(),
            by_staff: false,
            address: "192.0.2.7".into(),
            customer: None,
            subject: Subject::Account,
            subject_id: "1".into(),
            subject_name: "John".into(),
            action: "changed".into(),
            change: FieldChange { field: "name".into(), old: old.into(), new: new.into() },
        }
    }

    fn line(row: &AuditRow) -> String {
        String::from_utf8(write([record(row, &format::zone_of(&"Europe/Brussels".parse().unwrap()))])).unwrap()
    }

    #[test]
    fn a_line_is_in_the_readers_time_and_ends_as_rfc_4180_asks() {
        assert_eq!(
            line(&row("admin", "John", "Johnny")),
            "2026-11-24T16:05:09.123+01:00,admin,192.0.2.7,Account,John,1,,changed,name,John,Johnny\r\n"
        );
    }

    #[test]
    fn commas_quotes_and_line_breaks_stay_inside_their_cell() {
        assert!(line(&row("admin", "a,b", "say \"hi\"\nthere")).ends_with("\"a,b\",\"say \"\"hi\"\"\nthere\"\r\n"));
    }

    #[test]
    fn a_name_that_was_typed_by_a_stranger_is_no_formula() {
        for formula in ["=HYPERLINK(\"http://evil\")", "+1+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "＝1", "\"=1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for plain in ["john", "*90", "0", "", "a=b", "x;y", "1-2;3", "a, -b"] {
            assert_eq!(harmless(plain), plain);
        }
    }

    /// Where the list separator is a semicolon, spreadsheets split a line there and nowhere else.
    #[test]
    fn a_formula_behind_a_separator_is_none_either() {
        for (value, safe) in [
            ("x;=1+1;", "x;'=1+1;"),
            ("x;=1;+2;-3;@4", "x;'=1;'+2;'-3;'@4"),
            ("x\t=1", "x\t'=1"),
            ("x\r\n=1", "x\r\n'=1"),
            ("\t=1", "'\t'=1"),
            (";=1", ";'=1"),
            ("x;＝1", "x;'＝1"),
            // Quotes that the file doubles are the quotes of a cell of its own there.
            ("x;\"=1", "x;'\"=1"),
            ("x; =1", "x;' =1"),
        ] {
            assert_eq!(harmless(value), safe);
        }
        assert!(line(&row("admin", "x;=1+1;", "y")).ends_with(",x;'=1+1;,y\r\n"));
    }

    #[test]
    fn the_address_of_the_file_names_the_filters_of_the_list() {
        let args = args_of("q=call+supervision&kind=account&from=2026-11-01");
        assert_eq!(
            (args.q.as_str(), args.filter("kind"), args.filter("from")),
            ("call supervision", "account", "2026-11-01")
        );
    }
}
