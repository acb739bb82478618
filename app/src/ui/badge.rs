//! Small signs of a state: a colour, and always a word.

use leptos::prelude::*;
use tandem_domain::supervision::Mode;

use super::icon::{Sign, icon};
use crate::listing::Tone;

/// The class of a tone, for badges, notices and toasts.
pub(crate) const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "tone-good",
        Tone::Neutral => "tone-neutral",
        Tone::Warning => "tone-warning",
        Tone::Bad => "tone-bad",
        Tone::Info => "tone-info",
    }
}

/// A state in a word.
#[component]
pub fn Badge(
    /// Its colour.
    tone: Tone,
    /// The word.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <span class=format!("badge {}", tone_class(tone))>{text}</span> }
}

/// The sign of a mode.
pub(crate) const fn mode_sign(mode: Mode) -> Sign {
    match mode {
        Mode::Spy => Sign::Ear,
        Mode::Whisper => Sign::Whisper,
        Mode::BargeIn => Sign::Voices,
    }
}

/// The class of a mode.
pub(crate) const fn mode_class(mode: Mode) -> &'static str {
    match mode {
        Mode::Spy => "mode-spy",
        Mode::Whisper => "mode-whisper",
        Mode::BargeIn => "mode-barge-in",
    }
}

/// A mode of supervision: spy blue, whisper amber, barge-in red, with icon and word.
#[component]
pub fn ModeBadge(
    /// The mode.
    mode: Mode,
) -> impl IntoView {
    view! { <span class=["badge ", mode_class(mode)].concat()>{icon(mode_sign(mode))} {mode.label()}</span> }
}
