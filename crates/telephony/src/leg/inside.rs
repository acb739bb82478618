//! Requests inside the dialog: what the other end asks of us, and what we tell it.

use bytes::Bytes;
use tandem_domain::calls::ReleaseCause;
use tandem_sip::{
    flow::Flow,
    message::{Method, Name, Request},
    transaction::ServerId,
};

use super::{ALLOW, Leg, LegEvent, Purpose, Referral, State, Wire, has_description, session_timer::INTERVAL_MIN};

/// Extensions that a request may require of us (RFC 3261 §8.2.2.3).
const KNOWN_EXTENSIONS: [&str; 5] = ["100rel", "timer", "replaces", "norefersub", "outbound"];

/// The extensions that a request requires and we do not know: 420.
pub fn unknown_extensions(request: &Request) -> Vec<String> {
    let required = request.headers.elements(&Name::Require);
    required
        .map(str::trim)
        .filter(|option| !KNOWN_EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(option)))
        .map(str::to_owned)
        .collect()
}

impl Leg {
    /// A request inside the dialog. Every one is answered, but for ACK.
    ///
    /// The leg follows its phone: one that comes by another connection, or through another port of its NAT, is reached
    /// that way from now on. Nobody else knows the dialog's tags.
    pub fn requested(
        &mut self,
        wire: &mut Wire<'_>,
        server: Option<ServerId>,
        flow: Flow,
        request: &Request,
    ) -> Vec<LegEvent> {
        let Some(server) = server else {
            return self.acknowledged(wire, request);
        };
        if let Some(refused) = self.out_of_order(request) {
            let mut response = self.response(request, refused);
            if refused == 500 {
                response.headers.push(Name::RetryAfter, Self::retry_after(wire));
            }
            wire.transactions.respond(wire.now, server, response);
            return Vec::new();
        }
        self.flow = flow;
        match &request.method {
            Method::Bye => self.bye_came(wire, server, request),
            Method::Invite => self.offer_came(wire, server, request),
            Method::Update => self.offer_came(wire, server, request),
            Method::Prack => self.prack_came(wire, server, request),
            Method::Info => self.info_came(wire, server, request),
            Method::Refer => self.refer_came(wire, server, request),
            Method::Options | Method::Notify => self.just(wire, server, request, 200),
            Method::Message | Method::Subscribe | Method::Publish | Method::Register => {
                self.just(wire, server, request, 405)
            }
            Method::Ack | Method::Cancel | Method::Other(_) => self.just(wire, server, request, 501),
        }
    }

    /// The status of a request that cannot be taken now.
    fn out_of_order(&mut self, request: &Request) -> Option<u16> {
        if matches!(self.state, State::Over) {
            return Some(481);
        }
        let Ok(cseq) = request.headers.cseq() else { return Some(400) };
        self.dialog.as_mut().and_then(|dialog| dialog.receive(cseq.number).err()).map(|_| 500)
    }

    fn just(&mut self, wire: &mut Wire<'_>, server: ServerId, request: &Request, status: u16) -> Vec<LegEvent> {
        let mut response = self.response(request, status);
        response.headers.set(Name::Allow, ALLOW);
        wire.transactions.respond(wire.now, server, response);
        Vec::new()
    }

    fn acknowledged(&mut self, wire: &mut Wire<'_>, ack: &Request) -> Vec<LegEvent> {
        if self.unacknowledged.take().is_none() {
            return Vec::new();
        }
        let mut events = Vec::new();
        if self.negotiation.waits_for_answer() {
            let agreed = has_description(&ack.headers, &ack.body) && self.negotiation.receive_answer(&ack.body).is_ok();
            if agreed {
                events.push(LegEvent::MediaChanged);
            } else if self.negotiation.description().is_some() {
                // What was agreed before goes on.
                self.negotiation.offer_refused();
            } else {
                self.bye(wire, crate::call::Why::Over);
                return vec![LegEvent::Lost(ReleaseCause::NoCommonCodec)];
            }
        }
        if let Some(why) = self.bye_later.take() {
            self.bye(wire, why);
        }
        events
    }

    fn bye_came(&mut self, wire: &mut Wire<'_>, server: ServerId, request: &Request) -> Vec<LegEvent> {
        self.just(wire, server, request, 200);
        match &self.state {
            // It overtook the 2xx of our INVITE, which still comes, and is acknowledged and ended then.
            State::Outgoing { .. } => {
                self.release(wire, crate::call::Why::Over);
                return vec![LegEvent::Refused(480)];
            }
            State::Incoming { .. } => self.reject(wire, 487, None),
            State::Up | State::Over => {}
        }
        self.over();
        vec![LegEvent::HungUp]
    }

    /// A re-INVITE or an UPDATE (RFC 3261 §14.2, RFC 3311 §5.2).
    fn offer_came(&mut self, wire: &mut Wire<'_>, server: ServerId, request: &Request) -> Vec<LegEvent> {
        let is_invite = request.method == Method::Invite;
        let offers = has_description(&request.headers, &request.body);
        let theirs_open = if is_invite {
            self.unacknowledged.is_some() || self.is_incoming()
        } else {
            // The offer of their INVITE is not answered (RFC 3311 §5.2).
            offers && matches!(self.state, State::Incoming { described: false, .. })
        };
        if theirs_open {
            let mut response = self.response(request, 500);
            response.headers.push(Name::RetryAfter, Self::retry_after(wire));
            wire.transactions.respond(wire.now, server, response);
            return Vec::new();
        }
        // An UPDATE of ours that only asks whether they are there offers nothing, and meets nothing.
        if (is_invite || offers) && self.negotiation.waits_for_answer() {
            return self.just(wire, server, request, 491);
        }
        if let Ok(Some(asked)) = request.headers.session_expires()
            && asked.seconds < INTERVAL_MIN
        {
            let mut response = self.response(request, 422);
            response.headers.push(Name::MinSe, INTERVAL_MIN.to_string());
            wire.transactions.respond(wire.now, server, response);
            return Vec::new();
        }
        let current = self.negotiation.codecs();
        if offers && let Err(error) = self.negotiation.receive_offer(&request.body) {
            return self.just(wire, server, request, error.status());
        }
        if let Some(dialog) = &mut self.dialog {
            dialog.refresh_target(request.headers.contacts());
        }
        let body = match (offers, is_invite) {
            (true, _) => Some(self.negotiation.answer(&current)),
            (false, true) => Some(self.negotiation.offer(&current)),
            (false, false) => None,
        };
        let mut response = self.response(request, 200);
        self.peer_has_timer |= request.headers.has_option(&Name::Supported, "timer");
        self.agree_session_timer(wire.now, &request.headers, &mut response);
        self.dress(&mut response, body);
        wire.transactions.respond(wire.now, server, response);
        if is_invite {
            self.unacknowledged = Some(server);
        }
        if offers { vec![LegEvent::MediaChanged] } else { Vec::new() }
    }

    /// The transaction layer has matched it; what is left is its description: the answer to an early offer of ours, or an
    /// offer of theirs (RFC 3262 §5).
    fn prack_came(&mut self, wire: &mut Wire<'_>, server: ServerId, request: &Request) -> Vec<LegEvent> {
        let mut response = self.response(request, 200);
        let mut events = Vec::new();
        if has_description(&request.headers, &request.body) {
            let taken = if self.negotiation.waits_for_answer() {
                self.negotiation.receive_answer(&request.body)
            } else {
                let current = self.negotiation.codecs();
                self.negotiation.receive_offer(&request.body).map(|()| {
                    let answer = self.negotiation.answer(&current);
                    self.dress(&mut response, Some(answer));
                })
            };
            match taken {
                Ok(()) => events.push(LegEvent::MediaChanged),
                Err(error) => response = self.response(request, error.status()),
            }
        }
        wire.transactions.respond(wire.now, server, response);
        events
    }

    /// A digit (`application/dtmf-relay`: `Signal=5`, `application/dtmf`: `5`), a key that records (`Record: on`, as Snom, Yealink
    /// and others send it), or what others send.
    fn info_came(&mut self, wire: &mut Wire<'_>, server: ServerId, request: &Request) -> Vec<LegEvent> {
        if let Some(wish) = request.headers.get(&Name::Other("Record".into())) {
            let on = match wish.trim().to_ascii_lowercase().as_str() {
                "on" => true,
                "off" => false,
                _ => return self.just(wire, server, request, 400),
            };
            let status = if self.may_record { 200 } else { 403 };
            self.just(wire, server, request, status);
            return vec![LegEvent::Record(on)];
        }
        self.just(wire, server, request, 200);
        let kind = request.headers.get(&Name::ContentType).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = String::from_utf8_lossy(&request.body);
        let signal = match kind.as_str() {
            "application/dtmf-relay" => body.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                key.trim().eq_ignore_ascii_case("signal").then(|| value.trim().to_owned())
            }),
            "application/dtmf" => Some(body.trim().to_owned()),
            _ => None,
        };
        signal.and_then(|signal| digit(&signal)).map(LegEvent::Digit).into_iter().collect()
    }

    /// REFER (RFC 3515 §2.4, RFC 4488).
    fn refer_came(&mut self, wire: &mut Wire<'_>, server: ServerId, request: &Request) -> Vec<LegEvent> {
        if !self.is_up() {
            return self.just(wire, server, request, 481);
        }
        if self.referral.is_some() {
            return self.just(wire, server, request, 491);
        }
        let Ok(to) = request.headers.refer_to() else {
            return self.just(wire, server, request, 400);
        };
        let replaces = to.uri.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Replaces"));
        let replaces = match replaces.map(|(_, value)| value.parse()) {
            None => None,
            Some(Ok(replaces)) => Some(replaces),
            Some(Err(_)) => return self.just(wire, server, request, 400),
        };
        let refer_sub = request.headers.get(&Name::Other("Refer-Sub".into()));
        let told = refer_sub.is_none_or(|value| value.trim() != "false");
        let id = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let mut response = self.response(request, 202);
        response.headers.set(Name::Contact, self.contact.clone());
        if !told {
            response.headers.push(Name::Other("Refer-Sub".into()), "false");
        }
        wire.transactions.respond(wire.now, server, response);
        self.referral = Some(Referral { id, told });
        self.tell_transfer(wire, 100);
        vec![LegEvent::Refer { to: Box::new(to.uri), replaces }]
    }

    /// Tells the one who asked for a transfer how it goes; a final status is the last word (RFC 3515 §2.4.5).
    pub fn tell_transfer(&mut self, wire: &mut Wire<'_>, status: u16) {
        let is_final = status >= 200;
        let referral = if is_final { self.referral.take() } else { self.referral.clone() };
        let Some(referral) = referral.filter(|referral| referral.told) else { return };
        let Some(dialog) = self.dialog.as_mut().filter(|_| matches!(self.state, State::Up)) else { return };
        let mut notify = dialog.request(Method::Notify);
        let state = if is_final { "terminated;reason=noresource" } else { "active;expires=180" };
        notify.headers.push(Name::Event, format!("refer;id={}", referral.id));
        notify.headers.push(Name::SubscriptionState, state);
        notify.headers.push(Name::ContentType, "message/sipfrag;version=2.0");
        let phrase = tandem_sip::message::reason_phrase(status);
        notify.body = Bytes::from(format!("SIP/2.0 {status} {phrase}\r\n"));
        self.send(wire, notify, Purpose::Notify);
    }

    /// A random number of seconds, for `Retry-After` of a request that met another one (RFC 3261 §14.2).
    fn retry_after(wire: &mut Wire<'_>) -> String {
        use rand::Rng as _;
        wire.random.random_range(0..=10).to_string()
    }
}

/// A digit as phones write it in an INFO: itself, or its event number for those that are no digits (RFC 4733 §3.2).
fn digit(signal: &str) -> Option<char> {
    match signal {
        "10" => Some('*'),
        "11" => Some('#'),
        _ => {
            let mut letters = signal.chars();
            let one = letters.next().filter(|_| letters.next().is_none())?.to_ascii_uppercase();
            matches!(one, '0'..='9' | '*' | '#' | 'A'..='D').then_some(one)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_is_read_as_phones_write_it() {
        assert_eq!(digit("5"), Some('5'));
        assert_eq!(digit("10"), Some('*'));
        assert_eq!(digit("11"), Some('#'));
        assert_eq!(digit("#"), Some('#'));
        assert_eq!(digit("a"), Some('A'));
        assert_eq!(digit("55"), None);
        assert_eq!(digit(""), None);
    }
}
