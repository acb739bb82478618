//! Stands before every page: ends sessions that lasted too long, sends those who are not signed in to the sign-in page, and
//! notes who is asking.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use tandem_domain::ids::Timestamp;

use super::{
    Me, Services,
    auth::{AuthSession, SEEN_AT, SIGNED_IN_AT},
};

/// Seconds between two notes of "still here": the idle expiry is prolonged this often, not with every request.
const SEEN_SECONDS: i64 = 60;

/// The middleware.
pub async fn guard(
    State(services): State<Services>,
    mut auth: AuthSession,
    mut request: Request,
    next: Next,
) -> Response {
    if let Err(error) = end_if_too_old(&services, &mut auth).await {
        tracing::error!(%error, "the session store does not answer");
        return (http::StatusCode::SERVICE_UNAVAILABLE, "The database does not answer. Try again in a moment.")
            .into_response();
    }
    let me = auth.user.as_ref().map(|user| user.me.clone());
    if request.method() == Method::GET
        && let Some(elsewhere) = elsewhere(&request, me.as_ref())
    {
        return Redirect::to(&elsewhere).into_response();
    }
    if let Some(me) = &me {
        tracing::Span::current().record("user", me.sign_in.as_str());
    }
    request.extensions_mut().insert(Me(me));
    next.run(request).await
}

/// Where a request for a page has to go instead: the start page, or the sign-in page and back.
fn elsewhere(request: &Request, me: Option<&tandem_domain::access::Principal>) -> Option<String> {
    let path = request.uri().path();
    match me {
        Some(me) => (path == "/" || path == "/sign-in").then(|| me.home().to_owned()),
        None if path == "/" => Some("/sign-in".into()),
        None if is_behind_sign_in(path) => {
            Some(sign_in_path(request.uri().path_and_query().map_or(path, |whole| whole.as_str())))
        }
        None => None,
    }
}

/// Whether only people who are signed in may see the path.
fn is_behind_sign_in(path: &str) -> bool {
    ["/admin", "/self-care", "/profile", "/recordings", "/mail", "/invoices"]
        .iter()
        .any(|area| path.strip_prefix(area).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The sign-in page that goes on to `next` afterwards.
#[must_use]
pub fn sign_in_path(next: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("/sign-in?{query}")
}

/// Ends a session that began too long ago, and notes now and then that it is used.
async fn end_if_too_old(
    services: &Services,
    auth: &mut AuthSession,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    if auth.user.is_none() {
        return Ok(());
    }
    let now = services.clock.now();
    let signed_in: Option<Timestamp> = auth.session.get(SIGNED_IN_AT).await?;
    let lasted = signed_in.map(|at| now.seconds_since(at));
    let too_old =
        lasted.is_none_or(|seconds| u64::try_from(seconds).is_ok_and(|s| s >= services.sessions.absolute.as_secs()));
    if too_old {
        auth.logout().await?;
        return Ok(());
    }
    let seen: Option<Timestamp> = auth.session.get(SEEN_AT).await?;
    if seen.is_none_or(|at| now.seconds_since(at) >= SEEN_SECONDS) {
        auth.session.insert(SEEN_AT, now).await?;
    }
    Ok(())
}
