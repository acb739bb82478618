//! How loud is a party? For whoever looks, and at no cost when nobody does.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering::Relaxed},
};

use crate::{
    g711,
    types::{Codec, LegId},
};

/// A look at how loud a party speaks ([`Engine::level`](crate::Engine::level)). It is measured for as long as this is kept.
#[derive(Debug, Clone)]
pub struct Level {
    leg: LegId,
    /// The loudest packet since the last look: the root of its mean square.
    loudest: Arc<AtomicU16>,
}

/// Silence, as [`Level::take`] gives it.
pub const SILENCE: u8 = 127;

impl Level {
    pub(crate) fn new(leg: LegId) -> Self {
        Self { leg, loudest: Arc::default() }
    }

    /// Whose level it is.
    #[must_use]
    pub fn leg(&self) -> LegId {
        self.leg
    }

    /// How loud the party was since the last look, at its loudest: decibels below overload, 0 to 127, as in RFC 6464 §3.
    /// Speech is at 20 to 40; 127 is silence, or nobody.
    #[must_use]
    pub fn take(&self) -> u8 {
        match self.loudest.swap(0, Relaxed) {
            0 => SILENCE,
            // No sine is louder than 3 dB below overload by its mean square; what is clipped is at 0.
            loudest => (-20.0 * (f64::from(loudest) / 32_768.0).log10()).round().clamp(0.0, 126.0) as u8,
        }
    }

    /// Whether nobody looks any more.
    pub(crate) fn is_forgotten(&self) -> bool {
        Arc::strong_count(&self.loudest) == 1
    }

    /// The party was this loud.
    pub(crate) fn hear(&self, loudness: u16) {
        self.loudest.fetch_max(loudness, Relaxed);
    }
}

/// How loud samples are: the root of their mean square.
pub(crate) fn loudness(samples: impl ExactSizeIterator<Item = i16>) -> u16 {
    let count = samples.len();
    let squares: u64 = samples.map(|sample| u64::from(sample.unsigned_abs()).pow(2)).sum();
    (squares as f64 / count.max(1) as f64).sqrt() as u16
}

/// The same of a payload that can be heard without decoding it all: every fourth sample is enough.
pub(crate) fn loudness_coded(codec: Codec, payload: &[u8]) -> Option<u16> {
    let decode = match codec {
        Codec::Pcmu => g711::decode_mu_law,
        Codec::Pcma => g711::decode_a_law,
        Codec::G722 | Codec::Opus => return None,
    };
    Some(loudness(payload.iter().step_by(4).map(|&octet| decode(octet))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_tells_the_loudest_since_the_last_one() {
        let level = Level::new(LegId(1));
        assert_eq!(level.take(), SILENCE);
        level.hear(loudness([0; 160].into_iter()));
        assert_eq!(level.take(), SILENCE);
        level.hear(loudness([3_277; 160].into_iter()));
        level.hear(loudness([33; 160].into_iter()));
        assert_eq!(level.take(), 20);
        level.hear(loudness([33; 160].into_iter()));
        assert_eq!(level.take(), 60);
        level.hear(loudness([i16::MIN; 160].into_iter()));
        assert_eq!(level.take(), 0);
        level.hear(loudness_coded(Codec::Pcmu, &[g711::encode_mu_law(3_277); 160]).unwrap());
        assert_eq!(level.take(), 20);
        assert_eq!((loudness_coded(Codec::Opus, &[1; 20]), loudness([].into_iter())), (None, 0));
        assert!(level.is_forgotten() && !level.clone().is_forgotten());
    }
}
