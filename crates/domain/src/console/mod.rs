//! What does a manager see of the calls that he may supervise, and a company's administrator of all of its calls?
//!
//! [`Sight`] is what the records say: whose calls, through which huntgroups. [`Sight::console`] is that laid over what goes
//! on at this moment, the [`Scene`]; a [`View`] tells what of it has changed since the last look. A call that a manager may
//! not supervise is not in it at all; one that he may not join *now* is, with the reason. What he then asks for is decided
//! anew by the exchange ([`crate::supervision::may_join`]).

mod scene;
mod shown;
mod view;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

pub use self::{
    scene::{Phones, Scene},
    shown::{Console, ConsoleAgent, ConsoleCall, ConsoleSupervisor, Filters, Own, Presence, Terms},
    view::{ConsoleChange, Key, View},
};
use crate::{
    access::{Field, Principal, Who},
    calls::{CallState, LiveCall, Party, Recorded, Stage},
    huntgroup::{Huntgroup, protected, supervisable},
    ids::{AccountId, CallId},
    supervision::Refused,
};

/// The longest ticket, in characters.
const TICKET_MAX: usize = 32;
/// The longest note or mark, in characters.
pub const NOTE_MAX: usize = 200;
/// The loudest that a manager may hear one side of a call, in per cent of what it is.
pub const VOLUME_MAX: u8 = 200;
/// The most calls and agents that a console shows.
pub const CONSOLE_MAX: usize = 1000;
/// In how many calls at most one page is told how loud people speak.
pub const LEVELS_MAX: usize = 100;

/// Whether somebody has the console: a manager of a huntgroup, or a company's administrator, if the role shows it.
#[must_use]
pub fn has_console(me: &Principal) -> bool {
    me.sees(Field::SupervisorConsole)
        && match me.who {
            Who::Account { .. } => me.manages,
            Who::Customer(_) => true,
            // The provider's staff are of no company.
            Who::Administrator(_) => false,
        }
}

/// A ticket by which a browser knows the call again that it asked for: 1 to 32 letters and digits of ASCII.
#[must_use]
pub fn is_ticket(text: &str) -> bool {
    (1..=TICKET_MAX).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_alphanumeric())
}

/// An agent, as the records know him.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Agent {
    /// Name.
    pub name: String,
    /// Extension.
    pub number: String,
}

/// Whose calls somebody sees, and what of them may be joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// Who may join; `None` is a company's administrator, who only looks.
    manager: Option<AccountId>,
    /// The company's *Call supervision*.
    enabled: bool,
    /// The agents, with the names of their huntgroups.
    agents: BTreeMap<AccountId, (Agent, Vec<String>)>,
    /// Names and numbers of the huntgroups whose ringing calls are shown.
    groups: BTreeSet<(String, String)>,
    /// Who may be heard by no manager, with whomever they talk.
    protected: BTreeSet<AccountId>,
}

impl Sight {
    /// What a manager sees: the agents whose calls he may supervise, and what rings in the huntgroups that he manages.
    /// `enabled` is the company's *Call supervision*, `groups` are all of its huntgroups; `agent` knows the people in them.
    #[must_use]
    pub fn of_manager(
        manager: AccountId,
        enabled: bool,
        groups: &[Huntgroup],
        agent: impl Fn(AccountId) -> Option<Agent>,
    ) -> Self {
        let (allowed, protected) = (supervisable(groups, manager), protected(groups));
        let manages = |group: &&Huntgroup| {
            group.members.iter().any(|member| member.account == manager && member.supervision_allowed)
        };
        let managed: Vec<&Huntgroup> = groups.iter().filter(manages).collect();
        let (agents, groups) = people(&managed, |account| allowed.contains(&account), agent);
        Self { manager: Some(manager), enabled, agents, groups, protected }
    }

    /// What a company's administrator sees: everybody who is in a huntgroup, and all calls.
    #[must_use]
    pub fn of_company(enabled: bool, groups: &[Huntgroup], agent: impl Fn(AccountId) -> Option<Agent>) -> Self {
        let (agents, groups) = people(&groups.iter().collect::<Vec<_>>(), |_| true, agent);
        // Who only looks hears nobody.
        Self { manager: None, enabled, agents, groups, protected: BTreeSet::new() }
    }

    /// Whether calls of this account are seen.
    #[must_use]
    pub fn sees(&self, account: AccountId) -> bool {
        self.manager.is_none() || self.agents.contains_key(&account)
    }

    /// Whether a call came through a huntgroup that is seen.
    #[must_use]
    pub fn sees_huntgroup(&self, name: &str) -> bool {
        self.groups.iter().any(|(known, _)| known == name)
    }

    /// The names of the huntgroups, in their order.
    pub fn huntgroups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(name, _)| name.as_str())
    }

    /// What is to be seen at this moment: at most [`CONSOLE_MAX`] rows and as many agents. `names`: whether the reader may know
    /// the names of colleagues who are none of the agents.
    #[must_use]
    pub fn console(self: &Arc<Self>, scene: &Scene, names: bool) -> Console {
        View::default().look(self, scene, names).map(Console::from).unwrap_or_default()
    }

    /// The frame of a console.
    fn terms(&self, scene: &Scene) -> Terms {
        Terms {
            joins: self.manager.is_some(),
            enabled: self.enabled,
            rings: self.manager.is_some_and(|manager| scene.can_ring(manager)),
            rings_desk: self.manager.is_some_and(|manager| scene.can_ring_desk(manager)),
            huntgroups: self.huntgroups().map(str::to_owned).collect(),
        }
    }

    /// The agents, by name.
    fn agents_in(&self, scene: &Scene) -> Vec<ConsoleAgent> {
        let agents = self.agents.iter().map(|(account, (agent, huntgroups))| {
            let (presence, since) = scene.presence(*account);
            ConsoleAgent { account: *account, agent: agent.clone(), presence, since, huntgroups: huntgroups.clone() }
        });
        let mut agents: Vec<_> = agents.collect();
        agents.sort_by(|one, other| one.order().cmp(&other.order()));
        agents.truncate(CONSOLE_MAX);
        agents
    }

    /// A call, once for each agent in it; none if nobody of it is to be seen.
    fn rows(&self, call: &LiveCall, names: bool) -> Vec<ConsoleCall> {
        let seen = |party: &Party| party.account.is_some_and(|account| self.sees(account));
        let is_protected = |party: &Party| party.account.is_some_and(|account| self.protected.contains(&account));
        let mut rows = Vec::new();
        let sides = match self.manager {
            Some(_) => vec![(&call.caller, &call.callee, true), (&call.callee, &call.caller, false)],
            // Who only looks sees a call once: from the side of who was called, if that is one of the company's.
            None if call.callee.account.is_some() => vec![(&call.callee, &call.caller, false)],
            None => vec![(&call.caller, &call.callee, true)],
        };
        for (agent, client, calls) in sides {
            if seen(agent) && !is_protected(client) {
                rows.push(self.row(call, Some(agent), client, calls, names));
            }
        }
        if rows.is_empty() && call.state == CallState::Ringing {
            let rings = call.rings.iter().any(|account| self.manager.is_some() && self.agents.contains_key(account));
            let group = (call.huntgroup.clone(), call.callee.number.clone());
            if self.manager.is_none() || rings || self.groups.contains(&group) {
                rows.push(self.row(call, None, &call.caller, false, names));
            }
        }
        rows
    }

    fn row(
        &self,
        call: &LiveCall,
        agent: Option<&Party>,
        client: &Party,
        agent_calls: bool,
        names: bool,
    ) -> ConsoleCall {
        let account = agent.and_then(|agent| agent.account);
        let of_agent = |supervisor: &&crate::calls::LiveSupervisor| supervisor.agent == account;
        // Who looks on sees all who are in it.
        let here = call.supervisors.iter().filter(|one| self.manager.is_none() || of_agent(one));
        let supervisors: Vec<_> = here
            .map(|one| ConsoleSupervisor {
                name: shown(&self.told_of(&one.manager, names)),
                mode: one.mode,
                mine: one.manager.account.is_some() && one.manager.account == self.manager,
            })
            .collect();
        let rings = call.rings.iter().filter_map(|account| self.agents.get(account));
        ConsoleCall {
            id: call.id,
            agent: agent.map(|agent| self.told_of(agent, names)),
            rings: rings.map(|(agent, _)| agent.name.clone()).collect(),
            client: self.told_of(client, names),
            agent_calls,
            huntgroup: call.huntgroup.clone(),
            direction: call.direction,
            state: call.state,
            since: call.answered.unwrap_or(call.started),
            recorded: call.recorded,
            supervisors,
            may: self.may(call, account, client),
        }
    }

    /// Whether the manager may join now.
    fn may(&self, call: &LiveCall, agent: Option<AccountId>, client: &Party) -> Result<(), Refused> {
        let Some(manager) = self.manager else { return Err(Refused::NotAllowed) };
        if !self.enabled {
            Err(Refused::NotEnabled)
        } else if client.account == Some(manager) {
            Err(Refused::Yourself)
        } else if agent.is_none() || call.state == CallState::Ringing {
            Err(Refused::NoCall)
        } else {
            Ok(())
        }
    }

    /// A party as the reader may know it: a colleague's name belongs to the colleague's record.
    fn told_of(&self, party: &Party, names: bool) -> Party {
        let is_known = |account: AccountId| self.manager == Some(account) || self.agents.contains_key(&account);
        let name = if names || party.account.is_none_or(is_known) { party.name.clone() } else { String::new() };
        Party { name, ..party.clone() }
    }

    /// The manager's own calls, by which he supervises. `row` finds the row of a call and an agent.
    fn own<'a>(&self, scene: &Scene, row: impl Fn(CallId, Option<AccountId>) -> Option<&'a ConsoleCall>) -> Vec<Own> {
        let Some(manager) = self.manager else { return Vec::new() };
        let mine = scene.calls().iter().filter(|call| call.caller.account == Some(manager));
        mine.filter_map(|call| {
            let supervises = call.supervises?;
            let stage = supervises.stage;
            let row = match stage {
                Stage::In(there) => row(there, supervises.agent),
                Stage::Rings | Stage::Waits => None,
            };
            Some(Own {
                call: call.id,
                agent: supervises.agent,
                name: self.agent_of(call),
                client: row.map(|row| shown(&row.client)).unwrap_or_default(),
                mode: supervises.mode,
                follows: supervises.follows,
                stage,
                volumes: supervises.volumes,
                since: call.answered.unwrap_or(call.started),
                recorded: row.is_some_and(|row| row.recorded == Recorded::Yes),
            })
        })
        .collect()
    }

    /// For whom the manager's phone has just been rung for nothing: the agent's name; empty: for nobody.
    fn missed(&self, scene: &Scene) -> String {
        self.manager.and_then(|manager| scene.missed(manager)).map(|call| self.agent_of(call)).unwrap_or_default()
    }

    /// Whom a manager's own call is about.
    fn agent_of(&self, own: &LiveCall) -> String {
        let agent = own.supervises.and_then(|supervises| self.agents.get(&supervises.agent?));
        agent.map_or_else(|| shown(&own.callee), |(agent, _)| agent.name.clone())
    }
}

type Agents = BTreeMap<AccountId, (Agent, Vec<String>)>;

/// The members of huntgroups who are seen, and the huntgroups' names and numbers.
fn people(
    groups: &[&Huntgroup],
    sees: impl Fn(AccountId) -> bool,
    agent: impl Fn(AccountId) -> Option<Agent>,
) -> (Agents, BTreeSet<(String, String)>) {
    let mut agents = Agents::new();
    for group in groups {
        for member in group.members.iter().filter(|member| sees(member.account)) {
            if let Some(known) = agent(member.account) {
                let (_, huntgroups) = agents.entry(member.account).or_insert_with(|| (known, Vec::new()));
                huntgroups.push(group.name.clone());
            }
        }
    }
    (agents, groups.iter().map(|group| (group.name.clone(), group.number.to_string())).collect())
}

/// A party in a word: the name, else the number.
#[must_use]
pub fn shown(party: &Party) -> String {
    match (party.name.as_str(), party.number.as_str()) {
        ("", "") => "Unknown".to_owned(),
        ("", number) => number.to_owned(),
        (name, _) => name.to_owned(),
    }
}
