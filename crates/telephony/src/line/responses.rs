//! What do the responses to our requests mean: is a call answered, is an offer taken, how does a transfer go?

use std::time::{Duration, Instant};

use tandem_domain::phone::{CallNumber, ToBrowser, TransferState, WishKind};
use tandem_sip::{dialog::Dialog, message::Response, transaction::ClientId};

use super::{
    call::{Call, Offering, State, description},
    station::Station,
    words::{End, transfer_failed},
};

impl Call {
    /// A response to a request of ours.
    pub(super) fn responded(&mut self, station: &mut Station, now: Instant, id: ClientId, response: &Response) {
        if matches!(&self.state, State::Calling { client, .. } if *client == id) {
            return self.invite_responded(station, now, response);
        }
        if response.is_provisional() {
            return;
        }
        if let Some((client, offering, wanted)) = self.offering.take_if(|(client, ..)| *client == id) {
            return self.offer_responded(station, now, client, offering, wanted, response);
        }
        if let Some((referred, _)) = &mut self.transfer {
            *referred = None;
            if response.is_success() {
                self.transfer_goes(station, TransferState::Trying, "Transferring…".to_owned());
            } else {
                self.transfer = None;
                self.transfer_goes(station, TransferState::Failed, transfer_failed(response.status));
            }
        }
    }

    /// A request of ours has no response, and will have none.
    pub(super) fn failed(&mut self, station: &mut Station, now: Instant, id: ClientId) {
        if matches!(&self.state, State::Calling { client, .. } if *client == id) {
            return self.ended(station, now, End::unanswered());
        }
        if self.offering.take_if(|(client, ..)| *client == id).is_some() {
            return self.leave(station, now, 480, End::unanswered());
        }
        if self.transfer.take_if(|(referred, _)| *referred == Some(id)).is_some() {
            self.transfer_goes(station, TransferState::Failed, transfer_failed(408));
        }
    }

    fn transfer_goes(&self, station: &mut Station, state: TransferState, words: String) {
        station.say(ToBrowser::TransferState { call: self.number, state, words });
    }

    fn invite_responded(&mut self, station: &mut Station, now: Instant, response: &Response) {
        let State::Calling { client, invite, rings, cancelled } = &mut self.state else { return };
        if response.status <= 100 {
            return;
        }
        let (client, cancelled) = (*client, *cancelled);
        let sdp = description(&response.headers, &response.body);
        if response.is_provisional() {
            *rings = true;
            if self.dialog.is_none() {
                self.dialog = Dialog::uac(invite, response).ok();
            }
            if cancelled {
                return;
            }
            return match sdp.filter(|_| !self.stale) {
                Some(sdp) if self.theirs.as_ref() != Some(&sdp) => {
                    self.theirs = Some(sdp.clone());
                    station.say(ToBrowser::Early { call: self.number, sdp });
                }
                Some(_) => {}
                None => station.say(ToBrowser::Ringing { call: self.number }),
            };
        }
        if !response.is_success() {
            return self.ended(station, now, End::refused(response.status, &response.headers));
        }
        let Ok(dialog) = Dialog::uac(invite, response) else {
            return self.ended(station, now, End::refused(502, &response.headers));
        };
        let Ok(cseq) = response.headers.cseq() else { return };
        // Digits may have been sent in the early dialog: the numbers go on from there.
        let early = self.dialog.take().filter(|early| early.id() == dialog.id());
        let confirmed = early.and_then(|mut early| early.confirm(response).is_ok().then_some(early));
        let dialog = confirmed.unwrap_or(dialog);
        station.ack(now, client, dialog.ack(cseq.number));
        self.dialog = Some(dialog);
        self.state = State::Up;
        self.answered = Some(now);
        if cancelled {
            return self.bye(station, now);
        }
        match sdp {
            Some(sdp) => self.theirs = Some(sdp),
            // Agreed early.
            None if self.theirs.is_some() => {}
            None => return self.leave(station, now, 488, End::refused(488, &response.headers)),
        }
        let sdp = self.theirs.clone().filter(|_| !self.stale);
        station.say(ToBrowser::Answered { call: self.number, sdp, with: None });
        self.offer_next(station, now);
    }

    fn offer_responded(
        &mut self,
        station: &mut Station,
        now: Instant,
        client: ClientId,
        offering: Offering,
        wanted: bool,
        response: &Response,
    ) {
        match response.status {
            200..=299 => {
                let Ok(cseq) = response.headers.cseq() else { return };
                let Some(dialog) = &mut self.dialog else { return };
                dialog.refresh_target(response.headers.contacts());
                station.ack(now, client, dialog.ack(cseq.number));
                if matches!(self.state, State::Over) {
                    return;
                }
                let Some(sdp) = description(&response.headers, &response.body) else {
                    return self.leave(station, now, 488, End::refused(488, &response.headers));
                };
                self.theirs = Some(sdp.clone());
                self.ours = Some(offering.sdp);
                self.held_by_us = offering.hold.unwrap_or(self.held_by_us);
                if wanted {
                    self.stale = false;
                    station.say(ToBrowser::Reply { call: self.number, sdp });
                    if offering.hold.is_some() {
                        self.tell_hold(station);
                    }
                }
            }
            // Met one of theirs. Who did not make the Call-ID waits less (RFC 3261 §14.1).
            491 if wanted => {
                let ours = self.number.is_browsers();
                let pause = if ours { 2_100 + station.up_to(1_900) } else { station.up_to(2_000) };
                if self.next.is_none() {
                    self.next = Some((offering, now + Duration::from_millis(pause)));
                }
            }
            408 | 481 => {
                self.leave(station, now, 480, End::to_retry("The call was lost."));
            }
            status if wanted => {
                let End { words, .. } = End::refused(status, &response.headers);
                let wish = if offering.hold.is_some() { WishKind::Hold } else { WishKind::Offer };
                station.refuse(Some(self.number), Some(wish), &words);
            }
            _ => {}
        }
        self.offer_next(station, now);
    }

    /// How the transfer goes. When it is done: the call that the party was connected to, if any, which is to be left
    /// with this one.
    pub(super) fn transfer_told(&mut self, station: &mut Station, status: u16) -> Option<Option<CallNumber>> {
        let (_, other) = *self.transfer.as_ref()?;
        match status {
            100 => {}
            101..=199 => self.transfer_goes(station, TransferState::Ringing, "It rings there.".to_owned()),
            200..=299 => {
                self.transfer = None;
                self.transfer_goes(station, TransferState::Done, "Transferred.".to_owned());
                return Some(other);
            }
            _ => {
                self.transfer = None;
                self.transfer_goes(station, TransferState::Failed, transfer_failed(status));
            }
        }
        None
    }
}
