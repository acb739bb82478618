//! What do clicks and keys do? The forms of the console are sent without leaving the page, and keys press their buttons.

use std::{cell::RefCell, collections::VecDeque};

use leptos::{ev, prelude::*, server_fn::ServerFn, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlFormElement, HtmlInputElement};

use super::{ConsoleJoin, ConsoleMark, ConsoleNote, ConsoleVolumes, board::Board, calls::row_id, rung::wants_desk};
use crate::{
    listing::Tone,
    phone::{
        Link,
        expecting::{expect, expected},
        use_phone,
    },
    ui::{Desk, effect, is_typing, post, single_key, submit},
};

/// A form of the console is sent.
pub(super) fn submitted(desk: Desk, board: Board, event: &ev::SubmitEvent) {
    let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
    // The search is another one's.
    let Some(form) = form.filter(|form| form.get_attribute("method").as_deref() == Some("post")) else { return };
    event.prevent_default();
    let pressed = event.submitter();
    let asked = pressed.as_ref().and_then(|button| button.get_attribute("formaction"));
    let to = asked.or_else(|| form.get_attribute("action")).unwrap_or_default();
    let mut fields = submit::read(&form, pressed.as_ref());
    if to == ConsoleJoin::PATH {
        let phone = use_phone();
        if untrack(|| wants_desk(board, phone)) {
            fields.push(("desk".to_owned(), "on".to_owned()));
        } else if phone.link.get_untracked() == Link::Ready {
            // This browser is the phone: it answers this call by itself. Who clicks once more means the call that is coming.
            let ticket = expected().unwrap_or_else(new_ticket);
            expect(&ticket);
            fields.push(("ticket".to_owned(), ticket));
        }
    }
    send(Wish { desk, form, to, fields });
}

/// What is asked of the server.
struct Wish {
    desk: Desk,
    form: HtmlFormElement,
    to: String,
    fields: Vec<(String, String)>,
}

/// What waits for what was asked before, and whether anything is being asked.
#[derive(Default)]
struct Wishes {
    waiting: VecDeque<Wish>,
    asks: bool,
}

thread_local! {
    static WISHES: RefCell<Wishes> = RefCell::default();
}

/// Asks one after the other: two requests may overtake each other on the way, and the last wish is what must come of it.
fn send(wish: Wish) {
    let asks = WISHES.with_borrow_mut(|wishes| {
        // Of volumes the last is all that matters.
        wishes.waiting.retain(|waiting| wish.to != ConsoleVolumes::PATH || waiting.to != wish.to);
        wishes.waiting.push_back(wish);
        std::mem::replace(&mut wishes.asks, true)
    });
    if asks {
        return;
    }
    spawn_local(async move {
        while let Some(Wish { desk, form, to, fields }) = next_wish() {
            match post(&to, &fields).await {
                Ok(done) if to == ConsoleNote::PATH || to == ConsoleMark::PATH => {
                    form.reset();
                    desk.say(Tone::Good, done.toast, None);
                }
                // What it came to is seen as it happens.
                Ok(_) => {}
                Err(error) => desk.say(Tone::Bad, error.to_string(), None),
            }
        }
    });
}

fn next_wish() -> Option<Wish> {
    WISHES.with_borrow_mut(|wishes| {
        let next = wishes.waiting.pop_front();
        wishes.asks = next.is_some();
        next
    })
}

/// A volume is another one: it is set at once.
pub(super) fn changed(event: &ev::Event) {
    let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    if let Some(form) = input.filter(|input| input.type_() == "range").and_then(|input| input.form()) {
        // Fails only for a button that is none of the form's, and there is none.
        let _ = form.request_submit();
    }
}

/// Letters and digits that nobody has used before.
fn new_ticket() -> String {
    let part = || {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 2^32")]
        let number = (js_sys::Math::random() * 4_294_967_296.0) as u32;
        number.to_string()
    };
    [part(), part()].concat()
}

/// Listens to keys: S, W and B press the button of what they are for ([`aim`]); Escape leaves; arrows choose.
pub(super) fn keys(board: Board) {
    effect(move || {
        let handle = window_event_listener(ev::keydown, move |event| {
            if is_typing(&event)
                || event.default_prevented()
                || event.ctrl_key()
                || event.meta_key()
                || event.alt_key()
                || event.repeat()
            {
                return;
            }
            let (key, letter) = (event.key(), single_key(&event));
            let done = match (letter.as_deref(), key.as_str()) {
                (Some("s"), _) => press(board, "button[value=spy]"),
                (Some("w"), _) => press(board, "button[value=whisper]"),
                (Some("b"), _) => press(board, "button[value=barge_in]"),
                (_, "Escape") => !is_something_open() && click(find(".console-bar [data-leave]")),
                (_, "ArrowDown") => choose(board, 1),
                (_, "ArrowUp") => choose(board, -1),
                _ => false,
            };
            if done {
                event.prevent_default();
            }
        });
        on_cleanup(move || handle.remove());
    });
}

fn find(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

/// Whether Escape closes something else.
fn is_something_open() -> bool {
    find(":popover-open, dialog[open], details.confirm[open]").is_some()
}

/// Where the focus is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Focus {
    /// In a call's row, or in the bar of a supervision.
    Place,
    /// In something else.
    Elsewhere,
    /// Nowhere: also where it was in something that is gone.
    Nowhere,
}

/// How it stands with the row that is shown as chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chosen {
    Nothing,
    Shown,
    Gone,
}

/// What a letter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// The row or bar that has the focus.
    Focused,
    /// The call that one is in.
    Own,
    /// The row that is shown as chosen.
    Chosen,
    Nothing,
}

/// What a letter is for: it opens a microphone, so it must never be for a call that whoever presses it does not mean. A row that is
/// gone is no reason to press another's.
const fn aim(focus: Focus, is_in: bool, chosen: Chosen) -> Aim {
    match (focus, is_in, chosen) {
        (Focus::Place, _, _) => Aim::Focused,
        (Focus::Nowhere, _, Chosen::Gone) => Aim::Nothing,
        (Focus::Elsewhere | Focus::Nowhere, true, _) => Aim::Own,
        (Focus::Elsewhere | Focus::Nowhere, false, Chosen::Shown) => Aim::Chosen,
        (Focus::Elsewhere | Focus::Nowhere, false, Chosen::Nothing | Chosen::Gone) => Aim::Nothing,
    }
}

/// Presses a button of what a letter is for.
fn press(board: Board, button: &str) -> bool {
    let active = document().active_element();
    let focused = active.as_ref().and_then(|active| active.closest(".console-call, .console-bar").ok().flatten());
    let focus = match &active {
        _ if focused.is_some() => Focus::Place,
        Some(active) if active.tag_name() != "BODY" => Focus::Elsewhere,
        Some(_) | None => Focus::Nowhere,
    };
    let key = board.chosen.get_untracked();
    let row = key.and_then(|key| document().get_element_by_id(&row_id(key)));
    let chosen = match (key, &row) {
        (None, _) => Chosen::Nothing,
        (Some(_), Some(_)) => Chosen::Shown,
        (Some(_), None) => Chosen::Gone,
    };
    if chosen == Chosen::Gone {
        board.chosen.set(None);
    }
    let own = find(".console-bar");
    let place = match aim(focus, own.is_some(), chosen) {
        Aim::Focused => focused,
        Aim::Own => own,
        Aim::Chosen => row,
        Aim::Nothing => None,
    };
    click(place.and_then(|place| place.query_selector(button).ok().flatten()))
}

fn click(button: Option<Element>) -> bool {
    let button = button.and_then(|button| button.dyn_into::<HtmlElement>().ok());
    button.map(|button| button.click()).is_some()
}

/// Chooses the next row, or the one before.
fn choose(board: Board, step: i64) -> bool {
    let Ok(rows) = document().query_selector_all(".console-call") else { return false };
    if rows.length() == 0 {
        return false;
    }
    let id = board.chosen.get_untracked().map(row_id);
    let id_of = |i: u32| rows.item(i).map(|row| row.unchecked_into::<Element>().id());
    let here = (0..rows.length()).find(|&i| id.is_some() && id_of(i) == id);
    let next = here.map_or(0, |here| i64::from(here) + step).clamp(0, i64::from(rows.length()) - 1);
    let row = u32::try_from(next).ok().and_then(|next| rows.item(next));
    row.is_some_and(|row| row.unchecked_into::<HtmlElement>().focus().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_for_what_has_the_focus() {
        for (is_in, chosen) in
            [(true, Chosen::Shown), (false, Chosen::Shown), (true, Chosen::Gone), (true, Chosen::Nothing)]
        {
            assert_eq!(aim(Focus::Place, is_in, chosen), Aim::Focused);
        }
    }

    #[test]
    fn without_it_a_letter_is_for_the_call_that_one_is_in_before_the_row_that_was_chosen() {
        assert_eq!(aim(Focus::Elsewhere, true, Chosen::Shown), Aim::Own);
        assert_eq!(aim(Focus::Nowhere, true, Chosen::Shown), Aim::Own);
        assert_eq!(aim(Focus::Elsewhere, false, Chosen::Shown), Aim::Chosen);
        assert_eq!(aim(Focus::Nowhere, false, Chosen::Nothing), Aim::Nothing);
    }

    #[test]
    fn a_row_that_is_gone_is_no_reason_to_press_another() {
        // Its focus went with it: the letter was meant for it.
        assert_eq!(aim(Focus::Nowhere, true, Chosen::Gone), Aim::Nothing);
        assert_eq!(aim(Focus::Nowhere, false, Chosen::Gone), Aim::Nothing);
        assert_eq!(aim(Focus::Elsewhere, true, Chosen::Gone), Aim::Own);
    }
}
