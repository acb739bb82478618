//! What the pages want of the exchange. The running server gives it; the application knows no telephony.
//!
//! What outlives a call is in the store: xDRs, registrations, signalling. Here is what only the exchange itself knows, and
//! word of every change.

use std::sync::Arc;

use tandem_domain::{
    calls::LiveCall,
    console::Scene,
    ids::{AccountId, CallId, CustomerId},
    supervision::Mode,
};
use tokio::sync::watch;

use crate::live::Topic;

/// A manager's wish to join a call of an agent. The exchange asks the records whether he may, and keeps what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Who.
    pub manager: AccountId,
    /// Whose call.
    pub agent: AccountId,
    /// Which of the agent's calls.
    pub call: CallId,
    /// How.
    pub mode: Mode,
    /// Whether he stays for the agent's next calls.
    pub follow: bool,
    /// What his browser knows the call again by that rings it.
    pub ticket: Option<String>,
    /// Whether the phones on his desk are to ring, and not his browser.
    pub desk: bool,
}

/// A look at how loud people speak, which costs something for as long as it is kept.
pub trait Levels: Send {
    /// How loud both sides of these calls were since the last time: who is in the caller's place, then the other. In decibels
    /// below overload, 0 to 127, which is silence (RFC 6464 §3). Calls in which nobody talks are left out.
    fn take(&mut self, calls: &[CallId]) -> Vec<(CallId, [u8; 2])>;
}

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

    /// What goes on at a customer, for consoles: one value for all who look, until something changes.
    fn scene(&self, customer: CustomerId) -> Arc<Scene>;

    /// A manager wants to join a call: his phones ring, or he goes over with the phone by which he is in another one.
    fn join(&self, join: Join);

    /// A manager's own call goes on in another mode.
    fn switch_mode(&self, own: CallId, mode: Mode);

    /// A manager stays for the agent's next calls with his own call, or no longer.
    fn follow(&self, own: CallId, on: bool);

    /// A manager hears the agent and the client this loud, in per cent of what they are.
    fn volumes(&self, own: CallId, volumes: [u8; 2]);

    /// Marks this moment in the recordings of a call.
    fn mark(&self, call: CallId, text: String);

    /// A look at how loud people speak.
    fn levels(&self) -> Box<dyn Levels>;
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

    fn scene(&self, _customer: CustomerId) -> Arc<Scene> {
        Arc::default()
    }

    fn join(&self, _join: Join) {}

    fn switch_mode(&self, _own: CallId, _mode: Mode) {}

    fn follow(&self, _own: CallId, _on: bool) {}

    fn volumes(&self, _own: CallId, _volumes: [u8; 2]) {}

    fn mark(&self, _call: CallId, _text: String) {}

    fn levels(&self) -> Box<dyn Levels> {
        Box::new(NoExchange)
    }
}

impl Levels for NoExchange {
    fn take(&mut self, _calls: &[CallId]) -> Vec<(CallId, [u8; 2])> {
        Vec::new()
    }
}
