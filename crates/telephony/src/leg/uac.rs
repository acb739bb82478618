//! A phone that we call: its INVITE, and what its responses mean.

use std::{collections::HashMap, net::SocketAddr};

use bytes::Bytes;
use tandem_domain::{
    calls::{Party, ReleaseCause},
    ids::CallId,
};
use tandem_media::Codec;
use tandem_sip::{
    dialog::Dialog,
    flow::Flow,
    message::{Method, Name, NameAddr, Request, Response, Uri},
    transaction::ClientId,
};

use super::{
    ALLOW, Leg, LegEvent, Peer, Purpose, SDP, SUPPORTED, State, Wire, glare_pause, has_description,
    negotiation::Negotiation, session_timer,
};
use crate::{
    call::Why,
    ids::LegId,
    proof::{Login, prove},
};

/// Phones that one INVITE may reach behind a forking proxy: more are not looked at.
const FORKS_MAX: usize = 32;
/// How often an INVITE is sent anew after a challenge or a session interval that is too small.
pub(super) const TRIES_MAX: u8 = 3;

/// Whom we call, and as whom.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// What names the leg.
    pub id: LegId,
    /// Its call.
    pub call: CallId,
    /// Who is called.
    pub party: Party,
    /// What kind of party.
    pub peer: Peer,
    /// The way.
    pub flow: Flow,
    /// Our `Contact` value on that way.
    pub contact: String,
    /// The request's target.
    pub target: Uri,
    /// Who calls.
    pub from: NameAddr,
    /// Who is called.
    pub to: NameAddr,
    /// How many hops are left (RFC 3261 §20.22): less with every call that becomes another, or loops would never end.
    pub max_forwards: u8,
    /// Codecs to offer, the preferred one first.
    pub codecs: Vec<Codec>,
    /// User and password for a trunk that asks for them.
    pub credentials: Option<Login>,
    /// Further headers.
    pub headers: Vec<(Name, String)>,
    /// Further addresses of who is called, for when the one that the way leads to cannot take the call.
    pub others: Vec<SocketAddr>,
    /// `Session-Expires` to ask for, in seconds.
    pub session_interval: u32,
}

impl Leg {
    /// Calls a phone.
    pub fn invite(mut invitation: Invitation, negotiation: Negotiation, wire: &mut Wire<'_>) -> Self {
        let local_tag = wire.token();
        let call_id = wire.token() + &wire.token();
        invitation.from = invitation.from.with_tag(&local_tag);
        let mut leg = Self {
            id: invitation.id,
            call: invitation.call,
            party: invitation.party.clone(),
            peer: invitation.peer.clone(),
            negotiation,
            flow: invitation.flow,
            called_by_us: true,
            call_id,
            local_tag,
            contact: invitation.contact.clone(),
            state: State::Over,
            dialog: None,
            unacknowledged: None,
            bye_later: None,
            bye_at: None,
            pending: HashMap::new(),
            login: invitation.credentials.clone(),
            session_timer: None,
            retry_at: None,
            elsewhere_at: None,
            peer_has_update: false,
            peer_has_timer: false,
            referral: None,
            may_record: false,
        };
        let request = leg.invite_request(&invitation, 1);
        leg.go_out(wire, invitation, request, 1);
        leg
    }

    pub(super) fn go_out(&mut self, wire: &mut Wire<'_>, invitation: Invitation, request: Request, tries: u8) {
        self.elsewhere_at = self.elsewhere_after(wire.now, &invitation);
        let seq = request.headers.cseq().map_or(1, |cseq| cseq.number);
        let client = wire.transactions.request(wire.now, self.flow, request);
        let (early, invitation) = (Vec::new(), Box::new(invitation));
        self.state = State::Outgoing { client, seq, invitation, early, cancelled: false, tries };
    }

    pub(super) fn invite_request(&mut self, invitation: &Invitation, seq: u32) -> Request {
        let mut request = Request::new(Method::Invite, invitation.target.clone());
        let headers = &mut request.headers;
        headers.push(Name::MaxForwards, invitation.max_forwards.to_string());
        headers.push(Name::From, invitation.from.to_string());
        headers.push(Name::To, invitation.to.to_string());
        headers.push(Name::CallId, self.call_id.clone());
        headers.push(Name::CSeq, format!("{seq} INVITE"));
        headers.push(Name::Contact, self.contact.clone());
        headers.push(Name::Allow, ALLOW);
        headers.push(Name::Supported, SUPPORTED);
        headers.push(Name::SessionExpires, invitation.session_interval.to_string());
        headers.push(Name::MinSe, session_timer::INTERVAL_MIN.to_string());
        for (name, value) in &invitation.headers {
            headers.push(name.clone(), value.clone());
        }
        headers.push(Name::ContentType, SDP);
        request.body = Bytes::from(self.negotiation.offer(&invitation.codecs));
        request
    }

    /// The INVITE's transaction, while there is one.
    #[must_use]
    pub const fn invite_client(&self) -> Option<ClientId> {
        match &self.state {
            State::Outgoing { client, .. } => Some(*client),
            State::Incoming { .. } | State::Up | State::Over => None,
        }
    }

    /// The transactions whose responses belong to this leg.
    pub fn clients(&self) -> impl Iterator<Item = ClientId> + '_ {
        self.pending.keys().copied().chain(self.invite_client())
    }

    /// A response to one of our requests.
    pub fn responded(&mut self, wire: &mut Wire<'_>, client: ClientId, response: &Response) -> Vec<LegEvent> {
        if self.invite_client() == Some(client) {
            // Somebody is there.
            self.elsewhere_at = None;
            return match response.status {
                ..=100 => Vec::new(),
                101..=199 => self.provisional_came(wire, response),
                200..=299 => self.success_came(wire, client, response),
                _ => self.failure_came(wire, response),
            };
        }
        match self.pending.remove(&client) {
            Some(pending) if response.status < 200 => {
                self.pending.insert(client, pending);
                Vec::new()
            }
            Some(pending) => {
                let purpose = pending.purpose;
                if self.proves(wire, pending, response) {
                    return Vec::new();
                }
                self.request_answered(wire, client, purpose, response)
            }
            // Another phone behind a forking proxy answered as well, or one that we had cancelled (RFC 3261 §13.2.2.4).
            None if (200..300).contains(&response.status) && is_invite(response) => {
                self.decline_fork(wire, self.flow, client, response);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// A request of ours has no response, and will have none.
    pub fn failed(&mut self, wire: &mut Wire<'_>, client: ClientId, timed_out: bool) -> Vec<LegEvent> {
        if self.invite_client() == Some(client) {
            if let Some(event) = self.unheard_elsewhere(wire) {
                return vec![event];
            }
            self.over();
            return vec![LegEvent::Refused(if timed_out { 408 } else { 503 })];
        }
        match self.pending.remove(&client).map(|pending| pending.purpose) {
            Some(Purpose::Refresh) => {
                self.bye(wire, Why::Over);
                vec![LegEvent::Lost(ReleaseCause::SessionExpired)]
            }
            Some(Purpose::Bye | Purpose::Prack | Purpose::Notify | Purpose::Abandoned(_)) | None => Vec::new(),
        }
    }

    /// The early dialog of a response; made when it is new.
    fn early_dialog(&mut self, response: &Response) -> Option<usize> {
        let State::Outgoing { invitation, early, .. } = &mut self.state else { return None };
        let to = response.headers.to().ok()?;
        let tag = to.tag()?;
        if let Some(known) = early.iter().position(|dialog| dialog.remote().tag() == Some(tag)) {
            return Some(known);
        }
        if early.len() >= FORKS_MAX {
            return None;
        }
        let mut invite = Request::new(Method::Invite, invitation.target.clone());
        invite.headers.push(Name::From, invitation.from.to_string());
        invite.headers.push(Name::CSeq, response.headers.get(&Name::CSeq)?.to_owned());
        early.push(Dialog::uac(&invite, response).ok()?);
        Some(early.len() - 1)
    }

    fn provisional_came(&mut self, wire: &mut Wire<'_>, response: &Response) -> Vec<LegEvent> {
        let place = self.early_dialog(response);
        if let Some(place) = place
            && response.headers.has_option(&Name::Require, "100rel")
        {
            self.acknowledge_provisional(wire, place, response);
        }
        if has_description(&response.headers, &response.body) && self.negotiation.receive_answer(&response.body).is_ok()
        {
            return vec![LegEvent::EarlyMedia];
        }
        vec![LegEvent::Ringing]
    }

    /// PRACK (RFC 3262 §4).
    fn acknowledge_provisional(&mut self, wire: &mut Wire<'_>, place: usize, response: &Response) {
        let State::Outgoing { early, .. } = &mut self.state else { return };
        let Some(dialog) = early.get_mut(place) else { return };
        let (Ok(Some(rseq)), Ok(cseq)) = (response.headers.rseq(), response.headers.cseq()) else { return };
        let mut prack = dialog.request(Method::Prack);
        prack.headers.push(Name::RAck, format!("{rseq} {} INVITE", cseq.number));
        self.dispatch(wire, self.flow, prack, Purpose::Prack);
    }

    fn success_came(&mut self, wire: &mut Wire<'_>, client: ClientId, response: &Response) -> Vec<LegEvent> {
        let place = self.early_dialog(response);
        let State::Outgoing { early, cancelled, .. } = &mut self.state else { return Vec::new() };
        let cancelled = *cancelled;
        let dialog = place.filter(|place| *place < early.len()).map(|place| early.swap_remove(place));
        let Some(mut dialog) = dialog else {
            // A 2xx that makes no dialog cannot even be acknowledged.
            self.over();
            return vec![LegEvent::Refused(502)];
        };
        // Without a Contact the phone is sent to where it was called.
        let _ = dialog.confirm(response);
        let Ok(cseq) = response.headers.cseq() else { return Vec::new() };
        let ack = dialog.ack(cseq.number);
        self.dialog = Some(dialog);
        self.state = State::Up;
        let flow = self.dialog_flow();
        wire.transactions.ack(wire.now, flow, client, ack);
        self.peer_has_update = response.headers.has_option(&Name::Allow, "UPDATE");
        if cancelled {
            self.bye(wire, Why::AnsweredElsewhere);
            return Vec::new();
        }
        let described = has_description(&response.headers, &response.body);
        let agreed = if self.negotiation.waits_for_answer() {
            described && self.negotiation.receive_answer(&response.body).is_ok()
        } else {
            // Agreed early. What a forked phone says now counts (RFC 3261 §13.2.2.4 makes it another dialog).
            if described {
                let _ = self.negotiation.receive_answer(&response.body);
            }
            true
        };
        if !agreed {
            self.bye(wire, Why::Over);
            return vec![LegEvent::Refused(488)];
        }
        self.session_timer_from(wire.now, response);
        vec![LegEvent::Answered]
    }

    /// Answers of phones that we do not want: acknowledged, and hung up at once.
    fn decline_fork(&mut self, wire: &mut Wire<'_>, flow: Flow, client: ClientId, response: &Response) {
        let mut invite = Request::new(Method::Invite, Uri::sip(Some("unknown"), flow.remote));
        let copied = [Name::From, Name::CSeq];
        for name in copied {
            let Some(value) = response.headers.get(&name) else { return };
            invite.headers.push(name, value.to_owned());
        }
        let Ok(mut dialog) = Dialog::uac(&invite, response) else { return };
        let Ok(cseq) = response.headers.cseq() else { return };
        let ack = dialog.ack(cseq.number);
        wire.transactions.ack(wire.now, flow, client, ack);
        let bye = dialog.request(Method::Bye);
        self.dispatch(wire, flow, bye, Purpose::Bye);
    }

    /// As [`ask_elsewhere`](Self::ask_elsewhere), unless this address has described its sound: what the caller hears of it is not
    /// replaced, nor is what was agreed with one offered to another.
    fn unheard_elsewhere(&mut self, wire: &mut Wire<'_>) -> Option<LegEvent> {
        if self.negotiation.description().is_some() { None } else { self.ask_elsewhere(wire) }
    }

    fn failure_came(&mut self, wire: &mut Wire<'_>, response: &Response) -> Vec<LegEvent> {
        if response.status == 503
            && let Some(event) = self.unheard_elsewhere(wire)
        {
            return vec![event];
        }
        let State::Outgoing { seq, invitation, cancelled, tries, .. } = &self.state else { return Vec::new() };
        let (again, seq, tries) = (!*cancelled && *tries < TRIES_MAX, seq + 1, *tries);
        if again {
            let mut invitation = (**invitation).clone();
            match response.status {
                401 | 407 => {
                    if let Some(request) = self.with_credentials(wire, &invitation, seq, response) {
                        self.go_out(wire, invitation, request, tries + 1);
                        return Vec::new();
                    }
                }
                // It cannot encrypt, or not as we can.
                415 | 488 | 606 if self.negotiation.falls_back() => {
                    let request = self.invite_request(&invitation, seq);
                    self.go_out(wire, invitation, request, tries + 1);
                    return Vec::new();
                }
                422 => {
                    let longer = |interval: &u32| *interval > invitation.session_interval;
                    if let Some(interval) = response.headers.min_se().filter(longer) {
                        invitation.session_interval = interval;
                        let request = self.invite_request(&invitation, seq);
                        self.go_out(wire, invitation, request, tries + 1);
                        return Vec::new();
                    }
                }
                _ => {}
            }
        }
        self.over();
        vec![LegEvent::Refused(response.status)]
    }

    /// The INVITE once more, with what a trunk's challenge asks for.
    fn with_credentials(
        &mut self,
        wire: &mut Wire<'_>,
        invitation: &Invitation,
        seq: u32,
        response: &Response,
    ) -> Option<Request> {
        let login = invitation.credentials.as_ref()?;
        let mut request = self.invite_request(invitation, seq);
        let cnonce = wire.token();
        prove(&mut request, response, login.both(), &cnonce).ok()?;
        Some(request)
    }

    /// A final response to a request inside the dialog.
    fn request_answered(
        &mut self,
        wire: &mut Wire<'_>,
        client: ClientId,
        purpose: Purpose,
        response: &Response,
    ) -> Vec<LegEvent> {
        // An UPDATE of ours offers nothing: what waits then is another's.
        if purpose == Purpose::Refresh && response.status >= 300 && is_invite(response) {
            self.negotiation.offer_refused();
        }
        match (purpose, response.status) {
            (Purpose::Refresh, 200..=299) => self.refreshed(wire, client, response),
            (Purpose::Refresh, 491) => {
                self.retry_at = Some(wire.now + glare_pause(wire.random, self.called_by_us));
                Vec::new()
            }
            (Purpose::Refresh, 422) if self.lengthen_session(response) => {
                self.refresh(wire);
                Vec::new()
            }
            // The dialog is not known there any more (RFC 3261 §12.2.1.2).
            (Purpose::Refresh, 408 | 481) => {
                self.bye(wire, Why::Over);
                vec![LegEvent::Lost(ReleaseCause::SessionExpired)]
            }
            // Whatever else it means, somebody is there.
            (Purpose::Refresh, _) => {
                self.session_timer_renewed(wire.now);
                Vec::new()
            }
            // It takes the call after all, and somebody else has been asked meanwhile.
            (Purpose::Abandoned(remote), 200..=299) => {
                self.decline_fork(wire, Flow { remote, ..self.flow }, client, response);
                Vec::new()
            }
            (Purpose::Bye | Purpose::Prack | Purpose::Notify | Purpose::Abandoned(_), _) => Vec::new(),
        }
    }

    fn refreshed(&mut self, wire: &mut Wire<'_>, client: ClientId, response: &Response) -> Vec<LegEvent> {
        if let Some(dialog) = &mut self.dialog {
            dialog.refresh_target(response.headers.contacts());
        }
        let mut events = Vec::new();
        if is_invite(response) {
            let Ok(cseq) = response.headers.cseq() else { return events };
            let Some(ack) = self.dialog.as_ref().map(|dialog| dialog.ack(cseq.number)) else { return events };
            let flow = self.dialog_flow();
            wire.transactions.ack(wire.now, flow, client, ack);
        }
        // Of an UPDATE, which offers nothing here, the answer says nothing of an offer that waits.
        if is_invite(response) && self.negotiation.waits_for_answer() {
            let described = has_description(&response.headers, &response.body);
            if described && self.negotiation.receive_answer(&response.body).is_ok() {
                events.push(LegEvent::MediaChanged);
            } else {
                // What was agreed before goes on; an offer that waited for ever would keep all of theirs out.
                self.negotiation.offer_refused();
            }
        }
        self.session_timer_from(wire.now, response);
        events
    }
}

fn is_invite(response: &Response) -> bool {
    response.headers.cseq().is_ok_and(|cseq| cseq.method == Method::Invite)
}
