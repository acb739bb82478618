//! Names for new objects: a prefix and letters and digits, as Stripe's look.

use rand::{Rng, SeedableRng, rngs::StdRng};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Makes names. The randomness is the seed's, so a test can have the same names twice.
#[derive(Debug)]
pub(crate) struct Ids(StdRng);

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(ALPHABET[self.0.random_range(0..ALPHABET.len())])).collect()
    }

    /// `pi_3` and twenty-three letters, and the like.
    pub(crate) fn make(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.letters(24))
    }

    /// The client secret of an intent.
    pub(crate) fn secret_of(&mut self, id: &str) -> String {
        format!("{id}_secret_{}", self.letters(25))
    }

    /// A number below `end`, for disorder on request.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.random_range(0..end) }
    }
}
