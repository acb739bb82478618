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
pub async fn customer_history(id: CustomerId, #[server(default)] args: ListArgs) -> Result<Listing, AppError> {
    use tandem_domain::access::{Field, Scope};
    use tandem_store::audit::AuditFilters;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let tenant = ask.tenant(id)?;
    ask.see(Field::AuditLog)?;
    let filters = AuditFilters { search: args.q.clone(), ..AuditFilters::default() };
    server::lines(&ask, Scope::of(tenant), &filters, &args).await
}

/// A page of the audit log about one account, the newest first.
///
/// # Errors
/// No such account; no permission to see the audit log.
#[server(endpoint = "account_history")]
pub async fn account_history(id: AccountId, #[server(default)] args: ListArgs) -> Result<Listing, AppError> {
    use tandem_domain::access::{Field, Scope};
    use tandem_store::audit::AuditFilters;

    use crate::{parts::account_panels::FoundAccount, server::ask::Ask};

    let ask = Ask::now()?;
    let found = FoundAccount::load(&ask, id).await?;
    ask.see(Field::AuditLog)?;
    let filters = AuditFilters { record: Some(id.to_string()), search: args.q.clone(), ..AuditFilters::default() };
    server::lines(&ask, Scope::of(found.tenant), &filters, &args).await
}

#[cfg(feature = "ssr")]
pub(crate) mod server {
    use tandem_domain::{access::Scope, audit::AuditRow};
    use tandem_store::audit::AuditFilters;

    use crate::{
        error::AppError,
        listing::{Cell, Column, ListArgs, ListRow, Listing},
        server::ask::Ask,
    };

    /// A page of lines.
    pub(super) async fn lines(ask: &Ask, scope: Scope, filters: &AuditFilters, args: &ListArgs) -> Result<Listing, AppError> {
        let page = ask.store().audit().list(scope, filters, args.cursor().as_ref()).await;
        let page = page.map_err(|error| ask.tell("audit log", error))?;
        Ok(Listing::of(columns(), page, |line| row(ask, line)))
    }

    /// The columns of [`row`].
    pub(crate) fn columns() -> Vec<Column> {
        ["When", "Who", "What", "Before", "After"].map(Column::plain).into()
    }

    /// One line.
    pub(crate) fn row(ask: &Ask, line: AuditRow) -> ListRow {
        let record = format!("{} {}", line.subject.label(), line.subject_name);
        let what = if line.change.field.is_empty() { line.action } else { format!("{}: {}", line.change.field, line.action) };
        ListRow {
            href: None,
            cells: vec![
                Cell::Figures(ask.time(line.at)),
                Cell::Two(line.actor, line.address),
                Cell::Two(what, record),
                Cell::Text(line.change.old),
                Cell::Text(line.change.new),
            ],
        }
    }
}
