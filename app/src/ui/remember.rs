//! What a browser remembers, in its `localStorage`.

use leptos::prelude::window;

/// What this browser remembers under a name.
pub(crate) fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Remembers something; nothing happens where a browser is told to remember nothing.
pub(crate) fn remember(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, value);
    }
}
