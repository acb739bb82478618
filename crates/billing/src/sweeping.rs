//! What is left pending is asked about until it is decided: payments whose customers never came back and whose webhooks
//! were lost, payments that were being created when the program died, refunds that were not answered.

use std::future::ready;

use futures::{StreamExt, stream};
use tandem_domain::{
    access::Tenant,
    billing::{
        failure::{Failure, FailureKind},
        payment::{Cause, Payment},
        refund::Refund,
    },
    ids::Timestamp,
};
use tandem_store::Change;

use crate::{
    billing::{Billing, KEY_SECONDS, ON_ITS_WAY_SECONDS},
    error::BillingError,
};

/// How long a payment is one worker's to ask about, in seconds. Longer than any request is waited for.
const LEASE_SECONDS: i64 = 300;
/// Payments that are taken at once.
const AT_ONCE: u32 = 50;
/// Processors' answers that are waited for at the same time: all that were taken are asked about well within their
/// lease.
const TOGETHER: usize = 8;

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Payments and refunds that were asked about.
    pub asked: u32,
    /// Those about which nothing could be learned; they are asked about again.
    pub failed: u32,
}

impl Billing {
    /// Asks about all payments and refunds whose time has come.
    ///
    /// # Errors
    /// [`BillingError::Store`]: the records cannot be read. What one payment does keeps no other from being asked
    /// about.
    pub async fn sweep(&self) -> Result<Swept, BillingError> {
        self.sweep_while(|| true).await
    }

    /// As [`Billing::sweep`], as long as it shall go on.
    pub(crate) async fn sweep_while(&self, goes_on: impl Fn() -> bool + Sync) -> Result<Swept, BillingError> {
        let mut swept = Swept::default();
        while goes_on() {
            let now = self.now();
            let due = self.store().payments().due_for_sweep(now, LEASE_SECONDS, AT_ONCE).await?;
            if due.is_empty() {
                break;
            }
            let goes_on = &goes_on;
            let one = |payment: Payment| async move {
                let outcome = if goes_on() { self.sweep_payment(self.now(), &payment).await } else { Ok(()) };
                outcome.inspect_err(|error| {
                    tracing::warn!(payment = %payment.id, %error, "nothing can be learned of a pending payment yet");
                })
            };
            let outcomes = stream::iter(due).map(one).buffer_unordered(TOGETHER);
            swept = outcomes.fold(swept, |swept, outcome| ready(swept.with(&outcome))).await;
        }
        while goes_on() {
            let now = self.now();
            let due = self.store().payments().due_refunds(now, LEASE_SECONDS, AT_ONCE).await?;
            if due.is_empty() {
                break;
            }
            let goes_on = &goes_on;
            let one = |refund: Refund| async move {
                let change = Change::by_system(self.now());
                let outcome = if goes_on() { self.refund_go_on(&change, Cause::Sweep, &refund).await } else { Ok(()) };
                outcome.inspect_err(|error| {
                    tracing::warn!(refund = %refund.id, %error, "nothing can be learned of a pending refund yet");
                })
            };
            let outcomes = stream::iter(due).map(one).buffer_unordered(TOGETHER);
            swept = outcomes.fold(swept, |swept, outcome| ready(swept.with(&outcome))).await;
        }
        Ok(swept)
    }

    async fn sweep_payment(&self, now: Timestamp, payment: &Payment) -> Result<(), BillingError> {
        let change = Change::by_system(now);
        let age = now.seconds_since(payment.created);
        if payment.reference.is_none() && age > KEY_SECONDS {
            return self.sweep_lost(&change, payment).await;
        }
        if payment.reference.is_none() && payment.off_session && !payment.is_in_person() {
            // Its charge creates it, with the card that is charged. When that has ended, nobody does any more.
            let has_charge = self.store().auto_payments().charge_of(payment.id).await?.is_some();
            let is_lost = !has_charge && age > ON_ITS_WAY_SECONDS;
            return if is_lost { self.sweep_lost(&change, payment).await } else { Ok(()) };
        }
        let (after, _) = self.ask_about(&change, Cause::Sweep, payment).await?;
        if after.is_abandoned(now) || self.is_needless(&after).await? || self.is_left_over(&after).await? {
            self.call_off(&change, Cause::Sweep, &after).await?;
        }
        Ok(())
    }

    /// Whether it is an automatic payment into the balance that nobody makes any more: its charge has ended, and it is not the one
    /// that its customer was asked to finish.
    async fn is_left_over(&self, payment: &Payment) -> Result<bool, BillingError> {
        let is_automatic = payment.invoice.is_none() && payment.off_session && !payment.is_in_person();
        if !is_automatic || !payment.state.can_be_resumed() {
            return Ok(false);
        }
        let auto = self.store().auto_payments();
        let is_asked_for = auto.get(Tenant::for_system(payment.customer)).await?.failed_payment == Some(payment.id);
        Ok(!is_asked_for && auto.charge_of(payment.id).await?.is_none())
    }

    /// A payment whose name at the processor nobody kept, and which cannot be created under its key any more: it is
    /// there, or nobody can ever pay it.
    async fn sweep_lost(&self, change: &Change<'_>, payment: &Payment) -> Result<(), BillingError> {
        let processor = self.processor(payment.system).await?;
        let tenant = Tenant::for_system(payment.customer);
        // Without the customer, which is made known first, no payment of his was ever asked for.
        let payer = self.store().payment_methods().processor_customer(tenant, payment.system).await?;
        let found = match &payer {
            Some(payer) => processor.find(payment.id, Some(payer), payment.created).await?,
            None => None,
        };
        match found {
            Some(intent) => {
                self.store().payments().attach(payment.id, &intent.snapshot.reference).await?;
                let after = self.settle(change, Cause::Sweep, payment, &intent.snapshot).await?;
                if after.is_abandoned(change.at) {
                    self.call_off(change, Cause::Sweep, &after).await?;
                }
            }
            None => {
                let failure = Failure::new(FailureKind::Abandoned, "never_created", "");
                self.store().payments().give_up(change, payment.id, &failure).await?;
            }
        }
        Ok(())
    }
}

impl Swept {
    fn with(mut self, outcome: &Result<(), BillingError>) -> Self {
        self.asked += 1;
        self.failed += u32::from(outcome.is_err());
        self
    }
}
