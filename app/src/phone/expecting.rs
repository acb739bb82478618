//! Which call does the page answer by itself? The one that a click of the person on this very page asked for, and no other.

use std::cell::RefCell;

use super::clock;

/// How long such a call may take to come, in milliseconds.
const PATIENCE: i64 = 15_000;

thread_local! {
    /// The ticket of the call that is expected, and until when.
    static EXPECTED: RefCell<Option<(String, i64)>> = const { RefCell::new(None) };
}

/// The call with this ticket, which is asked for now, is to be answered as soon as it rings here. It is the server that gives the
/// ticket back with the call, so that nobody else's call can be taken for it.
pub(crate) fn expect(ticket: &str) {
    EXPECTED.set(Some((ticket.to_owned(), clock() + PATIENCE)));
}

/// The ticket of the call that is expected by now.
pub(crate) fn expected() -> Option<String> {
    let now = clock();
    EXPECTED.with_borrow(|expected| expected.clone().filter(|(_, until)| now <= *until).map(|(ticket, _)| ticket))
}

/// Whether the call with this ticket is the one that is expected. It is expected once.
pub(super) fn is_expected(ticket: &str) -> bool {
    let now = clock();
    EXPECTED.with_borrow_mut(|expected| expected.take_if(|(known, until)| known == ticket && now <= *until)).is_some()
}
