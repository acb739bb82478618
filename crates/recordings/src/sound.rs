//! How do segments become one sound? Joined without a gap into one WAV, one Ogg Opus and a waveform, a piece at a time.
//!
//! Segments of a recording may have different rates, for a wideband phone may have come in between: the highest is taken, and
//! narrowband ones are filtered up. Whatever of a segment cannot be read is left out; what is there is kept.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use tandem_domain::{
    ids::Timestamp,
    recordings::{Recording, Segment, Waveform, utc_day},
};
use tandem_media::{opus, peaks::Peaks, resample, wav};

use crate::{records::Finished, spool::Spool};

/// The two channels: the account on the left, the other party on the right.
const CHANNELS: usize = 2;
/// Samples of each channel that are read at once: a tenth of a second and a bit.
const PIECE: usize = 1_024;
/// How late the filter gives what it was given, in samples at 16 kHz.
const UP_DELAY: usize = 24;

/// The files of a recording's whole sound, in its folder.
pub(crate) struct Files {
    pub(crate) wav: PathBuf,
    pub(crate) opus: PathBuf,
    pub(crate) peaks: PathBuf,
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name);
        Self { wav: file("whole.pcm"), opus: file("whole.opus"), peaks: file("whole.peaks") }
    }
}

/// A segment whose file has sound.
struct Piece {
    path: PathBuf,
    started: Timestamp,
    info: wav::Info,
}

/// Makes the whole sound of a recording, and says what the recording is now that the lengths of its segments are known.
/// `None`: there is no sound at all.
///
/// # Errors
/// The disk is full, or it was `cancelled`.
pub(crate) fn join(spool: &Spool, mut recording: Recording, cancelled: &AtomicBool) -> io::Result<Option<Finished>> {
    let pieces = pieces(spool, &recording)?;
    let Some(rate) = pieces.iter().map(|piece| piece.info.rate).max() else { return Ok(None) };
    recording.segments = pieces
        .iter()
        .map(|piece| Segment { started: piece.started, length_ms: Some(piece.info.length_ms()) })
        .collect();
    if let Some(first) = recording.segments.first() {
        recording.started = first.started;
    }
    let ends = recording.segments.iter().map(|segment| end(segment.started, segment.length_ms.unwrap_or_default()));
    recording.ended = ends.fold(recording.ended, Timestamp::max);

    let files = Files::of(&spool.folder(recording.id));
    let new = Files { wav: beside(&files.wav), opus: beside(&files.opus), peaks: beside(&files.peaks) };
    if let Err(error) = write(&new, &pieces, rate, &recording, cancelled) {
        // A disk that is full is not made fuller by each attempt. What was not even begun is not there.
        for file in [&new.wav, &new.opus, &new.peaks] {
            let _ = fs::remove_file(file);
        }
        return Err(error);
    }
    fs::rename(&new.wav, &files.wav)?;
    fs::rename(&new.opus, &files.opus)?;
    fs::rename(&new.peaks, &files.peaks)?;
    Ok(Some(Finished { wav_octets: octets(&files.wav)?, opus_octets: octets(&files.opus)?, recording }))
}

/// Writes the three files, so that they are there also after a power failure.
fn write(new: &Files, pieces: &[Piece], rate: u32, recording: &Recording, cancelled: &AtomicBool) -> io::Result<()> {
    let frames: u64 = pieces.iter().map(|piece| frames_at(&piece.info, rate)).sum();
    let most = wav::most_frames(CHANNELS as u16);
    if frames > most {
        tracing::error!(recording = %recording.id, "a recording of more than 18 hours is cut off where a WAV file must end");
    }
    let mut whole = Whole {
        wav: wav::Writer::new(BufWriter::new(File::create(&new.wav)?), rate, CHANNELS as u16)?,
        opus: encoder(BufWriter::new(File::create(&new.opus)?), rate, recording)?,
        peaks: Peaks::new(Waveform::SLICES, frames.min(most)),
        room: most,
    };
    for piece in pieces {
        copy(piece, rate, &mut whole, cancelled)?;
    }
    whole.wav.finish()?.into_inner()?.sync_all()?;
    whole.opus.finish()?.into_inner()?.sync_all()?;
    let (left, right) = whole.peaks.finish();
    fs::write(&new.peaks, Waveform { left, right }.octets())?;
    File::open(&new.peaks)?.sync_all()
}

fn octets(path: &Path) -> io::Result<u64> {
    fs::metadata(path).map(|file| file.len())
}

/// Whether the files that [`join`] made are still there.
pub(crate) fn is_there(files: &Files, finished: &Finished) -> bool {
    octets(&files.wav).is_ok_and(|octets| octets == finished.wav_octets)
        && octets(&files.opus).is_ok_and(|octets| octets == finished.opus_octets)
        && octets(&files.peaks).is_ok()
}

/// A name that nobody else writes to: an attempt that was cut off may still be about to notice it.
fn beside(path: &Path) -> PathBuf {
    static ATTEMPT: AtomicU64 = AtomicU64::new(0);
    path.with_extension(format!("{}.new", ATTEMPT.fetch_add(1, Ordering::Relaxed)))
}

fn end(started: Timestamp, length_ms: u64) -> Timestamp {
    Timestamp(started.0.saturating_add_unsigned(length_ms))
}

/// An encoder whose file says nothing about itself that tells who spoke, and is the same each time it is made.
fn encoder(to: BufWriter<File>, rate: u32, recording: &Recording) -> io::Result<opus::Encoder<BufWriter<File>>> {
    let (year, month, day) = utc_day(recording.started);
    let date = format!("{year:04}-{month:02}-{day:02}");
    // The random end of the id.
    let serial = recording.id.0.as_u128() as u32;
    opus::Encoder::new(to, rate, serial, &[("TITLE", "Call recording"), ("DATE", &date)])
}

/// The segments with sound, in order. What died with its server has sizes in its head that are too small; they are repaired.
fn pieces(spool: &Spool, recording: &Recording) -> io::Result<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    for n in spool.segments(recording.id)? {
        let path = spool.segment_path(recording.id, n);
        let info = match wav::repair(&path) {
            Ok(info) if usize::from(info.channels) == CHANNELS && matches!(info.rate, 8_000 | 16_000) => info,
            Ok(info) => {
                tracing::error!(recording = %recording.id, segment = n, ?info, "a segment that nobody here writes is left out");
                continue;
            }
            Err(error) => {
                tracing::error!(recording = %recording.id, segment = n, %error, "a segment cannot be read and is left out");
                continue;
            }
        };
        if info.frames == 0 {
            continue;
        }
        let started = match recording.segments.get(n) {
            Some(segment) => segment.started,
            // The server died before it had said that this segment began.
            None => guess(&path, &info, pieces.last(), recording),
        };
        pieces.push(Piece { path, started, info });
    }
    Ok(pieces)
}

/// When a segment began of which only the file is left: its length before it was written last, but after the one before.
fn guess(path: &Path, info: &wav::Info, before: Option<&Piece>, recording: &Recording) -> Timestamp {
    let written = fs::metadata(path).and_then(|file| file.modified()).ok();
    let since = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let written = since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default();
    let began = written.saturating_sub(i64::try_from(info.length_ms()).unwrap_or_default());
    let earliest = before.map_or(recording.started, |piece| end(piece.started, piece.info.length_ms()));
    earliest.max(Timestamp(began))
}

/// Samples of each channel that a segment has at this rate.
fn frames_at(info: &wav::Info, rate: u32) -> u64 {
    info.frames * u64::from(rate / info.rate)
}

/// Where the sound goes.
struct Whole {
    wav: wav::Writer<BufWriter<File>>,
    opus: opus::Encoder<BufWriter<File>>,
    peaks: Peaks,
    /// Samples of each channel that still fit.
    room: u64,
}

impl Whole {
    fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        let frames = ((samples.len() / CHANNELS) as u64).min(self.room);
        self.room -= frames;
        let samples = &samples[..frames as usize * CHANNELS];
        self.wav.write(samples)?;
        self.opus.write(samples)?;
        self.peaks.add(samples);
        Ok(())
    }
}

/// Adds a segment.
fn copy(piece: &Piece, rate: u32, whole: &mut Whole, cancelled: &AtomicBool) -> io::Result<()> {
    let mut reader = wav::Reader::new(BufReader::new(File::open(&piece.path)?))?;
    let mut samples = [0; PIECE * CHANNELS];
    let mut up = (piece.info.rate < rate).then(Upward::default);
    loop {
        if cancelled.load(Ordering::Relaxed) {
            return Err(io::Error::other("it was cut off"));
        }
        let count = reader.read(&mut samples)?;
        if count == 0 {
            break;
        }
        match &mut up {
            None => whole.write(&samples[..count])?,
            Some(up) => up.write(&samples[..count], whole)?,
        }
    }
    up.map_or(Ok(()), |up| up.finish(whole))
}

/// Makes 16 kHz of 8 kHz, in both channels, without the filter's delay, so that a segment stays as long as it is.
struct Upward {
    filters: [resample::Up; CHANNELS],
    /// Samples at the beginning that are only the filter's delay.
    skip: usize,
}

impl Default for Upward {
    fn default() -> Self {
        Self { filters: Default::default(), skip: UP_DELAY }
    }
}

impl Upward {
    fn write(&mut self, samples: &[i16], whole: &mut Whole) -> io::Result<()> {
        let frames = samples.len() / CHANNELS;
        let mut one = [0; PIECE];
        let mut twice = [0; PIECE * 2];
        let mut out = [0; PIECE * 2 * CHANNELS];
        for (channel, filter) in self.filters.iter_mut().enumerate() {
            for (to, frame) in one.iter_mut().zip(samples.chunks_exact(CHANNELS)) {
                *to = frame[channel];
            }
            filter.process(&one[..frames], &mut twice);
            for (frame, &sample) in out.chunks_exact_mut(CHANNELS).zip(&twice[..frames * 2]) {
                frame[channel] = sample;
            }
        }
        let skipped = self.skip.min(frames * 2);
        self.skip -= skipped;
        whole.write(&out[skipped * CHANNELS..frames * 2 * CHANNELS])
    }

    /// What is still in the filter.
    fn finish(mut self, whole: &mut Whole) -> io::Result<()> {
        self.write(&[0; UP_DELAY / 2 * CHANNELS], whole)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tandem_domain::{
        calls::{Direction, Party},
        ids::{AccountId, CallId, CustomerId, RecordingId},
    };
    use uuid::Uuid;

    use super::*;

    fn recording(segments: usize) -> Recording {
        let nobody = || Party { number: String::new(), name: String::new(), account: None };
        let started = Timestamp(1_795_532_700_000);
        Recording {
            id: RecordingId(Uuid::from_u128(9)),
            call: CallId(Uuid::from_u128(8)),
            customer: CustomerId(Uuid::from_u128(7)),
            account: AccountId(Uuid::from_u128(1)),
            account_only: false,
            direction: Direction::Incoming,
            caller: nobody(),
            callee: nobody(),
            huntgroup: String::new(),
            started,
            ended: started,
            segments: (0..segments)
                .map(|n| Segment { started: started.plus_seconds(n as i64 * 60), length_ms: None })
                .collect(),
            marks: Vec::new(),
        }
    }

    fn joined(segments: &[Vec<u8>]) -> Option<(Finished, Vec<u8>)> {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let recording = recording(segments.len());
        spool.make(recording.id).unwrap();
        for (n, segment) in segments.iter().enumerate() {
            fs::write(spool.segment_path(recording.id, n), segment).unwrap();
        }
        let finished = join(&spool, recording, &AtomicBool::new(false)).unwrap()?;
        let files = Files::of(&spool.folder(finished.recording.id));
        assert!(is_there(&files, &finished));
        Some((finished, fs::read(files.wav).unwrap()))
    }

    fn segment(rate: u32, frames: u64) -> Vec<u8> {
        let info = wav::Info { rate, channels: 2, frames };
        let mut octets = info.header().to_vec();
        octets.extend((0..frames).flat_map(|n| [n as u8, 1, n as u8, 2]));
        octets
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Nothing that a disk gives back makes us fail.
        #[test]
        fn any_octets_are_a_segment_or_none(
            mut octets in prop::collection::vec(any::<u8>(), 0..400),
            good in any::<bool>(),
        ) {
            if good {
                let header = wav::Info { rate: 8_000, channels: 2, frames: 3 }.header();
                octets.splice(0..0, header);
            }
            if let Some((finished, wav)) = joined(&[octets, segment(8_000, 800)]) {
                prop_assert_eq!(wav.len() as u64, finished.wav_octets);
                prop_assert!(finished.recording.length_ms() >= 100);
            }
        }

        /// Whatever their rates: the whole is as long as all segments are together.
        #[test]
        fn no_sample_is_lost_or_added(segments in prop::collection::vec((any::<bool>(), 0..3_000_u64), 1..5)) {
            let wide = segments.iter().any(|(wide, frames)| *wide && *frames > 0);
            let octets: Vec<Vec<u8>> = segments
                .iter()
                .map(|(wide, frames)| segment(if *wide { 16_000 } else { 8_000 }, *frames))
                .collect();
            let frames: u64 = segments.iter().map(|(is_wide, frames)| if wide && !is_wide { frames * 2 } else { *frames }).sum();
            match joined(&octets) {
                None => prop_assert_eq!(frames, 0),
                Some((finished, _)) => prop_assert_eq!(finished.wav_octets, wav::HEADER as u64 + frames * 4),
            }
        }
    }

    #[test]
    fn work_that_nobody_waits_for_ends_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let recording = recording(1);
        let id = recording.id;
        spool.make(id).unwrap();
        fs::write(spool.segment_path(id, 0), segment(8_000, 800)).unwrap();
        join(&spool, recording, &AtomicBool::new(true)).unwrap_err();
        let left: Vec<_> = fs::read_dir(spool.folder(id)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["0.wav"]);
    }
}
