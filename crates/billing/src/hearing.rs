//! A processor sent word: is it believed, and what is done about it?
//!
//! The word only says where to look; the processor is asked, and its answer counts. So it does not matter in which
//! order words come, how often, or how late. A word is marked done when its work is done, and not before.

use http::HeaderMap;
use tandem_domain::{
    access::Tenant,
    billing::{
        payment::{Cause, Payment},
        refund::{Refund, RefundState},
    },
    ids::{PaymentSystemId, Timestamp},
};
use tandem_store::{Change, payments::Arrival};

use crate::{
    billing::Billing,
    error::BillingError,
    processor::{About, Notice, NoticeError, ProcessorError},
};

/// What became of a processor's word. All but the refused ones are answered with success, or they would be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// What follows from it is done.
    Done,
    /// It had been done before.
    Before,
    /// It means nothing here: why, for the log.
    Ignored(&'static str),
    /// It is not the processor's, or is none.
    Refused(NoticeError),
}

/// A word about what another program did with the same account at the processor.
const FOREIGN: Heard = Heard::Ignored("it is about a payment of another program's");

impl Billing {
    /// Takes a webhook for a payment system: its headers and its body, octet by octet as it came.
    ///
    /// # Errors
    /// [`BillingError`]: it could not be done now, and should be sent again.
    pub async fn webhook(
        &self,
        system: PaymentSystemId,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Heard, BillingError> {
        let now = self.now();
        let processor = self.processor(system).await?;
        let notice = match processor.read_webhook(headers, body, now) {
            Ok(notice) => notice,
            Err(error) => {
                tracing::warn!(%system, %error, "a webhook is refused");
                return Ok(count(Heard::Refused(error)));
            }
        };
        let Notice { event, kind, about } = notice;
        if let About::Nothing(why) = about {
            tracing::debug!(%system, event, kind, why, "a webhook means nothing here");
            return Ok(count(Heard::Ignored(why)));
        }
        match self.store().payments().event_arrived(now, system, &event, &kind).await? {
            Arrival::Done => return Ok(count(Heard::Before)),
            Arrival::New | Arrival::Again => {}
        }
        let heard = self.act(now, system, &about).await?;
        self.store().payments().event_done(now, system, &event).await?;
        Ok(count(heard))
    }

    async fn act(&self, now: Timestamp, system: PaymentSystemId, about: &About) -> Result<Heard, BillingError> {
        let change = Change::by_system(now);
        match about {
            About::Nothing(why) => Ok(Heard::Ignored(why)),
            About::Payment { reference } => {
                let Some(payment) = self.payment_called(system, reference).await? else { return Ok(FOREIGN) };
                if payment.state.is_paid() {
                    // All that can still happen to it is a refund, which is told by a word of its own.
                    return Ok(Heard::Done);
                }
                heard(self.ask_about(&change, Cause::Webhook, &payment).await.map(drop))
            }
            About::Refund { reference, payment } => {
                let Some(payment) = self.payment_called(system, payment).await? else { return Ok(FOREIGN) };
                let tenant = Tenant::for_system(payment.customer);
                let refunds = self.store().payments().refunds(tenant, payment.id).await?;
                let own: Vec<Refund> = match reference {
                    // It does not say which. It may be one that is being asked for at this moment, or was when the program
                    // died: those get their names first.
                    None => refunds.into_iter().filter(|refund| refund.state == RefundState::Pending).collect(),
                    Some(name) => match refunds.iter().find(|refund| refund.reference.as_ref() == Some(name)) {
                        Some(own) => vec![own.clone()],
                        None => self.refund_called(system, name, &refunds).await?.into_iter().collect(),
                    },
                };
                for refund in &own {
                    // It may also have been sent back by the bank.
                    let done = heard(self.refund_go_on(&change, Cause::Webhook, refund).await)?;
                    if done != Heard::Done {
                        return Ok(done);
                    }
                }
                if reference.is_some() && !own.is_empty() {
                    return Ok(Heard::Done);
                }
                // Of the processor's own pages, perhaps beside ours.
                heard(self.ask_about(&change, Cause::Webhook, &payment).await.map(drop))
            }
            About::Setup { reference } => self.setup_heard(&change, system, reference).await,
            // Removed there by somebody: the next charge of it fails, and says so.
            About::MethodGone { .. } => Ok(Heard::Ignored("a card was removed there")),
        }
    }

    /// Which of these refunds the processor calls so, when its name was not kept before the program died: the refund there says
    /// itself which it is.
    async fn refund_called(
        &self,
        system: PaymentSystemId,
        reference: &str,
        refunds: &[Refund],
    ) -> Result<Option<Refund>, BillingError> {
        // The processor said itself that it is there: if it does not know it, something is wrong, and the word is not done.
        let told = self.processor(system).await?.fetch_refund(reference).await?.refund;
        let own = refunds.iter().find(|refund| Some(refund.id) == told && refund.reference.is_none());
        let Some(own) = own else { return Ok(None) };
        self.store().payments().attach_refund(own.id, reference).await?;
        Ok(Some(Refund { reference: Some(reference.to_owned()), ..own.clone() }))
    }

    /// The payment that the processor calls so. If its name was not kept before the program died, the payment there
    /// says itself which it is.
    async fn payment_called(&self, system: PaymentSystemId, reference: &str) -> Result<Option<Payment>, BillingError> {
        let payments = self.store().payments();
        if let Some(payment) = payments.by_reference(system, reference).await? {
            return Ok(Some(payment));
        }
        let told = match self.processor(system).await?.fetch(reference).await {
            Ok(intent) => intent.snapshot.metadata_payment,
            Err(ProcessorError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(id) = told else { return Ok(None) };
        let payment = match payments.get(id).await {
            Ok(payment) if payment.system == system && payment.reference.is_none() => payment,
            Ok(_) | Err(tandem_store::StoreError::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        payments.attach(id, reference).await?;
        Ok(Some(Payment { reference: Some(reference.to_owned()), ..payment }))
    }
}

/// What became of a word by what was done about it. What does not match was told to the log; to hear it again changes
/// nothing.
fn heard(done: Result<(), BillingError>) -> Result<Heard, BillingError> {
    match done {
        Ok(()) => Ok(Heard::Done),
        Err(BillingError::Mismatch(_)) => Ok(Heard::Ignored("it does not match the payment")),
        Err(error) => Err(error),
    }
}

fn count(heard: Heard) -> Heard {
    let outcome = match heard {
        Heard::Done => "done",
        Heard::Before => "before",
        Heard::Ignored(_) => "ignored",
        Heard::Refused(_) => "refused",
    };
    metrics::counter!("tandem_payment_webhooks_total", "outcome" => outcome).increment(1);
    heard
}
