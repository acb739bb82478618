//! What was changed on one record, or on everything of a customer: the audit log's lines on the record's own page.

use leptos::prelude::*;
use tandem_domain::ids::{AccountId, CustomerId};

use crate::{
    error::AppError,
    listing::{ListArgs, Listing},
};

/// A page of the audit log about a customer's data, its accounts' and huntgroups' included, the newest first.
///
/// # Errors
/// No such customer; no permission to see the audit log.
#[server(endpoint = "customer_history")]
pub async fn customer_history(
    /// Which.
    id: CustomerId,
    /// What the address asks for.
    #[server(default)]
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_domain::access::{Field, Scope};
    use tandem_store::audit::AuditFilters;

    use crate::{parts::audit_list::audit_lines, server::ask::Ask};

    let ask = Ask::now()?;
    let tenant = ask.tenant(id)?;
    ask.see(Field::AuditLog)?;
    let filters = AuditFilters { search: args.q.clone(), ..AuditFilters::default() };
    let lines = audit_lines(&ask, Scope::of(tenant), filters, args.cursor()).await?;
    if lines.rows.is_empty() {
        // Nothing happened yet, or there is no such customer.
        ask.store().customers().get(tenant).await.map_err(|error| ask.tell("customer", error))?;
    }
    Ok(lines)
}

/// A page of the audit log about one account, the newest first.
///
/// # Errors
/// No such account; no permission to see the audit log.
#[server(endpoint = "account_history")]
pub async fn account_history(
    /// Which.
    id: AccountId,
    /// What the address asks for.
    #[server(default)]
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_domain::access::{Field, Scope};
    use tandem_store::audit::AuditFilters;

    use crate::{
        parts::{account_panels::FoundAccount, audit_list::audit_lines},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let found = FoundAccount::load(&ask, id).await?;
    ask.see(Field::AuditLog)?;
    let filters = AuditFilters { record: Some(id.to_string()), search: args.q.clone(), ..AuditFilters::default() };
    audit_lines(&ask, Scope::of(found.tenant), filters, args.cursor()).await
}
