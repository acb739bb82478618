//! The administrator’s first page.

use leptos::prelude::*;

/// The administrator’s first page.
#[component]
pub fn DashboardPage() -> impl IntoView {
    view! { <h1>"DashboardPage"</h1> }
}
