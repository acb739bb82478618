//! The phone's own page: the state in words, whom to call, the calls, the keys, the calls that were, and the settings.

use leptos::prelude::*;

use super::{
    Link, Phone,
    card::{More, cards},
    dial::{Whom, dial, recent},
    pad::pad,
    settings::settings,
    use_phone,
};
use crate::{
    listing::Tone,
    live::{Topic, live},
    ui::{Card, Notice, effect},
};

/// The whole phone.
pub(crate) fn panel() -> AnyView {
    let phone = use_phone();
    effect(move || phone.open_page());
    // Calls that are over have been written down.
    let over = live(&[Topic::Xdrs]);
    effect(move || {
        let _ = over.times();
        phone.read_book();
    });
    let ready = move || phone.link.get() == Link::Ready;
    let whom = Whom::new();
    view! {
        <div class="phone needs-wasm stack">
            {state(phone)}
            <div class="phone-field">
                <div class="stack">
                    <Card title="Call">{dial(phone, whom)} {pad(phone, Some(whom))}</Card>
                    {recent(phone)}
                </div>
                <div class="stack">
                    <Card title="Calls">
                        <div class="stack">{cards(More::Open)}</div>
                        <p class="phone-words" hidden=move || !phone.calls.with(Vec::is_empty)>
                            {move || if ready() { "No call at the moment." } else { "Calls do not reach this browser." }}
                        </p>
                    </Card>
                    {settings(phone)}
                </div>
            </div>
        </div>
    }
    .into_any()
}

/// What is so, and what is wrong.
fn state(phone: Phone) -> AnyView {
    let words = move || match phone.link.get() {
        Link::Off => "This browser is not used as a phone.".to_owned(),
        Link::Connecting => "Connecting…".to_owned(),
        Link::Ready => phone.own.with(|own| {
            let quiet = if own.do_not_disturb { ". Do not disturb is on: callers hear that you are busy." } else { "" };
            ["Ready: extension ", &own.extension, quiet].concat()
        }),
        Link::Elsewhere => match &*phone.calls_elsewhere() {
            "" => "The phone is in another tab of yours.".to_owned(),
            with => ["The phone is in another tab of yours, and has a call with ", with, "."].concat(),
        },
        Link::Lost => "The server is not reached. Check the network; this page goes on trying.".to_owned(),
        Link::SignedOut => "Your session has ended.".to_owned(),
    };
    let tone = move || match phone.link.get() {
        Link::Ready => "notice tone-good",
        Link::Off | Link::Connecting | Link::Elsewhere => "notice tone-neutral",
        Link::Lost | Link::SignedOut => "notice tone-bad",
    };
    let at = move |link: Link| phone.link.get() == link;
    let quiet = move || phone.own.with(|own| own.do_not_disturb);
    view! {
        <div class=tone>
            <span></span>
            <p role="status">{words}</p>
            <div class="actions">
                <button type="button" class="button" hidden=move || !at(Link::Elsewhere) on:click=move |_| phone.take()>
                    "Use it here"
                </button>
                <button
                    type="button"
                    class="button"
                    aria-pressed=move || if quiet() { "true" } else { "false" }
                    hidden=move || !at(Link::Ready)
                    on:click=move |_| phone.do_not_disturb(!quiet())
                >
                    "Do not disturb"
                </button>
                <button type="button" class="button" hidden=move || at(Link::Off) on:click=move |_| phone.turn_off()>
                    "Switch off"
                </button>
                <button
                    type="button"
                    class="button button-primary"
                    hidden=move || !at(Link::Off)
                    on:click=move |_| phone.turn_on()
                >
                    "Use this browser as a phone"
                </button>
            </div>
        </div>
        <div role="alert">
            {move || {
                let trouble = phone.trouble.get();
                (!trouble.is_empty()).then(|| view! { <Notice tone=Tone::Warning text=trouble /> }.into_any())
            }}
        </div>
    }
    .into_any()
}
