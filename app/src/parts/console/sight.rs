//! Which rows are in sight, and does somebody point at them?

use std::time::Duration;

use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::board::Board;

/// How long after the last movement rows stay where they are: whoever is about to press one finds it there.
const STAYS: Duration = Duration::from_secs(5);
/// Calls of which a page wants to know how loud people speak.
const MOST: usize = 100;

/// The ids of the calls whose meters are in sight, parted by commas.
pub(super) fn calls_in_sight() -> String {
    let Ok(meters) = document().query_selector_all("[data-levels]") else { return String::new() };
    let bottom = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    let mut calls: Vec<String> = Vec::new();
    for meter in (0..meters.length()).filter_map(|i| meters.item(i)) {
        let meter: Element = meter.unchecked_into();
        let place = meter.get_bounding_client_rect();
        let call = meter.get_attribute("data-levels").unwrap_or_default();
        if place.bottom() > 0.0 && place.top() < bottom && place.height() > 0.0 && !calls.contains(&call) {
            calls.push(call);
        }
        if calls.len() == MOST {
            break;
        }
    }
    calls.join(",")
}

/// Somebody points at the rows: by mouse, finger or keyboard.
pub(super) fn points(board: Board, waits: StoredValue<Option<TimeoutHandle>>) {
    if !board.held.get_untracked() {
        board.held.set(true);
    }
    let ends = set_timeout_with_handle(move || ends(board), STAYS).ok();
    waits.try_update_value(|waits| std::mem::replace(waits, ends).map(|before| before.clear()));
}

fn ends(board: Board) {
    // The page may be gone.
    if board.held.try_get_untracked().is_some() {
        board.release();
    }
}

/// The pointer is away from the rows.
pub(super) fn away(board: Board, _event: &ev::PointerEvent) {
    ends(board);
}
