//! The one form of the application, in three strengths: [`PostForm`], [`NewForm`], [`EditForm`].
//!
//! Rendered by the server it is a plain form that posts to a server function and comes back. Taken over by the browser it
//! posts without leaving the page. Either way the errors stand beside the fields, and nothing that was typed is lost. No
//! component here is generic, so that fifty forms cost the WebAssembly no more than one.

use leptos::{prelude::*, tachys::reactive_graph::OwnedView};
use tandem_domain::ids::Version;

use super::{
    CollectAny as _,
    button::Kind,
    effect::effect,
    form_ctx::{After, FormCtx},
    save_bar, submit, unsettled,
};
use crate::{
    context::me_or_nobody,
    error::StaleEdit,
    post::{Done, POSTED_AS},
};

/// Renders the children with the form in their context.
fn inside(ctx: FormCtx, children: Children) -> AnyView {
    let owner = Owner::current().unwrap_or_default().child();
    let view = owner.with(|| {
        provide_context(ctx);
        children()
    });
    OwnedView::new_with_owner(view, owner).into_any()
}

fn hidden_inputs(fields: &[(String, String)]) -> AnyView {
    fields
        .iter()
        .map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone() /> }.into_any())
        .collect_any()
}

/// Errors that belong to no field of the form.
fn loose_errors(ctx: FormCtx) -> AnyView {
    (move || {
        let mut texts =
            ctx.errors.with(|errors| ctx.labels.with_value(|labels| submit::about_others(errors, labels).join(" ")));
        // A form without a banner: there is nothing to take over, only something to look at again.
        texts.extend(ctx.stale.with(|stale| stale.as_ref().map(StaleEdit::words)));
        (!texts.is_empty()).then(|| view! { <p class="form-error" role="alert">{texts}</p> }.into_any())
    })
    .into_any()
}

/// Any post: a button, or a small form. Edits and creations have [`EditForm`] and [`NewForm`].
#[component]
pub fn PostForm(
    /// The server function's path: `SaveCustomer::PATH`.
    to: &'static str,
    /// Hidden fields. They also tell this form from others on the page that post to the same function.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
    /// The form's id; its fields' ids begin with it.
    #[prop(optional, into)]
    id: Option<String>,
    /// More classes.
    #[prop(optional, into)]
    class: String,
    /// Neither says what was done nor loads the page's data anew.
    #[prop(optional)]
    quiet: bool,
    /// What comes next is loaded as a new page: for what changes who is signed in.
    #[prop(optional)]
    reload: bool,
    /// A refused post puts its controls back: for what saves at once.
    #[prop(optional)]
    reverts: bool,
    /// Is told when it was done.
    #[prop(optional, into)]
    on_done: Option<Callback<Done>>,
    /// Inputs and buttons.
    children: Children,
) -> impl IntoView {
    let fields: Vec<(String, String)> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let after = After { quiet, reload, reverts, on_done, has_id: id.is_some(), ..After::default() };
    let ctx = FormCtx::new(to, id.as_deref(), &fields, after);
    let children = inside(ctx, children);
    view! {
        <form
            method="post"
            action=to
            id=id
            class=class
            novalidate
            node_ref=ctx.node
            aria-busy=move || ctx.waits.get().then_some("true")
            on:submit=move |event| ctx.submitted(&event)
            on:input=move |event| ctx.changed(&event, false)
            on:focusout=move |event| ctx.changed(&event, true)
        >
            {hidden_inputs(&fields)}
            {children}
            {loose_errors(ctx)}
        </form>
    }
}

/// The form of a record: with a save bar that is enabled when something differs, a guard against leaving with unsaved
/// changes, the errors' summary, and the banner when somebody else saved meanwhile.
#[component]
pub fn EditForm(
    /// The server function's path. It takes the fields, and `version: Version`.
    to: &'static str,
    /// The version that the edit starts from.
    #[prop(optional, into)]
    version: Option<Version>,
    /// Hidden fields.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
    /// What the button says.
    #[prop(default = "Save changes".into(), into)]
    saved_label: String,
    /// Where "Discard" leads; without it, it puts the stored values back.
    #[prop(optional, into)]
    cancel_href: Option<String>,
    /// Whether anything can be changed: without it the fields are locked, and there is no save bar.
    #[prop(default = true)]
    editable: bool,
    /// Is told when it was saved.
    #[prop(optional, into)]
    on_done: Option<Callback<Done>>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let fields: Vec<(String, String)> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let ctx = FormCtx::new(
        to,
        None,
        &fields,
        After { locked: !editable, keeps: Some(unsettled::KEEPS), on_done, ..After::default() },
    );
    guarded(ctx);
    let children = inside(ctx, children);
    // What was typed before a refusal began at that version, however the record stands by now. While the banner is up, only
    // its button sends a version: the one to save over.
    let version = version.map(|version| {
        let version = ctx.initial("version", version.0.to_string());
        view! { <input type="hidden" name="version" value=version disabled=move || ctx.stale.read().is_some() /> }
            .into_any()
    });
    let bar = editable.then(|| save_bar::save_bar(ctx, saved_label, cancel_href));
    edit_form(ctx, &fields, view! { {version} {children} }.into_any(), bar)
}

/// The form of something new.
#[component]
pub fn NewForm(
    /// The server function's path.
    to: &'static str,
    /// What the button says: "Add customer".
    #[prop(into)]
    button: String,
    /// Where "Cancel" leads.
    #[prop(optional, into)]
    cancel_href: Option<String>,
    /// Hidden fields.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let fields: Vec<(String, String)> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let ctx = FormCtx::new(to, None, &fields, After::default());
    guarded(ctx);
    let children = inside(ctx, children);
    let bar = view! {
        <div class="form-actions">
            <button type="submit" class=Kind::Primary.class() disabled=move || ctx.waits.get()>{button}</button>
            {cancel_href.map(|href| view! { <a class="button" href=href>"Cancel"</a> }.into_any())}
        </div>
    };
    edit_form(ctx, &fields, children, Some(bar.into_any()))
}

/// When the browser has the form, it sees what differs.
fn guarded(ctx: FormCtx) {
    effect(move || {
        if ctx.node.get().is_some() {
            ctx.look_again();
        }
    });
}

/// Says whose page the form is on, for [`POSTED_AS`].
fn posted_as() -> AnyView {
    me_or_nobody().map(|me| view! { <input type="hidden" name=POSTED_AS value=me.sign_in /> }.into_any()).into_any()
}

fn edit_form(ctx: FormCtx, fields: &[(String, String)], content: AnyView, bar: Option<AnyView>) -> AnyView {
    view! {
        <form
            method="post"
            action=ctx.to
            class="form"
            novalidate
            node_ref=ctx.node
            data-dirty=move || ctx.dirty.get().then_some("")
            aria-busy=move || ctx.waits.get().then_some("true")
            on:submit=move |event| ctx.submitted(&event)
            on:input=move |event| ctx.changed(&event, false)
            on:change=move |event| ctx.changed(&event, false)
            on:focusout=move |event| ctx.changed(&event, true)
            on:reset=move |_| request_animation_frame(move || ctx.was_reset())
        >
            {save_bar::stale_banner(ctx)}
            {save_bar::error_summary(ctx)}
            {posted_as()}
            {hidden_inputs(fields)}
            {content}
            {bar}
        </form>
    }
    .into_any()
}
