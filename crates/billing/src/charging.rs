//! Money is taken without being asked, as the customer wished: each charge once, by one worker, counted as one failure
//! when it fails; and an end to it when the bank wants to see the customer.

use std::{future::ready, ops::ControlFlow};

use futures::{Stream, StreamExt, stream};
use tandem_domain::{
    access::Tenant,
    billing::{
        auto_payment::{Charge, DisabledReason, Next, after_failure},
        failure::FailureKind,
        method::PaymentMethod,
        payment::{ABANDONED_SECONDS, Cause, IntentStatus, Payment, PaymentState},
    },
    ids::{PaymentId, Timestamp},
    locale::TimeZone,
    money::Money,
};
use tandem_store::{
    Change, StoreError,
    auto_payments::{Claimed, Standing},
    payments::{NewPayment, PayFor},
};

use crate::{
    billing::Billing,
    error::BillingError,
    letters::Failed,
    processor::{Confirm, Intent, Processor, ProcessorError},
};

/// Invoices at which it is looked at once whether they are due.
const DUE_AT_ONCE: u32 = 1000;
/// How long a charge is one worker's, in seconds. Longer than all its requests together are waited for.
const LEASE_SECONDS: i64 = 300;
/// When a charge is looked at again whose payment is with the bank, or in its customer's hands, in seconds.
const UNDECIDED_SECONDS: i64 = 15 * 60;
/// When it is tried again after the processor did not answer, in seconds. That is no failure of the customer's.
const UNREACHABLE_SECONDS: i64 = 2 * 60;
/// When it is tried again after the records refused, such as for an amount that no card can be charged with, in
/// seconds.
const REFUSED_SECONDS: i64 = 6 * 60 * 60;
/// When it is made of another amount, if what is owed changed at the very moment of charging, in seconds.
const CHANGED_SECONDS: i64 = 60;

/// What a round of charges did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Charged {
    /// Charges that were paid.
    pub paid: u32,
    /// Charges that failed and are tried again.
    pub again: u32,
    /// Charges that failed for good, with automatic payment turned off.
    pub over: u32,
    /// Charges about which nothing is decided yet.
    pub undecided: u32,
}

/// What became of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Paid,
    Again,
    Over,
    Undecided,
}

/// What follows for a charge from what happened.
enum Verdict {
    Paid,
    Failed(FailureKind, String),
    Off(DisabledReason),
    Wait(i64, String),
    /// It has ended, or is to be made of another amount.
    Unwanted,
}

impl Billing {
    /// Notes the invoices that are due today where their customers are. To be called now and then.
    ///
    /// # Errors
    /// [`BillingError::Store`].
    pub async fn note_due(&self) -> Result<u32, BillingError> {
        let now = self.now();
        let mut noted = 0;
        // So many at once, until there are no more.
        loop {
            match self.store().auto_payments().note_due(now, DUE_AT_ONCE, |zone| today(now, zone)).await? {
                0 => return Ok(noted),
                some => noted += some,
            }
        }
    }

    /// Makes all automatic payments whose time has come, a limited number at once.
    ///
    /// # Errors
    /// [`BillingError::Store`]: the charges cannot be read. What one does keeps no other from being made.
    pub async fn charge_due(&self) -> Result<Charged, BillingError> {
        self.charge_while(|| true).await
    }

    /// As [`Billing::charge_due`]; when it shall not go on, what is in hand is ended and the rest given back.
    pub(crate) async fn charge_while(&self, goes_on: impl Fn() -> bool + Sync) -> Result<Charged, BillingError> {
        let mut charged = Charged::default();
        let goes_on = &goes_on;
        let at_once = self.parts.at_once.max(1);
        while goes_on() {
            let outcomes = self.claims(goes_on).map(|claimed| async move {
                let claimed = claimed?;
                Ok(if goes_on() { self.charge(&claimed).await } else { self.give_back(&claimed).await })
            });
            // What is in hand is ended also when no more can be taken.
            let add = |(charged, failed): (Charged, Option<StoreError>), outcome| {
                ready(match outcome {
                    Ok(outcome) => (charged.with(outcome), failed),
                    Err(error) => (charged, Some(error)),
                })
            };
            let (made, failed) = outcomes.buffer_unordered(at_once).fold((charged, None), add).await;
            if let Some(error) = failed {
                return Err(error.into());
            }
            charged = made;
            // Some may have been ended instead, and hide others; and a customer's next is taken when the one before is made.
            if self.store().auto_payments().next_due().await?.is_none_or(|due| due > self.now()) {
                break;
            }
        }
        Ok(charged)
    }

    /// Takes charges as they are asked for, some at once, until there are no more.
    fn claims(&self, goes_on: &(impl Fn() -> bool + Sync)) -> impl Stream<Item = Result<Claimed, StoreError>> {
        let take = u32::try_from(self.parts.at_once.max(1).saturating_mul(4)).unwrap_or(u32::MAX);
        let some = stream::unfold(true, move |is_readable| async move {
            if !is_readable || !goes_on() {
                return None;
            }
            match self.store().auto_payments().claim(self.now(), LEASE_SECONDS, take).await {
                Ok(claimed) if claimed.is_empty() => None,
                Ok(claimed) => Some((claimed.into_iter().map(Ok).collect(), true)),
                Err(error) => Some((vec![Err(error)], false)),
            }
        });
        some.flat_map(stream::iter)
    }

    /// A charge that was taken and not begun is anybody's again.
    async fn give_back(&self, claimed: &Claimed) -> Outcome {
        if let Err(error) = self.store().auto_payments().wait_until(claimed, self.now(), "").await {
            tracing::warn!(charge = %claimed.charge.id, %error, "a charge is not given back; its lease ends by itself");
        }
        Outcome::Undecided
    }

    /// Makes one automatic payment, and notes what became of it.
    async fn charge(&self, claimed: &Claimed) -> Outcome {
        let charge = &claimed.charge;
        let mut payment = charge.payment;
        let verdict = match self.attempt(claimed, &mut payment).await {
            Ok(verdict) => verdict,
            Err(BillingError::Store(StoreError::Refused(fields))) if fields.get("method").is_some() => {
                Verdict::Off(DisabledReason::NoMethod)
            }
            Err(error) => match waits(&error) {
                Some(seconds) => Verdict::Wait(seconds, error.to_string()),
                None => Verdict::Failed(FailureKind::Other, error.to_string()),
            },
        };
        match self.conclude(claimed, payment, verdict).await {
            Ok(outcome) => outcome,
            Err(error) => {
                // Its lease ends, and the same attempt is made again under the same key.
                tracing::warn!(charge = %charge.id, customer = %charge.customer, %error,
                    "what became of an automatic payment cannot be noted yet");
                Outcome::Undecided
            }
        }
    }

    /// Charges the card, and says what follows. `begun` becomes the payment, as soon as there is one.
    async fn attempt(&self, claimed: &Claimed, begun: &mut Option<PaymentId>) -> Result<Verdict, BillingError> {
        let charge = &claimed.charge;
        let change = Change::by_system(self.now());
        let tenant = Tenant::for_system(charge.customer);
        let method = self.store().payment_methods().default_of(tenant).await?;
        let Some(method) = method.filter(|method| method.usable) else {
            return Ok(Verdict::Off(DisabledReason::NoMethod));
        };
        // It was taken a while ago: what is wanted may be another thing by now.
        let Some(wanted) = self.wanted(claimed).await? else { return Ok(Verdict::Unwanted) };
        let payment = match self.payment_for(&change, tenant, charge, wanted, &method).await? {
            ControlFlow::Continue(payment) => payment,
            ControlFlow::Break(verdict) => return Ok(verdict),
        };
        *begun = Some(payment.id);
        if payment.state.is_paid() {
            return Ok(Verdict::Paid);
        }
        if is_in_hands(&payment, change.at) {
            return Ok(Verdict::Wait(UNDECIDED_SECONDS, "the customer is paying it".to_owned()));
        }
        if method.system != payment.system {
            // What can be called off there was. The bank has it, and whoever asks about payments hears what it says.
            return Ok(Verdict::Wait(UNDECIDED_SECONDS, "it is under way at another payment system".to_owned()));
        }
        let processor = self.processor(payment.system).await?;
        let Some(intent) = self.charged(&*processor, claimed, &payment, &method).await? else {
            return Ok(Verdict::Unwanted);
        };
        let payment = self.take(&change, Cause::Api, &payment, &intent.snapshot).await?;
        Ok(match payment.state {
            state if state.is_paid() => Verdict::Paid,
            PaymentState::Processing => Verdict::Wait(UNDECIDED_SECONDS, "the bank has it".to_owned()),
            // Without the customer there is nobody to act.
            PaymentState::RequiresAction => Verdict::Off(DisabledReason::AuthenticationRequired),
            _ => match payment.failure {
                Some(failure) => Verdict::Failed(failure.kind, failure.code),
                None => Verdict::Failed(FailureKind::Other, payment.state.key().to_owned()),
            },
        })
    }

    /// How much is to be charged at this moment; `None`: nothing any more, or it is not ours to charge.
    async fn wanted(&self, claimed: &Claimed) -> Result<Option<Money>, BillingError> {
        Ok(match self.store().auto_payments().charge_stands(claimed).await? {
            Standing::Charge(amount) => Some(amount),
            Standing::Over(_) | Standing::Lost => None,
        })
    }

    /// The payment that a charge is made with: the one that it has, unless that is over, of another amount or at another system
    /// than the card, or a new one. While the one before cannot be called off, the charge waits: that says nothing of the card.
    async fn payment_for(
        &self,
        change: &Change<'_>,
        tenant: Tenant,
        charge: &Charge,
        wanted: Money,
        method: &PaymentMethod,
    ) -> Result<ControlFlow<Verdict, Payment>, BillingError> {
        if let Some(id) = charge.payment {
            let payment = self.store().payments().get(id).await?;
            // What is with the bank, or in its customer's hands, is left there whatever it is of.
            let is_left = payment.state == PaymentState::Processing || is_in_hands(&payment, change.at);
            let is_as_wanted = payment.amount == wanted && payment.system == method.system;
            let is_right = payment.state.is_open() && (is_as_wanted || is_left);
            if payment.state.is_paid() || is_right {
                return Ok(ControlFlow::Continue(payment));
            }
            if payment.state.is_open() {
                match self.call_off(change, Cause::Api, &payment).await {
                    Ok(off) if off.state.is_open() || off.state.is_paid() => return Ok(ControlFlow::Continue(off)),
                    Ok(_) => {}
                    Err(error) => return Ok(ControlFlow::Break(in_the_way(&error))),
                }
            }
        }
        let pay_for = match charge.invoice {
            Some(invoice) => {
                let open = self.store().payments().open_of_invoice(tenant, invoice).await?;
                if open.is_some_and(|open| !is_in_hands(&open, change.at))
                    && let Err(error) = self.clear_way(change, tenant, invoice, method.system).await
                {
                    return Ok(ControlFlow::Break(in_the_way(&error)));
                }
                PayFor::Invoice(invoice)
            }
            None => PayFor::Balance(wanted.minor),
        };
        let new = NewPayment {
            // The same until it has a payment, and then for each that takes its place: whoever begins it twice begins it once.
            token: match charge.payment {
                None => format!("charge-{}", charge.id),
                Some(before) => format!("charge-{}-after-{before}", charge.id),
            },
            pay_for,
            system: method.system,
            method: Some(method.id),
            save_method: false,
            off_session: true,
            payer: None,
            charge: Some(charge.id),
        };
        Ok(ControlFlow::Continue(self.store().payments().begin(change, tenant, &new).await?.payment))
    }

    /// Charges the card by this attempt, unless it was done before, and tells how the payment is then; `None`: it is not wanted
    /// any more.
    async fn charged(
        &self,
        processor: &dyn Processor,
        claimed: &Claimed,
        payment: &Payment,
        method: &PaymentMethod,
    ) -> Result<Option<Intent>, BillingError> {
        let charge = &claimed.charge;
        // What is created is charged at once.
        if payment.reference.is_none() && self.wanted(claimed).await? != Some(payment.amount) {
            return Ok(None);
        }
        let located = self.located(processor, payment, Some(&method.reference)).await?;
        if located.is_charged {
            return Ok(Some(located.intent));
        }
        let snapshot = &located.intent.snapshot;
        // The first attempt is made with the creation, and has failed since: at once without our hearing of it, or later. A
        // payment from before the charge has failed for another.
        let has_failed = snapshot.failure.is_some() && charge.attempt == 1 && payment.created >= charge.created;
        match snapshot.status {
            IntentStatus::RequiresPaymentMethod if has_failed => Ok(Some(located.intent)),
            IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresConfirmation => {
                if self.wanted(claimed).await? != Some(payment.amount) {
                    return Ok(None);
                }
                let confirm = Confirm {
                    payment: payment.id,
                    reference: snapshot.reference.clone(),
                    method: method.reference.clone(),
                    attempt: format!("{}-{}", charge.id, charge.attempt),
                    return_url: None,
                };
                Ok(Some(processor.confirm(&confirm).await?))
            }
            IntentStatus::RequiresAction
            | IntentStatus::Processing
            | IntentStatus::RequiresCapture
            | IntentStatus::Canceled
            | IntentStatus::Succeeded => Ok(Some(located.intent)),
        }
    }

    async fn conclude(
        &self,
        claimed: &Claimed,
        payment: Option<PaymentId>,
        verdict: Verdict,
    ) -> Result<Outcome, BillingError> {
        let (charge, now) = (&claimed.charge, self.now());
        let charges = self.store().auto_payments();
        let off = |reason| self.turn_off(now, charge, reason, payment);
        let verdict = match verdict {
            // What was paid otherwise while the bank was asked has not failed.
            Verdict::Failed(..) | Verdict::Off(_) if self.wanted(claimed).await?.is_none() => Verdict::Unwanted,
            verdict => verdict,
        };
        match verdict {
            // Ended in the transaction that credited it.
            Verdict::Paid => Ok(Outcome::Paid),
            Verdict::Wait(seconds, why) => {
                tracing::info!(charge = %charge.id, customer = %charge.customer, why, "an automatic payment waits");
                charges.wait_until(claimed, now.plus_seconds(seconds), &why).await?;
                Ok(Outcome::Undecided)
            }
            Verdict::Unwanted => {
                tracing::info!(charge = %charge.id, customer = %charge.customer, "an automatic payment is not wanted so any more");
                // Or of another amount than a moment ago.
                charges.wait_until(claimed, now.plus_seconds(CHANGED_SECONDS), "it is not wanted so any more").await?;
                Ok(Outcome::Undecided)
            }
            Verdict::Off(reason) => off(reason).await,
            Verdict::Failed(kind, why) => match after_failure(kind, charge.attempt, &self.parts.policy, now) {
                Next::RetryAt(at) => {
                    tracing::info!(charge = %charge.id, customer = %charge.customer, kind = kind.key(), why,
                        attempt = charge.attempt, "an automatic payment failed and is tried again");
                    charges.retry_at(claimed, at, &why).await?;
                    Ok(Outcome::Again)
                }
                Next::Disable(reason) => off(reason).await,
            },
        }
    }

    /// Turns automatic payment off with its reason, and writes to the customer, once.
    async fn turn_off(
        &self,
        now: Timestamp,
        charge: &Charge,
        reason: DisabledReason,
        payment: Option<PaymentId>,
    ) -> Result<Outcome, BillingError> {
        let customer = charge.customer;
        let tenant = Tenant::for_system(customer);
        let row = match payment {
            Some(id) => Some(self.store().payments().one(tenant, id).await?),
            None => None,
        };
        let invoice = row.as_ref().and_then(|row| row.invoice_number).map(|number| number.to_string());
        let (invoice, card) = (invoice.unwrap_or_default(), self.card_of(tenant).await?);
        let failed = row.as_ref().map(|row| Failed { payment: &row.payment, invoice: &invoice, card: &card });
        let letter = |reader: &_| self.parts.letters.auto_payment_failed(reason, failed, now, reader);
        let change = Change::by_system(now);
        let turned_off =
            self.store().auto_payments().disable(&change, tenant, reason, charge.id, payment, letter).await?;
        if turned_off {
            self.parts.mailer.wake();
            metrics::counter!("tandem_auto_payments_disabled_total", "reason" => reason.key()).increment(1);
            tracing::info!(%customer, reason = reason.key(), "automatic payment was turned off");
        }
        Ok(if turned_off { Outcome::Over } else { Outcome::Undecided })
    }

    async fn card_of(&self, tenant: Tenant) -> Result<String, StoreError> {
        let method = self.store().payment_methods().default_of(tenant).await?;
        Ok(method.map(|method| method.label()).unwrap_or_default())
    }
}

impl Charged {
    fn with(mut self, outcome: Outcome) -> Self {
        let (count, label) = match outcome {
            Outcome::Paid => (&mut self.paid, "paid"),
            Outcome::Again => (&mut self.again, "again"),
            Outcome::Over => (&mut self.over, "over"),
            Outcome::Undecided => (&mut self.undecided, "undecided"),
        };
        *count += 1;
        metrics::counter!("tandem_auto_payments_total", "outcome" => label).increment(1);
        self
    }
}

/// In how many seconds an attempt is made again that failed for no fault of the customer's or his bank's; `None`: it
/// counts.
fn waits(error: &BillingError) -> Option<i64> {
    match error {
        BillingError::Store(StoreError::Refused(fields)) => {
            // The card's payment system is off, or takes this currency no more: that does not pass by itself.
            let is_over = fields.get("system").is_some();
            if is_over { None } else { Some(REFUSED_SECONDS) }
        }
        BillingError::Processor(ProcessorError::Refused { .. } | ProcessorError::NotFound { .. })
        | BillingError::OtherSystem
        | BillingError::NotOpen => None,
        BillingError::Processor(
            ProcessorError::Unreachable(_)
            | ProcessorError::Busy { .. }
            | ProcessorError::Unreadable(_)
            | ProcessorError::OutOfState { .. }
            | ProcessorError::KeySpent { .. },
        )
        | BillingError::Store(StoreError::Database(_)) => Some(UNREACHABLE_SECONDS),
        BillingError::Processor(ProcessorError::KeyUsed { .. }) => Some(UNDECIDED_SECONDS),
        BillingError::Processor(ProcessorError::Credentials { .. })
        | BillingError::Store(_)
        | BillingError::Vault(_)
        | BillingError::Refused(_)
        | BillingError::NoSystem(_)
        | BillingError::NoCredentials(_)
        | BillingError::NoProcessor(_)
        | BillingError::Mismatch(_) => Some(REFUSED_SECONDS),
    }
}

/// The payment before cannot be called off: whatever its processor says, it is not about the card that is to be charged.
fn in_the_way(error: &BillingError) -> Verdict {
    let seconds = waits(error).unwrap_or(REFUSED_SECONDS);
    Verdict::Wait(seconds, format!("the payment before cannot be called off: {error}"))
}

/// Whether the customer is paying it himself at this time: he began it, or followed the link of a mail, no longer ago
/// than he has time for it.
fn is_in_hands(payment: &Payment, now: Timestamp) -> bool {
    payment.in_hands_since().is_some_and(|since| now.seconds_since(since) <= ABANDONED_SECONDS)
}

/// The day in a time zone, `YYYY-MM-DD`.
fn today(now: Timestamp, zone: &TimeZone) -> String {
    let zone = jiff::tz::TimeZone::get(zone.as_str()).unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    moment.to_zoned(zone).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_customer_is() {
        // 2026-11-24T23:30:00Z.
        let now = Timestamp(1_795_563_000_000);
        assert_eq!(today(now, &"Europe/Brussels".parse().unwrap()), "2026-11-25");
        assert_eq!(today(now, &"America/New_York".parse().unwrap()), "2026-11-24");
    }
}
