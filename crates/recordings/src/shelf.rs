//! The shelf: snapshots of recordings go into the spool, ended ones are finished one at a time, for ever until it works.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use object_store::ObjectStore;
use tandem_domain::{ids::RecordingId, recordings::Recording};
use tokio::{
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use crate::{
    finish::{self, Outcome},
    records::{Clock, Records},
    retention,
    spool::Spool,
};

/// What a shelf works with.
pub struct Parts {
    /// The rows and the outbox.
    pub records: Arc<dyn Records>,
    /// Where finished recordings are kept.
    pub objects: Arc<dyn ObjectStore>,
    /// Where they are until then.
    pub spool: Spool,
    /// The time.
    pub clock: Clock,
    /// How long after its first failure finishing is tried again; doubled each time, up to five minutes. One second unless a
    /// test cannot wait.
    pub patience: Duration,
}

/// The longest wait between two attempts.
const PATIENCE_MAX: Duration = Duration::from_secs(300);

/// The recordings: those that go on, and those that are kept. Cheap to clone.
#[derive(Clone)]
pub struct Shelf {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) records: Arc<dyn Records>,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) spool: Spool,
    pub(crate) clock: Clock,
    pub(crate) tidy: Notify,
    patience: Duration,
    state: Mutex<State>,
    changed: Notify,
    queued: Notify,
}

/// What is to be done. It grows only with the calls that go on and the recordings that wait.
#[derive(Default)]
struct State {
    /// The newest word of each recording that is not written yet.
    unwritten: HashMap<RecordingId, Snapshot>,
    /// Ended recordings whose last word is being written at this moment.
    ending: HashSet<RecordingId>,
    /// Recordings whose calls go on.
    live: HashSet<RecordingId>,
    /// Ended recordings, next first.
    waiting: VecDeque<Job>,
    /// The one that is being finished.
    in_hand: Option<RecordingId>,
}

struct Snapshot {
    recording: Recording,
    ended: bool,
}

#[derive(Clone, Copy)]
struct Job {
    id: RecordingId,
    failures: u32,
    due: Instant,
}

/// The tasks of a shelf.
pub struct Running {
    stop: watch::Sender<bool>,
    writer: JoinHandle<()>,
    others: JoinSet<()>,
}

impl Running {
    /// Writes what is not written yet, lets the recording in hand be finished within `grace`, and ends. What is left is found
    /// again by [`Shelf::recover`].
    pub async fn stop(mut self, grace: Duration) {
        self.stop.send_replace(true);
        if self.writer.await.is_err() {
            tracing::error!("the writer of recordings' snapshots had failed");
        }
        let ended = async { while self.others.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, ended).await.is_err() {
            tracing::info!("a recording is finished after the next start");
        }
        // Whatever still runs is cut off here; each of its steps can be repeated.
        self.others.shutdown().await;
    }
}

impl Shelf {
    /// A shelf and the tasks that serve it.
    #[must_use]
    pub fn start(parts: Parts) -> (Self, Running) {
        let inner = Arc::new(Inner {
            records: parts.records,
            objects: parts.objects,
            spool: parts.spool,
            clock: parts.clock,
            patience: parts.patience,
            tidy: Notify::new(),
            state: Mutex::default(),
            changed: Notify::new(),
            queued: Notify::new(),
        });
        let (stop, stopped) = watch::channel(false);
        let writer = tokio::spawn(write_snapshots(inner.clone(), stopped.clone()));
        let mut others = JoinSet::new();
        others.spawn(finish_recordings(inner.clone(), stopped.clone()));
        others.spawn(retention::run(inner.clone(), stopped));
        (Self { inner }, Running { stop, writer, others })
    }

    /// The spool, for the paths of segments.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.inner.spool
    }

    /// What is to be known of a recording that goes on: at its beginning and at each change. Returns at once; only the newest
    /// word is written.
    pub fn changed(&self, recording: Recording) {
        self.word(recording, false);
    }

    /// The last word of a recording: it is over, and media have closed all its files. It will be finished.
    pub fn ended(&self, recording: Recording) {
        self.word(recording, true);
    }

    fn word(&self, recording: Recording, ended: bool) {
        let mut state = self.inner.state();
        if ended {
            state.live.remove(&recording.id);
        } else {
            state.live.insert(recording.id);
        }
        state.unwritten.insert(recording.id, Snapshot { recording, ended });
        drop(state);
        self.inner.changed.notify_one();
    }

    /// Takes up whatever an earlier process left in the spool: what was being recorded when it died is finished as far as it
    /// was written. To be called at the start; returns how many there are.
    ///
    /// # Errors
    /// The spool cannot be read.
    pub async fn recover(&self) -> io::Result<usize> {
        let spool = self.inner.spool.clone();
        let left = tokio::task::spawn_blocking(move || spool.left()).await.map_err(io::Error::other)??;
        let mut found = 0;
        let mut state = self.inner.state();
        for id in left {
            let known = state.live.contains(&id)
                || state.unwritten.contains_key(&id)
                || state.ending.contains(&id)
                || state.in_hand == Some(id)
                || state.waiting.iter().any(|job| job.id == id);
            if !known {
                found += 1;
                state.waiting.push_back(Job { id, failures: 0, due: Instant::now() });
            }
        }
        drop(state);
        if found > 0 {
            tracing::info!(recordings = found, "recordings of an earlier run are finished now");
            self.inner.queued.notify_one();
        }
        Ok(found)
    }

    /// Ended recordings that are not finished yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.state().waiting()
    }

    /// Deletes what is to be deleted soon instead of within the hour: to be called after recordings were deleted.
    pub fn tidy(&self) {
        self.inner.tidy.notify_one();
    }

    pub(crate) fn objects(&self) -> &dyn ObjectStore {
        &*self.inner.objects
    }

    pub(crate) fn records(&self) -> &dyn Records {
        &*self.inner.records
    }
}

impl State {
    fn waiting(&self) -> usize {
        let unwritten = self.unwritten.values().filter(|snapshot| snapshot.ended).count();
        unwritten + self.ending.len() + self.waiting.len() + usize::from(self.in_hand.is_some())
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nobody holds it over anything that can fail.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        metrics::gauge!("tandem_recordings_waiting").set(self.state().waiting() as f64);
    }
}

/// Writes each newest snapshot, and passes on the recordings that are over.
async fn write_snapshots(inner: Arc<Inner>, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = *stop.borrow();
        let some = inner.state().take_words();
        let spool = inner.spool.clone();
        let write =
            move || some.into_iter().map(|snapshot| (spool.write(&snapshot.recording), snapshot)).collect::<Vec<_>>();
        let mut failed = false;
        for (written, snapshot) in tokio::task::spawn_blocking(write).await.unwrap_or_default() {
            let id = snapshot.recording.id;
            let mut state = inner.state();
            state.ending.remove(&id);
            match written {
                Ok(()) if snapshot.ended => {
                    state.waiting.push_back(Job { id, failures: 0, due: Instant::now() });
                    inner.queued.notify_one();
                }
                Ok(()) => {}
                Err(error) => {
                    tracing::error!(recording = %id, %error, "what is known of a recording cannot be written into the spool");
                    failed = true;
                    // A newer word may be there already.
                    state.unwritten.entry(id).or_insert(snapshot);
                }
            }
        }
        inner.tell();
        if stopping {
            return;
        }
        if failed {
            let pause = tokio::time::sleep(Duration::from_secs(1));
            tokio::select! { () = pause => {}, _ = stop.wait_for(|stop| *stop) => {} }
        } else {
            tokio::select! { () = inner.changed.notified() => {}, _ = stop.wait_for(|stop| *stop) => {} }
        }
    }
}

/// Finishes ended recordings, one at a time.
async fn finish_recordings(inner: Arc<Inner>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let (job, next) = inner.state().take(Instant::now());
        let Some(job) = job else {
            let due = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = inner.queued.notified() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
            continue;
        };
        let outcome = finish::finish(&inner, job.id).await;
        let mut state = inner.state();
        state.in_hand = None;
        match outcome {
            Ok(Outcome::Finished { length_ms }) => {
                metrics::counter!("tandem_recordings_finished_total").increment(1);
                tracing::info!(recording = %job.id, seconds = length_ms / 1000, "a recording is finished");
            }
            Ok(Outcome::Silent) => {
                tracing::info!(recording = %job.id, "a recording without any sound was dropped");
            }
            Ok(Outcome::Lost { folder }) => {
                metrics::counter!("tandem_recordings_failed_total").increment(1);
                let folder = folder.display();
                tracing::error!(recording = %job.id, %folder, "nobody knows whose recording this is; it was put aside");
            }
            Err(error) => {
                metrics::counter!("tandem_recordings_failed_total").increment(1);
                let wait = inner.patience.saturating_mul(1 << job.failures.min(16)).min(PATIENCE_MAX);
                tracing::warn!(recording = %job.id, %error, ?wait, "a recording could not be finished; trying again");
                let failures = job.failures.saturating_add(1);
                state.waiting.push_back(Job { failures, due: Instant::now() + wait, ..job });
            }
        }
        drop(state);
        inner.tell();
    }
}

impl State {
    /// All that is to be written.
    fn take_words(&mut self) -> Vec<Snapshot> {
        let words: Vec<Snapshot> = self.unwritten.drain().map(|(_, snapshot)| snapshot).collect();
        self.ending.extend(words.iter().filter(|word| word.ended).map(|word| word.recording.id));
        words
    }

    /// The first job that is due, or when one will be.
    fn take(&mut self, now: Instant) -> (Option<Job>, Option<Instant>) {
        let due = self.waiting.iter().position(|job| job.due <= now);
        let job = due.and_then(|place| self.waiting.remove(place));
        self.in_hand = job.map(|job| job.id);
        (job, self.waiting.iter().map(|job| job.due).min())
    }
}
