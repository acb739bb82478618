//! Choosing new members among the company's extensions.
//!
//! The address holds what is searched for (`?find=`), so that it works as a plain form; in the browser the list follows
//! what is typed.

use std::time::Duration;

use leptos::{ev, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use tandem_domain::ids::{AccountId, CustomerId, HuntgroupId};
use wasm_bindgen::JsCast;

use super::view::{Candidate, Candidates};
use crate::{
    context::me,
    data::{Data, load, loaded},
    error::AppError,
    parts::address::parse_id,
    post::{Done, Typed},
    ui::{Button, Card, CollectAny as _, EmptyState, IconButton, LinkButton, PostForm, Row, Rows, Sign, TextField},
};

/// The name of what is searched for in the page's address.
const QUERY: &str = "find";
/// How long after the last letter the extensions are asked for.
const TYPING: Duration = Duration::from_millis(200);
/// Extensions that are shown at once.
#[cfg(feature = "ssr")]
const SHOWN: usize = 10;

/// The extensions that match what was typed and are not in the group yet.
///
/// # Errors
/// No such group; no permission to add members.
#[server(endpoint = "huntgroup_candidates")]
pub async fn huntgroup_candidates(
    /// Whose.
    customer: CustomerId,
    /// Which group.
    id: HuntgroupId,
    /// Words of a name, or the beginning of a number; empty: the first extensions.
    #[server(default)]
    words: String,
) -> Result<Candidates, AppError> {
    use super::reading::extension_view;
    use crate::{parts::account_list::hidden_of_account, server::ask::Ask};
    use tandem_domain::access::Field;

    let ask = Ask::now()?;
    ask.modify(Field::HuntgroupMembers)?;
    let tenant = ask.tenant(customer)?;
    let group = ask.store().huntgroups(tenant).get(id).await.map_err(|error| ask.tell(super::WHAT, error))?;
    let members: std::collections::BTreeSet<AccountId> =
        group.value.members.iter().map(|member| member.account).collect();
    // Enough that some are left when the members are taken out, and one more to know that there are more.
    let limit = u32::try_from(members.len() + SHOWN + 1).unwrap_or(u32::MAX);
    let choices = ask.store().accounts().choices_within(tenant, &words, hidden_of_account(&ask), limit).await;
    let choices = choices.map_err(|error| ask.tell("extension", error))?;
    let no_extensions = choices.is_empty() && words.trim().is_empty();
    let mut found: Vec<Candidate> = choices
        .into_iter()
        .filter(|choice| !members.contains(&choice.id))
        .map(|choice| Candidate { account: choice.id, who: extension_view(&ask, &choice.name, &choice.extension) })
        .collect();
    let more = found.len() > SHOWN;
    found.truncate(SHOWN);
    Ok(Candidates { found, more, no_extensions })
}

/// Adds an extension to the group, last in the order unless a place is named.
///
/// # Errors
/// No such group or extension; the group is full; no permission.
#[server(endpoint = "huntgroup_member_add")]
pub async fn huntgroup_member_add(
    /// Whose.
    customer: CustomerId,
    /// Which group.
    id: HuntgroupId,
    /// Whose extension.
    account: AccountId,
    /// The place in the order, from 0; for the undo of a removal.
    #[server(default)]
    place: Option<usize>,
    /// May supervise the others.
    #[server(default)]
    supervision_allowed: Typed,
    /// Nobody may supervise it.
    #[server(default)]
    never_supervise: Typed,
) -> Result<Done, AppError> {
    use super::editing;
    use crate::{post::Undo, server::ask::Ask};
    use tandem_domain::{
        access::Field,
        huntgroup::{Huntgroup, Member},
    };

    let ask = Ask::now()?;
    ask.modify(Field::HuntgroupMembers)?;
    let member = Member {
        account,
        supervision_allowed: supervision_allowed.on_or_off("supervision_allowed")?.unwrap_or_default(),
        never_supervise: never_supervise.on_or_off("never_supervise")?.unwrap_or_default(),
    };
    if member.supervision_allowed || member.never_supervise {
        ask.modify(Field::HuntgroupSupervision)?;
    }
    let is_new = editing::edit(&ask, customer, id, |members| {
        if members.iter().any(|other| other.account == account) {
            return Ok(false);
        }
        let place = place.unwrap_or(members.len()).min(members.len());
        members.insert(place, member.clone());
        Huntgroup::check_members(members)?;
        Ok(true)
    })
    .await?;
    let name = editing::name(&ask, customer, account).await;
    if !is_new {
        return Ok(Done::say(format!("{name} is a member already")));
    }
    let undo =
        Undo { to: super::members::HuntgroupMemberRemove::PATH.into(), fields: editing::fields(customer, id, account) };
    Ok(Done::say(format!("{name} is a member now")).undo(undo))
}

/// What is searched for, and what was found. Made outside of what is loaded anew, so that the search stays.
#[derive(Clone, Copy)]
pub struct AddMembers {
    customer: CustomerId,
    words: RwSignal<String>,
    found: Data<Candidates>,
}

impl AddMembers {
    /// Searches for what the address says.
    pub fn new(customer: CustomerId, id: impl Fn() -> String + Copy + Send + Sync + 'static) -> Self {
        let words = RwSignal::new(use_query_map().with_untracked(|query| query.get(QUERY)).unwrap_or_default());
        let found =
            load(move || Ok(HuntgroupCandidates { customer, id: parse_id("huntgroup", &id())?, words: words.get() }));
        Self { customer, words, found }
    }

    /// The card: the search, and the extensions found, each with a button that adds it.
    pub fn card(self, id: HuntgroupId) -> AnyView {
        let Self { customer, words, found } = self;
        // The staff's page has the group in its query, which this form replaces.
        let staff = me().own_customer().is_none();
        let mut set = debounce(TYPING, move |typed: String| words.set(typed));
        let typed = move |event: ev::Event| {
            if let Some(input) = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok()) {
                set(input.value());
            }
        };
        view! {
            <Card title="Add members" description="Choose from the company’s extensions. A new member comes last in the order.">
                <form method="get" role="search" class="form" on:submit=|event| event.prevent_default() on:input=typed>
                    {staff.then(|| view! { <input type="hidden" name="group" value=id.to_string() /> }.into_any())}
                    <TextField
                        name=QUERY
                        label="Find an extension"
                        value=words.get_untracked()
                        kind="search"
                        width="medium"
                        help="By name or number."
                    />
                    <div class="no-wasm"><Button label="Find" /></div>
                </form>
                {loaded(found, move |found| candidates(customer, id, found))}
            </Card>
        }
        .into_any()
    }
}

fn candidates(customer: CustomerId, id: HuntgroupId, view: Candidates) -> AnyView {
    let Candidates { found, more, no_extensions } = view;
    if no_extensions {
        return view! {
            <EmptyState title="No extensions yet" text="Add the company’s extensions first; then they can be members here." sign=Sign::Phone>
                <LinkButton href="/self-care/extensions/new" label="Add extension" sign=Sign::Plus />
            </EmptyState>
        }
        .into_any();
    }
    if found.is_empty() {
        return view! { <p>"No other extension matches. Try another name or number."</p> }.into_any();
    }
    let rows = found.into_iter().map(|candidate| row(customer, id, candidate)).collect_any();
    view! {
        <Rows label="Extensions that can be added">{rows}</Rows>
        {more.then(|| view! { <p>"There are more. Type a name or number to find others."</p> }.into_any())}
    }
    .into_any()
}

fn row(customer: CustomerId, id: HuntgroupId, candidate: Candidate) -> AnyView {
    let Candidate { account, who } = candidate;
    let fields = vec![("customer", customer.to_string()), ("id", id.to_string()), ("account", account.to_string())];
    let label = ["Add ", &who.name, " to the group"].concat();
    let add = view! {
        <PostForm to=HuntgroupMemberAdd::PATH fields=fields>
            <IconButton sign=Sign::Plus label=label word="Add" />
        </PostForm>
    };
    view! { <Row title=who.name note=who.number actions=Some(add.into_any()) /> }.into_any()
}
