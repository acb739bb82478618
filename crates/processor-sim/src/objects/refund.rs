//! Money given back: the Refund object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{money, state::State, words::Word};
use crate::{
    api::{error::ApiError, form::Node, params::merge_metadata},
    cards::RefundFate,
    webhooks::agenda::Task,
};

/// How long a refund takes that does not end at once, in milliseconds. Stripe's test cards take "some time".
const LATER: i64 = 1_000;

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

/// A refund.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refund {
    id: String,
    created: i64,
    amount: i64,
    #[serde(with = "super::words")]
    currency: Word,
    pub(crate) charge: String,
    pub(crate) intent: String,
    reason: Option<String>,
    status: RefundStatus,
    metadata: BTreeMap<String, String>,
}

impl Refund {
    pub(crate) fn json(&self) -> Value {
        let mut json = json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": self.id.replacen("re_", "txn_", 1),
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "destination_details": {
                "card": {
                    "reference": "123456789012",
                    "reference_status": "available",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
                "type": "card",
            },
            "metadata": self.metadata,
            "payment_intent": self.intent,
            "reason": self.reason,
            "receipt_number": null,
            "source_transfer_reversal": null,
            "status": match self.status {
                RefundStatus::Pending => "pending",
                RefundStatus::Succeeded => "succeeded",
                RefundStatus::Failed => "failed",
            },
            "transfer_reversal": null,
        });
        if self.status == RefundStatus::Failed {
            json["failure_reason"] = "unknown".into();
        }
        json
    }

    pub(crate) const fn created(&self) -> i64 {
        self.created
    }
}

impl State {
    /// `POST /v1/refunds`
    pub(crate) fn create_refund(&mut self, given: &Node) -> Result<Value, ApiError> {
        let (charge, by_charge) = match (given.said("charge"), given.said("payment_intent")) {
            (Some(charge), None) => (charge.to_owned(), true),
            (None, Some(intent)) => (self.charge_of(intent)?, false),
            (Some(_), Some(_)) => {
                return Err(ApiError::request("You may only specify one of these parameters: charge, payment_intent."));
            }
            (None, None) => {
                return Err(ApiError::request(
                    "One of the following params should be provided for this request: payment_intent or charge.",
                ));
            }
        };
        let Some(charged) = self.charges.get(&charge).filter(|charge| charge.succeeded() || by_charge) else {
            return Err(ApiError::no_such_param("charge", &charge, "charge"));
        };
        if !charged.succeeded() {
            return Err(ApiError::request(format!("Charge {charge} is not refundable, as it was not successful."))
                .code("charge_not_refundable"));
        }
        let left = charged.amount - charged.refunded;
        if left == 0 {
            return Err(ApiError::request(format!("Charge {charge} has already been refunded."))
                .code("charge_already_refunded"));
        }
        let amount = given.number(&["amount"]).unwrap_or(left);
        if amount < 1 {
            return Err(ApiError::request("This value must be greater than or equal to 1.")
                .code("parameter_invalid_integer")
                .param("amount"));
        }
        if amount > left {
            let (amount, left) = (money::written(amount, charged.currency), money::written(left, charged.currency));
            return Err(ApiError::request(format!(
                "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            ))
            .param("amount"));
        }
        let fate = charged.method.card.refund;
        let charged = charged.clone();
        let id = self.ids.make("re_3");
        let mut refund = Refund {
            id: id.clone(),
            created: self.seconds(),
            amount,
            currency: charged.currency,
            charge: charge.clone(),
            intent: charged.intent.clone(),
            reason: given.said("reason").map(str::to_owned),
            status: if fate == RefundFate::SucceedsLater { RefundStatus::Pending } else { RefundStatus::Succeeded },
            metadata: BTreeMap::new(),
        };
        merge_metadata(&mut refund.metadata, given);
        let json = refund.json();
        self.refunds.put(&id, refund);
        self.give_back(&charge, amount);
        self.emit("refund.created", json.clone());
        let charge = self.charge_json(&charge)?;
        self.emit("charge.refunded", charge);
        let at = self.now.saturating_add(LATER);
        match fate {
            RefundFate::Succeeds => {}
            RefundFate::SucceedsLater => self.agenda.put(at, Task::Refund { refund: id, succeeds: true }),
            RefundFate::FailsLater => self.agenda.put(at, Task::Refund { refund: id, succeeds: false }),
        }
        Ok(json)
    }

    fn charge_of(&self, intent: &str) -> Result<String, ApiError> {
        let Some(found) = self.intents.get(intent) else {
            return Err(ApiError::no_such_param("payment_intent", intent, "payment_intent"));
        };
        let charge =
            found.latest_charge.clone().filter(|charge| self.charges.get(charge).is_some_and(|c| c.succeeded()));
        charge.ok_or_else(|| {
            self.unexpected(
                intent,
                format!("This PaymentIntent ({intent}) does not have a successful charge to refund."),
            )
        })
    }

    fn give_back(&mut self, charge: &str, amount: i64) {
        let Some(charge) = self.charges.get_mut(charge) else { return };
        charge.refunded += amount;
        let metadata = charge.metadata.clone();
        self.count(&metadata, |tally| tally.refunded += amount);
    }

    /// A refund comes to its end. One that fails brings the money back to the merchant.
    pub(crate) fn end_refund(&mut self, id: &str, succeeds: bool) -> bool {
        let Some(refund) = self.refunds.get_mut(id).filter(|refund| refund.status != RefundStatus::Failed) else {
            return false;
        };
        refund.status = if succeeds { RefundStatus::Succeeded } else { RefundStatus::Failed };
        let refund = refund.clone();
        if !succeeds {
            self.give_back(&refund.charge, -refund.amount);
            self.emit("refund.failed", refund.json());
        }
        self.emit("refund.updated", refund.json());
        true
    }

    /// `GET /v1/refunds/:id`
    pub(crate) fn refund_json(&self, id: &str) -> Result<Value, ApiError> {
        self.refunds.get(id).map(Refund::json).ok_or_else(|| ApiError::no_such("refund", id))
    }

    /// `POST /v1/refunds/:id`
    pub(crate) fn update_refund(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        if let Some(refund) = self.refunds.get_mut(id) {
            merge_metadata(&mut refund.metadata, given);
        }
        let json = self.refund_json(id)?;
        self.emit("refund.updated", json.clone());
        Ok(json)
    }
}
