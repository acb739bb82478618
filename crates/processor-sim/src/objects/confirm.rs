//! Paying: an intent is confirmed, the bank says yes, no or "who is it?", and the customer answers.

use serde_json::{Value, json};

use super::{
    charge::ChargeStatus,
    intent::{Action, Status, Usage},
    state::{State, millis},
};
use crate::{
    api::{error::ApiError, form::Node},
    cards::{self, Decline, Presence, Verdict},
    webhooks::agenda::Task,
};

/// What Stripe says of an authentication that failed or was given up.
const NOT_AUTHENTICATED: &str = "The provided PaymentMethod has failed authentication. You can provide \
                                 payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent \
                                 again.";

/// The presence that a request says.
fn presence(given: &Node) -> Presence {
    match given.text(&["off_session"]) {
        None | Some("" | "false") => Presence::OnSession,
        Some(_) => Presence::OffSession,
    }
}

/// Whether a text can be an address to come back to: a scheme and something behind it, in printable characters.
pub(crate) fn check_return_url(given: &Node) -> Result<(), ApiError> {
    let Some(url) = given.text(&["return_url"]) else { return Ok(()) };
    let scheme = url.split_once("://").map(|(scheme, rest)| (scheme, !rest.is_empty()));
    let good = scheme.is_some_and(|(scheme, rest)| {
        rest && scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
            && scheme != "javascript"
            && url.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if good { Ok(()) } else { Err(ApiError::request("Not a valid URL").code("url_invalid").param("return_url")) }
}

/// Automatic methods may send the customer away, so the way back must be known.
pub(crate) fn needs_return_url(automatic: Option<&str>, given: &Node) -> Result<(), ApiError> {
    let known = given.said("return_url").is_some() || given.is_true(&["use_stripe_sdk"]);
    if automatic == Some("always") && !known {
        return Err(ApiError::request(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of \
             these payment methods might redirect your customer off of your page, you must provide a `return_url`. If \
             you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to \
             `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and \
             Payment Intents.",
        )
        .param("return_url"));
    }
    Ok(())
}

impl State {
    /// `POST /v1/payment_intents/:id/confirm`. `by_script`: with the publishable key, from the customer's browser.
    pub(crate) fn confirm_intent(&mut self, id: &str, given: &Node, by_script: bool) -> Result<Value, ApiError> {
        let customer = self.intent(id)?.customer.clone();
        self.confirmable(id)?;
        let method = self.method_given(given, customer.as_deref(), by_script)?;
        let before = self.intent(id)?.clone();
        if let Some(intent) = self.intents.get_mut(id) {
            intent.set(given);
            intent.method = method.or(intent.method.take());
        }
        if let Err(error) = self.check_confirmation(id, given) {
            self.intents.put(id, before);
            return Err(error);
        }
        self.confirm_checked(id, given)
    }

    fn confirmable(&self, id: &str) -> Result<(), ApiError> {
        let status = self.intent(id)?.status;
        match status {
            Status::RequiresPaymentMethod | Status::RequiresConfirmation | Status::RequiresAction => Ok(()),
            Status::Succeeded => Err(self.unexpected(
                id,
                "You cannot confirm this PaymentIntent because it has already succeeded after being previously \
                 confirmed.",
            )),
            Status::Processing | Status::Canceled => Err(self.unexpected(
                id,
                format!(
                    "You cannot confirm this PaymentIntent because it has a status of {}. Only a PaymentIntent with \
                     one of the following statuses may be confirmed: requires_confirmation, requires_action.",
                    status.key()
                ),
            )),
        }
    }

    /// Whether a confirmation makes sense, before anything happens.
    pub(crate) fn check_confirmation(&self, id: &str, given: &Node) -> Result<(), ApiError> {
        let intent = self.intent(id)?;
        check_return_url(given)?;
        if presence(given) == Presence::OffSession && intent.future.is_some() {
            return Err(ApiError::request(
                "You cannot confirm with `off_session=true` when `setup_future_usage` is also set on the \
                 PaymentIntent. The customer needs to be on-session to perform the steps which may be required to set \
                 up the PaymentMethod for future usage. Please confirm this PaymentIntent with your customer \
                 on-session.",
            )
            .param("off_session"));
        }
        let Some(method) = &intent.method else {
            return Err(self.unexpected(
                id,
                "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update \
                 the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with \
                 a payment method or ConfirmationToken.",
            ));
        };
        self.may_pay_with(method, intent.customer.as_deref())?;
        needs_return_url(intent.automatic, given)
    }

    /// Goes on with a confirmation that [`Self::check_confirmation`] has let through.
    pub(crate) fn confirm_checked(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        if let Some(intent) = self.intents.get_mut(id) {
            intent.action = None;
            intent.last_error = None;
        }
        match self.verdict(id, presence(given), false)? {
            Verdict::Approved => self.approved(id, false)?,
            Verdict::Declined(decline) => return Err(self.declined(id, decline, false)?),
            Verdict::Authenticate if given.is_true(&["error_on_requires_action"]) => {
                return Err(self.declined(id, &cards::AUTHENTICATION_REQUIRED, false)?);
            }
            Verdict::Authenticate => {
                let return_url = given.said("return_url").map(str::to_owned);
                let by_script = given.is_true(&["use_stripe_sdk"]) || return_url.is_none();
                let token = self.challenge(id, return_url.clone());
                if let Some(intent) = self.intents.get_mut(id) {
                    intent.status = Status::RequiresAction;
                    intent.action = Some(Action { token, return_url, by_script });
                }
                let json = self.intent_json(id)?;
                self.emit("payment_intent.requires_action", json);
            }
        }
        self.intent_json(id)
    }

    fn verdict(&self, id: &str, presence: Presence, authenticated: bool) -> Result<Verdict, ApiError> {
        let intent = self.intent(id)?;
        let method = self.method(intent.method.as_deref().unwrap_or_default())?;
        let asked = matches!(intent.asks_3ds, "any" | "challenge");
        Ok(cards::decide(method.card, presence, asked, method.set_up, authenticated))
    }

    /// The bank said yes: the money moves, or will (`processing`, on request of a test).
    fn approved(&mut self, id: &str, authenticated: bool) -> Result<(), ApiError> {
        let charge = self.charge(id, ChargeStatus::Pending, None, authenticated)?;
        if !self.processing.holds() {
            return self.captured(id, &charge);
        }
        if let Some(intent) = self.intents.get_mut(id) {
            intent.status = Status::Processing;
            intent.action = None;
        }
        let pending = self.charge_json(&charge)?;
        self.emit("charge.pending", pending);
        let json = self.intent_json(id)?;
        self.emit("payment_intent.processing", json);
        if let Some(after) = self.processing.settle_after {
            let at = self.now.saturating_add(i64::try_from(millis(after)).unwrap_or(i64::MAX));
            self.agenda.put(at, Task::Settle { intent: id.to_owned(), succeeds: !self.processing.fails });
        }
        Ok(())
    }

    /// A payment that is processing comes to its end. One that is not is left alone, and `false` said.
    pub(crate) fn settle(&mut self, id: &str, succeeds: bool) -> bool {
        let Some(intent) = self.intents.get(id).filter(|intent| intent.status == Status::Processing) else {
            return false;
        };
        let Some(charge) = intent.latest_charge.clone() else { return false };
        let done =
            if succeeds { self.captured(id, &charge) } else { self.declined(id, &cards::GENERIC, false).map(|_| ()) };
        done.is_ok()
    }

    /// The money has moved: once for each intent, since only an intent that waits for it comes here.
    fn captured(&mut self, id: &str, charge: &str) -> Result<(), ApiError> {
        let Some(intent) = self.intents.get_mut(id) else { return Ok(()) };
        intent.status = Status::Succeeded;
        intent.action = None;
        intent.received = intent.amount;
        let intent = intent.clone();
        if let Some(charge) = self.charges.get_mut(charge) {
            charge.capture();
        }
        self.count(&intent.metadata, |tally| {
            tally.captured += intent.amount;
            tally.charges += 1;
        });
        let method = intent.method.as_deref().unwrap_or_default();
        match (&intent.customer, intent.future) {
            (Some(customer), Some(usage)) => self.keep(method, customer, usage == Usage::OffSession),
            (Some(_) | None, _) => {
                if let Some(method) = self.methods.get_mut(method) {
                    method.spent |= method.customer.is_none();
                }
            }
        }
        let charge = self.charge_json(charge)?;
        self.emit("charge.succeeded", charge);
        self.emit("payment_intent.succeeded", intent.json(self));
        Ok(())
    }

    /// The bank said no. The error carries the intent, as Stripe's does.
    fn declined(&mut self, id: &str, decline: &'static Decline, authenticated: bool) -> Result<ApiError, ApiError> {
        let waiting = self.intent(id)?.status == Status::Processing;
        let charge = match self.intent(id)?.latest_charge.clone().filter(|_| waiting) {
            Some(charge) => charge,
            None => self.charge(id, ChargeStatus::Failed, Some(decline), authenticated)?,
        };
        if let Some(charge) = self.charges.get_mut(&charge) {
            charge.fail(decline);
        }
        let method = self.intent(id)?.method.clone().unwrap_or_default();
        let method = self.methods.get(&method).map(|method| method.json()).unwrap_or_default();
        let error = ApiError::card(decline).with("charge", json!(charge)).with("payment_method", method);
        let failed = self.charge_json(&charge)?;
        self.emit("charge.failed", failed);
        self.failed(id, error.object())?;
        Ok(error.with("payment_intent", self.intent_json(id)?))
    }

    /// Back to the start, with the reason.
    fn failed(&mut self, id: &str, reason: Value) -> Result<(), ApiError> {
        if let Some(intent) = self.intents.get_mut(id) {
            intent.status = Status::RequiresPaymentMethod;
            intent.method = None;
            intent.action = None;
            intent.last_error = Some(reason);
        }
        let json = self.intent_json(id)?;
        self.emit("payment_intent.payment_failed", json);
        Ok(())
    }

    /// The customer has answered the bank. `false` if nobody waits for this answer any more.
    pub(crate) fn authenticated(&mut self, id: &str, token: &str, succeeded: bool) -> bool {
        let waits = self.intents.get(id).is_some_and(|intent| {
            intent.status == Status::RequiresAction
                && intent.action.as_ref().is_some_and(|action| action.token == token)
        });
        if !waits {
            return false;
        }
        let done = if succeeded {
            match self.verdict(id, Presence::OnSession, true) {
                Ok(Verdict::Declined(decline)) => self.declined(id, decline, true).map(|_| ()),
                Ok(Verdict::Approved | Verdict::Authenticate) => self.approved(id, true),
                Err(error) => Err(error),
            }
        } else {
            let method = self.intents.get(id).and_then(|intent| intent.method.clone()).unwrap_or_default();
            let method = self.methods.get(&method).map(|method| method.json()).unwrap_or_default();
            let error = ApiError::request(NOT_AUTHENTICATED).code("payment_intent_authentication_failure");
            self.failed(id, error.with("payment_method", method).object())
        };
        done.is_ok()
    }
}
