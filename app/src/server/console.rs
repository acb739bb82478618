//! Whose calls does somebody see in the console? By the records, for pages and streams alike; read once for all who look, and
//! again when somebody's rights were changed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tandem_domain::{
    access::{Principal, Tenant, Who},
    console::{Agent, Sight, has_console},
    huntgroup::Huntgroup,
    ids::{AccountId, CallId, CustomerId, Timestamp},
    settings::Setting,
    wallboard::Ended,
};
use tandem_store::{Store, StoreError};
use tokio::sync::watch;

use super::Services;
use crate::live::Topic;

/// After so many milliseconds the records are read again although this program has not changed them: another one may have.
const READ_AGAIN: i64 = 15_000;
/// For so many milliseconds the sums of a day stand although calls have ended since.
pub(super) const SUMS_STAND: i64 = 2000;
/// Milliseconds after which sums are forgotten: their day is over everywhere.
const DAYS: i64 = 2 * 24 * 60 * 60 * 1000;

/// What consoles know. Clones share it.
#[derive(Clone, Default)]
pub struct Consoles(Arc<Shared>);

#[derive(Default)]
struct Shared {
    companies: Mutex<HashMap<CustomerId, Place<Known>>>,
    sums: Mutex<HashMap<(CustomerId, Timestamp), Place<Sums>>>,
    /// The streams that tell how loud people speak: whose each is, and in which calls.
    looks: Mutex<HashMap<u64, Look>>,
    next_look: AtomicU64,
    reads: AtomicU64,
}

/// Whose stream it is, and the calls that its page shows.
type Look = (Who, watch::Sender<Vec<CallId>>);

/// What one reads while the others wait for it.
type Place<T> = Arc<tokio::sync::Mutex<Option<T>>>;

struct Known {
    company: Arc<Company>,
    /// How often rights had been changed, and when.
    rights: u64,
    at: Timestamp,
}

struct Sums {
    today: Arc<Vec<Ended>>,
    /// How often calls had ended, and when.
    ended: u64,
    at: Timestamp,
}

/// What the records say of a company's huntgroups.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Company {
    /// The company's *Call supervision*.
    enabled: bool,
    groups: Vec<Huntgroup>,
    agents: HashMap<AccountId, Agent>,
}

impl Company {
    async fn read(store: &Store, tenant: Tenant) -> Result<Self, StoreError> {
        let groups = store.huntgroups(tenant).all().await?.into_iter().map(|group| group.value).collect();
        let people = store.huntgroups(tenant).people().await?.into_iter();
        let agents =
            people.map(|person| (person.account, Agent { name: person.name, number: person.extension.to_string() }));
        let settings = store.settings(tenant).effective().await?;
        let is_on = |setting| settings.iter().any(|one| one.setting == setting && one.value.is_on());
        Ok(Self { enabled: is_on(Setting::CallSupervision), groups, agents: agents.collect() })
    }

    /// What a person sees; `None` when that person has no console.
    pub(crate) fn sight(&self, me: &Principal) -> Option<Arc<Sight>> {
        let agent = |account| self.agents.get(&account).cloned();
        let sight = match me.who {
            _ if !has_console(me) => return None,
            Who::Account { account, .. } => Sight::of_manager(account, self.enabled, &self.groups, agent),
            Who::Customer(_) => Sight::of_company(self.enabled, &self.groups, agent),
            Who::Administrator(_) => return None,
        };
        Some(Arc::new(sight))
    }
}

impl Consoles {
    /// What the records say of a company. It is the same value for as long as they say the same.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub(crate) async fn company(&self, services: &Services, tenant: Tenant) -> Result<Arc<Company>, StoreError> {
        let customer = tenant.customer();
        let place = locked(&self.0.companies).entry(customer).or_default().clone();
        let mut known = place.lock().await;
        // Looked at before the records are: what changes meanwhile is read the next time.
        let (rights, at) = (services.store.rights().changes(customer), services.clock.now());
        if let Some(known) = known.as_ref().filter(|one| one.rights == rights && at.0 - one.at.0 < READ_AGAIN) {
            return Ok(known.company.clone());
        }
        self.0.reads.fetch_add(1, Ordering::Relaxed);
        let read = Company::read(&services.store, tenant).await?;
        let company = match known.take() {
            Some(before) if *before.company == read => before.company,
            Some(_) | None => Arc::new(read),
        };
        *known = Some(Known { company: company.clone(), rights, at });
        Ok(company)
    }

    /// The calls of a customer that are over, since a midnight.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub(crate) async fn today(
        &self,
        services: &Services,
        tenant: Tenant,
        midnight: Timestamp,
    ) -> Result<Arc<Vec<Ended>>, StoreError> {
        let (ended, at) = (*services.exchange.changes(Topic::Xdrs).borrow(), services.clock.now());
        let place = {
            let mut sums = locked(&self.0.sums);
            sums.retain(|(_, midnight), _| at.0 - midnight.0 < DAYS);
            sums.entry((tenant.customer(), midnight)).or_default().clone()
        };
        let mut known = place.lock().await;
        if let Some(known) = known.as_ref().filter(|one| one.ended == ended || at.0 - one.at.0 < SUMS_STAND) {
            return Ok(known.today.clone());
        }
        self.0.reads.fetch_add(1, Ordering::Relaxed);
        let today = Arc::new(services.store.xdrs().ended_since(tenant, midnight).await?);
        *known = Some(Sums { today: today.clone(), ended, at });
        Ok(today)
    }

    /// How often the records were read for consoles and wallboards.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::Relaxed)
    }

    /// A stream begins that tells how loud people speak.
    pub(super) fn begin_looks(&self, who: Who) -> Looks {
        let number = self.0.next_look.fetch_add(1, Ordering::Relaxed);
        let (tell, calls) = watch::channel(Vec::new());
        locked(&self.0.looks).insert(number, (who, tell));
        Looks { number, calls, of: self.clone() }
    }

    /// A page shows these calls. Of a stream that is over, or somebody else's, nothing comes.
    pub(crate) fn look_at(&self, who: Who, stream: u64, calls: Vec<CallId>) {
        if let Some((_, tell)) = locked(&self.0.looks).get(&stream).filter(|(whose, _)| *whose == who) {
            tell.send_replace(calls);
        }
    }
}

/// The calls that a page shows, as it has told, until this is dropped.
pub(super) struct Looks {
    pub(super) number: u64,
    calls: watch::Receiver<Vec<CallId>>,
    of: Consoles,
}

impl Looks {
    pub(super) fn calls(&self) -> Vec<CallId> {
        self.calls.borrow().clone()
    }
}

impl Drop for Looks {
    fn drop(&mut self) {
        locked(&self.of.0.looks).remove(&self.number);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside is whole after every statement, whoever panicked meanwhile.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
