//! What the pages want of the exchange. The running server gives it; the application knows no telephony.
//!
//! What outlives a call is in the store: xDRs, registrations, signalling. Here is what only the exchange itself knows, and
//! word of every change.

use tandem_domain::{
    calls::LiveCall,
    ids::{AccountId, CallId, CustomerId},
};
use tokio::sync::watch;

use crate::live::Topic;

/// The exchange that runs beside the application.
pub trait Exchange: Send + Sync {
    /// The calls that are going on: of one customer, or of all (`None`); the newest first.
    fn calls(&self, customer: Option<CustomerId>) -> Vec<LiveCall>;

    /// Changes with everything that happens to what somebody looks at. Registrations and xDRs are read from the store, so
    /// their word comes when they are written there. Whose sender is gone never changes again.
    fn changes(&self, topic: Topic) -> watch::Receiver<u64>;

    /// Ends a call; one that is over already stays so.
    fn end_call(&self, call: CallId);

    /// Forgets the phones that are registered for an account: its password or its extension is another one, or it is closed.
    fn forget_phones(&self, account: AccountId);
}

/// Where no exchange runs: no calls, and nothing changes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoExchange;

impl Exchange for NoExchange {
    fn calls(&self, _customer: Option<CustomerId>) -> Vec<LiveCall> {
        Vec::new()
    }

    fn changes(&self, _topic: Topic) -> watch::Receiver<u64> {
        watch::channel(0).1
    }

    fn end_call(&self, _call: CallId) {}

    fn forget_phones(&self, _account: AccountId) {}
}
