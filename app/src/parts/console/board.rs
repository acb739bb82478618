//! What does the page know at this moment? What the server told, kept in step by what it tells as it happens.
//!
//! Each row has a value of its own, so that a change touches the cells that it is about and nothing else.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use tandem_domain::{
    calls::Stage,
    console::{Console, ConsoleAgent, ConsoleCall, ConsoleChange, Filters, Key, Own, Terms},
    ids::CallId,
};

use super::{ConsoleLooks, ConsoleRead, calls::show_levels, sight::calls_in_sight};
use crate::{
    error::AppError,
    live::{ConsoleNews, Ears, follow_console},
    reading::from_json,
    ui::{effect, submit},
};

/// A row: its call, and whether that is over and only stands there until nobody points at it any more.
pub(super) type Row = ArcRwSignal<(ConsoleCall, bool)>;

/// The console, as its parts see it.
#[derive(Clone, Copy)]
pub struct Board {
    rows: StoredValue<HashMap<Key, Row>>,
    /// Changes whenever rows come, go, or change.
    changes: RwSignal<u32>,
    pub(super) terms: RwSignal<Terms>,
    pub(super) own: RwSignal<Vec<Own>>,
    /// For whom the manager's phone has just been rung for nothing; empty: for nobody.
    pub(super) missed: RwSignal<String>,
    pub(super) agents: RwSignal<Vec<ConsoleAgent>>,
    /// Whether what is shown is so: the server is reached.
    pub(super) reached: RwSignal<bool>,
    /// The session has ended, or the console is not this person's any more: why.
    pub(super) shut: RwSignal<Option<AppError>>,
    /// The row that keys are for.
    pub(super) chosen: RwSignal<Option<Key>>,
    /// Joining rings the phone on the desk, not this browser.
    pub(super) on_desk: RwSignal<bool>,
    /// Somebody points at the rows: they stay where they are.
    pub(super) held: RwSignal<bool>,
    /// What names the stream, and the calls of which it was told that they are in sight.
    looks: StoredValue<(u64, String)>,
    /// Whether the server is being asked.
    asks: StoredValue<bool>,
}

impl Board {
    /// A console that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rows: StoredValue::new(HashMap::new()),
            changes: RwSignal::new(0),
            terms: RwSignal::new(Terms::default()),
            own: RwSignal::new(Vec::new()),
            missed: RwSignal::new(String::new()),
            agents: RwSignal::new(Vec::new()),
            reached: RwSignal::new(true),
            shut: RwSignal::new(None),
            chosen: RwSignal::new(None),
            on_desk: RwSignal::new(false),
            held: RwSignal::new(false),
            looks: StoredValue::new((0, String::new())),
            asks: StoredValue::new(false),
        }
    }

    /// Shows what the server told, as a whole.
    pub fn take(self, console: Console) {
        let Console { terms, own, missed, calls, agents } = console;
        let (terms, own, missed) = (Some(terms), Some(own), Some(missed));
        self.apply(ConsoleChange { whole: true, terms, own, missed, calls, agents, ..Default::default() });
    }

    /// Shows what has changed.
    fn apply(self, change: ConsoleChange) {
        let ConsoleChange { whole, terms, own, missed, calls, mut gone, agents, agents_gone } = change;
        set(self.terms, terms);
        set(self.own, own);
        set(self.missed, missed);
        self.apply_agents(whole, agents, &agents_gone);
        if whole {
            let still: HashSet<Key> = calls.iter().map(ConsoleCall::key).collect();
            gone = self.rows.with_value(|rows| rows.keys().filter(|key| !still.contains(key)).copied().collect());
        }
        if calls.is_empty() && gone.is_empty() {
            return;
        }
        let held = self.held.get_untracked();
        self.rows.update_value(|rows| {
            for call in calls {
                match rows.get(&call.key()) {
                    Some(row) => {
                        if row.with_untracked(|(known, over)| *over || *known != call) {
                            row.set((call, false));
                        }
                    }
                    None => {
                        rows.insert(call.key(), ArcRwSignal::new((call, false)));
                    }
                }
            }
            for key in gone {
                match rows.get(&key) {
                    Some(row) if held => row.update(|(_, over)| *over = true),
                    Some(_) | None => {
                        rows.remove(&key);
                    }
                }
            }
        });
        self.changes.update(|changes| *changes += 1);
    }

    fn apply_agents(self, whole: bool, agents: Vec<ConsoleAgent>, gone: &[tandem_domain::ids::AccountId]) {
        if agents.is_empty() && gone.is_empty() && !whole {
            return;
        }
        let mut all = if whole { Vec::new() } else { self.agents.get_untracked() };
        all.retain(|one| !gone.contains(&one.account) && !agents.iter().any(|new| new.account == one.account));
        all.extend(agents);
        all.sort_by(|one, other| one.order().cmp(&other.order()));
        set(self.agents, Some(all));
    }

    /// Nobody points at the rows any more: those that are over go.
    pub(super) fn release(self) {
        if !self.held.get_untracked() {
            return;
        }
        self.rows.update_value(|rows| rows.retain(|_, row| !row.with_untracked(|(_, over)| *over)));
        self.held.set(false);
        self.changes.update(|changes| *changes += 1);
    }

    /// A row.
    pub(super) fn row(self, key: Key) -> Option<Row> {
        self.rows.with_value(|rows| rows.get(&key).cloned())
    }

    /// The rows that are shown, in their order. While they are held those that are there stay where they are, and new ones come
    /// last.
    pub(super) fn shown(self, filters: &Filters, before: Option<&Vec<Key>>) -> Vec<Key> {
        self.changes.track();
        let held = self.held.get();
        self.rows.with_value(|rows| {
            let rows: Vec<_> = rows.values().map(|row| row.read_untracked()).collect();
            let mut shown = filters.of(rows.iter().map(|row| &row.0));
            if let Some(before) = before.filter(|_| held) {
                let places: HashMap<&Key, usize> = before.iter().zip(0..).collect();
                shown.sort_by_key(|key| places.get(key).copied().unwrap_or(before.len()));
            }
            shown
        })
    }

    /// Whether there is no call at all.
    pub(super) fn is_empty(self) -> bool {
        self.changes.track();
        self.rows.with_value(HashMap::is_empty)
    }

    /// The manager's own call by which he is in this one.
    pub(super) fn own_in(self, call: &ConsoleCall) -> Option<CallId> {
        call.mine()?;
        self.own.with(|own| {
            let there = own.iter().find(|own| own.stage == Stage::In(call.id) && own.agent == call.account());
            there.map(|own| own.call)
        })
    }

    /// Follows what happens, in the browser.
    pub fn follow(self) {
        effect(move || {
            follow_console(Ears {
                news: Box::new(|| ()),
                console: Box::new(move |news| self.hears(news)),
                levels: Box::new(show_levels),
                link: Box::new(move |reached| {
                    self.link(reached);
                    if !reached {
                        // Whether the server is away, or the person signed out, the stream does not say.
                        self.ask();
                    }
                }),
            });
            let looks = set_interval_with_handle(move || self.tell_looks(), Duration::from_secs(1));
            on_cleanup(move || {
                if let Ok(looks) = looks {
                    looks.clear();
                }
            });
        });
    }

    fn hears(self, news: ConsoleNews) {
        // The page may be gone.
        if self.reached.try_get_untracked().is_none() {
            return;
        }
        let ConsoleNews { stream, change, .. } = news;
        if change.whole {
            self.link(true);
            set(self.shut, Some(None));
            self.looks.set_value((stream, String::new()));
        }
        self.apply(change);
        if self.looks.with_value(|(_, told)| told.is_empty()) {
            request_animation_frame(move || self.tell_looks());
        }
    }

    /// Tells the server which calls are in sight, if these are others than before: of them it tells how loud people speak.
    fn tell_looks(self) {
        let Some((stream, told)) = self.looks.try_get_value() else { return };
        let calls = calls_in_sight();
        if stream == 0 && calls.is_empty() || calls == told {
            return;
        }
        self.looks.set_value((stream, calls.clone()));
        spawn_local(async move {
            let body = ["stream=", &stream.to_string(), "&calls=", &calls].concat();
            // What is not told now is told when other calls are in sight.
            let _ = submit::ask(ConsoleLooks::PATH, &body).await;
        });
    }

    fn link(self, reached: bool) {
        // The page may be gone.
        if self.reached.try_get_untracked().is_some_and(|known| known != reached) {
            self.reached.set(reached);
        }
    }

    /// Asks the server whether the console is still this person's; until it answers, again and again.
    fn ask(self) {
        if self.asks.try_update_value(|asks| std::mem::replace(asks, true)) != Some(false) {
            return;
        }
        spawn_local(async move {
            let answer = submit::ask(ConsoleRead::PATH, "").await;
            if self.asks.try_set_value(false).is_some() {
                return;
            }
            match answer.map(|text| from_json::<Console>(&text)) {
                Ok(Ok(console)) => {
                    set(self.shut, Some(None));
                    // The stream comes back by itself, and with the truth.
                    self.take(console);
                    self.link(true);
                }
                Err(error @ (AppError::SignedOut | AppError::Forbidden(_))) => {
                    self.take(Console::default());
                    self.shut.set(Some(error));
                }
                // Whatever stands in between may be away for a moment as well.
                Ok(Err(_)) | Err(_) => {
                    self.link(false);
                    set_timeout(move || self.ask(), Duration::from_secs(1));
                }
            }
        });
    }
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

/// Sets what is another value than before.
fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: Option<T>) {
    if let Some(value) = value
        && signal.with_untracked(|known| *known != value)
    {
        signal.set(value);
    }
}
