//! Framed parts of a page.

use leptos::prelude::*;

/// A part of a page under a heading.
#[component]
pub fn Card(
    /// The heading; empty: none.
    #[prop(optional, into)]
    title: String,
    /// A sentence under the heading.
    #[prop(optional, into)]
    description: String,
    /// Buttons beside the heading.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
    /// Without the inner margin: a table from edge to edge.
    #[prop(optional)]
    flush: bool,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let class = if flush { "card card-flush" } else { "card" };
    let head = (!title.is_empty() || actions.is_some()).then(|| {
        view! {
            <header class="card-head">
                <div>
                    <h2>{title}</h2>
                    {(!description.is_empty()).then(|| view! { <p>{description}</p> }.into_any())}
                </div>
                {actions.map(|actions| view! { <div class="actions">{actions.run()}</div> }.into_any())}
            </header>
        }
    });
    view! { <section class=class>{head} <div class="card-body">{children()}</div></section> }
}

/// One number that matters, with what it counts.
#[component]
pub fn Stat(
    /// What is counted.
    #[prop(into)]
    label: String,
    /// The number, in words of the reader's locale.
    #[prop(into)]
    value: String,
    /// What explains it.
    #[prop(optional, into)]
    note: String,
    /// Where more is told.
    #[prop(optional, into)]
    href: Option<String>,
) -> impl IntoView {
    let label = match href {
        Some(href) => view! { <a class="stat-label whole" href=href>{label}</a> }.into_any(),
        None => view! { <span class="stat-label">{label}</span> }.into_any(),
    };
    view! {
        <div class="stat">
            {label} <strong class="stat-value">{value}</strong>
            {(!note.is_empty()).then(|| view! { <span class="stat-note">{note}</span> }.into_any())}
        </div>
    }
}
