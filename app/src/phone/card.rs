//! How is a call shown? As a card: who, how far it is, and what can be done, in words.

use leptos::{ev, prelude::*};
use tandem_domain::{
    calls::Recorded,
    phone::{CallNumber, CallState, RecordWish},
};

use super::{
    Phone,
    call::Call,
    dial::{Whom, whom_field},
    use_phone,
};
use crate::live::duration;

const PLAIN: &str = "button";
const GOOD: &str = "button button-primary";
const BAD: &str = "button button-danger";

/// The calls, the oldest first.
pub(crate) fn cards(full: bool) -> AnyView {
    let phone = use_phone();
    let numbers = move || phone.calls.with(|calls| calls.iter().map(|call| call.number).collect::<Vec<_>>());
    view! {
        <For each=numbers key=|number| *number let:number>
            {card(phone, number, full)}
        </For>
    }
    .into_any()
}

/// A button that is there while it can be used.
fn button(class: &'static str, label: Words, shown: Asked, act: Box<dyn Fn()>) -> AnyView {
    view! {
        <button type="button" class=class hidden=move || !shown() on:click=move |_| act()>
            {label}
        </button>
    }
    .into_any()
}

type Words = Box<dyn Fn() -> &'static str + Send + Sync>;
type Asked = Box<dyn Fn() -> bool + Send + Sync>;

fn word(word: &'static str) -> Words {
    Box::new(move || word)
}

fn card(phone: Phone, number: CallNumber, full: bool) -> AnyView {
    let text = move |read: fn(&Call) -> String| phone.call(number, read).unwrap_or_default();
    let is = move |asked: fn(&Call) -> bool| phone.call(number, asked).unwrap_or_default();
    let time = move || {
        let now = phone.now.get();
        phone.call(number, |call| call.since.map(|since| duration((now - since) / 1000))).flatten()
    };
    let tone = move || match phone.call(number, |call| (call.state, call.held_by_us || call.held_by_other)) {
        Some((CallState::Talking, false)) => "badge tone-good",
        Some((CallState::Talking, true)) => "badge tone-warning",
        Some((CallState::Ended, _)) | None => "badge tone-neutral",
        Some((CallState::Dialling | CallState::Ringing | CallState::Incoming, _)) => "badge tone-info",
    };
    let buttons = [
        button(GOOD, word("Answer"), Box::new(move || is(Call::is_incoming)), Box::new(move || phone.answer(number))),
        button(BAD, word("Decline"), Box::new(move || is(Call::is_incoming)), Box::new(move || phone.decline(number))),
        button(
            PLAIN,
            Box::new(move || if is(|call| call.muted) { "Unmute" } else { "Mute" }),
            Box::new(move || is(Call::is_talking)),
            Box::new(move || phone.mute(number)),
        ),
        button(
            PLAIN,
            Box::new(move || if is(|call| call.held_by_us) { "Resume" } else { "Hold" }),
            Box::new(move || is(Call::is_talking)),
            Box::new(
                move || {
                    if is(|call| call.held_by_us) { phone.take_back(number) } else { phone.hold(number, true) }
                },
            ),
        ),
        button(
            BAD,
            word("Hang up"),
            Box::new(move || !is(Call::is_incoming) && !is(Call::is_over)),
            Box::new(move || phone.hang_up(number)),
        ),
    ];
    let more = full.then(|| more(phone, number));
    view! {
        <section class="phone-call" aria-label=move || text(|call| ["Call: ", call.name()].concat())>
            <div class="phone-call-head">
                <div class="phone-who">
                    <strong>{move || text(|call| call.name().to_owned())}</strong>
                    <small>{move || text(Call::about)}</small>
                </div>
                <span class=tone>{move || text(|call| call.stage().to_owned())}</span>
                <span class="badge tone-bad" hidden=move || is(|call| call.recorded == Recorded::No)>
                    {move || if is(|call| call.recorded == Recorded::Paused) { "Recording paused" } else { "Recording" }}
                </span>
                <span class="badge tone-warning" hidden=move || !is(|call| call.muted && call.is_talking())>"Muted"</span>
                <span class="figures">{time}</span>
            </div>
            <p class="phone-words" hidden=move || is(|call| call.words.is_empty())>{move || text(|call| call.words.clone())}</p>
            <div class="actions">{buttons.collect_view()}</div>
            {more}
        </section>
    }
    .into_any()
}

/// What is done more seldom.
fn more(phone: Phone, number: CallNumber) -> AnyView {
    let is = move |asked: fn(&Call) -> bool| phone.call(number, asked).unwrap_or_default();
    let recorded = move |state: Recorded| {
        let now = phone.call(number, |call| call.is_talking().then_some(call.recorded)).flatten();
        phone.own.with(|own| own.may_record) && now == Some(state)
    };
    let record = |label, state, wish| {
        button(PLAIN, word(label), Box::new(move || recorded(state)), Box::new(move || phone.record(number, wish)))
    };
    let buttons = [
        record("Record", Recorded::No, RecordWish::Start),
        record("Pause recording", Recorded::Yes, RecordWish::Pause),
        record("Stop recording", Recorded::Yes, RecordWish::Stop),
        record("Resume recording", Recorded::Paused, RecordWish::Resume),
        button(
            PLAIN,
            word("Connect with the other call"),
            Box::new(move || is(Call::is_talking) && phone.other(number).is_some()),
            Box::new(move || phone.connect_with_other(number)),
        ),
        button(
            PLAIN,
            Box::new(move || if is(|call| call.quality.is_some()) { "Hide quality" } else { "Show quality" }),
            Box::new(move || is(Call::is_talking)),
            Box::new(move || phone.show_quality(number)),
        ),
    ];
    let to = Whom::new();
    let transfer = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Some(to) = to.number(phone) {
            phone.transfer(number, to);
        }
    };
    view! {
        <div class="actions">{buttons.collect_view()}</div>
        <p class="phone-words figures" hidden=move || is(|call| call.quality.is_none())>
            {move || phone.call(number, |call| call.quality.clone()).flatten()}
        </p>
        <form class="phone-line" hidden=move || !is(Call::is_talking) on:submit=transfer>
            {whom_field(phone, to, &["transfer-", &number.0.to_string()].concat(), "Transfer to")}
            <button type="submit" class=PLAIN>"Transfer"</button>
        </form>
    }
    .into_any()
}
