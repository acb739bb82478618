//! What the provider's staff want at a glance: who has service, what was changed last, where to go.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, status::Status};

use crate::{
    context::{load, loaded, me},
    error::AppError,
    listing::Listing,
    ui::{Card, DataTable, EmptyState, LinkButton, PageHeader, Sign, Stat},
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

/// Lines of the audit log that the dashboard shows.
#[cfg(feature = "ssr")]
const CHANGES: usize = 8;

/// What the dashboard shows, as far as the reader may see it.
///
/// # Errors
/// For others than the provider's staff.
#[server(endpoint = "dashboard_read")]
pub async fn dashboard_read() -> Result<Dashboard, AppError> {
    use tandem_domain::access::Scope;
    use tandem_store::{audit::AuditFilters, counts::StatusCounts};

    use crate::{parts::audit_list::audit_lines, server::ask::Ask};

    let ask = Ask::now()?;
    let scope: Scope = ask.scope()?;
    if scope.customer().is_some() {
        return Err(AppError::Forbidden("the provider’s dashboard".into()));
    }
    let tell = |error| ask.tell("dashboard", error);
    let counts = ask.store().counts();
    let by = |counts: StatusCounts, all: &[Status]| all.iter().map(|status| (*status, counts.of(*status))).collect::<Vec<_>>();
    let (mut customers, mut accounts, mut changes) = (Vec::new(), Vec::new(), None);
    if ask.me.sees(Field::CustomerStatus) {
        customers = by(counts.customers(scope).await.map_err(tell)?, &Status::ALL);
    }
    if ask.me.sees(Field::AccountStatus) {
        accounts = by(counts.accounts(scope).await.map_err(tell)?, &Status::OF_ACCOUNT);
    }
    if ask.me.sees(Field::AuditLog) {
        let mut lines = audit_lines(&ask, scope, &AuditFilters::default(), None).await?;
        lines.rows.truncate(CHANGES);
        changes = Some(lines);
    }
    Ok(Dashboard { customers, accounts, changes })
}

/// The page.
#[component]
pub fn DashboardPage() -> impl IntoView {
    let data = load(|| (), |()| dashboard_read());
    loaded(data, |dashboard| {
        let Dashboard { customers, accounts, changes } = dashboard;
        view! {
            <PageHeader title="Dashboard" subtitle="Customers, accounts, and what was changed last." actions=quick_links />
            <div class="stack">
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
        ("/admin/customers/new", "Add customer", Sign::Plus, me.modifies(Field::CustomerName) && me.modifies(Field::CustomerSipPrefix)),
        ("/admin/dialing-rules", "Dialing rules", Sign::Keypad, me.sees(Field::DialingRules)),
        ("/admin/roles", "Access roles", Sign::Shield, me.sees(Field::Roles)),
    ];
    links
        .into_iter()
        .filter(|(.., seen)| *seen)
        .map(|(href, label, sign, _)| view! { <LinkButton href=href label=label sign=sign /> })
        .collect_view()
        .into_any()
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
            view! { <Stat label=format!("{what}: {}", status.label().to_lowercase()) value=count.to_string() href=href /> }
        })
        .collect_view();
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
