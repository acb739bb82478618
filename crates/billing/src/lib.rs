//! Payments: the processors, the way of a payment, automatic payment, and a worker that loses nothing (PRODUCT §3).
//!
//! Money is believed on the processor's word alone, asked for at this moment. What that word does to a payment is
//! decided in `tandem_domain::billing` and performed in one transaction of the store; here is what stands between: who
//! is asked, when, under which key, and what is written before. [`billing`] says the order, and why a kill at any
//! moment does no harm.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`billing`] | in which order are things written and asked? |
//! | [`paying`] | how does a customer pay, go on, come back, call off? |
//! | [`hearing`] | what is done about a webhook? |
//! | `sweeping` | what becomes of payments that are left pending? |
//! | [`charging`] | how are automatic payments made, repeated, turned off? |
//! | `refunding` | how does money go back? |
//! | `looking` | what has become of what is over? |
//! | [`giving_up`] | what if a payment's processor cannot be asked any more? |
//! | [`saving`] | how are cards kept and forgotten? |
//! | [`worker`] | what does billing do by itself? |
//! | [`letters`] | what are customers written? |
//! | [`processor`] | what does a payment processor do for us? |
//! | [`stripe`], [`signature`] | how does Stripe do it, and did Stripe sign this? |
//! | [`systems`], [`credentials`], [`vault`], [`secret`] | whose account is used, and how are its keys kept? |
//! | [`error`] | why was it not done, and what is the customer told? |
//!
//! To add a processor: a module beside [`stripe`] that implements [`processor::Processor`]; its credentials beside
//! [`credentials`]; an arm in [`systems`]; the stories of `tests/` with it.

pub mod billing;
pub mod charging;
pub mod credentials;
pub mod error;
pub mod giving_up;
pub mod hearing;
pub mod letters;
mod looking;
pub mod paying;
pub mod processor;
mod refunding;
pub mod saving;
pub mod secret;
pub mod signature;
pub mod stripe;
mod sweeping;
pub mod systems;
pub mod vault;
pub mod worker;

use std::sync::Arc;

use tandem_domain::ids::Timestamp;

pub use billing::{Billing, Parts};
pub use charging::Charged;
pub use error::BillingError;
pub use hearing::Heard;
pub use letters::PaymentLetters;
pub use paying::{PayRequest, Paying, Returned};
pub use saving::Saving;
pub use sweeping::Swept;
pub use systems::{Processors, Systems};
pub use worker::Running;

/// The moment, from whoever may read the machine's clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
