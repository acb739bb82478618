//! Where does a payment stand when the processor has said something?
//!
//! [`Payment::take`] is the whole state machine. It is given what the processor said when it was asked, never what a browser or
//! a webhook's body claims, and answers with the [`Step`] to take. It may be asked in any order, twice, late, or not at all for
//! a while: what was captured is credited once and never taken back, what was refunded only grows, and of states before that
//! the one counts that was asked for last.

use serde::{Deserialize, Serialize};

use super::{failure::Failure, keyed};
use crate::{
    ids::{AccountId, CustomerId, InvoiceId, PaymentId, PaymentMethodId, PaymentSystemId, Timestamp},
    locale::Currency,
    money::Money,
};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Written down; the processor was not asked yet, or its answer is not known.
    Created,
    /// The customer has to give a card, or another one after the last was declined.
    RequiresPaymentMethod,
    /// The customer has to pass the bank's check.
    RequiresAction,
    /// The bank has it.
    Processing,
    /// Paid.
    Succeeded,
    /// The processor would not begin it, or it was given up.
    Failed,
    /// Called off before anything was paid.
    Cancelled,
    /// Paid, and some of it given back.
    PartlyRefunded,
    /// Paid, and all of it given back.
    Refunded,
}

keyed!(PaymentState {
    Created "created" "Started",
    RequiresPaymentMethod "requires_payment_method" "Not paid yet",
    RequiresAction "requires_action" "Waiting for verification",
    Processing "processing" "Processing",
    Succeeded "succeeded" "Paid",
    Failed "failed" "Failed",
    Cancelled "cancelled" "Cancelled",
    PartlyRefunded "partly_refunded" "Partly refunded",
    Refunded "refunded" "Refunded",
});

impl PaymentState {
    /// With the bank, which decides at a time of its own: credit is not used for its invoice meanwhile, nor is that withdrawn.
    pub const WITH_BANK: [Self; 2] = [Self::RequiresAction, Self::Processing];

    /// Whether it can still become paid in the ordinary way. (Should the processor say so, any unpaid one becomes paid.)
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Created | Self::RequiresPaymentMethod | Self::RequiresAction | Self::Processing => true,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::PartlyRefunded | Self::Refunded => false,
        }
    }

    /// Whether money was taken, whatever was given back since.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        match self {
            Self::Succeeded | Self::PartlyRefunded | Self::Refunded => true,
            Self::Created
            | Self::RequiresPaymentMethod
            | Self::RequiresAction
            | Self::Processing
            | Self::Failed
            | Self::Cancelled => false,
        }
    }

    /// Whether the customer can go on with it now.
    #[must_use]
    pub const fn can_be_resumed(self) -> bool {
        matches!(self, Self::Created | Self::RequiresPaymentMethod | Self::RequiresAction)
    }

    /// The state of a payment of `amount` of which `refunded` was given back.
    const fn captured(amount: i64, refunded: i64) -> Self {
        match refunded {
            ..=0 => Self::Succeeded,
            some if some < amount => Self::PartlyRefunded,
            _ => Self::Refunded,
        }
    }
}

/// What made a payment move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The answer to a request of ours: it was begun, confirmed, cancelled, refunded.
    Api,
    /// The customer came back from the bank's page.
    Return,
    /// The processor sent word, and was asked.
    Webhook,
    /// It had been pending, and was asked about.
    Sweep,
}

keyed!(Cause { Api "api" "Request", Return "return" "Return", Webhook "webhook" "Webhook", Sweep "sweep" "Sweep" });

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// What names it; also in the processor's metadata and in our idempotency keys.
    pub id: PaymentId,
    /// Who pays.
    pub customer: CustomerId,
    /// What for; `None`: into the balance.
    pub invoice: Option<InvoiceId>,
    /// How much. Never changes.
    pub amount: Money,
    /// How much of it was given back, in minor units.
    pub refunded: i64,
    /// Where it stands.
    pub state: PaymentState,
    /// It was begun without the customer being there.
    pub off_session: bool,
    /// The card is to be saved with it.
    pub save_method: bool,
    /// At which payment system.
    pub system: PaymentSystemId,
    /// With which saved method; `None` until one is known.
    pub method: Option<PaymentMethodId>,
    /// The processor's name for it (`pi_…`); `None` until it is known.
    pub reference: Option<String>,
    /// Why the last attempt failed; `None` once it is paid.
    pub failure: Option<Failure>,
    /// How often the processor was asked to confirm it: part of those requests' idempotency keys.
    pub attempts: u32,
    /// The account that began it; `None`: the customer itself, or nobody.
    pub payer: Option<AccountId>,
    /// When it was begun.
    pub created: Timestamp,
    /// When the customer took one in hand that was begun without it; `None`: never.
    pub resumed: Option<Timestamp>,
    /// When the processor was asked whose answer decided its state; `None`: never.
    pub observed: Option<Timestamp>,
    /// When it was paid, as far as we know.
    pub paid_at: Option<Timestamp>,
    /// What was said of refunds before this moment does not count: one of them has failed since.
    pub refunds_from: Timestamp,
}

/// Where a PaymentIntent stands, in Stripe's words (API reference, "The PaymentIntent object", `status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    /// It has no payment method, or the last one failed.
    RequiresPaymentMethod,
    /// It has one and was not confirmed.
    RequiresConfirmation,
    /// The customer has to do something, such as 3-D Secure.
    RequiresAction,
    /// On its way.
    Processing,
    /// Authorised and not captured; we never ask for that.
    RequiresCapture,
    /// Called off.
    Canceled,
    /// Captured.
    Succeeded,
}

/// A payment method as the processor tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodSnapshot {
    /// The processor's name for it (`pm_…`).
    pub reference: String,
    /// The brand: "visa".
    pub brand: String,
    /// The last four digits.
    pub last4: String,
    /// The month in which it expires, 1 to 12.
    pub exp_month: Option<u8>,
    /// The year in which it expires, four digits.
    pub exp_year: Option<u16>,
    /// It is attached to the customer at the processor and can be used again.
    pub saved: bool,
}

/// What the processor said of a payment when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was asked: the moment before the request was sent. Of two answers the one that was asked for later counts.
    pub asked: Timestamp,
    /// The processor's name for the payment (`pi_…`).
    pub reference: String,
    /// Where it stands.
    pub status: IntentStatus,
    /// How much, in minor units.
    pub amount: i64,
    /// How much was captured.
    pub amount_received: i64,
    /// How much was given back.
    pub amount_refunded: i64,
    /// In which currency.
    pub currency: Currency,
    /// Why the last attempt failed, if it did.
    pub failure: Option<Failure>,
    /// With what it is paid, as far as known.
    pub method: Option<MethodSnapshot>,
    /// Which of our payments it is, as it says itself (`metadata[payment]`).
    pub metadata_payment: Option<PaymentId>,
}

/// What becomes of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it stands now.
    pub to: PaymentState,
    /// What is credited: the whole amount, the first time that it is known to be captured.
    pub credit: Option<Money>,
    /// What was given back beyond what was known.
    pub refund: Option<Money>,
    /// Why the last attempt failed.
    pub failure: Option<Failure>,
}

/// Why something that the processor said is not about this payment, or cannot be. Nothing is credited then, and somebody has
/// to look at it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It is about another payment of the processor's.
    #[error("the processor told of {told}, and the payment is {own}")]
    Reference {
        /// What it told of.
        told: String,
        /// What the payment is.
        own: String,
    },
    /// It says that it is another payment of ours, or does not say which while none is known to be its own.
    #[error("the processor's payment says that it is {}", .0.map_or("none of ours".to_owned(), |id| id.to_string()))]
    Metadata(Option<PaymentId>),
    /// The amount or the currency is another.
    #[error("the processor tells of {told}, and the payment is of {own}")]
    Amount {
        /// What it tells of.
        told: Money,
        /// What the payment is of.
        own: Money,
    },
    /// It succeeded, but with another amount than was asked for.
    #[error("the processor received {told} of {own}")]
    Received {
        /// What was received.
        told: Money,
        /// What the payment is of.
        own: Money,
    },
    /// More was given back than was paid, or less than nothing.
    #[error("the processor gave back {told} of {own}")]
    Refunded {
        /// What was given back.
        told: Money,
        /// What the payment is of.
        own: Money,
    },
}

impl Payment {
    /// What becomes of the payment by this word of the processor's. A step that changes nothing is one too.
    ///
    /// # Errors
    /// [`Mismatch`]: the word is not about this payment, or contradicts it.
    pub fn take(&self, snapshot: &Snapshot) -> Result<Step, Mismatch> {
        self.check(snapshot)?;
        let is_captured = snapshot.status == IntentStatus::Succeeded;
        if self.state.is_paid() || is_captured {
            return Ok(self.take_captured(snapshot, is_captured));
        }
        let unchanged = Step { to: self.state, credit: None, refund: None, failure: self.failure.clone() };
        let is_old = self.observed.is_some_and(|observed| snapshot.asked < observed);
        if is_old || !self.state.is_open() {
            // What was called off stays so, unless it was paid all the same.
            return Ok(unchanged);
        }
        let to = match snapshot.status {
            IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresConfirmation => {
                PaymentState::RequiresPaymentMethod
            }
            IntentStatus::RequiresAction => PaymentState::RequiresAction,
            IntentStatus::Processing | IntentStatus::RequiresCapture | IntentStatus::Succeeded => {
                PaymentState::Processing
            }
            IntentStatus::Canceled => PaymentState::Cancelled,
        };
        let failure = match to {
            // An answer that is still to come: what failed before is over.
            PaymentState::Processing | PaymentState::RequiresAction => None,
            _ => snapshot.failure.clone().or_else(|| self.failure.clone()),
        };
        Ok(Step { to, failure, ..unchanged })
    }

    fn take_captured(&self, snapshot: &Snapshot, is_captured: bool) -> Step {
        let counts = is_captured && snapshot.asked >= self.refunds_from;
        let further = if counts { (snapshot.amount_refunded - self.refunded).max(0) } else { 0 };
        let currency = self.amount.currency;
        Step {
            to: PaymentState::captured(self.amount.minor, self.refunded + further),
            credit: (!self.state.is_paid()).then_some(self.amount),
            refund: (further > 0).then_some(Money::new(further, currency)),
            failure: None,
        }
    }

    /// Whether the processor says that less was given back than is known: one of the refunds has failed, and nobody told which.
    /// What it said before it was asked last does not count.
    #[must_use]
    pub fn has_lost_refund(&self, snapshot: &Snapshot) -> bool {
        let counts = snapshot.asked >= self.refunds_from && Some(snapshot.asked) >= self.observed;
        let is_captured = self.state.is_paid() && snapshot.status == IntentStatus::Succeeded;
        is_captured && counts && snapshot.amount_refunded < self.refunded
    }

    /// The state once a refund of `amount` minor units that had been counted has failed: the processor has the money again.
    #[must_use]
    pub fn without_refund(&self, amount: i64) -> PaymentState {
        PaymentState::captured(self.amount.minor, self.refunded.saturating_sub(amount))
    }

    /// What can still be given back, in minor units, while refunds of `pending` are under way.
    #[must_use]
    pub fn refundable(&self, pending: i64) -> i64 {
        if self.state.is_paid() {
            self.amount.minor.saturating_sub(self.refunded).saturating_sub(pending).max(0)
        } else {
            0
        }
    }

    /// Whether the customer was there: it began it, or took it in hand later.
    #[must_use]
    pub const fn is_in_person(&self) -> bool {
        !self.off_session || self.resumed.is_some()
    }

    /// Since when its customer is at it: it began it, or took it in hand last. `None`: it was begun without it, and waits for it.
    #[must_use]
    pub const fn in_hands_since(&self) -> Option<Timestamp> {
        if self.off_session { self.resumed } else { Some(self.created) }
    }

    /// Whether nobody will come back to it: taken in hand by its customer more than [`ABANDONED_SECONDS`] ago, and not decided by
    /// the bank. It can be called off at the processor then. One that was to be made automatically waits until its customer has
    /// taken it in hand.
    #[must_use]
    pub fn is_abandoned(&self, now: Timestamp) -> bool {
        let is_left = self.in_hands_since().is_some_and(|since| now.seconds_since(since) > ABANDONED_SECONDS);
        self.state.can_be_resumed() && is_left
    }

    /// In how many seconds the processor is asked about it again if nobody did meanwhile.
    #[must_use]
    pub fn next_sweep_seconds(&self, now: Timestamp) -> i64 {
        next_sweep_seconds(now.seconds_since(self.created))
    }

    fn check(&self, snapshot: &Snapshot) -> Result<(), Mismatch> {
        if let Some(own) = self.reference.as_ref().filter(|own| **own != snapshot.reference) {
            return Err(Mismatch::Reference { told: snapshot.reference.clone(), own: own.clone() });
        }
        // Once the reference is known, metadata may be missing; it must not contradict.
        let may_be_unsaid = self.reference.is_some() && snapshot.metadata_payment.is_none();
        if snapshot.metadata_payment != Some(self.id) && !may_be_unsaid {
            return Err(Mismatch::Metadata(snapshot.metadata_payment));
        }
        let money = |minor| Money::new(minor, snapshot.currency);
        let own = self.amount;
        if money(snapshot.amount) != own {
            return Err(Mismatch::Amount { told: money(snapshot.amount), own });
        }
        if snapshot.status == IntentStatus::Succeeded && snapshot.amount_received != own.minor {
            return Err(Mismatch::Received { told: money(snapshot.amount_received), own });
        }
        if !(0..=own.minor).contains(&snapshot.amount_refunded) {
            return Err(Mismatch::Refunded { told: money(snapshot.amount_refunded), own });
        }
        Ok(())
    }
}

/// In how many seconds the processor is asked again about something that was begun so many seconds ago.
#[must_use]
pub const fn next_sweep_seconds(age: i64) -> i64 {
    match age {
        ..3600 => 60,
        3600..86_400 => 15 * 60,
        _ => 6 * 3600,
    }
}

/// In how many seconds the processor is asked once more about a payment that is over, of which it was asked so many times
/// since anything happened to it; `None`: not any more. What happens to it then (money given back on the processor's own pages, a
/// refund that the bank sends back) is told by a word that can be lost.
#[must_use]
pub const fn next_look_seconds(looks: u32) -> Option<i64> {
    const DAY: i64 = 24 * 60 * 60;
    match looks {
        0 => Some(60 * 60),
        1 => Some(DAY),
        2 => Some(7 * DAY),
        // For half a year; cards are hardly ever credited later.
        3..8 => Some(30 * DAY),
        8.. => None,
    }
}

/// After so many seconds a payment that its customer did not finish is given up: a day.
pub const ABANDONED_SECONDS: i64 = 24 * 60 * 60;

/// One line of a payment's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// When it was written.
    pub at: Timestamp,
    /// The state before; `None` when it was begun.
    pub from: Option<PaymentState>,
    /// The state from then on.
    pub to: PaymentState,
    /// What made it move.
    pub cause: Cause,
    /// Who: a sign-in name, or "system".
    pub by: String,
    /// Whether that is one of the provider's staff.
    pub by_staff: bool,
    /// Why an attempt failed, if one did.
    pub failure: Option<Failure>,
}
