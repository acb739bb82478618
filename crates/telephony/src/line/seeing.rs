//! What does the exchange show of our calls that no SIP message says? Whether they are recorded, whether the other party holds us,
//! and who that is after a call was handed over.

use tandem_domain::phone::{CallState, ToBrowser, Who};

use super::{Line, call::Call, station::Station};
use crate::feed::{Feed, Talk};

impl Line {
    /// The account may record by wish, or no longer. Who says `Hello` next is told.
    pub const fn allow_recording(&mut self, may: bool) {
        self.owner.may_record = may;
    }

    /// How many of its calls are answered. When these are others, or the feed tells of a change, [`Line::look`] is due.
    #[must_use]
    pub fn talks(&self) -> usize {
        self.calls.iter().filter(|call| call.stage() == CallState::Talking).count()
    }

    /// With whom there are calls, in words; empty: with nobody.
    #[must_use]
    pub fn with(&self) -> String {
        let with = self.calls.iter().filter(|call| call.stage() != CallState::Ended).map(|call| call.with.shown());
        with.collect::<Vec<_>>().join(", ")
    }

    /// Looks at what the exchange shows of the calls that are answered: each is found by the exchange's leg of it.
    pub fn look(&mut self, feed: &Feed) {
        for call in self.calls.iter_mut().filter(|call| call.stage() == CallState::Talking) {
            if let Some(talk) = call.leg().and_then(|tag| feed.talk_of(&tag)) {
                call.seen(&mut self.station, talk);
            }
        }
    }
}

impl Call {
    fn seen(&mut self, station: &mut Station, talk: Talk) {
        let Talk { call, other_calls, other } = talk;
        self.recorded(station, call.recorded);
        let [caller, callee] = call.holds;
        self.hold_by_other(station, if other_calls { caller } else { callee });
        let party = if other_calls { &call.caller } else { &call.callee };
        let number = if party.number.is_empty() { "anonymous" } else { &party.number };
        let is_another = match self.other.replace(other) {
            Some(before) => Some(before) != self.other,
            // What was dialled is written in many ways; who calls is told in one, and may be another since.
            None => !self.number.is_browsers() && self.with.number != number,
        };
        if is_another {
            self.with = Who { number: number.to_owned(), name: party.name.clone() };
            station.say(ToBrowser::With { call: self.number, with: self.with.clone() });
        }
    }
}
