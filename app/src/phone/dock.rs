//! The phone on all pages of an account: the calls, docked at the bottom, and what happens in words for those who do not see it.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{card::cards, use_phone};

/// The address of the phone's own page.
pub(crate) const PAGE: &str = "/self-care/phone";

/// The dock.
pub(crate) fn dock() -> AnyView {
    let phone = use_phone();
    Effect::new(move |_| phone.begin());
    let path = use_location().pathname;
    let hides = move || phone.calls.with(Vec::is_empty) || path.read().trim_end_matches('/') == PAGE;
    view! {
        <aside class="phone-dock" aria-label="Phone" hidden=hides>
            <p class="phone-words" hidden=move || phone.trouble.with(String::is_empty)>{move || phone.trouble.get()}</p>
            {cards(false)}
            <a class="link" href=PAGE>"Open the phone"</a>
        </aside>
        <p class="hidden-text" aria-live="polite">{move || phone.said.get()}</p>
        <p class="hidden-text" aria-live="assertive">{move || phone.called.get()}</p>
    }
    .into_any()
}
