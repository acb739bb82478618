//! IP Centrex > Huntgroups.

use leptos::prelude::*;

/// IP Centrex > Huntgroups.
#[component]
pub fn HuntgroupsPage() -> impl IntoView {
    view! { <h1>"HuntgroupsPage"</h1> }
}

/// IP Centrex > Huntgroups.
#[component]
pub fn NewHuntgroupPage() -> impl IntoView {
    view! { <h1>"NewHuntgroupPage"</h1> }
}

/// IP Centrex > Huntgroups.
#[component]
pub fn HuntgroupPage() -> impl IntoView {
    view! { <h1>"HuntgroupPage"</h1> }
}
