//! The wiring of what is kept outside of the database and sent out of the house: recordings and e-mails.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture};
use tandem_app::server::{
    Clock,
    recordings::{Pieces, Recordings, RecordingsError},
};
use tandem_domain::recordings::{Form, Recording, Waveform};
use tandem_mail::{Letters, Mailer, Transport};
use tandem_recordings::{Database, ReadError, Shelf, Spool, objects};
use tandem_store::Store;
use tandem_telephony::actor::Keeper;

use crate::{config::Config, run::Purpose};

/// How long after a failure a recording is first finished again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    /// The spool's folder.
    #[error("recordings cannot be written into {folder}: {error} (data_dir)")]
    Spool {
        /// Which.
        folder: String,
        /// Why.
        error: std::io::Error,
    },
    /// The object store.
    #[error("{0} (recordings.storage)")]
    Objects(#[from] objects::ObjectsError),
}

/// Recordings and e-mails, at work.
pub struct Keeping {
    shelf: Shelf,
    spool: PathBuf,
    mailer: Mailer,
    finishing: tandem_recordings::Running,
    sending: tandem_mail::Running,
}

impl Keeping {
    /// Opens the object store, takes up what an earlier run left, and begins to finish recordings and to send e-mails.
    ///
    /// # Errors
    /// [`KeepingError`]
    pub async fn start(
        config: &Config,
        purpose: Purpose,
        store: Store,
        clock: Arc<dyn Clock>,
        public_url: String,
    ) -> Result<Self, KeepingError> {
        let folder = config.data_dir.join("spool");
        let spool = open_spool(&folder)?;
        let objects = objects::by_url(&config.recordings.storage.0, &config.data_dir, std::env::vars())?;
        let size_limit = (config.mail.size_limit.0 as u64).saturating_mul(1 << 20);
        let mailer = Mailer::default();
        let letters = Letters { public_url, size_limit };
        let records = Arc::new(Database { store: store.clone(), letters, mailer: mailer.clone() });
        let now = Arc::new(move || clock.now());
        let parts = tandem_recordings::Parts { records, objects, spool, clock: now.clone(), patience: PATIENCE };
        let (shelf, finishing) = Shelf::start(parts);
        // Before a call can be recorded: whatever lies in the spool now is of an earlier run.
        if let Err(error) = shelf.recover().await {
            tracing::error!(%error, "recordings of an earlier run cannot be looked for");
        }
        let transport = match (&config.mail.smtp.0, purpose) {
            (Transport::None, Purpose::Demonstration { .. }) => Transport::Mailbox,
            (configured, Purpose::Demonstration { .. } | Purpose::Real) => configured.clone(),
        };
        let sending = mailer.start(tandem_mail::worker::Parts {
            outbox: Arc::new(store),
            attachments: Arc::new(shelf.clone()),
            transport,
            from: config.mail.from.0.clone(),
            size_limit,
            clock: now,
        });
        Ok(Self { shelf, spool: folder, mailer, finishing, sending })
    }

    /// For the exchange: where calls are recorded, and who is told of it.
    pub fn of_calls(&self) -> (PathBuf, Keeper) {
        let shelf = self.shelf.clone();
        let keeper: Keeper =
            Arc::new(move |note| if note.ended { shelf.ended(note.recording) } else { shelf.changed(note.recording) });
        (self.spool.clone(), keeper)
    }

    /// Who is woken when an e-mail was written.
    pub fn mailer(&self) -> Mailer {
        self.mailer.clone()
    }

    /// For the pages.
    pub fn for_pages(&self) -> Arc<dyn Recordings> {
        Arc::new(PagesRecordings { shelf: self.shelf.clone(), mailer: self.mailer.clone() })
    }

    /// Ends with care: what is in hand is finished within `grace`.
    pub async fn stop(self, grace: Duration) {
        self.finishing.stop(grace).await;
        self.sending.stop(grace).await;
    }
}

fn open_spool(folder: &Path) -> Result<Spool, KeepingError> {
    let failed = |error| KeepingError::Spool { folder: folder.display().to_string(), error };
    Spool::open(folder).map_err(failed)
}

/// Recordings as pages see them.
struct PagesRecordings {
    shelf: Shelf,
    mailer: Mailer,
}

impl Recordings for PagesRecordings {
    fn deleted(&self) {
        self.shelf.tidy();
    }

    fn mail_waits(&self) {
        self.mailer.wake();
    }

    fn size<'a>(&'a self, recording: &'a Recording, form: Form) -> BoxFuture<'a, Result<u64, RecordingsError>> {
        async move { self.shelf.size(recording, form).await.map_err(unreadable) }.boxed()
    }

    fn read<'a>(
        &'a self,
        recording: &'a Recording,
        form: Form,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Pieces, RecordingsError>> {
        async move {
            let pieces = self.shelf.read(recording, form, range).await.map_err(unreadable)?;
            Ok(pieces.map_err(unreadable).boxed())
        }
        .boxed()
    }

    fn waveform<'a>(&'a self, recording: &'a Recording) -> BoxFuture<'a, Result<Waveform, RecordingsError>> {
        async move { self.shelf.waveform(recording).await.map_err(unreadable) }.boxed()
    }
}

fn unreadable(error: ReadError) -> RecordingsError {
    match error {
        ReadError::NotFound => RecordingsError::Gone,
        error @ ReadError::Failed(_) => RecordingsError::Unavailable(Box::new(error)),
    }
}
