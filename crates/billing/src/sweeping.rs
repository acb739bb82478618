//! What is left pending is asked about until it is decided: payments whose customers never came back and whose webhooks
//! were lost, payments that were being created when the program died, refunds that were not answered, cards that are
//! saved and nobody heard of it. What is over is looked at again now and then (`looking`).

use std::future::ready;

use futures::{StreamExt, stream};
use tandem_domain::{
    access::Tenant,
    billing::{
        failure::{Failure, FailureKind},
        method::{Setup, SetupState},
        payment::{ABANDONED_SECONDS, Cause, Payment},
        refund::Refund,
    },
    ids::Timestamp,
};
use tandem_store::{Change, StoreError};

use crate::{
    billing::{Billing, KEY_SECONDS, ON_ITS_WAY_SECONDS},
    error::BillingError,
    processor::{Intent, ProcessorError},
};

/// How long a payment is one worker's to ask about, in seconds. Longer than any request is waited for.
pub(crate) const LEASE_SECONDS: i64 = 300;
/// Payments that are taken at once.
pub(crate) const AT_ONCE: u32 = 50;
/// Processors' answers that are waited for at the same time: all that were taken are asked about well within their
/// lease.
pub(crate) const TOGETHER: usize = 8;

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Payments, pending and over, refunds and savings of cards that were asked about.
    pub asked: u32,
    /// Those about which nothing could be learned; they are asked about again.
    pub failed: u32,
}

impl Billing {
    /// Asks about all payments, refunds and savings of cards whose time has come.
    ///
    /// # Errors
    /// [`BillingError::Store`]: the records cannot be read. What one payment does keeps no other from being asked
    /// about.
    pub async fn sweep(&self) -> Result<Swept, BillingError> {
        self.sweep_while(|| true).await
    }

    /// As [`Billing::sweep`], as long as it shall go on.
    pub(crate) async fn sweep_while(&self, goes_on: impl Fn() -> bool + Sync) -> Result<Swept, BillingError> {
        let payments = self.store().payments();
        let take = |now| payments.due_for_sweep(now, LEASE_SECONDS, AT_ONCE);
        let one = |payment: Payment| async move {
            self.sweep_payment(self.now(), &payment).await.inspect_err(|error| {
                tracing::warn!(payment = %payment.id, %error, "nothing can be learned of a pending payment yet");
            })
        };
        let swept = self.sweep_all(Swept::default(), &goes_on, take, one).await?;
        let take = |now| payments.due_refunds(now, LEASE_SECONDS, AT_ONCE);
        let one = |refund: Refund| async move {
            let change = Change::by_system(self.now());
            self.refund_go_on(&change, Cause::Sweep, &refund).await.inspect_err(|error| {
                tracing::warn!(refund = %refund.id, %error, "nothing can be learned of a pending refund yet");
            })
        };
        let swept = self.sweep_all(swept, &goes_on, take, one).await?;
        let take = |now| payments.due_setups(now, LEASE_SECONDS, AT_ONCE);
        let one = |setup: Setup| async move {
            self.sweep_setup(self.now(), &setup).await.inspect_err(|error| {
                tracing::warn!(setup = %setup.id, %error, "nothing can be learned of the saving of a card yet");
            })
        };
        let swept = self.sweep_all(swept, &goes_on, take, one).await?;
        // For what is over nobody waits: it comes last, and some of it each time.
        Ok(if goes_on() { self.look_around(swept, &goes_on).await } else { swept })
    }

    /// Takes what is due, some at once, and asks about it, until there is no more or it shall not go on.
    async fn sweep_all<T, Due, One>(
        &self,
        mut swept: Swept,
        goes_on: &(impl Fn() -> bool + Sync),
        take: impl Fn(Timestamp) -> Due,
        one: impl Fn(T) -> One,
    ) -> Result<Swept, BillingError>
    where
        Due: Future<Output = Result<Vec<T>, StoreError>>,
        One: Future<Output = Result<(), BillingError>>,
    {
        while goes_on() {
            let due = take(self.now()).await?;
            if due.is_empty() {
                break;
            }
            swept = self.sweep_these(swept, goes_on, due, &one).await;
        }
        Ok(swept)
    }

    /// Asks about what was taken, as long as it shall go on.
    async fn sweep_these<T, One>(
        &self,
        swept: Swept,
        goes_on: &(impl Fn() -> bool + Sync),
        due: Vec<T>,
        one: impl Fn(T) -> One,
    ) -> Swept
    where
        One: Future<Output = Result<(), BillingError>>,
    {
        let one = &one;
        let asked = stream::iter(due).map(|it| async move { if goes_on() { one(it).await } else { Ok(()) } });
        asked.buffer_unordered(TOGETHER).fold(swept, |swept, asked| ready(swept.with(&asked))).await
    }

    /// Asks about the saving of a card. The customer may have passed the bank's check without coming back.
    async fn sweep_setup(&self, now: Timestamp, setup: &Setup) -> Result<(), BillingError> {
        let methods = self.store().payment_methods();
        let is_abandoned = now.seconds_since(setup.created) > ABANDONED_SECONDS;
        match self.setup_go_on(&Change::by_system(now), setup.clone()).await {
            Ok(saving) if saving.setup.state != SetupState::Open => Ok(()),
            // Should the customer still come back, the card is saved all the same.
            Ok(_) if is_abandoned => Ok(methods.setup_failed(setup.id).await?),
            Ok(_) => Ok(methods.setup_waits(now, setup).await?),
            Err(error) => {
                // Nothing else says anything of the card: the keys may be the wrong ones.
                if is_abandoned && matches!(error, BillingError::Processor(ProcessorError::NotFound { .. })) {
                    methods.setup_failed(setup.id).await?;
                }
                Err(error)
            }
        }
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

    /// Whether it is an automatic payment that nobody makes any more, perhaps because somebody closed it while its processor did not
    /// answer: its charge has ended, no other one will take it up, and it is not the one that its customer was asked to finish.
    async fn is_left_over(&self, payment: &Payment) -> Result<bool, BillingError> {
        let is_automatic = payment.off_session && !payment.is_in_person();
        if !is_automatic || !payment.state.can_be_resumed() {
            return Ok(false);
        }
        Ok(!self.is_asked_for(payment).await? && !self.store().auto_payments().is_charged_for(payment).await?)
    }

    /// Whether its customer was written to, to finish it.
    async fn is_asked_for(&self, payment: &Payment) -> Result<bool, BillingError> {
        let auto = self.store().auto_payments().get(Tenant::for_system(payment.customer)).await?;
        Ok(auto.failed_payment == Some(payment.id))
    }

    /// A payment whose name at the processor nobody kept, as it is there; `None`: it is not.
    pub(crate) async fn found(&self, payment: &Payment) -> Result<Option<Intent>, BillingError> {
        let processor = self.processor(payment.system).await?;
        let tenant = Tenant::for_system(payment.customer);
        // Without the customer, which is made known first, no payment of his was ever asked for.
        let payer = self.store().payment_methods().processor_customer(tenant, payment.system).await?;
        let Some(payer) = payer else { return Ok(None) };
        Ok(processor.find(payment.id, Some(&payer), payment.created).await?)
    }

    /// A payment whose name at the processor nobody kept, and which cannot be created under its key any more: it is
    /// there, or nobody can ever pay it.
    async fn sweep_lost(&self, change: &Change<'_>, payment: &Payment) -> Result<(), BillingError> {
        match self.found(payment).await? {
            Some(intent) => {
                self.store().payments().attach(payment.id, &intent.snapshot.reference).await?;
                let after = self.settle(change, Cause::Sweep, payment, &intent.snapshot).await?;
                if after.is_abandoned(change.at) {
                    self.call_off(change, Cause::Sweep, &after).await?;
                }
            }
            // The mail's link leads to it: it is created there when its customer follows that.
            None if self.is_asked_for(payment).await? && !self.is_needless(payment).await? => {
                self.store().payments().waits(change.at, payment).await?;
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
    pub(crate) fn with(mut self, outcome: &Result<(), BillingError>) -> Self {
        self.asked += 1;
        self.failed += u32::from(outcome.is_err());
        self
    }
}
