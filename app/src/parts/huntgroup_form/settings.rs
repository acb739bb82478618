//! A huntgroup's settings: making one, changing it, deleting it.

use leptos::{prelude::*, server_fn::ServerFn};
use tandem_domain::{
    access::Field,
    field::Rule,
    huntgroup::{RING_SECONDS_MAX, RING_SECONDS_MIN, RingStrategy},
    ids::{CustomerId, HuntgroupId, Version},
};

#[cfg(feature = "ssr")]
use super::WHAT;
use super::view::HuntgroupView;
use crate::{
    context::me,
    error::AppError,
    post::{Done, Typed},
    ui::{Card, ConfirmButton, EditForm, NewForm, PostForm, RadioCards, TextField},
};

/// Seconds that a member of a new group rings.
const RING_SECONDS: u32 = 20;

/// Adds a huntgroup without members.
///
/// # Errors
/// What is wrong with the fields; no permission.
#[server(endpoint = "huntgroup_create")]
pub async fn huntgroup_create(
    /// Whose.
    customer: CustomerId,
    /// What it is called.
    name: String,
    /// The number to dial.
    number: String,
    /// How members ring: a [`RingStrategy::key`].
    #[server(default)]
    strategy: String,
    /// Seconds that one member rings before the next.
    ring_seconds: String,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;
    use tandem_domain::{access::Audience, huntgroup::Huntgroup};

    let ask = Ask::now()?;
    ask.modify(Field::Huntgroups)?;
    let tenant = ask.tenant(customer)?;
    let group = Huntgroup::parse(&name, &number, &strategy, &ring_seconds)?;
    let id =
        ask.store().huntgroups(tenant).create(&group, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    let done = Done::say(format!("Huntgroup {} added. Now choose its members.", group.name));
    Ok(match ask.me.audience() {
        Audience::Administrator => done.go(format!("/admin/customers/{customer}/huntgroups?group={id}")),
        Audience::Customer | Audience::Account => done.go(format!("/self-care/huntgroups/{id}")),
    })
}

/// Saves the settings. What is not sent stays.
///
/// # Errors
/// What is wrong with the fields; somebody else changed the group meanwhile; no permission.
#[server(endpoint = "huntgroup_save")]
pub async fn huntgroup_save(
    /// Whose.
    customer: CustomerId,
    /// Which.
    id: HuntgroupId,
    /// The version that the edit starts from.
    version: Version,
    /// What it is called.
    #[server(default)]
    name: Typed,
    /// The number to dial.
    #[server(default)]
    number: Typed,
    /// How members ring.
    #[server(default)]
    strategy: Typed,
    /// Seconds that one member rings before the next.
    #[server(default)]
    ring_seconds: Typed,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;
    use tandem_domain::huntgroup::Huntgroup;

    let ask = Ask::now()?;
    ask.modify(Field::Huntgroups)?;
    let groups = ask.store().huntgroups(ask.tenant(customer)?);
    let stored = groups.get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let (version, stored) = (stored.basis(version), stored.value);
    let group = Huntgroup::parse(
        &name.or(&stored.name),
        &number.or(stored.number.as_str()),
        &strategy.or(stored.strategy.key()),
        &ring_seconds.or(&stored.ring_seconds.to_string()),
    )?;
    groups.update(id, version, &group, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Huntgroup saved"))
}

/// Deletes a huntgroup; its number is free again.
///
/// # Errors
/// No such group; no permission, or none to take a member's mark *Never supervise* away with the group.
#[server(endpoint = "huntgroup_delete")]
pub async fn huntgroup_delete(
    /// Whose.
    customer: CustomerId,
    /// Which.
    id: HuntgroupId,
    /// The version that the person saw.
    version: Version,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;
    use tandem_domain::access::Audience;

    let ask = Ask::now()?;
    ask.modify(Field::Huntgroups)?;
    let groups = ask.store().huntgroups(ask.tenant(customer)?);
    let group = groups.get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let (version, group) = (group.basis(version), group.value);
    // The mark goes with the group, and its extensions may be together in another.
    if group.members.iter().any(|member| member.never_supervise) {
        ask.modify(Field::HuntgroupSupervision)?;
    }
    groups.delete(id, Some(version), &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    let done = Done::say("Huntgroup deleted");
    Ok(match ask.me.audience() {
        Audience::Administrator => done.go(format!("/admin/customers/{customer}/huntgroups")),
        Audience::Customer | Audience::Account => done.go("/self-care/huntgroups"),
    })
}

/// The form of a new huntgroup.
pub fn new_huntgroup_form(customer: CustomerId, list: impl Into<String>) -> AnyView {
    view! {
        <NewForm to=HuntgroupCreate::PATH button="Add huntgroup" cancel_href=list.into() fields=vec![("customer", customer.to_string())]>
            <Card title="Settings">
                {fields(String::new(), String::new(), RingStrategy::default(), RING_SECONDS)}
            </Card>
        </NewForm>
    }
    .into_any()
}

/// The form that changes the settings.
pub fn settings_form(group: &HuntgroupView) -> AnyView {
    let (name, number, strategy, ring_seconds) =
        (group.name.clone(), group.number.clone(), group.strategy, group.ring_seconds);
    view! {
        <EditForm
            to=HuntgroupSave::PATH
            version=group.version
            fields=group.fields()
            editable=me().modifies(Field::Huntgroups)
        >
            <Card title="Settings">{fields(name, number, strategy, ring_seconds)}</Card>
        </EditForm>
    }
    .into_any()
}

fn fields(name: String, number: String, strategy: RingStrategy, ring_seconds: u32) -> AnyView {
    let field = Field::Huntgroups;
    let strategies =
        RingStrategy::ALL.map(|s| (s.key().to_owned(), s.label().to_owned(), s.help().to_owned())).to_vec();
    view! {
        <TextField name="name" label="Name" value=name field=field rule=Rule::Name required=true placeholder="Support" width="medium" />
        <TextField
            name="number"
            label="Number"
            value=number
            field=field
            rule=Rule::Extension
            required=true
            kind="tel"
            width="short"
            placeholder="7700"
            help="What is dialled to reach the group, 2 to 8 digits; no extension may have it."
        />
        <RadioCards name="strategy" label="Ring strategy" value=strategy.key() options=strategies field=field />
        <TextField
            name="ring_seconds"
            label="Ring time"
            value=ring_seconds.to_string()
            field=field
            rule=Rule::Whole(RING_SECONDS_MIN, RING_SECONDS_MAX)
            required=true
            kind="number"
            width="short"
            help="Seconds that a member rings before the next one, 5 to 120."
        />
    }
    .into_any()
}

/// Deleting the group, with what it means.
pub fn delete_card(group: &HuntgroupView) -> AnyView {
    if !me().modifies(Field::Huntgroups) {
        return ().into_any();
    }
    let is_protected = group.members.iter().flatten().any(|member| member.never_supervise);
    if is_protected && !me().modifies(Field::HuntgroupSupervision) {
        return view! {
            <Card title="Delete">
                <p>"A member has the mark “Never supervise”; only who may take that away can delete the group."</p>
            </Card>
        }
        .into_any();
    }
    let text = [
        "Calls to ",
        &group.number,
        " reach nobody then, and its members can no longer be supervised through it. This cannot be taken back.",
    ]
    .concat();
    let title = ["Delete the huntgroup ", &group.name, "?"].concat();
    let mut fields = group.fields();
    fields.push(("version", group.version.0.to_string()));
    view! {
        <Card title="Delete" description="The extensions stay; only the group goes.">
            <PostForm to=HuntgroupDelete::PATH fields=fields>
                <ConfirmButton label="Delete huntgroup" title=title text=text confirm="Delete" danger=true />
            </PostForm>
        </Card>
    }
    .into_any()
}
