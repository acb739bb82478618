//! What happened: the Event object. Its body is written once; webhooks carry exactly those bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// Unix time in seconds.
    pub(crate) created: i64,
    /// The whole event as it is sent, indented as Stripe indents it.
    #[serde(with = "super::words::shared")]
    pub(crate) body: Arc<str>,
}

impl Event {
    pub(crate) fn new(id: &str, kind: &str, created: i64, body: &Value) -> Self {
        Self { id: id.to_owned(), kind: kind.to_owned(), created, body: format!("{body:#}").into() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}
