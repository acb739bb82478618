//! Payments for the walk: a payment system whose processor is the stand-in, and of ABC and of Panda each a payment that is
//! paid, with the card that was saved with it, one that is not finished, a second card, and one that is being saved.

use std::sync::Arc;

use tandem_app::server::{Clock as _, PaymentPages};
use tandem_billing::{
    billing::{Billing, Parts},
    credentials::TypedCredentials,
    letters::PaymentLetters,
    paying::PayRequest,
    processor::Confirm,
    secret::Secret,
    stripe::StripeOptions,
    systems::{Processors as _, Systems},
    vault::Vault,
};
use tandem_domain::{
    access::Tenant,
    billing::{
        auto_payment::RetryPolicy,
        system::{PaymentSystem, Processor},
    },
    ids::PaymentSystemId,
    locale::Currency,
};
use tandem_mail::Mailer;
use tandem_processor_sim::{Options, Sim};
use tandem_server::clock::SystemClock;
use tandem_store::{Change, Store, payments::PayFor};

use crate::demo_ids::DemoIds;

/// The payment system.
pub const SYSTEM: &str = "Cards";
/// One that nobody uses.
pub const SPARE: &str = "Spare cards";
/// The cards that are saved: the default one, and another.
pub const DEFAULT_CARD: &str = "abc4242";
pub const OTHER_CARD: &str = "abc4444";
/// The invoice that is open, by its customer and its number.
pub const INVOICE: &str = "abc4";
/// The payment that is paid, and the one that is not finished.
pub const PAID: &str = "abc1000";
pub const UNFINISHED: &str = "abc1200";

/// What pages need for payments.
pub struct Payments {
    pub billing: Billing,
    pub systems: Arc<Systems>,
    pub pages: PaymentPages,
}

/// Starts what stands for Stripe.
pub async fn stand_in() -> Sim {
    Sim::start(Options { api_version: tandem_billing::stripe::api_version(), ..Options::default() }).await.unwrap()
}

impl Payments {
    /// Payments over one copy of the data, at the stand-in there.
    pub fn at(base: &str, store: &Store) -> Self {
        let clock: tandem_billing::Clock = Arc::new(|| SystemClock.now());
        let stripe = StripeOptions::at(base.parse().unwrap());
        let vault = Vault::with_key("test", &[7; 32]);
        let systems = Arc::new(Systems::new(store.clone(), vault, stripe, clock.clone()).unwrap());
        let billing = Billing::new(Parts {
            store: store.clone(),
            processors: systems.clone(),
            letters: PaymentLetters { public_url: "https://tandem.test".into() },
            mailer: Mailer::default(),
            clock,
            policy: RetryPolicy::default(),
            at_once: 1,
        });
        let pages = PaymentPages {
            script: format!("{base}/v3/"),
            origins: vec![base.into()],
            public_url: "https://tandem.test".into(),
        };
        Self { billing, systems, pages }
    }

    /// Keeps what the walk asks for.
    pub async fn keep(&self, store: &Store, demo: &DemoIds) {
        let system = self.add_system(store, SYSTEM, true).await;
        self.add_system(store, SPARE, false).await;
        for customer in ["abc", "panda"] {
            let tenant = Tenant::for_system(demo.id("customer", customer).parse().unwrap());
            self.pay(tenant, system, 1100, Some("pm_card_mastercard")).await;
            self.pay(tenant, system, 1000, Some("pm_card_visa")).await;
            self.pay(tenant, system, 1200, None).await;
            let methods = store.payment_methods().list(tenant).await.unwrap();
            let visa = methods.iter().find(|method| method.last4 == "4242").unwrap();
            self.billing.set_default(&change(), tenant, visa.id).await.unwrap();
            self.billing.setup_begin(&change(), tenant, "another card").await.unwrap();
        }
    }

    async fn add_system(&self, store: &Store, name: &str, active: bool) -> PaymentSystemId {
        let system = PaymentSystem {
            name: name.into(),
            processor: Processor::Stripe,
            test_mode: true,
            currencies: vec![Currency::Eur],
            active,
            public_key: "pk_test_tandem".into(),
        };
        let typed =
            TypedCredentials { secret_key: Secret::new("sk_test_tandem"), webhook_secret: Secret::new("whsec_tandem") };
        let credentials = self.systems.check(None, &system, &typed).await.unwrap();
        let id = store.payment_systems().create(&change(), &system).await.unwrap();
        self.systems.keep(&change(), id, &credentials).await.unwrap();
        id
    }

    /// Pays so many cents with a test card, which is saved; without one the payment is only begun.
    async fn pay(&self, tenant: Tenant, system: PaymentSystemId, minor: i64, card: Option<&str>) {
        let request = PayRequest {
            token: format!("walk {minor}"),
            pay_for: PayFor::Balance(minor),
            save_method: card.is_some(),
            payer: None,
        };
        let payment = self.billing.begin(&change(), tenant, &request).await.unwrap().payment;
        let Some(card) = card else { return };
        let confirm = Confirm {
            payment: payment.id,
            reference: payment.reference.unwrap(),
            method: card.into(),
            attempt: "1".into(),
            return_url: Some(self.billing.return_url(payment.id).unwrap()),
        };
        self.systems.of(system).await.unwrap().confirm(&confirm).await.unwrap();
        assert!(self.billing.returned(tenant, payment.id).await.unwrap().payment.state.is_paid());
    }
}

fn change() -> Change<'static> {
    Change::by_system(SystemClock.now())
}
