//! Recordings of a call: they begin, rest and go on, and follow the conversation.

use tandem_domain::ids::RecordingId;

use super::{Action, Call, hearing::Recorder};
use crate::ids::LegId;

impl Call {
    /// Its recordings, those that rest included.
    #[must_use]
    pub fn recorders(&self) -> &[Recorder] {
        &self.recorders
    }

    /// All of its recordings: they go on in another call, with the party that goes there.
    pub fn take_recorders(&mut self) -> Vec<Recorder> {
        std::mem::take(&mut self.recorders)
    }

    /// Recordings of another call go on in this one.
    pub fn adopt_recorders(&mut self, recorders: Vec<Recorder>) {
        self.recorders.extend(recorders);
    }

    pub(super) fn record(&mut self, id: RecordingId, side: LegId, recorder: Option<LegId>, actions: &mut Vec<Action>) {
        if let Some(known) = self.recorders.iter_mut().find(|known| known.id == id) {
            known.leg = recorder;
        } else if let Some(other) = self.other(side) {
            self.recorders.push(Recorder { id, leg: recorder, side, other });
        } else {
            return;
        }
        actions.push(Action::Show);
    }

    /// Who takes a party's place is on its side of the recordings.
    pub(super) fn recorders_follow(&mut self) {
        let Some((caller, callee)) = self.parties() else { return };
        for recorder in &mut self.recorders {
            let across = |leg| if leg == caller { callee } else { caller };
            if recorder.side == caller || recorder.side == callee {
                recorder.other = across(recorder.side);
            } else if recorder.other == caller || recorder.other == callee {
                recorder.side = across(recorder.other);
            } else {
                (recorder.side, recorder.other) = (caller, callee);
            }
        }
    }
}
