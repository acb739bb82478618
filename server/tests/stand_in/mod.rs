//! Payments over one copy of the data, made at what stands for Stripe: for tests that go through the whole server.

use std::sync::Arc;

use tandem_app::server::Clock as _;
use tandem_billing::{
    billing::{Billing, Parts},
    letters::PaymentLetters,
    processor::Confirm,
    stripe::{StripeOptions, api_version},
    systems::{Processors as _, Systems},
    vault::Vault,
};
use tandem_domain::{
    billing::{auto_payment::RetryPolicy, payment::Payment},
    ids::PaymentSystemId,
};
use tandem_mail::Mailer;
use tandem_processor_sim::{Options, Sim};
use tandem_server::clock::SystemClock;
use tandem_store::{Change, Store};

/// Where the server is for its people.
pub const PUBLIC_URL: &str = "https://tandem.test";

/// Starts what stands for Stripe.
pub async fn stand_in() -> Sim {
    Sim::start(Options { api_version: api_version(), ..Options::default() }).await.unwrap()
}

/// Payments over these data.
pub fn payments(store: &Store, stripe: StripeOptions) -> (Arc<Systems>, Billing) {
    let clock: tandem_billing::Clock = Arc::new(|| SystemClock.now());
    let vault = Vault::with_key("test", &[7; 32]);
    let systems = Arc::new(Systems::new(store.clone(), vault, stripe, clock.clone()).unwrap());
    let billing = Billing::new(Parts {
        store: store.clone(),
        processors: systems.clone(),
        letters: PaymentLetters { public_url: PUBLIC_URL.into() },
        mailer: Mailer::default(),
        clock,
        policy: RetryPolicy::default(),
        at_once: 1,
    });
    (systems, billing)
}

/// A payment system with its credentials.
pub async fn add_system(
    store: &Store,
    systems: &Systems,
    name: &str,
    active: bool,
    webhook_secret: &str,
) -> PaymentSystemId {
    tandem_till::add_system(store, systems, &change(), (name, active), webhook_secret).await.unwrap()
}

/// The customer pays with a test card, in the processor's own form.
pub async fn confirm(billing: &Billing, systems: &Systems, system: PaymentSystemId, payment: &Payment, card: &str) {
    let confirm = Confirm {
        payment: payment.id,
        reference: payment.reference.clone().unwrap(),
        method: card.into(),
        attempt: "1".into(),
        return_url: Some(billing.return_url(payment.id).unwrap()),
    };
    systems.of(system).await.unwrap().confirm(&confirm).await.unwrap();
}

pub fn change() -> Change<'static> {
    Change::by_system(SystemClock.now())
}
