//! Who changed what, for the customer.

use leptos::prelude::*;

/// Who changed what, for the customer.
#[component]
pub fn AuditPage() -> impl IntoView {
    view! { <h1>"AuditPage"</h1> }
}
