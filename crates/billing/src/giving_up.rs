//! A payment is closed without the word of its payment system, because that cannot be asked any more, or says what cannot be.
//!
//! It would stand in the way of its invoice for ever. Money may still move there, so only the provider's staff decides it, with a
//! reason, and only when the processor does not take our key, the system is off, or what it says contradicts the payment:
//! whatever else it does say counts. Nothing is charged for the same thing by itself afterwards. A later word of the processor's
//! is taken as of any payment: what was captured is credited once, and pays the invoice, or is the customer's credit if that was
//! paid otherwise. [`Billing::sweep`] asks about it now and then.

use tandem_domain::{
    access::Tenant,
    billing::payment::{Cause, Payment},
    error::FieldErrors,
    ids::PaymentId,
};
use tandem_store::{Change, StoreError};

use crate::{billing::Billing, error::BillingError, paying::stays_called_off, processor::ProcessorError};

impl Billing {
    /// Closes an open payment: as its processor says if that can be asked, and else as given up, for a reason. Tells how it
    /// stands.
    ///
    /// # Errors
    /// [`BillingError::Store`]: `NotFound`, also for another tenant's; [`BillingError::Refused`] (`state`) when the processor
    /// answers that the bank has it. [`BillingError::Processor`]: it does not answer at the moment, and may later.
    pub async fn give_up(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        id: PaymentId,
        reason: &str,
    ) -> Result<Payment, BillingError> {
        let payment = self.store().payments().one(tenant, id).await?.payment;
        if !payment.state.is_open() {
            return Ok(payment);
        }
        // What is wanted is written first, or a worker would charge for it in between.
        let called_off = self.store().auto_payments().call_off_for(&payment).await?;
        let outcome = self.call_off(change, Cause::Api, &payment).await;
        if let Err(error) = &outcome
            && self.is_undecidable(&payment, error).await?
        {
            warn_of(change, &payment, error);
            self.store().payments().give_up_unheard(change, tenant, id, reason).await?;
            return Ok(self.store().payments().get(id).await?);
        }
        // Where the processor has ended what the customer began, no money is in doubt: its automatic charges go on.
        let is_ended_there = outcome.is_ok() && !payment.off_session;
        if is_ended_there || !stays_called_off(&payment, &outcome) {
            self.store().auto_payments().go_on(&called_off).await?;
        }
        match outcome {
            Ok(after) if after.state.is_open() => {
                let words = "The payment system answers, and says that the bank still has this payment. Wait until it is decided.";
                Err(BillingError::Refused(FieldErrors::one("state", words)))
            }
            outcome => outcome,
        }
    }

    /// Whether the processor of a payment will not decide it by itself: it does not take our key, or does not know the payment (it is
    /// another account's key), or the payment system is off, or what it says contradicts the payment and can never be taken.
    async fn is_undecidable(&self, payment: &Payment, error: &BillingError) -> Result<bool, StoreError> {
        Ok(match error {
            BillingError::Processor(ProcessorError::Credentials { .. } | ProcessorError::NotFound { .. })
            | BillingError::NoCredentials(_)
            | BillingError::NoProcessor(_)
            | BillingError::Vault(_)
            | BillingError::Mismatch(_) => true,
            BillingError::Processor(_) => !self.store().payment_systems().get(payment.system).await?.value.active,
            BillingError::Store(_)
            | BillingError::Refused(_)
            | BillingError::NoSystem(_)
            | BillingError::NotOpen
            | BillingError::OtherSystem => false,
        })
    }
}

/// Tells the log that a payment is given up, of which money may still move; louder when the processor has something there that is
/// not what we know.
fn warn_of(change: &Change<'_>, payment: &Payment, error: &BillingError) {
    let (id, customer, by) = (payment.id, payment.customer, change.actor);
    if let BillingError::Mismatch(mismatch) = error {
        tracing::error!(payment = %id, %customer, by, %mismatch, "a payment is given up whose processor tells something else \
            of it than is known; it may have taken money there that is credited to nobody: somebody has to look at it there");
    } else {
        tracing::warn!(payment = %id, %customer, by, %error,
            "a payment is given up of which its processor cannot be asked; money may still move there");
    }
}
