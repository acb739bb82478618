//! What is said when a request cannot be done: Stripe's error object ("API reference", *Errors*).

use serde_json::{Map, Value, json};

use crate::cards::Decline;

/// The `type` of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Stripe's own trouble, or too many requests.
    Api,
    /// The card, or the bank behind it, said no.
    Card,
    /// An idempotency key was used again for something else.
    Idempotency,
    /// The request cannot be right.
    Request,
}

/// An error as it is answered.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    /// The HTTP status.
    pub(crate) status: u16,
    kind: Kind,
    code: Option<&'static str>,
    decline_code: Option<&'static str>,
    message: String,
    param: Option<String>,
    /// Objects beside the message: `payment_intent`, `charge`, …
    beside: Map<String, Value>,
}

impl ApiError {
    fn new(status: u16, kind: Kind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind, code: None, decline_code: None, message, param: None, beside: Map::new() }
    }

    /// A request that cannot be right: 400.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(400, Kind::Request, message)
    }

    /// Who asks is not known: 401.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, Kind::Request, message)
    }

    /// Who asks may not: 403.
    pub(crate) fn secret_key_required() -> Self {
        let message = "This API call cannot be made with a publishable API key. Please use a secret API key. You can \
                       find a list of your API keys at https://dashboard.stripe.com/account/apikeys.";
        Self::new(403, Kind::Request, message).code("secret_key_required")
    }

    /// There is no such call: 404.
    pub(crate) fn no_such_call(method: &str, path: &str) -> Self {
        let path: String = path.chars().take(200).collect();
        Self::new(
            404,
            Kind::Request,
            format!("Unrecognized request URL ({method}: {path}). See https://stripe.com/docs."),
        )
    }

    /// What the path names does not exist: 404.
    pub(crate) fn no_such(what: &str, id: &str) -> Self {
        Self { status: 404, ..Self::no_such_param(what, id, "id") }
    }

    /// What a parameter names does not exist: 400.
    pub(crate) fn no_such_param(what: &str, id: &str, param: &str) -> Self {
        let id: String = id.chars().take(80).collect();
        Self::request(format!("No such {what}: '{id}'")).code("resource_missing").param(param)
    }

    /// The idempotency key belongs to another request: 400.
    pub(crate) fn idempotency(message: impl Into<String>) -> Self {
        Self::new(400, Kind::Idempotency, message)
    }

    /// The idempotency key's first request is not done yet: 409.
    pub(crate) fn key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you \
             submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        Self::new(409, Kind::Idempotency, message).code("idempotency_key_in_use")
    }

    /// Too many requests: 429.
    pub(crate) fn rate_limited() -> Self {
        let message =
            "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.";
        Self::new(429, Kind::Request, message).code("rate_limit")
    }

    /// Stripe's own trouble: 500.
    pub(crate) fn trouble() -> Self {
        Self::new(
            500,
            Kind::Api,
            "Sorry! There was an error while talking to one of our backends. Support has been notified.",
        )
    }

    /// The card was refused: 402.
    pub(crate) fn card(decline: &Decline) -> Self {
        let mut error = Self::new(402, Kind::Card, decline.message).code(decline.code);
        error.decline_code = decline.decline_code;
        if let Some(param) = decline.param {
            error.param = Some(param.to_owned());
        }
        if let Some(advice) = decline.advice {
            error.beside.insert("advice_code".into(), advice.into());
        }
        error
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) fn param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.beside.insert(name.to_owned(), value);
        self
    }

    /// Changes the objects beside the message: a browser sees less of them.
    pub(crate) fn public(mut self, less: impl Fn(Value) -> Value) -> Self {
        self.beside = self.beside.into_iter().map(|(name, value)| (name, less(value))).collect();
        self
    }

    /// The error object itself, as `error` in an answer and as `last_payment_error` in an intent.
    pub(crate) fn object(&self) -> Value {
        let mut object = self.beside.clone();
        let kind = match self.kind {
            Kind::Api => "api_error",
            Kind::Card => "card_error",
            Kind::Idempotency => "idempotency_error",
            Kind::Request => "invalid_request_error",
        };
        object.insert("type".into(), kind.into());
        object.insert("message".into(), self.message.clone().into());
        if let Some(code) = self.code {
            object.insert("code".into(), code.into());
            let page = code.replace('_', "-");
            object.insert("doc_url".into(), format!("https://stripe.com/docs/error-codes/{page}").into());
        }
        if let Some(code) = self.decline_code {
            object.insert("decline_code".into(), code.into());
        }
        if let Some(param) = &self.param {
            object.insert("param".into(), param.clone().into());
        }
        Value::Object(object)
    }

    /// The whole answer.
    pub(crate) fn body(&self, request: &str, now: i64) -> Value {
        let mut object = self.object();
        object["request_log_url"] = format!("https://dashboard.stripe.com/test/logs/{request}?t={now}").into();
        json!({ "error": object })
    }
}
