//! What is played: prompts, tones and music, as 8 kHz mono samples shared between all who hear them.

use std::sync::Arc;

use crate::g711;

/// Samples a second of a clip.
pub const RATE: u32 = 8_000;

/// The longest clip, in samples: 15 minutes. Longer files are cut there.
pub const LONGEST: usize = RATE as usize * 60 * 15;

/// A piece of audio: 8 kHz, mono, 16 bit. Cloning shares the samples.
#[derive(Clone)]
pub struct Clip(Arc<[i16]>);

impl std::fmt::Debug for Clip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clip({} ms)", self.duration_ms())
    }
}

/// Two clips are equal when they are the same samples in memory.
impl PartialEq for Clip {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Why a file is no clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClipError {
    /// No RIFF/WAVE header, or no audio in it.
    #[error("this is not a WAV file with audio in it")]
    NotWav,
    /// Another sampling rate, channel count or coding.
    #[error("the WAV file must be mono with 8000 samples a second, 16-bit PCM, mu-law or A-law")]
    Format,
}

impl Clip {
    /// A clip of these samples (8 kHz mono), cut after [`LONGEST`].
    #[must_use]
    pub fn new(samples: &[i16]) -> Self {
        Self(samples[..samples.len().min(LONGEST)].into())
    }

    /// Read a WAV file: mono, 8,000 Hz, 16-bit PCM, µ-law or A-law.
    ///
    /// # Errors
    /// [`ClipError`] when it is none, or of another format. Truncated audio is taken as far as it goes.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, ClipError> {
        if bytes.get(..4) != Some(b"RIFF".as_slice()) || bytes.get(8..12) != Some(b"WAVE".as_slice()) {
            return Err(ClipError::NotWav);
        }
        let mut rest = &bytes[12..];
        let mut format = None;
        while let Some((head, body)) = rest.split_at_checked(8) {
            let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let chunk = &body[..size.min(body.len())];
            match &head[..4] {
                b"fmt " => {
                    let word = |at: usize| chunk.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
                    let (tag, channels, bits) = (word(0), word(2), word(14));
                    let rate = chunk.get(4..8).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                    if channels != Some(1) || rate != Some(RATE) {
                        return Err(ClipError::Format);
                    }
                    // WAVE_FORMAT_EXTENSIBLE carries the tag proper at the start of its sub-format.
                    let tag = if tag == Some(0xFFFE) { word(24) } else { tag };
                    format = Some((tag, bits));
                }
                b"data" => {
                    return match format.ok_or(ClipError::NotWav)? {
                        (Some(1), Some(16)) => Ok(Self(
                            chunk.chunks_exact(2).take(LONGEST).map(|b| i16::from_le_bytes([b[0], b[1]])).collect(),
                        )),
                        (Some(6), Some(8)) => {
                            Ok(Self(chunk.iter().take(LONGEST).map(|&b| g711::decode_a_law(b)).collect()))
                        }
                        (Some(7), Some(8)) => Ok(Self::from_mu_law(chunk)),
                        _ => Err(ClipError::Format),
                    };
                }
                _ => {}
            }
            // Chunks are padded to an even length.
            rest = body.get(size.saturating_add(size & 1)..).unwrap_or_default();
        }
        Err(ClipError::NotWav)
    }

    /// A clip of raw µ-law octets, 8,000 a second.
    #[must_use]
    pub fn from_mu_law(octets: &[u8]) -> Self {
        Self(octets.iter().take(LONGEST).map(|&b| g711::decode_mu_law(b)).collect())
    }

    /// The samples.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.0
    }

    /// How long it plays, in milliseconds.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.0.len() as u64 * 1000 / u64::from(RATE)
    }

    /// These clips one after the other, as one.
    #[must_use]
    pub fn sequence<'a>(clips: impl IntoIterator<Item = &'a Self>) -> Self {
        let samples: Vec<i16> = clips.into_iter().flat_map(|c| c.samples().iter().copied()).take(LONGEST).collect();
        Self(samples.into())
    }

    /// Silence of this length.
    #[must_use]
    pub fn silence(ms: u32) -> Self {
        Self::new(&vec![0; samples_of(ms)])
    }

    /// One or two frequencies (in Hz, 0 for none) at −13 dBm0 each, for `ms`, with edges of 5 ms that do not click.
    #[must_use]
    pub fn tone(frequencies: [f64; 2], ms: u32) -> Self {
        /// 0 dBm0 has a peak of 0.7085 × full scale in µ-law; −13 dB of that.
        const AMPLITUDE: f64 = 32_768.0 * 0.7085 * 0.2239;
        let length = samples_of(ms);
        let edge = (RATE as usize / 200).min(length / 2).max(1);
        let samples: Vec<i16> = (0..length)
            .map(|n| {
                let wave: f64 = frequencies
                    .iter()
                    .filter(|&&f| f > 0.0)
                    .map(|f| (std::f64::consts::TAU * f * n as f64 / f64::from(RATE)).sin())
                    .sum();
                let gain = (n.min(length - 1 - n) as f64 / edge as f64).min(1.0);
                (wave * gain * AMPLITUDE) as i16
            })
            .collect();
        Self(samples.into())
    }

    /// Ring-back: 425 Hz, 1 s on, 4 s off (ETSI TR 101 041-2). Repeat it.
    #[must_use]
    pub fn ring_back() -> Self {
        Self::sequence([&Self::tone([425.0, 0.0], 1000), &Self::silence(4000)])
    }

    /// Busy: 425 Hz, 0.5 s on, 0.5 s off. Repeat it.
    #[must_use]
    pub fn busy() -> Self {
        Self::sequence([&Self::tone([425.0, 0.0], 500), &Self::silence(500)])
    }

    /// Congestion: 425 Hz, 0.2 s on, 0.2 s off. Repeat it.
    #[must_use]
    pub fn congestion() -> Self {
        Self::sequence([&Self::tone([425.0, 0.0], 200), &Self::silence(200)])
    }

    /// The end of something: one falling pair of short tones, once.
    #[must_use]
    pub fn end_beep() -> Self {
        Self::sequence([&Self::tone([620.0, 0.0], 120), &Self::silence(40), &Self::tone([440.0, 0.0], 180)])
    }

    /// Somebody listens from now on: one short tone, once.
    #[must_use]
    pub fn notice() -> Self {
        Self::sequence([&Self::tone([480.0, 0.0], 200), &Self::silence(60)])
    }

    /// Something was accepted: two rising short tones, once.
    #[must_use]
    pub fn confirmation() -> Self {
        Self::sequence([&Self::tone([440.0, 0.0], 120), &Self::silence(40), &Self::tone([620.0, 0.0], 180)])
    }
}

/// Samples in this many milliseconds, at most [`LONGEST`].
fn samples_of(ms: u32) -> usize {
    (ms as usize).saturating_mul(RATE as usize / 1000).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
        file.extend(tag.to_le_bytes());
        file.extend(channels.to_le_bytes());
        file.extend(rate.to_le_bytes());
        file.extend([0; 6]);
        file.extend(bits.to_le_bytes());
        file.extend(b"LIST\x03\0\0\0abc\0data");
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        file
    }

    #[test]
    fn wav_files_of_telephone_quality_are_read() {
        let clip = Clip::from_wav(&wav(1, 1, 8000, 16, &[1, 0, 0xFF, 0xFF, 7])).unwrap();
        assert_eq!(clip.samples(), [1, -1]);
        assert_eq!(Clip::from_wav(&wav(7, 1, 8000, 8, &[0xFF, 0x80])).unwrap().samples(), [0, 32124]);
        assert_eq!(Clip::from_wav(&wav(6, 1, 8000, 8, &[0xD5])).unwrap().samples(), [8]);
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        assert_eq!(Clip::from_wav(b""), Err(ClipError::NotWav));
        assert_eq!(Clip::from_wav(b"RIFF\0\0\0\0WAVEdata\xFF\xFF\xFF\xFF"), Err(ClipError::NotWav));
        assert_eq!(Clip::from_wav(&wav(1, 2, 8000, 16, &[0; 4])), Err(ClipError::Format));
        assert_eq!(Clip::from_wav(&wav(1, 1, 44100, 16, &[0; 4])), Err(ClipError::Format));
        assert_eq!(Clip::from_wav(&wav(3, 1, 8000, 32, &[0; 4])), Err(ClipError::Format));
    }

    #[test]
    fn tones_have_the_cadence_of_their_name() {
        assert_eq!(Clip::ring_back().duration_ms(), 5000);
        assert_eq!(Clip::busy().duration_ms(), 1000);
        let busy = Clip::busy();
        assert!(busy.samples()[..4000].iter().any(|&s| s > 4000));
        assert!(busy.samples()[4000..].iter().all(|&s| s == 0));
    }

    proptest::proptest! {
        #[test]
        fn no_file_panics(mut bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), is_wav: bool) {
            if is_wav && bytes.len() > 12 {
                bytes[..4].copy_from_slice(b"RIFF");
                bytes[8..12].copy_from_slice(b"WAVE");
            }
            let _ = Clip::from_wav(&bytes);
        }
    }
}
