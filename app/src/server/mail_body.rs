//! `GET /mail/{id}.html`: an e-mail as its recipient sees it, for the frame on its page.
//!
//! Its styles stand in its elements, as mail programs want them, which the pages' own policy would not let through. So it is
//! a document of its own that may style itself and nothing more: no scripts, no pictures from elsewhere, no forms.

use axum::{
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use tandem_domain::{
    access::{Field, Principal, Who},
    ids::MailId,
};
use tandem_store::StoreError;

use super::{Me, Reference, Refusal, Services, ask};
use crate::error::AppError;

/// What the document may do. Its links open outside of the frame.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

/// Answers with the mail that the address names.
pub(super) async fn body(State(services): State<Services>, Path(name): Path<String>, request: Request) -> Response {
    let me = request.extensions().get::<Me>().and_then(|me| me.0.clone());
    let reference = Reference::of(request.extensions());
    match html(&services, me, &name, reference).await {
        Ok(html) => {
            let mut response = Html(html).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (status, error.to_string()).into_response();
            response.extensions_mut().insert(Refusal(error));
            response
        }
    }
}

async fn html(
    services: &Services,
    me: Option<Principal>,
    name: &str,
    reference: Option<Reference>,
) -> Result<String, AppError> {
    let none = || AppError::NotFound("e-mail".into());
    let me = me.ok_or(AppError::SignedOut)?;
    let id: MailId = name.strip_suffix(".html").and_then(|id| id.parse().ok()).ok_or_else(none)?;
    let outbox = services.store.outbox();
    let mail = match me.who {
        Who::Administrator(_) if me.sees(Field::Outbox) => outbox.one(id).await,
        // In the demonstration there is no mail server: people read their mail here.
        Who::Account { account, .. } if services.demo && me.sees(Field::RecordByEmail) => {
            outbox.one_of_account(account, id).await
        }
        Who::Customer(customer) if services.demo && me.sees(Field::Invoices) => {
            outbox.one_of_customer(me.tenant(customer).ok_or_else(none)?, id).await
        }
        Who::Administrator(_) | Who::Account { .. } | Who::Customer(_) => return Err(none()),
    };
    match mail {
        Ok(mail) => Ok(mail.html),
        Err(StoreError::NotFound) => Err(none()),
        Err(error) => Err(ask::fault(&error, reference)),
    }
}
