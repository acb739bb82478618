//! Changes the members of a huntgroup. On the server.
//!
//! What is wanted of one member is applied to the members as they are at that moment; should somebody else save in between,
//! it is applied again to what they saved. So nobody's work is overwritten, and nobody has to type anything again.

use leptos::server_fn::ServerFn;
use tandem_domain::{
    access::Field,
    huntgroup::Member,
    ids::{AccountId, CustomerId, HuntgroupId},
};
use tandem_store::StoreError;

use super::{WHAT, members::HuntgroupMemberMark};
use crate::{
    error::AppError,
    post::{Done, Undo},
    server::ask::Ask,
};

/// How often a change is applied anew when others save in between.
const TRIES: u32 = 5;

/// Applies a change to the members.
///
/// # Errors
/// No such group; what `edit` refuses; what the store refuses.
pub(super) async fn edit<T>(
    ask: &Ask,
    customer: CustomerId,
    id: HuntgroupId,
    edit: impl Fn(&mut Vec<Member>) -> Result<T, AppError>,
) -> Result<T, AppError> {
    let groups = ask.store().huntgroups(ask.tenant(customer)?);
    for _ in 0..TRIES {
        let group = groups.get(id).await.map_err(|error| ask.tell(WHAT, error))?;
        let mut members = group.value.members.clone();
        let told = edit(&mut members)?;
        if members == group.value.members {
            return Ok(told);
        }
        match groups.set_members(id, group.version, &members, &ask.change()).await {
            Ok(_) => return Ok(told),
            Err(StoreError::Stale(_)) => {}
            Err(error) => return Err(ask.tell(WHAT, error)),
        }
    }
    Err(AppError::Refused(
        "Several people are changing this huntgroup at this moment. Wait a little and try again.".into(),
    ))
}

/// Where a member stands in the list.
///
/// # Errors
/// It is no member (any more).
pub(super) fn place_of(members: &[Member], account: AccountId) -> Result<usize, AppError> {
    members
        .iter()
        .position(|member| member.account == account)
        .ok_or_else(|| AppError::NotFound("member of this huntgroup".into()))
}

/// The name to say after a change; a role that does not show names gets a general word.
pub(super) async fn name(ask: &Ask, customer: CustomerId, account: AccountId) -> String {
    let shown = ask.me.sees(Field::AccountProfile);
    let tenant = ask.tenant(customer).ok().filter(|_| shown);
    let Some(tenant) = tenant else { return "The extension".into() };
    let found = ask.store().accounts().get(tenant, account).await;
    found.map_or_else(|_| "The extension".into(), |account| account.value.name())
}

/// The fields that name a member.
pub(super) fn fields(customer: CustomerId, id: HuntgroupId, account: AccountId) -> Vec<(String, String)> {
    [("customer", customer.to_string()), ("id", id.to_string()), ("account", account.to_string())]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
}

/// The fields that set a member's marks.
pub(super) fn mark_fields(member: &Member) -> [(String, String); 2] {
    let key = |on: bool| if on { "on" } else { "off" }.to_owned();
    [
        ("supervision_allowed".into(), key(member.supervision_allowed)),
        ("never_supervise".into(), key(member.never_supervise)),
    ]
}

/// What is said after a mark was set, and how it is taken back.
pub(super) fn marked(name: &str, customer: CustomerId, id: HuntgroupId, before: &Member, after: &Member) -> Done {
    let allowed = before.supervision_allowed != after.supervision_allowed;
    let never = before.never_supervise != after.never_supervise;
    let text = match (allowed, never) {
        (true, true) => format!("The marks of {name} are saved"),
        (true, false) if after.supervision_allowed => format!("{name} may supervise the others now"),
        (true, false) => format!("{name} may not supervise any more"),
        (false, true) if after.never_supervise => format!("Nobody may supervise {name} now"),
        (false, true) => format!("{name} is no longer protected"),
        (false, false) => return Done::say("Nothing was changed"),
    };
    let mut undo = fields(customer, id, after.account);
    undo.extend(mark_fields(before));
    Done::say(text).undo(Undo { to: HuntgroupMemberMark::PATH.into(), fields: undo })
}
