//! The phone on all pages of an account: the calls, docked at the bottom, and what happens in words for those who do not see it.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{
    card::{More, cards},
    pad::pad,
    use_phone,
};
use crate::ui::{effect, use_desk};

/// The address of the phone's own page.
pub(crate) const PAGE: &str = "/self-care/phone";

/// The dock.
pub(crate) fn dock() -> AnyView {
    let phone = use_phone();
    effect(move || phone.begin());
    let desk = use_desk();
    desk.stay_while(move || untrack(|| phone.has_calls()));
    // Where the phone's own page is another program's, it would be opened beside the call, and could do nothing for it.
    let is_here = desk.has(PAGE);
    let more = if is_here { More::Elsewhere } else { More::Folded };
    let path = use_location().pathname;
    let elsewhere = move || phone.calls_elsewhere();
    let nothing = move || phone.calls.with(Vec::is_empty) && elsewhere().is_empty();
    let hides = move || nothing() || path.read().trim_end_matches('/') == PAGE;
    view! {
        <aside class="phone-dock" aria-label="Phone" hidden=hides>
            <p class="phone-words" hidden=move || phone.trouble.with(String::is_empty)>{move || phone.trouble.get()}</p>
            {cards(more)}
            <div class="row" hidden=move || elsewhere().is_empty()>
                <p class="phone-words" role="status">
                    {move || ["Another tab of yours has a call with ", &elsewhere(), "."].concat()}
                </p>
                <button type="button" class="button" on:click=move |_| phone.take()>"Take it here"</button>
            </div>
            <details class="phone-folded" hidden=move || phone.talks_with().is_none()>
                <summary class="link">"Keys"</summary>
                {pad(phone, None)}
            </details>
            <a class="link" href=PAGE hidden=move || !is_here && phone.has_calls()>"Open the phone"</a>
        </aside>
        <p class="hidden-text" aria-live="polite">{move || phone.said.get()}</p>
        <p class="hidden-text" aria-live="assertive">{move || phone.called.get()}</p>
    }
    .into_any()
}
