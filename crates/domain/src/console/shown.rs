//! What does a console show, and in which order?

use serde::{Deserialize, Serialize};

use super::{Agent, Key};
use crate::{
    calls::{CallState, Direction, Party, Recorded, Stage},
    ids::{AccountId, CallId, Timestamp},
    list::{lowercase, search_words},
    supervision::{Mode, Refused},
};

/// What an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// None of the phones is registered.
    Away,
    /// Can be called.
    Free,
    /// A phone rings.
    Ringing,
    /// Talks.
    OnACall,
    /// Lets no calls through.
    DoNotDisturb,
}

impl Presence {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Away, Self::Free, Self::Ringing, Self::OnACall, Self::DoNotDisturb];

    /// The word in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Away => "Not registered",
            Self::Free => "Free",
            Self::Ringing => "Ringing",
            Self::OnACall => "On a call",
            Self::DoNotDisturb => "Do not disturb",
        }
    }
}

/// What a console shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Console {
    /// The frame of it.
    pub terms: Terms,
    /// The manager's own calls, by which he supervises.
    pub own: Vec<Own>,
    /// For whom his phone has just been rung for nothing: the agent's name; empty: for nobody.
    pub missed: String,
    /// The calls, once for each agent in them.
    pub calls: Vec<ConsoleCall>,
    /// The agents, by name.
    pub agents: Vec<ConsoleAgent>,
}

/// What a console is for, which seldom changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whether who looks may join at all: a manager.
    pub joins: bool,
    /// The company's *Call supervision* is on.
    pub enabled: bool,
    /// One of the manager's own phones is registered: it can be rung.
    pub rings: bool,
    /// One of them is no browser: it can be rung instead.
    pub rings_desk: bool,
    /// The huntgroups, by name.
    pub huntgroups: Vec<String>,
}

/// A call of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleCall {
    /// The call.
    pub id: CallId,
    /// The agent; `None` while it rings and nobody has taken it.
    pub agent: Option<Party>,
    /// Whose phones ring, of the agents that are seen: their names.
    pub rings: Vec<String>,
    /// Who is at the other end.
    pub client: Party,
    /// Whether the agent is in the caller's place.
    pub agent_calls: bool,
    /// The huntgroup through which it came: its name; empty if none.
    pub huntgroup: String,
    /// Where from and where to.
    pub direction: Direction,
    /// How far it has come.
    pub state: CallState,
    /// Since when they talk, or since when it rings.
    pub since: Timestamp,
    /// Whether it is being recorded.
    pub recorded: Recorded,
    /// Who supervises this agent in it.
    pub supervisors: Vec<ConsoleSupervisor>,
    /// Whether it can be joined now.
    pub may: Result<(), Refused>,
}

impl ConsoleCall {
    /// What names the row: the call, and the agent's side of it.
    #[must_use]
    pub fn key(&self) -> (CallId, bool) {
        (self.id, self.agent_calls)
    }

    /// The agent's account.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        self.agent.as_ref()?.account
    }

    /// How the manager who looks is in it.
    #[must_use]
    pub fn mine(&self) -> Option<Mode> {
        self.supervisors.iter().find(|supervisor| supervisor.mine).map(|supervisor| supervisor.mode)
    }
}

/// A manager in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleSupervisor {
    /// Who.
    pub name: String,
    /// How.
    pub mode: Mode,
    /// It is who looks.
    pub mine: bool,
}

/// A call of the manager's own, by which he supervises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// The call.
    pub call: CallId,
    /// Whose conversation it is about.
    pub agent: Option<AccountId>,
    /// The agent's name.
    pub name: String,
    /// With whom the agent talks; empty if with nobody.
    pub client: String,
    /// How, now or as soon as it can be.
    pub mode: Mode,
    /// Whether it stays for the agent's next calls.
    pub follows: bool,
    /// How far it is.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
    /// How loud the agent and the client are heard, in per cent: 100 is as they are.
    pub volumes: [u8; 2],
    /// Whether a moment of the supervised call can be marked: it is being recorded.
    pub recorded: bool,
}

/// An agent at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsoleAgent {
    /// The account.
    pub account: AccountId,
    /// Who.
    pub agent: Agent,
    /// What the agent does.
    pub presence: Presence,
    /// Since when the agent talks.
    pub since: Option<Timestamp>,
    /// The huntgroups in which the reader sees the agent, by name.
    pub huntgroups: Vec<String>,
}

impl ConsoleAgent {
    /// By what agents are in order: their names.
    #[must_use]
    pub fn order(&self) -> (&str, &str, AccountId) {
        (&self.agent.name, &self.agent.number, self.account)
    }
}

/// Which calls of a console are shown, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Only those that came through this huntgroup; empty: all.
    pub huntgroup: String,
    /// Only those in this state.
    pub state: Option<CallState>,
    /// Only those in which every one of these words begins a word ([`search_words`]).
    pub words: Vec<String>,
    /// By how long they last; else by the agents' names.
    pub by_duration: bool,
    /// The other way round: Z first, or the newest first.
    pub descending: bool,
}

impl Filters {
    /// Whether a call is shown.
    #[must_use]
    pub fn show(&self, call: &ConsoleCall) -> bool {
        (self.huntgroup.is_empty() || self.huntgroup == call.huntgroup)
            && self.state.is_none_or(|state| state == call.state)
            && (self.words.is_empty() || self.is_found(call))
    }

    fn is_found(&self, call: &ConsoleCall) -> bool {
        let agent = call.agent.as_ref();
        let parties = agent.into_iter().chain([&call.client]).flat_map(|party| [party.name.as_str(), &party.number]);
        let texts: Vec<&str> =
            parties.chain([call.huntgroup.as_str()]).chain(call.rings.iter().map(String::as_str)).collect();
        let known = search_words(&texts.join(" "));
        self.words.iter().all(|word| known.iter().any(|known| known.starts_with(word.as_str())))
    }

    /// The rows of the calls that are shown, in their order.
    #[must_use]
    pub fn of<'a>(&self, calls: impl Iterator<Item = &'a ConsoleCall>) -> Vec<Key> {
        let key = |call: &ConsoleCall| {
            let agent = call.agent.as_ref().filter(|_| !self.by_duration);
            (agent.map(|agent| lowercase(&agent.name)), call.since, call.key())
        };
        // Made once for each, and one sort for both orders: each costs the browser's WebAssembly kilobytes.
        let mut shown: Vec<_> = calls.filter(|call| self.show(call)).map(key).collect();
        shown.sort_unstable();
        if self.descending {
            shown.reverse();
        }
        shown.into_iter().map(|(_, _, key)| key).collect()
    }
}
