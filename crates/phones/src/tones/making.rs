//! Sounds to send: a sine, digits as tones, and µ-law.

use std::{f64::consts::TAU, time::Duration};

use super::digits::pair;

/// A sine of this frequency (Hz) and level (dBFS), at `rate` samples a second.
#[must_use]
pub fn sine(rate: u32, hz: f64, level: f64, length: Duration) -> Vec<i16> {
    mix(rate, &[hz], level, length)
}

/// Digits as the tones of a keypad (ITU-T Q.23): each 100 ms at −9 dBFS a tone, then 100 ms of silence.
///
/// Characters that are no digit (0–9, `*`, `#`, A–D) are left out.
#[must_use]
pub fn dtmf(rate: u32, digits: &str) -> Vec<i16> {
    let length = Duration::from_millis(100);
    let silence = vec![0; samples(rate, length)];
    let tones = digits.chars().filter_map(pair).map(|(row, column)| mix(rate, &[row, column], -9.0, length));
    tones.flat_map(|tone| [tone, silence.clone()]).flatten().collect()
}

fn mix(rate: u32, frequencies: &[f64], level: f64, length: Duration) -> Vec<i16> {
    let amplitude = 32_767.0 * 10_f64.powf(level / 20.0);
    let at = |time: f64| frequencies.iter().map(|hz| (TAU * hz * time).sin()).sum::<f64>() * amplitude;
    // Conversion of a float to an integer saturates.
    (0..samples(rate, length)).map(|n| at(n as f64 / f64::from(rate)).round() as i16).collect()
}

fn samples(rate: u32, length: Duration) -> usize {
    (length.as_secs_f64() * f64::from(rate)).round() as usize
}

/// A sample as µ-law (ITU-T G.711).
#[must_use]
pub fn ulaw(sample: i16) -> u8 {
    const BIAS: u16 = 0x84;
    const CLIP: u16 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.unsigned_abs().min(CLIP) + BIAS;
    let exponent = (8 - magnitude.leading_zeros()) as u8;
    let mantissa = (magnitude >> (exponent + 3)) as u8 & 0x0f;
    !(sign | (exponent << 4) | mantissa)
}
