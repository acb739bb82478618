//! Money goes back to the customer.

use tandem_domain::{
    access::Tenant,
    billing::{
        payment::{Cause, Payment},
        refund::{Refund, RefundState},
    },
    ids::PaymentId,
};
use tandem_store::{Change, payments::NewRefund as Wanted};

use crate::{
    billing::{Billing, KEY_SECONDS},
    error::BillingError,
    processor::{NewRefund, Processor, ProcessorError, RefundSnapshot, RefundStatus},
};

impl Billing {
    /// Gives back a part of a payment, or all of it. A second request with the same token is the same refund.
    ///
    /// # Errors
    /// [`BillingError::Store`]: `NotFound`, or `Refused` (`amount`) when it is more than what is left. When the
    /// processor does not answer that is no error: the refund stays under way, and the sweep asks for it again.
    pub async fn refund(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        payment: PaymentId,
        wanted: &Wanted,
    ) -> Result<Refund, BillingError> {
        let refund = self.store().payments().begin_refund(change, tenant, payment, wanted).await?;
        if refund.state == RefundState::Pending {
            match self.refund_go_on(change, Cause::Api, &refund).await {
                Ok(()) => {}
                Err(error) if error.is_temporary() => {
                    tracing::warn!(refund = %refund.id, %payment, %error, "a refund is not asked for yet; it will be");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(self.store().payments().refund(refund.id).await?)
    }

    /// Asks for a refund, or how it is, and takes what the processor says.
    pub(crate) async fn refund_go_on(
        &self,
        change: &Change<'_>,
        cause: Cause,
        refund: &Refund,
    ) -> Result<(), BillingError> {
        let payment = self.store().payments().get(refund.payment).await?;
        let reference = payment.reference.clone().ok_or(BillingError::NotOpen)?;
        let processor = self.processor(payment.system).await?;
        let told = match self.refund_located(&*processor, refund, &reference).await {
            Ok(told) => told,
            // What the processor has made, or may have, is undone by nothing but its own status.
            Err(error) if is_refusal(&error) && is_new(refund) => {
                tracing::error!(refund = %refund.id, payment = %payment.id, %error, "a refund was refused");
                self.store().payments().refund_refused(change, cause, refund.id, &error.to_string()).await?;
                self.look_at_refused(change, cause, &payment).await;
                return Ok(());
            }
            Err(error) => {
                if matches!(error, ProcessorError::NotFound { .. }) {
                    tracing::error!(refund = %refund.id, payment = %payment.id, %error,
                        "the processor does not know what is refunded any more: are the keys of another account?");
                }
                return Err(error.into());
            }
        };
        self.store().payments().attach_refund(refund.id, &told.reference).await?;
        match told.status {
            RefundStatus::Failed | RefundStatus::Cancelled => {
                if refund.state == RefundState::Pending && self.was_counted(&*processor, refund, &reference).await? {
                    // So that it is taken back.
                    self.store().payments().refund_known(change, refund.id).await?;
                }
                let why = told.failure.unwrap_or_else(|| "the bank sent it back".to_owned());
                self.store().payments().refund_failed(change, cause, refund.id, &why).await?;
            }
            status @ (RefundStatus::Pending | RefundStatus::Succeeded) => {
                self.ask_about(change, cause, &payment).await?;
                // Word of it may have come before its name was kept: then that counted it, and this counts nothing.
                self.store().payments().refund_known(change, refund.id).await?;
                // While the bank has it, it may still fail.
                let is_decided = status == RefundStatus::Succeeded;
                self.store().payments().refund_asked(change.at, refund, is_decided).await?;
            }
        }
        Ok(())
    }

    /// The processor refuses to give back what is left by our books: it may have given that back on its own pages.
    async fn look_at_refused(&self, change: &Change<'_>, cause: Cause, payment: &Payment) {
        if let Err(error) = self.ask_about(change, cause, payment).await {
            tracing::warn!(payment = %payment.id, %error, "a payment whose refund was refused cannot be asked about; it will be");
            if let Err(error) = self.store().payments().look_now(change.at, payment.id).await {
                tracing::warn!(payment = %payment.id, %error, "that it is to be asked about cannot be noted either");
            }
        }
    }

    /// Whether a refund that has failed was counted before its name was known: the processor has more of the payment again than is
    /// in the ledger.
    async fn was_counted(
        &self,
        processor: &dyn Processor,
        refund: &Refund,
        payment: &str,
    ) -> Result<bool, BillingError> {
        let told = processor.fetch(payment).await?.snapshot;
        let known = self.store().payments().get(refund.payment).await?;
        Ok(known.has_lost_refund(&told) && known.refunded - told.amount_refunded >= refund.amount.minor)
    }

    async fn refund_located(
        &self,
        processor: &dyn Processor,
        refund: &Refund,
        payment: &str,
    ) -> Result<RefundSnapshot, ProcessorError> {
        if let Some(reference) = &refund.reference {
            return processor.fetch_refund(reference).await;
        }
        if self.now().seconds_since(refund.created) > KEY_SECONDS
            && let Some(found) = processor.find_refund(refund.id, payment).await?
        {
            return Ok(found);
        }
        let new = NewRefund { refund: refund.id, reference: payment.to_owned(), amount: refund.amount, anew: false };
        match processor.refund(&new).await {
            // That request is over: the refund is there, or never will be.
            Err(ProcessorError::KeySpent { .. }) => match processor.find_refund(refund.id, payment).await? {
                Some(found) => Ok(found),
                None => processor.refund(&NewRefund { anew: true, ..new }).await,
            },
            told => told,
        }
    }
}

/// Whether nobody knows yet that the processor has made a refund.
const fn is_new(refund: &Refund) -> bool {
    matches!(refund.state, RefundState::Pending) && refund.reference.is_none()
}

/// Whether the processor will never make a refund. That it does not know the payment, which it has captured, or a refund which it has
/// made says nothing about the money: the keys may be of another account.
const fn is_refusal(error: &ProcessorError) -> bool {
    match error {
        ProcessorError::Refused { .. } | ProcessorError::OutOfState { .. } => true,
        ProcessorError::NotFound { .. }
        | ProcessorError::Unreachable(_)
        | ProcessorError::Busy { .. }
        | ProcessorError::Credentials { .. }
        | ProcessorError::KeySpent { .. }
        | ProcessorError::KeyUsed { .. }
        | ProcessorError::Unreadable(_) => false,
    }
}
