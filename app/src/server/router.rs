//! The application as an Axum router: pages, server functions, and the layers that both need.
//!
//! The binary adds what is not the application's: limits, logging, metrics, static files.

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use leptos::{context::provide_context, nonce::use_nonce};
use leptos_axum::{AxumRouteListing, ResponseOptions, generate_route_list};
use tandem_domain::access::Principal;

use super::{
    Me, Refused, Services, answers, auth, guard, invoice_pdf, live, mail_body, phone, plays::Plays, refusals::Refusals,
    sound, theme, theme_of,
};
use crate::{parts::audit_export, programs::Program, routes::App, shell::shell};

/// The router of pages and server functions.
pub fn router(services: Services) -> Router {
    let mut router: Router<Services> = Router::new()
        .route("/api/{*path}", any(server_function))
        .route("/", get(StatusCode::NOT_FOUND))
        .route("/theme/{name}", get(theme::choose))
        .route("/live/{topics}", get(live::events))
        .route("/phone", get(phone::phone))
        .route("/recordings/{name}", get(sound::sound))
        .route("/mail/{name}", get(mail_body::body))
        .route("/invoices/{name}", get(invoice_pdf::pdf))
        .route("/admin/audit.csv", get(audit_export::csv))
        .route("/self-care/audit.csv", get(audit_export::csv));
    for route in generate_route_list(App) {
        router = router.route(&axum_path(&route), get(page));
    }
    router
        .fallback(page)
        .layer(middleware::from_fn_with_state(services.clone(), answers::answers))
        .layer(middleware::from_fn_with_state(services.clone(), guard::guard))
        .layer(Extension(Refusals::default()))
        .layer(Extension(live::Streams::default()))
        .layer(Extension(Plays::default()))
        .layer(auth::layer(&services))
        .with_state(services)
}

/// A route's path as Axum writes it.
fn axum_path(route: &AxumRouteListing) -> String {
    route.path().to_owned()
}

/// Renders a page.
async fn page(State(services): State<Services>, request: Request) -> Response {
    let theme = theme_of(request.headers());
    let assets = services.assets.clone();
    let refused = Refused::default();
    let told = refused.clone();
    let gives_card = gives_card(request.uri().path());
    let program = program(&request);
    let render = leptos_axum::render_app_async_with_context(
        move || {
            let origins = if gives_card { services.payment_pages.origins.as_slice() } else { &[] };
            set_page_headers(origins);
            provide_context(services.clone());
            provide_context(told.clone());
            provide_context(program);
        },
        move || shell(&assets, program, theme),
    );
    let mut response = render(request).await;
    if let Some(reason) = refused.reason() {
        response.extensions_mut().insert(reason);
    }
    response
}

/// What takes the page over in the browser.
fn program(request: &Request) -> Program {
    let who = request.extensions().get::<Me>().and_then(|me| me.0.as_ref());
    Program::of(request.uri().path(), who.map(Principal::audience))
}

/// Runs a server function.
async fn server_function(State(services): State<Services>, request: Request<Body>) -> Response {
    leptos_axum::handle_server_fns_with_context(move || provide_context(services.clone()), request)
        .await
        .into_response()
}

/// Whether a card may be given on this page, in fields of the payment processor's.
fn gives_card(path: &str) -> bool {
    ["/self-care/payments/", "/self-care/cards/"].iter().any(|area| path.starts_with(area))
}

/// A page's own headers: scripts run only with this page's nonce (CSP level 3), and no copy of the page is kept, since it
/// shows one person's data. `origins`: whose frames it shows beside its own content, and whom their script asks.
fn set_page_headers(origins: &[String]) {
    let (Some(response), Some(nonce)) = (leptos::prelude::use_context::<ResponseOptions>(), use_nonce()) else {
        return;
    };
    let others: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    let frames = if others.is_empty() { String::new() } else { format!(" frame-src 'self'{others};") };
    let policy = format!(
        "default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'{others}; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'{others};{frames} media-src 'self' blob:; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let mut headers = HeaderMap::new();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in &headers {
        response.insert_header(name.clone(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_on_which_a_card_is_given_load_anything_from_elsewhere() {
        for path in ["/self-care/payments/pay", "/self-care/payments/1/resume", "/self-care/cards/new"] {
            assert!(gives_card(path), "{path}");
        }
        for path in ["/self-care/payments", "/self-care/cards", "/self-care/billing", "/admin/payments/1", "/sign-in"] {
            assert!(!gives_card(path), "{path}");
        }
    }
}
