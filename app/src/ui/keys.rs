//! Keys of one letter or sign that do something by themselves, and the switch that turns them off (WCAG 2.1.4): who speaks to
//! the computer, or types by accident, would set them off.
//!
//! The choice is this browser's, kept in its `localStorage`. Keys that are no letters or signs (arrows, Escape) and those with
//! Ctrl stay.

use leptos::{ev, prelude::*};

use super::{
    effect::effect,
    is_typing,
    remember::{remember, remembered},
};

/// Remembered: `off`, or anything else.
const KEYS: &str = "single-keys";

fn is_on() -> bool {
    remembered(KEYS).as_deref() != Some("off")
}

/// The letter or sign of a key by itself, if such keys are on and it is for no field; letters are small.
pub(crate) fn single_key(event: &ev::KeyboardEvent) -> Option<String> {
    let key = event.key();
    let is_single = key.chars().count() == 1 && !event.ctrl_key() && !event.meta_key() && !event.alt_key();
    (is_single && !is_typing(event) && is_on()).then(|| key.to_ascii_lowercase())
}

/// Whether there are such keys, as pages show it.
#[derive(Clone, Copy)]
struct SingleKeys(RwSignal<bool>);

/// Makes it known to all pages. Called once, around them. Signs of keys that do nothing are not shown.
pub(crate) fn provide_single_keys() {
    let on = RwSignal::new(true);
    provide_context(SingleKeys(on));
    effect(move || on.set(is_on()));
    effect(move || {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-keys", if on.get() { "on" } else { "off" });
        }
    });
}

/// The switch.
pub(crate) fn single_keys_switch() -> AnyView {
    let SingleKeys(on) = expect_context();
    let turn = move |event: ev::Event| {
        // A browser that is told to remember nothing keeps them on.
        remember(KEYS, if event_target_checked(&event) { "on" } else { "off" });
        on.set(is_on());
    };
    view! {
        <label class="single-keys needs-wasm">
            <input type="checkbox" prop:checked=move || on.get() on:change=turn />
            " Keys of a single letter or sign"
        </label>
    }
    .into_any()
}
