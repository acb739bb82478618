//! What is kept of a call: its xDR, as soon as the sums of its media are there.

use std::time::Duration;

use tandem_domain::{
    calls::{EndedBy, Quality, ReleaseCause, Xdr},
    ids::{CallId, Timestamp, XdrId},
};
use tandem_media::LegStats;

use super::{Due, Exchange, Media, Now, Output};
use crate::{
    call::{About, Segment, outcome::Outcome},
    ids::LegId,
};

/// How long a record waits for the sums of its media.
const PATIENCE: Duration = Duration::from_secs(2);

/// A record that waits for the sums of its media.
#[derive(Debug)]
pub(super) struct Draft {
    about: About,
    outcome: Outcome,
    ended: Timestamp,
    id: XdrId,
    caller: Option<LegId>,
    callee: Option<LegId>,
    caller_quality: Option<Quality>,
    callee_quality: Option<Quality>,
}

impl Draft {
    pub(super) const fn new(id: XdrId, about: About, outcome: Outcome, ended: Timestamp) -> Self {
        Self { about, outcome, ended, id, caller: None, callee: None, caller_quality: None, callee_quality: None }
    }

    fn is_complete(&self) -> bool {
        self.caller.is_none() && self.callee.is_none()
    }
}

impl<M: Media> Exchange<M> {
    /// A call is over: it is shown no more, and its record waits for the sums of its media.
    pub(super) fn done(&mut self, now: Now, call: CallId, outcome: Outcome) {
        let Some(mut entry) = self.calls.remove(&call) else { return };
        self.schedule(Due::Call(call), None);
        self.end_recordings(now, entry.call.take_recorders());
        self.summons.remove(&call);
        self.schedule(Due::Terms(call), None);
        self.feed.forget_call(call);
        let mut draft = Draft::new(entry.record, entry.call.about, outcome, now.wall);
        if draft.about.answered.is_some() {
            // A leg that went on to another call is not measured here.
            let ended = |leg: &LegId| self.legs.get(leg).is_none_or(|leg| leg.call == call);
            draft.caller = Some(entry.caller).filter(ended);
            draft.callee = entry.callee.filter(ended);
        }
        if draft.is_complete() {
            return self.keep(draft);
        }
        for leg in draft.caller.into_iter().chain(draft.callee) {
            self.draft_of.insert(leg, call);
        }
        self.drafts.insert(call, draft);
        self.schedule(Due::Draft(call), Some(now.instant + PATIENCE));
    }

    /// A conversation was handed over: its record is complete, and the next one begins. Who handed it over is who calls in
    /// that, and pays.
    pub(super) fn next_segment(&mut self, now: Now, call: CallId, segment: Segment) {
        let next = XdrId(self.new_uuid(now.wall));
        let Some(entry) = self.calls.get_mut(&call) else { return };
        let record = std::mem::replace(&mut entry.record, next);
        let about = &mut entry.call.about;
        let over = about.clone();
        about.direction = segment.direction;
        about.caller = segment.caller;
        about.callee = segment.callee;
        about.dialled = segment.dialled;
        about.huntgroup = segment.huntgroup;
        (about.started, about.answered) = (now.wall, Some(now.wall));
        let outcome = Outcome { cause: ReleaseCause::Transferred, status: 200, ended_by: EndedBy::Exchange };
        self.keep(Draft::new(record, over, outcome, now.wall));
    }

    /// A call was answered: what is known of it is kept at once, as if the exchange had ended it just now.
    pub(super) fn open_record(&mut self, now: Now, call: CallId) {
        let Some(entry) = self.calls.get(&call) else { return };
        let outcome = Outcome { cause: ReleaseCause::Shutdown, status: 200, ended_by: EndedBy::Exchange };
        let draft = Draft::new(entry.record, entry.call.about.clone(), outcome, now.wall);
        self.outputs.push_back(Output::Open(Box::new(xdr(draft))));
    }

    /// Every record that still waits goes out as it is: the program ends.
    pub fn finish_drafts(&mut self) {
        let waiting: Vec<_> = self.drafts.keys().copied().collect();
        for call in waiting {
            self.finish_draft(call);
        }
    }

    /// The sums of a leg are there.
    pub(super) fn media_closed(&mut self, leg: LegId, stats: &LegStats) {
        let Some(call) = self.draft_of.remove(&leg) else { return };
        let Some(draft) = self.drafts.get_mut(&call) else { return };
        let received = stats.received;
        let quality = Quality {
            packets: received.packets,
            lost: received.lost,
            jitter_ms: received.jitter_ms,
            mos: received.mos,
        };
        if draft.caller == Some(leg) {
            draft.caller = None;
            draft.caller_quality = Some(quality);
        } else if draft.callee == Some(leg) {
            draft.callee = None;
            draft.callee_quality = Some(quality);
        }
        if draft.is_complete() {
            self.finish_draft(call);
        }
    }

    /// The record goes out with what is known by now.
    pub(super) fn finish_draft(&mut self, call: CallId) {
        self.schedule(Due::Draft(call), None);
        let Some(draft) = self.drafts.remove(&call) else { return };
        for leg in draft.caller.into_iter().chain(draft.callee) {
            self.draft_of.remove(&leg);
        }
        self.keep(draft);
    }

    /// A record for whose media nobody waits.
    pub(super) fn keep(&mut self, draft: Draft) {
        self.outputs.push_back(Output::Keep(Box::new(xdr(draft))));
    }
}

fn xdr(draft: Draft) -> Xdr {
    let Draft { id, about, outcome, ended, caller_quality, callee_quality, .. } = draft;
    Xdr {
        id,
        call: about.id,
        customer: about.customer,
        direction: about.direction,
        caller: about.caller,
        callee: about.callee,
        dialled: about.dialled,
        huntgroup: about.huntgroup.map(|(_, name)| name).unwrap_or_default(),
        started: about.started,
        answered: about.answered,
        ended,
        cause: outcome.cause,
        status: outcome.status,
        ended_by: outcome.ended_by,
        caller_quality,
        callee_quality,
    }
}
