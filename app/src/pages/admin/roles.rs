//! Access roles: what the people that have one may see and change.

use std::collections::BTreeMap;

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::{AccessRole, Audience, Field},
    ids::{RoleId, Stored, Version},
};
#[cfg(feature = "ssr")]
use tandem_domain::{
    access::{Level, Principal, Who},
    error::FieldErrors,
};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing, Tone},
    parts::{
        address::of_address,
        permission_tree::role_fields,
        usage::{Usage, delete_card, usage_card},
    },
    post::{Done, Typed},
    ui::{
        Badge, Button, Card, EditForm, Filter, LinkButton, ListPage, NewForm, Notice, PageHeader, SelectField, Sign,
        list_args,
    },
};

/// What an access role is called in an answer.
const WHAT: &str = "access role";

/// A role as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRecord {
    /// The role.
    pub role: Stored<RoleId, AccessRole>,
    /// It came with Tandem: it can be copied, not changed.
    pub built_in: bool,
    /// It is the role of the person who asks.
    pub own: bool,
    /// The people that have it.
    pub usage: Usage,
}

/// What a new role begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleStart {
    /// The role to begin with.
    pub role: AccessRole,
    /// The roles that can be copied: id and name.
    pub roles: Vec<(String, String)>,
}

/// A page of the list.
///
/// # Errors
/// Without permission to see access roles.
#[server(endpoint = "role_list")]
pub async fn role_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_store::roles::RoleFilters;

    use crate::{
        listing::{Cell, Column, ListRow},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    ask.see(Field::Roles)?;
    let filters = RoleFilters { audience: Audience::from_key(args.filter("for")) };
    let page = ask.store().roles().list(&args.query(()), &filters).await.map_err(|error| ask.tell(WHAT, error))?;
    let columns = vec![Column::sorted("Name", "name"), Column::plain("For"), Column::plain("Kind")];
    Ok(Listing::of(columns, page, |role| ListRow {
        href: Some(format!("/admin/roles/{}", role.id)),
        cells: vec![
            Cell::Text(role.name),
            Cell::Text(role.audience.label().into()),
            if role.built_in {
                Cell::Badge(Tone::Neutral, "Built in".into())
            } else {
                Cell::Badge(Tone::Info, "Own".into())
            },
        ],
    }))
}

/// One role, and who has it.
///
/// # Errors
/// No such role; no permission.
#[server(endpoint = "role_read")]
pub async fn role_read(
    /// Which role.
    id: RoleId,
) -> Result<RoleRecord, AppError> {
    use tandem_store::{roles::is_built_in, users::Users};

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::Roles)?;
    let role = ask.store().roles().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let users = Users::of_role(ask.store(), id).await.map_err(|error| ask.tell(WHAT, error))?;
    let usage = Usage::of(&ask.me, users);
    let own = is_own(&ask, id).await?;
    Ok(RoleRecord { role, built_in: is_built_in(id), own, usage })
}

/// What a new role begins with: the role of this id, or nothing.
///
/// # Errors
/// No such role; no permission.
#[server(endpoint = "role_begin")]
pub async fn role_begin(
    /// The id of the role to copy; empty: none.
    #[server(default)]
    from: String,
) -> Result<RoleStart, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Roles)?;
    let role = if from.is_empty() {
        AccessRole { name: String::new(), audience: Audience::Account, base: Level::View, entries: BTreeMap::new() }
    } else {
        let id = crate::parts::address::parse_id(WHAT, &from)?;
        let original = ask.store().roles().get(id).await.map_err(|error| ask.tell(WHAT, error))?.value;
        AccessRole { name: copy_name(&original.name), ..original }
    };
    let mut roles = Vec::new();
    for audience in Audience::ALL {
        // Any can be copied; what the copy permits is looked at when it is made.
        let some = ask.store().roles().of(audience).await.map_err(|error| ask.tell(WHAT, error))?;
        let labelled = |role: &AccessRole| format!("{} ({})", role.name, audience.label());
        roles.extend(some.into_iter().map(|role| (role.id.to_string(), labelled(&role.value))));
    }
    Ok(RoleStart { role, roles })
}

/// Adds a role.
///
/// # Errors
/// What is wrong with the fields; it permits more than the asker's own; no permission.
#[server(endpoint = "role_create")]
pub async fn role_create(
    /// The name.
    name: String,
    /// Whom the role is for.
    audience: String,
    /// The level of all that no entry speaks of.
    #[server(default)]
    base: String,
    /// Level names by node; the empty one inherits.
    #[server(default)]
    entries: BTreeMap<String, String>,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Roles)?;
    let role = parse(&name, &audience, &base, entries)?;
    ask.gives(&role)?;
    let id = ask.store().roles().create(&role, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Access role added").go(format!("/admin/roles/{id}")))
}

/// Saves a role.
///
/// # Errors
/// What is wrong with the fields; it is built in; nobody, or not the person who asks, could give permissions any more;
/// somebody else saved meanwhile; it permits, or is to permit, more than the asker's own; no permission.
#[server(endpoint = "role_save")]
pub async fn role_save(
    /// Which role.
    id: RoleId,
    /// The version that the edit starts from.
    version: Version,
    /// The name.
    name: String,
    /// Whom the role is for.
    #[server(default)]
    audience: Typed,
    /// The level of all that no entry speaks of.
    #[server(default)]
    base: String,
    /// Level names by node; the empty one inherits.
    #[server(default)]
    entries: BTreeMap<String, String>,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Roles)?;
    let stored = ask.store().roles().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let audience = audience.or(stored.value.audience.key());
    let role = parse(&name, &audience, &base, entries)?;
    ask.gives(&stored.value)?;
    ask.gives(&role)?;
    if is_own(&ask, id).await? {
        keeps_own_keys(&ask.me, &role).map_err(|text| FieldErrors::one("entries", text))?;
    }
    let version = stored.basis(version);
    ask.store().roles().update(id, version, &role, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Access role saved"))
}

/// Deletes a role that nobody has.
///
/// # Errors
/// Somebody has it, or it is built in; it permits more than the asker's own; no permission.
#[server(endpoint = "role_delete")]
pub async fn role_delete(
    /// Which role.
    id: RoleId,
    /// The version that the person saw.
    version: Version,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Roles)?;
    ask.gives_chosen(id).await?;
    let stored = ask.store().roles().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let version = Some(stored.basis(version));
    ask.store().roles().delete(id, version, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Access role deleted").go("/admin/roles"))
}

/// The role that was typed. Entries for what does not exist for its people are left out: they would grant nothing.
#[cfg(feature = "ssr")]
fn parse(name: &str, audience: &str, base: &str, entries: BTreeMap<String, String>) -> Result<AccessRole, FieldErrors> {
    let mut role = AccessRole::parse(name, audience, base, entries)?;
    let audience = role.audience;
    role.entries.retain(|path, _| crate::parts::permission_tree::exists(path, audience));
    Ok(role)
}

/// The name of a copy, as long as names may be.
#[cfg(feature = "ssr")]
fn copy_name(name: &str) -> String {
    format!("Copy of {name}").chars().take(tandem_domain::field::NAME_MAX).collect()
}

/// Whether it is the role of the person who asks.
#[cfg(feature = "ssr")]
async fn is_own(ask: &crate::server::ask::Ask, id: RoleId) -> Result<bool, AppError> {
    match ask.me.who {
        Who::Administrator(me) => {
            let me = ask.store().administrators().get(me).await.map_err(|error| ask.tell(WHAT, error))?;
            Ok(me.value.role == id)
        }
        Who::Customer(_) | Who::Account { .. } => Ok(false),
    }
}

/// Whether a person who gets this role in place of the present one can still give permissions, if they can now. Nobody locks
/// oneself out: the way back would need another person.
///
/// # Errors
/// Which permission would be lost, and what to do.
#[cfg(feature = "ssr")]
pub(super) fn keeps_own_keys(me: &Principal, role: &AccessRole) -> Result<(), String> {
    let lost = |field: &Field| me.modifies(*field) && role.level(*field) < Level::Modify;
    match [Field::Roles, Field::Administrators].into_iter().find(lost) {
        Some(field) => {
            let panel = field.info().panel;
            Err(format!(
                "You would lock yourself out: your own role has to keep “Modify” for {panel}. Ask another administrator to do this."
            ))
        }
        None => Ok(()),
    }
}

/// All roles.
#[component]
pub fn RolesPage() -> impl IntoView {
    let args = list_args();
    let new = me().modifies(Field::Roles).then(|| ("/admin/roles/new".to_owned(), "Add access role".to_owned()));
    let audiences = Audience::ALL.map(|audience| (audience.key().to_owned(), audience.label().to_owned())).to_vec();
    view! {
        <ListPage
            title="Access roles"
            description="What administrators, customers and accounts may see and change."
            listing=load(move || Ok(RoleList { args: args.get() }))
            args=args
            noun=("access role", "access roles")
            filters=vec![Filter { name: "for", label: "For", options: audiences }]
            new=new
            search_in="name"
            seen_by=&[Field::Roles]
        />
    }
}

/// A new role: from scratch, or as a copy of another.
#[component]
pub fn NewRolePage() -> impl IntoView {
    let query = use_query_map();
    let from = move || query.read().get("from").unwrap_or_default();
    let start = load(move || Ok(RoleBegin { from: from() }));
    view! {
        <PageHeader title="Add access role" back=("/admin/roles", "Access roles") />
        {loaded(start, move |RoleStart { role, roles }| {
            let fields = StoredValue::new(role);
            view! {
                <div class="stack max-w-208">
                    {start_card(roles, untrack(from))}
                    <NewForm to=RoleCreate::PATH button="Add access role" cancel_href="/admin/roles">
                        {role_fields(fields.get_value(), String::new(), true)}
                    </NewForm>
                </div>
            }
            .into_any()
        })}
    }
}

/// Chooses what the new role begins with: a form that asks for the page anew.
fn start_card(roles: Vec<(String, String)>, from: String) -> AnyView {
    let mut options = vec![(String::new(), "Nothing: from scratch".to_owned())];
    options.extend(roles);
    view! {
        <Card title="Begin with" description="A copy has all permissions of the other role; change what should differ.">
            <form method="get" class="row items-end">
                <SelectField name="from" label="Copy of" value=from options=options width="medium" />
                <Button label="Begin with this" />
            </form>
        </Card>
    }
    .into_any()
}

/// One role.
#[component]
pub fn RolePage() -> impl IntoView {
    let record = load(of_address(WHAT, |id| RoleRead { id }));
    loaded(record, |RoleRecord { role, built_in, own, usage }| {
        let may = me().modifies(Field::Roles);
        let above = may && !built_in && role.value.exceeds(&me().role).is_some();
        let editable = may && !built_in && !above;
        let id = role.id.to_string();
        let fixed = if usage.count > 0 { "While people have the role, it stays a role for them." } else { "" };
        let copy = format!("/admin/roles/new?from={id}");
        let actions =
            move || may.then(|| view! { <LinkButton href=copy.clone() label="Copy" sign=Sign::Copy /> }.into_any());
        let badge = move || built_in.then(|| view! { <Badge tone=Tone::Neutral text="Built in" /> }.into_any());
        let name = role.value.name.clone();
        let fields = StoredValue::new(role.value);
        view! {
            <PageHeader title=name.clone() subtitle="Access role" badge=badge actions=actions back=("/admin/roles", "Access roles") />
            <div class="stack max-w-208">
                {(built_in && may).then(|| view! { <Notice tone=Tone::Info text="Built-in roles cannot be changed. Copy it, and change the copy." /> }.into_any())}
                {above.then(|| view! { <Notice tone=Tone::Info text="This role permits more than yours. Somebody who may do as much can change it." /> }.into_any())}
                {(own && editable).then(|| view! {
                    <Notice tone=Tone::Warning text="This is your own role. It has to keep “Modify” for access roles and administrators, so that you do not lock yourself out." />
                }.into_any())}
                <EditForm to=RoleSave::PATH version=role.version fields=vec![("id", id.clone())] editable=editable>
                    {role_fields(fields.get_value(), fixed.to_owned(), editable)}
                </EditForm>
                {usage_card(&usage, "Nobody has this role yet.")}
                {editable.then(|| delete_card(RoleDelete::PATH, id, role.version, "access role", &name, usage.count > 0))}
            </div>
        }
        .into_any()
    })
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::server::forms::decode;

    #[tokio::test]
    async fn entries_are_read_with_their_brackets_encoded_as_browsers_do_and_as_they_are() {
        let id = "018f0000-0000-7000-8000-000000000001";
        for (open, slash, close) in [("%5B", "%2F", "%5D"), ("[", "/", "]")] {
            let form = format!(
                "id={id}&version=3&name=Night+shift&audience=account&base=view\
                 &entries{open}account{close}=forbidden&entries{open}account{slash}recording{slash}email{close}=modify\
                 &entries{open}customer{slash}general{close}="
            );
            let typed: RoleSave = decode(&form).await.unwrap();
            assert_eq!(typed.version, Version(3));
            let role = parse(&typed.name, &typed.audience.or(""), &typed.base, typed.entries).unwrap();
            assert_eq!(role.level(Field::RecordByEmail), Level::Modify);
            assert_eq!(role.level(Field::RecordManually), Level::Forbidden);
            assert!(!role.entries.contains_key("customer/general"));
        }
    }

    #[tokio::test]
    async fn a_form_without_entries_or_audience_is_a_role_that_inherits_everything() {
        let form = "id=018f0000-0000-7000-8000-000000000001&version=1&name=Plain&base=view";
        let typed: RoleSave = decode(form).await.unwrap();
        assert_eq!((typed.audience, typed.entries.len()), (Typed(None), 0));
    }

    #[test]
    fn entries_for_what_its_people_do_not_have_are_left_out() {
        let entries = BTreeMap::from([
            ("configuration".to_owned(), "modify".to_owned()),
            ("account".to_owned(), "view".to_owned()),
        ]);
        let role = parse("Night shift", "account", "view", entries).unwrap();
        assert_eq!(role.entries.keys().collect::<Vec<_>>(), ["account"]);
    }

    #[test]
    fn nobody_takes_the_keys_from_oneself_but_who_has_none_may_change_the_rest() {
        let [all, read_only, ..] = AccessRole::built_in();
        let me = |role: &AccessRole| Principal {
            who: Who::Administrator("018f0000-0000-7000-8000-000000000001".parse().unwrap()),
            sign_in: "admin".into(),
            name: "Admin".into(),
            role: role.clone(),
            locale: tandem_domain::locale::Locale::default(),
            time_zone: tandem_domain::locale::TimeZone::default(),
            manages: false,
        };
        let without = |field: Field| {
            let mut role = all.clone();
            role.entries.insert(field.info().path.into(), Level::View);
            role
        };
        assert!(keeps_own_keys(&me(&all), &without(Field::Roles)).unwrap_err().contains("Access roles"));
        assert!(keeps_own_keys(&me(&all), &without(Field::Administrators)).unwrap_err().contains("Administrators"));
        assert!(keeps_own_keys(&me(&all), &without(Field::AuditLog)).is_ok());
        assert!(keeps_own_keys(&me(&read_only), &without(Field::Roles)).is_ok());
    }

    #[test]
    fn a_copy_has_a_name_that_is_not_too_long() {
        assert_eq!(copy_name("Account"), "Copy of Account");
        assert!(tandem_domain::field::name(&copy_name(&"x".repeat(100))).is_ok());
    }
}
