//! How the company stands: its extensions and huntgroups, the codes in effect, who may supervise whom, what changed last. For a
//! company that has nothing yet: what to do first.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{Listing, Tone},
    parts::{
        exchange_now::{exchange_now, exchange_stats},
        huntgroup_form::{supervision::supervision_card, view::SupervisionView},
    },
    ui::{Badge, Card, DataTable, LinkButton, PageHeader, Row, Rows, Stat},
};

/// Changes that are shown.
#[cfg(feature = "ssr")]
const CHANGES: usize = 8;

/// The company, as far as the reader's role shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyHome {
    /// Extensions by status.
    pub extensions: Option<ExtensionCounts>,
    /// How many huntgroups there are.
    pub huntgroups: Option<i64>,
    /// The rule in effect: what it is, and where it comes from.
    pub rule: Option<(String, String)>,
    /// Who may supervise whom.
    pub supervision: Option<SupervisionView>,
    /// The last changes.
    pub changes: Option<Listing>,
}

/// Extensions by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionCounts {
    /// With service.
    pub open: i64,
    /// Blocked.
    pub blocked: i64,
    /// Gone.
    pub closed: i64,
}

/// The company of whoever asks.
///
/// # Errors
/// Somebody who is no customer.
#[server(endpoint = "company_home_read")]
pub async fn company_home_read() -> Result<CompanyHome, AppError> {
    use super::super::own::own_company;
    use crate::{parts::huntgroup_form::supervision_of_company, server::ask::Ask};
    use tandem_domain::{
        access::{Field, Scope},
        dialing::RuleSource,
    };

    let ask = Ask::now()?;
    let tenant = own_company(&ask)?;
    let scope = Scope::of(tenant);
    let tell = |error| ask.tell("customer", error);
    let sees = |field: Field| ask.me.sees(field);
    let extensions = if sees(Field::AccountStatus) {
        let counts = ask.store().counts().accounts(scope).await.map_err(tell)?;
        Some(ExtensionCounts { open: counts.open, blocked: counts.blocked + counts.suspended, closed: counts.closed })
    } else {
        None
    };
    let huntgroups =
        if sees(Field::Huntgroups) { Some(ask.store().counts().huntgroups(scope).await.map_err(tell)?) } else { None };
    let rule = if sees(Field::CustomRule) || sees(Field::ServiceCodes) {
        Some(match ask.store().dialing(tenant).effective().await.map_err(tell)?.source {
            RuleSource::Custom => ("Custom rule".to_owned(), "Codes of your own".to_owned()),
            RuleSource::Assigned(name) | RuleSource::BuiltIn(name) | RuleSource::Account(name) => {
                ("Default rule".to_owned(), name)
            }
        })
    } else {
        None
    };
    let sees_supervision = sees(Field::HuntgroupMembers) && sees(Field::HuntgroupSupervision);
    let supervision = if sees_supervision { Some(supervision_of_company(&ask, tenant).await?) } else { None };
    let changes = if sees(Field::AuditLog) { Some(last_changes(&ask, scope).await?) } else { None };
    Ok(CompanyHome { extensions, huntgroups, rule, supervision, changes })
}

/// The last changes, without sign-ins and refusals: one line per change, however many fields it touched.
#[cfg(feature = "ssr")]
async fn last_changes(ask: &crate::server::ask::Ask, scope: tandem_domain::access::Scope) -> Result<Listing, AppError> {
    use crate::{
        listing::{Cell, Column, ListRow},
        parts::audit_sight::as_seen,
    };
    use tandem_domain::audit::{AuditRow, Subject};
    use tandem_store::audit::AuditFilters;

    let page = ask.store().audit().list(scope, &AuditFilters::default(), None).await;
    let page = page.map_err(|error| ask.tell("audit log", error))?;
    let changes = page.rows.into_iter().filter(|row| !matches!(row.subject, Subject::SignIn | Subject::Request));
    let changes: Vec<AuditRow> = changes.map(|row| as_seen(&ask.me, row)).collect();
    let same = |a: &AuditRow, b: &AuditRow| (a.at, &a.subject_id, &a.action) == (b.at, &b.subject_id, &b.action);
    let rows: Vec<ListRow> = changes
        .chunk_by(same)
        .take(CHANGES)
        .filter_map(|fields| {
            let first = fields.first()?;
            let what = format!("{} {}", first.subject.label(), first.action);
            let mut changed: Vec<String> = fields.iter().rev().map(|row| words(&row.change)).collect();
            changed.dedup();
            let changed = changed.join(", ");
            let cells = vec![
                Cell::Two(first.subject_name.clone(), what),
                Cell::Text(changed),
                Cell::Text(first.actor.clone()),
                Cell::Figures(ask.time(first.at)),
            ];
            Some(ListRow { href: None, cells })
        })
        .collect();
    let count = u32::try_from(rows.len()).unwrap_or_default();
    let columns = ["What", "Change", "By", "When"].map(Column::plain).into();
    Ok(Listing { columns, rows, count, next: None, previous: None, hint: String::new() })
}

/// "Ring time 20 → 30"; a value that came or went is told alone.
#[cfg(feature = "ssr")]
fn words(change: &tandem_domain::audit::FieldChange) -> String {
    use crate::parts::audit_words::{field_words, value_words};

    let field = field_words(&change.field);
    let value = |value: &str| value_words(&change.field, value);
    match (change.old.as_str(), change.new.as_str()) {
        ("", "") => field,
        ("", new) => format!("{field} {}", value(new)),
        (old, "") => format!("{field} {} removed", value(old)),
        (old, new) => format!("{field} {} → {}", value(old), value(new)),
    }
}

/// The page.
pub(super) fn home() -> AnyView {
    let (data, now) = (load(|| Ok(CompanyHomeRead {})), exchange_now());
    loaded(data, move |home| {
        let steps = first_steps(&home);
        let CompanyHome { extensions, huntgroups, rule, supervision, changes } = home;
        let on = supervision.as_ref().map(|supervision| supervision.on);
        view! {
            <PageHeader title=me().name />
            <div class="stack">
                {steps}
                <div class="stats">
                    {exchange_stats(now)}
                    {extensions.map(extension_stats)}
                    {huntgroups.map(|count| view! { <Stat label="Huntgroups" value=count.to_string() href="/self-care/huntgroups" /> }.into_any())}
                    {rule.map(|(what, note)| view! {
                        <Stat label="Dialing rule in effect" value=what note=note href="/self-care/dialing-rules" />
                    }.into_any())}
                    {on.map(supervision_stat)}
                </div>
                {supervision.map(|view| supervision_card(view, "in all your huntgroups"))}
                {changes.filter(|changes| !changes.rows.is_empty()).map(changes_card)}
            </div>
        }
        .into_any()
    })
}

fn extension_stats(counts: ExtensionCounts) -> AnyView {
    let ExtensionCounts { open, blocked, closed } = counts;
    let stat = |label: &'static str, count: i64, status: &str| {
        let href = ["/self-care/extensions?status=", status].concat();
        view! { <Stat label=label value=count.to_string() href=href /> }
    };
    view! {
        {stat("Open extensions", open, "open")}
        {stat("Blocked extensions", blocked, "blocked")}
        {(closed > 0).then(|| stat("Closed extensions", closed, "closed"))}
    }
    .into_any()
}

fn supervision_stat(on: bool) -> AnyView {
    let (value, note) =
        if on { ("On", "For the managers in your huntgroups") } else { ("Off", "Your provider turns it on") };
    view! { <Stat label="Call supervision" value=value note=note /> }.into_any()
}

fn changes_card(changes: Listing) -> AnyView {
    let all = || view! { <LinkButton href="/self-care/audit" label="All changes" /> };
    view! { <Card title="Last changes" actions=all flush=true><DataTable listing=changes label="Last changes" /></Card> }.into_any()
}

/// What to do first; nothing once extensions, huntgroups and a manager are there.
fn first_steps(home: &CompanyHome) -> AnyView {
    let (Some(extensions), Some(huntgroups)) = (home.extensions, home.huntgroups) else { return ().into_any() };
    let managed =
        home.supervision.as_ref().is_none_or(|supervision| !supervision.on || !supervision.managers.is_empty());
    let (has_extensions, has_groups) = (extensions.open + extensions.blocked > 0, huntgroups > 0);
    if has_extensions && has_groups && managed {
        return ().into_any();
    }
    let step = |done: bool, title: &'static str, note: &'static str, (href, label): (&'static str, &'static str)| {
        let badge = done.then(|| view! { <Badge tone=Tone::Good text="Done" /> }.into_any());
        let action = (!done).then(|| view! { <LinkButton href=href label=label /> }.into_any());
        view! { <Row title=title note=note badge=badge actions=action /> }
    };
    view! {
        <Card title="First steps" flush=true>
            <Rows label="First steps" numbered=true>
                {step(has_extensions, "Add extensions", "one for each person or device", ("/self-care/extensions/new", "Add extension"))}
                {step(has_groups, "Make a huntgroup", "one number for a team", ("/self-care/huntgroups/new", "Add huntgroup"))}
                {step(managed, "Name a manager", "“Supervision allowed” in a huntgroup", ("/self-care/huntgroups", "Huntgroups"))}
            </Rows>
        </Card>
    }
    .into_any()
}
