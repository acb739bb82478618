//! Inputs of forms: a label, a control, a help text, and the error beside it.
//!
//! All are plain named controls. A field that the role does not see is not there; one that it may only view is disabled,
//! and thereby not sent.

use leptos::{html, prelude::*};
use tandem_domain::{access::Field, field::Rule};

use super::{
    CollectAny as _,
    form_ctx::FormCtx,
    icon::{Sign, icon},
};
use crate::context::me;

/// What all inputs have in common.
struct Frame {
    id: String,
    name: String,
    label: String,
    help: String,
    /// Shown, but not to be changed.
    view_only: bool,
    error: Memo<Option<String>>,
    form: Option<FormCtx>,
}

impl Frame {
    /// `None`: the role does not see the field.
    fn new(name: String, label: String, help: String, field: Option<Field>, rule: Rule) -> Option<Self> {
        let view_only = match field.map(|field| me().level(field)) {
            None => false,
            Some(level) => match level {
                tandem_domain::access::Level::Forbidden => return None,
                tandem_domain::access::Level::View => true,
                tandem_domain::access::Level::Modify => false,
            },
        };
        let form = use_context::<FormCtx>();
        let view_only = view_only || form.is_some_and(FormCtx::locked);
        let id = form.map_or_else(|| name.clone(), |form| form.add(&name, &label, rule));
        let error = {
            let name = name.clone();
            Memo::new(move |_| form.and_then(|form| form.error(&name)))
        };
        Some(Self { id, name, label, help, view_only, error, form })
    }

    fn initial(&self, stored: String) -> String {
        match self.form {
            Some(form) => form.initial(&self.name, stored),
            None => stored,
        }
    }

    fn error_id(&self) -> String {
        format!("{}-error", self.id)
    }

    /// The ids of the texts that describe the control.
    fn described_by(&self) -> String {
        let error = self.error_id();
        if self.help.is_empty() { error } else { format!("{}-help {error}", self.id) }
    }

    fn invalid(&self) -> impl Fn() -> Option<&'static str> + Clone + Send + 'static + use<> {
        let error = self.error;
        move || error.read().is_some().then_some("true")
    }

    fn help_view(&self) -> AnyView {
        if self.help.is_empty() {
            return ().into_any();
        }
        view! { <p id=format!("{}-help", self.id) class="field-help">{self.help.clone()}</p> }.into_any()
    }

    fn error_view(&self) -> AnyView {
        let error = self.error;
        view! { <p id=self.error_id() class="field-error">{move || error.get()}</p> }.into_any()
    }

    /// Label, control, help, error, one below the other.
    fn around(self, width: &'static str, control: AnyView) -> AnyView {
        view! {
            <div class="field" data-width=width>
                <label for=self.id.clone()>{self.label.clone()} {view_only_hint(self.view_only)}</label>
                {control}
                {self.help_view()}
                {self.error_view()}
            </div>
        }
        .into_any()
    }

    /// Control, label and help in a row: for ticks and switches.
    fn beside(self, class: &'static str, control: AnyView) -> AnyView {
        view! {
            <div class=class>
                {control}
                <div>
                    <label for=self.id.clone()>{self.label.clone()} {view_only_hint(self.view_only)}</label>
                    {self.help_view()}
                    {self.error_view()}
                </div>
            </div>
        }
        .into_any()
    }
}

/// A small lock that says why a control is disabled.
pub(super) fn view_only_hint(view_only: bool) -> Option<AnyView> {
    view_only.then(|| view! { <span class="view-only">{icon(Sign::Lock)} "View only"</span> }.into_any())
}

/// A line of text.
#[component]
pub fn TextField(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// What is stored.
    #[prop(optional, into)]
    value: String,
    /// A sentence that helps.
    #[prop(optional, into)]
    help: String,
    /// The permission that shows, disables or hides it.
    #[prop(optional_no_strip, into)]
    field: Option<Field>,
    /// The rule that is checked when it is left.
    #[prop(default = Rule::Any)]
    rule: Rule,
    /// It must not be empty.
    #[prop(optional)]
    required: bool,
    /// `text`, `email`, `tel`, `search`, `date` or `number`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What the browser may fill in (HTML `autocomplete`).
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// An example.
    #[prop(optional, into)]
    placeholder: String,
    /// Cannot be changed now.
    #[prop(optional)]
    disabled: bool,
    /// `short` (a code, a number), `medium`, or as wide as the form.
    #[prop(default = "full")]
    width: &'static str,
) -> impl IntoView {
    let Some(frame) = Frame::new(name, label, help, field, rule) else { return ().into_any() };
    // A number input hides what it cannot read, and scrolls away; this one keeps what was typed and shows the right keys.
    let (kind, keys) = if kind == "number" { ("text", Some("numeric")) } else { (kind, None) };
    let control = view! {
        <input
            id=frame.id.clone()
            name=frame.name.clone()
            type=kind
            inputmode=keys
            class="input"
            value=frame.initial(value)
            placeholder=(!placeholder.is_empty()).then_some(placeholder)
            autocomplete=autocomplete
            aria-required=required.then_some("true")
            disabled=disabled || frame.view_only
            aria-describedby=frame.described_by()
            aria-invalid=frame.invalid()
        />
    };
    frame.around(width, control.into_any())
}

/// A password: never refilled, and can be shown.
#[component]
pub fn PasswordField(
    /// The name it is sent under; contains `password` or `secret`, so that it is never kept.
    #[prop(into)]
    name: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// A sentence that helps.
    #[prop(optional, into)]
    help: String,
    /// The permission that shows, disables or hides it.
    #[prop(optional_no_strip, into)]
    field: Option<Field>,
    /// `current-password`, or `new-password` where one is chosen: password managers offer one.
    #[prop(default = "current-password")]
    autocomplete: &'static str,
    /// The rule that is checked when it is left: [`Rule::Password`] where one is chosen.
    #[prop(default = Rule::Any)]
    rule: Rule,
    /// It must not be empty.
    #[prop(optional)]
    required: bool,
    /// `short`, `medium`, or as wide as the form.
    #[prop(default = "full")]
    width: &'static str,
) -> impl IntoView {
    let Some(frame) = Frame::new(name, label, help, field, rule) else { return ().into_any() };
    let shown = RwSignal::new(false);
    let node = NodeRef::<html::Input>::new();
    let control = view! {
        <div class="input-with-button">
            <input
                id=frame.id.clone()
                name=frame.name.clone()
                type=move || if shown.get() { "text" } else { "password" }
                class="input"
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                aria-required=required.then_some("true")
                disabled=frame.view_only
                aria-describedby=frame.described_by()
                aria-invalid=frame.invalid()
                node_ref=node
            />
            <button
                type="button"
                class="icon-button needs-wasm"
                aria-label="Show the password"
                aria-pressed=move || if shown.get() { "true" } else { "false" }
                disabled=frame.view_only
                on:click=move |_| shown.update(|shown| *shown = !*shown)
            >
                {icon(Sign::Eye)}
            </button>
        </div>
    };
    frame.around(width, control.into_any())
}

/// Several lines of text.
#[component]
pub fn TextArea(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// What is stored.
    #[prop(optional, into)]
    value: String,
    /// A sentence that helps.
    #[prop(optional, into)]
    help: String,
    /// The permission that shows, disables or hides it.
    #[prop(optional_no_strip, into)]
    field: Option<Field>,
    /// The rule that is checked when it is left.
    #[prop(default = Rule::Any)]
    rule: Rule,
    /// It must not be empty.
    #[prop(optional)]
    required: bool,
    /// Lines shown.
    #[prop(default = 3)]
    rows: u8,
    /// An example.
    #[prop(optional, into)]
    placeholder: String,
) -> impl IntoView {
    let Some(frame) = Frame::new(name, label, help, field, rule) else { return ().into_any() };
    let control = view! {
        <textarea
            id=frame.id.clone()
            name=frame.name.clone()
            class="input"
            rows=rows.to_string()
            placeholder=(!placeholder.is_empty()).then_some(placeholder)
            aria-required=required.then_some("true")
            disabled=frame.view_only
            aria-describedby=frame.described_by()
            aria-invalid=frame.invalid()
        >
            {frame.initial(value)}
        </textarea>
    };
    frame.around("full", control.into_any())
}

/// One of several, from a list that opens.
#[component]
pub fn SelectField(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// The stored option's value.
    #[prop(optional, into)]
    value: String,
    /// Value and label of each option.
    options: Vec<(String, String)>,
    /// A sentence that helps.
    #[prop(optional, into)]
    help: String,
    /// The permission that shows, disables or hides it.
    #[prop(optional_no_strip, into)]
    field: Option<Field>,
    /// Cannot be changed now.
    #[prop(optional)]
    disabled: bool,
    /// `short`, `medium`, or as wide as the form.
    #[prop(default = "full")]
    width: &'static str,
) -> impl IntoView {
    let Some(frame) = Frame::new(name, label, help, field, Rule::Any) else { return ().into_any() };
    let chosen = frame.initial(value);
    let control = view! {
        <select
            id=frame.id.clone()
            name=frame.name.clone()
            class="input"
            disabled=disabled || frame.view_only
            aria-describedby=frame.described_by()
            aria-invalid=frame.invalid()
        >
            {option_views(options, &chosen)}
        </select>
    };
    frame.around(width, control.into_any())
}

pub(super) fn option_views(options: Vec<(String, String)>, chosen: &str) -> AnyView {
    options
        .into_iter()
        .map(|(value, label)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{label}</option> }.into_any()
        })
        .collect_any()
}

/// One of a few, each with an explanation.
#[component]
pub fn RadioCards(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// What is chosen.
    #[prop(into)]
    label: String,
    /// The stored option's value.
    #[prop(optional, into)]
    value: String,
    /// Value, label and explanation of each option.
    options: Vec<(String, String, String)>,
    /// A sentence that helps.
    #[prop(optional, into)]
    help: String,
    /// The permission that shows, disables or hides it.
    #[prop(optional_no_strip, into)]
    field: Option<Field>,
    /// Cannot be changed now.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    let Some(frame) = Frame::new(name, label, help, field, Rule::Any) else { return ().into_any() };
    let disabled = disabled || frame.view_only;
    let chosen = frame.initial(value);
    let cards = options
        .into_iter()
        .enumerate()
        .map(|(i, (value, label, text))| {
            // The summary of errors leads to the field's id: the first card has it.
            let id = if i == 0 { frame.id.clone() } else { format!("{}-{value}", frame.id) };
            let checked = value == chosen;
            let text_id = format!("{id}-text");
            let described = (!text.is_empty()).then(|| text_id.clone());
            view! {
                <div class="radio-card">
                    <input
                        type="radio"
                        id=id.clone()
                        name=frame.name.clone()
                        value=value
                        checked=checked
                        disabled=disabled
                        aria-describedby=described
                    />
                    <label for=id>{label}</label>
                    {(!text.is_empty()).then(|| view! { <p id=text_id>{text}</p> }.into_any())}
                </div>
            }
            .into_any()
        })
        .collect_any();
    view! {
        <fieldset class="field" aria-describedby=frame.described_by()>
            <legend>{frame.label.clone()} {view_only_hint(frame.view_only)}</legend>
            <div class="radio-cards">{cards}</div>
            {frame.help_view()}
            {frame.error_view()}
        </fieldset>
    }
    .into_any()
}

/// A tick. Sends `on` or `off`.
#[component]
pub fn Checkbox(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// What is ticked.
    #[prop(into)]
    label: String,
    /// Whether it is ticked in the store.
    #[prop(optional)]
    value: bool,
    /// A sentence that helps.
    #[prop(optional, into)]
    help: String,
    /// The permission that shows, disables or hides it.
    #[prop(optional_no_strip, into)]
    field: Option<Field>,
    /// Cannot be changed now.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    ticked(name, label, value, help, field, disabled, false)
}

/// A checkbox, drawn and announced as a switch or as a tick.
pub(super) fn ticked(
    name: String,
    label: String,
    value: bool,
    help: String,
    field: Option<Field>,
    disabled: bool,
    switch: bool,
) -> AnyView {
    let Some(frame) = Frame::new(name, label, help, field, Rule::Any) else { return ().into_any() };
    let on = frame.initial(if value { "on" } else { "off" }.into()) == "on";
    let disabled = disabled || frame.view_only;
    let control = view! {
        // A tick that is not set sends nothing; this says that it was there.
        <input type="hidden" name=frame.name.clone() value="off" disabled=disabled />
        <input
            type="checkbox"
            role=switch.then_some("switch")
            class=if switch { "switch" } else { "check" }
            id=frame.id.clone()
            name=frame.name.clone()
            value="on"
            checked=on
            disabled=disabled
            aria-describedby=frame.described_by()
            aria-invalid=frame.invalid()
        />
    };
    frame.beside(if switch { "switch-row" } else { "check-row" }, control.into_any())
}

/// Fields that belong together, under one heading.
#[component]
pub fn FieldSet(
    /// The heading.
    #[prop(into)]
    legend: String,
    /// A sentence that helps.
    #[prop(optional, into)]
    help: String,
    /// `row` puts the fields side by side where there is room.
    #[prop(default = "column")]
    layout: &'static str,
    /// The fields.
    children: Children,
) -> impl IntoView {
    view! {
        <fieldset class="fieldset">
            <legend>{legend}</legend>
            {(!help.is_empty()).then(|| view! { <p class="fieldset-help">{help}</p> }.into_any())}
            <div class="fieldset-fields" data-layout=layout>{children()}</div>
        </fieldset>
    }
}
