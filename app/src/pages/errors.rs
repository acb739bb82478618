//! What is shown instead of a page.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{context::me_or_nobody, error::AppError};

/// No page at this address.
#[component]
pub fn NoSuchPage() -> impl IntoView {
    error_page(&AppError::NotFound("page".into()))
}

/// A whole page that says why there is none, with the HTTP status of the reason, and a way on.
#[must_use]
pub fn error_page(error: &AppError) -> AnyView {
    let title = title(error);
    view! { <Title text=title /> {section(error, view! { <h1>{title}</h1> }.into_any())} }.into_any()
}

/// The same for a part of a page, below the page's own title.
#[must_use]
pub fn error_part(error: &AppError) -> AnyView {
    section(error, view! { <h2>{title(error)}</h2> }.into_any())
}

fn title(error: &AppError) -> &'static str {
    match error {
        AppError::NotFound(what) if what == "page" => "There is no page here",
        AppError::NotFound(_) => "Not found",
        AppError::Forbidden(_) => "Not permitted",
        AppError::SignedOut => "Signed out",
        AppError::Wait { .. } => "One moment",
        AppError::Unreachable => "No connection",
        AppError::Invalid(_) | AppError::Stale(_) | AppError::Refused(_) | AppError::Unreadable(_) => {
            "That did not work"
        }
        AppError::Internal { .. } => "Something went wrong",
    }
}

fn section(error: &AppError, title: AnyView) -> AnyView {
    tell_server(error);
    let way_on = match error {
        // This very page, from the server: it asks to sign in, and leads back here.
        AppError::SignedOut => {
            view! { <a class="button button-primary" href="" rel="external">"Sign in"</a> }.into_any()
        }
        _ => {
            let home = me_or_nobody().map_or("/sign-in", |me| me.home());
            view! { <a class="button button-primary" href=home>"Go to the start page"</a> }.into_any()
        }
    };
    view! {
        <section class="error-page" role="alert">
            <p class="error-page-code">{error.status()}</p>
            {title}
            <p>{error.to_string()}</p>
            <p>{way_on}</p>
        </section>
    }
    .into_any()
}

/// Gives the page being rendered its status, and tells why, for the audit log; does nothing in the browser.
fn tell_server(error: &AppError) {
    #[cfg(feature = "ssr")]
    {
        if let (Some(response), Ok(status)) =
            (use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(error.status()))
        {
            response.set_status(status);
        }
        // An address that leads nowhere is a slip, not a refusal.
        let no_page = matches!(error, AppError::NotFound(what) if what == "page");
        if let Some(refused) = use_context::<crate::server::Refused>().filter(|_| !no_page) {
            refused.note(error);
        }
    }
    #[cfg(not(feature = "ssr"))]
    let _ = error;
}
