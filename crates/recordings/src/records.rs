//! What finishing and keeping recordings need of the records; a trait, so that tests can let the database fail at any point.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Who,
    ids::{AdministratorId, RecordingId, Timestamp},
    recordings::Recording,
};
use tandem_mail::{Letters, Mailer};
use tandem_store::{
    Store, StoreError,
    recordings::{self, Addressee, FinishedRecording},
};
use uuid::Uuid;

/// The moment, from whoever may read the machine's clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why the records did not answer: words for the log.
pub type RecordsError = Box<dyn std::error::Error + Send + Sync>;

/// A recording whose sound is joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The recording, with the length of each segment.
    pub recording: Recording,
    /// The size of its WAV, in octets.
    pub wav_octets: u64,
    /// The size of its Ogg Opus, in octets.
    pub opus_octets: u64,
}

/// The records of recordings.
#[async_trait]
pub trait Records: Send + Sync + 'static {
    /// Inserts the row of a recording whose objects are all there and, if it is to be told by e-mail, that e-mail, in one
    /// transaction. Does nothing when the row is there already. `false`: it is the recording of nobody who is known here.
    async fn finish(&self, now: Timestamp, finished: &Finished) -> Result<bool, RecordsError>;

    /// A recording that has a row.
    async fn recording(&self, id: RecordingId) -> Result<Option<Recording>, RecordsError>;

    /// Deletes the rows of at most `most` recordings that were kept as long as their class says; returns how many.
    async fn expire(&self, now: Timestamp, most: u32) -> Result<u32, RecordsError>;

    /// The names (see [`Recording::object`]) of at most `most` deleted recordings whose objects are still to be deleted.
    async fn objects_to_delete(&self, most: u32) -> Result<Vec<String>, RecordsError>;

    /// The objects of this name are gone.
    async fn object_deleted(&self, name: &str) -> Result<(), RecordsError>;

    /// The objects of this name could not be deleted now: others come first.
    async fn object_remains(&self, name: &str, now: Timestamp) -> Result<(), RecordsError>;
}

/// The records in the database, and the letters that go with them.
pub struct Database {
    /// The database.
    pub store: Store,
    /// How e-mails about recordings are written.
    pub letters: Letters,
    /// Who is woken when one was.
    pub mailer: Mailer,
}

#[async_trait]
impl Records for Database {
    async fn finish(&self, now: Timestamp, finished: &Finished) -> Result<bool, RecordsError> {
        let Finished { recording, wav_octets, opus_octets } = finished.clone();
        let kept = FinishedRecording { recording, wav_octets, opus_octets };
        let letter = |recording: &Recording, addressee: &Addressee| {
            self.letters.new_call_recording(recording, opus_octets, addressee)
        };
        match self.store.recordings().finish(now, &kept, letter).await {
            Ok(recordings::Finished::New(Some(_))) => self.mailer.wake(),
            Ok(recordings::Finished::New(None) | recordings::Finished::Before) => {}
            Err(StoreError::NotFound) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    async fn recording(&self, id: RecordingId) -> Result<Option<Recording>, RecordsError> {
        // The server itself sees what its administrators see.
        let server = Who::Administrator(AdministratorId(Uuid::nil()));
        match self.store.recordings().one(server, id).await {
            Ok(row) => Ok(Some(row.recording)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn expire(&self, now: Timestamp, most: u32) -> Result<u32, RecordsError> {
        Ok(self.store.recordings().expire(now, most).await?)
    }

    async fn objects_to_delete(&self, most: u32) -> Result<Vec<String>, RecordsError> {
        Ok(self.store.recordings().objects_to_delete(most).await?)
    }

    async fn object_deleted(&self, name: &str) -> Result<(), RecordsError> {
        Ok(self.store.recordings().object_deleted(name).await?)
    }

    async fn object_remains(&self, name: &str, now: Timestamp) -> Result<(), RecordsError> {
        Ok(self.store.recordings().object_remains(name, now).await?)
    }
}
