//! Who pays for a leg that leads outside? Who called it, until it ends, whomever it is handed to meanwhile.
//!
//! While such a leg is in the call that it was made for, that call's record tells of it, as of any conversation. When the
//! conversation is handed over, or the leg taken to another call, the record does not end: it is the leg's from then on, a
//! toll. So there is one record for each leg outside, as long as the other network's own.

use tandem_domain::{
    calls::{Direction, EndedBy, ReleaseCause},
    ids::{AccountId, CallId, XdrId},
};

use super::{Exchange, Media, Now, records::Draft};
use crate::{
    call::{About, Segment, outcome::Outcome},
    ids::LegId,
    leg::{Leg, Peer},
};

/// A leg outside that has left the conversation that it was called for.
#[derive(Debug)]
pub(super) struct Toll {
    /// Its record, which is a draft until the leg ends.
    record: XdrId,
    /// The call in which it is now.
    call: CallId,
    /// Who called it.
    payer: Option<AccountId>,
}

/// How a leg ends that leaves a call which goes on.
const HANDED_OVER: Outcome = Outcome { cause: ReleaseCause::Transferred, status: 200, ended_by: EndedBy::Exchange };

impl<M: Media> Exchange<M> {
    /// Two are connected: the call's record tells of the called one's leg, if that leads outside.
    pub(super) fn note_outside(&mut self, call: CallId) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        let leads_outside = |leg: &Leg| leg.peer == Peer::Trunk && leg.is_called_by_us();
        let callee = entry.call.parties().map(|(_, callee)| callee);
        entry.outside = callee.filter(|callee| self.legs.get(callee).is_some_and(leads_outside));
    }

    /// The record `record` is that of the leg `leg` from now on.
    pub(super) fn begin_toll(&mut self, leg: LegId, call: CallId, record: XdrId, about: &About) {
        self.tolls.insert(leg, Toll { record, call, payer: about.caller.account });
    }

    /// A leg is taken to another call, and its record with it.
    pub(super) fn toll_follows(&mut self, now: Now, leg: LegId, to: CallId) {
        if let Some(toll) = self.tolls.get_mut(&leg) {
            toll.call = to;
            return;
        }
        let Some(call) = self.legs.get(&leg).map(|leg| leg.call) else { return };
        let Some(entry) = self.calls.get_mut(&call).filter(|entry| entry.outside == Some(leg)) else { return };
        entry.outside = None;
        let Some(record) = entry.record.take() else { return };
        let (about, legs) = (entry.call.about.clone(), [Some(entry.caller), entry.callee]);
        let measured = std::mem::take(&mut entry.measured);
        self.begin_toll(leg, to, record, &about);
        self.draft(now, Draft::open(record, about), legs, measured);
    }

    /// A leg is let go while its call goes on: what tells of it ends now.
    pub(super) fn leaves_outside(&mut self, now: Now, call: CallId, leg: LegId) {
        let Some(entry) = self.calls.get(&call).filter(|entry| !entry.call.is_over()) else { return };
        if entry.outside == Some(leg) {
            let About { caller, dialled, .. } = entry.call.about.clone();
            let other = entry.call.parties().and_then(|(_, callee)| self.legs.get(&callee));
            let callee = other.map(|leg| leg.party.clone()).unwrap_or_default();
            let direction = Direction::Internal;
            self.next_segment(now, call, Segment { direction, caller, callee, dialled, huntgroup: None });
            self.open_record(now, call);
        }
        if let Some(toll) = self.tolls.remove(&leg) {
            self.end_draft(now, toll.record, HANDED_OVER);
        }
    }

    /// A call is over, and so are the legs outside that were taken to it. `caller` is the leg in its caller's place.
    pub(super) fn tolls_over(&mut self, now: Now, call: CallId, caller: LegId, outcome: Outcome) {
        if self.tolls.is_empty() {
            return;
        }
        let over: Vec<_> = self.tolls.extract_if(|_, toll| toll.call == call).collect();
        for (leg, toll) in over {
            // In its record the one outside was called, whatever place it has by now.
            let ended_by = match outcome.ended_by {
                EndedBy::Caller if leg == caller => EndedBy::Callee,
                EndedBy::Callee if leg == caller => EndedBy::Caller,
                by @ (EndedBy::Caller | EndedBy::Callee | EndedBy::Exchange) => by,
            };
            self.end_draft(now, toll.record, Outcome { ended_by, ..outcome });
        }
    }

    /// Whether a party of a call is outside, and was called by us.
    pub(super) fn leads_outside(&self, call: CallId) -> bool {
        let told_by_call = self.calls.get(&call).is_some_and(|entry| entry.outside.is_some());
        told_by_call || self.tolls.values().any(|toll| toll.call == call)
    }

    /// Whether an account has as many calls to outside as it may have, those included that it has handed over: a stolen
    /// password must not cost more than that.
    pub(super) fn has_too_many(&self, account: Option<AccountId>) -> bool {
        let calls = self.calls.values().map(|entry| {
            let about = &entry.call.about;
            let own =
                entry.record.is_some() && about.direction == Direction::Outgoing && about.caller.account == account;
            // Who is being handed over rings outside already.
            let next = entry.call.next_segment();
            let next = next.is_some_and(|next| next.direction == Direction::Outgoing && next.caller.account == account);
            usize::from(own) + usize::from(next)
        });
        let tolls = self.tolls.values().filter(|toll| toll.payer == account).count();
        calls.sum::<usize>() + tolls >= self.settings.account_calls_max
    }
}
