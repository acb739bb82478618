//! The filter of a list by its customer: an id, or the beginning of a name, of which the first that matches counts.

use tandem_domain::{
    access::{Field, Scope},
    ids::CustomerId,
};

use crate::{error::AppError, server::ask::Ask};

/// Whose rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Everybody's.
    All,
    /// One customer's.
    One(CustomerId),
    /// Nobody's: no customer is called so.
    Nobody,
}

/// Finds whom the filter means.
///
/// # Errors
/// Faults on our side.
pub(crate) async fn asked_customer(ask: &Ask, scope: Scope, typed: &str) -> Result<Asked, AppError> {
    if let Ok(id) = typed.parse() {
        return Ok(Asked::One(id));
    }
    if typed.trim().is_empty() {
        return Ok(Asked::All);
    }
    if !ask.me.sees(Field::CustomerName) {
        // Else the names could be guessed.
        return Ok(Asked::Nobody);
    }
    let found = ask.store().customers().choices(scope, typed, 1).await.map_err(|error| ask.tell("customer", error))?;
    Ok(found.first().map_or(Asked::Nobody, |(id, _)| Asked::One(*id)))
}
