//! One band's adaptive predictor and quantizer scale (ITU-T G.722 §§3.5, 3.6), the same in encoder and decoder.

use super::tables::{HIGH_SCALE, INVERSE_LOG, LOW_SCALE};

/// The state of a band. Index 0 of the delay lines is the present, 1 the last.
#[derive(Debug, Clone)]
pub struct Band {
    /// Logarithm of the scale (NBL, NBH).
    log_scale: i32,
    /// The scale (DETL, DETH).
    scale: i32,
    /// The prediction (SL, SH) and its part from the zeros (SZL, SZH).
    prediction: i32,
    zero_part: i32,
    /// Poles: coefficients, reconstructed signal (twice it), partly reconstructed signal.
    poles: [i32; 2],
    reconstructed: [i32; 2],
    partial: [i32; 2],
    /// Zeros: coefficients and quantized differences (twice them). Six of each count; two more make it one vector.
    zeros: [i16; 8],
    differences: [i16; 8],
}

/// Which of the zeros count.
const COUNTS: [i16; 8] = [-1, -1, -1, -1, -1, -1, 0, 0];

/// Twice a value, to 16 bits: what all products are made with.
fn twice(value: i32) -> i32 {
    saturate(value + value)
}

/// To 16 bits.
pub fn saturate(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}

impl Band {
    /// The lower band at reset.
    pub fn low() -> Self {
        Self::with_scale(32)
    }

    /// The upper band at reset.
    pub fn high() -> Self {
        Self::with_scale(8)
    }

    fn with_scale(scale: i32) -> Self {
        Self {
            log_scale: 0,
            scale,
            prediction: 0,
            zero_part: 0,
            poles: [0; 2],
            reconstructed: [0; 2],
            partial: [0; 2],
            zeros: [0; 8],
            differences: [0; 8],
        }
    }

    pub fn prediction(&self) -> i32 {
        self.prediction
    }

    pub fn scale(&self) -> i32 {
        self.scale
    }

    /// A quantizer's output level at the present scale.
    pub fn scaled(&self, level: i32) -> i32 {
        (self.scale * level) >> 15
    }

    /// LOGSCL, SCALEL and the predictor, for the lower band's upper four bits and the difference they stand for.
    pub fn adapt_low(&mut self, code: usize, difference: i32) {
        self.log_scale = (((self.log_scale * 127) >> 7) + LOW_SCALE[code]).clamp(0, 18_432);
        self.rescale(8);
        self.predict(difference);
    }

    /// LOGSCH, SCALEH and the predictor, for the upper band's two bits and the difference they stand for.
    pub fn adapt_high(&mut self, code: usize, difference: i32) {
        self.log_scale = (((self.log_scale * 127) >> 7) + HIGH_SCALE[code]).clamp(0, 22_528);
        self.rescale(10);
        self.predict(difference);
    }

    fn rescale(&mut self, shift: i32) {
        let mantissa = INVERSE_LOG[(self.log_scale >> 6) as usize & 31];
        let shift = shift - (self.log_scale >> 11);
        self.scale = if shift < 0 { mantissa << -shift } else { mantissa >> shift } << 2;
    }

    fn predict(&mut self, difference: i32) {
        // RECONS and PARREC.
        let reconstructed = saturate(self.prediction + difference);
        let partial = saturate(self.zero_part + difference);
        let same_sign = |a: i32, b: i32| (a < 0) == (b < 0);
        let last = same_sign(partial, self.partial[0]);
        // UPPOL2.
        let slope = saturate(self.poles[0] << 2);
        let slope = if last { -slope } else { slope }.min(32_767);
        let push = if same_sign(partial, self.partial[1]) { 128 } else { -128 };
        let second = (push + (slope >> 7) + ((self.poles[1] * 32_512) >> 15)).clamp(-12_288, 12_288);
        // UPPOL1.
        let push = if last { 192 } else { -192 };
        let limit = saturate(15_360 - second);
        let first = saturate(push + ((self.poles[0] * 32_640) >> 15)).clamp(-limit, limit);
        self.poles = [first, second];
        // UPZERO. 255/256 of a coefficient, rounded down, is it without its 256th part, rounded up; and ±128 cannot bring it
        // out of 16 bits.
        let (push, sign) = (if difference == 0 { 0_i16 } else { 128 }, (difference >> 31) as i16);
        let mut zeros = self.zeros;
        for (zero, past) in zeros.iter_mut().zip(self.differences) {
            let differs = (past >> 15) ^ sign;
            let leak = (*zero >> 8).wrapping_add(i16::from(*zero & 255 != 0));
            *zero = zero.wrapping_sub(leak).wrapping_add((push ^ differs).wrapping_sub(differs));
        }
        self.zeros = zeros;
        // DELAYA.
        let [a, b, c, d, e, f, g, _] = self.differences;
        self.differences = [twice(difference) as i16, a, b, c, d, e, f, g];
        self.reconstructed = [twice(reconstructed), self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];
        // FILTEP, FILTEZ and PREDIC.
        let product = |coefficient: i32, value: i32| (coefficient * value) >> 15;
        let pole_part = saturate(product(first, self.reconstructed[0]) + product(second, self.reconstructed[1]));
        let mut zero_part = 0_i32;
        for ((zero, past), counts) in self.zeros.into_iter().zip(self.differences).zip(COUNTS) {
            zero_part = zero_part.wrapping_add(product((zero & counts).into(), past.into()));
        }
        self.zero_part = saturate(zero_part);
        self.prediction = saturate(pole_part + self.zero_part);
    }
}
