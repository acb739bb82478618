//! The calls that are going on: all for the provider's staff, its own for a customer.

use leptos::prelude::*;
use tandem_domain::{
    access::{Audience, Field},
    calls::CallState,
};

use crate::{
    context::me,
    data::load_live,
    error::AppError,
    listing::{ListArgs, Listing},
    live::{Topic, live},
    ui::{Filter, FilterInput, ListPage, list_args},
};

/// A page of the calls that are going on, the newest first. Filters: `state`, and `customer` as the list of accounts has it.
///
/// # Errors
/// For accounts; without the permission to see live calls.
#[server(endpoint = "live_calls")]
pub async fn live_calls(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use std::collections::BTreeMap;

    use tandem_domain::list::search_words;

    use super::{call_path, words};
    use crate::{
        parts::customer_filter::{Asked, asked_customer},
        server::{ask::Ask, paging::page_of},
    };

    let ask = Ask::now()?;
    let scope = ask.scope()?;
    ask.see(Field::LiveCalls)?;
    let with_customer = scope.customer().is_none() && ask.me.sees(Field::CustomerName);
    let columns = words::live_columns(with_customer);
    let customer = match (scope.customer(), asked_customer(&ask, scope, args.filter("customer")).await?) {
        (Some(own), _) => Some(own),
        (None, Asked::One(customer)) => Some(customer),
        (None, Asked::All) => None,
        (None, Asked::Nobody) => return Ok(Listing::whole(columns, Vec::new())),
    };
    let state = CallState::from_key(args.filter("state"));
    let searched = search_words(&args.q);
    let mut calls = ask.services().exchange.calls(customer);
    calls.retain(|call| state.is_none_or(|state| state == call.state) && words::is_found(&ask.me, call, &searched));
    let page = page_of(calls, args.cursor().as_ref(), |call| call.id.to_string());
    let mut names = BTreeMap::new();
    if with_customer {
        for call in &page.rows {
            if let std::collections::btree_map::Entry::Vacant(entry) = names.entry(call.customer) {
                let found = ask.store().customers().get(ask.tenant(call.customer)?).await;
                entry.insert(found.map_or_else(|_| String::new(), |found| found.value.name));
            }
        }
    }
    Ok(Listing::of(columns, page, |call| {
        let customer = with_customer.then(|| names.get(&call.customer).cloned().unwrap_or_default());
        let mut row = words::live_row(&ask.me, &call, customer, ask.at());
        row.href = Some(call_path(ask.me.audience(), call.id));
        row
    }))
}

/// The page.
pub fn live_calls_page() -> AnyView {
    let args = list_args();
    let refresh = live(&[Topic::Calls]);
    let of_staff = me().audience() == Audience::Administrator;
    let states = CallState::ALL.map(|state| (state.key().to_owned(), state.label().to_owned())).into();
    let inputs = of_staff.then_some(FilterInput { name: "customer", label: "Customer", kind: "text" });
    let description = if of_staff {
        "What is going on at this moment. Open a call to see its signalling, or to end it."
    } else {
        "Who is talking to whom at this moment."
    };
    view! {
        <ListPage
            title="Live calls"
            description=description
            listing=load_live(refresh, move || Ok(LiveCalls { args: args.get() }))
            args=args
            noun=("call", "calls")
            filters=vec![Filter { name: "state", label: "State", options: states }]
            inputs=inputs.into_iter().collect()
            empty=("It is quiet", "A call appears here the moment somebody dials, and goes when it is over.")
            search_in="name, number or huntgroup"
            seen_by=&[Field::LiveCalls]
        />
    }
    .into_any()
}
