//! Anything may come, and the owner may say anything, in any order: nothing panics, time goes on, nothing is left over.

use proptest::prelude::*;
use tandem_sip::{
    flow::Transport,
    message::{Message, Method, Name, Request, Response, parse},
    transaction::{ClientId, Event, ServerId},
};

use crate::world::*;

/// Few of each, so that they meet.
#[derive(Debug, Clone)]
enum Act {
    /// A request of a stranger.
    Comes {
        method: usize,
        branch: usize,
        to_tag: usize,
        number: u32,
        rseq: u32,
    },
    /// A response to the nth request that we sent.
    Answered {
        nth: usize,
        status: u16,
        to_tag: usize,
        rseq: Option<u32>,
    },
    /// We answer the nth request that came up.
    Answers {
        nth: usize,
        status: u16,
        body: bool,
    },
    AnswersReliably {
        nth: usize,
        status: u16,
        body: bool,
    },
    Asks {
        method: usize,
    },
    Cancels {
        nth: usize,
    },
    Acknowledges {
        nth: usize,
        to_tag: usize,
    },
    Fails,
    Waits {
        milliseconds: u64,
    },
}

const TAGS: [&str; 3] = ["", "callee", "other"];

fn method(nth: usize) -> Method {
    [
        Method::Invite,
        Method::Ack,
        Method::Cancel,
        Method::Bye,
        Method::Prack,
        Method::Options,
        Method::Other("STRANGE".into()),
    ][nth % 7]
        .clone()
}

fn act() -> impl Strategy<Value = Act> {
    let status = prop::sample::select(vec![100_u16, 101, 180, 183, 200, 202, 302, 401, 486, 503, 603, 699]);
    prop_oneof![
        4 => (0..7_usize, 0..4_usize, 0..3_usize, 0..3_u32, 0..4_u32)
            .prop_map(|(method, branch, to_tag, number, rseq)| Act::Comes { method, branch, to_tag, number, rseq }),
        4 => (0..8_usize, status.clone(), 0..3_usize, prop::option::of(0..4_u32))
            .prop_map(|(nth, status, to_tag, rseq)| Act::Answered { nth, status, to_tag, rseq }),
        3 => (0..8_usize, status.clone(), any::<bool>())
            .prop_map(|(nth, status, body)| Act::Answers { nth, status, body }),
        2 => (0..8_usize, status, any::<bool>())
            .prop_map(|(nth, status, body)| Act::AnswersReliably { nth, status, body }),
        2 => (0..7_usize).prop_map(|method| Act::Asks { method }),
        1 => (0..8_usize).prop_map(|nth| Act::Cancels { nth }),
        1 => (0..8_usize, 0..3_usize).prop_map(|(nth, to_tag)| Act::Acknowledges { nth, to_tag }),
        1 => Just(Act::Fails),
        3 => (0..40_000_u64).prop_map(|milliseconds| Act::Waits { milliseconds }),
    ]
}

fn to(tag: usize) -> String {
    match TAGS[tag] {
        "" => "<sip:702@192.0.2.2>".to_owned(),
        tag => format!("<sip:702@192.0.2.2>;tag={tag}"),
    }
}

struct Owner {
    world: World,
    asked: Vec<ClientId>,
    invites: Vec<(ServerId, Request)>,
    others: Vec<(ServerId, Request)>,
    finals: std::collections::HashMap<ClientId, (bool, u32)>,
}

impl Owner {
    fn act(&mut self, act: Act) {
        let (now, flow) = (self.world.now, self.world.flow(End::Caller));
        match act {
            Act::Comes { method: nth, branch, to_tag, number, rseq } => {
                let mut request = request(method(nth), "call", number);
                let via = ["z9hG4bKa", "z9hG4bKb", "old", "z9hG4bK"][branch];
                request.headers.push_front(Name::Via, format!("SIP/2.0/UDP 192.0.2.2;branch={via}"));
                request.headers.set(Name::To, to(to_tag));
                request.headers.push(Name::RAck, format!("{rseq} {number} INVITE"));
                self.comes(request.into());
            }
            Act::Answered { nth, status, to_tag, rseq } => {
                let requests = self.world.log.iter().filter_map(|(_, _, message)| match message {
                    Message::Request(request) => Some(request),
                    Message::Response(_) => None,
                });
                if let Some(request) = requests.clone().nth(nth) {
                    let mut response = Response::to(request, status.max(100));
                    response.headers.set(Name::To, to(to_tag));
                    if let Some(rseq) = rseq {
                        response.headers.push(Name::Require, "100rel");
                        response.headers.push(Name::RSeq, rseq.to_string());
                    }
                    self.comes(response.into());
                }
            }
            Act::Answers { nth, status, body } => {
                if let Some((id, response)) = self.answer(nth, status, body) {
                    self.world.layer(End::Caller).respond(now, id, response);
                }
            }
            Act::AnswersReliably { nth, status, body } => {
                if let Some((id, response)) = self.answer(nth, status, body) {
                    self.world.layer(End::Caller).respond_reliably(now, id, response);
                }
            }
            Act::Asks { method: nth } => {
                let id = self.world.ask(request(method(nth), "ours", 1));
                self.asked.push(id);
                self.finals.insert(id, (nth % 7 == 0, 0));
            }
            Act::Cancels { nth } => {
                if let Some(id) = self.asked.get(nth) {
                    self.world.layer(End::Caller).cancel(now, *id, None);
                }
            }
            Act::Acknowledges { nth, to_tag } => {
                if let Some(id) = self.asked.get(nth).copied() {
                    let mut ack = request(Method::Ack, "ours", 1);
                    ack.headers.set(Name::To, to(to_tag));
                    self.world.layer(End::Caller).ack(now, flow, id, ack);
                }
            }
            Act::Fails => self.world.layer(End::Caller).transport_failed(now, flow),
            Act::Waits { milliseconds } => self.world.run_for(ms(milliseconds)),
        }
        self.listen();
    }

    fn comes(&mut self, message: Message) {
        // As from outside: what cannot be read does not come.
        if let Ok(message) = parse(&message.to_bytes()) {
            let (now, flow) = (self.world.now, self.world.flow(End::Caller));
            self.world.layer(End::Caller).receive(now, flow, message);
        }
    }

    fn answer(&self, nth: usize, status: u16, body: bool) -> Option<(ServerId, Response)> {
        let (id, request) = self.invites.iter().chain(&self.others).nth(nth)?;
        let mut response = Response::to(request, status);
        if body {
            response.set_body("application/sdp", "v=0\r\n");
        }
        Some((*id, response))
    }

    fn listen(&mut self) {
        for event in self.world.heard(End::Caller) {
            match event {
                Event::Request { id: Some(id), request, .. } if request.method == Method::Invite => {
                    self.invites.push((id, request));
                }
                Event::Request { id: Some(id), request, .. } => self.others.push((id, request)),
                Event::Request { id: None, request, acknowledges, .. } => {
                    assert_eq!(request.method, Method::Ack);
                    assert!(self.invites.iter().any(|(id, _)| Some(*id) == acknowledges));
                }
                Event::Cancelled { id } | Event::Unacknowledged { id } => {
                    assert!(self.invites.iter().any(|(invite, _)| *invite == id));
                }
                Event::Response { id, response } => {
                    let (is_invite, ends) = self.finals.get_mut(&id).expect("ours");
                    *ends += u32::from(!response.is_provisional());
                    assert!(*ends <= 1 || (*is_invite && response.is_success()), "a second end: {response:?}");
                }
                Event::Failed { id, .. } => {
                    let (_, ends) = self.finals.get_mut(&id).expect("ours");
                    *ends += 1;
                    assert_eq!(*ends, 1, "a second end");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_disturbs_the_layer(acts in prop::collection::vec(act(), 1..60), stream in any::<bool>()) {
        let transport = if stream { Transport::Tcp } else { Transport::Udp };
        let world = World::with_fate(transport, 1, Box::new(|_| vec![]));
        let mut owner =
            Owner { world, asked: vec![], invites: vec![], others: vec![], finals: std::collections::HashMap::new() };
        for act in acts {
            owner.act(act);
        }
        // At the end every INVITE is answered, and every call of ours cancelled.
        let now = owner.world.now;
        for (id, request) in owner.invites.clone() {
            owner.world.layer(End::Caller).respond(now, id, Response::to(&request, 500));
        }
        for id in owner.asked.clone() {
            owner.world.layer(End::Caller).cancel(now, id, None);
        }
        owner.world.run_out();
        owner.listen();
        owner.world.assert_nothing_is_left();
        for (id, (_, ends)) in &owner.finals {
            prop_assert!(*ends >= 1, "{:?} has an end", id);
        }
    }
}
