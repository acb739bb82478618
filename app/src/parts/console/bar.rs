//! How is one's own supervision shown? As a bar that cannot be mistaken: colour, sign and word of the mode, whom it is about,
//! who hears what one says, and what can be done.

use leptos::{html, prelude::*, server_fn::ServerFn};
use tandem_domain::{
    calls::Stage,
    console::{Own, VOLUME_MAX},
    ids::CallId,
    supervision::Mode,
};

use super::{
    ConsoleFollow, ConsoleLeave, ConsoleMark, ConsoleNote, ConsoleSwitch, ConsoleVolumes, board::Board, calls::modes,
};
use crate::live::lasts;
use crate::ui::{Sign, each, effect, icon, mode_class, mode_sign};

/// The bars, one for each own call for as long as it is there, and what happens in words for those who do not see them: told
/// politely, for it follows from what they have just done or heard.
pub(super) fn bars(board: Board) -> AnyView {
    let calls = Memo::new(move |_| board.own.with(|own| own.iter().map(|own| own.call).collect::<Vec<_>>()));
    let first = Memo::new(move |_| board.own.with(|own| own.first().cloned()));
    // What is over is said, too: with whom, and whether one was there.
    let said = Memo::new(move |before: Option<&(String, String)>| match first.get() {
        Some(own) => (words(&own), over(&own)),
        None => (before.map(|(_, over)| over.clone()).unwrap_or_default(), String::new()),
    });
    // Who was rung, and is not in the call, would see nothing but that the bar is gone; or nothing at all, where the phone was busy.
    let missed = move || match board.missed.get() {
        agent if agent.is_empty() || first.with(Option::is_none) => not_joined(&agent),
        _ => "The phone that was rung does not ring any more.".to_owned(),
    };
    // It is said once.
    let others = move || said.with(|(words, _)| if missed() == *words { String::new() } else { words.clone() });
    view! {
        <div class=move || if missed().is_empty() { "hidden-text" } else { "notice tone-warning" }>
            <span></span>
            <p role="status">{missed}</p>
        </div>
        <p class="hidden-text" role="status">{others}</p>
        <div class="stack" hidden=move || calls.with(Vec::is_empty)>
            {each(move || calls.get(), |call| call.0.as_u128(), move |call| bar(board, call))}
        </div>
    }
    .into_any()
}

/// Who hears the manager.
fn heard_by(own: &Own) -> String {
    match own.mode {
        Mode::Spy => "Nobody hears you.".to_owned(),
        Mode::Whisper => ["Only ", &own.name, " hears you."].concat(),
        Mode::BargeIn => "Both hear you.".to_owned(),
    }
}

/// What is so, in a sentence or two.
fn words(own: &Own) -> String {
    match own.stage {
        Stage::Rings => ["Your phone rings. Answer it to join ", &own.name, ": ", own.mode.label(), "."].concat(),
        Stage::Waits => ["You wait for the next call of ", &own.name, ": ", own.mode.label(), "."].concat(),
        Stage::In(_) => [own.mode.label(), ": ", &about(own), ". ", &heard_by(own)].concat(),
    }
}

/// What is said when it is not so any more.
fn over(own: &Own) -> String {
    match own.stage {
        Stage::Rings => not_joined(&own.name),
        Stage::Waits => ["You do not wait for calls of ", &own.name, " any more."].concat(),
        Stage::In(_) => ["You are not in the call any more: ", &about(own), "."].concat(),
    }
}

/// What is said where a phone was rung for nothing; nothing where it was rung for nobody.
fn not_joined(agent: &str) -> String {
    if agent.is_empty() {
        return String::new();
    }
    ["You did not join ", agent, ": your phone does not ring any more."].concat()
}

fn about(own: &Own) -> String {
    if own.client.is_empty() { own.name.clone() } else { [&own.name, " with ", &own.client].concat() }
}

/// How loud one side is heard. What the server says is shown unless somebody is just moving it.
fn volume(label: &'static str, name: &'static str, percent: Memo<String>) -> AnyView {
    let slider = NodeRef::<html::Input>::new();
    effect(move || {
        let (percent, Some(slider)) = (percent.get(), slider.get()) else { return };
        let moving = document().active_element().is_some_and(|active| &active == slider.as_ref() as &web_sys::Element);
        if !moving && slider.value() != percent {
            slider.set_value(&percent);
        }
    });
    view! {
        <label>
            <span>{label}</span>
            <span class="hidden-text">" volume in per cent"</span>
            <input
                type="range"
                name=name
                min="0"
                max=VOLUME_MAX.to_string()
                step="10"
                value=percent.get_untracked()
                node_ref=slider
            />
        </label>
    }
    .into_any()
}

fn bar(board: Board, call: CallId) -> AnyView {
    let now = Memo::new(move |_| board.own.with(|all| all.iter().find(|own| own.call == call).cloned()));
    // What is told of it last stays while it goes.
    let Some(first) = now.get_untracked() else { return ().into_any() };
    let own = Memo::new(move |before: Option<&Own>| now.get().or(before.cloned()).unwrap_or_else(|| first.clone()));
    let mode = Memo::new(move |_| own.with(|own| own.mode));
    let mine = Memo::new(move |_| Some(mode.get()));
    let why = Memo::new(|_| None::<&'static str>);
    let whom = Memo::new(move |_| own.with(|own| own.name.clone()));
    let there = move || own.with(|own| matches!(own.stage, Stage::In(_)));
    let follows = move || own.with(|own| own.follows);
    let title = move || own.with(|own| if there() { about(own) } else { own.name.clone() });
    let note = move || {
        own.with(|own| match own.stage {
            Stage::Rings => "Your phone rings: answer it to join.".to_owned(),
            Stage::Waits => "Waiting for the next call.".to_owned(),
            Stage::In(_) => heard_by(own),
        })
    };
    let since = Memo::new(move |_| own.with(|own| own.since));
    let time = move || {
        let since = since.get();
        view! { <span class="figures" data-since=since.0.to_string()>{lasts(since)}</span> }
    };
    let volumes = [0, 1].map(|place: usize| {
        Memo::new(move |_| own.with(|own| own.volumes.get(place).copied().unwrap_or(100).to_string()))
    });
    let hidden = || view! { <input type="hidden" name="call" value=call.to_string() /> };
    let sign = move || icon(mode_sign(mode.get()));
    view! {
        <section
            class=move || ["console-bar ", mode_class(mode.get())].concat()
            aria-label="Your supervision"
            on:focusin=move |_| board.chosen.set(None)
        >
            <div class="console-bar-mode">
                {sign} <strong>{move || mode.get().label()}</strong> {time}
            </div>
            <div class="console-bar-about"><strong>{title}</strong> <span>{note}</span></div>
            <form method="post" action=ConsoleSwitch::PATH class="console-modes">{hidden()} {modes(mine, why, whom)}</form>
            <div class="actions console-bar-more">
                <form method="post" action=ConsoleFollow::PATH>
                    {hidden()}
                    <button
                        type="submit"
                        class="button"
                        name="follow"
                        value=move || if follows() { "off" } else { "on" }
                        aria-pressed=move || if follows() { "true" } else { "false" }
                        title="Stay, and join the agent’s next calls"
                    >
                        "Follow this agent"
                    </button>
                </form>
                <form method="post" action=ConsoleVolumes::PATH class="console-volumes" hidden=move || !there()>
                    {hidden()} {volume("Agent", "agent", volumes[0])} {volume("Client", "client", volumes[1])}
                    <button type="submit" class="button no-wasm">"Set volumes"</button>
                </form>
                <form method="post" action=ConsoleNote::PATH class="console-note" hidden=move || !there()>
                    {hidden()}
                    <input
                        class="input"
                        name="text"
                        aria-label="Note on the call"
                        placeholder="Note on the call"
                        maxlength="200"
                        autocomplete="off"
                    />
                    <button type="submit" class="button">"Keep note"</button>
                    <button type="submit" class="button" formaction=ConsoleMark::PATH hidden=move || !own.with(|own| own.recorded)>
                        {icon(Sign::Recording)} "Moment to review"
                    </button>
                </form>
                <form method="post" action=ConsoleLeave::PATH>
                    {hidden()}
                    <button type="submit" class="button" data-leave="">
                        {icon(Sign::Close)} "Leave" <kbd class="needs-wasm" aria-hidden="true">"Esc"</kbd>
                    </button>
                </form>
            </div>
        </section>
    }
    .into_any()
}
