//! Ten thousand requests with random ends over a network that loses, doubles and reorders: everybody hears an end,
//! hears it once, and nothing is left over.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use tandem_sip::{
    flow::Transport,
    message::{Method, Name, Request, Response},
    transaction::{ClientId, Event, ServerId},
};

use crate::world::*;

/// How bad the network is, in thousandths, and how long a message takes at most.
#[derive(Debug, Clone, Copy)]
struct Weather {
    loses: u32,
    doubles: u32,
    takes: Duration,
}

fn weather(weather: Weather, seed: u64) -> Fate {
    let mut random = StdRng::seed_from_u64(seed);
    Box::new(move |_| {
        let copies = if random.random_ratio(weather.loses, 1000) {
            0
        } else {
            1 + usize::from(random.random_ratio(weather.doubles, 1000))
        };
        (0..copies).map(|_| random.random_range(Duration::ZERO..=weather.takes)).collect()
    })
}

/// What somebody does later.
enum Later {
    Ask(u32),
    Cancel(ClientId),
    Provisional(ServerId, Response),
    Reliable(ServerId, Response),
    Final(ServerId, Response),
}

/// What became of a request of the caller.
#[derive(Debug, Default)]
struct Asked {
    method: Option<Method>,
    finals: u32,
    failed: u32,
}

/// Of a request at the callee.
#[derive(Debug, Default)]
struct Answered {
    accepted: bool,
    over: bool,
    acknowledged: u32,
    unacknowledged: u32,
}

struct Story {
    world: World,
    random: StdRng,
    later: BTreeMap<(Instant, u64), Later>,
    count: u64,
    asked: HashMap<ClientId, Asked>,
    answered: HashMap<ServerId, Answered>,
    seen: HashMap<String, u32>,
    invites: HashMap<ServerId, Request>,
    pracks: u32,
}

impl Story {
    fn new(transport: Transport, seed: u64, fate: Fate) -> Self {
        let mut world = World::with_fate(transport, seed, fate);
        world.keeps_log = false;
        Self {
            world,
            random: StdRng::seed_from_u64(seed + 7),
            later: BTreeMap::new(),
            count: 0,
            asked: HashMap::new(),
            answered: HashMap::new(),
            seen: HashMap::new(),
            invites: HashMap::new(),
            pracks: 0,
        }
    }

    fn later(&mut self, within: Duration, what: Later) {
        let at = self.world.now + self.random.random_range(Duration::ZERO..=within);
        self.count += 1;
        self.later.insert((at, self.count), what);
    }

    fn run(&mut self) {
        loop {
            let next = self.later.keys().next().map(|(at, _)| *at);
            let until = next.unwrap_or(self.world.now + Duration::from_secs(3600));
            if self.world.step(until) {
                self.listen();
            } else if let Some((_, what)) = self.later.pop_first() {
                self.act(what);
                self.listen();
            } else {
                return;
            }
        }
    }

    fn act(&mut self, what: Later) {
        let now = self.world.now;
        match what {
            Later::Ask(number) => self.ask(number),
            Later::Cancel(id) => self.world.layer(End::Caller).cancel(now, id, None),
            Later::Provisional(id, response) => self.world.layer(End::Callee).respond(now, id, response),
            Later::Reliable(id, response) => self.world.layer(End::Callee).respond_reliably(now, id, response),
            Later::Final(id, response) => self.finally(id, response),
        }
    }

    fn finally(&mut self, id: ServerId, response: Response) {
        let fate = self.answered.get_mut(&id).unwrap();
        if !fate.over {
            fate.over = true;
            fate.accepted = response.is_success() && response.headers.cseq().unwrap().method == Method::Invite;
            let now = self.world.now;
            self.world.layer(End::Callee).respond(now, id, response);
        }
    }

    fn ask(&mut self, number: u32) {
        let method = match self.random.random_range(0..10) {
            0 => Method::Options,
            1 => Method::Register,
            2 => Method::Info,
            _ => Method::Invite,
        };
        let id = self.world.ask(request(method.clone(), &format!("call{number}"), 1));
        self.asked.insert(id, Asked { method: Some(method.clone()), ..Asked::default() });
        if method == Method::Invite && self.random.random_ratio(1, 4) {
            self.later(Duration::from_secs(20), Later::Cancel(id));
        }
    }

    fn listen(&mut self) {
        for event in self.world.heard(End::Caller) {
            match event {
                Event::Response { id, response } => self.response(id, &response),
                Event::Failed { id, .. } => self.asked.get_mut(&id).unwrap().failed += 1,
                other => panic!("not for a caller: {other:?}"),
            }
        }
        for event in self.world.heard(End::Callee) {
            match event {
                Event::Request { id: Some(id), request, acknowledges, .. } => self.request(id, &request, acknowledges),
                Event::Request { id: None, acknowledges, .. } => {
                    self.answered.get_mut(&acknowledges.unwrap()).unwrap().acknowledged += 1;
                }
                Event::Cancelled { id } => {
                    let refusal = self.invites[&id].clone();
                    self.finally(id, response(&refusal, 487));
                }
                Event::Unacknowledged { id } => self.answered.get_mut(&id).unwrap().unacknowledged += 1,
                other => panic!("not for a callee: {other:?}"),
            }
        }
    }
}

impl Story {
    fn response(&mut self, id: ClientId, response: &Response) {
        let asked = self.asked.get_mut(&id).expect("only what was asked is answered");
        if !response.is_provisional() {
            asked.finals += 1;
        }
        if asked.method != Some(Method::Invite) {
            return;
        }
        if response.is_success() {
            // Some phones vanish in this moment.
            if !self.random.random_ratio(1, 50) {
                self.world.acknowledge(id, response);
            }
        } else if let Ok(Some(rseq)) = response.headers.rseq() {
            self.pracks += 1;
            let mut prack = request(Method::Prack, response.headers.call_id().unwrap(), 1 + self.pracks);
            prack.headers.set(Name::To, response.headers.get(&Name::To).unwrap());
            prack.headers.push(Name::RAck, format!("{rseq} 1 INVITE"));
            let id = self.world.ask(prack);
            self.asked.insert(id, Asked { method: Some(Method::Prack), ..Asked::default() });
        }
    }

    fn request(&mut self, id: ServerId, request: &Request, acknowledges: Option<ServerId>) {
        let seen = self.seen.entry(format!("{} {:?}", request.headers.call_id().unwrap(), request.headers.cseq()));
        *seen.or_default() += 1;
        self.answered.insert(id, Answered::default());
        if request.method != Method::Invite {
            assert_eq!(acknowledges.is_some(), request.method == Method::Prack);
            // A busy owner answers late, a broken one never.
            if !self.random.random_ratio(1, 50) {
                let status =
                    if request.method == Method::Prack { 200 } else { [200, 404, 500][self.random.random_range(0..3)] };
                self.later(ms(3000), Later::Final(id, response(request, status)));
            }
            return;
        }
        self.invites.insert(id, request.clone());
        for _ in 0..self.random.random_range(0..4) {
            let mut provisional = response(request, [180, 181, 183][self.random.random_range(0..3)]);
            if self.random.random() {
                provisional.set_body("application/sdp", "v=0\r\n");
            }
            let what = if self.random.random() {
                Later::Reliable(id, provisional)
            } else {
                Later::Provisional(id, provisional)
            };
            self.later(ms(5000), what);
        }
        let status = [200, 200, 200, 302, 404, 486, 603][self.random.random_range(0..7)];
        self.later(Duration::from_secs(40), Later::Final(id, response(request, status)));
    }

    fn check(&mut self) {
        for (id, asked) in &self.asked {
            let ends = asked.finals + asked.failed;
            assert_eq!(ends, 1, "{id:?} {asked:?}: one end for each");
        }
        for (request, times) in &self.seen {
            assert_eq!(*times, 1, "{request} comes up once");
        }
        for (id, answered) in &self.answered {
            let heard = answered.acknowledged + answered.unacknowledged;
            if answered.accepted {
                assert_eq!(heard, 1, "{id:?} {answered:?}: acknowledged or not");
            } else {
                assert_eq!(answered.acknowledged, 0, "{id:?} {answered:?}");
                assert!(answered.unacknowledged <= 1, "{id:?} {answered:?}");
            }
        }
        self.world.assert_nothing_is_left();
    }
}

fn requests(count: u32, transport: Transport, seed: u64, weather_: Weather) -> Story {
    let mut story = Story::new(transport, seed, weather(weather_, seed));
    for number in 0..count {
        story.later(Duration::from_secs(300), Later::Ask(number));
    }
    story.run();
    story.check();
    story
}

#[test]
fn ten_thousand_requests_in_a_storm() {
    let story =
        requests(10_000, Transport::Udp, 1, Weather { loses: 150, doubles: 50, takes: Duration::from_millis(1500) });
    let failed: u32 = story.asked.values().map(|asked| asked.failed).sum();
    assert!(failed < 1000, "most are answered all the same: {failed}");
}

#[test]
fn requests_in_fair_weather() {
    let mut story =
        requests(1000, Transport::Udp, 2, Weather { loses: 0, doubles: 0, takes: Duration::from_millis(20) });
    let counts = story.world.layer(End::Caller).counts();
    assert_eq!(counts.stray, 0);
}

#[test]
fn requests_over_a_stream() {
    requests(1000, Transport::Tcp, 3, Weather { loses: 0, doubles: 0, takes: Duration::ZERO });
}
