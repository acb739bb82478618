//! Which forms have been sent, and the page does not show yet what came of it? What is typed into them meanwhile is kept.
//!
//! Once a form is saved, the page's data is loaded anew, and the form made anew with what is stored. Its controls, which stay,
//! still show what was sent, so they are put back; but not those in which somebody has typed since.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlFormElement, HtmlInputElement};

/// The forms that were sent, by their ids: the same form of another record is none of them.
#[derive(Clone, Copy, Default)]
pub(super) struct Unsettled(StoredValue<Vec<Sent>>);

#[derive(Default)]
struct Sent {
    form: String,
    /// It is to be put back when the data has come.
    saved: bool,
    /// What was typed since.
    typed: Vec<Typed>,
}

/// A control in which somebody typed or chose something, and what.
struct Typed {
    name: String,
    value: String,
    /// Of a checkbox or a radio button: whether it was ticked.
    ticked: Option<bool>,
}

impl Unsettled {
    /// A form is sent: what has been typed until now is on its way.
    pub(super) fn send(self, form: String) {
        self.forget(&form);
        self.0.update_value(|all| all.push(Sent { form, ..Sent::default() }));
    }

    /// It was saved: it is put back when it is made anew.
    pub(super) fn saved(self, form: &str) {
        self.0.update_value(|all| all.iter_mut().filter(|sent| sent.form == form).for_each(|sent| sent.saved = true));
    }

    /// Nothing of it is to be put back.
    pub(super) fn forget(self, form: &str) {
        self.0.update_value(|all| all.retain(|sent| sent.form != form));
    }

    /// Somebody typed or chose something in a control of this form.
    pub(super) fn typed(self, form: &str, control: &HtmlInputElement) {
        self.0.update_value(|all| {
            if let Some(sent) = all.iter_mut().find(|sent| sent.form == form) {
                let typed = Typed::of(control);
                sent.typed.retain(|known| !known.is_of(control));
                sent.typed.push(typed);
            }
        });
    }

    /// Puts a form's controls back to what is stored, but for those in which somebody has typed since it was sent. Whether it
    /// was saved, and is settled now.
    pub(super) fn settle(self, form: &str, element: &HtmlFormElement) -> bool {
        let place = self.0.with_value(|all| all.iter().position(|sent| sent.saved && sent.form == form));
        let Some(sent) = place.and_then(|place| self.0.try_update_value(|all| all.swap_remove(place))) else {
            return false;
        };
        element.reset();
        let controls = element.elements();
        for control in (0..controls.length()).filter_map(|i| controls.item(i)) {
            let control: HtmlInputElement = control.unchecked_into();
            for typed in sent.typed.iter().filter(|typed| typed.is_of(&control)) {
                typed.put_into(&control);
            }
        }
        true
    }
}

impl Typed {
    fn of(control: &HtmlInputElement) -> Self {
        let ticked = is_choice(control).then(|| control.checked());
        Self { name: control.name(), value: control.value(), ticked }
    }

    /// Whether it was in this control, as far as a form that was made anew can tell.
    fn is_of(&self, control: &HtmlInputElement) -> bool {
        self.name == control.name()
            && self.ticked.is_some() == is_choice(control)
            && (self.ticked.is_none() || self.value == control.value())
    }

    fn put_into(&self, control: &HtmlInputElement) {
        match self.ticked {
            Some(ticked) => control.set_checked(ticked),
            None => control.set_value(&self.value),
        }
    }
}

/// A checkbox, or a radio button: its value tells it from others of its name.
fn is_choice(control: &HtmlInputElement) -> bool {
    matches!(control.type_().as_str(), "checkbox" | "radio")
}
