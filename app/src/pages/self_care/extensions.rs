//! IP Centrex > Extensions: the company's accounts, at self-care's own addresses.
//!
//! List and pages are the ones that the provider's staff have of accounts: [`account_list`](crate::parts::account_list) and
//! [`account_panels`](crate::parts::account_panels).

use leptos::prelude::*;
use tandem_domain::{
    access::{Audience, Field},
    status::Status,
};

use crate::{
    context::me,
    data::load,
    error::AppError,
    pages::errors::error_page,
    parts::{
        account_list::AccountList,
        account_panels::{general_page, new_page, services_page, sign_in_page, status_page},
    },
    ui::{Filter, ListPage, list_args},
};

/// All extensions.
#[component]
pub fn ExtensionsPage() -> impl IntoView {
    let args = list_args();
    let me = me();
    if me.audience() == Audience::Account {
        return error_page(&AppError::Forbidden("the company’s extensions".into()));
    }
    let new = (me.modifies(Field::AccountExtension) && me.modifies(Field::AccountProfile))
        .then(|| ("/self-care/extensions/new".to_owned(), "Add extension".to_owned()));
    let statuses = Status::OF_ACCOUNT.map(|status| (status.key().to_owned(), status.label().to_owned())).to_vec();
    let filters = if me.sees(Field::AccountStatus) {
        vec![Filter { name: "status", label: "Status", options: statuses }]
    } else {
        Vec::new()
    };
    view! {
        <ListPage
            title="Extensions"
            description="The company’s people and devices, each with a number that colleagues dial."
            listing=load(move || Ok(AccountList { args: args.get() }))
            args=args
            noun=("extension", "extensions")
            filters=filters
            new=new
            empty=("No extensions yet", "Add one for each person or device; then put them into huntgroups.")
            search_in="name, number or e-mail"
            seen_by=&[Field::AccountProfile, Field::AccountExtension]
        />
    }
    .into_any()
}

/// A new extension.
#[component]
pub fn NewExtensionPage() -> impl IntoView {
    new_page()
}

/// An extension: name, e-mail, number, expiry.
#[component]
pub fn ExtensionPage() -> impl IntoView {
    general_page()
}

/// An extension's services: call recording, service codes.
#[component]
pub fn ExtensionServicesPage() -> impl IntoView {
    services_page()
}

/// An extension's status with its history.
#[component]
pub fn ExtensionStatusPage() -> impl IntoView {
    status_page()
}

/// An extension's self-care sign-in and SIP password.
#[component]
pub fn ExtensionSignInPage() -> impl IntoView {
    sign_in_page()
}
