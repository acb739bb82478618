//! What the exchange rarely does, by hand: offers of its own, glare, lost answers.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};
use tandem_domain::phone::{CallNumber, ToBrowser, ToServer};
use tandem_sip::message::{Message, Method, Name, Request, Response, parse};
use tandem_telephony::line::{Line, Output};

use crate::world::{flow, owner, sdp};

const ONE: CallNumber = CallNumber(1);

struct Script {
    line: Line,
    now: Instant,
    said: Vec<ToBrowser>,
    sent: Vec<Message>,
    cseq: u32,
}

impl Script {
    fn new(seed: u64) -> Self {
        let now = Instant::now();
        let line = Line::new(owner(0), flow(0), StdRng::seed_from_u64(seed), now);
        let mut script = Self { line, now, said: Vec::new(), sent: Vec::new(), cseq: 100 };
        script.wish(ToServer::Hello { take: false, token: None });
        let register = script.request(&Method::Register).unwrap();
        script.answers(&register, 200, None);
        script.said.clear();
        script
    }

    fn wish(&mut self, wish: ToServer) {
        self.line.browser(wish, self.now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(output) = self.line.poll() {
            match output {
                Output::Send(bytes) => self.sent.push(parse(&bytes).unwrap()),
                Output::Browser(said) => self.said.push(said),
                Output::Record { .. } | Output::DoNotDisturb(_) => {}
            }
        }
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(next) = self.line.next_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.line.handle_timeout(self.now);
            self.collect();
        }
        self.now = end;
    }

    /// The last request of this kind that was sent, taken out.
    fn request(&mut self, method: &Method) -> Option<Request> {
        let is = |message: &Message| matches!(message, Message::Request(request) if request.method == *method);
        let place = self.sent.iter().rposition(is)?;
        match self.sent.remove(place) {
            Message::Request(request) => Some(request),
            Message::Response(_) => None,
        }
    }

    /// The status of the last response.
    fn status(&self) -> Option<u16> {
        self.sent.iter().rev().find_map(|message| match message {
            Message::Response(response) if response.status > 100 => Some(response.status),
            Message::Response(_) | Message::Request(_) => None,
        })
    }

    fn answers(&mut self, request: &Request, status: u16, body: Option<&str>) {
        let mut response = Response::to(request, status);
        response.headers.tag_to("exchange").unwrap();
        response.headers.push(Name::Contact, "<sip:192.0.2.1:5060;transport=ws>");
        if let Some(body) = body {
            response.set_body("application/sdp", body.to_owned());
        }
        self.line.sip(response.into(), self.now);
        self.collect();
    }

    /// A call that was dialled and answered; its INVITE.
    fn talk(&mut self) -> Request {
        self.wish(ToServer::Dial { call: ONE, number: "701".into(), sdp: sdp(0, 1, "sendrecv") });
        let invite = self.request(&Method::Invite).unwrap();
        self.answers(&invite, 200, Some(&sdp(1, 1, "sendrecv")));
        assert!(self.request(&Method::Ack).is_some());
        assert!(matches!(self.said.pop(), Some(ToBrowser::Answered { sdp: Some(_), .. })));
        invite
    }

    /// The exchange asks for something inside the dialog of an INVITE of the line's.
    fn asks(&mut self, invite: &Request, method: Method, body: Option<&str>) -> Request {
        let contact = invite.headers.contacts().unwrap().first().unwrap().uri.clone();
        self.cseq += 1;
        let mut request = Request::new(method.clone(), contact);
        let headers = &mut request.headers;
        let from = invite.headers.to().unwrap().with_tag("exchange");
        headers.push(Name::Via, format!("SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK{}", self.cseq));
        headers.push(Name::MaxForwards, "70");
        headers.push(Name::From, from.to_string());
        headers.push(Name::To, invite.headers.from().unwrap().to_string());
        headers.push(Name::CallId, invite.headers.call_id().unwrap());
        headers.push(Name::CSeq, format!("{} {method}", self.cseq));
        headers.push(Name::Contact, "<sip:192.0.2.1:5060;transport=ws>");
        if let Some(body) = body {
            request.set_body("application/sdp", body.to_owned());
        }
        self.line.sip(request.clone().into(), self.now);
        self.collect();
        request
    }

    fn acknowledges(&mut self, request: &Request) {
        let mut ack = Request { method: Method::Ack, ..request.clone() };
        let number = request.headers.cseq().unwrap().number;
        ack.headers.set(Name::CSeq, format!("{number} ACK"));
        ack.headers.set(Name::Via, format!("SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKack{number}"));
        ack.body = bytes::Bytes::new();
        self.line.sip(ack.into(), self.now);
        self.collect();
    }
}

#[test]
fn the_exchange_describes_its_media_anew() {
    let mut script = Script::new(1);
    let invite = script.talk();
    let offer = sdp(1, 2, "sendonly");
    let asked = script.asks(&invite, Method::Invite, Some(&offer));
    assert_eq!(script.said.pop(), Some(ToBrowser::Offer { call: ONE, sdp: offer.clone() }));
    script.wish(ToServer::Reply { call: ONE, sdp: sdp(0, 2, "recvonly") });
    assert_eq!(script.status(), Some(200));
    assert_eq!(script.said.pop(), Some(ToBrowser::Held { call: ONE, by_us: false, by_other: true }));
    // Hanging up waits for the ACK.
    script.wish(ToServer::HangUp { call: ONE });
    assert!(script.request(&Method::Bye).is_none());
    script.acknowledges(&asked);
    assert!(script.request(&Method::Bye).is_some());
    assert_eq!(script.line.calls(), 0);
}

#[test]
fn an_offer_that_changes_nothing_does_not_bother_the_browser() {
    let mut script = Script::new(2);
    let invite = script.talk();
    for method in [Method::Update, Method::Invite] {
        let asked = script.asks(&invite, method, Some(&sdp(1, 1, "sendrecv")));
        assert_eq!(script.status(), Some(200));
        script.acknowledges(&asked);
    }
    script.asks(&invite, Method::Update, None);
    assert_eq!(script.status(), Some(200));
    assert_eq!(script.said, []);
}

#[test]
fn a_browser_that_does_not_answer_an_offer_keeps_its_call() {
    let mut script = Script::new(3);
    let invite = script.talk();
    script.asks(&invite, Method::Invite, Some(&sdp(1, 2, "sendrecv")));
    script.pass(Duration::from_secs(11));
    assert_eq!(script.status(), Some(488));
    script.wish(ToServer::Reply { call: ONE, sdp: sdp(0, 2, "sendrecv") });
    assert_eq!(script.line.calls(), 1);
}

#[test]
fn two_offers_that_meet_are_sorted_out() {
    let mut script = Script::new(4);
    let invite = script.talk();
    script.wish(ToServer::Hold { call: ONE, on: true, sdp: sdp(0, 2, "sendonly") });
    let ours = script.request(&Method::Invite).unwrap();
    script.asks(&invite, Method::Invite, Some(&sdp(1, 2, "sendrecv")));
    assert_eq!(script.status(), Some(491));
    script.answers(&ours, 491, None);
    assert!(script.request(&Method::Ack).is_some());
    assert_eq!(script.said, []);
    script.pass(Duration::from_secs(5));
    let again = script.request(&Method::Invite).unwrap();
    assert_eq!(again.body, ours.body);
    script.answers(&again, 200, Some(&sdp(1, 3, "recvonly")));
    assert!(matches!(&script.said[..], [ToBrowser::Reply { .. }, ToBrowser::Held { by_us: true, .. }]));
}

#[test]
fn the_browser_offers_at_the_moment_in_which_it_is_asked() {
    let mut script = Script::new(5);
    let invite = script.talk();
    script.asks(&invite, Method::Invite, Some(&sdp(1, 2, "sendrecv")));
    script.wish(ToServer::Offer { call: ONE, sdp: sdp(0, 2, "sendrecv") });
    assert_eq!(script.status(), Some(491));
    assert!(script.request(&Method::Invite).is_some());
}

#[test]
fn of_several_offers_the_last_is_answered() {
    let mut script = Script::new(6);
    script.talk();
    script.wish(ToServer::Offer { call: ONE, sdp: sdp(0, 2, "sendrecv") });
    script.wish(ToServer::Offer { call: ONE, sdp: sdp(0, 3, "sendrecv") });
    let first = script.request(&Method::Invite).unwrap();
    script.answers(&first, 200, Some(&sdp(1, 2, "sendrecv")));
    assert_eq!(script.said, [], "the browser has forgotten the first");
    let second = script.request(&Method::Invite).unwrap();
    script.answers(&second, 200, Some(&sdp(1, 3, "sendrecv")));
    assert_eq!(script.said, [ToBrowser::Reply { call: ONE, sdp: sdp(1, 3, "sendrecv") }]);
}

#[test]
fn an_answer_that_crosses_the_end_is_acknowledged_and_ended() {
    let mut script = Script::new(7);
    script.wish(ToServer::Dial { call: ONE, number: "701".into(), sdp: sdp(0, 1, "sendrecv") });
    let invite = script.request(&Method::Invite).unwrap();
    script.answers(&invite, 180, None);
    script.wish(ToServer::HangUp { call: ONE });
    assert!(script.request(&Method::Cancel).is_some());
    script.said.clear();
    script.answers(&invite, 200, Some(&sdp(1, 1, "sendrecv")));
    assert!(script.request(&Method::Ack).is_some() && script.request(&Method::Bye).is_some());
    assert_eq!((script.line.calls(), &script.said[..]), (0, &[][..]));
}

#[test]
fn a_re_invite_that_is_answered_after_the_end_is_acknowledged() {
    let mut script = Script::new(8);
    script.talk();
    script.wish(ToServer::Offer { call: ONE, sdp: sdp(0, 2, "sendrecv") });
    let offered = script.request(&Method::Invite).unwrap();
    script.wish(ToServer::HangUp { call: ONE });
    assert!(script.request(&Method::Bye).is_some());
    script.answers(&offered, 200, Some(&sdp(1, 2, "sendrecv")));
    assert!(script.request(&Method::Ack).is_some());
    assert_eq!(script.line.calls(), 0);
}

#[test]
fn the_reason_in_the_exchanges_own_words_is_passed_on() {
    let mut script = Script::new(9);
    script.wish(ToServer::Dial { call: ONE, number: "*90744".into(), sdp: sdp(0, 1, "sendrecv") });
    let invite = script.request(&Method::Invite).unwrap();
    let mut response = Response::to(&invite, 403);
    response.headers.tag_to("exchange").unwrap();
    response.headers.push(Name::from("Warning"), "399 tandem \"You cannot supervise yourself.\"");
    script.line.sip(response.into(), script.now);
    script.collect();
    let words = "You cannot supervise yourself.".to_owned();
    assert_eq!(script.said, [ToBrowser::Ended { call: ONE, words, retry: false }]);
}

fn answer() -> impl Strategy<Value = (u16, bool)> {
    let status = prop::sample::select(vec![100, 180, 183, 200, 202, 302, 401, 404, 408, 481, 486, 488, 491, 500, 603]);
    (status, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever an exchange that has lost its mind answers and asks, in whatever order.
    #[test]
    fn whatever_is_answered_no_call_is_left(
        seed in any::<u16>(),
        steps in prop::collection::vec((0_u8..8, answer(), any::<u8>(), 0_u16..9_000), 0..60),
    ) {
        let mut script = Script::new(seed.into());
        let mut all: Vec<Request> = Vec::new();
        let mut dialled = 0;
        for (kind, (status, described), which, wait) in steps {
            let body = described.then(|| sdp(1, u32::from(which), "sendrecv"));
            let any_sent = |script: &mut Script, all: &mut Vec<Request>| {
                let requests = script.sent.drain(..).filter_map(|message| match message {
                    Message::Request(request) if request.method != Method::Ack => Some(request),
                    Message::Request(_) | Message::Response(_) => None,
                });
                all.extend(requests);
                all.get(usize::from(which) % all.len().max(1)).cloned()
            };
            match kind {
                0 => {
                    dialled += 1;
                    let call = CallNumber(dialled);
                    script.wish(ToServer::Dial { call, number: "701".into(), sdp: sdp(0, dialled, "sendrecv") });
                }
                1..=3 => {
                    if let Some(request) = any_sent(&mut script, &mut all) {
                        script.answers(&request, status, body.as_deref());
                    }
                }
                4 => {
                    let method = [Method::Invite, Method::Update, Method::Bye, Method::Notify][usize::from(which % 4)].clone();
                    let invite = any_sent(&mut script, &mut all).filter(|request| request.method == Method::Invite);
                    if let Some(invite) = invite {
                        let asked = script.asks(&invite, method, body.as_deref());
                        if which % 3 == 0 {
                            script.acknowledges(&asked);
                        }
                    }
                }
                5 => {
                    let call = CallNumber(u32::from(which) % (dialled + 1));
                    script.wish(match which % 5 {
                        0 => ToServer::HangUp { call },
                        1 => ToServer::Offer { call, sdp: sdp(0, 9, "sendrecv") },
                        2 => ToServer::Transfer { call, to: "702".into() },
                        3 => ToServer::Reply { call, sdp: sdp(0, 9, "sendrecv") },
                        _ => ToServer::Digit { call, digit: '1' },
                    });
                }
                6 => script.line.lost(script.now),
                _ => script.pass(Duration::from_millis(wait.into())),
            }
        }
        script.line.leave(script.now);
        script.collect();
        script.pass(Duration::from_secs(200));
        prop_assert_eq!(script.line.calls(), 0);
        prop_assert!(script.line.is_over());
        prop_assert_eq!(script.line.next_timeout(), None);
    }
}
