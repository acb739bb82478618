//! Administrators: the provider's staff, their sign-ins and roles.

mod cards;

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::{AdministratorId, Version},
    sign_in::password_help,
};
#[cfg(feature = "ssr")]
use tandem_domain::{
    access::{Audience, Who},
    administrator::Administrator,
    error::{FieldError, FieldErrors},
    sign_in::SignInName,
};

#[cfg(feature = "ssr")]
use super::roles::keeps_own_keys;

use self::cards::{password_card, person, sign_in, state_card};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing, Tone},
    parts::address::of_address,
    post::{Done, Typed},
    ui::{Badge, Card, EditForm, ListPage, NewForm, Notice, PageHeader, PasswordField, list_args},
};

/// What an administrator is called in an answer.
const WHAT: &str = "administrator";

/// An administrator as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdministratorRecord {
    /// Which one.
    pub id: AdministratorId,
    /// The version to name when it is saved.
    pub version: Version,
    /// The person's name.
    pub name: String,
    /// The person's e-mail address; empty: none.
    pub email: String,
    /// The sign-in name.
    pub sign_in: String,
    /// The version of the sign-in, to name when its password is set.
    pub sign_in_version: Version,
    /// The id of the role.
    pub role: String,
    /// The person can sign in.
    pub active: bool,
    /// It is the person who asks.
    pub own: bool,
    /// The person's role permits more than that of the person who asks, who may therefore change nothing here.
    pub above: bool,
    /// The roles that can be given, and the present one: id and name.
    pub roles: Vec<(String, String)>,
}

/// A page of the list.
///
/// # Errors
/// Without permission to see administrators.
#[server(endpoint = "administrator_list")]
pub async fn administrator_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use crate::{
        listing::{Cell, Column, ListRow},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    ask.see(Field::Administrators)?;
    let page = ask.store().administrators().list(&args.query(())).await.map_err(|error| ask.tell(WHAT, error))?;
    let columns = ["Sign-in name", "E-mail", "Access role", "State"].map(Column::plain);
    let columns = std::iter::once(Column::sorted("Name", "name")).chain(columns).collect();
    Ok(Listing::of(columns, page, |row| {
        let (tone, state) = state_words(row.active);
        ListRow {
            href: Some(format!("/admin/administrators/{}", row.id)),
            cells: vec![
                Cell::Text(row.name),
                Cell::Text(row.sign_in.map(String::from).unwrap_or_default()),
                Cell::Text(row.email),
                Cell::Text(row.role),
                Cell::Badge(tone, state.into()),
            ],
        }
    }))
}

/// One administrator.
///
/// # Errors
/// No such administrator; no permission.
#[server(endpoint = "administrator_read")]
pub async fn administrator_read(
    /// Which administrator.
    id: AdministratorId,
) -> Result<AdministratorRecord, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::Administrators)?;
    let who = Who::Administrator(id);
    let stored = ask.store().administrators().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let sign_in = ask.store().sign_ins().of(who).await.map_err(|error| ask.tell(WHAT, error))?;
    let Administrator { name, email, role, active, locale: _, time_zone: _ } = stored.value;
    Ok(AdministratorRecord {
        id,
        version: stored.version,
        name,
        email,
        sign_in_version: sign_in.as_ref().map(|sign_in| sign_in.version).unwrap_or(Version(0)),
        sign_in: sign_in.map(|sign_in| sign_in.name.into()).unwrap_or_default(),
        role: role.to_string(),
        active,
        own: ask.me.who == who,
        above: ask.is_above(role).await?,
        roles: ask.role_choices(Audience::Administrator, Some(role)).await?,
    })
}

/// The roles that a new administrator can have: id and name.
///
/// # Errors
/// No permission.
#[server(endpoint = "administrator_roles")]
pub async fn administrator_roles() -> Result<Vec<(String, String)>, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Administrators)?;
    ask.role_choices(Audience::Administrator, None).await
}

/// Adds an administrator.
///
/// # Errors
/// What is wrong with the fields; a role that permits more than the asker's; no permission.
#[server(endpoint = "administrator_create")]
pub async fn administrator_create(
    /// The name.
    name: String,
    /// The e-mail address; may be empty.
    email: String,
    /// The sign-in name.
    sign_in: String,
    /// The password.
    password: String,
    /// The role's id.
    role: String,
) -> Result<Done, AppError> {
    use tandem_store::sign_ins::NewSignIn;

    use crate::server::{ask::Ask, sign_in::hash};

    let ask = Ask::now()?;
    ask.modify(Field::Administrators)?;
    let mut errors = FieldErrors::default();
    errors.take("password", tandem_domain::sign_in::check_password(&password));
    let (administrator, sign_in) = parse(errors, &name, &email, &sign_in, &role)?;
    ask.gives_chosen(administrator.role).await?;
    let password_hash = hash(ask.services(), password).await?;
    let sign_in = NewSignIn { name: sign_in, password_hash };
    let id = ask
        .store()
        .administrators()
        .create(&administrator, &sign_in, &ask.change())
        .await
        .map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Administrator added").go(format!("/admin/administrators/{id}")))
}

/// Saves an administrator.
///
/// # Errors
/// What is wrong with the fields; nobody could give permissions any more; somebody else saved meanwhile; the present or the
/// new role permits more than the asker's; no permission.
#[server(endpoint = "administrator_save")]
pub async fn administrator_save(
    /// Which administrator.
    id: AdministratorId,
    /// The version that the edit starts from.
    version: Version,
    /// The name.
    name: String,
    /// The e-mail address; may be empty.
    email: String,
    /// The sign-in name.
    sign_in: String,
    /// The role's id.
    role: String,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Administrators)?;
    let mut errors = FieldErrors::default();
    let stored = ask.store().administrators().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    ask.manages(stored.value.role).await?;
    if ask.me.who == Who::Administrator(id) {
        keep_own_keys(&ask, &stored.value, &role, &mut errors).await?;
    }
    let (typed, sign_in) = parse(errors, &name, &email, &sign_in, &role)?;
    ask.gives_chosen(typed.role).await?;
    let Administrator { active, locale, time_zone, .. } = stored.value.clone();
    let changed = Administrator { active, locale, time_zone, ..typed };
    ask.store()
        .administrators()
        .update_with_sign_in(id, stored.basis(version), &changed, &sign_in, &ask.change())
        .await
        .map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Administrator saved"))
}

/// Gives an administrator another password; who is signed in with the old one is signed out.
///
/// # Errors
/// What is wrong with the password; somebody else changed it meanwhile; the person's role permits more than the asker's; no
/// permission.
#[server(endpoint = "administrator_password")]
pub async fn administrator_password(
    /// Which administrator.
    id: AdministratorId,
    /// The version of the sign-in that the person saw.
    version: Version,
    /// The password.
    password: String,
) -> Result<Done, AppError> {
    use tandem_store::sign_ins::Terms;

    use crate::server::{ask::Ask, sign_in::hash};

    let ask = Ask::now()?;
    ask.modify(Field::Administrators)?;
    if ask.me.who == Who::Administrator(id) {
        return Err(AppError::Refused(
            "Change your own password in your profile, where the present one is asked for.".into(),
        ));
    }
    let stored = ask.store().administrators().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    ask.manages(stored.value.role).await?;
    tandem_domain::sign_in::check_password(&password).map_err(|error| FieldErrors::one("password", error.0))?;
    let (who, sign_ins, tell) = (Who::Administrator(id), ask.store().sign_ins(), |error| ask.tell(WHAT, error));
    let version = version.min(sign_ins.version(who).await.map_err(tell)?);
    let hash = hash(ask.services(), password).await?;
    let terms = Terms { role: stored.value.role, not_private: false };
    sign_ins.set_password(who, Some(version), &hash, Some(&terms), &ask.change()).await.map_err(tell)?;
    Ok(Done::say("Password set"))
}

/// Lets an administrator sign in, or not any more.
///
/// # Errors
/// Oneself, or the last one who can give permissions; the person's role permits more than the asker's; no permission.
#[server(endpoint = "administrator_active")]
pub async fn administrator_active(
    /// Which administrator.
    id: AdministratorId,
    /// The version that the edit starts from.
    version: Version,
    /// `on` or `off`.
    #[server(default)]
    active: Typed,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Administrators)?;
    let active = active.on_or_off("active")?.ok_or_else(|| AppError::Unreadable("neither on nor off".into()))?;
    if ask.me.who == Who::Administrator(id) && !active {
        return Err(AppError::Refused("You cannot deactivate yourself; ask another administrator.".into()));
    }
    let stored = ask.store().administrators().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    ask.manages(stored.value.role).await?;
    let version = stored.basis(version);
    let changed = Administrator { active, ..stored.value };
    ask.store()
        .administrators()
        .update(id, version, &changed, &ask.change())
        .await
        .map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say(if active { "Administrator activated" } else { "Administrator deactivated" }))
}

/// What was typed, unless it or something before it is wrong.
#[cfg(feature = "ssr")]
fn parse(
    mut errors: FieldErrors,
    name: &str,
    email: &str,
    sign_in: &str,
    role: &str,
) -> Result<(Administrator, SignInName), FieldErrors> {
    let name = errors.take("name", tandem_domain::field::name(name));
    let email = errors.take("email", tandem_domain::field::optional_email(email));
    let sign_in = errors.take("sign_in", sign_in.parse::<SignInName>());
    let role = errors.take("role", role.parse().map_err(|_| FieldError::new("Choose an access role.")));
    match (name, email, sign_in, role) {
        (Some(name), Some(email), Some(sign_in), Some(role)) if errors.is_empty() => {
            Ok((Administrator::new(name, email, role), sign_in))
        }
        (_, _, _, _) => Err(errors),
    }
}

/// Refuses another role for oneself that could not give permissions.
#[cfg(feature = "ssr")]
async fn keep_own_keys(
    ask: &crate::server::ask::Ask,
    stored: &Administrator,
    role: &str,
    errors: &mut FieldErrors,
) -> Result<(), AppError> {
    let Some(role) = role.parse().ok().filter(|role| *role != stored.role) else { return Ok(()) };
    let role = ask.store().roles().get(role).await.map_err(|error| ask.tell("access role", error))?.value;
    if let Err(text) = keeps_own_keys(&ask.me, &role) {
        errors.add("role", text);
    }
    Ok(())
}

/// Whether somebody can sign in, in a word with its colour.
const fn state_words(active: bool) -> (Tone, &'static str) {
    if active { (Tone::Good, "Active") } else { (Tone::Neutral, "Deactivated") }
}

/// All administrators.
#[component]
pub fn AdministratorsPage() -> impl IntoView {
    let args = list_args();
    let new = me()
        .modifies(Field::Administrators)
        .then(|| ("/admin/administrators/new".to_owned(), "Add administrator".to_owned()));
    view! {
        <ListPage
            title="Administrators"
            description="The provider’s staff, who sign in here."
            listing=load(move || Ok(AdministratorList { args: args.get() }))
            args=args
            noun=("administrator", "administrators")
            new=new
            search_in="name or e-mail"
            seen_by=&[Field::Administrators]
        />
    }
}

/// A new administrator.
#[component]
pub fn NewAdministratorPage() -> impl IntoView {
    let roles = load(|| Ok(AdministratorRoles {}));
    view! {
        <PageHeader title="Add administrator" back=("/admin/administrators", "Administrators") />
        {loaded(roles, |roles| {
            let roles = StoredValue::new(roles);
            view! {
                <NewForm to=AdministratorCreate::PATH button="Add administrator" cancel_href="/admin/administrators">
                    <Card title="Person">{person("", "")}</Card>
                    <Card title="Sign-in">
                        {sign_in("", "", roles.get_value())}
                        <PasswordField
                            name="password"
                            label="Password"
                            help=password_help("tell it to the person, who can change it")
                            autocomplete="new-password"
                            rule=Rule::Password
                            required=true
                            width="medium"
                        />
                    </Card>
                </NewForm>
            }
            .into_any()
        })}
    }
}

/// One administrator.
#[component]
pub fn AdministratorPage() -> impl IntoView {
    let record = load(of_address(WHAT, |id| AdministratorRead { id }));
    loaded(record, |record| {
        let above = record.above && me().modifies(Field::Administrators);
        let may = !above && me().modifies(Field::Administrators);
        let id = record.id.to_string();
        let (active, own) = (record.active, record.own);
        let (tone, state) = state_words(active);
        let badge = move || view! { <Badge tone=tone text=state /> };
        let below = may.then(|| {
            view! {
                {password_card(&id, record.sign_in_version, own)}
                {state_card(&record)}
            }
            .into_any()
        });
        let AdministratorRecord { version, name, email, sign_in: signs_in_as, role, roles, .. } = record;
        let subtitle = if own { "Administrator: this is you" } else { "Administrator" };
        view! {
            <PageHeader title=name.clone() subtitle=subtitle badge=badge back=("/admin/administrators", "Administrators") />
            <div class="stack max-w-208">
                {above.then(|| view! {
                    <Notice tone=Tone::Info text="This person’s role permits more than yours. Somebody who may do as much can change what is here." />
                }.into_any())}
                <EditForm to=AdministratorSave::PATH version=version fields=vec![("id", id)] editable=may>
                    <Card title="Person">{person(&name, &email)}</Card>
                    <Card title="Sign-in">{sign_in(&signs_in_as, &role, roles)}</Card>
                </EditForm>
                {below}
            </div>
        }
        .into_any()
    })
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_at_once_also_what_was_wrong_before() {
        let before = FieldErrors::one("password", "Use at least 10 characters.");
        let errors = parse(before, "", "nobody", "x", "").unwrap_err();
        let wrong: Vec<&str> = errors.0.keys().map(String::as_str).collect();
        assert_eq!(wrong, ["email", "name", "password", "role", "sign_in"]);
    }

    #[test]
    fn a_sign_in_name_is_kept_in_lower_case() {
        let role = "018f0000-0000-7000-8000-000000000001";
        let (administrator, sign_in) = parse(FieldErrors::default(), " Ada ", "", "Ada", role).unwrap();
        assert_eq!((administrator.name.as_str(), sign_in.as_str()), ("Ada", "ada"));
    }
}
