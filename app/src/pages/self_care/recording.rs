//! An account’s own call recording options.

use leptos::prelude::*;

/// An account’s own call recording options.
#[component]
pub fn RecordingPage() -> impl IntoView {
    view! { <h1>"RecordingPage"</h1> }
}
