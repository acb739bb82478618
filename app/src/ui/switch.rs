//! On or off. In a form, [`Switch`] is sent with it; alone, [`InstantSwitch`] saves at once and can be undone.

use leptos::{ev, prelude::*};
use tandem_domain::access::{Field, Level};
use wasm_bindgen::JsCast;

use super::{
    fields::{option_views, ticked, view_only_hint},
    form::PostForm,
    form_ctx::{FormCtx, tells_apart, use_form},
};
use crate::{context::me, post::Done};

/// A switch inside a form. Sends `on` or `off`.
#[component]
pub fn Switch(
    /// The name it is sent under.
    #[prop(into)]
    name: String,
    /// What is on or off.
    #[prop(into)]
    label: String,
    /// Whether it is on in the store.
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
    ticked(name, label, value, help, field, disabled, true)
}

/// A switch that saves at once: shown as switched while the server is asked, and back if it refuses. It is a form of its
/// own, so it must not stand inside another. Sends `on` or `off` under `name`.
#[component]
pub fn InstantSwitch(
    /// The server function's path.
    to: &'static str,
    /// Hidden fields: the record's id.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
    /// The name it is sent under.
    name: &'static str,
    /// Whether it is on in the store.
    on: bool,
    /// What is on or off.
    #[prop(into)]
    label: String,
    /// A sentence that helps.
    #[prop(optional, into)]
    help: String,
    /// The permission that shows, disables or hides it.
    #[prop(optional_no_strip, into)]
    field: Option<Field>,
    /// Cannot be switched now.
    #[prop(optional)]
    disabled: bool,
    /// Where the value comes from: "from the customer".
    #[prop(optional, into)]
    source: String,
    /// The fields that take the own value away, so that the inherited one counts again.
    #[prop(optional_no_strip, into)]
    reset: Option<Vec<(&'static str, String)>>,
    /// What the button says that does it.
    #[prop(default = "Use the inherited value")]
    reset_label: &'static str,
) -> impl IntoView {
    let Some(view_only) = view_only(field) else { return ().into_any() };
    let mut reset_fields = fields.clone();
    let settled = RwSignal::new(on);
    let done = Callback::new(move |_: Done| settled.update(|on| *on = !*on));
    let id = row_id(to, &fields, name);
    let texts = texts(&id, label, help, source, view_only);
    let described = texts.described;
    let labelled = format!("{id}-label");
    let reset = reset.filter(|_| !view_only).map(|own| {
        reset_fields.extend(own);
        view! {
            <PostForm to=to fields=reset_fields class="reset">
                <button type="submit" class="link-button">{reset_label}</button>
            </PostForm>
        }
        .into_any()
    });
    view! {
        <div class="setting">
            {texts.view}
            {reset}
            <PostForm to=to fields=fields id=form_id(&id) class="setting-control" reverts=true on_done=done>
                {switch_button(use_form(), settled, name, id, labelled, described, disabled || view_only)}
            </PostForm>
        </div>
    }
    .into_any()
}

fn switch_button(
    form: FormCtx,
    settled: RwSignal<bool>,
    name: &'static str,
    id: String,
    labelled: String,
    described: Option<String>,
    disabled: bool,
) -> AnyView {
    let shown = move || settled.get() != form.pending().get();
    view! {
        <button
            type="submit"
            role="switch"
            class="switch"
            id=id
            name=name
            value=move || if settled.get() { "off" } else { "on" }
            aria-checked=move || if shown() { "true" } else { "false" }
            aria-labelledby=labelled
            aria-describedby=described
            disabled=disabled
        ></button>
    }
    .into_any()
}

/// A choice that saves at once. It is a form of its own, so it must not stand inside another.
#[component]
pub fn InstantSelect(
    /// The server function's path.
    to: &'static str,
    /// Hidden fields: the record's id.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
    /// The name it is sent under.
    name: &'static str,
    /// The stored option's value.
    #[prop(into)]
    value: String,
    /// Value and label of each option.
    options: Vec<(String, String)>,
    /// What is chosen.
    #[prop(into)]
    label: String,
    /// A sentence that helps.
    #[prop(optional, into)]
    help: String,
    /// The permission that shows, disables or hides it.
    #[prop(optional_no_strip, into)]
    field: Option<Field>,
    /// Cannot be changed now.
    #[prop(optional)]
    disabled: bool,
    /// Where the value comes from: "from the customer".
    #[prop(optional, into)]
    source: String,
    /// The fields that take the own value away, so that the inherited one counts again.
    #[prop(optional_no_strip, into)]
    reset: Option<Vec<(&'static str, String)>>,
    /// What the button says that does it.
    #[prop(default = "Use the inherited value")]
    reset_label: &'static str,
) -> impl IntoView {
    let Some(view_only) = view_only(field) else { return ().into_any() };
    let mut reset_fields = fields.clone();
    let id = row_id(to, &fields, name);
    let texts = texts(&id, label, help, source, view_only);
    let described = texts.described;
    let disabled = disabled || view_only;
    let labelled = format!("{id}-label");
    let reset = reset.filter(|_| !view_only).map(|own| {
        reset_fields.extend(own);
        view! {
            <PostForm to=to fields=reset_fields class="reset">
                <button type="submit" class="link-button">{reset_label}</button>
            </PostForm>
        }
        .into_any()
    });
    let chosen = move |event: ev::Event| {
        let select = event.target().map(|target| target.unchecked_into::<web_sys::HtmlSelectElement>());
        if let Some(form) = select.and_then(|select| select.form()) {
            let _ = form.request_submit();
        }
    };
    view! {
        <div class="setting">
            {texts.view}
            {reset}
            <PostForm to=to fields=fields id=form_id(&id) class="setting-control" reverts=true>
                <select
                    id=id
                    name=name
                    class="input"
                    aria-labelledby=labelled
                    aria-describedby=described
                    disabled=disabled
                    on:change=chosen
                >
                    {option_views(options, &value)}
                </select>
                {(!disabled).then(|| view! { <button type="submit" class="button no-wasm">"Save"</button> }.into_any())}
            </PostForm>
        </div>
    }
    .into_any()
}

/// The id of the form of a control.
fn form_id(control: &str) -> String {
    [control, "-form"].concat()
}

/// `None`: not seen. `Some(true)`: seen, but not to be changed.
fn view_only(field: Option<Field>) -> Option<bool> {
    let Some(field) = field else { return Some(false) };
    match me().level(field) {
        Level::Forbidden => None,
        Level::View => Some(true),
        Level::Modify => Some(false),
    }
}

struct Texts {
    view: AnyView,
    /// The id of the help text.
    described: Option<String>,
}

fn texts(id: &str, label: String, help: String, source: String, view_only: bool) -> Texts {
    let help_id = format!("{id}-help");
    let described = (!help.is_empty()).then(|| help_id.clone());
    let view = view! {
        <div class="setting-text">
            <p class="setting-label">
                <span id=format!("{id}-label")>{label}</span>
                {(!source.is_empty()).then(|| view! { <span class="setting-source">{source}</span> }.into_any())}
                {view_only_hint(view_only)}
            </p>
            {(!help.is_empty()).then(|| view! { <p id=help_id class="field-help">{help}</p> }.into_any())}
        </div>
    };
    Texts { view: view.into_any(), described }
}

fn row_id(to: &str, fields: &[(&'static str, String)], name: &str) -> String {
    let mut id = to.rsplit('/').next().unwrap_or(to).to_owned();
    for (_, value) in fields.iter().filter(|(name, _)| tells_apart(name)) {
        id.push('-');
        id.push_str(value);
    }
    id.push('-');
    id.push_str(name);
    id
}
