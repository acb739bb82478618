//! How do the wallboard's figures look? Large, for a screen on the wall.

use leptos::prelude::*;
use tandem_domain::{
    console::ConsoleAgent,
    ids::Timestamp,
    wallboard::{Figures, Wallboard},
};

use super::agents::presence_tone;
use crate::{
    live::{duration, lasts},
    ui::{Badge, Card, CollectAny as _, EmptyState},
};

/// All of it.
pub(crate) fn wall(board: Wallboard) -> AnyView {
    let Wallboard { total, huntgroups, agents } = board;
    let groups = huntgroups.into_iter().map(|(name, figures)| group(name, &figures)).collect_any();
    let none = agents.is_empty();
    let agents = agents.into_iter().map(agent).collect_any();
    view! {
        <div class="stack">
            <div class="wall-figures">
                {figure("Live", total.live.to_string(), "")}
                {figure("Ringing", total.ringing.to_string(), "")}
                {figure("Waiting", total.waiting.to_string(), if total.waiting > 0 { "wall-warning" } else { "" })}
                {since("Longest wait", total.waits_since)}
                {since("Longest call now", total.talks_since)}
                {figure("Answered today", total.answered.to_string(), "")}
                {figure("Missed today", total.missed.to_string(), if total.missed > 0 { "wall-bad" } else { "" })}
                {figure("Longest today", duration(total.longest.into()), "")}
            </div>
            <div class="wall-groups">{groups}</div>
            <Card title="Agents">
                <ul class="wall-agents" aria-label="Agents">{agents}</ul>
                {none.then(|| view! {
                    <EmptyState title="No agents yet" text="Who is in a huntgroup appears here." />
                }.into_any())}
            </Card>
        </div>
    }
    .into_any()
}

fn figure(label: &'static str, value: String, class: &'static str) -> AnyView {
    view! { <div class=["wall-figure ", class].concat()><strong>{value}</strong> <span>{label}</span></div> }.into_any()
}

/// How long something has lasted, which goes on.
fn since(label: &'static str, since: Option<Timestamp>) -> AnyView {
    let value = match since {
        Some(since) => view! { <strong data-since=since.0.to_string()>{lasts(since)}</strong> }.into_any(),
        None => view! { <strong aria-label="none">"–"</strong> }.into_any(),
    };
    view! { <div class="wall-figure">{value} <span>{label}</span></div> }.into_any()
}

fn group(name: String, figures: &Figures) -> AnyView {
    let Figures { live, ringing, waiting, answered, missed, waits_since, talks_since, longest } = *figures;
    let part = |label: &'static str, value: u32| figure(label, value.to_string(), "");
    view! {
        <Card title=name>
            <div class="wall-figures wall-small">
                {part("Live", live)} {part("Ringing", ringing)} {part("Waiting", waiting)}
                {since("Longest wait", waits_since)} {since("Longest call now", talks_since)}
                {part("Answered today", answered)} {part("Missed today", missed)}
                {figure("Longest today", duration(longest.into()), "")}
            </div>
        </Card>
    }
    .into_any()
}

fn agent((one, figures): (ConsoleAgent, Figures)) -> AnyView {
    let ConsoleAgent { agent, presence, since, .. } = one;
    let Figures { ringing, answered, missed, longest, .. } = figures;
    let since = since
        .map(|since| view! { <span class="figures" data-since=since.0.to_string()>{lasts(since)}</span> }.into_any());
    let number = |number: u32| number.to_string();
    // What rings while the agent talks is not said by the badge.
    let rings = if ringing > 0 { [&number(ringing), " ringing · "].concat() } else { String::new() };
    let longest = if longest > 0 { [" · longest ", &duration(longest.into())].concat() } else { String::new() };
    let today = [&*rings, &number(answered), " answered · ", &number(missed), " missed", &longest].concat();
    view! {
        <li>
            <strong>{agent.name}</strong>
            <span class="row"><Badge tone=presence_tone(presence) text=presence.label() /> {since}</span>
            <small class="figures">{today}</small>
        </li>
    }
    .into_any()
}
