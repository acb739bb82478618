//! The spool: recordings of calls that go on, and of those that wait to be finished.
//!
//! A folder for each recording, named by its id: `recording.json`, what the exchange last said of it, and `0.wav`, `1.wav`, …,
//! its segments, written by media. What finishing makes is put beside them (see `finish`). The folder is the truth
//! until the recording's row is in the database; then it goes.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use tandem_domain::{ids::RecordingId, recordings::Recording};

/// What the exchange last said of a recording.
const SNAPSHOT: &str = "recording.json";
/// The ending of a folder of which nothing can be made: nobody knows whose it is.
const LOST: &str = "lost";
/// The ending of a folder that is being deleted.
const GONE: &str = "gone";
/// The most segments that are looked for in one folder.
const SEGMENTS_MAX: usize = 10_000;

/// The folder of recordings that are not finished. Of this machine alone; no two servers share it.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// The spool in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// The folder of one recording.
    #[must_use]
    pub fn folder(&self, id: RecordingId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// Where media write the `n`th segment, from 0. Its folder is there after [`Spool::make`] or [`Spool::write`].
    #[must_use]
    pub fn segment_path(&self, id: RecordingId, n: usize) -> PathBuf {
        self.folder(id).join(format!("{n}.wav"))
    }

    /// Makes the folder of a recording that begins. Quick enough to be done anywhere.
    ///
    /// # Errors
    /// The disk is full or not writable.
    pub fn make(&self, id: RecordingId) -> io::Result<()> {
        fs::create_dir_all(self.folder(id))
    }

    /// Writes what is known of a recording: all of it or nothing, whatever happens meanwhile.
    ///
    /// # Errors
    /// The disk is full or not writable; what was written before is still there.
    pub fn write(&self, recording: &Recording) -> io::Result<()> {
        self.make(recording.id)?;
        write_json(&self.folder(recording.id).join(SNAPSHOT), recording)
    }

    /// What was written last.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when nothing was; [`io::ErrorKind::InvalidData`] when it is not a recording, or not this
    /// one.
    pub fn read(&self, id: RecordingId) -> io::Result<Recording> {
        let recording: Recording = read_json(&self.folder(id).join(SNAPSHOT))?;
        if recording.id == id {
            Ok(recording)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "it is another recording's"))
        }
    }

    /// The recordings that have a folder, oldest first; folders that a crash left half deleted are deleted.
    ///
    /// # Errors
    /// The spool cannot be read.
    pub fn left(&self) -> io::Result<Vec<RecordingId>> {
        let mut left = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(GONE) {
                // One that cannot be deleted keeps no other from being finished.
                if let Err(error) = fs::remove_dir_all(entry.path()) {
                    tracing::warn!(%error, folder = name, "the rest of a finished recording cannot be deleted");
                }
            } else if let Ok(id) = name.parse() {
                left.push(id);
            }
        }
        left.sort_unstable();
        Ok(left)
    }

    /// The segments that have a file, in order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn segments(&self, id: RecordingId) -> io::Result<Vec<usize>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(self.folder(id))? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".wav")).and_then(|n| n.parse().ok());
            if let Some(number) = number.filter(|&number| number < SEGMENTS_MAX) {
                segments.push(number);
            }
        }
        segments.sort_unstable();
        Ok(segments)
    }

    /// Deletes all of a recording that is finished. Safe to repeat.
    ///
    /// # Errors
    /// Something cannot be deleted.
    pub fn finished(&self, id: RecordingId) -> io::Result<()> {
        // Renamed first: half a folder must not be taken for a recording.
        let gone = self.folder.join(format!("{id}.{GONE}"));
        match fs::rename(self.folder(id), &gone) {
            Ok(()) => fs::remove_dir_all(gone),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Puts aside a folder of which nothing can be made, for somebody to look at. Returns where it is now.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub fn put_aside(&self, id: RecordingId) -> io::Result<PathBuf> {
        let lost = self.folder.join(format!("{id}.{LOST}"));
        fs::rename(self.folder(id), &lost)?;
        Ok(lost)
    }
}

/// Writes a file that is there wholly or not at all, also after a power failure.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Reads what [`write_json`] wrote.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    serde_json::from_slice(&fs::read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
