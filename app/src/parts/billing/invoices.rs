//! The list of invoices, the newest first.

use leptos::prelude::*;
use tandem_domain::{
    access::{Audience, Field},
    billing::invoice::InvoiceStanding,
};

use crate::{
    context::me,
    data::load,
    error::AppError,
    listing::{ListArgs, Listing},
    ui::{Filter, FilterInput, ListPage, list_args},
};

/// A page of the invoices, the newest first. Filters: `standing`; the days `from` and `to` of issue, both included; for the
/// staff `customer`, as the list of accounts has it.
///
/// # Errors
/// What is wrong with the days; without the permission to see invoices.
#[server(endpoint = "invoice_list")]
pub async fn invoice_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_store::invoices::InvoiceFilters;

    use super::{INVOICE, words};
    use crate::{
        parts::{
            audit_list::filters::days,
            customer_filter::{Asked, asked_customer},
        },
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    ask.see(Field::Invoices)?;
    let scope = ask.money_scope()?;
    let (from, until) = days(&args, &ask.me.time_zone)?;
    let standing = InvoiceStanding::from_key(args.filter("standing"));
    let mut filters = InvoiceFilters { customer: None, standing, today: ask.today(), from, until };
    if words::names_customer(&ask) {
        match asked_customer(&ask, scope, args.filter("customer")).await? {
            Asked::All => {}
            Asked::One(customer) => filters.customer = Some(customer),
            Asked::Nobody => return Ok(Listing::whole(words::invoice_columns(&ask), Vec::new())),
        }
    }
    let page = ask.store().invoices().list(scope, &args.query(()), &filters).await;
    let page = page.map_err(|error| ask.tell(INVOICE, error))?;
    Ok(Listing::of(words::invoice_columns(&ask), page, |row| words::invoice_row(&ask, row)))
}

/// The page.
#[component]
pub fn InvoicesPage() -> impl IntoView {
    let args = list_args();
    let options = InvoiceStanding::ALL.iter().map(|one| (one.key().to_owned(), one.label().to_owned())).collect();
    view! {
        <ListPage
            title="Invoices"
            listing=load(move || Ok(InvoiceList { args: args.get() }))
            args=args
            noun=("invoice", "invoices")
            filters=vec![Filter { name: "standing", label: "State", options }]
            inputs=days_and_customer()
            empty=("No invoices yet", "They are listed here as soon as one is issued.")
            search_in="number or line"
            seen_by=&[Field::Invoices]
        />
    }
}

/// The inputs of lists of money matters: from, to, and for the staff whose.
pub(super) fn days_and_customer() -> Vec<FilterInput> {
    let input = |name, label, kind| FilterInput { name, label, kind };
    let customer = (me().audience() == Audience::Administrator).then(|| input("customer", "Customer", "text"));
    customer.into_iter().chain([input("from", "From", "date"), input("to", "To", "date")]).collect()
}
