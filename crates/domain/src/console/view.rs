//! What was somebody shown last, and what has changed since? A console is told of changes, not of everything again.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{CONSOLE_MAX, Console, ConsoleAgent, ConsoleCall, Own, Scene, Sight, Terms};
use crate::{
    calls::LiveCall,
    ids::{AccountId, CallId},
};

/// What names a row: the call, and the agent's side of it.
pub type Key = (CallId, bool);

/// What has changed in a console. What is not named is as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleChange {
    /// Nothing of what was told before counts any more: this is all there is.
    pub whole: bool,
    /// The frame of it.
    pub terms: Option<Terms>,
    /// All of the manager's own calls.
    pub own: Option<Vec<Own>>,
    /// For whom his phone has just been rung for nothing; empty: for nobody.
    pub missed: Option<String>,
    /// Rows that are new, or other than they were.
    pub calls: Vec<ConsoleCall>,
    /// Rows that are not there any more.
    pub gone: Vec<Key>,
    /// Agents who are new, or do something else.
    pub agents: Vec<ConsoleAgent>,
    /// Agents who are not there any more.
    pub agents_gone: Vec<AccountId>,
}

/// What one who looks was shown last.
#[derive(Debug, Default)]
pub struct View {
    /// Whose sight it was; `None` before the first look.
    by: Option<(Arc<Sight>, bool)>,
    terms: Terms,
    own: Vec<Own>,
    missed: String,
    calls: HashMap<CallId, Seen>,
    agents: HashMap<AccountId, ConsoleAgent>,
    /// Counts the looks.
    looks: u64,
}

/// A call as it was shown.
#[derive(Debug)]
struct Seen {
    call: Arc<LiveCall>,
    rows: Vec<ConsoleCall>,
    /// The last look that found it.
    look: u64,
}

impl View {
    /// Looks again, and tells what has changed; the first time it is everything. `names`: as in [`Sight::console`]. A call that
    /// is the same value as before costs no more than a comparison of two addresses.
    pub fn look(&mut self, sight: &Arc<Sight>, scene: &Scene, names: bool) -> Option<ConsoleChange> {
        let same = self.by.as_ref().is_some_and(|(by, named)| Arc::ptr_eq(by, sight) && *named == names);
        let whole = self.by.is_none();
        if !same {
            self.by = Some((sight.clone(), names));
        }
        let mut change = ConsoleChange { whole, ..ConsoleChange::default() };
        self.look_at_calls(sight, scene, (names, same), &mut change);
        self.look_at_agents(sight, scene, &mut change);
        let terms = sight.terms(scene);
        if whole || terms != self.terms {
            self.terms = terms.clone();
            change.terms = Some(terms);
        }
        let row = |call, agent| self.rows_of(call).iter().find(|row| row.account() == agent);
        let own = sight.own(scene, row);
        if whole || own != self.own {
            self.own.clone_from(&own);
            change.own = Some(own);
        }
        let missed = sight.missed(scene);
        if whole || missed != self.missed {
            self.missed.clone_from(&missed);
            change.missed = Some(missed);
        }
        (change != ConsoleChange::default()).then_some(change)
    }

    /// The rows of a call, as they were shown last.
    #[must_use]
    pub fn rows_of(&self, call: CallId) -> &[ConsoleCall] {
        self.calls.get(&call).map(|seen| seen.rows.as_slice()).unwrap_or_default()
    }

    fn look_at_calls(&mut self, sight: &Sight, scene: &Scene, (names, same): (bool, bool), change: &mut ConsoleChange) {
        self.looks += 1;
        let look = self.looks;
        let mut shown = 0;
        for call in scene.calls().iter().filter(|call| call.supervises.is_none()) {
            let before = self.calls.get_mut(&call.id);
            if let Some(before) = before.filter(|before| same && Arc::ptr_eq(&before.call, call)) {
                shown += before.rows.len();
                if shown > CONSOLE_MAX {
                    break;
                }
                before.look = look;
                continue;
            }
            let rows = sight.rows(call, names);
            shown += rows.len();
            if shown > CONSOLE_MAX {
                break;
            }
            let seen = Seen { call: call.clone(), rows, look };
            let before = self.rows_of(call.id);
            change.calls.extend(seen.rows.iter().filter(|row| !before.contains(row)).cloned());
            let kept = |key: Key| seen.rows.iter().any(|row| row.key() == key);
            change.gone.extend(before.iter().map(ConsoleCall::key).filter(|key| !kept(*key)));
            self.calls.insert(call.id, seen);
        }
        self.calls.retain(|_, seen| {
            if seen.look != look {
                change.gone.extend(seen.rows.iter().map(ConsoleCall::key));
            }
            seen.look == look
        });
    }

    fn look_at_agents(&mut self, sight: &Sight, scene: &Scene, change: &mut ConsoleChange) {
        let agents = sight.agents_in(scene);
        for agent in &agents {
            if self.agents.get(&agent.account) != Some(agent) {
                change.agents.push(agent.clone());
                self.agents.insert(agent.account, agent.clone());
            }
        }
        if self.agents.len() > agents.len() {
            let still: std::collections::HashSet<AccountId> = agents.iter().map(|agent| agent.account).collect();
            self.agents.retain(|account, _| {
                if !still.contains(account) {
                    change.agents_gone.push(*account);
                }
                still.contains(account)
            });
        }
    }
}

impl From<ConsoleChange> for Console {
    /// The whole of a console, of its first change.
    fn from(change: ConsoleChange) -> Self {
        let ConsoleChange { terms, own, missed, calls, agents, .. } = change;
        let (terms, own, missed) = (terms.unwrap_or_default(), own.unwrap_or_default(), missed.unwrap_or_default());
        Self { terms, own, missed, calls, agents }
    }
}
