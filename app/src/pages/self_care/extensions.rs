//! IP Centrex > Extensions.

use leptos::prelude::*;

/// IP Centrex > Extensions.
#[component]
pub fn ExtensionsPage() -> impl IntoView {
    view! { <h1>"ExtensionsPage"</h1> }
}

/// IP Centrex > Extensions.
#[component]
pub fn NewExtensionPage() -> impl IntoView {
    view! { <h1>"NewExtensionPage"</h1> }
}

/// IP Centrex > Extensions.
#[component]
pub fn ExtensionPage() -> impl IntoView {
    view! { <h1>"ExtensionPage"</h1> }
}

/// IP Centrex > Extensions.
#[component]
pub fn ExtensionServicesPage() -> impl IntoView {
    view! { <h1>"ExtensionServicesPage"</h1> }
}

/// IP Centrex > Extensions.
#[component]
pub fn ExtensionStatusPage() -> impl IntoView {
    view! { <h1>"ExtensionStatusPage"</h1> }
}

/// IP Centrex > Extensions.
#[component]
pub fn ExtensionSignInPage() -> impl IntoView {
    view! { <h1>"ExtensionSignInPage"</h1> }
}
