//! Which forms have been sent, and the page does not show yet what came of it? What is typed into them meanwhile is kept.
//!
//! Once a form is saved, the page's data is loaded anew, and the form made anew with what is stored. Its controls, which stay,
//! still show what was sent, so they are put back; but not those in which somebody has typed since. Other data may make the form
//! anew before, too: then the new one waits for the answer.

use std::cell::{Cell, RefCell};

use wasm_bindgen::JsCast;
use web_sys::{Event, EventInit, HtmlFormElement, HtmlInputElement};

use super::form_ctx::FormCtx;

thread_local! {
    /// The forms that were sent. Of one page: the server sends none.
    static ALL: RefCell<Vec<Sent>> = const { RefCell::new(Vec::new()) };
    /// How many there have been.
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

/// A form that was sent.
struct Sent {
    /// What names this time.
    number: u32,
    /// The form's id: the same form of another record has another one.
    form: String,
    /// The form as it is now.
    ctx: FormCtx,
    stage: Stage,
    /// What was typed since.
    typed: Vec<Typed>,
}

/// How far a form is that was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// No answer has come.
    OnItsWay,
    /// The session had ended: it may be sent again.
    Stopped,
    /// It is to be put back when the data has come.
    Saved,
}

/// What a form does with what is typed while it is saved. By pointers, so that programs have it only where a form keeps it.
#[derive(Clone, Copy)]
pub(super) struct Keeps {
    /// Somebody typed or chose something in a control of this form.
    pub note: fn(&str, &HtmlInputElement),
    /// Whether somebody has typed something since the form was sent.
    pub has_typed: fn(&str) -> bool,
    /// Types it again in a form that was made anew.
    pub again: fn(&[Typed], &HtmlFormElement),
}

/// Of what is typed, nothing is lost.
pub(super) const KEEPS: Keeps =
    Keeps { note: typed, has_typed, again: |typed, form| typed.iter().for_each(|typed| typed.type_into(form)) };

/// A control in which somebody typed or chose something, and what.
pub(super) struct Typed {
    name: String,
    /// The control's type: `radio`, `textarea`.
    kind: String,
    value: String,
    ticked: bool,
}

/// A form is sent. What was typed since it was stopped is still to be kept. Gives what names this time.
pub(super) fn send(form: String, ctx: FormCtx) -> u32 {
    ALL.with_borrow_mut(|all| {
        let place = all.iter().position(|sent| sent.form == form);
        let typed = place.map(|place| all.swap_remove(place).typed).unwrap_or_default();
        let number = NUMBER.replace(NUMBER.get() + 1);
        all.push(Sent { number, form, ctx, stage: Stage::OnItsWay, typed });
        number
    })
}

/// It has been answered. `None`: nothing comes of it.
pub(super) fn answered(number: u32, stage: Option<Stage>) {
    ALL.with_borrow_mut(|all| {
        let Some(place) = all.iter().position(|sent| sent.number == number) else { return };
        match stage {
            Some(stage) => all[place].stage = stage,
            None => drop(all.swap_remove(place)),
        }
    });
}

/// It waits no longer, if it is still to be settled.
pub(super) fn release(number: u32) {
    let ctx = ALL.with_borrow(|all| all.iter().find(|sent| sent.number == number).map(|sent| sent.ctx));
    if let Some(ctx) = ctx {
        ctx.release();
    }
}

/// What was typed into a form until now is sent by it, or given up.
pub(super) fn forget_typed(form: &str) {
    ALL.with_borrow_mut(|all| all.iter_mut().filter(|sent| sent.form == form).for_each(|sent| sent.typed.clear()));
}

/// The page is left, and what was typed with it.
pub(super) fn leave() {
    ALL.with_borrow_mut(|all| {
        all.retain_mut(|sent| {
            sent.typed.clear();
            sent.stage == Stage::OnItsWay
        });
    });
}

/// A form has been made. How far the one is of which it takes the place, if that is not settled.
pub(super) fn made(form: &str, ctx: FormCtx) -> Option<Stage> {
    ALL.with_borrow_mut(|all| {
        let sent = all.iter_mut().find(|sent| sent.form == form)?;
        sent.ctx = ctx;
        Some(sent.stage)
    })
}

fn typed(form: &str, control: &HtmlInputElement) {
    ALL.with_borrow_mut(|all| {
        if let Some(sent) = all.iter_mut().find(|sent| sent.form == form) {
            let typed = Typed::of(control);
            sent.typed.retain(|known| !known.is_undone_by(&typed));
            sent.typed.push(typed);
        }
    });
}

fn has_typed(form: &str) -> bool {
    ALL.with_borrow(|all| all.iter().any(|sent| sent.form == form && !sent.typed.is_empty()))
}

/// What was typed since a form was sent, if it was saved. It is settled now.
pub(super) fn settle(form: &str) -> Option<Vec<Typed>> {
    ALL.with_borrow_mut(|all| {
        let place = all.iter().position(|sent| sent.stage == Stage::Saved && sent.form == form)?;
        Some(all.swap_remove(place).typed)
    })
}

impl Typed {
    fn of(control: &HtmlInputElement) -> Self {
        Self { name: control.name(), kind: control.type_(), value: control.value(), ticked: control.checked() }
    }

    /// Whether it counts no more when that was done.
    fn is_undone_by(&self, later: &Self) -> bool {
        self.name == later.name && (self.kind != "checkbox" || self.value == later.value)
    }

    /// Does it again in a form that was made anew, as a person would: whoever listens to the control is told.
    fn type_into(&self, form: &HtmlFormElement) {
        let controls = form.elements();
        for control in (0..controls.length()).filter_map(|i| controls.item(i)) {
            let control: HtmlInputElement = control.unchecked_into();
            if control.name() != self.name {
                continue;
            }
            // A password that is shown is a text.
            match (self.kind.as_str(), control.type_().as_str()) {
                ("checkbox", "checkbox") | ("radio", "radio") if control.value() == self.value => {
                    control.set_checked(self.ticked);
                }
                ("checkbox" | "radio", _) | (_, "checkbox" | "radio" | "hidden") => continue,
                _ => control.set_value(&self.value),
            }
            let bubbles = EventInit::new();
            bubbles.set_bubbles(true);
            // Fails only for an event that is being dispatched already.
            _ = Event::new_with_event_init_dict("change", &bubbles).map(|event| control.dispatch_event(&event));
        }
    }
}
