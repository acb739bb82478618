//! Access roles and their permissions.

use leptos::prelude::*;

/// Access roles and their permissions.
#[component]
pub fn RolesPage() -> impl IntoView {
    view! { <h1>"RolesPage"</h1> }
}

/// Access roles and their permissions.
#[component]
pub fn NewRolePage() -> impl IntoView {
    view! { <h1>"NewRolePage"</h1> }
}

/// Access roles and their permissions.
#[component]
pub fn RolePage() -> impl IntoView {
    view! { <h1>"RolePage"</h1> }
}
