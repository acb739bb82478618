//! The list of customers, and a new one.

use leptos::prelude::*;

/// The list of customers, and a new one.
#[component]
pub fn CustomersPage() -> impl IntoView {
    view! { <h1>"CustomersPage"</h1> }
}

/// The list of customers, and a new one.
#[component]
pub fn NewCustomerPage() -> impl IntoView {
    view! { <h1>"NewCustomerPage"</h1> }
}
