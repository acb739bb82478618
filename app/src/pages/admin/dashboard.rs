//! What the provider's staff want at a glance: who has service, what was changed last, where to go.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, status::Status};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Listing,
    parts::exchange_now::{exchange_now, exchange_stats},
    ui::{Card, CollectAny as _, DataTable, EmptyState, LinkButton, PageHeader, Sign, Stat},
};

/// The numbers of the dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dashboard {
    /// Customers by status; none when the reader may not see them.
    pub customers: Vec<(Status, i64)>,
    /// Accounts by status; none when the reader may not see them.
    pub accounts: Vec<(Status, i64)>,
    /// The newest lines of the audit log; `None` when the reader may not see it.
    pub changes: Option<Listing>,
}

/// What the dashboard shows, as far as the reader may see it.
///
/// # Errors
/// For others than the provider's staff.
#[server(endpoint = "dashboard_read")]
pub async fn dashboard_read() -> Result<Dashboard, AppError> {
    use tandem_store::{audit::AuditFilters, counts::StatusCounts};

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let scope = ask.scope()?;
    if scope.customer().is_some() {
        return Err(AppError::Forbidden("the provider’s dashboard".into()));
    }
    let tell = |error| ask.tell("dashboard", error);
    let counts = ask.store().counts();
    let by = |counts: StatusCounts, all: &[Status]| {
        all.iter().map(|status| (*status, counts.of(*status))).collect::<Vec<_>>()
    };
    let (mut customers, mut accounts, mut changes) = (Vec::new(), Vec::new(), None);
    if ask.me.sees(Field::CustomerStatus) {
        customers = by(counts.customers(scope).await.map_err(tell)?, &Status::ALL);
    }
    if ask.me.sees(Field::AccountStatus) {
        accounts = by(counts.accounts(scope).await.map_err(tell)?, &Status::OF_ACCOUNT);
    }
    if ask.me.sees(Field::AuditLog) {
        let page = ask.store().audit().list(scope, &AuditFilters::default(), None).await.map_err(tell)?;
        changes = Some(changes::listing(&ask, page.rows));
    }
    Ok(Dashboard { customers, accounts, changes })
}

/// The audit log in short: what one person did to one record at one moment is one change, however many fields it has.
#[cfg(feature = "ssr")]
mod changes {
    use tandem_domain::audit::AuditRow;

    use crate::{
        listing::{Cell, Column, ListRow, Listing},
        parts::{audit_list::record_href, audit_sight::as_seen, audit_words::field_words},
        server::ask::Ask,
    };

    /// Changes that the dashboard shows.
    const SHOWN: usize = 8;
    /// Fields that a change names.
    const NAMED: usize = 3;

    /// The newest changes among these lines, which come the newest first.
    pub(super) fn listing(ask: &Ask, lines: Vec<AuditRow>) -> Listing {
        let lines: Vec<AuditRow> = lines.into_iter().map(|line| as_seen(&ask.me, line)).collect();
        let rows: Vec<ListRow> = lines
            .chunk_by(|a, b| (a.at, &a.actor, &a.subject_id, &a.action) == (b.at, &b.actor, &b.subject_id, &b.action))
            .take(SHOWN)
            .filter_map(|lines| {
                let line = lines.first()?;
                Some(ListRow {
                    href: record_href(&ask.me, line),
                    cells: vec![
                        Cell::Two(line.subject_name.clone(), line.subject.label().into()),
                        Cell::Two(line.action.clone(), fields(lines)),
                        Cell::Two(line.actor.clone(), line.address.clone()),
                        Cell::Figures(ask.time(line.at)),
                    ],
                })
            })
            .collect();
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let columns = ["Record", "What", "Who", "When"].map(Column::plain).into();
        Listing { columns, rows, count, next: None, previous: None, hint: String::new() }
    }

    /// "Name, E-mail, Access role and 4 more", in the order of the form.
    fn fields(lines: &[AuditRow]) -> String {
        let mut names: Vec<String> =
            lines.iter().rev().map(|line| field_words(&line.change.field)).filter(|name| !name.is_empty()).collect();
        names.dedup();
        let (named, rest) = names.split_at(names.len().min(NAMED));
        let named = named.join(", ");
        if rest.is_empty() { named } else { format!("{named} and {} more", rest.len()) }
    }

    #[cfg(test)]
    mod tests {
        use tandem_domain::{
            audit::{FieldChange, Subject},
            ids::{AuditId, Timestamp},
        };

        use super::*;

        fn line(field: &str) -> AuditRow {
            AuditRow {
                id: AuditId("00000000-0000-7000-8000-000000000000".parse().unwrap()),
                at: Timestamp(0),
                actor: "admin".into(),
                by_staff: true,
                address: String::new(),
                customer: None,
                subject: Subject::Customer,
                subject_id: "1".into(),
                subject_name: "ABC".into(),
                action: "created".into(),
                change: FieldChange { field: field.into(), old: String::new(), new: "x".into() },
            }
        }

        #[test]
        fn a_change_of_many_fields_names_the_first_and_counts_the_rest() {
            let lines: Vec<AuditRow> = ["class", "sip_prefix", "email", "name"].map(line).into();
            assert_eq!(fields(&lines), "Name, E-mail, SIP prefix and 1 more");
            assert_eq!(fields(&lines[2..]), "Name, E-mail");
            assert_eq!(fields(&[line("")]), "");
        }
    }
}

/// The page.
#[component]
pub fn DashboardPage() -> impl IntoView {
    let (data, now) = (load(|| Ok(DashboardRead {})), exchange_now());
    loaded(data, move |dashboard| {
        let Dashboard { customers, accounts, changes } = dashboard;
        view! {
            <PageHeader title="Dashboard" subtitle="Customers, accounts, and what was changed last." actions=quick_links />
            <div class="stack">
                <div class="stats">{exchange_stats(now)}</div>
                {stats("Customers", "/admin/customers", customers)}
                {stats("Accounts", "/admin/accounts", accounts)}
                {changes.map(last_changes)}
            </div>
        }
        .into_any()
    })
}

/// Where the staff go most.
fn quick_links() -> AnyView {
    let me = me();
    let links = [
        (
            "/admin/customers/new",
            "Add customer",
            Sign::Plus,
            me.modifies(Field::CustomerName) && me.modifies(Field::CustomerSipPrefix),
        ),
        ("/admin/dialing-rules", "Dialing rules", Sign::Keypad, me.sees(Field::DialingRules)),
        ("/admin/roles", "Access roles", Sign::Shield, me.sees(Field::Roles)),
    ];
    links
        .into_iter()
        .filter(|(.., seen)| *seen)
        .map(|(href, label, sign, _)| view! { <LinkButton href=href label=label sign=sign /> }.into_any())
        .collect_any()
}

/// One number per status, each leading to the list of those.
fn stats(what: &'static str, list: &'static str, counts: Vec<(Status, i64)>) -> AnyView {
    if counts.is_empty() {
        return ().into_any();
    }
    let stats = counts
        .into_iter()
        .map(|(status, count)| {
            let href = format!("{list}?status={}", status.key());
            view! { <Stat label=format!("{what}: {}", status.label().to_ascii_lowercase()) value=count.to_string() href=href /> }.into_any()
        })
        .collect_any();
    view! { <div class="stats">{stats}</div> }.into_any()
}

fn last_changes(changes: Listing) -> AnyView {
    let content = if changes.rows.is_empty() {
        view! { <EmptyState title="Nothing has happened yet" text="Every change will be listed here." sign=Sign::Log /> }.into_any()
    } else {
        view! { <DataTable listing=changes label="Last changes" /> }.into_any()
    };
    view! {
        <Card title="Last changes" flush=true actions=|| view! { <LinkButton href="/admin/audit" label="Audit log" /> }>
            {content}
        </Card>
    }
    .into_any()
}
