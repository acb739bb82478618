//! Something that is done after a while, unless it is wanted anew before that, or no more.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

/// Does one thing at a time, later.
#[derive(Clone, Copy)]
pub(crate) struct Timer(StoredValue<Option<TimeoutHandle>>);

impl Timer {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(None))
    }

    /// Does something after a while, in place of what was to be done.
    pub(crate) fn restart(self, wait: Duration, act: impl FnOnce() + 'static) {
        self.stop();
        self.0.try_update_value(|next| *next = set_timeout_with_handle(act, wait).ok());
    }

    /// Nothing is to be done any more.
    pub(crate) fn stop(self) {
        if let Some(next) = self.0.try_update_value(Option::take).flatten() {
            next.clear();
        }
    }
}
