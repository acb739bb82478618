//! How is one's own supervision shown? As a bar that cannot be mistaken: colour, sign and word of the mode, whom it is about,
//! who hears what one says, and what can be done.

use leptos::{prelude::*, server_fn::ServerFn};
use tandem_domain::{
    calls::Stage,
    console::{Own, VOLUME_MAX},
    supervision::Mode,
};

use super::{
    ConsoleFollow, ConsoleLeave, ConsoleMark, ConsoleNote, ConsoleSwitch, ConsoleVolumes, board::Board, calls::modes,
};
use crate::live::lasts;
use crate::ui::{Sign, icon, mode_class, mode_sign};

/// The bars, and what happens in words for those who do not see them.
pub(super) fn bars(board: Board) -> AnyView {
    let own = Memo::new(move |_| board.rest.with(|rest| rest.own.clone()));
    let said = move || own.with(|own| own.first().map(words)).unwrap_or_default();
    view! {
        <p class="hidden-text" role="status" aria-live="assertive">{said}</p>
        <div class="stack" hidden=move || own.with(Vec::is_empty)>{move || own.get().iter().map(bar).collect_view()}</div>
    }
    .into_any()
}

/// Who hears the manager.
fn effect(own: &Own) -> String {
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
        Stage::In(_) => [own.mode.label(), ": ", &about(own), ". ", &effect(own)].concat(),
    }
}

fn about(own: &Own) -> String {
    if own.client.is_empty() { own.name.clone() } else { [&own.name, " with ", &own.client].concat() }
}

/// How loud one side is heard.
fn volume(label: &'static str, name: &'static str, percent: u8) -> AnyView {
    view! {
        <label>
            <span>{label}</span>
            <span class="hidden-text">" volume in per cent"</span>
            <input type="range" name=name min="0" max=VOLUME_MAX.to_string() step="10" value=percent.to_string() />
        </label>
    }
    .into_any()
}

fn bar(own: &Own) -> AnyView {
    let (title, note) = match own.stage {
        Stage::Rings => (own.name.clone(), "Your phone rings: answer it to join.".to_owned()),
        Stage::Waits => (own.name.clone(), "Waiting for the next call.".to_owned()),
        Stage::In(_) => (about(own), effect(own)),
    };
    let call = own.call.to_string();
    let follows = if own.follows { "true" } else { "false" };
    let there = matches!(own.stage, Stage::In(_));
    let hidden = || view! { <input type="hidden" name="call" value=call.clone() /> };
    view! {
        <section class=["console-bar ", mode_class(own.mode)].concat() aria-label="Your supervision">
            <div class="console-bar-mode">
                {icon(mode_sign(own.mode))} <strong>{own.mode.label()}</strong>
                <span class="figures" data-since=own.since.0.to_string()>{lasts(own.since)}</span>
            </div>
            <div class="console-bar-about"><strong>{title}</strong> <span>{note}</span></div>
            <form method="post" action=ConsoleSwitch::PATH class="console-modes">
                {hidden()} {modes(Some(own.mode), None, &own.name)}
            </form>
            <div class="actions console-bar-more">
                <form method="post" action=ConsoleFollow::PATH>
                    {hidden()}
                    <button
                        type="submit"
                        class="button"
                        name="follow"
                        value=if own.follows { "off" } else { "on" }
                        aria-pressed=follows
                        title="Stay, and join the agent’s next calls"
                    >
                        "Follow this agent"
                    </button>
                </form>
                <form method="post" action=ConsoleVolumes::PATH class="console-volumes" hidden=!there>
                    {hidden()} {volume("Agent", "agent", own.volumes[0])} {volume("Client", "client", own.volumes[1])}
                    <button type="submit" class="button no-wasm">"Set volumes"</button>
                </form>
                <form method="post" action=ConsoleNote::PATH class="console-note" hidden=!there>
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
                    <button type="submit" class="button" formaction=ConsoleMark::PATH hidden=!own.recorded>
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
