//! What does one stream show of a console? It looks at what all look at, and tells what has changed for this person.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use tandem_domain::{
    access::{Field, Principal},
    calls::CallState,
    console::{ConsoleChange, Sight, View},
    ids::CallId,
};
use tandem_store::rights;
use tokio::time::Instant;

use super::{
    Services,
    console::{Company, Looks},
    exchange::Levels,
};

/// How often it is told how loud people speak.
const LEVELS_EVERY: Duration = Duration::from_millis(200);

/// A stream's look at a console.
pub(super) struct Watching {
    company: Option<Arc<Company>>,
    sight: Option<Arc<Sight>>,
    view: View,
    /// Word of everybody's changes of rights, and how often one's own company's had been changed.
    rights: rights::Changes,
    known: u64,
    levels: Option<Loud>,
}

/// A look at how loud people speak.
struct Loud {
    looks: Looks,
    levels: Box<dyn Levels>,
    /// When that is told next, and what was told last.
    due: Instant,
    told: Bytes,
}

impl Watching {
    /// Begins; `loud`: it is told as well how loud people speak.
    pub(super) async fn begin(services: &Services, me: &Principal, loud: bool) -> Self {
        let levels = loud.then(|| Loud {
            looks: services.consoles.begin_looks(me.who),
            levels: services.exchange.levels(),
            due: Instant::now(),
            told: Bytes::new(),
        });
        let rights = services.store.rights().follow();
        let mut watching = Self { company: None, sight: None, view: View::default(), rights, known: 0, levels };
        watching.read(services, me).await;
        watching
    }

    /// Reads what the records say of this person's sight. When they cannot be asked for a moment it is what it was; they are asked
    /// again.
    pub(super) async fn read(&mut self, services: &Services, me: &Principal) {
        let Some(tenant) = me.own_tenant() else { return };
        self.known = services.store.rights().changes(tenant.customer());
        match services.consoles.company(services, tenant).await {
            Ok(company) if self.company.as_ref().is_some_and(|known| Arc::ptr_eq(known, &company)) => {}
            Ok(company) => (self.sight, self.company) = (company.sight(me), Some(company)),
            Err(error) => tracing::error!(%error, "the people of a console cannot be read"),
        }
    }

    /// This person is another one than before: a role was changed.
    pub(super) fn forget_sight(&mut self) {
        (self.sight, self.company) = (None, None);
    }

    /// Waits until rights of this person's company have been changed.
    pub(super) async fn rights_change(&mut self, services: &Services, me: &Principal) {
        let Some(customer) = me.own_customer() else { return std::future::pending().await };
        while services.store.rights().changes(customer) == self.known {
            self.rights.next().await;
        }
    }

    /// What has changed since the last look.
    pub(super) fn change(&mut self, services: &Services, me: &Principal) -> Option<ConsoleChange> {
        let (customer, sight) = (me.own_customer()?, self.sight.as_ref()?);
        self.view.look(sight, &services.exchange.scene(customer), me.sees(Field::AccountProfile))
    }

    /// What names this stream to whoever says which calls its page shows.
    pub(super) fn number(&self) -> u64 {
        self.levels.as_ref().map_or(0, |loud| loud.looks.number)
    }

    /// When it is told next how loud people speak; `None`: nobody wants to know.
    pub(super) fn levels_due(&self) -> Option<Instant> {
        self.levels.as_ref().map(|loud| loud.due)
    }

    /// How loud people speak, if that is another than it was: each call's id with the levels of the one in the caller's place and
    /// of the other. Of the calls that the page shows, as far as they are this person's to see.
    pub(super) fn levels(&mut self) -> Option<Bytes> {
        let loud = self.levels.as_mut()?;
        loud.due = Instant::now() + LEVELS_EVERY;
        let talks = |call: &CallId| self.view.rows_of(*call).iter().any(|row| row.state != CallState::Ringing);
        let calls: Vec<CallId> = loud.looks.calls().into_iter().filter(talks).collect();
        let levels = loud.levels.take(&calls);
        let levels: Vec<String> =
            levels.iter().map(|(call, [one, other])| format!("\"{call}\":[{one},{other}]")).collect();
        let event = Bytes::from(format!("event: levels\ndata: {{{}}}\n\n", levels.join(",")));
        let is_news = event != loud.told;
        loud.told = event.clone();
        is_news.then_some(event)
    }
}
