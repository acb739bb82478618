//! Who changed what, for the provider.

use leptos::prelude::*;

/// Who changed what, for the provider.
#[component]
pub fn AuditPage() -> impl IntoView {
    view! { <h1>"AuditPage"</h1> }
}
