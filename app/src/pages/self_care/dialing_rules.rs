//! IP Centrex > Dialing rules: default or custom rule.

use leptos::prelude::*;

/// IP Centrex > Dialing rules: default or custom rule.
#[component]
pub fn DialingRulesPage() -> impl IntoView {
    view! { <h1>"DialingRulesPage"</h1> }
}
