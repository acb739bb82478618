//! The id of a record in the address of its page.

use std::str::FromStr;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::error::AppError;

/// The text in the place of `:id` in the page's address.
pub fn address_id() -> impl Fn() -> String + Copy + Send + Sync + 'static {
    let params = use_params_map();
    move || params.read().get("id").unwrap_or_default()
}

/// A call about the record that the page's address names, for [`load`](crate::data::load); `what` names the kind of record.
pub fn of_address<Id: FromStr, F>(
    what: &'static str,
    call: impl Fn(Id) -> F + Send + Sync + 'static,
) -> impl Fn() -> Result<F, AppError> + Send + Sync + 'static {
    let id = address_id();
    move || Ok(call(parse_id(what, &id())?))
}

/// The id that the text is; `what` names the kind of record.
///
/// # Errors
/// [`AppError::NotFound`]: what is no id names no record.
pub fn parse_id<Id: FromStr>(what: &str, text: &str) -> Result<Id, AppError> {
    text.parse().map_err(|_| AppError::NotFound(what.into()))
}
