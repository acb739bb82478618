//! What is over is looked at again, the later the longer it is over: money that was given back on the processor's own pages, a
//! refund that the bank sent back, a payment that was given up while nobody could ask about it. Of all that the processor
//! sends word, and words are lost.

use std::collections::BTreeMap;

use futures::future::join_all;
use tandem_domain::{
    access::Tenant,
    billing::{
        payment::{Cause, IntentStatus, Payment},
        refund::RefundState,
    },
    ids::PaymentSystemId,
};
use tandem_store::{Change, payments::Look};

use crate::{
    billing::{Billing, KEY_SECONDS},
    error::BillingError,
    sweeping::{AT_ONCE, LEASE_SECONDS, Swept, TOGETHER},
};

/// When a payment is looked at that could not be at the moment, in seconds.
const LATER_SECONDS: i64 = 60 * 60;

/// What a look has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// More may happen to it.
    More,
    /// It was given up, and the processor will never have money for it.
    TheEnd,
}

impl Billing {
    /// Looks at some payments that are over, and waits for nobody: of a payment system that does not answer at the moment the others
    /// are looked at later.
    pub(crate) async fn look_around(&self, mut swept: Swept, goes_on: &(impl Fn() -> bool + Sync)) -> Swept {
        let looks = match self.store().payments().due_for_look(self.now(), LEASE_SECONDS, AT_ONCE).await {
            Ok(looks) => looks,
            Err(error) => {
                tracing::error!(%error, "payments that are over cannot be read");
                return swept;
            }
        };
        let mut systems: BTreeMap<PaymentSystemId, Vec<Look>> = BTreeMap::new();
        for look in looks {
            systems.entry(look.payment.system).or_default().push(look);
        }
        for looks in systems.into_values() {
            swept = self.look_at_system(swept, goes_on, &looks).await;
        }
        swept
    }

    /// Looks at payments of one payment system, as long as it answers.
    async fn look_at_system(&self, mut swept: Swept, goes_on: &(impl Fn() -> bool + Sync), looks: &[Look]) -> Swept {
        let mut some = looks.chunks(TOGETHER);
        while let Some(these) = some.next().filter(|_| goes_on()) {
            let asked = join_all(these.iter().map(|look| self.look(look))).await;
            swept = asked.iter().fold(swept, Swept::with);
            if asked.iter().any(|asked| asked.as_ref().is_err_and(BillingError::is_temporary)) {
                for look in some.flatten() {
                    self.look_later(look).await;
                }
                break;
            }
        }
        swept
    }

    /// Looks at a payment that is over.
    async fn look(&self, look: &Look) -> Result<(), BillingError> {
        let (change, payment) = (Change::by_system(self.now()), &look.payment);
        let looked = if payment.state.is_paid() {
            self.look_at_paid(&change, payment).await.map(|()| Found::More)
        } else {
            self.look_at_given_up(&change, payment).await
        };
        match &looked {
            Ok(Found::TheEnd) => self.store().payments().look_no_more(look).await?,
            // What passes by itself is no look.
            Err(error) if error.is_temporary() => self.look_later(look).await,
            Ok(Found::More) | Err(_) => self.store().payments().looked(self.now(), look).await?,
        }
        looked.map(drop).inspect_err(|error| {
            tracing::warn!(payment = %payment.id, %error, "nothing can be learned of a payment that is over");
        })
    }

    async fn look_later(&self, look: &Look) {
        let at = self.now().plus_seconds(LATER_SECONDS);
        if let Err(error) = self.store().payments().look_later(at, look).await {
            tracing::warn!(payment = %look.payment.id, %error, "a look is not put off; its lease ends by itself");
        }
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
    async fn look_at_given_up(&self, change: &Change<'_>, payment: &Payment) -> Result<Found, BillingError> {
        let processor = self.processor(payment.system).await?;
        let intent = match &payment.reference {
            Some(reference) => processor.fetch(reference).await?,
            None => match self.found(payment).await? {
                Some(intent) => intent,
                // It never came there, and the request by which it would is forgotten by now.
                None if self.now().seconds_since(payment.created) > KEY_SECONDS => return Ok(Found::TheEnd),
                None => return Ok(Found::More),
            },
        };
        let after = self.settle(change, Cause::Sweep, payment, &intent.snapshot).await?;
        let status = match intent.snapshot.status {
            status @ (IntentStatus::Succeeded | IntentStatus::Canceled) => status,
            IntentStatus::RequiresPaymentMethod
            | IntentStatus::RequiresConfirmation
            | IntentStatus::RequiresAction
            | IntentStatus::Processing
            | IntentStatus::RequiresCapture => {
                let intent = processor.cancel(payment.id, &intent.snapshot.reference).await?;
                self.settle(change, Cause::Sweep, &after, &intent.snapshot).await?;
                intent.snapshot.status
            }
        };
        Ok(if status == IntentStatus::Canceled { Found::TheEnd } else { Found::More })
    }
}
