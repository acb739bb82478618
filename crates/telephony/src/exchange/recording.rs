//! What is recorded? Starting, pausing and stopping, and a recording's way through transfers to its end (PRODUCT §2).
//!
//! What is heard is the matrix's to say ([`crate::call::hearing`]), and media write it down. Here is who wanted it, which file
//! is which part, and when all of it is there. After every change the whole recording goes out, so that a crash leaves its
//! last state beside its sound.

use std::time::Duration;

use tandem_domain::{
    calls::Recorded,
    ids::{AccountId, CallId, RecordingId, Timestamp},
    recordings::{MarkKind, Recording, Segment},
};

use super::{Due, Entry, Exchange, Media, Now, Output, recorded::Seen, supervising::account_of};
use crate::{
    call::{self, hearing::Recorder},
    directory::RecordingTerms,
    ids::LegId,
    prompt::Prompt,
};

/// How long the end of a recording waits for the lengths of its parts; what is missing then is read from the files.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most parts of a recording: a key that is pressed for ever adds no more.
const PARTS_MAX: usize = 500;
/// Times that a new part is begun after the file of one has failed.
const TRIES: u8 = 3;

/// What a user wants of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Start, or go on after a stop.
    Start,
    /// Stop.
    Stop,
    /// Rest for a while: what is said now must not be kept.
    Pause,
    /// Go on after a pause.
    Resume,
}

/// A recording of a call that goes on, or whose last sound is being written.
#[derive(Debug)]
pub(super) struct Tape {
    recording: Recording,
    /// The leg that hears the part which is being recorded.
    running: Option<LegId>,
    /// Whether it goes on after a pause, and not only after a stop.
    paused: bool,
    /// Whether parties are told.
    announce: bool,
    /// Whether it goes on when its account hands the call over.
    stays: bool,
    /// Files that have failed.
    failures: u8,
    /// Its call is over.
    over: bool,
    /// What it was last seen to hold.
    pub(super) seen: Seen,
}

impl Tape {
    pub(super) const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub(super) const fn is_announced(&self) -> bool {
        self.announce
    }

    pub(super) fn mark(&mut self, at: Timestamp, kind: MarkKind, text: &str) {
        self.recording.mark(at, kind, text);
    }
}

/// A recording as it is now, to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingNote {
    /// The recording.
    pub recording: Recording,
    /// Nothing comes any more: it can be finished.
    pub ended: bool,
}

impl<M: Media> Exchange<M> {
    /// A party wants something of the recording of its call. Who may not is not heard.
    ///
    /// Pausing is for what must be kept nowhere (the number of a card), so it is for all recordings of the call. Stopping is for
    /// the party's own, and for those whose account has left the call: somebody who is there must be able to end them.
    pub(super) fn wish(&mut self, now: Now, leg: LegId, wish: &Wish) {
        let Some(terms) = self.recording_terms.get(&leg).filter(|terms| terms.codes.is_some()).cloned() else { return };
        let Some(call) = self.legs.get(&leg).map(|leg| leg.call) else { return };
        let all = self.tapes_of(call);
        match wish {
            Wish::Start => self.start_recording(now, call, leg, &terms, MarkKind::Started),
            Wish::Pause => all.into_iter().for_each(|id| self.rest(now, call, id, MarkKind::Paused)),
            Wish::Resume => all.into_iter().for_each(|id| self.resume(now, call, id)),
            Wish::Stop => {
                let may = |id: &RecordingId| {
                    let account = self.tapes.get(id).map(|tape| tape.recording.account);
                    account.is_some_and(|account| account == terms.account || !self.is_party(call, account))
                };
                let own: Vec<_> = all.into_iter().filter(may).collect();
                own.into_iter().for_each(|id| self.rest(now, call, id, MarkKind::Stopped));
            }
        }
    }

    /// Whether an account talks in a call.
    fn is_party(&self, call: CallId, account: AccountId) -> bool {
        let parties = self.calls.get(&call).and_then(|entry| entry.call.parties());
        let own = |leg: LegId| self.legs.get(&leg).and_then(account_of) == Some(account);
        parties.is_some_and(|(one, other)| own(one) || own(other))
    }

    /// Who recorded has handed the call over: what was not asked for by hand ends, unless that is recorded, too.
    pub(super) fn handed_over(&mut self, now: Now, call: CallId, id: RecordingId) {
        let Some(tape) = self.tapes.get(&id).filter(|tape| !tape.stays) else { return };
        if !self.is_party(call, tape.recording.account) {
            self.rest(now, call, id, MarkKind::Stopped);
        }
    }

    /// A command of the account `account` about its call.
    pub(super) fn wish_of(&mut self, now: Now, call: CallId, account: AccountId, wish: &Wish) {
        let parties = self.calls.get(&call).and_then(|entry| entry.call.parties());
        let own = |leg: &LegId| self.recording_terms.get(leg).is_some_and(|terms| terms.account == account);
        if let Some(leg) = parties.into_iter().flat_map(|(one, other)| [one, other]).find(own) {
            self.wish(now, leg, wish);
        }
    }

    /// Somebody marks this moment in all recordings of a call.
    pub(super) fn mark_moment(&mut self, now: Now, call: CallId, text: &str) {
        for id in self.tapes_of(call) {
            if let Some(tape) = self.tapes.get_mut(&id).filter(|tape| tape.is_running()) {
                tape.mark(now.wall, MarkKind::Review, text);
                self.note_recording(now, id);
            }
        }
    }

    /// The recording of a call by an account.
    pub(super) fn tape(&self, call: CallId, account: AccountId) -> Option<(RecordingId, &Tape)> {
        let recorders = self.calls.get(&call)?.call.recorders();
        let tapes = recorders.iter().filter_map(|recorder| Some((recorder.id, self.tapes.get(&recorder.id)?)));
        tapes.into_iter().find(|(_, tape)| tape.recording.account == account)
    }

    /// The recordings of a call.
    pub(super) fn tapes_of(&self, call: CallId) -> Vec<RecordingId> {
        let recorders = self.calls.get(&call).map(|entry| entry.call.recorders());
        recorders.into_iter().flatten().map(|recorder| recorder.id).collect()
    }

    /// Recording begins, or goes on after a stop. `side` is the party on the left. While another recording of the call is paused,
    /// a new one is, too.
    pub(super) fn start_recording(
        &mut self,
        now: Now,
        call: CallId,
        side: LegId,
        terms: &RecordingTerms,
        kind: MarkKind,
    ) {
        if self.settings.spool.is_none() {
            return;
        }
        let known = self.tape(call, terms.account).map(|(id, tape)| (id, tape.is_running() || tape.paused));
        let id = match known {
            Some((_, true)) => return,
            Some((id, false)) => id,
            None => match self.new_tape(now, call, side, terms) {
                Some(id) => id,
                None => return,
            },
        };
        // Not what is shown of it: a pause of a recording that nobody else may know of holds for all, too.
        let paused = |id: &RecordingId| self.tapes.get(id).is_some_and(|tape| tape.paused);
        if self.tapes_of(call).iter().any(paused) {
            if let Some(tape) = self.tapes.get_mut(&id) {
                tape.paused = true;
            }
            return self.call_event(now, call, call::Event::Record { id, side, recorder: None });
        }
        self.next_part(now, call, id, side, kind);
    }

    /// A recording goes on after a pause.
    fn resume(&mut self, now: Now, call: CallId, id: RecordingId) {
        if let Some(side) = self.recorder(call, id).map(|recorder| recorder.side)
            && self.tapes.get(&id).is_some_and(|tape| tape.paused)
        {
            self.next_part(now, call, id, side, MarkKind::Resumed);
        }
    }

    /// A new part of a recording begins, in a file of its own.
    fn next_part(&mut self, now: Now, call: CallId, id: RecordingId, side: LegId, kind: MarkKind) {
        let Some(spool) = self.settings.spool.clone() else { return };
        let recorder = self.new_leg_id();
        let Some(tape) = self.tapes.get_mut(&id) else { return };
        let part = tape.recording.segments.len();
        if part >= PARTS_MAX {
            return;
        }
        let file = spool.join(id.to_string()).join(format!("{part}.wav"));
        if let Err(error) = self.media.record(recorder, file) {
            tracing::error!(%error, recording = %id, "a call cannot be recorded");
            if part == 0 {
                self.tapes.remove(&id);
            }
            return;
        }
        tape.recording.segments.push(Segment { started: now.wall, length_ms: None });
        tape.mark(now.wall, kind, "");
        (tape.running, tape.paused) = (Some(recorder), false);
        let announce = tape.announce;
        self.recorder_of.insert(recorder, (id, part));
        self.call_event(now, call, call::Event::Record { id, side, recorder: Some(recorder) });
        if announce && kind == MarkKind::Started {
            self.announce(call, Prompt::RecordingStarted);
        }
        self.note_recording(now, id);
    }

    fn new_tape(&mut self, now: Now, call: CallId, side: LegId, terms: &RecordingTerms) -> Option<RecordingId> {
        let id = RecordingId(self.new_uuid(now.wall));
        let entry = self.calls.get(&call)?;
        entry.call.other(side)?;
        let about = &entry.call.about;
        let recording = Recording {
            id,
            call,
            customer: about.customer,
            account: terms.account,
            account_only: terms.account_only,
            direction: about.direction,
            caller: about.caller.clone(),
            callee: about.callee.clone(),
            huntgroup: about.huntgroup.as_ref().map(|(_, name)| name.clone()).unwrap_or_default(),
            started: now.wall,
            ended: now.wall,
            segments: Vec::new(),
            marks: Vec::new(),
        };
        let tape = Tape {
            recording,
            running: None,
            paused: false,
            announce: terms.announce,
            stays: terms.codes.is_some() || terms.redirected,
            failures: 0,
            over: false,
            seen: Seen::default(),
        };
        self.tapes.insert(id, tape);
        Some(id)
    }

    /// The part that is being recorded ends; the recording may go on.
    fn rest(&mut self, now: Now, call: CallId, id: RecordingId, kind: MarkKind) {
        let Some(tape) = self.tapes.get_mut(&id) else { return };
        let pauses = kind == MarkKind::Paused && tape.is_running();
        let was_paused = std::mem::replace(&mut tape.paused, pauses);
        let Some(recorder) = tape.running.take() else {
            // A stop in a pause ends the pause.
            if was_paused {
                tape.mark(now.wall, kind, "");
                self.show(call);
            }
            return;
        };
        tape.mark(now.wall, kind, "");
        let announce = tape.announce;
        self.media.close(recorder);
        let side = self.recorder(call, id).map_or(recorder, |recorder| recorder.side);
        self.call_event(now, call, call::Event::Record { id, side, recorder: None });
        if announce && kind == MarkKind::Stopped {
            self.announce(call, Prompt::RecordingStopped);
        }
        self.note_recording(now, id);
    }

    fn recorder(&self, call: CallId, id: RecordingId) -> Option<Recorder> {
        self.calls.get(&call)?.call.recorders().iter().find(|recorder| recorder.id == id).copied()
    }

    /// Both parties are told.
    fn announce(&mut self, call: CallId, prompt: Prompt) {
        if let Some((one, other)) = self.calls.get(&call).and_then(|entry| entry.call.parties()) {
            for leg in [one, other] {
                self.media.overlay(leg, self.voices.prompt(prompt));
            }
        }
    }

    /// Whether and how a call is recorded, for who looks at it.
    pub(super) fn recorded(&self, call: CallId) -> Recorded {
        let recorders = self.calls.get(&call).map(|entry| entry.call.recorders());
        let tapes = recorders.into_iter().flatten().filter_map(|recorder| self.tapes.get(&recorder.id));
        // That there is one which is for its account alone, nobody learns here.
        let tapes = tapes.filter(|tape| !tape.recording.account_only);
        let how = tapes.map(|tape| match (tape.is_running(), tape.paused) {
            (true, _) => Recorded::Yes,
            (false, true) => Recorded::Paused,
            (false, false) => Recorded::No,
        });
        how.max().unwrap_or_default()
    }

    /// The recordings of a call go on in another one. What the same accounts recorded of that one (they asked whether it could be
    /// handed over) ends here: nobody has one conversation twice.
    pub(super) fn recordings_follow(&mut self, now: Now, from: CallId, to: CallId) {
        let come = self.calls.get_mut(&from).map(|entry| entry.call.take_recorders()).unwrap_or_default();
        let account = |id: &RecordingId| self.tapes.get(id).map(|tape| tape.recording.account);
        let accounts: Vec<_> = come.iter().filter_map(|recorder| account(&recorder.id)).collect();
        let doubles = |recorder: &Recorder| account(&recorder.id).is_some_and(|account| accounts.contains(&account));
        let Some(there) = self.calls.get_mut(&to).map(|entry| entry.call.take_recorders()) else { return };
        let (over, stay): (Vec<_>, Vec<_>) = there.into_iter().partition(doubles);
        if let Some(entry) = self.calls.get_mut(&to) {
            entry.call.adopt_recorders(stay.into_iter().chain(come).collect());
        }
        self.end_recordings(now, over);
    }

    // The end ---------------------------------------------------------------------------------------------------------

    /// A call is over, and its recordings with it.
    pub(super) fn end_recordings(&mut self, now: Now, recorders: Vec<Recorder>) {
        for Recorder { id, .. } in recorders {
            let Some(tape) = self.tapes.get_mut(&id) else { continue };
            tape.over = true;
            tape.recording.ended = now.wall;
            if let Some(recorder) = tape.running.take() {
                self.media.close(recorder);
            }
            self.schedule(Due::Tape(id), Some(now.instant + PATIENCE));
            self.finish_tape_if_whole(now, id);
        }
    }

    /// A part has been written to its end.
    pub(super) fn part_recorded(&mut self, now: Now, recorder: LegId, length_ms: u64, error: Option<String>) {
        let Some((id, part)) = self.recorder_of.remove(&recorder) else { return };
        let Some(tape) = self.tapes.get_mut(&id) else { return };
        if let Some(error) = error {
            tracing::error!(error, recording = %id, "not all of a call could be recorded");
        }
        if let Some(segment) = tape.recording.segments.get_mut(part) {
            segment.length_ms = Some(length_ms);
        }
        if tape.running == Some(recorder) {
            self.part_failed(now, id, recorder);
        }
        self.finish_tape_if_whole(now, id);
    }

    /// The file of the part that was being recorded has failed: it is tried with another one, some times.
    fn part_failed(&mut self, now: Now, id: RecordingId, recorder: LegId) {
        let Some(tape) = self.tapes.get_mut(&id) else { return };
        tape.running = None;
        tape.failures += 1;
        let again = tape.failures <= TRIES;
        tape.mark(now.wall, MarkKind::Stopped, "it could not be written");
        self.media.close(recorder);
        let is_in = |entry: &Entry| entry.call.recorders().iter().any(|known| known.id == id);
        let Some(call) = self.calls.iter().find(|(_, entry)| is_in(entry)).map(|(call, _)| *call) else { return };
        let Some(side) = self.recorder(call, id).map(|recorder| recorder.side) else { return };
        self.call_event(now, call, call::Event::Record { id, side, recorder: None });
        if again {
            self.next_part(now, call, id, side, MarkKind::Resumed);
        }
    }

    fn finish_tape_if_whole(&mut self, now: Now, id: RecordingId) {
        let Some(tape) = self.tapes.get(&id) else { return };
        if tape.over && tape.recording.segments.iter().all(|segment| segment.length_ms.is_some()) {
            self.finish_tape(now, id);
        } else {
            self.note_recording(now, id);
        }
    }

    /// The recording goes out as it is: all of it is there, or nobody waits any more.
    pub(super) fn finish_tape(&mut self, now: Now, id: RecordingId) {
        self.schedule(Due::Tape(id), None);
        let Some(mut tape) = self.tapes.remove(&id) else { return };
        self.recorder_of.retain(|_, (recording, _)| *recording != id);
        if !tape.over {
            tape.recording.ended = now.wall;
        }
        let note = RecordingNote { recording: tape.recording, ended: true };
        self.outputs.push_back(Output::Recording(Box::new(note)));
    }

    /// Every recording whose call is over goes out as it is: the program ends.
    pub fn finish_tapes(&mut self, now: Now) {
        let over: Vec<_> = self.tapes.iter().filter(|(_, tape)| tape.over).map(|(id, _)| *id).collect();
        for id in over {
            self.finish_tape(now, id);
        }
    }

    /// What is known of a recording is kept.
    pub(super) fn note_recording(&mut self, now: Now, id: RecordingId) {
        if let Some(tape) = self.tapes.get_mut(&id) {
            if !tape.over {
                tape.recording.ended = now.wall;
            }
            let note = RecordingNote { recording: tape.recording.clone(), ended: false };
            self.outputs.push_back(Output::Recording(Box::new(note)));
        }
    }
}
