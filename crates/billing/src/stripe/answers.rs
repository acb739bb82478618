//! What does Stripe say? Its objects as far as we need them: what is not read cannot be wrong, so that a field which a
//! later version adds or drops does not stop payments. (Stripe API reference, the pages of each object.)

use std::collections::HashMap;

use serde::Deserialize;
use tandem_domain::{
    billing::{
        failure::{Failure, FailureKind},
        payment::{IntentStatus, MethodSnapshot, Snapshot},
    },
    ids::{CustomerId, PaymentId, RefundId, SetupId, Timestamp},
    locale::Currency,
};
use url::Url;

use super::{asks, failures::ErrorAnswer};
use crate::{
    processor::{Intent, ProcessorError, RefundSnapshot, RefundStatus, SetupSnapshot, SetupStatus},
    secret::Secret,
};

/// Characters of a brand, or of the last digits, that are kept.
const SHORT: usize = 32;
/// Characters of one of Stripe's ids at most.
const ID_MAX: usize = 255;

/// Anything, of which only the name matters.
#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
}

/// `account`.
#[derive(Deserialize)]
pub(super) struct AccountAnswer {
    id: String,
}

impl AccountAnswer {
    pub(super) fn read(&self) -> Result<String, ProcessorError> {
        name(&self.id)
    }
}

/// `balance`.
#[derive(Deserialize)]
pub(super) struct BalanceAnswer {
    pub(super) livemode: bool,
}

/// Another object, or only its id where it was not expanded.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expandable<T> {
    Object(Box<T>),
    #[expect(dead_code, reason = "its presence is what is read")]
    Id(String),
}

impl<T> Expandable<T> {
    fn object(&self) -> Option<&T> {
        match self {
            Self::Object(object) => Some(object),
            Self::Id(_) => None,
        }
    }
}

/// `payment_intent`.
#[derive(Deserialize)]
pub(super) struct IntentAnswer {
    pub(super) id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    client_secret: Option<Secret>,
    #[serde(default)]
    metadata: HashMap<String, String>,
    last_payment_error: Option<ErrorAnswer>,
    cancellation_reason: Option<String>,
    latest_charge: Option<Expandable<ChargeAnswer>>,
    payment_method: Option<Expandable<MethodAnswer>>,
    next_action: Option<NextAction>,
}

/// `next_action`, of which only a page to go to means anything here.
#[derive(Deserialize)]
struct NextAction {
    redirect_to_url: Option<Redirect>,
}

#[derive(Deserialize)]
struct Redirect {
    url: Option<String>,
}

/// `charge`.
#[derive(Deserialize)]
struct ChargeAnswer {
    #[serde(default)]
    amount_refunded: i64,
}

/// `payment_method`.
#[derive(Deserialize)]
pub(super) struct MethodAnswer {
    id: String,
    #[serde(rename = "type", default)]
    kind: String,
    customer: Option<Expandable<Named>>,
    card: Option<CardAnswer>,
}

#[derive(Deserialize)]
struct CardAnswer {
    #[serde(default)]
    brand: String,
    #[serde(default)]
    last4: String,
    exp_month: Option<i64>,
    exp_year: Option<i64>,
}

/// A page of `payment_intent`s.
#[derive(Deserialize)]
pub(super) struct IntentList {
    pub(super) data: Vec<IntentAnswer>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// `refund`.
#[derive(Deserialize)]
pub(super) struct RefundAnswer {
    pub(super) id: String,
    #[serde(default)]
    metadata: Option<HashMap<String, String>>,
    status: Option<String>,
    failure_reason: Option<String>,
}

/// A page of `refund`s.
#[derive(Deserialize)]
pub(super) struct RefundList {
    pub(super) data: Vec<RefundAnswer>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// `setup_intent`.
#[derive(Deserialize)]
pub(super) struct SetupAnswer {
    pub(super) id: String,
    status: String,
    client_secret: Option<Secret>,
    #[serde(default)]
    metadata: HashMap<String, String>,
    last_setup_error: Option<ErrorAnswer>,
    payment_method: Option<Expandable<MethodAnswer>>,
}

impl IntentAnswer {
    /// Which of our payments it says to be.
    pub(super) fn payment(&self) -> Option<PaymentId> {
        self.metadata.get(asks::PAYMENT).and_then(|id| id.parse().ok())
    }

    /// As it is told on. `asked`: when it was asked for.
    pub(super) fn read(self, asked: Timestamp) -> Result<Intent, ProcessorError> {
        let status = status(&self.status)?;
        let code = self.currency.to_ascii_uppercase();
        let currency = Currency::from_code(&code)
            .ok_or_else(|| ProcessorError::Unreadable("a currency of no use here".to_owned()))?;
        let failure = match (&self.last_payment_error, status) {
            (Some(error), _) => Some(error.failure()),
            (None, IntentStatus::Canceled) => {
                let reason = self.cancellation_reason.as_deref().unwrap_or("canceled");
                let kind = match reason {
                    "abandoned" | "automatic" | "expired" => FailureKind::Abandoned,
                    _ => FailureKind::Other,
                };
                Some(Failure::new(kind, reason, "The payment was called off."))
            }
            (None, _) => None,
        };
        let charge = self.latest_charge.as_ref().and_then(Expandable::object);
        let method = self.payment_method.as_ref().and_then(Expandable::object);
        let page = self.next_action.as_ref().and_then(|action| action.redirect_to_url.as_ref());
        // The browser is sent there, so it is a page and nothing else.
        let page = page
            .and_then(|redirect| Url::parse(redirect.url.as_deref()?).ok())
            .filter(|page| ["https", "http"].contains(&page.scheme()));
        Ok(Intent {
            snapshot: Snapshot {
                asked,
                reference: name(&self.id)?,
                status,
                amount: self.amount,
                amount_received: self.amount_received,
                amount_refunded: charge.map_or(0, |charge| charge.amount_refunded),
                currency,
                failure,
                method: method.map(MethodAnswer::read).transpose()?,
                metadata_payment: self.payment(),
            },
            client_secret: self.client_secret,
            redirect: page,
        })
    }
}

impl MethodAnswer {
    /// Whether a customer has it.
    pub(super) const fn is_attached(&self) -> bool {
        self.customer.is_some()
    }

    fn read(&self) -> Result<MethodSnapshot, ProcessorError> {
        let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(SHORT).collect();
        let card = self.card.as_ref();
        Ok(MethodSnapshot {
            reference: name(&self.id)?,
            brand: card.map_or_else(|| cut(&self.kind), |card| cut(&card.brand)),
            last4: card.map(|card| cut(&card.last4)).unwrap_or_default(),
            exp_month: card.and_then(|card| card.exp_month).and_then(|month| u8::try_from(month).ok()),
            exp_year: card.and_then(|card| card.exp_year).and_then(|year| u16::try_from(year).ok()),
            saved: self.is_attached(),
        })
    }
}

impl RefundAnswer {
    /// Which of our refunds it says to be.
    pub(super) fn refund(&self) -> Option<RefundId> {
        self.metadata.as_ref()?.get(asks::REFUND)?.parse().ok()
    }

    pub(super) fn read(self) -> Result<RefundSnapshot, ProcessorError> {
        let status = match self.status.as_deref() {
            Some("pending" | "requires_action") => RefundStatus::Pending,
            Some("succeeded") => RefundStatus::Succeeded,
            Some("failed") => RefundStatus::Failed,
            Some("canceled") => RefundStatus::Cancelled,
            _ => return Err(ProcessorError::Unreadable("a refund's status that is not known".to_owned())),
        };
        let refund = self.refund();
        Ok(RefundSnapshot { reference: name(&self.id)?, refund, status, failure: self.failure_reason })
    }
}

impl SetupAnswer {
    pub(super) fn read(self) -> Result<SetupSnapshot, ProcessorError> {
        let status = match self.status.as_str() {
            "requires_payment_method" | "requires_confirmation" | "requires_action" => SetupStatus::Waiting,
            "processing" => SetupStatus::Processing,
            "succeeded" => SetupStatus::Succeeded,
            "canceled" => SetupStatus::Cancelled,
            _ => return Err(ProcessorError::Unreadable("a setup's status that is not known".to_owned())),
        };
        let of = |key: &str| self.metadata.get(key);
        let (setup, customer): (Option<SetupId>, Option<CustomerId>) =
            (of(asks::SETUP).and_then(|id| id.parse().ok()), of(asks::CUSTOMER).and_then(|id| id.parse().ok()));
        let method = self.payment_method.as_ref().and_then(Expandable::object);
        Ok(SetupSnapshot {
            reference: name(&self.id)?,
            setup,
            customer,
            status,
            method: method.map(MethodAnswer::read).transpose()?,
            failure: self.last_setup_error.as_ref().map(ErrorAnswer::failure),
            client_secret: self.client_secret,
        })
    }
}

fn status(text: &str) -> Result<IntentStatus, ProcessorError> {
    Ok(match text {
        "requires_payment_method" => IntentStatus::RequiresPaymentMethod,
        "requires_confirmation" => IntentStatus::RequiresConfirmation,
        "requires_action" => IntentStatus::RequiresAction,
        "processing" => IntentStatus::Processing,
        "requires_capture" => IntentStatus::RequiresCapture,
        "canceled" => IntentStatus::Canceled,
        "succeeded" => IntentStatus::Succeeded,
        _ => return Err(ProcessorError::Unreadable("a payment's status that is not known".to_owned())),
    })
}

/// One of Stripe's ids.
fn name(id: &str) -> Result<String, ProcessorError> {
    let is_name = !id.is_empty() && id.len() <= ID_MAX && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    if is_name { Ok(id.to_owned()) } else { Err(ProcessorError::Unreadable("an id that is none".to_owned())) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(json: serde_json::Value) -> Result<Intent, ProcessorError> {
        serde_json::from_value::<IntentAnswer>(json).unwrap().read(Timestamp(7))
    }

    #[test]
    fn a_paid_and_partly_refunded_payment_is_read_with_its_card() {
        let intent = read(json!({
            "id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 12000, "amount_received": 12000,
            "currency": "eur", "client_secret": "pi_1_secret_2", "something_new": {"a": [1]},
            "metadata": {"payment": "00000000-0000-0000-0000-000000000009"},
            "latest_charge": {"id": "ch_1", "amount_refunded": 2000, "refunded": false},
            "payment_method": {"id": "pm_1", "type": "card", "customer": "cus_1",
                "card": {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034}},
        }))
        .unwrap();
        let snapshot = &intent.snapshot;
        assert_eq!((snapshot.status, snapshot.amount_refunded), (IntentStatus::Succeeded, 2000));
        assert_eq!(snapshot.asked, Timestamp(7));
        assert_eq!(snapshot.metadata_payment, Some("00000000-0000-0000-0000-000000000009".parse().unwrap()));
        let method = snapshot.method.as_ref().unwrap();
        assert_eq!((method.brand.as_str(), method.exp_year, method.saved), ("visa", Some(2034), true));
        assert!(!format!("{intent:?}").contains("pi_1_secret_2"));
    }

    #[test]
    fn a_declined_payment_tells_why() {
        let intent = read(json!({
            "id": "pi_1", "status": "requires_payment_method", "amount": 12000, "currency": "eur",
            "payment_method": null, "latest_charge": "ch_1",
            "last_payment_error": {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
                "message": "Your card has insufficient funds."},
        }))
        .unwrap();
        let failure = intent.snapshot.failure.unwrap();
        assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::InsufficientFunds, "insufficient_funds"));
        assert_eq!(intent.snapshot.metadata_payment, None);
    }

    #[test]
    fn only_a_page_is_gone_to() {
        let with = |url: &str| {
            let json = json!({"id": "pi_1", "status": "requires_action", "amount": 1, "currency": "eur",
                "next_action": {"type": "redirect_to_url", "redirect_to_url": {"url": url}}});
            read(json).unwrap().redirect
        };
        assert_eq!(with("https://bank.example/3ds").unwrap().host_str(), Some("bank.example"));
        assert_eq!(with("javascript:alert(1)"), None);
        assert_eq!(with("/3ds"), None);
    }

    #[test]
    fn one_that_nobody_finished_says_so() {
        let intent = read(json!({
            "id": "pi_1", "status": "canceled", "amount": 1, "currency": "jpy", "cancellation_reason": "abandoned",
        }))
        .unwrap();
        assert_eq!(intent.snapshot.failure.unwrap().kind, FailureKind::Abandoned);
    }

    #[test]
    fn what_cannot_be_understood_is_not_guessed() {
        let with = |key: &str, value: &str| {
            let mut json = json!({"id": "pi_1", "status": "succeeded", "amount": 1, "currency": "eur"});
            json[key] = value.into();
            read(json)
        };
        assert!(with("id", "pi_1").is_ok());
        for (key, value) in [("status", "paid"), ("currency", "btc"), ("id", "pi_1/../x"), ("id", "")] {
            assert!(matches!(with(key, value), Err(ProcessorError::Unreadable(_))), "{key} = {value}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_can_harm(text in ".*") {
            let _ = serde_json::from_str::<IntentAnswer>(&text).map(|answer| answer.read(Timestamp(0)));
        }
    }
}
