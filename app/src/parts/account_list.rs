//! The list of accounts: of all customers, or of one.

use leptos::prelude::*;

use crate::{
    error::AppError,
    listing::{ListArgs, Listing},
};

/// A page of accounts, of all customers for the provider's staff, else of the own one. Filters: `status`, and `customer`: an
/// id, or the beginning of a name, of which the first that matches counts. Whether an account has expired is told by the
/// reader's own calendar.
///
/// # Errors
/// Without permission to see accounts.
#[server(endpoint = "account_list")]
pub async fn account_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_domain::{
        access::Field,
        list::Page,
        status::{Service, Status},
    };
    use tandem_store::accounts::{AccountFilters, AccountRow, AccountSort};

    use super::{
        account_panels::account_path,
        customer_filter::{Asked, asked_customer},
        status_panel::service_tone,
    };
    use crate::{
        listing::{Cell, Column, ListRow},
        server::{ask::Ask, format},
    };

    let ask = Ask::now()?;
    let scope = ask.scope()?;
    let (profile, extension) = (ask.me.sees(Field::AccountProfile), ask.me.sees(Field::AccountExtension));
    if !profile {
        ask.see(Field::AccountExtension)?;
    }
    let asked = args.filter("customer");
    let customer = match asked_customer(&ask, scope, asked).await? {
        Asked::All => None,
        Asked::One(customer) => Some(customer),
        Asked::Nobody => return Ok(Listing::whole(Vec::new(), Vec::new())),
    };
    let with_status = ask.me.sees(Field::AccountStatus);
    let filters = AccountFilters {
        customer,
        status: Status::from_key(args.filter("status")).filter(|_| with_status),
        hidden: hidden_of_account(&ask),
    };
    let with_customer = scope.customer().is_none()
        && ask.me.sees(Field::CustomerName)
        && asked.parse::<tandem_domain::ids::CustomerId>().is_err();
    // Nor do the rows stand in the order of what is not shown.
    let usual = if profile { AccountSort::Name } else { AccountSort::Extension };
    let sort = match AccountSort::from_key(&args.sort) {
        AccountSort::Extension if extension && !args.sort.is_empty() => AccountSort::Extension,
        AccountSort::Status if with_status => AccountSort::Status,
        AccountSort::Customer if with_customer => AccountSort::Customer,
        AccountSort::Extension | AccountSort::Name | AccountSort::Customer | AccountSort::Status => usual,
    };
    let query = args.query(sort);
    let page: Page<AccountRow> =
        ask.store().accounts().list(scope, &query, &filters).await.map_err(|error| ask.tell("account", error))?;

    let mut columns = vec![if profile { Column::sorted("Name", "name") } else { Column::plain("Name") }];
    columns.extend(extension.then(|| Column::sorted("Extension", "extension")));
    columns.extend(with_customer.then(|| Column::sorted("Customer", "customer")));
    columns.extend(profile.then(|| Column::plain("E-mail")));
    columns.extend(with_status.then(|| Column::sorted("Status", "status")));
    Ok(Listing::of(columns, page, |row| {
        let name = if profile { row.name } else { format!("Extension {}", row.extension) };
        let expired = row.expires_on.is_some_and(|last| last < format::today(ask.at(), &row.time_zone));
        let service = Service::of(row.customer_status, row.status, expired).paid_from(row.funds);
        let mut cells = vec![Cell::Text(name)];
        cells.extend(extension.then(|| Cell::Figures(row.extension.to_string())));
        cells.extend(with_customer.then_some(Cell::Text(row.customer_name)));
        cells.extend(profile.then_some(Cell::Text(row.email)));
        cells.extend(with_status.then(|| Cell::Badge(service_tone(service), service.label().into())));
        ListRow { href: Some(account_path(ask.me.audience(), row.id)), cells }
    }))
}

/// What this person's role does not show of accounts, and no search may find therefore.
#[cfg(feature = "ssr")]
pub(crate) fn hidden_of_account(ask: &crate::server::ask::Ask) -> tandem_store::accounts::HiddenOfAccount {
    use tandem_domain::access::Field;

    tandem_store::accounts::HiddenOfAccount {
        profile: !ask.me.sees(Field::AccountProfile),
        extension: !ask.me.sees(Field::AccountExtension),
    }
}
