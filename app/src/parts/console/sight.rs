//! Which rows are in sight, and does somebody point at them?

use std::time::Duration;

use leptos::prelude::*;
use tandem_domain::console::LEVELS_MAX;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::board::Board;
use crate::ui::Timer;

/// How long after the last movement rows stay where they are: whoever is about to press one finds it there.
const STAYS: Duration = Duration::from_secs(5);

/// The ids of the calls whose meters are in sight, parted by commas.
pub(super) fn calls_in_sight() -> String {
    let Ok(rows) = document().query_selector_all(".console-call") else { return String::new() };
    let bottom = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    let mut calls: Vec<String> = Vec::new();
    for row in (0..rows.length()).filter_map(|i| rows.item(i)) {
        let row: Element = row.unchecked_into();
        // The row's place, never that of what is in it: for that the browser would lay out what it leaves out.
        let place = row.get_bounding_client_rect();
        if place.top() >= bottom || calls.len() == LEVELS_MAX {
            break;
        }
        if place.bottom() > 0.0
            && let Ok(Some(meter)) = row.query_selector("[data-levels]")
        {
            let call = meter.get_attribute("data-levels").unwrap_or_default();
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
    }
    calls.join(",")
}

/// Somebody points at the rows: by mouse, finger or keyboard.
pub(super) fn points(board: Board, stays: Timer) {
    if !board.held.get_untracked() {
        board.held.set(true);
    }
    stays.restart(STAYS, move || away(board));
}

/// Nobody points at the rows any more.
pub(super) fn away(board: Board) {
    // The page may be gone.
    if board.held.try_get_untracked().is_some() {
        board.release();
    }
}
