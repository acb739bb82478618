//! DTMF tones (ITU-T Q.23): which two frequencies a digit has, and how they are made.

use super::Digit;

/// The low group, by row of the keypad, in Hz.
pub const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
/// The high group, by column of the keypad, in Hz.
pub const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// The keypad, by row and column.
const KEYPAD: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// The digit at a row and a column, each 0 to 3.
#[must_use]
pub fn digit_at(row: usize, column: usize) -> Option<Digit> {
    Digit::new(*KEYPAD.get(row)?.get(column)?)
}

/// The low and the high frequency of a digit, in Hz.
#[must_use]
pub fn frequencies(digit: Digit) -> [f64; 2] {
    let key = digit.as_char();
    let row = KEYPAD.iter().position(|keys| keys.contains(&key)).unwrap_or(0);
    let column = KEYPAD[row].iter().position(|&k| k == key).unwrap_or(0);
    [ROWS[row], COLUMNS[column]]
}

/// Peaks of −9 dBm0 (low group) and −7 dBm0 (high group, a little louder, as lines damp it more).
const AMPLITUDES: [f64; 2] = [8_237.0, 10_370.0];

/// Makes the tone of one digit.
#[derive(Debug, Clone)]
pub struct Generator {
    frequencies: [f64; 2],
    position: u32,
}

impl Generator {
    /// The tone of a digit, from its beginning.
    #[must_use]
    pub fn new(digit: Digit) -> Self {
        Self { frequencies: frequencies(digit), position: 0 }
    }

    /// The next samples at `rate` samples a second; the rate must stay the same.
    pub fn fill(&mut self, rate: u32, out: &mut [i16]) {
        for sample in out {
            let t = f64::from(self.position) / f64::from(rate.max(1));
            let wave = |i: usize| (std::f64::consts::TAU * self.frequencies[i] * t).sin() * AMPLITUDES[i];
            *sample = (wave(0) + wave(1)) as i16;
            self.position = self.position.wrapping_add(1);
        }
    }
}
