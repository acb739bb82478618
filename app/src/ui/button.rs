//! Buttons, and links that look like them.

use leptos::prelude::*;

use super::icon::{Sign, icon};

/// How much a button asks to be pressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// The one thing to do here.
    Primary,
    /// Something else that can be done.
    #[default]
    Secondary,
    /// Cannot be taken back.
    Danger,
    /// Hardly there: in rows and bars.
    Ghost,
}

impl Kind {
    /// The classes of a button of this kind.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button-primary",
            Self::Secondary => "button",
            Self::Danger => "button button-danger",
            Self::Ghost => "button button-ghost",
        }
    }
}

/// A button. In a form it submits the form, unless `on_click` is given.
#[component]
pub fn Button(
    /// What it says.
    #[prop(into)]
    label: String,
    /// How much it asks to be pressed.
    #[prop(optional)]
    kind: Kind,
    /// A sign before the word.
    #[prop(optional)]
    sign: Option<Sign>,
    /// The name that is sent when this button submits the form.
    #[prop(optional, into)]
    name: Option<String>,
    /// The value that is sent with `name`.
    #[prop(optional, into)]
    value: Option<String>,
    /// Cannot be pressed.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// What pressing it does in the browser; it then submits nothing, and is hidden until the browser can do it.
    #[prop(optional, into)]
    on_click: Option<Callback<()>>,
) -> impl IntoView {
    let (class, r#type) = match on_click {
        Some(_) => (format!("{} needs-wasm", kind.class()), "button"),
        None => (kind.class().to_owned(), "submit"),
    };
    let pressed = move |_| {
        if let Some(on_click) = on_click {
            on_click.run(());
        }
    };
    view! {
        <button type=r#type class=class name=name value=value disabled=move || disabled.get() on:click=pressed>
            {sign.map(icon)}
            {label}
        </button>
    }
}

/// A link that looks like a button.
#[component]
pub fn LinkButton(
    /// Where it leads.
    #[prop(into)]
    href: String,
    /// What it says.
    #[prop(into)]
    label: String,
    /// How much it asks to be pressed.
    #[prop(optional)]
    kind: Kind,
    /// A sign before the word.
    #[prop(optional)]
    sign: Option<Sign>,
    /// A file to be saved: the browser loads it itself.
    #[prop(optional)]
    download: bool,
    /// It is loaded as a new document: elsewhere, or where the page's policy is another one.
    #[prop(optional)]
    anew: bool,
) -> impl IntoView {
    view! {
        <a class=kind.class() href=href download=download rel=anew.then_some("external")>
            {sign.map(icon)}
            {label}
        </a>
    }
}
