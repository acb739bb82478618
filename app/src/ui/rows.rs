//! Rows of records that are worked on in place: each with a name, its own settings, and small buttons.
//!
//! Where a [`DataTable`](super::DataTable) leads to pages, these rows are changed where they stand: the members of a
//! huntgroup, the extensions that can join it. [`KeepFocus`] follows a row that was moved, so that the keyboard can go on.

use std::time::Duration;

use leptos::prelude::*;

use super::{
    button::Kind,
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
                {children.map(|children| view! { <div class="rows-settings">{children()}</div> })}
                {actions.map(|actions| view! { <div class="rows-actions">{actions}</div> })}
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

/// Puts the focus on a control again that another place on the page has after the data was loaded anew.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepFocus(StoredValue<Vec<String>>);

impl KeepFocus {
    /// Nothing to follow yet. Made outside of what is loaded anew.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The ids of the controls to put the focus on, the first that can have it.
    pub fn on(self, ids: Vec<String>) {
        self.0.set_value(ids);
    }

    /// Called where the data is shown: does it, once.
    pub fn restore(self) {
        Effect::new(move |_| {
            let ids = self.0.try_update_value(std::mem::take).unwrap_or_default();
            if !ids.is_empty() {
                request_animation_frame(move || hold_focus(ids));
            }
        });
    }
}

/// How often one looks whether the focus has stayed, and how long after each other.
const LOOKS: u32 = 5;
const LOOKS_AGAIN: Duration = Duration::from_millis(100);

/// Puts the focus on the first that can have it.
fn hold_focus(ids: Vec<String>) {
    focus_first(&ids);
    watch(ids, LOOKS);
}

/// Puts the focus back when it is lost: rows may be shown anew once more, by data that was on its way already. Where the person
/// has put it elsewhere it is left.
fn watch(ids: Vec<String>, looks: u32) {
    if looks == 0 {
        return;
    }
    let look = move || {
        if document().active_element().is_none_or(|active| active.tag_name() == "BODY") {
            focus_first(&ids);
        }
        watch(ids, looks - 1);
    };
    set_timeout(look, LOOKS_AGAIN);
}

fn focus_first(ids: &[String]) {
    use wasm_bindgen::JsCast;
    let buttons = ids.iter().filter_map(|id| document().get_element_by_id(id));
    let can_have_it = |button: &web_sys::Element| !button.has_attribute("disabled");
    if let Some(button) = buttons.filter(can_have_it).find_map(|button| button.dyn_into::<web_sys::HtmlElement>().ok())
    {
        // Fails only for an element that cannot have the focus.
        let _ = button.focus();
    }
}
