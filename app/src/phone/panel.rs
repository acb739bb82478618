//! The phone's own page: the state in words, the number to dial, the calls, the keys, and the devices.

use leptos::{ev, prelude::*};

use super::{
    Link, Phone,
    card::cards,
    devices::{Choice, Choices, Devices},
    use_phone,
};
use crate::{
    listing::Tone,
    ui::{Button, Card, Kind, Notice, Sign},
};

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

/// The whole phone.
pub(crate) fn panel() -> AnyView {
    let phone = use_phone();
    Effect::new(move |_| phone.open_page());
    let ready = move || phone.link.get() == Link::Ready;
    let number = RwSignal::new(String::new());
    view! {
        <div class="phone needs-wasm stack">
            {state(phone)}
            <div class="phone-field">
                <div class="stack">
                    <Card title="Call">{dial(phone, number)} {keys(phone, number)}</Card>
                </div>
                <div class="stack">
                    <Card title="Calls">
                        <div class="stack">{cards(true)}</div>
                        <p class="phone-words" hidden=move || !phone.calls.with(Vec::is_empty)>
                            {move || if ready() { "No call at the moment." } else { "Calls do not reach this browser." }}
                        </p>
                    </Card>
                    <Card title="Sound">{sound(phone)}</Card>
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
        Link::Elsewhere => "The phone is in another tab of yours.".to_owned(),
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
                (!trouble.is_empty()).then(|| view! { <Notice tone=Tone::Warning text=trouble /> })
            }}
        </div>
    }
    .into_any()
}

fn dial(phone: Phone, number: RwSignal<String>) -> AnyView {
    let call = move |event: ev::SubmitEvent| {
        event.prevent_default();
        phone.dial(&number.get_untracked());
        number.set(String::new());
    };
    view! {
        <form class="phone-line" on:submit=call>
            <input
                class="input"
                type="tel"
                name="number"
                aria-label="Number"
                placeholder="Number or extension"
                autocomplete="off"
                maxlength="64"
                prop:value=move || number.get()
                on:input=move |event| number.set(event_target_value(&event))
            />
            <Button label="Call" kind=Kind::Primary sign=Sign::Phone disabled=move || phone.link.get() != Link::Ready />
        </form>
    }
    .into_any()
}

/// The keys: for the call that is heard, else for the number.
fn keys(phone: Phone, number: RwSignal<String>) -> AnyView {
    let press = move |key: char| match untrack(|| phone.talks_with()) {
        Some(call) => phone.digit(call, key),
        None => number.update(|number| number.push(key)),
    };
    let keys = KEYS
        .into_iter()
        .map(|(key, letters)| {
            view! {
                <button type="button" class="button phone-key" on:click=move |_| press(key)>
                    <span class="hidden-text">"Key "</span>
                    <strong>{key}</strong>
                    <small aria-hidden="true">{letters}</small>
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="phone-keys" role="group" aria-label="Keys">{keys}</div>
        <p class="phone-words">
            {move || if phone.talks_with().is_some() { "Keys are heard in the call." } else { "Keys write the number." }}
        </p>
    }
    .into_any()
}

fn sound(phone: Phone) -> AnyView {
    let level = move || phone.level.get();
    let filters = move |event: ev::Event| {
        let on = event_target_checked(&event);
        phone.choose(move |devices| devices.filters = on);
    };
    view! {
        <div class="stack">
            {chooser("Microphone", phone, |choices| &choices.microphones, |devices| &mut devices.microphone)}
            {chooser("Loudspeaker", phone, |choices| &choices.speakers, |devices| &mut devices.speaker)}
            <label class="phone-check">
                <input type="checkbox" prop:checked=move || phone.devices.with(|devices| devices.filters) on:change=filters />
                " Filter echo and noise"
            </label>
            <div class="phone-meter" role="meter" aria-label="Level of the microphone" aria-valuemin="0" aria-valuemax="100" aria-valuenow=level>
                <svg aria-hidden="true"><rect height="100%" width=move || [&level().to_string(), "%"].concat() /></svg>
            </div>
            <div class="actions">
                <button type="button" class="button" disabled=move || phone.link.get() != Link::Ready on:click=move |_| phone.dial("*43")>
                    "Test call: hear yourself"
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// A list of devices. Where there is nothing to choose, it is not there.
fn chooser(
    label: &'static str,
    phone: Phone,
    of: fn(&Choices) -> &Vec<Choice>,
    chosen: fn(&mut Devices) -> &mut String,
) -> AnyView {
    let options = move || {
        let mut devices = phone.devices.get();
        let id = chosen(&mut devices).clone();
        let found = phone.choices.with(|choices| of(choices).clone());
        found
            .into_iter()
            .map(|(value, label)| {
                let selected = value == id;
                view! { <option value=value selected=selected>{label}</option> }
            })
            .collect_view()
    };
    let choose = move |event: ev::Event| {
        let id = event_target_value(&event);
        phone.choose(move |devices| *chosen(devices) = id);
    };
    view! {
        <label class="phone-choice" hidden=move || phone.choices.with(|choices| of(choices).is_empty())>
            <span>{label}</span>
            <select class="input" aria-label=label on:change=choose>
                <option value="">"As the system says"</option>
                {options}
            </select>
        </label>
    }
    .into_any()
}
