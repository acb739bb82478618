//! What is kept of a call: its xDR, as soon as the sums of its media are there.
//!
//! A call's record is of one conversation; a transfer ends it and begins the next. The record of a leg that leads outside is
//! the leg's: it goes on, wherever that is handed to, until it ends (see `tolls`).

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

/// A record that is not complete: it waits for the sums of its media, or for the end of a leg that it is about.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) about: About,
    id: XdrId,
    /// How it ended, and when; `None` while the leg goes on.
    over: Option<(Outcome, Timestamp)>,
    /// Whose sums are missing, and those that are there: of who called, and of who was called.
    waits: [Option<LegId>; 2],
    quality: [Option<Quality>; 2],
}

impl Draft {
    pub(super) const fn new(id: XdrId, about: About, outcome: Outcome, ended: Timestamp) -> Self {
        Self { about, id, over: Some((outcome, ended)), waits: [None; 2], quality: [None; 2] }
    }

    /// Of a leg that goes on.
    pub(super) const fn open(id: XdrId, about: About) -> Self {
        Self { about, id, over: None, waits: [None; 2], quality: [None; 2] }
    }

    /// It is over now.
    pub(super) fn end(&mut self, outcome: Outcome, ended: Timestamp) {
        self.over = Some((outcome, ended));
    }

    fn is_complete(&self) -> bool {
        self.over.is_some() && self.waits == [None; 2]
    }

    fn measured(&mut self, leg: LegId, quality: Quality) {
        for (waits, known) in self.waits.iter_mut().zip(&mut self.quality) {
            if *waits == Some(leg) {
                (*waits, *known) = (None, Some(quality));
            }
        }
    }
}

impl<M: Media> Exchange<M> {
    /// A call is over: it is shown no more, and its record waits for the sums of its media.
    pub(super) fn done(&mut self, now: Now, call: CallId, outcome: Outcome) {
        let Some(mut entry) = self.calls.remove(&call) else { return };
        self.schedule(Due::Call(call), None);
        self.end_recordings(now, entry.call.take_recorders());
        if self.summons.remove(&call).is_some() && outcome.cause != ReleaseCause::Normal {
            self.missed(now, call, entry.call.about.caller.account);
        }
        self.schedule(Due::Terms(call), None);
        self.feed.forget_call(call);
        self.tolls_over(now, call, entry.caller, outcome);
        let Some(record) = entry.record else { return };
        let draft = Draft::new(record, entry.call.about, outcome, now.wall);
        if draft.about.answered.is_none() {
            return self.keep(draft);
        }
        // A leg that went on to another call is not measured here.
        let ended = |leg: &LegId| self.legs.get(leg).is_none_or(|leg| leg.call == call);
        let legs = [Some(entry.caller), entry.callee].map(|leg| leg.filter(ended));
        self.draft(now, draft, legs, entry.measured);
    }

    /// A conversation was handed over: its record is complete, and the next one begins. Who handed it over is who calls in
    /// that, and pays.
    pub(super) fn next_segment(&mut self, now: Now, call: CallId, segment: Segment) {
        let next = XdrId(self.new_uuid(now.wall));
        let Some(entry) = self.calls.get_mut(&call) else { return };
        let stays = entry.call.caller();
        let (record, outside) = (entry.record.replace(next), entry.outside.take());
        let (legs, measured) = ([Some(entry.caller), entry.callee], std::mem::take(&mut entry.measured));
        let about = &mut entry.call.about;
        let over = about.clone();
        about.direction = segment.direction;
        about.caller = segment.caller;
        about.callee = segment.callee;
        about.dialled = segment.dialled;
        about.huntgroup = segment.huntgroup;
        (about.started, about.answered) = (now.wall, Some(now.wall));
        let Some(record) = record else { return };
        if outside == Some(stays) {
            self.begin_toll(stays, call, record, &over);
            return self.draft(now, Draft::open(record, over), legs, measured);
        }
        let outcome = Outcome { cause: ReleaseCause::Transferred, status: 200, ended_by: EndedBy::Exchange };
        // Who stays is measured at the end.
        let legs = legs.map(|leg| leg.filter(|leg| *leg != stays));
        self.draft(now, Draft::new(record, over, outcome, now.wall), legs, measured);
    }

    /// A call was answered: what is known of it is kept at once, as if the exchange had ended it just now.
    pub(super) fn open_record(&mut self, now: Now, call: CallId) {
        let Some(entry) = self.calls.get(&call) else { return };
        let Some(record) = entry.record else { return };
        let outcome = Outcome { cause: ReleaseCause::Shutdown, status: 200, ended_by: EndedBy::Exchange };
        let draft = Draft::new(record, entry.call.about.clone(), outcome, now.wall);
        self.outputs.extend(xdr(draft).map(|xdr| Output::Open(Box::new(xdr))));
    }

    /// Every record that still waits for sums goes out as it is: the program ends.
    pub fn finish_drafts(&mut self) {
        let waiting: Vec<_> = self.drafts.keys().copied().collect();
        for record in waiting {
            self.finish_draft(record);
        }
    }

    /// A record waits for the sums of these legs, unless they are there.
    pub(super) fn draft(
        &mut self,
        now: Now,
        mut draft: Draft,
        legs: [Option<LegId>; 2],
        measured: Vec<(LegId, Quality)>,
    ) {
        let (record, call) = (draft.id, draft.about.id);
        draft.waits = legs;
        for (leg, quality) in measured {
            draft.measured(leg, quality);
        }
        if draft.is_complete() {
            return self.keep(draft);
        }
        for leg in draft.waits.into_iter().flatten() {
            self.will_be_measured(leg, call, record);
        }
        let over = draft.over.is_some();
        self.drafts.insert(record, draft);
        if over {
            self.schedule(Due::Draft(record), Some(now.instant + PATIENCE));
        }
    }

    /// The leg that a record is about is over: it waits only for the sums.
    pub(super) fn end_draft(&mut self, now: Now, record: XdrId, outcome: Outcome) {
        let Some(draft) = self.drafts.get_mut(&record) else { return };
        draft.end(outcome, now.wall);
        if draft.is_complete() {
            return self.finish_draft(record);
        }
        self.schedule(Due::Draft(record), Some(now.instant + PATIENCE));
    }

    /// A party is let go while its call goes on: its sums are for the record that the call has now.
    pub(super) fn party_leaves(&mut self, call: CallId, leg: LegId) {
        let Some(entry) = self.calls.get(&call).filter(|entry| !entry.call.is_over()) else { return };
        if let Some(record) = entry.record.filter(|_| entry.caller == leg || entry.callee == Some(leg)) {
            self.will_be_measured(leg, call, record);
        }
    }

    fn will_be_measured(&mut self, leg: LegId, call: CallId, record: XdrId) {
        let records = self.measured_for.entry(leg).or_default();
        if !records.contains(&(call, record)) {
            records.push((call, record));
        }
    }

    /// The sums of a leg are there.
    pub(super) fn media_closed(&mut self, leg: LegId, stats: &LegStats) {
        let received = stats.received;
        let quality = Quality {
            packets: received.packets,
            lost: received.lost,
            jitter_ms: received.jitter_ms,
            mos: received.mos,
        };
        for (call, record) in self.measured_for.remove(&leg).into_iter().flatten() {
            match self.drafts.get_mut(&record) {
                Some(draft) => {
                    draft.measured(leg, quality);
                    if draft.is_complete() {
                        self.finish_draft(record);
                    }
                }
                // Its call goes on without this leg.
                None => {
                    if let Some(entry) = self.calls.get_mut(&call).filter(|entry| entry.record == Some(record)) {
                        entry.measured.push((leg, quality));
                    }
                }
            }
        }
    }

    /// The record goes out with what is known by now, if what it is about is over.
    pub(super) fn finish_draft(&mut self, record: XdrId) {
        if self.drafts.get(&record).is_none_or(|draft| draft.over.is_none()) {
            return;
        }
        self.schedule(Due::Draft(record), None);
        let Some(draft) = self.drafts.remove(&record) else { return };
        for leg in draft.waits.into_iter().flatten() {
            if let Some(records) = self.measured_for.get_mut(&leg) {
                records.retain(|(_, waiting)| *waiting != record);
                if records.is_empty() {
                    self.measured_for.remove(&leg);
                }
            }
        }
        self.keep(draft);
    }

    /// A record for whose media nobody waits.
    pub(super) fn keep(&mut self, draft: Draft) {
        self.outputs.extend(xdr(draft).map(|xdr| Output::Keep(Box::new(xdr))));
    }
}

/// The record; `None` while what it is about goes on.
fn xdr(draft: Draft) -> Option<Xdr> {
    let Draft { about, id, over, quality: [caller_quality, callee_quality], .. } = draft;
    let (outcome, ended) = over?;
    Some(Xdr {
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
    })
}
