//! A customer's lists: its accounts, its huntgroups, its history.

use leptos::prelude::*;
use tandem_domain::access::Field;

use super::head::{WHAT, customer_frame, load_head};
use crate::{
    context::me,
    data::{Data, load, loaded},
    listing::{ListArgs, Listing},
    parts::{
        account_list::AccountList,
        address::{address_id, parse_id},
        history::CustomerHistory,
    },
    ui::{Filter, ListPage, list_args},
};

/// The accounts tab.
#[component]
pub fn CustomerAccountsPage() -> impl IntoView {
    let (head, args, id) = (load_head(), list_args(), address_id());
    let of_customer = move || {
        let mut args = args.get();
        args.filters.insert("customer".into(), id());
        Ok(AccountList { args })
    };
    let listing = load(of_customer);
    loaded(head, move |head| {
        let new = format!("/admin/customers/{}/accounts/new", head.id);
        let new = me().modifies(Field::AccountExtension).then(|| (new, "Add account".to_owned()));
        let list = view! {
            <ListPage
                listing=listing
                args=args
                noun=("account", "accounts")
                filters=vec![account_status_filter()]
                new=new
                empty=("No accounts yet", "Add one for each person or device that gets an extension.")
                search_in="name, extension or e-mail"
            />
        };
        customer_frame(&head, list.into_any())
    })
}

/// The filter of a list of accounts by their status.
pub(in crate::pages::admin) fn account_status_filter() -> Filter {
    let statuses = tandem_domain::status::Status::OF_ACCOUNT;
    Filter {
        name: "status",
        label: "Status",
        options: statuses.map(|status| (status.key().into(), status.label().into())).into(),
    }
}

/// The history tab.
#[component]
pub fn CustomerHistoryPage() -> impl IntoView {
    let (head, args, id) = (load_head(), list_args(), address_id());
    let listing = load(move || Ok(CustomerHistory { id: parse_id(WHAT, &id())?, args: args.get() }));
    loaded(head, move |head| customer_frame(&head, history_list(listing, args)))
}

/// A list of what was changed.
pub(in crate::pages::admin) fn history_list(listing: Data<Listing>, args: Memo<ListArgs>) -> AnyView {
    view! {
        <ListPage
            listing=listing
            args=args
            noun=("change", "changes")
            empty=("No changes yet", "Every change is kept here: who, when, and the values before and after.")
            search_in="field, value or record"
        />
    }
    .into_any()
}
