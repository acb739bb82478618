//! Ogg Opus files (RFC 7845, RFC 6716): making a recording small, and reading it again.
//!
//! libopus codes and decodes; the pages around it are written here. A file is written a piece at a time and never held as a
//! whole. Its time is counted at 48 kHz, whatever the samples have: the first `pre-skip` of it is the coder's own delay,
//! which players leave out (§4.2), and the last page says where the sound ends within its last packet (§4.4).

use std::io::{self, Read, Seek, Write};

use ::opus::{Application, Bitrate, Channels};
use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};

/// The clock of every Ogg Opus file, in Hz.
const CLOCK: u64 = 48_000;
/// How hard the encoder tries, of 0 to 10.
const COMPLEXITY: i32 = 2;
/// A packet is 20 ms.
const PACKETS_A_SECOND: u32 = 50;
/// The largest packet of 20 ms (RFC 6716 §3.2.1).
const LARGEST: usize = 1_275;
/// Packets of a page: a second, as §6 of RFC 7845 asks for.
const PAGE: u64 = 50;
/// The longest packet, in samples of each channel at 48 kHz: 120 ms.
const LONGEST: usize = 5_760;

/// Writes a file of two channels.
///
/// The bit rate is variable: 20 to 27 kbit/s for sound sampled at 8 kHz, about 40 for 16 kHz when both talk at once. What
/// libopus is told is higher: told less than 32 kbit/s, it lets the channels run into each other, and who said what is what
/// a recording has two of them for.
pub struct Encoder<W: Write> {
    encoder: ::opus::Encoder,
    pages: PacketWriter<'static, W>,
    serial: u32,
    rate: u32,
    pre_skip: u64,
    /// Samples that are no whole packet yet, both channels in turn.
    rest: Vec<i16>,
    /// Samples of each channel that were given.
    frames: u64,
    /// The last packet, which waits to know whether it is the last, and how many there are.
    waiting: Option<Vec<u8>>,
    packets: u64,
}

impl<W: Write> std::fmt::Debug for Encoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("rate", &self.rate).field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl<W: Write> Encoder<W> {
    /// Begin a file. `rate` is that of the samples: 8,000, 12,000, 16,000, 24,000 or 48,000 Hz. `serial` names the stream
    /// (any number will do; different ones where files are joined). `comments` are names and values (§5.2), as
    /// `("TITLE", "…")` and `("DATE", "2026-11-27")`.
    ///
    /// # Errors
    /// Those of writing, and `InvalidInput` for another rate.
    pub fn new(to: W, rate: u32, serial: u32, comments: &[(&str, &str)]) -> io::Result<Self> {
        if ![8_000, 12_000, 16_000, 24_000, 48_000].contains(&rate) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "Opus has no such sampling rate"));
        }
        let mut encoder = ::opus::Encoder::new(rate, Channels::Stereo, Application::Voip).map_err(io::Error::other)?;
        let bits = if rate > 8_000 { 40_000 } else { 34_000 };
        encoder.set_bitrate(Bitrate::Bits(bits)).map_err(io::Error::other)?;
        encoder.set_vbr(true).map_err(io::Error::other)?;
        encoder.set_force_channels(Some(Channels::Stereo)).map_err(io::Error::other)?;
        // Speech at these rates gains little from more, and every recorded call has to be encoded: it is three times as fast.
        encoder.set_complexity(COMPLEXITY).map_err(io::Error::other)?;
        let lookahead = encoder.get_lookahead().map_err(io::Error::other)?;
        let pre_skip =
            u16::try_from(u64::try_from(lookahead).unwrap_or(0) * CLOCK / u64::from(rate)).unwrap_or(u16::MAX);
        let mut pages = PacketWriter::new(to);
        pages.write_packet(head(rate, pre_skip), serial, PacketWriteEndInfo::EndPage, 0)?;
        pages.write_packet(tags(comments), serial, PacketWriteEndInfo::EndPage, 0)?;
        Ok(Self {
            encoder,
            pages,
            serial,
            rate,
            pre_skip: pre_skip.into(),
            rest: Vec::new(),
            frames: 0,
            waiting: None,
            packets: 0,
        })
    }

    /// Write samples, left and right in turn.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        self.frames += (samples.len() / 2) as u64;
        self.code(&samples[..samples.len() & !1])
    }

    /// Code what is whole packets.
    fn code(&mut self, mut samples: &[i16]) -> io::Result<()> {
        let packet = (self.rate / PACKETS_A_SECOND * 2) as usize;
        while self.rest.len() + samples.len() >= packet {
            let (now, later) = samples.split_at(packet - self.rest.len());
            self.rest.extend_from_slice(now);
            let mut octets = vec![0; LARGEST];
            let length = self.encoder.encode(&self.rest, &mut octets).map_err(io::Error::other)?;
            octets.truncate(length);
            self.rest.clear();
            samples = later;
            if let Some(before) = self.waiting.replace(octets) {
                let end = match self.packets % PAGE {
                    0 => PacketWriteEndInfo::EndPage,
                    _ => PacketWriteEndInfo::NormalPacket,
                };
                self.pages.write_packet(
                    before,
                    self.serial,
                    end,
                    self.packets * CLOCK / u64::from(PACKETS_A_SECOND),
                )?;
            }
            self.packets += 1;
        }
        self.rest.extend_from_slice(samples);
        Ok(())
    }

    /// Write the end, and give back what was written to.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<W> {
        // All that was given, behind the coder's delay; and if that was nothing, one packet, since there must be a last.
        let end = self.pre_skip + self.frames * (CLOCK / u64::from(self.rate));
        let silence = vec![0; (self.rate / PACKETS_A_SECOND * 2) as usize];
        while self.packets * CLOCK / u64::from(PACKETS_A_SECOND) < end.max(1) {
            let missing = silence.len() - self.rest.len();
            self.code(&silence[..missing])?;
        }
        let last = self.waiting.take().unwrap_or_default();
        self.pages.write_packet(last, self.serial, PacketWriteEndInfo::EndStream, end)?;
        let mut to = self.pages.into_inner();
        to.flush()?;
        Ok(to)
    }
}

/// The identification header (§5.1).
fn head(rate: u32, pre_skip: u16) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x02".to_vec();
    head.extend(pre_skip.to_le_bytes());
    head.extend(rate.to_le_bytes());
    // No gain; channel mapping family 0: mono or stereo.
    head.extend([0, 0, 0]);
    head
}

/// The comment header (§5.2).
fn tags(comments: &[(&str, &str)]) -> Vec<u8> {
    fn text(tags: &mut Vec<u8>, text: &str) {
        let text = &text.as_bytes()[..text.len().min(1 << 16)];
        tags.extend((text.len() as u32).to_le_bytes());
        tags.extend(text);
    }
    let mut tags = b"OpusTags".to_vec();
    text(&mut tags, ::opus::version());
    tags.extend((comments.len() as u32).to_le_bytes());
    for (name, value) in comments {
        text(&mut tags, &format!("{name}={value}"));
    }
    tags
}

/// Reads a file of one or two channels, always as two.
pub struct Decoder<R: Read + Seek> {
    decoder: ::opus::Decoder,
    pages: PacketReader<R>,
    rate: u32,
    comments: Vec<(String, String)>,
    /// Samples of each channel to leave out at the beginning, and the place of the next one at 48 kHz.
    skip: u64,
    position: u64,
    over: bool,
}

impl<R: Read + Seek> std::fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("rate", &self.rate).field("position", &self.position).finish_non_exhaustive()
    }
}

fn invalid(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: Read + Seek> Decoder<R> {
    /// Read the headers. The samples will have `rate`, one that Opus has.
    ///
    /// # Errors
    /// Those of reading, `InvalidData` when it is no such file, and `InvalidInput` for another rate.
    pub fn new(from: R, rate: u32) -> io::Result<Self> {
        let decoder = ::opus::Decoder::new(rate, Channels::Stereo)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let mut pages = PacketReader::new(from);
        let mut packet =
            || pages.read_packet().map_err(invalid)?.ok_or_else(|| invalid("the file ends in its headers"));
        let head = packet()?.data;
        let known = head.starts_with(b"OpusHead") && head.len() >= 19 && head[8] < 16 && head[18] == 0;
        if !known {
            return Err(invalid("this is no Ogg Opus file of one or two channels"));
        }
        let comments = read_tags(&packet()?.data);
        let skip = u16::from_le_bytes([head[10], head[11]]).into();
        Ok(Self { decoder, pages, rate, comments, skip, position: 0, over: false })
    }

    /// The comments, as names and values.
    #[must_use]
    pub fn comments(&self) -> &[(String, String)] {
        &self.comments
    }

    /// The next samples, left and right in turn; none at the end. What cannot be decoded is left out.
    ///
    /// # Errors
    /// Those of reading, and `InvalidData` for what are no pages.
    pub fn read(&mut self) -> io::Result<Option<Vec<i16>>> {
        let step = CLOCK / u64::from(self.rate);
        while !self.over {
            let Some(packet) = self.pages.read_packet().map_err(invalid)? else { break };
            let mut samples = vec![0; LONGEST * 2];
            let Ok(frames) = self.decoder.decode(&packet.data, &mut samples, false) else { continue };
            let mut frames = frames as u64;
            let begin = self.position;
            self.position += frames * step;
            if packet.last_in_stream() {
                self.over = true;
                // The end lies within the last packet.
                frames = packet.absgp_page().saturating_sub(begin).min(frames * step) / step;
            }
            let skipped = (self.skip.saturating_sub(begin) / step).min(frames);
            samples.truncate(frames as usize * 2);
            samples.drain(..skipped as usize * 2);
            if !samples.is_empty() {
                return Ok(Some(samples));
            }
        }
        Ok(None)
    }
}

/// The comments of a header; as many as it has whole.
fn read_tags(tags: &[u8]) -> Vec<(String, String)> {
    let mut rest = tags.strip_prefix(b"OpusTags").unwrap_or_default();
    let take = |rest: &mut &[u8]| {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (text, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        *rest = after;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    if take(&mut rest).is_none() || rest.len() < 4 {
        return Vec::new();
    }
    rest = &rest[4..];
    let pair = |text: String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    std::iter::from_fn(|| take(&mut rest)).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn sine(hertz: f64, rate: u32, n: usize) -> i16 {
        ((std::f64::consts::TAU * hertz * n as f64 / f64::from(rate)).sin() * 8_000.0) as i16
    }

    /// The peak of a frequency in a channel of stereo samples.
    fn loudness(samples: &[i16], channel: usize, hertz: f64, rate: u32) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        let count = samples.len() / 2;
        for (n, pair) in samples.as_chunks::<2>().0.iter().enumerate() {
            let angle = std::f64::consts::TAU * hertz * n as f64 / f64::from(rate);
            re += f64::from(pair[channel]) * angle.cos();
            im += f64::from(pair[channel]) * angle.sin();
        }
        f64::hypot(re, im) * 2.0 / count.max(1) as f64
    }

    fn encode(samples: &[i16], rate: u32, piece: usize) -> Vec<u8> {
        let comments = [("TITLE", "John and Mary"), ("DATE", "2026-11-27")];
        let mut encoder = Encoder::new(Vec::new(), rate, 7, &comments).unwrap();
        samples.chunks(piece).for_each(|piece| encoder.write(piece).unwrap());
        encoder.finish().unwrap()
    }

    fn decode(file: &[u8], rate: u32) -> Vec<i16> {
        let mut decoder = Decoder::new(Cursor::new(file), rate).unwrap();
        assert_eq!(decoder.comments()[0], ("TITLE".to_owned(), "John and Mary".to_owned()));
        std::iter::from_fn(|| decoder.read().unwrap()).flatten().collect()
    }

    #[test]
    fn each_party_is_in_its_channel_and_the_length_is_exact() {
        for rate in [8_000, 16_000] {
            let frames = rate as usize * 3 + 77;
            let samples: Vec<i16> = (0..frames).flat_map(|n| [sine(440.0, rate, n), sine(1_000.0, rate, n)]).collect();
            let file = encode(&samples, rate, 2 * 123);
            let heard = decode(&file, rate);
            assert_eq!(heard.len(), samples.len());
            assert_eq!(decode(&file, 48_000).len(), samples.len() * 48_000 / rate as usize);
            let heard = &heard[rate as usize / 2..];
            let ratio =
                |channel, own, other| loudness(heard, channel, own, rate) / loudness(heard, channel, other, rate);
            assert!(loudness(heard, 0, 440.0, rate) > 6_000.0, "{rate}: {}", loudness(heard, 0, 440.0, rate));
            assert!(loudness(heard, 1, 1_000.0, rate) > 6_000.0);
            // 26 and 52 kbit/s.
            assert!(file.len() < rate as usize * 3 / 2, "{} octets", file.len());
            assert!(ratio(0, 440.0, 1_000.0) > 10.0 && ratio(1, 1_000.0, 440.0) > 10.0);
        }
    }

    #[test]
    fn speech_of_one_party_at_a_time_is_not_in_the_other_channel() {
        // Turns of half a second.
        let samples: Vec<i16> = (0..8_000 * 6)
            .flat_map(|n| if n / 4_000 % 2 == 0 { [sine(440.0, 8_000, n), 0] } else { [0, sine(1_000.0, 8_000, n)] })
            .collect();
        let file = encode(&samples, 8_000, 320);
        let heard = decode(&file, 8_000);
        assert!(file.len() < 18_000, "{} octets for six seconds", file.len());
        for turn in 2..12_usize {
            let middle = &heard[turn * 8_000 + 2_000..turn * 8_000 + 7_000];
            let (own, hertz) = if turn % 2 == 0 { (0, 440.0) } else { (1, 1_000.0) };
            let (loud, quiet) = (loudness(middle, own, hertz, 8_000), loudness(middle, 1 - own, hertz, 8_000));
            assert!(loud > 6_000.0 && quiet < loud / 1_000.0, "turn {turn}: {loud} {quiet}");
        }
    }

    /// `opusdec` and `opusinfo` of opus-tools know the format better than this does.
    #[test]
    #[ignore = "needs opus-tools"]
    fn another_decoder_hears_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (small, large) = (folder.path().join("a.opus"), folder.path().join("a.wav"));
        for rate in [8_000_u32, 16_000] {
            let frames = rate as usize * 130 + 77;
            let samples: Vec<i16> = (0..frames).flat_map(|n| [sine(440.0, rate, n), sine(1_000.0, rate, n)]).collect();
            let begun = std::time::Instant::now();
            std::fs::write(&small, encode(&samples, rate, 4_000)).unwrap();
            println!("130 s of sound took {:?}", begun.elapsed());
            let run = |command: &mut std::process::Command| {
                let output = command.output().expect("opus-tools are installed");
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said).into_owned();
                assert!(output.status.success() && !said.contains("WARNING"), "{said}");
                said
            };
            let said = run(std::process::Command::new("opusinfo").arg(&small));
            println!("{said}");
            assert!(said.contains("TITLE=John and Mary") && said.contains("Playback length: 2m:10.0"), "{said}");
            run(std::process::Command::new("opusdec").arg("--rate").arg(rate.to_string()).arg(&small).arg(&large));
            let mut reader = crate::wav::Reader::new(std::fs::File::open(&large).unwrap()).unwrap();
            let mut heard = vec![0; samples.len() + 10];
            let count = reader.read(&mut heard).unwrap();
            assert_eq!((reader.info().rate, reader.info().channels), (rate, 2));
            // It is resampled there, which moves the end by a sample.
            assert!(count.abs_diff(samples.len()) <= 4, "{count} of {}", samples.len());
            let heard = &heard[rate as usize..count];
            for (channel, own, other) in [(0, 440.0, 1_000.0), (1, 1_000.0, 440.0)] {
                let levels = (loudness(heard, channel, own, rate), loudness(heard, channel, other, rate));
                println!("{levels:?}");
                assert!(levels.0 > 6_000.0 && levels.0 > levels.1 * 10.0, "{levels:?}");
            }
        }
    }

    #[test]
    fn nothing_is_a_file_too() {
        assert_eq!(decode(&encode(&[], 8_000, 1), 8_000), []);
        assert!(Encoder::new(Vec::new(), 11_025, 1, &[]).is_err());
        assert!(Decoder::new(Cursor::new(b"OggS"), 8_000).is_err());
    }

    proptest! {
        #[test]
        fn any_length_in_any_pieces_is_given_back(frames in 0usize..2_000, piece in 1usize..700) {
            let samples = vec![0; frames * 2];
            prop_assert_eq!(decode(&encode(&samples, 8_000, piece * 2), 8_000).len(), samples.len());
        }

        #[test]
        fn no_bytes_upset_the_decoder(at in 0usize..2_000, octets in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut file = encode(&vec![500; 8_000], 8_000, 640);
            let at = at % file.len();
            let end = (at + octets.len()).min(file.len());
            file[at..end].copy_from_slice(&octets[..end - at]);
            if let Ok(mut decoder) = Decoder::new(Cursor::new(&file), 48_000) {
                while let Ok(Some(samples)) = decoder.read() {
                    prop_assert!(samples.len() <= LONGEST * 2);
                }
            }
        }
    }
}
