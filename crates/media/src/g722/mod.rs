//! ITU-T G.722 at 64 kbit/s: 16 kHz audio in two bands, the lower one with six bits, the upper one with two.
//!
//! Written after the recommendation's block diagrams; the names of the blocks (QMF, LOGSCL, UPPOL2 …) are its own.

mod band;
mod tables;

use band::{Band, saturate};
use tables::{HIGH_2, LOW_4, LOW_6, NEGATIVE_CODE, POSITIVE_CODE, QMF, THRESHOLDS};

/// The state of a decoder.
#[derive(Debug, Clone)]
pub struct Decoder {
    low: Band,
    high: Band,
    history: History,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { low: Band::low(), high: Band::high(), history: History::default() }
    }
}

impl Decoder {
    /// Decode one octet to two samples.
    pub fn decode(&mut self, octet: u8) -> [i16; 2] {
        let (code_low, code_high) = (usize::from(octet & 0x3F), usize::from(octet >> 6));
        // INVQBL with all six bits for the ear, with the upper four for the predictor (so that 56 and 48 kbit/s agree).
        let low = (self.low.prediction() + self.low.scaled(LOW_6[code_low])).clamp(-16_384, 16_383);
        self.low.adapt_low(code_low >> 2, self.low.scaled(LOW_4[code_low >> 2]));
        let difference = self.high.scaled(HIGH_2[code_high]);
        let high = (self.high.prediction() + difference).clamp(-16_384, 16_383);
        self.high.adapt_high(code_high, difference);
        // Both fit: each of the two is one bit shorter.
        let (even, odd) = self.history.filter([(low + high) as i16, (low - high) as i16]);
        [saturate(even >> 11) as i16, saturate(odd >> 11) as i16]
    }
}

/// The state of an encoder.
#[derive(Debug, Clone)]
pub struct Encoder {
    low: Band,
    high: Band,
    history: History,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { low: Band::low(), high: Band::high(), history: History::default() }
    }
}

impl Encoder {
    /// Encode two samples to one octet.
    pub fn encode(&mut self, samples: [i16; 2]) -> u8 {
        let (even, odd) = self.history.filter(samples);
        let (low, high) = ((even + odd) >> 14, (even - odd) >> 14);
        // QUANTL
        let error = saturate(low - self.low.prediction());
        let magnitude = if error >= 0 { error } else { !error };
        let step = (1..30).find(|&i| magnitude < (THRESHOLDS[i] * self.low.scale()) >> 12).unwrap_or(30);
        let code_low = usize::from(if error < 0 { NEGATIVE_CODE[step] } else { POSITIVE_CODE[step] });
        self.low.adapt_low(code_low >> 2, self.low.scaled(LOW_4[code_low >> 2]));
        // QUANTH
        let error = saturate(high - self.high.prediction());
        let magnitude = if error >= 0 { error } else { !error };
        let outer = magnitude >= (564 * self.high.scale()) >> 12;
        let code_high = match (error < 0, outer) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.high.adapt_high(code_high, self.high.scaled(HIGH_2[code_high]));
        (code_high << 6 | code_low) as u8
    }
}

/// The last 24 values of the quadrature mirror filter. They move on through a longer row, so that they need not be shifted
/// for each octet.
#[derive(Debug, Clone)]
struct History {
    row: [i16; ROW],
    end: usize,
}

/// Values of a row.
const ROW: usize = 160;
/// The filter's coefficients for the first and for the second of each pair of values.
const ODD: [i16; 24] = spread(0);
const EVEN: [i16; 24] = spread(1);

const fn spread(phase: usize) -> [i16; 24] {
    let mut taps = [0; 24];
    let mut i = 0;
    while i < 12 {
        taps[2 * i + phase] = QMF[if phase == 0 { i } else { 11 - i }] as i16;
        i += 1;
    }
    taps
}

impl Default for History {
    fn default() -> Self {
        Self { row: [0; ROW], end: 22 }
    }
}

impl History {
    /// The quadrature mirror filter, the same for both directions: shift two values in, take both phases out.
    fn filter(&mut self, values: [i16; 2]) -> (i32, i32) {
        if self.end + 2 > ROW {
            self.row.copy_within(self.end - 22..self.end, 0);
            self.end = 22;
        }
        self.row[self.end..self.end + 2].copy_from_slice(&values);
        self.end += 2;
        let last: &[i16] = &self.row[self.end - 24..self.end];
        let sum = |taps: &[i16; 24]| {
            last.iter().zip(taps).fold(0_i32, |sum, (&x, &tap)| sum.wrapping_add(i32::from(x) * i32::from(tap)))
        };
        (sum(&EVEN), sum(&ODD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, amplitude: f64, n: usize) -> Vec<i16> {
        (0..n).map(|i| ((std::f64::consts::TAU * hertz * i as f64 / 16_000.0).sin() * amplitude) as i16).collect()
    }

    fn encode(samples: &[i16]) -> Vec<u8> {
        let mut encoder = Encoder::default();
        samples.chunks_exact(2).map(|pair| encoder.encode([pair[0], pair[1]])).collect()
    }

    fn decode(octets: &[u8]) -> Vec<i16> {
        let mut decoder = Decoder::default();
        octets.iter().flat_map(|&o| decoder.decode(o)).collect()
    }

    /// Signal to noise in decibels, with the 22 samples of delay of the two filters.
    fn snr(samples: &[i16], decoded: &[i16]) -> f64 {
        let pairs = samples.iter().zip(&decoded[22..]).skip(800);
        let (signal, noise) = pairs
            .fold((0.0, 0.0), |(s, n), (&a, &b)| (s + f64::from(a).powi(2), n + (f64::from(a) - f64::from(b)).powi(2)));
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn both_bands_survive_coding() {
        for (hertz, least) in [(300.0, 30.0), (1000.0, 30.0), (3000.0, 25.0), (5500.0, 12.0), (6500.0, 12.0)] {
            let samples = sine(hertz, 10_000.0, 16_000);
            let decoded = decode(&encode(&samples));
            assert!(snr(&samples, &decoded) > least, "{hertz} Hz: {} dB", snr(&samples, &decoded));
        }
    }

    fn fnv(octets: impl IntoIterator<Item = u8>) -> u64 {
        octets.into_iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
    }

    /// Bit for bit the octets and samples of Steve Underwood's libg722 (public domain), which passes the vectors of the
    /// recommendation: hashes of what it gives for the same chirps.
    #[test]
    fn octets_and_samples_are_those_of_the_reference() {
        let samples: Vec<i16> =
            (0..32_000_u32).map(|i| (i.wrapping_mul(i * 37) >> 3) as i16 / (1 + (i / 1000 % 7) as i16)).collect();
        let octets = encode(&samples);
        assert_eq!(octets[1000..1008], [109, 52, 152, 253, 179, 222, 14, 242]);
        assert_eq!(fnv(octets.iter().copied()), 0xd6c1_ea10_b90c_1f5f);
        let decoded = decode(&octets);
        assert_eq!(decoded[2000..2008], [3482, 13428, -10203, -3558, 6183, -10138, -13659, 3056]);
        assert_eq!(fnv(decoded.iter().flat_map(|s| s.to_le_bytes())), 0x5dc0_82f2_8a81_3612);
    }

    #[test]
    fn no_octets_overflow_and_silence_stays_silent() {
        let mut state = 1_u32;
        let noise: Vec<u8> = (0..100_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        assert_eq!(decode(&noise).len(), 200_000);
        for octet in [0x00, 0x3F, 0xC0, 0xFF] {
            decode(&[octet; 2000]);
        }
        let loud: Vec<i16> = (0..8000).map(|i| if i / 37 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        decode(&encode(&loud));
        assert!(decode(&encode(&[0; 3200])).iter().all(|s| s.abs() < 10));
    }
}
