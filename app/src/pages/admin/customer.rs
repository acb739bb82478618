//! One customer: general, services, accounts, status, sign-in, history.

use leptos::prelude::*;

/// One customer: general, services, accounts, status, sign-in, history.
#[component]
pub fn CustomerPage() -> impl IntoView {
    view! { <h1>"CustomerPage"</h1> }
}

/// One customer: general, services, accounts, status, sign-in, history.
#[component]
pub fn CustomerVoicePage() -> impl IntoView {
    view! { <h1>"CustomerVoicePage"</h1> }
}

/// One customer: general, services, accounts, status, sign-in, history.
#[component]
pub fn CustomerAccountsPage() -> impl IntoView {
    view! { <h1>"CustomerAccountsPage"</h1> }
}

/// One customer: general, services, accounts, status, sign-in, history.
#[component]
pub fn CustomerHuntgroupsPage() -> impl IntoView {
    view! { <h1>"CustomerHuntgroupsPage"</h1> }
}

/// One customer: general, services, accounts, status, sign-in, history.
#[component]
pub fn CustomerStatusPage() -> impl IntoView {
    view! { <h1>"CustomerStatusPage"</h1> }
}

/// One customer: general, services, accounts, status, sign-in, history.
#[component]
pub fn CustomerSignInPage() -> impl IntoView {
    view! { <h1>"CustomerSignInPage"</h1> }
}

/// One customer: general, services, accounts, status, sign-in, history.
#[component]
pub fn CustomerHistoryPage() -> impl IntoView {
    view! { <h1>"CustomerHistoryPage"</h1> }
}
