//! What goes on at a company at one moment, ready to be looked at by many.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::Presence;
use crate::{
    calls::{CallState, LiveCall},
    ids::{AccountId, Timestamp},
};

/// Which phones can be rung.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phones {
    /// Accounts with a phone that is registered.
    pub registered: BTreeSet<AccountId>,
    /// Those of them with one that is no page of ours in a browser.
    pub on_desks: BTreeSet<AccountId>,
    /// Accounts whose phone in the browser lets no calls through.
    pub quiet: BTreeSet<AccountId>,
}

/// A company's calls and phones. Made once for all who look: what an account does is found by its id, and a call that is the
/// same as before is the same value.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    calls: Vec<Arc<LiveCall>>,
    phones: Phones,
    /// Who talks, since when.
    talks: HashMap<AccountId, Timestamp>,
    /// Whose phones ring.
    rings: HashSet<AccountId>,
    /// Calls by which managers' phones have just been rung for nothing, one for each manager.
    missed: Vec<Arc<LiveCall>>,
}

impl Scene {
    /// Calls, the newest first, and phones.
    #[must_use]
    pub fn new(calls: Vec<Arc<LiveCall>>, phones: Phones) -> Self {
        let (mut talks, mut rings) = (HashMap::new(), HashSet::new());
        for call in &calls {
            rings.extend(call.rings.iter().copied());
            let Some(answered) = call.answered.filter(|_| call.state != CallState::Ringing) else { continue };
            // A manager's own call is his, and no conversation of the agent's.
            let callee = call.callee.account.filter(|_| call.supervises.is_none());
            for account in call.caller.account.into_iter().chain(callee) {
                let since = talks.entry(account).or_insert(answered);
                *since = answered.max(*since);
            }
        }
        Self { calls, phones, talks, rings, missed: Vec::new() }
    }

    /// With calls by which managers' phones have just been rung for nothing, one for each manager.
    #[must_use]
    pub fn with_missed(self, missed: Vec<Arc<LiveCall>>) -> Self {
        Self { missed, ..self }
    }

    /// The call by which the phones of this manager have just been rung for nothing.
    #[must_use]
    pub fn missed(&self, manager: AccountId) -> Option<&LiveCall> {
        self.missed.iter().find(|call| call.caller.account == Some(manager)).map(AsRef::as_ref)
    }

    /// The calls, the newest first.
    #[must_use]
    pub fn calls(&self) -> &[Arc<LiveCall>] {
        &self.calls
    }

    /// Whether a phone of an account can be rung.
    #[must_use]
    pub fn can_ring(&self, account: AccountId) -> bool {
        self.phones.registered.contains(&account)
    }

    /// Whether an account has a phone that can be rung beside the one in the browser.
    #[must_use]
    pub fn can_ring_desk(&self, account: AccountId) -> bool {
        self.phones.on_desks.contains(&account)
    }

    /// What an account does, and since when if it talks.
    #[must_use]
    pub fn presence(&self, account: AccountId) -> (Presence, Option<Timestamp>) {
        if let Some(since) = self.talks.get(&account) {
            (Presence::OnACall, Some(*since))
        } else if self.rings.contains(&account) {
            (Presence::Ringing, None)
        } else if !self.can_ring(account) {
            (Presence::Away, None)
        } else if self.phones.quiet.contains(&account) {
            (Presence::DoNotDisturb, None)
        } else {
            (Presence::Free, None)
        }
    }
}
