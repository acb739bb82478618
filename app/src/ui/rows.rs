//! Rows of records that are worked on in place: each with a name, its own settings, and small buttons.
//!
//! Where a [`DataTable`](super::DataTable) leads to pages, these rows are changed where they stand: the members of a
//! huntgroup, the extensions that can join it. [`KeepFocus`] follows a row that was moved, so that the keyboard can go on.

use std::time::Duration;

use leptos::prelude::*;

use super::{
    button::Kind,
    effect::effect,
    icon::{Sign, icon},
};

/// Rows, in an order that matters if they are `numbered`.
#[component]
pub fn Rows(
    /// What they are, for screen readers.
    #[prop(into)]
    label: String,
    /// Each row says its place.
    #[prop(optional)]
    numbered: bool,
    /// [`Row`]s.
    children: Children,
) -> impl IntoView {
    let class = if numbered { "rows rows-numbered" } else { "rows" };
    view! { <ol class=class aria-label=label>{children()}</ol> }
}

/// One row.
#[component]
pub fn Row(
    /// What it is.
    #[prop(into)]
    title: String,
    /// A fact about it.
    #[prop(optional, into)]
    note: String,
    /// A badge beside the title.
    #[prop(optional_no_strip)]
    badge: Option<AnyView>,
    /// Buttons at the end.
    #[prop(optional_no_strip)]
    actions: Option<AnyView>,
    /// Its settings: instant switches.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let name = format!("{title} {note}");
    view! {
        <li>
            <div class="rows-item" role="group" aria-label=name>
                <p class="rows-what">
                    <strong>{title}</strong>
                    <span class="figures">{note}</span>
                    {badge}
                </p>
                {children.map(|children| view! { <div class="rows-settings">{children()}</div> }.into_any())}
                {actions.map(|actions| view! { <div class="rows-actions">{actions}</div> }.into_any())}
            </div>
        </li>
    }
}

/// A small button with a sign, that submits the form around it.
#[component]
pub fn IconButton(
    /// The sign.
    sign: Sign,
    /// What it does, for screen readers and as a tip: "Move Adam up".
    #[prop(into)]
    label: String,
    /// The first word of it, shown beside the sign.
    #[prop(optional)]
    word: &'static str,
    /// Its id, for [`KeepFocus`].
    #[prop(optional, into)]
    id: Option<String>,
    /// Cannot be pressed.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    let class = if word.is_empty() { "icon-button" } else { Kind::Secondary.class() };
    view! {
        <button type="submit" class=class id=id title=label.clone() aria-label=label disabled=disabled>
            {icon(sign)}
            {word}
        </button>
    }
}

/// Puts the focus on a control again that another place on the page has after the data was loaded anew, and keeps it there
/// through later loadings until the person goes elsewhere: data may be loaded more than once for one change, and no one
/// knows when the last of it is there.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepFocus(StoredValue<Wanted>);

/// What is to have the focus.
#[derive(Debug, Clone, Default)]
struct Wanted {
    /// The ids of the controls, the first that can have it; none: nothing is to.
    ids: Vec<String>,
    /// Whether it had it: from then on the person may take the focus elsewhere.
    had: bool,
    /// How often something was wanted. What was wanted before is not looked after any more.
    turn: u32,
}

impl KeepFocus {
    /// Nothing to follow yet. Made outside of what is loaded anew.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The ids of the controls to put the focus on, the first that can have it.
    pub fn on(self, ids: Vec<String>) {
        self.0.update_value(|wanted| *wanted = Wanted { ids, had: false, turn: wanted.turn + 1 });
    }

    /// Called where the data is shown.
    pub fn restore(self) {
        effect(move || {
            let turn = self.0.try_with_value(|wanted| (!wanted.ids.is_empty()).then_some(wanted.turn)).flatten();
            if let Some(turn) = turn {
                request_animation_frame(move || self.hold(turn, LOOKS));
            }
        });
    }

    /// Puts the focus where it belongs, and looks again a few times: rows may be shown a moment after this.
    fn hold(self, turn: u32, looks: u32) {
        // The page may be gone by now.
        let Some(wanted) = self.0.try_get_value().filter(|wanted| wanted.turn == turn) else { return };
        let active = document().active_element().filter(|active| active.tag_name() != "BODY");
        let is_there = active.as_ref().is_some_and(|active| wanted.ids.contains(&active.id()));
        // Rows are written over: what had the focus may be another row's control now, without the person's doing.
        let is_ours = active.is_none_or(|active| is_there || active.has_attribute(PUT_HERE));
        if wanted.had && !is_ours {
            return self.0.set_value(Wanted { turn, ..Wanted::default() });
        }
        if (!wanted.had || !is_there) && focus_first(&wanted.ids) {
            self.0.try_update_value(|wanted| wanted.had = true);
        }
        if looks > 0 {
            set_timeout(move || self.hold(turn, looks - 1), LOOKS_AGAIN);
        }
    }
}

/// How often one looks whether the focus has stayed, and how long after each other.
const LOOKS: u32 = 10;
const LOOKS_AGAIN: Duration = Duration::from_millis(100);
/// Marks the control that was given the focus here.
const PUT_HERE: &str = "data-focus-put";

/// Puts the focus on the first that can have it; tells whether there is one.
fn focus_first(ids: &[String]) -> bool {
    use wasm_bindgen::JsCast;
    let buttons = ids.iter().filter_map(|id| document().get_element_by_id(id));
    let can_have_it = |button: &web_sys::Element| !button.has_attribute("disabled");
    let button = buttons.filter(can_have_it).find_map(|button| button.dyn_into::<web_sys::HtmlElement>().ok());
    if let Ok(Some(before)) = document().query_selector(&["[", PUT_HERE, "]"].concat()) {
        let _ = before.remove_attribute(PUT_HERE);
    }
    button.is_some_and(|button| button.set_attribute(PUT_HERE, "").and_then(|()| button.focus()).is_ok())
}
