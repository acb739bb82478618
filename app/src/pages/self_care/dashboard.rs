//! The first page of self-care.

use leptos::prelude::*;

/// The first page of self-care.
#[component]
pub fn DashboardPage() -> impl IntoView {
    view! { <h1>"DashboardPage"</h1> }
}
