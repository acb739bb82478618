//! Which phones are registered: all, for the provider's staff; and those of one account.

use leptos::prelude::*;
use tandem_domain::access::Field;

use crate::{
    data::load_live,
    error::AppError,
    listing::{ListArgs, Listing},
    live::{Topic, live},
    ui::{FilterInput, ListPage, list_args},
};

/// A page of the phones that are registered, of all customers for the provider's staff, else of the own one. The filter
/// `customer` is that of the list of accounts.
///
/// # Errors
/// For accounts; without the permission to see registrations.
#[server(endpoint = "registration_list")]
pub async fn registration_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_store::registrations::{RegistrationFilters, RegistrationSort};

    use super::{
        account_panels::account_path,
        customer_filter::{Asked, asked_customer},
    };
    use crate::{
        listing::{Cell, Column, ListRow},
        live::duration,
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let scope = ask.scope()?;
    ask.see(Field::Registrations)?;
    let with_customer = scope.customer().is_none() && ask.me.sees(Field::CustomerName);
    let (profile, extension) = (ask.me.sees(Field::AccountProfile), ask.me.sees(Field::AccountExtension));
    let mut columns = vec![Column::sorted("SIP user", "user"), Column::plain("Account")];
    columns.extend(with_customer.then(|| Column::plain("Customer")));
    columns.extend(["Contact", "User agent"].map(Column::plain));
    columns.extend([Column::sorted("Registered for", "since"), Column::plain("Expires in")]);
    let customer = match asked_customer(&ask, scope, args.filter("customer")).await? {
        Asked::All => None,
        Asked::One(customer) => Some(customer),
        Asked::Nobody => return Ok(Listing::whole(columns, Vec::new())),
    };
    let filters = RegistrationFilters { customer, account: None };
    let query = args.query(RegistrationSort::from_key(&args.sort));
    let registrations = ask.store().registrations();
    let page = registrations.list(scope, &query, &filters, ask.at()).await;
    let page = page.map_err(|error| ask.tell("registration", error))?;
    Ok(Listing::of(columns, page, |row| {
        let phone = row.registration;
        let number = if extension { row.extension.to_string() } else { String::new() };
        let href = (profile || extension).then(|| account_path(ask.me.audience(), phone.account));
        let mut cells = vec![Cell::Text(phone.sip_user)];
        cells.push(if profile { Cell::Two(row.name, number) } else { Cell::Figures(number) });
        cells.extend(with_customer.then_some(Cell::Text(row.customer_name)));
        cells.push(Cell::Two(phone.contact, phone.source));
        cells.push(Cell::Text(phone.user_agent));
        cells.push(Cell::Since(phone.since, duration(ask.at().seconds_since(phone.since))));
        cells.push(Cell::Figures(duration(phone.expires.seconds_since(ask.at()))));
        ListRow { href, cells }
    }))
}

/// The phones of one account, as a table; `None` when the reader may not see them.
///
/// # Errors
/// Faults on our side.
#[cfg(feature = "ssr")]
pub(crate) async fn phones_of(
    ask: &crate::server::ask::Ask,
    tenant: tandem_domain::access::Tenant,
    account: tandem_domain::ids::AccountId,
) -> Result<Option<Listing>, AppError> {
    use tandem_domain::{access::Scope, list::Query};
    use tandem_store::registrations::RegistrationFilters;

    use crate::listing::{Cell, Column, ListRow, Tone};

    if !ask.me.sees(Field::Registrations) {
        return Ok(None);
    }
    let filters = RegistrationFilters { account: Some(account), ..RegistrationFilters::default() };
    let registrations = ask.store().registrations();
    let page = registrations.list(Scope::of(tenant), &Query::default(), &filters, ask.at()).await;
    let page = page.map_err(|error| ask.tell("registration", error))?;
    let columns = ["Phone", "State", "Since", "From"].map(Column::plain).into();
    Ok(Some(Listing::of(columns, page, |row| {
        let phone = row.registration;
        let name = if phone.user_agent.is_empty() { phone.contact } else { phone.user_agent };
        let cells = vec![
            Cell::Text(name),
            Cell::Badge(Tone::Good, "Registered".into()),
            Cell::Figures(ask.time(phone.since)),
            Cell::Figures(phone.source),
        ];
        ListRow { href: None, cells }
    })))
}

/// The page.
pub fn registrations_page() -> AnyView {
    let args = list_args();
    let refresh = live(&[Topic::Registrations]);
    view! {
        <ListPage
            title="Registrations"
            description="The phones that can be called at this moment, and from where they registered."
            listing=load_live(refresh, move || Ok(RegistrationList { args: args.get() }))
            args=args
            noun=("registration", "registrations")
            inputs=vec![FilterInput { name: "customer", label: "Customer", kind: "text" }]
            empty=("No phone is registered", "Set an account’s SIP password on its Sign-in tab, and enter it into the phone.")
            search_in="SIP user, address or user agent"
            seen_by=&[Field::Registrations]
        />
    }
    .into_any()
}
