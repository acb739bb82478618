//! What a phone hears: follows the files that baresip's module `sndfile` writes, while they are written.
//!
//! Two faults of baresip 1.0 are stood in front of here. After any re-INVITE that is not `sendrecv` it throws its
//! audio filters for receiving away and sets up new ones only if those for sending are gone too, so that nothing is
//! recorded from the first hold on: so the filter for sending must never come up, and for that its file must fail to
//! open. Its name is known (`dump-` + the second + `-enc.wav`), and a folder of that name stands in its way, for every
//! second of the next minute. And the name being the second's, a second recording in one second overwrites the first:
//! so files are read as they grow, and one that has shrunk begins a new recording.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

use crate::{PhoneError, wav};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_millis(20);

/// For how many seconds ahead the files of the sending side are kept from being made.
const AHEAD: i64 = 60;

/// What a phone decoded between one change of its media and the next: of a call, or of the time before and after a
/// hold. What did not arrive is not in it: neither silence for a hold, nor for packets that were lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// Samples a second.
    pub rate: u32,
    /// The samples, of one channel.
    pub pcm: Vec<i16>,
    /// When how many of the samples had been decoded, to 20 ms: a pause of the packets shows here.
    pub arrivals: Vec<(Instant, usize)>,
}

impl Recording {
    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_secs(self.pcm.len() as u64) / self.rate.max(1)
    }

    /// Its samples, and how many of them are a second: what [`crate::tones::parted`] looks at.
    #[must_use]
    pub fn samples(&self) -> (&[i16], u32) {
        (&self.pcm, self.rate)
    }
}

/// A place in all that a phone has heard: see [`super::Baresip::mark`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark(Vec<usize>);

/// A file that is being followed.
#[derive(Debug)]
struct Followed {
    /// The bytes read so far, the header's too.
    read: u64,
    /// Its recording, once the header was there.
    recording: Option<usize>,
}

#[derive(Debug)]
struct Heard {
    folder: PathBuf,
    files: HashMap<PathBuf, Followed>,
    recordings: Vec<Recording>,
    /// Until when the files of the sending side are kept from being made.
    barred: Timestamp,
}

/// The thread that listens, and what it heard.
#[derive(Debug)]
pub(super) struct Ear {
    heard: Arc<Mutex<Heard>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ear {
    /// Listens to what is recorded in this folder from now on.
    pub(super) fn listen(folder: &Path) -> Result<Self, PhoneError> {
        let barred = Timestamp::now() - SignedDuration::from_secs(2);
        let mut heard = Heard { folder: folder.into(), files: HashMap::new(), recordings: Vec::new(), barred };
        heard.bar();
        let (heard, stop) = (Arc::new(Mutex::new(heard)), Arc::new(AtomicBool::new(false)));
        let (inside, told) = (Arc::clone(&heard), Arc::clone(&stop));
        let listen = move || {
            while !told.load(Ordering::Relaxed) {
                let mut heard = lock(&inside);
                heard.bar();
                heard.follow();
                drop(heard);
                thread::sleep(EVERY);
            }
        };
        let thread = thread::Builder::new().name("phone ear".into()).spawn(listen);
        let thread = thread.map_err(PhoneError::io("a phone's ear cannot be started"))?;
        Ok(Self { heard, stop, thread: Some(thread) })
    }

    /// All recordings so far, up to this moment.
    pub(super) fn heard(&self) -> Vec<Recording> {
        self.since(&Mark::default())
    }

    /// Where all recordings end now.
    pub(super) fn mark(&self) -> Mark {
        let mut heard = lock(&self.heard);
        heard.follow();
        Mark(heard.recordings.iter().map(|recording| recording.pcm.len()).collect())
    }

    /// What was heard behind this mark; recordings with nothing behind it are left out.
    pub(super) fn since(&self, mark: &Mark) -> Vec<Recording> {
        let mut heard = lock(&self.heard);
        heard.follow();
        let starts = mark.0.iter().copied().chain(std::iter::repeat(0));
        let parts = heard.recordings.iter().zip(starts).map(|(recording, start)| Recording {
            rate: recording.rate,
            pcm: recording.pcm.get(start..).unwrap_or_default().to_vec(),
            arrivals: recording
                .arrivals
                .iter()
                .filter(|(_, until)| *until > start)
                .map(|(when, until)| (*when, until - start))
                .collect(),
        });
        parts.filter(|part| !part.pcm.is_empty()).collect()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Heard {
    /// Stands in the way of the files that baresip would make for what it sends.
    fn bar(&mut self) {
        let now = Timestamp::now();
        if self.barred.duration_since(now) > SignedDuration::from_secs(AHEAD / 2) {
            return;
        }
        let until = now + SignedDuration::from_secs(AHEAD);
        while self.barred < until {
            let name = self.barred.strftime("dump-%Y-%m-%d-%H-%M-%S-enc.wav").to_string();
            // If it cannot be made, the recording ends at a hold: the test then says what it missed.
            let _ = fs::create_dir(self.folder.join(name));
            self.barred += SignedDuration::from_secs(1);
        }
    }

    /// Reads what the files have grown by.
    fn follow(&mut self) {
        let now = Instant::now();
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.to_str().is_some_and(|path| path.ends_with("-dec.wav")));
        paths.sort();
        for path in paths {
            let Ok(mut file) = File::open(&path) else { continue };
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            let followed = self.files.entry(path).or_insert(Followed { read: 0, recording: None });
            if length < followed.read {
                *followed = Followed { read: 0, recording: None };
            }
            let mut bytes = Vec::new();
            // Whole samples only: the rest comes with the next look.
            let more = (length - followed.read) & !1;
            if more == 0
                || file.seek(SeekFrom::Start(followed.read)).is_err()
                || file.take(more).read_to_end(&mut bytes).is_err()
            {
                continue;
            }
            let mut samples = bytes.as_slice();
            let at = match followed.recording {
                Some(at) => at,
                None => {
                    let Some(header) = wav::header(&bytes) else { continue };
                    samples = bytes.get(header.data..).unwrap_or_default();
                    self.recordings.push(Recording { rate: header.rate, ..Recording::default() });
                    *followed.recording.insert(self.recordings.len() - 1)
                }
            };
            followed.read += bytes.len() as u64;
            if let Some(recording) = self.recordings.get_mut(at).filter(|_| !samples.is_empty()) {
                recording.pcm.extend(wav::samples(samples));
                recording.arrivals.push((now, recording.pcm.len()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::wav::Sound;

    fn sound(pcm: Vec<i16>) -> Vec<u8> {
        wav::write(&Sound { rate: 8000, channels: 1, pcm })
    }

    #[test]
    fn a_growing_file_is_heard_from_a_mark_on() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ear = Ear::listen(folder.path()).expect("an ear");
        let path = folder.path().join("dump-2026-01-01-00-00-00-dec.wav");
        let whole = sound((0..100).collect());
        fs::write(&path, &whole[..44 + 81]).expect("a file");
        let mark = ear.mark();
        assert_eq!(ear.heard()[0].pcm, (0..40).collect::<Vec<_>>());
        assert!(ear.since(&mark).is_empty());
        let mut file = fs::OpenOptions::new().append(true).open(&path).expect("the file");
        file.write_all(&whole[44 + 81..]).expect("the file grows");
        let news = ear.since(&mark);
        assert_eq!(news.len(), 1);
        assert_eq!(news[0].pcm, (40..100).collect::<Vec<_>>());
        assert_eq!(news[0].arrivals.last().map(|(_, until)| *until), Some(60));
    }

    #[test]
    fn a_file_that_is_written_anew_is_another_recording() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ear = Ear::listen(folder.path()).expect("an ear");
        let path = folder.path().join("dump-2026-01-01-00-00-00-dec.wav");
        fs::write(&path, sound(vec![1; 50])).expect("a file");
        let mark = ear.mark();
        fs::write(&path, sound(vec![2; 10])).expect("a file");
        assert_eq!(ear.since(&mark)[0].pcm, [2; 10]);
        assert_eq!(ear.heard().len(), 2);
    }

    #[test]
    fn the_names_of_the_coming_seconds_are_taken() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let _ear = Ear::listen(folder.path()).expect("an ear");
        for seconds in 0..30 {
            let second = Timestamp::now() + SignedDuration::from_secs(seconds);
            let name = second.strftime("dump-%Y-%m-%d-%H-%M-%S-enc.wav").to_string();
            assert!(folder.path().join(name).is_dir());
        }
    }
}
