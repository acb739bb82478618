//! The machine's clock, handed to all that needs to know the time.

use std::time::{SystemTime, UNIX_EPOCH};

use tandem_app::server::Clock;
use tandem_domain::ids::Timestamp;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
