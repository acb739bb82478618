//! The worker's end of a recording: gathers half a second of sound at a time and hands it over, never waiting.
//!
//! A tape has a fixed number of buffers, which come back when they have been written. That bounds everything: if none is
//! left, the disk is some seconds behind, and the half second is let go. Its place in the file stays empty, which is
//! silence, so that what follows keeps its time.

use std::sync::mpsc::{Receiver, Sender};

use super::Sink;

/// Buffers of a tape: 4 s of sound.
pub(super) const BUFFERS: usize = 8;
/// Octets of a pair of samples.
pub(super) const PAIR: usize = 4;

/// What the writer is told.
#[derive(Debug)]
pub(super) enum Message {
    /// A part of a file.
    Part {
        file: u64,
        rate: u32,
        /// The pair of samples it begins with, counted from the beginning of the file.
        at: u64,
        octets: Vec<u8>,
    },
    /// The end of a file.
    End {
        file: u64,
        rate: u32,
        /// Pairs of samples that it has.
        pairs: u64,
        /// Of those, pairs that were let go.
        dropped: u64,
        /// Whether the leg was closed, so that somebody waits to be told.
        closed: bool,
    },
    /// A new file.
    Begin(u64, super::writer::Begin),
}

/// One file, as a worker writes it.
#[derive(Debug)]
pub(super) struct Tape {
    file: u64,
    writer: Sender<Message>,
    written: Receiver<Vec<u8>>,
    /// Further buffers that may be made.
    unmade: usize,
    rate: u32,
    /// What was gathered, and the pair of samples after it.
    gathered: Vec<u8>,
    position: u64,
    dropped: u64,
    closed: bool,
}

impl Tape {
    pub fn new(file: u64, writer: Sender<Message>, written: Receiver<Vec<u8>>) -> Self {
        Self {
            file,
            writer,
            written,
            unmade: BUFFERS - 1,
            rate: 8_000,
            gathered: Vec::new(),
            position: 0,
            dropped: 0,
            closed: false,
        }
    }

    /// Octets of half a second.
    fn portion(&self) -> usize {
        self.rate as usize / 2 * PAIR
    }

    /// Hand over what was gathered, if there is a buffer to go on with.
    fn hand_over(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        let empty = self.written.try_recv().ok().or_else(|| {
            self.unmade = self.unmade.checked_sub(1)?;
            Some(Vec::with_capacity(self.portion()))
        });
        match empty {
            Some(empty) => {
                let octets = std::mem::replace(&mut self.gathered, empty);
                self.send(octets);
            }
            None => {
                self.dropped += (self.gathered.len() / PAIR) as u64;
                self.gathered.clear();
            }
        }
    }

    fn send(&self, octets: Vec<u8>) {
        let at = self.position.saturating_sub((octets.len() / PAIR) as u64);
        // Without a writer the engine is gone, and so is who could be told.
        let _ = self.writer.send(Message::Part { file: self.file, rate: self.rate, at, octets });
    }
}

impl Sink for Tape {
    fn frame(&mut self, rate: u32, missed: u64, samples: &[i16]) {
        self.rate = rate;
        if missed > 0 {
            self.hand_over();
            self.position = self.position.saturating_add(missed.saturating_mul(u64::from(rate / 50)));
        }
        if self.gathered.capacity() == 0 {
            self.gathered.reserve_exact(self.portion());
        }
        let from = self.gathered.len();
        self.gathered.resize(from + samples.len() * 2, 0);
        for (octets, sample) in self.gathered[from..].as_chunks_mut::<2>().0.iter_mut().zip(samples) {
            *octets = sample.to_le_bytes();
        }
        self.position = self.position.saturating_add((samples.len() / 2) as u64);
        if self.gathered.len() >= self.portion() {
            self.hand_over();
        }
    }

    fn close(mut self: Box<Self>) {
        self.closed = true;
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        // The last part needs no buffer to go on with.
        if !self.gathered.is_empty() {
            let octets = std::mem::take(&mut self.gathered);
            self.send(octets);
        }
        let Self { file, rate, position: pairs, dropped, closed, .. } = *self;
        let _ = self.writer.send(Message::End { file, rate, pairs, dropped, closed });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// What was handed over: where it begins, and how long it is in milliseconds.
    fn parts(messages: &Receiver<Message>) -> Vec<(u64, u64)> {
        let part = |message| match message {
            Message::Part { rate, at, octets, .. } => Some((at, octets.len() as u64 / 4 * 1_000 / u64::from(rate))),
            Message::End { .. } | Message::Begin(..) => None,
        };
        messages.try_iter().filter_map(part).collect()
    }

    #[test]
    fn half_a_second_is_handed_over_at_a_time_and_what_is_left_out_keeps_its_place() {
        let (writer, messages) = mpsc::channel();
        let (written, buffers) = mpsc::sync_channel(BUFFERS);
        let mut tape = Tape::new(1, writer, buffers);
        for _ in 0..60 {
            tape.frame(8_000, 0, &[1; 320]);
        }
        assert_eq!(parts(&messages), [(0, 500), (4_000, 500)]);
        tape.frame(8_000, 5, &[1; 320]);
        assert_eq!(parts(&messages), [(8_000, 200)]);
        written.send(Vec::new()).unwrap();
        Box::new(tape).close();
        let last: Vec<Message> = messages.try_iter().collect();
        assert!(matches!(&last[0], Message::Part { at: 10_400, octets, .. } if octets.len() == 640), "{last:?}");
        assert!(matches!(last[1], Message::End { pairs: 10_560, dropped: 0, closed: true, .. }), "{last:?}");
    }

    #[test]
    fn a_disk_that_does_not_follow_costs_sound_and_not_memory() {
        let (writer, messages) = mpsc::channel();
        let (written, buffers) = mpsc::sync_channel(BUFFERS);
        let mut tape = Tape::new(1, writer, buffers);
        for _ in 0..1_000 {
            tape.frame(16_000, 0, &[1; 640]);
        }
        // Eight buffers of half a second, of which one is in hand.
        assert_eq!(parts(&messages).len(), BUFFERS - 1);
        written.send(Vec::new()).unwrap();
        for _ in 0..25 {
            tape.frame(16_000, 0, &[1; 640]);
        }
        assert_eq!(parts(&messages), [(320_000, 500)], "what comes after it has its time");
        drop(tape);
        let end = messages.try_iter().last();
        let dropped = (40 - BUFFERS as u64 + 1) * 8_000;
        assert!(matches!(end, Some(Message::End { dropped: d, closed: false, .. }) if d == dropped), "{end:?}");
    }
}
