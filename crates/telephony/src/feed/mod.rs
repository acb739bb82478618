//! The live feed: what is going on now, and word of every change.
//!
//! Who looks gets a snapshot and a [`watch::Receiver`] per [`Topic`]; after a change it takes the next snapshot. A slow reader
//! thus misses no state, only states in between, and nothing waits for it. What consoles look at is one snapshot of a customer
//! for all of them ([`Feed::scene`]). Within one process; several nodes will put another behind the same functions.

mod calls;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tandem_domain::{
    calls::{LiveCall, Registration},
    console::{Phones, Scene},
    ids::{AccountId, CallId, CustomerId},
};
use tokio::sync::watch;

use self::calls::{Calls, newest_first};
pub use self::calls::{Talk, Talker};

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
    calls: Mutex<Calls>,
    registrations: Mutex<Registrations>,
    /// Made once for all who look, with the number of changes until then.
    scenes: Mutex<HashMap<CustomerId, (u64, Arc<Scene>)>>,
    /// How often something changed that a customer's consoles show, and how often something of which it is not known whose it is.
    changes: Mutex<(HashMap<CustomerId, u64>, u64)>,
    /// Accounts whose phone in the browser lets no calls through.
    quiet: Mutex<BTreeSet<AccountId>>,
    /// Managers whose phones have just been rung for nothing, and the calls by which they were.
    missed: Mutex<HashMap<AccountId, Arc<LiveCall>>>,
    calls_changed: Changes,
    registrations_changed: Changes,
    xdrs_changed: Changes,
    signalling_changed: Changes,
    console_changed: Changes,
}

/// The phones, each with whether it is a browser of ours, and how many each account of a customer has.
#[derive(Debug, Default)]
struct Registrations {
    all: HashMap<(AccountId, String), (Registration, bool)>,
    of: HashMap<CustomerId, BTreeMap<AccountId, Count>>,
}

/// How many phones an account has.
#[derive(Debug, Default)]
struct Count {
    all: usize,
    /// Those that are no browser of ours.
    on_desks: usize,
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
        let shown: Vec<Arc<LiveCall>> = match customer {
            Some(customer) => calls.of_customer(customer),
            None => newest_first(calls.all.values().map(|(call, _)| call.clone()).collect()),
        };
        drop(calls);
        shown.into_iter().map(Arc::unwrap_or_clone).collect()
    }

    /// What a customer's consoles look at. Whoever asks gets the same one until something changes.
    #[must_use]
    pub fn scene(&self, customer: CustomerId) -> Arc<Scene> {
        // Counted before it is looked: what changes meanwhile makes the next one.
        let changes = {
            let changes = locked(&self.0.changes);
            changes.0.get(&customer).copied().unwrap_or_default() + changes.1
        };
        let mut scenes = locked(&self.0.scenes);
        if let Some((_, scene)) = scenes.get(&customer).filter(|(known, _)| *known == changes) {
            return scene.clone();
        }
        let calls = locked(&self.0.calls).of_customer(customer);
        let (registered, on_desks) = locked(&self.0.registrations).of_customer(customer);
        let quiet = locked(&self.0.quiet);
        let quiet = registered.iter().copied().filter(|account| quiet.contains(account)).collect();
        let missed = locked(&self.0.missed);
        let missed = missed.values().filter(|call| call.customer == customer).cloned().collect();
        let scene = Arc::new(Scene::new(calls, Phones { registered, on_desks, quiet }).with_missed(missed));
        scenes.insert(customer, (changes, scene.clone()));
        scene
    }

    /// Something changed that consoles show: of a customer, or (`None`) it is not known whose.
    fn console_changed(&self, customer: Option<CustomerId>) {
        let mut changes = locked(&self.0.changes);
        match customer {
            Some(customer) => *changes.0.entry(customer).or_default() += 1,
            None => changes.1 += 1,
        }
        drop(changes);
        self.0.console_changed.one_more();
    }

    /// The conversation of the leg that we name by this tag.
    #[must_use]
    pub fn talk_of(&self, tag: &str) -> Option<Talk> {
        locked(&self.0.calls).talk_of(tag)
    }

    /// The phones that are registered, of one customer or of all, by their users.
    #[must_use]
    pub fn registrations(&self, customer: Option<CustomerId>) -> Vec<Registration> {
        let all = locked(&self.0.registrations);
        let mut found: Vec<_> = all
            .all
            .values()
            .map(|(one, _)| one)
            .filter(|one| customer.is_none_or(|id| id == one.customer))
            .cloned()
            .collect();
        found.sort_by(|a, b| (&a.sip_user, &a.contact).cmp(&(&b.sip_user, &b.contact)));
        found
    }

    /// How many calls are going on.
    #[must_use]
    pub fn call_count(&self) -> usize {
        locked(&self.0.calls).all.len()
    }

    /// The two who talk in a call: the one in the caller's place, and the other.
    #[must_use]
    pub fn talkers(&self, call: CallId) -> Option<[Talker; 2]> {
        locked(&self.0.calls).all.get(&call).and_then(|(_, talkers)| talkers.clone())
    }

    /// Whether a call is shown with other phones that ring for it than these.
    #[must_use]
    pub fn rings_otherwise(&self, call: CallId, rings: &[AccountId]) -> bool {
        locked(&self.0.calls).all.get(&call).is_some_and(|(call, _)| call.rings != rings)
    }

    /// A call began or changed. `talkers` are the two who talk: the one in the caller's place, and the other.
    pub fn show_call(&self, call: LiveCall, talkers: Option<[Talker; 2]>) {
        let (id, customer) = (call.id, call.customer);
        let mut calls = locked(&self.0.calls);
        calls.talk_now(id, talkers.as_ref());
        match calls.all.get_mut(&id) {
            // Whoever has it has it still.
            Some((known, known_talkers)) if **known == call => {
                *known_talkers = talkers;
                return;
            }
            Some(_) | None => {}
        }
        calls.all.insert(id, (Arc::new(call), talkers));
        calls.of.entry(customer).or_default().insert(id);
        drop(calls);
        self.0.calls_changed.one_more();
        self.console_changed(Some(customer));
    }

    /// A call is over.
    pub fn forget_call(&self, call: CallId) {
        let mut calls = locked(&self.0.calls);
        calls.talk_now(call, None);
        let Some((known, _)) = calls.all.remove(&call) else { return };
        if let Some(of) = calls.of.get_mut(&known.customer) {
            of.remove(&call);
            if of.is_empty() {
                calls.of.remove(&known.customer);
            }
        }
        drop(calls);
        self.0.calls_changed.one_more();
        self.console_changed(Some(known.customer));
    }

    /// By this call, which is shown, a manager's phones have been rung for nothing. Who looks too late to see them ring sees that,
    /// until it is [forgotten](Self::forget_missed).
    pub fn show_missed(&self, call: CallId) {
        let Some((call, _)) = locked(&self.0.calls).all.get(&call).cloned() else { return };
        let Some(manager) = call.caller.account else { return };
        let customer = call.customer;
        locked(&self.0.missed).insert(manager, call);
        self.console_changed(Some(customer));
    }

    /// It was long enough ago, or the manager does something else.
    pub fn forget_missed(&self, manager: AccountId) {
        let missed = locked(&self.0.missed).remove(&manager);
        if let Some(call) = missed {
            self.console_changed(Some(call.customer));
        }
    }

    /// An account is not to be disturbed, or may be again.
    pub fn show_quiet(&self, account: AccountId, on: bool) {
        let mut quiet = locked(&self.0.quiet);
        let changed = if on { quiet.insert(account) } else { quiet.remove(&account) };
        drop(quiet);
        if changed {
            self.console_changed(None);
        }
    }

    /// Whether an account is not to be disturbed.
    #[must_use]
    pub fn is_quiet(&self, account: AccountId) -> bool {
        locked(&self.0.quiet).contains(&account)
    }

    /// A phone is registered, or has renewed its registration. `in_browser`: it is a browser of ours.
    pub fn show_registration(&self, registration: Registration, in_browser: bool) {
        let (account, customer) = (registration.account, registration.customer);
        let key = (account, registration.contact.clone());
        let mut registrations = locked(&self.0.registrations);
        let before = registrations.all.insert(key, (registration, in_browser)).map(|(_, in_browser)| in_browser);
        let count = registrations.of.entry(customer).or_default().entry(account).or_default();
        count.all += usize::from(before.is_none());
        count.on_desks += usize::from(!in_browser);
        count.on_desks -= usize::from(before == Some(false));
        drop(registrations);
        if before != Some(in_browser) {
            self.console_changed(Some(customer));
        }
    }

    /// A phone is not registered any more.
    pub fn forget_registration(&self, account: AccountId, contact: &str) {
        let mut registrations = locked(&self.0.registrations);
        let Some((known, in_browser)) = registrations.all.remove(&(account, contact.to_owned())) else { return };
        if let Some(of) = registrations.of.get_mut(&known.customer) {
            if let Some(phones) = of.get_mut(&account) {
                phones.all -= 1;
                phones.on_desks -= usize::from(!in_browser);
                if phones.all == 0 {
                    of.remove(&account);
                }
            }
            if of.is_empty() {
                registrations.of.remove(&known.customer);
            }
        }
        drop(registrations);
        self.console_changed(Some(known.customer));
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

impl Registrations {
    /// A customer's accounts that have phones, and those of them that have one that is no browser of ours.
    fn of_customer(&self, customer: CustomerId) -> (BTreeSet<AccountId>, BTreeSet<AccountId>) {
        let all = || self.of.get(&customer).into_iter().flatten();
        let on_desks = all().filter(|(_, count)| count.on_desks > 0);
        (all().map(|(account, _)| *account).collect(), on_desks.map(|(account, _)| *account).collect())
    }
}

#[cfg(test)]
mod tests {
    use tandem_domain::{
        calls::{CallState, Direction, Party, Recorded},
        console::Presence,
        ids::Timestamp,
    };
    use uuid::Uuid;

    use super::*;
    use crate::ids::LegId;

    fn account(n: u128) -> AccountId {
        AccountId(Uuid::from_u128(n))
    }

    fn customer(n: u128) -> CustomerId {
        CustomerId(Uuid::from_u128(n))
    }

    fn call(id: u128, of: u128) -> LiveCall {
        let callee = Party { account: Some(account(of)), ..Party::default() };
        LiveCall {
            id: CallId(Uuid::from_u128(id)),
            customer: customer(of),
            direction: Direction::Incoming,
            caller: Party::default(),
            callee,
            huntgroup: String::new(),
            state: CallState::Answered,
            started: Timestamp(1),
            answered: Some(Timestamp(1)),
            holds: [false; 2],
            supervisors: Vec::new(),
            supervises: None,
            rings: Vec::new(),
            recorded: Recorded::No,
            encrypted: [false; 2],
        }
    }

    fn phone(of: u128, contact: &str) -> Registration {
        let text = String::new;
        Registration {
            account: account(of),
            customer: customer(of),
            sip_user: text(),
            contact: contact.to_owned(),
            source: text(),
            user_agent: text(),
            since: Timestamp(1),
            expires: Timestamp(2),
        }
    }

    #[test]
    fn all_who_look_at_a_customer_share_one_scene_until_something_of_it_changes() {
        let feed = Feed::default();
        feed.show_call(call(1, 1), None);
        feed.show_call(call(2, 1), None);
        let first = feed.scene(customer(1));
        assert!(Arc::ptr_eq(&first, &feed.scene(customer(1))));
        // What is said once more, and what is another customer's, is no change.
        let changes = feed.changes(Topic::Console);
        feed.show_call(call(1, 1), None);
        assert!(!changes.has_changed().expect("the feed is there"));
        feed.show_call(call(3, 2), None);
        assert!(Arc::ptr_eq(&first, &feed.scene(customer(1))));

        feed.show_call(LiveCall { state: CallState::Held, ..call(2, 1) }, None);
        let second = feed.scene(customer(1));
        assert!(!Arc::ptr_eq(&first, &second));
        let find = |scene: &Scene, id| scene.calls().iter().find(|one| one.id == call(id, 1).id).cloned();
        let (before, after) = (find(&first, 1).expect("there"), find(&second, 1).expect("there"));
        assert!(Arc::ptr_eq(&before, &after), "a call that has not changed is the same value");
        feed.forget_call(call(1, 1).id);
        feed.forget_call(call(2, 1).id);
        assert_eq!((feed.scene(customer(1)).calls().len(), feed.scene(customer(2)).calls().len()), (0, 1));
        assert_eq!(feed.calls(Some(customer(2))), [call(3, 2)]);
    }

    #[test]
    fn a_leg_is_found_in_the_call_in_which_it_talks_now() {
        let feed = Feed::default();
        let talker = |n: u64| Talker { leg: LegId(n), tag: n.to_string().into() };
        let found = |tag: &str| feed.talk_of(tag).map(|talk| (talk.call.id, talk.other, talk.other_calls));
        let id = |n| call(n, 1).id;
        // Both calls are of one account with the same number.
        feed.show_call(call(1, 1), Some([1, 2].map(talker)));
        feed.show_call(call(2, 1), Some([3, 4].map(talker)));
        assert_eq!(found("1"), Some((id(1), "2".into(), false)));
        assert_eq!(found("4"), Some((id(2), "3".into(), true)));
        assert_eq!(feed.talkers(id(2)), Some([3, 4].map(talker)));
        // One hands over: who is left of both talks in the second.
        feed.show_call(call(2, 1), Some([1, 4].map(talker)));
        feed.forget_call(id(1));
        assert_eq!((found("1"), found("2"), found("3")), (Some((id(2), "4".into(), false)), None, None));
        feed.show_call(call(2, 1), None);
        assert_eq!(found("1"), None);
        feed.show_call(call(2, 1), Some([1, 4].map(talker)));
        feed.forget_call(id(2));
        assert_eq!((found("1"), found("4")), (None, None));
    }

    #[test]
    fn a_manager_s_missed_call_is_told_to_his_company_until_it_is_forgotten() {
        let feed = Feed::default();
        let caller = Party { account: Some(account(9)), ..Party::default() };
        let own = LiveCall { caller, ..call(1, 1) };
        let missed = |of| feed.scene(customer(of)).missed(account(9)).map(|call| call.id);
        feed.show_missed(own.id);
        assert_eq!(missed(1), None, "it is not shown");
        feed.show_call(own.clone(), None);
        feed.show_missed(own.id);
        feed.forget_call(own.id);
        assert_eq!((missed(1), missed(2)), (Some(own.id), None));
        let changes = feed.changes(Topic::Console);
        feed.forget_missed(account(1));
        assert!(!changes.has_changed().expect("the feed is there"), "he has missed nothing");
        feed.forget_missed(account(9));
        assert!(changes.has_changed().expect("the feed is there"));
        assert_eq!(missed(1), None);
    }

    #[test]
    fn an_account_is_there_as_long_as_one_of_its_phones_is() {
        let feed = Feed::default();
        let presence = || feed.scene(customer(1)).presence(account(1)).0;
        assert_eq!(presence(), Presence::Away);
        feed.show_registration(phone(1, "desk"), false);
        feed.show_registration(phone(1, "browser"), true);
        feed.show_registration(phone(1, "browser"), true);
        assert_eq!(presence(), Presence::Free);
        feed.show_quiet(account(1), true);
        assert_eq!(presence(), Presence::DoNotDisturb);
        feed.forget_registration(account(1), "browser");
        feed.show_quiet(account(1), false);
        assert_eq!(presence(), Presence::Free);
        feed.forget_registration(account(1), "desk");
        feed.forget_registration(account(1), "desk");
        assert_eq!(presence(), Presence::Away);
    }

    #[test]
    fn a_browser_is_a_phone_that_is_on_no_desk() {
        let feed = Feed::default();
        let rings = || {
            let scene = feed.scene(customer(1));
            (scene.can_ring(account(1)), scene.can_ring_desk(account(1)))
        };
        assert_eq!(rings(), (false, false));
        feed.show_registration(phone(1, "browser"), true);
        assert_eq!(rings(), (true, false));
        feed.show_registration(phone(1, "desk"), false);
        feed.show_registration(phone(1, "desk"), false);
        assert_eq!(rings(), (true, true));
        feed.forget_registration(account(1), "desk");
        assert_eq!(rings(), (true, false));
        feed.forget_registration(account(1), "browser");
        assert_eq!(rings(), (false, false));
    }
}
