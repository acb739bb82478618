//! The company’s own record.

use leptos::prelude::*;

/// The company’s own record.
#[component]
pub fn CompanyPage() -> impl IntoView {
    view! { <h1>"CompanyPage"</h1> }
}
