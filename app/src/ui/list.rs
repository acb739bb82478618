//! The list page: one component for every list.
//!
//! What is searched, filtered, sorted and paged is in the address, so that a list can be bookmarked, sent, and works
//! without WebAssembly as a plain form of method GET. In the browser the list filters as one types.

use std::time::Duration;

use leptos::{ev, html, prelude::*};
use leptos_router::{
    hooks::{use_location, use_query_map},
    params::ParamsMap,
};
use tandem_domain::access::Field;
use wasm_bindgen::JsCast;

use super::{
    CollectAny as _,
    button::{Kind, LinkButton},
    desk::use_desk,
    effect::effect,
    fields::option_views,
    icon::{Sign, icon},
    keys::single_key,
    layout::{EmptyState, PageHeader, Skeleton},
    submit,
    table::{CHOSEN, table},
    timer::Timer,
};
use crate::{
    context::me,
    data::Data,
    error::AppError,
    listing::{ListArgs, Listing, cursor_text},
    pages::errors::{error_page, error_part},
};

/// How long after the last letter the list is asked for.
const TYPING: Duration = Duration::from_millis(200);

/// A choice above a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Its name in the address.
    pub name: &'static str,
    /// What it filters by.
    pub label: &'static str,
    /// Value and label of each option; all rows are shown without one.
    pub options: Vec<(String, String)>,
}

/// A day or a word above a list, to filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterInput {
    /// Its name in the address.
    pub name: &'static str,
    /// What it filters by.
    pub label: &'static str,
    /// `date` or `text`.
    pub kind: &'static str,
}

/// What the address asks of a list.
#[must_use]
pub fn list_args() -> Memo<ListArgs> {
    let query = use_query_map();
    Memo::new(move |_| {
        let mut args = ListArgs::default();
        for (name, value) in query.get() {
            args_set(&mut args, &name, value);
        }
        args
    })
}

fn args_set(args: &mut ListArgs, name: &str, value: String) {
    match name {
        "q" => args.q = value,
        "sort" => args.sort = value,
        "desc" => args.desc = value,
        "after" => args.after = value,
        "before" => args.before = value,
        _ if value.is_empty() => {}
        _ => {
            args.filters.insert(name.into(), value);
        }
    }
}

/// The query of an address that asks for this.
fn query_of(args: &ListArgs) -> String {
    let mut query = ParamsMap::new();
    for (name, value) in
        [("q", &args.q), ("sort", &args.sort), ("desc", &args.desc), ("after", &args.after), ("before", &args.before)]
    {
        if !value.is_empty() {
            query.insert(name, value.clone());
        }
    }
    for (name, value) in &args.filters {
        query.insert(name.clone(), value.clone());
    }
    query.to_query_string()
}

/// The same, from its first page.
pub(super) fn first_page(args: &ListArgs) -> ListArgs {
    ListArgs { after: String::new(), before: String::new(), ..args.clone() }
}

/// A link within the list: never an empty address, which would mean the present one.
pub(crate) fn link_to(args: &ListArgs) -> String {
    let query = query_of(args);
    if query.is_empty() { "?".into() } else { query }
}

/// A list with its search, filters, and pages.
#[component]
pub fn ListPage(
    /// What is listed: the page's title. Empty: the page has its own head.
    #[prop(optional, into)]
    title: String,
    /// A sentence below the title.
    #[prop(optional, into)]
    description: String,
    /// The rows.
    listing: Data<Listing>,
    /// What the address asks for: [`list_args`].
    args: Memo<ListArgs>,
    /// One of what is listed, and many.
    noun: (&'static str, &'static str),
    /// Choices above the list.
    #[prop(optional)]
    filters: Vec<Filter>,
    /// Days and words above the list, to filter by.
    #[prop(optional)]
    inputs: Vec<FilterInput>,
    /// Where something new is made, and what the button says; `None` when the role does not permit it.
    #[prop(optional_no_strip, into)]
    new: Option<(String, String)>,
    /// What there is when there is nothing yet: a title, and what to do first.
    #[prop(optional)]
    empty: Option<(&'static str, &'static str)>,
    /// Where the list can be had as a file; the address's search and filters are added.
    #[prop(optional, into)]
    export_href: Option<String>,
    /// What the search looks in: "name, e-mail or SIP prefix".
    #[prop(optional, into)]
    search_in: String,
    /// There are no words to search for.
    #[prop(optional)]
    no_search: bool,
    /// What can be done with rows that are chosen ([`Cell::Choose`](crate::listing::Cell)): the page that asks, which gets
    /// their values as `id` in its address, and what the button says.
    #[prop(optional_no_strip)]
    chosen: Option<(&'static str, &'static str)>,
    /// The permissions of which one shows the list; without any of them the page says so instead.
    #[prop(optional)]
    seen_by: &'static [Field],
) -> impl IntoView {
    if let Some(first) = seen_by.first()
        && !seen_by.iter().any(|field| me().sees(*field))
    {
        return error_page(&AppError::forbidden(*first));
    }
    let new_button = new.clone().map(|(href, label)| new_link(href, label));
    let export = export_href.map(|href| {
        let to = move || format!("{href}{}", query_of(&first_page(&args.read())));
        view! { <a class=Kind::Secondary.class() href=to rel="external" download>{icon(Sign::Download)} "Export CSV"</a> }.into_any()
    });
    let actions = (new_button.is_some() || export.is_some())
        .then(|| view! { <div class="actions">{export} {new_button}</div> }.into_any());
    let (head, beside) = if title.is_empty() {
        (None, actions)
    } else {
        let head = view! {
            <div class="list-head">
                <PageHeader title=title subtitle=description />
                {actions}
            </div>
        };
        (Some(head), None)
    };
    let searchable = !no_search || !filters.is_empty() || !inputs.is_empty();
    let bar = searchable.then(|| search_bar(args, noun.1, filters, inputs, search_in, no_search));
    let rows = move || {
        let new = new.clone();
        Suspend::new(async move {
            match listing.get().await {
                Ok(listing) => list_view(listing, &args.get_untracked(), noun, empty, new, chosen),
                Err(error) => error_part(&error),
            }
        })
    };
    view! {
        <div class="list" on:keydown=|event| move_between_rows(&event)>
            {head}
            <div class="list-bar">{bar} {beside}</div>
            <div class="list-rows" aria-busy=move || listing.waits().then_some("true")>
                <Transition fallback=|| view! { <Skeleton lines=8 /> }>
                    {rows}
                </Transition>
            </div>
        </div>
    }
    .into_any()
}

fn new_link(href: String, label: String) -> AnyView {
    view! { <LinkButton href=href label=label kind=Kind::Primary sign=Sign::Plus /> }.into_any()
}

/// The search and the filters: a form of method GET that the browser need not send.
pub(crate) fn search_bar(
    args: Memo<ListArgs>,
    many: &'static str,
    filters: Vec<Filter>,
    inputs: Vec<FilterInput>,
    search_in: String,
    no_search: bool,
) -> AnyView {
    let desk = use_desk();
    let path = use_location().pathname;
    let form = NodeRef::<html::Form>::new();
    let input = NodeRef::<html::Input>::new();
    let timer = Timer::new();
    let apply = move || {
        timer.stop();
        let Some(form) = form.get_untracked() else { return };
        let mut wanted = ListArgs::default();
        for (name, value) in submit::read(&form, None) {
            args_set(&mut wanted, &name, value);
        }
        if wanted != first_page(&args.get_untracked()) {
            desk.replace(&format!("{}{}", path.get_untracked(), query_of(&wanted)));
        }
    };
    let typed = move |_| timer.restart(TYPING, apply);
    on_cleanup(move || timer.stop());
    follow(args, input, |args| args.q.clone());
    if !no_search {
        focus_by_slash(input);
    }
    let first = args.get_untracked();
    let selects = filters
        .into_iter()
        .map(|filter| {
            let mut options = vec![(String::new(), format!("{}: all", filter.label))];
            options.extend(filter.options);
            let name = filter.name;
            view! {
                <select
                    name=name
                    class="input filter"
                    aria-label=filter.label
                    prop:value=move || args.read().filter(name).to_owned()
                    on:change=move |_| apply()
                >
                    {option_views(options, first.filter(name))}
                </select>
            }
            .into_any()
        })
        .collect_any();
    let inputs = inputs
        .into_iter()
        .map(|FilterInput { name, label, kind }| {
            let input = NodeRef::<html::Input>::new();
            follow(args, input, move |args| args.filter(name).to_owned());
            view! {
                <label class="filter-input">
                    <span>{label}</span>
                    <input
                        type=kind
                        name=name
                        class="input filter"
                        value=first.filter(name).to_owned()
                        autocomplete="off"
                        node_ref=input
                        on:input=typed
                        on:change=move |_| apply()
                    />
                </label>
            }
            .into_any()
        })
        .collect_any();
    let label = if search_in.is_empty() { format!("Search {many}") } else { format!("Search by {search_in}") };
    let search = (!no_search).then(|| {
        view! {
            <div class="search">
                {icon(Sign::Search)}
                <input
                    type="search"
                    name="q"
                    class="input"
                    value=first.q.clone()
                    placeholder=label.clone()
                    aria-label=label
                    autocomplete="off"
                    enterkeyhint="search"
                    node_ref=input
                    on:input=typed
                />
                <kbd class="needs-wasm single-key" aria-hidden="true">"/"</kbd>
            </div>
        }
        .into_any()
    });
    let submitted = move |event: ev::SubmitEvent| {
        event.prevent_default();
        apply();
    };
    view! {
        <form method="get" role="search" class="search-bar" node_ref=form on:submit=submitted>
            {search}
            {selects}
            {inputs}
            <input type="hidden" name="sort" value=move || args.read().sort.clone() />
            <input type="hidden" name="desc" value=move || args.read().desc.clone() />
            <button type="submit" class="button no-wasm">"Search"</button>
        </form>
    }
    .into_any()
}

/// Shows in an input what the address says, which changes by links and the back button too. What is being typed is left alone.
fn follow(args: Memo<ListArgs>, input: NodeRef<html::Input>, value: impl Fn(&ListArgs) -> String + 'static) {
    effect(move || {
        let (value, Some(input)) = (value(&args.read()), input.get()) else { return };
        let typing = document().active_element().is_some_and(|active| &active == input.as_ref() as &web_sys::Element);
        if !typing && input.value() != value {
            input.set_value(&value);
        }
    });
}

/// `/` puts the focus into the search.
fn focus_by_slash(input: NodeRef<html::Input>) {
    effect(move || {
        let handle = window_event_listener(ev::keydown, move |event| {
            if single_key(&event).as_deref() == Some("/") {
                event.prevent_default();
                if let Some(input) = input.get_untracked() {
                    let _ = input.focus();
                    input.select();
                }
            }
        });
        on_cleanup(move || handle.remove());
    });
}

/// Whether a key is for a control that takes letters, or for a question.
pub(crate) fn is_typing(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.matches("input, textarea, select, dialog *, [contenteditable]").unwrap_or(false))
}

/// The arrow keys go from row to row; down from the search goes to the first.
fn move_between_rows(event: &ev::KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    let Some(target) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else { return };
    let in_search = target.matches("input[type=search]").unwrap_or(false);
    let in_row = target.matches("a.whole").unwrap_or(false);
    let Ok(rows) = document().query_selector_all(".list-rows a.whole") else { return };
    let here = (0..rows.length()).find(|&i| rows.item(i).is_some_and(|row| row.is_same_node(Some(&target))));
    let next = match here {
        Some(here) => i64::from(here) + step,
        None if in_search && step == 1 => 0,
        None => return,
    };
    if !(in_search || in_row) {
        return;
    }
    let to = match u32::try_from(next) {
        Ok(next) => rows.item(next),
        Err(_) => document().query_selector(".list input[type=search]").ok().flatten().map(JsCast::unchecked_into),
    };
    if let Some(to) = to {
        event.prevent_default();
        let _ = to.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}

fn list_view(
    listing: Listing,
    args: &ListArgs,
    noun: (&'static str, &'static str),
    empty: Option<(&'static str, &'static str)>,
    new: Option<(String, String)>,
    chosen: Option<(&'static str, &'static str)>,
) -> AnyView {
    let narrowed = !args.q.is_empty() || !args.filters.is_empty();
    if listing.rows.is_empty() && narrowed {
        let all = ListArgs { sort: args.sort.clone(), desc: args.desc.clone(), ..ListArgs::default() };
        return view! {
            <EmptyState title=format!("No {} match", noun.1) text="Try other words, or fewer filters." sign=Sign::Search>
                <a class="button" href=link_to(&all)>"Clear search and filters"</a>
            </EmptyState>
        }
        .into_any();
    }
    if listing.rows.is_empty() && args.after.is_empty() && args.before.is_empty() {
        let (title, text) =
            empty.map_or_else(|| (format!("No {} yet", noun.1), ""), |(title, text)| (title.to_owned(), text));
        let text = if listing.hint.is_empty() { text.to_owned() } else { listing.hint };
        return view! { <EmptyState title=title text=text>{new.map(|(href, label)| new_link(href, label))}</EmptyState> }
            .into_any();
    }
    let caption = listing.caption(noun.0, noun.1);
    let to = |cursor: &tandem_domain::list::Cursor| {
        let mut args = first_page(args);
        let text = cursor_text(cursor);
        if cursor.before {
            args.before = text
        } else {
            args.after = text
        }
        link_to(&args)
    };
    let previous = listing.previous.as_ref().map(to);
    let next = listing.next.as_ref().map(to);
    view! {
        {table(listing.columns, listing.rows, Some(args), noun.1)}
        <footer class="pager">
            <p aria-live="polite">{caption}</p>
            {chosen.map(|(to, label)| view! {
                <form method="get" action=to id=CHOSEN class="chosen">
                    <button type="submit" class="button">{icon(Sign::Bin)} {label}</button>
                </form>
            }.into_any())}
            {(previous.is_some() || next.is_some()).then(|| view! {
                <nav aria-label="Pages">
                    {pager_link(previous, "Previous", Sign::Left)}
                    {pager_link(next, "Next", Sign::Right)}
                </nav>
            }.into_any())}
        </footer>
    }
    .into_any()
}

fn pager_link(href: Option<String>, label: &'static str, sign: Sign) -> AnyView {
    let content = match sign {
        Sign::Left => view! { {icon(sign)} {label} }.into_any(),
        _ => view! { {label} {icon(sign)} }.into_any(),
    };
    match href {
        Some(href) => view! { <a class="button" href=href>{content}</a> }.into_any(),
        None => view! { <span class="button" aria-disabled="true">{content}</span> }.into_any(),
    }
}
