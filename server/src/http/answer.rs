//! Answers that the application itself does not give: refusals and failures before or around it.
//!
//! A page's script reads JSON (the application's own [`AppError`], so that it shows the text as it shows its own); a person
//! whose browser asked for a page reads a small page.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use tandem_app::error::AppError;

/// Answers with the error's own words under `status`.
pub fn refusal(asked: &HeaderMap, status: StatusCode, error: &AppError) -> Response<Body> {
    let (kind, text) = if wants_page(asked) {
        ("text/html; charset=utf-8", page(status, &error.to_string()))
    } else {
        ("application/json", serde_json::to_string(error).unwrap_or_default())
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Browsers that go to an address or post a form name `text/html`; scripts do not.
pub fn wants_page(asked: &HeaderMap) -> bool {
    asked.get_all(header::ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")))
}

fn page(status: StatusCode, text: &str) -> String {
    let title = match status {
        StatusCode::FORBIDDEN => "Not accepted",
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::REQUEST_TIMEOUT => "Too slow",
        StatusCode::PAYLOAD_TOO_LARGE => "Too large",
        _ => "Something went wrong",
    };
    let text = escape(text);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} · Tandem</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"></head>\
         <body><main><h1>{title}</h1><p>{text}</p><p><a href=\"/\">To the first page</a></p></main></body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::page;
    use axum::http::StatusCode;

    #[test]
    fn text_from_outside_is_no_markup() {
        assert!(page(StatusCode::FORBIDDEN, "<script>&\"").contains("<p>&lt;script&gt;&amp;&quot;</p>"));
    }
}
