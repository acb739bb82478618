//! Tones in, tones out.

use std::{f64::consts::TAU, fs::File, io::BufWriter, io::Cursor, path::Path};

use tandem_media::{opus, wav};

/// What a party says: a tone of its own.
pub fn tone(hertz: f64, rate: u32, n: u64) -> i16 {
    ((TAU * hertz * n as f64 / f64::from(rate)).sin() * 8_000.0) as i16
}

/// A segment as media write it: `ms` of a tone on the left and another on the right.
pub fn write_segment(path: &Path, rate: u32, ms: u64, left: f64, right: f64) {
    let mut writer = wav::Writer::new(BufWriter::new(File::create(path).unwrap()), rate, 2).unwrap();
    writer.write(&samples(rate, ms, left, right)).unwrap();
    writer.finish().unwrap();
}

pub fn samples(rate: u32, ms: u64, left: f64, right: f64) -> Vec<i16> {
    (0..ms * u64::from(rate) / 1000).flat_map(|n| [tone(left, rate, n), tone(right, rate, n)]).collect()
}

/// All samples of a WAV, and its rate.
pub fn read_wav(octets: &[u8]) -> (Vec<i16>, u32) {
    let mut reader = wav::Reader::new(Cursor::new(octets)).unwrap();
    let info = reader.info();
    assert_eq!(info.channels, 2);
    let mut samples = vec![0; usize::try_from(info.frames).unwrap() * 2];
    assert_eq!(reader.read(&mut samples).unwrap(), samples.len());
    (samples, info.rate)
}

/// All samples of an Ogg Opus file.
pub fn read_opus(octets: &[u8], rate: u32) -> Vec<i16> {
    let mut decoder = opus::Decoder::new(Cursor::new(octets), rate).unwrap();
    std::iter::from_fn(|| decoder.read().unwrap()).flatten().collect()
}

/// How strong a frequency is in a channel (0: left) between two moments, 0 to 32,767.
pub fn loudness(samples: &[i16], rate: u32, channel: usize, hertz: f64, ms: std::ops::Range<u64>) -> f64 {
    let at = |ms: u64| usize::try_from(ms * u64::from(rate) / 1000).unwrap();
    let (mut re, mut im, mut count) = (0.0, 0.0, 0);
    for (n, frame) in samples.as_chunks::<2>().0.iter().enumerate().take(at(ms.end)).skip(at(ms.start)) {
        let angle = TAU * hertz * n as f64 / f64::from(rate);
        re += f64::from(frame[channel]) * angle.cos();
        im += f64::from(frame[channel]) * angle.sin();
        count += 1;
    }
    assert!(count > 0, "there is no sound at {ms:?}");
    re.hypot(im) * 2.0 / f64::from(count)
}
