//! The provider’s staff.

use leptos::prelude::*;

/// The provider’s staff.
#[component]
pub fn AdministratorsPage() -> impl IntoView {
    view! { <h1>"AdministratorsPage"</h1> }
}

/// The provider’s staff.
#[component]
pub fn NewAdministratorPage() -> impl IntoView {
    view! { <h1>"NewAdministratorPage"</h1> }
}

/// The provider’s staff.
#[component]
pub fn AdministratorPage() -> impl IntoView {
    view! { <h1>"AdministratorPage"</h1> }
}
