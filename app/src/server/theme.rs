//! `/theme/NAME`: the links of the theme switch, for browsers that run no WebAssembly.

use axum::{
    extract::Path,
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect},
};

use super::answers::back_path;
use crate::context::Theme;

/// Keeps the theme in the cookie that pages are rendered by, and goes back to where the link was.
pub async fn choose(Path(name): Path<String>, headers: HeaderMap) -> impl IntoResponse {
    let theme = Theme::from_key(&name);
    // Readable by scripts on purpose: the switch sets it itself once it can.
    let cookie = format!("theme={}; Path=/; Max-Age=31536000; SameSite=Lax", theme.key());
    ([(header::SET_COOKIE, cookie)], Redirect::to(&back_path(&headers)))
}
