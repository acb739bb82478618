//! Which packets have been here already? (RFC 3711 §3.3.2)

/// The last packets by their index: the highest, and which of those before it have been here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Window {
    highest: Option<u64>,
    /// Bit n: `highest - n` has been here.
    seen: u128,
}

/// How many packets back are remembered; RFC 3711 wants 64 at least. What is older counts as seen.
const SIZE: u64 = 128;

impl Window {
    /// The highest index so far.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether the packet of this index has not been here.
    pub fn is_new(&self, index: u64) -> bool {
        match self.highest {
            Some(highest) if index <= highest => {
                let back = highest - index;
                back < SIZE && self.seen & (1 << back) == 0
            }
            Some(_) | None => true,
        }
    }

    /// It has been here.
    pub fn mark(&mut self, index: u64) {
        match self.highest {
            Some(highest) if index <= highest => {
                let back = highest - index;
                if back < SIZE {
                    self.seen |= 1 << back;
                }
            }
            Some(highest) => {
                let ahead = index - highest;
                self.seen = if ahead < SIZE { self.seen << ahead | 1 } else { 1 };
                self.highest = Some(index);
            }
            None => (self.highest, self.seen) = (Some(index), 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_late_is_new_once_and_what_is_too_late_never() {
        let mut window = Window::default();
        window.mark(1_000);
        assert!(!window.is_new(1_000) && window.is_new(999) && window.is_new(1_000 - SIZE + 1));
        assert!(!window.is_new(1_000 - SIZE));
        window.mark(999);
        assert!(!window.is_new(999));
        window.mark(5_000);
        assert!(window.is_new(4_999) && !window.is_new(1_000));
    }

    proptest! {
        #[test]
        fn no_packet_is_new_twice(indices in prop::collection::vec(0_u64..600, 0..400)) {
            let (mut window, mut taken) = (Window::default(), HashSet::new());
            for index in indices {
                if window.is_new(index) {
                    prop_assert!(taken.insert(index));
                    window.mark(index);
                } else {
                    prop_assert!(taken.contains(&index) || window.highest().unwrap() - index >= SIZE);
                }
            }
        }
    }
}
