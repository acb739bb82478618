//! A database with John, a spool, an object store, and whatever of them fails.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use object_store::{ObjectStore, local::LocalFileSystem};
use tandem_domain::{
    access::{Tenant, Who},
    account::Account,
    calls::{Direction, Party},
    class::{CustomerClass, Notification},
    customer::{Billing, Customer},
    ids::{AccountId, AdministratorId, CallId, ClassId, CustomerId, RecordingId, Timestamp},
    list::Query,
    locale::{Currency, Locale, TimeZone},
    recordings::{Form, Recording, Segment},
    settings::{Setting, Value},
};
use tandem_mail::{Letters, Mailer};
use tandem_recordings::{Database, Parts, Running, Shelf, Spool, read::gather};
use tandem_store::{
    Change, Options, Store,
    outbox::{MailFilters, MailRow},
    recordings::{RecordingFilters, RecordingRow},
    roles,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::faults::{Faults, FaultyObjects, FaultyRecords};

/// 2026-11-24T15:05:00Z.
pub const START: Timestamp = Timestamp(1_795_532_700_000);
pub const STAFF: Who = Who::Administrator(AdministratorId(Uuid::nil()));

pub struct World {
    pub folder: TempDir,
    pub store: Store,
    pub objects: Arc<dyn ObjectStore>,
    pub spool: Spool,
    pub faults: Arc<Faults>,
    pub class: ClassId,
    now: Arc<AtomicI64>,
    pub customer: CustomerId,
    pub john: AccountId,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tandem.db").display());
        let store = Store::connect(&url, &Options::default()).await.unwrap();
        store.migrate().await.unwrap();
        let change = Change::by_system(START);
        let class = CustomerClass {
            name: "Told".into(),
            notifications: vec![Notification::NewCallRecording],
            ..CustomerClass::default()
        };
        let class = store.classes().create(&class, &change).await.unwrap();
        let abc = Customer {
            name: "ABC".into(),
            email: String::new(),
            sip_prefix: "abc".into(),
            currency: Currency::Eur,
            billing: Billing::Postpaid,
            class,
            locale: Locale::EnGb,
            time_zone: TimeZone::default(),
            role: roles::CUSTOMER,
        };
        let customer = store.customers().create(&abc, None, &change).await.unwrap();
        let tenant = Tenant::for_system(customer);
        let john = Account {
            customer,
            first_name: "John".into(),
            last_name: String::new(),
            email: "john@abc.example".into(),
            extension: "744".parse().unwrap(),
            expires_on: None,
            role: roles::ACCOUNT,
            dialing_rule: None,
        };
        let john = store.accounts().create(tenant, &john, None, &change).await.unwrap();
        let on = Some(Value::Switch(true));
        store.settings(tenant).set(Some(john), Setting::RecordByEmail, on, None, &change).await.unwrap();
        let kept = folder.path().join("kept");
        std::fs::create_dir(&kept).unwrap();
        let faults = Arc::new(Faults::default());
        let objects = LocalFileSystem::new_with_prefix(&kept).unwrap();
        Self {
            spool: Spool::open(folder.path().join("spool")).unwrap(),
            objects: Arc::new(FaultyObjects { objects, faults: faults.clone() }),
            faults,
            folder,
            store,
            class,
            now: Arc::new(AtomicI64::new(START.0)),
            customer,
            john,
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::Relaxed))
    }

    pub fn later(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// A server that starts: a shelf that has looked at what is left.
    pub async fn shelf(&self) -> (Shelf, Running) {
        self.shelf_in(self.objects.clone()).await
    }

    /// One whose objects are elsewhere.
    pub async fn shelf_in(&self, objects: Arc<dyn ObjectStore>) -> (Shelf, Running) {
        let database = Database {
            store: self.store.clone(),
            letters: Letters { public_url: "https://tandem.example".into(), size_limit: 10_000_000 },
            mailer: Mailer::default(),
        };
        let now = self.now.clone();
        let (shelf, running) = Shelf::start(Parts {
            records: Arc::new(FaultyRecords { records: database, faults: self.faults.clone() }),
            objects,
            spool: self.spool.clone(),
            clock: Arc::new(move || Timestamp(now.load(Ordering::Relaxed))),
            patience: Duration::from_millis(5),
        });
        shelf.recover().await.unwrap();
        (shelf, running)
    }

    /// A call from outside that John begins to record now.
    pub fn begun(&self) -> Recording {
        let started = self.now();
        Recording {
            id: self.store.recordings().new_id(started),
            call: CallId(Uuid::now_v7()),
            customer: self.customer,
            account: self.john,
            account_only: false,
            direction: Direction::Incoming,
            caller: Party { number: "+3225550100".into(), name: "Zoë".into(), account: None },
            callee: Party { number: "744".into(), name: "John".into(), account: Some(self.john) },
            huntgroup: String::new(),
            started,
            ended: started,
            segments: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// The path of the next segment, which begins so many seconds after the recording.
    pub fn next_segment(&self, recording: &mut Recording, seconds: i64) -> PathBuf {
        let n = recording.segments.len();
        let started = recording.started.plus_seconds(seconds);
        recording.segments.push(Segment { started, length_ms: None });
        self.spool.make(recording.id).unwrap();
        self.spool.segment_path(recording.id, n)
    }

    pub async fn rows(&self) -> Vec<RecordingRow> {
        let query = Query::default();
        self.store.recordings().list(STAFF, &query, &RecordingFilters::default()).await.unwrap().rows
    }

    pub async fn mails(&self) -> Vec<MailRow> {
        self.store.outbox().list(&Query::default(), &MailFilters::default()).await.unwrap().rows
    }

    /// The names of all that is in the spool.
    pub fn spooled(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("spool")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Waits until nothing waits.
pub async fn settled(shelf: &Shelf) {
    until(|| shelf.waiting() == 0).await;
}

pub async fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come");
}

pub async fn whole(shelf: &Shelf, recording: &Recording, form: Form) -> Vec<u8> {
    let size = shelf.size(recording, form).await.unwrap();
    gather(shelf.read(recording, form, 0..size).await.unwrap()).await.unwrap()
}

/// The one row with its id.
pub async fn the_row(world: &World, id: RecordingId) -> RecordingRow {
    let rows = world.rows().await;
    assert_eq!(rows.iter().map(|row| row.recording.id).collect::<Vec<_>>(), [id]);
    rows.into_iter().next().unwrap()
}
