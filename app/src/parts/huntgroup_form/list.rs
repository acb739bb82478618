//! The list of a customer's huntgroups.

use leptos::prelude::*;
use tandem_domain::{access::Field, ids::CustomerId};

use crate::{
    context::me,
    data::load,
    error::AppError,
    listing::{ListArgs, Listing},
    ui::{ListPage, list_args},
};

/// A page of the list.
///
/// # Errors
/// No such customer; no permission to see huntgroups.
#[server(endpoint = "huntgroup_list")]
pub async fn huntgroup_list(
    /// Whose.
    customer: CustomerId,
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use crate::{
        listing::{Cell, Column, ListRow},
        server::ask::Ask,
    };
    use tandem_domain::access::Audience;
    use tandem_store::huntgroups::HuntgroupSort;

    let ask = Ask::now()?;
    ask.see(Field::Huntgroups)?;
    let tenant = ask.tenant(customer)?;
    let query = args.query(HuntgroupSort::from_key(&args.sort));
    let page = ask.store().huntgroups(tenant).list(&query).await.map_err(|error| ask.tell(super::WHAT, error))?;
    if page.rows.is_empty() {
        // It has none yet, or there is no such customer.
        ask.store().customers().get(tenant).await.map_err(|error| ask.tell("customer", error))?;
    }
    let own_pages = ask.me.audience() == Audience::Customer;
    let members = ask.me.sees(Field::HuntgroupMembers);
    let mut columns = vec![
        Column::sorted("Name", "name"),
        Column::sorted("Number", "number"),
        Column::plain("Ring strategy"),
        Column::plain("Ring time"),
    ];
    columns.extend(members.then(|| Column::plain("Members")));
    Ok(Listing::of(columns, page, |group| {
        let mut cells = vec![
            Cell::Text(group.name),
            Cell::Figures(group.number.to_string()),
            Cell::Text(group.strategy.label().into()),
            Cell::Figures(format!("{} s", group.ring_seconds)),
        ];
        cells.extend(members.then(|| Cell::Figures(group.members.to_string())));
        let href = if own_pages {
            format!("/self-care/huntgroups/{}", group.id)
        } else {
            format!("/admin/customers/{customer}/huntgroups?group={}", group.id)
        };
        ListRow { href: Some(href), cells }
    }))
}

/// The list; `new` is where a group is added, for those who may. An empty `title` is for a page with a head of its own.
pub fn huntgroup_list_page(customer: CustomerId, title: &'static str, new: &'static str) -> AnyView {
    let args = list_args();
    let new =
        (!new.is_empty() && me().modifies(Field::Huntgroups)).then(|| (new.to_owned(), "Add huntgroup".to_owned()));
    view! {
        <ListPage
            title=title
            description="One number that rings several extensions. Managers supervise the calls of the members of their huntgroups."
            listing=load(move || Ok(HuntgroupList { customer, args: args.get() }))
            args=args
            noun=("huntgroup", "huntgroups")
            new=new
            empty=("No huntgroups yet", "Add one for each team: Support, Sales. Then choose its members, and who supervises them.")
            search_in="name or number"
            seen_by=&[Field::Huntgroups]
        />
    }
    .into_any()
}
