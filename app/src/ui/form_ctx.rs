//! What a form is while it is used: what was typed, what is wrong, whether something differs, and what becomes of a post.
//!
//! The components around it are in [`form`](super::form), what it does with the browser in [`submit`].

use std::time::Duration;

use leptos::{ev, html, prelude::*, task::spawn_local};
use tandem_domain::{error::FieldErrors, field::Rule};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlFormElement};

use super::{
    desk::{Desk, use_desk},
    effect::effect,
    submit,
    unsettled::{self, Keeps, Stage},
};
use crate::{
    error::{AppError, StaleEdit},
    listing::Tone,
    post::Done,
};

/// After this time a saved form may be sent again although its data has not come.
const DATA_TAKES: Duration = Duration::from_secs(10);

/// What the fields of a form know of it.
#[derive(Clone, Copy)]
pub struct FormCtx {
    /// The server function's path.
    pub to: &'static str,
    pub(super) desk: Desk,
    pub(super) node: NodeRef<html::Form>,
    /// What was typed before the post that was refused: the page was rendered with it.
    typed: StoredValue<Vec<(String, String)>>,
    pub(super) errors: RwSignal<FieldErrors>,
    pub(super) stale: RwSignal<Option<StaleEdit>>,
    /// A post was refused; until the next one, the summary stands above the form.
    pub(super) refused: RwSignal<bool>,
    pub(super) waits: RwSignal<bool>,
    pub(super) dirty: RwSignal<bool>,
    touched: StoredValue<bool>,
    /// The rule of each field.
    rules: StoredValue<Vec<(String, Rule)>>,
    /// Name and label of each field.
    pub(super) labels: StoredValue<Vec<(String, String)>>,
    prefix: StoredValue<String>,
    after: StoredValue<After>,
}

/// What a form does when its post was answered, if it may be posted.
#[derive(Clone, Copy, Default)]
pub(super) struct After {
    /// Nothing can be changed: its fields are shown as they are.
    pub locked: bool,
    pub quiet: bool,
    pub reload: bool,
    pub reverts: bool,
    /// It waits until its data has come, and keeps what is typed until then.
    pub keeps: Option<Keeps>,
    /// It has an id that no other form has, although nothing is typed in it.
    pub has_id: bool,
    pub on_done: Option<Callback<Done>>,
}

impl FormCtx {
    /// A form that posts to `to`; `fields` tell it from others that do.
    pub(super) fn new(to: &'static str, id: Option<&str>, fields: &[(String, String)], after: After) -> Self {
        let desk = use_desk();
        let flash = desk.flash_for(to, fields);
        let (typed, error) = flash.map(|flash| (flash.typed, Some(flash.error))).unwrap_or_default();
        let (errors, stale) = match error {
            Some(AppError::Invalid(errors)) => (errors, None),
            Some(AppError::Stale(stale)) => (FieldErrors::default(), Some(stale)),
            Some(_) | None => (FieldErrors::default(), None),
        };
        let prefix = id.map_or_else(|| id_of(to, fields), str::to_owned);
        let ctx = Self {
            to,
            desk,
            node: NodeRef::new(),
            refused: RwSignal::new(!errors.is_empty()),
            errors: RwSignal::new(errors),
            stale: RwSignal::new(stale),
            waits: RwSignal::new(false),
            dirty: RwSignal::new(false),
            touched: StoredValue::new(!typed.is_empty()),
            typed: StoredValue::new(typed),
            rules: StoredValue::default(),
            labels: StoredValue::default(),
            prefix: StoredValue::new(prefix),
            after: StoredValue::new(after),
        };
        match ctx.prefix.with_value(|form| unsettled::made(form, ctx)) {
            Some(Stage::OnItsWay) => ctx.waits.set(true),
            Some(Stage::Saved) => effect(move || {
                if ctx.node.get().is_some() {
                    ctx.settle();
                }
            }),
            Some(Stage::Stopped) | None => {}
        }
        ctx
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn error(self, name: &str) -> Option<String> {
        self.errors.with(|errors| errors.get(name).map(str::to_owned))
    }

    /// What a field shows at first: what was typed before the post was refused, else what is stored.
    #[must_use]
    pub fn initial(self, name: &str, stored: String) -> String {
        let typed =
            self.typed.with_value(|typed| typed.iter().rev().find(|(field, _)| field == name).map(|(_, v)| v.clone()));
        typed.unwrap_or(stored)
    }

    /// Whether its fields are shown, but not to be changed.
    pub(super) fn locked(self) -> bool {
        self.after.with_value(|after| after.locked)
    }

    /// Whether a post is on its way.
    #[must_use]
    pub fn pending(self) -> Signal<bool> {
        self.waits.into()
    }

    /// Says what is wrong with a field, or that nothing is: for rules that look at several fields.
    pub fn tell(self, name: &str, error: Option<String>) {
        self.errors.update(|errors| match error {
            Some(error) => {
                errors.0.insert(name.into(), error);
            }
            None => {
                errors.0.remove(name);
            }
        });
    }

    /// Notes a field: its rule is checked when it is left, its label stands in the summary. Gives the control's id.
    pub fn add(self, name: &str, label: &str, rule: Rule) -> String {
        self.labels.update_value(|labels| labels.push((name.into(), label.into())));
        match rule {
            Rule::Any => {}
            rule => self.rules.update_value(|rules| rules.push((name.into(), rule))),
        }
        self.field_id(name)
    }

    /// The id of a field's control.
    #[must_use]
    pub fn field_id(self, name: &str) -> String {
        self.prefix.with_value(|prefix| format!("{prefix}-{name}"))
    }

    /// Checks one field by its rule.
    fn check(self, name: &str, value: &str) {
        let rule = self.rules.with_value(|rules| rules.iter().find(|(field, _)| field == name).map(|(_, rule)| *rule));
        let error = rule.and_then(|rule| rule.check(value).err());
        let known = self.errors.with_untracked(|errors| errors.get(name).is_some());
        if error.is_some() || known {
            self.tell(name, error.map(|error| error.0));
        }
    }

    /// Checks all fields by their rules; whether they may be sent.
    fn check_all(self, fields: &[(String, String)]) -> bool {
        let mut errors = FieldErrors::default();
        self.rules.with_value(|rules| {
            for (name, rule) in rules {
                if let Some((_, value)) = fields.iter().find(|(field, _)| field == name) {
                    errors.take(name, rule.check(value));
                }
            }
        });
        let sound = errors.is_empty();
        self.errors.set(errors);
        self.refused.set(!sound);
        sound
    }

    /// Whether the form is on the page no more.
    fn is_gone(self) -> bool {
        self.errors.is_disposed()
    }

    fn form(self) -> Option<HtmlFormElement> {
        self.node.get_untracked()
    }

    pub(super) fn look_again(self) {
        let dirty = self.touched.get_value() || self.form().is_some_and(|form| submit::differs(&form));
        if self.dirty.get_untracked() != dirty {
            self.dirty.set(dirty);
        }
    }

    /// Back to what is stored as soon as the page's data has come, but for what is typed from now on.
    pub(super) fn put_back_when_loaded(self) {
        self.forget_typed();
        unsettled::answered(unsettled::send(self.prefix.get_value(), self), Some(Stage::Saved));
    }

    /// Back to what is stored now, but for what was typed while it was saved.
    fn settle(self) {
        if let Some(form) = self.form()
            && let Some(typed) = unsettled::settle(&self.prefix.get_value())
        {
            form.reset();
            if let Some(keeps) = self.after.get_value().keeps {
                (keeps.again)(&typed, &form);
            }
            self.clean();
            self.look_again();
        }
    }

    /// The browser has put all controls back.
    pub(super) fn was_reset(self) {
        if !self.is_gone() {
            self.forget_typed();
            self.clean();
            self.look_again();
        }
    }

    /// What was typed while it was being saved is not to be kept.
    fn forget_typed(self) {
        self.prefix.with_value(|form| unsettled::forget_typed(form));
    }

    /// Waits no longer for what was sent.
    pub(super) fn release(self) {
        if !self.is_gone() {
            self.waits.set(false);
            self.look_again();
        }
    }

    /// Whether the controls were rendered with what was typed, not with what is stored.
    pub(super) fn restored(self) -> bool {
        self.typed.with_value(|typed| !typed.is_empty())
    }

    pub(super) fn clean(self) {
        self.touched.set_value(false);
        self.dirty.set(false);
        self.errors.set(FieldErrors::default());
        self.refused.set(false);
        self.stale.set(None);
    }

    fn send(self, fields: Vec<(String, String)>) {
        let number = if self.is_gone() { None } else { self.begin() };
        spawn_local(async move {
            let answer = submit::post(self.to, &fields).await;
            match number {
                // In the one that was made anew, what was sent is shown until the data has come.
                Some(number) => follow(number, &answer, self.is_gone() || self.after.get_value().keeps.is_some()),
                None => self.release(),
            }
            if self.is_gone() {
                // Other data has made the form anew meanwhile. It has the controls of this one.
                return self.desk.take(answer);
            }
            match answer {
                Ok(done) => self.done(done),
                Err(error) => self.refuse(error, fields),
            }
        });
    }

    /// It waits from now on. Gives what names this time, if it can be followed when it is made anew.
    fn begin(self) -> Option<u32> {
        self.waits.set(true);
        self.desk.forget_flash_for(self.to);
        let After { keeps, has_id, .. } = self.after.get_value();
        // Most forms of buttons alone are not told apart, and nobody types in them.
        let has_id = has_id || keeps.is_some() || self.labels.with_value(|labels| !labels.is_empty());
        has_id.then(|| unsettled::send(self.prefix.get_value(), self))
    }

    fn done(self, done: Done) {
        let after = self.after.get_value();
        if after.reload {
            // Fails only for an address that is none.
            let _ = window().location().set_href(&done.go.unwrap_or_default());
            return;
        }
        if let Some(keeps) = after.keeps {
            self.clean();
            self.dirty.set(self.prefix.with_value(|form| (keeps.has_typed)(form)));
        } else if let Some(form) = self.form().filter(|_| done.go.is_none()) {
            form.reset();
            self.clean();
            self.settle();
        }
        if let Some(on_done) = after.on_done {
            on_done.run(done.clone());
        }
        if !after.quiet {
            self.desk.done(done);
        }
    }

    fn refuse(self, error: AppError, fields: Vec<(String, String)>) {
        let reverts = self.after.with_value(|after| after.reverts) && error != AppError::SignedOut;
        if let Some(form) = self.form().filter(|_| reverts) {
            form.reset();
        }
        match error {
            AppError::Invalid(_) if reverts => self.desk.say(Tone::Bad, error.words(), None),
            AppError::Invalid(errors) => self.point_at(errors, &fields),
            AppError::Stale(stale) if self.after.get_value().keeps.is_none() => {
                self.desk.say(Tone::Bad, stale.words(), None);
                self.desk.refresh();
            }
            AppError::Stale(stale) => {
                self.stale.set(Some(stale));
                self.show_errors();
            }
            AppError::SignedOut => {
                let again = Callback::new(move |()| self.send(fields.clone()));
                self.desk.sign_in_again.set(Some(again));
            }
            AppError::Refused(text) => {
                self.desk.say(Tone::Bad, text, None);
                // Somebody else may have been first: show what it is now. What was typed stays in its fields.
                self.desk.refresh();
            }
            other => self.desk.say(Tone::Bad, other.to_string(), None),
        }
    }

    /// Shows what the server found wrong with what was `sent`. Of a field that was typed in since then it knows nothing, and
    /// who types is left where he is.
    fn point_at(self, errors: FieldErrors, sent: &[(String, String)]) {
        let mut typed_since = self.form().map(|form| submit::read(&form, None)).unwrap_or_default();
        typed_since.retain(|field| !sent.contains(field));
        let is_old = |name: &String| typed_since.iter().any(|(field, _)| field == name);
        self.errors.update(|shown| shown.0.extend(errors.0.into_iter().filter(|(name, _)| !is_old(name))));
        self.refused.set(true);
        if typed_since.is_empty() {
            self.show_errors();
        }
    }

    /// Puts the focus where something is wrong, once it is on the page.
    fn show_errors(self) {
        request_animation_frame(move || {
            if let Some(form) = self.form() {
                submit::focus_first_error(&form);
            }
        });
    }

    pub(super) fn submitted(self, event: &ev::SubmitEvent) {
        event.prevent_default();
        if !self.is_gone() && self.waits.get_untracked() {
            return;
        }
        let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) else { return };
        let fields =
            submit::read(&form, event.submitter().as_ref().and_then(|pressed| pressed.dyn_ref::<HtmlElement>()));
        if self.is_gone() {
            // In the moment before the form that is made anew takes its controls.
            self.send(fields);
        } else if self.check_all(&fields) {
            self.forget_typed();
            self.send(fields);
        } else {
            self.show_errors();
        }
    }

    /// One listener for all fields: a field was typed in, left, chosen.
    pub(super) fn changed(self, event: &web_sys::Event, left: bool) {
        // What is taken off the page loses the focus first.
        if self.is_gone() {
            return;
        }
        let Some(control) = event.target() else { return };
        // Before `change`, which may come when what was typed is on its way already.
        // Other forms come back empty: what they send is done once.
        if let Some(keeps) = self.after.get_value().keeps.filter(|_| event.type_() == "input") {
            // What is asked of the control, selects and texts of several lines have as well.
            self.prefix.with_value(|form| (keeps.note)(form, control.unchecked_ref()));
        }
        let Ok(control) = control.dyn_into::<web_sys::HtmlInputElement>() else {
            return self.look_again();
        };
        let name = control.name();
        // While typing an error goes as soon as it is no more true; it comes only when the field is left. Not for a button,
        // though: the error's line would push it away from under the pointer, and posting checks all fields anyway.
        let left = left && !leads_to_button(event);
        if left || self.errors.with_untracked(|errors| errors.get(&name).is_some()) {
            self.check(&name, &control.value());
        }
        self.look_again();
    }
}

/// What is still to come of a form that has been answered.
fn follow(number: u32, answer: &Result<Done, AppError>, waits_for_data: bool) {
    let saved = matches!(answer, Ok(done) if done.go.is_none());
    if saved && waits_for_data {
        // What would be sent before the data has come would be an edit of what was stored before.
        set_timeout(move || unsettled::release(number), DATA_TAKES);
    } else {
        unsettled::release(number);
    }
    let stage = match answer {
        Ok(_) if saved => Some(Stage::Saved),
        Err(AppError::SignedOut) => Some(Stage::Stopped),
        Ok(_) | Err(_) => None,
    };
    unsettled::answered(number, stage);
}

/// Whether the focus goes to a button.
pub(crate) fn leads_to_button(event: &web_sys::Event) -> bool {
    let to = event.dyn_ref::<web_sys::FocusEvent>().and_then(web_sys::FocusEvent::related_target);
    to.is_some_and(|to| to.has_type::<web_sys::HtmlButtonElement>())
}

/// Whether a hidden field says which form it is: what is stored is another one after each save.
pub(super) fn tells_apart(name: &str) -> bool {
    !matches!(name, "version" | "was")
}

/// An id from the server function's path and the fields that tell this form from others.
fn id_of(to: &str, fields: &[(String, String)]) -> String {
    let mut id = to.rsplit('/').next().unwrap_or(to).to_owned();
    for (_, value) in fields.iter().filter(|(name, _)| tells_apart(name)) {
        id.push('-');
        id.extend(value.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }));
    }
    id
}

/// The form around a component.
///
/// # Panics
/// Outside of a form.
#[must_use]
pub fn use_form() -> FormCtx {
    use_context().expect("fields are inside of a form")
}
