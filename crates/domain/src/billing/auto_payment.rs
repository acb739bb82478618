//! When is money taken without being asked, and when is that turned off (PRODUCT §3)?

use serde::{Deserialize, Serialize};

use super::{failure::FailureKind, invoice::InvoiceState, keyed};
use crate::{
    customer::Billing,
    error::FieldErrors,
    ids::{ChargeId, CustomerId, InvoiceId, PaymentId, Timestamp, Version},
    locale::Currency,
    money::Money,
};

/// When an invoice is paid with the default method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInvoice {
    /// Never by itself.
    #[default]
    Never,
    /// As soon as it is issued.
    OnIssue,
    /// When its due day begins where the customer is.
    OnDueDate,
}

keyed!(OnInvoice {
    Never "never" "Do not pay invoices automatically",
    OnIssue "on_issue" "When an invoice is issued",
    OnDueDate "on_due_date" "On the due date",
});

/// What a customer wants paid automatically.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoPaymentTerms {
    /// When each invoice is paid.
    pub on_invoice: OnInvoice,
    /// The balance at which [`AutoPaymentTerms::top_up`] is paid, in minor units: of a prepaid customer what is left falls below
    /// it, of a postpaid one what is owed goes above it. It is looked at when something is billed or used, and when automatic
    /// payment is turned on; a payment that leaves it beyond calls for no other. `None`: never.
    pub threshold: Option<i64>,
    /// How much is paid then, in minor units. There is one exactly when there is a threshold.
    pub top_up: Option<i64>,
}

impl AutoPaymentTerms {
    /// Checks what was typed into the form. Both amounts are empty, or neither.
    ///
    /// # Errors
    /// What is wrong, per field: `on_invoice`, `threshold`, `top_up`.
    pub fn parse(on_invoice: &str, threshold: &str, top_up: &str, currency: Currency) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let chosen = OnInvoice::from_key(on_invoice);
        if chosen.is_none() {
            errors.add("on_invoice", "Choose when invoices are paid.");
        }
        let is_empty = |typed: &str| typed.trim().is_empty();
        let mut terms = Self { on_invoice: chosen.unwrap_or_default(), threshold: None, top_up: None };
        match (is_empty(threshold), is_empty(top_up)) {
            (true, true) => {}
            (true, false) => errors.add("threshold", "Enter at which balance this amount is paid."),
            (false, true) => errors.add("top_up", "Enter the amount that is paid then."),
            (false, false) => {
                terms.threshold = errors.take("threshold", Money::parse(threshold, currency)).map(|money| money.minor);
                let top_up = Money::parse(top_up, currency).and_then(Money::payable);
                terms.top_up = errors.take("top_up", top_up).map(|money| money.minor);
            }
        }
        errors.into_result().map(|()| terms)
    }

    /// Whether anything is paid automatically.
    #[must_use]
    pub const fn is_anything(&self) -> bool {
        !matches!(self.on_invoice, OnInvoice::Never) || (self.threshold.is_some() && self.top_up.is_some())
    }

    /// What is paid now that the customer's balance (positive: owes) is this; `None`: nothing.
    #[must_use]
    pub const fn top_up_at(&self, balance: i64, billing: Billing) -> Option<i64> {
        let (Some(threshold), Some(top_up)) = (self.threshold, self.top_up) else { return None };
        let is_beyond = match billing {
            Billing::Prepaid => balance.saturating_neg() < threshold,
            Billing::Postpaid => balance > threshold,
        };
        if is_beyond { Some(top_up) } else { None }
    }

    /// Whether charges of this kind are wanted.
    #[must_use]
    pub const fn want(&self, kind: ChargeKind) -> bool {
        match kind {
            ChargeKind::Issue => matches!(self.on_invoice, OnInvoice::OnIssue),
            ChargeKind::Due => matches!(self.on_invoice, OnInvoice::OnDueDate),
            ChargeKind::Threshold => self.threshold.is_some() && self.top_up.is_some(),
        }
    }
}

/// Why automatic payment was turned off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// The bank wants to hear from the cardholder.
    AuthenticationRequired,
    /// The payment failed as often as it was to be tried.
    Declined,
    /// There is no default method that can be used.
    NoMethod,
}

keyed!(DisabledReason {
    AuthenticationRequired "authentication_required" "The bank asks for verification",
    Declined "declined" "The payment was declined",
    NoMethod "no_method" "There is no card to pay with",
});

impl DisabledReason {
    /// What happened and what the customer does now.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::AuthenticationRequired => {
                "Your bank wanted you to confirm the last automatic payment. Finish that payment; then you can turn automatic \
                 payment on again."
            }
            Self::Declined => {
                "The last automatic payment was declined. Pay with this or another card; then you can turn automatic payment on \
                 again."
            }
            Self::NoMethod => "Save a card and pay with it once; then you can turn automatic payment on again.",
        }
    }
}

/// Whether money is taken automatically.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum AutoPaymentState {
    /// It is not.
    #[default]
    Off,
    /// It is.
    On,
    /// It was, until this happened. Only a person turns it on again.
    Disabled(DisabledReason),
}

impl AutoPaymentState {
    /// The name used in the store, and the reason's.
    #[must_use]
    pub const fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Off => ("off", ""),
            Self::On => ("on", ""),
            Self::Disabled(reason) => ("disabled", reason.key()),
        }
    }

    /// The state of these names.
    #[must_use]
    pub fn from_keys(state: &str, reason: &str) -> Option<Self> {
        match state {
            "off" => Some(Self::Off),
            "on" => Some(Self::On),
            "disabled" => DisabledReason::from_key(reason).map(Self::Disabled),
            _ => None,
        }
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::On => "On",
            Self::Disabled(_) => "Turned off",
        }
    }
}

/// Why automatic payment cannot be turned on: what the customer is told.
pub const NOT_PROVEN: &str = "Pay once with your default card first; then it can be charged automatically.";

/// Whether automatic payment may be turned on: after one successful payment that the customer made in person with the method
/// that is the default now.
#[must_use]
pub const fn may_turn_on(had_manual_success_with_this_method: bool) -> bool {
    had_manual_success_with_this_method
}

/// A customer's automatic payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoPayment {
    /// Whose.
    pub customer: CustomerId,
    /// The version to name when it is saved; 0 while nobody ever saved it.
    pub version: Version,
    /// What is wanted.
    pub terms: AutoPaymentTerms,
    /// Whether it is on.
    pub state: AutoPaymentState,
    /// The payment that failed, if that is why it was turned off: the one to be resumed.
    pub failed_payment: Option<PaymentId>,
    /// Since when it is as it is.
    pub since: Timestamp,
}

/// How failed automatic payments are repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// After the first failure, the second, and so on: how many seconds until the next attempt. After the last it is over.
    pub delays_seconds: Vec<i64>,
}

impl Default for RetryPolicy {
    /// Three more attempts: after one day, three, and five.
    fn default() -> Self {
        const DAY: i64 = 24 * 60 * 60;
        Self { delays_seconds: vec![DAY, 3 * DAY, 5 * DAY] }
    }
}

/// What follows a failed automatic payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    RetryAt(Timestamp),
    /// Automatic payment is turned off.
    Disable(DisabledReason),
}

/// What follows the `attempts`th failure (from 1) of an automatic payment. When the bank wants the cardholder, to repeat it
/// without him changes nothing.
#[must_use]
pub fn after_failure(kind: FailureKind, attempts: u32, policy: &RetryPolicy, now: Timestamp) -> Next {
    match kind {
        FailureKind::AuthenticationRequired => Next::Disable(DisabledReason::AuthenticationRequired),
        FailureKind::Declined
        | FailureKind::InsufficientFunds
        | FailureKind::ExpiredCard
        | FailureKind::IncorrectCvc
        | FailureKind::AuthenticationFailed
        | FailureKind::ProcessingError
        | FailureKind::Abandoned
        | FailureKind::GivenUp
        | FailureKind::Other => {
            let place = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
            match policy.delays_seconds.get(place) {
                Some(seconds) => Next::RetryAt(now.plus_seconds((*seconds).max(0))),
                None => Next::Disable(DisabledReason::Declined),
            }
        }
    }
}

/// Why a payment is made automatically.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeKind {
    /// An invoice was issued.
    Issue,
    /// An invoice is due.
    Due,
    /// The balance crossed the threshold.
    Threshold,
}

keyed!(ChargeKind { Issue "issue" "Invoice issued", Due "due" "Invoice due", Threshold "threshold" "Balance" });

/// How far a payment is that is to be made automatically.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeState {
    /// It is made when its time has come.
    Waiting,
    /// Somebody is at it.
    Charging,
    /// It was made, by itself or in person.
    Paid,
    /// It could not be made, and automatic payment was turned off.
    Failed,
    /// There is nothing to pay any more, or automatic payment is off.
    Cancelled,
    /// Somebody closed what it was paid with: it is not charged again by itself.
    CalledOff,
}

keyed!(ChargeState {
    Waiting "waiting" "Waiting",
    Charging "charging" "Charging",
    Paid "paid" "Paid",
    Failed "failed" "Failed",
    Cancelled "cancelled" "Cancelled",
    CalledOff "called_off" "Called off",
});

/// A payment that is due to be made automatically, as whoever makes it has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// What names it, and the token with which its payment is begun.
    pub id: ChargeId,
    /// Whose.
    pub customer: CustomerId,
    /// Why.
    pub kind: ChargeKind,
    /// Which invoice is paid.
    pub invoice: Option<InvoiceId>,
    /// How much is paid into the balance, if no invoice is paid.
    pub amount: Option<Money>,
    /// Its payment, once it was begun.
    pub payment: Option<PaymentId>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When it was noted.
    pub created: Timestamp,
}

/// What there is to know when a charge is judged.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// What the customer wants now; `None`: automatic payment is off.
    pub terms: Option<AutoPaymentTerms>,
    /// The charge's invoice as it is now, if it is for one: how far it is, and what is open of it.
    pub invoice: Option<(InvoiceState, Money)>,
    /// The customer's balance (positive: owes), in minor units, less what its other open charges will bring.
    pub balance: i64,
    /// When the customer pays.
    pub billing: Billing,
    /// In which currency.
    pub currency: Currency,
}

impl Charge {
    /// How much is to be charged now: what is open of the invoice, or the top-up of the terms as they are.
    ///
    /// # Errors
    /// How the charge ends because there is nothing to charge any more: automatic payment is off or wants something else, the
    /// invoice is paid or withdrawn, less is open of it than any payment can be of, the balance is as it should be.
    pub fn judge(&self, now: &Circumstances) -> Result<Money, ChargeState> {
        let invoice = match (self.invoice, now.invoice) {
            (Some(_), None) => return Err(ChargeState::Cancelled),
            (Some(_), Some((InvoiceState::Paid, _))) => return Err(ChargeState::Paid),
            (Some(_), Some((InvoiceState::Void, _))) => return Err(ChargeState::Cancelled),
            (Some(_), Some((InvoiceState::Open, open))) => Some(open),
            (None, _) => None,
        };
        let terms = now.terms.filter(|terms| terms.want(self.kind)).ok_or(ChargeState::Cancelled)?;
        let amount = match invoice {
            Some(open) => Some(open),
            None => terms.top_up_at(now.balance, now.billing).map(|minor| Money::new(minor, now.currency)),
        };
        amount.and_then(|amount| amount.payable().ok()).ok_or(ChargeState::Cancelled)
    }
}
