//! The audit log as a list: for the provider everything, for a customer what concerns its own data.

use leptos::prelude::*;
use tandem_domain::{access::Field, audit::Subject};
#[cfg(feature = "ssr")]
use tandem_domain::{access::Principal, audit::AuditRow};

#[cfg(feature = "ssr")]
use super::{audit_sight, audit_words};
use crate::{
    data::load,
    error::AppError,
    listing::{ListArgs, Listing},
    ui::{Filter, FilterInput, ListPage, list_args},
};

/// A page of the audit log, the newest first: of the customer who asks, or of everything for an administrator.
///
/// # Errors
/// What is wrong with the filters; no permission to see the audit log.
#[server(endpoint = "audit_list")]
pub async fn audit_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::AuditLog)?;
    let filters = filters::of(&args, &ask.me.time_zone)?;
    audit_lines(&ask, ask.scope()?, filters, args.cursor()).await
}

/// A page of lines, as every page that shows some of the audit log shows them.
///
/// # Errors
/// Faults on our side.
#[cfg(feature = "ssr")]
pub(crate) async fn audit_lines(
    ask: &crate::server::ask::Ask,
    scope: tandem_domain::access::Scope,
    filters: tandem_store::audit::AuditFilters,
    cursor: Option<tandem_domain::list::Cursor>,
) -> Result<Listing, AppError> {
    use crate::listing::{Cell, Column, ListRow};

    let filters = audit_sight::within_sight(&ask.me, filters);
    let page =
        ask.store().audit().list(scope, &filters, cursor.as_ref()).await.map_err(|error| ask.tell("entry", error))?;
    let columns = ["When", "Who", "Record", "What", "Before", "After"].map(Column::plain).to_vec();
    Ok(Listing::of(columns, page, |row| {
        let row = audit_sight::as_seen(&ask.me, row);
        let href = record_href(&ask.me, &row);
        let (what, action) = audit_words::what_words(&row);
        let value = |value: &str| Cell::Text(audit_words::value_words(&row.change.field, value));
        let (before, after) = (value(&row.change.old), value(&row.change.new));
        let cells = vec![
            Cell::Figures(ask.time_with_seconds(row.at)),
            Cell::Two(row.actor, row.address),
            Cell::Two(row.subject_name, row.subject.label().into()),
            Cell::Two(what, action),
            before,
            after,
        ];
        ListRow { href, cells }
    }))
}

/// The page of the record that a line is about, where there is one that this person may open.
#[cfg(feature = "ssr")]
pub(crate) fn record_href(me: &Principal, row: &AuditRow) -> Option<String> {
    if row.action == "deleted" {
        return None;
    }
    let (field, provider, self_care) = match row.subject {
        Subject::Customer => (Field::CustomerName, Some("/admin/customers"), None),
        Subject::Account => (Field::AccountProfile, Some("/admin/accounts"), Some("/self-care/extensions")),
        Subject::Class => (Field::Classes, Some("/admin/classes"), None),
        Subject::Role => (Field::Roles, Some("/admin/roles"), None),
        Subject::DialingRule => (Field::DialingRules, Some("/admin/dialing-rules"), None),
        Subject::Administrator => (Field::Administrators, Some("/admin/administrators"), None),
        Subject::Huntgroup => (Field::Huntgroups, None, Some("/self-care/huntgroups")),
        Subject::Recording => (Field::Recordings, Some("/admin/recordings"), Some("/self-care/recordings")),
        Subject::Invoice => (Field::Invoices, Some("/admin/invoices"), Some("/self-care/invoices")),
        Subject::Payment => (Field::Payments, Some("/admin/payments"), Some("/self-care/payments")),
        Subject::PaymentSystem => (Field::PaymentSystems, Some("/admin/payment-systems"), None),
        Subject::PaymentMethod | Subject::AutoPayment | Subject::Balance => return None,
        // Who was refused was in no call.
        Subject::Supervision if row.action == "refused" => return None,
        Subject::Supervision => (Field::CallHistory, Some("/admin/calls"), Some("/self-care/history")),
        Subject::SignIn | Subject::Request => return None,
    };
    let place = if me.own_customer().is_none() { provider } else { self_care };
    place.filter(|_| me.sees(field)).map(|place| format!("{place}/{}", row.subject_id))
}

/// What an address asks of the audit log.
#[cfg(feature = "ssr")]
pub mod filters {
    use jiff::{civil::Date, tz};
    use tandem_domain::{
        audit::Subject,
        error::{FieldError, FieldErrors},
        field::optional_date,
        ids::Timestamp,
        locale::TimeZone,
    };
    use tandem_store::audit::AuditFilters;

    use crate::listing::ListArgs;

    /// The filters that an address names: `q`, `kind`, `who`, and the days `from` and `to`, both included, in the reader's
    /// time zone.
    ///
    /// # Errors
    /// What is wrong with the days.
    pub fn of(args: &ListArgs, zone: &TimeZone) -> Result<AuditFilters, FieldErrors> {
        let (from, until) = days(args, zone)?;
        Ok(AuditFilters {
            subject: Subject::from_key(args.filter("kind")),
            actor: args.filter("who").trim().to_lowercase(),
            from,
            until,
            search: args.q.clone(),
            ..AuditFilters::default()
        })
    }

    /// The moments between which the days `from` and `to` lie, both included, in a time zone.
    ///
    /// # Errors
    /// What is wrong with the days.
    pub fn days(args: &ListArgs, zone: &TimeZone) -> Result<(Option<Timestamp>, Option<Timestamp>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let from = errors.take("from", optional_date(args.filter("from")));
        let to = errors.take("to", optional_date(args.filter("to")));
        let (Some(from), Some(to)) = (from, to) else { return Err(errors) };
        let begin = |day: Option<String>, name: &str, errors: &mut FieldErrors, after: bool| {
            day.and_then(|day| errors.take(name, begin_of(&day, after, zone)))
        };
        let from = begin(from, "from", &mut errors, false);
        let until = begin(to, "to", &mut errors, true);
        errors.into_result()?;
        Ok((from, until))
    }

    /// The first moment of a day in a time zone, or of the day after it. Where the clock skips midnight, it is the moment to
    /// which it skips.
    fn begin_of(day: &str, after: bool, zone: &TimeZone) -> Result<Timestamp, FieldError> {
        let wrong = |_| FieldError::new("Enter a day as year-month-day, such as 2027-03-31.");
        let day: Date = day.parse().map_err(wrong)?;
        let day = if after { day.tomorrow().map_err(wrong)? } else { day };
        let zone = tz::TimeZone::get(zone.as_str()).unwrap_or(tz::TimeZone::UTC);
        Ok(Timestamp(day.to_zoned(zone).map_err(wrong)?.timestamp().as_millisecond()))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn args(pairs: &[(&str, &str)]) -> ListArgs {
            let filters = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            ListArgs { filters, ..ListArgs::default() }
        }

        fn zone(name: &str) -> TimeZone {
            name.parse().unwrap()
        }

        #[test]
        fn a_day_is_the_readers_day_with_its_first_and_last_moment() {
            let args = args(&[("from", "2026-11-24"), ("to", "2026-11-24")]);
            let filters = of(&args, &zone("Europe/Brussels")).unwrap();
            // Midnight in Brussels is 23:00 UTC of the day before.
            assert_eq!(filters.from, Some(Timestamp(1_795_474_800_000)));
            assert_eq!(filters.until, Some(Timestamp(1_795_474_800_000 + 24 * 3_600_000)));
        }

        #[test]
        fn the_day_of_the_change_to_winter_time_has_25_hours() {
            let args = args(&[("from", "2026-10-25"), ("to", "2026-10-25")]);
            let filters = of(&args, &zone("Europe/Brussels")).unwrap();
            assert_eq!(filters.until.unwrap().seconds_since(filters.from.unwrap()), 25 * 3600);
        }

        #[test]
        fn a_day_that_is_none_is_refused_under_its_name() {
            let errors = of(&args(&[("from", "yesterday"), ("to", "2026-02-30")]), &zone("UTC")).unwrap_err();
            assert!(errors.get("from").is_some() && errors.get("to").is_some());
        }

        #[test]
        fn without_filters_everything_is_shown() {
            assert_eq!(of(&ListArgs::default(), &zone("UTC")).unwrap(), AuditFilters::default());
        }
    }
}

/// The list with its filters; `export` is where the same rows can be had as CSV.
pub fn audit_page(description: &'static str, subjects: &[Subject], export: &'static str) -> AnyView {
    let args = list_args();
    let kinds = subjects.iter().map(|subject| (subject.key().to_owned(), subject.label().to_owned())).collect();
    let inputs = vec![
        FilterInput { name: "who", label: "Who", kind: "text" },
        FilterInput { name: "from", label: "From", kind: "date" },
        FilterInput { name: "to", label: "To", kind: "date" },
    ];
    view! {
        <ListPage
            title="Audit log"
            description=description
            listing=load(move || Ok(AuditList { args: args.get() }))
            args=args
            noun=("entry", "entries")
            filters=vec![Filter { name: "kind", label: "Kind", options: kinds }]
            inputs=inputs
            search_in="record, field or value"
            export_href=export
            empty=("Nothing has happened yet", "Every change, refusal and sign-in will be listed here.")
            seen_by=&[Field::AuditLog]
        />
    }
    .into_any()
}
