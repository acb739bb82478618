//! What was done, said in passing: a stack of toasts that do not get in the way.
//!
//! The server renders the last post's words, so that they are there without WebAssembly too; the browser then adds and
//! hides. A toast with an undo stays longer, and none goes while it is pointed at or has the focus. It is gone with the document:
//! whoever goes on to a page of another program ([`crate::programs`]) has left the undo behind.

use std::time::Duration;

use leptos::prelude::*;

use super::{
    CollectAny as _,
    badge::tone_class,
    desk::Desk,
    each::each,
    effect::effect,
    guard::LeaveDialog,
    icon::{Sign, icon},
    sign_in_again::SignInAgain,
    submit,
};
use crate::{context::use_flash, error::AppError, listing::Tone, post::Undo};

/// How long a toast stays.
const STAY: Duration = Duration::from_secs(5);
/// How long one that can be undone stays.
const STAY_FOR_UNDO: Duration = Duration::from_secs(10);

/// Something said in passing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    id: u32,
    tone: Tone,
    text: String,
    undo: Option<Undo>,
}

impl Toast {
    /// Adds a toast; the same words are not said twice at once.
    pub(super) fn show(toasts: RwSignal<Vec<Self>>, tone: Tone, text: String, undo: Option<Undo>) {
        toasts.update(|toasts| {
            // Before the former one is gone: another number is another row, with its own undo and its own time.
            let id = toasts.last().map_or(0, |toast| toast.id) + 1;
            toasts.retain(|toast| toast.text != text);
            toasts.push(Self { id, tone, text, undo });
        });
    }
}

/// What is around all pages: the toasts, and the questions that any page may put. Provides the [`Desk`].
#[component]
pub fn Toasts(
    /// The routes.
    children: Children,
) -> impl IntoView {
    let desk = Desk::new();
    provide_context(desk);
    let flash = use_flash();
    if let Some(done) = flash.done.filter(|done| !done.toast.is_empty()) {
        Toast::show(desk.toasts, Tone::Good, done.toast, done.undo);
    }
    // What is wrong with fields is said beside them; everything else has no other place.
    if let Some(form) = flash.form {
        match form.error {
            AppError::Invalid(_) | AppError::Stale(_) | AppError::SignedOut => {}
            AppError::Forbidden(_)
            | AppError::NotFound(_)
            | AppError::Wait { .. }
            | AppError::Refused(_)
            | AppError::Unreadable(_)
            | AppError::Internal { .. }
            | AppError::Unreachable => Toast::show(desk.toasts, Tone::Bad, form.error.to_string(), None),
        }
    }
    effect(move || {
        desk.hydrated.set(true);
        super::guard::begin(desk);
    });
    view! {
        {children()}
        <div class="toasts" role="status" aria-live="polite">
            {each(move || desk.toasts.get(), |toast| toast.id.into(), move |toast| toast_view(toast, desk))}
        </div>
        <LeaveDialog desk=desk />
        <SignInAgain desk=desk />
    }
}

fn toast_view(toast: Toast, desk: Desk) -> AnyView {
    let Toast { id, tone, text, undo } = toast;
    let held = RwSignal::new(false);
    let hide = move || desk.toasts.update(|toasts| toasts.retain(|toast| toast.id != id));
    let stay = if undo.is_some() { STAY_FOR_UNDO } else { STAY };
    // A refusal is read in one's own time.
    let passes = tone != Tone::Bad;
    Effect::new(move |timer: Option<Option<TimeoutHandle>>| {
        if let Some(Some(timer)) = timer {
            timer.clear();
        }
        if passes && !held.get() { set_timeout_with_handle(hide, stay).ok() } else { None }
    });
    let sign = match tone {
        Tone::Good => Sign::Done,
        Tone::Neutral | Tone::Info => Sign::Info,
        Tone::Warning | Tone::Bad => Sign::Warning,
    };
    view! {
        <div
            class=format!("toast {}", tone_class(tone))
            on:mouseenter=move |_| held.set(true)
            on:mouseleave=move |_| held.set(false)
            on:focusin=move |_| held.set(true)
            on:focusout=move |_| held.set(false)
        >
            {icon(sign)}
            <p>{text}</p>
            {undo.map(|undo| undo_form(undo, desk, id))}
            <button type="button" class="icon-button needs-wasm" aria-label="Close" on:click=move |_| hide()>
                {icon(Sign::Close)}
            </button>
        </div>
    }
    .into_any()
}

/// "Undo": a plain form, which the browser posts by itself until the page is taken over.
fn undo_form(undo: Undo, desk: Desk, id: u32) -> AnyView {
    let fields = undo
        .fields
        .iter()
        .map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone() /> }.into_any())
        .collect_any();
    let to = undo.to.clone();
    let take_back = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        desk.toasts.update(|toasts| toasts.retain(|toast| toast.id != id));
        let undo = undo.clone();
        leptos::task::spawn_local(async move { desk.take(submit::post(&undo.to, &undo.fields).await) });
    };
    view! {
        <form method="post" action=to on:submit=take_back>
            {fields}
            <button type="submit" class="toast-undo">"Undo"</button>
        </form>
    }
    .into_any()
}
