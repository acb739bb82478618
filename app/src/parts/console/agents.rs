//! What do the agents do? A list with a sign, a colour and a word for each.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use leptos::prelude::*;
use tandem_domain::console::{ConsoleAgent, Presence};

use super::board::Board;
use crate::{
    listing::Tone,
    live::lasts,
    ui::{Badge, Card, each},
};

/// The colour of what somebody does.
pub(super) const fn presence_tone(presence: Presence) -> Tone {
    match presence {
        Presence::Away => Tone::Neutral,
        Presence::Free => Tone::Good,
        Presence::Ringing => Tone::Info,
        Presence::OnACall => Tone::Warning,
        Presence::DoNotDisturb => Tone::Bad,
    }
}

/// The agents.
pub(super) fn agents(board: Board) -> AnyView {
    let agents = board.agents;
    let text = "Nobody: no huntgroup has members whose calls you see.";
    view! {
        <Card title="Agents">
            <ul class="console-agents" aria-label="Agents">
                {each(move || agents.get(), as_shown, agent)}
            </ul>
            <p hidden=move || agents.with(|agents| !agents.is_empty())>{text}</p>
        </Card>
    }
    .into_any()
}

/// Changes with everything that is shown of an agent: the row is made anew then.
fn as_shown(agent: &ConsoleAgent) -> u128 {
    let mut hasher = DefaultHasher::new();
    agent.hash(&mut hasher);
    hasher.finish().into()
}

fn agent(one: ConsoleAgent) -> AnyView {
    let ConsoleAgent { agent, presence, since, huntgroups, .. } = one;
    let since = since
        .map(|since| view! { <span class="figures" data-since=since.0.to_string()>{lasts(since)}</span> }.into_any());
    view! {
        <li>
            <span class="console-who">
                <strong>{agent.name}</strong> <small class="figures">{[&agent.number, " · ", &huntgroups.join(", ")].concat()}</small>
            </span>
            <Badge tone=presence_tone(presence) text=presence.label() />
            {since}
        </li>
    }
    .into_any()
}
