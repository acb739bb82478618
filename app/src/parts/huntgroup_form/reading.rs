//! Reads huntgroups for their pages, and works out who may supervise whom. On the server.

use std::collections::BTreeMap;

use tandem_domain::{
    access::{Field, Tenant},
    huntgroup::{Huntgroup, protected, supervisable},
    ids::{AccountId, CustomerId, HuntgroupId},
    numbers::ExtensionNumber,
    settings::{Setting, Value},
    status::Service,
};
use tandem_store::huntgroups::MemberRow;

use super::{
    WHAT,
    view::{Extension, HuntgroupView, MemberView, SupervisionView},
};
use crate::{error::AppError, server::ask::Ask};

/// Managers that the company's page names before it says how many more there are.
const MANAGERS: usize = 8;

/// An extension as far as the reader's role shows it.
#[must_use]
pub fn extension_view(ask: &Ask, name: &str, number: &ExtensionNumber) -> Extension {
    let shown = |field: Field, text: &str| if ask.me.sees(field) { text.to_owned() } else { String::new() };
    let number = shown(Field::AccountExtension, number.as_str());
    let name = shown(Field::AccountProfile, name);
    Extension { name: if name.is_empty() { "Extension".into() } else { name }, number }
}

/// A huntgroup for its page.
pub(super) async fn huntgroup(ask: &Ask, customer: CustomerId, id: HuntgroupId) -> Result<HuntgroupView, AppError> {
    ask.see(Field::Huntgroups)?;
    let tenant = ask.tenant(customer)?;
    let groups = ask.store().huntgroups(tenant);
    let group = groups.get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let shows_members = ask.me.sees(Field::HuntgroupMembers);
    let shows_marks = ask.me.sees(Field::HuntgroupSupervision);
    let rows =
        if shows_members { groups.members(id).await.map_err(|error| ask.tell(WHAT, error))? } else { Vec::new() };
    let supervision = if shows_members && shows_marks {
        let all = all_groups(ask, tenant).await?;
        Some(SupervisionView { on: is_on(ask, tenant).await?, ..in_group(ask, &all, &group.value, &rows) })
    } else {
        None
    };
    let members = rows.iter().map(|row| member(ask, row, shows_marks)).collect();
    Ok(HuntgroupView {
        customer,
        id,
        version: group.version,
        name: group.value.name,
        number: group.value.number.to_string(),
        strategy: group.value.strategy,
        ring_seconds: group.value.ring_seconds,
        members: shows_members.then_some(members),
        supervision,
    })
}

fn member(ask: &Ask, row: &MemberRow, shows_marks: bool) -> MemberView {
    // The customer's own status is no news to whoever works on the customer.
    let service = Service::of(tandem_domain::status::Status::Open, row.status, false);
    let without_service =
        (service != Service::Available && ask.me.sees(Field::AccountStatus)).then(|| service.label().to_owned());
    MemberView {
        account: row.member.account,
        who: extension_view(ask, &row.name, &row.extension),
        without_service,
        supervision_allowed: shows_marks && row.member.supervision_allowed,
        never_supervise: shows_marks && row.member.never_supervise,
    }
}

async fn all_groups(ask: &Ask, tenant: Tenant) -> Result<Vec<Huntgroup>, AppError> {
    let all = ask.store().huntgroups(tenant).all().await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(all.into_iter().map(|group| group.value).collect())
}

/// Whether the customer has call supervision at all.
async fn is_on(ask: &Ask, tenant: Tenant) -> Result<bool, AppError> {
    let settings = ask.store().settings(tenant).effective().await.map_err(|error| ask.tell("customer", error))?;
    Ok(settings
        .iter()
        .any(|setting| setting.setting == Setting::CallSupervision && setting.value == Value::Switch(true)))
}

/// Who may supervise whom within one group. A protection set in another group counts here too.
fn in_group(ask: &Ask, all: &[Huntgroup], group: &Huntgroup, rows: &[MemberRow]) -> SupervisionView {
    let people = people(ask, rows);
    let protected = protected(all);
    let managers = group
        .members
        .iter()
        .filter(|member| member.supervision_allowed)
        .map(|member| {
            let agents = group.supervisable_by(member.account, &protected);
            (named(&people, member.account), agents.map(|agent| named(&people, agent)).collect())
        })
        .collect();
    let protected = group.members.iter().map(|member| member.account).filter(|account| protected.contains(account));
    SupervisionView {
        on: false,
        managers,
        protected: protected.map(|account| named(&people, account)).collect(),
        more: 0,
    }
}

/// Who may supervise whom in the whole company, through any of its groups. The first managers are named.
///
/// # Errors
/// Only faults on our side.
pub async fn supervision_of_company(ask: &Ask, tenant: Tenant) -> Result<SupervisionView, AppError> {
    let groups = ask.store().huntgroups(tenant);
    let stored = groups.all().await.map_err(|error| ask.tell(WHAT, error))?;
    let all: Vec<Huntgroup> = stored.iter().map(|group| group.value.clone()).collect();
    let is_manager = |group: &Huntgroup, account: AccountId| {
        group.members.iter().any(|member| member.account == account && member.supervision_allowed)
    };
    let mut managers: Vec<AccountId> = Vec::new();
    for member in all.iter().flat_map(|group| &group.members).filter(|member| member.supervision_allowed) {
        if !managers.contains(&member.account) {
            managers.push(member.account);
        }
    }
    let more = managers.len().saturating_sub(MANAGERS);
    managers.truncate(MANAGERS);
    // Only the groups of those who are named tell the names that are needed.
    let mut people = BTreeMap::new();
    for group in stored.iter().filter(|group| managers.iter().any(|manager| is_manager(&group.value, *manager))) {
        let rows = groups.members(group.id).await.map_err(|error| ask.tell(WHAT, error))?;
        people.extend(self::people(ask, &rows));
    }
    let managers = managers
        .into_iter()
        .map(|manager| {
            let agents = supervisable(&all, manager).into_iter().map(|agent| named(&people, agent)).collect();
            (named(&people, manager), agents)
        })
        .collect();
    let protected = protected(&all).into_iter().filter(|account| people.contains_key(account));
    let protected = protected.map(|account| named(&people, account)).collect();
    Ok(SupervisionView { on: is_on(ask, tenant).await?, managers, protected, more })
}

fn people(ask: &Ask, rows: &[MemberRow]) -> BTreeMap<AccountId, Extension> {
    rows.iter().map(|row| (row.member.account, extension_view(ask, &row.name, &row.extension))).collect()
}

fn named(people: &BTreeMap<AccountId, Extension>, account: AccountId) -> Extension {
    // Somebody who left the group between two queries.
    people.get(&account).cloned().unwrap_or_else(|| Extension { name: "A former member".into(), number: String::new() })
}
