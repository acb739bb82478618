//! The dial pad, on the phone's own page and in the dock.

use leptos::{ev, prelude::*};

use super::{Link, Phone, dial::Whom, keys::pad_key};
use crate::ui::CollectAny as _;

/// The keys, with what stands under the figure.
const KEYS: [(char, &str); 12] = [
    ('1', ""),
    ('2', "ABC"),
    ('3', "DEF"),
    ('4', "GHI"),
    ('5', "JKL"),
    ('6', "MNO"),
    ('7', "PQRS"),
    ('8', "TUV"),
    ('9', "WXYZ"),
    ('*', ""),
    ('0', "+"),
    ('#', ""),
];

/// The keys: for the call that is heard, else for the number where one is written.
pub(super) fn pad(phone: Phone, whom: Option<Whom>) -> AnyView {
    let press = move |key: char| match untrack(|| phone.talks_with()) {
        Some(call) => phone.digit(call, key),
        None => {
            if let Some(whom) = whom {
                whom.set([&whom.typed.get_untracked(), &*key.to_string()].concat());
            }
        }
    };
    // While the server is not reached, a digit would be lost.
    let cut = move || phone.talks_with().is_some() && phone.link.get() != Link::Ready;
    let typed = move |event: ev::KeyboardEvent| {
        if let Some(key) = pad_key(&event).filter(|_| !untrack(cut)) {
            event.prevent_default();
            press(key);
        }
    };
    let keys = KEYS
        .into_iter()
        .map(|(key, letters)| {
            view! {
                <button type="button" class="button phone-key" disabled=cut on:click=move |_| press(key)>
                    <span class="hidden-text">"Key "</span>
                    <strong>{key}</strong>
                    <small aria-hidden="true">{letters}</small>
                </button>
            }
            .into_any()
        })
        .collect_any();
    view! {
        <div class="phone-keys" role="group" aria-label="Keys" on:keydown=typed>{keys}</div>
        <p class="phone-words">
            {move || {
                if cut() {
                    "Keys are heard in the call when the server is reached again."
                } else if phone.talks_with().is_some() {
                    "Keys are heard in the call."
                } else if whom.is_some() {
                    "Keys write the number."
                } else {
                    ""
                }
            }}
        </p>
    }
    .into_any()
}
