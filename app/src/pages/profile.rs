//! Whoever is signed in: who one is, one's own name and e-mail address, how dates are shown, one's password, the theme.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::Version,
    sign_in::{PASSWORD_ADVICE, password_help},
};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    parts::locale_fields::locale_fields,
    post::{Done, Typed},
    ui::{Button, Card, DescriptionList, EditForm, Kind, PageHeader, PasswordField, PostForm, TextField, ThemeSwitch},
};

/// What an account may know and change about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnProfile {
    /// The version that an edit starts from.
    pub version: Version,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// Where recordings go.
    pub email: String,
    /// The number to dial.
    pub extension: String,
}

/// How one of the provider's staff reads dates and numbers. To self-care users they are shown as the company chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnLocale {
    /// The version that an edit starts from.
    pub version: Version,
    /// The locale's tag.
    pub locale: String,
    /// The time zone's name.
    pub time_zone: String,
}

/// What people may know and change about themselves: an account its record, unless the role does not show it, and one of the
/// provider's staff how dates are shown.
///
/// # Errors
/// Only faults on our side.
#[server(endpoint = "profile_read")]
pub async fn profile_read() -> Result<(Option<OwnProfile>, Option<OwnLocale>), AppError> {
    use tandem_domain::access::Who;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    match ask.me.who {
        Who::Account { .. } if ask.me.sees(Field::AccountProfile) => Ok((Some(own_profile(&ask).await?), None)),
        Who::Account { .. } | Who::Customer(_) => Ok((None, None)),
        Who::Administrator(id) => {
            let stored =
                ask.store().administrators().get(id).await.map_err(|error| ask.tell("administrator", error))?;
            let (locale, time_zone) = (stored.value.locale.tag().into(), stored.value.time_zone.to_string());
            Ok((None, Some(OwnLocale { version: stored.version, locale, time_zone })))
        }
    }
}

#[cfg(feature = "ssr")]
async fn own_profile(ask: &crate::server::ask::Ask) -> Result<OwnProfile, AppError> {
    let (tenant, id, _) = super::self_care::own::own_account(ask)?;
    let stored = ask.store().accounts().get(tenant, id).await.map_err(|error| ask.tell("account", error))?;
    let account = stored.value;
    Ok(OwnProfile {
        version: stored.version,
        first_name: account.first_name,
        last_name: account.last_name,
        email: account.email,
        extension: account.extension.to_string(),
    })
}

/// Saves how dates and numbers are shown to one of the provider's staff, who asks. What is not sent stays.
///
/// # Errors
/// What is wrong with the fields; somebody else saved meanwhile; self-care users, to whom the company's choice applies.
#[server(endpoint = "own_locale_save")]
pub async fn own_locale_save(
    /// The version that the edit starts from.
    version: Version,
    /// The locale's tag.
    #[server(default)]
    locale: Typed,
    /// The time zone's name.
    #[server(default)]
    time_zone: Typed,
) -> Result<Done, AppError> {
    use tandem_domain::{access::Who, administrator::Administrator, error::FieldErrors};

    use crate::server::{ask::Ask, format};

    let ask = Ask::now()?;
    let Who::Administrator(id) = ask.me.who else { return Err(AppError::NotFound("administrator of your own".into())) };
    let tell = |error| ask.tell("administrator", error);
    let stored = ask.store().administrators().get(id).await.map_err(tell)?;
    let (version, stored) = (stored.basis(version), stored.value);
    let mut errors = FieldErrors::default();
    let locale = errors.take("locale", format::known_locale(&locale.or(stored.locale.tag())));
    let time_zone = errors.take("time_zone", format::known_zone(&time_zone.or(stored.time_zone.as_str())));
    let (Some(locale), Some(time_zone)) = (locale, time_zone) else { return Err(errors.into()) };
    let changed = Administrator { locale, time_zone, ..stored };
    ask.store().administrators().update(id, version, &changed, &ask.change()).await.map_err(tell)?;
    Ok(Done::say("Dates and time zone saved"))
}

/// Saves an account's own name and e-mail address. What is not sent stays.
///
/// # Errors
/// What is wrong with the fields; somebody else saved meanwhile; no permission; somebody who is no account.
#[server(endpoint = "profile_save")]
pub async fn profile_save(
    /// The version that the edit starts from.
    version: Version,
    /// The first name.
    #[server(default)]
    first_name: Typed,
    /// The last name.
    #[server(default)]
    last_name: Typed,
    /// Where recordings go.
    #[server(default)]
    email: Typed,
) -> Result<Done, AppError> {
    use super::self_care::own::own_account;
    use crate::server::ask::Ask;
    use tandem_domain::{account::Account, error::FieldErrors, field};

    let ask = Ask::now()?;
    let (tenant, id, _) = own_account(&ask)?;
    ask.modify(Field::AccountProfile)?;
    let accounts = ask.store().accounts();
    let stored = accounts.get(tenant, id).await.map_err(|error| ask.tell("account", error))?;
    let (version, stored) = (stored.basis(version), stored.value);
    let mut errors = FieldErrors::default();
    let first_name = errors.take("first_name", field::name(&first_name.or(&stored.first_name)));
    let last_name = errors.take("last_name", field::optional_name(&last_name.or(&stored.last_name)));
    let email = errors.take("email", field::optional_email(&email.or(&stored.email)));
    let (Some(first_name), Some(last_name), Some(email)) = (first_name, last_name, email) else {
        return Err(errors.into());
    };
    let account = Account { first_name, last_name, email, ..stored };
    accounts.update(tenant, id, version, &account, &ask.change()).await.map_err(|error| ask.tell("account", error))?;
    Ok(Done::say("Profile saved"))
}

/// Changes the password of whoever asks. All other sessions end; this one goes on under a new id.
///
/// # Errors
/// What is wrong with the fields; a wait after too many wrong current passwords.
#[server(endpoint = "password_change")]
pub async fn password_change(
    /// The password until now.
    current_password: String,
    /// The new one.
    new_password: String,
    /// The new one again.
    repeat_password: String,
) -> Result<Done, AppError> {
    use crate::server::{
        ask::{Ask, internal},
        auth::{AuthSession, SignedIn},
        sign_in,
    };
    use tandem_domain::{error::FieldErrors, sign_in::check_password};
    use tandem_store::attempts::Attempt;

    let ask = Ask::now()?;
    let sign_ins = ask.store().sign_ins();
    let request = expect_context::<http::request::Parts>();
    let mut auth = request.extensions.get::<AuthSession>().cloned().ok_or(AppError::SignedOut)?;

    let mut errors = FieldErrors::default();
    if current_password.is_empty() {
        errors.add("current_password", "Enter your current password.");
    }
    errors.take("new_password", check_password(&new_password));
    if repeat_password != new_password {
        errors.add("repeat_password", "This is not the same as the new password.");
    }
    if new_password == current_password {
        errors.add("new_password", "This is your current password; choose another.");
    }
    errors.into_result()?;

    // Whoever finds an open session must not guess the password with it.
    let attempt = Attempt::to_change_password(&ask.me.sign_in);
    let whose =
        sign_in::Whose { name: &ask.me.sign_in, customer: ask.me.own_customer(), address: ask.change().address };
    if sign_in::attempt(ask.services(), &attempt, whose, &current_password).await?.is_none() {
        sign_in::note_wrong_password(ask.services(), whose).await;
        return Err(FieldErrors::one("current_password", "This is not your current password.").into());
    }

    let hash = sign_in::hash(ask.services(), new_password).await?;
    sign_ins
        .set_password(ask.me.who, None, &hash, None, &ask.change())
        .await
        .map_err(|error| ask.tell("sign-in", error))?;
    let (me, stamp) =
        sign_ins.principal(ask.me.who).await.map_err(|error| internal(&error))?.ok_or(AppError::SignedOut)?;
    auth.login(&SignedIn { me, stamp }).await.map_err(|error| internal(&error))?;
    auth.session.cycle_id().await.map_err(|error| internal(&error))?;
    Ok(Done::say("Password changed. Other sessions have ended."))
}

/// The page.
#[component]
pub fn ProfilePage() -> impl IntoView {
    let data = load(|| Ok(ProfileRead {}));
    loaded(data, |(profile, locale)| {
        let me = me();
        let mut facts = vec![
            ("Name".to_owned(), me.name.clone()),
            ("Role".to_owned(), me.role.name.clone()),
            ("Sign-in name".to_owned(), me.sign_in.clone()),
        ];
        facts.extend(profile.as_ref().map(|profile| ("Extension".to_owned(), profile.extension.clone())));
        if locale.is_none() {
            facts.push(("Dates and numbers".to_owned(), me.locale.label().to_owned()));
            facts.push(("Time zone".to_owned(), me.time_zone.to_string()));
        }
        view! {
            <PageHeader title="Profile" subtitle="Who you are here, and how you get in." />
            <div class="stack max-w-208">
                <Card title="You"><DescriptionList items=facts /></Card>
                {profile.map(profile_form)}
                {locale.map(locale_form)}
                {password_form()}
                <Card title="Theme" description="On this device: as the device says, light or dark."><div class="row"><ThemeSwitch /></div></Card>
            </div>
        }
        .into_any()
    })
}

fn profile_form(profile: OwnProfile) -> AnyView {
    let OwnProfile { version, first_name, last_name, email, extension: _ } = profile;
    let field = Field::AccountProfile;
    view! {
        <EditForm to=ProfileSave::PATH version=version editable=me().modifies(field)>
            <Card title="Name and e-mail">
                <TextField
                    name="first_name"
                    label="First name"
                    value=first_name
                    field=field
                    rule=Rule::Name
                    required=true
                    autocomplete="given-name"
                    width="medium"
                />
                <TextField
                    name="last_name"
                    label="Last name"
                    value=last_name
                    field=field
                    rule=Rule::OptionalName
                    autocomplete="family-name"
                    width="medium"
                />
                <TextField
                    name="email"
                    label="E-mail"
                    value=email
                    field=field
                    rule=Rule::OptionalEmail
                    kind="email"
                    autocomplete="email"
                    width="medium"
                    help="Where your call recordings go when they are sent by e-mail."
                />
            </Card>
        </EditForm>
    }
    .into_any()
}

fn locale_form(own: OwnLocale) -> AnyView {
    let OwnLocale { version, locale, time_zone } = own;
    view! {
        <EditForm to=OwnLocaleSave::PATH version=version>
            <Card title="Dates and time zone" description="How they are shown to you.">
                {locale_fields(locale, time_zone, None, "")}
            </Card>
        </EditForm>
    }
    .into_any()
}

fn password_form() -> AnyView {
    let help = password_help(PASSWORD_ADVICE);
    view! {
        <Card title="Password" description="Changing it ends your sessions on other devices; this one goes on.">
            <PostForm to=PasswordChange::PATH class="form">
                // For password managers: whose password it is.
                <input type="text" hidden autocomplete="username" value=me().sign_in />
                <PasswordField name="current_password" label="Current password" required=true width="medium" />
                <PasswordField
                    name="new_password"
                    label="New password"
                    help=help
                    autocomplete="new-password"
                    rule=Rule::Password
                    required=true
                    width="medium"
                />
                <PasswordField
                    name="repeat_password"
                    label="New password again"
                    autocomplete="new-password"
                    required=true
                    width="medium"
                />
                <div class="actions"><Button label="Change password" kind=Kind::Primary /></div>
            </PostForm>
        </Card>
    }
    .into_any()
}
