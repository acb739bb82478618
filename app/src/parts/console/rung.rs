//! Which phone does a join ring? This browser, or instead of it the phone on the manager's desk.

use leptos::{ev, prelude::*};

use super::{NO_DESK, board::Board};
use crate::{
    context::me_or_nobody,
    phone::{Link, Phone, use_phone},
    ui::{effect, remember, remembered},
};

/// Remembered for each person who signs in here: `yes`, or anything else.
fn on_desk_key() -> String {
    ["joins-on-desk-", me_or_nobody().as_ref().map_or("", |me| &me.sign_in)].concat()
}

/// Whether the phone in a browser is in use, and the one on the desk is wanted instead.
pub(super) fn wants_desk(board: Board, phone: Phone) -> bool {
    has_browser(phone) && board.on_desk.get()
}

/// Whether the phone is in this browser, or in another tab.
fn has_browser(phone: Phone) -> bool {
    matches!(phone.link.get(), Link::Ready | Link::Elsewhere)
}

/// Which phone a join rings, and how this browser becomes one.
pub(super) fn phones(board: Board) -> AnyView {
    let phone = use_phone();
    let key = on_desk_key();
    effect(move || board.on_desk.set(remembered(&key).as_deref() == Some("yes")));
    let choose = move |event: ev::Event| {
        let wanted = event_target_checked(&event);
        remember(&on_desk_key(), if wanted { "yes" } else { "no" });
        board.on_desk.set(wanted);
    };
    let at = move |link: Link| phone.link.get() == link;
    let words = move || {
        let (rings, desk) = board.terms.with(|terms| (terms.rings, terms.rings_desk));
        match (wants_desk(board, phone), at(Link::Ready)) {
            (true, _) if desk => "Joining a call rings the phone on your desk; you are in it when you answer.",
            (true, _) => NO_DESK,
            (false, true) => "This browser is your phone: when you join a call, it answers by itself.",
            (false, false) if rings => "Joining a call rings your phones; you are in it when you answer.",
            (false, false) => "None of your phones can be rung. Use this browser as a phone to join calls.",
        }
    };
    view! {
        <div class="console-phone row">
            <span>{words}</span>
            <span class="needs-wasm row">
                <label class="phone-check" hidden=move || !has_browser(phone)>
                    <input
                        type="checkbox"
                        prop:checked=move || board.on_desk.get()
                        on:change=choose
                    />
                    " Ring my phone instead"
                </label>
                <button type="button" class="button" hidden=move || !at(Link::Off) on:click=move |_| phone.turn_on()>
                    "Use this browser as a phone"
                </button>
                <button type="button" class="button" hidden=move || !at(Link::Elsewhere) on:click=move |_| phone.take()>
                    "Take the phone from the other tab"
                </button>
            </span>
        </div>
    }
    .into_any()
}
