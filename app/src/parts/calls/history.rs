//! The calls that were: all for the provider's staff (xDRs), the company's for a customer, one's own for an account.

use leptos::prelude::*;
use tandem_domain::{
    access::{Audience, Field},
    calls::{Direction, ReleaseCause},
};

use crate::{
    context::me,
    data::load_live,
    error::AppError,
    listing::{ListArgs, Listing},
    live::{Topic, live},
    ui::{Filter, FilterInput, ListPage, list_args},
};

/// A page of the records of calls, the newest first. Filters: `direction`, `answered` (`yes`, `no`), `cause`, the days `from`
/// and `to`, both included, and `customer` as the list of accounts has it.
///
/// # Errors
/// What is wrong with the days; without the permission to see the call history.
#[server(endpoint = "xdr_list")]
pub async fn xdr_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_store::xdrs::XdrFilters;

    use super::{WHAT, call_path, record::server::Sight, words};
    use crate::{
        listing::{Cell, Column, ListRow},
        parts::{
            audit_list::filters,
            customer_filter::{Asked, asked_customer},
        },
        server::{ask::Ask, format},
    };

    let ask = Ask::now()?;
    let Sight { scope, account } = Sight::of(&ask)?;
    ask.see(Field::CallHistory)?;
    let (from, until) = filters::days(&args, &ask.me.time_zone)?;
    let of_staff = scope.customer().is_none();
    let with_customer = of_staff && ask.me.sees(Field::CustomerName);
    let heads = ["When", "From", "To", "Direction"].into_iter();
    let heads = heads.chain(with_customer.then_some("Customer")).chain(["Duration", "Result", "Quality"]);
    let columns: Vec<Column> = heads.map(Column::plain).collect();
    let asked = if of_staff { asked_customer(&ask, scope, args.filter("customer")).await? } else { Asked::All };
    let customer = match asked {
        Asked::All => None,
        Asked::One(customer) => Some(customer),
        Asked::Nobody => return Ok(Listing::whole(columns, Vec::new())),
    };
    let filters = XdrFilters {
        customer,
        account,
        direction: Direction::from_key(args.filter("direction")),
        cause: ReleaseCause::from_key(args.filter("cause")),
        answered: match args.filter("answered") {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        from,
        until,
        accounts_unnamed: !ask.me.sees(Field::AccountProfile),
    };
    let page =
        ask.store().xdrs().list(scope, &args.query(()), &filters).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Listing::of(columns, page, |row| {
        let (xdr, customer) = (row.xdr, row.customer_name);
        let (day, time) = format::day_and_time(xdr.started, ask.me.locale, &ask.me.time_zone);
        let mut cells = vec![
            Cell::Two(day, time),
            words::party_cell(&ask.me, &xdr.caller),
            words::party_cell(&ask.me, &xdr.callee),
            words::way_cell(xdr.direction, &xdr.huntgroup),
        ];
        cells.extend(with_customer.then_some(Cell::Text(customer)));
        cells.push(Cell::Figures(words::talked(&xdr)));
        cells.push(words::badge_cell(words::cause_badge(xdr.cause)));
        cells.push(words::quality_cell(&xdr));
        ListRow { href: Some(call_path(ask.me.audience(), xdr.call)), cells }
    }))
}

/// The page, under the name that its readers have for it.
pub fn history_page(title: &'static str, description: &'static str) -> AnyView {
    let args = list_args();
    let refresh = live(&[Topic::Xdrs]);
    let of_staff = me().audience() == Audience::Administrator;
    let option = |key: &str, label: &str| (key.to_owned(), label.to_owned());
    let filters = vec![
        Filter {
            name: "direction",
            label: "Direction",
            options: Direction::ALL.map(|direction| option(direction.key(), direction.label())).into(),
        },
        Filter {
            name: "answered",
            label: "Answered",
            options: vec![option("yes", "Answered"), option("no", "Not answered")],
        },
        Filter {
            name: "cause",
            label: "Result",
            options: ReleaseCause::ALL.map(|cause| option(cause.key(), cause.label())).into(),
        },
    ];
    let customer = of_staff.then_some(FilterInput { name: "customer", label: "Customer", kind: "text" });
    let days = [
        FilterInput { name: "from", label: "From", kind: "date" },
        FilterInput { name: "to", label: "To", kind: "date" },
    ];
    view! {
        <ListPage
            title=title
            description=description
            listing=load_live(refresh, move || Ok(XdrList { args: args.get() }))
            args=args
            noun=("call", "calls")
            filters=filters
            inputs=customer.into_iter().chain(days).collect()
            empty=("No calls yet", "Every call is kept here when it is over, the missed ones too.")
            search_in="name, number or huntgroup"
            seen_by=&[Field::CallHistory]
        />
    }
    .into_any()
}
