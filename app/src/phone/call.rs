//! A call as the phone shows it.

use tandem_domain::{
    calls::Recorded,
    phone::{CallNumber, CallState, Resumed, Who},
};

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) number: CallNumber,
    pub(super) state: CallState,
    pub(super) with: Who,
    pub(super) huntgroup: Option<String>,
    /// When it was answered, by this browser's clock, in milliseconds.
    pub(super) since: Option<i64>,
    pub(super) held_by_us: bool,
    pub(super) held_by_other: bool,
    pub(super) muted: bool,
    pub(super) recorded: Recorded,
    /// How its transfer goes, or why it ended.
    pub(super) words: String,
    /// How well it is heard, while somebody wants to know.
    pub(super) quality: Option<String>,
}

/// Who somebody is, in words.
pub(super) fn name_of(who: &Who) -> &str {
    match (&*who.name, &*who.number) {
        ("", "" | "anonymous") => "Number withheld",
        ("", number) => number,
        (name, _) => name,
    }
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
            held_by_us: false,
            held_by_other: false,
            muted: false,
            recorded: Recorded::No,
            words: String::new(),
            quality: None,
        }
    }

    /// One that went on while the browser was away.
    pub(super) fn resumed(from: Resumed, now: i64) -> Self {
        let Resumed { call, state, with, huntgroup, sdp: _, held_by_us, held_by_other, talked_ms } = from;
        let since = talked_ms.map(|talked| now - i64::try_from(talked).unwrap_or_default());
        Self { huntgroup, held_by_us, held_by_other, since, ..Self::new(call, state, with) }
    }

    /// Who is at the other end.
    pub(super) fn name(&self) -> &str {
        name_of(&self.with)
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
            CallState::Dialling => "Calling",
            CallState::Ringing => "Ringing",
            CallState::Incoming => "Incoming call",
            CallState::Talking => match (self.held_by_us, self.held_by_other) {
                (true, _) => "On hold",
                (false, true) => "Holds you",
                (false, false) => "Connected",
            },
            CallState::Ended => "Ended",
        }
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
}
