//! What is kept of a call that never came to be one: the caller was known, but what was dialled was never found out, or was
//! nothing, or there was no room for it.

use tandem_domain::{
    calls::{Direction, Party},
    ids::{CallId, CustomerId, XdrId},
};
use tandem_sip::{message::Request, transaction::ServerId};

use super::{Exchange, Media, Now, Output, records::Draft};
use crate::{
    call::{
        About,
        outcome::{Outcome, Refusal},
    },
    directory::Phone,
};

/// Who calls, and for whose account that is.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    customer: CustomerId,
    party: Party,
}

impl From<&Phone> for Caller {
    fn from(phone: &Phone) -> Self {
        Self { customer: phone.customer, party: phone.party.clone() }
    }
}

impl<M: Media> Exchange<M> {
    /// Refuses an INVITE, and keeps a record of it where it is known who called.
    pub(super) fn turn_down(
        &mut self,
        now: Now,
        server: ServerId,
        invite: &Request,
        caller: Option<Caller>,
        refusal: Refusal,
    ) {
        self.refuse(now, Some(server), invite, refusal.status);
        let Some(Caller { customer, party }) = caller else { return };
        let dialled: String = invite.uri.user.as_deref().unwrap_or_default().chars().take(64).collect();
        let about = About {
            id: CallId(self.new_uuid(now.wall)),
            customer,
            // As of every number of which it is not known where it leads.
            direction: Direction::Internal,
            caller: party,
            callee: Party { number: dialled.clone(), ..Party::default() },
            dialled,
            huntgroup: None,
            started: now.wall,
            answered: None,
        };
        self.keep_refused(now, invite, about, refusal);
    }

    /// Refuses an INVITE of which it is known what call it would have become, and keeps a record of that.
    pub(super) fn turn_away(&mut self, now: Now, server: ServerId, invite: &Request, about: About, refusal: Refusal) {
        self.refuse(now, Some(server), invite, refusal.status);
        self.keep_refused(now, invite, about, refusal);
    }

    fn keep_refused(&mut self, now: Now, invite: &Request, about: About, refusal: Refusal) {
        let sip_call_id = invite.headers.call_id().unwrap_or_default().to_owned();
        self.outputs.push_back(Output::Belongs { sip_call_id, call: about.id });
        let record = XdrId(self.new_uuid(now.wall));
        let outcome = Outcome { cause: refusal.cause, status: refusal.status, ended_by: refusal.by };
        self.keep(Draft::new(record, about, outcome, now.wall));
    }
}
