//! A customer's huntgroups: the list, and below the same address (`?group=`) one of them with its members and their marks.
//!
//! The parts are those of self-care; here they are told which customer it is about.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use tandem_domain::{access::Field, ids::CustomerId};

use super::head::{WHAT, customer_frame, load_head};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    pages::errors::error_page,
    parts::{
        address::{address_id, parse_id},
        huntgroup_form::{
            HuntgroupRead,
            add_members::AddMembers,
            list::HuntgroupList,
            members::members_card,
            settings::{delete_card, new_huntgroup_form, settings_form},
            supervision::supervision_card,
            view::HuntgroupView,
        },
    },
    ui::{KeepFocus, LinkButton, ListPage, Sign, list_args},
};

/// What `?group=` says for a group that is not made yet.
const NEW: &str = "new";

/// The huntgroups tab.
#[component]
pub fn CustomerHuntgroupsPage() -> impl IntoView {
    let id = address_id();
    match parse_id::<CustomerId>(WHAT, &untrack(id)) {
        Ok(customer) => tab(customer),
        Err(error) => error_page(&error),
    }
}

fn tab(customer: CustomerId) -> AnyView {
    let (head, args, query) = (load_head(), list_args(), use_query_map());
    let group = move || query.read().get("group").unwrap_or_default();
    let (focus, adding) = (KeepFocus::new(), AddMembers::new(customer, group));
    let listing = load(move || Ok(HuntgroupList { customer, args: args.get() }));
    let chosen = load(move || Ok(HuntgroupRead { customer, id: parse_id("huntgroup", &group())? }));
    let list = format!("/admin/customers/{customer}/huntgroups");
    let list = StoredValue::new(list);
    loaded(head, move |head| {
        let content = move || match group().as_str() {
            "" => {
                let new = me()
                    .modifies(Field::Huntgroups)
                    .then(|| (format!("{}?group={NEW}", list.get_value()), "Add huntgroup".to_owned()));
                view! {
                    <ListPage
                        listing=listing
                        args=args
                        noun=("huntgroup", "huntgroups")
                        new=new
                        empty=("No huntgroups yet", "Add one for each team, or let the customer do it in self-care.")
                        search_in="name or number"
                    />
                }
                .into_any()
            }
            NEW if !me().modifies(Field::Huntgroups) => error_page(&AppError::forbidden(Field::Huntgroups)),
            NEW => new_huntgroup_form(customer, list.get_value()),
            _ => loaded(chosen, move |chosen| one(chosen, focus, adding, list.get_value())),
        };
        customer_frame(&head, content.into_any())
    })
}

/// One huntgroup, as far as the role lets it be seen and changed.
fn one(group: HuntgroupView, focus: KeepFocus, adding: AddMembers, list: String) -> AnyView {
    let add = me().modifies(Field::HuntgroupMembers).then(|| adding.card(group.id));
    view! {
        <div class="stack">
            <div class="row">
                <LinkButton href=list label="All huntgroups" sign=Sign::Back />
                <h2>{format!("{} ({})", group.name, group.number)}</h2>
            </div>
            {settings_form(&group)}
            {members_card(&group, focus)}
            {add}
            {group.supervision.clone().map(|view| supervision_card(view, "in this huntgroup"))}
            {delete_card(&group)}
        </div>
    }
    .into_any()
}
