//! Which part of a file is asked for: the `Range` header with one range of octets (RFC 9110 §14).

use std::ops::Range;

/// What a request wants of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: no range, several at once, or one that cannot be understood (§14.2 lets it be ignored).
    Whole,
    /// These octets.
    Part(Range<u64>),
    /// Octets that the file does not have.
    Nothing,
}

/// What the header's value wants of a file of this size.
pub(super) fn wanted(range: &str, size: u64) -> Wanted {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Wanted::Whole;
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
        // A number that is too large is beyond the end of every file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (begin, end) = match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            Some(0) => return Wanted::Nothing,
            Some(count) => (size.saturating_sub(count), size),
            None => return Wanted::Whole,
        },
        (first, "") => match number(first) {
            Some(first) => (first, size),
            None => return Wanted::Whole,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(size)),
            _ => return Wanted::Whole,
        },
    };
    if begin < end { Wanted::Part(begin..end) } else { Wanted::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_to_the_file() {
        for (range, part) in [
            ("bytes=0-", 0..1000),
            ("bytes=0-0", 0..1),
            ("bytes=10-19", 10..20),
            ("bytes=990-5000", 990..1000),
            ("bytes=-10", 990..1000),
            ("bytes=-5000", 0..1000),
            ("bytes=999-", 999..1000),
            ("bytes=0-99999999999999999999999", 0..1000),
        ] {
            assert_eq!(wanted(range, 1000), Wanted::Part(part), "{range}");
        }
    }

    #[test]
    fn what_the_file_does_not_have_is_said_to_be_so() {
        for range in ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(wanted(range, 1000), Wanted::Nothing, "{range}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
        assert_eq!(wanted("bytes=-5", 0), Wanted::Nothing);
    }

    #[test]
    fn what_cannot_be_understood_is_the_whole() {
        for range in
            ["", "bytes", "bytes=", "bytes=-", "bytes=5-1", "bytes=a-b", "bytes=0-1,5-6", "rows=0-1", "bytes=+1-2"]
        {
            assert_eq!(wanted(range, 1000), Wanted::Whole, "{range}");
        }
    }
}
