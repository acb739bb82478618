//! Fields that count only while something else is chosen.

use super::effect::effect;
use leptos::prelude::*;

/// Fields that are hidden, and not sent, as long as something else is not chosen. Without WebAssembly they are always there,
/// and the server knows when they count.
#[component]
pub fn WhenChosen(
    /// Whether it is chosen.
    #[prop(into)]
    chosen: Signal<bool>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    // Only ever true in the browser: effects do not run on the server.
    let away = RwSignal::new(false);
    effect(move || away.set(!chosen.get()));
    view! {
        <fieldset class="when-chosen" hidden=move || away.get() disabled=move || away.get()>
            {children()}
        </fieldset>
    }
}
