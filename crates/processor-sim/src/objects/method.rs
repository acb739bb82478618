//! What is paid with: the PaymentMethod object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    customer::{address, texts},
    state::State,
};
use crate::{
    api::{error::ApiError, form::Node, params::merge_metadata},
    cards::{self, Decline, TestCard},
};

/// A saved or a new card.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Method {
    pub(crate) id: String,
    created: i64,
    #[serde(with = "crate::cards::kept_card")]
    pub(crate) card: &'static TestCard,
    exp_month: i64,
    exp_year: i64,
    /// Whether a security code was given, which then counts as right.
    cvc: bool,
    pub(crate) customer: Option<String>,
    billing: Billing,
    metadata: BTreeMap<String, String>,
    redisplay: String,
    /// Paid with, or detached, without a customer: Stripe then takes it no more.
    pub(crate) spent: bool,
    /// Set up for payments off session, by an authentication or without need of one.
    pub(crate) set_up: bool,
}

/// Whose card it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Billing {
    address: BTreeMap<String, String>,
    texts: BTreeMap<String, String>,
}

impl Billing {
    fn set(&mut self, given: &Node) {
        let Some(node) = given.get("billing_details") else { return };
        self.texts.extend(texts(node));
        if let Some(address) = node.get("address") {
            self.address = texts(address);
        }
    }

    fn json(&self) -> Value {
        let text = |name: &str| self.texts.get(name);
        json!({
            "address": address(&self.address),
            "email": text("email"),
            "name": text("name"),
            "phone": text("phone"),
            "tax_id": text("tax_id"),
        })
    }
}

impl Method {
    pub(crate) fn json(&self) -> Value {
        let card = self.card;
        json!({
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": self.redisplay,
            "billing_details": self.billing.json(),
            "card": {
                "brand": card.brand,
                "checks": {
                    "address_line1_check": null,
                    "address_postal_code_check": null,
                    "cvc_check": self.cvc_check(),
                },
                "country": "US",
                "display_brand": card.brand,
                "exp_month": self.exp_month,
                "exp_year": self.exp_year,
                "fingerprint": self.fingerprint(),
                "funding": card.funding,
                "generated_from": null,
                "last4": card.last4(),
                "networks": { "available": [card.brand], "preferred": null },
                "regulated_status": "unregulated",
                "three_d_secure_usage": { "supported": true },
                "wallet": null,
            },
            "created": self.created,
            "customer": self.customer,
            "livemode": false,
            "metadata": self.metadata,
            "type": "card",
        })
    }

    pub(crate) fn billing_json(&self) -> Value {
        self.billing.json()
    }

    /// `payment_method_details` of a charge. `authenticated`: by 3-D Secure.
    pub(crate) fn details(&self, amount: i64, authenticated: bool) -> Value {
        let secure = authenticated.then(|| {
            json!({
                "authentication_flow": "challenge",
                "electronic_commerce_indicator": "05",
                "exemption_indicator": null,
                "result": "authenticated",
                "result_reason": null,
                "transaction_id": null,
                "version": "2.2.0",
            })
        });
        json!({
            "card": {
                "amount_authorized": amount,
                "authorization_code": null,
                "brand": self.card.brand,
                "checks": {
                    "address_line1_check": null,
                    "address_postal_code_check": null,
                    "cvc_check": self.cvc_check(),
                },
                "country": "US",
                "exp_month": self.exp_month,
                "exp_year": self.exp_year,
                "extended_authorization": { "status": "disabled" },
                "fingerprint": self.fingerprint(),
                "funding": self.card.funding,
                "incremental_authorization": { "status": "unavailable" },
                "installments": null,
                "last4": self.card.last4(),
                "mandate": null,
                "multicapture": { "status": "unavailable" },
                "network": self.card.brand,
                "network_token": { "used": false },
                "network_transaction_id": "123456789012345",
                "overcapture": { "maximum_amount_capturable": amount, "status": "unavailable" },
                "regulated_status": "unregulated",
                "three_d_secure": secure,
                "wallet": null,
            },
            "type": "card",
        })
    }

    fn cvc_check(&self) -> &'static str {
        match (self.cvc, self.card.decline) {
            (true, Some(Decline { code: "incorrect_cvc", .. })) => "fail",
            (true, _) => "pass",
            (false, _) => "unchecked",
        }
    }

    /// The same for the same number, and no part of it.
    fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.card.number.as_bytes());
        digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A request's card, checked as far as a form can.
fn card_given(given: &Node, within: &[&str], now: i64) -> Result<(&'static TestCard, i64, i64, bool), ApiError> {
    let full = |name: &'static str| [within, &["card", name]].concat();
    let param = |name: &str| {
        let whole = within.iter().copied().chain(["card", name]);
        whole.reduce(|_, name| name).map(str::to_owned).unwrap_or_default()
    };
    let refused = |decline: &Decline, name: &str| ApiError::card(decline).param(param(name));
    if let Some(token) = given.text(&full("token")) {
        // `tok_visa` stands for the card of `pm_card_visa`.
        let method = token.replacen("tok_", "pm_card_", 1);
        let card = cards::by_method(&method).ok_or_else(|| ApiError::no_such_param("token", token, "card[token]"))?;
        return Ok((card, 12, 2034, false));
    }
    let missing = |name: &str| {
        let name = format!("card[{name}]");
        ApiError::request(format!("Missing required param: {name}.")).code("parameter_missing").param(name)
    };
    let number: String =
        given.text(&full("number")).ok_or_else(|| missing("number"))?.chars().filter(|c| !" -".contains(*c)).collect();
    if !cards::checks(&number) {
        return Err(refused(&cards::INCORRECT_NUMBER, "number"));
    }
    let month = given.number(&full("exp_month")).ok_or_else(|| missing("exp_month"))?;
    let year = given.number(&full("exp_year")).ok_or_else(|| missing("exp_year"))?;
    let year = if (0..100).contains(&year) { year + 2000 } else { year };
    // Close enough to the calendar for a stand-in: years of 365.2425 days, months of a twelfth.
    let months_now = now.div_euclid(2_629_746) + 1970 * 12;
    if !(1..=12).contains(&month) {
        return Err(refused(&cards::INVALID_MONTH, "exp_month"));
    }
    if year * 12 + month - 1 < months_now || year > months_now / 12 + 50 {
        return Err(refused(&cards::INVALID_YEAR, "exp_year"));
    }
    let cvc = given.text(&full("cvc"));
    if cvc.is_some_and(|cvc| !(3..=4).contains(&cvc.len()) || !cvc.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(refused(&cards::INVALID_CVC, "cvc"));
    }
    let card = cards::by_number(&number).ok_or_else(|| ApiError::card(&cards::NOT_A_TEST_CARD))?;
    Ok((card, month, year, cvc.is_some()))
}

impl State {
    fn new_method(&mut self, (card, exp_month, exp_year, cvc): (&'static TestCard, i64, i64, bool)) -> Method {
        Method {
            id: self.ids.make("pm_1"),
            created: self.seconds(),
            card,
            exp_month,
            exp_year,
            cvc,
            customer: None,
            billing: Billing::default(),
            metadata: BTreeMap::new(),
            redisplay: "unspecified".to_owned(),
            spent: false,
            set_up: false,
        }
    }

    /// A new method from `type`, `card`, `billing_details`, … within a hash of the request, or in the request itself.
    /// `by_script`: who sends the number of a card itself, not a token, must be the script.
    pub(crate) fn make_method(&mut self, given: &Node, within: &[&str], by_script: bool) -> Result<String, ApiError> {
        let fields = given.at(within).unwrap_or(given);
        if fields.text(&["card", "number"]).is_some() && !by_script {
            return Err(ApiError::request(
                "Sending credit card numbers directly to the Stripe API is generally unsafe. To continue processing \
                 use Stripe.js, the Stripe mobile bindings, or Stripe Elements.",
            ));
        }
        let mut method = self.new_method(card_given(given, within, self.seconds())?);
        method.billing.set(fields);
        merge_metadata(&mut method.metadata, fields);
        if let Some(redisplay) = fields.said("allow_redisplay") {
            method.redisplay = redisplay.to_owned();
        }
        let id = method.id.clone();
        self.methods.put(&id, method);
        Ok(id)
    }

    /// `POST /v1/payment_methods`
    pub(crate) fn create_method(&mut self, given: &Node, by_script: bool) -> Result<Value, ApiError> {
        let id = self.make_method(given, &[], by_script)?;
        Ok(self.method(&id)?.json())
    }

    /// `POST /v1/payment_methods/:id`
    pub(crate) fn update_method(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        let Some(method) = self.methods.get_mut(id) else { return Err(no_such(id)) };
        if method.customer.is_none() {
            return Err(ApiError::request("You must save this PaymentMethod to a customer before you can update it."));
        }
        method.billing.set(given);
        merge_metadata(&mut method.metadata, given);
        if let Some(redisplay) = given.said("allow_redisplay") {
            method.redisplay = redisplay.to_owned();
        }
        if let Some(month) = given.number(&["card", "exp_month"]) {
            method.exp_month = month;
        }
        if let Some(year) = given.number(&["card", "exp_year"]) {
            method.exp_year = year;
        }
        let json = method.json();
        self.emit("payment_method.updated", json.clone());
        Ok(json)
    }

    /// The method that a path names.
    pub(crate) fn method(&self, id: &str) -> Result<&Method, ApiError> {
        self.methods.get(id).ok_or_else(|| no_such(id))
    }

    /// The method that a parameter names. Stripe's own, like `pm_card_visa`, make a new one.
    pub(crate) fn method_named(&mut self, id: &str, param: &str) -> Result<String, ApiError> {
        if let Some(card) = cards::by_method(id) {
            let method = self.new_method((card, 12, 2034, false));
            let id = method.id.clone();
            self.methods.put(&id, method);
            return Ok(id);
        }
        match self.methods.get(id) {
            Some(method) => Ok(method.id.clone()),
            None => Err(ApiError::no_such_param("PaymentMethod", id, param)),
        }
    }

    /// The methods of a customer, the newest first.
    pub(crate) fn methods_of<'a>(&'a self, customer: &'a str) -> impl Iterator<Item = &'a Method> {
        self.methods
            .iter()
            .rev()
            .map(|(_, method)| method)
            .filter(move |method| method.customer.as_deref() == Some(customer))
    }

    /// `POST /v1/payment_methods/:id/attach`
    pub(crate) fn attach_method(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        let customer = self.customer_named(given)?.unwrap_or_default();
        let id =
            if cards::by_method(id).is_some() { self.method_named(id, "id")? } else { self.method(id)?.id.clone() };
        self.attach(&id, &customer)?;
        Ok(self.method(&id)?.json())
    }

    /// Attaches the method that a parameter names.
    pub(crate) fn attach_named(&mut self, id: &str, customer: &str, param: &str) -> Result<(), ApiError> {
        let id = self.method_named(id, param)?;
        self.attach(&id, customer)
    }

    fn attach(&mut self, id: &str, customer: &str) -> Result<(), ApiError> {
        let method = self.method(id)?;
        match &method.customer {
            Some(owner) if owner == customer => return Ok(()),
            Some(_) => {
                return Err(ApiError::request(
                    "The payment method you provided has already been attached to a customer.",
                )
                .code("resource_already_exists"));
            }
            None => {}
        }
        if method.spent {
            return Err(spent());
        }
        if let (Some(decline), false) = (method.card.decline, method.card.attachable) {
            return Err(ApiError::card(decline));
        }
        self.keep(id, customer, false);
        Ok(())
    }

    /// The card belongs to the customer from now on: attached by a request, or by an intent that says so.
    pub(crate) fn keep(&mut self, id: &str, customer: &str, set_up: bool) {
        let Some(method) = self.methods.get_mut(id) else { return };
        method.set_up |= set_up;
        if method.customer.is_some() {
            return;
        }
        method.customer = Some(customer.to_owned());
        let json = method.json();
        self.emit("payment_method.attached", json);
    }

    /// `POST /v1/payment_methods/:id/detach`
    pub(crate) fn detach(&mut self, id: &str) -> Result<Value, ApiError> {
        let Some(method) = self.methods.get_mut(id) else { return Err(no_such(id)) };
        let Some(customer) = method.customer.take() else {
            return Err(ApiError::request(
                "The payment method you provided is not attached to a customer so detachment is impossible.",
            ));
        };
        method.spent = true;
        let json = method.json();
        if let Some(customer) = self.customers.get_mut(&customer) {
            customer.forget(id);
        }
        self.emit("payment_method.detached", json.clone());
        Ok(json)
    }

    /// Whether an intent of `customer` may be paid with a method.
    pub(crate) fn may_pay_with(&self, id: &str, customer: Option<&str>) -> Result<(), ApiError> {
        let method = self.method(id)?;
        match (method.customer.as_deref(), customer) {
            (Some(_), None) => Err(ApiError::request(
                "The payment method you provided is attached to a customer so for security purposes you must provide \
                 the customer in the request.",
            )
            .param("payment_method")),
            (Some(owner), Some(customer)) if owner != customer => Err(ApiError::request(format!(
                "The customer does not have a payment method with the ID {id}. The payment method must be attached to \
                 the customer."
            ))
            .param("payment_method")),
            (None, _) if method.spent => Err(spent()),
            (Some(_) | None, _) => Ok(()),
        }
    }
}

fn no_such(id: &str) -> ApiError {
    ApiError::no_such("PaymentMethod", id).param("payment_method")
}

fn spent() -> ApiError {
    ApiError::request(
        "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with \
         a connected account without Customer attachment, or was detached from a Customer. It may not be used again. \
         To use a PaymentMethod multiple times, you must attach it to a Customer first.",
    )
    .param("payment_method")
}
