//! How does somebody learn of a call while another page is in sight? By the title of the tab, and, if that is wanted, by a
//! notification of the browser (WHATWG Notifications API).

use leptos::{prelude::*, task::spawn_local};
use tandem_domain::phone::CallNumber;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, Notification, NotificationOptions, NotificationPermission};

use super::{Phone, machine};
use crate::ui::{remember, remembered};

/// In `localStorage`: `on`, or nothing.
const WANTED: &str = "phone-notices";
/// Stands before a page's title while a call rings.
const BADGE: &str = "☎ ";
const BEFORE_TITLE: &str = " – ";

/// How it stands with notifications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Notices {
    /// Not wanted here.
    #[default]
    Off,
    /// Wanted.
    On,
    /// Wanted, and the browser does not let this page.
    Denied,
    /// This browser has none.
    Impossible,
}

impl Notices {
    /// How it stands at this moment.
    pub(super) fn now() -> Self {
        if !js_sys::Reflect::has(&window(), &"Notification".into()).unwrap_or_default() {
            Self::Impossible
        } else if remembered(WANTED).as_deref() != Some("on") {
            Self::Off
        } else if Notification::permission() == NotificationPermission::Granted {
            Self::On
        } else {
            Self::Denied
        }
    }

    /// What there is to say of it; empty: nothing.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Off | Self::On => "",
            Self::Denied => "The browser does not let this page notify you. Allow it beside the page’s address.",
            Self::Impossible => "This browser has no notifications.",
        }
    }
}

/// A notification, until it is dropped.
pub(super) struct Notice {
    shown: Notification,
    _clicked: Closure<dyn Fn(Event)>,
}

impl Drop for Notice {
    fn drop(&mut self) {
        self.shown.set_onclick(None);
        self.shown.close();
    }
}

impl Notice {
    /// Shows who calls. `None` where the browser does not let us.
    fn show(who: &str, about: &str) -> Option<Self> {
        let options = NotificationOptions::new();
        options.set_body(about);
        options.set_tag("tandem-call");
        options.set_require_interaction(true);
        // The phone rings by itself.
        options.set_silent(Some(true));
        let shown = Notification::new_with_options(&[who, " calls"].concat(), &options).ok()?;
        let of_this = shown.clone();
        let clicked = Closure::<dyn Fn(Event)>::new(move |_| {
            let _ = window().focus();
            of_this.close();
        });
        shown.set_onclick(Some(clicked.as_ref().unchecked_ref()));
        Some(Self { shown, _clicked: clicked })
    }
}

impl Phone {
    /// Notifications are wanted from now on, or no longer. The browser asks the person, who has just clicked.
    pub(super) fn want_notices(self, on: bool) {
        remember(WANTED, if on { "on" } else { "off" });
        self.notices.set(Notices::now());
        if !on || self.notices.get_untracked() == Notices::Impossible {
            return;
        }
        spawn_local(async move {
            if let Ok(asked) = Notification::request_permission() {
                let _ = JsFuture::from(asked).await;
            }
            self.notices.try_set(Notices::now());
        });
    }

    /// Draws attention to a call that rings, and no longer when none does. The page's title may have changed meanwhile.
    pub(super) fn attract(self) {
        let rings = self.calls.with_untracked(|calls| {
            let rings = calls.iter().find(|call| call.is_incoming());
            rings.map(|call| (call.number, call.name().to_owned(), call.about()))
        });
        badge(rings.as_ref().map(|(_, who, _)| who.as_str()));
        let seen = !document().hidden();
        let call = rings.as_ref().map(|(call, ..)| *call).filter(|_| !seen);
        if machine(|machine| std::mem::replace(&mut machine.noticed, call)) == call {
            return;
        }
        let notice = match rings {
            Some((_, who, about)) if !seen && Notices::now() == Notices::On => Notice::show(&who, &about),
            Some(_) | None => None,
        };
        let before = machine(|machine| std::mem::replace(&mut machine.notice, notice));
        drop(before);
    }
}

/// Whether a page's title says that somebody calls, and the title without that.
fn without_badge(title: &str) -> (bool, &str) {
    let rest = title.strip_prefix(BADGE).and_then(|title| title.split_once(BEFORE_TITLE));
    rest.map_or((false, title), |(_, title)| (true, title))
}

/// Says before the page's title who calls, or (`None`) nothing.
fn badge(who: Option<&str>) {
    let title = document().title();
    let (has, plain) = without_badge(&title);
    match who {
        // What separates the two must not be in the first.
        Some(who) if !has => {
            document().set_title(&[BADGE, &who.replace(BEFORE_TITLE, " "), " calls", BEFORE_TITLE, plain].concat());
        }
        None if has => document().set_title(plain),
        Some(_) | None => {}
    }
}

/// What names the call that was told of last.
pub(super) type Noticed = Option<CallNumber>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_same_when_nobody_calls_any_more() {
        assert_eq!(without_badge("Phone – Tandem"), (false, "Phone – Tandem"));
        assert_eq!(without_badge("☎ Mary Smith calls – Phone – Tandem"), (true, "Phone – Tandem"));
    }
}
