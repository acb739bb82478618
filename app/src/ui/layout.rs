//! The parts of every page: its head, tabs, facts, and what stands where there is nothing (yet).

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use super::{
    CollectAny as _,
    badge::tone_class,
    icon::{Sign, icon},
};
use crate::listing::Tone;

/// The head of a page: its title (also of the browser's tab), the way back, and what can be done.
#[component]
pub fn PageHeader(
    /// What the page is about.
    #[prop(into)]
    title: String,
    /// What kind of thing it is, or a fact about it.
    #[prop(optional, into)]
    subtitle: String,
    /// The list it belongs to: address and name.
    #[prop(optional, into)]
    back: Option<(&'static str, &'static str)>,
    /// As `back`, for an address that is made.
    #[prop(optional, into)]
    back_to: Option<(String, String)>,
    /// A badge beside the title.
    #[prop(optional, into)]
    badge: Option<ViewFn>,
    /// Buttons.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
) -> impl IntoView {
    let back = back.map(|(href, name)| (href.to_owned(), name.to_owned())).or(back_to);
    view! {
        <Title text=title.clone() />
        <header class="page-head">
            {back.map(|(href, name)| view! { <a class="back" href=href>{icon(Sign::Back)} {name}</a> }.into_any())}
            <div class="page-head-row">
                <div>
                    <div class="page-head-title">
                        <h1>{title}</h1>
                        {badge.map(|badge| badge.run())}
                    </div>
                    {(!subtitle.is_empty()).then(|| view! { <p class="page-head-subtitle">{subtitle}</p> }.into_any())}
                </div>
                {actions.map(|actions| view! { <div class="actions">{actions.run()}</div> }.into_any())}
            </div>
        </header>
    }
}

/// The tabs of a record: links, each a page of its own.
#[component]
pub fn Tabs(
    /// Address and name of each.
    items: Vec<(String, String)>,
    /// What the tabs are of, for screen readers.
    #[prop(default = "Sections".into(), into)]
    label: String,
) -> impl IntoView {
    let path = use_location().pathname;
    let items = items
        .into_iter()
        .map(|(href, name)| {
            let here = {
                let href = href.clone();
                move || (path.read().trim_end_matches('/') == href).then_some("page")
            };
            view! { <li><a href=href aria-current=here data-noscroll>{name}</a></li> }.into_any()
        })
        .collect_any();
    view! { <nav class="tabs" aria-label=label><ul>{items}</ul></nav> }
}

/// Facts: what, and how it is.
#[component]
pub fn DescriptionList(
    /// The facts. An empty value shows a dash.
    items: Vec<(String, String)>,
) -> impl IntoView {
    let items = items
        .into_iter()
        .map(|(what, how)| view! { <div><dt>{what}</dt><dd>{dash(how)}</dd></div> }.into_any())
        .collect_any();
    view! { <dl class="facts">{items}</dl> }
}

/// The text, or a dash that says that there is none.
pub(super) fn dash(text: String) -> AnyView {
    if text.is_empty() {
        view! { <span class="none" aria-label="none">"–"</span> }.into_any()
    } else {
        text.into_any()
    }
}

/// What stands where a list has nothing yet: what it is for, and what to do first.
#[component]
pub fn EmptyState(
    /// What there is none of.
    #[prop(into)]
    title: String,
    /// What to do first.
    #[prop(optional, into)]
    text: String,
    /// A sign above.
    #[prop(optional)]
    sign: Option<Sign>,
    /// Buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-sign">{icon(sign.unwrap_or(Sign::Empty))}</span>
            <p class="empty-title">{title}</p>
            {(!text.is_empty()).then(|| view! { <p class="empty-text">{text}</p> }.into_any())}
            {children.map(|children| view! { <div class="actions">{children()}</div> }.into_any())}
        </div>
    }
}

/// A remark that stays on the page.
#[component]
pub fn Notice(
    /// Its colour and sign.
    tone: Tone,
    /// What it says.
    #[prop(into)]
    text: String,
    /// What can be done about it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let sign = match tone {
        Tone::Good => Sign::Done,
        Tone::Neutral | Tone::Info => Sign::Info,
        Tone::Warning | Tone::Bad => Sign::Warning,
    };
    view! {
        <div class=format!("notice {}", tone_class(tone))>
            {icon(sign)} <p>{text}</p>
            {children.map(|children| view! { <div class="actions">{children()}</div> }.into_any())}
        </div>
    }
}

/// What stands where content is on its way.
#[component]
pub fn Skeleton(
    /// How many lines.
    #[prop(default = 4)]
    lines: usize,
) -> impl IntoView {
    let lines = (0..lines).map(|_| view! { <span class="skeleton-line"></span> }.into_any()).collect_any();
    view! { <div class="skeleton" aria-busy="true"><span class="hidden-text">"Loading…"</span>{lines}</div> }
}
