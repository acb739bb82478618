//! Who writes what the exchange keeps: xDRs, registrations, the signalling log. In batches, in order, on a task of its own,
//! so that a slow disk delays no call.
//!
//! An xDR is never given up: while the database cannot be written it waits and is tried again. One that the database refuses
//! for what is in it would hold up all that come after it; it is written into the program's log instead, whole. The signalling
//! log, which is a help and no proof, is dropped when too much of it waits.

use std::{
    fmt::Debug,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tandem_domain::{
    audit::Subject,
    calls::Xdr,
    ids::{AccountId, Timestamp},
};
use tandem_sip::flow::{Flow, Transport};
use tandem_store::{Change as StoreChange, Store, StoreError, registrations::StoredBinding, sip_log::SipLogEntry};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    actor::Wall,
    exchange::{Now, SupervisionNote, registration},
    feed::Feed,
    registrar::{Binding, Change},
};

/// Records that are written in one go.
const BATCH: usize = 500;
/// How long the writer waits for more before it writes.
const GATHER: Duration = Duration::from_millis(50);
/// How long it waits before it tries again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is written down that calls go on: what of a call a crash may cost.
const ALIVE_EVERY: Duration = Duration::from_secs(10);
/// Lines of the signalling log that may wait.
const SIP_LINES_MAX: usize = 20_000;

/// Something to keep.
#[derive(Debug)]
pub enum Record {
    /// A call that is over.
    Xdr(Box<Xdr>),
    /// A call that was answered: its record as it will be if nobody can write its end.
    Open(Box<Xdr>),
    /// What a manager did in a call.
    Supervision(Box<SupervisionNote>),
    /// Where a phone is.
    Kept(Box<StoredBinding>),
    /// A phone is not there any more.
    Gone(AccountId, String),
    /// A message.
    Sip(Box<SipLogEntry>),
}

/// The way to the writer.
#[derive(Debug)]
pub struct Writer {
    records: mpsc::UnboundedSender<Record>,
    /// Lines of the signalling log that wait.
    lines: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Writer {
    /// Has something written.
    pub fn write(&self, record: Record) {
        if matches!(record, Record::Sip(_)) {
            if self.lines.load(Ordering::Relaxed) >= SIP_LINES_MAX {
                return metrics::counter!("tandem_sip_log_dropped_total").increment(1);
            }
            self.lines.fetch_add(1, Ordering::Relaxed);
        }
        // The writer ends only after its last sender.
        let _ = self.records.send(record);
    }

    /// Waits until all is written.
    pub async fn finish(self) {
        drop(self.records);
        let _ = self.task.await;
    }
}

/// Starts the writer.
#[must_use]
pub fn start(store: Store, feed: Feed, wall: Wall) -> Writer {
    let (records, mut waiting) = mpsc::unbounded_channel();
    let lines = Arc::new(AtomicUsize::new(0));
    let counted = lines.clone();
    let task = tokio::spawn(async move {
        let mut batch = Vec::new();
        let mut alive = tokio::time::interval(ALIVE_EVERY);
        loop {
            tokio::select! {
                got = waiting.recv_many(&mut batch, BATCH) => {
                    if got == 0 {
                        break;
                    }
                }
                _ = alive.tick() => {
                    complain("that calls go on", store.xdrs().still_open(wall()).await);
                    continue;
                }
            }
            if batch.len() < BATCH {
                tokio::time::sleep(GATHER).await;
                while batch.len() < BATCH {
                    let Ok(more) = waiting.try_recv() else { break };
                    batch.push(more);
                }
            }
            metrics::gauge!("tandem_records_waiting").set(waiting.len() as f64);
            let written = batch.iter().filter(|record| matches!(record, Record::Sip(_))).count();
            write(&store, &feed, std::mem::take(&mut batch)).await;
            counted.fetch_sub(written, Ordering::Relaxed);
        }
    });
    Writer { records, lines, task }
}

async fn write(store: &Store, feed: &Feed, batch: Vec<Record>) {
    let (mut xdrs, mut opened, mut notes, mut lines) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut bindings: Vec<Result<StoredBinding, (AccountId, String)>> = Vec::new();
    for record in batch {
        match record {
            Record::Xdr(xdr) => xdrs.push(*xdr),
            Record::Open(xdr) => opened.push(*xdr),
            Record::Supervision(note) => notes.push(*note),
            Record::Kept(binding) => bindings.push(Ok(*binding)),
            Record::Gone(account, contact) => bindings.push(Err((account, contact))),
            Record::Sip(line) => lines.push(*line),
        }
    }
    // First, so that a call that was answered and is over in one batch leaves nothing open.
    complain("calls that go on", store.xdrs().open(&opened).await);
    if !xdrs.is_empty() {
        write_all(store, &xdrs).await;
        for xdr in &xdrs {
            metrics::counter!("tandem_calls_total", "cause" => xdr.cause.key()).increment(1);
        }
        feed.xdrs_stored();
    }
    // A proof as xDRs are: never given up.
    for note in notes.chunks(1) {
        write_all(store, note).await;
    }
    // In their order: a phone that left and came back is there.
    for run in bindings.chunk_by(|one, other| one.is_ok() == other.is_ok()) {
        let kept: Vec<_> = run.iter().filter_map(|binding| binding.clone().ok()).collect();
        let gone: Vec<_> = run.iter().filter_map(|binding| binding.clone().err()).collect();
        let written = async {
            store.registrations().save(&kept).await?;
            store.registrations().remove(&gone).await
        };
        complain("registrations", written.await);
    }
    if !bindings.is_empty() {
        feed.registrations_stored();
    }
    if !lines.is_empty() {
        complain("the signalling log", store.sip_log().append(&lines).await);
        feed.signalling_stored();
    }
}

/// What must not be lost.
trait Proof: Debug + Sync + Sized {
    /// What it is, for the program's log.
    const WHAT: &str;

    /// Writes all of these, or none.
    fn write(store: &Store, all: &[Self]) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl Proof for Xdr {
    const WHAT: &str = "xDRs";

    async fn write(store: &Store, all: &[Self]) -> Result<(), StoreError> {
        store.xdrs().append(all).await
    }
}

impl Proof for SupervisionNote {
    const WHAT: &str = "the audit log";

    /// One at a time: a line that is written again would be there twice.
    async fn write(store: &Store, all: &[Self]) -> Result<(), StoreError> {
        for note in all {
            let change = StoreChange { at: note.at, actor: &note.actor, by_staff: false, address: note.address };
            let (customer, call) = (Some(note.customer), note.call.to_string());
            let (name, field) = (&note.name, note.change.clone());
            store.audit().note(&change, customer, Subject::Supervision, &call, name, note.action, field).await?;
        }
        Ok(())
    }
}

/// Writes all of these, as many at once as go. What is refused for good is looked for by halves, and stands in the program's log,
/// from where it can be entered by hand.
async fn write_all<T: Proof>(store: &Store, all: &[T]) {
    let mut parts = vec![all];
    while let Some(part) = parts.pop() {
        match (until_decided(store, part).await, part) {
            (Ok(()), _) => {}
            (Err(error), [refused]) => {
                metrics::counter!("tandem_records_refused_total").increment(1);
                tracing::error!(%error, what = T::WHAT, ?refused, "refused by the database, and kept here alone");
            }
            (Err(_), several) => {
                let (first, second) = several.split_at(several.len() / 2);
                parts.extend([second, first]);
            }
        }
    }
}

/// Writes these, as often as it takes.
///
/// # Errors
/// They can never be written as they are.
async fn until_decided<T: Proof>(store: &Store, all: &[T]) -> Result<(), StoreError> {
    loop {
        match T::write(store, all).await {
            Err(error) if error.is_transient() => complain(T::WHAT, Err(error)),
            decided => return decided,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn complain(what: &str, written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::error!(%error, what, "cannot be written");
    }
}

/// What is kept of a change of the registrar.
#[must_use]
pub fn of_binding(now: Now, change: Change) -> Record {
    match change {
        Change::Removed(binding) => Record::Gone(binding.account, binding.contact.to_string()),
        Change::Kept(binding) => Record::Kept(Box::new(StoredBinding {
            registration: registration(now, &binding),
            instance: String::new(),
            path: String::new(),
            q: binding.q,
            transport: binding.flow.transport.via_name().to_owned(),
            source: binding.flow.remote.to_string(),
            local: binding.flow.local.to_string(),
            call_id: binding.call_id,
            cseq: binding.cseq,
        })),
    }
}

/// The records of calls that went on when the program last ended without a word: they end when it was last known to live.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn recover(store: &Store) -> Result<usize, StoreError> {
    store.xdrs().close_open().await
}

/// The phones that were registered when the program ended, and still are. One that cannot be read any more is left out, and
/// so is a browser, whose connection has ended with the program: it is not shown any more either.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn known(store: &Store, now: Now) -> Result<Vec<Binding>, StoreError> {
    let stored = store.registrations().load(now.wall).await?;
    let is_gone =
        |stored: &&StoredBinding| Transport::from_name(&stored.transport).is_some_and(Transport::is_web_socket);
    let gone = stored.iter().filter(is_gone);
    let gone: Vec<_> = gone.map(|stored| (stored.registration.account, stored.registration.contact.clone())).collect();
    store.registrations().remove(&gone).await?;
    Ok(stored.into_iter().filter_map(|stored| restored(now, stored)).collect())
}

fn restored(now: Now, stored: StoredBinding) -> Option<Binding> {
    // Nobody can open a connection to a browser (RFC 7118, section 5.2): it registers again by itself.
    let transport = Transport::from_name(&stored.transport).filter(|transport| !transport.is_web_socket())?;
    let (local, remote): (SocketAddr, SocketAddr) = (stored.local.parse().ok()?, stored.source.parse().ok()?);
    let registration = stored.registration;
    let ahead = |at: Timestamp| Duration::from_millis(u64::try_from(at.0 - now.wall.0).unwrap_or_default());
    let behind = |at: Timestamp| Duration::from_millis(u64::try_from(now.wall.0 - at.0).unwrap_or_default());
    Some(Binding {
        account: registration.account,
        customer: registration.customer,
        user: registration.sip_user,
        contact: registration.contact.parse().ok()?,
        flow: Flow { transport, local, remote, connection: None },
        user_agent: registration.user_agent,
        q: stored.q,
        call_id: stored.call_id,
        cseq: stored.cseq,
        since: now.instant.checked_sub(behind(registration.since)).unwrap_or(now.instant),
        expires: now.instant + ahead(registration.expires),
    })
}

#[cfg(test)]
mod tests {
    use tandem_domain::ids::{AccountId, CustomerId};
    use uuid::Uuid;

    use super::*;

    fn binding(transport: Transport, now: Now) -> Binding {
        let [local, remote] = ["127.0.0.1:5060", "127.0.0.1:5062"].map(|address| address.parse().unwrap());
        Binding {
            account: AccountId(Uuid::from_u128(1)),
            customer: CustomerId(Uuid::from_u128(2)),
            user: "abc744".into(),
            contact: "sip:abc744@127.0.0.1:5062".parse().unwrap(),
            flow: Flow { transport, local, remote, connection: None },
            user_agent: "a phone".into(),
            q: 1000,
            call_id: "1@phone".into(),
            cseq: 7,
            since: now.instant,
            expires: now.instant + Duration::from_secs(60),
        }
    }

    #[test]
    fn a_phone_comes_back_as_it_was_and_a_browser_does_not() {
        let now = Now { instant: std::time::Instant::now(), wall: Timestamp(1_700_000_000_000) };
        let back = |transport| {
            let Record::Kept(stored) = of_binding(now, Change::Kept(binding(transport, now))) else {
                panic!("a binding is kept")
            };
            restored(now, *stored)
        };
        for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
            let back = back(transport).expect("a phone is called at its address");
            let was = binding(transport, now);
            assert_eq!((back.flow, back.expires, back.user, back.cseq), (was.flow, was.expires, was.user, was.cseq));
        }
        for transport in [Transport::Ws, Transport::Wss] {
            assert!(back(transport).is_none());
        }
    }
}
