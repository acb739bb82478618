//! What is over is looked at again, the later the longer it is over: money that was given back on the processor's own pages, a
//! refund that the bank sent back, a payment that was given up while nobody could ask about it. Of all that the processor
//! sends word, and words are lost.

use tandem_domain::access::Tenant;
use tandem_domain::billing::{
    payment::{Cause, IntentStatus, Payment},
    refund::RefundState,
};
use tandem_store::{Change, payments::Look};

use crate::{billing::Billing, error::BillingError};

impl Billing {
    /// Looks at a payment that is over.
    pub(crate) async fn look(&self, look: &Look) -> Result<(), BillingError> {
        let change = Change::by_system(self.now());
        let looked = if look.payment.state.is_paid() {
            self.look_at_paid(&change, &look.payment).await
        } else {
            self.look_at_given_up(&change, &look.payment).await
        };
        // What passes by itself is no look: it is taken again when its lease ends.
        if !looked.as_ref().is_err_and(BillingError::is_temporary) {
            self.store().payments().looked(self.now(), look).await?;
        }
        looked
    }

    /// What was given back of a payment, and what of that has failed since.
    async fn look_at_paid(&self, change: &Change<'_>, payment: &Payment) -> Result<(), BillingError> {
        let tenant = Tenant::for_system(payment.customer);
        // One by one, for a refund that failed and one that was made there may hide each other in the sum.
        for refund in self.store().payments().refunds(tenant, payment.id).await? {
            if refund.state == RefundState::Succeeded {
                self.refund_go_on(change, Cause::Sweep, &refund).await?;
            }
        }
        let change = Change::by_system(self.now());
        self.ask_about(&change, Cause::Sweep, payment).await.map(drop)
    }

    /// Whether a payment that was given up was paid all the same. If it still can be, it is called off there.
    async fn look_at_given_up(&self, change: &Change<'_>, payment: &Payment) -> Result<(), BillingError> {
        let processor = self.processor(payment.system).await?;
        let intent = match &payment.reference {
            Some(reference) => processor.fetch(reference).await?,
            None => match self.found(payment).await? {
                Some(intent) => intent,
                None => return Ok(()),
            },
        };
        let after = self.settle(change, Cause::Sweep, payment, &intent.snapshot).await?;
        match intent.snapshot.status {
            IntentStatus::Succeeded | IntentStatus::Canceled => {}
            IntentStatus::RequiresPaymentMethod
            | IntentStatus::RequiresConfirmation
            | IntentStatus::RequiresAction
            | IntentStatus::Processing
            | IntentStatus::RequiresCapture => {
                let intent = processor.cancel(payment.id, &intent.snapshot.reference).await?;
                self.settle(change, Cause::Sweep, &after, &intent.snapshot).await?;
            }
        }
        Ok(())
    }
}
