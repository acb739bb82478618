//! The bank's page (its access control server, ACS, in the words of 3-D Secure): one-time password, and four ways out.
//!
//! What Stripe documents of each: a right password lets the payment go on; an authentication that failed or that the
//! customer gave up puts the intent back to `requires_payment_method` with `payment_intent_authentication_failure`;
//! and one that was never answered (the tab closed, the back button) leaves it at `requires_action`, for as long as
//! nobody confirms or cancels it.

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{bank::PASSWORD, escaped, page};
use crate::{api::form::Node, objects::money, shared::Shared};

/// `GET /bank/:token`: changes nothing.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    question(&shared, &token, framed(query.as_deref()), "")
}

fn framed(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.contains("frame=1"))
}

/// `POST /bank/:token`
pub(crate) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    body: axum::body::Bytes,
) -> Response {
    let framed = framed(query.as_deref());
    let given = Node::read(&body).unwrap_or_default();
    let wrong = {
        let mut state = shared.state();
        match given.said("action") {
            Some("confirm") => {
                let password: String =
                    given.said("password").unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
                if password == PASSWORD {
                    state.decide(&token, true);
                    None
                } else if state.wrong_password(&token) {
                    state.decide(&token, false);
                    None
                } else {
                    Some(state.challenges.get(&token).map_or(0, |challenge| challenge.tries))
                }
            }
            Some("decline" | "cancel") => {
                state.decide(&token, false);
                None
            }
            // Back without an answer.
            Some(_) | None => None,
        }
    };
    shared.wake();
    if let Some(left) = wrong {
        let tries = if left == 1 { "one more try" } else { "two more tries" };
        return question(&shared, &token, framed, &format!("This password is not right. You have {tries}."));
    }
    let back = shared.state().way_back(&token);
    match back {
        Some(url) if !framed => Redirect::to(&url).into_response(),
        Some(_) | None => page(POLICY_FRAMED, DONE.to_owned()),
    }
}

const POLICY_FRAMED: &str = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri \
                             'none'; frame-ancestors *";

const DONE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Done</title>\
                    <link rel=\"stylesheet\" href=\"/v3/sim.css\"></head><body class=\"bank\"><main class=\"sheet\">\
                    <h1>Thank you</h1><p>You can go back to the page you came from.</p></main>\
                    <script src=\"/v3/bank.js\"></script></body></html>";

/// Chromium holds `form-action` against redirects as well, so the merchant's origin is in it.
fn policy(framed: bool, back: Option<&str>) -> String {
    if framed {
        return POLICY_FRAMED.to_owned();
    }
    let origin = back.and_then(|url| {
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        let good = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
        (good && matches!(scheme, "http" | "https")).then(|| format!("{scheme}://{host}"))
    });
    format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        origin.unwrap_or_default()
    )
}

fn question(shared: &Shared, token: &str, framed: bool, error: &str) -> Response {
    let state = shared.state();
    let back = state.way_back(token);
    let policy = policy(framed, back.as_deref());
    let Some(challenge) = state.challenges.get(token).filter(|_| state.waits(token)) else {
        let link = back.map(|url| format!("<a class=\"button\" href=\"{}\">Back to the merchant</a>", escaped(&url)));
        let html = sheet(&format!(
            "<h1>This request has ended</h1><p>It was answered, given up, or replaced by a newer one. Nothing more \
             happens here.</p><div class=\"actions\">{}</div>",
            link.unwrap_or_default()
        ));
        return page(&policy, html);
    };
    let (what, method) = match state.intents.get(&challenge.intent) {
        Some(intent) => {
            let amount = escaped(&money::written(intent.amount, intent.currency));
            (format!("<dt>Amount</dt><dd class=\"amount\">{amount}</dd>"), intent.method.clone())
        }
        None => {
            let method = state.setups.get(&challenge.intent).and_then(|setup| setup.method.clone());
            ("<dt>Purpose</dt><dd>Save your card for later payments</dd>".to_owned(), method)
        }
    };
    let last4 = method.and_then(|method| state.methods.get(&method)).map_or("", |method| method.card.last4());
    let merchant = escaped(&state.merchant);
    let invalid = if error.is_empty() { "false" } else { "true" };
    let error = escaped(error);
    // Within another page the focus is that page's to give.
    let (at, focus) = if framed { ("?frame=1", "") } else { ("", " autofocus") };
    let token = escaped(token);
    let html = sheet(&format!(
        r#"<h1>Confirm your payment</h1>
<p class="name">Test bank, in place of the bank that issued your card</p>
<dl><dt>Merchant</dt><dd>{merchant}</dd>{what}<dt>Card</dt><dd>•••• {last4}</dd></dl>
<form method="post" action="/bank/{token}{at}">
<label for="password">One-time password</label>
<input class="input" id="password" name="password" inputmode="numeric" autocomplete="one-time-code"
 maxlength="12" aria-invalid="{invalid}"
 aria-describedby="password-error hint"{focus}>
<div class="error" id="password-error" role="alert">{error}</div>
<p class="hint" id="hint">A bank would send it to your telephone. This one does not: it is
<strong>{PASSWORD}</strong>.</p>
<div class="actions">
<button class="button main" name="action" value="confirm">Confirm</button>
<button class="button" name="action" value="decline">This was not me: decline</button>
<button class="button" name="action" value="cancel">Cancel the payment</button>
<button class="button quiet" name="action" value="leave">Go back without deciding</button>
</div>
</form>"#
    ));
    page(&policy, html)
}

fn sheet(inside: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>Test bank</title>\n<link rel=\"stylesheet\" \
         href=\"/v3/sim.css\">\n</head>\n<body class=\"bank\">\n<main \
         class=\"sheet\">\n{inside}\n</main>\n</body>\n</html>\n"
    )
}
