//! What can be chosen of the phone in this browser? Devices, notifications, keys.

use leptos::{ev, prelude::*};

use super::{
    Link, Phone,
    devices::{Choice, Choices, Devices},
    notices::Notices,
};
use crate::ui::{Card, CollectAny as _, single_keys_switch};

/// The cards.
pub(super) fn settings(phone: Phone) -> AnyView {
    view! {
        <Card title="Sound">{sound(phone)}</Card>
        <Card title="Settings">
            <div class="stack">{notices(phone)} {single_keys_switch()}</div>
        </Card>
    }
    .into_any()
}

fn notices(phone: Phone) -> AnyView {
    let at = move |notices: Notices| phone.notices.get() == notices;
    let turn = move |event: ev::Event| phone.want_notices(event_target_checked(&event));
    view! {
        <div>
            <label class="phone-check">
                <input
                    type="checkbox"
                    prop:checked=move || at(Notices::On) || at(Notices::Denied)
                    disabled=move || at(Notices::Impossible)
                    on:change=turn
                />
                " Notify me of calls while another page is in sight"
            </label>
            <p class="phone-words" role="status">{move || phone.notices.get().words()}</p>
        </div>
    }
    .into_any()
}
fn sound(phone: Phone) -> AnyView {
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
            {meter("Level of the microphone", phone.levels[0])}
            {meter("Level of what is heard", phone.levels[1])}
            <div class="actions">
                <button type="button" class="button" disabled=move || phone.link.get() != Link::Ready on:click=move |_| phone.dial("*43")>
                    "Test call: hear yourself"
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// How loud something is.
fn meter(label: &'static str, level: RwSignal<u32>) -> AnyView {
    view! {
        <div class="phone-choice">
            <span aria-hidden="true">{label}</span>
            <div class="phone-meter" role="meter" aria-label=label aria-valuemin="0" aria-valuemax="100" aria-valuenow=move || level.get()>
                <svg aria-hidden="true"><rect height="100%" width=move || [&level.get().to_string(), "%"].concat() /></svg>
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
                view! { <option value=value selected=selected>{label}</option> }.into_any()
            })
            .collect_any()
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
