//! The live feed: what is going on now, and word of every change.
//!
//! Who looks gets a snapshot and a [`watch::Receiver`] per [`Topic`]; after a change it takes the next snapshot. A slow reader
//! thus misses no state, only states in between, and nothing waits for it. Within one process; several nodes will put
//! another behind the same functions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tandem_domain::{
    calls::{LiveCall, Registration},
    ids::{AccountId, CallId, CustomerId},
};
use tokio::sync::watch;

/// What somebody looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Calls that are going on.
    Calls,
    /// Phones that are registered.
    Registrations,
    /// Calls that are over: an xDR was stored.
    Xdrs,
}

/// What is going on. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Feed(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    calls: Mutex<HashMap<CallId, LiveCall>>,
    registrations: Mutex<HashMap<(AccountId, String), Registration>>,
    calls_changed: Changes,
    registrations_changed: Changes,
    xdrs_changed: Changes,
}

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
        }
        .0
        .subscribe()
    }

    /// The calls of one customer, or of all; the newest first.
    #[must_use]
    pub fn calls(&self, customer: Option<CustomerId>) -> Vec<LiveCall> {
        let calls = locked(&self.0.calls);
        let mut calls: Vec<_> =
            calls.values().filter(|call| customer.is_none_or(|id| id == call.customer)).cloned().collect();
        calls.sort_by_key(|call| std::cmp::Reverse((call.started, call.id)));
        calls
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

    /// A call began or changed.
    pub fn show_call(&self, call: LiveCall) {
        locked(&self.0.calls).insert(call.id, call);
        self.0.calls_changed.one_more();
    }

    /// A call is over.
    pub fn forget_call(&self, call: CallId) {
        if locked(&self.0.calls).remove(&call).is_some() {
            self.0.calls_changed.one_more();
        }
    }

    /// A phone is registered, or has renewed its registration.
    pub fn show_registration(&self, registration: Registration) {
        let key = (registration.account, registration.contact.clone());
        locked(&self.0.registrations).insert(key, registration);
    }

    /// A phone is not registered any more.
    pub fn forget_registration(&self, account: AccountId, contact: &str) {
        locked(&self.0.registrations).remove(&(account, contact.to_owned()));
    }

    /// Registrations were stored, which is where they are looked at.
    pub fn registrations_stored(&self) {
        self.0.registrations_changed.one_more();
    }

    /// xDRs were stored.
    pub fn xdrs_stored(&self) {
        self.0.xdrs_changed.one_more();
    }
}
