//! Effects of one type.

use leptos::prelude::*;

/// Runs in the browser, for the first time as soon as what is at work now is done, and whenever a signal changes that it read.
/// Boxed, so that the framework's code for an effect is in the browser's programs once and not for each.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    boxed(Box::new(run));
}

fn boxed(mut run: Box<dyn FnMut()>) {
    Effect::new(move |_| run());
}
