//! The company's own record: what it is called, how its people read dates, and what holds for all its extensions.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    field::Rule,
    ids::{CustomerId, Version},
    settings::{Effective, Setting},
};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    parts::{locale_fields::locale_fields, owner::Owner, settings_panel::settings_panel},
    post::{Done, Typed},
    ui::{Card, EditForm, PageHeader, TextField},
};

/// The company, as far as the reader's role shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyView {
    /// Which customer.
    pub id: CustomerId,
    /// The version that an edit starts from.
    pub version: Version,
    /// What it is called.
    pub name: String,
    /// Where invoices and notices go.
    pub email: String,
    /// How dates and numbers are shown: a BCP 47 tag.
    pub locale: String,
    /// Where its days begin.
    pub time_zone: String,
    /// The settings that the role shows.
    pub settings: Vec<Effective>,
}

/// The company of whoever asks.
///
/// # Errors
/// Somebody who is no customer.
#[server(endpoint = "company_read")]
pub async fn company_read() -> Result<CompanyView, AppError> {
    use super::own::own_company;
    use crate::{parts::settings_panel::effective, server::ask::Ask};

    let ask = Ask::now()?;
    let tenant = own_company(&ask)?;
    let stored = ask.store().customers().get(tenant).await.map_err(|error| ask.tell("customer", error))?;
    let shown = |field: Field, text: String| if ask.me.sees(field) { text } else { String::new() };
    let customer = stored.value;
    Ok(CompanyView {
        id: stored.id,
        version: stored.version,
        name: shown(Field::CustomerName, customer.name),
        email: shown(Field::CustomerEmail, customer.email),
        locale: shown(Field::CustomerLocale, customer.locale.tag().into()),
        time_zone: shown(Field::CustomerLocale, customer.time_zone.to_string()),
        settings: effective(&ask, Owner::customer(stored.id)).await?,
    })
}

/// Saves the company's own data. What is not sent stays.
///
/// # Errors
/// What is wrong with the fields; somebody else saved meanwhile; a change of a field that the role does not permit.
#[server(endpoint = "company_save")]
pub async fn company_save(
    /// The version that the edit starts from.
    version: Version,
    /// What it is called.
    #[server(default)]
    name: Typed,
    /// Where invoices and notices go.
    #[server(default)]
    email: Typed,
    /// A BCP 47 tag.
    #[server(default)]
    locale: Typed,
    /// A name of the IANA database.
    #[server(default)]
    time_zone: Typed,
) -> Result<Done, AppError> {
    use super::own::own_company;
    use crate::server::{ask::Ask, format};
    use tandem_domain::{customer::Customer, error::FieldErrors, field};

    let ask = Ask::now()?;
    let tenant = own_company(&ask)?;
    let tell = |error| ask.tell("customer", error);
    let stored = ask.store().customers().get(tenant).await.map_err(tell)?;
    let (version, stored) = (stored.basis(version), stored.value);
    let name = ask.merge(Field::CustomerName, name.0, &stored.name)?;
    let email = ask.merge(Field::CustomerEmail, email.0, &stored.email)?;
    let locale = ask.merge(Field::CustomerLocale, locale.0, stored.locale.tag())?;
    let time_zone = ask.merge(Field::CustomerLocale, time_zone.0, stored.time_zone.as_str())?;

    let mut errors = FieldErrors::default();
    let name = errors.take("name", field::name(&name));
    let email = errors.take("email", field::optional_email(&email));
    let locale = errors.take("locale", format::known_locale(&locale));
    let zone = errors.take("time_zone", format::known_zone(&time_zone));
    let (Some(name), Some(email), Some(locale), Some(time_zone)) = (name, email, locale, zone) else {
        return Err(errors.into());
    };
    let customer = Customer { name, email, locale, time_zone, ..stored };
    ask.store().customers().update(tenant, version, &customer, &ask.change()).await.map_err(tell)?;
    Ok(Done::say("Company details saved"))
}

/// The permissions of the form's fields.
const EDITED: [Field; 3] = [Field::CustomerName, Field::CustomerEmail, Field::CustomerLocale];
/// What decides about call supervision.
const SUPERVISION: [Setting; 4] =
    [Setting::CallSupervision, Setting::NoticeSpy, Setting::NoticeWhisper, Setting::NoticeBargeIn];

/// The page.
#[component]
pub fn CompanyPage() -> impl IntoView {
    let data = load(|| Ok(CompanyRead {}));
    loaded(data, |company| {
        let owner = Owner::customer(company.id);
        let has = |which: &[Setting]| company.settings.iter().any(|effective| which.contains(&effective.setting));
        let supervision = has(&SUPERVISION).then(|| settings_panel(owner, &company.settings, &SUPERVISION));
        let recording = has(&Setting::RECORDING).then(|| settings_panel(owner, &company.settings, &Setting::RECORDING));
        view! {
            <PageHeader title="Company details" />
            <div class="stack max-w-208">
                {details_form(company)}
                {supervision.map(|rows| view! {
                    <Card title="Call supervision" description="Who may supervise whom is marked in the huntgroups.">{rows}</Card>
                }.into_any())}
                {recording.map(|rows| view! {
                    <Card title="Call recording" description="What all extensions have, unless one has a value of its own.">{rows}</Card>
                }.into_any())}
            </div>
        }
        .into_any()
    })
}

fn details_form(company: CompanyView) -> AnyView {
    let CompanyView { id: _, version, name, email, locale, time_zone, settings: _ } = company;
    if !EDITED.iter().any(|field| me().sees(*field)) {
        return ().into_any();
    }
    let editable = EDITED.iter().any(|field| me().modifies(*field));
    view! {
        <EditForm to=CompanySave::PATH version=version editable=editable>
            <Card title="General">
                <TextField name="name" label="Name" value=name field=Field::CustomerName rule=Rule::Name required=true width="medium" />
                <TextField
                    name="email"
                    label="E-mail"
                    value=email
                    field=Field::CustomerEmail
                    rule=Rule::OptionalEmail
                    kind="email"
                    autocomplete="email"
                    width="medium"
                    help="Where invoices and notices go."
                />
                {locale_fields(locale, time_zone, Some(Field::CustomerLocale), "How they are shown to everybody in the company.")}
            </Card>
        </EditForm>
    }
    .into_any()
}
