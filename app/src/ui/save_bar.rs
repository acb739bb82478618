//! What stands above and below an edit form: the stale-edit banner, the summary of errors, the save bar.

use leptos::{ev, prelude::*};

use wasm_bindgen::JsCast;

use super::{
    CollectAny as _,
    button::Kind,
    form_ctx::FormCtx,
    icon::{Sign, icon},
    layout::dash,
};
use crate::error::StaleEdit;

/// The bar below a form, always in view.
pub(super) fn save_bar(ctx: FormCtx, label: String, cancel_href: Option<String>) -> AnyView {
    let hydrated = ctx.desk.hydrated();
    // Until the browser knows what differs, the button must work.
    let nothing_to_save = move || ctx.waits.get() || (hydrated.get() && !ctx.dirty.get());
    let nothing_to_discard = move || hydrated.get() && (ctx.waits.get() || !ctx.dirty.get());
    let discard = match cancel_href {
        Some(href) => view! { <a class="button" href=href>"Discard"</a> }.into_any(),
        None if ctx.restored() => {
            view! { <a class="button" href="" data-stays on:click=move |event| take_stored(ctx, &event)>"Discard"</a> }
                .into_any()
        }
        None => view! { <button type="reset" class="button" disabled=nothing_to_discard>"Discard"</button> }.into_any(),
    };
    let words = move || {
        if ctx.waits.get() {
            "Saving…"
        } else if ctx.dirty.get() {
            "You have unsaved changes."
        } else {
            ""
        }
    };
    view! {
        <div class="save-bar" hidden=move || ctx.stale.read().is_some()>
            <p aria-live="polite">{words}</p>
            {discard}
            <button type="submit" class=Kind::Primary.class() disabled=nothing_to_save>{label}</button>
        </div>
    }
    .into_any()
}

/// All errors of a refused form, each a link to its field.
pub(super) fn error_summary(ctx: FormCtx) -> AnyView {
    let line = move |name: &str, text: &str| {
        let label = ctx
            .labels
            .with_value(|labels| labels.iter().find(|(field, _)| field == name).map(|(_, label)| label.clone()));
        match label {
            Some(label) => {
                let id = ctx.field_id(name);
                let href = format!("#{id}");
                let focus = move |event: ev::MouseEvent| {
                    event.prevent_default();
                    focus_on(&id);
                };
                view! { <li><a href=href rel="external" on:click=focus>{label}</a>": " {text.to_owned()}</li> }
                    .into_any()
            }
            None => view! { <li>{text.to_owned()}</li> }.into_any(),
        }
    };
    (move || {
        let lines = ctx.errors.with(|errors| {
            (ctx.refused.get() && !errors.is_empty())
                .then(|| errors.0.iter().map(|(name, text)| line(name, text)).collect_any())
        });
        lines.map(|lines| {
            view! {
                <div class="error-summary" role="alert" tabindex="-1">
                    {icon(Sign::Warning)}
                    <div>
                        <p>"Some fields need your attention."</p>
                        <ul>{lines}</ul>
                    </div>
                </div>
            }
            .into_any()
        })
    })
    .into_any()
}

fn focus_on(id: &str) {
    if let Some(control) =
        document().get_element_by_id(id).and_then(|control| control.dyn_into::<web_sys::HtmlElement>().ok())
    {
        // Fails only for an element that cannot have the focus.
        let _ = control.focus();
    }
}

/// Who saved meanwhile and what; and the choice between mine and theirs.
pub(super) fn stale_banner(ctx: FormCtx) -> AnyView {
    (move || ctx.stale.get().map(|stale| banner(ctx, stale))).into_any()
}

/// A link to this very page: it is what is stored that one wants to see.
fn take_stored(ctx: FormCtx, event: &ev::MouseEvent) {
    event.prevent_default();
    ctx.stale.set(None);
    ctx.desk.forget_flash_for(ctx.to);
    ctx.put_back_when_loaded();
    ctx.desk.refresh();
}

fn banner(ctx: FormCtx, stale: StaleEdit) -> AnyView {
    let hidden = stale.changes.is_empty();
    let rows = stale
        .changes
        .into_iter()
        .map(|change| {
            // The label, where the change is of a field of this form.
            let label = ctx.labels.with_value(|labels| {
                labels.iter().find(|(field, _)| *field == change.field).map(|(_, label)| label.clone())
            });
            view! {
                <tr>
                    <th scope="row">{label.unwrap_or(change.field)}</th>
                    <td>{dash(change.old)}</td>
                    <td>{dash(change.new)}</td>
                </tr>
            }
            .into_any()
        })
        .collect_any();
    let table = if hidden {
        view! { <p>"What was changed is not shown to your role."</p> }.into_any()
    } else {
        view! {
            <table>
                <thead>
                    <tr><th scope="col">"Field"</th><th scope="col">"Before"</th><th scope="col">"Now"</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    // The first button of a form is what Enter presses. Here it must not save over somebody's work.
    view! {
        <button type="submit" disabled hidden></button>
        <section class="stale" role="alert" tabindex="-1">
            {icon(Sign::Warning)}
            <div>
                <p>
                    <strong>{format!("{} saved this while you were editing", stale.by)}</strong>
                    {format!(" ({}). Nothing was overwritten; what you typed is still here.", stale.at)}
                </p>
                {table}
                <div class="actions">
                    <button type="submit" class="button" name="version" value=stale.version.0.to_string()>
                        "Save mine anyway"
                    </button>
                    <a class=Kind::Primary.class() href="" data-stays on:click=move |event| take_stored(ctx, &event)>"Take theirs"</a>
                </div>
            </div>
        </section>
    }
    .into_any()
}
