//! What do keys do, while a call's card or the dial pad has the focus? Letters act on the call (unless keys of one letter are
//! turned off, see [`crate::ui`]), and on the dial pad digits are its keys.

use leptos::{ev, prelude::*};
use tandem_domain::phone::{CallNumber, CallState};

use super::{Link, Phone, call::Call};
use crate::ui::single_key;

/// What a letter does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Answer,
    Decline,
    Mute,
    Hold,
}

impl Act {
    /// The letter, as it stands on the button.
    pub(super) const fn letter(self) -> &'static str {
        match self {
            Self::Answer => "A",
            Self::Decline => "D",
            Self::Mute => "M",
            Self::Hold => "H",
        }
    }

    /// What a letter does with a call at this point; `None`: nothing. `reached`: whether the server is.
    fn of(letter: &str, call: &Call, reached: bool) -> Option<Self> {
        let acts = [Self::Answer, Self::Decline, Self::Mute, Self::Hold];
        acts.into_iter().filter(|act| act.letter().eq_ignore_ascii_case(letter)).find(|act| match act {
            Self::Answer => reached && call.state == CallState::Incoming,
            Self::Decline => call.state == CallState::Incoming,
            Self::Mute => call.is_talking(),
            Self::Hold => reached && call.is_talking(),
        })
    }
}

impl Phone {
    /// A key is pressed in a call's card.
    pub(super) fn key(self, number: CallNumber, event: &ev::KeyboardEvent) {
        if event.default_prevented() || event.repeat() {
            return;
        }
        let Some(letter) = single_key(event) else { return };
        let reached = self.link.get_untracked() == Link::Ready;
        let Some((act, held)) =
            self.call_now(number, |call| Some((Act::of(&letter, call, reached)?, call.wants_hold))).flatten()
        else {
            return;
        };
        event.prevent_default();
        match act {
            Act::Answer => self.answer(number),
            Act::Decline => self.decline(number),
            Act::Mute => self.mute(number),
            Act::Hold => self.hold(number, !held),
        }
    }
}

/// The key of the dial pad that a key of the keyboard stands for.
pub(super) fn pad_key(event: &ev::KeyboardEvent) -> Option<char> {
    let with_others = event.ctrl_key() || event.meta_key() || event.alt_key() || event.repeat();
    pad_key_of(&event.key()).filter(|_| !with_others)
}

fn pad_key_of(key: &str) -> Option<char> {
    let mut letters = key.chars();
    let only = letters.next().filter(|_| letters.next().is_none());
    only.filter(|only| matches!(only, '0'..='9' | '*' | '#'))
}

#[cfg(test)]
mod tests {
    use tandem_domain::phone::Who;

    use super::*;

    #[test]
    fn a_letter_does_what_can_be_done_with_the_call() {
        let call = |state| Call::new(CallNumber::SERVERS, state, Who::default());
        let (rings, talks) = (call(CallState::Incoming), call(CallState::Talking));
        assert_eq!(Act::of("a", &rings, true), Some(Act::Answer));
        assert_eq!(Act::of("a", &rings, false), None, "nobody hears of it");
        assert_eq!(Act::of("d", &rings, false), Some(Act::Decline));
        assert_eq!(Act::of("m", &rings, true), None);
        assert_eq!((Act::of("m", &talks, false), Act::of("h", &talks, true)), (Some(Act::Mute), Some(Act::Hold)));
        assert_eq!((Act::of("a", &talks, true), Act::of("x", &talks, true)), (None, None));
    }

    #[test]
    fn digits_are_keys_of_the_dial_pad_and_names_of_keys_are_not() {
        let keys = ["1", "#", "*", "a", "Enter", "F1", ""].map(pad_key_of);
        assert_eq!(keys, [Some('1'), Some('#'), Some('*'), None, None, None, None]);
    }
}
