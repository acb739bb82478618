//! How much, and for how long, a request may send.
//!
//! Bodies are read whole before the application sees them: forms are small, and a request that is too large or too slow
//! then gets a clear answer instead of a cut connection.

use std::time::Duration;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt as _;
use tandem_app::error::AppError;
use tokio::time::timeout;

use super::answer;

/// The largest body, in bytes.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// Of a body that is too large, so many bytes are read and thrown away before the answer: a client that is still sending
/// would otherwise see its connection break and never the reason.
const READ_AT_MOST: usize = 32 * LARGEST_BODY;

/// The time a body may take.
const LONGEST_BODY: Duration = Duration::from_secs(30);

/// Reads the body; answers 413 or 408 in place of the application.
pub async fn read(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let too_large = |asked: &HeaderMap| {
        let error = AppError::Refused("This is more than can be sent at once: at most 1 MiB is accepted.".into());
        answer::refusal(asked, StatusCode::PAYLOAD_TOO_LARGE, &error)
    };
    // A client that asks for leave first ("Expect: 100-continue") is told before it sends anything.
    if parts.headers.contains_key(header::EXPECT)
        && announced(&parts.headers).is_some_and(|length| length > LARGEST_BODY)
    {
        return too_large(&parts.headers);
    }
    match timeout(LONGEST_BODY, collect(body)).await {
        Ok(Collected::Whole(body)) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Ok(Collected::TooLarge) => too_large(&parts.headers),
        Ok(Collected::Broken) => {
            let error = AppError::Unreadable("it broke off".into());
            answer::refusal(&parts.headers, StatusCode::BAD_REQUEST, &error)
        }
        Err(_elapsed) => {
            let error = AppError::Refused("Sending took too long. Check your connection and try again.".into());
            answer::refusal(&parts.headers, StatusCode::REQUEST_TIMEOUT, &error)
        }
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

enum Collected {
    Whole(Vec<u8>),
    TooLarge,
    Broken,
}

async fn collect(mut body: Body) -> Collected {
    let mut collected = Vec::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Collected::Broken };
        // Trailers are of no use to a form.
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= LARGEST_BODY {
            collected.extend_from_slice(&data);
        } else if length <= READ_AT_MOST {
            collected = Vec::new();
        } else {
            return Collected::TooLarge;
        }
    }
    if length <= LARGEST_BODY { Collected::Whole(collected) } else { Collected::TooLarge }
}
