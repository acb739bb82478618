//! The strings behind the stage: what a test, or the demonstration, makes the stand-in do. Stripe has nothing like it.

pub(crate) mod http;
mod rust;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use rust::Control;

/// Where events are sent.
#[derive(Clone)]
pub struct Webhook {
    /// `http://…`: the stand-in knows no TLS.
    pub url: String,
    /// The endpoint's signing secrets, `whsec_…`: one, or two while they are rolled.
    pub secrets: Vec<String>,
}

impl std::fmt::Debug for Webhook {
    // Not derived: there are secrets in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url).field("secrets", &self.secrets.len()).finish()
    }
}

/// How events travel. By default each is sent once, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// How long after it happened an event is sent.
    #[serde(with = "as_millis")]
    pub delay: Duration,
    /// A random time up to this is added for each delivery, so that the order is lost.
    #[serde(with = "as_millis")]
    pub shuffle: Duration,
    /// How often each event is sent: 1 to 100.
    pub copies: u32,
    /// How many of the next events are never sent.
    pub drop_next: u32,
    /// Nothing is sent until this is off again, or until [`Control::release`]; then all that waits is.
    pub hold: bool,
    /// The next is sent only when the one before was answered. Otherwise up to 64 are under way, in no certain order,
    /// as Stripe promises none.
    pub one_by_one: bool,
    /// How much older than now the signature says it is.
    #[serde(with = "as_millis")]
    pub age: Duration,
    /// Signed with a secret that is not the endpoint's.
    pub forge: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            shuffle: Duration::ZERO,
            copies: 1,
            drop_next: 0,
            hold: false,
            one_by_one: false,
            age: Duration::ZERO,
            forge: false,
        }
    }
}

/// Durations as whole milliseconds.
mod as_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 500, and nothing was done.
    ErrorBefore,
    /// 500, but it was done; the same idempotency key gets the true answer.
    ErrorAfter,
    /// 500, nothing was done, and the same idempotency key gets the same 500, as Stripe says it may.
    ErrorSaved,
    /// 429, and nothing was done.
    RateLimited,
    /// 400, and nothing was done: the request is refused, whatever it is.
    Refused,
    /// The connection ends without an answer, and nothing was done.
    DropBefore,
    /// The connection ends without an answer, but it was done.
    DropAfter,
    /// Nothing is done for so long; then it is, and answered.
    HangBefore(#[serde(with = "as_millis")] Duration),
    /// It is done at once, and answered after so long.
    HangAfter(#[serde(with = "as_millis")] Duration),
}

/// A fault for requests to come. Faults wait in a queue; a request takes the first that fits it. Of the script and the
/// pages (`/v3/`, `/bank/`) nothing is done when one fails, whatever its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// `GET`, `POST`, `DELETE`; any if `None`.
    #[serde(default)]
    pub method: Option<String>,
    /// What the path must contain, like `/confirm` or `/v1/payment_intents`; any path if empty.
    #[serde(default)]
    pub path: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many fitting requests are let through first.
    #[serde(default)]
    pub skip: u32,
    /// How many then are hit.
    #[serde(default = "once")]
    pub times: u32,
}

const fn once() -> u32 {
    1
}

impl Fault {
    /// Hits the next request whose path contains `path`.
    #[must_use]
    pub fn next(path: &str, kind: FaultKind) -> Self {
        Self { method: None, path: path.to_owned(), kind, skip: 0, times: 1 }
    }

    pub(crate) fn fits(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method)) && path.contains(&self.path)
    }
}

/// Which payments stay `processing` after the bank said yes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Processing {
    /// All of them.
    pub all: bool,
    /// The next so many.
    pub next: u32,
    /// How long; `None` until [`Control::settle`].
    #[serde(with = "as_optional_millis")]
    pub settle_after: Option<Duration>,
    /// Whether they are declined in the end.
    pub fails: bool,
}

mod as_optional_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        duration.map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_millis))
    }
}

impl Processing {
    /// Whether this payment is held; counts it.
    pub(crate) const fn holds(&mut self) -> bool {
        if self.next > 0 {
            self.next -= 1;
            return true;
        }
        self.all
    }
}

/// What was captured for one payment of the merchant (`metadata[payment]`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// In the smallest unit of its currency.
    pub captured: i64,
    /// In the smallest unit of its currency.
    pub refunded: i64,
    /// How many charges captured money: more than one is a fault of the merchant's.
    pub charges: u32,
}

/// One attempt to bring an event to the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// `evt_…`
    pub event: String,
    /// `payment_intent.succeeded`, …
    pub kind: String,
    /// The first is 1.
    pub attempt: u32,
    /// The HTTP status that was answered; `None` if there was no answer.
    pub status: Option<u16>,
}

/// A request of the API as it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// `GET`, `POST`, `DELETE`.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// Its `Stripe-Version`, if it had one.
    pub version: Option<String>,
    /// Its `Idempotency-Key`, if it had one.
    pub key: Option<String>,
    /// The status it was answered with; `None` if the connection was dropped instead.
    pub status: Option<u16>,
}
