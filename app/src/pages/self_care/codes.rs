//! My service codes.

use leptos::prelude::*;

/// My service codes.
#[component]
pub fn CodesPage() -> impl IntoView {
    view! { <h1>"CodesPage"</h1> }
}
