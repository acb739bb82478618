//! Light, dark, or as the device says. Kept in a cookie, so that the server renders the right one and no page flashes.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::icon::{Sign, icon};
use crate::context::{Theme, theme};
use crate::ui::CollectAny as _;

/// The three themes, of which one is chosen. Without WebAssembly each is a link that the server answers with the cookie.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let chosen = RwSignal::new(theme());
    let choices = [
        (Theme::System, "As the device", Sign::Device),
        (Theme::Light, "Light", Sign::Sun),
        (Theme::Dark, "Dark", Sign::Moon),
    ]
    .map(|(theme, label, sign)| {
        let choose = move |event: ev::MouseEvent| {
            event.prevent_default();
            chosen.set(theme);
            apply(theme);
        };
        view! {
            <a
                href=format!("/theme/{}", theme.key())
                rel="external"
                data-stays
                title=label
                aria-current=move || (chosen.get() == theme).then_some("true")
                on:click=choose
            >
                {icon(sign)}
                <span class="hidden-text">{label}</span>
            </a>
        }
        .into_any()
    })
    .collect_any();
    view! { <div class="theme-switch" role="group" aria-label="Theme">{choices}</div> }
}

fn apply(theme: Theme) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", theme.key());
    }
    let cookie = format!("theme={}; path=/; max-age=31536000; samesite=lax", theme.key());
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(&cookie);
    }
}
