//! A database with John, who gets his recordings by e-mail, and a clock that is turned by hand.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tandem_domain::{
    access::Tenant,
    account::Account,
    calls::{Direction, Party},
    class::{CustomerClass, Notification},
    customer::{Billing, Customer},
    ids::{AccountId, CallId, CustomerId, MailId, RecordingId, Timestamp},
    list::Query,
    locale::{Currency, Locale, TimeZone},
    mail::MailState,
    recordings::{Recording, Segment},
    settings::{Setting, Value},
};
use tandem_mail::{Attachment, Attachments, Clock, Letters, Mailer, OutboxError, Running, Transport, worker::Parts};
use tandem_store::{
    Change, Options, Store,
    outbox::{MailFilters, MailRow},
    recordings::{Finished, FinishedRecording},
    roles,
};
use tempfile::TempDir;
use uuid::Uuid;

/// 2026-11-24T15:05:00Z.
pub const START: Timestamp = Timestamp(1_795_532_700_000);
/// The size of a message at most.
pub const SIZE_LIMIT: u64 = 1_000_000;

pub struct World {
    folder: TempDir,
    pub store: Store,
    pub sounds: Arc<Sounds>,
    pub mailer: Mailer,
    now: Arc<AtomicI64>,
    customer: CustomerId,
    john: AccountId,
}

/// The sound of each recording.
#[derive(Default)]
pub struct Sounds(Mutex<HashMap<RecordingId, Bytes>>);

#[async_trait]
impl Attachments for Sounds {
    async fn recording(&self, id: RecordingId, at_most: u64) -> Result<Option<Attachment>, OutboxError> {
        let octets = self.0.lock().unwrap().get(&id).cloned();
        Ok(octets.filter(|octets| octets.len() as u64 <= at_most).map(sound))
    }
}

pub fn sound(octets: Bytes) -> Attachment {
    Attachment { name: "recording-2026-11-24-+3225550100.opus".into(), media_type: "audio/ogg".into(), octets }
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&database(folder.path())).await;
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
        let now = Arc::new(AtomicI64::new(START.0));
        Self { folder, store, sounds: Arc::default(), mailer: Mailer::default(), now, customer, john }
    }

    /// Where the database is, for another process.
    pub fn database(&self) -> PathBuf {
        database(self.folder.path())
    }

    /// The time that the clock shows.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::Relaxed))
    }

    /// Turns the clock, and has the sender look at it.
    pub fn later(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1000, Ordering::Relaxed);
        self.mailer.wake();
    }

    fn clock(&self) -> Clock {
        let now = self.now.clone();
        Arc::new(move || Timestamp(now.load(Ordering::Relaxed)))
    }

    /// A sender.
    pub fn sender(&self, url: &str) -> Running {
        let transport = Transport::parse(url).unwrap().with_patience(Duration::from_secs(5));
        self.mailer.start(Parts {
            outbox: Arc::new(self.store.clone()),
            attachments: self.sounds.clone(),
            transport,
            from: "Tandem <tandem@pbx.example>".parse().unwrap(),
            size_limit: SIZE_LIMIT,
            clock: self.clock(),
        })
    }

    /// John's recording of a call from somebody is finished, and he is to be told. `octets` is how long its sound is said to
    /// be; there is none unless it is given with [`World::give`].
    pub async fn told(&self, caller: &str, octets: u64) -> (RecordingId, MailId) {
        let started = self.now();
        let recordings = self.store.recordings();
        let id = recordings.new_id(started);
        let recording = Recording {
            id,
            call: CallId(Uuid::now_v7()),
            customer: self.customer,
            account: self.john,
            account_only: false,
            direction: Direction::Incoming,
            caller: Party { number: "+3225550100".into(), name: caller.into(), account: None },
            callee: Party { number: "744".into(), name: "John".into(), account: Some(self.john) },
            huntgroup: String::new(),
            started,
            ended: started.plus_seconds(65),
            segments: vec![Segment { started, length_ms: Some(65_000) }],
            marks: Vec::new(),
        };
        let finished = FinishedRecording { recording, wav_octets: octets * 10, opus_octets: octets };
        let letters = Letters { public_url: "https://tandem.example".into(), size_limit: SIZE_LIMIT };
        let letter = |recording: &_, to: &_| letters.new_call_recording(recording, octets, to);
        match recordings.finish(self.now(), &finished, letter).await.unwrap() {
            Finished::New(Some(mail)) => {
                self.mailer.wake();
                (id, mail)
            }
            other => panic!("John is not told: {other:?}"),
        }
    }

    /// The object store has this recording.
    pub fn give(&self, id: RecordingId, octets: Bytes) {
        self.sounds.0.lock().unwrap().insert(id, octets);
    }

    /// A new e-mail with a sound that is there.
    pub async fn mail(&self, caller: &str) -> MailId {
        let octets = Bytes::from(caller.repeat(200));
        let (recording, mail) = self.told(caller, octets.len() as u64).await;
        self.give(recording, octets);
        mail
    }

    pub async fn row(&self, id: MailId) -> MailRow {
        self.store.outbox().one(id).await.unwrap().row
    }

    pub async fn rows(&self) -> Vec<MailRow> {
        self.store.outbox().list(&Query::default(), &MailFilters::default()).await.unwrap().rows
    }

    /// Waits until an e-mail is this far.
    pub async fn until(&self, id: MailId, state: MailState) -> MailRow {
        for _ in 0..1000 {
            let row = self.row(id).await;
            if row.state == state {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not {state:?}: {:?}", self.row(id).await);
    }

    /// Waits until sending an e-mail has failed for now; returns why.
    pub async fn until_failed_for_now(&self, id: MailId) -> String {
        for _ in 0..1000 {
            let row = self.row(id).await;
            if row.state == MailState::Waiting && !row.error.is_empty() {
                return row.error;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not fail: {:?}", self.row(id).await);
    }
}

fn database(folder: &Path) -> PathBuf {
    folder.join("tandem.db")
}

pub async fn open(database: &Path) -> Store {
    Store::connect(&format!("sqlite:{}", database.display()), &Options::default()).await.unwrap()
}
