//! Digits as tones (ITU-T Q.23), found again in a recording.

use super::{Probe, decibel, frame_length};

const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Both tones of a digit are at least this loud, in dBFS.
const LOUD: f64 = -36.0;

/// The two tones together have at least this share of a frame's power.
const SHARE: f64 = 0.6;

/// The two frequencies of a digit, in Hz; none if it is no digit of a keypad.
pub(super) fn pair(digit: char) -> Option<(f64, f64)> {
    let at = KEYS.iter().flatten().position(|key| *key == digit.to_ascii_uppercase())?;
    Some((ROWS[at / 4], COLUMNS[at % 4]))
}

/// The digits that a recording holds as tones of 40 ms or longer, in order.
#[must_use]
pub fn digits(pcm: &[i16], rate: u32) -> String {
    let rows = ROWS.map(|hz| Probe::new(rate, hz));
    let columns = COLUMNS.map(|hz| Probe::new(rate, hz));
    let mut found = String::new();
    let (mut last, mut run) = (None, 0);
    for frame in pcm.chunks_exact(frame_length(rate)) {
        let (row, low) = loudest(&rows, frame);
        let (column, high) = loudest(&columns, frame);
        let all = rows[row].all(frame);
        let there = decibel(low.min(high)) >= LOUD && low + high >= SHARE * all;
        let digit = there.then(|| KEYS[row][column]);
        run = if digit == last { run + 1 } else { 1 };
        last = digit;
        if run == 2 {
            found.extend(digit);
        }
    }
    found
}

fn loudest(probes: &[Probe; 4], frame: &[i16]) -> (usize, f64) {
    let powers = probes.iter().map(|probe| probe.power(frame)).enumerate();
    powers.max_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or_default()
}
