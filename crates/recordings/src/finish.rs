//! The steps from a folder in the spool to a recording that is kept. Each can be repeated, so that it does not matter when the
//! server dies: the sound is joined (its files and `finished.json` stay in the folder), its three objects are put, its row and
//! its e-mail are written in one transaction, its folder is deleted.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use object_store::{ObjectStore, buffered::BufWriter, path::Path as ObjectPath};
use tandem_domain::{
    ids::RecordingId,
    recordings::{Form, Recording},
};
use tokio::{io::AsyncWriteExt, sync::oneshot};

use crate::{
    objects,
    records::{Finished, RecordsError},
    shelf::Inner,
    sound::{self, Files},
    spool::{self, Spool},
};

/// What is known of a recording whose sound is joined.
const FINISHED: &str = "finished.json";

/// What became of a folder.
pub(crate) enum Outcome {
    /// It is kept.
    Finished {
        /// How long its sound is.
        length_ms: u64,
    },
    /// There was no sound in it.
    Silent,
    /// Nobody knows whose it is; it was put aside.
    Lost {
        /// Where it is now.
        folder: PathBuf,
    },
}

/// Why it has to be tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FinishError {
    #[error("the spool failed: {0}")]
    Spool(#[from] io::Error),
    #[error("the object store failed: {0}")]
    Objects(io::Error),
    #[error("the database failed: {0}")]
    Records(RecordsError),
}

/// Finishes one recording.
pub(crate) async fn finish(inner: &Inner, id: RecordingId) -> Result<Outcome, FinishError> {
    let spool = &inner.spool;
    let finished = match joined(spool, id).await? {
        Joined::Sound(finished) => finished,
        Joined::Silence => {
            spool.finished(id)?;
            return Ok(Outcome::Silent);
        }
        Joined::Nobody => return Ok(Outcome::Lost { folder: spool.put_aside(id)? }),
    };
    let recording = &finished.recording;
    let files = Files::of(&spool.folder(id));
    let puts = [
        (&files.wav, objects::sound(recording, Form::Wav)),
        (&files.opus, objects::sound(recording, Form::Opus)),
        (&files.peaks, objects::peaks(recording)),
    ];
    for (file, object) in puts {
        put(&inner.objects, file, object).await.map_err(FinishError::Objects)?;
    }
    let written = inner.records.finish((inner.clock)(), &finished).await.map_err(FinishError::Records)?;
    if !written {
        return Ok(Outcome::Lost { folder: spool.put_aside(id)? });
    }
    let folder = spool.clone();
    in_background(move |_| folder.finished(id)).await?;
    Ok(Outcome::Finished { length_ms: recording.length_ms() })
}

enum Joined {
    Sound(Box<Finished>),
    Silence,
    Nobody,
}

/// The joined sound, made now unless an earlier attempt did.
async fn joined(spool: &Spool, id: RecordingId) -> Result<Joined, FinishError> {
    let spool = spool.clone();
    let joined = in_background(move |cancelled| {
        let done = spool.folder(id).join(FINISHED);
        if let Ok(finished) = spool::read_json::<Finished>(&done)
            && finished.recording.id == id
            && sound::is_there(&Files::of(&spool.folder(id)), &finished)
        {
            return Ok(Joined::Sound(Box::new(finished)));
        }
        let recording: Recording = match spool.read(id) {
            Ok(recording) => recording,
            // The folder was made and nothing more, or it is gone; or there is sound that is nobody's.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let sound = spool.segments(id).is_ok_and(|segments| !segments.is_empty());
                return Ok(if sound { Joined::Nobody } else { Joined::Silence });
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(Joined::Nobody),
            Err(error) => return Err(error),
        };
        let Some(finished) = sound::join(&spool, recording, cancelled)? else { return Ok(Joined::Silence) };
        spool::write_json(&done, &finished)?;
        Ok(Joined::Sound(Box::new(finished)))
    });
    Ok(joined.await?)
}

/// Sets it when the future that waits is dropped, for a thread cannot be.
struct Cancel(Arc<AtomicBool>);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does heavy work in a thread of the lowest priority, so that calls do not notice.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (tell, told) = oneshot::channel();
    let cancelled = Arc::new(AtomicBool::new(false));
    let cancel = Cancel(cancelled.clone());
    std::thread::Builder::new().name("recordings".into()).spawn(move || {
        // On Linux a thread has a niceness of its own. Where this is refused, it is work like any other.
        let _ = rustix::process::nice(19);
        // Nobody waits any more: nobody minds.
        let _ = tell.send(work(&cancelled));
    })?;
    let done = told.await.map_err(|_| io::Error::other("the work on a recording panicked"))?;
    drop(cancel);
    done
}

/// Puts a file into the object store, in parts if it is large.
async fn put(objects: &Arc<dyn ObjectStore>, file: &Path, object: ObjectPath) -> io::Result<()> {
    let mut file = tokio::fs::File::open(file).await?;
    let mut writer = BufWriter::new(objects.clone(), object);
    match tokio::io::copy(&mut file, &mut writer).await {
        Ok(_) => writer.shutdown().await,
        Err(error) => {
            // What was put of it is no object yet; if it cannot even be taken back, the object store forgets it some day.
            let _ = writer.abort().await;
            Err(error)
        }
    }
}
