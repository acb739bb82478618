//! Which tones a recording holds: who is heard, how well one is kept from another, and whether a tone was broken.
//!
//! Levels are dBFS: 0 is a sine that just fills the 16 bits. A frame is 20 ms, weighed with a Hann window, so that
//! tones 200 Hz apart or more do not touch each other. [`FLOOR`] stands for silence.

mod digits;
mod making;
mod parted;

pub use self::{
    digits::digits,
    making::{dtmf, sine, ulaw},
    parted::{APART, Parted, parted},
};

use std::{f64::consts::TAU, time::Duration};

/// The level that stands for silence, in dBFS: what is lower counts as this.
pub const FLOOR: f64 = -90.0;

/// How long a frame is.
pub const FRAME: Duration = Duration::from_millis(20);

/// A tone is there in a frame when it is at least this loud, in dBFS, …
const PRESENT: f64 = -45.0;

/// … and has at least this share of the frame's power: speech, noise and the leak of other tones have less.
const SHARE: f64 = 0.05;

/// [`hears`] needs this many frames in a row: a click has every frequency, but not for 100 ms.
const RUN: usize = 5;

/// How far gaps are looked for, in frames a second: every 10 ms.
const HOPS: usize = 100;

/// The level of each frequency (in Hz) in every frame of a recording of `rate` samples a second, in dBFS:
/// `levels[frame][frequency]`. A last frame that is not whole is left out.
#[must_use]
pub fn levels(pcm: &[i16], rate: u32, frequencies: &[f64]) -> Vec<Vec<f64>> {
    let probes: Vec<Probe> = frequencies.iter().map(|hz| Probe::new(rate, *hz)).collect();
    let level = |frame: &[i16]| probes.iter().map(|probe| decibel(probe.power(frame))).collect();
    pcm.chunks_exact(frame_length(rate)).map(level).collect()
}

/// The mean level of a frequency over a whole recording, in dBFS.
#[must_use]
pub fn level(pcm: &[i16], rate: u32, hz: f64) -> f64 {
    let probe = Probe::new(rate, hz);
    let frames = pcm.chunks_exact(frame_length(rate));
    let count = frames.len().max(1);
    decibel(frames.map(|frame| probe.power(frame)).sum::<f64>() / count as f64)
}

/// Whether the tone is heard for 100 ms on end: at −45 dBFS or louder, and with a twentieth of all power or more.
#[must_use]
pub fn hears(pcm: &[i16], rate: u32, hz: f64) -> bool {
    let probe = Probe::new(rate, hz);
    let mut run = 0;
    pcm.chunks_exact(frame_length(rate)).any(|frame| {
        run = if probe.present(frame) { run + 1 } else { 0 };
        run == RUN
    })
}

/// The longest time without the tone between its first and its last being heard, to 10 ms; none if it never was.
///
/// What was lost on the way and not filled in is not in a recording at all: for that see the arrival times of
/// [`crate::Recording`].
#[must_use]
pub fn longest_gap(pcm: &[i16], rate: u32, hz: f64) -> Option<Duration> {
    let probe = Probe::new(rate, hz);
    let hop = (rate as usize / HOPS).max(1);
    let present = pcm.windows(frame_length(rate)).step_by(hop).map(|frame| probe.present(frame));
    let (mut longest, mut gap) = (None, 0);
    for present in present {
        match (present, longest) {
            (true, _) => longest = longest.max(Some(std::mem::take(&mut gap))),
            (false, Some(_)) => gap += 1,
            (false, None) => {}
        }
    }
    longest.map(|hops: u32| Duration::from_millis(1000 / HOPS as u64) * hops)
}

/// The frequency with the most power in a recording, of the multiples of 50 Hz from 100 Hz to 3,900 Hz, and its level
/// in dBFS; none if nothing is above −45 dBFS. For saying what was heard instead.
#[must_use]
pub fn strongest(pcm: &[i16], rate: u32) -> Option<(f64, f64)> {
    let grid = (2..=78).map(|step| f64::from(step) * 50.0);
    let loudest = grid.map(|hz| (hz, level(pcm, rate, hz))).max_by(|one, other| one.1.total_cmp(&other.1));
    loudest.filter(|(_, level)| *level >= PRESENT)
}

/// The samples of a frame at this rate.
fn frame_length(rate: u32) -> usize {
    (rate as usize / 50).max(1)
}

fn decibel(power: f64) -> f64 {
    (10.0 * power.log10()).max(FLOOR)
}

/// Measures one frequency in frames of one length: the algorithm of Goertzel on a frame under a Hann window.
pub(crate) struct Probe {
    /// The window, scaled so that a sine of full scale has the power 1.
    window: Vec<f64>,
    coefficient: f64,
}

impl Probe {
    pub(crate) fn new(rate: u32, hz: f64) -> Self {
        let length = frame_length(rate);
        let hann = |at: usize| 0.5 - 0.5 * (TAU * (at as f64 + 0.5) / length as f64).cos();
        let total: f64 = (0..length).map(hann).sum();
        let scale = 2.0 / (total * 32_768.0);
        Self {
            window: (0..length).map(|at| hann(at) * scale).collect(),
            coefficient: 2.0 * (TAU * hz / f64::from(rate)).cos(),
        }
    }

    /// The power of the frequency in this frame: 1 is a sine of full scale.
    pub(crate) fn power(&self, frame: &[i16]) -> f64 {
        let (mut one, mut two) = (0.0, 0.0);
        for (sample, weight) in frame.iter().zip(&self.window) {
            (one, two) = (f64::from(*sample) * weight + self.coefficient * one - two, one);
        }
        (one * one + two * two - self.coefficient * one * two).max(0.0)
    }

    /// Whether the tone is there in this frame.
    fn present(&self, frame: &[i16]) -> bool {
        let power = self.power(frame);
        decibel(power) >= PRESENT && power >= SHARE * self.all(frame)
    }

    /// The power of all there is in this frame, as [`Probe::power`] would show it in a single tone.
    fn all(&self, frame: &[i16]) -> f64 {
        let weighed = frame.iter().zip(&self.window).map(|(sample, weight)| (f64::from(*sample) * weight).powi(2));
        let norm: f64 = self.window.iter().map(|weight| weight * weight).sum();
        let mean_square = weighed.sum::<f64>() / norm.max(f64::MIN_POSITIVE);
        2.0 * mean_square / (32_768.0 * 32_768.0)
    }
}

#[cfg(test)]
mod tests;
