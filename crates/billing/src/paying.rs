//! The customer pays: begins, goes on, comes back, calls off.

use std::time::Duration;

use tandem_domain::{
    access::Tenant,
    billing::{
        failure::{Failure, FailureKind},
        payment::{Cause, Payment, PaymentState},
        system::PayBy,
    },
    ids::{AccountId, InvoiceId, PaymentId, PaymentMethodId, PaymentSystemId},
};
use tandem_store::{
    Change,
    payments::{NewPayment, PayFor},
};
use tokio::time::timeout;
use url::Url;

use crate::{
    billing::Billing,
    error::BillingError,
    processor::{Confirm, Intent, ProcessorError},
    secret::Secret,
};

/// How long a customer who is back waits for the processor's word.
const RETURN_PATIENCE: Duration = Duration::from_secs(10);

/// A payment that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayRequest {
    /// Made by the page for one form: a double click is one payment.
    pub token: String,
    /// What for.
    pub pay_for: PayFor,
    /// The card is to be saved.
    pub save_method: bool,
    /// The account that pays, if it is not the customer itself.
    pub payer: Option<AccountId>,
}

/// A payment that the customer goes on with.
#[derive(Debug, Clone)]
pub struct Paying {
    /// The payment as it is now. It may be paid already.
    pub payment: Payment,
    /// The key with which the browser talks to the processor.
    pub public_key: String,
    /// Only test cards are taken.
    pub test_mode: bool,
    /// What the browser goes on with; `None` when there is nothing to go on with. It is for this customer's page alone.
    pub client_secret: Option<Secret>,
    /// The bank's page, if the customer has to go there now.
    pub redirect: Option<Url>,
}

/// How a payment stands after the customer came back.
#[derive(Debug, Clone)]
pub struct Returned {
    /// The payment.
    pub payment: Payment,
    /// The processor was asked just now. If not, it did not answer, and this is what was known before.
    pub is_certain: bool,
}

impl Billing {
    /// Begins a payment with the active system of the customer's currency, or goes on with the one that is under way.
    /// The customer then gives a card in the processor's own fields, or pays with a saved one by [`Billing::pay_with`].
    ///
    /// # Errors
    /// [`BillingError::Store`] with what is refused and why; [`BillingError::NoSystem`]; [`BillingError::Processor`]:
    /// the payment stays as it is, and the same request can be made again.
    pub async fn begin(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        request: &PayRequest,
    ) -> Result<Paying, BillingError> {
        let currency = self.store().customers().get(tenant).await?.value.currency;
        let active = self.store().payment_systems().active_for(PayBy::Card, currency).await?;
        let system = active.ok_or(BillingError::NoSystem(currency))?;
        if let PayFor::Invoice(invoice) = request.pay_for {
            self.clear_way(change, tenant, invoice, system.id).await?;
        }
        let new = NewPayment {
            token: request.token.clone(),
            pay_for: request.pay_for,
            system: system.id,
            method: None,
            save_method: request.save_method,
            off_session: false,
            payer: request.payer,
            charge: None,
        };
        let payment = self.store().payments().begin(change, tenant, &new).await?.payment;
        // The invoice's automatic payment is under way: the customer takes it in hand.
        let payment = if payment.off_session {
            self.store().payments().resume(change.at, tenant, payment.id).await?
        } else {
            payment
        };
        self.go_on(change, payment).await
    }

    /// Goes on with a payment that was begun before, also with an automatic one that needs the customer.
    ///
    /// # Errors
    /// [`BillingError::Store`] with `NotFound`, also for another tenant's; [`BillingError::Processor`].
    pub async fn resume(&self, change: &Change<'_>, tenant: Tenant, id: PaymentId) -> Result<Paying, BillingError> {
        let payment = self.store().payments().resume(change.at, tenant, id).await?;
        self.go_on(change, payment).await
    }

    /// Pays with a saved card while the customer is there. If his bank wants to see him, [`Paying::redirect`] says
    /// where.
    ///
    /// # Errors
    /// As [`Billing::resume`]; [`BillingError::NotOpen`]; [`BillingError::OtherSystem`].
    pub async fn pay_with(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        id: PaymentId,
        method: PaymentMethodId,
    ) -> Result<Paying, BillingError> {
        let method = self.store().payment_methods().one(tenant, method).await?;
        let payment = self.store().payments().resume(change.at, tenant, id).await?;
        if !payment.state.can_be_resumed() {
            return Err(BillingError::NotOpen);
        }
        if self.is_needless(&payment).await? {
            self.call_off(change, Cause::Api, &payment).await?;
            return Err(BillingError::NotOpen);
        }
        if method.system != payment.system || !method.usable {
            return Err(BillingError::OtherSystem);
        }
        let processor = self.processor(payment.system).await?;
        let reference = match &payment.reference {
            Some(reference) => reference.clone(),
            None => self.located(&*processor, &payment, None).await?.intent.snapshot.reference,
        };
        let attempt = self.store().payments().begin_attempt(id).await?;
        let confirm = Confirm {
            payment: id,
            reference,
            method: method.reference,
            attempt: attempt.to_string(),
            return_url: Some(self.return_url(id)?),
        };
        let intent = processor.confirm(&confirm).await?;
        let payment = self.settle(change, Cause::Api, &payment, &intent.snapshot).await?;
        self.paying(payment, intent).await
    }

    /// The customer came back from the bank, or looks again: the processor is asked, and nothing that the browser says
    /// is believed.
    ///
    /// # Errors
    /// [`BillingError::Store`] with `NotFound`, also for another tenant's; [`BillingError::Mismatch`]. When the
    /// processor does not answer that is no error: see [`Returned::is_certain`].
    pub async fn returned(&self, tenant: Tenant, id: PaymentId) -> Result<Returned, BillingError> {
        let payment = self.store().payments().one(tenant, id).await?.payment;
        let never_was = payment.reference.is_none() && !payment.state.is_open();
        if payment.state.is_paid() || never_was {
            return Ok(Returned { payment, is_certain: true });
        }
        let change = Change::by_system(self.now());
        // Somebody looks at an empty page meanwhile; what is cut off is asked again, by the page or by the sweep.
        let asked = timeout(RETURN_PATIENCE, self.ask_about(&change, Cause::Return, &payment)).await;
        match asked.unwrap_or_else(|_| Err(ProcessorError::Unreachable("no answer in time".to_owned()).into())) {
            Ok((payment, _)) => Ok(Returned { payment, is_certain: true }),
            Err(BillingError::Processor(error)) => {
                tracing::warn!(payment = %id, %error, "a payment whose customer is back cannot be asked about");
                Ok(Returned { payment, is_certain: false })
            }
            Err(error) => Err(error),
        }
    }

    /// Calls a payment off, unless it is paid or with the bank; tells how it stands. What an automatic one was for is not charged by
    /// itself any more.
    ///
    /// # Errors
    /// As [`Billing::resume`].
    pub async fn cancel(&self, change: &Change<'_>, tenant: Tenant, id: PaymentId) -> Result<Payment, BillingError> {
        let payment = self.store().payments().one(tenant, id).await?.payment;
        if !payment.state.can_be_resumed() {
            return Ok(payment);
        }
        if !payment.off_session {
            return self.call_off(change, Cause::Api, &payment).await;
        }
        // What is wanted is written first, or what becomes of it between the processor's answer and here would be charged again.
        let called_off = self.store().auto_payments().call_off_for(&payment).await?;
        let outcome = self.call_off(change, Cause::Api, &payment).await;
        if !stays_called_off(&payment, &outcome) {
            self.store().auto_payments().go_on(&called_off).await?;
        }
        outcome
    }

    /// Calls off a payment, at the processor first; what it says counts, for it may have been paid at the same moment.
    pub(crate) async fn call_off(
        &self,
        change: &Change<'_>,
        cause: Cause,
        payment: &Payment,
    ) -> Result<Payment, BillingError> {
        let processor = self.processor(payment.system).await?;
        let reference = match &payment.reference {
            Some(reference) => reference.clone(),
            None => self.located(&*processor, payment, None).await?.intent.snapshot.reference,
        };
        let intent = processor.cancel(payment.id, &reference).await?;
        self.settle(change, cause, payment, &intent.snapshot).await
    }

    /// Calls off the payment of an invoice that is of another amount than what is open of it by now, or at another payment
    /// system than the one that it is to be paid at: that may not work any more.
    pub(crate) async fn clear_way(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        invoice: InvoiceId,
        system: PaymentSystemId,
    ) -> Result<(), BillingError> {
        let open = self.store().payments().open_of_invoice(tenant, invoice).await?;
        let Some(open) = open.filter(|open| open.state.can_be_resumed()) else { return Ok(()) };
        if open.system != system || self.is_needless(&open).await? {
            self.call_off(change, Cause::Api, &open).await?;
        }
        Ok(())
    }

    /// Where the processor and the bank lead the customer back to.
    ///
    /// # Errors
    /// [`BillingError::Processor`] when the public address is none.
    pub fn return_url(&self, payment: PaymentId) -> Result<Url, BillingError> {
        let base = self.parts.letters.public_url.trim_end_matches('/');
        let url = format!("{base}/self-care/payments/return?payment={payment}").parse();
        Ok(url.map_err(|_| ProcessorError::Unreachable("the server's own public address is none".to_owned()))?)
    }

    async fn go_on(&self, change: &Change<'_>, payment: Payment) -> Result<Paying, BillingError> {
        if !payment.state.is_open() && payment.reference.is_none() {
            return Err(BillingError::NotOpen);
        }
        match self.ask_about(change, Cause::Api, &payment).await {
            Ok((payment, _)) if self.is_needless(&payment).await? => {
                self.call_off(change, Cause::Api, &payment).await?;
                Err(BillingError::NotOpen)
            }
            Ok((payment, intent)) => self.paying(payment, intent).await,
            Err(BillingError::Processor(error)) if is_final(&error) && payment.reference.is_none() => {
                // It never was there and never will be: it must not stand in the way of another.
                let failure =
                    Failure::new(FailureKind::Other, code(&error), "The payment service refused to begin it.");
                tracing::error!(payment = %payment.id, %error, "the processor would not begin a payment");
                self.store().payments().give_up(change, payment.id, &failure).await?;
                Err(error.into())
            }
            Err(error) => Err(error),
        }
    }

    async fn paying(&self, payment: Payment, intent: Intent) -> Result<Paying, BillingError> {
        let system = self.store().payment_systems().get(payment.system).await?.value;
        let is_open = payment.state.can_be_resumed();
        Ok(Paying {
            public_key: system.public_key,
            test_mode: system.test_mode,
            client_secret: intent.client_secret.filter(|_| is_open),
            redirect: intent.redirect.filter(|_| payment.state == PaymentState::RequiresAction),
            payment,
        })
    }
}

/// Whether the charges of a payment that somebody closes stay called off after this: it is called off, or nobody knows whether it
/// is. One that was begun without its customer is called off by the sweep then.
pub(crate) fn stays_called_off(payment: &Payment, outcome: &Result<Payment, BillingError>) -> bool {
    match outcome {
        Ok(after) => !after.state.is_open() && !after.state.is_paid(),
        Err(error) => error.is_temporary() && payment.off_session,
    }
}

/// Whether a request to create a payment will never be taken.
const fn is_final(error: &ProcessorError) -> bool {
    matches!(error, ProcessorError::Refused { .. })
}

fn code(error: &ProcessorError) -> &str {
    match error {
        ProcessorError::Refused { code, .. } if !code.is_empty() => code,
        _ => "refused",
    }
}
