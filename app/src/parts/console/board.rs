//! What does the page know at this moment? What the server told last, kept in step as it happens.

use std::time::Duration;

use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use tandem_domain::{
    calls::Stage,
    console::{Console, ConsoleCall},
    ids::CallId,
};

use super::{ConsoleRead, calls::show_levels};
use crate::{
    error::AppError,
    live::{Ears, follow_console},
    ui::submit,
};

/// What names a row: the call, and the agent's side of it.
pub(super) type Key = (CallId, bool);

/// The console, as its parts see it.
#[derive(Clone, Copy)]
pub struct Board {
    /// The calls, as the server told them.
    calls: RwSignal<Vec<ConsoleCall>>,
    /// All but the calls.
    pub(super) rest: RwSignal<Console>,
    /// Whether what is shown is so: the server is reached.
    pub(super) reached: RwSignal<bool>,
    /// The session has ended, or the console is not this person's any more: why.
    pub(super) shut: RwSignal<Option<AppError>>,
    /// The row that keys are for.
    pub(super) chosen: RwSignal<Option<Key>>,
    /// Whether the server is being asked, and whether something has happened since it was.
    asking: StoredValue<(bool, bool)>,
}

impl Board {
    /// A console that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            calls: RwSignal::new(Vec::new()),
            rest: RwSignal::new(Console::default()),
            reached: RwSignal::new(true),
            shut: RwSignal::new(None),
            chosen: RwSignal::new(None),
            asking: StoredValue::new((false, false)),
        }
    }

    /// Shows what the server told.
    pub fn take(self, console: Console) {
        let calls = console.calls;
        let rest = Console { calls: Vec::new(), ..console };
        if self.rest.with_untracked(|known| *known != rest) {
            self.rest.set(rest);
        }
        if self.calls.with_untracked(|known| *known != calls) {
            self.calls.set(calls);
        }
    }

    /// Reads all calls.
    pub(super) fn with_calls<T>(self, read: impl FnOnce(&[ConsoleCall]) -> T) -> T {
        self.calls.with(|calls| read(calls))
    }

    /// One call.
    pub(super) fn call(self, key: Key) -> Option<ConsoleCall> {
        self.with_calls(|calls| calls.iter().find(|call| call.key() == key).cloned())
    }

    /// The manager's own call by which he is in this one.
    pub(super) fn own_in(self, call: &ConsoleCall) -> Option<CallId> {
        call.mine()?;
        self.rest.with(|rest| {
            let there = rest.own.iter().find(|own| own.stage == Stage::In(call.id) && own.agent == call.account());
            there.map(|own| own.call)
        })
    }

    /// Follows what happens, in the browser.
    pub fn follow(self) {
        Effect::new(move |_| {
            follow_console(Ears {
                news: Box::new(move || self.ask()),
                levels: Box::new(show_levels),
                link: Box::new(move |reached| {
                    self.link(reached);
                    if !reached {
                        // Whether the server is away, or the person signed out, the stream does not say.
                        self.ask();
                    }
                }),
            });
        });
    }

    fn link(self, reached: bool) {
        // The page may be gone.
        if self.reached.try_get_untracked().is_some_and(|known| known != reached) {
            self.reached.set(reached);
        }
    }

    /// Asks the server what there is; once more afterwards, if something happens meanwhile.
    fn ask(self) {
        let waits = self.asking.try_update_value(|(asks, again)| {
            *again = *asks;
            std::mem::replace(asks, true)
        });
        if waits != Some(false) {
            return;
        }
        spawn_local(async move {
            let answer = submit::ask(ConsoleRead::PATH, "").await;
            let console = answer.and_then(|text| {
                serde_json::from_str::<Console>(&text).map_err(|error| AppError::Unreadable(error.to_string()))
            });
            let Some((_, again)) = self.asking.try_update_value(std::mem::take) else {
                return;
            };
            match console {
                Ok(console) => {
                    self.link(true);
                    if self.shut.with_untracked(Option::is_some) {
                        self.shut.set(None);
                    }
                    self.take(console);
                    if again {
                        self.ask();
                    }
                }
                Err(error @ (AppError::SignedOut | AppError::Forbidden(_))) => {
                    self.take(Console::default());
                    self.shut.set(Some(error));
                }
                // Whatever stands in between may be away for a moment as well.
                Err(_) => {
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
