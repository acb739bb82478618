//! The members of a huntgroup, in their order: moved, marked and removed where they stand.
//!
//! Every button is a post of its own that says what is wanted ("one place up", "supervision allowed: on"), not a whole list:
//! two people who work on the members at once do not undo each other's work.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    ids::{AccountId, CustomerId, HuntgroupId},
};

#[cfg(feature = "ssr")]
use super::editing;
use super::view::{HuntgroupView, MemberView};
use crate::{
    context::me,
    error::AppError,
    listing::Tone,
    post::{Done, Typed},
    ui::{Badge, Card, CollectAny as _, EmptyState, IconButton, InstantSwitch, KeepFocus, PostForm, Row, Rows, Sign},
};

/// One place towards the beginning or the end of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Towards the beginning.
    Up,
    /// Towards the end.
    Down,
}

impl Step {
    const fn key(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// Moves a member one place; at the end of the list nothing happens.
///
/// # Errors
/// No such group or member; no permission.
#[server(endpoint = "huntgroup_member_move")]
pub async fn huntgroup_member_move(
    /// Whose.
    customer: CustomerId,
    /// Which group.
    id: HuntgroupId,
    /// Which member.
    account: AccountId,
    /// Which way.
    step: Step,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::HuntgroupMembers)?;
    let place = editing::edit(&ask, customer, id, |members| {
        let from = editing::place_of(members, account)?;
        let to = match step {
            Step::Up => from.saturating_sub(1),
            Step::Down => (from + 1).min(members.len() - 1),
        };
        members.swap(from, to);
        Ok(to)
    })
    .await?;
    let name = editing::name(&ask, customer, account).await;
    Ok(Done::say(format!("{name} is number {} now", place + 1)))
}

/// Sets one or both marks of a membership.
///
/// # Errors
/// No such group or member; a mark that is neither on nor off; no permission.
#[server(endpoint = "huntgroup_member_mark")]
pub async fn huntgroup_member_mark(
    /// Whose.
    customer: CustomerId,
    /// Which group.
    id: HuntgroupId,
    /// Which member.
    account: AccountId,
    /// May supervise the others: `on` or `off`; not sent: stays.
    #[server(default)]
    supervision_allowed: Typed,
    /// Nobody may supervise it: `on` or `off`; not sent: stays.
    #[server(default)]
    never_supervise: Typed,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::HuntgroupSupervision)?;
    let [allowed, never] = [("supervision_allowed", supervision_allowed), ("never_supervise", never_supervise)]
        .map(|(field, typed)| typed.on_or_off(field));
    let (allowed, never) = (allowed?, never?);
    let (before, after) = editing::edit(&ask, customer, id, |members| {
        let place = editing::place_of(members, account)?;
        let member = &mut members[place];
        let before = member.clone();
        member.supervision_allowed = allowed.unwrap_or(before.supervision_allowed);
        member.never_supervise = never.unwrap_or(before.never_supervise);
        Ok((before, member.clone()))
    })
    .await?;
    let name = editing::name(&ask, customer, account).await;
    Ok(editing::marked(&name, customer, id, &before, &after))
}

/// Takes an extension out of the group.
///
/// # Errors
/// No such group or member; no permission, or none to take the mark *Never supervise* away with the member.
#[server(endpoint = "huntgroup_member_remove")]
pub async fn huntgroup_member_remove(
    /// Whose.
    customer: CustomerId,
    /// Which group.
    id: HuntgroupId,
    /// Which member.
    account: AccountId,
) -> Result<Done, AppError> {
    use crate::{post::Undo, server::ask::Ask};

    let ask = Ask::now()?;
    ask.modify(Field::HuntgroupMembers)?;
    let (place, member) = editing::edit(&ask, customer, id, |members| {
        let place = editing::place_of(members, account)?;
        let member = members.remove(place);
        // Or the mark would be gone when the extension is added again.
        if member.never_supervise {
            ask.modify(Field::HuntgroupSupervision)?;
        }
        Ok((place, member))
    })
    .await?;
    let name = editing::name(&ask, customer, account).await;
    let done = Done::say(format!("{name} is no member any more"));
    let marked = member.supervision_allowed || member.never_supervise;
    if marked && !ask.me.modifies(Field::HuntgroupSupervision) {
        // Who may not set the marks cannot bring them back either.
        return Ok(done);
    }
    let mut fields = editing::fields(customer, id, account);
    fields.push(("place".into(), place.to_string()));
    fields.extend(editing::mark_fields(&member));
    Ok(done.undo(Undo { to: super::add_members::HuntgroupMemberAdd::PATH.into(), fields }))
}

/// The members. `focus` is made outside of what is loaded anew.
pub fn members_card(group: &HuntgroupView, focus: KeepFocus) -> AnyView {
    let Some(members) = &group.members else { return ().into_any() };
    focus.restore();
    if members.is_empty() {
        return view! {
            <Card title="Members">
                <EmptyState title="No members yet" text="Add the extensions that ring when the number is dialled." sign=Sign::People />
            </Card>
        }
        .into_any();
    }
    let last = members.len() - 1;
    let rows =
        members.iter().enumerate().map(|(i, member)| row(group, member, (i == 0, i == last), focus)).collect_any();
    view! {
        <Card title="Members" description="They ring in this order, as the ring strategy says. Changes are saved at once." flush=true>
            <Rows label="Members" numbered=true>{rows}</Rows>
        </Card>
    }
    .into_any()
}

fn row(group: &HuntgroupView, member: &MemberView, (first, last): (bool, bool), focus: KeepFocus) -> AnyView {
    let mut fields = group.fields();
    fields.push(("account", member.account.to_string()));
    let who = member.who.clone();
    let badge = member.without_service.clone().map(|why| view! { <Badge tone=Tone::Warning text=why /> }.into_any());
    let marks = marks(&fields, member);
    let actions =
        me().modifies(Field::HuntgroupMembers).then(|| buttons(&fields, &who.name, member, (first, last), focus));
    view! { <Row title=who.name note=who.number badge=badge actions=actions>{marks}</Row> }.into_any()
}

/// The two marks of a membership.
fn marks(fields: &[(&'static str, String)], member: &MemberView) -> AnyView {
    let mark = |name: &'static str, label: &'static str, on: bool| {
        view! {
            <InstantSwitch
                to=HuntgroupMemberMark::PATH
                fields=fields.to_vec()
                name=name
                on=on
                label=label
                field=Field::HuntgroupSupervision
            />
        }
        .into_any()
    };
    view! {
        {mark("supervision_allowed", "Supervision allowed", member.supervision_allowed)}
        {mark("never_supervise", "Never supervise", member.never_supervise)}
    }
    .into_any()
}

/// Up, down, and out.
fn buttons(
    fields: &[(&'static str, String)],
    name: &str,
    member: &MemberView,
    (first, last): (bool, bool),
    focus: KeepFocus,
) -> AnyView {
    let account = member.account;
    let id = move |step: Step| [step.key(), "-", &account.to_string()].concat();
    let step = |step: Step, sign: Sign, at_end: bool| {
        let mut fields = fields.to_vec();
        fields.push(("step", step.key().to_owned()));
        let other = match step {
            Step::Up => Step::Down,
            Step::Down => Step::Up,
        };
        let follow = Callback::new(move |_: Done| focus.on(vec![id(step), id(other)]));
        let label = ["Move ", name, " ", step.key()].concat();
        view! {
            <PostForm to=HuntgroupMemberMove::PATH fields=fields on_done=follow>
                <IconButton sign=sign label=label id=id(step) disabled=at_end />
            </PostForm>
        }
        .into_any()
    };
    let removable = !member.never_supervise || me().modifies(Field::HuntgroupSupervision);
    let remove = ["Remove ", name, " from the group"].concat();
    let remove = removable.then(|| {
        view! {
            <PostForm to=HuntgroupMemberRemove::PATH fields=fields.to_vec()>
                <IconButton sign=Sign::Bin label=remove />
            </PostForm>
        }
        .into_any()
    });
    view! {
        {step(Step::Up, Sign::ArrowUp, first)}
        {step(Step::Down, Sign::ArrowDown, last)}
        {remove}
    }
    .into_any()
}
