//! `POST /webhooks/{payment system}`: a payment processor sends word. What it is worth is billing's to say; here the answer is
//! given by which a processor knows whether to send it again.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use tandem_billing::{billing::Billing, error::BillingError, hearing::Heard};
use tandem_domain::ids::PaymentSystemId;
use tandem_store::StoreError;

/// The route.
pub fn routes(billing: Billing) -> Router {
    Router::new().route("/webhooks/{system}", post(hear)).with_state(billing)
}

async fn hear(
    State(billing): State<Billing>,
    Path(system): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let Ok(system) = system.parse::<PaymentSystemId>() else { return NOT_HERE };
    match billing.webhook(system, &headers, &body).await {
        Ok(Heard::Done | Heard::Before | Heard::Ignored(_)) => (StatusCode::OK, ""),
        Ok(Heard::Refused(_)) => (StatusCode::BAD_REQUEST, "The signature or the text is not that of the processor."),
        Err(BillingError::NoCredentials(_) | BillingError::Store(StoreError::NotFound)) => NOT_HERE,
        Err(error) => {
            tracing::warn!(%system, %error, "a webhook could not be worked on; the processor sends it again");
            (StatusCode::SERVICE_UNAVAILABLE, "Try again later.")
        }
    }
}

const NOT_HERE: (StatusCode, &str) = (StatusCode::NOT_FOUND, "There is no such payment system.");
