//! A call that comes in: how it is rung, opened early, answered, refused.

use bytes::Bytes;
use tandem_domain::{calls::Party, ids::CallId};
use tandem_sip::{
    dialog::Dialog,
    flow::Flow,
    message::{HeaderError, Name, Request, Response},
    transaction::ServerId,
};

use super::{
    ALLOW, Leg, Peer, SDP, SUPPORTED, State, Wire, has_description,
    negotiation::{Negotiation, NegotiationError},
    session_timer::INTERVAL_MIN,
};
use crate::{ids::LegId, proof::Login};
use tandem_media::Codec;

/// What a leg that calls us is made of.
pub struct Arrival {
    /// What names the leg.
    pub id: LegId,
    /// Its call.
    pub call: CallId,
    /// Who calls.
    pub party: Party,
    /// From where.
    pub peer: Peer,
    /// The way it came.
    pub flow: Flow,
    /// Our `Contact` value on that way.
    pub contact: String,
    /// The INVITE and its transaction.
    pub invite: Request,
    /// The transaction.
    pub server: ServerId,
    /// Our media.
    pub negotiation: Negotiation,
    /// User and password for a trunk that asks for them.
    pub login: Option<Login>,
}

/// Why an INVITE makes no leg.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArrivalError {
    /// A header is missing or malformed: 400.
    #[error("{0}")]
    Header(#[from] HeaderError),
    /// It wants a session interval that is too short (RFC 4028 §6): 422 with `Min-SE`.
    #[error("a session interval of less than {INTERVAL_MIN} s")]
    IntervalTooSmall,
    /// Its media cannot be agreed to.
    #[error("{0}")]
    Media(#[from] NegotiationError),
}

impl ArrivalError {
    /// The SIP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Header(_) => 400,
            Self::IntervalTooSmall => 422,
            Self::Media(error) => error.status(),
        }
    }
}

impl Leg {
    /// A leg of an INVITE that came in. Nothing has been sent yet.
    ///
    /// # Errors
    /// See [`ArrivalError`]; the INVITE is to be answered with its status.
    pub fn arriving(arrival: Arrival, wire: &mut Wire<'_>) -> Result<Self, ArrivalError> {
        let Arrival { id, call, party, peer, flow, contact, invite, server, mut negotiation, login } = arrival;
        let local_tag = wire.token();
        let dialog = Dialog::uas(&invite, &local_tag)?;
        if invite.headers.session_expires()?.is_some_and(|asked| asked.seconds < INTERVAL_MIN) {
            return Err(ArrivalError::IntervalTooSmall);
        }
        if has_description(&invite.headers, &invite.body) {
            negotiation.receive_offer(&invite.body)?;
        }
        let mut leg = Self {
            id,
            call,
            party,
            peer,
            negotiation,
            flow,
            called_by_us: false,
            call_id: invite.headers.call_id()?.to_owned(),
            local_tag,
            contact,
            state: State::Over,
            dialog: Some(dialog),
            unacknowledged: None,
            bye_later: None,
            bye_at: None,
            pending: std::collections::HashMap::new(),
            login,
            session_timer: None,
            retry_at: None,
            elsewhere_at: None,
            peer_has_update: invite.headers.has_option(&Name::Allow, "UPDATE"),
            peer_has_timer: invite.headers.has_option(&Name::Supported, "timer"),
            referral: None,
            may_record: false,
        };
        leg.state = State::Incoming { server, invite: Box::new(invite), described: false };
        Ok(leg)
    }

    /// Tells the caller that it rings.
    pub fn ring(&mut self, wire: &mut Wire<'_>) {
        self.provisional(wire, 180, None);
    }

    /// Opens the caller's ear before the answer: 183 with a description. `preferred` are the codecs of who will be heard.
    pub fn progress(&mut self, wire: &mut Wire<'_>, preferred: &[Codec]) {
        let State::Incoming { described, .. } = &mut self.state else { return };
        if std::mem::replace(described, true) {
            return;
        }
        let body = self.our_description(preferred);
        self.provisional(wire, 183, Some(body));
    }

    /// Sends a provisional response, reliably where they ask for that; with a description also where they merely can, since
    /// a lost one would leave them deaf (RFC 3262 §3).
    fn provisional(&mut self, wire: &mut Wire<'_>, status: u16, body: Option<String>) {
        let State::Incoming { server, invite, .. } = &self.state else { return };
        let required = invite.headers.has_option(&Name::Require, "100rel");
        let reliably = required || (body.is_some() && invite.headers.has_option(&Name::Supported, "100rel"));
        let server = *server;
        let mut response = self.response(invite, status);
        self.dress(&mut response, body);
        if reliably {
            wire.transactions.respond_reliably(wire.now, server, response);
        } else {
            wire.transactions.respond(wire.now, server, response);
        }
    }

    /// Answers. `preferred` are the codecs of the other party.
    pub fn answer(&mut self, wire: &mut Wire<'_>, preferred: &[Codec]) {
        let State::Incoming { server, invite, described } = &self.state else { return };
        let (server, described) = (*server, *described);
        let mut response = self.response(invite, 200);
        self.agree_session_timer(wire.now, &invite.headers.clone(), &mut response);
        // An early description that was agreed to is the answer already; said again, for phones that look for it here.
        let body = match self.negotiation.said().filter(|_| described) {
            Some(said) => said.to_owned(),
            None => self.our_description(preferred),
        };
        self.dress(&mut response, Some(body));
        wire.transactions.respond(wire.now, server, response);
        self.state = State::Up;
        self.unacknowledged = Some(server);
    }

    /// Refuses, with `Retry-After` (in seconds) when it may be tried again.
    pub fn reject(&mut self, wire: &mut Wire<'_>, status: u16, retry_after: Option<u32>) {
        self.reject_saying(wire, status, retry_after, None);
    }

    /// Refuses, and says why in words that phones may display (RFC 3261 §20.43).
    pub fn reject_saying(&mut self, wire: &mut Wire<'_>, status: u16, retry_after: Option<u32>, words: Option<&str>) {
        let State::Incoming { server, invite, .. } = &self.state else { return };
        let mut response = self.response(invite, status);
        if let Some(seconds) = retry_after {
            response.headers.push(Name::RetryAfter, seconds.to_string());
        }
        if let Some(words) = words {
            let warning = format!("399 tandem \"{}\"", words.replace(['"', '\\'], "'"));
            response.headers.push(Name::Other("Warning".into()), warning);
        }
        wire.transactions.respond(wire.now, *server, response);
        self.over();
    }

    /// Our answer to their offer; our own offer when they made none (RFC 3261 §13.3.1).
    pub(super) fn our_description(&mut self, preferred: &[Codec]) -> String {
        if self.negotiation.description().is_some() && !self.negotiation.waits_for_answer() {
            self.negotiation.answer(preferred)
        } else {
            self.negotiation.offer(preferred)
        }
    }

    /// What every response that makes or refreshes the dialog carries.
    pub(super) fn dress(&self, response: &mut Response, body: Option<String>) {
        response.headers.set(Name::Contact, self.contact.clone());
        response.headers.set(Name::Allow, ALLOW);
        response.headers.set(Name::Supported, SUPPORTED);
        if let Some(body) = body {
            response.headers.set(Name::ContentType, SDP);
            response.body = Bytes::from(body);
        }
    }
}
