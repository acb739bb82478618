//! Questions that must be answered before anything else.

use leptos::{ev, html, prelude::*};

use super::button::Kind;
use super::effect::effect;

/// A dialog over the page, shown while `open` is true. It closes by Escape, which sets `open` to false.
#[component]
pub fn Dialog(
    /// Whether it is shown.
    open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: String,
    /// What is in it, the buttons last, in an element with the class `actions`.
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    effect(move || {
        let (Some(dialog), open) = (node.get(), open.get()) else { return };
        if open && !dialog.open() {
            // Fails only when it is shown already, or not in the document any more.
            let _ = dialog.show_modal();
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    // It is told a moment later, when the dialog may be shown again.
    let closed = move |_: ev::Event| {
        if node.get_untracked().is_none_or(|dialog| !dialog.open()) {
            open.set(false);
        }
    };
    view! {
        <dialog node_ref=node class="dialog" aria-label=title.clone() on:close=closed>
            <h2>{title.clone()}</h2>
            {children()}
        </dialog>
    }
}

/// A submit button that asks first. It belongs into a [`PostForm`](super::PostForm) or another form.
///
/// Without WebAssembly the question opens below the button. The same markup serves both: the browser shows the `<dialog>`
/// in it over the page.
#[component]
pub fn ConfirmButton(
    /// What the button says.
    #[prop(into)]
    label: String,
    /// The question: "Delete the class Business?"
    #[prop(into)]
    title: String,
    /// What happens then.
    #[prop(into)]
    text: String,
    /// What the button that does it says: "Delete".
    #[prop(into)]
    confirm: String,
    /// It cannot be taken back.
    #[prop(optional)]
    danger: bool,
    /// How the first button looks.
    #[prop(optional)]
    kind: Kind,
    /// The name sent by the button that does it.
    #[prop(optional, into)]
    name: Option<String>,
    /// The value sent with `name`.
    #[prop(optional, into)]
    value: Option<String>,
) -> impl IntoView {
    let details = NodeRef::<html::Details>::new();
    let dialog = NodeRef::<html::Dialog>::new();
    let cancel = NodeRef::<html::Button>::new();
    let ask = move |event: ev::MouseEvent| {
        let (Some(details), Some(dialog)) = (details.get_untracked(), dialog.get_untracked()) else { return };
        event.prevent_default();
        details.set_open(true);
        // Not by close(): its event would come after the dialog is shown again, and close the question with it.
        dialog.set_open(false);
        let _ = dialog.show_modal();
        // The safe answer gets the focus, once the question is laid out: before, nothing in it can have it.
        request_animation_frame(move || {
            if let Some(cancel) = cancel.get_untracked() {
                let _ = cancel.focus();
            }
        });
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let closed = move |_| {
        if let Some(details) = details.get_untracked() {
            details.set_open(false);
        }
    };
    let does_it = if danger { Kind::Danger } else { Kind::Primary };
    view! {
        <details class="confirm" node_ref=details>
            <summary class=kind.class() on:click=ask>{label}</summary>
            <dialog class="dialog" open node_ref=dialog aria-label=title.clone() on:close=closed>
                <h2>{title.clone()}</h2>
                <p>{text}</p>
                <div class="actions">
                    <button type="submit" class=does_it.class() name=name value=value on:click=move |_| close()>
                        {confirm}
                    </button>
                    <button type="button" class="button needs-wasm" node_ref=cancel on:click=move |_| close()>"Cancel"</button>
                </div>
            </dialog>
        </details>
    }
}
