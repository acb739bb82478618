//! IP Centrex > Huntgroups.

use leptos::prelude::*;
use tandem_domain::access::Field;

use crate::{
    context::me,
    error::AppError,
    pages::errors::error_page,
    parts::{
        address::address_id,
        huntgroup_form::{huntgroup_page, list::huntgroup_list_page, settings::new_huntgroup_form},
    },
    ui::PageHeader,
};

/// Where the list is, and what it is called.
const LIST: (&str, &str) = ("/self-care/huntgroups", "Huntgroups");

/// The customer of whoever reads the page; the provider's staff have none, and no such page.
fn own_customer() -> Result<tandem_domain::ids::CustomerId, AppError> {
    me().own_customer().ok_or_else(|| AppError::NotFound("page".into()))
}

/// All huntgroups.
#[component]
pub fn HuntgroupsPage() -> impl IntoView {
    match own_customer() {
        Ok(customer) => huntgroup_list_page(customer, "Huntgroups", "/self-care/huntgroups/new"),
        Err(error) => error_page(&error),
    }
}

/// A new huntgroup.
#[component]
pub fn NewHuntgroupPage() -> impl IntoView {
    match own_customer() {
        Ok(_) if !me().modifies(Field::Huntgroups) => error_page(&AppError::forbidden(Field::Huntgroups)),
        Ok(customer) => view! {
            <PageHeader title="Add huntgroup" subtitle="One number that rings several extensions." back=LIST />
            {new_huntgroup_form(customer, LIST.0)}
        }
        .into_any(),
        Err(error) => error_page(&error),
    }
}

/// One huntgroup: its settings, its members, and who supervises whom.
#[component]
pub fn HuntgroupPage() -> impl IntoView {
    match own_customer() {
        Ok(customer) => huntgroup_page(customer, address_id(), (LIST.0.to_owned(), LIST.1.to_owned())),
        Err(error) => error_page(&error),
    }
}
