//! How does a request get to Stripe, how long is it waited for, and how often is it tried?
//!
//! A request that may have been done though no answer came is only tried again when that does no harm: a read, or a
//! write with an idempotency key. Stripe says itself in `Stripe-Should-Retry` whether it is worth it; where it does
//! not, the statuses that it documents as passing count (<https://docs.stripe.com/error-low-level>). Nothing of any
//! length is read.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header};
use rand::Rng;
use serde::de::DeserializeOwned;
use stripe_client_core::{RequestBuilder, StripeMethod};
use url::Url;

use super::StripeOptions;
use crate::{processor::ProcessorError, secret::Secret};

/// Octets of an answer that are read at most. A page of a hundred payments has about half a million.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// The longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(4);
/// Characters of a request id that are kept.
const REQUEST_ID_MAX: usize = 64;

/// The way to one account.
pub(super) struct Wire {
    client: reqwest::Client,
    /// With `/v1` and without a slash at its end.
    base: String,
    headers: HeaderMap,
    patience: Duration,
    tries: u32,
    pause: Duration,
}

/// What came back, whatever it says.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Stripe's name of the request, for its support.
    pub(super) request: String,
    /// It was not done now: this is what was answered the first time.
    pub(super) is_replayed: bool,
    body: Vec<u8>,
    should_retry: Option<bool>,
}

impl Answer {
    /// The answer's content.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ProcessorError> {
        // What serde says of it tells where it is wrong, and may repeat a value: only the place goes into a log.
        serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column, request) = (error.line(), error.column(), &self.request);
            ProcessorError::Unreadable(format!("line {line}, column {column} of the answer to request {request}"))
        })
    }

    /// As [`Answer::read`], when it may be anything.
    pub(super) fn try_read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    fn is_worth_another_try(&self) -> bool {
        // What is only repeated stays as it is.
        !self.is_replayed && self.should_retry.unwrap_or(matches!(self.status, 409 | 424 | 429 | 500..=504))
    }
}

impl Wire {
    pub(super) fn new(
        options: &StripeOptions,
        client: &reqwest::Client,
        secret_key: &Secret,
    ) -> Result<Self, ProcessorError> {
        let refused = |param: &str, message: &str| ProcessorError::Refused {
            code: "configuration".to_owned(),
            param: param.to_owned(),
            message: message.to_owned(),
            request: "none".to_owned(),
        };
        let mut key = header::HeaderValue::try_from(format!("Bearer {}", secret_key.expose()))
            .map_err(|_| refused("secret_key", "the secret key has characters that no key has"))?;
        key.set_sensitive(true);
        let version = header::HeaderValue::try_from(super::api_version())
            .map_err(|_| refused("version", "the version is none"))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, key);
        headers.insert("stripe-version", version);
        Ok(Self {
            client: client.clone(),
            base: format!("{}/v1", options.api.as_str().trim_end_matches('/')),
            headers,
            patience: options.patience,
            tries: options.tries.max(1),
            pause: options.pause,
        })
    }

    /// Sends a request until there is an answer that stays, or the last attempt is over. `key`: what makes a write the
    /// same write when it is sent again; every write has one.
    pub(super) async fn send(&self, request: RequestBuilder, key: Option<&str>) -> Result<Answer, ProcessorError> {
        let RequestBuilder { query, body, path, method } = request;
        let method = match method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let query = query.filter(|query| !query.is_empty()).map(|query| format!("?{query}")).unwrap_or_default();
        let url: Url = format!("{}{path}{query}", self.base)
            .parse()
            .map_err(|_| ProcessorError::Unreachable("its address is none".to_owned()))?;
        let body = body.map(|body| sorted(&body));
        let can_repeat = method == Method::GET || key.is_some();
        let tries = if can_repeat { self.tries } else { 1 };
        let mut pause = self.pause;
        let mut attempt = 1;
        loop {
            let sent = tokio::time::timeout(self.patience, self.try_once(&method, &url, body.as_deref(), key)).await;
            let outcome = sent.unwrap_or_else(|_| {
                Err(ProcessorError::Unreachable(format!("no answer within {} seconds", self.patience.as_secs())))
            });
            let is_last = attempt >= tries;
            match outcome {
                Ok(answer) if is_last || !answer.is_worth_another_try() => {
                    count(outcome_of(answer.status));
                    return Ok(answer);
                }
                Ok(answer) => {
                    let Answer { status, request, .. } = &answer;
                    tracing::info!(%method, path, status, request, attempt, "Stripe asks to try again");
                }
                Err(error) if is_last || !matches!(error, ProcessorError::Unreachable(_)) => {
                    count("unreachable");
                    return Err(error);
                }
                Err(error) => tracing::info!(%method, path, %error, attempt, "Stripe does not answer; trying again"),
            }
            // From half to all of it, so that many who failed at once do not come back at once.
            let share = rand::rng().random_range(0.5..=1.0);
            tokio::time::sleep(pause.mul_f64(share)).await;
            pause = (pause * 2).min(PAUSE_MAX);
            attempt += 1;
        }
    }

    async fn try_once(
        &self,
        method: &Method,
        url: &Url,
        body: Option<&str>,
        key: Option<&str>,
    ) -> Result<Answer, ProcessorError> {
        let mut request = self.client.request(method.clone(), url.clone()).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.to_owned());
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let mut response = request.send().await.map_err(|error| unreachable(&error))?;
        let head = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let request_id = head("request-id").unwrap_or("none");
        let (is_replayed, should_retry) = (
            head("idempotent-replayed") == Some("true"),
            head("stripe-should-retry").and_then(|value| value.parse().ok()),
        );
        let request = request_id.chars().filter(|c| c.is_ascii_graphic()).take(REQUEST_ID_MAX).collect();
        let status: StatusCode = response.status();
        let too_long = || ProcessorError::Unreadable(format!("it is longer than {ANSWER_MAX} octets"));
        if response.content_length().is_some_and(|length| length > ANSWER_MAX as u64) {
            return Err(too_long());
        }
        let mut octets = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if octets.len() + chunk.len() > ANSWER_MAX {
                return Err(too_long());
            }
            octets.extend_from_slice(&chunk);
        }
        Ok(Answer { status: status.as_u16(), request, is_replayed, body: octets, should_retry })
    }
}

/// The pairs of a form in the order of their names, so that equal requests are equal octets; a map has no order of its
/// own.
fn sorted(body: &str) -> String {
    let mut pairs: Vec<&str> = body.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// What failed, without the address: it is in the span, and nothing secret may come with it.
fn unreachable(error: &reqwest::Error) -> ProcessorError {
    let what = if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection broke"
    };
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    ProcessorError::Unreachable(format!("{what} ({deepest})"))
}

fn count(outcome: &'static str) {
    metrics::counter!("tandem_processor_requests_total", "processor" => "stripe", "outcome" => outcome).increment(1);
}

const fn outcome_of(status: u16) -> &'static str {
    match status {
        200..=299 => "done",
        402 => "declined",
        429 => "limited",
        400..=499 => "refused",
        _ => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_requests_are_equal_octets() {
        assert_eq!(sorted("b=2&metadata[z]=1&a=1&&metadata[a]=2"), "a=1&b=2&metadata[a]=2&metadata[z]=1");
    }
}
