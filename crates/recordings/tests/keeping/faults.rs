//! An object store and a database that fail, or never answer, at the step that a story names.

use std::{
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result, local::LocalFileSystem, path::Path,
};
use tandem_domain::{
    ids::{RecordingId, Timestamp},
    recordings::Recording,
};
use tandem_recordings::{Database, Finished, Records, RecordsError};

/// What happens at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails before anything was done.
    Refuses,
    /// It is done, and the answer is an error.
    AnswerLost,
    /// It never answers; the server is killed meanwhile.
    Hangs,
    /// It is done, and then never answers.
    DoneThenHangs,
}

/// Which steps fail. A step is the ending of the object that is put (`wav`, `opus`, `peaks`), `row`, or `delete`.
#[derive(Default)]
pub struct Faults {
    /// What is still to happen, the next first.
    planned: Mutex<Vec<(&'static str, Fault)>>,
    happened: AtomicUsize,
}

impl Faults {
    pub fn plan(&self, faults: &[(&'static str, Fault)]) {
        *self.planned.lock().unwrap() = faults.to_vec();
    }

    /// How many have happened.
    pub fn happened(&self) -> usize {
        self.happened.load(Ordering::Relaxed)
    }

    fn at(&self, step: &str) -> Option<Fault> {
        let mut planned = self.planned.lock().unwrap();
        let place = planned.iter().position(|(planned, _)| step.ends_with(planned))?;
        self.happened.fetch_add(1, Ordering::Relaxed);
        Some(planned.remove(place).1)
    }

    /// Does it, or does not, or does not answer.
    async fn around<T, E>(
        &self,
        step: &str,
        done: impl Future<Output = std::result::Result<T, E>>,
        error: E,
    ) -> std::result::Result<T, E> {
        match self.at(step) {
            None => done.await,
            Some(Fault::Refuses) => Err(error),
            Some(Fault::AnswerLost) => done.await.and(Err(error)),
            Some(Fault::Hangs) => std::future::pending().await,
            Some(Fault::DoneThenHangs) => {
                let _ = done.await;
                std::future::pending().await
            }
        }
    }
}

#[derive(Clone)]
pub struct FaultyObjects {
    pub objects: LocalFileSystem,
    pub faults: std::sync::Arc<Faults>,
}

impl fmt::Debug for FaultyObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyObjects")
    }
}

impl fmt::Display for FaultyObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyObjects")
    }
}

fn error() -> object_store::Error {
    object_store::Error::Generic { store: "test", source: "the object store is down".into() }
}

#[async_trait]
impl ObjectStore for FaultyObjects {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.faults.around(location.as_ref(), self.objects.put_opts(location, payload, options), error()).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.objects.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        match self.faults.at("delete") {
            None => self.objects.delete_stream(locations),
            Some(_) => Box::pin(futures::stream::once(async { Err(error()) })),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}

pub struct FaultyRecords {
    pub records: Database,
    pub faults: std::sync::Arc<Faults>,
}

#[async_trait]
impl Records for FaultyRecords {
    async fn finish(&self, now: Timestamp, finished: &Finished) -> std::result::Result<bool, RecordsError> {
        self.faults.around("row", self.records.finish(now, finished), "the database is down".into()).await
    }

    async fn recording(&self, id: RecordingId) -> std::result::Result<Option<Recording>, RecordsError> {
        self.records.recording(id).await
    }

    async fn expire(&self, now: Timestamp, most: u32) -> std::result::Result<u32, RecordsError> {
        self.records.expire(now, most).await
    }

    async fn objects_to_delete(&self, most: u32) -> std::result::Result<Vec<String>, RecordsError> {
        self.records.objects_to_delete(most).await
    }

    async fn object_deleted(&self, name: &str) -> std::result::Result<(), RecordsError> {
        self.records.object_deleted(name).await
    }

    async fn object_remains(&self, name: &str, now: Timestamp) -> std::result::Result<(), RecordsError> {
        self.records.object_remains(name, now).await
    }
}
