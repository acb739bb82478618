//! The live feed: what is going on now, and word of every change.
//!
//! Who looks gets a snapshot and a [`watch::Receiver`] per [`Topic`]; after a change it takes the next snapshot. A slow reader
//! thus misses no state, only states in between, and nothing waits for it. Within one process; several nodes will put
//! another behind the same functions.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tandem_domain::{
    calls::{LiveCall, Registration},
    ids::{AccountId, CallId, CustomerId},
};
use tokio::sync::watch;

use crate::ids::LegId;

/// What somebody looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Calls that are going on.
    Calls,
    /// Phones that are registered.
    Registrations,
    /// Calls that are over: an xDR was stored.
    Xdrs,
    /// The signalling log: lines of it were stored.
    Signalling,
    /// What a console shows: calls, phones, and who is not to be disturbed.
    Console,
}

/// What is going on. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Feed(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    calls: Mutex<HashMap<CallId, Shown>>,
    registrations: Mutex<HashMap<(AccountId, String), Registration>>,
    /// Accounts whose phone in the browser lets no calls through.
    quiet: Mutex<BTreeSet<AccountId>>,
    calls_changed: Changes,
    registrations_changed: Changes,
    xdrs_changed: Changes,
    signalling_changed: Changes,
    console_changed: Changes,
}

/// A call, with the legs of the two who talk: of the one in the caller's place, and of the other.
type Shown = (LiveCall, Option<[LegId; 2]>);

/// Counts the changes of a topic.
#[derive(Debug)]
struct Changes(watch::Sender<u64>);

impl Default for Changes {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Changes {
    fn one_more(&self) {
        self.0.send_modify(|changes| *changes += 1);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside is whole after every statement, whoever panicked meanwhile.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feed {
    /// A receiver that learns of every change.
    #[must_use]
    pub fn changes(&self, topic: Topic) -> watch::Receiver<u64> {
        match topic {
            Topic::Calls => &self.0.calls_changed,
            Topic::Registrations => &self.0.registrations_changed,
            Topic::Xdrs => &self.0.xdrs_changed,
            Topic::Signalling => &self.0.signalling_changed,
            Topic::Console => &self.0.console_changed,
        }
        .0
        .subscribe()
    }

    /// The calls of one customer, or of all; the newest first.
    #[must_use]
    pub fn calls(&self, customer: Option<CustomerId>) -> Vec<LiveCall> {
        let calls = locked(&self.0.calls);
        let mut calls: Vec<_> = calls
            .values()
            .map(|(call, _)| call)
            .filter(|call| customer.is_none_or(|id| id == call.customer))
            .cloned()
            .collect();
        calls.sort_by_key(|call| std::cmp::Reverse((call.started, call.id)));
        calls
    }

    /// The calls in which an account is one of the two who talk, or will.
    #[must_use]
    pub fn calls_of(&self, account: AccountId) -> Vec<LiveCall> {
        let calls = locked(&self.0.calls);
        let takes_part = |call: &&LiveCall| [call.caller.account, call.callee.account].contains(&Some(account));
        calls.values().map(|(call, _)| call).filter(takes_part).cloned().collect()
    }

    /// The phones that are registered, of one customer or of all, by their users.
    #[must_use]
    pub fn registrations(&self, customer: Option<CustomerId>) -> Vec<Registration> {
        let all = locked(&self.0.registrations);
        let mut found: Vec<_> =
            all.values().filter(|one| customer.is_none_or(|id| id == one.customer)).cloned().collect();
        found.sort_by(|a, b| (&a.sip_user, &a.contact).cmp(&(&b.sip_user, &b.contact)));
        found
    }

    /// How many calls are going on.
    #[must_use]
    pub fn call_count(&self) -> usize {
        locked(&self.0.calls).len()
    }

    /// The legs of the two who talk in a call: of the one in the caller's place, and of the other.
    #[must_use]
    pub fn legs(&self, call: CallId) -> Option<[LegId; 2]> {
        locked(&self.0.calls).get(&call).and_then(|(_, legs)| *legs)
    }

    /// Whether a call is shown with other phones that ring for it than these.
    #[must_use]
    pub fn rings_otherwise(&self, call: CallId, rings: &[AccountId]) -> bool {
        locked(&self.0.calls).get(&call).is_some_and(|(call, _)| call.rings != rings)
    }

    /// A call began or changed. `legs` are those of the two who talk.
    pub fn show_call(&self, call: LiveCall, legs: Option<[LegId; 2]>) {
        locked(&self.0.calls).insert(call.id, (call, legs));
        self.0.calls_changed.one_more();
        self.0.console_changed.one_more();
    }

    /// A call is over.
    pub fn forget_call(&self, call: CallId) {
        if locked(&self.0.calls).remove(&call).is_some() {
            self.0.calls_changed.one_more();
            self.0.console_changed.one_more();
        }
    }

    /// An account is not to be disturbed, or may be again.
    pub fn show_quiet(&self, account: AccountId, on: bool) {
        let mut quiet = locked(&self.0.quiet);
        let changed = if on { quiet.insert(account) } else { quiet.remove(&account) };
        drop(quiet);
        if changed {
            self.0.console_changed.one_more();
        }
    }

    /// Whether an account is not to be disturbed.
    #[must_use]
    pub fn is_quiet(&self, account: AccountId) -> bool {
        locked(&self.0.quiet).contains(&account)
    }

    /// A phone is registered, or has renewed its registration.
    pub fn show_registration(&self, registration: Registration) {
        let key = (registration.account, registration.contact.clone());
        let is_new = locked(&self.0.registrations).insert(key, registration).is_none();
        if is_new {
            self.0.console_changed.one_more();
        }
    }

    /// A phone is not registered any more.
    pub fn forget_registration(&self, account: AccountId, contact: &str) {
        if locked(&self.0.registrations).remove(&(account, contact.to_owned())).is_some() {
            self.0.console_changed.one_more();
        }
    }

    /// Registrations were stored, which is where they are looked at.
    pub fn registrations_stored(&self) {
        self.0.registrations_changed.one_more();
    }

    /// Lines of the signalling log were stored.
    pub fn signalling_stored(&self) {
        self.0.signalling_changed.one_more();
    }

    /// xDRs were stored.
    pub fn xdrs_stored(&self) {
        self.0.xdrs_changed.one_more();
    }
}
