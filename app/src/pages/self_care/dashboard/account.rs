//! How one's own telephone is set up: extension, huntgroups, recording, codes; for a manager, whose calls one may supervise.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::settings::Effective;

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Tone,
    parts::huntgroup_form::{supervision::names, view::Extension},
    ui::{Badge, Card, CollectAny as _, DescriptionList, LinkButton, Notice, PageHeader, Row, Rows},
};

/// An account, as it sees itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountHome {
    /// The number that colleagues dial.
    pub extension: String,
    /// Whether there is service, in a word with its colour.
    pub service: (Tone, String),
    /// The last day with service, as the reader reads it; empty: no end.
    pub expires_on: String,
    /// The huntgroups that the account is in.
    pub huntgroups: Vec<OwnHuntgroup>,
    /// Whose calls the account may supervise; `None` when it is no manager anywhere.
    pub supervises: Option<Supervises>,
    /// The call recording options that the role shows.
    pub recording: Vec<Effective>,
    /// The codes that work for the account: what each does, and the code. `None` when the role does not show them.
    pub codes: Option<Vec<(String, String)>>,
}

/// A huntgroup that the account is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnHuntgroup {
    /// What it is called, and its number.
    pub group: Extension,
    /// The account manages the others.
    pub manager: bool,
}

/// Whose calls a manager may supervise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervises {
    /// The company has call supervision.
    pub on: bool,
    /// The agents, by name.
    pub agents: Vec<Extension>,
}

/// The account of whoever asks.
///
/// # Errors
/// Somebody who is no account.
#[server(endpoint = "account_home_read")]
pub async fn account_home_read() -> Result<AccountHome, AppError> {
    use super::super::own::own_account;
    use crate::{
        parts::{settings_panel::effective, status_panel::service_tone},
        server::{ask::Ask, format},
    };
    use tandem_domain::{access::Field, settings::Setting, status::Service};

    let ask = Ask::now()?;
    let (tenant, id, owner) = own_account(&ask)?;
    let tell = |error| ask.tell("account", error);
    let accounts = ask.store().accounts();
    let account = accounts.get(tenant, id).await.map_err(tell)?.value;
    let overview = accounts.overview(tenant, id).await.map_err(tell)?;
    let today = format::today(ask.at(), &ask.me.time_zone);
    let expired = account.expires_on.as_ref().is_some_and(|last| *last < today);
    let service = Service::of(overview.customer_status, overview.status, expired).paid_from(overview.funds);
    let memberships = ask.store().huntgroups(tenant).of_account(id).await.map_err(tell)?;
    let is_manager = memberships.iter().any(|membership| membership.member.supervision_allowed);
    let supervises = if is_manager { Some(supervises(&ask, tenant, id).await?) } else { None };
    let huntgroups = memberships.into_iter().map(|membership| OwnHuntgroup {
        group: Extension { name: membership.name, number: membership.number.to_string() },
        manager: membership.member.supervision_allowed,
    });
    let recording = effective(&ask, owner).await?;
    let codes = if ask.me.sees(Field::ServiceCodes) {
        let codes = ask.store().dialing(tenant).effective_for(id).await.map_err(tell)?.codes;
        let manual =
            recording.iter().any(|effective| effective.setting == Setting::RecordManually && effective.value.is_on());
        Some(working_codes(&codes, manual, supervises.as_ref().is_some_and(|supervises| supervises.on)))
    } else {
        None
    };
    let recording = recording.into_iter().filter(|effective| Setting::RECORDING.contains(&effective.setting)).collect();
    Ok(AccountHome {
        extension: account.extension.to_string(),
        service: (service_tone(service), service.label().to_owned()),
        expires_on: account.expires_on.map(|day| format::day(&day, ask.me.locale)).unwrap_or_default(),
        huntgroups: huntgroups.collect(),
        supervises,
        recording,
        codes,
    })
}

/// The codes that work: recording where it is allowed, supervision for managers, the echo test always.
#[cfg(feature = "ssr")]
fn working_codes(codes: &tandem_domain::dialing::PbxCodes, records: bool, supervises: bool) -> Vec<(String, String)> {
    use tandem_domain::dialing::{CodeField, ECHO_TEST, Kind};

    let works = |field: &CodeField| match field.kind() {
        Kind::Recording => records,
        Kind::Prefix | Kind::Digit => supervises,
    };
    let working = CodeField::ALL.into_iter().filter(works);
    let echo = ("Echo test".to_owned(), ECHO_TEST.to_owned());
    working.map(|field| (field.label().to_owned(), codes.get(field))).chain([echo]).collect()
}

/// Whose calls a manager may supervise. Names and numbers of colleagues in one's own huntgroups are no secret.
#[cfg(feature = "ssr")]
async fn supervises(
    ask: &crate::server::ask::Ask,
    tenant: tandem_domain::access::Tenant,
    manager: tandem_domain::ids::AccountId,
) -> Result<Supervises, AppError> {
    use tandem_domain::{
        huntgroup::{Huntgroup, protected, supervisable},
        settings::Setting,
    };

    let tell = |error| ask.tell("huntgroup", error);
    let groups = ask.store().huntgroups(tenant);
    let stored = groups.all().await.map_err(tell)?;
    let all: Vec<_> = stored.iter().map(|group| group.value.clone()).collect();
    let allowed = supervisable(&all, manager);
    let mut agents = std::collections::BTreeMap::new();
    let protected = protected(&all);
    let managed = |group: &Huntgroup| group.supervisable_by(manager, &protected).next().is_some();
    for group in stored.iter().filter(|group| managed(&group.value)) {
        let members = groups.members(group.id).await.map_err(tell)?;
        agents.extend(members.into_iter().filter(|row| allowed.contains(&row.member.account)).map(|row| {
            let who = Extension { name: row.name.clone(), number: row.extension.to_string() };
            ((row.name, row.member.account), who)
        }));
    }
    let settings = ask.store().settings(tenant).effective().await.map_err(tell)?;
    let on = settings.iter().any(|effective| effective.setting == Setting::CallSupervision && effective.value.is_on());
    Ok(Supervises { on, agents: agents.into_values().collect() })
}

/// The page.
pub(super) fn home() -> AnyView {
    let data = load(|| Ok(AccountHomeRead {}));
    loaded(data, |home| {
        let AccountHome { extension, service: (tone, service), expires_on, huntgroups, supervises, recording, codes } =
            home;
        let subtitle = if expires_on.is_empty() {
            ["Extension ", &extension].concat()
        } else {
            ["Extension ", &extension, ", until ", &expires_on].concat()
        };
        view! {
            <PageHeader
                title=me().name
                subtitle=subtitle
                badge=move || view! { <Badge tone=tone text=service.clone() /> }
            />
            <div class="columns">
                <div class="stack">
                    {huntgroups_card(huntgroups)}
                    {supervises.map(supervises_card)}
                    {codes.map(codes_card)}
                </div>
                {(!recording.is_empty()).then(|| recording_card(&recording))}
            </div>
        }
        .into_any()
    })
}

fn huntgroups_card(groups: Vec<OwnHuntgroup>) -> AnyView {
    if groups.is_empty() {
        return view! {
            <Card title="Huntgroups">
                <p>"You are in no huntgroup. Your company’s administrator puts you into one."</p>
            </Card>
        }
        .into_any();
    }
    let rows = groups
        .into_iter()
        .map(|OwnHuntgroup { group, manager }| {
            let badge = manager.then(|| view! { <Badge tone=Tone::Info text="Manager" /> }.into_any());
            view! { <Row title=group.name note=group.number badge=badge /> }.into_any()
        })
        .collect_any();
    view! {
        <Card title="Huntgroups" description="Calls to these numbers ring your phone too." flush=true>
            <Rows label="Huntgroups">{rows}</Rows>
        </Card>
    }
    .into_any()
}

fn supervises_card(view: Supervises) -> AnyView {
    let Supervises { on, agents } = view;
    let whom = if agents.is_empty() {
        "Nobody at present: your huntgroups have no other member who is not protected.".into()
    } else {
        [&names(&agents), "."].concat()
    };
    view! {
        <Card title="Whose calls you may supervise">
            {(!on).then(|| view! {
                <Notice tone=Tone::Warning text="Call supervision is off for your company at present. Your provider turns it on." />
            }.into_any())}
            <p>{whom}</p>
        </Card>
    }
    .into_any()
}

fn recording_card(options: &[Effective]) -> AnyView {
    let facts =
        options.iter().map(|option| (option.setting.own_label().to_owned(), option.value.label().to_owned())).collect();
    let change = || view! { <LinkButton href="/self-care/recording" label="Options" /> };
    view! { <Card title="Call recording" actions=change><DescriptionList items=facts /></Card> }.into_any()
}

fn codes_card(codes: Vec<(String, String)>) -> AnyView {
    let explain = || view! { <LinkButton href="/self-care/codes" label="What they do" /> };
    view! { <Card title="My service codes" actions=explain><DescriptionList items=codes /></Card> }.into_any()
}
