//! One call of the line: how it begins, what the browser wants of it, how it ends (RFC 3261 §13 to §15, RFC 3515).

use std::{sync::Arc, time::Instant};

use tandem_domain::{
    console::is_ticket,
    phone::{CallNumber, CallState, Resumed, ToBrowser, Who},
};
use tandem_sip::{
    dialog::{Dialog, DialogId},
    message::{HeaderError, Headers, Method, Name, NameAddr, Replaces, Request},
    transaction::{ClientId, ServerId},
};

use super::{
    TICKET_HEADER,
    recording::Recording,
    station::{SDP, Station},
    words::End,
};

/// Where its INVITE transaction stands.
#[derive(Debug)]
pub(super) enum State {
    /// Ours went out, and has no final response.
    Calling { client: ClientId, invite: Box<Request>, rings: bool, cancelled: bool },
    /// Theirs came in, and has no final response.
    Arriving { server: ServerId, invite: Box<Request> },
    /// Both ends have a dialog.
    Up,
    /// It is over.
    Over,
}

/// An offer of the browser's that has not been answered.
#[derive(Debug, Clone)]
pub(super) struct Offering {
    pub(super) sdp: String,
    /// Whether the other party is held from then on, if the offer is about that.
    pub(super) hold: Option<bool>,
}

/// An offer of the exchange's that the browser has not answered.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) server: ServerId,
    pub(super) request: Box<Request>,
    pub(super) until: Instant,
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) number: CallNumber,
    pub(super) with: Who,
    /// The exchange's tag of the other party's leg, as far as it was seen.
    pub(super) other: Option<Arc<str>>,
    huntgroup: Option<String>,
    call_id: String,
    pub(super) local_tag: String,
    pub(super) dialog: Option<Dialog>,
    pub(super) state: State,
    /// The last description of the exchange.
    pub(super) theirs: Option<String>,
    /// The last description of the browser that the exchange took.
    pub(super) ours: Option<String>,
    /// What is agreed, or offered, was said by a browser that is gone.
    pub(super) stale: bool,
    pub(super) held_by_us: bool,
    pub(super) held_by_other: bool,
    pub(super) recording: Recording,
    /// When it was answered.
    pub(super) answered: Option<Instant>,
    /// The re-INVITE that is on its way, what it offers, and whether the browser still wants to know.
    pub(super) offering: Option<(ClientId, Offering, bool)>,
    /// What is to be offered next, and when.
    pub(super) next: Option<(Offering, Instant)>,
    pub(super) asked: Option<Asked>,
    /// The INVITE of theirs whose 2xx waits for its ACK.
    pub(super) unacknowledged: Option<ServerId>,
    /// Hang up as soon as that ACK is there (RFC 3261 §15).
    leaves: bool,
    /// A transfer that goes on: its REFER until that is answered, and the call that the party is connected to.
    pub(super) transfer: Option<(Option<ClientId>, Option<CallNumber>)>,
    /// The browser has been told that it is over.
    told: bool,
}

impl Call {
    fn new(number: CallNumber, with: Who, call_id: String, local_tag: String, state: State) -> Self {
        Self {
            number,
            with,
            other: None,
            huntgroup: None,
            call_id,
            local_tag,
            dialog: None,
            state,
            theirs: None,
            ours: None,
            stale: false,
            held_by_us: false,
            held_by_other: false,
            recording: Recording::new(),
            answered: None,
            offering: None,
            next: None,
            asked: None,
            unacknowledged: None,
            leaves: false,
            transfer: None,
            told: false,
        }
    }

    /// Calls a number.
    pub(super) fn dial(station: &mut Station, now: Instant, number: CallNumber, dialled: &str, sdp: String) -> Self {
        let (call_id, local_tag) = (station.token(), station.token());
        let target = station.address(Some(dialled));
        let mut invite = Request::new(Method::Invite, target.clone());
        let headers = &mut invite.headers;
        headers.push(Name::MaxForwards, "70");
        headers.push(Name::From, station.us().with_tag(&local_tag).to_string());
        headers.push(Name::To, NameAddr::from(target).to_string());
        headers.push(Name::CallId, call_id.clone());
        headers.push(Name::CSeq, "1 INVITE");
        headers.push(Name::Allow, "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, NOTIFY");
        headers.push(Name::Supported, "replaces");
        invite.set_body(SDP, sdp.clone());
        let client = station.request(now, invite.clone());
        let with = Who { number: dialled.to_owned(), name: String::new() };
        let state = State::Calling { client, invite: Box::new(invite), rings: false, cancelled: false };
        Self { ours: Some(sdp), ..Self::new(number, with, call_id, local_tag, state) }
    }

    /// Somebody calls: it rings.
    ///
    /// # Errors
    /// The status to refuse it with.
    pub(super) fn arriving(
        station: &mut Station,
        now: Instant,
        number: CallNumber,
        server: ServerId,
        invite: &Request,
    ) -> Result<Self, u16> {
        let malformed = |_: HeaderError| 400_u16;
        let local_tag = station.token();
        let dialog = Dialog::uas(invite, &local_tag).map_err(malformed)?;
        let call_id = invite.headers.call_id().map_err(malformed)?.to_owned();
        let offer = description(&invite.headers, &invite.body).ok_or(488_u16)?;
        let from = invite.headers.from().map_err(malformed)?;
        let with = Who { number: from.uri.user.unwrap_or_default(), name: from.display_name.unwrap_or_default() };
        station.respond(now, server, invite, 180, &local_tag, None);
        let state = State::Arriving { server, invite: Box::new(invite.clone()) };
        let (huntgroup, ticket) = (huntgroup(&invite.headers), ticket(&invite.headers));
        let call = Self {
            dialog: Some(dialog),
            theirs: Some(offer.clone()),
            huntgroup: huntgroup.clone(),
            ..Self::new(number, with.clone(), call_id, local_tag, state)
        };
        station.say(ToBrowser::Incoming { call: number, from: with, huntgroup, ticket, sdp: offer });
        Ok(call)
    }

    /// How far it is, for the browser.
    pub(super) const fn stage(&self) -> CallState {
        match &self.state {
            _ if self.told => CallState::Ended,
            State::Calling { rings: true, .. } => CallState::Ringing,
            State::Calling { .. } => CallState::Dialling,
            State::Arriving { .. } => CallState::Incoming,
            State::Up => CallState::Talking,
            State::Over => CallState::Ended,
        }
    }

    /// Whether nothing more happens on it.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.state, State::Over) && self.offering.is_none()
    }

    /// As a browser that takes the line over sees it; `None` once it is told to be over.
    pub(super) fn resumed(&self, now: Instant) -> Option<Resumed> {
        let talked = self.answered.map(|at| now.saturating_duration_since(at).as_millis());
        let state = self.stage();
        (state != CallState::Ended).then(|| Resumed {
            call: self.number,
            state,
            with: self.with.clone(),
            huntgroup: self.huntgroup.clone(),
            sdp: self.theirs.clone().filter(|_| state == CallState::Incoming),
            held_by_us: self.held_by_us,
            held_by_other: self.held_by_other,
            talked_ms: talked.map(|milliseconds| u64::try_from(milliseconds).unwrap_or(u64::MAX)),
        })
    }

    /// Another browser takes it over: what the one before has said of its media is void.
    pub(super) fn change_browser(&mut self, station: &mut Station, now: Instant) {
        self.stale = true;
        self.next = None;
        self.recording.answer = None;
        if let Some((_, _, wanted)) = &mut self.offering {
            *wanted = false;
        }
        self.refuse_asked(station, now, 491);
    }

    /// The exchange's offer gets no answer of the browser's.
    fn refuse_asked(&mut self, station: &mut Station, now: Instant, status: u16) {
        if let Some(Asked { server, request, .. }) = self.asked.take() {
            station.respond(now, server, &request, status, &self.local_tag, None);
        }
    }

    /// Whether a request belongs to its dialog.
    pub(super) fn owns(&self, id: &DialogId) -> bool {
        id.call_id == self.call_id
            && id.local_tag == self.local_tag
            && self.dialog.as_ref().is_none_or(|dialog| dialog.id().remote_tag == id.remote_tag)
    }

    /// Whether a response belongs to a request of its.
    pub(super) fn sent(&self, id: ClientId) -> bool {
        let invite = matches!(&self.state, State::Calling { client, .. } if *client == id);
        let offer = self.offering.as_ref().is_some_and(|(client, ..)| *client == id);
        invite || offer || matches!(self.transfer, Some((Some(client), _)) if client == id)
    }

    /// Whether it waits with this transaction of theirs.
    pub(super) fn received(&self, id: ServerId) -> bool {
        let arriving = matches!(&self.state, State::Arriving { server, .. } if *server == id);
        let asked = self.asked.as_ref().is_some_and(|asked| asked.server == id);
        arriving || asked || self.unacknowledged == Some(id)
    }

    /// Whether it is the INVITE of this `Call-ID` that has no answer yet.
    pub(super) fn rings_as(&self, call_id: &str) -> bool {
        matches!(self.state, State::Arriving { .. }) && self.call_id == call_id
    }

    /// The tag by which the exchange names its leg to us.
    pub(super) fn leg(&self) -> Option<String> {
        self.dialog.as_ref().map(|dialog| dialog.id().remote_tag)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let next = self.next.as_ref().filter(|_| self.can_offer()).map(|(_, at)| *at);
        let recording = self.recording.answer.filter(|_| matches!(self.state, State::Up));
        [next, self.asked.as_ref().map(|asked| asked.until), recording].into_iter().flatten().min()
    }

    pub(super) fn handle_timeout(&mut self, station: &mut Station, now: Instant) {
        if self.asked.as_ref().is_some_and(|asked| asked.until <= now) {
            self.refuse_asked(station, now, 488);
        }
        if matches!(self.state, State::Up) {
            self.answer_recording(station, now);
        }
        self.offer_next(station, now);
    }

    // What the browser wants
    // -------------------------------------------------------------------------------------------

    /// Takes the call.
    pub(super) fn answer(&mut self, station: &mut Station, now: Instant, sdp: String) {
        let State::Arriving { server, invite } = &self.state else { return };
        let server = *server;
        station.respond(now, server, invite, 200, &self.local_tag, Some(&sdp));
        self.ours = Some(sdp);
        self.stale = false;
        self.state = State::Up;
        self.answered = Some(now);
        self.unacknowledged = Some(server);
        station.say(ToBrowser::Answered { call: self.number, sdp: None, with: None });
    }

    /// Ends it: hangs up, gives up, or refuses with `status` what rings.
    pub(super) fn leave(&mut self, station: &mut Station, now: Instant, status: u16, end: End) {
        self.tell(station, end);
        match &mut self.state {
            State::Arriving { server, invite } => {
                station.respond(now, *server, invite, status, &self.local_tag, None);
                self.over(station, now);
            }
            State::Calling { client, cancelled, .. } => {
                if !std::mem::replace(cancelled, true) {
                    station.cancel(now, *client);
                }
            }
            State::Up if self.unacknowledged.is_some() => self.leaves = true,
            State::Up => self.bye(station, now),
            State::Over => {}
        }
    }

    /// Offers other media, or a hold: now, or as soon as that can be. Of several the last counts.
    pub(super) fn offer(&mut self, station: &mut Station, now: Instant, offering: Offering) {
        // Who offers now does not answer what was asked at the same moment.
        self.refuse_asked(station, now, 491);
        if let Some((_, _, wanted)) = &mut self.offering {
            *wanted = false;
        }
        self.next = Some((offering, now));
        self.offer_next(station, now);
    }

    /// Whether an INVITE of ours may go inside the dialog (RFC 3261 §14.1).
    fn can_offer(&self) -> bool {
        matches!(self.state, State::Up)
            && self.offering.is_none()
            && self.unacknowledged.is_none()
            && self.asked.is_none()
    }

    pub(super) fn offer_next(&mut self, station: &mut Station, now: Instant) {
        if !self.can_offer() {
            return;
        }
        let Some((offering, _)) = self.next.take_if(|(_, at)| *at <= now) else { return };
        let Some(dialog) = &mut self.dialog else { return };
        let mut request = dialog.request(Method::Invite);
        request.set_body(SDP, offering.sdp.clone());
        let client = station.request(now, request);
        self.offering = Some((client, offering, true));
    }

    /// The browser's answer to an offer of the exchange.
    pub(super) fn reply(&mut self, station: &mut Station, now: Instant, sdp: String) {
        let Some(Asked { server, request, .. }) = self.asked.take() else { return };
        self.theirs = description(&request.headers, &request.body).or(self.theirs.take());
        station.respond(now, server, &request, 200, &self.local_tag, Some(&sdp));
        if request.method == Method::Invite {
            self.unacknowledged = Some(server);
        }
        self.ours = Some(sdp);
        self.stale = false;
        self.see_hold(station);
        self.offer_next(station, now);
    }

    /// A key of the dial pad, by INFO: it is heard once and in its order whatever the codec, while events in the audio
    /// would need a clock that not every browser offers beside Opus.
    pub(super) fn digit(&mut self, station: &mut Station, now: Instant, digit: char) {
        let Some(dialog) = &mut self.dialog else { return };
        let mut info = dialog.request(Method::Info);
        info.set_body("application/dtmf-relay", format!("Signal={digit}\r\nDuration=160\r\n"));
        station.request(now, info);
    }

    /// Sends the other party to `to`, in the place of `replaces` if that is given (RFC 3515, RFC 3891).
    pub(super) fn refer(
        &mut self,
        station: &mut Station,
        now: Instant,
        to: &str,
        replaces: Option<(CallNumber, Replaces)>,
    ) {
        let Some(dialog) = &mut self.dialog else { return };
        let mut refer = dialog.request(Method::Refer);
        let mut uri = station.address(Some(to));
        let other = replaces.map(|(number, replaces)| {
            uri.headers.push(("Replaces".to_owned(), replaces.to_string()));
            number
        });
        refer.headers.push(Name::ReferTo, NameAddr::from(uri).to_string());
        refer.headers.push(Name::from("Referred-By"), NameAddr::from(station.us().uri).to_string());
        self.transfer = Some((Some(station.request(now, refer)), other));
    }

    /// How this call is named to somebody who is to take its place.
    pub(super) fn replaces(&self) -> Option<Replaces> {
        let id = self.dialog.as_ref().filter(|_| matches!(self.state, State::Up))?.id();
        Some(Replaces { call_id: id.call_id, to_tag: id.remote_tag, from_tag: id.local_tag, early_only: false })
    }

    // How it ends
    // ------------------------------------------------------------------------------------------------------

    /// Tells the browser that it is over, once.
    pub(super) fn tell(&mut self, station: &mut Station, End { words, retry }: End) {
        if !std::mem::replace(&mut self.told, true) {
            station.say(ToBrowser::Ended { call: self.number, words, retry });
        }
    }

    pub(super) fn bye(&mut self, station: &mut Station, now: Instant) {
        self.over(station, now);
        if let Some(dialog) = &mut self.dialog {
            let bye = dialog.request(Method::Bye);
            station.request(now, bye);
        }
    }

    fn over(&mut self, station: &mut Station, now: Instant) {
        self.state = State::Over;
        self.refuse_asked(station, now, 487);
        // What was offered may have been taken already: its answer is still acknowledged.
        if let Some((client, _, wanted)) = &mut self.offering {
            *wanted = false;
            station.cancel(now, *client);
        }
        self.next = None;
        self.unacknowledged = None;
        self.transfer = None;
    }

    /// It ended at the other end: nothing is to be sent.
    pub(super) fn ended(&mut self, station: &mut Station, now: Instant, end: End) {
        self.tell(station, end);
        self.over(station, now);
    }

    /// The ACK that an answer of ours waited for is there.
    pub(super) fn acknowledged(&mut self, station: &mut Station, now: Instant) {
        if self.unacknowledged.take().is_some() {
            if self.leaves {
                return self.bye(station, now);
            }
            self.offer_next(station, now);
        }
    }

    /// Sees in the exchange's last description whether the other party holds us.
    pub(super) fn see_hold(&mut self, station: &mut Station) {
        let session = self.theirs.as_ref().and_then(|text| tandem_sip::sdp::Session::parse(text.as_bytes()).ok());
        let held = session.and_then(|session| {
            let (_, audio) = session.audio()?;
            Some(!session.direction(audio).receives())
        });
        self.hold_by_other(station, held.unwrap_or(self.held_by_other));
    }

    /// The other party holds us, or no longer.
    pub(super) fn hold_by_other(&mut self, station: &mut Station, on: bool) {
        if std::mem::replace(&mut self.held_by_other, on) != on {
            self.tell_hold(station);
        }
    }

    pub(super) fn tell_hold(&self, station: &mut Station) {
        let (by_us, by_other) = (self.held_by_us, self.held_by_other);
        station.say(ToBrowser::Held { call: self.number, by_us, by_other });
    }
}

/// The session description that a message carries.
pub(super) fn description(headers: &Headers, body: &[u8]) -> Option<String> {
    (!body.is_empty() && headers.is_content_type(SDP)).then(|| String::from_utf8_lossy(body).into_owned())
}

/// By what the browser knows a call again that it asked for.
fn ticket(headers: &Headers) -> Option<String> {
    headers.get(&Name::Other(TICKET_HEADER.into())).filter(|ticket| is_ticket(ticket)).map(str::to_owned)
}

/// The huntgroup through which a call comes: `<sip:huntgroup@…>;purpose=info;name="Support"`.
fn huntgroup(headers: &Headers) -> Option<String> {
    let infos = headers.elements(&Name::CallInfo).filter_map(|value| value.parse::<NameAddr>().ok());
    let mut groups = infos.filter(|info| info.uri.user.as_deref() == Some("huntgroup"));
    groups.find_map(|info| info.params.get("name").map(str::to_owned)).filter(|name| !name.is_empty())
}
