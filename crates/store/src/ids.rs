//! Where new ids come from.

use std::sync::{Mutex, PoisonError};

use tandem_domain::ids::Timestamp;
use uuid::Uuid;

/// Ids of a moment, a counter within it (RFC 9562 §6.2, method 1) and chance.
#[derive(Debug, Default)]
pub(crate) struct RandomIds {
    last: Mutex<(i64, u32)>,
}

/// The counter fills the 12 bits after the version and the 14 after the variant.
const COUNTER_BITS: u32 = 26;

impl RandomIds {
    /// A new UUIDv7 (RFC 9562 §5.7) of the moment `at`. Ids made one after the other for one moment sort in that order.
    pub(crate) fn next(&self, at: Timestamp) -> Uuid {
        let counter = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = if last.0 == at.0 { (at.0, last.1.wrapping_add(1)) } else { (at.0, 0) };
            last.1
        };
        compose(at, counter, rand::random())
    }
}

/// The first id that a moment can have: ids of earlier moments are smaller, all others are not.
#[must_use]
pub fn first_of(at: Timestamp) -> Uuid {
    compose(at, 0, 0)
}

/// 48 bits of time, the version, 12 bits of counter, the variant, 14 bits of counter, 48 bits of chance.
fn compose(at: Timestamp, counter: u32, chance: u64) -> Uuid {
    let time = u128::from(at.0.max(0).unsigned_abs()) & ((1 << 48) - 1);
    let counter = u128::from(counter) & ((1 << COUNTER_BITS) - 1);
    let chance = u128::from(chance) & ((1 << 48) - 1);
    let (high, low) = (counter >> 14, counter & ((1 << 14) - 1));
    Uuid::from_u128(time << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low << 48 | chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_sort_as_they_were_made() {
        let ids = RandomIds::default();
        let made: Vec<Uuid> = (0..20_000).map(|_| ids.next(Timestamp(1_700_000_000_000))).collect();
        assert!(made.is_sorted());
        assert!(made.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
    }

    #[test]
    fn ids_sort_by_their_moment_and_the_bound_of_a_moment_cuts_between() {
        let ids = RandomIds::default();
        let (before, after) = (Timestamp(1_700_000_000_000), Timestamp(1_700_000_000_001));
        let (late, early) = (ids.next(after), ids.next(before));
        assert!(early < first_of(after) && first_of(after) <= late);
        assert!(early.to_string() < late.to_string());
    }
}
