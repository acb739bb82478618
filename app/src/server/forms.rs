//! Reads forms as server functions do, for the tests beside them.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use leptos::server_fn::codec::{FromReq, PostUrl};

use crate::error::AppError;

/// The arguments of a server function from the body of a form.
///
/// # Errors
/// [`AppError::Unreadable`].
pub(crate) async fn decode<Args>(form: &str) -> Result<Args, AppError>
where
    Args: FromReq<PostUrl, Request<Body>, AppError>,
{
    let request = Request::builder()
        .method(Method::POST)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .map_err(|error| AppError::Unreadable(error.to_string()))?;
    Args::from_req(request).await
}
