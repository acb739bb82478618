//! The shell: what is asked of processors and written into the records, in an order in which it may die at any moment.
//!
//! The rule is always the same. **What is wanted is written before the processor is asked**; it is asked under a key
//! that is made of what was written; **what it says is written in one transaction** with all that follows from it
//! (state, ledger, invoice, receipt, charge). So after a kill, or when a future is dropped, one of two things is there:
//! nothing, and whoever wanted it asks again; or what was wanted without its answer, and the sweep, the webhook, the
//! return or the charge's lease asks again, under the same key, and hears the same answer. In order:
//!
//! | what | written | asked | written | if it dies in between |
//! | --- | --- | --- | --- | --- |
//! | pay | payment `created`, by its form's token | create (`payment-ID-create`) | reference; then its state | the same form, or the sweep, creates it again: the same one. After a day, when keys are forgotten, it is looked for by `metadata[payment]` |
//! | return, webhook, sweep | – (the event, for a webhook) | fetch | state + credit + invoice + receipt + charge | it is asked again; a webhook is sent again, for its event is not marked done |
//! | automatic payment | charge taken (lease), payment by the charge's token | create and charge, or confirm (`…-confirm-CHARGE-ATTEMPT`) | state as above, then the charge's result | the lease ends; the same attempt is asked for under the same key, and counted once |
//! | turned off | – | – | state, charges and the one mail | it is found to have failed again, and turned off then |
//! | call off an automatic payment | its charges `called_off` | cancel | its state; if it is with the bank or paid, or the processor refuses, the charges go on | nothing is charged for it any more, and the sweep calls it off |
//! | give up | what would be charged for the same `called_off` | cancel; only if the processor takes no key of ours any more, or contradicts us | state `failed` with the reason, charges, audit | it is open as before, and nothing is charged for it by itself |
//! | look again at what is over | – | fetch, and each refund | what was given back, what failed of it, or the credit of what was given up | its look's lease ends |
//! | refund | refund `pending`, its amount reserved | refund (`refund-ID`) | its reference; then the payment's state; then its own, if word of it was counted before its name was known | the sweep, or the webhook, asks for the same refund |
//! | save a card | setup, by its form's token | create (`setup-ID`) | reference; then the card | return, webhook or sweep find it by its name, or the webhook by its metadata |
//! | forget a card | card removed | detach | – | it stays attached at the processor, unused and unseen |
//!
//! A payment has one PaymentIntent, whatever happens, and Stripe captures a PaymentIntent once. That is what makes
//! "never twice" hold; the keys only keep it from having two.

use std::sync::Arc;

use tandem_domain::{
    access::Tenant,
    billing::{
        auto_payment::RetryPolicy,
        invoice::InvoiceState,
        payment::{Cause, Payment, PaymentState, Snapshot},
    },
    ids::{PaymentSystemId, Timestamp},
};
use tandem_mail::Mailer;
use tandem_store::{Change, Store, StoreError, payments::Taken};
use tokio::sync::Notify;

use crate::{
    Clock,
    error::BillingError,
    letters::PaymentLetters,
    processor::{Intent, NewIntent, NewPayer, Processor, ProcessorError},
    systems::Processors,
};

/// How long a processor is relied upon to know an idempotency key, in seconds; Stripe: at least a day.
pub(crate) const KEY_SECONDS: i64 = 23 * 60 * 60;

/// How long after a payment was begun the first request to create it may still be on its way, in seconds: longer than
/// any is tried.
pub(crate) const ON_ITS_WAY_SECONDS: i64 = 10 * 60;

/// What billing works with.
pub struct Parts {
    /// The records.
    pub store: Store,
    /// The processors.
    pub processors: Arc<dyn Processors>,
    /// How customers are written to.
    pub letters: PaymentLetters,
    /// Who is woken when one was.
    pub mailer: Mailer,
    /// The time.
    pub clock: Clock,
    /// How automatic payments that failed are repeated.
    pub policy: RetryPolicy,
    /// How many automatic payments are made at once.
    pub at_once: usize,
}

/// Payments. Cheap to clone.
#[derive(Clone)]
pub struct Billing {
    pub(crate) parts: Arc<Parts>,
    pub(crate) wake: Arc<Notify>,
}

impl Billing {
    /// Billing that does what it is asked; [`Billing::start`] starts what it does by itself.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), wake: Arc::default() }
    }

    /// There may be something to charge: to be called after an invoice was issued, a balance moved, or automatic
    /// payment was turned on.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.parts.clock)()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.parts.store
    }

    pub(crate) async fn processor(&self, system: PaymentSystemId) -> Result<Arc<dyn Processor>, BillingError> {
        self.parts.processors.of(system).await
    }

    /// The processor's name of a customer; it is made known there if it is not yet.
    pub(crate) async fn payer(
        &self,
        processor: &dyn Processor,
        tenant: Tenant,
        system: PaymentSystemId,
    ) -> Result<String, BillingError> {
        let methods = self.store().payment_methods();
        if let Some(known) = methods.processor_customer(tenant, system).await? {
            return Ok(known);
        }
        let customer = self.store().customers().get(tenant).await?.value;
        let payer = NewPayer { customer: tenant.customer(), name: customer.name, email: customer.email };
        let created = processor.create_payer(&payer).await?;
        // Of two at the same moment the first counts, so that the cards are all at one.
        Ok(methods.set_processor_customer(tenant, system, &created).await?)
    }

    /// A payment as the processor has it now; it is created there if it is not yet. `charge`: the processor's name of
    /// the method that a new one is charged with at once.
    pub(crate) async fn located(
        &self,
        processor: &dyn Processor,
        payment: &Payment,
        charge: Option<&str>,
    ) -> Result<Located, BillingError> {
        if let Some(reference) = &payment.reference {
            return Ok(Located { intent: processor.fetch(reference).await?, is_charged: false });
        }
        let tenant = Tenant::for_system(payment.customer);
        let payer = self.payer(processor, tenant, payment.system).await?;
        let find = || processor.find(payment.id, Some(&payer), payment.created);
        let is_forgotten = self.now().seconds_since(payment.created) > KEY_SECONDS;
        let found = if is_forgotten { find().await? } else { None };
        let located = match found {
            Some(intent) => Located { intent, is_charged: false },
            None => {
                let number = self.store().payments().one(tenant, payment.id).await?.invoice_number;
                let mut new = NewIntent {
                    payment: payment.id,
                    amount: payment.amount,
                    payer: payer.clone(),
                    save_method: payment.save_method,
                    off_session: payment.off_session,
                    description: number.map(|number| format!("Invoice {number}")).unwrap_or_default(),
                    charge: charge.map(str::to_owned),
                    anew: false,
                };
                match processor.create(&new).await {
                    Ok(intent) => Located { intent, is_charged: charge.is_some() },
                    // It was asked for before, and that request is over: it is there, or never will be.
                    Err(ProcessorError::KeySpent { .. }) => match find().await? {
                        Some(intent) => Located { intent, is_charged: false },
                        None => {
                            new.anew = true;
                            Located { intent: processor.create(&new).await?, is_charged: charge.is_some() }
                        }
                    },
                    // It was asked for before with other words, such as another card: it is there, then.
                    Err(used @ ProcessorError::KeyUsed { .. }) => match find().await? {
                        Some(intent) => Located { intent, is_charged: false },
                        // Or it was refused then. Not while that request may still be on its way, or there might be
                        // two.
                        None if self.now().seconds_since(payment.created) > ON_ITS_WAY_SECONDS => {
                            new.anew = true;
                            Located { intent: processor.create(&new).await?, is_charged: charge.is_some() }
                        }
                        None => return Err(used.into()),
                    },
                    Err(error) => return Err(error.into()),
                }
            }
        };
        // One that was charged is taken at once, and its name with it; should we die before, the same request finds it
        // again.
        if !located.is_charged {
            self.store().payments().attach(payment.id, &located.intent.snapshot.reference).await?;
        }
        Ok(located)
    }

    /// Takes what the processor said, and tells whom it concerns: also the charge that the payment is for, if the bank says no to it
    /// after a while. `before`: the payment as it was looked at last.
    pub(crate) async fn settle(
        &self,
        change: &Change<'_>,
        cause: Cause,
        before: &Payment,
        snapshot: &Snapshot,
    ) -> Result<Payment, BillingError> {
        let after = self.take(change, cause, before, snapshot).await?;
        let bank_said_no =
            before.state == PaymentState::Processing && after.state == PaymentState::RequiresPaymentMethod;
        if after.off_session && bank_said_no {
            self.look_at_charge_of(&after).await?;
        }
        Ok(after)
    }

    /// Takes what the processor said. Whoever makes the charge that a payment is for sees himself what follows for that.
    pub(crate) async fn take(
        &self,
        change: &Change<'_>,
        cause: Cause,
        before: &Payment,
        snapshot: &Snapshot,
    ) -> Result<Payment, BillingError> {
        let receipt = |receipt: &_| Some(self.parts.letters.receipt(receipt));
        let (after, step) = match self.store().payments().take(change, cause, before.id, snapshot, receipt).await? {
            Taken::Step { payment, step } => (payment, step),
            Taken::Mismatch { payment, mismatch } => {
                metrics::counter!("tandem_payment_mismatches_total").increment(1);
                tracing::error!(payment = %payment.id, customer = %payment.customer, %mismatch, cause = cause.key(),
                    "the processor's word does not match a payment; nothing was credited, somebody has to look at it");
                return Err(mismatch.into());
            }
        };
        if after.has_lost_refund(snapshot) {
            metrics::counter!("tandem_refunds_lost_total").increment(1);
            tracing::error!(payment = %after.id, customer = %after.customer, known = after.refunded,
                told = snapshot.amount_refunded, "less was given back than is in the ledger; a refund has failed unheard");
        }
        if before.state != after.state {
            metrics::counter!("tandem_payments_total", "state" => after.state.key()).increment(1);
            tracing::info!(payment = %after.id, customer = %after.customer, from = before.state.key(),
                to = after.state.key(), cause = cause.key(), "a payment moved");
        }
        if step.credit.is_some() {
            self.parts.mailer.wake();
            // The balance has moved.
            self.wake();
        }
        Ok(after)
    }

    /// Asks the processor about a payment that it knows, and takes what it says.
    pub(crate) async fn ask_about(
        &self,
        change: &Change<'_>,
        cause: Cause,
        payment: &Payment,
    ) -> Result<(Payment, Intent), BillingError> {
        let processor = self.processor(payment.system).await?;
        let located = self.located(&*processor, payment, None).await?;
        let after = self.settle(change, cause, payment, &located.intent.snapshot).await?;
        Ok((after, located.intent))
    }

    /// Whether the invoice that a payment is for was paid otherwise, also in part, or withdrawn: then nobody should pay
    /// this amount any more.
    pub(crate) async fn is_needless(&self, payment: &Payment) -> Result<bool, StoreError> {
        let Some(invoice) = payment.invoice.filter(|_| payment.state.can_be_resumed()) else { return Ok(false) };
        let invoice = self.store().invoices().one(Tenant::for_system(payment.customer), invoice).await?;
        Ok(invoice.state != InvoiceState::Open || invoice.open() != payment.amount)
    }

    /// Has the charge looked at now for which a payment was made that failed late.
    async fn look_at_charge_of(&self, payment: &Payment) -> Result<(), StoreError> {
        let charges = self.store().auto_payments();
        if let Some(claimed) = charges.charge_of(payment.id).await? {
            charges.wait_until(&claimed, self.now(), "the bank has answered").await?;
            self.wake();
        }
        Ok(())
    }
}

/// A payment as the processor has it.
pub(crate) struct Located {
    pub(crate) intent: Intent,
    /// It was created by this very request, and charged with it.
    pub(crate) is_charged: bool,
}
