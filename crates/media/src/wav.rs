//! WAV files of 16-bit PCM: writing, reading and repairing them, a piece at a time and never as a whole.

use std::{
    fs::OpenOptions,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt as _,
    path::Path,
};

/// Octets before the sound of the files that are written here.
pub const HEADER: usize = 44;
/// Chunks before the sound that are passed over; a file with more is none.
const MOST_CHUNKS: usize = 64;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Samples a second of each channel, in Hz.
    pub rate: u32,
    /// Channels, 1 or more.
    pub channels: u16,
    /// Samples of each channel.
    pub frames: u64,
}

impl Info {
    /// How long it plays, in milliseconds, rounded down.
    #[must_use]
    pub fn length_ms(&self) -> u64 {
        self.frames.saturating_mul(1_000) / u64::from(self.rate.max(1))
    }

    /// The head of a file that holds this, cut where a WAV file must end.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER] {
        let block = self.channels.saturating_mul(2);
        // At most what four octets can say.
        let length = (self.frames.min(most_frames(self.channels)) * u64::from(block)) as u32;
        let mut header = *b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0data\0\0\0\0";
        header[4..8].copy_from_slice(&(length + HEADER as u32 - 8).to_le_bytes());
        header[22..24].copy_from_slice(&self.channels.to_le_bytes());
        header[24..28].copy_from_slice(&self.rate.to_le_bytes());
        header[28..32].copy_from_slice(&self.rate.saturating_mul(block.into()).to_le_bytes());
        header[32..34].copy_from_slice(&block.to_le_bytes());
        header[40..44].copy_from_slice(&length.to_le_bytes());
        header
    }
}

/// The most samples of each channel that a WAV file can hold: its sizes are 32 bits.
#[must_use]
pub const fn most_frames(channels: u16) -> u64 {
    let block = if channels == 0 { 2 } else { channels as u64 * 2 };
    (u32::MAX as u64 - HEADER as u64) / block
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Make a file that was being written when the program ended whole: its sizes become what is there. Gives what it holds. A
/// file that was not even begun becomes an empty one, of two channels at 8 kHz.
///
/// # Errors
/// When the file is not there, cannot be written, or is no WAV file of the kind that is written here (`InvalidData`).
pub fn repair(path: impl AsRef<Path>) -> io::Result<Info> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    if length < HEADER as u64 {
        let info = Info { rate: 8_000, channels: 2, frames: 0 };
        file.write_all_at(&info.header(), 0)?;
        file.set_len(HEADER as u64)?;
        file.sync_all()?;
        return Ok(info);
    }
    let mut there = [0; HEADER];
    file.read_exact_at(&mut there, 0)?;
    let (rate, channels) = (u32::from_le_bytes([there[24], there[25], there[26], there[27]]), there[22].into());
    let frames = (length - HEADER as u64) / (u64::from(channels) * 2).max(1);
    let info = Info { rate, channels, frames: frames.min(most_frames(channels)) };
    let header = info.header();
    // All but the two sizes is as it was written.
    let same = |range: std::ops::Range<usize>| header[range.clone()] == there[range];
    if rate == 0 || channels == 0 || !(same(0..4) && same(8..40)) {
        return Err(invalid("this is no WAV file of a recording"));
    }
    let whole = HEADER as u64 + info.frames * u64::from(channels) * 2;
    if header != there || whole != length {
        file.write_all_at(&header, 0)?;
        file.set_len(whole)?;
        file.sync_all()?;
    }
    Ok(info)
}

/// Reads a file from its beginning.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    info: Info,
    /// Octets of sound that have not been read.
    rest: u64,
}

impl<R: Read> Reader<R> {
    /// Read the head. Anything that is buffered will do: [`io::BufReader`] around a file.
    ///
    /// # Errors
    /// Those of `from`, and `InvalidData` when it is no WAV file of 16-bit PCM.
    pub fn new(mut from: R) -> io::Result<Self> {
        const NOT: &str = "this is no WAV file of 16-bit samples";
        let mut head = [0; 12];
        from.read_exact(&mut head)?;
        if &head[..4] != b"RIFF" || &head[8..] != b"WAVE" {
            return Err(invalid(NOT));
        }
        let mut format = None;
        for _ in 0..MOST_CHUNKS {
            let mut chunk = [0; 8];
            from.read_exact(&mut chunk)?;
            let size = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
            let mut left = u64::from(size) + u64::from(size % 2);
            match (&chunk[..4], format) {
                (b"data", Some((rate, channels))) => {
                    let block = u64::from(channels) * 2;
                    let frames = u64::from(size) / block;
                    return Ok(Self { from, info: Info { rate, channels, frames }, rest: frames * block });
                }
                (b"fmt ", _) if size >= 16 => {
                    let mut fields = [0; 16];
                    from.read_exact(&mut fields)?;
                    left -= 16;
                    let word = |at: usize| u16::from_le_bytes([fields[at], fields[at + 1]]);
                    let rate = u32::from_le_bytes([fields[4], fields[5], fields[6], fields[7]]);
                    if word(0) != 1 || word(14) != 16 || word(2) == 0 || rate == 0 {
                        return Err(invalid(NOT));
                    }
                    format = Some((rate, word(2)));
                }
                _ => {}
            }
            if io::copy(&mut from.by_ref().take(left), &mut io::sink())? < left {
                break;
            }
        }
        Err(invalid(NOT))
    }

    /// What the file says that it holds.
    #[must_use]
    pub fn info(&self) -> Info {
        self.info
    }

    /// The next samples, all channels in turn: fills `samples` as far as there are some, and gives their count. 0 is the
    /// end, which a file that was cut off reaches early.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read(&mut self, samples: &mut [i16]) -> io::Result<usize> {
        let mut octets = [0; 8_192];
        let mut count = 0;
        while count < samples.len() && self.rest >= 2 {
            let wanted =
                ((samples.len() - count) * 2).min(octets.len()).min(usize::try_from(self.rest).unwrap_or(8_192));
            let wanted = wanted & !1;
            let mut filled = 0;
            while filled < wanted {
                match self.from.read(&mut octets[filled..wanted]) {
                    Ok(0) => break,
                    Ok(n) => filled += n,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            let pairs = octets[..filled].as_chunks::<2>().0;
            for (sample, octets) in samples[count..].iter_mut().zip(pairs) {
                *sample = i16::from_le_bytes(*octets);
            }
            count += pairs.len();
            self.rest -= filled as u64;
            if filled < wanted {
                self.rest = 0;
            }
        }
        Ok(count)
    }
}

/// Writes a file from its beginning.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    info: Info,
}

impl<W: Write + Seek> Writer<W> {
    /// Write the head. Anything that is buffered will do: [`io::BufWriter`] around a file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn new(mut to: W, rate: u32, channels: u16) -> io::Result<Self> {
        let info = Info { rate, channels, frames: 0 };
        to.write_all(&info.header())?;
        Ok(Self { to, info })
    }

    /// Write samples, all channels in turn and each as often as the others.
    ///
    /// # Errors
    /// Those of writing, and `FileTooLarge` when the file would be longer than a WAV file can be.
    pub fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        let frames = (samples.len() / usize::from(self.info.channels.max(1))) as u64;
        if self.info.frames + frames > most_frames(self.info.channels) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut octets = [0; 4_096];
        for samples in samples.chunks(octets.len() / 2) {
            for (octets, sample) in octets.as_chunks_mut::<2>().0.iter_mut().zip(samples) {
                *octets = sample.to_le_bytes();
            }
            self.to.write_all(&octets[..samples.len() * 2])?;
        }
        self.info.frames += frames;
        Ok(())
    }

    /// What was written so far.
    #[must_use]
    pub fn info(&self) -> Info {
        self.info
    }

    /// Write the sizes, and give back what was written to.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<W> {
        self.to.seek(SeekFrom::Start(0))?;
        self.to.write_all(&self.info.header())?;
        self.to.seek(SeekFrom::End(0))?;
        self.to.flush()?;
        Ok(self.to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn file(samples: &[i16]) -> Vec<u8> {
        let mut writer = Writer::new(Cursor::new(Vec::new()), 16_000, 2).unwrap();
        samples.chunks(6).for_each(|piece| writer.write(piece).unwrap());
        writer.finish().unwrap().into_inner()
    }

    fn read(bytes: &[u8]) -> io::Result<(Info, Vec<i16>)> {
        let mut reader = Reader::new(bytes)?;
        let (mut all, mut piece) = (Vec::new(), [0; 5]);
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok((reader.info(), all)),
                count => all.extend_from_slice(&piece[..count]),
            }
        }
    }

    #[test]
    fn a_file_that_was_cut_off_is_repaired_as_far_as_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.wav");
        let samples: Vec<i16> = (0..1_000).collect();
        for cut in [0, 20, 44, 45, 400, 2_043, 2_044] {
            // The sizes are those of some time before.
            let mut bytes = file(&samples);
            bytes[4..8].copy_from_slice(&136_u32.to_le_bytes());
            bytes[40..44].copy_from_slice(&100_u32.to_le_bytes());
            bytes.truncate(cut);
            std::fs::write(&path, &bytes).unwrap();
            let frames = cut.saturating_sub(44) / 4;
            let info = repair(&path).unwrap();
            assert_eq!((info.channels, info.frames), (2, frames as u64), "cut at {cut}");
            let (read_info, read_samples) = read(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!((read_info, read_samples.as_slice()), (info, &samples[..frames * 2]));
            assert_eq!(repair(&path).unwrap(), info, "a second time changes nothing");
        }
    }

    #[test]
    fn what_is_no_recording_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.wav");
        assert_eq!(repair(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        let text = b"a letter, not a recording; of more than forty-four octets";
        std::fs::write(&path, text).unwrap();
        assert_eq!(repair(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(std::fs::read(&path).unwrap(), text);
    }

    #[test]
    fn a_file_is_never_longer_than_its_sizes_can_say() {
        let info = Info { rate: 16_000, channels: 2, frames: u64::MAX };
        let size = u32::from_le_bytes(info.header()[4..8].try_into().unwrap());
        assert_eq!(u64::from(size) + 8, HEADER as u64 + most_frames(2) * 4);
        let length = Info { rate: 8_000, channels: 2, frames: 12_345 }.length_ms();
        assert_eq!(length, 1_543);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(samples in prop::collection::vec(any::<i16>(), 0..200)) {
            let samples = &samples[..samples.len() & !1];
            let (info, read) = read(&file(samples)).unwrap();
            prop_assert_eq!((info.rate, info.channels, info.frames), (16_000, 2, samples.len() as u64 / 2));
            prop_assert_eq!(read, samples);
        }

        #[test]
        fn no_bytes_upset_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..120), whole: bool) {
            let _ = read(&bytes);
            let mut file = file(&[1; 20]);
            let at = bytes.first().copied().unwrap_or(0) as usize % file.len();
            let end = (at + bytes.len().min(12)).min(file.len());
            file[at..end].copy_from_slice(&bytes[..end - at]);
            if !whole {
                file.truncate(end);
            }
            let _ = read(&file);
        }
    }
}
