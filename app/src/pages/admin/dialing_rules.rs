//! The provider’s dialing rules.

use leptos::prelude::*;

/// The provider’s dialing rules.
#[component]
pub fn DialingRulesPage() -> impl IntoView {
    view! { <h1>"DialingRulesPage"</h1> }
}

/// The provider’s dialing rules.
#[component]
pub fn NewDialingRulePage() -> impl IntoView {
    view! { <h1>"NewDialingRulePage"</h1> }
}

/// The provider’s dialing rules.
#[component]
pub fn DialingRulePage() -> impl IntoView {
    view! { <h1>"DialingRulePage"</h1> }
}
