//! Was this asked before? "API reference", *Idempotent requests*: the first answer to a key is kept for 24 hours and
//! given again to the same request; another request with the key is refused, and so is the same one while the first is
//! under way.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::objects::table::Table;

/// How long a key is kept, in milliseconds. Stripe removes keys "after they're at least 24 hours old".
const KEPT: i64 = 24 * 60 * 60 * 1000;
/// The longest key.
const LONGEST: usize = 255;

/// What is known of a key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    at: i64,
    path: String,
    /// A digest of the parameters.
    params: [u8; 32],
    /// `None` while the first request is under way.
    answer: Option<Saved>,
}

/// A kept answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) status: u16,
    #[serde(with = "crate::objects::words::shared")]
    pub(crate) body: Arc<str>,
    /// The `Request-Id` of the first request: `Original-Request` of those that get its answer.
    pub(crate) request: String,
}

/// All keys. When there are too many the oldest goes, whatever its age.
#[derive(Debug)]
pub(crate) struct Keys(Table<Entry>);

impl Keys {
    pub(crate) fn new(most: usize) -> Self {
        Self(Table::new(most))
    }

    /// Takes a key for a request. `Some` is the answer it had before.
    pub(crate) fn begin(&mut self, key: &str, path: &str, params: &[u8], now: i64) -> Result<Option<Saved>, ApiError> {
        if key.is_empty() || key.len() > LONGEST {
            return Err(ApiError::request(format!("Idempotency keys must be 1 to {LONGEST} characters long.")));
        }
        let digest = ring::digest::digest(&ring::digest::SHA256, params);
        let params: [u8; 32] = digest.as_ref().try_into().unwrap_or_default();
        match self.0.get(key).filter(|entry| now - entry.at < KEPT) {
            None => {
                self.0.remove(key);
                self.0.put(key, Entry { at: now, path: path.to_owned(), params, answer: None });
                Ok(None)
            }
            Some(entry) if entry.path != path => Err(ApiError::idempotency(format!(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for \
                 ('{path}' vs '{}'). Try using a key other than '{key}' if you meant to execute a different \
                 request.",
                entry.path
            ))),
            Some(entry) if entry.params != params => Err(ApiError::idempotency(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try \
                 using a key other than '{key}' if you meant to execute a different request."
            ))),
            Some(entry) => entry.answer.clone().map(Some).ok_or_else(|| ApiError::key_in_use(key)),
        }
    }

    /// All of them, for the file.
    pub(crate) const fn all(&self) -> &Table<Entry> {
        &self.0
    }

    /// Takes them from the file. What was under way when it was written is not any more.
    pub(crate) fn fill(&mut self, entries: Vec<(String, Entry)>) {
        self.0.fill(entries.into_iter().filter(|(_, entry)| entry.answer.is_some()));
    }

    /// Keeps the answer.
    pub(crate) fn save(&mut self, key: &str, saved: Saved) {
        if let Some(entry) = self.0.get_mut(key) {
            entry.answer = Some(saved);
        }
    }

    /// Gives a key back whose request came to nothing: its parameters were wrong, or it was never begun.
    pub(crate) fn release(&mut self, key: &str) {
        if self.0.get(key).is_some_and(|entry| entry.answer.is_none()) {
            self.0.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_belongs_to_one_request_for_a_day() {
        let mut keys = Keys::new(10);
        assert!(keys.begin("k", "/v1/refunds", b"a=1", 0).unwrap().is_none());
        assert!(keys.begin("k", "/v1/refunds", b"a=1", 1).is_err(), "the first is under way");
        keys.save("k", Saved { status: 200, body: "{}".into(), request: "req_1".into() });
        assert_eq!(keys.begin("k", "/v1/refunds", b"a=1", KEPT - 1).unwrap().unwrap().status, 200);
        assert!(keys.begin("k", "/v1/refunds", b"a=2", 2).is_err());
        assert!(keys.begin("k", "/v1/customers", b"a=1", 2).is_err());
        assert!(keys.begin("k", "/v1/customers", b"a=1", KEPT).unwrap().is_none());
        keys.release("k");
        assert!(keys.begin("k", "/v1/refunds", b"a=3", KEPT).unwrap().is_none());
        assert!(keys.begin("", "/", b"", 0).is_err() && keys.begin(&"x".repeat(256), "/", b"", 0).is_err());
    }
}
