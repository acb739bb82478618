//! The list of accounts of all customers, and a new one.

use leptos::prelude::*;

/// The list of accounts of all customers, and a new one.
#[component]
pub fn AccountsPage() -> impl IntoView {
    view! { <h1>"AccountsPage"</h1> }
}

/// The list of accounts of all customers, and a new one.
#[component]
pub fn NewAccountPage() -> impl IntoView {
    view! { <h1>"NewAccountPage"</h1> }
}
