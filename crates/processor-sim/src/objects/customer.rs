//! Who pays: the Customer object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::state::State;
use crate::api::{error::ApiError, form::Node, params::merge_metadata};

/// A customer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Customer {
    id: String,
    created: i64,
    address: Option<BTreeMap<String, String>>,
    description: Option<String>,
    email: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    locales: Vec<String>,
    metadata: BTreeMap<String, String>,
    default_method: Option<String>,
}

impl Customer {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "customer",
            "address": self.address.as_ref().map(address),
            "balance": 0,
            "created": self.created,
            "currency": null,
            "default_source": null,
            "delinquent": false,
            "description": self.description,
            "email": self.email,
            "invoice_prefix": self.id.chars().rev().take(8).collect::<String>().to_uppercase(),
            "invoice_settings": {
                "custom_fields": null,
                "default_payment_method": self.default_method,
                "footer": null,
                "rendering_options": null,
            },
            "livemode": false,
            "metadata": self.metadata,
            "name": self.name,
            "next_invoice_sequence": 1,
            "phone": self.phone,
            "preferred_locales": self.locales,
            "shipping": null,
            "tax_exempt": "none",
            "test_clock": null,
        })
    }

    pub(crate) fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    pub(crate) const fn created(&self) -> i64 {
        self.created
    }

    fn set(&mut self, given: &Node) {
        let text = |slot: &mut Option<String>, name: &str| {
            if let Some(text) = given.text(&[name]) {
                *slot = Some(text.to_owned()).filter(|text| !text.is_empty());
            }
        };
        text(&mut self.description, "description");
        text(&mut self.email, "email");
        text(&mut self.name, "name");
        text(&mut self.phone, "phone");
        match given.get("address") {
            None => {}
            Some(Node::Text(_)) => self.address = None,
            Some(node) => self.address = Some(texts(node)),
        }
        if given.get("preferred_locales").is_some() {
            self.locales = given.texts("preferred_locales").into_iter().map(str::to_owned).collect();
        }
        merge_metadata(&mut self.metadata, given);
    }

    /// Forgets a method that was detached.
    pub(crate) fn forget(&mut self, method: &str) {
        self.default_method = self.default_method.take().filter(|default| default != method);
    }
}

/// The texts of a hash.
pub(crate) fn texts(node: &Node) -> BTreeMap<String, String> {
    let text = |(name, value): &(String, Node)| match value {
        Node::Text(text) if !text.is_empty() => Some((name.clone(), text.clone())),
        Node::Text(_) | Node::Hash(_) => None,
    };
    node.fields().iter().filter_map(text).collect()
}

/// An address with all its fields.
pub(crate) fn address(given: &BTreeMap<String, String>) -> Value {
    let names = ["city", "country", "line1", "line2", "postal_code", "state"];
    names.into_iter().map(|name| (name.to_owned(), json!(given.get(name)))).collect::<serde_json::Map<_, _>>().into()
}

impl State {
    /// `POST /v1/customers`
    pub(crate) fn create_customer(&mut self, given: &Node) -> Result<Value, ApiError> {
        let id = self.ids.make("cus_");
        let mut customer = Customer { id: id.clone(), created: self.seconds(), ..Customer::default() };
        customer.set(given);
        self.customers.put(&id, customer);
        let attached = match given.said("payment_method") {
            Some(method) => self.attach_named(method, &id, "payment_method"),
            None => Ok(()),
        };
        if let Err(error) = attached.and_then(|()| self.set_default_method(&id, given)) {
            self.customers.remove(&id);
            return Err(error);
        }
        let json = self.customer(&id)?.json();
        self.emit("customer.created", json.clone());
        Ok(json)
    }

    /// `POST /v1/customers/:id`
    pub(crate) fn update_customer(&mut self, id: &str, given: &Node) -> Result<Value, ApiError> {
        self.customer(id)?;
        self.set_default_method(id, given)?;
        if let Some(customer) = self.customers.get_mut(id) {
            customer.set(given);
        }
        let json = self.customer(id)?.json();
        self.emit("customer.updated", json.clone());
        Ok(json)
    }

    /// `DELETE /v1/customers/:id`: its methods are detached with it.
    pub(crate) fn delete_customer(&mut self, id: &str) -> Result<Value, ApiError> {
        let json = self.customer(id)?.json();
        let methods: Vec<String> = self.methods_of(id).map(|method| method.id.clone()).collect();
        for method in methods {
            self.detach(&method)?;
        }
        self.customers.remove(id);
        self.emit("customer.deleted", json);
        Ok(json!({ "id": id, "object": "customer", "deleted": true }))
    }

    /// The customer that a path names.
    pub(crate) fn customer(&self, id: &str) -> Result<&Customer, ApiError> {
        self.customers.get(id).ok_or_else(|| ApiError::no_such("customer", id))
    }

    /// The customer that a parameter names.
    pub(crate) fn customer_named(&self, given: &Node) -> Result<Option<String>, ApiError> {
        match given.said("customer") {
            None => Ok(None),
            Some(id) if self.customers.get(id).is_some() => Ok(Some(id.to_owned())),
            Some(id) => Err(ApiError::no_such_param("customer", id, "customer")),
        }
    }

    fn set_default_method(&mut self, id: &str, given: &Node) -> Result<(), ApiError> {
        let param = "invoice_settings[default_payment_method]";
        let Some(method) = given.text(&["invoice_settings", "default_payment_method"]) else { return Ok(()) };
        let known = self.methods.get(method).is_some_and(|method| method.customer.as_deref() == Some(id));
        if !method.is_empty() && !known {
            return Err(ApiError::request(format!(
                "The customer does not have a payment method with the ID {method}. The payment method must be \
                 attached to the customer."
            ))
            .code("resource_missing")
            .param(param));
        }
        if let Some(customer) = self.customers.get_mut(id) {
            customer.default_method = Some(method.to_owned()).filter(|method| !method.is_empty());
        }
        Ok(())
    }
}
