//! Where does that go which a recorder leg hears?
//!
//! A recorder leg has no sockets; its row of the matrix is [`Hears::Stereo`](crate::Hears::Stereo). Each 20 ms of the grid
//! the router gives what is heard to the leg's [`Sink`], and the number of that frame on the grid tells which frames were
//! left out. The engine's sink is a [`tape`](self): it gathers half a second and hands it to the [`writer`](self) thread, so
//! that nothing on a media worker waits for a disk.

mod tape;
mod writer;

use std::{fmt, path::Path};

pub(crate) use self::writer::Writer;

/// What stays free of a disk that recordings are written to, in octets: the database may be on it, and finished recordings need
/// some of it before they give theirs back.
const RESERVE: u64 = 512 << 20;

/// Whether a file can be begun here without taking the last room that there is. Where that cannot be told, it is tried.
pub(crate) fn has_room(file: &Path) -> bool {
    let folder = file.ancestors().skip(1).find(|folder| folder.exists());
    let free = folder.and_then(|folder| rustix::fs::statvfs(folder).ok());
    free.is_none_or(|free| free.f_bavail.saturating_mul(free.f_frsize) >= RESERVE)
}

/// Takes the sound that a recorder leg hears. It is called on a media worker: it must not block, nor allocate each time.
pub trait Sink: Send + fmt::Debug {
    /// 20 ms: `rate` / 50 pairs of samples, left and right in turn, which follow `missed` frames of 20 ms that nobody heard.
    /// The rate, 8,000 or 16,000, never changes.
    fn frame(&mut self, rate: u32, missed: u64, samples: &[i16]);

    /// The leg was closed and that was told; what a sink that is only dropped knows nothing of.
    fn close(self: Box<Self>);
}

/// What makes a leg a recorder.
#[derive(Debug)]
pub(crate) struct Recorder {
    sink: Box<dyn Sink>,
    /// Samples a second, once something was heard.
    rate: Option<u32>,
    /// The frame of the grid that is heard next; `None` while time stands still.
    next: Option<u64>,
}

impl Recorder {
    pub fn new(sink: Box<dyn Sink>) -> Self {
        Self { sink, rate: None, next: None }
    }

    /// Samples a second: once and for ever what is wanted at the first frame.
    pub fn rate(&mut self, wanted: impl FnOnce() -> u32) -> u32 {
        *self.rate.get_or_insert_with(wanted)
    }

    /// Frame `n` of the grid was heard: interleaved samples at the recorder's rate.
    pub fn frame(&mut self, n: u64, samples: &[i16]) {
        // On another worker, whose grid was a little behind, a frame may come that was heard before.
        let (Some(rate), Some(missed)) = (self.rate, n.checked_sub(self.next.unwrap_or(n))) else { return };
        self.next = Some(n + 1);
        self.sink.frame(rate, missed, samples);
    }

    /// Time stands still until the next frame.
    pub fn pause(&mut self) {
        self.next = None;
    }

    pub fn into_sink(self) -> Box<dyn Sink> {
        self.sink
    }
}
