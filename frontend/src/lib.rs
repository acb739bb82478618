//! What the browser's programs have in common: each takes over the page that the server rendered, with its part of the
//! application (`tandem_app::programs`).

use leptos::prelude::IntoView;

/// Takes the page over. Called once, as soon as the program is loaded.
pub fn take_over<View: IntoView + 'static>(application: fn() -> View) {
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(application);
}
