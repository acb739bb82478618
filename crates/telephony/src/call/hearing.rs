//! Who hears whom: the one place where audio is routed.

use crate::{
    ids::LegId,
    prompt::{Prompt, Tone},
};

/// What a leg hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Nothing.
    Nothing,
    /// Another leg.
    Leg(LegId),
    /// Itself.
    Echo,
    /// An announcement, once.
    Prompt(Prompt),
    /// A tone, again and again.
    Tone(Tone),
    /// Music on hold.
    Music,
}

/// What two parties hear. Who holds hears nothing, and who is held hears music: a phone on hold may still send sound, which
/// is for nobody.
pub fn of_two(one: LegId, other: LegId, holds: impl Fn(LegId) -> bool) -> [(LegId, Sound); 2] {
    let hears = |listener: LegId, speaker: LegId| {
        if holds(listener) {
            (listener, Sound::Nothing)
        } else if holds(speaker) {
            (listener, Sound::Music)
        } else {
            (listener, Sound::Leg(speaker))
        }
    };
    [hears(one, other), hears(other, one)]
}
