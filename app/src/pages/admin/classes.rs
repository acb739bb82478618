//! Customer classes and their notifications.

use leptos::prelude::*;

/// Customer classes and their notifications.
#[component]
pub fn ClassesPage() -> impl IntoView {
    view! { <h1>"ClassesPage"</h1> }
}

/// Customer classes and their notifications.
#[component]
pub fn NewClassPage() -> impl IntoView {
    view! { <h1>"NewClassPage"</h1> }
}

/// Customer classes and their notifications.
#[component]
pub fn ClassPage() -> impl IntoView {
    view! { <h1>"ClassPage"</h1> }
}
