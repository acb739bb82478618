//! One attempt at the money: the Charge object. And the account's balance, which is all charges less all refunds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{method::Method, state::State, words::Word};
use crate::{api::error::ApiError, cards::Decline};

/// What the merchant reads of a refusal.
const REFUSED: &str = "The bank did not return any further details with this decline.";

/// Where a charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChargeStatus {
    Pending,
    Succeeded,
    Failed,
}

/// A charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Charge {
    pub(crate) id: String,
    created: i64,
    pub(crate) intent: String,
    pub(crate) customer: Option<String>,
    pub(crate) amount: i64,
    #[serde(with = "super::words")]
    pub(crate) currency: Word,
    pub(crate) refunded: i64,
    status: ChargeStatus,
    /// The card as it was then.
    pub(crate) method: Method,
    authenticated: bool,
    #[serde(with = "crate::cards::kept_decline")]
    failure: Option<&'static Decline>,
    description: Option<String>,
    receipt_email: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Charge {
    pub(crate) fn json(&self) -> Value {
        let succeeded = self.status == ChargeStatus::Succeeded;
        let network = if self.failure.is_some() { "declined_by_network" } else { "approved_by_network" };
        json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": if succeeded { self.amount } else { 0 },
            "amount_refunded": self.refunded,
            "application": null,
            "application_fee": null,
            "application_fee_amount": null,
            "balance_transaction": succeeded.then(|| self.id.replacen("ch_", "txn_", 1)),
            "billing_details": self.method.billing_json(),
            "calculated_statement_descriptor": "TANDEM",
            "captured": succeeded,
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "disputed": false,
            "failure_balance_transaction": null,
            "failure_code": self.failure.map(|failure| failure.code),
            "failure_message": self.failure.map(|failure| failure.message),
            "fraud_details": {},
            "livemode": false,
            "metadata": self.metadata,
            "on_behalf_of": null,
            "outcome": {
                "advice_code": self.failure.and_then(|failure| failure.advice),
                "network_advice_code": null,
                "network_decline_code": null,
                "network_status": network,
                "reason": self.failure.map(|failure| failure.decline_code.unwrap_or(failure.code)),
                "risk_level": "normal",
                "risk_score": 20,
                "seller_message": if self.failure.is_some() { REFUSED } else { "Payment complete." },
                "type": if self.failure.is_some() { "issuer_declined" } else { "authorized" },
            },
            "paid": succeeded,
            "payment_intent": self.intent,
            "payment_method": self.method.id,
            "payment_method_details": self.method.details(self.amount, self.authenticated),
            "receipt_email": self.receipt_email,
            "receipt_number": null,
            "receipt_url": null,
            "refunded": self.refunded == self.amount,
            "review": null,
            "shipping": null,
            "source": null,
            "source_transfer": null,
            "statement_descriptor": null,
            "statement_descriptor_suffix": null,
            "status": match self.status {
                ChargeStatus::Pending => "pending",
                ChargeStatus::Succeeded => "succeeded",
                ChargeStatus::Failed => "failed",
            },
            "transfer_data": null,
            "transfer_group": null,
        })
    }

    pub(crate) const fn created(&self) -> i64 {
        self.created
    }

    pub(crate) const fn succeeded(&self) -> bool {
        matches!(self.status, ChargeStatus::Succeeded)
    }

    pub(crate) const fn capture(&mut self) {
        self.status = ChargeStatus::Succeeded;
    }

    pub(crate) const fn fail(&mut self, decline: &'static Decline) {
        self.status = ChargeStatus::Failed;
        self.failure = Some(decline);
    }
}

impl State {
    /// A charge of an intent, with the card that the intent has now.
    pub(crate) fn charge(
        &mut self,
        intent: &str,
        status: ChargeStatus,
        failure: Option<&'static Decline>,
        authenticated: bool,
    ) -> Result<String, ApiError> {
        let intent = self.intent(intent)?.clone();
        let method = self.method(intent.method.as_deref().unwrap_or_default())?.clone();
        let id = self.ids.make("ch_3");
        let charge = Charge {
            id: id.clone(),
            created: self.seconds(),
            intent: intent.id.clone(),
            customer: intent.customer,
            amount: intent.amount,
            currency: intent.currency,
            refunded: 0,
            status,
            method,
            authenticated,
            failure,
            description: intent.description,
            receipt_email: intent.receipt_email,
            metadata: intent.metadata,
        };
        self.charges.put(&id, charge);
        if let Some(intent) = self.intents.get_mut(&intent.id) {
            intent.latest_charge = Some(id.clone());
        }
        Ok(id)
    }

    /// `GET /v1/charges/:id`
    pub(crate) fn charge_json(&self, id: &str) -> Result<Value, ApiError> {
        self.charges.get(id).map(Charge::json).ok_or_else(|| ApiError::no_such("charge", id))
    }

    /// `GET /v1/balance`: what was captured and not given back, all of it available.
    pub(crate) fn balance(&self) -> Value {
        let mut sums: BTreeMap<&str, i64> = BTreeMap::from([("eur", 0)]);
        for (_, charge) in self.charges.iter().filter(|(_, charge)| charge.succeeded()) {
            *sums.entry(charge.currency).or_default() += charge.amount - charge.refunded;
        }
        let entry = |(currency, amount): (&&str, &i64)| json!({ "amount": amount, "currency": currency, "source_types": { "card": amount } });
        let none =
            |(currency, _): (&&str, &i64)| json!({ "amount": 0, "currency": currency, "source_types": { "card": 0 } });
        json!({
            "object": "balance",
            "available": sums.iter().map(entry).collect::<Vec<_>>(),
            "livemode": false,
            "pending": sums.iter().map(none).collect::<Vec<_>>(),
            "refund_and_dispute_prefunding": { "available": [], "pending": [] },
        })
    }
}
