//! What all connections and the deliverer have in common: the state behind its lock, and the clock.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::sync::Notify;

use crate::{
    control::{Asked, Delivery},
    objects::{event::Event, state::State},
};

/// How many deliveries and requests are remembered.
const REMEMBERED: usize = 10_000;

/// The common ground.
pub(crate) struct Shared {
    state: Mutex<State>,
    wake: Notify,
    /// How far the clock was moved forward, in milliseconds.
    ahead: AtomicI64,
    deliveries: Mutex<VecDeque<Delivery>>,
    requests: Mutex<VecDeque<Asked>>,
    pub(crate) secret_key: String,
    pub(crate) publishable_key: String,
    /// How long until a webhook that nobody took is sent again; twice as long each time.
    pub(crate) retry: Duration,
    pub(crate) http_control: bool,
    /// Whether a server must say its version, and a key with each write.
    pub(crate) strict: bool,
}

impl std::fmt::Debug for Shared {
    // Not derived: there are keys in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(
        state: State,
        (secret_key, publishable_key): (String, String),
        retry: Duration,
        (http_control, strict): (bool, bool),
    ) -> Self {
        Self {
            state: Mutex::new(state),
            wake: Notify::new(),
            ahead: AtomicI64::new(0),
            deliveries: Mutex::default(),
            requests: Mutex::default(),
            secret_key,
            publishable_key,
            retry,
            http_control,
            strict,
        }
    }

    /// The state, with the time it is.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        state.now = i64::try_from(now).unwrap_or(i64::MAX).saturating_add(self.ahead.load(Ordering::Relaxed));
        state
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4), Ordering::Relaxed);
    }

    /// Something may be due.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(crate) fn note_delivery(&self, event: &Event, attempt: u32, status: Option<u16>) {
        let delivery = Delivery { event: event.id.clone(), kind: event.kind.clone(), attempt, status };
        remember(&self.deliveries, delivery);
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(crate) fn note_request(&self, asked: Asked) {
        remember(&self.requests, asked);
    }

    pub(crate) fn requests(&self, method: &str, path: &str) -> Vec<Asked> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted =
            requests.iter().filter(|asked| (method.is_empty() || asked.method == method) && asked.path.contains(path));
        wanted.cloned().collect()
    }
}

fn remember<T>(list: &Mutex<VecDeque<T>>, entry: T) {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    if list.len() >= REMEMBERED {
        list.pop_front();
    }
    list.push_back(entry);
}
