//! The disk's end of all recordings: one thread that writes, and one that waits until what was closed is on the disk.
//!
//! A file only grows, and after each part the lengths in its header are what is there: whatever ends this program, what
//! was written can be played. An error ends the file where it is and is told at once, so that another can be begun; no call
//! notices.

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    thread::{self, JoinHandle},
};

use super::{
    Sink,
    tape::{BUFFERS, Message, PAIR, Tape},
};
use crate::{
    types::{Event, LegId},
    wav::{self, Info},
};

/// How a file begins.
#[derive(Debug)]
pub(super) struct Begin {
    leg: LegId,
    path: PathBuf,
    /// Where its buffers go back.
    written: SyncSender<Vec<u8>>,
}

/// A file that was ended.
struct Ended {
    leg: LegId,
    file: Option<File>,
    length_ms: u64,
    error: Option<String>,
}

type Tell = std::sync::Arc<dyn Fn(Event) + Send + Sync>;

/// The threads and the way to them. They end when this and all tapes are dropped, after all is written.
pub(crate) struct Writer {
    tell: Tell,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    messages: Option<Sender<Message>>,
    threads: Vec<JoinHandle<()>>,
    files: u64,
}

impl Writer {
    /// No thread yet.
    pub fn new(tell: Tell) -> Self {
        Self { tell, running: Mutex::default() }
    }

    /// Begin the file of a recorder leg, which must not be there yet.
    ///
    /// # Errors
    /// When there is no thread to be had. What goes wrong with the file is told at its end.
    pub fn begin(&self, leg: LegId, path: PathBuf) -> io::Result<Box<dyn Sink>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let messages = match &running.messages {
            Some(messages) => messages.clone(),
            None => {
                let (sender, messages) = mpsc::channel();
                let (ended, all_ended) = mpsc::channel();
                let tell = self.tell.clone();
                let closer = thread::Builder::new().name("record-end".into()).spawn(|| finish(all_ended, tell))?;
                running.threads.push(closer);
                let writer = thread::Builder::new().name("record".into()).spawn(|| write(messages, ended))?;
                running.threads.push(writer);
                running.messages.insert(sender).clone()
            }
        };
        running.files += 1;
        let file = running.files;
        let (written, buffers) = mpsc::sync_channel(BUFFERS);
        // It cannot fail: the thread ends when the last sender is gone, and here is one.
        let _ = messages.send(Message::Begin(file, Begin { leg, path, written }));
        Ok(Box::new(Tape::new(file, messages, buffers)))
    }

    /// Wait until all is written. All tapes must be gone, or this waits for them.
    pub fn end(&self) {
        let Running { messages, threads, .. } =
            std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        drop(messages);
        for thread in threads {
            // Dropped by its own callback, a thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// A file that is being written.
struct Open {
    leg: LegId,
    written: SyncSender<Vec<u8>>,
    file: Result<File, io::Error>,
    info: Info,
    /// That it has failed was told.
    told: bool,
}

impl Open {
    fn new(begin: Begin) -> Self {
        let Begin { leg, path, written } = begin;
        // A recording has a folder of its own, made with its first file.
        let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let file = folder.and_then(|()| File::create_new(path));
        let mut open = Self { leg, written, file, info: Info { rate: 8_000, channels: 2, frames: 0 }, told: false };
        open.attempt(|file, info| file.write_all_at(&info.header(), 0));
        open
    }

    /// Do something with the file; after an error it is left as it is.
    fn attempt(&mut self, action: impl FnOnce(&File, &mut Info) -> io::Result<()>) {
        if let Ok(file) = &self.file
            && let Err(error) = action(file, &mut self.info)
        {
            self.file = Err(error);
        }
    }

    fn part(&mut self, rate: u32, at: u64, octets: &[u8]) {
        self.attempt(|file, info| {
            let end = at.saturating_add((octets.len() / PAIR) as u64);
            if end > wav::most_frames(2) {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than a WAV file can be"));
            }
            file.write_all_at(octets, wav::HEADER as u64 + at * PAIR as u64)?;
            (info.rate, info.frames) = (rate, info.frames.max(end));
            file.write_all_at(&info.header(), 0)
        });
    }

    /// What is to be told of an error, once.
    fn failure(&mut self) -> Option<Ended> {
        let Err(error) = &self.file else { return None };
        let error = Some(unwritten(error));
        let told = std::mem::replace(&mut self.told, true);
        (!told).then(|| Ended { leg: self.leg, file: None, length_ms: self.info.length_ms(), error })
    }

    fn end(mut self, rate: u32, pairs: u64, dropped: u64) -> Ended {
        // What was let go at the very end is silence too.
        if pairs > self.info.frames && pairs <= wav::most_frames(2) {
            self.attempt(|file, info| {
                file.set_len(wav::HEADER as u64 + pairs * PAIR as u64)?;
                (info.rate, info.frames) = (rate, pairs);
                file.write_all_at(&info.header(), 0)
            });
        }
        let length_ms = self.info.length_ms();
        let slow = || {
            let ms = dropped * 1_000 / u64::from(rate.max(1));
            format!("the disk was too slow: {ms} ms of the recording are silent")
        };
        let (file, error) = match self.file {
            Ok(file) => (Some(file), (dropped > 0).then(slow)),
            Err(error) => (None, Some(unwritten(&error))),
        };
        Ended { leg: self.leg, file, length_ms, error }
    }
}

fn unwritten(error: &io::Error) -> String {
    format!("the recording could not be written: {error}")
}

/// The thread that writes.
fn write(messages: Receiver<Message>, ended: Sender<Ended>) {
    let mut files: HashMap<u64, Open> = HashMap::new();
    for message in messages {
        match message {
            Message::Begin(file, begin) => {
                let open = files.entry(file).insert_entry(Open::new(begin)).into_mut();
                tell_failure(open, &ended);
            }
            Message::Part { file, rate, at, mut octets } => {
                let Some(open) = files.get_mut(&file) else { continue };
                open.part(rate, at, &octets);
                tell_failure(open, &ended);
                octets.clear();
                // Once its tape has ended, nobody wants the buffer.
                let _ = open.written.try_send(octets);
            }
            Message::End { file, rate, pairs, dropped, closed } => {
                let Some(open) = files.remove(&file).filter(|open| !open.told) else { continue };
                let end = open.end(rate, pairs, dropped);
                if let Some(error) = &end.error {
                    tracing::warn!(leg = end.leg.0, error, "a recording is not whole");
                }
                // Of a leg that was not closed, nobody is told; its file is complete all the same.
                if closed {
                    let _ = ended.send(end);
                }
            }
        }
    }
}

fn tell_failure(open: &mut Open, ended: &Sender<Ended>) {
    if let Some(end) = open.failure() {
        tracing::warn!(leg = end.leg.0, error = end.error, "a recording cannot go on");
        // The other thread ends only after this one.
        let _ = ended.send(end);
    }
}

/// The thread that waits for the disk, so that no other file waits for it, and tells.
fn finish(ended: Receiver<Ended>, tell: Tell) {
    for Ended { leg, file, length_ms, mut error } in ended {
        if let Some(Err(failed)) = file.map(|file| file.sync_all()) {
            error.get_or_insert_with(|| format!("the recording may not be on the disk: {failed}"));
        }
        tell(Event::Recorded { leg, length_ms, error });
    }
}
