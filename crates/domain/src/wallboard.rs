//! How do a company's huntgroups and agents do, in figures for a large screen? At this moment, and today.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    calls::{CallState, LiveCall},
    console::{ConsoleAgent, Scene, Sight},
    ids::{AccountId, CallId, Timestamp},
};

/// Calls of today that are over, of one kind: those that came from outside or were for a huntgroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The huntgroup through which they came: its name; empty if none.
    pub huntgroup: String,
    /// The account that was called, or that answered.
    pub agent: Option<AccountId>,
    /// Whether they were answered.
    pub answered: bool,
    /// How many.
    pub calls: u32,
    /// How long the longest of them was talked, in seconds; 0 where nobody answered.
    pub longest: u32,
}

/// What goes on, and what was today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Calls that are talked.
    pub live: u32,
    /// Calls that ring.
    pub ringing: u32,
    /// Of these, those that wait in a huntgroup.
    pub waiting: u32,
    /// Since when the one that waits longest does.
    pub waits_since: Option<Timestamp>,
    /// Since when the one that is talked longest is.
    pub talks_since: Option<Timestamp>,
    /// Calls of today that somebody answered and that are over.
    pub answered: u32,
    /// Calls of today that nobody answered.
    pub missed: u32,
    /// How long the longest of today's that are over was talked, in seconds.
    pub longest: u32,
}

impl Figures {
    fn count(&mut self, call: &LiveCall) {
        if call.state == CallState::Ringing {
            self.ringing += 1;
            if !call.huntgroup.is_empty() {
                self.waiting += 1;
                self.waits_since = earlier(self.waits_since, Some(call.started));
            }
        } else {
            self.live += 1;
            self.talks_since = earlier(self.talks_since, call.answered);
        }
    }

    fn add(&mut self, ended: &Ended) {
        let sum = if ended.answered { &mut self.answered } else { &mut self.missed };
        *sum = sum.saturating_add(ended.calls);
        self.longest = self.longest.max(ended.longest);
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// What the wallboard shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallboard {
    /// All together.
    pub total: Figures,
    /// Each huntgroup by its name.
    pub huntgroups: Vec<(String, Figures)>,
    /// Each agent with what he is in: his calls, those that ring at his phones, and those of today that were his.
    pub agents: Vec<(ConsoleAgent, Figures)>,
}

impl Sight {
    /// The figures of all that is to be seen. `today` is what is over.
    #[must_use]
    pub fn wallboard(self: &Arc<Self>, scene: &Scene, today: &[Ended]) -> Wallboard {
        let console = self.console(scene, false);
        let mut total = Figures::default();
        let mut agents: BTreeMap<AccountId, Figures> = BTreeMap::new();
        let mut groups: BTreeMap<String, Figures> =
            self.huntgroups().map(|name| (name.to_owned(), Figures::default())).collect();
        let seen: HashSet<CallId> = console.calls.iter().map(|row| row.id).collect();
        for call in scene.calls().iter().filter(|call| seen.contains(&call.id)) {
            total.count(call);
            if let Some(group) = groups.get_mut(&call.huntgroup) {
                group.count(call);
            }
            for account in whose(call) {
                agents.entry(account).or_default().count(call);
            }
        }
        for ended in today {
            let of_group = self.sees_huntgroup(&ended.huntgroup);
            if !of_group && !ended.agent.is_some_and(|agent| self.sees(agent)) {
                continue;
            }
            total.add(ended);
            if let Some(group) = groups.get_mut(&ended.huntgroup) {
                group.add(ended);
            }
            if let Some(agent) = ended.agent {
                agents.entry(agent).or_default().add(ended);
            }
        }
        let agents = console.agents.into_iter().map(|agent| {
            let figures = agents.remove(&agent.account).unwrap_or_default();
            (agent, figures)
        });
        Wallboard { total, huntgroups: groups.into_iter().collect(), agents: agents.collect() }
    }
}

/// Whose a call is: of those at whose phones it rings, then of the two who talk.
fn whose(call: &LiveCall) -> Vec<AccountId> {
    if call.state == CallState::Ringing {
        return call.rings.clone();
    }
    [call.caller.account, call.callee.account].into_iter().flatten().collect()
}
