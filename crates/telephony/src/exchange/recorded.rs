//! Which calls are recorded without being asked for, who may ask, and what is marked on the time line of a recording.

use std::time::Duration;

use tandem_domain::{
    calls::{Direction, Party},
    ids::{AccountId, CallId},
    recordings::MarkKind,
};

use super::{
    Due, Exchange, Media, Now,
    arrivals::Asked,
    supervising::{account_of, named},
};
use crate::{
    directory::{Question, RecordingCodes, RecordingTerms},
    ids::LegId,
    prompt::Prompt,
};

/// How long until the records are asked again, when they could not be.
const AGAIN: Duration = Duration::from_secs(2);

/// What a recording was last seen to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The two who talk, or talked last.
    parties: Option<(LegId, LegId)>,
    /// Whether one of them holds the other.
    held: bool,
    /// The managers whom both hear, by their own calls.
    barging: Vec<(CallId, Party)>,
}

impl<M: Media> Exchange<M> {
    /// Looks at a call after something happened in it: the terms of new parties are asked for, and recordings get their marks.
    pub(super) fn look_for_recordings(&mut self, now: Now, call: CallId) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        let parties = entry.call.parties();
        if parties.is_some() && entry.asked_to_record != parties {
            entry.asked_to_record = parties;
            self.ask_for_terms(call);
        }
        self.mark_changes(now, call);
    }

    /// Asks whether and how the call is recorded for its parties, and for who handed it over: that one is the caller of what
    /// follows, and no party any more.
    pub(super) fn ask_for_terms(&mut self, call: CallId) {
        let Some(entry) = self.calls.get(&call).filter(|_| self.settings.spool.is_some()) else { return };
        let Some((one, other)) = entry.call.parties() else { return };
        let mut accounts: Vec<AccountId> =
            [one, other].iter().filter_map(|leg| self.legs.get(leg).and_then(account_of)).collect();
        accounts.extend(entry.call.about.caller.account.filter(|account| !accounts.contains(account)));
        if !accounts.is_empty() {
            self.ask(Question::Recording { accounts }, Asked::Recording { call });
        }
    }

    /// The records could not be asked: again, soon.
    pub(super) fn terms_unknown(&mut self, now: Now, call: CallId) {
        if self.calls.contains_key(&call) {
            self.schedule(Due::Terms(call), Some(now.instant + AGAIN));
        }
    }

    /// The records have told who may record, and what is recorded in any case.
    pub(super) fn terms_known(&mut self, now: Now, call: CallId, all: Vec<RecordingTerms>) {
        let Some(entry) = self.calls.get(&call) else { return };
        let Some((one, other)) = entry.call.parties() else { return };
        let caller = entry.call.about.caller.account;
        let comes_in = entry.call.about.direction == Direction::Incoming;
        for terms in all {
            let own = |leg: &LegId| self.legs.get(leg).and_then(account_of) == Some(terms.account);
            let (side, automatic) = match [one, other].into_iter().find(own) {
                Some(leg) => {
                    self.may_record(leg, &terms);
                    let calls = caller == Some(terms.account) && !comes_in;
                    (leg, if calls { terms.outgoing } else { terms.incoming })
                }
                None => (other, terms.redirected && caller == Some(terms.account)),
            };
            if automatic && self.tape(call, terms.account).is_none() {
                self.start_recording(now, call, side, &terms, MarkKind::Started);
            }
        }
    }

    /// A party may start and stop recordings, or may not.
    fn may_record(&mut self, id: LegId, terms: &RecordingTerms) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let might = std::mem::replace(&mut leg.may_record, terms.codes.is_some());
        if might || leg.may_record {
            let codes = terms.codes.clone().map(|RecordingCodes { start, stop }| vec![start, stop]);
            self.media.codes(id, codes.unwrap_or_default());
        }
        self.recording_terms.insert(id, terms.clone());
    }

    /// Marks what has changed in a call since its recordings were last looked at.
    fn mark_changes(&mut self, now: Now, call: CallId) {
        let tapes = self.tapes_of(call);
        let Some(entry) = self.calls.get(&call).filter(|_| !tapes.is_empty()) else { return };
        let (parties, held) = (entry.call.parties(), entry.call.is_held());
        let speaking = self.live_supervisors(call).into_iter().filter(|manager| manager.mode.client_hears_manager());
        let barging: Vec<_> = speaking.map(|manager| (manager.call, manager.manager)).collect();
        for id in tapes {
            let Some(tape) = self.tapes.get_mut(&id) else { continue };
            let next = Seen { parties: parties.or(tape.seen.parties), held, barging: barging.clone() };
            // What happens while it rests is seen when it goes on.
            let rests = !tape.is_running() && tape.seen.parties.is_some();
            if rests || tape.seen == next {
                continue;
            }
            let before = std::mem::replace(&mut tape.seen, next.clone());
            if !tape.is_running() {
                continue;
            }
            let announced = tape.is_announced();
            let come = newcomer(&before, &next);
            let name = come.and_then(|leg| self.legs.get(&leg)).map(|leg| named(&leg.party));
            let Some(tape) = self.tapes.get_mut(&id) else { continue };
            for (kind, text) in changes(&before, &next, name) {
                tape.mark(now.wall, kind, &text);
            }
            if let Some(leg) = come.filter(|_| announced) {
                self.media.overlay(leg, self.voices.prompt(Prompt::RecordingStarted));
            }
            self.note_recording(now, id);
            if come.is_some() {
                self.handed_over(now, call, id);
            }
        }
    }
}

/// Who has taken a party's place.
fn newcomer(before: &Seen, next: &Seen) -> Option<LegId> {
    let (was, is) = (before.parties?, next.parties?);
    [is.0, is.1].into_iter().find(|leg| *leg != was.0 && *leg != was.1)
}

/// The marks of what has changed; `name` is who has come.
fn changes(before: &Seen, next: &Seen, name: Option<String>) -> Vec<(MarkKind, String)> {
    let mut marks: Vec<_> = name.map(|name| (MarkKind::Transferred, name)).into_iter().collect();
    if before.held != next.held {
        marks.push((if next.held { MarkKind::Hold } else { MarkKind::Unhold }, String::new()));
    }
    let missing = |from: &Seen, of: &Seen| -> Vec<String> {
        let of_it = of.barging.iter().filter(|(call, _)| !from.barging.iter().any(|(other, _)| other == call));
        of_it.map(|(_, party)| named(party)).collect()
    };
    marks.extend(missing(before, next).into_iter().map(|name| (MarkKind::BargeIn, name)));
    marks.extend(missing(next, before).into_iter().map(|name| (MarkKind::BargeInEnd, name)));
    marks
}
