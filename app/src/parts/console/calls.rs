//! How are the calls shown? A row for each agent in a call: who, since when, how loud, who else is in it, and how to join.

use leptos::{prelude::*, server_fn::ServerFn};
use tandem_domain::{
    calls::{CallState, Recorded},
    console::{ConsoleCall, Filters, shown},
    list::search_words,
    supervision::Mode,
};
use wasm_bindgen::JsCast;

use super::{
    ConsoleJoin, ConsoleSwitch,
    board::{Board, Key},
};
use crate::{
    listing::{ListArgs, Tone},
    live::lasts,
    ui::{Badge, EmptyState, Filter, ModeBadge, Sign, icon, link_to, mode_class, mode_sign, search_bar},
};

/// The calls with their search.
pub(super) fn calls(board: Board, args: Memo<ListArgs>) -> AnyView {
    let filters = Memo::new(move |_| filters(&args.read()));
    let keys = Memo::new(move |_| {
        board.with_calls(|calls| filters.read().of(calls).into_iter().map(ConsoleCall::key).collect::<Vec<_>>())
    });
    let empty = move || keys.with(Vec::is_empty).then(|| nothing(board));
    view! {
        <div class="list">
            <div class="list-bar">{search(board, args)} {order(args)}</div>
            <div class="list-rows">
                <ul class="console-calls" aria-label="Calls">
                    <For each=move || keys.get() key=|key| *key let:key>
                        {row(board, key)}
                    </For>
                </ul>
                {empty}
            </div>
        </div>
    }
    .into_any()
}

fn filters(args: &ListArgs) -> Filters {
    Filters {
        huntgroup: args.filter("huntgroup").to_owned(),
        state: CallState::from_key(args.filter("state")),
        words: search_words(&args.q),
        by_duration: args.sort == "duration",
        descending: args.desc == "1",
    }
}

fn search(board: Board, args: Memo<ListArgs>) -> AnyView {
    let groups = board.rest.with_untracked(|rest| rest.huntgroups.clone());
    let groups = groups.into_iter().map(|name| (name.clone(), name)).collect();
    let states = CallState::ALL.map(|state| (state.key().to_owned(), state.label().to_owned())).into();
    let filters = vec![
        Filter { name: "huntgroup", label: "Huntgroup", options: groups },
        Filter { name: "state", label: "State", options: states },
    ];
    search_bar(args, "calls", filters, Vec::new(), "name, number or huntgroup".to_owned(), false)
}

/// By what the calls are sorted: links, so that it works without WebAssembly.
fn order(args: Memo<ListArgs>) -> AnyView {
    let link = move |label: &'static str, sort: &'static str, desc: &'static str| {
        let href = move || link_to(&ListArgs { sort: sort.into(), desc: desc.into(), ..args.get() });
        let here = move || {
            let args = args.read();
            (args.sort == sort && args.desc == desc).then_some("true")
        };
        view! { <a class="button button-ghost" href=href aria-current=here data-noscroll>{label}</a> }
    };
    view! {
        <div class="actions console-order" role="group" aria-label="Sort">
            {link("By name", "", "")} {link("Longest first", "duration", "")} {link("Newest first", "duration", "1")}
        </div>
    }
    .into_any()
}

/// What stands where there is no call to show.
fn nothing(board: Board) -> AnyView {
    if board.with_calls(<[ConsoleCall]>::is_empty) {
        let text = "A call appears here the moment it rings, and goes when it is over.";
        view! { <EmptyState title="Nobody is on a call" text=text sign=Sign::Phone /> }.into_any()
    } else {
        view! {
            <EmptyState title="No calls match" text="Try other words, or fewer filters." sign=Sign::Search>
                <a class="button" href="?">"Clear search and filters"</a>
            </EmptyState>
        }
        .into_any()
    }
}

/// The id of a row.
pub(super) fn row_id((call, side): Key) -> String {
    [if side { "from-" } else { "to-" }, &call.to_string()].concat()
}

fn row(board: Board, key: Key) -> AnyView {
    let call = Memo::new(move |_| board.call(key));
    let chosen = move || (board.chosen.get() == Some(key)).then_some("true");
    view! {
        <li
            id=row_id(key)
            class="console-call"
            tabindex="-1"
            aria-current=chosen
            on:focusin=move |_| board.chosen.set(Some(key))
        >
            {move || call.get().map(|call| cells(board, &call))}
        </li>
    }
    .into_any()
}

fn cells(board: Board, call: &ConsoleCall) -> AnyView {
    let (agent, agent_note) = match &call.agent {
        Some(agent) => (shown(agent), agent.number.clone()),
        None if call.rings.is_empty() => ("Nobody yet".to_owned(), String::new()),
        None => (call.rings.join(", "), "rings".to_owned()),
    };
    let client_note = if call.client.name.is_empty() { String::new() } else { call.client.number.clone() };
    let way = match call.huntgroup.as_str() {
        "" => call.direction.label().to_owned(),
        group => [call.direction.label(), " via ", group].concat(),
    };
    let joins = board.rest.with(|rest| rest.joins);
    // Given as a value: what never changes is made by another way in the browser, which puts it into a group.
    let (talks, silent) = (call.state != CallState::Ringing, "0");
    let side = if call.agent_calls { "0" } else { "1" };
    view! {
        <div class="console-who"><strong>{agent.clone()}</strong> <small class="figures">{agent_note}</small></div>
        <div class="console-levels">
            {talks.then(|| view! {
                <svg data-levels=call.id.to_string() data-agent=side aria-hidden="true">
                    <rect height="40%" width=silent />
                    <rect y="60%" height="40%" width=silent />
                </svg>
            })}
        </div>
        <div class="console-who"><span>{shown(&call.client)}</span> <small class="figures">{client_note}</small></div>
        <div class="console-state">{states(call)} <small>{way}</small></div>
        <div class="console-time figures"><span data-since=call.since.0.to_string()>{lasts(call.since)}</span></div>
        {joins.then(|| buttons(board, call, &agent))}
    }
    .into_any()
}

fn states(call: &ConsoleCall) -> AnyView {
    let tone = match call.state {
        CallState::Ringing => Tone::Info,
        CallState::Answered => Tone::Good,
        CallState::Held => Tone::Warning,
    };
    let recorded = match call.recorded {
        Recorded::No => None,
        Recorded::Paused => Some((Tone::Warning, "Recording paused")),
        Recorded::Yes => Some((Tone::Bad, "Recording")),
    };
    let supervisors = call
        .supervisors
        .iter()
        .map(|one| {
            let name = if one.mine { "You" } else { &one.name };
            view! { <span class="console-supervisor">{name.to_owned()} <ModeBadge mode=one.mode /></span> }
        })
        .collect_view();
    view! {
        <span class="badges">
            <Badge tone=tone text=call.state.label() />
            {recorded.map(|(tone, text)| view! { <Badge tone=tone text=text /> })}
            {supervisors}
        </span>
    }
    .into_any()
}

/// The key that joins or switches.
pub(super) const fn key_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Spy => "S",
        Mode::Whisper => "W",
        Mode::BargeIn => "B",
    }
}

/// The three modes as buttons of a form: `mine` is pressed, all are disabled while `why` says so.
pub(super) fn modes(mine: Option<Mode>, why: Option<&'static str>, whom: &str) -> AnyView {
    Mode::ALL
        .map(|mode| {
            let pressed = mine.map(|mine| if mine == mode { "true" } else { "false" });
            view! {
                <button
                    type="submit"
                    name="mode"
                    value=mode.key()
                    class=["button ", mode_class(mode)].concat()
                    aria-pressed=pressed
                    disabled=why.is_some()
                    title=why.unwrap_or(mode.help())
                >
                    {icon(mode_sign(mode))}
                    <span>{mode.label()}</span>
                    <span class="hidden-text">{[" on ", whom].concat()}</span>
                    <kbd class="needs-wasm single-key" aria-hidden="true">{key_of(mode)}</kbd>
                </button>
            }
        })
        .collect_view()
        .into_any()
}

fn buttons(board: Board, call: &ConsoleCall, agent: &str) -> AnyView {
    let own = board.own_in(call);
    let why = call.may.err().filter(|_| own.is_none());
    let account = call.account().filter(|_| own.is_none()).map(|account| account.to_string());
    let (to, target) = match own {
        Some(own) => (ConsoleSwitch::PATH, own),
        None => (ConsoleJoin::PATH, call.id),
    };
    let why =
        why.map(|refused| if call.state == CallState::Ringing { "Nobody has answered yet." } else { refused.words() });
    view! {
        <form method="post" action=to class="console-modes">
            <input type="hidden" name="call" value=target.to_string() />
            <input type="hidden" name="agent" value=account.unwrap_or_default() disabled=own.is_some() />
            {modes(call.mine(), why, agent)}
            <small class="console-why">{why.unwrap_or_default()}</small>
        </form>
    }
    .into_any()
}

/// Shows how loud people speak: JSON of each call's id with the levels of both sides, in decibels below overload.
pub(super) fn show_levels(text: &str) {
    let Ok(levels) = js_sys::JSON::parse(text) else { return };
    let Ok(meters) = document().query_selector_all("[data-levels]") else { return };
    for meter in (0..meters.length()).filter_map(|i| meters.item(i)) {
        let meter: web_sys::Element = meter.unchecked_into();
        let call = meter.get_attribute("data-levels").unwrap_or_default();
        let sides = js_sys::Reflect::get(&levels, &call.into())
            .ok()
            .filter(wasm_bindgen::JsValue::is_object)
            .map(|sides| js_sys::Array::from(&sides));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 127; as casts saturate")]
        let level = |place| sides.as_ref().and_then(|sides| sides.get(place).as_f64()).map_or(127, |level| level as u8);
        let (caller, callee) = (level(0), level(1));
        let agent_calls = meter.get_attribute("data-agent").as_deref() == Some("0");
        let sides = if agent_calls { [caller, callee] } else { [callee, caller] };
        for (place, level) in (0..).zip(sides) {
            if let Some(bar) = meter.children().item(place) {
                // Fails only where an element takes no attributes.
                let _ = bar.set_attribute("width", &[&width(level).to_string(), "%"].concat());
            }
        }
    }
}

/// How wide a level is drawn, in per cent: speech at 20 to 40 decibels below overload is in the middle, from 60 on is silence.
fn width(level: u8) -> u8 {
    60_u8.saturating_sub(level).saturating_mul(2).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_louder_voice_is_drawn_wider() {
        assert_eq!([127, 60, 40, 20, 0].map(width), [0, 0, 40, 80, 100]);
    }

    #[test]
    fn the_address_says_what_is_shown() {
        let args = ListArgs { q: "Grace".into(), sort: "duration".into(), desc: "1".into(), ..ListArgs::default() };
        let found = filters(&args);
        assert!(found.by_duration && found.descending && found.words == ["grace"] && found.state.is_none());
    }
}
