//! How are the calls shown? A row for each agent in a call: who, since when, how loud, who else is in it, and how to join.

use leptos::{prelude::*, server_fn::ServerFn};
use tandem_domain::{
    calls::{CallState, Recorded},
    console::{ConsoleCall, ConsoleSupervisor, Filters, Key, shown},
    list::search_words,
    supervision::Mode,
};
use wasm_bindgen::JsCast;

use super::{
    ConsoleJoin, ConsoleSwitch,
    board::{Board, Row},
    sight::{away, points},
};
use crate::{
    listing::{ListArgs, Tone},
    live::lasts,
    ui::{
        Badge, CollectAny as _, EmptyState, Filter, ModeBadge, Sign, Timer, each, icon, link_to, mode_class, mode_sign,
        search_bar,
    },
};

/// The calls with their search.
pub(super) fn calls(board: Board, args: Memo<ListArgs>) -> AnyView {
    let filters = Memo::new(move |_| filters(&args.read()));
    let keys = Memo::new(move |before| board.shown(&filters.read(), before));
    let empty = move || keys.with(Vec::is_empty).then(|| nothing(board));
    let stays = Timer::new();
    view! {
        <div class="list">
            <div class="list-bar">{search(board, args)} {order(args)}</div>
            <div class="list-rows">
                <ul
                    class="console-calls"
                    aria-label="Calls"
                    on:pointermove=move |_| points(board, stays)
                    on:pointerdown=move |_| points(board, stays)
                    on:focusin=move |_| points(board, stays)
                    on:keydown=move |_| points(board, stays)
                    on:pointerleave=move |_| away(board)
                >
                    {each(move || keys.get(), row_key, move |key| board.row(key).map(|shown| row(board, key, shown)).into_any())}
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
    let groups = board.terms.with_untracked(|terms| terms.huntgroups.clone());
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
    if board.is_empty() {
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

/// A part of a row: cells change when theirs does.
fn part<T>(row: &Row, read: impl Fn(&ConsoleCall, bool) -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    let row = row.clone();
    Memo::new(move |_| row.with(|(call, over)| read(call, *over)))
}

/// The call's number; for the agent's other side with the bit changed that is set in every UUID (RFC 9562, section 4.1).
fn row_key((call, side): &Key) -> u128 {
    call.0.as_u128() ^ (u128::from(*side) << 63)
}

fn row(board: Board, key: Key, shown: Row) -> AnyView {
    let chosen = move || (board.chosen.get() == Some(key)).then_some("true");
    let over = part(&shown, |_, over| over);
    let class = move || if over.get() { "console-call console-over" } else { "console-call" };
    view! {
        <li
            id=row_id(key)
            class=class
            tabindex="-1"
            aria-current=chosen
            on:focusin=move |_| board.chosen.set(Some(key))
        >
            {cells(board, key, &shown)}
        </li>
    }
    .into_any()
}

/// Who is on the agent's side: a name, and a note.
fn agent_words(call: &ConsoleCall) -> (String, String) {
    match &call.agent {
        Some(agent) => (shown(agent), agent.number.clone()),
        None if call.rings.is_empty() => ("Nobody yet".to_owned(), String::new()),
        None => (call.rings.join(", "), "rings".to_owned()),
    }
}

/// Who is on the other side.
fn client_words(call: &ConsoleCall) -> (String, String) {
    let note = if call.client.name.is_empty() { String::new() } else { call.client.number.clone() };
    (shown(&call.client), note)
}

fn way(call: &ConsoleCall) -> String {
    match call.huntgroup.as_str() {
        "" => call.direction.label().to_owned(),
        group => [call.direction.label(), " via ", group].concat(),
    }
}

fn cells(board: Board, (id, agent_calls): Key, row: &Row) -> AnyView {
    let agent = part(row, |call, _| agent_words(call));
    let client = part(row, |call, _| client_words(call));
    let way = part(row, |call, _| way(call));
    let since = part(row, |call, _| call.since);
    let talks = part(row, |call, over| call.state != CallState::Ringing && !over);
    let state = part(row, |call, over| State {
        over,
        state: call.state,
        recorded: call.recorded,
        supervisors: call.supervisors.clone(),
    });
    // Given as a value: what never changes is made by another way in the browser, which puts it into a group.
    let silent = "0";
    let side = if agent_calls { "0" } else { "1" };
    let meter = move || {
        talks.get().then(|| {
            view! {
                <svg data-levels=id.to_string() data-agent=side aria-hidden="true">
                    <rect height="40%" width=silent />
                    <rect y="60%" height="40%" width=silent />
                </svg>
            }
            .into_any()
        })
    };
    let joins = board.terms.with_untracked(|terms| terms.joins);
    let time = move || {
        let since = since.get();
        view! { <span data-since=since.0.to_string()>{lasts(since)}</span> }
    };
    view! {
        <div class="console-who">
            <strong>{move || agent.get().0}</strong> <small class="figures">{move || agent.get().1}</small>
        </div>
        <div class="console-levels">{meter}</div>
        <div class="console-who">
            <span>{move || client.get().0}</span> <small class="figures">{move || client.get().1}</small>
        </div>
        <div class="console-state">{move || states(&state.get())} <small>{move || way.get()}</small></div>
        <div class="console-time figures">{time}</div>
        {joins.then(|| buttons(board, row))}
    }
    .into_any()
}

/// How far a call is, and who else is in it.
#[derive(Clone, PartialEq)]
struct State {
    over: bool,
    state: CallState,
    recorded: Recorded,
    supervisors: Vec<ConsoleSupervisor>,
}

fn states(call: &State) -> AnyView {
    if call.over {
        return view! { <span class="badges"><Badge tone=Tone::Neutral text="Ended" /></span> }.into_any();
    }
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
            view! { <span class="console-supervisor">{name.to_owned()} <ModeBadge mode=one.mode /></span> }.into_any()
        })
        .collect_any();
    view! {
        <span class="badges">
            <Badge tone=tone text=call.state.label() />
            {recorded.map(|(tone, text)| view! { <Badge tone=tone text=text /> }.into_any())}
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
pub(super) fn modes(mine: Memo<Option<Mode>>, why: Memo<Option<&'static str>>, whom: Memo<String>) -> AnyView {
    Mode::ALL
        .map(|mode| {
            let pressed = move || mine.get().map(|mine| if mine == mode { "true" } else { "false" });
            view! {
                <button
                    type="submit"
                    name="mode"
                    value=mode.key()
                    class=["button ", mode_class(mode)].concat()
                    aria-pressed=pressed
                    disabled=move || why.get().is_some()
                    title=move || why.get().unwrap_or(mode.help())
                >
                    {icon(mode_sign(mode))}
                    <span>{mode.label()}</span>
                    <span class="hidden-text">{move || [" on ", &whom.get()].concat()}</span>
                    <kbd class="needs-wasm single-key" aria-hidden="true">{key_of(mode)}</kbd>
                </button>
            }
            .into_any()
        })
        .collect_any()
}

/// Why a call cannot be joined.
fn why_not(call: &ConsoleCall, over: bool) -> Option<&'static str> {
    match call.may {
        _ if over => Some("This call has ended."),
        Ok(()) => None,
        Err(_) if call.state == CallState::Ringing => Some("Nobody has answered yet."),
        Err(refused) => Some(refused.words()),
    }
}

fn buttons(board: Board, row: &Row) -> AnyView {
    let own = {
        let row = row.clone();
        Memo::new(move |_| row.with(|(call, over)| if *over { None } else { board.own_in(call) }))
    };
    let why = {
        let row = row.clone();
        Memo::new(move |_| row.with(|(call, over)| why_not(call, *over)).filter(|_| own.get().is_none()))
    };
    let mine = part(row, |call, _| call.mine());
    let whom = part(row, |call, _| agent_words(call).0);
    let call = part(row, |call, _| call.id);
    let account = part(row, |call, _| call.account());
    let action = move || if own.get().is_some() { ConsoleSwitch::PATH } else { ConsoleJoin::PATH };
    let target = move || own.get().unwrap_or(call.get()).to_string();
    let agent = move || account.get().filter(|_| own.get().is_none()).map(|account| account.to_string());
    view! {
        <form method="post" action=action class="console-modes">
            <input type="hidden" name="call" value=target />
            <input type="hidden" name="agent" value=move || agent().unwrap_or_default() disabled=move || own.get().is_some() />
            {modes(mine, why, whom)}
            <small class="console-why">{move || why.get().unwrap_or_default()}</small>
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
            let Some(bar) = meter.children().item(place) else { continue };
            let width = [&width(level).to_string(), "%"].concat();
            // The same again would be drawn again.
            if bar.get_attribute("width").as_ref() != Some(&width) {
                // Fails only where an element takes no attributes.
                let _ = bar.set_attribute("width", &width);
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
