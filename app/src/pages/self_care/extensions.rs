//! IP Centrex > Extensions: the company's accounts, at self-care's own addresses.
//!
//! The pages of one extension are the ones that the provider's staff have of an account: [`crate::parts::account_panels`].

use leptos::prelude::*;
use tandem_domain::{access::Field, status::Status};

use crate::{
    context::{load, me},
    error::AppError,
    listing::{ListArgs, Listing},
    parts::account_panels::{general_page, new_page, services_page, sign_in_page, status_page},
    ui::{Filter, ListPage, list_args},
};

/// A page of the company's extensions.
///
/// # Errors
/// No permission to see accounts; somebody who is no customer.
#[server(endpoint = "extension_list")]
pub async fn extension_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_domain::{access::Scope, list::Query, status::Service};
    use tandem_store::accounts::{AccountFilters, AccountSort};

    use super::own::own_company;
    use crate::{
        listing::{Cell, Column, ListRow},
        parts::status_panel::service_tone,
        server::{ask::Ask, format},
    };

    let ask = Ask::now()?;
    let scope = Scope::of(own_company(&ask)?);
    let me = &ask.me;
    let (number, profile, status) =
        (me.sees(Field::AccountExtension), me.sees(Field::AccountProfile), me.sees(Field::AccountStatus));
    if !number && !profile {
        ask.see(Field::AccountExtension)?;
    }
    let query = Query {
        search: args.q.clone(),
        sort: AccountSort::from_key(&args.sort),
        descending: args.desc == "1",
        cursor: args.cursor(),
    };
    let filters = AccountFilters { customer: None, status: Status::from_key(args.filter("status")).filter(|_| status) };
    let page = ask.store().accounts().list(scope, &query, &filters).await.map_err(|error| ask.tell("extension", error))?;
    let shown = |seen: bool, columns: &[Column]| if seen { columns.to_vec() } else { Vec::new() };
    let columns = [
        shown(number, &[Column::sorted("Extension", "extension")]),
        shown(profile, &[Column::sorted("Name", "name"), Column::plain("E-mail")]),
        shown(status, &[Column::sorted("Status", "status"), Column::plain("Expires on")]),
    ];
    let today = format::today(ask.at(), &me.time_zone);
    Ok(Listing::of(columns.concat(), page, |account| {
        let mut cells = Vec::new();
        cells.extend(number.then(|| Cell::Figures(account.extension.to_string())));
        if profile {
            cells.extend([Cell::Text(account.name), Cell::Text(account.email)]);
        }
        if status {
            let expired = account.expires_on.as_ref().is_some_and(|last| *last < today);
            let service = Service::of(account.customer_status, account.status, expired);
            let expires = account.expires_on.map(|day| format::day(&day, me.locale)).unwrap_or_default();
            cells.extend([Cell::Badge(service_tone(service), service.label().into()), Cell::Figures(expires)]);
        }
        ListRow { href: Some(format!("/self-care/extensions/{}", account.id)), cells }
    }))
}

/// All extensions.
#[component]
pub fn ExtensionsPage() -> impl IntoView {
    let args = list_args();
    let me = me();
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
            listing=load(move || args.get(), extension_list)
            args=args
            noun=("extension", "extensions")
            filters=filters
            new=new
            empty=("No extensions yet", "Add one for each person or device; then put them into huntgroups.")
            search_in="name, number or e-mail"
        />
    }
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
