//! The recordings that a person sees, the newest first.

use leptos::prelude::*;
use tandem_domain::access::{Audience, Field};

use super::list_path;
use crate::{
    context::me,
    data::load,
    error::AppError,
    listing::{ListArgs, Listing},
    ui::{FilterInput, ListPage, list_args},
};

/// A page of the recordings, the newest first. Filters: the days `from` and `to`, both included; `caller` and `destination`,
/// a number or a name; `at_least` and `at_most`, lengths as `m:ss` or in seconds; for the staff `customer`, as the list of
/// accounts has it.
///
/// # Errors
/// What is wrong with the filters; without the permission to see recordings.
#[server(endpoint = "recording_list")]
pub async fn recording_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use super::{WHAT, codes::codes_of};
    use crate::{
        parts::customer_filter::{Asked, asked_customer},
        server::ask::Ask,
    };
    use tandem_domain::access::Who;

    let ask = Ask::now()?;
    ask.see(Field::Recordings)?;
    let mut filters = server::filters(&args, &ask.me.time_zone)?;
    filters.accounts_unnamed = !ask.me.sees(Field::AccountProfile);
    let mut columns = server::columns(&ask, ask.me.modifies(Field::Recordings));
    if columns.customer {
        match asked_customer(&ask, ask.scope()?, args.filter("customer")).await? {
            Asked::All => {}
            Asked::One(customer) => filters.customer = Some(customer),
            Asked::Nobody => return Ok(Listing::whole(columns.heads(), Vec::new())),
        }
    }
    let page = ask.store().recordings().list(ask.me.who, &args.query(()), &filters).await;
    let page = page.map_err(|error| ask.tell(WHAT, error))?;
    columns.private &= page.rows.iter().any(|row| row.recording.account_only);
    let mut listing = Listing::of(columns.heads(), page, |row| columns.row(&ask, row));
    if let (true, Who::Account { account, .. }) = (listing.rows.is_empty(), ask.me.who) {
        let codes = codes_of(&ask, ask.own_tenant()?, account).await?;
        listing.hint = codes.map(|codes| codes.words()).unwrap_or_default();
    }
    Ok(listing)
}

#[cfg(feature = "ssr")]
pub(super) mod server {
    use tandem_domain::{
        access::{Audience, Field},
        error::{FieldError, FieldErrors},
        locale::TimeZone,
    };
    use tandem_store::recordings::RecordingFilters;

    use crate::{
        listing::ListArgs,
        parts::{audit_list::filters::days, recordings::words::Columns},
        server::ask::Ask,
    };

    /// The columns that this person's list has.
    pub(in crate::parts::recordings) fn columns(ask: &Ask, choose: bool) -> Columns {
        let audience = ask.me.audience();
        Columns {
            choose,
            customer: audience == Audience::Administrator && ask.me.sees(Field::CustomerName),
            owner: audience != Audience::Account && ask.me.sees(Field::AccountProfile),
            // A customer is shown none that is private.
            private: audience != Audience::Customer,
        }
    }

    /// What an address asks for.
    ///
    /// # Errors
    /// What is wrong with the days and lengths.
    pub(super) fn filters(args: &ListArgs, zone: &TimeZone) -> Result<RecordingFilters, FieldErrors> {
        let mut errors = FieldErrors::default();
        let days = match days(args, zone) {
            Ok(days) => days,
            Err(wrong) => {
                errors.0.extend(wrong.0);
                (None, None)
            }
        };
        let mut length = |name: &str| errors.take(name, milliseconds(args.filter(name))).flatten();
        let (shortest_ms, longest_ms) = (length("at_least"), length("at_most"));
        errors.into_result()?;
        Ok(RecordingFilters {
            from: days.0,
            until: days.1,
            caller: args.filter("caller").trim().to_owned(),
            destination: args.filter("destination").trim().to_owned(),
            shortest_ms,
            // To the end of that second.
            longest_ms: longest_ms.map(|longest| longest.saturating_add(499)),
            ..RecordingFilters::default()
        })
    }

    /// A length, typed as `m:ss`, `h:mm:ss` or in seconds; nothing typed is none.
    fn milliseconds(typed: &str) -> Result<Option<u64>, FieldError> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let wrong = || FieldError::new("Enter a length as minutes and seconds, such as 1:30.");
        let parts: Vec<&str> = typed.split(':').collect();
        if parts.len() > 3 {
            return Err(wrong());
        }
        let mut seconds = 0_u64;
        for part in parts {
            let is_number = !part.is_empty() && part.len() <= 5 && part.bytes().all(|digit| digit.is_ascii_digit());
            let part: u64 = part.parse().ok().filter(|_| is_number).ok_or_else(wrong)?;
            seconds = seconds * 60 + part;
        }
        Ok(Some(seconds * 1000))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn lengths_are_read_as_people_write_them() {
            for (typed, ms) in
                [("", None), ("90", Some(90_000)), ("1:30", Some(90_000)), (" 1:00:00 ", Some(3_600_000))]
            {
                assert_eq!(milliseconds(typed), Ok(ms), "{typed}");
            }
            for typed in ["a", "1:", ":30", "-1", "1:2:3:4", "1,5", "999999", "٣"] {
                assert!(milliseconds(typed).is_err(), "{typed}");
            }
        }
    }
}

/// The page.
pub fn recordings_page() -> AnyView {
    let args = list_args();
    let me = me();
    let input = |name, label, kind| FilterInput { name, label, kind };
    let (description, empty, customer) = match me.audience() {
        Audience::Administrator => (
            "Every recorded call. Playing or downloading one is written into the audit log. Days are days in your time zone.",
            "Whose calls are recorded is set on an account’s Services tab.",
            Some(input("customer", "Customer", "text")),
        ),
        Audience::Customer => (
            "The company’s recorded calls. Days are days in your time zone.",
            "Who may record, and whose calls are recorded, is set on an extension’s Services tab.",
            None,
        ),
        Audience::Account => (
            "The calls that you recorded, and those that were recorded with you.",
            "You may not record calls yourself. Your company’s administrator can allow it.",
            None,
        ),
    };
    let inputs = customer.into_iter().chain([
        input("from", "From", "date"),
        input("to", "To", "date"),
        input("caller", "Caller", "text"),
        input("destination", "Destination", "text"),
        input("at_least", "At least (m:ss)", "text"),
        input("at_most", "At most (m:ss)", "text"),
    ]);
    let chosen = me.modifies(Field::Recordings).then(|| match me.audience() {
        Audience::Administrator => "/admin/recordings/delete",
        Audience::Customer | Audience::Account => "/self-care/recordings/delete",
    });
    debug_assert!(chosen.is_none_or(|chosen| chosen.starts_with(list_path(me.audience()))), "a page below the list");
    view! {
        <ListPage
            title="Call recordings"
            description=description
            listing=load(move || Ok(RecordingList { args: args.get() }))
            args=args
            noun=("recording", "recordings")
            inputs=inputs.collect()
            no_search=true
            empty=("No recordings yet", empty)
            chosen=chosen.map(|to| (to, "Delete chosen"))
            seen_by=&[Field::Recordings]
        />
    }
    .into_any()
}
