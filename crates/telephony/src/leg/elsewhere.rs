//! Which address of another network is asked next, when one cannot take a call or says nothing (RFC 3263 §4.3)?

use std::time::{Duration, Instant};

use tandem_sip::message::Uri;

use super::{Invitation, Leg, LegEvent, Purpose, State, Wire, challenged::Pending};

/// How long an address may say nothing at all while there is another one to ask. RFC 3263 would wait 32 s, which no caller does.
const SAYS_NOTHING: Duration = Duration::from_secs(4);

impl Leg {
    /// When the next address is asked unless this one says something.
    pub(super) fn elsewhere_after(&self, now: Instant, invitation: &Invitation) -> Option<Instant> {
        (!invitation.others.is_empty()).then(|| now + SAYS_NOTHING)
    }

    /// An address has said nothing for too long: the next one is asked. This one may yet answer: it is told that the call is
    /// over, and waited for.
    pub(super) fn says_nothing(&mut self, wire: &mut Wire<'_>) -> Option<LegEvent> {
        let (client, address) = (self.invite_client()?, self.flow.remote);
        let event = self.ask_elsewhere(wire)?;
        wire.transactions.cancel(wire.now, client, None);
        self.pending.insert(client, Pending::new(Purpose::Abandoned(address)));
        Some(event)
    }

    /// Asks the next address, if there is one and the call is still wanted; tells which one did not take it.
    pub(super) fn ask_elsewhere(&mut self, wire: &mut Wire<'_>) -> Option<LegEvent> {
        self.elsewhere_at = None;
        let State::Outgoing { seq, invitation, cancelled: false, .. } = &self.state else { return None };
        let (seq, mut invitation) = (seq + 1, (**invitation).clone());
        if invitation.others.is_empty() {
            return None;
        }
        let failed = self.flow.remote;
        self.flow.remote = invitation.others.remove(0);
        invitation.flow = self.flow;
        invitation.target = Uri::sip(invitation.target.user.as_deref(), self.flow.remote);
        let request = self.invite_request(&invitation, seq);
        self.go_out(wire, invitation, request, 1);
        Some(LegEvent::Unreachable(failed))
    }
}
