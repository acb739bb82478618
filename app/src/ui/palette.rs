//! Ctrl+K: go to any page by typing a part of its name.

use leptos::{ev, html, prelude::*};
use tandem_domain::list::lowercase;

use super::{
    CollectAny as _,
    desk::use_desk,
    dialog::Dialog,
    effect::effect,
    icon::icon,
    nav::{Entry, Group},
};

/// The command palette, opened by Ctrl+K (⌘K).
#[component]
pub(super) fn Palette(groups: Vec<Group>) -> impl IntoView {
    let desk = use_desk();
    let open = RwSignal::new(false);
    let words = RwSignal::new(String::new());
    let input = NodeRef::<html::Input>::new();
    effect(move || {
        let handle = window_event_listener(ev::keydown, move |event| {
            if event.key() == "k" && (event.ctrl_key() || event.meta_key()) {
                event.prevent_default();
                words.set(String::new());
                open.set(true);
                if let Some(input) = input.get_untracked() {
                    input.set_value("");
                    request_animation_frame(move || {
                        let _ = input.focus();
                    });
                }
            }
        });
        on_cleanup(move || handle.remove());
    });
    let entries: Vec<Entry> = groups.into_iter().flat_map(|group| group.entries).collect();
    let entries = StoredValue::new(entries);
    let found = move || {
        let words = lowercase(&words.read());
        entries.with_value(|entries| {
            entries
                .iter()
                .filter(|entry| entry.label.to_ascii_lowercase().contains(words.trim()))
                .copied()
                .collect::<Vec<_>>()
        })
    };
    let submitted = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Some(entry) = found().first() {
            open.set(false);
            desk.go(entry.href);
        }
    };
    view! {
        <Dialog open=open title="Go to">
            <form class="palette" on:submit=submitted>
                <input
                    type="text"
                    class="input"
                    aria-label="Page"
                    placeholder="A page’s name"
                    autocomplete="off"
                    node_ref=input
                    on:input=move |event| words.set(event_target_value(&event))
                />
                <ul>
                    {move || {
                        found()
                            .into_iter()
                            .map(|entry| {
                                view! {
                                    <li>
                                        <a href=entry.href on:click=move |_| open.set(false)>{icon(entry.sign)} {entry.label}</a>
                                    </li>
                                }.into_any()
                            })
                            .collect_any()
                    }}
                </ul>
            </form>
        </Dialog>
    }
}
