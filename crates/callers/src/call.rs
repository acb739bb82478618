//! One call, as its endpoint sees it: ringing, answering, hanging up, from either side (RFC 3261 §13 to §15).

use std::time::Instant;

use tandem_media::Clip;
use tandem_sip::{
    dialog::{Dialog, DialogId},
    message::{HeaderError, Method, Name, NameAddr, Request, Response, Uri},
    transaction::{ClientId, ServerId},
};

use crate::{
    description::{Description, NoAgreement},
    station::{ALLOW, Port, Station},
    voices::Law,
};

const SDP: &str = "application/sdp";

/// What happened on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The other end took our call.
    Answered,
    /// Nothing more happens; the status, when our call was refused.
    Over(Option<u16>),
}

#[derive(Debug)]
enum State {
    /// It came to us, and has no final response; `answer` is ours to its offer, if it had one.
    Arriving { server: ServerId, invite: Box<Request>, answer: Option<String> },
    /// It went out from us, and has no final response.
    Calling { client: ClientId, invite: Box<Request>, cancelled: bool },
    /// Both ends have a dialog; an INVITE of theirs may still wait for its ACK, and our BYE for that.
    Up { unacknowledged: Option<ServerId>, leaves: bool },
    /// It is over.
    Over,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    call_id: String,
    local_tag: String,
    /// Our `Contact` value.
    contact: String,
    port: Port,
    description: Description,
    dialog: Option<Dialog>,
    state: State,
}

impl Call {
    /// A call that came in.
    ///
    /// # Errors
    /// The status to refuse it with.
    pub fn arriving(
        station: &mut Station,
        contact: String,
        port: Port,
        server: ServerId,
        invite: &Request,
    ) -> Result<Self, u16> {
        let local_tag = station.token();
        let malformed = |_: HeaderError| 400_u16;
        let dialog = Dialog::uas(invite, &local_tag).map_err(malformed)?;
        let mut description = Description::new(port.address, station.session_id(), Law::A);
        let answer = has_description(invite).then(|| description.answer(&invite.body)).transpose();
        let answer = answer.map_err(NoAgreement::status)?;
        let call_id = invite.headers.call_id().map_err(malformed)?.to_owned();
        let state = State::Arriving { server, invite: Box::new(invite.clone()), answer };
        Ok(Self { call_id, local_tag, contact, port, description, dialog: Some(dialog), state })
    }

    /// Calls `target`.
    pub fn begin(
        station: &mut Station,
        now: Instant,
        contact: String,
        port: Port,
        from: NameAddr,
        target: Uri,
        law: Law,
    ) -> Self {
        let (call_id, local_tag) = (station.token(), station.token());
        let mut description = Description::new(port.address, station.session_id(), law);
        let mut invite = Request::new(Method::Invite, target.clone());
        let headers = &mut invite.headers;
        headers.push(Name::MaxForwards, "70");
        headers.push(Name::From, from.with_tag(&local_tag).to_string());
        headers.push(Name::To, NameAddr::from(target).to_string());
        headers.push(Name::CallId, call_id.clone());
        headers.push(Name::CSeq, "1 INVITE");
        headers.push(Name::Contact, contact.clone());
        headers.push(Name::Allow, ALLOW);
        invite.set_body(SDP, description.offer());
        let client = station.request(now, invite.clone());
        let state = State::Calling { client, invite: Box::new(invite), cancelled: false };
        Self { call_id, local_tag, contact, port, description, dialog: None, state }
    }

    /// Whether it came in and waits for our answer.
    pub const fn is_arriving(&self) -> bool {
        matches!(self.state, State::Arriving { .. })
    }

    /// Whether both ends talk.
    pub const fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    /// Whether a request belongs to it.
    pub fn owns(&self, id: &DialogId) -> bool {
        id.call_id == self.call_id
            && id.local_tag == self.local_tag
            && self.dialog.as_ref().is_none_or(|dialog| dialog.id().remote_tag == id.remote_tag)
    }

    /// Whether it is the call of this request of ours.
    pub fn sent(&self, id: ClientId) -> bool {
        matches!(&self.state, State::Calling { client, .. } if *client == id)
    }

    /// Whether it is the call of this INVITE of theirs.
    pub fn received(&self, id: ServerId) -> bool {
        match &self.state {
            State::Arriving { server, .. } => *server == id,
            State::Up { unacknowledged, .. } => *unacknowledged == Some(id),
            State::Calling { .. } | State::Over => false,
        }
    }

    /// Tells the other end that it rings here.
    pub fn ring(&self, station: &mut Station, now: Instant) {
        if let State::Arriving { server, invite, .. } = &self.state {
            station.respond(now, *server, self.response(invite, 180, None));
        }
    }

    /// Takes the call.
    pub fn answer(&mut self, station: &mut Station, now: Instant) {
        let State::Arriving { server, invite, answer } = &mut self.state else { return };
        let (server, invite, body) = (*server, invite.clone(), answer.take());
        let body = body.unwrap_or_else(|| self.description.offer());
        let response = self.response(&invite, 200, Some(body));
        station.respond(now, server, response);
        self.state = State::Up { unacknowledged: Some(server), leaves: false };
    }

    /// Says something from now on.
    pub fn speak(&self, station: &mut Station, clip: Clip, repeats: bool) {
        if self.is_up() {
            station.speak(self.port, clip, repeats, self.description.aim());
        }
    }

    /// Ends it: hangs up, gives up, or refuses with `status` what was not answered.
    pub fn leave(&mut self, station: &mut Station, now: Instant, status: u16) -> Option<Change> {
        match &mut self.state {
            State::Arriving { server, invite, .. } => {
                let (server, invite) = (*server, invite.clone());
                station.respond(now, server, self.response(&invite, status, None));
                Some(self.over(station, None))
            }
            State::Calling { client, cancelled, .. } => {
                if !std::mem::replace(cancelled, true) {
                    station.cancel(now, *client);
                }
                None
            }
            // Who answered hangs up after the ACK, not before (RFC 3261 §15).
            State::Up { unacknowledged: Some(_), leaves } => {
                *leaves = true;
                None
            }
            State::Up { unacknowledged: None, .. } => Some(self.bye(station, now)),
            State::Over => None,
        }
    }

    fn bye(&mut self, station: &mut Station, now: Instant) -> Change {
        if let Some(dialog) = &mut self.dialog {
            let bye = dialog.request(Method::Bye);
            station.bye(now, bye);
        }
        self.over(station, None)
    }

    fn over(&mut self, station: &mut Station, status: Option<u16>) -> Change {
        if !matches!(self.state, State::Over) {
            self.state = State::Over;
            station.give_back(self.port);
        }
        Change::Over(status)
    }

    /// A response to our INVITE.
    pub fn responded(&mut self, station: &mut Station, now: Instant, response: &Response) -> Option<Change> {
        let State::Calling { client, invite, cancelled } = &self.state else { return None };
        if response.is_provisional() {
            return None;
        }
        if !response.is_success() {
            return Some(self.over(station, Some(response.status)));
        }
        let (client, cancelled) = (*client, *cancelled);
        let Ok(dialog) = Dialog::uac(invite, response) else { return Some(self.over(station, None)) };
        station.ack(now, client, dialog.ack(dialog.local_seq()));
        self.dialog = Some(dialog);
        self.state = State::Up { unacknowledged: None, leaves: false };
        if cancelled || self.description.receive_answer(&response.body).is_err() {
            return Some(self.bye(station, now));
        }
        Some(Change::Answered)
    }

    /// Our INVITE has no final response, and will have none.
    pub fn failed(&mut self, station: &mut Station) -> Change {
        self.over(station, Some(408))
    }

    /// They gave up before we answered.
    pub fn cancelled(&mut self, station: &mut Station, now: Instant) -> Option<Change> {
        if self.is_arriving() { self.leave(station, now, 487) } else { None }
    }

    /// Our answer was never acknowledged: nobody is there.
    pub fn unacknowledged(&mut self, station: &mut Station, now: Instant) -> Option<Change> {
        self.is_up().then(|| self.bye(station, now))
    }

    /// An ACK inside the dialog.
    pub fn acknowledged(&mut self, station: &mut Station, now: Instant, ack: &Request) -> Option<Change> {
        let State::Up { unacknowledged, leaves } = &mut self.state else { return None };
        unacknowledged.take()?;
        let leaves = std::mem::take(leaves);
        if has_description(ack) {
            let agreed = self.description.receive_answer(&ack.body).is_ok();
            station.aim(self.port, self.description.aim());
            if !agreed {
                return Some(self.bye(station, now));
            }
        }
        (leaves || !self.description.is_agreed()).then(|| self.bye(station, now))
    }

    /// Another request inside the dialog. Every one is answered.
    pub fn requested(
        &mut self,
        station: &mut Station,
        now: Instant,
        server: ServerId,
        request: &Request,
    ) -> Option<Change> {
        let status = self.order(request);
        if status != 200 {
            self.just(station, now, server, request, status);
            return None;
        }
        match &request.method {
            Method::Bye => {
                self.just(station, now, server, request, 200);
                if self.is_arriving() {
                    return self.leave(station, now, 487);
                }
                Some(self.over(station, None))
            }
            Method::Invite | Method::Update => {
                self.offered(station, now, server, request);
                None
            }
            Method::Options | Method::Info => {
                self.just(station, now, server, request, 200);
                None
            }
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Prack
            | Method::Subscribe
            | Method::Notify
            | Method::Publish
            | Method::Message
            | Method::Refer
            | Method::Other(_) => {
                self.just(station, now, server, request, 405);
                None
            }
        }
    }

    /// 200 when a request comes at a time when it can be taken; else the status that says why not.
    fn order(&mut self, request: &Request) -> u16 {
        let Some(dialog) = &mut self.dialog else { return 481 };
        let Ok(cseq) = request.headers.cseq() else { return 400 };
        if dialog.receive(cseq.number).is_err() {
            return 500;
        }
        match (&self.state, &request.method) {
            (State::Calling { .. } | State::Over, _) => 481,
            // An answer, or the ACK of one, is still to come.
            (State::Arriving { .. } | State::Up { unacknowledged: Some(_), .. }, Method::Invite | Method::Update) => {
                500
            }
            (State::Arriving { .. } | State::Up { .. }, _) => 200,
        }
    }

    /// A re-INVITE or an UPDATE: sound goes elsewhere, or nowhere for a while, or somebody asks whether we are there.
    fn offered(&mut self, station: &mut Station, now: Instant, server: ServerId, request: &Request) {
        let is_invite = request.method == Method::Invite;
        let body = if has_description(request) {
            match self.description.answer(&request.body) {
                Ok(answer) => Some(answer),
                Err(error) => return self.just(station, now, server, request, error.status()),
            }
        } else {
            is_invite.then(|| self.description.offer())
        };
        if let Some(dialog) = &mut self.dialog {
            dialog.refresh_target(request.headers.contacts());
        }
        station.respond(now, server, self.response(request, 200, body));
        station.aim(self.port, self.description.aim());
        if is_invite {
            self.state = State::Up { unacknowledged: Some(server), leaves: false };
        }
    }

    fn just(&self, station: &mut Station, now: Instant, server: ServerId, request: &Request, status: u16) {
        let mut response = self.response(request, status, None);
        if status == 500 {
            response.headers.push(Name::RetryAfter, "1");
        }
        station.respond(now, server, response);
    }

    fn response(&self, request: &Request, status: u16, body: Option<String>) -> Response {
        let mut response = Response::to(request, status);
        // What has no To that can be read has been refused before.
        let _ = response.headers.tag_to(&self.local_tag);
        response.headers.push(Name::Contact, self.contact.clone());
        response.headers.push(Name::Allow, ALLOW);
        if let Some(body) = body {
            response.set_body(SDP, body);
        }
        response
    }
}

fn has_description(request: &Request) -> bool {
    !request.body.is_empty() && request.headers.is_content_type(SDP)
}
