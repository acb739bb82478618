//! WAV files of 16-bit samples: also those that are still being written.

/// The sound of a WAV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// Samples a second of each channel.
    pub rate: u32,
    /// Channels, interleaved in `pcm`.
    pub channels: u16,
    /// The samples.
    pub pcm: Vec<i16>,
}

/// Where the samples of a WAV file begin, and what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Samples a second of each channel.
    pub rate: u32,
    /// Channels.
    pub channels: u16,
    /// The first byte of the first sample. The data goes to the end of the file, whatever the length in the header
    /// says: it is written last.
    pub data: usize,
}

/// Reads the header at the beginning of a WAV file of 16-bit PCM; none while it is not whole or is of another kind.
#[must_use]
pub fn header(file: &[u8]) -> Option<Header> {
    if file.get(..4)? != b"RIFF" || file.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut at = 12;
    let mut format = None;
    loop {
        let name = file.get(at..at + 4)?;
        let length = usize::try_from(u32::from_le_bytes(file.get(at + 4..at + 8)?.try_into().ok()?)).ok()?;
        let body = at + 8;
        if name == b"data" {
            let (rate, channels) = format?;
            return Some(Header { rate, channels, data: body });
        }
        if name == b"fmt " {
            let fmt = file.get(body..body + 16)?;
            // PCM, 16 bits a sample.
            if fmt.get(..2)? != [1, 0] || fmt.get(14..16)? != [16, 0] {
                return None;
            }
            let channels = u16::from_le_bytes(fmt.get(2..4)?.try_into().ok()?);
            format = Some((u32::from_le_bytes(fmt.get(4..8)?.try_into().ok()?), channels));
        }
        // Chunks are padded to whole words.
        at = body.checked_add(length)?.checked_add(length & 1)?;
    }
}

/// The samples in these bytes; an odd last byte is left out.
#[must_use]
pub fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

/// Reads a WAV file of 16-bit PCM, finished or not; none if it is none.
#[must_use]
pub fn read(file: &[u8]) -> Option<Sound> {
    let Header { rate, channels, data } = header(file)?;
    Some(Sound { rate, channels, pcm: samples(file.get(data..)?) })
}

/// A WAV file of this sound.
#[must_use]
pub fn write(sound: &Sound) -> Vec<u8> {
    let length = u32::try_from(sound.pcm.len() * 2).unwrap_or(u32::MAX - 36);
    let block = sound.channels * 2;
    let mut file = Vec::with_capacity(44 + sound.pcm.len() * 2);
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(sound.channels.to_le_bytes());
    file.extend(sound.rate.to_le_bytes());
    file.extend((sound.rate * u32::from(block)).to_le_bytes());
    file.extend(block.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(sound.pcm.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(pcm in prop::collection::vec(any::<i16>(), 0..200), rate in 8000_u32..48_001) {
            let sound = Sound { rate, channels: 1, pcm };
            prop_assert_eq!(read(&write(&sound)), Some(sound));
        }

        #[test]
        fn a_file_still_being_written_gives_what_is_there(cut in 44_usize..200) {
            let mut file = write(&Sound { rate: 8000, channels: 1, pcm: (0..78).collect() });
            file.truncate(cut);
            // The lengths are written last.
            file[4..8].fill(0);
            file[40..44].fill(0);
            let sound = read(&file).expect("the header is whole");
            let there = i16::try_from((cut - 44) / 2).expect("a small number");
            prop_assert_eq!(sound.pcm, (0..there).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_upset_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&bytes);
            let mut file = b"RIFF....WAVE".to_vec();
            file.extend(bytes);
            let _ = read(&file);
        }
    }
}
