//! A network that wants to know who we are inside a dialog too (RFC 3261 §22.2): what it refused is sent again, with proof.
//!
//! A BYE that is refused and forgotten would leave a call on the other network's bill.

use tandem_sip::{
    flow::Flow,
    message::{Name, Request, Response},
};

use super::{Leg, Purpose, State, Wire, uac::TRIES_MAX};
use crate::proof::prove;

/// One of our requests inside a dialog, while its answer is not there.
#[derive(Debug)]
pub(super) struct Pending {
    /// What it was for.
    pub(super) purpose: Purpose,
    /// The request and its way, where it may be asked for a proof.
    again: Option<Box<(Flow, Request)>>,
    /// How often it was sent.
    tries: u8,
}

impl Pending {
    /// One that is not sent again, whatever it is answered.
    pub(super) const fn new(purpose: Purpose) -> Self {
        Self { purpose, again: None, tries: 1 }
    }
}

impl Leg {
    /// Sends a request of one of its dialogs.
    pub(super) fn dispatch(&mut self, wire: &mut Wire<'_>, flow: Flow, request: Request, purpose: Purpose) {
        self.dispatch_again(wire, flow, request, purpose, 1);
    }

    fn dispatch_again(&mut self, wire: &mut Wire<'_>, flow: Flow, request: Request, purpose: Purpose, tries: u8) {
        let may_be_asked = self.login.is_some() && tries < TRIES_MAX;
        let again = may_be_asked.then(|| Box::new((flow, request.clone())));
        let client = wire.transactions.request(wire.now, flow, request);
        self.pending.insert(client, Pending { purpose, again, tries });
    }

    /// Answers a challenge (401, 407) to one of our requests; tells whether it could.
    ///
    /// As an INVITE, a request goes out three times at most: who answers with a nonce that was used up is asked anew.
    pub(super) fn proves(&mut self, wire: &mut Wire<'_>, pending: Pending, response: &Response) -> bool {
        let Pending { purpose, again, tries } = pending;
        // Of a dialog that is over only its end is still of interest.
        let is_wanted = purpose == Purpose::Bye || !matches!(self.state, State::Over);
        if !matches!(response.status, 401 | 407) || !is_wanted {
            return false;
        }
        let (Some(again), Some(login)) = (again, self.login.clone()) else { return false };
        let (flow, mut request) = *again;
        self.renumber(&mut request);
        let cnonce = wire.token();
        if prove(&mut request, response, login.both(), &cnonce).is_err() {
            return false;
        }
        self.dispatch_again(wire, flow, request, purpose, tries + 1);
        true
    }

    /// A request that is sent once more is a new one of its dialog.
    fn renumber(&mut self, request: &mut Request) {
        let tag = request.headers.to().ok().and_then(|to| to.tag().map(ToOwned::to_owned));
        let early = match &mut self.state {
            State::Outgoing { early, .. } => early.as_mut_slice(),
            State::Incoming { .. } | State::Up | State::Over => &mut [],
        };
        let mut dialogs = self.dialog.iter_mut().chain(early);
        match dialogs.find(|dialog| dialog.remote().tag() == tag.as_deref()) {
            Some(dialog) => dialog.again(request),
            // Of a phone that we did not want: nothing else is said to that one.
            None => {
                let number = request.headers.cseq().map_or(1, |cseq| cseq.number.saturating_add(1));
                request.headers.set(Name::CSeq, format!("{number} {}", request.method));
            }
        }
    }
}
