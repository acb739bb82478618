//! Whether voices that may be heard are kept apart from those that may not.

use super::{FLOOR, PRESENT, decibel, levels};

/// What stands so far above all that may not be heard is kept apart, in dB.
pub const APART: f64 = 45.0;

/// Frequencies with which nobody speaks, in Hz.
const NEUTRAL: [f64; 4] = [600.0, 1000.0, 2150.0, 2900.0];
/// So far beside a tone, in Hz, nothing of it is left in a frame of 20 ms under a Hann window, whose zeros these are.
const BESIDE: [f64; 4] = [-250.0, -150.0, 150.0, 250.0];
/// How far apart voices are that may and may not be heard, in Hz: what is beside one is not the other.
const DISTANCE: f64 = 350.0;
/// How far a voice that may not be heard is from those frequencies, in Hz.
const NEUTRAL_DISTANCE: f64 = 100.0;
/// A tone stands out of what is beside it, and of the frequencies with which nobody speaks, by so many dB at least.
const OUTSTANDING: f64 = 6.0;
/// One frame in so many may be torn, …
const TORN_SHARE: usize = 10;
/// … and so many in all.
const TORN_MAX: usize = 10;

/// How far all that may be heard stands above all that may not.
///
/// What is torn, as on a busy machine, has every frequency, the more the nearer it is to the tone that was torn; a voice
/// stands out of what is beside it. So a frame in which less than [`APART`] lies between them is a leak as soon as one that
/// may not be heard stands out, and else is torn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parted {
    /// In the worst frame that is not torn, in dB; infinite where all are.
    pub worst: f64,
    /// How many frames something was heard in, with the torn ones.
    pub frames: usize,
    /// How many of them are torn.
    pub torn: usize,
}

impl Parted {
    /// Whether nothing leaks: in every frame at least [`APART`] lies between them, and few frames are torn.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.worst >= APART && self.torn <= TORN_MAX && self.torn * TORN_SHARE <= self.frames
    }
}

/// Looks at each frame of these recordings (samples, and samples a second); none if nothing was heard in any.
///
/// Voices are frequencies in Hz. Few are asked for: those that may be heard lie 350 Hz or more from those that may not, and
/// these 100 Hz or more from 600, 1000, 2150 and 2900, with which nobody speaks.
///
/// # Panics
/// When they lie nearer: a leak could not be told from what is torn.
#[must_use]
pub fn parted<'a>(
    sound: impl IntoIterator<Item = (&'a [i16], u32)>,
    allowed: &[f64],
    forbidden: &[f64],
) -> Option<Parted> {
    let is_far =
        |from: &[f64], hertz: f64| forbidden.iter().all(|one| from.iter().all(|other| (one - other).abs() >= hertz));
    assert!(
        is_far(allowed, DISTANCE) && is_far(&NEUTRAL, NEUTRAL_DISTANCE),
        "{allowed:?} and {forbidden:?} are too near"
    );
    let beside: Vec<f64> = forbidden.iter().flat_map(|hertz| BESIDE.map(|far| hertz + far)).collect();
    let all = [allowed, forbidden, &beside, &NEUTRAL].concat();
    let mut found = Parted { worst: f64::INFINITY, frames: 0, torn: 0 };
    for frame in sound.into_iter().flat_map(|(pcm, rate)| levels(pcm, rate, &all)) {
        let (may, rest) = frame.split_at(allowed.len());
        let (may_not, rest) = rest.split_at(forbidden.len());
        let (beside, nobody) = rest.split_at(beside.len());
        let (may, most, nobody) = (together(may), together(may_not), loudest(nobody));
        if may.max(most) < PRESENT {
            continue;
        }
        found.frames += 1;
        let stands_out = |(level, beside): (&f64, &[f64])| *level >= loudest(beside).max(nobody) + OUTSTANDING;
        if may - most >= APART || may_not.iter().zip(beside.chunks(BESIDE.len())).any(stands_out) {
            found.worst = found.worst.min(may - most);
        } else {
            found.torn += 1;
        }
    }
    (found.frames > 0).then_some(found)
}

fn loudest(levels: &[f64]) -> f64 {
    levels.iter().copied().fold(FLOOR, f64::max)
}

fn together(levels: &[f64]) -> f64 {
    decibel(levels.iter().map(|level| 10.0_f64.powf(level / 10.0)).sum())
}
