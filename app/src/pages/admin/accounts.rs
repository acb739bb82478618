//! The list of accounts of all customers, and a new one.

use leptos::prelude::*;
use tandem_domain::access::Field;

use super::customer::account_status_filter;
use crate::{
    data::load,
    parts::{account_list::AccountList, account_panels::new_page},
    ui::{FilterInput, ListPage, list_args},
};

/// The list of accounts of all customers.
#[component]
pub fn AccountsPage() -> impl IntoView {
    let args = list_args();
    view! {
        <ListPage
            title="Accounts"
            description="The people and devices of all customers. New ones are added on the customer’s Accounts tab."
            listing=load(move || Ok(AccountList { args: args.get() }))
            args=args
            noun=("account", "accounts")
            filters=vec![account_status_filter()]
            inputs=vec![FilterInput { name: "customer", label: "Customer", kind: "text" }]
            new=None
            empty=("No accounts yet", "Open a customer and add accounts on its Accounts tab.")
            search_in="name, extension or e-mail"
            seen_by=&[Field::AccountProfile, Field::AccountExtension]
        />
    }
}

/// A new account of a customer.
#[component]
pub fn NewAccountPage() -> impl IntoView {
    new_page()
}
