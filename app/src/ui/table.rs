//! The table of a list: heads that sort, rows that lead somewhere, cells by their kind.

use leptos::prelude::*;

use super::{
    CollectAny as _,
    badge::{Badge, mode_sign, tone_class},
    icon::{Sign, icon},
    layout::dash,
    list::{first_page, link_to},
};
use crate::listing::{Cell, Column, Emblem, ListArgs, ListRow, Listing};

/// The id of the form that the chosen rows are sent with.
pub(super) const CHOSEN: &str = "chosen";

/// The rows of a listing, without search and pages.
#[component]
pub fn DataTable(
    /// The rows.
    listing: Listing,
    /// What they are, for screen readers.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    table(listing.columns, listing.rows, None, &label)
}

/// On a narrow page each row is a card, and each cell says its column; the roles keep it a table for screen readers.
pub(super) fn table(columns: Vec<Column>, rows: Vec<ListRow>, args: Option<&ListArgs>, label: &str) -> AnyView {
    let labels: Vec<String> = columns.iter().map(|column| column.label.clone()).collect();
    let first_key = columns.iter().find_map(|column| column.sort.clone()).unwrap_or_default();
    let heads = columns.into_iter().map(|column| head_cell(column, args, &first_key)).collect_any();
    let rows = rows.into_iter().map(|row| row_view(row, &labels)).collect_any();
    view! {
        <div class="table-scroll">
            <table class="table" role="table" aria-label=label.to_owned()>
                <thead role="rowgroup">
                    <tr role="row">{heads}</tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn head_cell(column: Column, args: Option<&ListArgs>, first_key: &str) -> AnyView {
    let (Some(key), Some(args)) = (column.sort, args) else {
        return view! { <th role="columnheader" scope="col">{column.label}</th> }.into_any();
    };
    let current = if args.sort.is_empty() { first_key } else { &args.sort };
    let descending = args.desc == "1";
    let (state, sign) = match (current == key, descending) {
        (true, false) => (Some("ascending"), Sign::Up),
        (true, true) => (Some("descending"), Sign::Down),
        (false, _) => (None, Sign::UpDown),
    };
    let desc = if current == key && !descending { "1" } else { "" };
    let href = link_to(&ListArgs { sort: key, desc: desc.into(), ..first_page(args) });
    view! {
        <th role="columnheader" scope="col" aria-sort=state>
            <a href=href data-noscroll>{column.label} {icon(sign)}</a>
        </th>
    }
    .into_any()
}

fn row_view(row: ListRow, labels: &[String]) -> AnyView {
    let mut href = row.href;
    let cells = row
        .cells
        .into_iter()
        .zip(labels)
        .map(|(cell, label)| {
            let class = match &cell {
                Cell::Figures(_) | Cell::Since(..) => "figures",
                Cell::Choose(..) => "choose",
                Cell::Text(_) | Cell::Badge(..) | Cell::Badges(_) | Cell::Two(..) => "",
            };
            // The first cell's link covers the whole row, but for the box that chooses it.
            let link = if class == "choose" { None } else { href.take() };
            let content = cell_view(cell);
            let content = match link {
                Some(href) => view! { <a class="whole" href=href>{content}</a> }.into_any(),
                None => content,
            };
            view! { <td role="cell" class=class data-label=label.clone()>{content}</td> }.into_any()
        })
        .collect_any();
    view! { <tr role="row">{cells}</tr> }.into_any()
}

fn cell_view(cell: Cell) -> AnyView {
    match cell {
        Cell::Text(text) | Cell::Figures(text) => dash(text),
        Cell::Since(since, text) => view! { <span data-since=since.0.to_string()>{text}</span> }.into_any(),
        Cell::Badge(tone, text) => view! { <Badge tone=tone text=text /> }.into_any(),
        Cell::Badges(badges) => {
            let badges = badges
                .into_iter()
                .map(|(tone, emblem, text)| {
                    let sign = emblem.map(|emblem| match emblem {
                        Emblem::Recording => Sign::Recording,
                        Emblem::Paused => Sign::Pause,
                        Emblem::Supervised(mode) => mode_sign(mode),
                    });
                    view! { <span class=format!("badge {}", tone_class(tone))>{sign.map(icon)} {text}</span> }.into_any()
                })
                .collect_any();
            view! { <span class="badges">{badges}</span> }.into_any()
        }
        Cell::Choose(value, label) => view! {
            <input type="checkbox" class="check" name="id" value=value form=CHOSEN aria-label=format!("Choose {label}") />
        }
        .into_any(),
        Cell::Two(text, note) => view! { <span class="two">{dash(text)} <small>{note}</small></span> }.into_any(),
    }
}
