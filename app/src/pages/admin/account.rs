//! One account: general, services, status, sign-in, history.

use leptos::prelude::*;

/// One account: general, services, status, sign-in, history.
#[component]
pub fn AccountPage() -> impl IntoView {
    view! { <h1>"AccountPage"</h1> }
}

/// One account: general, services, status, sign-in, history.
#[component]
pub fn AccountServicesPage() -> impl IntoView {
    view! { <h1>"AccountServicesPage"</h1> }
}

/// One account: general, services, status, sign-in, history.
#[component]
pub fn AccountStatusPage() -> impl IntoView {
    view! { <h1>"AccountStatusPage"</h1> }
}

/// One account: general, services, status, sign-in, history.
#[component]
pub fn AccountSignInPage() -> impl IntoView {
    view! { <h1>"AccountSignInPage"</h1> }
}

/// One account: general, services, status, sign-in, history.
#[component]
pub fn AccountHistoryPage() -> impl IntoView {
    view! { <h1>"AccountHistoryPage"</h1> }
}
