//! What does the exchange ask inside a dialog: other media, the end, how a transfer goes?

use std::time::{Duration, Instant};

use tandem_domain::phone::{CallNumber, REPLY_SECONDS, ToBrowser};
use tandem_sip::{
    message::{Method, Request},
    transaction::ServerId,
};

use super::{
    call::{Asked, Call, State, description},
    station::Station,
    words::End,
};

impl Call {
    /// A request inside the dialog; each is answered. Tells which other call is to be left besides this one, when a
    /// transfer is done.
    pub(super) fn requested(
        &mut self,
        station: &mut Station,
        now: Instant,
        server: ServerId,
        request: &Request,
    ) -> Option<Option<CallNumber>> {
        let in_order = match (request.headers.cseq(), &mut self.dialog) {
            (Ok(cseq), Some(dialog)) => dialog.receive(cseq.number).map_err(|_| 500),
            (Err(_), _) => Err(400),
            (Ok(_), None) => Err(481),
        };
        if let Err(status) = in_order {
            self.just(station, now, server, request, status);
            return None;
        }
        match &request.method {
            Method::Bye => self.bye_came(station, now, server, request),
            Method::Invite | Method::Update => self.offer_came(station, now, server, request),
            Method::Notify => return self.notified(station, now, server, request),
            Method::Options | Method::Info => self.just(station, now, server, request, 200),
            Method::Refer => self.just(station, now, server, request, 603),
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Prack
            | Method::Subscribe
            | Method::Publish
            | Method::Message
            | Method::Other(_) => self.just(station, now, server, request, 405),
        }
        None
    }

    fn just(&self, station: &mut Station, now: Instant, server: ServerId, request: &Request, status: u16) {
        station.respond(now, server, request, status, &self.local_tag, None);
    }

    fn bye_came(&mut self, station: &mut Station, now: Instant, server: ServerId, request: &Request) {
        self.just(station, now, server, request, 200);
        match &self.state {
            // It overtook the 2xx, which still comes, and is acknowledged and ended then.
            State::Calling { .. } => self.leave(station, now, 480, End::hung_up(&request.headers)),
            State::Arriving { server, invite } => {
                station.respond(now, *server, invite, 487, &self.local_tag, None);
                self.ended(station, now, End::cancelled(false));
            }
            State::Up | State::Over => self.ended(station, now, End::hung_up(&request.headers)),
        }
    }

    /// A re-INVITE or an UPDATE: what is new goes to the browser, what is not is answered with what was said before.
    fn offer_came(&mut self, station: &mut Station, now: Instant, server: ServerId, request: &Request) {
        let is_invite = request.method == Method::Invite;
        let offer = description(&request.headers, &request.body);
        match &self.state {
            State::Up => {}
            State::Arriving { .. } | State::Calling { .. } if !is_invite && offer.is_none() => {
                return self.just(station, now, server, request, 200);
            }
            State::Arriving { .. } | State::Calling { .. } => return self.just(station, now, server, request, 500),
            State::Over => return self.just(station, now, server, request, 481),
        }
        if self.offering.is_some() {
            return self.just(station, now, server, request, 491);
        }
        if self.asked.is_some() || (is_invite && self.unacknowledged.is_some()) {
            return self.just(station, now, server, request, 500);
        }
        if let Some(dialog) = &mut self.dialog {
            dialog.refresh_target(request.headers.contacts());
        }
        match (offer, &self.ours) {
            // An UPDATE that only asks whether we are there.
            (None, _) if !is_invite => self.just(station, now, server, request, 200),
            // The exchange always says what it wants; a browser cannot be asked for an offer out of turn.
            (None, _) => self.just(station, now, server, request, 488),
            (Some(offer), Some(ours)) if self.theirs.as_ref() == Some(&offer) => {
                station.respond(now, server, request, 200, &self.local_tag, Some(ours));
                if is_invite {
                    self.unacknowledged = Some(server);
                }
            }
            // Nobody is there to answer; the browser that comes next offers by itself.
            (Some(_), _) if !station.browser => self.just(station, now, server, request, 491),
            (Some(offer), _) => {
                let until = now + Duration::from_secs(REPLY_SECONDS);
                self.asked = Some(Asked { server, request: Box::new(request.clone()), until });
                station.say(ToBrowser::Offer { call: self.number, sdp: offer });
            }
        }
    }

    /// How a transfer goes (RFC 3515 §2.4.5): the first line of a response.
    fn notified(
        &mut self,
        station: &mut Station,
        now: Instant,
        server: ServerId,
        request: &Request,
    ) -> Option<Option<CallNumber>> {
        let is_refer = request.headers.event().ok().flatten().is_some_and(|event| event.value == "refer");
        if !is_refer {
            self.just(station, now, server, request, 489);
            return None;
        }
        self.just(station, now, server, request, 200);
        let body = String::from_utf8_lossy(&request.body);
        let status = body.lines().next()?.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()?;
        self.transfer_told(station, status)
    }
}
