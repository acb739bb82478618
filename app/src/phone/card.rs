//! How is a call shown? As a card: who, how far it is, and what can be done, in words.

use leptos::{ev, prelude::*};
use tandem_domain::{
    calls::Recorded,
    phone::{CallNumber, CallState, RecordWish},
};

use super::{
    Link, Phone,
    call::{Asked, Call},
    dial::{Whom, whom_field},
    keys::Act,
    peer::Quality,
    use_phone,
};
use crate::{live::duration, ui::CollectAny as _, ui::each};

const PLAIN: &str = "button";
const GOOD: &str = "button button-primary";
const BAD: &str = "button button-danger";

/// What a call's card has of what one seldom does (record, transfer, connect, look at the quality).
#[derive(Clone, Copy)]
pub(crate) enum More {
    /// Nothing: the phone's own page has it.
    Elsewhere,
    /// All, behind a word.
    Folded,
    /// All.
    Open,
}

/// The calls, the oldest first.
pub(crate) fn cards(extent: More) -> AnyView {
    let phone = use_phone();
    let numbers = move || phone.calls.with(|calls| calls.iter().map(|call| call.number).collect::<Vec<_>>());
    each(numbers, number_key, move |number| card(phone, number, extent))
}

fn number_key(number: &CallNumber) -> u128 {
    number.0.into()
}

/// A button that is there while it means something, and disabled while it would come to nothing.
fn button(class: &'static str, label: Words, key: Option<Act>, shown: Is, can: Is, act: Box<dyn Fn()>) -> AnyView {
    let letter = key.map(Act::letter);
    view! {
        <button
            type="button"
            class=class
            hidden=move || !shown()
            disabled=move || !can()
            aria-keyshortcuts=letter
            on:click=move |_| act()
        >
            {label}
            {letter.map(|letter| view! { " " <kbd class="single-key" aria-hidden="true">{letter}</kbd> }.into_any())}
        </button>
    }
    .into_any()
}

type Words = Box<dyn Fn() -> &'static str + Send + Sync>;
type Is = Box<dyn Fn() -> bool + Send + Sync>;

/// What this browser does by itself.
fn always() -> Is {
    Box::new(|| true)
}

/// What the server does.
fn reached(phone: Phone) -> Is {
    Box::new(move || phone.link.get() == Link::Ready)
}

/// Why some buttons are disabled.
const CUT: &str = "The server is not reached, so nobody can be answered, held, handed over or recorded at the moment. You can mute \
                   yourself and hang up.";

fn word(word: &'static str) -> Words {
    Box::new(move || word)
}

fn card(phone: Phone, number: CallNumber, extent: More) -> AnyView {
    let text = move |read: fn(&Call) -> String| phone.call(number, read).unwrap_or_default();
    let is = move |asked: fn(&Call) -> bool| phone.call(number, asked).unwrap_or_default();
    let time = move || {
        let now = phone.now.get();
        phone.call(number, |call| call.since.map(|since| duration((now - since) / 1000))).flatten()
    };
    let holds = |call: &Call| call.wants_hold || call.held_by_us || call.held_by_other;
    let tone = move || match phone.call(number, |call| (call.state, holds(call))) {
        Some((CallState::Talking, false)) => "badge tone-good",
        Some((CallState::Talking, true)) => "badge tone-warning",
        Some((CallState::Ended, _)) | None => "badge tone-neutral",
        Some((CallState::Dialling | CallState::Ringing | CallState::Incoming, _)) => "badge tone-info",
    };
    let sound = move || phone.call(number, Call::sound).flatten();
    let buttons = [
        button(
            GOOD,
            word("Try the microphone again"),
            None,
            Box::new(move || is(|call| call.silent && call.is_talking())),
            reached(phone),
            Box::new(move || phone.resume(number)),
        ),
        button(
            GOOD,
            word("Answer"),
            Some(Act::Answer),
            Box::new(move || is(Call::is_incoming)),
            reached(phone),
            Box::new(move || phone.answer(number)),
        ),
        button(
            BAD,
            word("Decline"),
            Some(Act::Decline),
            Box::new(move || is(|call| call.is_incoming() && !call.is_ending())),
            always(),
            Box::new(move || phone.decline(number)),
        ),
        button(
            PLAIN,
            Box::new(move || if is(|call| call.muted) { "Unmute" } else { "Mute" }),
            Some(Act::Mute),
            Box::new(move || is(Call::is_talking)),
            always(),
            Box::new(move || phone.mute(number)),
        ),
        button(
            PLAIN,
            Box::new(move || if is(|call| call.wants_hold) { "Resume" } else { "Hold" }),
            Some(Act::Hold),
            Box::new(move || is(Call::is_talking)),
            reached(phone),
            Box::new(move || phone.hold(number, !untrack(|| is(|call| call.wants_hold)))),
        ),
        button(
            BAD,
            word("Hang up"),
            None,
            Box::new(move || is(|call| !call.is_incoming() && !call.is_over() && !call.is_ending())),
            always(),
            Box::new(move || phone.hang_up(number)),
        ),
    ];
    let more = match extent {
        More::Elsewhere => None,
        More::Folded => Some(folded(phone, number)),
        More::Open => Some(more(phone, number)),
    };
    view! {
        <section
            class="phone-call"
            aria-label=move || text(|call| ["Call: ", call.name()].concat())
            on:keydown=move |event| phone.key(number, &event)
        >
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
                <span class=move || sound().unwrap_or_default().0 hidden=move || sound().is_none()>
                    {move || sound().unwrap_or_default().1}
                </span>
                <span class="figures">{time}</span>
            </div>
            <p class="phone-words" hidden=move || is(|call| call.words.is_empty())>{move || text(|call| call.words.clone())}</p>
            <p class="phone-words" hidden=move || phone.link.get() == Link::Ready || is(Call::is_over)>{CUT}</p>
            <div class="actions">{buttons.collect_any()}</div>
            {more}
        </section>
    }
    .into_any()
}

fn folded(phone: Phone, number: CallNumber) -> AnyView {
    let talks = move || phone.call(number, Call::is_talking).unwrap_or_default();
    view! {
        <details class="phone-folded" hidden=move || !talks()>
            <summary class="link">"Record, transfer and more"</summary>
            <div class="stack">{more(phone, number)}</div>
        </details>
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
    let asked = move || phone.call(number, |call| call.asked).flatten();
    let free = move || phone.link.get() == Link::Ready && asked().is_none();
    let record = |label, busy, state, wish| {
        button(
            PLAIN,
            Box::new(move || if asked() == Some(Asked::Record(wish)) { busy } else { label }),
            None,
            Box::new(move || recorded(state)),
            Box::new(free),
            Box::new(move || phone.record(number, wish)),
        )
    };
    let buttons = [
        record("Record", "Starting…", Recorded::No, RecordWish::Start),
        record("Pause recording", "Pausing…", Recorded::Yes, RecordWish::Pause),
        record("Stop recording", "Stopping…", Recorded::Yes, RecordWish::Stop),
        record("Resume recording", "Resuming…", Recorded::Paused, RecordWish::Resume),
        button(
            PLAIN,
            Box::new(move || if is(|call| call.numbers) { "Hide numbers" } else { "Quality in numbers" }),
            None,
            Box::new(move || is(Call::is_talking)),
            always(),
            Box::new(move || phone.change(number, |call| call.numbers = !call.numbers)),
        ),
    ];
    let numbers = move || {
        let quality = phone.call(number, |call| call.quality).flatten();
        quality.map_or_else(|| "Measuring…".to_owned(), Quality::numbers)
    };
    let others = move || if is(Call::is_talking) { phone.others(number) } else { Vec::new() };
    // Who is connected with whom: there may be several.
    let connect = move |other: CallNumber| {
        let name = move |number| phone.call(number, |call| call.name().to_owned()).unwrap_or_default();
        let label = move || ["Connect ", &name(number), " with ", &name(other)].concat();
        view! {
            <button type="button" class=PLAIN disabled=move || !free() on:click=move |_| phone.join(number, other)>
                {label}
            </button>
        }
        .into_any()
    };
    let to = Whom::new();
    let transfer = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if untrack(free)
            && let Some(to) = to.number(phone)
        {
            phone.transfer(number, to);
        }
    };
    view! {
        <div class="actions">
            {buttons.collect_any()}
            {each(others, number_key, connect)}
        </div>
        <p class="phone-words figures" hidden=move || !is(|call| call.numbers && call.is_talking())>{numbers}</p>
        <form class="phone-line" hidden=move || !is(Call::is_talking) on:submit=transfer>
            {whom_field(phone, to, &["transfer-", &number.0.to_string()].concat(), "Transfer to")}
            <button type="submit" class=PLAIN disabled=move || !free()>"Transfer"</button>
        </form>
    }
    .into_any()
}
