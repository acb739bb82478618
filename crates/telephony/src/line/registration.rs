//! Is the line reached? REGISTER without a digest, since the exchange trusts its flow (RFC 3261 §10.2).

use std::time::{Duration, Instant};

use tandem_sip::{
    message::{Method, Name, NameAddr, Request, Response},
    transaction::ClientId,
};

use super::station::Station;

/// How long a registration is to last, in seconds.
const EXPIRES: u64 = 600;
/// When an exchange that refused is asked again.
const RETRIED: Duration = Duration::from_secs(5);

/// The line's registration.
#[derive(Debug)]
pub(super) struct Registration {
    call_id: String,
    tag: String,
    cseq: u32,
    /// The request that waits for its response, and whether it is one to be reached.
    pending: Option<(ClientId, bool)>,
    due: Option<Instant>,
    is_registered: bool,
    leaves: bool,
}

impl Registration {
    /// To begin at once.
    pub(super) fn new(station: &mut Station, now: Instant) -> Self {
        Self {
            call_id: station.token(),
            tag: station.token(),
            cseq: 0,
            pending: None,
            due: Some(now),
            is_registered: false,
            leaves: false,
        }
    }

    pub(super) const fn is_registered(&self) -> bool {
        self.is_registered
    }

    /// Whether it was taken back, and the exchange has said so, or never will.
    pub(super) const fn is_gone(&self) -> bool {
        self.leaves && !self.is_registered && self.pending.is_none()
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Does what is due.
    pub(super) fn act(&mut self, station: &mut Station, now: Instant) {
        if self.due.is_some_and(|due| due <= now) && self.pending.is_none() {
            self.ask(station, now);
        }
    }

    /// Takes it back, for good.
    pub(super) fn leave(&mut self, station: &mut Station, now: Instant) {
        if !std::mem::replace(&mut self.leaves, true) {
            self.due = None;
            if self.pending.is_none() && self.is_registered {
                self.ask(station, now);
            }
        }
    }

    fn ask(&mut self, station: &mut Station, now: Instant) {
        self.due = None;
        self.cseq = self.cseq.saturating_add(1);
        let us = station.us();
        let seconds = if self.leaves { 0 } else { EXPIRES };
        let contact = NameAddr::from(station.contact().clone()).with_param("expires", Some(&seconds.to_string()));
        let mut request = Request::new(Method::Register, station.address(None));
        let headers = &mut request.headers;
        headers.push(Name::MaxForwards, "70");
        headers.push(Name::From, us.clone().with_tag(&self.tag).to_string());
        headers.push(Name::To, us.to_string());
        headers.push(Name::CallId, self.call_id.clone());
        headers.push(Name::CSeq, format!("{} REGISTER", self.cseq));
        headers.push(Name::Contact, contact.to_string());
        self.pending = Some((station.request(now, request), !self.leaves));
    }

    /// A response; tells whether it was to one of ours. Refused for the first time, it says so.
    pub(super) fn responded(&mut self, station: &mut Station, now: Instant, id: ClientId, response: &Response) -> bool {
        let Some((_, joins)) = self.pending.filter(|(client, _)| *client == id) else { return false };
        if !response.is_provisional() {
            self.pending = None;
            self.settled(station, now, joins, response.is_success());
        }
        true
    }

    /// A request has no response; tells whether it was one of ours.
    pub(super) fn failed(&mut self, station: &mut Station, now: Instant, id: ClientId) -> bool {
        let Some((_, joins)) = self.pending.take_if(|(client, _)| *client == id) else { return false };
        self.settled(station, now, joins, false);
        true
    }

    fn settled(&mut self, station: &mut Station, now: Instant, joins: bool, granted: bool) {
        let was = std::mem::replace(&mut self.is_registered, joins && granted);
        match (joins, granted, self.leaves) {
            // Granted while it was taken back: it is taken back now.
            (true, true, true) => self.ask(station, now),
            (true, true, false) => self.due = Some(now + Duration::from_secs(EXPIRES / 2)),
            (true, false, false) => {
                if was || self.cseq == 1 {
                    station.refuse(None, None, "Calls do not reach this phone at the moment. It goes on trying.");
                }
                self.due = Some(now + RETRIED);
            }
            (true, false, true) | (false, _, _) => {}
        }
    }
}
