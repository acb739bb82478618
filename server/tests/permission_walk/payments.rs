//! Payments for the walk: a payment system whose processor is the stand-in, and of ABC and of Panda each a payment that is
//! paid, with the card that was saved with it, one that is not finished, a second card, and one that is being saved.

use std::sync::Arc;

use tandem_app::server::PaymentPages;
use tandem_billing::{billing::Billing, paying::PayRequest, stripe::StripeOptions, systems::Systems};
use tandem_domain::{access::Tenant, ids::PaymentSystemId};
use tandem_store::{Store, payments::PayFor};

use crate::{
    demo_ids::DemoIds,
    stand_in::{PUBLIC_URL, add_system, change, confirm, payments},
};

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

impl Payments {
    /// Payments over one copy of the data, at the stand-in there.
    pub fn at(base: &str, store: &Store) -> Self {
        let (systems, billing) = payments(store, StripeOptions::at(base.parse().unwrap()));
        let pages =
            PaymentPages { script: format!("{base}/v3/"), origins: vec![base.into()], public_url: PUBLIC_URL.into() };
        Self { billing, systems, pages }
    }

    /// Keeps what the walk asks for.
    pub async fn keep(&self, store: &Store, demo: &DemoIds) {
        let system = add_system(store, &self.systems, SYSTEM, true, "whsec_tandem").await;
        add_system(store, &self.systems, SPARE, false, "whsec_tandem").await;
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
        confirm(&self.billing, &self.systems, system, &payment, card).await;
        assert!(self.billing.returned(tenant, payment.id).await.unwrap().payment.state.is_paid());
    }
}
