//! What becomes of a server function's answer.
//!
//! Server functions answer [`Done`] or [`AppError`] as JSON. This middleware, around all of them, is the one place that
//! - gives an error its HTTP status,
//! - writes a refusal for lack of permission into the audit log, of pages and files too,
//! - turns the answer into a redirect when the browser posted a plain form (no WebAssembly): what was typed, what is wrong
//!   and what was done wait in the session, as a [`Flash`], for the page that follows,
//! - keeps what was typed into a form under which the session ended, until somebody has signed in.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use axum_login::tower_sessions::Session;
use http_body_util::BodyExt;
use leptos::server_fn::ServerFn;
use tandem_domain::audit::{FieldChange, Subject};

use super::{
    ClientAddr, Me, PageFlash, Refusal, Services,
    auth::{FLASH, INTERRUPTED},
    guard::sign_in_path,
    refusals::Refusals,
};
use crate::{
    error::AppError,
    pages::sign_in::SignIn,
    post::{Done, Flash, FormFlash, POSTED_AS},
};

/// Where server functions are mounted.
pub const API: &str = "/api/";
/// The header by which `server_fn` marks an error.
const ERROR_HEADER: &str = "serverfnerror";
/// Bytes of a form or of a server function's answer that are read at most; the binary's own limit for requests is lower.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// Bytes of what was typed that wait for the next page at most. The longest form of ours needs a quarter; a post that nobody
/// has to be signed in for must not fill the database.
const KEPT_MAX: usize = 16 * 1024;

/// The middleware.
pub async fn answers(State(services): State<Services>, session: Session, request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with(API);
    match *request.method() {
        Method::GET if !is_api => page(&services, &session, request, next).await,
        Method::POST if is_api && wants_page(request.headers()) => plain_form(&services, &session, request, next).await,
        Method::POST if is_api => scripted(&services, &session, request, next).await,
        _ => next.run(request).await,
    }
}

/// A page or a file: it is told what the post before it said.
async fn page(services: &Services, session: &Session, mut request: Request, next: Next) -> Response {
    let who = WhoAsked::of(&request);
    if wants_page(request.headers()) {
        let mut flash = waiting(session).await;
        // Of all forms, only that under which a session ended can reach another person's.
        let is_anothers = |form: &FormFlash| form.typed(POSTED_AS) != who.sign_in.as_deref();
        if let Some(form) = flash.form.as_mut().filter(|form| form.error == AppError::SignedOut && is_anothers(form)) {
            form.typed.clear();
        }
        request.extensions_mut().insert(PageFlash(flash));
    }
    let page = request.uri().path().to_owned();
    let response = next.run(request).await;
    if let Some(Refusal(error)) = response.extensions().get() {
        note_refusal(services, &who, &page, error).await;
    }
    response
}

/// Takes what waits for the next page. Most of the time nothing does, and then the session stays untouched: one that is
/// changed is written to the database, and its cookie set again.
async fn waiting(session: &Session) -> Flash {
    let has_any = session.get_value(FLASH).await.is_ok_and(|value| value.is_some());
    if !has_any {
        return Flash::default();
    }
    session.remove::<Flash>(FLASH).await.ok().flatten().unwrap_or_default()
}

/// A form that the browser itself posted: the answer is another page.
async fn plain_form(services: &Services, session: &Session, request: Request, next: Next) -> Response {
    let to = request.uri().path().to_owned();
    let who = WhoAsked::of(&request);
    let interrupted = interrupted(session, &to).await;
    let back = back_path(request.headers());
    let (request, typed) = match read_form(request).await {
        Ok(read) => read,
        Err(refusal) => return refusal,
    };
    let (_, answer) = read_answer(next.run(request).await).await;
    if let Err(error) = &answer {
        note_refusal(services, &who, &to, error).await;
    }
    let (is_done, is_sign_in) = (answer.is_ok(), to == SignIn::PATH);
    let (go, mut flash) = follow(to, back, typed, answer);
    if let Some(form) = flash.form.as_mut().filter(|form| form.error == AppError::SignedOut) {
        // Told once, to whoever of the two comes back: the sign-in page need not know what was typed.
        let typed = std::mem::take(&mut form.typed);
        if typed.iter().any(|(name, _)| name == POSTED_AS) {
            keep(session, INTERRUPTED, &FormFlash { typed, ..form.clone() }).await;
        }
    } else if who.sign_in.is_none() && !is_sign_in {
        return Redirect::to(&go).into_response();
    }
    flash.form = flash.form.or(interrupted.filter(|_| is_done));
    keep(session, FLASH, &flash).await;
    Redirect::to(&go).into_response()
}

/// A post of the code in the browser: the answer is JSON.
async fn scripted(services: &Services, session: &Session, request: Request, next: Next) -> Response {
    let to = request.uri().path().to_owned();
    let who = WhoAsked::of(&request);
    let interrupted = interrupted(session, &to).await;
    let response = next.run(request).await;
    if !response.headers().contains_key(ERROR_HEADER) {
        if interrupted.is_some() {
            keep(session, FLASH, &Flash { done: None, form: interrupted }).await;
        }
        return response;
    }
    let (parts, answer) = read_answer(response).await;
    let error = answer.err().unwrap_or_else(|| AppError::Unreadable("an answer that is none".into()));
    note_refusal(services, &who, &to, &error).await;
    error_response(parts.headers, &error)
}

/// The form under which the session before this one ended, if this post is about to sign somebody in: that clears the session.
async fn interrupted(session: &Session, to: &str) -> Option<FormFlash> {
    if to == SignIn::PATH { session.get(INTERRUPTED).await.ok().flatten() } else { None }
}

/// Writes something into the session.
async fn keep<T: serde::Serialize + Sync>(session: &Session, key: &str, value: &T) {
    if let Err(error) = session.insert(key, value).await {
        tracing::error!(%error, "the session store does not answer");
    }
}

/// The error as JSON under its own status.
fn error_response(mut headers: HeaderMap, error: &AppError) -> Response {
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let AppError::Wait { seconds } = error {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(error).unwrap_or_default();
    (status, headers, body).into_response()
}

/// Whether the browser itself asks, for a page to show.
fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// The path and query of the page that the form was on. Only these: a referrer cannot lead to another site.
pub(super) fn back_path(headers: &HeaderMap) -> String {
    headers
        .get(header::REFERER)
        .and_then(|referrer| referrer.to_str().ok())
        .and_then(|referrer| referrer.parse::<http::Uri>().ok())
        .and_then(|uri| uri.path_and_query().map(|whole| whole.as_str().to_owned()))
        .filter(|path| path.starts_with('/') && !path.starts_with("//"))
        .unwrap_or_else(|| "/".into())
}

/// Reads the form, and makes the request one that wants JSON.
async fn read_form(request: Request) -> Result<(Request, Vec<(String, String)>), Response> {
    let (mut parts, body) = request.into_parts();
    let bytes =
        axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
    let fields = last_values(&bytes);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let secret = |name: &str| name.contains("password") || name.contains("secret");
    let mut typed: Vec<_> = fields.into_iter().filter(|(name, _)| !secret(name)).collect();
    if typed.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > KEPT_MAX {
        typed.clear();
    }
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok((Request::from_parts(parts, Body::from(body)), typed))
}

/// The fields of a form. Of several values under one name the last counts: a ticked checkbox comes after the hidden "off"
/// that says that it was there. (Names that end in `[]` are lists and keep all.) The browser code posts the same.
fn last_values(body: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        match places.get(&name) {
            Some(&place) if !name.ends_with("[]") => fields[place].1 = value,
            Some(_) | None => {
                places.insert(name.clone(), fields.len());
                fields.push((name, value));
            }
        }
    }
    fields
}

/// Reads what the server function answered.
async fn read_answer(response: Response) -> (http::response::Parts, Result<Done, AppError>) {
    let (parts, body) = response.into_parts();
    let bytes = match http_body_util::Limited::new(body, BODY_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return (parts, Err(AppError::Unreadable("the answer is too long".into()))),
    };
    let answer = if parts.headers.contains_key(ERROR_HEADER) || !parts.status.is_success() {
        let unreadable = || AppError::Unreadable(String::from_utf8_lossy(&bytes).chars().take(200).collect());
        Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| unreadable()))
    } else {
        // A server function that only reads has no Done; posting a form to it does nothing and says nothing.
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    };
    (parts, answer)
}

/// Where a plain form's answer leads, and what the page there is told.
fn follow(to: String, back: String, typed: Vec<(String, String)>, answer: Result<Done, AppError>) -> (String, Flash) {
    match answer {
        Ok(done) => (done.go.clone().unwrap_or(back), Flash { done: Some(done), form: None }),
        Err(error) => {
            let go = match &error {
                AppError::SignedOut => sign_in_path(&back),
                AppError::Invalid(_)
                | AppError::Stale(_)
                | AppError::Forbidden(_)
                | AppError::NotFound(_)
                | AppError::Wait { .. }
                | AppError::Refused(_)
                | AppError::Unreadable(_)
                | AppError::Internal { .. }
                | AppError::Unreachable => back,
            };
            (go, Flash { done: None, form: Some(FormFlash { to, typed, error }) })
        }
    }
}

/// Who posted, kept for the audit log while the request is on its way.
struct WhoAsked {
    sign_in: Option<String>,
    customer: Option<tandem_domain::ids::CustomerId>,
    address: Option<std::net::IpAddr>,
    refusals: Refusals,
}

impl WhoAsked {
    fn of(request: &Request) -> Self {
        let me = request.extensions().get::<Me>().and_then(|me| me.0.as_ref());
        Self {
            sign_in: me.map(|me| me.sign_in.clone()),
            customer: me.and_then(tandem_domain::access::Principal::own_customer),
            address: request.extensions().get::<ClientAddr>().map(|address| address.0),
            refusals: request.extensions().get::<Refusals>().cloned().unwrap_or_default(),
        }
    }
}

/// Writes a refusal for lack of permission, or for a record of somebody else, into the audit log: the first in a minute of
/// each path.
async fn note_refusal(services: &Services, who: &WhoAsked, to: &str, error: &AppError) {
    let what = match error {
        AppError::Forbidden(what) | AppError::NotFound(what) => what,
        AppError::Invalid(_)
        | AppError::Stale(_)
        | AppError::SignedOut
        | AppError::Wait { .. }
        | AppError::Refused(_)
        | AppError::Unreadable(_)
        | AppError::Internal { .. }
        | AppError::Unreachable => return,
    };
    let Some(sign_in) = &who.sign_in else { return };
    let now = services.clock.now();
    if !who.refusals.is_news(sign_in, to, now) {
        return;
    }
    let change =
        tandem_store::Change { at: now, actor: sign_in, by_staff: who.customer.is_none(), address: who.address };
    let noted = services
        .store
        .audit()
        .note(
            &change,
            who.customer,
            Subject::Request,
            to.trim_start_matches(API),
            to,
            "refused",
            FieldChange { field: what.clone(), old: String::new(), new: error.status().to_string() },
        )
        .await;
    if let Err(error) = noted {
        tracing::error!(%error, "a refusal could not be written into the audit log");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticked_checkbox_counts_over_its_hidden_off_and_lists_keep_all() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = last_values(b"email=off&name=A+B&email=on&id%5B%5D=1&id%5B%5D=2");
        assert_eq!(fields, [pair("email", "on"), pair("name", "A B"), pair("id[]", "1"), pair("id[]", "2")]);
    }
}
