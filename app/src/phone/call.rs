//! A call as the phone shows it.

use tandem_domain::{
    calls::Recorded,
    phone::{CallNumber, CallState, RecordWish, Resumed, Who},
};

use super::peer::Quality;

/// What the server was asked about a call and has not answered: until it does, what is shown stays as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Something about its recording.
    Record(RecordWish),
    /// To hand its party over.
    Transfer,
    /// To end it.
    End,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) number: CallNumber,
    pub(super) state: CallState,
    pub(super) with: Who,
    pub(super) huntgroup: Option<String>,
    /// When it was answered, by this browser's clock, in milliseconds.
    pub(super) since: Option<i64>,
    /// Whether the other party is to be held: what is said here does not reach it from this moment on (see [`super::floor`]).
    pub(super) wants_hold: bool,
    /// Whether it is, as the server says.
    pub(super) held_by_us: bool,
    pub(super) held_by_other: bool,
    pub(super) muted: bool,
    /// The microphone could not be opened: nothing is heard, on either side.
    pub(super) silent: bool,
    pub(super) asked: Option<Asked>,
    pub(super) recorded: Recorded,
    /// How its transfer goes, or why it ended.
    pub(super) words: String,
    /// How well it is heard, as soon as that was measured, and whether somebody wants that in numbers.
    pub(super) quality: Option<Quality>,
    pub(super) numbers: bool,
}

/// The number, where the name is not it; else empty.
pub(super) fn number_beside(who: &Who) -> &str {
    if who.name.is_empty() { "" } else { &who.number }
}

impl Call {
    pub(super) const fn new(number: CallNumber, state: CallState, with: Who) -> Self {
        Self {
            number,
            state,
            with,
            huntgroup: None,
            since: None,
            wants_hold: false,
            held_by_us: false,
            held_by_other: false,
            muted: false,
            silent: false,
            asked: None,
            recorded: Recorded::No,
            words: String::new(),
            quality: None,
            numbers: false,
        }
    }

    /// One that went on while the browser was away.
    pub(super) fn resumed(from: Resumed, now: i64) -> Self {
        let Resumed { call, state, with, huntgroup, sdp: _, held_by_us, held_by_other, talked_ms } = from;
        let since = talked_ms.map(|talked| now - i64::try_from(talked).unwrap_or_default());
        Self { huntgroup, wants_hold: held_by_us, held_by_us, held_by_other, since, ..Self::new(call, state, with) }
    }

    /// Who is at the other end.
    pub(super) fn name(&self) -> &str {
        self.with.shown()
    }

    /// What is known of the other end besides: "702 · via Support".
    pub(super) fn about(&self) -> String {
        let number = number_beside(&self.with);
        match &self.huntgroup {
            Some(group) if number.is_empty() => ["via ", group].concat(),
            Some(group) => [number, " · via ", group].concat(),
            None => number.to_owned(),
        }
    }

    /// How far it is, in a word.
    pub(super) const fn stage(&self) -> &'static str {
        match self.state {
            CallState::Dialling | CallState::Ringing | CallState::Talking if self.is_ending() => "Hanging up…",
            CallState::Dialling => "Calling",
            CallState::Ringing => "Ringing",
            CallState::Incoming => "Incoming call",
            CallState::Talking => match (self.wants_hold, self.held_by_us, self.held_by_other) {
                (true, true, _) => "On hold",
                (true, false, _) => "Holding…",
                (false, true, _) => "Resuming…",
                (false, false, true) => "Holds you",
                (false, false, false) => "Connected",
            },
            CallState::Ended => "Ended",
        }
    }

    /// How well it is heard, as a sign; `None`: nothing is to be heard now, or it was not measured yet.
    pub(super) fn sound(&self) -> Option<(&'static str, &'static str)> {
        self.quality.filter(|_| self.hears()).map(Quality::sign)
    }

    /// Whether there is something to be heard.
    pub(super) fn hears(&self) -> bool {
        self.is_talking() && !self.wants_hold && !self.held_by_us
    }

    pub(super) fn is_talking(&self) -> bool {
        self.state == CallState::Talking
    }

    pub(super) fn is_incoming(&self) -> bool {
        self.state == CallState::Incoming
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == CallState::Ended
    }

    pub(super) const fn is_ending(&self) -> bool {
        matches!(self.asked, Some(Asked::End))
    }

    /// What the server says of the recording, in words for who does not see it; `None`: nothing to say. What was asked for and did
    /// not come is said, with the reason as far as it is known.
    pub(super) fn recorded_words(&self, state: Recorded) -> Option<String> {
        let about = |words: &str| Some([self.name(), ": ", words].concat());
        match (self.asked, state) {
            (Some(Asked::Record(RecordWish::Start | RecordWish::Resume)), Recorded::No) => {
                about("this call cannot be recorded.")
            }
            (Some(Asked::Record(RecordWish::Start | RecordWish::Resume)), Recorded::Paused) => {
                about("the recording is still paused.")
            }
            (Some(Asked::Record(RecordWish::Stop)), Recorded::Yes | Recorded::Paused) => {
                about("the recording goes on: it is not yours alone.")
            }
            (Some(Asked::Record(RecordWish::Pause)), Recorded::Yes) => about("the recording could not be paused."),
            (_, state) if state == self.recorded => None,
            (_, Recorded::Yes) => about("recording."),
            (_, Recorded::Paused) => about("recording paused."),
            (_, Recorded::No) => about("not recorded any more."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, number: &str) -> Call {
        let who = Who { number: number.into(), name: name.into() };
        Call::new(CallNumber::SERVERS, CallState::Incoming, who)
    }

    #[test]
    fn a_caller_is_named_as_well_as_can_be() {
        assert_eq!(with("Mary", "702").name(), "Mary");
        assert_eq!(with("Mary", "702").about(), "702");
        assert_eq!(with("", "702").name(), "702");
        assert_eq!(with("", "702").about(), "");
        assert_eq!(with("", "anonymous").name(), "Number withheld");
        let support = Call { huntgroup: Some("Support".into()), ..with("", "+3225551234") };
        assert_eq!(support.about(), "via Support");
    }

    #[test]
    fn a_call_that_went_on_goes_on_with_its_time() {
        let talked = Resumed {
            call: CallNumber(1),
            state: CallState::Talking,
            with: Who::default(),
            huntgroup: None,
            sdp: None,
            held_by_us: true,
            held_by_other: false,
            talked_ms: Some(7000),
        };
        let call = Call::resumed(talked, 10_000);
        assert_eq!((call.since, call.stage()), (Some(3000), "On hold"));
    }

    #[test]
    fn what_is_only_wished_is_not_shown_as_so() {
        let mut call = Call { state: CallState::Talking, wants_hold: true, ..with("Mary", "702") };
        assert_eq!(call.stage(), "Holding…");
        (call.wants_hold, call.held_by_us) = (false, true);
        assert_eq!(call.stage(), "Resuming…");
        call.asked = Some(Asked::End);
        assert_eq!(call.stage(), "Hanging up…");
    }

    #[test]
    fn what_comes_of_a_wish_about_recording_is_said() {
        let asked = |wish, recorded, state| {
            let call = Call { asked: Some(Asked::Record(wish)), recorded, ..with("Mary", "702") };
            call.recorded_words(state).unwrap_or_default()
        };
        let (no, yes, paused) = (Recorded::No, Recorded::Yes, Recorded::Paused);
        assert_eq!(asked(RecordWish::Start, no, yes), "Mary: recording.");
        assert_eq!(asked(RecordWish::Start, no, no), "Mary: this call cannot be recorded.");
        assert_eq!(asked(RecordWish::Pause, yes, paused), "Mary: recording paused.");
        assert_eq!(asked(RecordWish::Stop, yes, yes), "Mary: the recording goes on: it is not yours alone.");
        let call = Call { recorded: yes, ..with("Mary", "702") };
        assert_eq!(call.recorded_words(yes), None);
        assert_eq!(call.recorded_words(no).as_deref(), Some("Mary: not recorded any more."));
    }
}
