//! What is to be paid: the PaymentIntent object, and what can be done with it short of paying it ([`super::confirm`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{money, state::State, words::Word};
use crate::api::{error::ApiError, form::Node, params::merge_metadata};

/// Where a payment stands ("How PaymentIntents work", *PaymentIntent statuses*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    Succeeded,
    Canceled,
}

impl Status {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }

    /// Whether it can still be paid another way, changed or given up.
    pub(crate) const fn open(self) -> bool {
        matches!(self, Self::RequiresPaymentMethod | Self::RequiresConfirmation | Self::RequiresAction)
    }
}

/// Which later payments a card is saved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Usage {
    OffSession,
    OnSession,
}

impl Usage {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::OffSession => "off_session",
            Self::OnSession => "on_session",
        }
    }

    pub(crate) fn named(key: &str) -> Option<Self> {
        match key {
            "off_session" => Some(Self::OffSession),
            "on_session" => Some(Self::OnSession),
            _ => None,
        }
    }
}

/// The way to the bank's page, while one is open.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Action {
    /// The challenge behind it.
    pub(crate) token: String,
    /// Where the customer comes back to.
    pub(crate) return_url: Option<String>,
    /// Whether the script shows the page over the merchant's (`use_stripe_sdk`), or the customer goes there.
    pub(crate) by_script: bool,
}

impl Action {
    pub(crate) fn json(&self, base: &str) -> Value {
        let url = format!("{base}/bank/{}", self.token);
        if self.by_script {
            return json!({
                "type": "use_stripe_sdk",
                "use_stripe_sdk": { "type": "three_d_secure_redirect", "stripe_js": url, "source": self.token },
            });
        }
        json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url, "return_url": self.return_url } })
    }
}

/// A payment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) created: i64,
    pub(crate) status: Status,
    pub(crate) amount: i64,
    pub(crate) received: i64,
    #[serde(with = "super::words")]
    pub(crate) currency: Word,
    pub(crate) customer: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) method: Option<String>,
    /// `automatic_payment_methods[allow_redirects]`; `None` if the method types were named.
    #[serde(with = "super::words::optional")]
    pub(crate) automatic: Option<Word>,
    #[serde(with = "super::words")]
    pub(crate) capture: Word,
    #[serde(with = "super::words")]
    pub(crate) asks_3ds: Word,
    pub(crate) future: Option<Usage>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) descriptor: Option<String>,
    pub(crate) descriptor_suffix: Option<String>,
    pub(crate) action: Option<Action>,
    pub(crate) last_error: Option<Value>,
    pub(crate) latest_charge: Option<String>,
    pub(crate) canceled_at: Option<i64>,
    pub(crate) cancellation: Option<String>,
}

/// The word of a request as one of ours, which live longer.
fn word(given: Option<&str>, of: &[&'static str]) -> Option<&'static str> {
    of.iter().find(|word| Some(**word) == given).copied()
}

/// `automatic_payment_methods` of a request: on unless the types are named (versions since 2023-08-16).
pub(crate) fn automatic(given: &Node) -> Result<Option<&'static str>, ApiError> {
    let enabled = given.text(&["automatic_payment_methods", "enabled"]);
    if given.get("payment_method_types").is_some() && enabled == Some("true") {
        return Err(ApiError::request(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
        ));
    }
    let mut named = false;
    for param in ["payment_method_types", "allowed_payment_method_types"] {
        named |= given.get(param).is_some();
        if let Some(other) = given.texts(param).into_iter().find(|kind| *kind != "card") {
            let other: String = other.chars().take(40).collect();
            return Err(ApiError::request(format!(
                "The payment method type \"{other}\" is invalid, or is not simulated by Tandem's stand-in for Stripe."
            ))
            .param(param));
        }
    }
    if named || enabled == Some("false") {
        return Ok(None);
    }
    let redirects = given.text(&["automatic_payment_methods", "allow_redirects"]);
    Ok(Some(word(redirects, &["never"]).unwrap_or("always")))
}

/// The same as it is answered.
pub(crate) fn automatic_json(redirects: &str) -> Value {
    json!({ "allow_redirects": redirects, "enabled": true })
}

impl Intent {
    pub(crate) fn json(&self, state: &State) -> Value {
        let processing = (self.status == Status::Processing).then(|| json!({ "type": "card", "card": {} }));
        json!({
            "id": self.id,
            "object": "payment_intent",
            "allowed_payment_method_types": null,
            "amount": self.amount,
            "amount_capturable": 0,
            "amount_details": { "tip": {} },
            "amount_received": self.received,
            "application": null,
            "application_fee_amount": null,
            "automatic_payment_methods": self.automatic.map(automatic_json),
            "canceled_at": self.canceled_at,
            "cancellation_reason": self.cancellation,
            "capture_method": self.capture,
            "client_secret": self.secret,
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "excluded_payment_method_types": null,
            "last_payment_error": self.last_error,
            "latest_charge": self.latest_charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": self.action.as_ref().map(|action| action.json(&state.base)),
            "on_behalf_of": null,
            "payment_method": self.method,
            "payment_method_configuration_details": null,
            "payment_method_options": {
                "card": {
                    "installments": null,
                    "mandate_options": null,
                    "network": null,
                    "request_three_d_secure": self.asks_3ds,
                },
            },
            "payment_method_types": ["card"],
            "processing": processing,
            "receipt_email": self.receipt_email,
            "review": null,
            "setup_future_usage": self.future.map(Usage::key),
            "shipping": null,
            "source": null,
            "statement_descriptor": self.descriptor,
            "statement_descriptor_suffix": self.descriptor_suffix,
            "status": self.status.key(),
            "transfer_data": null,
            "transfer_group": null,
        })
    }

    /// What is common to creating, changing and confirming.
    pub(crate) fn set(&mut self, given: &Node) {
        let text = |slot: &mut Option<String>, name: &str| {
            if let Some(text) = given.text(&[name]) {
                *slot = Some(text.to_owned()).filter(|text| !text.is_empty());
            }
        };
        text(&mut self.description, "description");
        text(&mut self.receipt_email, "receipt_email");
        text(&mut self.descriptor, "statement_descriptor");
        text(&mut self.descriptor_suffix, "statement_descriptor_suffix");
        merge_metadata(&mut self.metadata, given);
        let card = |name| given.text(&["payment_method_options", "card", name]);
        if let Some(asks) = word(card("request_three_d_secure"), &["any", "automatic", "challenge"]) {
            self.asks_3ds = asks;
        }
        if let Some(usage) = given.text(&["setup_future_usage"]).or_else(|| card("setup_future_usage")) {
            self.future = Usage::named(usage);
        }
        if let Some(capture) = word(given.text(&["capture_method"]), &["automatic", "automatic_async"]) {
            self.capture = capture;
        }
    }
}

/// Parameters of a confirmation, which say nothing while nothing is confirmed.
const WITH_CONFIRM: [&str; 5] =
    ["error_on_requires_action", "mandate_data", "off_session", "return_url", "use_stripe_sdk"];

/// Refuses what only a confirmation takes.
pub(crate) fn only_with_confirm(given: &Node, names: &[&str], what: &str) -> Result<(), ApiError> {
    match names.iter().find(|name| given.get(name).is_some()) {
        Some(name) if !given.is_true(&["confirm"]) => Err(ApiError::request(format!(
            "The parameter `{name}` cannot be passed when creating a {what} unless `confirm` is set to true."
        ))
        .param(*name)),
        Some(_) | None => Ok(()),
    }
}

impl State {
    /// `POST /v1/payment_intents`
    pub(crate) fn create_intent(&mut self, given: &Node) -> Result<Value, ApiError> {
        let currency = money::currency(given.said("currency").unwrap_or_default())?;
        let amount = given.number(&["amount"]).unwrap_or_default();
        money::check(amount, currency)?;
        only_with_confirm(given, &WITH_CONFIRM, "PaymentIntent")?;
        let automatic = automatic(given)?;
        let customer = self.customer_named(given)?;
        let method = self.method_given(given, customer.as_deref(), false)?;
        let id = self.ids.make("pi_3");
        let mut intent = Intent {
            secret: self.ids.secret_of(&id),
            id: id.clone(),
            created: self.seconds(),
            status: if method.is_some() { Status::RequiresConfirmation } else { Status::RequiresPaymentMethod },
            amount,
            received: 0,
            currency,
            customer,
            description: None,
            metadata: BTreeMap::new(),
            method,
            automatic,
            capture: "automatic_async",
            asks_3ds: "automatic",
            future: None,
            receipt_email: None,
            descriptor: None,
            descriptor_suffix: None,
            action: None,
            last_error: None,
            latest_charge: None,
            canceled_at: None,
            cancellation: None,
        };
        intent.set(given);
        let created = intent.json(self);
        self.intents.put(&id, intent);
        if !given.is_true(&["confirm"]) {
            self.emit("payment_intent.created", created.clone());
            return Ok(created);
        }
        // What cannot be confirmed for a fault of the request is not created either.
        if let Err(error) = self.check_confirmation(&id, given) {
            self.intents.remove(&id);
            return Err(error);
        }
        self.emit("payment_intent.created", created);
        self.confirm_checked(&id, given)
    }

    /// The method of a request: named, or its data. `by_script`: the request comes from the customer's browser.
    pub(crate) fn method_given(
        &mut self,
        given: &Node,
        customer: Option<&str>,
        by_script: bool,
    ) -> Result<Option<String>, ApiError> {
        let named = given.said("payment_method").map(str::to_owned);
        if given.get("payment_method_data").is_some() {
            if named.is_some() {
                return Err(ApiError::request(
                    "You may only specify one of these parameters: payment_method, payment_method_data.",
                ));
            }
            return self.make_method(given, &["payment_method_data"], by_script).map(Some);
        }
        let Some(named) = named else { return Ok(None) };
        let id = self.method_named(&named, "payment_method")?;
        self.may_pay_with(&id, customer)?;
        Ok(Some(id))
    }

    /// The intent that a path names.
    pub(crate) fn intent(&self, id: &str) -> Result<&Intent, ApiError> {
        self.intents.get(id).ok_or_else(|| ApiError::no_such("payment_intent", id).param("intent"))
    }

    pub(crate) fn intent_json(&self, id: &str) -> Result<Value, ApiError> {
        Ok(self.intent(id)?.json(self))
    }

    /// `POST /v1/payment_intents/:id`
    pub(crate) fn update_intent(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        let intent = self.intent(id)?.clone();
        let currency = given.said("currency").map(money::currency).transpose()?.unwrap_or(intent.currency);
        let amount = given.number(&["amount"]).unwrap_or(intent.amount);
        money::check(amount, currency)?;
        let customer = self.customer_named(given)?.or_else(|| intent.customer.clone());
        let method = self.method_given(given, customer.as_deref(), false)?;
        let pays_otherwise = method.is_some()
            || given.text(&["payment_method"]) == Some("")
            || (amount, currency) != (intent.amount, intent.currency)
            || customer != intent.customer
            || given.get("setup_future_usage").is_some();
        if pays_otherwise && !intent.status.open() {
            return Err(self.unexpected(
                id,
                format!(
                    "This PaymentIntent could not be updated because it has a status of {}. You may only update a \
                     PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, \
                     requires_action.",
                    intent.status.key()
                ),
            ));
        }
        let mut next = intent;
        next.set(given);
        (next.amount, next.currency, next.customer) = (amount, currency, customer);
        if given.text(&["payment_method"]) == Some("") {
            next.method = None;
        }
        next.method = method.or(next.method);
        if pays_otherwise {
            // An authentication under way was for something else.
            next.action = None;
            next.last_error = None;
            next.status =
                if next.method.is_some() { Status::RequiresConfirmation } else { Status::RequiresPaymentMethod };
        }
        let json = next.json(self);
        self.intents.put(id, next);
        Ok(json)
    }

    /// `POST /v1/payment_intents/:id/cancel`
    pub(crate) fn cancel_intent(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        let status = self.intent(id)?.status;
        if !status.open() {
            return Err(self.unexpected(
                id,
                format!(
                    "You cannot cancel this PaymentIntent because it has a status of {}. Only a PaymentIntent with \
                     one of the following statuses may be canceled: requires_payment_method, requires_capture, \
                     requires_confirmation, requires_action, processing.",
                    status.key()
                ),
            ));
        }
        let now = self.seconds();
        if let Some(intent) = self.intents.get_mut(id) {
            intent.status = Status::Canceled;
            intent.action = None;
            intent.canceled_at = Some(now);
            intent.cancellation = given.said("cancellation_reason").map(str::to_owned);
        }
        let json = self.intent_json(id)?;
        self.emit("payment_intent.canceled", json.clone());
        Ok(json)
    }

    /// The refusal of what an intent's status does not allow, with the intent in it.
    pub(crate) fn unexpected(&self, id: &str, message: impl Into<String>) -> ApiError {
        let error = ApiError::request(message).code("payment_intent_unexpected_state");
        match self.intents.get(id) {
            Some(intent) => error.with("payment_intent", intent.json(self)),
            None => error,
        }
    }
}
