//! The list of payments, the newest first.

use leptos::prelude::*;
use tandem_domain::{access::Field, billing::payment::PaymentState};

use super::invoices::days_and_customer;
use crate::{
    data::load,
    error::AppError,
    listing::{ListArgs, Listing},
    ui::{Filter, ListPage, list_args},
};

/// A page of the payments, the newest first. Filters: `state`; the days `from` and `to`, both included; for the staff
/// `customer`, as the list of accounts has it.
///
/// # Errors
/// What is wrong with the days; without the permission to see payments.
#[server(endpoint = "payment_list")]
pub async fn payment_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_store::payments::PaymentFilters;

    use super::{PAYMENT, words};
    use crate::{
        parts::{
            audit_list::filters::days,
            customer_filter::{Asked, asked_customer},
        },
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    ask.see(Field::Payments)?;
    let scope = ask.money_scope()?;
    let (from, until) = days(&args, &ask.me.time_zone)?;
    let state = PaymentState::from_key(args.filter("state"));
    let mut filters = PaymentFilters { state, from, until, ..PaymentFilters::default() };
    if words::names_customer(&ask) {
        match asked_customer(&ask, scope, args.filter("customer")).await? {
            Asked::All => {}
            Asked::One(customer) => filters.customer = Some(customer),
            Asked::Nobody => return Ok(Listing::whole(words::payment_columns(&ask), Vec::new())),
        }
    }
    let page = ask.store().payments().list(scope, &args.query(()), &filters).await;
    let page = page.map_err(|error| ask.tell(PAYMENT, error))?;
    Ok(Listing::of(words::payment_columns(&ask), page, |row| words::payment_row(&ask, row)))
}

/// The page.
#[component]
pub fn PaymentsPage() -> impl IntoView {
    let args = list_args();
    let options = PaymentState::ALL.iter().map(|one| (one.key().to_owned(), one.label().to_owned())).collect();
    view! {
        <ListPage
            title="Payments"
            listing=load(move || Ok(PaymentList { args: args.get() }))
            args=args
            noun=("payment", "payments")
            filters=vec![Filter { name: "state", label: "State", options }]
            inputs=days_and_customer()
            empty=("No payments yet", "Every payment by card is listed here, also those that did not succeed.")
            search_in="invoice, amount or card"
            seen_by=&[Field::Payments]
        />
    }
}
