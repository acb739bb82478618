//! Whoever is signed in: own name, own password.

use leptos::prelude::*;

/// Whoever is signed in: own name, own password.
#[component]
pub fn ProfilePage() -> impl IntoView {
    view! { <h1>"ProfilePage"</h1> }
}
