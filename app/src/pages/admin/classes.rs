//! Customer classes: what customers of one kind share, above all which e-mails their people get.

use std::collections::BTreeMap;

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    class::{CustomerClass, KEPT_DAYS, Notification},
    field::Rule,
    ids::{ClassId, Stored, Version},
};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing},
    pages::errors::error_page,
    parts::{
        address::of_address,
        usage::{Usage, delete_card, usage_card},
    },
    post::{Done, Typed},
    ui::{Card, CollectAny as _, EditForm, ListPage, NewForm, PageHeader, Switch, TextField, list_args},
};

/// What a customer class is called in an answer.
const WHAT: &str = "customer class";

/// A class as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassRecord {
    /// The class.
    pub class: Stored<ClassId, CustomerClass>,
    /// It came with Tandem: it can be changed, not deleted.
    pub built_in: bool,
    /// The customers that have it.
    pub usage: Usage,
}

/// A page of the list.
///
/// # Errors
/// Without permission to see customer classes.
#[server(endpoint = "class_list")]
pub async fn class_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use crate::{
        listing::{Cell, Column, ListRow},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    ask.see(Field::Classes)?;
    let page = ask.store().classes().list(&args.query(())).await.map_err(|error| ask.tell(WHAT, error))?;
    let columns = vec![Column::sorted("Name", "name"), Column::plain("Notifications"), Column::plain("Customers")];
    Ok(Listing::of(columns, page, |class| ListRow {
        href: Some(format!("/admin/classes/{}", class.id)),
        cells: vec![
            Cell::Text(class.name),
            Cell::Text(
                class.notifications.iter().map(|notification| notification.label()).collect::<Vec<_>>().join(", "),
            ),
            Cell::Figures(class.customers.to_string()),
        ],
    }))
}

/// One class, and who has it.
///
/// # Errors
/// No such class; no permission.
#[server(endpoint = "class_read")]
pub async fn class_read(
    /// Which class.
    id: ClassId,
) -> Result<ClassRecord, AppError> {
    use tandem_store::users::Users;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::Classes)?;
    let class = ask.store().classes().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let users = Users::of_class(ask.store(), id).await.map_err(|error| ask.tell(WHAT, error))?;
    let usage = Usage::of(&ask.me, users);
    Ok(ClassRecord { built_in: id == tandem_store::classes::STANDARD, class, usage })
}

/// Adds a class.
///
/// # Errors
/// What is wrong with the fields; no permission.
#[server(endpoint = "class_create")]
pub async fn class_create(
    /// The name.
    name: String,
    /// For how many days recordings are kept; empty: until somebody deletes them.
    #[server(default)]
    recordings_kept_days: Typed,
    /// The notifications, each on or off.
    #[server(flatten)]
    switches: BTreeMap<String, String>,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Classes)?;
    let class = parse(&name, &recordings_kept_days.or(""), &switches)?;
    let id = ask.store().classes().create(&class, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Customer class added").go(format!("/admin/classes/{id}")))
}

/// Saves a class.
///
/// # Errors
/// What is wrong with the fields; somebody else saved meanwhile; no permission.
#[server(endpoint = "class_save")]
pub async fn class_save(
    /// Which class.
    id: ClassId,
    /// The version that the edit starts from.
    version: Version,
    /// The name.
    name: String,
    /// For how many days recordings are kept; empty: until somebody deletes them.
    #[server(default)]
    recordings_kept_days: Typed,
    /// The notifications, each on or off.
    #[server(flatten)]
    switches: BTreeMap<String, String>,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Classes)?;
    let stored = ask.store().classes().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let kept = recordings_kept_days.or(&kept_text(&stored.value));
    let class = parse(&name, &kept, &switches)?;
    let version = stored.basis(version);
    ask.store().classes().update(id, version, &class, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Customer class saved"))
}

/// Deletes a class that no customer has.
///
/// # Errors
/// A customer has it; no permission.
#[server(endpoint = "class_delete")]
pub async fn class_delete(
    /// Which class.
    id: ClassId,
    /// The version that the person saw.
    version: Version,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Classes)?;
    let stored = ask.store().classes().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let version = Some(stored.basis(version));
    ask.store().classes().delete(id, version, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Customer class deleted").go("/admin/classes"))
}

/// The class that was typed.
#[cfg(feature = "ssr")]
fn parse(name: &str, kept: &str, switches: &BTreeMap<String, String>) -> Result<CustomerClass, AppError> {
    let mut errors = tandem_domain::error::FieldErrors::default();
    let name = errors.take("name", tandem_domain::field::name(name));
    let kept = errors.take(KEPT_DAYS, tandem_domain::class::kept_days(kept));
    let is_on = |notification: &Notification| switches.get(notification.key()).is_some_and(|switch| switch == "on");
    let notifications = Notification::ALL.into_iter().filter(is_on).collect();
    match (name, kept) {
        (Some(name), Some(recordings_kept_days)) => Ok(CustomerClass { name, notifications, recordings_kept_days }),
        (None, _) | (_, None) => Err(errors.into()),
    }
}

/// For how many days recordings are kept, as its field has it.
fn kept_text(class: &CustomerClass) -> String {
    class.recordings_kept_days.map(|days| days.to_string()).unwrap_or_default()
}

/// All classes.
#[component]
pub fn ClassesPage() -> impl IntoView {
    let args = list_args();
    let new = me().modifies(Field::Classes).then(|| ("/admin/classes/new".to_owned(), "Add class".to_owned()));
    view! {
        <ListPage
            title="Customer classes"
            description="What customers of one kind share: which e-mails their people get."
            listing=load(move || Ok(ClassList { args: args.get() }))
            args=args
            noun=("class", "classes")
            new=new
            empty=("No customer classes yet", "Add one, then give it to customers on their General tab.")
            search_in="name"
            seen_by=&[Field::Classes]
        />
    }
}

/// A new class.
#[component]
pub fn NewClassPage() -> impl IntoView {
    if !me().modifies(Field::Classes) {
        return error_page(&AppError::forbidden(Field::Classes));
    }
    let class = CustomerClass::default();
    view! {
        <PageHeader title="Add customer class" back=("/admin/classes", "Customer classes") />
        <NewForm to=ClassCreate::PATH button="Add class" cancel_href="/admin/classes">{fields(&class)}</NewForm>
    }
    .into_any()
}

/// One class.
#[component]
pub fn ClassPage() -> impl IntoView {
    let record = load(of_address(WHAT, |id| ClassRead { id }));
    loaded(record, |ClassRecord { class, built_in, usage }| {
        let may = me().modifies(Field::Classes);
        let id = class.id.to_string();
        let name = class.value.name.clone();
        view! {
            <PageHeader title=name.clone() subtitle="Customer class" back=("/admin/classes", "Customer classes") />
            <div class="stack max-w-208">
                <EditForm to=ClassSave::PATH version=class.version fields=vec![("id", id.clone())] editable=may>
                    {fields(&class.value)}
                </EditForm>
                {usage_card(&usage, "No customer has this class yet.")}
                {(may && !built_in).then(|| delete_card(ClassDelete::PATH, id, class.version, "class", &name, usage.count > 0))}
            </div>
        }
        .into_any()
    })
}

/// The fields of a class, for a form that is already around them.
fn fields(class: &CustomerClass) -> AnyView {
    let (name, kept) = (class.name.clone(), kept_text(class));
    let switches = Notification::ALL
        .into_iter()
        .map(|notification| {
            let on = class.notifications.contains(&notification);
            view! {
                <Switch name=notification.key() label=notification.label() value=on help=notification.help() field=Field::Classes />
            }.into_any()
        })
        .collect_any();
    view! {
        <Card title="General">
            <TextField name="name" label="Name" value=name rule=Rule::Name field=Field::Classes required=true width="medium" />
        </Card>
        <Card title="Call recordings">
            <TextField
                name=KEPT_DAYS
                label="Keep call recordings for … days"
                value=kept
                field=Field::Classes
                width="short"
                help="When they are older they are deleted. Empty: they are kept until somebody deletes them."
            />
        </Card>
        <Card title="Notifications" description="E-mails that the people of these customers get.">{switches}</Card>
    }
    .into_any()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::server::forms::decode;

    #[tokio::test]
    async fn a_switch_that_is_on_is_a_notification_of_the_class() {
        let typed: ClassCreate = decode("name=Business&new_call_recording=on").await.unwrap();
        let class = parse(&typed.name, "", &typed.switches).unwrap();
        assert_eq!(class.notifications, [Notification::NewCallRecording]);
        let typed: ClassCreate = decode("name=Business&new_call_recording=off").await.unwrap();
        assert!(parse(&typed.name, "", &typed.switches).unwrap().notifications.is_empty());
    }

    #[tokio::test]
    async fn an_emptied_name_is_refused_beside_its_field() {
        let typed: ClassCreate = decode("name=&new_call_recording=on").await.unwrap();
        let Err(AppError::Invalid(errors)) = parse(&typed.name, "", &typed.switches) else {
            panic!("a class without a name")
        };
        assert!(errors.get("name").is_some());
    }

    #[tokio::test]
    async fn recordings_are_kept_for_the_days_that_were_typed() {
        let typed: ClassCreate = decode("name=Business&recordings_kept_days=90&new_call_recording=on").await.unwrap();
        let kept = |days: &str| parse(&typed.name, days, &typed.switches).map(|class| class.recordings_kept_days);
        assert_eq!(typed.recordings_kept_days.0.as_deref(), Some("90"));
        assert_eq!((kept("90"), kept("")), (Ok(Some(90)), Ok(None)));
        let Err(AppError::Invalid(errors)) = kept("soon") else { panic!("days that are none") };
        assert!(errors.get(KEPT_DAYS).is_some());
    }
}
