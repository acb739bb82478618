//! Nobody loses what they typed by a click: the guard against leaving a page with unsaved changes.
//!
//! A form with changes carries `data-dirty`. Links and the back button then ask first; closing the tab is asked by the
//! browser itself.

use js_sys::{Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, Event, MouseEvent};

use super::{button::Kind, desk::Desk, dialog::Dialog, effect::effect, unsettled};
use crate::programs::Program;

/// What is asked before the router follows the back button. Browsers call the listeners of a window in the order in which they
/// came, so this one has to be there before the router's.
#[derive(Clone, Copy)]
pub struct BackButton(StoredValue<Option<Callback<Event>>>);

impl BackButton {
    /// Listens, in the browser. Called once, before there is a router.
    #[must_use]
    pub fn before_the_router() -> Self {
        let asked = StoredValue::new(None::<Callback<Event>>);
        if cfg!(feature = "hydrate") {
            listen("popstate", move |event| {
                if let Some(asked) = asked.get_value() {
                    asked.run(event.clone());
                }
            });
        }
        Self(asked)
    }
}

fn something_unsaved() -> bool {
    document().query_selector("form[data-dirty]").is_ok_and(|form| form.is_some())
}

/// Takes the marks away, so that the browser does not ask what has been asked.
fn give_up_unsaved() {
    while let Ok(Some(form)) = document().query_selector("form[data-dirty]") {
        // Fails only for a name that is none.
        let _ = form.remove_attribute("data-dirty");
    }
}

/// Begins to watch, once, when the browser has taken the page over.
pub(super) fn begin(desk: Desk) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
    let location = leptos_router::hooks::use_location();
    let here = Memo::new(move |_| address(&location.pathname.read(), &location.search.read()));
    listen("click", move |event| clicked(desk, event));
    listen("beforeunload", |event| {
        if something_unsaved() {
            event.prevent_default();
        }
    });
    if let Some(BackButton(asked)) = use_context() {
        asked.set_value(Some(Callback::new(move |event: Event| went_back(desk, here, &event))));
    }
    Effect::new(move |before: Option<()>| {
        location.pathname.track();
        if before.is_some() {
            desk.forget_flash();
            unsettled::leave();
            hide_popovers();
        }
    });
}

/// A path and its query; the router has the query without the question mark, the browser with it.
fn address(path: &str, query: &str) -> String {
    let query = query.trim_start_matches('?');
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Listens on the window before anybody else, for as long as the page lives.
fn listen(event: &str, react: impl Fn(&Event) + 'static) {
    let closure = Closure::<dyn Fn(Event)>::new(move |event: Event| react(&event));
    // Cannot fail: the arguments are right.
    let _ = window().add_event_listener_with_callback_and_bool(event, closure.as_ref().unchecked_ref(), true);
    closure.forget();
}

fn clicked(desk: Desk, event: &Event) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let mouse: &MouseEvent = event.unchecked_ref();
    let plain = mouse.button() == 0 && !mouse.ctrl_key() && !mouse.meta_key() && !mouse.shift_key() && !mouse.alt_key();
    let Ok(Some(link)) = target.closest("a[href]") else { return };
    let stays = link.has_attribute("target") || link.has_attribute("download") || link.has_attribute("data-stays");
    let href = link.get_attribute("href").unwrap_or_default();
    if !plain || stays || !href.starts_with('/') {
        return;
    }
    let external = link.get_attribute("rel").is_some_and(|rel| rel.contains("external"));
    let loads = Program::is_page(&href) && (external || !desk.has(&href));
    if loads && desk.is_busy() {
        // Nothing is left: neither the call nor what was typed. The event goes on to those who close what the link was in; the
        // router leaves alone what is prevented.
        event.prevent_default();
        desk.open_beside(&href);
        hide_popovers();
    } else if something_unsaved() {
        event.prevent_default();
        event.stop_immediate_propagation();
        desk.leaving.set(Some(href));
    } else if !desk.has(&href) {
        // The browser follows it, not the router.
        event.stop_immediate_propagation();
    }
}

/// The address has changed already; it is put back, and the question asked.
fn went_back(desk: Desk, here: Memo<String>, event: &Event) {
    let location = window().location();
    let wanted = address(&location.pathname().unwrap_or_default(), &location.search().unwrap_or_default());
    let here = here.get_untracked();
    // A link within the page leads nowhere else.
    if wanted == here {
        return;
    }
    if !something_unsaved() {
        if !desk.has(&wanted) {
            // The history is older than this program: another has the page that is now the address.
            event.stop_immediate_propagation();
            let _ = location.reload();
        }
        return;
    }
    event.stop_immediate_propagation();
    if let Ok(history) = window().history() {
        // Cannot fail: it is the address that was shown before.
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&here));
    }
    desk.leaving.set(Some(wanted));
}

/// Closes menus that are open, as the page that they were opened on is gone.
fn hide_popovers() {
    let Ok(open) = document().query_selector_all(":popover-open") else { return };
    for menu in (0..open.length()).filter_map(|i| open.item(i)) {
        let hide = Reflect::get(&menu, &"hidePopover".into()).ok().and_then(|hide| hide.dyn_into::<Function>().ok());
        if let Some(hide) = hide {
            let _ = hide.call0(&menu);
        }
    }
}

/// Asks whether changes may be lost.
#[component]
pub(super) fn LeaveDialog(desk: Desk) -> impl IntoView {
    let open = RwSignal::new(false);
    effect(move || {
        if desk.leaving.read().is_some() {
            open.set(true);
        }
    });
    let leave = move |_| {
        open.set(false);
        if let Some(path) = desk.leaving.get_untracked() {
            desk.leaving.set(None);
            // A page that is opened beside this one takes nothing away.
            if !desk.has(&path) && !desk.is_busy() {
                give_up_unsaved();
            }
            desk.go(&path);
        }
    };
    let stay = move |_| {
        open.set(false);
        desk.leaving.set(None);
    };
    view! {
        <Dialog open=open title="Leave without saving?">
            <p>"You changed something on this page that is not saved."</p>
            <div class="actions">
                <button type="button" class=Kind::Danger.class() on:click=leave>"Leave"</button>
                <button type="button" class="button" on:click=stay>"Stay and go on editing"</button>
            </div>
        </Dialog>
    }
}
