//! A card saved without a payment: the SetupIntent object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    confirm::{check_return_url, needs_return_url},
    intent::{Action, Status, Usage, automatic, automatic_json, only_with_confirm},
    state::State,
    words::Word,
};
use crate::{
    api::{error::ApiError, form::Node, params::merge_metadata},
    cards::{self, Decline, Verdict},
};

const NOT_AUTHENTICATED: &str = "The provided PaymentMethod has failed authentication. You can provide \
                                 payment_method_data or a new PaymentMethod to attempt to fulfill this SetupIntent \
                                 again.";

/// A card being saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setup {
    id: String,
    pub(crate) secret: String,
    pub(crate) created: i64,
    pub(crate) status: Status,
    pub(crate) customer: Option<String>,
    description: Option<String>,
    metadata: BTreeMap<String, String>,
    pub(crate) method: Option<String>,
    #[serde(with = "super::words::optional")]
    automatic: Option<Word>,
    #[serde(with = "super::words")]
    asks_3ds: Word,
    usage: Usage,
    pub(crate) action: Option<Action>,
    last_error: Option<Value>,
    cancellation: Option<String>,
    /// How often it was tried: the number in `latest_attempt`.
    attempts: u32,
}

impl Setup {
    pub(crate) fn json(&self, state: &State) -> Value {
        let attempt =
            (self.attempts > 0).then(|| format!("{}{}", self.id.replacen("seti", "setatt", 1), self.attempts));
        json!({
            "id": self.id,
            "object": "setup_intent",
            "application": null,
            "automatic_payment_methods": self.automatic.map(automatic_json),
            "cancellation_reason": self.cancellation,
            "client_secret": self.secret,
            "created": self.created,
            "customer": self.customer,
            "description": self.description,
            "excluded_payment_method_types": null,
            "flow_directions": null,
            "last_setup_error": self.last_error,
            "latest_attempt": attempt,
            "livemode": false,
            "mandate": null,
            "metadata": self.metadata,
            "next_action": self.action.as_ref().map(|action| action.json(&state.base)),
            "on_behalf_of": null,
            "payment_method": self.method,
            "payment_method_configuration_details": null,
            "payment_method_options": {
                "card": { "mandate_options": null, "network": null, "request_three_d_secure": self.asks_3ds },
            },
            "payment_method_types": ["card"],
            "single_use_mandate": null,
            "status": self.status.key(),
            "usage": self.usage.key(),
        })
    }

    fn set(&mut self, given: &Node) {
        if let Some(text) = given.text(&["description"]) {
            self.description = Some(text.to_owned()).filter(|text| !text.is_empty());
        }
        merge_metadata(&mut self.metadata, given);
        match given.text(&["payment_method_options", "card", "request_three_d_secure"]) {
            Some("any") => self.asks_3ds = "any",
            Some("challenge") => self.asks_3ds = "challenge",
            Some("automatic") => self.asks_3ds = "automatic",
            Some(_) | None => {}
        }
        if let Some(usage) = given.text(&["usage"]).and_then(Usage::named) {
            self.usage = usage;
        }
    }
}

impl State {
    /// `POST /v1/setup_intents`
    pub(crate) fn create_setup(&mut self, given: &Node) -> Result<Value, ApiError> {
        only_with_confirm(given, &["mandate_data", "return_url", "use_stripe_sdk"], "SetupIntent")?;
        let automatic = automatic(given)?;
        let customer = self.customer_named(given)?;
        let method = self.method_given(given, customer.as_deref(), false)?;
        let id = self.ids.make("seti_1");
        let mut setup = Setup {
            secret: self.ids.secret_of(&id),
            id: id.clone(),
            created: self.seconds(),
            status: if method.is_some() { Status::RequiresConfirmation } else { Status::RequiresPaymentMethod },
            customer,
            description: None,
            metadata: BTreeMap::new(),
            method,
            automatic,
            asks_3ds: "automatic",
            usage: Usage::OffSession,
            action: None,
            last_error: None,
            cancellation: None,
            attempts: 0,
        };
        setup.set(given);
        let created = setup.json(self);
        self.setups.put(&id, setup);
        if !given.is_true(&["confirm"]) {
            self.emit("setup_intent.created", created.clone());
            return Ok(created);
        }
        if let Err(error) = self.check_setup(&id, given) {
            self.setups.remove(&id);
            return Err(error);
        }
        self.emit("setup_intent.created", created);
        self.confirm_setup_checked(&id, given)
    }

    /// The setup that a path names.
    pub(crate) fn setup(&self, id: &str) -> Result<&Setup, ApiError> {
        self.setups.get(id).ok_or_else(|| ApiError::no_such("setupintent", id).param("intent"))
    }

    pub(crate) fn setup_json(&self, id: &str) -> Result<Value, ApiError> {
        Ok(self.setup(id)?.json(self))
    }

    fn setup_unexpected(&self, id: &str, what: &str) -> ApiError {
        let Some(setup) = self.setups.get(id) else { return ApiError::no_such("setupintent", id) };
        let message = format!(
            "You cannot {what} this SetupIntent because it has a status of {}. Only a SetupIntent with one of the \
             following statuses may be used: requires_payment_method, requires_confirmation, requires_action.",
            setup.status.key()
        );
        ApiError::request(message).code("setup_intent_unexpected_state").with("setup_intent", setup.json(self))
    }

    /// `POST /v1/setup_intents/:id`
    pub(crate) fn update_setup(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        let mut setup = self.setup(id)?.clone();
        let customer = self.customer_named(given)?.or_else(|| setup.customer.clone());
        let method = self.method_given(given, customer.as_deref(), false)?;
        let otherwise = method.is_some() || customer != setup.customer || given.text(&["payment_method"]) == Some("");
        if otherwise && !setup.status.open() {
            return Err(self.setup_unexpected(id, "update"));
        }
        setup.set(given);
        setup.customer = customer;
        if otherwise {
            setup.method = method.or_else(|| setup.method.filter(|_| given.text(&["payment_method"]) != Some("")));
            setup.action = None;
            setup.last_error = None;
            setup.status =
                if setup.method.is_some() { Status::RequiresConfirmation } else { Status::RequiresPaymentMethod };
        }
        let json = setup.json(self);
        self.setups.put(id, setup);
        Ok(json)
    }

    /// `POST /v1/setup_intents/:id/cancel`
    pub(crate) fn cancel_setup(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        if !self.setup(id)?.status.open() {
            return Err(self.setup_unexpected(id, "cancel"));
        }
        if let Some(setup) = self.setups.get_mut(id) {
            setup.status = Status::Canceled;
            setup.action = None;
            setup.cancellation = given.said("cancellation_reason").map(str::to_owned);
        }
        let json = self.setup_json(id)?;
        self.emit("setup_intent.canceled", json.clone());
        Ok(json)
    }

    /// `POST /v1/setup_intents/:id/confirm`
    pub(crate) fn confirm_setup(&mut self, id: &str, given: &Node, by_script: bool) -> Result<Value, ApiError> {
        let before = self.setup(id)?.clone();
        if !before.status.open() {
            return Err(self.setup_unexpected(id, "confirm"));
        }
        let method = self.method_given(given, before.customer.as_deref(), by_script)?;
        if let Some(setup) = self.setups.get_mut(id) {
            setup.set(given);
            setup.method = method.or(setup.method.take());
        }
        if let Err(error) = self.check_setup(id, given) {
            self.setups.put(id, before);
            return Err(error);
        }
        self.confirm_setup_checked(id, given)
    }

    fn check_setup(&self, id: &str, given: &Node) -> Result<(), ApiError> {
        let setup = self.setup(id)?;
        check_return_url(given)?;
        let Some(method) = &setup.method else {
            let message = "You cannot confirm this SetupIntent because it's missing a payment method. Update the \
                           SetupIntent with a payment method and then confirm it again.";
            return Err(ApiError::request(message)
                .code("setup_intent_unexpected_state")
                .with("setup_intent", setup.json(self)));
        };
        self.may_pay_with(method, setup.customer.as_deref())?;
        needs_return_url(setup.automatic, given)
    }

    fn confirm_setup_checked(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        if let Some(setup) = self.setups.get_mut(id) {
            setup.action = None;
            setup.last_error = None;
            setup.attempts += 1;
        }
        match self.setup_verdict(id, false)? {
            Verdict::Approved => self.set_up(id)?,
            Verdict::Declined(decline) => return Err(self.setup_declined(id, decline)?),
            Verdict::Authenticate => {
                let return_url = given.said("return_url").map(str::to_owned);
                let by_script = given.is_true(&["use_stripe_sdk"]) || return_url.is_none();
                let token = self.challenge(id, return_url.clone());
                if let Some(setup) = self.setups.get_mut(id) {
                    setup.status = Status::RequiresAction;
                    setup.action = Some(Action { token, return_url, by_script });
                }
                let json = self.setup_json(id)?;
                self.emit("setup_intent.requires_action", json);
            }
        }
        self.setup_json(id)
    }

    fn setup_verdict(&self, id: &str, authenticated: bool) -> Result<Verdict, ApiError> {
        let setup = self.setup(id)?;
        let method = self.method(setup.method.as_deref().unwrap_or_default())?;
        Ok(cards::decide_setup(method.card, matches!(setup.asks_3ds, "any" | "challenge"), authenticated))
    }

    fn set_up(&mut self, id: &str) -> Result<(), ApiError> {
        let Some(setup) = self.setups.get_mut(id) else { return Ok(()) };
        setup.status = Status::Succeeded;
        setup.action = None;
        let (method, customer) = (setup.method.clone().unwrap_or_default(), setup.customer.clone());
        let off_session = setup.usage == Usage::OffSession;
        if let Some(customer) = customer {
            self.keep(&method, &customer, off_session);
        } else if let Some(method) = self.methods.get_mut(&method) {
            method.set_up |= off_session;
        }
        let json = self.setup_json(id)?;
        self.emit("setup_intent.succeeded", json);
        Ok(())
    }

    fn setup_declined(&mut self, id: &str, decline: &'static Decline) -> Result<ApiError, ApiError> {
        let error = ApiError::card(decline);
        let error = self.setup_failed(id, error)?;
        Ok(error.with("setup_intent", self.setup_json(id)?))
    }

    /// Back to the start, with the reason.
    fn setup_failed(&mut self, id: &str, reason: ApiError) -> Result<ApiError, ApiError> {
        let method = self.setup(id)?.method.clone().unwrap_or_default();
        let method = self.methods.get(&method).map(|method| method.json()).unwrap_or_default();
        let reason = reason.with("payment_method", method);
        if let Some(setup) = self.setups.get_mut(id) {
            setup.status = Status::RequiresPaymentMethod;
            setup.method = None;
            setup.action = None;
            setup.last_error = Some(reason.object());
        }
        let json = self.setup_json(id)?;
        self.emit("setup_intent.setup_failed", json);
        Ok(reason)
    }

    /// The customer has answered the bank. `false` if nobody waits for this answer any more.
    pub(crate) fn setup_authenticated(&mut self, id: &str, token: &str, succeeded: bool) -> bool {
        let waits = self.setups.get(id).is_some_and(|setup| {
            setup.status == Status::RequiresAction && setup.action.as_ref().is_some_and(|action| action.token == token)
        });
        if !waits {
            return false;
        }
        let done = if succeeded {
            match self.setup_verdict(id, true) {
                Ok(Verdict::Declined(decline)) => self.setup_declined(id, decline).map(|_| ()),
                Ok(Verdict::Approved | Verdict::Authenticate) => self.set_up(id),
                Err(error) => Err(error),
            }
        } else {
            let error = ApiError::request(NOT_AUTHENTICATED).code("setup_intent_authentication_failure");
            self.setup_failed(id, error).map(|_| ())
        };
        done.is_ok()
    }
}
