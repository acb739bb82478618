//! Which refusals the audit log has been told of: it must not be filled by whoever asks for the same again and again.

use std::{
    collections::{HashMap, HashSet, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Arc, Mutex, PoisonError},
};

use tandem_domain::ids::Timestamp;

/// Milliseconds for which a refusal that was told is not told again.
const MINUTE: i64 = 60_000;
/// Paths of which the log is told for one person within a minute. A person comes to few; addresses can be made up.
const PATHS_MAX: usize = 100;

/// The refusals of this minute. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Refusals(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    minute: i64,
    /// By sign-in name, the hashes of the paths. So it holds a known amount for each person that is signed in.
    paths: HashMap<String, HashSet<u64>>,
    hasher: RandomState,
}

impl Refusals {
    /// Whether the log has to be told that this person was refused this path; from then on it has been.
    #[must_use]
    pub fn is_news(&self, sign_in: &str, path: &str, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.0.div_euclid(MINUTE);
        if told.minute != minute {
            told.minute = minute;
            told.paths.clear();
        }
        let path = told.hasher.hash_one(path);
        let paths = told.paths.entry(sign_in.to_owned()).or_default();
        paths.len() < PATHS_MAX && paths.insert(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_news_once_a_minute_for_each_person_and_path() {
        let refusals = Refusals::default();
        let news = |sign_in, path, second: i64| refusals.clone().is_news(sign_in, path, Timestamp(second * 1000));
        assert!(news("john", "/admin", 60));
        assert!(!news("john", "/admin", 119));
        assert!(news("john", "/admin/audit", 119));
        assert!(news("mary", "/admin", 119));
        assert!(news("john", "/admin", 120));
    }

    #[test]
    fn made_up_addresses_fill_nothing() {
        let refusals = Refusals::default();
        let told = (0..10_000).filter(|n| refusals.is_news("john", &format!("/{n}"), Timestamp(0))).count();
        assert_eq!(told, PATHS_MAX);
        assert!(refusals.is_news("mary", "/1", Timestamp(0)));
    }
}
